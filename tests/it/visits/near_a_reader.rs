//! Doors that ask for their reader, with beacons that come over a real D-Bus from a stand-in for BlueZ.

use std::time::Duration;

use vestibule::{
    app,
    beacons::{ListenerState, Nearby},
    door::DoorId,
    platform::suspend,
    store::audit::Log,
    wiring,
};

use crate::support::{
    bluez::{Bluez, frame_of},
    headless::{BADGE, Kiosk, Site, WIDE, english, now},
};

/// Time between two touches that both count.
const REACH: Duration = Duration::from_millis(450);
/// The door that asks for its reader, and another one that does.
const ARCHIVE: u64 = 107;

/// A site with one person, and a kiosk that listens on this bus.
fn site(bluez: &Bluez) -> (Site, Kiosk, Nearby) {
    let site = Site::with(|_| {}, "[session]\nidle_seconds = 150\nmax_seconds = 600\n");
    let _ = site.enrol("ada@example.com", Some(BADGE), false);
    let (kiosk, nearby) = kiosk(&site, bluez);
    (site, kiosk, nearby)
}

fn kiosk(site: &Site, bluez: &Bluez) -> (Kiosk, Nearby) {
    let directory = site.directory();
    let log = Log::open(directory.folder(), directory.audit_key()).unwrap();
    let mut parts = wiring::agent(&site.config, directory, log, site.client()).unwrap();
    parts.nearby = Nearby::new(suspend::time_suspended).listening_on(bluez.bus());
    let nearby = parts.nearby.clone();
    let (rules, labels) = (Box::new(wiring::rules(&site.config)), wiring::labels(&site.config));
    let agent = vestibule::agent::start(parts, || Err(std::fmt::Error)).unwrap();
    (Kiosk::new(app::Start::Working { rules, labels, agent, guesses_left: 10 }, WIDE), nearby)
}

/// Whether the tile of the archive is a button.
fn is_ready(kiosk: &Kiosk) -> bool {
    !kiosk.texts().iter().any(|text| text.starts_with("Only at the reader"))
}

/// Shows the page with the archive.
fn to_archive(kiosk: &mut Kiosk) {
    kiosk.scan(BADGE);
    kiosk.wait(REACH);
    kiosk.turn_to("Archive");
}

/// The reader sends while `shows` is not true.
#[track_caller]
fn hear_until(kiosk: &mut Kiosk, bluez: &Bluez, site: &Site, at_most: Duration, shows: impl Fn(&Kiosk) -> bool) {
    let begin = now();
    while !shows(kiosk) {
        assert!(begin.elapsed() < at_most, "not within {at_most:?}: {:?}", kiosk.texts());
        bluez.hears_readers(&site.kisi, &[ARCHIVE]);
        kiosk.wait(Duration::from_millis(100));
    }
}

#[test]
fn a_door_is_a_button_while_its_reader_is_heard() {
    let bluez = Bluez::start();
    let (site, mut kiosk, _) = site(&bluez);
    kiosk.wait(Duration::from_millis(500));
    assert_eq!(bluez.calls(), Vec::<String>::new(), "nobody is signed in: the radio is quiet");
    to_archive(&mut kiosk);
    assert!(!is_ready(&kiosk), "{:?}", kiosk.texts());
    kiosk.tap("Archive");
    bluez.wait_for(true);
    bluez.hears_readers(&site.kisi, &[ARCHIVE]);
    let took = kiosk.wait_for(Duration::from_secs(2), is_ready);
    println!("a button {} ms after the beacon", took.as_millis());
    kiosk.tap("Archive");
    assert!(kiosk.shows("Accepted"), "{:?}", kiosk.texts());
    assert_eq!(site.kisi.with(|world| world.unlocks()), 1);
    kiosk.wait(REACH);
    kiosk.tap(&english().say("other-doors"));
    kiosk.wait(REACH);
    // Five seconds after the last beacon it is no button any more.
    let _ = kiosk.wait_for(Duration::from_secs(8), |kiosk| !is_ready(kiosk));
    kiosk.tap("Archive");
    kiosk.wait(REACH);
    assert_eq!(site.kisi.with(|world| world.unlocks()), 1);
    hear_until(&mut kiosk, &bluez, &site, Duration::from_secs(3), is_ready);
}

/// The rules of the bus that let through what these devices change, and whether one lets through everything of BlueZ.
fn rules(bluez: &Bluez) -> (Vec<String>, bool) {
    let (of_devices, others): (Vec<_>, Vec<_>) =
        bluez.match_rules().into_iter().partition(|rule| rule.contains("/hci0/dev_"));
    let is_everything = |rule: &String| rule.contains("sender") && !rule.contains("interface");
    (of_devices, others.iter().any(is_everything))
}

/// In an office almost all signals are of other devices. While the reader is heard, the bus sends all of them only in one scan
/// of five, and the kiosk does not lose a reader by that.
#[test]
fn other_devices_are_mostly_not_sent_and_every_reader_is_heard() {
    let bluez = Bluez::start();
    let (site, mut kiosk, nearby) = site(&bluez);
    to_archive(&mut kiosk);
    bluez.wait_for(true);
    assert_eq!(rules(&bluez), (Vec::new(), true));
    bluez.hears("headphones", &[7; 9], -60);
    bluez.hears("another", &[7; 9], -60);
    hear_until(&mut kiosk, &bluez, &site, Duration::from_secs(3), is_ready);
    let few = |kiosk: &mut Kiosk| {
        let begin = now();
        while rules(&bluez).1 {
            assert!(begin.elapsed() < Duration::from_secs(13), "everything is sent: {:?}", bluez.match_rules());
            bluez.hears_readers(&site.kisi, &[ARCHIVE]);
            kiosk.wait(Duration::from_millis(100));
        }
    };
    few(&mut kiosk);
    assert_eq!(rules(&bluez).0.len(), 1, "{:?}", bluez.match_rules());
    assert!(is_ready(&kiosk));
    // Another device, which BlueZ knows by other data, becomes the reader, as when it changes its address. It is looked for
    // before the last code of the first one runs out.
    let _ = kiosk.wait_for(Duration::from_secs(6), |kiosk| {
        bluez.hears("another", &frame_of(&site.kisi, ARCHIVE), -60);
        assert!(is_ready(kiosk), "the reader was lost");
        rules(&bluez).0.len() == 2
    });
    few(&mut kiosk);
    // The same person again, at once: any device may be a reader.
    kiosk.tap(&english().say("sign-out"));
    to_archive(&mut kiosk);
    let _ = kiosk.wait_for(Duration::from_secs(1), |_| rules(&bluez).1);
    // Nobody hears the reader: everything is sent for as long as that lasts, and a device that BlueZ knows is heard at once.
    kiosk.wait(Duration::from_secs(14));
    assert!(rules(&bluez).1 && !is_ready(&kiosk));
    bluez.hears("another", &frame_of(&site.kisi, ARCHIVE), -60);
    let _ = kiosk.wait_for(Duration::from_secs(1), is_ready);
    // Other doors.
    nearby.want([108].into_iter().map(DoorId::new), std::iter::empty());
    let _ = kiosk.wait_for(Duration::from_secs(1), |_| rules(&bluez) == (Vec::new(), true));
    bluez.hears("headphones", &frame_of(&site.kisi, 108), -60);
    let _ = kiosk.wait_for(Duration::from_secs(1), |_| nearby.proof(DoorId::new(108)).is_some());
    assert_eq!(rules(&bluez).0.len(), 1);
    // So many devices that send what a reader sends are not followed one by one.
    let mut frame = frame_of(&site.kisi, 108);
    for n in 0..60 {
        frame[21] = n;
        bluez.hears(&format!("{n}"), &frame, -60);
    }
    kiosk.wait(Duration::from_secs(12));
    assert_eq!((rules(&bluez).0.len(), rules(&bluez).1), (32, true));
}

/// BlueZ takes its time to end a scan and to begin another one. What is heard meanwhile is not taken for old.
#[test]
fn a_slow_bluetooth_service_does_not_make_the_kiosk_deaf() {
    let bluez = Bluez::start();
    let (site, mut kiosk, _) = site(&bluez);
    to_archive(&mut kiosk);
    bluez.wait_for(true);
    bluez.slow_down(Duration::from_millis(1_200));
    hear_until(&mut kiosk, &bluez, &site, Duration::from_secs(3), is_ready);
    let begin = now();
    while begin.elapsed() < Duration::from_secs(15) {
        bluez.hears_readers(&site.kisi, &[ARCHIVE]);
        kiosk.wait(Duration::from_millis(100));
        assert!(is_ready(&kiosk), "{:?} {:?}", begin.elapsed(), kiosk.texts());
    }
}

/// The code rotates while the person waits. The same code is told again as long as the reader is near: a door stays a button
/// for longer than a code counts.
#[test]
fn a_door_stays_a_button_while_its_reader_sends_and_its_code_rotates() {
    let bluez = Bluez::start();
    let (site, mut kiosk, _) = site(&bluez);
    to_archive(&mut kiosk);
    bluez.wait_for(true);
    hear_until(&mut kiosk, &bluez, &site, Duration::from_secs(3), is_ready);
    let begin = now();
    while begin.elapsed() < Duration::from_secs(7) {
        bluez.hears_readers(&site.kisi, &[ARCHIVE]);
        kiosk.wait(Duration::from_millis(300));
        assert!(is_ready(&kiosk), "{:?} {:?}", begin.elapsed(), kiosk.texts());
    }
    let before = frame_of(&site.kisi, ARCHIVE);
    site.kisi.with(|world| world.clock.advance(Duration::from_secs(90)));
    assert_ne!(frame_of(&site.kisi, ARCHIVE), before, "the code has rotated");
    bluez.hears_readers(&site.kisi, &[ARCHIVE]);
    kiosk.wait(Duration::from_millis(300));
    kiosk.tap("Archive");
    assert!(kiosk.shows("Accepted"), "the new code is sent: {:?}", kiosk.texts());
}

/// Beacons of other doors, of no reader, of another company, cut short, and from somebody who is not BlueZ.
#[test]
fn nothing_but_the_doors_own_reader_makes_it_a_button() {
    let bluez = Bluez::start();
    let (site, mut kiosk, nearby) = site(&bluez);
    to_archive(&mut kiosk);
    bluez.wait_for(true);
    let real = frame_of(&site.kisi, ARCHIVE);
    let mut other_uuid = real.clone();
    other_uuid[5] ^= 1;
    for _ in 0..3 {
        bluez.hears("01", &frame_of(&site.kisi, 4_711), 127);
        bluez.hears("02", &other_uuid, -60);
        bluez.hears_with("03", 0x0059, &real, Some(-60));
        bluez.hears("04", &real[..22], -60);
        bluez.hears("05", &[], i16::MAX);
        bluez.hears("06", &[0xff; 300], -60);
        bluez.forge(&real);
        kiosk.wait(Duration::from_millis(200));
    }
    assert!(!is_ready(&kiosk), "{:?}", kiosk.texts());
    assert_eq!(nearby.proof(DoorId::new(4_711)), None, "a lock of nobody's doors");
    // A strength that no receiver can report does not matter.
    for signal in [i16::MIN, 127, -128, 21] {
        bluez.hears("07", &real, signal);
    }
    let _ = kiosk.wait_for(Duration::from_secs(2), is_ready);
    kiosk.tap("Archive");
    assert!(kiosk.shows("Accepted"));
}

#[test]
fn the_radio_is_quiet_at_rest_and_stays_on_for_a_minute_after_a_door_that_asks_for_its_reader() {
    let bluez = Bluez::start();
    let (site, mut kiosk, nearby) = site(&bluez);
    kiosk.scan(BADGE);
    bluez.wait_for(true);
    assert_eq!(nearby.state(), ListenerState::Listening("hci0".to_owned()));
    let begin = now();
    kiosk.wait(REACH);
    kiosk.tap(&english().say("sign-out"));
    kiosk.wait(Duration::from_secs(50));
    assert!(bluez.is_discovering(), "she was shown the archive a moment ago");
    let _ = kiosk.wait_for(Duration::from_secs(20), |_| !bluez.is_discovering());
    let after = begin.elapsed();
    assert!(Duration::from_mins(1) <= after, "{after:?}");
    assert_eq!(nearby.state(), ListenerState::Quiet);
    // A visit without such a door does not end the minute of the one before.
    kiosk.scan(BADGE);
    bluez.wait_for(true);
    kiosk.wait(REACH);
    kiosk.tap(&english().say("sign-out"));
    site.kisi.with(|world| world.doors.values_mut().for_each(|door| door.reader = false));
    kiosk.wait(Duration::from_millis(5_100));
    kiosk.scan(BADGE);
    let _ = kiosk.wait_for(Duration::from_secs(5), |kiosk| !kiosk.remembers());
    kiosk.wait(REACH);
    kiosk.tap(&english().say("sign-out"));
    kiosk.wait(Duration::from_secs(2));
    assert!(bluez.is_discovering(), "the minute is not over");
    let _ = kiosk.wait_for(Duration::from_secs(70), |_| !bluez.is_discovering());
    // Nobody's door asks for a reader now.
    kiosk.scan(BADGE);
    bluez.wait_for(true);
    let _ = kiosk.wait_for(Duration::from_secs(5), |kiosk| !kiosk.remembers());
    kiosk.wait(REACH);
    kiosk.tap(&english().say("sign-out"));
    bluez.wait_for(false);
}

/// Two doors whose beacons look the same have no proof, although one of them is hidden at this kiosk.
#[test]
fn a_hidden_door_that_looks_the_same_takes_the_proof_away() {
    let bluez = Bluez::start();
    let site = Site::with(
        |world| {
            let mut vault = world.doors[&ARCHIVE].clone();
            (vault.id, vault.name) = (ARCHIVE + (1 << 22), "Vault".to_owned());
            for group in world.groups.values_mut().filter(|group| group.doors.contains(&ARCHIVE)) {
                group.doors.push(vault.id);
            }
            let _ = world.doors.insert(vault.id, vault);
        },
        "[doors]\nhide = [\"Vault\"]\n",
    );
    let _ = site.enrol("ada@example.com", Some(BADGE), false);
    let (mut kiosk, nearby) = kiosk(&site, &bluez);
    to_archive(&mut kiosk);
    bluez.wait_for(true);
    bluez.hears_readers(&site.kisi, &[ARCHIVE]);
    kiosk.wait(REACH);
    assert!(!is_ready(&kiosk) && nearby.proof(DoorId::new(ARCHIVE)).is_none());
}

/// Part of what is said of it, and how Bluetooth is lost.
type Loss = (&'static str, fn(&mut Bluez));

#[test]
fn the_adapter_and_the_service_may_go_and_come_back() {
    let mut bluez = Bluez::without_service();
    let (site, mut kiosk, nearby) = site(&bluez);
    to_archive(&mut kiosk);
    let says = |nearby: &Nearby, why: &str| matches!(nearby.state(), ListenerState::Fault(said) if said.contains(why));
    let _ = kiosk.wait_for(Duration::from_secs(10), |_| says(&nearby, "does not run"));
    assert!(!is_ready(&kiosk));
    bluez.begin_service();
    bluez.add_adapters_that_are_off();
    let back = Duration::from_secs(12);
    hear_until(&mut kiosk, &bluez, &site, back, is_ready);
    assert_eq!(nearby.state(), ListenerState::Listening("hci0".to_owned()));
    let losses: [Loss; 3] = [
        ("is gone or switched off", |bluez| bluez.power(false)),
        ("is gone or switched off", |bluez| bluez.unplug()),
        ("does not run", Bluez::end_service),
    ];
    for (why, lose) in losses {
        lose(&mut bluez);
        let took = kiosk.wait_for(Duration::from_secs(3), |kiosk| !is_ready(kiosk));
        assert!(took < Duration::from_secs(2), "at once, not when the code is stale: {took:?}");
        // It may say by now what it finds at the next attempt.
        assert!(
            says(&nearby, why) || says(&nearby, "switched off") || says(&nearby, "no Bluetooth"),
            "{:?}",
            nearby.state()
        );
        if why == "does not run" {
            bluez.begin_service();
        }
        bluez.power(true);
        hear_until(&mut kiosk, &bluez, &site, back, is_ready);
    }
    kiosk.tap("Archive");
    assert!(kiosk.shows("Accepted"), "{:?}", kiosk.texts());
}
