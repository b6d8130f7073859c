//! Upgrades: `fixtures/N` holds a directory of schema version N as SQL text, with Ada enrolled and her PIN beside it. A
//! schema change adds a folder and changes none.

use std::{fs, path::Path, process::Command};

use rusqlite::Connection;
use tempfile::TempDir;
use vestibule::{
    staff::{Badge, Credential, Pin},
    store::{
        self,
        directory::{Cost, Directory, Error},
    },
};

fn fixtures() -> Vec<(i64, std::path::PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/operations/fixtures");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().parse().unwrap(), path))
        .collect();
    found.sort();
    found
}

/// The data folder of a kiosk of this version.
fn installed(fixture: &Path) -> TempDir {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let db = Connection::open(folder.path().join("directory.sqlite")).unwrap();
    db.execute_batch(&fs::read_to_string(fixture.join("directory.sql")).unwrap()).unwrap();
    // Since version 3 the keys of the audit log have their own file.
    for name in ["device.key", "audit.head", "audit.keys"] {
        let to = folder.path().join(name);
        if name == "audit.keys" && !fixture.join(name).exists() {
            continue;
        }
        let _ = fs::copy(fixture.join(name), &to).unwrap();
        fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    folder
}

fn version(folder: &TempDir) -> i64 {
    let db = Connection::open(folder.path().join("directory.sqlite")).unwrap();
    db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn open(folder: &TempDir) -> Result<Directory, Error> {
    Directory::open(folder.path(), None, || Cost::MINIMUM)
}

fn run(folder: &TempDir, arguments: &[&str]) -> (bool, String) {
    let config = folder.path().join("kiosk.toml");
    fs::write(&config, "").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let _ = command.args(arguments).arg("--config").arg(config).arg("--data").arg(folder.path());
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// F57: a directory of every schema version is migrated. Its people, PINs and badges work, and the audit log verifies.
#[test]
fn a_directory_of_every_version_is_migrated() {
    let newest = fixtures().last().unwrap().0;
    for (number, fixture) in fixtures() {
        let folder = installed(&fixture);
        assert_eq!(version(&folder), number, "the fixture has its version");
        let (is_listed, people) = run(&folder, &["staff", "list"]);
        assert!(is_listed && people.contains("Ada Lind"), "{number}: {people}");
        assert_eq!(version(&folder), newest, "{number}");
        let (is_whole, said) = run(&folder, &["audit", "verify"]);
        assert!(is_whole, "{number}: {said}");
        let directory = open(&folder).unwrap();
        let pin = fs::read_to_string(fixture.join("pin")).unwrap();
        let found = directory.identify(&Credential::Pin(Pin::parse(pin.trim()).unwrap())).unwrap().unwrap();
        assert_eq!(found.email, "ada@example.com", "{number}");
        // Version 5 is the first with the doors of the last visit.
        let last = directory.last_doors(found.staff, found.revision).unwrap();
        assert_eq!(last.is_some(), 5 <= number, "{number}");
        let badge = Badge::read("0012345678", &vestibule::staff::BadgeProfile::plain()).unwrap();
        assert!(directory.identify(&Credential::Badge(badge)).unwrap().is_some(), "{number}");
    }
    let fresh = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    drop(open(&fresh).unwrap());
    assert_eq!(version(&fresh), newest, "the current schema version has no folder in tests/it/operations/fixtures");
}

/// F57: a directory of a newer schema version is refused with an error and left unchanged.
#[test]
fn a_directory_of_a_newer_version_is_refused_and_left_alone() {
    let (newest, fixture) = fixtures().pop().unwrap();
    let folder = installed(&fixture);
    let db = Connection::open(folder.path().join("directory.sqlite")).unwrap();
    db.pragma_update(None, "user_version", newest + 1).unwrap();
    drop(db);
    let before = fs::read(folder.path().join("directory.sqlite")).unwrap();
    assert!(matches!(open(&folder), Err(Error::Store(store::Error::TooNew { .. }))));
    let (is_done, said) = run(&folder, &["staff", "list"]);
    assert!(!is_done && said.contains("newer"), "{said}");
    assert_eq!(version(&folder), newest + 1);
    let after = fs::read(folder.path().join("directory.sqlite")).unwrap();
    assert_eq!(before.len(), after.len());
}

/// F38: with the write-ahead log cut at any point of a write, as by a power cut, the directory opens in its old or its
/// new state.
#[test]
fn a_truncated_wal_opens_in_the_old_or_the_new_state() {
    let (_, fixture) = fixtures().pop().unwrap();
    let folder = installed(&fixture);
    let keeper = open(&folder).unwrap();
    let wal = folder.path().join("directory.sqlite-wal");
    let length = || usize::try_from(fs::metadata(&wal).map_or(0, |wal| wal.len())).unwrap();
    let begin = length();
    let ada = keeper.person("ada@example.com").unwrap().unwrap();
    let mut writer = open(&folder).unwrap();
    let badge = Badge::read("4711471147", &vestibule::staff::BadgeProfile::plain()).unwrap();
    assert!(writer.give_badge(ada.id, &badge).unwrap());
    let end = length();
    assert!(begin < end, "the change is in the write-ahead log: {begin} and {end}");
    let written = fs::read(&wal).unwrap();
    let (mut before, mut after) = (0, 0);
    for cut in (begin..=end).step_by(97).chain([end]) {
        let copy = vestibule::private_files::temporary_folder("vestibule-").unwrap();
        for name in ["directory.sqlite", "device.key", "audit.head"] {
            let _ = fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        fs::write(copy.path().join("directory.sqlite-wal"), &written[..cut]).unwrap();
        let directory = open(&copy).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        match directory.owner_of(&badge).unwrap() {
            None => before += 1,
            Some(_) => after += 1,
        }
        directory.check().unwrap();
    }
    println!("{before} cuts left the old state, {after} the new one");
    assert!(10 < before && 0 < after, "{before} and {after}");
}
