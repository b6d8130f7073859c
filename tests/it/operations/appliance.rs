//! The kiosk as an appliance: health endpoints, watchdog, reload of the configuration, recovery, `setup`, log files.

use std::{
    fs,
    io::Write,
    os::unix::net::UnixDatagram,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    headless::{BADGE, now},
    health::{get, is_valid, number, until, watched},
    installed::{Installed, Program},
    screenshot::difference,
    touchscreen::Touchscreen,
};

fn signal(program: &Program, signal: Signal) {
    kill_process(Pid::from_raw(program.child.id().cast_signed()).unwrap(), signal).unwrap();
}

/// The metric with the hash of the configuration in use.
fn config_info(at: &str) -> String {
    let (_, metrics) = get(&format!("{at}/metrics"));
    metrics.lines().find(|line| line.starts_with("vestibule_config_info")).unwrap().to_owned()
}

/// `/metrics` passes `promtool check metrics` and holds no name, e-mail address, badge number, door or key.
#[test]
fn metrics_are_valid_and_hold_no_personal_data() {
    let (installed, at) = watched();
    let login = installed.import("badges.csv", &[])["email"].as_str().unwrap().to_owned();
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = installed.kiosk(&screen);
    let _ = kiosk.expect("the window is open");
    let ready = until(&format!("{at}/readyz"), |status, _| status == 200);
    let ready: Value = serde_json::from_str(&ready).unwrap();
    for key in ["ready", "working", "store", "config", "alive"] {
        assert_eq!(ready[key], true, "{key}: {ready}");
    }
    assert_eq!(get(&format!("{at}/healthz")), (200, "ok\n".to_owned()));
    let _ = screen.settled();
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    let metrics = until(&format!("{at}/metrics"), |_, text| text.contains("result=\"in\""));
    for (name, least) in [
        ("vestibule_kisi_round_trip_seconds", 1e-6),
        ("vestibule_guesses_left", 10.0),
        ("vestibule_logins", 1.0),
        ("vestibule_working", 1.0),
        ("vestibule_config_info", 1.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
    ] {
        assert!(least <= number(&metrics, name), "{name}: {metrics}");
    }
    for secret in [login.as_str(), "Grace", BADGE, "Main entrance", &installed.simulated.admin] {
        assert!(!metrics.contains(secret), "{secret}");
    }
    is_valid(&metrics);
}

/// F42: a refused reload changes nothing and shows in `/readyz`; a valid one takes effect in the same process.
#[test]
fn a_reload_applies_a_valid_configuration_and_keeps_the_last_good_one() {
    let (installed, at) = watched();
    let _ = installed.import("badges.csv", &[]);
    let file = installed.path("kiosk.toml");
    let good = fs::read_to_string(&file).unwrap();
    let mut screen = Touchscreen::start(1280, 800);
    let mut kiosk = installed.open(&screen);
    let hash = || config_info(&at);
    let before = hash();
    fs::write(&file, format!("{good}[display]\nthemes = \"light\"\n")).unwrap();
    signal(&kiosk, Signal::HUP);
    assert!(kiosk.expect("the previous one stays in use").contains("`display.themes` is not a key"));
    let refused: Value = serde_json::from_str(&get(&format!("{at}/readyz")).1).unwrap();
    assert_eq!((&refused["ready"], &refused["config"]), (&true.into(), &false.into()));
    let dark = screen.settled();
    fs::write(&file, format!("{good}[display]\ntheme = \"light\"\n")).unwrap();
    signal(&kiosk, Signal::HUP);
    let _ = kiosk.expect("the configuration was reloaded");
    assert!(dark[0] < 64, "{}", dark[0]);
    let _ = screen.once("a light picture", |picture| 192 < picture[0]);
    assert_ne!(hash(), before);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    assert_eq!(kiosk.child.try_wait().unwrap(), None, "the same process");
}

/// Reloads run one after the other: the newest configuration is the last one applied, even if the directory was busy
/// during an earlier reload, and a storm of SIGHUP starts no more than one thread.
#[test]
fn the_newest_configuration_wins_however_often_and_slowly_it_is_reloaded() {
    let (installed, at) = watched();
    let _ = installed.import("badges.csv", &[]);
    let file = installed.path("kiosk.toml");
    let newest = fs::read_to_string(&file).unwrap();
    let screen = Touchscreen::start(1280, 800);
    let kiosk = installed.open(&screen);
    let hash = || config_info(&at);
    let before = hash();
    let threads = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", kiosk.child.id())).unwrap();
        let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.trim() == "reload").count()
    };
    for round in 0..3 {
        let busy = rusqlite::Connection::open(installed.path("data/directory.sqlite")).unwrap();
        busy.execute_batch("BEGIN IMMEDIATE").unwrap();
        fs::write(&file, format!("{newest}[display]\ntheme = \"light\"\n")).unwrap();
        signal(&kiosk, Signal::HUP);
        thread::sleep(Duration::from_millis(300));
        fs::write(&file, &newest).unwrap();
        let mut most = 0;
        for _ in 0..100 {
            signal(&kiosk, Signal::HUP);
            thread::sleep(Duration::from_millis(3));
            most = most.max(threads());
        }
        assert_eq!(most, 1, "round {round}");
        busy.execute_batch("ROLLBACK").unwrap();
        let _ = kiosk.expect("the configuration was reloaded");
        let _ = kiosk.expect("the configuration was reloaded");
        // The hash is that of the agent, which starts once the previous one has ended.
        let _ = until(&format!("{at}/metrics"), |_, metrics| metrics.contains(&before));
        thread::sleep(Duration::from_millis(500));
        assert_eq!(hash(), before, "round {round}");
        assert_eq!(kiosk.lines.try_iter().filter(|line| line.contains("reloaded")).count(), 0, "round {round}");
    }
}

/// I9: a kiosk that cannot start (its device key is missing) retries, and works in the same process once the key is
/// back.
#[test]
fn a_kiosk_that_cannot_start_retries_until_it_can() {
    let (installed, at) = watched();
    let _ = installed.import("badges.csv", &[]);
    let (key, away) = (installed.path("data/device.key"), installed.path("device.key"));
    fs::rename(&key, &away).unwrap();
    let mut screen = Touchscreen::start(1280, 800);
    let mut kiosk = installed.open(&screen);
    let notice = screen.settled();
    let (status, said) = get(&format!("{at}/readyz"));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (status, &said["working"], &said["store"], &said["kisi"]),
        (503, &false.into(), &false.into(), &"unknown".into())
    );
    fs::rename(&away, &key).unwrap();
    let _ = kiosk.expect("the configuration was reloaded");
    let _ = screen.once("another screen", |picture| picture != notice);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    assert_eq!(kiosk.child.try_wait().unwrap(), None, "the same process");
}

/// Plays systemd with `Type=notify`, `WatchdogSec=20s` and `Restart=on-failure`.
struct Supervisor {
    socket: UnixDatagram,
    deadline: std::time::Instant,
    /// The supervised kiosk.
    program: Program,
}

const WATCHDOG: Duration = Duration::from_secs(20);

impl Supervisor {
    fn start(installed: &Installed, screen: &Touchscreen) -> Self {
        let at = installed.path("notify");
        let _ = fs::remove_file(&at);
        let socket = UnixDatagram::bind(&at).unwrap();
        let mut command = installed.command(&[]);
        let _ = command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY").env("NOTIFY_SOCKET", &at);
        let this = Self { socket, deadline: now() + WATCHDOG, program: Program::start(&mut command) };
        assert_eq!(this.next(), Some("READY=1".to_owned()));
        this
    }

    /// The next notification. `None` at the watchdog deadline.
    fn next(&self) -> Option<String> {
        let left = self.deadline.saturating_duration_since(now());
        self.socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
        let mut bytes = [0; 256];
        let length = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).trim().to_owned())
    }

    /// Stops the process after its second heartbeat and kills it when the watchdog expires. Returns the number of
    /// heartbeats.
    fn until_silent(&mut self) -> u32 {
        let mut beats = 0;
        while let Some(said) = self.next() {
            assert_eq!(said, "WATCHDOG=1");
            beats += 1;
            self.deadline = now() + WATCHDOG;
            if beats == 2 {
                signal(&self.program, Signal::STOP);
            }
        }
        signal(&self.program, Signal::KILL);
        let _ = self.program.child.wait().unwrap();
        beats
    }
}

/// F35, R58: a stopped process sends no heartbeat, is killed by the watchdog, and is signed out after the restart.
#[test]
fn a_stopped_kiosk_is_restarted_by_the_watchdog_signed_out() {
    let (installed, _) = watched();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let mut supervisor = Supervisor::start(&installed, &screen);
    let rest = screen.settled();
    // Somebody is signed in when the process stops.
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = supervisor.program.expect("signed in");
    let begin = now();
    assert_eq!(supervisor.until_silent(), 2, "no heartbeat after the stop");
    assert!(begin.elapsed() < Duration::from_secs(45), "{:?}", begin.elapsed());
    drop(supervisor);
    let supervisor = Supervisor::start(&installed, &screen);
    let _ = screen.once("the kiosk at rest", |picture| difference(picture, &rest) < 0.05);
    drop(supervisor);
    let output = installed.command(&["audit", "verify"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `vestibule setup` from nothing: each answer is written to its key, nothing else in the file changes, the list is
/// imported.
#[test]
fn setup_writes_each_answer_and_imports_the_list() {
    let installed = Installed::new();
    let config = installed.path("new/kiosk.toml");
    fs::create_dir(installed.path("new")).unwrap();
    let list = installed.path("badges.csv");
    let answers = [
        "Annex",
        "Back door",
        "+49 40 1234567",
        &installed.simulated.base_url,
        "with-pin",
        "217",
        "y", // Write it.
        "n", // No new technician's PIN, if there is one.
        list.to_str().unwrap(),
        "y",
    ];
    let mut setup = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .arg("setup")
        .arg("--config")
        .arg(&config)
        .arg("--data")
        .arg(installed.path("new/data"))
        .env("VESTIBULE_ADMIN_KEY", &installed.simulated.admin)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    setup.stdin.take().unwrap().write_all((answers.join("\n") + "\n").as_bytes()).unwrap();
    let output = setup.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    for text in [
        "PIN of the technician: ",
        "grace@example.com enrolled, PIN ",
        "systemctl enable --now vestibule",
        "ok       HTTP",
    ] {
        assert!(said.contains(text), "no `{text}`: {said}");
    }
    let written = vestibule::config::Config::load(&config).unwrap();
    assert_eq!((written.kiosk.name.as_str(), written.kiosk.location.as_str()), ("Annex", "Back door"));
    assert_eq!(
        (written.display.panel_width_mm, written.sign_in.badge),
        (Some(217), vestibule::config::Badges::WithPin)
    );
    let shipped = vestibule::config::SAMPLE;
    let text = fs::read_to_string(&config).unwrap();
    let changed = text.lines().zip(shipped.lines()).filter(|(now, before)| now != before).count();
    assert_eq!((changed, text.lines().count()), (6, shipped.lines().count()));
    // Without answers `setup` changes nothing.
    let before = fs::read_to_string(&config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let silent = command.args(["setup", "--config"]).arg(&config).stdin(Stdio::null()).output().unwrap();
    assert_eq!(silent.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&config).unwrap(), before);
}

/// With `[log]` the log goes to a daily file, as JSON, without names or badge numbers.
#[test]
fn the_log_goes_to_daily_json_files() {
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let (file, folder) = (installed.path("kiosk.toml"), installed.path("log"));
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}[log]\nformat = \"json\"\nfolder = \"{}\"\n", folder.display())).unwrap();
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = installed.open(&screen);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let said = kiosk.expect("signed in");
    let line: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"signed in".into()));
    thread::sleep(Duration::from_millis(500));
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let kept = fs::read_to_string(&files[0]).unwrap();
    assert!(
        kept.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()) && kept.contains("signed in"),
        "{kept}"
    );
    for personal in ["grace", "Grace", BADGE] {
        assert!(!kept.contains(personal), "{personal}: {kept}");
    }
}
