//! The audit commands over a fleet: the records of all kiosks as they are in the database, and Kisi's history beside them.

use std::{process::Output, thread, time::Duration};

use serde_json::{Value, json};
use vestibule::{door::DoorId, secret::Secret};

use super::status::{metrics_with, opens, watched};
use crate::support::{fleet::Fleet, headless::Site, kisi::runtime, postgres::Postgres};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";

fn lines(done: &Output) -> Vec<Value> {
    let text = String::from_utf8(done.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{done:?}"))).collect()
}

/// The kiosk's health endpoint says that the database has every record.
#[track_caller]
fn has_shipped(at: &str) {
    let _ = metrics_with(at, "vestibule_fleet_records_unshipped 0");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one fleet, and what each command says of it")]
fn reports_exports_and_reconciliation_cover_all_kiosks_and_a_changed_record_is_found() {
    let (db, kisi) = (Postgres::start(), Site::with(|world| world.unlimited = true, ""));
    let fleet = Fleet::new(&db, &kisi);
    let (lobby, garage) = (fleet.kiosk("Lobby", ""), fleet.kiosk("Garage", ""));
    let [ada, grace] = [ADA, GRACE].map(|email| fleet.enrol(email, None));
    let ((mut first, at_first), (mut second, at_second)) = (watched(&lobby), watched(&garage));
    for pin in [&ada, &grace, &ada] {
        opens(&mut first, pin);
    }
    opens(&mut second, &ada);
    has_shipped(&at_first);
    has_shipped(&at_second);

    let verified = fleet.run(&["audit", "verify", "--json"]);
    assert!(verified.status.success(), "{verified:?}");
    let verified = lines(&verified);
    let names: Vec<&Value> = verified.iter().map(|line| &line["kiosk"]).collect();
    assert_eq!(names, ["Garage", "Lobby"]);
    for (kiosk, line) in [(&garage, &verified[0]), (&lobby, &verified[1])] {
        assert!(5 <= line["records"].as_u64().unwrap() && line["finding"].is_null(), "{line}");
        // The kiosk's own chain, to the last hash.
        let own = vestibule::wiring::log(&kiosk.directory()).unwrap();
        let head: vestibule::store::audit::Head = line["head"].as_str().unwrap().parse().unwrap();
        assert_eq!(own.hash_of(head.seq).unwrap(), Some(head.hash));
    }
    let report = lines(&fleet.run(&["audit", "report", "--by", "person", "--json"]));
    let count = |what: &str, asked: u64| json!({"what": what, "asked": asked, "accepted": asked});
    assert_eq!(report, [count(ADA, 3), count(GRACE, 1)]);
    let report = lines(&fleet.run(&["audit", "report", "--by", "door", "--json"]));
    assert_eq!(report, [count("Main entrance", 4)]);

    let export = String::from_utf8(fleet.run(&["audit", "export"]).stdout).unwrap();
    let of = |name: &str| export.lines().filter(|line| line.starts_with(&format!("{name},"))).count();
    assert_eq!((export.lines().next().unwrap().split(',').next(), of("kiosk")), (Some("kiosk"), 1), "{export}");
    assert_eq!(1 + of("Lobby") + of("Garage"), export.lines().count());
    let export = lines(&fleet.run(&["audit", "export", "--format", "jsonl"]));
    let verdicts: Vec<_> = export.iter().filter(|line| line["verified"] == true).map(|line| &line["kiosk"]).collect();
    assert_eq!(verdicts, ["Garage", "Lobby"]);
    assert!(export.iter().all(|line| line["kiosk"].is_string()), "{export:?}");

    // What is younger than ten seconds may be on its way, and is not compared.
    thread::sleep(Duration::from_secs(11));
    let agreed = fleet.run(&["audit", "reconcile", "--json"]);
    assert!(agreed.status.success(), "{agreed:?}");
    let agreed = lines(&agreed);
    assert_eq!((agreed.len(), &agreed[0]["agreed"], &agreed[0]["foreign"]), (1, &json!(4), &json!(0)), "{agreed:?}");
    // A login of the fleet is used from elsewhere.
    let (login, secret) = kisi.kisi.with(|world| {
        let person = world.person_by_email(GRACE).unwrap().id;
        let login = world.logins.values().find(|login| login.person == person && login.kind == "device").unwrap();
        (login.id, login.secret.clone())
    });
    let _ = runtime().block_on(kisi.client().unlock(&Secret::new(secret), DoorId::new(101)));
    thread::sleep(Duration::from_secs(11));
    let stolen = fleet.run(&["audit", "reconcile", "--json"]);
    assert_eq!(stolen.status.code(), Some(1), "{stolen:?}");
    let stolen = lines(&stolen);
    let foreign = stolen.iter().find(|line| line["finding"] == "foreign").unwrap();
    assert_eq!((&foreign["person"], &foreign["login_id"]), (&json!(GRACE), &json!(login)));
    assert_eq!(stolen.last().unwrap()["agreed"], 4);

    // Somebody who can write into the database: a record is changed, taken out, or the end is cut off.
    let newest = "(SELECT max(number) FROM vestibule.audit AS a JOIN vestibule.kiosks AS k ON k.id = a.kiosk WHERE k.name = 'Lobby')";
    let garages = "kiosk = (SELECT id FROM vestibule.kiosks WHERE name = 'Garage')";
    let lobbys = "kiosk = (SELECT id FROM vestibule.kiosks WHERE name = 'Lobby')";
    let fails = |finding: &str, kiosk: &str| {
        let commands = [
            &["audit", "verify", "--json"][..],
            &["audit", "export"],
            &["audit", "report", "--by", "person", "--json"],
            &["audit", "reconcile"],
        ];
        let mut done = commands.map(|command| {
            let done = fleet.run(command);
            assert_eq!(done.status.code(), Some(1), "{command:?}: {done:?}");
            let said = String::from_utf8(done.stderr.clone()).unwrap();
            assert!(said.contains(finding) && said.contains(kiosk), "{command:?}: {said}");
            done
        });
        lines(&std::mem::replace(&mut done[2], fleet.run(commands[2])))
    };
    // A hostile kiosk cannot stop the reports: what it did is left out, and said to be.
    db.in_fleet(&format!("CREATE TABLE public.kept AS SELECT * FROM vestibule.audit WHERE {garages} AND number = 1"));
    db.in_fleet(&format!("UPDATE vestibule.audit SET record = 'nonsense' WHERE {garages} AND number = 1"));
    assert_eq!(fails("record 1 cannot be read", "Garage"), [count(ADA, 2), count(GRACE, 1)]);
    db.in_fleet("UPDATE vestibule.audit AS a SET record = k.record FROM public.kept AS k WHERE a.kiosk = k.kiosk AND a.number = k.number");
    db.in_fleet(&format!("DELETE FROM vestibule.audit WHERE {lobbys} AND number = {newest}"));
    let _ = fails("the log was cut", "Lobby");
    db.in_fleet(&format!("UPDATE vestibule.heads SET number = number - 1, hash = sha256('other') WHERE {lobbys}"));
    let _ = fails("does not match a known head", "Lobby");
    db.in_fleet(&format!("UPDATE vestibule.audit SET record = overlay(record placing 'x' from length(record) - 20) WHERE {garages} AND number = 3"));
    let _ = fails("Garage", "record");
    db.in_fleet(&format!("DELETE FROM vestibule.audit WHERE {garages} AND number = 2"));
    let _ = fails("Garage", "record 2 is missing");

    for own in [&["audit", "take-key", "--yes"][..], &["audit", "verify", "--head", "1:00"]] {
        assert_eq!(fleet.run(own).status.code(), Some(2), "{own:?}");
    }
}
