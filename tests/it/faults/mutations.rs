//! Random mutations of external input: configuration, staff lists, scans, beacons, audit heads, Kisi's answers. Each
//! gives a value or a clear error, never a panic.
//!
//! `VESTIBULE_MUTATIONS=1000000 cargo test mutated` is the long form.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use vestibule::{
    config::{Config, SAMPLE},
    door::{DoorId, Outcome},
    enrol::list::{self, Encoding},
    error_chain::Chain,
    kisi::{Client, Device, Settings},
    proximity::Beacon,
    secret::Secret,
    simulator::{Simulator, fault::Fault},
    staff::{Badge, BadgeFormat, BadgeProfile},
    store::audit::Head,
};

use crate::support::{
    raw_server::RawServer,
    tls::{plain, sample},
};

/// Mutations per test by default. Kisi's answers need a request each and get a twentieth of them.
const MUTATIONS: usize = 20_000;

fn mutations() -> usize {
    std::env::var("VESTIBULE_MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap())
}

/// A mutator with a fixed seed: the same changes in every run.
struct Mutator(fastrand::Rng);

impl Mutator {
    fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// One to four changes: a byte is replaced, removed or inserted, the tail is doubled or cut off, or a token that
    /// parsers dislike is inserted.
    fn change(&mut self, original: &[u8]) -> Vec<u8> {
        const NASTY: [&[u8]; 10] = [
            b"null",
            b"-1",
            b"1e999",
            b"\"",
            b"{",
            b"]",
            b"\0",
            "\u{202e}".as_bytes(),
            b"99999999999999999999",
            b"\xff\xfe",
        ];
        let mut bytes = original.to_vec();
        for _ in 0..=self.0.usize(..4) {
            let at = self.0.usize(..bytes.len().max(1));
            match self.0.u8(..6) {
                0 if !bytes.is_empty() => bytes[at] = self.0.u8(..),
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                2 => bytes.truncate(at),
                3 => {
                    let piece = bytes[at..].to_vec();
                    bytes.extend(piece);
                }
                4 => bytes.insert(at, self.0.u8(..)),
                _ => {
                    let nasty = NASTY[self.0.usize(..NASTY.len())];
                    let _ = bytes.splice(at..at, nasty.iter().copied());
                }
            }
        }
        bytes
    }
}

/// F42: a mutated configuration is accepted, or refused with an error that names its file.
#[test]
fn a_mutated_configuration_is_read_or_refused_by_name() {
    let (mut mutator, mut read) = (Mutator::new(1), 0);
    for _ in 0..mutations() {
        let text = String::from_utf8_lossy(&mutator.change(SAMPLE.as_bytes())).into_owned();
        match Config::parse(&text, Path::new("kiosk.toml")) {
            Ok(_) => read += 1,
            Err(error) => assert!(Chain(&error).to_string().contains("kiosk.toml"), "{}", Chain(&error)),
        }
    }
    assert!(0 < read && read < mutations(), "{read} were read");
}

#[test]
fn a_mutated_list_of_staff_is_read_or_refused_with_its_row() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/staff/lists");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let lists: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let encodings = [Encoding::Unicode, Encoding::Windows1252, Encoding::MacRoman];
    let (mut mutator, mut read) = (Mutator::new(2), 0);
    for number in 0..mutations() {
        let changed = mutator.change(&lists[number % lists.len()]);
        match list::read(&changed, encodings[number % 3], &BadgeProfile::plain()) {
            Ok(list) => {
                read += 1;
                for one in &list.candidates {
                    assert_eq!(one.email.matches('@').count(), 1, "{:?}", one.email);
                    assert!(one.name.chars().all(|c| !list::is_hidden(c)), "{:?}", one.name);
                    assert!(one.name.chars().count() <= 512, "{:?}", one.name);
                    assert!(1 < one.row && one.row <= 1 + changed.len(), "{}", one.row);
                }
            }
            Err(error) => assert!(!Chain(&error).to_string().is_empty()),
        }
    }
    assert!(0 < read && read < mutations(), "{read} were read");
}

/// F51: a mutated scan is refused or gives a badge within the limits of its profile.
#[test]
fn mutated_readings_beacons_and_heads_are_within_their_limits_or_nothing() {
    let mut mutator = Mutator::new(3);
    let formats = [BadgeFormat::AsRead, BadgeFormat::Decimal, BadgeFormat::Hex, BadgeFormat::Wiegand];
    for number in 0..mutations() {
        let format = formats[number % 4];
        let profile = BadgeProfile { format, separators: ":- ".into(), max_length: 20, ..BadgeProfile::plain() };
        let raw = String::from_utf8_lossy(&mutator.change(b"04:A1:B2:C3:D4")).into_owned();
        if let Some(badge) = Badge::scan(&raw, &profile) {
            assert!((1..=20).contains(&badge.expose().len()) && badge.expose().is_ascii(), "{raw:?}");
        }
        let _ = Beacon::decode(&mutator.change(&[0x02; 23]));
        let text = "17:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let changed = String::from_utf8_lossy(&mutator.change(text.as_bytes())).into_owned();
        if let Ok(head) = changed.parse::<Head>() {
            assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
        }
    }
}

/// F22, T30, T31: unreadable items are dropped, and names of doors hold no control characters or bidi overrides.
#[test]
fn a_mutated_answer_of_kisi_is_doors_or_a_clear_error() {
    let (world, admin) = sample();
    let kisi = Simulator::start(world).unwrap();
    let client = Client::new(&plain(&kisi.base_url())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let device = Device { name: "Lobby", model: "kiosk" };
    let login = runtime.block_on(client.create_login(&Secret::new(admin), device, "ada@example.com")).unwrap();
    let answer = br#"[{"id": 7, "name": "Main entrance", "order_id": 1, "configured": true, "online": null, "place_id": 3,
        "place": {"id": 3, "name": "Harbour House"}, "locked_down": false}, {"id": 8, "name": "Caf\u00e9", "unlocked": true}]"#;
    let (mut mutator, mut read) = (Mutator::new(4), 0);
    let count = mutations() / 20;
    for _ in 0..count {
        let body = String::from_utf8_lossy(&mutator.change(answer)).into_owned();
        kisi.with(|world| {
            world.faults =
                vec![Fault { path: Some("/locks".into()), status: Some(200), body: Some(body), ..Fault::default() }];
        });
        match runtime.block_on(client.doors(&login.secret)) {
            Ok(list) => {
                read += 1;
                for door in list.doors {
                    assert!(!door.name.is_empty() && door.name.chars().all(|c| !c.is_control()), "{:?}", door.name);
                    assert!(!door.name.contains('\u{202e}'), "{:?}", door.name);
                }
            }
            Err(error) => assert!(error.outage().is_some(), "{}", Chain(&error)),
        }
    }
    assert!(0 < read && read < count, "{read} were read");
}

/// A mutated response to an unlock is accepted only if it still is Kisi's message, or the beginning of it.
#[test]
fn a_mutated_response_to_an_unlock_is_accepted_only_if_it_is_kisis() {
    let genuine: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\nConnection: close\r\n\r\n{\"message\":\"Unlocked!\"}";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/client/middleboxes");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let boxes: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let answer = Arc::new(Mutex::new(Vec::new()));
    let server = RawServer::changing(Arc::clone(&answer));
    let settings = Settings { timeout: Duration::from_secs(2), ..plain(&server.base_url()) };
    let client = Client::new(&settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut mutator, secret, mut accepted) = (Mutator::new(5), Secret::new("canary".to_owned()), 0);
    let count = mutations() / 20;
    for number in 0..count {
        let original = if number % 2 == 0 { genuine } else { &boxes[number / 2 % boxes.len()] };
        let changed = mutator.change(original);
        answer.lock().unwrap().clone_from(&changed);
        if runtime.block_on(client.unlock(&secret, DoorId::new(101))) != Outcome::Accepted {
            continue;
        }
        accepted += 1;
        let text = String::from_utf8_lossy(&changed).into_owned();
        assert!(text.to_ascii_lowercase().contains("application/json"), "{text}");
        let body = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).map_or("", |(_, body)| body);
        // The length of the first chunk is not part of the body.
        let is_chunked = text.to_ascii_lowercase().contains("chunked");
        let body = if is_chunked { body.split_once('\n').map_or("", |(_, rest)| rest) } else { body };
        let is_beginning = r#"{"message":"Unlocked!"}"#.starts_with(body.trim());
        assert!(text.contains("\"Unlocked!\"") || is_beginning, "{text}");
    }
    assert!(0 < accepted && accepted < count, "{accepted} of {count} were accepted");
}
