//! Badge readers with a wire of their own: an input device that the kiosk grabs, a PC/SC reader, a serial line, an OSDP
//! reader. Each has a thread, which turns what the device says into a [`Scan`], and opens the device again when it was
//! unplugged.

mod attached;
mod check;
#[cfg(target_os = "linux")]
mod keyboard;
mod line;
mod osdp;
mod pcsc;
mod serial;

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use tokio::sync::{mpsc as channel, watch};

pub use self::{
    attached::{Attached, attached},
    check::check,
    osdp::{Pairing, pair},
};
use crate::staff::{Read, Scan, UidForm};

/// A device that cannot be opened is tried again after this. A reader that is plugged in again works within 2 s.
const AGAIN: Duration = Duration::from_millis(500);
/// A thread that waits for a badge looks this often whether the kiosk still needs it.
const PATIENCE: Duration = Duration::from_millis(400);
/// A thread that has a part of a badge looks this often for the rest.
const QUICK: Duration = Duration::from_millis(25);
/// Scans that wait for the window. More than this are dropped: nobody badges so often.
const WAITING: usize = 64;

/// A reader's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// An input device that types badges, grabbed for the kiosk alone.
    Keyboard {
        /// Such as `/dev/input/badge-reader`.
        device: PathBuf,
        /// How it ends a scan.
        end: Ends,
    },
    /// A reader behind the PC/SC service.
    Pcsc {
        /// Part of the reader's name. Empty: any.
        name: String,
        /// How the UID of a card becomes a number.
        uid: UidForm,
    },
    /// A serial line, one line of text for a card.
    Serial {
        /// Such as `/dev/serial/by-id/...`.
        device: PathBuf,
        /// Bits per second.
        baud: u32,
        /// How it ends a line.
        end: Ends,
    },
    /// An OSDP reader on a serial line.
    Osdp {
        /// Such as `/dev/serial/by-id/...`.
        device: PathBuf,
        /// Address on the bus, 0 to 126.
        address: u8,
        /// Bits per second.
        baud: u32,
        /// How the UID of a card becomes a number.
        uid: UidForm,
        /// Files that may hold the key of the secure channel. The first one that exists counts.
        keys: Vec<PathBuf>,
    },
}

/// How an input device or a serial line ends a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Whether Enter ends it.
    pub with_enter: bool,
    /// Whether Tab ends it.
    pub with_tab: bool,
    /// Silence of this length ends it. `None`: then it was cut short.
    pub with_silence: Option<Duration>,
}

impl fmt::Display for Device {
    /// The reader's name in the log and on screens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyboard { device, .. } => write!(f, "keyboard {}", device.display()),
            Self::Pcsc { name, .. } if name.is_empty() => f.write_str("pcsc"),
            Self::Pcsc { name, .. } => write!(f, "pcsc {name}"),
            Self::Serial { device, .. } => write!(f, "serial {}", device.display()),
            Self::Osdp { device, address, .. } => write!(f, "osdp {address} {}", device.display()),
        }
    }
}

/// The state of a configured reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderState {
    /// The reader's name.
    pub name: String,
    /// Why it does not work. `None` if it does.
    pub fault: Option<String>,
    /// Whether it says that its case was opened.
    pub is_tampered: bool,
}

impl ReaderState {
    /// What is wrong with it. `None` if nothing is.
    pub fn trouble(&self) -> Option<String> {
        match &self.fault {
            Some(fault) => Some(format!("{}: {fault}", self.name)),
            None if self.is_tampered => Some(format!("{}: its case was opened", self.name)),
            None => None,
        }
    }
}

/// The readers of a kiosk. Clones share them; the threads end with the last one.
#[derive(Clone, Default)]
pub struct Readers(Option<Arc<Running>>);

struct Running {
    devices: Vec<Device>,
    shared: Arc<Shared>,
    scans: tokio::sync::Mutex<channel::Receiver<Scan>>,
    signals: Mutex<Vec<(String, Sender<Signal>)>>,
}

/// What the threads share with the kiosk.
struct Shared {
    states: watch::Sender<Vec<ReaderState>>,
    sender: channel::Sender<Scan>,
    is_ended: AtomicBool,
}

/// What a reader shows with its own light and buzzer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Somebody is signed in.
    Accepted,
    /// Nobody is.
    Refused,
}

impl Readers {
    /// Readers that are not opened yet.
    pub fn new(devices: Vec<Device>) -> Self {
        if devices.is_empty() {
            return Self(None);
        }
        let (sender, scans) = channel::channel(WAITING);
        let state = |device: &Device| ReaderState {
            name: device.to_string(),
            fault: Some("not opened yet".to_owned()),
            is_tampered: false,
        };
        let (states, _) = watch::channel(devices.iter().map(state).collect());
        let shared = Arc::new(Shared { states, sender, is_ended: AtomicBool::new(false) });
        let (scans, signals) = (tokio::sync::Mutex::new(scans), Mutex::default());
        Self(Some(Arc::new(Running { devices, shared, scans, signals })))
    }

    /// Opens the readers, each on its own thread. A second call does nothing.
    pub fn start(&self) {
        let Some(running) = &self.0 else { return };
        let mut signals = running.signals.lock().unwrap_or_else(PoisonError::into_inner);
        if !signals.is_empty() {
            return;
        }
        for (index, device) in running.devices.iter().enumerate() {
            let (sender, orders) = mpsc::channel();
            let name = device.to_string();
            let desk = Desk { index, name: name.clone(), shared: Arc::clone(&running.shared), signals: orders };
            let device = device.clone();
            let spawned = thread::Builder::new().name(format!("reader {index}")).spawn(move || desk.serve(&device));
            if let Err(error) = spawned {
                tracing::error!(reader = name, %error, "the thread of a reader cannot start");
            }
            signals.push((name, sender));
        }
    }

    /// Waits for the next scan. Never returns if there are no readers.
    pub async fn next(&self) -> Scan {
        if let Some(running) = &self.0
            && let Some(scan) = running.scans.lock().await.recv().await
        {
            return scan;
        }
        std::future::pending().await
    }

    /// The states of the readers now.
    pub fn states(&self) -> Vec<ReaderState> {
        self.0.as_ref().map_or_else(Vec::new, |running| running.shared.states.borrow().clone())
    }

    /// Whether a reader does not work.
    pub fn is_one_missing(&self) -> bool {
        self.0.as_ref().is_some_and(|running| running.shared.states.borrow().iter().any(|state| state.fault.is_some()))
    }

    /// The states of the readers, now and whenever one changes. Ends at once if there are no readers.
    pub fn changes(&self) -> watch::Receiver<Vec<ReaderState>> {
        let Some(running) = &self.0 else { return watch::channel(Vec::new()).1 };
        let mut changes = running.shared.states.subscribe();
        // What changed before somebody listened counts too.
        changes.mark_changed();
        changes
    }

    /// Shows a result on the reader of this name, if it has a light or a buzzer.
    pub fn signal(&self, reader: &str, signal: Signal) {
        let Some(running) = &self.0 else { return };
        let signals = running.signals.lock().unwrap_or_else(PoisonError::into_inner);
        // A thread that has ended shows nothing.
        let _ = signals.iter().find(|(name, _)| name == reader).map(|(_, sender)| sender.send(signal));
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().flat_map(|running| &running.devices)).finish()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.is_ended.store(true, Ordering::Relaxed);
    }
}

/// The devices that threads of this process read.
static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A device that this thread reads.
struct Held(Option<PathBuf>);

impl Held {
    /// `None` if another thread reads it. PC/SC readers can be shared.
    fn take(device: &Device) -> Option<Self> {
        let path = match device {
            Device::Keyboard { device, .. } | Device::Serial { device, .. } | Device::Osdp { device, .. } => device,
            Device::Pcsc { .. } => return Some(Self(None)),
        };
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(path.clone()).then(|| Self(Some(path)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        }
    }
}

/// Why a device cannot be opened, with what to do where only its rights are missing.
fn unopened(device: &Path, error: &io::Error, advice: &str) -> String {
    let shown = device.display();
    if error.kind() == ErrorKind::NotFound {
        format!("`{shown}` is not there")
    } else if error.kind() == ErrorKind::PermissionDenied {
        format!("`{shown}` cannot be opened: {advice}")
    } else {
        format!("`{shown}` cannot be opened: {error}")
    }
}

/// Where the thread of a reader hands over what its device says.
struct Desk {
    index: usize,
    name: String,
    shared: Arc<Shared>,
    signals: Receiver<Signal>,
}

impl Desk {
    /// Opens the device and reads it until it is lost, again and again. The readers of a configuration that is replaced end
    /// before those of the new one get their devices.
    fn serve(&self, device: &Device) {
        while !self.is_ended() {
            // Two threads on one line would each hear a part of a badge.
            let Some(_held) = Held::take(device) else {
                self.missing("it is in use: another [[reader]] has the same device".to_owned());
                thread::sleep(AGAIN);
                continue;
            };
            let lost = match device {
                #[cfg(target_os = "linux")]
                Device::Keyboard { device, end } => keyboard::read(device, *end, self),
                #[cfg(not(target_os = "linux"))]
                Device::Keyboard { .. } => Err("input devices can be grabbed on Linux only".to_owned()),
                Device::Pcsc { name, uid } => pcsc::read(name, *uid, self),
                Device::Serial { device, baud, end } => serial::read(device, *baud, *end, self),
                Device::Osdp { device, address, baud, uid, keys } => {
                    osdp::read(&osdp::Line { device, address: *address, baud: *baud }, *uid, keys, self)
                }
            };
            if let Err(why) = lost {
                self.missing(why);
                thread::sleep(AGAIN);
            }
        }
    }

    fn is_ended(&self) -> bool {
        self.shared.is_ended.load(Ordering::Relaxed)
    }

    fn scan(&self, read: Read) {
        tracing::debug!(reader = self.name, "a badge was read");
        // A full channel means that the window stands still. A scan that waits for it would act for whoever comes then.
        let _ = self.shared.sender.try_send(Scan { reader: self.name.clone(), read });
    }

    fn works(&self) {
        self.change(|state| state.fault = None);
    }

    fn missing(&self, why: String) {
        self.change(|state| state.fault = Some(why));
    }

    fn tampered(&self, is_tampered: bool) {
        self.change(|state| state.is_tampered = is_tampered);
    }

    fn change(&self, change: impl FnOnce(&mut ReaderState)) {
        let _ = self.shared.states.send_if_modified(|states| {
            let Some(state) = states.get_mut(self.index) else { return false };
            let before = state.clone();
            change(state);
            match (&state.fault, state.is_tampered) {
                _ if *state == before => return false,
                (_, true) if !before.is_tampered => tracing::warn!(reader = self.name, "the reader's case was opened"),
                (Some(why), _) => tracing::warn!(reader = self.name, why, "the reader does not work"),
                (None, _) => tracing::info!(reader = self.name, "the reader works"),
            }
            true
        });
    }
}
