//! Whole kiosks of a fleet: shipped window, session, agent and client, a real PostgreSQL, a simulated Kisi. People are
//! enrolled on an admin's machine, and kiosks join by their code.

use std::{net::SocketAddr, thread, time::Duration};

use crate::support::{
    fault_proxy::{End, NetworkFaults, Proxy, Way},
    fleet::Fleet,
    headless::{BADGE, Kiosk, Site, english, now},
    postgres::Postgres,
};

/// More than the 400 ms in which the kiosk drops touches meant for the screen before.
const REACH: Duration = Duration::from_millis(450);
const ADA: &str = "ada@example.com";

/// Waits until the database says so.
#[track_caller]
fn becomes(db: &Postgres, sql: &str, wanted: &str, at_most: Duration) {
    let begin = now();
    loop {
        let value = db.value(sql);
        if value == wanted {
            return;
        }
        assert!(begin.elapsed() < at_most, "{sql}: {value} instead of {wanted}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until all kiosks are connected and have compared their copies.
fn connected(db: &Postgres, kiosks: usize) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'";
    becomes(db, sql, &kiosks.to_string(), Duration::from_secs(10));
    thread::sleep(Duration::from_millis(300));
}

fn sign_out(kiosk: &mut Kiosk) {
    kiosk.wait(REACH);
    kiosk.tap(&english().say("sign-out"));
}

#[test]
fn a_person_enrolled_once_signs_in_at_every_kiosk_and_one_limit_counts_them_all() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let (lobby, garage) = (fleet.kiosk("Lobby", ""), fleet.kiosk("Garage", ""));
    db.in_fleet("UPDATE vestibule.fleet SET per_day = 3");
    let (mut first, mut second) = (lobby.kiosk(), garage.kiosk());
    connected(&db, 2);
    let pin = fleet.enrol(ADA, Some(BADGE));
    for kiosk in [&mut first, &mut second] {
        kiosk.type_pin(&pin);
        assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
        kiosk.wait(REACH);
        kiosk.tap_door("Main entrance");
        assert!(kiosk.shows("Accepted"), "{:?}", kiosk.texts());
        sign_out(kiosk);
    }
    kisi.kisi.with(|world| assert_eq!(world.unlocks(), 2));
    // Their login is one and the same: there is one login at Kisi beside the admin's.
    let logins = kisi.kisi.with(|world| world.logins.values().filter(|login| login.person == 2).count());
    assert_eq!(logins, 1, "one login for the person and the fleet");
    // By badge, from the copy that the PIN brought or not: the third opens, the fourth is over the limit.
    for (kiosk, said) in [(&mut second, "Accepted"), (&mut first, "limit")] {
        kiosk.scan(BADGE);
        assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
        kiosk.wait(REACH);
        kiosk.tap_door("Main entrance");
        assert!(kiosk.texts().iter().any(|text| text.contains(said)), "{said}: {:?}", kiosk.texts());
        sign_out(kiosk);
    }
    kisi.kisi.with(|world| assert_eq!(world.unlocks(), 3));
    let wait = Duration::from_secs(10);
    becomes(&db, "SELECT count(*) FROM vestibule.intents WHERE result = 'accepted' AND NOT offline", "3", wait);
    drop((first, second));
    // Every record of both kiosks arrives.
    let records = lobby.audit().len() + garage.audit().len();
    assert!(16 <= records, "{records}");
}

#[test]
fn a_suspension_ends_the_visit_and_reaches_every_copy_within_two_seconds() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let mut kiosk = lobby.kiosk();
    connected(&db, 1);
    let pin = fleet.enrol(ADA, None);
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
    let suspended = fleet.people(&["suspend", ADA]);
    assert_eq!(suspended[0]["result"], "suspended");
    let took = kiosk.wait_for(Duration::from_secs(5), Kiosk::is_at_rest);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(lobby.directory().copies().unwrap(), []);
    kiosk.type_pin(&pin);
    assert!(!kiosk.shows("Main entrance"));
    let _ = fleet.people(&["resume", ADA]);
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
}

#[test]
fn while_the_database_is_away_copies_serve_within_a_share_and_intents_follow() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let (lobby, _garage) = (fleet.kiosk("Lobby", ""), fleet.kiosk("Garage", ""));
    db.in_fleet("UPDATE vestibule.fleet SET per_day = 4");
    let mut kiosk = lobby.kiosk();
    connected(&db, 1);
    let (pin, other) = (fleet.enrol(ADA, None), fleet.enrol("grace@example.com", None));
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
    sign_out(&mut kiosk);
    db.on_server("ALTER DATABASE fleet ALLOW_CONNECTIONS false");
    db.on_server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'");
    thread::sleep(Duration::from_millis(200));
    // Grace was never here.
    kiosk.type_pin(&other);
    assert!(kiosk.shows(&english().say("not-here")), "{:?}", kiosk.texts());
    let begin = now();
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
    assert!(begin.elapsed() < Duration::from_millis(1_500), "{:?}", begin.elapsed());
    // Two kiosks share a limit of four.
    for said in ["Accepted", "Accepted", "limit"] {
        kiosk.wait(Duration::from_secs(4));
        if kiosk.is_at_rest() {
            kiosk.type_pin(&pin);
            kiosk.wait(REACH);
        }
        kiosk.tap_door("Main entrance");
        assert!(kiosk.texts().iter().any(|text| text.contains(said)), "{said}: {:?}", kiosk.texts());
    }
    kisi.kisi.with(|world| assert_eq!(world.unlocks(), 2));
    db.on_server("ALTER DATABASE fleet ALLOW_CONNECTIONS true");
    let sql = "SELECT count(*) FROM vestibule.intents WHERE result = 'accepted' AND offline";
    becomes(&db, sql, "2", Duration::from_secs(15));
}

/// The database goes away for everybody.
fn goes_away(db: &Postgres) {
    db.on_server("ALTER DATABASE fleet ALLOW_CONNECTIONS false");
    db.on_server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'");
    thread::sleep(Duration::from_millis(200));
}

/// The way to the database breaks in every way at any moment: somebody who was here signs in by a copy within a second,
/// nothing hangs, and the kiosk is connected again by itself.
#[test]
fn whatever_the_network_does_a_copy_signs_in_within_a_second() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let mut lobby = fleet.kiosk("Lobby", "");
    let target: SocketAddr = format!("127.0.0.1:{}", db.port()).parse().unwrap();
    let proxy = Proxy::start(target);
    lobby.config.fleet.url = format!("{}/fleet", proxy.base_url().replace("http://127.0.0.1", "postgres://localhost"));
    let pin = fleet.enrol(ADA, None);
    let mut kiosk = lobby.kiosk();
    connected(&db, 1);
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
    sign_out(&mut kiosk);
    let none = NetworkFaults::default();
    let mut longest = Duration::ZERO;
    // Cut in the middle of saying hello and of comparing copies.
    let later =
        [3_000, 6_000].map(|bytes| NetworkFaults { after: Some((Way::Down, bytes, End::Stall)), close: true, ..none });
    for faults in NetworkFaults::kinds().into_iter().chain(later) {
        proxy.set(faults);
        for pause in [0, 1_200] {
            thread::sleep(Duration::from_millis(pause));
            let begin = now();
            kiosk.type_pin(&pin);
            let took = begin.elapsed();
            assert!(kiosk.shows("Main entrance"), "{faults:?}: {:?}", kiosk.texts());
            assert!(took < Duration::from_millis(1_500), "{faults:?}: {took:?}");
            longest = longest.max(took);
            sign_out(&mut kiosk);
        }
        proxy.set(none);
        let begin = now();
        while lobby.directory().fleet_state().unwrap().is_none()
            || db.value("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'") == "0"
        {
            assert!(begin.elapsed() < Duration::from_secs(10), "{faults:?}: not back");
            thread::sleep(Duration::from_millis(50));
        }
    }
    println!("the longest sign-in by a copy took {longest:?}");
}

/// A kiosk that starts while the database is away serves whom it saw, for as many days as it may.
#[test]
fn a_kiosk_that_starts_alone_serves_whom_it_saw() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let (mut lobby, strict) = (fleet.kiosk("Lobby", ""), fleet.kiosk("Vault", "[fleet]\noffline = \"refuse\"\n"));
    let forgetful = fleet.kiosk("Gate", "[fleet]\noffline_days = 0\n");
    let _ = fleet.enrol(ADA, Some(BADGE));
    for site in [&lobby, &strict, &forgetful] {
        let mut kiosk = site.kiosk();
        connected(&db, 1);
        kiosk.scan(BADGE);
        assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
        drop(kiosk);
        becomes(&db, "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'", "0", Duration::from_secs(5));
    }
    goes_away(&db);
    // Refused without a word to Kisi, opened, and nobody known.
    for (site, signs_in, opens) in [(&strict, true, false), (&lobby, true, true), (&forgetful, false, false)] {
        let mut kiosk = site.kiosk();
        kiosk.scan(BADGE);
        assert_eq!(kiosk.shows("Main entrance"), signs_in, "{:?}", kiosk.texts());
        if !signs_in {
            assert!(kiosk.shows(&english().say("not-here")), "{:?}", kiosk.texts());
            continue;
        }
        let before = kisi.kisi.with(|world| world.unlocks());
        kiosk.wait(REACH);
        kiosk.tap_door("Main entrance");
        assert_eq!(kisi.kisi.with(|world| world.unlocks()) - before, u64::from(opens), "{:?}", kiosk.texts());
    }
    // A copy of another day, or one whose day was changed from outside, serves nobody.
    let file = lobby.folder.path().join("directory.sqlite");
    let db = rusqlite::Connection::open(&file).unwrap();
    let _ = db.execute("UPDATE copies SET at = at - 60000", []).unwrap();
    drop(db);
    lobby.config.fleet.offline_days = 7;
    let mut kiosk = lobby.kiosk();
    kiosk.scan(BADGE);
    assert!(kiosk.shows(&english().say("not-here")), "{:?}", kiosk.texts());
}
