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
    assert!(matches!(error, Error::KeyMissing { .. }), "{error}");
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
