//! Beacons by BlueZ, the Bluetooth service of Linux, over D-Bus.
//!
//! A reader keeps its code for longer than the kiosk believes it, so what does not change must be heard again. BlueZ
//! announces it again only to a discovery with `DuplicateData`, and not to an `AdvertisementMonitor1`. The controller
//! reports it once in a scan, and BlueZ scans for ten seconds and rests for five. So the discovery is begun anew every two
//! seconds.
//!
//! # Source
//!
//! BlueZ, `src/adapter.c` (`btd_adapter_device_found`, `IDLE_DISCOV_TIMEOUT`) and `src/device.c`
//! (`device_set_manufacturer_data`), August 2026; Linux, `net/bluetooth/hci_sync.c` (`hci_active_scan_sync`). The D-Bus
//! names are those of `doc/org.bluez.Adapter.rst` and `doc/org.bluez.Device.rst` in BlueZ.

mod subscriptions;

use std::{collections::HashMap, future, time::Duration};

use futures_util::StreamExt;
use tokio::{
    task::JoinHandle,
    time::{self, Instant, MissedTickBehavior},
};
use zbus::{
    Connection, Message, MessageStream, OwnedObjectPath, OwnedVariant, Proxy, Variant,
    fdo::{DBusProxy, NameOwnerChangedStream},
    names::{MemberName, OwnedUniqueName},
};

use self::subscriptions::Subscriptions;
use super::{Ears, ListenerState};
use crate::{
    door::DoorId,
    proximity::{Beacon, Proofs, When},
};

const BLUEZ: &str = "org.bluez";
const ADAPTER: &str = "org.bluez.Adapter1";
const DEVICE: &str = "org.bluez.Device1";
const OBJECTS: &str = "org.freedesktop.DBus.ObjectManager";
/// Apple's company number, which iBeacons carry.
const APPLE: u16 = 0x004c;
/// The discovery is begun anew after this: a controller reports the same beacon once in a scan.
const SCAN: Duration = Duration::from_secs(2);
/// The bus answers within this, or counts as broken.
const PATIENCE: Duration = Duration::from_secs(5);
/// Larger messages are not BlueZ's: a device or an adapter takes about a kilobyte. Our choice.
const LARGEST: usize = 16 * 1024;
/// The listener looks this often whether it was held up.
const PULSE: Duration = Duration::from_millis(500);
/// After a standstill of this length, or a suspend, what has queued up is not believed: it carries no time.
const STOOD_STILL: Duration = Duration::from_secs(2);
/// Time that the queue takes to come in after that. Our choice.
const DEAF: Duration = Duration::from_secs(1);

type Properties = HashMap<String, OwnedVariant>;
type Interfaces = HashMap<String, Properties>;

/// Where BlueZ is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bus {
    /// The system's bus.
    System,
    /// A bus at this D-Bus address.
    At(String),
}

/// Why no beacons are heard.
#[derive(Debug, thiserror::Error)]
pub enum BluezError {
    /// The bus or BlueZ refuses, or is gone.
    #[error("Bluetooth cannot be used over D-Bus: {0}")]
    Bus(#[from] zbus::Error),
    /// BlueZ does not run.
    #[error("the Bluetooth service (bluetoothd) does not run")]
    NoService,
    /// No answer in time.
    #[error("Bluetooth did not answer on D-Bus within {} s", PATIENCE.as_secs())]
    Silent,
    /// There is no adapter.
    #[error("there is no Bluetooth adapter")]
    NoAdapter,
    /// The adapter is switched off.
    #[error("the Bluetooth adapter {0} is switched off")]
    PoweredOff(String),
    /// The adapter was unplugged or switched off.
    #[error("the Bluetooth adapter {0} is gone or switched off")]
    AdapterLost(String),
}

/// Hears every reader for this long, for `doctor`; those of these doors in any case. Returns the lower 22 bits of each lock's id, and the strength of the
/// reader's signal in dBm.
///
/// # Errors
///
/// When nothing can be heard.
pub async fn listen_to_all(
    bus: &Bus,
    asleep: fn() -> Duration,
    time: Duration,
    doors: impl Iterator<Item = DoorId>,
) -> Result<Vec<(u64, Option<i16>)>, BluezError> {
    let nearby = super::Nearby::new(asleep);
    *nearby.ears.proofs() = Proofs::of_all_readers(doors);
    let begun = begin(bus).await?;
    run(begun, &nearby.ears, time::sleep(time)).await?;
    let readers = nearby.ears.proofs().readers(nearby.ears.now());
    Ok(readers)
}

/// Hears beacons until `quiet` is over.
pub(super) async fn hear(bus: &Bus, ears: &Ears, quiet: impl Future<Output = ()>) -> Result<(), BluezError> {
    tokio::pin!(quiet);
    let begun = tokio::select! {
        begun = begin(bus) => begun?,
        () = &mut quiet => return Ok(()),
    };
    ears.tell(ListenerState::Listening(begun.0.name()));
    run(begun, ears, quiet).await
}

/// A discovery, what it hears, and the end of the service.
type Begun = (Discovery, MessageStream, NameOwnerChangedStream);

async fn begin(bus: &Bus) -> Result<Begun, BluezError> {
    time::timeout(PATIENCE, Discovery::begin(bus)).await.map_err(|_| BluezError::Silent)?
}

async fn run(
    (mut discovery, mut signals, mut restarts): Begun,
    ears: &Ears,
    quiet: impl Future<Output = ()>,
) -> Result<(), BluezError> {
    tokio::pin!(quiet);
    let mut pulse = time::interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut scan = time::interval_at(Instant::now() + SCAN, SCAN);
    scan.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut attention = Attention::new(ears);
    // A slow answer of BlueZ does not keep signals waiting.
    let mut another = Another(None);
    loop {
        let signal = tokio::select! {
            () = &mut quiet => break,
            _ = pulse.tick() => None,
            _ = restarts.next() => return Err(BluezError::NoService),
            _ = scan.tick(), if another.0.is_none() => {
                discovery.subscriptions.next_scan(ears.lacks_one()).await?;
                another = Another(Some(tokio::spawn(another_scan(discovery.adapter.clone()))));
                None
            }
            begun = another.done() => {
                begun?;
                None
            }
            () = ears.asked.notified() => {
                discovery.subscriptions.begin_anew().await?;
                None
            }
            signal = signals.next() => Some(signal.ok_or(BluezError::NoService)??),
        };
        let is_deaf = attention.is_lost(ears);
        if let Some(signal) = signal
            && let Some(reader) = discovery.take(&signal, ears, is_deaf)?
        {
            discovery.subscriptions.follow(reader).await?;
        }
    }
    drop(another);
    end(&discovery.adapter).await;
    Ok(())
}

/// Another scan that is being begun.
struct Another(Option<JoinHandle<Result<(), BluezError>>>);

impl Drop for Another {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Another {
    /// Waits until BlueZ has begun the scan. Never returns if no scan is being begun.
    async fn done(&mut self) -> Result<(), BluezError> {
        let Some(task) = &mut self.0 else { return future::pending().await };
        let begun = task.await;
        self.0 = None;
        // A task that was ended ends the listener, too.
        begun.map_err(|_| BluezError::Silent)?
    }
}

/// Notices that the program or the machine stood still: what was heard meanwhile comes in late.
struct Attention {
    last: When,
    deaf_until: Instant,
}

impl Attention {
    fn new(ears: &Ears) -> Self {
        Self { last: ears.now(), deaf_until: Instant::now() }
    }

    /// Whether what comes in now may be old.
    fn is_lost(&mut self, ears: &Ears) -> bool {
        let now = ears.now();
        let before = std::mem::replace(&mut self.last, now);
        let stood_still = now.steady.saturating_duration_since(before.steady);
        if STOOD_STILL < stood_still || before.asleep != now.asleep {
            self.deaf_until = Instant::from_std(now.steady) + DEAF;
            ears.forget();
        }
        Instant::from_std(now.steady) < self.deaf_until
    }
}

/// A running discovery. BlueZ ends it with the connection.
struct Discovery {
    adapter: Proxy<'static>,
    path: OwnedObjectPath,
    /// BlueZ's name on this bus. Anybody may send signals to the kiosk.
    owner: OwnedUniqueName,
    subscriptions: Subscriptions,
}

impl Discovery {
    async fn begin(bus: &Bus) -> Result<Begun, BluezError> {
        // Signals have a connection of their own: while they queue up, answers to calls would not be read.
        let (heard, bus) = (connect(bus).await?, connect(bus).await?);
        let names = DBusProxy::new(&bus).await?;
        let restarts = names.receive_name_owner_changed_with_args(&[(0, BLUEZ)]).await?;
        let owner = names.get_name_owner(BLUEZ.try_into()?).await;
        let owner = owner.map_err(|_| BluezError::NoService)?;
        // Listen first, so that nothing is missed.
        let signals = MessageStream::from(&heard);
        let subscriptions = Subscriptions::begin(&heard, owner.clone()).await?;
        let manager = Proxy::new(&bus, owner.clone(), "/", OBJECTS).await?;
        let objects: HashMap<OwnedObjectPath, Interfaces> = manager.call("GetManagedObjects", &()).await?;
        let adapters = objects.into_iter().filter_map(|(path, mut found)| Some((path, found.remove(ADAPTER)?)));
        let is_on = |properties: &Properties| properties.get("Powered").is_none_or(is_true);
        // BlueZ lists objects in no order: an adapter that is on, and the first by name of these.
        let first = adapters.min_by_key(|(path, properties)| (!is_on(properties), path.to_string()));
        let (path, properties) = first.ok_or(BluezError::NoAdapter)?;
        if !is_on(&properties) {
            return Err(BluezError::PoweredOff(name(&path)));
        }
        let adapter = Proxy::new(&bus, owner.clone(), path.clone(), ADAPTER).await?;
        subscriptions.always(&path).await?;
        start(&adapter).await?;
        Ok((Self { adapter, path, owner, subscriptions }, signals, restarts))
    }

    fn name(&self) -> String {
        name(&self.path)
    }

    /// Takes a signal: a device that was heard, unless that may be old, or the loss of the adapter. Returns the device
    /// that is the reader of a wanted door.
    fn take(&self, signal: &Message, ears: &Ears, is_deaf: bool) -> Result<Option<OwnedObjectPath>, BluezError> {
        // Most signals are of other devices, or repeat what is known: they are not parsed.
        let bytes = signal.data();
        // Anybody may send the kiosk messages that take long to search.
        if LARGEST < bytes.len() {
            return Ok(None);
        }
        let is_unknown = || signal.header().path().is_none_or(|device| !self.subscriptions.follows(device.as_str()));
        let is_news = |beacon| ears.is_news(beacon) || ears.is_wanted(beacon) && is_unknown();
        let is_heard = || !is_deaf && Beacon::find(bytes).is_some_and(is_news);
        let is_about_adapter = || bytes.windows(ADAPTER.len()).any(|window| window == ADAPTER.as_bytes());
        if !is_heard() && !is_about_adapter() {
            return Ok(None);
        }
        let header = signal.header();
        if header.sender().is_none_or(|sender| sender.as_str() != self.owner.as_str()) {
            return Ok(None);
        }
        let lost = || Err(BluezError::AdapterLost(self.name()));
        let (body, member) = (signal.body(), header.member().map(MemberName::as_str));
        let is_ours = header.path().is_some_and(|path| path.as_str() == self.path.as_str());
        match member {
            Some("InterfacesAdded") if !is_deaf => {
                if let Ok((device, mut added)) = body.deserialize::<(OwnedObjectPath, Interfaces)>()
                    && added.remove(DEVICE).is_some_and(|properties| heard(properties, ears))
                {
                    return Ok(Some(device));
                }
            }
            Some("InterfacesRemoved") => {
                if let Ok((gone, interfaces)) = body.deserialize::<(OwnedObjectPath, Vec<String>)>()
                    && gone == self.path
                    && interfaces.iter().any(|interface| interface == ADAPTER)
                {
                    return lost();
                }
            }
            Some("PropertiesChanged") => {
                let Ok((interface, properties, _)) = body.deserialize::<(String, Properties, Vec<String>)>() else {
                    return Ok(None);
                };
                let is_off = properties.get("Powered").is_some_and(|value| !is_true(value));
                if interface == ADAPTER && is_ours && is_off {
                    return lost();
                }
                if interface == DEVICE && !is_deaf && heard(properties, ears) {
                    return Ok(header.path().map(|device| device.to_owned().into()));
                }
            }
            _ => {}
        }
        Ok(None)
    }
}

async fn start(adapter: &Proxy<'static>) -> Result<(), BluezError> {
    let filter = HashMap::from([("Transport", Variant::from("le")), ("DuplicateData", Variant::from(true))]);
    adapter.call::<_, _, ()>("SetDiscoveryFilter", &filter).await?;
    adapter.call::<_, _, ()>("StartDiscovery", &()).await?;
    Ok(())
}

/// Ends the scan and begins another one, which reports every beacon again.
async fn another_scan(adapter: Proxy<'static>) -> Result<(), BluezError> {
    end(&adapter).await;
    time::timeout(PATIENCE, start(&adapter)).await.map_err(|_| BluezError::Silent)?
}

/// Ends the discovery. If that fails, the end of the connection ends it.
async fn end(adapter: &Proxy<'static>) {
    let _ = time::timeout(PATIENCE, adapter.call::<_, _, ()>("StopDiscovery", &())).await;
}

async fn connect(bus: &Bus) -> Result<Connection, zbus::Error> {
    match bus {
        Bus::System => Connection::system().await,
        Bus::At(address) => zbus::connection::Builder::address(address.as_str()).build().await,
    }
}

/// Takes what a device's beacon says, if the device is one of Kisi's readers. Returns whether it is.
fn heard(mut properties: Properties, ears: &Ears) -> bool {
    let signal = properties.remove("RSSI").and_then(|signal| i16::try_from(signal).ok());
    let data = properties.remove("ManufacturerData").and_then(|data| HashMap::<u16, OwnedVariant>::try_from(data).ok());
    let data = data.and_then(|mut data| Vec::<u8>::try_from(data.remove(&APPLE)?).ok());
    let beacon = data.as_deref().and_then(Beacon::decode);
    beacon.inspect(|beacon| ears.hear(*beacon, signal)).is_some()
}

fn is_true(value: &OwnedVariant) -> bool {
    bool::try_from(value).unwrap_or(false)
}

/// The adapter's name, such as `hci0`.
fn name(path: &OwnedObjectPath) -> String {
    path.as_str().rsplit('/').next().unwrap_or_default().to_owned()
}
