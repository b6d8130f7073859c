//! `doctor` of a fleet, on an admin's machine and on a kiosk: what it says about a healthy one, and about each thing that is not.

use std::process::Output;

use serde_json::Value;

use super::status::watched;
use crate::support::{
    fleet::{Fleet, vestibule},
    headless::{BADGE, Site, english},
    health::until,
    postgres::Postgres,
};

const ADA: &str = "ada@example.com";

fn lines(done: &Output) -> Vec<Value> {
    let text = String::from_utf8(done.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{done:?}"))).collect()
}

/// Health and text of the only line about this that contains the words.
#[track_caller]
fn says<'a>(lines: &'a [Value], about: &str, words: &str) -> &'a str {
    let is = |line: &&Value| line["about"] == about && line["text"].as_str().is_some_and(|text| text.contains(words));
    let found: Vec<&Value> = lines.iter().filter(is).collect();
    assert_eq!(found.len(), 1, "{about}, {words}: {lines:?}");
    found[0]["health"].as_str().unwrap()
}

/// The chance within an hour.
#[track_caller]
fn in_an_hour(lines: &[Value], how: &str) -> f64 {
    let line = lines.iter().find(|line| line["odds"].as_str().is_some_and(|text| text.starts_with(how)));
    line.unwrap_or_else(|| panic!("{how}: {lines:?}"))["hour"].as_f64().unwrap()
}

#[test]
fn on_an_admins_machine_it_knows_the_database_the_kiosks_the_logins_and_the_odds() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let (lobby, _garage) = (fleet.kiosk("Lobby", ""), fleet.kiosk("Garage", ""));
    let pin = fleet.enrol(ADA, Some(BADGE));
    {
        let (mut kiosk, at) = watched(&lobby);
        let connected = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|said| said["fleet"] == "connected");
        let _ = until(&format!("{at}/readyz"), |_, text| connected(text));
        kiosk.type_pin(&pin);
        assert!(kiosk.shows(&english().say("sign-out")), "{:?}", kiosk.texts());
    }
    let asks = || lines(&fleet.run(&["doctor", "--json"]));
    let said = asks();
    assert_eq!(says(&said, "fleet", "version 1"), "ok");
    assert_eq!(says(&said, "database", "PostgreSQL "), "ok");
    assert_eq!(says(&said, "database", "no commit waits for a standby"), "warning");
    assert_eq!(says(&said, "kiosks", "of 2 connected"), "ok");
    assert_eq!(says(&said, "logins", "1 of 1 checked, 1 of them work"), "ok");
    assert_eq!(says(&said, "PINs", "1 person with a PIN"), "ok");
    assert!(said.iter().all(|line| line["about"] != "kiosk" && line["about"] != "theft"), "{said:?}");
    // Each of two kiosks has 10 guesses and gets 10 more in an hour, of a million PINs; badges 20 and 120, of 65,536 numbers.
    assert!((in_an_hour(&said, "PIN alone") - 40.0 / 1e6).abs() < 1e-8, "{said:?}");
    assert!((in_an_hour(&said, "badge alone") - 280.0 / 65_536.0).abs() < 1e-8, "{said:?}");
    assert!((in_an_hour(&said, "one PIN at each known badge") - 16.0 / 1e6).abs() < 1e-8, "{said:?}");

    // What is not well is said, one thing after the other.
    db.in_fleet("UPDATE vestibule.contacts SET at = at - interval '10 min'");
    db.in_fleet("SELECT lo_create(0)");
    db.in_fleet("UPDATE vestibule.fleet SET schema_version = 2");
    let said = asks();
    assert_eq!(says(&said, "kiosk", "Garage at HQ was last heard of"), "bad");
    assert_eq!(says(&said, "kiosk", "Lobby at HQ was last heard of"), "bad");
    assert_eq!(says(&said, "database", "1 large objects"), "warning");
    assert_eq!(says(&said, "fleet", "version 2"), "bad");
    db.in_fleet("UPDATE vestibule.fleet SET schema_version = 1");
    let _ = fleet.admin.asks(&["expel", "Lobby", "--yes", "--no-renew"]);
    assert_eq!(
        says(&asks(), "kiosk", "Lobby, expelled, may hold the logins of 1 person: run `vestibule fleet expel kiosk_"),
        "bad"
    );
    let login = kisi.kisi.with(|world| *world.logins.iter().find(|(_, login)| login.kind == "device").unwrap().0);
    let _ = kisi.kisi.with(|world| world.logins.remove(&login));
    assert_eq!(says(&asks(), "login", "staff renew ada@example.com"), "bad");
}

#[test]
fn on_a_kiosk_it_says_whether_the_database_answers_and_has_the_records() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let asks = || {
        let mut command = vestibule(lobby.folder.path().to_owned());
        let config = fleet.admin.folder.path().join("kiosk.toml");
        lines(&command.arg("--config").arg(config).args(["doctor", "--json"]).output().unwrap())
    };
    assert_eq!(says(&asks(), "fleet", "still to be sent"), "ok");
    db.on_server("ALTER DATABASE fleet ALLOW_CONNECTIONS false");
    assert_eq!(says(&asks(), "fleet", "the database cannot be used"), "bad");
    db.on_server("ALTER DATABASE fleet ALLOW_CONNECTIONS true");
    db.in_fleet("UPDATE vestibule.heads SET number = 900");
    assert_eq!(says(&asks(), "fleet", "was its data folder restored?"), "bad");
}
