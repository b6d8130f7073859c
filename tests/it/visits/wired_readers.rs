//! Readers with a wire of their own: whole visits with the shipped program, and what such readers do when they are
//! unplugged, tampered with, or not what they say they are.

use std::{fs, path::Path, sync::atomic::Ordering, thread, time::Duration};

use iced::Point;
use libosdp::{OsdpCommand, OsdpEventCardRead, OsdpLedColor};
use vestibule::{
    readers::{Device, Ends, Readers, Signal},
    staff::{Read, UidForm},
};

use crate::support::{
    headless::{BADGE, now},
    installed::{Installed, Program},
    network_namespace::{is_inside, loopback, mount},
    screenshot::without_time,
    touchscreen::Touchscreen,
    wire::{Cable, Card, OsdpReader, PcscService, until},
};

const KEY: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const HEX: UidForm = UidForm { is_decimal: false, is_reversed: false };
/// The demo's badge as a card of 26 bits or as a UID would be another number: cards of these tests have this UID.
const UID: [u8; 4] = [0x04, 0xab, 0x12, 0xff];

/// A kiosk with a reader, and Grace with this badge.
fn installed(reader: &str, badge: &str) -> Installed {
    let installed = Installed::new();
    installed.configure("[health]", &format!("[[reader]]\n{reader}\n[health]"));
    fs::write(installed.path("badges.csv"), format!("email,name,badge\ngrace@example.com,,{badge}\n")).unwrap();
    let _ = installed.import("badges.csv", &[]);
    installed
}

/// Starts the kiosk, and waits until it is drawn and has said this.
fn opened(installed: &Installed, screen: &Touchscreen, text: &str) -> Program {
    let kiosk = installed.kiosk(screen);
    let lines = kiosk.until("the window is open");
    if !lines.iter().any(|line| line.contains(text)) {
        let _ = kiosk.expect(text);
    }
    let _ = screen.settled();
    kiosk
}

/// A visit that begins with a badge at the reader: she opens a door by touch. Prints the time until her doors are drawn.
fn visit(installed: &Installed, screen: &mut Touchscreen, kiosk: &Program, kind: &str, mut present: impl FnMut()) {
    let tile = Point::new(120.0, 330.0);
    let (eye, before) = (screen.eye(), now());
    let mut seen = vec![(Duration::ZERO, eye.pixel(tile))];
    present();
    // "One moment", then her doors: the last change.
    while before.elapsed() < Duration::from_secs(2) {
        let pixel = eye.pixel(tile);
        if seen.last().is_some_and(|(_, last)| *last != pixel) {
            seen.push((before.elapsed(), pixel));
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert!(1 < seen.len(), "her doors are not drawn");
    println!("{kind}: from the card to her doors {} ms", seen.last().unwrap().0.as_millis());
    let _ = kiosk.expect("signed in");
    screen.tap(tile);
    let _ = kiosk.expect("answered");
    let events = installed.simulated.unlocks();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["actor_email"].as_str().unwrap_or("grace@example.com"), "grace@example.com");
    let export = installed.command(&["audit", "export"]).output().unwrap();
    let export = String::from_utf8_lossy(&export.stdout).into_owned();
    assert!(export.contains(&format!("badge at {kind}")), "the log names the reader: {export}");
    let _ = kiosk.expect("signed out");
}

#[test]
fn a_visit_by_a_serial_reader_that_is_unplugged_and_back() {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let cable = Cable::plug(folder.path());
    let reader = format!("kind = \"serial\"\ndevice = \"{}\"\n", cable.kiosk.display());
    let installed = installed(&reader, BADGE);
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = opened(&installed, &screen, "the reader works");
    let rest = screen.settled();
    // Cut, with noise, and empty lines: nobody is signed in.
    cable.send(b"\x80\xff\r\n");
    thread::sleep(Duration::from_millis(400));
    cable.send(b"\r\n\r\n");
    visit(&installed, &mut screen, &kiosk, "serial", || cable.send(format!("{BADGE}\r\n").as_bytes()));
    drop(cable);
    let said = kiosk.expect("the reader does not work");
    assert!(said.contains("unplugged") || said.contains("not there"), "{said}");
    let twin = installed.twin();
    let _ = screen.once("that the reader is missing", |picture| 0.000_1 < without_time(picture, &rest, &twin));
    let before = now();
    let cable = Cable::plug(folder.path());
    let _ = kiosk.expect("the reader works");
    println!("serial: works {} ms after it is plugged in", before.elapsed().as_millis());
    assert!(before.elapsed() < Duration::from_secs(2));
    // STX and ETX around the number, and the number twice.
    cable.send(format!("x\x02{BADGE}\x03\x02{BADGE}\x03").as_bytes());
    let _ = kiosk.expect("signed in");
}

/// The states and scans of one reader, without a kiosk.
struct Alone {
    readers: Readers,
    runtime: tokio::runtime::Runtime,
}

impl Alone {
    fn start(device: Device) -> Self {
        let readers = Readers::new(vec![device]);
        readers.start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { readers, runtime }
    }

    /// The next scan within this time.
    fn scan(&self, within: Duration) -> Option<Read> {
        let next = async { tokio::time::timeout(within, self.readers.next()).await.ok() };
        self.runtime.block_on(next).map(|scan| scan.read)
    }

    fn fault(&self) -> Option<String> {
        self.readers.states()[0].fault.clone()
    }

    #[track_caller]
    fn works(&self) {
        until("the reader to work", || self.fault().is_none());
    }
}

const SOON: Duration = Duration::from_secs(5);

#[test]
fn a_line_of_a_serial_reader_is_one_number_or_nothing() {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let cable = Cable::plug(folder.path());
    let ends = |with_silence| Ends { with_enter: true, with_tab: true, with_silence };
    let serial = |end| Device::Serial { device: cable.kiosk.clone(), baud: 9_600, end };
    let reader = Alone::start(serial(ends(Some(Duration::from_millis(150)))));
    // What is under way when the port is opened may be the end of a number.
    cable.send(b"5678\r\n");
    reader.works();
    assert_eq!(reader.scan(Duration::from_millis(300)), None);
    // As long as this port has not ended a line, silence does.
    cable.send(b"0012345678");
    assert_eq!(reader.scan(SOON), Some(Read::Text("0012345678".to_owned())));
    // A second reader of the same device hears nothing.
    let second = Alone::start(serial(ends(None)));
    until("that the device is in use", || second.fault().is_some_and(|why| why.contains("in use")));
    drop(second);
    let text = |text: &str| Some(Read::Text(text.to_owned()));
    for (sent, read) in [
        (&b"0012345678\r\n"[..], text("0012345678")),
        (b"0012345678\n", text("0012345678")),
        (b"\x020012345678\x03", text("0012345678")),
        (b"noise\x020012345678\r\x03", text("0012345678")),
        // Now it has: a line that falls silent was cut short.
        (b"001234", Some(Read::Garbled)),
        (b"5678\r", text("5678")),
        (b"00123\x0045678\r", Some(Read::Garbled)),
        (b"00123\xff45678\r", Some(Read::Garbled)),
        (b"04 AB 12 FF\r\n", text("04 AB 12 FF")),
    ] {
        cable.send(sent);
        assert_eq!(reader.scan(SOON), read, "{sent:?}");
    }
    cable.send("7".repeat(5_000).as_bytes());
    cable.send(b"\r");
    assert_eq!(reader.scan(SOON), Some(Read::Garbled), "longer than any badge");
    // A slow line: the pieces of one number.
    for piece in [b"0012", b"3456"] {
        cable.send(piece);
        thread::sleep(Duration::from_millis(40));
    }
    cable.send(b"78\r\n");
    assert_eq!(reader.scan(SOON), text("0012345678"));
    assert_eq!(reader.scan(Duration::from_millis(300)), None);
}

fn osdp(cable: &Cable, key: &Path) -> Device {
    Device::Osdp { device: cable.kiosk.clone(), address: 3, baud: 9_600, uid: HEX, keys: vec![key.to_owned()] }
}

#[test]
fn an_osdp_reader_is_heard_through_its_secure_channel_only() {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let key = folder.path().join("osdp-3.key");
    let cable = Cable::plug(folder.path());
    let panel = Alone::start(osdp(&cable, &key));
    until("that a key is missed", || panel.fault().is_some_and(|why| why.contains("reader pair")));
    fs::write(&key, vestibule::hex::encode(&KEY).as_str()).unwrap();

    // With another key it is not heard, whatever it sends.
    let impostor = OsdpReader::start(&cable.reader, 3, Some([0xff; 16]));
    until("that it has another key", || panel.fault().is_some_and(|why| why.contains("another key")));
    impostor.card(OsdpEventCardRead::new_raw(UID.to_vec()));
    assert_eq!(panel.scan(Duration::from_secs(1)), None, "a card of an impostor");
    drop(impostor);

    let reader = OsdpReader::start(&cable.reader, 3, Some(KEY));
    panel.works();
    let before = reader.sent.lock().unwrap().len();
    let presented = now();
    reader.card(OsdpEventCardRead::new_raw(UID.to_vec()));
    assert_eq!(panel.scan(SOON), Some(Read::Number("04AB12FF".to_owned())));
    println!("osdp: a card is heard after {} ms", presented.elapsed().as_millis());

    // Its light and its buzzer say what became of it.
    panel.readers.signal(&panel.readers.states()[0].name, Signal::Refused);
    until("a red light and the buzzer", || {
        let heard = reader.heard.lock().unwrap();
        let is_red = |command: &OsdpCommand| matches!(command, OsdpCommand::Led(led) if led.temporary.on_color == OsdpLedColor::Red);
        heard.iter().any(is_red) && heard.iter().any(|command| matches!(command, OsdpCommand::Buzzer(_)))
    });
    reader.tamper(true);
    until("the tamper contact", || panel.readers.states()[0].is_tampered);
    reader.tamper(false);
    until("the closed case", || !panel.readers.states()[0].is_tampered);

    // Whoever recorded the card on the cable and sends it again is not heard.
    let recorded: Vec<Vec<u8>> = reader.sent.lock().unwrap()[before..].to_vec();
    for frame in &recorded {
        reader.replay(frame.clone());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(panel.scan(Duration::from_secs(2)), None, "a card that was recorded");
    drop(reader);

    // Unplugged and back.
    drop(cable);
    until("the lost line", || panel.fault().is_some());
    let cable = Cable::plug(folder.path());
    let reader = OsdpReader::start(&cable.reader, 3, Some(KEY));
    let plugged = now();
    panel.works();
    println!("osdp: works {} ms after it is plugged in", plugged.elapsed().as_millis());
    assert!(plugged.elapsed() < Duration::from_secs(2));
    reader.card(OsdpEventCardRead::new_wiegand(26, vec![0xde, 0x30, 0xa7, 0x40]).unwrap());
    let _ = panel.scan(SOON).expect("a card of 26 bits");
}

#[test]
fn a_visit_by_an_osdp_reader_that_was_paired() {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let cable = Cable::plug(folder.path());
    let reader = format!("kind = \"osdp\"\ndevice = \"{}\"\naddress = 3\n", cable.kiosk.display());
    let installed = installed(&reader, "04AB12FF");
    let new = OsdpReader::start(&cable.reader, 3, None);
    let paired = installed.command(&["reader", "pair", "--address", "3"]).output().unwrap();
    assert!(paired.status.success(), "{}", String::from_utf8_lossy(&paired.stderr));
    let key = fs::read_to_string(installed.path("data").join("osdp-3.key")).unwrap();
    assert!(!String::from_utf8_lossy(&paired.stdout).contains(key.trim()), "the key is not shown");
    drop(new);
    let key = *vestibule::hex::decode::<16>(key.trim().as_bytes()).unwrap();
    let reader = OsdpReader::start(&cable.reader, 3, Some(key));
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = installed.open(&screen);
    until("the secure channel", || reader.is_secure.load(Ordering::Relaxed));
    thread::sleep(Duration::from_millis(500));
    visit(&installed, &mut screen, &kiosk, "osdp 3", || reader.card(OsdpEventCardRead::new_raw(UID.to_vec())));
    until("a green light", || {
        let heard = reader.heard.lock().unwrap();
        heard
            .iter()
            .any(|command| matches!(command, OsdpCommand::Led(led) if led.temporary.on_color == OsdpLedColor::Green))
    });
}

#[test]
fn a_visit_by_a_contactless_card() {
    if !is_inside(module_path!(), "a_visit_by_a_contactless_card") {
        return;
    }
    loopback("up");
    mount(&["-t", "tmpfs", "-o", "mode=755", "run"], Path::new("/run"));
    // Without the service the kiosk starts, and says that it is missing.
    let installed = installed("kind = \"pcsc\"\n", "04AB12FF");
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = opened(&installed, &screen, "the PC/SC service pcscd does not run");
    let service = PcscService::start();
    let before = now();
    let _ = kiosk.expect("the reader works");
    assert!(before.elapsed() < Duration::from_secs(2));
    thread::sleep(Duration::from_millis(700));
    let mut card = None;
    visit(&installed, &mut screen, &kiosk, "pcsc", || card = Some(Card::lay_on(&UID)));
    drop(card);
    thread::sleep(Duration::from_millis(700));
    // A phone draws a UID anew each time, and a card may have none: neither is anybody's.
    for uid in [&[0x08, 1, 2, 3][..], &[]] {
        let card = Card::lay_on(uid);
        thread::sleep(Duration::from_millis(1_500));
        drop(card);
        thread::sleep(Duration::from_millis(700));
    }
    drop(service);
    let _ = kiosk.expect("the reader does not work");
    let export = installed.command(&["audit", "export"]).output().unwrap();
    let export = String::from_utf8_lossy(&export.stdout).into_owned();
    assert_eq!(export.matches("badge at pcsc").count(), 2, "a sign-in and an unlock: {export}");
}
