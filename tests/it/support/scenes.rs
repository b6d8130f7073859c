//! Every screen of the kiosk, as scenes that are drawn and measured.

use iced::{Rectangle, Size};
use std::{fs, path::Path, thread, time::Duration};
use vestibule::{
    agent::{self, Connectivity},
    app::{Message, Start},
    config::Config,
    door::{Allowance, Code, Door, DoorId, DoorState, Outcome, Place, PlaceId, Reason},
    outage::Outage,
    readers::{Device, Readers},
    session::{
        Denial, Event, Identity, State,
        reader::Key,
        technician::{CheckKind, HOLD, HealthCheck, HealthReport},
        visit::{Attempt, Welcome},
    },
    staff::{Digit, Read, Scan, UidForm},
    testing, wiring,
};

use crate::support::headless::Kiosk;

pub(crate) const SIZES: [(&str, Size); 5] = [
    ("800x480", Size::new(800.0, 480.0)),
    ("1280x800", Size::new(1280.0, 800.0)),
    ("1920x1080", Size::new(1920.0, 1080.0)),
    ("1080x1920", Size::new(1080.0, 1920.0)),
    ("3840x2160", Size::new(3840.0, 2160.0)),
];

/// A kiosk whose agent never answers: the test gives the answers.
pub(crate) fn kiosk(size: Size) -> Kiosk {
    desk_or_wall(size, "")
}

/// The same with these lines in its configuration.
pub(crate) fn desk_or_wall(size: Size, keys: &str) -> Kiosk {
    let (agent, port) = agent::channel();
    std::mem::forget(port);
    let text = "[kiosk]\nname = \"Harbour House\"\nlocation = \"Lobby, ground floor\"\nsupport_phone = \"+49 40 1234567\"\n\
                help_url = \"https://example.com/door-help\"\n[doors]\nconfirm = [\"Server room\"]\n[display]\ndim_after_seconds = 1\n";
    let config = Config::parse(&format!("{text}{keys}"), "kiosk.toml".as_ref()).unwrap();
    let (rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    Kiosk::new(Start::Working { rules, labels, agent, guesses_left: 10 }, size)
}

/// Applies an event and drops what it asks the agent for.
pub(crate) fn give(kiosk: &mut Kiosk, event: Event) {
    drop(kiosk.app.update(Message::Session(event)));
}

pub(crate) fn type_digits(kiosk: &mut Kiosk, count: usize) {
    for digit in Digit::ALL.into_iter().cycle().skip(1).take(count) {
        give(kiosk, Event::DigitTouched(digit));
    }
}

pub(crate) fn answer(kiosk: &mut Kiosk, answer: Result<Identity, Denial>) {
    let Some(State::Checking { session, .. }) = testing::state(&kiosk.app) else { panic!("no check is pending") };
    let session = *session;
    give(kiosk, Event::Identified(session, answer));
}

pub(crate) fn doors(count: u64) -> Vec<Door> {
    let names = [
        "Main entrance",
        "Büro 2. Etage",
        "Server room",
        "Bike store",
        "Loading bay",
        "Café",
        "Archive",
        "Roof terrace",
        "Studio (planned)",
        "Delivery entrance Speicherstraße, rear courtyard, 2nd gate left",
    ];
    let since = jiff::civil::date(2026, 11, 24).at(14, 10, 0, 0);
    let states = [
        DoorState::Ready,
        DoorState::Ready,
        DoorState::Ready,
        DoorState::LockedDown(Some(since)),
        DoorState::Offline,
        DoorState::Open,
        DoorState::NeedsReader,
        DoorState::NeedsPosition,
        DoorState::NotSetUp,
    ];
    let door = |number: u64| {
        let index = usize::try_from(number).unwrap();
        let allowance = (index == 1).then_some(Allowance { left: 2, of: 4, again: None });
        let place =
            Place { id: PlaceId::new(1 + number / 6 % 2), name: ["Harbour House", "Annex"][index / 6 % 2].to_owned() };
        Door {
            kisi_name: String::new(),
            id: DoorId::new(101 + number),
            name: names[index % names.len()].to_owned(),
            place: Some(place),
            state: states[index % states.len()],
            allowance,
        }
    };
    (0..count).map(door).collect()
}

pub(crate) fn signed_in(kiosk: &mut Kiosk, count: u64) {
    type_digits(kiosk, 6);
    let welcome = Welcome { name: "Ada".to_owned(), doors: doors(count), language: None, incomplete: false };
    answer(kiosk, Ok(Identity::Person(welcome)));
    thread::sleep(Duration::from_millis(420));
}

pub(crate) fn tapped(kiosk: &mut Kiosk, outcome: Option<Outcome>) {
    signed_in(kiosk, 9);
    give(kiosk, Event::DoorTouched(DoorId::new(101)));
    let Some(State::SignedIn(visit)) = testing::state(&kiosk.app) else { panic!("signed out") };
    let Attempt::Opening(request, ..) = visit.attempt else { panic!("{:?}", visit.attempt) };
    give(kiosk, Event::UnlockRecorded(request, 47_110));
    if let Some(outcome) = outcome {
        give(kiosk, Event::UnlockAnswered(request, outcome));
    }
}

pub(crate) fn refused(status: u16, code: &str) -> Outcome {
    Outcome::Refused(Reason::new(status, Code::new(Some(code))))
}

/// Name of a screen, and the steps that lead to it.
pub(crate) type Scene = (&'static str, fn(&mut Kiosk));

pub(crate) const SCENES: [Scene; 27] = [
    ("01-rest", |_| ()),
    ("02-rest-no-network", |kiosk| {
        drop(kiosk.app.update(Message::Connectivity(Connectivity { outage: Some(Outage::Name) })));
    }),
    ("00-dim", |kiosk| {
        give(kiosk, Event::Ticked);
        thread::sleep(Duration::from_millis(1_050));
        give(kiosk, Event::Ticked);
    }),
    ("03-entry", |kiosk| type_digits(kiosk, 4)),
    ("04-badge-number", |kiosk| {
        give(kiosk, Event::SwitchTouched);
        type_digits(kiosk, 10);
    }),
    ("05-checking", |kiosk| type_digits(kiosk, 6)),
    ("06-denied", |kiosk| {
        type_digits(kiosk, 6);
        answer(kiosk, Err(Denial::NotKnown));
    }),
    ("07-budget", |kiosk| {
        for _ in 0..10 {
            type_digits(kiosk, 6);
            answer(kiosk, Err(Denial::NotKnown));
        }
    }),
    ("08-doors-3", |kiosk| signed_in(kiosk, 3)),
    ("09-doors-9", |kiosk| signed_in(kiosk, 9)),
    ("10-doors-30", |kiosk| signed_in(kiosk, 30)),
    ("11-no-doors", |kiosk| signed_in(kiosk, 0)),
    ("12-sending", |kiosk| tapped(kiosk, None)),
    ("13-accepted", |kiosk| tapped(kiosk, Some(Outcome::Accepted))),
    ("14-refused", |kiosk| tapped(kiosk, Some(refused(403, "34ffaa")))),
    ("15-unknown", |kiosk| tapped(kiosk, Some(Outcome::Unknown(None)))),
    ("16-again", |kiosk| tapped(kiosk, Some(refused(429, "")))),
    ("17-asks", |kiosk| {
        signed_in(kiosk, 9);
        give(kiosk, Event::DoorTouched(DoorId::new(103)));
    }),
    ("18-letters", |kiosk| {
        signed_in(kiosk, 30);
        give(kiosk, Event::FindTouched);
    }),
    ("19-found", |kiosk| {
        signed_in(kiosk, 30);
        for letter in "bu".chars() {
            give(kiosk, Event::LetterTouched(letter));
        }
    }),
    ("20-typed", |kiosk| {
        signed_in(kiosk, 9);
        give(kiosk, Event::KeyPressed(Key::typed('2')));
        tick(kiosk);
    }),
    ("21-technician-pin", held),
    ("22-technician", technician),
    ("23-technician-refused", |kiosk| {
        technician(kiosk);
        let why =
            "the configuration is refused: `/etc/vestibule/kiosk.toml`, line 64: `session.idle_secs` is not a key";
        give(kiosk, Event::ReloadRefused(why.to_owned()));
    }),
    ("24-key-stuck", |kiosk| {
        for key in [Key::Chord, Key::Chord, Key::Chord, Key::Chord, Key::Enter] {
            give(kiosk, Event::KeyPressed(key));
        }
    }),
    ("25-reader-missing", |kiosk| {
        let device = Device::Pcsc { name: String::new(), uid: UidForm { is_decimal: false, is_reversed: false } };
        testing::use_readers(&mut kiosk.app, Readers::new(vec![device]));
    }),
    ("26-not-read", |kiosk| {
        signed_in(kiosk, 9);
        give(kiosk, Event::Scanned(Scan { reader: "serial".to_owned(), read: Read::Garbled }));
    }),
];

/// Ticks as the window does while keys are judged.
fn tick(kiosk: &mut Kiosk) {
    for _ in 0..6 {
        thread::sleep(Duration::from_millis(25));
        give(kiosk, Event::Ticked);
    }
}

/// Holds the clock until the technician PIN is asked for.
pub(crate) fn held(kiosk: &mut Kiosk) {
    give(kiosk, Event::ClockTouched);
    thread::sleep(HOLD + Duration::from_millis(20));
    give(kiosk, Event::Ticked);
}

pub(crate) fn technician(kiosk: &mut Kiosk) {
    held(kiosk);
    type_digits(kiosk, 8);
    let fact = |what, value: &str, is_good| HealthCheck { what, value: value.to_owned(), is_good };
    let facts = vec![
        fact(CheckKind::Network, "no answer", false),
        fact(CheckKind::Clock, "± 0 s", true),
        fact(CheckKind::Logins, "241, 2 ✗", false),
        fact(CheckKind::Disk, "31 %", true),
        fact(CheckKind::Configuration, "0a1b2c3d4e5f", true),
        fact(CheckKind::Version, "0.1.0", true),
    ];
    let last = ["Main entrance: accepted", "Server room: refused: NotYours, fcd8ef", "Loading bay: unknown"];
    let last = last.into_iter().cycle().take(4).map(|line| format!("24. 09:41  {line}")).collect();
    let hash = "5f".repeat(32);
    let diagnostics = format!("vestibule\nNetwork: no answer\nClock: 0 s\nAudit head: 4711:{hash}");
    answer(kiosk, Ok(Identity::Technician(Box::new(HealthReport { facts, last, diagnostics }))));
}

/// Asserts that no text overlaps another or leaves the window.
pub(crate) fn check(texts: &[(String, Rectangle)], size: Size, what: &str) {
    let window = Rectangle::with_size(size);
    for (index, (text, bounds)) in texts.iter().enumerate() {
        assert!(bounds.is_within(&window), "{what}: `{text}` is cut off");
        for (other, others) in &texts[index + 1..] {
            let shared = bounds.intersection(others).map_or(0.0, |shared| shared.width.min(shared.height));
            assert!(shared < 1.0, "{what}: `{text}` and `{other}` overlap: {bounds:?} {others:?}");
        }
    }
}

pub(crate) fn save(file: &Path, size: Size, picture: &[u8]) {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole pixels")]
    let mut encoder = png::Encoder::new(fs::File::create(file).unwrap(), size.width as u32, size.height as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header().unwrap().write_image_data(picture).unwrap();
}
