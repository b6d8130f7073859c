//! Full disks, read-only disks and corrupt stores: no unlock is sent without a durable record, and no kiosk starts over
//! with an empty directory.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::Duration,
};

use vestibule::{
    app::Start,
    door::Outcome,
    error_chain::Chain,
    staff::{Badge, Credential},
    store::directory::{Cost, Directory},
    wiring,
};

use crate::support::{
    headless::{BADGE, Kiosk, Site, english},
    network_namespace::{is_inside, loopback, mount},
};

/// Time between two touches: more than the 400 ms in which the kiosk drops touches meant for the previous screen.
const REACH: Duration = Duration::from_millis(450);

/// Puts the site's data folder on a tmpfs of 1 MiB.
fn on_small_disk(site: &mut Site) -> tempfile::TempDir {
    let disk = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"], disk.path());
    site.folder = vestibule::private_files::temporary_folder_in(disk.path(), "vestibule-").unwrap();
    disk
}

/// F39, R51: on a full disk the doors are shown, but no unlock is sent. It works again once there is space.
#[test]
fn a_full_disk_blocks_unlocks() {
    if !is_inside(module_path!(), "a_full_disk_blocks_unlocks") {
        return;
    }
    loopback("up");
    let mut site = Site::new();
    let disk = on_small_disk(&mut site);
    let _ = site.enrol("grace@example.com", Some(BADGE), false);
    let mut kiosk: Kiosk = site.kiosk();
    // The first lookup of a badge is charged to a budget on the disk. Later ones need no space.
    kiosk.scan(BADGE);
    kiosk.send(vestibule::app::Message::Session(vestibule::session::Event::SignOutTouched));
    kiosk.wait(Duration::from_millis(5_050));
    let filler = disk.path().join("filler");
    fill(&filler);
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Grace"), "{:?}", kiosk.texts());
    kiosk.wait(REACH);
    kiosk.tap_door("Bike store");
    assert!(kiosk.shows(&english().advice(Outcome::NotRecorded)), "{:?}", kiosk.texts());
    site.kisi.with(|world| assert_eq!(world.unlocks(), 0));
    fs::remove_file(filler).unwrap();
    kiosk.wait(REACH);
    kiosk.tap_door("Bike store");
    assert!(kiosk.shows("Accepted"), "{:?}", kiosk.texts());
    site.kisi.with(|world| assert_eq!(world.unlocks(), 1));
    assert_eq!(site.records_once(vestibule::store::audit::Action::Outcome, 1), ["accepted"]);
}

/// Fills the disk to the last byte.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [4096, 512, 1] {
        while file.write_all(&vec![0; size]).and_then(|()| file.sync_all()).is_ok() {}
    }
}

/// F40: on a read-only disk the kiosk does not start and names the cause. It works once the disk is writable.
#[test]
fn a_read_only_disk_is_reported_and_blocks_the_start() {
    if !is_inside(module_path!(), "a_read_only_disk_is_reported_and_blocks_the_start") {
        return;
    }
    loopback("up");
    let mut site = Site::new();
    let disk = on_small_disk(&mut site);
    let _ = site.enrol("grace@example.com", Some(BADGE), false);
    mount(&["-o", "remount,ro"], disk.path());
    let error = match Directory::open(site.folder.path(), None, || Cost::MINIMUM) {
        Ok(directory) => wiring::start(&site.config, directory, site.client()).map(drop).unwrap_err().to_string(),
        Err(error) => Chain(&error).to_string(),
    };
    assert!(error.contains("directory") || error.contains("audit log"), "{error}");
    mount(&["-o", "remount,rw"], disk.path());
    let mut kiosk = site.kiosk();
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Grace"));
}

/// F41, T14: with one byte of the store changed, every 211 bytes, the change is detected or the badge opens the same
/// login. The same holds for a truncated store. The error for a missing store tells the admin to restore a backup.
///
/// `VESTIBULE_EVERY_BYTE=1` is the long form: it changes every byte.
#[test]
fn a_changed_byte_in_the_store_is_detected_or_harmless() {
    let site = Site::new();
    let _ = site.enrol("grace@example.com", Some(BADGE), false);
    drop(site.start());
    std::thread::sleep(Duration::from_millis(300));
    let file = site.folder.path().join("directory.sqlite");
    // Move the write-ahead log into the database file.
    drop(rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
    let whole = fs::read(&file).unwrap();
    let badge = || Credential::Badge(Badge::read(BADGE, &site.config.badge.profile).unwrap());
    let known = |folder: &Path| -> Result<String, String> {
        let said = |error: &dyn std::error::Error| Chain(error).to_string();
        let directory = Directory::open(folder, None, || Cost::MINIMUM).map_err(|error| said(&error))?;
        directory.check().map_err(|error| said(&error))?;
        let log = wiring::begin_log(&site.config, &directory).map_err(|error| said(&error))?;
        let found = directory.identify(&badge()).map_err(|error| said(&error))?;
        drop(log);
        found.map(|found| found.login.expose().clone()).ok_or_else(|| "nobody".to_owned())
    };
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let lay = |bytes: &[u8]| {
        for entry in fs::read_dir(folder.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for name in ["device.key", "audit.head", "audit.keys"] {
            let _ = fs::copy(site.folder.path().join(name), folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("directory.sqlite"), bytes).unwrap();
        known(folder.path())
    };
    let right = lay(&whole).unwrap();
    let step = if std::env::var_os("VESTIBULE_EVERY_BYTE").is_some() { 1 } else { 211 };
    let (mut tried, mut found) = (0, 0);
    for at in (0..whole.len()).step_by(step) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        tried += 1;
        match lay(&changed) {
            Ok(login) => assert_eq!(login, right, "byte {at}"),
            Err(error) => {
                assert_ne!(error, "nobody", "byte {at}: a person was lost silently");
                found += 1;
            }
        }
    }
    println!("{tried} of {} bytes changed: {found} detected, the others without effect", whole.len());
    for cut in [0, 1, 100, 4096, whole.len() / 2, whole.len() - 1] {
        // The part that was cut off may have held no data.
        match lay(&whole[..cut]) {
            Ok(login) => assert_eq!(login, right, "{cut} bytes"),
            Err(error) => assert_ne!(error, "nobody", "{cut} bytes"),
        }
    }
    fs::remove_file(folder.path().join("directory.sqlite")).unwrap();
    let error = known(folder.path()).unwrap_err();
    assert!(error.contains("restore a backup"), "missing: {error}");
}

/// F44, in part: without its device key the store does not open, and no new key is created. The TPM is not tested:
/// systemd handles it.
#[test]
fn a_missing_device_key_is_not_replaced() {
    let site = Site::new();
    let _ = site.enrol("grace@example.com", Some(BADGE), false);
    fs::remove_file(site.folder.path().join("device.key")).unwrap();
    let error = Directory::open(site.folder.path(), None, || Cost::MINIMUM).unwrap_err();
    let what = Chain(&error).to_string();
    assert!(what.contains("key"), "{what}");
    assert!(!site.folder.path().join("device.key").exists());
    let kiosk = Kiosk::new(Start::Broken { what, phone: "+49 40 1234".to_owned() }, crate::support::headless::WIDE);
    assert!(kiosk.shows(&english().say("out-of-order")));
}
