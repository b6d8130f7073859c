//! What a kiosk of a fleet says about it: metrics and `/readyz` over HTTP, and the technician's screen. A real PostgreSQL goes
//! away, comes back, and is rolled back.

use std::{thread, time::Duration};

use serde_json::Value;
use vestibule::{
    status::{Status, server},
    wiring,
};

use crate::support::{
    fleet::Fleet,
    headless::{Kiosk, Site, WIDE, english},
    health::{get, is_valid, number, until},
    postgres::Postgres,
};

const ADA: &str = "ada@example.com";
const AWAY: [&str; 2] = [
    "ALTER DATABASE fleet ALLOW_CONNECTIONS false",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'",
];

/// A kiosk with a window, and the address of its health endpoint.
pub(super) fn watched(site: &Site) -> (Kiosk, String) {
    let status = Status::default();
    let start = wiring::start_with(&site.config, site.directory(), site.client(), &status).unwrap();
    let at = server::start("127.0.0.1:0".parse().unwrap(), status).unwrap();
    (Kiosk::new(start, WIDE), format!("http://{at}"))
}

/// Polls `/readyz` until the fleet has this state. Returns the status code and whether the kiosk is ready.
#[track_caller]
fn fleet_is(at: &str, state: &str) -> (u16, bool) {
    let url = format!("{at}/readyz");
    let says = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|said| said["fleet"] == state);
    let said = until(&url, |_, text| says(text));
    let ready = serde_json::from_str::<Value>(&said).unwrap()["ready"].as_bool().unwrap();
    (get(&url).0, ready)
}

/// Polls the metrics until this line is there. Returns all of them.
#[track_caller]
pub(super) fn metrics_with(at: &str, line: &str) -> String {
    until(&format!("{at}/metrics"), |_, text| text.lines().any(|said| said == line))
}

/// Types a PIN, opens the main entrance, and leaves.
#[track_caller]
pub(super) fn opens(kiosk: &mut Kiosk, pin: &str) {
    kiosk.type_pin(pin);
    assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
    kiosk.wait(Duration::from_millis(450));
    kiosk.tap_door("Main entrance");
    assert!(kiosk.shows("Accepted"), "{:?}", kiosk.texts());
    kiosk.wait(Duration::from_millis(450));
    kiosk.tap(&english().say("sign-out"));
    kiosk.wait(Duration::from_millis(450));
}

/// The row of the fleet on the technician's screen. Leaves the screen again.
fn technician_sees(kiosk: &mut Kiosk, pin: &str) -> Option<String> {
    kiosk.hold_the_clock();
    kiosk.type_pin(pin);
    let texts = kiosk.texts();
    assert!(texts.contains(&english().say("technician")), "{texts:?}");
    let at = texts.iter().position(|text| *text == english().say("about-fleet"));
    kiosk.tap(&english().say("done"));
    at.map(|at| texts[at + 1].clone())
}

#[test]
fn metrics_readyz_and_the_technician_follow_a_database_that_goes_away_and_comes_back() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let technician = lobby.directory().issue_technician_pin(&mut |_| Ok(())).unwrap().expose_text();
    let (pin, other) = (fleet.enrol(ADA, None), fleet.enrol("grace@example.com", None));
    let (mut kiosk, at) = watched(&lobby);
    assert_eq!(fleet_is(&at, "connected"), (200, true));
    opens(&mut kiosk, &pin);
    // The first is a look-up in the database; then there is a copy, and the database has every record.
    let metrics = metrics_with(&at, "vestibule_fleet_copies 1");
    for line in [
        "vestibule_fleet_standing{standing=\"connected\"} 1",
        "vestibule_fleet_standing{standing=\"away\"} 0",
        "vestibule_fleet_standing{standing=\"comparing\"} 0",
        "vestibule_fleet_standing{standing=\"rolled_back\"} 0",
        "vestibule_fleet_sign_ins_total{source=\"database\"} 1",
        "vestibule_fleet_sign_ins_total{source=\"copy\"} 0",
        "vestibule_fleet_sign_ins_total{source=\"silent\"} 0",
        "vestibule_fleet_look_up_seconds_count 1",
        "vestibule_fleet_unlocks_alone_total 0",
    ] {
        assert!(metrics.lines().any(|said| said == line), "no {line}: {metrics}");
    }
    is_valid(&metrics);
    let contact = number(&metrics_with(&at, "vestibule_fleet_records_unshipped 0"), CONTACT);
    assert!(1.7e9 < contact, "{contact}");

    for sql in AWAY {
        db.on_server(sql);
    }
    assert_eq!(fleet_is(&at, "away"), (200, true), "copies serve");
    opens(&mut kiosk, &pin);
    kiosk.type_pin(&other);
    assert!(kiosk.shows(&english().say("not-here")), "{:?}", kiosk.texts());
    let metrics = metrics_with(&at, "vestibule_fleet_sign_ins_total{source=\"silent\"} 1");
    for line in [
        "vestibule_fleet_standing{standing=\"connected\"} 0",
        "vestibule_fleet_standing{standing=\"away\"} 1",
        "vestibule_fleet_sign_ins_total{source=\"copy\"} 1",
        "vestibule_fleet_unlocks_alone_total 1",
    ] {
        assert!(metrics.lines().any(|said| said == line), "no {line}: {metrics}");
    }
    assert!(4.0 <= number(&metrics, "vestibule_fleet_records_unshipped"), "{metrics}");
    assert!(!metrics.contains("ada") && !metrics.contains("Lobby"), "{metrics}");
    // The refusal stays for some seconds.
    let _ = kiosk.wait_for(Duration::from_secs(10), |kiosk| !kiosk.shows(&english().say("not-here")));
    let said = technician_sees(&mut kiosk, &technician).unwrap();
    assert!(said.starts_with("away · ") && said.ends_with(" to send"), "{said}");
    // A restart forgets neither the last contact nor what was shipped.
    drop(kiosk);
    let (mut kiosk, at) = watched(&lobby);
    assert_eq!(fleet_is(&at, "away"), (200, true));
    let (_, metrics) = get(&format!("{at}/metrics"));
    assert!(contact <= number(&metrics, CONTACT), "{metrics}");
    assert!((4.0..40.0).contains(&number(&metrics, "vestibule_fleet_records_unshipped")), "{metrics}");

    thread::sleep(Duration::from_secs(1));
    db.on_server("ALTER DATABASE fleet ALLOW_CONNECTIONS true");
    assert_eq!(fleet_is(&at, "connected"), (200, true));
    let metrics = metrics_with(&at, "vestibule_fleet_records_unshipped 0");
    assert!(contact + 1.0 < number(&metrics, CONTACT), "{metrics}");
    let said = technician_sees(&mut kiosk, &technician).unwrap();
    assert!(said.starts_with("connected"), "{said}");
}

const CONTACT: &str = "vestibule_fleet_last_contact_timestamp_seconds";

#[test]
fn a_kiosk_whose_database_was_rolled_back_is_not_ready() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let (_kiosk, at) = watched(&lobby);
    let _ = metrics_with(&at, "vestibule_fleet_records_unshipped 0");
    db.in_fleet("DELETE FROM vestibule.audit");
    db.in_fleet("UPDATE vestibule.heads SET number = 0, hash = decode(repeat('00', 32), 'hex')");
    db.on_server(AWAY[1]);
    assert_eq!(fleet_is(&at, "rolled back"), (503, false));
    let _ = metrics_with(&at, "vestibule_fleet_standing{standing=\"rolled_back\"} 1");
}

#[test]
fn a_kiosk_without_a_fleet_says_nothing_about_one() {
    let site = Site::new();
    let technician = site.directory().issue_technician_pin(&mut |_| Ok(())).unwrap().expose_text();
    let (mut kiosk, at) = watched(&site);
    let ready = until(&format!("{at}/readyz"), |status, _| status == 200);
    let (_, metrics) = get(&format!("{at}/metrics"));
    assert!(!ready.contains("fleet") && !metrics.contains("fleet"), "{ready} {metrics}");
    assert_eq!(technician_sees(&mut kiosk, &technician), None);
}
