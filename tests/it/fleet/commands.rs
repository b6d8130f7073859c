//! The `fleet` commands of the shipped program: an admin's machine, a kiosk, and the database between them.

use serde_json::Value;

use crate::support::{
    fleet::{Fleet, Machine, join, shown, vestibule},
    headless::{BADGE, Site},
    postgres::Postgres,
};
use std::{io::BufRead, time::Duration};

#[test]
fn a_fleet_is_made_kiosks_join_by_their_code_and_a_stolen_one_is_cut_off() {
    let db = Postgres::start();
    let (admin, kiosk) = (Machine::new(&db), Site::new());
    assert!(admin.is_refused(&["list"], 1).contains("run `vestibule fleet init`"));
    let made = admin.asks(&["init"]);
    assert_eq!(made[0]["version"], 1);
    assert!(admin.is_refused(&["init"], 1).contains("has a fleet already"));
    assert!(admin.is_refused(&["sites", "--add", "HQ", "--zone", "Europe/Nowhere"], 1).contains("no such time zone"));
    let _ = admin.asks(&["sites", "--add", "HQ", "--zone", "Europe/Berlin"]);
    assert_eq!(admin.asks(&["sites"])[0]["site"], "HQ");

    let closed = join(&db, &kiosk, &[]).output().unwrap();
    let closed = (closed.status.code(), String::from_utf8(closed.stderr).unwrap());
    assert!(closed.0 == Some(1) && closed.1.contains("joining is closed"), "{closed:?}");
    let _ = admin.asks(&["open"]);
    let (mut first, _, code) = shown(join(&db, &kiosk, &[]));
    // Interrupted, and begun again: the same code.
    first.kill().unwrap();
    let _ = first.wait().unwrap();
    let (running, mut said, again) = shown(join(&db, &kiosk, &[]));
    assert_eq!(again, code);
    assert!(admin.is_refused(&["admit", "7F3K", "--name", "Lobby", "--site", "HQ"], 2).contains("no code"));
    let wrong = admin.is_refused(&["admit", "0000-0000-0000", "--name", "Lobby", "--site", "HQ"], 1);
    assert!(wrong.contains(&format!("only {code}")), "{wrong}");
    let elsewhere = Machine::new(&db).is_refused(&["admit", &code, "--name", "Lobby", "--site", "HQ"], 1);
    assert!(elsewhere.contains("does not open this fleet's data key"), "{elsewhere}");
    let typed = code.to_lowercase().replace('-', " ");
    let admitted = admin.asks(&["admit", &typed, "--name", "Lobby", "--site", "hq"]);
    let mut line = String::new();
    let _ = said.read_line(&mut line).unwrap();
    let joined: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&joined["result"], &joined["role"]), (&"joined".into(), &admitted[0]["role"]));
    assert!(running.wait_with_output().unwrap().status.success());
    // Once more it only says so.
    let again = join(&db, &kiosk, &[]).output().unwrap();
    assert!(again.status.success() && String::from_utf8(again.stdout).unwrap().lines().count() == 1);

    let listed = admin.asks(&["list"]);
    assert_eq!((&listed[0]["kiosk"], &listed[0]["site"]), (&"Lobby".into(), &"HQ".into()));
    assert!(listed[0]["last_contact"].is_string() && listed[0]["expelled"].is_null());
    assert_eq!((&admin.asks(&["status"])[0]["kiosks"], &admin.asks(&["upgrade"])[0]["had"]), (&1.into(), &1.into()));

    assert!(admin.is_refused(&["expel", "Garage", "--yes"], 1).contains("no such kiosk"));
    assert!(admin.is_refused(&["expel", "Lobby"], 1).contains("--yes"));
    assert_eq!(admin.asks(&["expel", "lobby", "--yes"])[0]["exposed"], Value::Array(Vec::new()));
    assert!(admin.asks(&["list"])[0]["expelled"].is_string());
    // It comes back only with a new key, and an admin.
    let (back, _said, other) = shown(join(&db, &kiosk, &["--anew"]));
    assert_ne!(other, code);
    let _ = admin.asks(&["admit", &other, "--name", "Lobby", "--site", "HQ"]);
    assert!(back.wait_with_output().unwrap().status.success());
}

/// What the kiosk keeps is sealed by its device key, also after that was replaced, and another machine cannot use it.
#[test]
fn what_a_kiosk_keeps_of_its_fleet_belongs_to_its_device_key() {
    let db = Postgres::start();
    let (admin, kiosk) = (Machine::new(&db), Site::new());
    let _ = admin.asks(&["init"]);
    let _ = admin.asks(&["open"]);
    let (mut running, _, code) = shown(join(&db, &kiosk, &[]));
    running.kill().unwrap();
    let _ = running.wait().unwrap();
    let kept = kiosk.directory().fleet_secrets().unwrap().unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    for secret in ["password", "identity"] {
        let secret = kept[secret].as_str().unwrap();
        for entry in std::fs::read_dir(kiosk.folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "a secret lies in the folder");
        }
    }
    let rekeyed = vestibule(kiosk.folder.path().to_owned()).args(["rekey", "--yes"]).output().unwrap();
    assert!(rekeyed.status.success(), "{rekeyed:?}");
    let (mut running, _, again) = shown(join(&db, &kiosk, &[]));
    assert_eq!(again, code, "the same membership with the new device key");
    running.kill().unwrap();
    let _ = running.wait().unwrap();
    // A copy of the file on a machine with another device key is no member.
    let other = Site::new();
    drop(other.directory());
    let sealed: Vec<u8> = rusqlite::Connection::open(kiosk.folder.path().join("directory.sqlite"))
        .unwrap()
        .query_row("SELECT value FROM meta WHERE key = 'fleet'", [], |row| row.get(0))
        .unwrap();
    let _ = rusqlite::Connection::open(other.folder.path().join("directory.sqlite"))
        .unwrap()
        .execute("INSERT INTO meta VALUES ('fleet', ?1)", [sealed])
        .unwrap();
    assert!(other.directory().fleet_secrets().unwrap().is_none());
}

/// With the key and a dump, everything is there again; with either alone nothing.
#[test]
fn an_admins_key_is_backed_up_encrypted_and_opens_what_it_opened() {
    let db = Postgres::start();
    let admin = Machine::new(&db);
    let _ = admin.asks(&["init"]);
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let out = folder.path().join("fleet.key.age");
    let out = out.to_str().unwrap();
    let (identity, recipient) = vestibule::backup_encryption::new_identity();
    let said = admin.asks(&["backup", "--to", &recipient.to_string(), "--out", out]);
    assert_eq!(said[0]["recipient"], recipient.to_string());
    let key = std::fs::read(admin.folder.path().join("data/fleet.key")).unwrap();
    let encrypted = std::fs::read(out).unwrap();
    assert!(!encrypted.windows(16).any(|part| part == &key[..16]), "the key is in it");
    let back = vestibule::backup_encryption::decrypt(&encrypted, identity.expose()).unwrap();
    assert_eq!(*back, key);
    assert!(admin.is_refused(&["backup", "--to", &recipient.to_string(), "--out", out], 1).contains("fleet.key.age"));
    assert_eq!(std::fs::read(out).unwrap(), encrypted, "never overwritten");
    let _ = admin.is_refused(&["backup", "--to", "age1nonsense", "--out", "-"], 2);
    // Another machine with the key does what the first one did.
    let other = Machine::new(&db);
    vestibule::private_files::make_folder(&other.folder.path().join("data")).unwrap();
    std::fs::write(other.folder.path().join("data/fleet.key"), &*back).unwrap();
    let _ = (other.asks(&["sites", "--add", "HQ", "--zone", "UTC"]), other.asks(&["open"]));
    let kiosk = Site::new();
    let (running, _said, code) = shown(join(&db, &kiosk, &[]));
    let _ = other.asks(&["admit", &code, "--name", "Lobby", "--site", "HQ"]);
    assert!(running.wait_with_output().unwrap().status.success());
}

/// What a kiosk keeps of its fleet opens on that machine only. Restored on another one, it asks to join again, and its log goes on.
#[test]
fn a_kiosk_of_a_fleet_that_was_restored_from_its_backup_joins_again() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let _ = fleet.enrol("ada@example.com", Some(BADGE));
    let comes_in = |site: &Site, after: u64| {
        let mut kiosk = site.kiosk();
        kiosk.wait(Duration::from_secs(after));
        kiosk.scan(BADGE);
        kiosk.wait(Duration::from_secs(3));
        kiosk.shows("Main entrance")
    };
    assert!(comes_in(&lobby, 1));
    let (identity, recipient) = vestibule::backup_encryption::new_identity();
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let (out, key) = (folder.path().join("kiosk.age"), folder.path().join("key.txt"));
    std::fs::write(&key, identity.expose()).unwrap();
    let mut backup = vestibule(lobby.folder.path().to_owned());
    let done = backup.args(["backup", "--to", &recipient.to_string(), "--out"]).arg(&out).output().unwrap();
    assert!(done.status.success(), "{done:?}");

    // The guesses of a restored kiosk are spent, and come back.
    let other = kisi.beside("[budget]\nbadge_refill_seconds = 10\n");
    let mut restore = vestibule(other.folder.path().to_owned());
    let done = restore.arg("restore").arg(&out).args(["--yes", "--identity"]).arg(&key).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let (running, _said, code) = shown(join(&db, &other, &["--anew"]));
    let _ = fleet.admin.asks(&["expel", "Lobby", "--yes", "--no-renew"]);
    let _ = fleet.admin.asks(&["admit", &code, "--name", "Lobby", "--site", "HQ"]);
    let done = running.wait_with_output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(comes_in(&other, 11));
    let verified = fleet.run(&["audit", "verify", "--json"]);
    let text = String::from_utf8(verified.stdout).unwrap();
    assert!(verified.status.success() && text.lines().count() == 2, "{text}");
}

/// What belongs to a kiosk and what belongs to an admin's machine is not mixed, and nothing that works is given up for a typing error.
#[test]
fn a_folder_is_a_kiosks_or_an_admins_and_a_membership_survives_a_wrong_address() {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let run = |folder: &std::path::Path, arguments: &[&str]| {
        let mut command = vestibule(folder.to_owned());
        let command = command.args(arguments).env("VESTIBULE_FLEET_CA", db.ca());
        let done = command.output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let data = fleet.admin.folder.path().join("data");
    let (code, said) = run(&data, &["fleet", "join", &db.url(), "--wait", "1"]);
    assert!(code == Some(1) && said.contains("is an admin's"), "{said}");
    let _ = fleet.people(&["list"]);

    let kept = || lobby.directory().fleet_secrets().unwrap();
    let before = kept();
    let nowhere = db.url().replace(&db.port().to_string(), "1");
    let (code, said) = run(lobby.folder.path(), &["fleet", "join", &nowhere, "--anew", "--wait", "1"]);
    assert!(code == Some(1) && kept() == before, "{said}");
    let (code, said) = run(lobby.folder.path(), &["fleet", "join", &nowhere, "--wait", "1"]);
    assert!(code == Some(1) && said.contains("--anew") && kept() == before, "{said}");
    // A first attempt with a typing error needs no --anew.
    let garage = kisi.beside("");
    drop(garage.directory());
    let (code, said) = run(garage.folder.path(), &["fleet", "join", &nowhere, "--wait", "1"]);
    assert!(code == Some(1) && said.contains("cannot be reached"), "{said}");
    let (running, _said, code) = shown(join(&db, &garage, &[]));
    let _ = fleet.admin.asks(&["admit", &code, "--name", "Garage", "--site", "HQ"]);
    assert!(running.wait_with_output().unwrap().status.success());

    // A kiosk's folder does not become an admin's, and a fleet that is not made leaves no key.
    let (own, other) = (kisi.beside(""), Postgres::start());
    let _ = own.enrol("ada@example.com", None, true);
    let (code, said) = run(own.folder.path(), &["fleet", "init", "--fleet", &other.socket("owner")]);
    assert!(code == Some(1) && said.contains("a kiosk's own"), "{said}");
    let another = Machine::new(&db);
    let _ = another.is_refused(&["init"], 1);
    for folder in [own.folder.path().to_owned(), another.folder.path().join("data")] {
        assert!(!folder.join("fleet.key").exists(), "{}", folder.display());
    }
    db.on_server("CREATE DATABASE second");
    let second = db.socket("owner").replace("/fleet", "/second");
    let (code, said) = run(&another.folder.path().join("data"), &["fleet", "init", "--fleet", &second]);
    assert!(code == Some(1) && said.contains("each fleet needs one of its own"), "{said}");
}

/// Each admin has a role, and a copy of the key. A password that somebody writes into the address is shown nowhere.
#[test]
fn a_second_admin_needs_a_role_and_the_key_and_settings_are_changed_together() {
    let db = Postgres::start();
    let admin = Machine::new(&db);
    let _ = admin.asks(&["init"]);
    let _ = admin.asks(&["sites", "--add", "HQ", "--zone", "UTC"]);
    db.on_server("CREATE ROLE alice LOGIN");
    let other = Machine::new(&db);
    vestibule::private_files::make_folder(&other.folder.path().join("data")).unwrap();
    let _ =
        std::fs::copy(admin.folder.path().join("data/fleet.key"), other.folder.path().join("data/fleet.key")).unwrap();
    let asks = |arguments: &[&str]| {
        let mut command = vestibule(other.folder.path().join("data"));
        let command = command.args(arguments).env("VESTIBULE_FLEET", db.socket("alice"));
        let done = command.output().unwrap();
        (done.status.code(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    };
    let (code, said) = asks(&["fleet", "list"]);
    assert!(code == Some(1) && said.contains("GRANT vestibule_admin"), "{said}");
    db.on_server("GRANT vestibule_admin TO alice");
    assert_eq!(asks(&["staff", "list", "--json"]).0, Some(0));
    let (code, said) = asks(&["fleet", "set", "--per-hour", "7", "--keep-days", "99999"]);
    assert!(code == Some(1) && said.contains("keep_days"), "{said}");
    assert_eq!(admin.asks(&["status"])[0]["per_hour"], 0, "all or none");
    assert_eq!(asks(&["fleet", "set", "--per-hour", "7", "--json"]).0, Some(0));
    assert_eq!(
        db.value("SELECT admin || ' ' || about FROM vestibule.acts ORDER BY at DESC LIMIT 1"),
        "alice set per_hour 7"
    );

    for url in
        ["postgre://owner:s3cretPW@localhost/fleet", "owner:s3cretPW@localhost/fleet", "postgres://owner:s3cretPW@h/f"]
    {
        for arguments in [&["fleet", "list", "--fleet", url][..], &["staff", "list", "--fleet", url]] {
            let (code, said) = asks(arguments);
            assert!(code == Some(2) && !said.contains("s3cretPW"), "{said}");
        }
    }
    let mut help = vestibule(other.folder.path().join("data"));
    let help = help.args(["staff", "--help"]).env("VESTIBULE_FLEET", "postgres://owner:s3cretPW@h/f").output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("s3cretPW"));
}
