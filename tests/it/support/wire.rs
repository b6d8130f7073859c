//! Badge readers at the other end of a wire: a serial line of two pseudo terminals, an OSDP reader, a card on a PC/SC
//! reader.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use libosdp::{
    Channel, ChannelError, OsdpCommand, OsdpEvent, OsdpEventCardRead, OsdpFlag, OsdpStatusReport, OsdpStatusReportType,
    PdCapEntity, PdCapability, PdInfoBuilder, PeripheralDevice,
};
use serial2::SerialPort;

use crate::support::headless::now;

/// A serial line: what is written into one end comes out of the other. Unplugged when dropped.
pub(crate) struct Cable {
    socat: Child,
    /// The kiosk's end.
    pub(crate) kiosk: PathBuf,
    /// The reader's end.
    pub(crate) reader: PathBuf,
}

impl Cable {
    pub(crate) fn plug(folder: &Path) -> Self {
        let (kiosk, reader) = (folder.join("tty-kiosk"), folder.join("tty-reader"));
        let end = |at: &Path| format!("pty,raw,echo=0,link={}", at.display());
        let socat = Command::new("socat").args([end(&kiosk), end(&reader)]).stderr(Stdio::null()).spawn();
        let cable = Self { socat: socat.expect("socat must be installed: see README"), kiosk, reader };
        until("both ends of the cable", || cable.kiosk.exists() && cable.reader.exists());
        cable
    }

    /// Sends bytes as a serial reader does.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let port = SerialPort::open(&self.reader, 9_600).unwrap();
        port.write_all(bytes).unwrap();
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = self.socat.kill();
        let _ = self.socat.wait();
        let _ = std::fs::remove_file(&self.kiosk);
        let _ = std::fs::remove_file(&self.reader);
    }
}

/// Waits until this holds.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = now() + Duration::from_secs(20);
    while !is_so() {
        assert!(now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// What an OSDP reader is told to do.
enum Order {
    Card(OsdpEventCardRead),
    Tamper(bool),
    /// Send these bytes instead of an answer, as somebody on the cable would.
    Bytes(Vec<u8>),
}

/// An OSDP reader on a thread of its own.
pub(crate) struct OsdpReader {
    orders: Sender<Order>,
    is_ended: Arc<AtomicBool>,
    /// Every frame that it sent.
    pub(crate) sent: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Every command that it received.
    pub(crate) heard: Arc<Mutex<Vec<OsdpCommand>>>,
    pub(crate) is_secure: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Port {
    port: SerialPort,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

fn checked<T>(done: std::io::Result<T>) -> Result<T, ChannelError> {
    let is_waiting = |error: &std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    done.map_err(|error| if is_waiting(&error) { ChannelError::WouldBlock } else { ChannelError::TransportError })
}

impl Channel for Port {
    fn get_id(&self) -> i32 {
        1
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ChannelError> {
        checked(self.port.read(bytes))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, ChannelError> {
        self.sent.lock().unwrap().push(bytes.to_vec());
        checked(self.port.write(bytes))
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }

    fn close(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }
}

impl OsdpReader {
    /// A reader with a key, or one in install mode that waits for its first one.
    pub(crate) fn start(at: &Path, address: u8, key: Option<[u8; 16]>) -> Self {
        let (orders, received) = mpsc::channel();
        let (is_ended, is_secure) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (sent, heard) = (Arc::default(), Arc::new(Mutex::new(Vec::new())));
        let parts = (Arc::clone(&is_ended), Arc::clone(&is_secure), Arc::clone(&sent), Arc::clone(&heard));
        let at = at.to_owned();
        let thread = thread::spawn(move || serve(&at, address, key, &received, &parts));
        Self { orders, is_ended, sent, heard, is_secure, thread: Some(thread) }
    }

    pub(crate) fn card(&self, card: OsdpEventCardRead) {
        self.orders.send(Order::Card(card)).unwrap();
    }

    pub(crate) fn tamper(&self, is_open: bool) {
        self.orders.send(Order::Tamper(is_open)).unwrap();
    }

    pub(crate) fn replay(&self, bytes: Vec<u8>) {
        self.orders.send(Order::Bytes(bytes)).unwrap();
    }
}

impl Drop for OsdpReader {
    fn drop(&mut self) {
        self.is_ended.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

type Parts = (Arc<AtomicBool>, Arc<AtomicBool>, Arc<Mutex<Vec<Vec<u8>>>>, Arc<Mutex<Vec<OsdpCommand>>>);

fn serve(at: &Path, address: u8, key: Option<[u8; 16]>, orders: &mpsc::Receiver<Order>, parts: &Parts) {
    let (is_ended, is_secure, sent, heard) = parts;
    let mut port = SerialPort::open(at, 9_600).unwrap();
    port.set_read_timeout(Duration::from_millis(1)).unwrap();
    let raw = port.try_clone().unwrap();
    let about = PdInfoBuilder::new().name("reader").unwrap().address(i32::from(address)).unwrap();
    let about = about.baud_rate(9_600).unwrap();
    let about = match key {
        Some(key) => about.flag(OsdpFlag::EnforceSecure).secure_channel_key(key),
        None => about.flag(OsdpFlag::InstallMode),
    };
    let about = about
        .capability(PdCapability::CommunicationSecurity(PdCapEntity::new(1, 1)))
        .capability(PdCapability::CardDataFormat(PdCapEntity::new(1, 1)))
        .capability(PdCapability::LedControl(PdCapEntity::new(1, 1)))
        .capability(PdCapability::AudibleOutput(PdCapEntity::new(1, 1)));
    let mut reader = PeripheralDevice::new(about, Box::new(Port { port, sent: Arc::clone(sent) })).unwrap();
    let told = Arc::clone(heard);
    reader.set_command_callback(move |command| {
        told.lock().unwrap().push(command.clone());
        0
    });
    while !is_ended.load(Ordering::Relaxed) {
        reader.refresh();
        is_secure.store(reader.is_sc_active(), Ordering::Relaxed);
        match orders.try_recv() {
            Ok(Order::Card(card)) => reader.notify_event(OsdpEvent::CardRead(card)).unwrap(),
            Ok(Order::Tamper(is_open)) => {
                let mut report = [0; 64];
                report[0] = u8::from(is_open);
                let status = OsdpStatusReport { type_: OsdpStatusReportType::Local, nr_entries: 2, report };
                reader.notify_event(OsdpEvent::Status(status)).unwrap();
            }
            Ok(Order::Bytes(bytes)) => raw.write_all(&bytes).unwrap(),
            Err(_) => {}
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// `pcscd` with the virtual reader of vsmartcard, which listens on every address: only in a network namespace of its own.
pub(crate) struct PcscService(Child);

impl PcscService {
    pub(crate) fn start() -> Self {
        std::fs::create_dir_all("/run/pcscd").unwrap();
        let help = Command::new("pcscd").arg("--help").output().expect("pcscd must be installed: see README");
        let help = String::from_utf8_lossy(&help.stdout).into_owned() + &String::from_utf8_lossy(&help.stderr);
        // Debian 12's has no polkit and no such option.
        let more = help.contains("--disable-polkit").then_some("--disable-polkit");
        let mut command = Command::new("pcscd");
        let _ = command.arg("--foreground").args(more).stdout(Stdio::null()).stderr(Stdio::null());
        let service = Self(command.spawn().unwrap());
        until("pcscd", || Path::new("/run/pcscd/pcscd.comm").exists() && TcpStream::connect(VPCD).is_ok());
        service
    }
}

impl Drop for PcscService {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all("/run/pcscd");
    }
}

/// Where vpcd waits for a card.
const VPCD: &str = "127.0.0.1:35963";

/// A contactless card that lies on the virtual reader until it is dropped.
pub(crate) struct Card {
    stream: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl Card {
    /// A card with this UID. Without one, it answers "function not supported".
    pub(crate) fn lay_on(uid: &[u8]) -> Self {
        /// MIFARE Classic 1K, as PC/SC part 3 has it.
        const ATR: [u8; 20] = [
            0x3b, 0x8f, 0x80, 0x01, 0x80, 0x4f, 0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00,
            0x00, 0x6a,
        ];
        let stream = TcpStream::connect(VPCD).unwrap();
        let (mut card, uid) = (stream.try_clone().unwrap(), uid.to_vec());
        let thread = thread::spawn(move || {
            let mut length = [0; 2];
            while card.read_exact(&mut length).is_ok() {
                let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
                if card.read_exact(&mut message).is_err() {
                    return;
                }
                let answer = match message.as_slice() {
                    [4] => ATR.to_vec(),
                    [_] => continue,
                    [0xff, 0xca, ..] if !uid.is_empty() => [uid.as_slice(), &[0x90, 0x00]].concat(),
                    _ => vec![0x6a, 0x81],
                };
                let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                if card.write_all(&[&length[..], &answer].concat()).is_err() {
                    return;
                }
            }
        });
        Self { stream, thread: Some(thread) }
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
