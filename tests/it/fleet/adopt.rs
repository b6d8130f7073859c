//! A kiosk with people of its own becomes the first of a fleet.

use std::{fs, time::Duration};

use serde_json::Value;
use vestibule::{
    secret::Secret,
    store::{
        audit,
        directory::{Person, Standing},
    },
    wiring,
};

use crate::support::{
    fleet::{Machine, join, shown, vestibule},
    headless::{BADGE, Kiosk, Site, english, now},
    postgres::Postgres,
};

const OTHER_BADGE: &str = "0087654321";

/// `fleet adopt` at this kiosk, with the admin's key in the folder of that machine.
fn adopt(admin: &Machine<'_>, kiosk: &Site) -> std::process::Output {
    adopt_at(admin, kiosk, &admin.db.url())
}

/// The same, with this address for the kiosk.
fn adopt_at(admin: &Machine<'_>, kiosk: &Site, url: &str) -> std::process::Output {
    fs::write(
        kiosk.folder.path().join("kiosk.toml"),
        format!("[kisi]\nbase_url = \"{}\"\n", kiosk.config.kisi.base_url),
    )
    .unwrap();
    let mut command = vestibule(kiosk.folder.path().to_owned());
    let _ =
        command.arg("--config").arg(kiosk.folder.path().join("kiosk.toml")).args(["fleet", "adopt", "--yes", "--json"]);
    let _ = command.args(["--name", "Lobby", "--site", "HQ", "--zone", "Europe/Berlin", "--kiosk-url", url, "--ca"]);
    let _ = command.arg(admin.db.ca()).args(["--fleet", &admin.db.socket("owner"), "--admin-data"]);
    command.arg(admin.folder.path().join("data")).output().unwrap()
}

fn signs_in(kiosk: &mut Kiosk, credential: impl FnOnce(&mut Kiosk)) -> bool {
    credential(kiosk);
    let is_in = kiosk.shows(&english().say("sign-out"));
    if is_in {
        kiosk.wait(Duration::from_millis(450));
        kiosk.tap(&english().say("sign-out"));
    }
    kiosk.wait(Duration::from_millis(450));
    is_in
}

/// Deletes at Kisi what earlier commands left there. Returns how many logins.
fn drain(site: &Site) -> usize {
    let (client, admin) = (site.client(), Secret::new(site.admin.clone()));
    let enroller = wiring::enroller(&site.config, site.directory(), client, admin, Duration::ZERO).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(enroller.drain_outbox()).unwrap()
}

/// The fleet has the same numbers, but for Sam, who was removed: his is not given again.
fn are_taken_over(db: &Postgres, before: &[Person]) {
    let numbers = before.iter().filter(|person| person.email != "sam@example.com");
    let mut numbers: Vec<String> = numbers.map(|person| format!("{} {}", person.id.get(), person.email)).collect();
    numbers.sort();
    assert_eq!(
        db.value("SELECT string_agg(id || ' ' || email, E'\\n' ORDER BY id) FROM vestibule.staff"),
        numbers.join("\n")
    );
    let last = before.iter().map(|person| person.id.get()).max().unwrap();
    assert_eq!(db.run(db.owner().next_staff()).unwrap().get(), last + 1);
    let listed = db.run(db.owner().people()).unwrap();
    let of = |email: &str| listed.iter().find(|person| person.email == email).unwrap();
    assert!(
        of("nadia@example.com").is_suspended
            && of("lena@example.com").is_refused
            && of("grace@example.com").opens_by_badge
    );
    assert_eq!(before.iter().filter(|person| person.standing == Standing::Refused).count(), 1);
}

/// The log from before arrives whole, and nothing of it is an intent of the fleet.
fn log_arrives(db: &Postgres, lobby: &Site, before: usize) {
    assert!(before < lobby.audit().len());
    let begin = now();
    let mut kiosk = lobby.kiosk();
    // An export ends with the head, which is no record.
    let sql = "SELECT count(*) || ' ' || min(number) FROM vestibule.audit JOIN vestibule.kiosks ON id = kiosk WHERE name = 'Lobby'";
    while begin.elapsed() < Duration::from_secs(15) && db.value(sql) != format!("{} 1", lobby.audit().len() - 1) {
        kiosk.wait(Duration::from_millis(200));
    }
    assert_eq!(db.value(sql), format!("{} 1", lobby.audit().len() - 1));
    assert_eq!(lobby.records(audit::Action::Outcome).len(), 1);
    assert_eq!(db.value("SELECT count(*) FROM vestibule.intents"), "0");
}

#[test]
fn a_running_kiosk_begins_a_fleet_and_nobody_is_enrolled_again() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let (admin, lobby) = (Machine::new(&db), kisi.beside(""));
    let ada = lobby.enrol("ada@example.com", Some(BADGE), true);
    let _ = lobby.enrol("grace@example.com", Some(OTHER_BADGE), false);
    let nadia = lobby.enrol("nadia@example.com", None, true);
    let gone = lobby.enrol("sam@example.com", None, true);
    let refused = lobby.enrol("lena@example.com", None, true);
    let mut directory = lobby.directory();
    assert!(directory.suspend("nadia@example.com", true).unwrap());
    let lena = directory.person("lena@example.com").unwrap().unwrap();
    assert!(directory.note_refused(lena.id, 1, true).unwrap());
    let before = directory.list().unwrap();
    directory.remove("sam@example.com").unwrap();
    drop(directory);
    {
        let mut kiosk = lobby.kiosk();
        kiosk.type_pin(&ada);
        kiosk.wait(Duration::from_millis(450));
        kiosk.tap_door("Main entrance");
        assert!(kiosk.shows("Accepted"), "{:?}", kiosk.texts());
    }
    let logins =
        || kisi.kisi.with(|world| world.logins.values().map(|login| (login.id, login.person)).collect::<Vec<_>>());
    let (records, made) = (lobby.audit().len(), logins());

    // A login that a removal left at Kisi is deleted first, which takes the admin key. Then, interrupted when the fleet was made
    // and half of the people were there, it goes on.
    let without_key = adopt(&admin, &lobby);
    let said = String::from_utf8(without_key.stderr).unwrap();
    assert!(said.contains("left logins at Kisi") && said.contains("set VESTIBULE_ADMIN_KEY"), "{said}");
    assert_eq!(db.value("SELECT to_regnamespace('vestibule') IS NULL"), "t");
    assert_eq!(drain(&lobby), 1);
    let made: Vec<_> = made.into_iter().filter(|login| logins().contains(login)).collect();
    let done = adopt(&admin, &lobby);
    assert!(done.status.success(), "{done:?}");
    let line: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&line["result"], &line["people"]), (&"adopted".into(), &4.into()));
    assert_eq!(logins(), made, "Kisi saw no new login");
    assert!(admin.folder.path().join("data/fleet.key").exists() && !lobby.folder.path().join("fleet.key").exists());
    assert!(String::from_utf8(adopt(&admin, &lobby).stderr).unwrap().contains("is in a fleet"));

    are_taken_over(&db, &before);

    // Everybody signs in here and at a second kiosk, but for those who could not before. With the database away, too: they are copies.
    let garage = kisi.beside("");
    let _ = admin.asks(&["open"]);
    let (running, _said, code) = shown(join(&db, &garage, &[]));
    let _ = admin.asks(&["admit", &code, "--name", "Garage", "--site", "HQ"]);
    assert!(running.wait_with_output().unwrap().status.success());
    let pins = [(ada.as_str(), true), (&nadia, false), (&gone, false), (&refused, true)];
    for site in [&lobby, &garage] {
        let mut kiosk = site.kiosk();
        kiosk.wait(Duration::from_secs(1));
        for (pin, is_in) in pins {
            assert_eq!(signs_in(&mut kiosk, |kiosk| kiosk.type_pin(pin)), is_in, "{pin}: {:?}", kiosk.texts());
        }
        for badge in [BADGE, OTHER_BADGE] {
            assert!(signs_in(&mut kiosk, |kiosk| kiosk.scan(badge)), "{badge}: {:?}", kiosk.texts());
        }
        kiosk.wait(Duration::from_secs(3));
    }
    assert_eq!(logins(), made);
    log_arrives(&db, &lobby, records);
}

/// At the most awkward moments: the fleet is there and nobody in it, half of the people are, all but the last step is done.
#[test]
fn an_interrupted_adoption_goes_on_when_it_is_run_again() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let (admin, lobby) = (Machine::new(&db), kisi.beside(""));
    let pin = lobby.enrol("ada@example.com", Some(BADGE), true);
    let _ = lobby.enrol("grace@example.com", None, true);
    // The second person cannot be written: the first attempt ends between them.
    let forbid = "CREATE FUNCTION public.forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'interrupted'; END $$;
                  CREATE TRIGGER forbid BEFORE INSERT ON vestibule.staff FOR EACH ROW WHEN (new.id = 2) EXECUTE FUNCTION public.forbid()";
    let trigger = format!("CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS $w$ BEGIN
        IF to_regclass('vestibule.staff') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'forbid') THEN EXECUTE $f${forbid}$f$; END IF; END $w$;
        CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('GRANT') EXECUTE FUNCTION public.watch()");
    db.in_fleet(&trigger);
    let broken = adopt(&admin, &lobby);
    assert!(String::from_utf8_lossy(&broken.stderr).contains("interrupted"), "{broken:?}");
    assert_eq!(db.value("SELECT count(*) FROM vestibule.staff"), "1");
    // The kiosk goes on by itself meanwhile, and somebody changes.
    let mut kiosk = lobby.kiosk();
    assert!(signs_in(&mut kiosk, |kiosk| kiosk.type_pin(&pin)), "{:?}", kiosk.texts());
    drop(kiosk);
    assert!(lobby.directory().suspend("ada@example.com", true).unwrap());
    db.in_fleet("DROP EVENT TRIGGER watch; DROP TRIGGER forbid ON vestibule.staff");
    // Another admin's folder does not take the fleet over.
    let other = Machine::new(&db);
    let refused = String::from_utf8(adopt(&other, &lobby).stderr).unwrap();
    assert!(refused.contains("does not open this fleet's data key"), "{refused}");
    let done = adopt(&admin, &lobby);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(
        db.value("SELECT string_agg(id || ' ' || suspended, ', ' ORDER BY id) FROM vestibule.staff"),
        "1 true, 2 false"
    );
    assert_eq!(db.value("SELECT count(*) FROM vestibule.kiosks"), "1");
    assert_eq!(db.value("SELECT count(*) FROM vestibule.seen"), "2");
}

/// After a `rekey` somebody's PIN is indexed with the older data key until they sign in.
#[test]
fn a_data_key_from_before_a_rekey_does_not_become_the_fleets() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let (admin, lobby) = (Machine::new(&db), kisi.beside(""));
    let pin = lobby.enrol("ada@example.com", None, true);
    let rekeyed = vestibule(lobby.folder.path().to_owned()).args(["rekey", "--yes"]).output().unwrap();
    assert!(rekeyed.status.success(), "{rekeyed:?}");
    let refused = adopt(&admin, &lobby);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("from before a `rekey`"), "{refused:?}");
    assert_eq!(db.value("SELECT to_regnamespace('vestibule') IS NULL"), "t");
    // She signs in, and the only key is the new one.
    let mut kiosk = lobby.kiosk();
    assert!(signs_in(&mut kiosk, |kiosk| kiosk.type_pin(&pin)));
    drop(kiosk);
    let done = adopt(&admin, &lobby);
    assert!(done.status.success(), "{done:?}");
    let mut kiosk = lobby.kiosk();
    kiosk.wait(Duration::from_secs(1));
    assert!(signs_in(&mut kiosk, |kiosk| kiosk.type_pin(&pin)), "{:?}", kiosk.texts());
}

/// Until an adoption has succeeded people are changed at the kiosk, and what was wrong is corrected.
#[test]
fn an_adoption_that_failed_is_repeated_with_another_address_and_brings_back_nobody() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let (admin, lobby) = (Machine::new(&db), kisi.beside(""));
    for email in ["ada@example.com", "grace@example.com"] {
        let _ = lobby.enrol(email, None, true);
    }
    let nowhere = db.url().replace(&db.port().to_string(), "1");
    let failed = adopt_at(&admin, &lobby, &nowhere);
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert_eq!(db.value("SELECT count(*) FROM vestibule.staff"), "2", "they were handed over");
    let mut remove = vestibule(lobby.folder.path().to_owned());
    let remove = remove.arg("--config").arg(lobby.folder.path().join("kiosk.toml"));
    let remove =
        remove.args(["staff", "remove", "grace@example.com", "--yes"]).env("VESTIBULE_ADMIN_KEY", &lobby.admin);
    let removed = remove.output().unwrap();
    assert!(removed.status.success(), "{removed:?}");
    let done = adopt(&admin, &lobby);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(db.value("SELECT string_agg(email, ' ') FROM vestibule.staff"), "ada@example.com");
    assert_eq!(db.value("SELECT count(*) FROM vestibule.kiosks"), "1", "no second kiosk of that name");
}
