//! Beacons by BlueZ, the Bluetooth service of Linux, over D-Bus.
//!
//! It discovers with `DuplicateData`. An `AdvertisementMonitor1` would send nothing itself, but BlueZ announces
//! manufacturer data that do not change only to a discovery with that filter, and a reader keeps its code for longer than
//! the kiosk believes it.
//!
//! # Source
//!
//! BlueZ, `src/adapter.c` (`btd_adapter_device_found`) and `src/device.c` (`device_set_manufacturer_data`), August 2026.
//! The D-Bus names are those of `doc/org.bluez.Adapter.rst` and `doc/org.bluez.Device.rst` there.

use std::{collections::HashMap, num::NonZero, time::Duration};

use futures_util::{FutureExt, StreamExt};
use tokio::time::{self, Instant, MissedTickBehavior};
use zbus::{
    Connection, MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant, Proxy, Variant,
    fdo::{DBusProxy, NameOwnerChangedStream},
    message::Type,
    names::OwnedUniqueName,
};

use super::{Ears, ListenerState};
use crate::proximity::{Beacon, Proofs};

const BLUEZ: &str = "org.bluez";
const ADAPTER: &str = "org.bluez.Adapter1";
const DEVICE: &str = "org.bluez.Device1";
const OBJECTS: &str = "org.freedesktop.DBus.ObjectManager";
/// Apple's company number, which iBeacons carry.
const APPLE: u16 = 0x004c;
/// Messages that wait for the listener. Beyond that the bus waits.
const QUEUE: Option<NonZero<usize>> = NonZero::new(64);
/// The bus answers within this, or counts as broken.
const PATIENCE: Duration = Duration::from_secs(5);
/// The listener looks this often whether it was held up.
const PULSE: Duration = Duration::from_millis(500);
/// After a standstill of this length, what has queued up is not believed: it carries no time.
const STOOD_STILL: Duration = Duration::from_secs(2);

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
    /// The adapter was unplugged or switched off, or stopped discovering.
    #[error("the Bluetooth adapter {0} is gone, or no longer listens")]
    AdapterLost(String),
}

/// Hears every reader for this long, for `doctor`. Returns the lower 22 bits of each lock's id, and the strength of the
/// reader's signal in dBm.
///
/// # Errors
///
/// When nothing can be heard.
pub async fn listen_to_all(
    bus: &Bus,
    asleep: fn() -> Duration,
    time: Duration,
) -> Result<Vec<(u64, Option<i16>)>, BluezError> {
    let nearby = super::Nearby::new(asleep);
    *nearby.ears.proofs() = Proofs::of_all_readers();
    hear(bus, &nearby.ears, time::sleep(time)).await?;
    let readers = nearby.ears.proofs().readers(nearby.ears.now());
    Ok(readers)
}

/// Hears beacons until `quiet` is over.
pub(super) async fn hear(bus: &Bus, ears: &Ears, quiet: impl Future<Output = ()>) -> Result<(), BluezError> {
    tokio::pin!(quiet);
    let begun = tokio::select! {
        begun = time::timeout(PATIENCE, Discovery::begin(bus)) => begun.map_err(|_| BluezError::Silent)??,
        () = &mut quiet => return Ok(()),
    };
    let (discovery, mut signals, mut restarts) = begun;
    ears.tell(ListenerState::Listening(discovery.name()));
    let mut pulse = time::interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        tokio::select! {
            () = &mut quiet => break,
            _ = pulse.tick() => last = Instant::now(),
            _ = restarts.next() => return Err(BluezError::NoService),
            signal = signals.next() => {
                let Some(signal) = signal else { return Err(BluezError::NoService) };
                if STOOD_STILL < last.elapsed() {
                    while signals.next().now_or_never().flatten().is_some() {}
                    continue;
                }
                discovery.take(&signal?, ears)?;
            }
        }
    }
    // The end of the connection ends the discovery too.
    let _ = time::timeout(PATIENCE, discovery.adapter.call::<_, _, ()>("StopDiscovery", &())).await;
    Ok(())
}

/// A running discovery. BlueZ ends it with the connection.
struct Discovery {
    adapter: Proxy<'static>,
    path: OwnedObjectPath,
    /// BlueZ's name on this bus. Anybody may send signals to the kiosk.
    owner: OwnedUniqueName,
}

impl Discovery {
    async fn begin(bus: &Bus) -> Result<(Self, MessageStream, NameOwnerChangedStream), BluezError> {
        let bus = match bus {
            Bus::System => Connection::system().await?,
            Bus::At(address) => zbus::connection::Builder::address(address.as_str()).build().await?,
        };
        let names = DBusProxy::new(&bus).await?;
        let restarts = names.receive_name_owner_changed_with_args(&[(0, BLUEZ)]).await?;
        let owner = names.get_name_owner(BLUEZ.try_into().map_err(zbus::Error::from)?).await;
        let owner = owner.map_err(|_| BluezError::NoService)?;
        // Listen first, so that nothing is missed.
        let rule = MatchRule::builder().msg_type(Type::Signal).sender(owner.clone()).build()?;
        let signals = MessageStream::for_match_rule(rule, &bus, QUEUE).await?;
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
        let filter = HashMap::from([("Transport", Variant::from("le")), ("DuplicateData", Variant::from(true))]);
        adapter.call::<_, _, ()>("SetDiscoveryFilter", &filter).await?;
        adapter.call::<_, _, ()>("StartDiscovery", &()).await?;
        Ok((Self { adapter, path, owner }, signals, restarts))
    }

    fn name(&self) -> String {
        name(&self.path)
    }

    /// Takes a signal: a device that was heard, or the loss of the adapter.
    fn take(&self, signal: &Message, ears: &Ears) -> Result<(), BluezError> {
        let header = signal.header();
        if header.sender().is_none_or(|sender| sender.as_str() != self.owner.as_str()) {
            return Ok(());
        }
        let lost = || Err(BluezError::AdapterLost(self.name()));
        match header.member().map(|member| member.as_str()) {
            Some("InterfacesAdded") => {
                if let Ok((_, mut added)) = signal.body().deserialize::<(OwnedObjectPath, Interfaces)>()
                    && let Some(properties) = added.remove(DEVICE)
                {
                    heard(properties, ears);
                }
            }
            Some("InterfacesRemoved") => {
                if let Ok((gone, interfaces)) = signal.body().deserialize::<(OwnedObjectPath, Vec<String>)>()
                    && gone == self.path
                    && interfaces.iter().any(|interface| interface == ADAPTER)
                {
                    return lost();
                }
            }
            Some("PropertiesChanged") => {
                let Ok((interface, properties, _)) = signal.body().deserialize::<(String, Properties, Vec<String>)>()
                else {
                    return Ok(());
                };
                let is_off = |property| properties.get(property).is_some_and(|value| !is_true(value));
                let is_ours = header.path().is_some_and(|path| path.as_str() == self.path.as_str());
                if interface == ADAPTER && is_ours && (is_off("Powered") || is_off("Discovering")) {
                    return lost();
                }
                if interface == DEVICE {
                    heard(properties, ears);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Takes what a device's beacon says, if the device is one of Kisi's readers.
fn heard(mut properties: Properties, ears: &Ears) {
    let signal = properties.remove("RSSI").and_then(|signal| i16::try_from(signal).ok());
    let data = properties.remove("ManufacturerData").and_then(|data| HashMap::<u16, OwnedVariant>::try_from(data).ok());
    let data = data.and_then(|mut data| Vec::<u8>::try_from(data.remove(&APPLE)?).ok());
    if let Some(beacon) = data.as_deref().and_then(Beacon::decode) {
        ears.hear(beacon, signal);
    }
}

fn is_true(value: &OwnedVariant) -> bool {
    bool::try_from(value).unwrap_or(false)
}

/// The adapter's name, such as `hci0`.
fn name(path: &OwnedObjectPath) -> String {
    path.as_str().rsplit('/').next().unwrap_or_default().to_owned()
}
