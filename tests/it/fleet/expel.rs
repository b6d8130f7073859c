//! A stolen kiosk: cut off, and the logins that it holds are renewed. Settings and sites, by the commands that set them (T42).

use std::{process::Output, time::Duration};

use serde_json::Value;

use crate::support::{
    fleet::Fleet,
    headless::{BADGE, Site},
    postgres::Postgres,
};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const NADIA: &str = "nadia@example.com";

fn lines(done: &Output) -> Vec<Value> {
    let text = String::from_utf8(done.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{done:?}"))).collect()
}

#[test]
fn only_logins_that_the_stolen_kiosk_got_are_renewed_and_the_old_ones_deleted() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let (lobby, garage) = (fleet.kiosk("Lobby", ""), fleet.kiosk("Garage", ""));
    let pins = [fleet.enrol(ADA, None), fleet.enrol(NADIA, None)];
    let _ = fleet.people(&["add", GRACE, "--badge", BADGE]);
    let login = |email: &str| {
        db.value(&format!("SELECT login_id FROM vestibule.staff WHERE email = '{email}'")).parse::<u64>().unwrap()
    };
    let before = [ADA, GRACE, NADIA].map(login);
    {
        let (mut stolen, mut other) = (lobby.kiosk(), garage.kiosk());
        stolen.wait(Duration::from_secs(1));
        stolen.type_pin(&pins[0]);
        assert!(stolen.shows("Main entrance"), "{:?}", stolen.texts());
        stolen.wait(Duration::from_millis(450));
        stolen.tap(&crate::support::headless::english().say("sign-out"));
        stolen.wait(Duration::from_millis(450));
        stolen.scan(BADGE);
        assert!(stolen.shows("Main entrance"), "{:?}", stolen.texts());
        other.type_pin(&pins[1]);
        assert!(other.shows("Hello Nadia"), "{:?}", other.texts());
    }
    let kept: Value = serde_json::from_slice(&lobby.directory().fleet_secrets().unwrap().unwrap()).unwrap();
    let (role, password) =
        (db.value("SELECT role FROM vestibule.kiosks WHERE name = 'Lobby'"), kept["password"].as_str().unwrap());
    assert!(db.connect(&role, password).is_ok());

    // Only listed, then with a key that Kisi does not accept for the second person's renewal, then again.
    let listed = fleet.run(&["fleet", "expel", "Lobby", "--yes", "--no-renew", "--json"]);
    assert_eq!(lines(&listed)[0]["exposed"], serde_json::json!([ADA, GRACE]), "{listed:?}");
    assert!(db.connect(&role, password).is_err(), "nothing from another machine with what it kept");
    assert_eq!([ADA, GRACE, NADIA].map(login), before);
    kisi.kisi.with(|world| world.people.get_mut(&3).unwrap().email = "elsewhere@example.com".to_owned());
    let half = fleet.run(&["fleet", "expel", "Lobby", "--yes", "--json"]);
    assert_eq!(half.status.code(), Some(1), "{half:?}");
    let (last, said) = (lines(&half).pop().unwrap(), lines(&half));
    assert_eq!((&last["renewed"], &last["left"]), (&1.into(), &serde_json::json!([GRACE])));
    let pin = said.iter().find_map(|line| line["pin"].as_str()).expect("a new PIN");
    assert!(String::from_utf8(half.stderr).unwrap().contains("Run this command again"));
    kisi.kisi.with(|world| world.people.get_mut(&3).unwrap().email = GRACE.to_owned());
    let rest = fleet.run(&["fleet", "expel", "Lobby", "--yes", "--json"]);
    assert!(rest.status.success(), "{rest:?}");
    assert_eq!(lines(&rest)[0]["exposed"], serde_json::json!([GRACE]), "who was renewed is not listed any more");
    assert_eq!(lines(&rest).pop().unwrap()["cards"], serde_json::json!([GRACE]));
    assert_eq!(lines(&fleet.run(&["fleet", "expel", "Lobby", "--yes", "--json"]))[0]["exposed"], serde_json::json!([]));

    let after = [ADA, GRACE, NADIA].map(login);
    assert!(before[0] != after[0] && before[1] != after[1] && before[2] == after[2], "{before:?} {after:?}");
    let there = |login: u64| kisi.kisi.with(|world| world.logins.contains_key(&login));
    assert_eq!(before.map(there), [false, false, true]);
    assert_eq!(after.map(there), [true; 3]);
    let mut other = garage.kiosk();
    other.wait(Duration::from_secs(1));
    for (pin, is_in) in [(pins[0].as_str(), false), (pin, true)] {
        other.type_pin(pin);
        assert_eq!(other.shows("Main entrance"), is_in, "{:?}", other.texts());
    }
}

#[test]
fn settings_and_sites_are_set_and_shown() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let set = [
        "set",
        "--per-hour",
        "10",
        "--per-day",
        "40",
        "--offline-days",
        "3",
        "--keep-days",
        "91",
        "--door",
        "123=4",
        "--door",
        "7=2",
    ];
    let doors = serde_json::json!([{"door": 7, "per_day": 2}, {"door": 123, "per_day": 4}]);
    for shown in [fleet.admin.asks(&set), fleet.admin.asks(&["set"]), fleet.admin.asks(&["status"])] {
        assert_eq!((&shown[0]["per_hour"], &shown[0]["per_day"], &shown[0]["doors"]), (&10.into(), &40.into(), &doors));
        assert_eq!((&shown[0]["offline_days"], &shown[0]["keep_days"]), (&3.into(), &91.into()));
    }
    assert_eq!(fleet.admin.asks(&["set", "--door", "7=0", "--per-hour", "0"])[0]["doors"].as_array().unwrap().len(), 1);
    assert!(String::from_utf8(fleet.admin.run(&["status"]).stdout).unwrap().contains("at door 123: at most 4"));
    let _ = fleet.admin.is_refused(&["set", "--door", "123"], 2);
    assert!(fleet.admin.is_refused(&["set", "--offline-days", "91"], 1).contains("out of range"));

    let _ = fleet.enrol(ADA, None);
    let sites = || db.run(db.owner().people()).unwrap()[0].sites.clone();
    let _ = fleet.admin.asks(&["sites", "--add", "Plant", "--zone", "Asia/Tokyo"]);
    assert_eq!(fleet.people(&["sites", ADA, "--site", "hq", "--site", "Plant"])[0]["email"], ADA);
    assert_eq!(sites(), ["HQ", "Plant"]);
    let _ = fleet.people(&["sites", ADA, "--everywhere"]);
    assert!(sites().is_empty());
    assert_eq!(fleet.staff(&["sites", ADA, "--site", "Nowhere"]).status.code(), Some(1));
    assert_eq!(fleet.staff(&["sites", ADA]).status.code(), Some(2));
}

/// Everything that was typed, presented, drawn or handed over, and what the database has of it afterwards (T43).
#[test]
fn the_database_has_no_pin_no_badge_number_no_login_and_no_key() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let pin = fleet.enrol(ADA, Some(BADGE));
    {
        let mut kiosk = lobby.kiosk();
        kiosk.wait(Duration::from_secs(1));
        for wrong in ["918273", "827364"] {
            kiosk.type_pin(wrong);
            kiosk.wait(Duration::from_secs(7));
        }
        kiosk.type_pin(&pin);
        assert!(kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
        kiosk.wait(Duration::from_millis(450));
        kiosk.tap_door("Main entrance");
        // Its records are on their way.
        kiosk.wait(Duration::from_secs(4));
    }
    assert_ne!(db.value("SELECT count(*) FROM vestibule.audit"), "0");
    let kept: Value = serde_json::from_slice(&lobby.directory().fleet_secrets().unwrap().unwrap()).unwrap();
    let secrets = kisi.kisi.with(|world| world.logins.values().map(|login| login.secret.clone()).collect::<Vec<_>>());
    let key = std::fs::read_to_string(fleet.admin.folder.path().join("data/fleet.key")).unwrap();
    let mut canaries = vec![pin, BADGE.to_owned(), "918273".to_owned(), key.trim().to_owned()];
    canaries.extend(secrets);
    canaries.extend(["password", "identity"].map(|field| kept[field].as_str().unwrap().to_owned()));
    let tables = "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'vestibule'::regnamespace AND relkind = 'r'";
    for table in db.value(tables).split(' ') {
        let rows = db.value(&format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM vestibule.{table} AS t"));
        for canary in &canaries {
            let bytes = vestibule::hex::encode(canary.as_bytes());
            assert!(!rows.contains(canary.as_str()) && !rows.contains(bytes.as_str()), "{canary} is in {table}");
        }
    }
}
