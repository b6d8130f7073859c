//! Random mutations of external input: configuration, staff lists, scans, beacons, audit heads, Kisi's answers. Each
//! gives a value or a clear error, never a panic.
//!
//! `VESTIBULE_MUTATIONS=1000000 cargo test mutated` is the long form.

use std::path::Path;

use vestibule::{
    config::{Config, SAMPLE},
    enrol::list::{self, Encoding},
    error_chain::Chain,
    kisi::{Client, Device},
    proximity::Beacon,
    secret::Secret,
    simulator::{Simulator, fault::Fault},
    staff::{Badge, BadgeFormat, BadgeProfile},
    store::audit::Head,
};

use crate::support::tls::{plain, sample};

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
    const LIST: &str = "email,name,badge\nada@example.com,Ada Lind,0012345678\ngrace@example.com,\"Moreau, Grace\",\n";
    let (mut mutator, mut read) = (Mutator::new(2), 0);
    for _ in 0..mutations() {
        match list::read(&mutator.change(LIST.as_bytes()), Encoding::Unicode, &BadgeProfile::plain()) {
            Ok(list) => {
                read += 1;
                assert!(list.candidates.iter().all(|candidate| candidate.email.contains('@')));
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
