//! What the directory keeps, and what it refuses.

use super::*;
use crate::{secret::Secret, staff::BadgeProfile};

fn open(folder: &Path) -> Directory {
    Directory::open(folder, None, || Cost::FLOOR).unwrap()
}

fn badge(number: &str) -> Badge {
    Badge::read(number, &BadgeProfile::plain()).unwrap()
}

fn enrol(directory: &mut Directory, email: &str, number: Option<&str>, pin: bool) -> Result<Option<Pin>, Error> {
    directory.enrol(&Enrolment {
        email,
        name: email.split('@').next().unwrap(),
        login_id: 77,
        secret: &Secret::new(format!("secret of {email}")),
        badge: number.map(badge).as_ref(),
        pin_digits: pin.then_some(6),
        badge_alone: true,
        errand: None,
    })
}

#[test]
fn each_pin_and_badge_finds_its_own_person_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let ada = enrol(&mut directory, "ada@example.com", None, true).unwrap().unwrap();
    let grace = enrol(&mut directory, "grace@example.com", Some("0012345678"), true).unwrap().unwrap();
    drop(directory);

    let directory = open(folder.path());
    let login = |credential| directory.identify(&credential).unwrap().map(|found| found.login.expose().clone());
    assert_eq!(login(Credential::Badge(badge("0012345678"))).as_deref(), Some("secret of grace@example.com"));
    assert_eq!(login(Credential::Badge(badge("0012345679"))), None);
    let copy = |pin: &Pin| Pin::parse(std::str::from_utf8(pin.expose()).unwrap()).unwrap();
    assert_eq!(
        login(Credential::BadgeWithPin(badge("0012345678"), copy(&grace))).as_deref(),
        Some("secret of grace@example.com")
    );
    assert_eq!(login(Credential::BadgeWithPin(badge("0012345678"), copy(&ada))), None, "another person's PIN");
    assert_eq!(login(Credential::Pin(ada)).as_deref(), Some("secret of ada@example.com"));
    assert_eq!(login(Credential::Pin(grace)).as_deref(), Some("secret of grace@example.com"));
    assert_eq!(login(Credential::Pin(Pin::parse("000000").unwrap())), None);
}

/// A directory of the version before languages, as it lies on kiosks.
#[test]
fn an_older_directory_is_brought_up_to_date_and_keeps_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let pin = enrol(&mut directory, "ada@example.com", None, true).unwrap().unwrap();
    drop(directory);
    let older = "ALTER TABLE staff DROP COLUMN language; PRAGMA user_version = 1;";
    Connection::open(folder.path().join(FILE)).unwrap().execute_batch(older).unwrap();

    let mut directory = open(folder.path());
    let found = directory.identify(&Credential::Pin(pin)).unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.language), ("ada", None));
    directory.keep_language(found.staff, Language::Es).unwrap();
    drop(directory);
    let directory = open(folder.path());
    directory.check().unwrap();
    let version: i64 = directory.db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
}

#[test]
fn a_badge_has_one_owner_and_a_person_is_enrolled_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let _ = enrol(&mut directory, "ada@example.com", Some("1111"), false).unwrap();
    let error = enrol(&mut directory, "grace@example.com", Some("1111"), false).unwrap_err();
    assert_eq!(error.to_string(), "badge ..11 belongs to ada@example.com already");
    assert_eq!(directory.list().unwrap().len(), 1, "nothing of the refused person was written");
    let error = enrol(&mut directory, "ADA@example.com", Some("2222"), false).unwrap_err();
    assert_eq!(error.to_string(), "ADA@example.com is enrolled already");

    let ada = directory.person("Ada@Example.com").unwrap().unwrap();
    assert!(directory.give_badge(ada.id, &badge("3333")).unwrap());
    assert!(!directory.give_badge(ada.id, &badge("3333")).unwrap(), "the same badge again is no news");
    assert_eq!(directory.person("ada@example.com").unwrap().unwrap().badges.len(), 2);
}

#[test]
fn a_directory_without_its_key_is_refused_and_no_new_key_is_made() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let key = folder.path().join("device.key");
    fs::remove_file(&key).unwrap();
    let error = Directory::open(folder.path(), None, || Cost::FLOOR).unwrap_err();
    assert!(matches!(error, Error::KeyMissing { .. }), "{error}");
    assert!(!key.exists());
    let _ = DeviceKey::make(folder.path()).unwrap();
    let error = Directory::open(folder.path(), None, || Cost::FLOOR).unwrap_err();
    assert!(matches!(error, Error::KeyOther { .. }), "{error}");
}

#[test]
fn a_sealed_login_moved_to_another_person_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let _ = enrol(&mut directory, "ada@example.com", Some("1111"), false).unwrap();
    let _ = enrol(&mut directory, "grace@example.com", Some("2222"), false).unwrap();
    directory
        .db
        .execute_batch("UPDATE logins SET (nonce, sealed) = (SELECT nonce, sealed FROM logins WHERE staff_id = 1) WHERE staff_id = 2")
        .unwrap();
    let error = directory.identify(&Credential::Badge(badge("2222"))).unwrap_err();
    assert_eq!(error.to_string(), "the sealed login of grace@example.com is damaged: enrol this person again");
    assert!(directory.identify(&Credential::Badge(badge("1111"))).unwrap().is_some());
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).db.pragma_update(None, "user_version", 99).unwrap();
    let error = Directory::open(folder.path(), None, || Cost::FLOOR).unwrap_err();
    assert!(matches!(error, Error::TooNew { version: 99, .. }), "{error}");
}

#[test]
fn a_file_that_makes_guessing_cheap_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _ = open(folder.path()).db.execute("UPDATE meta SET value = zeroblob(12) WHERE key = 'pin_cost'", []).unwrap();
    assert!(matches!(Directory::open(folder.path(), None, || Cost::FLOOR), Err(Error::Hashing)));
}

#[test]
fn nothing_in_the_files_is_a_pin_a_badge_number_or_a_login() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let pin = enrol(&mut directory, "ada@example.com", Some("0012345678"), true).unwrap().unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for canary in [pin.expose(), b"0012345678", b"secret of ada@example.com"] {
            assert!(!bytes.windows(canary.len()).any(|window| window == canary));
        }
    }
}

/// T14: every byte of every sealed login.
#[test]
fn every_flipped_byte_of_a_sealed_login_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let pin = enrol(&mut directory, "ada@example.com", Some("1111"), true).unwrap().unwrap();
    let mut tried = 0;
    for (role, credential) in [("pin", Credential::Pin(pin)), ("device", Credential::Badge(badge("1111")))] {
        for column in ["nonce", "sealed"] {
            let read = format!("SELECT {column} FROM logins WHERE role = '{role}'");
            let original: Vec<u8> = directory.db.query_row(&read, [], |row| row.get(0)).unwrap();
            let write = format!("UPDATE logins SET {column} = ?1 WHERE role = '{role}'");
            for byte in 0..original.len() {
                let mut changed = original.clone();
                changed[byte] ^= 1;
                let _ = directory.db.execute(&write, [&changed]).unwrap();
                assert!(directory.check().is_err(), "{role} {column} {byte}: found at the start");
                // The slow hash is the same each time: every eighth byte is tried at the keypad too.
                if role == "device" || byte % 8 == 0 {
                    let found = directory.identify(&credential);
                    assert!(matches!(found, Err(Error::Damaged { .. })), "{role} {column} {byte}: {found:?}");
                }
                tried += 1;
            }
            let _ = directory.db.execute(&write, [&original]).unwrap();
        }
        assert!(directory.identify(&credential).unwrap().is_some(), "and it opens again");
    }
    assert!(100 < tried, "{tried}");
    directory.check().unwrap();
}

/// T14, T34: whatever is changed from outside is found, at the start and at the sign-in.
#[test]
fn rows_that_are_changed_swapped_or_put_back_are_found() {
    for change in [
        "UPDATE staff SET suspended = 0 WHERE id = 1",
        "UPDATE staff SET name = 'Grace' WHERE id = 1",
        "UPDATE staff SET email = 'eve@example.com' WHERE id = 1",
        "UPDATE staff SET login_id = 78 WHERE id = 1",
        "UPDATE badges SET staff_id = 1 WHERE staff_id = 2",
        "UPDATE pins SET staff_id = 3 WHERE staff_id = 2",
        "DELETE FROM badges WHERE staff_id = 2",
        "DELETE FROM staff WHERE id = 2",
        "INSERT INTO badges (tag, hint, staff_id) VALUES (zeroblob(32), '99', 1)",
        "UPDATE logins SET staff_id = 99 WHERE staff_id = 4; UPDATE logins SET staff_id = 4 WHERE staff_id = 5; UPDATE logins SET staff_id = 5 WHERE staff_id = 99",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut directory = open(folder.path());
        for (email, number) in
            [("ada", "1111"), ("grace", "2222"), ("nadia", "3333"), ("juergen", "4444"), ("lin", "5555")]
        {
            let _ = enrol(&mut directory, &format!("{email}@example.com"), Some(number), number == "2222").unwrap();
        }
        let _ = directory.suspend("ada@example.com", true).unwrap();
        directory.check().unwrap();
        directory.db.execute_batch(&format!("PRAGMA foreign_keys = OFF; {change}")).unwrap();
        assert!(matches!(directory.check(), Err(Error::Tampered { .. })), "{change}");
        if change.contains("suspended") {
            let found = directory.identify(&Credential::Badge(badge("1111")));
            assert!(matches!(found, Err(Error::Damaged { .. })), "at the sign-in too");
        }
        drop(directory);
        let error = Directory::open(folder.path(), None, || Cost::FLOOR).unwrap_err();
        assert!(matches!(error, Error::Tampered { .. }), "{change}: {error}");
    }
}

/// T4, T14
#[test]
fn a_number_of_guesses_that_is_written_from_outside_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    directory.keep_guesses_left(3).unwrap();
    assert_eq!(directory.guesses_left().unwrap(), Some(3));
    let _ = directory
        .db
        .execute("UPDATE meta SET value = CAST(X'0000000A' || substr(value, 5) AS BLOB) WHERE key = 'guesses_left'", [])
        .unwrap();
    assert_eq!(directory.guesses_left().unwrap(), Some(0));
}

/// T12: a copy of the disk without the key, and with the key of another machine.
#[test]
fn a_copied_directory_opens_no_login_and_finds_no_pin_on_another_machine() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut directory = open(ours.path());
    let _ = enrol(&mut directory, "ada@example.com", Some("1111"), true).unwrap();
    let image = directory.db.serialize(rusqlite::MAIN_DB).unwrap().to_vec();
    let mut theirs = open(other.path());
    let _ = enrol(&mut theirs, "eve@example.com", Some("9999"), true).unwrap();
    drop(theirs);
    fs::write(other.path().join(FILE), image).unwrap();
    for leftover in ["directory.sqlite-wal", "directory.sqlite-shm"] {
        let _ = fs::remove_file(other.path().join(leftover));
    }
    let error = Directory::open(other.path(), None, || Cost::FLOOR).unwrap_err();
    assert!(matches!(error, Error::KeyOther { .. }), "{error}");
    // Even a program that does not ask for the key's name gets nowhere: tags and seals need the key.
    let theirs = DataKey::draw().unwrap();
    let sealed: Sealed = directory
        .db
        .query_row("SELECT nonce, sealed FROM logins WHERE role = 'device'", [], |row| {
            Ok(Sealed { nonce: row.get(0)?, bytes: row.get(1)? })
        })
        .unwrap();
    let salt: Vec<u8> = directory.db.query_row("SELECT salt FROM staff", [], |row| row.get(0)).unwrap();
    let of = Subject { staff: StaffId::new(1), salt: &salt, revision: 1 };
    assert!(directory.data.open(Role::Device, of, &sealed).is_some());
    assert!(theirs.open(Role::Device, of, &sealed).is_none());
    assert_ne!(theirs.badge_tag(&badge("1111")), directory.data.badge_tag(&badge("1111")));
}

#[test]
fn another_device_key_opens_everything_and_the_old_one_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let pin = enrol(&mut directory, "ada@example.com", Some("1111"), true).unwrap().unwrap();
    let old = fs::read(folder.path().join("device.key")).unwrap();
    let place = directory.rekey(None).unwrap();
    assert_eq!(place, KeyPlace::File(folder.path().join("device.key")));
    let new = fs::read(folder.path().join("device.key")).unwrap();
    assert_ne!(old, new);
    assert!(open(folder.path()).identify(&Credential::Pin(pin)).unwrap().is_some());
    fs::write(folder.path().join("device.key"), old).unwrap();
    assert!(matches!(Directory::open(folder.path(), None, || Cost::FLOOR), Err(Error::KeyOther { .. })));
    fs::write(folder.path().join("device.key"), new).unwrap();

    // To a systemd credential: the file is gone afterwards.
    let credentials = tempfile::tempdir().unwrap();
    fs::write(credentials.path().join("vestibule.key"), [3; 32]).unwrap();
    let place = open(folder.path()).rekey(Some(credentials.path())).unwrap();
    assert!(matches!(place, KeyPlace::Credential(_)));
    assert!(!folder.path().join("device.key").exists());
    assert!(matches!(Directory::open(folder.path(), None, || Cost::FLOOR), Err(Error::KeyMissing { .. })));
    let directory = Directory::open(folder.path(), Some(credentials.path()), || Cost::FLOOR).unwrap();
    assert!(directory.identify(&Credential::Badge(badge("1111"))).unwrap().is_some());
}

/// R12
#[test]
fn where_a_badge_alone_signs_in_no_longer_its_copy_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let pin = enrol(&mut directory, "ada@example.com", Some("1111"), true).unwrap().unwrap();
    let _ = enrol(&mut directory, "grace@example.com", Some("2222"), false).unwrap();
    assert_eq!(directory.forget_badge_copies().unwrap(), 1);
    assert_eq!(directory.forget_badge_copies().unwrap(), 0);
    directory.check().unwrap();
    assert!(directory.identify(&Credential::Badge(badge("1111"))).unwrap().is_none());
    assert!(directory.identify(&Credential::BadgeWithPin(badge("1111"), pin)).unwrap().is_some());
    assert!(directory.identify(&Credential::Badge(badge("2222"))).unwrap().is_some(), "the only copy is kept");
}

#[test]
fn a_restored_backup_opens_every_login_on_another_machine() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut directory = open(ours.path());
    let pin = enrol(&mut directory, "ada@example.com", Some("1111"), true).unwrap().unwrap();
    let backup = directory.backup().unwrap();
    assert!(matches!(restore(&backup, ours.path(), None), Err(Error::NotEmpty { .. })), "nothing is overwritten");
    let restored = restore(&backup, other.path(), None).unwrap();
    assert_eq!(restored.list().unwrap(), directory.list().unwrap());
    assert!(restored.identify(&Credential::Pin(pin)).unwrap().is_some());
    assert_eq!(restored.name(), directory.name(), "the same kiosk to Kisi");
    let cut = Backup::new(backup[..40].to_vec());
    assert!(matches!(restore(&cut, &other.path().join("x"), None), Err(Error::NoBackup)));
}

/// Two processes: one replaces the key, the other opens the directory all the while.
#[test]
fn a_directory_that_is_opened_during_a_rekey_loses_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut directory = open(folder.path());
    let _ = enrol(&mut directory, "ada@example.com", Some("1111"), false).unwrap();
    drop(directory);
    let path = folder.path().to_owned();
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let opening = std::thread::spawn(move || {
        let mut opened = 0;
        while is_done.try_recv().is_err() {
            drop(open(&path));
            opened += 1;
        }
        opened
    });
    for _ in 0..30 {
        let _ = open(folder.path()).rekey(None).unwrap();
    }
    done.send(()).unwrap();
    assert!(0 < opening.join().unwrap());
    assert!(open(folder.path()).identify(&Credential::Badge(badge("1111"))).unwrap().is_some());
}
