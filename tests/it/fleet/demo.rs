//! `demo --fleet`: a window, a kiosk without one, and a database of their own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use iced::Size;

use crate::support::{
    headless::now,
    installed::Program,
    network_namespace::{is_inside, mount},
    screenshot::{at_rest, difference},
    touchscreen::Touchscreen,
};

/// The demo, with its temporary folders in this one.
fn demo(screen: &Touchscreen, folder: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let _ = command.args(["demo", "--fleet", "2", "--windowed"]).env("DISPLAY", screen.display());
    Program::start(command.env("TMPDIR", folder).env_remove("WAYLAND_DISPLAY"))
}

/// A folder that PostgreSQL's account may enter, too.
fn folder() -> tempfile::TempDir {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody).unwrap();
    folder
}

/// Processes that have this folder in their command line.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path().join("cmdline"));
    let lines = all.filter_map(|file| fs::read_to_string(file).ok());
    lines.filter(|line| line.contains(folder)).collect()
}

/// Checks that the demo left nothing.
#[track_caller]
fn nothing_is_left(folder: &Path) {
    assert_eq!(processes(folder), [""; 0]);
    let left: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [""; 0].map(PathBuf::from));
}

#[test]
fn somebody_enrolled_once_signs_in_at_two_kiosks_of_the_demo_and_nothing_is_left() {
    let (mut screen, folder) = (Touchscreen::start(1920, 1080), folder());
    let mut demo = demo(&screen, folder.path());
    let line = demo.expect("Ada Lind: PIN");
    let is_pin = |word: &&str| word.len() == 6 && word.chars().all(|c| c.is_ascii_digit());
    let pin = line.split_whitespace().find(is_pin).unwrap_or_else(|| panic!("{line}"));
    let _ = demo.expect("Kiosk 2: Ada Lind signed in and unlocked ");
    assert_ne!(processes(folder.path()), [""; 0], "a server runs");
    // Without a window manager the window lies at the top left, as large as it asked to be.
    let window = at_rest(Size::new(1280.0, 800.0));
    let rest = screen.settled();
    for digit in pin.chars() {
        screen.tap(window.find(&digit.to_string()).unwrap());
    }
    let _ = screen.once("the doors", |picture| 0.05 < difference(picture, &rest));
    screen.ask_to_close();
    assert_eq!(demo.exit_code(), Some(0));
    nothing_is_left(folder.path());
}

#[test]
fn a_demo_that_is_interrupted_leaves_no_server_and_no_folder() {
    let (screen, folder) = (Touchscreen::start(1280, 800), folder());
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let mut demo = demo(&screen, folder.path());
        let _ = demo.expect("Close the window to quit");
        assert_ne!(processes(folder.path()), [""; 0], "a server runs");
        let process = rustix::process::Pid::from_child(&demo.child);
        rustix::process::kill_process(process, signal).unwrap();
        assert_eq!(demo.exit_code(), Some(130));
        nothing_is_left(folder.path());
    }
    // Nobody can remove the folders then.
    let mut demo = demo(&screen, folder.path());
    let _ = demo.expect("Close the window to quit");
    demo.child.kill().unwrap();
    let _ = demo.child.wait().unwrap();
    let begin = now();
    while !processes(folder.path()).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", processes(folder.path()));
        thread::sleep(Duration::from_millis(50));
    }
}

/// Hides the programs of PostgreSQL in a mount namespace.
#[test]
fn without_postgresql_the_demo_of_a_fleet_names_the_package() {
    if !is_inside(module_path!(), "without_postgresql_the_demo_of_a_fleet_names_the_package") {
        return;
    }
    mount(&["-t", "tmpfs", "tmpfs"], Path::new("/usr/lib/postgresql"));
    let (screen, folder) = (Touchscreen::start(1280, 800), folder());
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let _ = command.args(["demo", "--fleet", "2"]).env("DISPLAY", screen.display()).env("TMPDIR", folder.path());
    let output = command.env("PATH", "/nonexistent").env_remove("WAYLAND_DISPLAY").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("PostgreSQL is not installed: install the package `postgresql`"), "{said}");
    nothing_is_left(folder.path());
}
