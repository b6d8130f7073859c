//! Somebody at the kiosk who means it no good, and what fails around it: keyboards, crashes, monitors, logs.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use iced::Size;

use crate::{
    appliance::{get, number, until, watched},
    display::{assert_same, at_rest, difference, pad_program},
    headless::{BADGE, now},
    installed::{Installed, Program},
    touchscreen::Touchscreen,
};

/// Key events in the short form. `VESTIBULE_KEYS=100000` is the long one.
const KEYS: usize = 2_000;
/// Panics in the short form. `VESTIBULE_PANICS=1000` is the long one.
const PANICS: usize = 5;

fn long(name: &str, short: usize) -> usize {
    std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(short)
}

/// Ways out of kiosks, as evdev codes: Alt+F4, Alt+Tab, Alt+Esc, Alt+Space, Ctrl+Esc, Ctrl+Alt+Del, Ctrl+Alt+Backspace, Ctrl+Alt+F1
/// to F12, Ctrl+Shift+Esc, Super and Super with letters, F1, F11, Ctrl+O, Ctrl+P, Ctrl+N, Ctrl+W, Ctrl+Q, Shift+F10, Menu, `PrtSc`,
/// Alt+SysRq+R, the browser's, mail and power keys, and Shift five times.
///
/// # Source
///
/// `HackTricks`, "Escaping from GUI applications"; `threats-and-faults.md`, T21.
fn ways_out() -> Vec<Vec<i32>> {
    let (ctrl, alt, shift, super_) = (29, 56, 42, 125);
    let mut ways = vec![
        vec![alt, 62],
        vec![alt, 15],
        vec![alt, 1],
        vec![alt, 57],
        vec![ctrl, 1],
        vec![ctrl, alt, 111],
        vec![ctrl, alt, 14],
        vec![ctrl, shift, 1],
        vec![super_],
        vec![59],
        vec![87],
        vec![shift, 68],
        vec![127],
        vec![99],
        vec![alt, 99, 19],
    ];
    ways.extend([24, 25, 49, 17, 16, 20, 33].map(|letter| vec![ctrl, letter]));
    ways.extend([18, 32, 19, 38, 23, 45].map(|letter| vec![super_, letter]));
    ways.extend((59..=68).chain([87, 88]).map(|function| vec![ctrl, alt, function]));
    ways.extend([116, 142, 150, 155, 156, 172, 217].map(|key| vec![key]));
    ways.extend((0..5).map(|_| vec![shift]));
    ways
}

/// T19, T21: a keyboard in the port sends every key there is, alone and with others. The kiosk stays, in the same process, and at
/// rest; no door opens.
#[test]
fn whatever_a_keyboard_types_the_kiosk_stays() {
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let mut kiosk = installed.open(&screen);
    for chord in ways_out() {
        screen.chord(&chord);
    }
    let mut random = fastrand::Rng::with_seed(19);
    let modifiers = [29, 42, 54, 56, 97, 100, 125, 126];
    let count = long("VESTIBULE_KEYS", KEYS);
    for _ in 0..count {
        let mut chord: Vec<i32> = (0..random.usize(..3)).map(|_| modifiers[random.usize(..8)]).collect();
        chord.push(random.i32(1..=247));
        // No key goes down twice.
        chord.sort_unstable();
        chord.dedup();
        screen.chord(&chord);
    }
    println!("{} ways out and {count} keys at random", ways_out().len());
    // What was said of them goes.
    thread::sleep(Duration::from_secs(11));
    assert!(kiosk.child.try_wait().unwrap().is_none(), "it is still there");
    assert_same(&screen, &installed.twin(), "and at rest");
    assert_eq!(installed.simulated.unlocks(), Vec::<serde_json::Value>::new());
}

/// T22, F36: a panic in the window is one line that says where, and an exit code that has it started again. What is behind the
/// window is black.
#[test]
fn a_window_that_panics_says_where_and_leaves_nothing_on_the_screen() {
    let mut screen = Touchscreen::start(800, 480);
    for _ in 0..long("VESTIBULE_PANICS", PANICS) {
        let mut command = Command::new(pad_program());
        let _ = command.args(["0", "panics"]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY");
        let mut pad = Program::start(&mut command);
        let _ = pad.expect("open");
        let _ = screen.settled();
        let begin = now();
        screen.chord(&[2]);
        let said = pad.expect("the program panicked");
        assert!(said.contains("tests/pad/main.rs") && !said.contains("4711"), "{said}");
        assert!(!matches!(pad.exit_code(), Some(0)), "a supervisor starts it again");
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
        let is_black = || screen.picture().chunks(4).all(|pixel| pixel[..3] == [0, 0, 0]);
        assert!((0..20).any(|_| is_black() || pause()), "something else is seen");
    }
}

fn pause() -> bool {
    thread::sleep(Duration::from_millis(50));
    false
}

/// F37: without memory the program ends and does not hang: whoever watches it starts it again. With a little more it may live, and
/// say what it cannot do. The unit holds it to its share.
#[test]
fn a_kiosk_without_memory_ends() {
    let installed = Installed::new();
    let screen = Touchscreen::start(800, 480);
    let ends = |kib: u32| {
        let mut command = Command::new("sh");
        let _ = command
            .args(["-c", "ulimit -v \"$0\"; exec \"$1\" --config \"$2\" --data \"$3\""])
            .arg(kib.to_string())
            .arg(env!("CARGO_BIN_EXE_vestibule"))
            .arg(installed.path("kiosk.toml"))
            .arg(installed.path("data"))
            .env("DISPLAY", screen.display())
            .env_remove("WAYLAND_DISPLAY");
        let mut kiosk = Program::start(&mut command);
        let begin = now();
        while begin.elapsed() < Duration::from_secs(4) {
            if let Some(status) = kiosk.child.try_wait().unwrap() {
                return !status.success();
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    };
    assert!([120_000, 100_000, 80_000, 60_000, 40_000].into_iter().any(ends), "it lives on nothing");
    for unit in ["vestibule.service", "vestibule-x11.service"] {
        let text = packaging(unit);
        for line in ["OOMPolicy=kill", "MemoryMax=", "MemorySwapMax=0", "Restart=on-failure", "WatchdogSec=20s"] {
            assert!(text.contains(line), "{unit} has no {line}");
        }
    }
}

fn packaging(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/packaging").join(name)).unwrap()
}

/// F48 has nothing to test: what is shipped draws in software, and a build that does not ends with an error, which has it started
/// again.
///
/// R60, and section 5 of the threats: at most 4.0 of 10; what is shipped is held to 2.5.
#[test]
fn the_units_give_away_what_they_can() {
    for unit in ["vestibule.service", "vestibule-x11.service"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/packaging").join(unit);
        let output = Command::new("systemd-analyze")
            .args(["security", "--no-pager", "--offline=true", "--threshold=25"])
            .arg(file)
            .output()
            .expect("systemd-analyze must be installed: see README");
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{}", said.lines().last().unwrap_or_default());
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
    // T19: a keyboard that is plugged in later is not let in, where the site uses what is shipped.
    let rules = packaging("usbguard-rules.conf");
    let rules: Vec<&str> = rules.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).collect();
    assert_eq!(rules.last(), Some(&"reject"), "D24: a catch-all, and the last one");
    for unit in ["vestibule.service", "vestibule-x11.service", "vestibule-xserver.service"] {
        assert!(packaging(unit).contains("\nLimitNOFILE="), "D17: {unit}");
    }
    // A4: the X server's cookie is no argument of anything.
    assert!(
        packaging("vestibule-xserver.service")
            .lines()
            .all(|line| !line.contains("xauth") || line.starts_with('#') || line.contains("source -"))
    );
    // D24
    assert!(packaging("sysctl.conf").contains("kernel.sysrq = 0"));
    for key in ["HandlePowerKey", "HandleSuspendKey", "HandleRebootKey", "HandleHibernateKey"] {
        assert!(packaging("logind.conf").contains(&format!("{key}=ignore")), "{key}");
    }
    assert!(packaging("system.conf").contains("CtrlAltDelBurstAction=none"));
    assert!(packaging("debian/postrm").contains("still alive at Kisi"));
    // T21: nobody changes to another console.
    assert!(packaging("10-vestibule.conf").contains("\"DontVTSwitch\" \"true\""));
    assert!(packaging("vestibule-cage").contains("cage -d -- ") && !packaging("vestibule-cage").contains("cage -s"));
}

/// F47: the monitor shows less, goes dark and comes back. The kiosk is the same process, and fills the screen within three seconds.
#[test]
fn a_monitor_that_changes_or_goes_is_followed() {
    let installed = Installed::new();
    let screen = Touchscreen::start(1280, 800);
    let mut kiosk = installed.open(&screen);
    let is_filled = |width: u32, height: u32| {
        let eye = screen.eye();
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "sizes of screens")]
        let corner = iced::Point::new(width as f32 - 3.0, height as f32 - 3.0);
        eye.pixel(corner)[..3] != [0, 0, 0] && eye.pixel(iced::Point::new(2.0, 2.0))[..3] != [0, 0, 0]
    };
    assert!(is_filled(1280, 800));
    for (width, height) in [(800, 480), (1280, 800)] {
        screen.show(Some((width, height)));
        let begin = now();
        while !(is_filled(width, height) && screen.window_size() == (width, height)) {
            assert!(begin.elapsed() < Duration::from_secs(3), "{width}x{height}: {:?}", screen.window_size());
            thread::sleep(Duration::from_millis(50));
        }
    }
    screen.show(None);
    thread::sleep(Duration::from_secs(1));
    screen.show(Some((1280, 800)));
    thread::sleep(Duration::from_secs(3));
    assert!(is_filled(1280, 800));
    assert!(kiosk.child.try_wait().unwrap().is_none(), "the same process");
    assert_same(&screen, &at_rest_of(&installed), "as before");
}

fn at_rest_of(installed: &Installed) -> crate::headless::Kiosk {
    let _ = at_rest(Size::new(1280.0, 800.0));
    installed.twin()
}

/// F60: nobody reads the log any more. The kiosk goes on, and its own records are kept.
#[test]
fn a_log_that_nobody_takes_stops_nothing() {
    let (installed, at) = watched();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    // A pipe that is never read is full after 64 KiB.
    let mut kiosk = installed
        .command(&[])
        .env("DISPLAY", screen.display())
        .env_remove("WAYLAND_DISPLAY")
        .env("VESTIBULE_LOG", "trace")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = until(&format!("{at}/readyz"), |status, _| status == 200);
    let rest = screen.settled();
    for visit in 1..=2 {
        screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
        let sign_in = format!("vestibule_session_seconds_count {visit}");
        let _ = screen.once("doors", |picture| 0.05 < difference(picture, &rest));
        // The same badge within two seconds is the same reading.
        thread::sleep(Duration::from_secs(2));
        screen.chord(&[1]); // Escape
        let _ = until(&format!("{at}/metrics"), |_, text| text.contains(&sign_in));
    }
    assert_eq!(get(&format!("{at}/healthz")).0, 200);
    let (_, metrics) = get(&format!("{at}/metrics"));
    assert!(number(&metrics, "process_resident_memory_bytes") < 200e6, "what cannot be written is not kept: {metrics}");
    kiosk.kill().unwrap();
    let _ = kiosk.wait().unwrap();
    let verdict = installed.command(&["audit", "verify"]).output().unwrap();
    assert!(verdict.status.success());
}

/// T38: whatever is built in is pinned by its checksum; a changed package is another one, and cargo refuses it. What is shipped is a
/// Debian package: its signature is the repository's, and its predecessor is one `apt install vestibule=VERSION` away.
#[test]
fn every_dependency_is_pinned_by_its_checksum() {
    let lock: toml::Table = include_str!("../../Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    for package in packages.iter().filter(|package| package["name"].as_str() != Some("vestibule")) {
        let checksum = package.get("checksum").and_then(|checksum| checksum.as_str()).unwrap_or_default();
        assert_eq!(checksum.len(), 64, "{}", package["name"]);
    }
}

/// T39: the demo has nothing to do with a real kiosk's files, the simulator is for this machine alone, and no line of the program
/// would accept a certificate that is none.
#[test]
fn what_is_for_trying_out_cannot_be_used_in_the_field() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_vestibule")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["demo", "--data", "/var/lib/vestibule"]);
    assert_eq!((code, said.contains("leave out --config and --data")), (Some(2), true), "{said}");
    let (code, said) = run(&["simulate", "--listen", "0.0.0.0:0"]);
    assert!(code != Some(0), "{said}");
    let program = fs::read(env!("CARGO_BIN_EXE_vestibule")).unwrap();
    let holds = |text: &str| memchr::memmem::find(&program, text.as_bytes()).is_some();
    assert!(holds("out-of-order"), "strings are found");
    assert!(!holds("danger_accept_invalid") && !holds("NoCertificateVerification"));
}

/// T27: whoever changes where logins go is told no, by every command.
#[test]
fn a_configuration_that_points_elsewhere_is_refused() {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let file = folder.path().join("kiosk.toml");
    for elsewhere in
        ["https://kisi.example", "http://api.kisi.io", "https://api.kisi.io.evil.example", "https://u@api.kisi.io"]
    {
        fs::write(&file, format!("[kisi]\nbase_url = \"{elsewhere}\"\n")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let output = command.args(["doctor", "--config"]).arg(&file).arg("--data").arg(folder.path()).output();
        let output = output.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{elsewhere}: {said}");
        assert!(said.contains("line 2: `kisi.base_url`"), "{said}");
    }
}
