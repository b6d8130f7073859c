//! The machine below the kiosk: its time zone, a data folder that forgets, and a port that somebody else holds.

use std::{fs, net::TcpListener, path::Path, process::Command};

use crate::support::{
    files::Files,
    headless::BADGE,
    health,
    installed::{Installed, Program},
    touchscreen::Touchscreen,
};

fn doctor(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// The line of a finding.
#[track_caller]
fn line(said: &str, about: &str) -> String {
    let found =
        said.lines().find(|line| line.split_whitespace().nth(1) == Some(about) || line.contains(&format!(" {about} ")));
    found.unwrap_or_else(|| panic!("no {about} in {said}")).to_owned()
}

fn enrolled() -> Files {
    let files = Files::new();
    let added = files.run(&["staff", "add", "grace@example.com", "--badge", BADGE]);
    assert!(added.status.success(), "{added:?}");
    files
}

/// `doctor` says which zone is used, doubts one that the zone database does not know, and says that daily limits use it.
#[test]
fn doctor_says_which_time_zone_is_used() {
    let files = enrolled();
    let of = |zone: &str| doctor(files.command(&["doctor"]).env("TZ", zone));
    assert!(line(&of("Europe/Berlin"), "time zone").starts_with("ok       time zone    Europe/Berlin, where it is "));
    let doubted = line(&of("Europe/Atlantis"), "time zone");
    assert!(
        doubted.starts_with("warning")
            && doubted.contains("`Europe/Atlantis` in TZ")
            && doubted.contains("UTC is used"),
        "{doubted}"
    );
    let config = files.folder.join("kiosk.toml");
    let text = fs::read_to_string(&config).unwrap() + "[limits]\nper_person_per_day = 9\n";
    fs::write(&config, text).unwrap();
    assert!(line(&of("Asia/Tokyo"), "time zone").contains("daily limits end at midnight there"));
}

/// A data folder in memory: `doctor` fails, and the kiosk does not start unless that is configured.
#[test]
fn a_data_folder_that_forgets_is_refused() {
    let memory = tempfile::Builder::new().prefix("vestibule-").tempdir_in("/dev/shm").unwrap();
    let installed = Installed::new();
    installed.configure("volatile_data = true", "volatile_data = false");
    let screen = Touchscreen::start(1280, 800);
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let _ = command
            .args(arguments)
            .arg("--config")
            .arg(installed.path("kiosk.toml"))
            .arg("--data")
            .arg(memory.path().join("data"));
        let _ = command.env("VESTIBULE_ADMIN_KEY", &installed.simulated.admin).env("DISPLAY", screen.display());
        let _ = command.env_remove("WAYLAND_DISPLAY");
        command
    };
    let added = command(&["staff", "add", "grace@example.com", "--badge", BADGE]).output().unwrap();
    assert!(added.status.success(), "{added:?}");
    let said = line(&doctor(&mut command(&["doctor"])), "storage");
    assert!(said.starts_with("BAD") && said.contains("is in memory (tmpfs)"), "{said}");
    let kiosk = Program::start(&mut command(&[]));
    let why = kiosk.expect("would be gone when the machine starts again");
    assert!(why.contains("`/dev/shm` is in memory (tmpfs)") && why.contains("kiosk.volatile_data"), "{why}");
    drop(kiosk);
    installed.configure("volatile_data = false", "volatile_data = true");
    let said = line(&doctor(&mut command(&["doctor"])), "storage");
    assert!(said.starts_with("warning"), "{said}");
    let kiosk = Program::start(&mut command(&[]));
    let _ = kiosk.expect("the window is open");
}

/// A port that another program holds: `doctor` and the log name the program, and its `/readyz` is not mistaken for ours.
#[test]
fn a_port_that_somebody_else_holds_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    // Another program's endpoint with the same path and a similar answer.
    let _ = std::thread::spawn(move || {
        for stream in other.incoming().flatten() {
            use std::io::{Read, Write};
            let mut stream = stream;
            let answer =
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"ready\":true}";
            let _ = (stream.read(&mut [0; 1024]), stream.write_all(answer));
        }
    });
    let installed = Installed::new();
    installed.configure("listen = \"\"", &format!("listen = \"{address}\""));
    let report = installed.import("badges.csv", &[]);
    assert_eq!(report["result"], "enrolled", "{report}");
    let own = format!("(process {})", std::process::id());
    let said = line(&doctor(&mut installed.command(&["doctor"])), "health");
    assert!(said.starts_with("BAD") && said.contains(&own), "{said}");
    let screen = Touchscreen::start(1280, 800);
    let kiosk = installed.kiosk(&screen);
    let logged = kiosk.expect("cannot listen on health.listen");
    assert!(logged.contains(&own), "{logged}");
    drop(kiosk);

    // Its own endpoint is recognized.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    installed.configure(&address.to_string(), &free.to_string());
    let kiosk = installed.open(&screen);
    let _ = health::get(&format!("http://{free}/readyz"));
    let said = line(&doctor(&mut installed.command(&["doctor"])), "health");
    assert!(said.starts_with("ok") && said.contains(&format!("process {}", kiosk.child.id())), "{said}");
    assert!(Path::new("/proc/net/tcp").exists());
}
