//! The shipped program on a real X display: fast typing, scans while the window is busy, whole visits, dimming, and
//! closing.

use std::{fs, process::Command, thread, time::Duration};

use iced::{Point, Size};
use serde_json::{Value, json};
use vestibule::screen::colors::Colors;

use crate::support::{
    headless::{BADGE, english},
    installed::{Installed, Program},
    keyboard::{NUM_LOCK, keypad, tap},
    screenshot::{assert_same, at_rest, difference, pad, pad_program, without_time},
    touchscreen::Touchscreen,
};

/// PINs typed by default. `VESTIBULE_HANDS=1000` is the long form.
const PINS: usize = 100;
/// The previous finger lifts this long after the next one came down.
const OVERLAP: Duration = Duration::from_millis(25);
/// Pause before the next finger. With `OVERLAP` this makes 12 keys a second.
const REST: Duration = Duration::from_millis(58);

/// Random PINs, the same in every run.
fn pins(count: usize) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(0x2545_f491_4f6c_dd1d);
    (0..count).map(|_| (0..6).map(|_| random.digit(10)).collect()).collect()
}

#[test]
fn fast_hands_with_two_fingers_that_overlap_arrive_digit_for_digit() {
    let count = std::env::var("VESTIBULE_HANDS").ok().and_then(|count| count.parse().ok()).unwrap_or(PINS);
    let kiosk = at_rest(Size::new(1280.0, 800.0));
    let keys: Vec<Point> = (0..10).map(|digit| kiosk.find(&digit.to_string()).unwrap()).collect();
    let mut screen = Touchscreen::start(1280, 800);
    let pad = pad(&screen, 0);
    let mut wrong = Vec::new();
    for pin in pins(count) {
        let mut down: Option<(u32, Point)> = None;
        for (index, digit) in pin.chars().enumerate() {
            let (finger, at) =
                (u32::try_from(index % 2).unwrap(), keys[usize::try_from(digit.to_digit(10).unwrap()).unwrap()]);
            screen.press(finger, at);
            thread::sleep(OVERLAP);
            if let Some((finger, at)) = down.replace((finger, at)) {
                screen.lift(finger, at);
            }
            thread::sleep(REST);
        }
        if let Some((finger, at)) = down {
            screen.lift(finger, at);
        }
        let arrived = pad.expect("pin ");
        if arrived != format!("pin {pin}") {
            wrong.push((pin, arrived));
        }
    }
    println!("{count} PINs at 12 keys a second, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_long_badge_typed_while_the_window_is_busy_arrives_whole() {
    let mut screen = Touchscreen::start(1280, 800);
    let pad = pad(&screen, 400);
    let badge = "0123456789ABCDEF0123456789abcdef01234567";
    screen.type_text(&format!("{badge}\n"), Duration::from_millis(4));
    assert_eq!(pad.expect("badge "), format!("badge {badge}"));
}

/// The window fills the screen without a window manager, where iced alone would open it at 1024x768.
#[test]
fn the_kiosk_has_the_whole_screen_without_a_window_manager() {
    for (width, height) in [(800, 480), (1920, 1080), (1080, 1920)] {
        let screen = Touchscreen::start(width, height);
        let _pad = pad(&screen, 0);
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "sizes of screens")]
        let expected = at_rest(Size::new(width as f32, height as f32));
        assert_same(&screen, &expected, &format!("{width}x{height}"));
    }
}

/// Number of pixels in the warning color.
fn warning_pixels(picture: &[u8]) -> usize {
    let [red, green, blue, _] = Colors::DARK.warning.into_rgba8();
    picture.chunks(4).filter(|pixel| pixel[..3] == [red, green, blue]).count()
}

/// Number of pixels of the last row in the color of what was accepted.
fn bar(picture: &[u8]) -> usize {
    let [red, green, blue, _] = Colors::DARK.good.into_rgba8();
    picture.chunks(4).rev().take(1_280).filter(|pixel| pixel[..3] == [red, green, blue]).count()
}

/// End to end with real input: two people sign in by PIN and by badge, see their own doors, unlock one each in their
/// own name, and are signed out.
#[test]
fn a_visit_on_a_real_touchscreen_from_the_list_of_staff_to_the_sign_out() {
    let installed = Installed::new();
    let pin = installed.import("pins.csv", &["--pin"])["pin"].as_str().unwrap().to_owned();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let mut command = installed.command(&[]);
    let kiosk = Program::start(
        command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY").env("VESTIBULE_LOG", "trace"),
    );
    let _ = kiosk.expect("the window is open");
    let mut twin = installed.twin();
    assert_same(&screen, &twin, "at rest");

    // Ada types her PIN with a finger.
    for digit in pin.chars() {
        screen.tap(twin.find(&digit.to_string()).unwrap());
    }
    let mut log = vec![kiosk.expect("signed in")];
    twin.type_pin(&pin);
    let ada = [
        "Main entrance",
        "Büro 2. Etage",
        "Server room",
        "Bike store",
        "Loading bay",
        "Café",
        "Archive",
        "Roof terrace",
        "Studio (planned)",
    ];
    assert_eq!(twin.doors(), ada);
    assert_same(&screen, &twin, "Ada's doors and no other");
    screen.tap(twin.find("Server room").unwrap());
    log.push(kiosk.expect("answered"));
    let events = installed.simulated.unlocks();
    assert_eq!(events.len(), 1);
    check_event(&events[0], "ada@example.com", 103, installed.login("ada@example.com"));
    log.push(kiosk.expect("signed out"));

    // Grace scans her badge.
    twin.tap(&english().say("sign-out"));
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    log.push(kiosk.expect("signed in"));
    twin.scan(BADGE);
    let _ = twin.wait_for(Duration::from_secs(5), |twin| !twin.doors().is_empty());
    assert_eq!(twin.doors(), ["Main entrance", "Büro 2. Etage", "Bike store", "Café"]);
    assert_same(&screen, &twin, "Grace's doors and no other");
    screen.tap(twin.find("Bike store").unwrap());
    log.push(kiosk.expect("answered"));
    let events = installed.simulated.unlocks();
    assert_eq!(events.len(), 2);
    check_event(&events[1], "grace@example.com", 104, installed.login("grace@example.com"));

    // Without touches: a warning, then the sign-out.
    let _ = screen.once("the time left as a bar on the lower edge", |picture| (100..1_200).contains(&bar(picture)));
    log.push(kiosk.expect("signed out"));
    assert_same(&screen, &installed.twin(), "nothing of the visit is left");

    // The log at its finest level has neither the PIN nor the badge number.
    log.extend(kiosk.lines.try_iter());
    let log = log.concat();
    assert!(!log.contains(&pin) && !log.contains(BADGE), "a PIN or a badge number in the log");
}

#[track_caller]
fn check_event(event: &Value, email: &str, door: u64, login: u64) {
    assert_eq!((&event["type"], &event["success"]), (&json!("lock.unlock"), &json!(true)));
    assert_eq!((&event["actor_email"], &event["object_id"]), (&json!(email), &json!(door)));
    assert_eq!((&event["authenticated_by_type"], &event["authenticated_by_id"]), (&json!("Login"), &json!(login)));
}

/// At rest the window is updated at most once in 20 s: by the clock, every minute.
#[test]
fn a_kiosk_at_rest_draws_nothing_but_the_time() {
    let screen = Touchscreen::start(1280, 800);
    let mut command = Command::new(pad_program());
    let pad =
        Program::start(command.args(["0", "updates"]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = pad.expect("open");
    thread::sleep(Duration::from_secs(2));
    let _ = pad.lines.try_iter().count();
    thread::sleep(Duration::from_secs(20));
    let updates = pad.lines.try_iter().filter(|line| line == "updated").count();
    println!("{updates} updates in 20 s at rest");
    assert!(updates <= 1, "{updates}");
}

/// The touch that wakes a dimmed screen types nothing; the next one does.
#[test]
fn a_dim_screen_is_woken_by_a_touch_that_types_nothing() {
    let installed = Installed::new();
    let file = installed.path("kiosk.toml");
    let config = fs::read_to_string(&file).unwrap() + "[display]\ndim_after_seconds = 3\n";
    fs::write(&file, config).unwrap();
    let mut screen = Touchscreen::start(1280, 800);
    let _kiosk = installed.open(&screen);
    let rest = screen.settled();
    let light = |picture: &[u8]| picture.chunks(4).map(|pixel| u64::from(pixel[0].max(pixel[1]))).sum::<u64>();
    let _ = screen.once("a dimmed picture", |picture| light(picture) < light(&rest) / 4);
    let twin = installed.twin();
    let key = twin.find("5").unwrap();
    screen.tap(key);
    let _ = screen.once("no digit", |picture| without_time(picture, &rest, &twin) < 0.000_1);
    screen.tap(key);
    let _ = screen.once("a digit", |picture| 0.000_1 < without_time(picture, &rest, &twin));
}

/// With `sign_in.keyboard = "keypad"` a numeric keypad is enough: PIN, Backspace, number of a door, Enter. Its own key codes
/// are sent, with `NumLock` off and on. It has no Escape: the visit ends after its time.
#[test]
fn a_whole_visit_with_a_numeric_keypad_alone() {
    let installed = Installed::new();
    installed.configure("[sign_in]", "[sign_in]\nkeyboard = \"keypad\"");
    let pin = installed.import("pins.csv", &["--pin"])["pin"].as_str().unwrap().to_owned();
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = installed.open(&screen);
    let person = Duration::from_millis(110);
    for visits in 1..=2 {
        // Backspace removes a wrong digit. Keys that mean nothing do nothing.
        screen.press_keys(&format!("{}9\u{8}*/.", &pin[..3]), keypad, person);
        screen.press_keys(&pin[3..], keypad, person);
        let _ = kiosk.expect("signed in");
        let mut twin = installed.twin();
        twin.type_pin(&pin);
        twin.wait(Duration::from_millis(450));
        assert_same(&screen, &twin, "her doors");
        screen.press_keys("0\n*/.4", keypad, person);
        twin.press_keys("4");
        twin.wait(Duration::from_millis(150));
        assert!(twin.shows("4: Bike store. Press Enter to unlock it."), "{:?}", twin.texts());
        assert_same(&screen, &twin, "the door that was chosen");
        screen.press_keys("\n", keypad, person);
        let _ = kiosk.expect("answered");
        let events = installed.simulated.unlocks();
        assert_eq!(events.len(), visits);
        check_event(&events[visits - 1], "ada@example.com", 104, installed.login("ada@example.com"));
        let _ = kiosk.expect("signed out");
        screen.press_keys("\n", keypad, person);
        screen.strokes(tap(NUM_LOCK));
    }
}

/// B7: a USB device that typed `1`, Enter every few seconds opened door 1 as soon as somebody signed in. In the default
/// configuration only scans count: typed keys neither sign in nor affect a visit.
#[test]
fn an_unattended_keyboard_does_not_affect_a_visit() {
    let installed = Installed::new();
    let pin = installed.import("pins.csv", &["--pin"])["pin"].as_str().unwrap().to_owned();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = installed.open(&screen);
    // At rest, a PIN typed on a keyboard signs nobody in.
    screen.type_text(&format!("{pin}\n"), Duration::from_millis(110));
    thread::sleep(Duration::from_millis(1_500));
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let lines = kiosk.until("signed in");
    assert_eq!(lines.iter().filter(|line| line.contains("signed in")).count(), 1, "{lines:?}");
    thread::sleep(Duration::from_millis(600));
    let doors = screen.settled();
    for key in ["1\n", "1", "\n"] {
        screen.type_text(key, Duration::from_millis(100));
    }
    // Plus, minus and Enter of the keypad, Backspace, Escape.
    for key in [78, 74, 96, 14, 1] {
        screen.chord(&[key]);
        thread::sleep(Duration::from_millis(80));
    }
    assert!(difference(&doors, &screen.picture()) < 0.01, "the screen is unchanged");
    // Her own badge keeps the visit.
    thread::sleep(Duration::from_millis(400));
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    thread::sleep(Duration::from_millis(300));
    assert!(difference(&doors, &screen.picture()) < 0.01, "she is still signed in");
    assert_eq!(installed.simulated.unlocks().len(), 0, "no door was opened");
}

#[test]
fn a_visit_that_is_left_alone_warns_before_it_ends() {
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(800, 480);
    let kiosk = installed.open(&screen);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    let _ = screen.once("doors without a warning", |picture| warning_pixels(picture) == 0);
    let _ = screen.once("a warning", |picture| 2_000 < warning_pixels(picture));
    let _ = kiosk.expect("signed out");
}

/// F35, in part: touches queued while the process is stopped unlock nothing after SIGCONT, neither within the session
/// (3 s) nor after its end (10 s). The restart by the watchdog is tested in `appliance`.
#[test]
fn touches_queued_while_the_process_is_stopped_unlock_nothing() {
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = installed.open(&screen);
    let rest = screen.settled();
    let door = {
        let mut twin = installed.twin();
        twin.scan(BADGE);
        twin.find("Bike store").unwrap()
    };
    let process = rustix::process::Pid::from_child(&kiosk.child);
    for seconds in [3, 10] {
        screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
        let _ = kiosk.expect("signed in");
        let _ = screen.once("doors", |picture| 0.05 < difference(picture, &rest));
        rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
        for _ in 0..seconds {
            screen.tap(door);
            thread::sleep(Duration::from_secs(1));
        }
        rustix::process::kill_process(process, rustix::process::Signal::CONT).unwrap();
        let _ = kiosk.expect("signed out");
        thread::sleep(Duration::from_millis(2_500));
    }
    assert_eq!(installed.simulated.unlocks().len(), 0);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    let _ = screen.once("doors", |picture| 0.05 < difference(picture, &rest));
    screen.tap(door);
    let _ = kiosk.expect("answered");
    assert_eq!(installed.simulated.unlocks().len(), 1, "it works as before");
}

/// T21, in part, F54, R59: close requests, key chords and swipes do not close the kiosk, a second instance exits with
/// an error, and the kiosk exits with an error once its display is gone.
#[test]
fn the_kiosk_cannot_be_closed_and_exits_when_its_display_is_gone() {
    let installed = Installed::new();
    let mut screen = Touchscreen::start(1280, 800);
    let mut kiosk = installed.open(&screen);
    // F54: a second instance on the same data folder.
    let mut command = installed.command(&[]);
    let mut second = Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = second.expect("another kiosk is already running on the data folder");
    assert_eq!(second.exit_code(), Some(1));
    screen.ask_to_close();
    screen.chord(&[56, 62]); // Alt+F4
    screen.chord(&[29, 16]); // Ctrl+Q
    screen.chord(&[1]); // Escape
    screen.press(0, Point::new(640.0, 5.0));
    for y in 1..40_u8 {
        screen.slide(0, Point::new(640.0, f32::from(y) * 15.0));
    }
    screen.lift(0, Point::new(640.0, 600.0));
    thread::sleep(Duration::from_millis(500));
    assert!(kiosk.child.try_wait().unwrap().is_none(), "the kiosk still runs");
    assert_same(&screen, &installed.twin(), "the screen at rest");
    screen.pull_the_plug();
    let code = kiosk.exit_code();
    assert!(code != Some(0), "{code:?}");
}

#[test]
fn the_demo_enrols_its_staff_shows_how_they_sign_in_and_ends_with_its_window() {
    let mut screen = Touchscreen::start(1920, 1080);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let mut demo = Program::start(
        command.args(["demo", "--windowed"]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"),
    );
    let line = demo.expect("Ada Lind: PIN");
    let is_pin = |word: &&str| word.len() == 6 && word.chars().all(|c| c.is_ascii_digit());
    let pin = line.split_whitespace().find(is_pin).unwrap_or_else(|| panic!("{line}"));
    let _ = demo.expect("Grace Moreau: badge 0012345678");
    let rest = screen.settled();
    // Without a window manager the window lies at the top left, as large as it asked to be.
    let window = at_rest(Size::new(1280.0, 800.0));
    for digit in pin.chars() {
        screen.tap(window.find(&digit.to_string()).unwrap());
    }
    let _ = demo.expect("signed in");
    let _ = screen.once("the doors", |picture| 0.05 < difference(picture, &rest));
    screen.ask_to_close();
    assert_eq!(demo.exit_code(), Some(0));
}

#[test]
fn a_broken_configuration_is_shown_on_the_screen() {
    let installed = Installed::new();
    fs::write(installed.path("kiosk.toml"), "[kiosk]\nnmae = \"Lobby\"\n").unwrap();
    let screen = Touchscreen::start(1280, 800);
    let mut kiosk = installed.kiosk(&screen);
    assert!(kiosk.expect("is not a key").contains("line 2: `kiosk.nmae`"));
    let _ = kiosk.expect("the window is open");
    let rest = at_rest(Size::new(1280.0, 800.0)).picture();
    assert!(0.02 < difference(&screen.settled(), &rest), "not the keypad");
    assert!(kiosk.child.try_wait().unwrap().is_none());
}
