//! As much of BlueZ as a listener needs, on a bus of its own: a real dbus-daemon, and an adapter that hears what the test
//! says.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use iced_test::futures::futures::StreamExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use vestibule::{beacons::Bus, simulator::Simulator as Kisi};
use zbus::{Connection, Message, MessageStream, OwnedObjectPath, Variant, message::Type};

use crate::support::headless::now;

const ADAPTER: &str = "/org/bluez/hci0";
/// Apple's company number.
pub(crate) const APPLE: u16 = 0x004c;

/// What the stand-in knows.
#[derive(Default)]
struct Known {
    /// Whether each adapter is there, and on.
    adapters: HashMap<String, bool>,
    /// The methods that were called.
    calls: Vec<String>,
    is_discovering: bool,
    /// Whether it answers nobody.
    is_silent: bool,
    /// How long it takes to answer.
    delay: Duration,
    /// Whether the filter asks for data that do not change.
    tells_duplicates: bool,
    /// Devices that were heard, with their data.
    devices: HashMap<String, Vec<u8>>,
    /// What the controller has reported in this scan, which it does once.
    reported: HashSet<(String, Vec<u8>)>,
}

impl Known {
    /// A scan begins or ends.
    fn scan(&mut self, begins: bool) {
        (self.is_discovering, self.reported) = (begins, HashSet::new());
    }
}

/// A BlueZ on a bus of its own.
pub(crate) struct Bluez {
    daemon: Child,
    folder: TempDir,
    runtime: Runtime,
    service: Option<Connection>,
    known: Arc<Mutex<Known>>,
}

impl Drop for Bluez {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Bluez {
    /// A bus with a service that has this adapter, which is on.
    pub(crate) fn start() -> Self {
        let mut bluez = Self::without_service();
        bluez.begin_service();
        bluez
    }

    /// A bus without BlueZ.
    pub(crate) fn without_service() -> Self {
        let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
        let config = format!(
            "<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/>\
             <allow own=\"*\"/><allow send_destination=\"*\"/><allow send_type=\"signal\"/><allow receive_sender=\"*\"/></policy></busconfig>",
            folder.path().join("bus").display()
        );
        fs::write(folder.path().join("bus.conf"), config).unwrap();
        let mut command = Command::new("dbus-daemon");
        let _ = command.arg(format!("--config-file={}", folder.path().join("bus.conf").display()));
        let daemon =
            command.args(["--nofork", "--nopidfile"]).stderr(Stdio::null()).spawn().expect("dbus-daemon is installed");
        let begin = now();
        while !folder.path().join("bus").exists() {
            assert!(begin.elapsed() < Duration::from_secs(10), "the bus does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let known =
            Arc::new(Mutex::new(Known { adapters: HashMap::from([(ADAPTER.to_owned(), true)]), ..Known::default() }));
        Self { daemon, folder, runtime, service: None, known }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("bus")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    pub(crate) fn bus(&self) -> Bus {
        Bus::At(self.address())
    }

    /// Another program on the bus.
    pub(crate) fn stranger(&self) -> Connection {
        let address = self.address();
        self.runtime
            .block_on(async move { zbus::connection::Builder::address(address.as_str()).build().await.unwrap() })
    }

    /// BlueZ starts.
    pub(crate) fn begin_service(&mut self) {
        let (connection, known) = (self.stranger(), Arc::clone(&self.known));
        let stream = MessageStream::from(&connection);
        let serving = connection.clone();
        drop(self.runtime.spawn(async move { serve(serving, stream, &known).await }));
        self.runtime.block_on(async { connection.request_name("org.bluez").await.unwrap() });
        self.service = Some(connection);
    }

    /// BlueZ ends, as after a crash.
    pub(crate) fn end_service(&mut self) {
        self.with(|known| (known.is_discovering, known.devices) = (false, HashMap::new()));
        if let Some(connection) = self.service.take() {
            let _ = self.runtime.block_on(async { connection.release_name("org.bluez").await.unwrap() });
            self.runtime.block_on(async { connection.close().await.unwrap() });
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap())
    }

    /// Whether the kiosk listens. It ends a scan and begins another one at once.
    pub(crate) fn is_discovering(&self) -> bool {
        (0..20).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            self.with(|known| known.is_discovering)
        })
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.with(|known| known.calls.clone())
    }

    /// What the bus sends to any program, as match rules.
    pub(crate) fn match_rules(&self) -> Vec<String> {
        let stranger = self.stranger();
        self.runtime.block_on(async {
            let (path, interface) = ("/org/freedesktop/DBus", "org.freedesktop.DBus.Debug.Stats");
            let stats = zbus::Proxy::new(&stranger, "org.freedesktop.DBus", path, interface).await.unwrap();
            let rules: HashMap<String, Vec<String>> = stats.call("GetAllMatchRules", &()).await.unwrap();
            rules.into_values().flatten().collect()
        })
    }

    /// Waits until the kiosk listens, or no longer.
    #[track_caller]
    pub(crate) fn wait_for(&self, is_discovering: bool) {
        let begin = now();
        while self.is_discovering() != is_discovering {
            assert!(begin.elapsed() < Duration::from_secs(15), "discovering: {}", self.is_discovering());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The adapter hears a device. As BlueZ does, it tells of a new one as an object that is added, and of others as a
    /// property that changes; data that do not change are told only if the filter asks for it. The controller reports the
    /// same data of a device once in a scan.
    pub(crate) fn hears(&self, device: &str, data: &[u8], signal: i16) {
        self.hears_with(device, APPLE, data, Some(signal));
    }

    pub(crate) fn hears_with(&self, device: &str, company: u16, data: &[u8], signal: Option<i16>) {
        let Some(connection) = &self.service else { return };
        let (is_heard, before) = self.with(|known| {
            let is_heard = known.is_discovering && known.reported.insert((device.to_owned(), data.to_vec()));
            let before = if is_heard { known.devices.insert(device.to_owned(), data.to_vec()) } else { None };
            (is_heard && (known.tells_duplicates || before.as_deref() != Some(data)), before)
        });
        if !is_heard {
            return;
        }
        let path = OwnedObjectPath::try_from(format!("{ADAPTER}/dev_{}", device.replace(':', "_"))).unwrap();
        let properties = properties(company, data, signal);
        self.runtime.block_on(async {
            if before.is_none() {
                let added = HashMap::from([("org.bluez.Device1", properties)]);
                let (objects, name) = ("org.freedesktop.DBus.ObjectManager", "InterfacesAdded");
                connection.emit_signal(None::<&str>, "/", objects, name, &(path, added)).await.unwrap();
            } else {
                let body = ("org.bluez.Device1", properties, Vec::<&str>::new());
                let interface = "org.freedesktop.DBus.Properties";
                connection.emit_signal(None::<&str>, path, interface, "PropertiesChanged", &body).await.unwrap();
            }
        });
    }

    /// The controller reports again what it has reported, as in another scan.
    pub(crate) fn scan_anew(&self) {
        self.with(|known| known.reported.clear());
    }

    /// The readers of these doors send their beacons, as the simulated Kisi knows them.
    pub(crate) fn hears_readers(&self, kisi: &Kisi, doors: &[u64]) {
        for door in doors {
            self.hears(&format!("AA:00:00:00:00:{door:02X}"), &frame_of(kisi, *door), -60);
        }
    }

    /// The service hangs: it is on the bus and answers nobody.
    pub(crate) fn hang(&self) {
        self.with(|known| known.is_silent = true);
    }

    /// The service takes this long for each answer.
    pub(crate) fn slow_down(&self, delay: Duration) {
        self.with(|known| known.delay = delay);
    }

    /// The adapter is unplugged.
    pub(crate) fn unplug(&self) {
        self.with(|known| {
            known.adapters.clear();
            known.devices.clear();
            known.is_discovering = false;
        });
        let path = OwnedObjectPath::try_from(ADAPTER).unwrap();
        let (objects, body) = ("org.freedesktop.DBus.ObjectManager", (path, vec!["org.bluez.Adapter1"]));
        self.tell("/", objects, "InterfacesRemoved", &body);
    }

    /// The adapter is plugged in again, or switched on or off.
    pub(crate) fn power(&self, is_on: bool) {
        self.with(|known| {
            let _ = known.adapters.insert(ADAPTER.to_owned(), is_on);
            known.is_discovering &= is_on;
        });
        let changed = HashMap::from([("Powered", Variant::from(is_on))]);
        let body = ("org.bluez.Adapter1", changed, Vec::<&str>::new());
        self.tell(ADAPTER, "org.freedesktop.DBus.Properties", "PropertiesChanged", &body);
    }

    /// Adds adapters that are off, which BlueZ may list first.
    pub(crate) fn add_adapters_that_are_off(&self) {
        self.with(|known| {
            known.adapters.extend(["/org/bluez/hci", "/org/bluez/hci1"].map(|path| (path.to_owned(), false)));
        });
    }

    fn tell<B: serde::Serialize + zbus::zvariant::DynamicType>(
        &self,
        path: &str,
        interface: &str,
        name: &str,
        body: &B,
    ) {
        if let Some(connection) = &self.service {
            self.runtime
                .block_on(async { connection.emit_signal(None::<&str>, path, interface, name, body).await.unwrap() });
        }
    }

    /// A stranger sends what looks like BlueZ's signal straight to every connection.
    pub(crate) fn forge(&self, data: &[u8]) {
        let stranger = self.stranger();
        self.runtime.block_on(async {
            let names = zbus::fdo::DBusProxy::new(&stranger).await.unwrap().list_names().await.unwrap();
            for name in names.iter().filter(|name| name.starts_with(':')) {
                let body = ("org.bluez.Device1", properties(APPLE, data, Some(-30)), Vec::<&str>::new());
                let (path, interface) = (format!("{ADAPTER}/dev_AA_BB"), "org.freedesktop.DBus.Properties");
                stranger
                    .emit_signal(Some(name.as_str()), path.as_str(), interface, "PropertiesChanged", &body)
                    .await
                    .unwrap();
            }
        });
    }
}

fn properties(company: u16, data: &[u8], signal: Option<i16>) -> HashMap<&'static str, Variant<'static>> {
    let manufacturer = HashMap::from([(company, Variant::from(data.to_vec()))]);
    let mut properties = HashMap::from([("ManufacturerData", Variant::from(manufacturer))]);
    properties.extend(signal.map(|signal| ("RSSI", Variant::from(signal))));
    properties
}

/// The manufacturer's data of a reader's beacon.
pub(crate) fn frame_of(kisi: &Kisi, door: u64) -> Vec<u8> {
    let (uuid, major, minor) = kisi.with(|world| vestibule::simulator::rules::beacon(world, door));
    let reader = *vestibule::hex::decode::<16>(uuid.replace('-', "").as_bytes()).unwrap();
    [&[0x02, 0x15][..], &reader, &major.to_be_bytes(), &minor.to_be_bytes(), &[0xc5]].concat()
}

async fn serve(connection: Connection, mut messages: MessageStream, known: &Mutex<Known>) {
    while let Some(Ok(message)) = messages.next().await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let header = message.header();
        let member = header.member().map(|member| member.as_str().to_owned()).unwrap_or_default();
        known.lock().unwrap().calls.push(member.clone());
        if known.lock().unwrap().is_silent {
            continue;
        }
        let delay = known.lock().unwrap().delay;
        tokio::time::sleep(delay).await;
        let answered = answer(&connection, &message, &member, known).await;
        assert!(answered.is_ok(), "{member}: {answered:?}");
    }
}

async fn answer(connection: &Connection, message: &Message, member: &str, known: &Mutex<Known>) -> zbus::Result<()> {
    let header = message.header();
    match member {
        "GetManagedObjects" => {
            let adapters = known.lock().unwrap().adapters.clone();
            let objects: HashMap<OwnedObjectPath, _> = adapters
                .into_iter()
                .map(|(path, is_on)| {
                    let properties = HashMap::from([("Powered", Variant::from(is_on))]);
                    (OwnedObjectPath::try_from(path).unwrap(), HashMap::from([("org.bluez.Adapter1", properties)]))
                })
                .collect();
            connection.reply(&header, &objects).await
        }
        "SetDiscoveryFilter" => {
            let filter: HashMap<String, zbus::OwnedVariant> = message.body().deserialize()?;
            let duplicates = filter.get("DuplicateData").is_some_and(|value| bool::try_from(value).unwrap_or(false));
            known.lock().unwrap().tells_duplicates = duplicates;
            connection.reply(&header, &()).await
        }
        "StartDiscovery" | "StopDiscovery" => {
            known.lock().unwrap().scan(member == "StartDiscovery");
            connection.reply(&header, &()).await
        }
        _ => connection.reply_error(&header, "org.freedesktop.DBus.Error.UnknownMethod", &"").await,
    }
}
