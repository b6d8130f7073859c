//! The shipped program on a real display, with real touches: doors that are there before Kisi answers, and a door that
//! waits for its reader. Beacons come over D-Bus from a stand-in for BlueZ. Pictures go to `target/tmp/near-and-at-once`.

use std::{fs, path::Path, thread, time::Duration};

use iced::{Point, Size};
use vestibule::{
    simulator::{fault::Fault, world::World},
    wiring,
};

use crate::support::{
    bluez::{Bluez, frame_of},
    files::Files,
    headless::{BADGE, Kiosk, english, now},
    installed::Program,
    scenes::save,
    screenshot::difference,
    touchscreen::Touchscreen,
};

/// Small enough that the tests of pixels are quick, and one page for all of Ada's doors but one.
const SIZE: Size = Size::new(1280.0, 800.0);
/// The door that asks for its reader.
const ARCHIVE: u64 = 107;

/// A site with Ada, whose badge signs her in, and these lines in `kiosk.toml`.
fn site(keys: &str) -> Files {
    let files = Files::new();
    let config = files.folder.join("kiosk.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + keys).unwrap();
    let added = files.run(&["staff", "add", "ada@example.com", "--badge", BADGE]);
    assert!(added.status.success(), "{added:?}");
    files
}

/// The same screens without a display, for positions. Its data folder is a copy.
fn twin(files: &Files) -> (tempfile::TempDir, Kiosk) {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    for entry in fs::read_dir(files.folder.join("data")).unwrap() {
        let from = entry.unwrap().path();
        let _ = fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    }
    let directory = vestibule::store::directory::Directory::open_existing(folder.path(), None).unwrap();
    let mut config = files.site.config.clone();
    config.kisi.base_url = files.site.kisi.base_url();
    let start = wiring::start(&config, directory, files.site.client()).unwrap();
    let twin = Kiosk::new(start, SIZE);
    (folder, twin)
}

fn opened(files: &Files, screen: &Touchscreen, bus: &str) -> Program {
    let mut command = files.command(&[]);
    let command = command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY");
    let kiosk = Program::start(command.env("DBUS_SYSTEM_BUS_ADDRESS", bus).env("VESTIBULE_LOG", "info"));
    let _ = kiosk.expect("the window is open");
    let _ = screen.settled();
    kiosk
}

fn keep(name: &str, picture: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("near-and-at-once");
    fs::create_dir_all(&folder).unwrap();
    save(&folder.join(format!("{name}.png")), SIZE, picture);
}

fn scan(screen: &mut Touchscreen) {
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
}

#[test]
fn the_doors_of_the_last_visit_are_on_a_real_screen_while_kisi_is_silent() {
    let files = site("");
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = opened(&files, &screen, "unix:path=/nonexistent");
    let rest = screen.picture();
    scan(&mut screen);
    let _ = kiosk.expect("signed in");
    let first = screen.once("her doors", |picture| 0.02 < difference(picture, &rest));
    let (_folder, mut twin) = twin(&files);
    twin.scan(BADGE);
    let (door, out) = (twin.find("Main entrance").unwrap(), twin.find(&english().say("sign-out")).unwrap());
    screen.tap(out);
    let _ = screen.once("at rest", |picture| difference(picture, &rest) < 0.01);
    thread::sleep(Duration::from_secs(5));

    let slow = Fault { delay_ms: 6_000, ..Fault::default() }.at("GET", "/locks");
    files.site.kisi.with(|world| world.faults.push(slow));
    let begin = now();
    scan(&mut screen);
    let _ = kiosk.expect("signed in");
    let at_once = screen.once("her doors", |picture| 0.02 < difference(picture, &rest));
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}: Kisi answers after 6 s", begin.elapsed());
    keep("at-once", &at_once);
    // The same tiles at the same places, without the lines that say a state.
    assert!(difference(&at_once, &first) < 0.02, "{}", difference(&at_once, &first));
    screen.tap(door);
    let _ = kiosk.expect("outcome=Accepted");
    assert!(begin.elapsed() < Duration::from_secs(6), "Kisi has not listed the doors yet");
    assert_eq!(files.site.kisi.with(|world| world.unlocks()), 1);
    keep("opened-before-the-list", &screen.picture());
}

/// The tile of the archive, whose page the keys `>` show.
fn archive(twin: &mut Kiosk) -> (Point, Point) {
    twin.scan(BADGE);
    let next = twin.find(&vestibule::screen::icon::Icon::ChevronRight.character().to_string()).unwrap();
    twin.wait(Duration::from_millis(450));
    twin.turn_to("Archive");
    (twin.find("Archive").unwrap(), next)
}

#[test]
fn a_door_becomes_a_button_on_a_real_screen_when_its_reader_is_heard() {
    let bluez = Bluez::start();
    let files = site("[proximity]\nbeacons = true\n");
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = opened(&files, &screen, &bluez.address());
    assert_eq!(bluez.calls(), Vec::<String>::new(), "the radio is quiet at rest");
    let (_folder, mut twin) = twin(&files);
    let (door, next) = archive(&mut twin);
    let rest = screen.picture();
    scan(&mut screen);
    let _ = kiosk.expect("signed in");
    let _ = kiosk.expect("hears the beacons of readers");
    let first = screen.once("her doors", |picture| 0.02 < difference(picture, &rest));
    screen.tap(next);
    let far = screen.once("the other page", |picture| 0.01 < difference(picture, &first));
    keep("reader-not-heard", &far);
    screen.tap(door);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(files.site.kisi.with(|world| world.unlocks()), 0, "it is no button");
    let near = loop {
        bluez.hears_readers(&files.site.kisi, &[ARCHIVE]);
        thread::sleep(Duration::from_millis(150));
        let picture = screen.picture();
        if 0.000_5 < difference(&picture, &far) {
            break picture;
        }
    };
    keep("reader-heard", &near);
    bluez.hears_readers(&files.site.kisi, &[ARCHIVE]);
    screen.tap(door);
    let _ = kiosk.expect("outcome=Accepted");
    assert_eq!(files.site.kisi.with(|world| world.unlocks()), 1);
    keep("opened-by-its-reader", &screen.picture());
}

/// What queues up while the kiosk is stopped carries no time: it proves nothing, although it is read just now.
#[test]
fn beacons_that_queued_up_while_the_kiosk_stood_still_prove_nothing() {
    let bluez = Bluez::start();
    let files = site("[proximity]\nbeacons = true\n");
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = opened(&files, &screen, &bluez.address());
    let (_folder, mut twin) = twin(&files);
    let (door, next) = archive(&mut twin);
    let rest = screen.picture();
    scan(&mut screen);
    let _ = kiosk.expect("hears the beacons of readers");
    let first = screen.once("her doors", |picture| 0.02 < difference(picture, &rest));
    screen.tap(next);
    let _ = screen.once("the other page", |picture| 0.01 < difference(picture, &first));
    let pid = rustix::process::Pid::from_raw(i32::try_from(kiosk.child.id()).unwrap()).unwrap();
    for _ in 0..3 {
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
        for _ in 0..20 {
            bluez.hears_readers(&files.site.kisi, &[ARCHIVE]);
            bluez.hears("FE", &frame_of(&files.site.kisi, 4_711), -60);
            bluez.scan_anew();
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_secs(5));
        rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
        thread::sleep(Duration::from_secs(1));
        screen.tap(door);
        thread::sleep(Duration::from_millis(500));
        assert_eq!(files.site.kisi.with(|world| world.unlocks()), 0, "a stale proof");
        let is_asked = |world: &mut World| world.requests.iter().any(|request| request.path.ends_with("/unlock"));
        assert!(!files.site.kisi.with(is_asked), "it is no button");
    }
    // It hears again.
    thread::sleep(Duration::from_millis(1_500));
    bluez.hears_readers(&files.site.kisi, &[ARCHIVE]);
    thread::sleep(Duration::from_millis(300));
    screen.tap(door);
    let _ = kiosk.expect("outcome=Accepted");
}

/// Who is told what by `doctor`, with an adapter, without one, and without Bluetooth at all.
#[test]
fn doctor_says_which_readers_are_heard_and_for_whom_that_makes_a_difference() {
    let bluez = Bluez::start();
    let files = site("[proximity]\nbeacons = true\n");
    let said = |bus: &str| {
        let output = files.command(&["doctor"]).env("DBUS_SYSTEM_BUS_ADDRESS", bus).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let lines = |said: &str| {
        let about = said.lines().filter(|line| line.contains("beacons  ") || line.contains("needs a proof"));
        about.map(str::to_owned).collect::<Vec<_>>()
    };
    let unheard = said(&bluez.address());
    let found = lines(&unheard);
    assert!(found[0].starts_with("warning") && found[0].contains("\"Archive\": its reader is not heard"), "{found:?}");
    assert!(found[0].contains("ada@example.com"), "{found:?}");
    assert!(unheard.lines().any(|line| line.starts_with("never") && line.contains("Archive")), "{unheard}");

    let heard = thread::scope(|scope| {
        let doctor = scope.spawn(|| said(&bluez.address()));
        while !doctor.is_finished() {
            bluez.hears_readers(&files.site.kisi, &[ARCHIVE, 101]);
            bluez.hears("FE", &frame_of(&files.site.kisi, 4_711), 127);
            thread::sleep(Duration::from_millis(200));
        }
        doctor.join().unwrap()
    });
    let found = lines(&heard);
    assert!(
        found[0].starts_with("ok")
            && found[0].contains("\"Archive\": its reader is heard (-60 dBm), which opens it for ada@example.com"),
        "{found:?}"
    );
    assert!(
        found[1].contains("no difference to anybody's doors") && found[1].contains("\"Main entrance\" (-60 dBm)"),
        "{found:?}"
    );
    assert!(found[1].contains("an unknown door (lock ...4711) (strength unknown)"), "{found:?}");
    assert!(!heard.lines().any(|line| line.starts_with("never") && line.contains("Archive")), "{heard}");

    bluez.unplug();
    assert!(lines(&said(&bluez.address()))[0].contains("there is no Bluetooth adapter"));
    let none = lines(&said("unix:path=/nonexistent"));
    assert!(none[0].starts_with("BAD") && none[0].contains("readers cannot be heard"), "{none:?}");
}

/// `doctor` claims nothing that it could not find out: two doors whose beacons look the same, somebody whose doors it cannot
/// list, and a Bluetooth service that hangs.
#[test]
fn doctor_says_what_it_could_not_find_out_about_readers() {
    let bluez = Bluez::start();
    let files = site("[proximity]\nbeacons = true\n");
    let said = |with_admin: bool| {
        let mut command = files.command(&["doctor"]);
        let command = command.env("DBUS_SYSTEM_BUS_ADDRESS", bluez.address());
        let output = if with_admin { command.output() } else { command.env_remove("VESTIBULE_ADMIN_KEY").output() };
        let said = String::from_utf8(output.unwrap().stdout).unwrap();
        said.lines().filter(|line| line.contains("beacons  ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let hearing = |doors: &[u64], with_admin: bool| {
        thread::scope(|scope| {
            let doctor = scope.spawn(|| said(with_admin));
            while !doctor.is_finished() {
                bluez.hears_readers(&files.site.kisi, doors);
                thread::sleep(Duration::from_millis(200));
            }
            doctor.join().unwrap()
        })
    };
    // Only Grace's PIN opens her login, so that nobody knows her doors.
    let config = files.folder.join("kiosk.toml");
    let keys = "[sign_in]\nbadge = \"with-pin\"\n";
    fs::write(&config, fs::read_to_string(&config).unwrap() + keys).unwrap();
    let added = files.run(&["staff", "add", "grace@example.com", "--pin"]);
    assert!(added.status.success(), "{added:?}");
    let found = hearing(&[101], false);
    assert!(found.iter().any(|line| line.contains("also heard, not all doors could be checked")), "{found:?}");
    assert!(!found.iter().any(|line| line.contains("no difference to anybody")), "{found:?}");

    files.site.kisi.with(|world| {
        let mut vault = world.doors[&ARCHIVE].clone();
        (vault.id, vault.name) = (ARCHIVE + (1 << 22), "Vault".to_owned());
        for group in world.groups.values_mut().filter(|group| group.doors.contains(&ARCHIVE)) {
            group.doors.push(vault.id);
        }
        let _ = world.doors.insert(vault.id, vault);
    });
    let found = hearing(&[ARCHIVE], true);
    for door in ["Archive", "Vault"] {
        let closed = format!("\"{door}\": its reader is not heard, so it stays closed");
        assert!(found.iter().any(|line| line.starts_with("warning") && line.contains(&closed)), "{found:?}");
    }
    assert!(found.iter().any(|line| line.contains("look the same and prove nothing")), "{found:?}");

    bluez.hang();
    let found = said(true);
    assert!(found[0].starts_with("BAD") && found[0].contains("did not answer on D-Bus within 5 s"), "{found:?}");
}

/// With beacons off nothing listens: no thread, no connection to the bus. With beacons on a machine without Bluetooth
/// starts as before and says what is missing.
#[test]
fn a_kiosk_without_bluetooth_works_and_one_with_beacons_off_asks_nobody() {
    for (keys, bus_is_there) in [("", true), ("[proximity]\nbeacons = true\n", false)] {
        let bluez = Bluez::start();
        let files = site(keys);
        let mut screen = Touchscreen::start(1280, 800);
        let bus = if bus_is_there { bluez.address() } else { "unix:path=/nonexistent".to_owned() };
        let kiosk = opened(&files, &screen, &bus);
        let (_folder, mut twin) = twin(&files);
        twin.scan(BADGE);
        let door = twin.find("Main entrance").unwrap();
        let rest = screen.picture();
        scan(&mut screen);
        let mut log = kiosk.until("signed in");
        let _ = screen.once("her doors", |picture| 0.02 < difference(picture, &rest));
        screen.tap(door);
        log.extend(kiosk.until("outcome=Accepted"));
        let log = log.concat();
        assert_eq!(log.contains("the beacons of readers cannot be heard"), !bus_is_there, "{log}");
        assert_eq!(bluez.calls(), Vec::<String>::new());
        let threads = fs::read_dir(format!("/proc/{}/task", kiosk.child.id())).unwrap();
        let names = threads.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default());
        assert_eq!(names.filter(|name| name.trim() == "beacons").count(), usize::from(!bus_is_there));
    }
}
