//! A database that was restored from an old backup brings back people who were suspended, badges that were taken, kiosks that were
//! expelled and guesses that were spent. Kiosks do not trust it until an admin has taken them away again (T44).

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::status::{metrics_with, watched};
use crate::support::{
    fleet::Fleet,
    headless::{BADGE, Kiosk, Site, english},
    health::until,
    postgres::Postgres,
};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const NADIA: &str = "nadia@example.com";

/// Polls `/readyz` until the fleet has this state.
#[track_caller]
fn stands(at: &str, state: &str) {
    let is = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|said| said["fleet"] == state);
    let _ = until(&format!("{at}/readyz"), |_, text| is(text));
}

/// Whether somebody signs in with this PIN. Signs them out again.
#[track_caller]
fn comes_in(kiosk: &mut Kiosk, pin: &str) -> bool {
    kiosk.type_pin(pin);
    let is_in = kiosk.shows(&english().say("sign-out"));
    if is_in {
        kiosk.wait(Duration::from_millis(450));
        kiosk.tap(&english().say("sign-out"));
    }
    kiosk.wait(Duration::from_secs(7));
    is_in
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story from the backup to trust")]
fn a_backup_is_trusted_once_an_admin_took_away_again_what_was_taken_away() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let (lobby, _garage) = (fleet.kiosk("Lobby", ""), fleet.kiosk("Garage", ""));
    let [ada, grace] = [ADA, GRACE].map(|email| fleet.enrol(email, None));
    let _ = fleet.people(&["badge", GRACE, BADGE]);
    let (mut kiosk, at) = watched(&lobby);
    stands(&at, "connected");
    assert!(comes_in(&mut kiosk, &ada));
    let _ = metrics_with(&at, "vestibule_fleet_records_unshipped 0");

    let (backup, made) = (db.backup(), jiff::Timestamp::now().to_string());
    // The clocks of machines may differ by ten minutes; here there is one.
    let nadia = fleet.enrol(NADIA, None);
    let numbers = || db.value("SELECT id FROM vestibule.last_staff").parse::<u64>().unwrap();
    let given = numbers();
    let _ = fleet.people(&["suspend", ADA]);
    let _ = fleet.people(&["badge", GRACE, "--remove", BADGE]);
    let _ = fleet.admin.asks(&["expel", "Garage", "--yes", "--no-renew"]);
    assert_eq!([&nadia, &grace, &ada].map(|pin| comes_in(&mut kiosk, pin)), [true, true, false]);
    let _ = metrics_with(&at, "vestibule_fleet_records_unshipped 0");
    let version = db.value("SELECT last_value FROM vestibule.versions").parse::<u64>().unwrap();

    db.restore(&backup);
    assert_eq!(db.value(&format!("SELECT suspended FROM vestibule.staff WHERE email = '{ADA}'")), "f");
    stands(&at, "rolled back");
    assert!(!comes_in(&mut kiosk, &ada) && !comes_in(&mut kiosk, &grace), "nobody signs in");
    // The database alone cannot make a kiosk trust it: neither by a time nor by another's proof.
    for forged in ["now", "9000000000000"] {
        let at = if forged == "now" { "(extract(epoch FROM now()) * 1000)::bigint" } else { forged };
        db.in_fleet(&format!("UPDATE vestibule.fleet SET restored = {at}, restored_proof = sha256('guess')"));
    }
    db.on_server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'");
    thread::sleep(Duration::from_secs(2));
    stands(&at, "rolled back");
    db.in_fleet("UPDATE vestibule.fleet SET restored = 0, restored_proof = ''");

    // Nothing is done before somebody says so. What is done after the restore does not hide what was lost.
    let refused = fleet.admin.is_refused(&["restored", "--backup-of", &made], 1);
    assert!(refused.contains("--yes"), "{refused}");
    assert_eq!(db.value(&format!("SELECT suspended FROM vestibule.staff WHERE email = '{ADA}'")), "f");
    let _ = fleet.admin.asks(&["set", "--per-hour", "50"]);
    // One admin after the other; the last one says that kiosks may go on.
    let said = fleet.admin.asks(&["restored", "--backup-of", &made, "--reapply", "--yes"]);
    let line = |email: &str| said.iter().find(|line| line["email"] == email).unwrap_or_else(|| panic!("{said:?}"));
    assert!(said.contains(&json!({"expelled": "Garage"})), "{said:?}");
    assert_eq!((&line(ADA)["suspended"], &line(GRACE)["suspended"]), (&json!(true), &json!(true)));
    assert_eq!((&line(NADIA)["enrolled"], &line(NADIA)["suspended"]), (&json!(false), &json!(false)));
    assert!(line(GRACE)["done_since"].as_str().unwrap().contains("badge-taken"), "{said:?}");
    stands(&at, "rolled back");
    let second = db.backup();
    // What was done again is not undone by the next run.
    let _ = fleet.people(&["resume", GRACE]);
    let said = fleet.admin.asks(&["restored", "--backup-of", &made, "--yes"]);
    assert!(said.last().unwrap()["restored"].is_string(), "{said:?}");
    assert!(said.iter().all(|line| line["suspended"] != json!(true)), "nothing is left to take away: {said:?}");
    // Nobody says so with a time that would stand in the way of the next one, nor twice with the same.
    let owner = db.owner();
    let now = jiff::Timestamp::now().as_millisecond();
    for at in [now - 700_000, now + 700_000, 0, i64::MAX, i64::MIN, now - 60_000] {
        let said = db.run(owner.say_restored(&vestibule::fleet::Restored { at, proof: vec![0; 32] }));
        assert!(matches!(said, Err(vestibule::fleet::Error::Refused(_))), "{at}: {said:?}");
    }
    // The kiosk asks each minute, and at each connection.
    db.on_server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'");
    stands(&at, "connected");
    let _ = metrics_with(&at, "vestibule_fleet_records_unshipped 0");
    assert_eq!([&ada, &grace, &nadia].map(|pin| comes_in(&mut kiosk, pin)), [false, true, false]);
    assert!(given < numbers(), "no number is given twice");
    let drawn = db.value("SELECT nextval('vestibule.versions')").parse::<u64>().unwrap();
    assert!(version < drawn, "no version is drawn twice");
    // Few wrong guesses came back, and somebody known costs none.
    let left =
        "SELECT floor(extract(epoch FROM clock_timestamp() + holds * refill - full_at) / extract(epoch FROM refill))
                FROM vestibule.buckets JOIN vestibule.rates USING (kind) JOIN vestibule.kiosks AS k ON k.id = kiosk
                WHERE k.name = 'Lobby' AND kind = 'pin'";
    assert_eq!(db.value(left), "2", "one of them was a guess: somebody who is not known any more");

    let _ = metrics_with(&at, "vestibule_fleet_records_unshipped 0");

    // A backup from before that is not trusted, whatever was said of an earlier one.
    db.restore(&second);
    stands(&at, "rolled back");
    let _ = fleet.admin.asks(&["restored", "--backup-of", &made, "--yes"]);
    db.on_server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'");
    stands(&at, "connected");
}
