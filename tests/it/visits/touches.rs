//! Touches on a real X touchscreen: sliding off a door, two fingers, a palm, random ghost touches, latency of a pressed
//! key.

use std::{thread, time::Duration};

use iced::{Point, Size};

use crate::support::{
    headless::{BADGE, now},
    installed::{Installed, Program},
    screenshot::{assert_same, at_rest, pad},
    touchscreen::Touchscreen,
};

/// Seconds of random touches in each phase by default. `VESTIBULE_GHOSTS=600` is the long form.
const GHOSTS: u64 = 8;
/// Measured touches by default. `VESTIBULE_TOUCHES=300` is the long form.
const TOUCHES: usize = 20;

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// Signs Grace in. Returns the program and the positions of her four doors.
fn signed_in(installed: &Installed, screen: &mut Touchscreen) -> (Program, Vec<Point>) {
    let kiosk = installed.open(screen);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    let mut twin = installed.twin();
    twin.scan(BADGE);
    let _ = twin.wait_for(Duration::from_secs(5), |twin| !twin.doors().is_empty());
    assert_same(screen, &twin, "her doors");
    let doors = ["Main entrance", "Büro 2. Etage", "Bike store", "Café"];
    let doors = doors.map(|door| twin.find(door).unwrap_or_else(|| panic!("{door}: {:?}", twin.texts())));
    (kiosk, doors.to_vec())
}

#[test]
fn a_finger_that_slides_off_opens_nothing_and_many_at_once_open_one_door_at_most() {
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let (kiosk, doors) = signed_in(&installed, &mut screen);

    // Down on a door, up beside it.
    let beside = Point::new(doors[0].x, 795.0);
    screen.press(0, doors[0]);
    thread::sleep(Duration::from_millis(60));
    screen.slide(0, beside);
    screen.lift(0, beside);
    // Down on a door, up on another.
    screen.press(0, doors[0]);
    thread::sleep(Duration::from_millis(60));
    screen.slide(0, doors[1]);
    screen.lift(0, doors[1]);
    thread::sleep(Duration::from_millis(600));
    assert_eq!(installed.simulated.unlocks().len(), 0, "sliding off cancels");

    // Two fingers on two doors.
    screen.press(0, doors[1]);
    screen.press(1, doors[2]);
    thread::sleep(Duration::from_millis(80));
    screen.lift(1, doors[2]);
    screen.lift(0, doors[1]);
    let _ = kiosk.expect("answered");
    thread::sleep(Duration::from_millis(600));
    assert_eq!(installed.simulated.unlocks().len(), 1, "two fingers open one door");
    let _ = kiosk.expect("signed out");

    // A palm: five fingers at once.
    drop(kiosk);
    let (kiosk, doors) = signed_in(&installed, &mut screen);
    let palm: Vec<Point> = doors.iter().copied().chain([Point::new(640.0, 500.0)]).collect();
    for (finger, at) in (0..).zip(&palm) {
        screen.press(finger, *at);
    }
    thread::sleep(Duration::from_millis(120));
    for (finger, at) in (0..).zip(&palm) {
        screen.lift(finger, *at);
    }
    let _ = kiosk.expect("signed out");
    let unlocks = installed.simulated.unlocks().len();
    println!("a palm of five: {} unlocks", unlocks - 1);
    assert!(unlocks <= 2, "a palm opens at most one door: {unlocks}");
}

/// F49: 1,000 random touches a second, with ten finger ids, sign nobody in and open nothing, at rest and while the
/// keypad is locked out.
#[test]
fn touches_at_random_sign_nobody_in_and_open_nothing() {
    let seconds = from_env("VESTIBULE_GHOSTS").unwrap_or(GHOSTS);
    let installed = Installed::new();
    let _ = installed.import("pins.csv", &["--pin"]);
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let kiosk = installed.open(&screen);
    let mut random = fastrand::Rng::with_seed(0x9e37_79b9_7f4a_7c15);
    let (mut touches, mut signed_in) = (0_u64, 0);
    // Random PINs spend the budget within seconds. From then on the keypad is locked out, with a guess back every 6
    // minutes.
    for phase in ["at rest", "locked out"] {
        let (begin, mut sent) = (now(), 0_u32);
        while begin.elapsed() < Duration::from_secs(seconds) {
            let finger = random.u32(..10);
            let at = Point::new(random.u16(..1280).into(), random.u16(..800).into());
            screen.press(finger, at);
            screen.lift(finger, at);
            sent += 1;
            let due = begin + Duration::from_millis(1) * sent;
            thread::sleep(due.saturating_duration_since(now()));
        }
        touches += u64::from(sent);
        let lines: Vec<String> = kiosk.lines.try_iter().collect();
        signed_in += lines.iter().filter(|line| line.contains("signed in")).count();
        println!("{phase}: {sent} touches in {seconds} s, {signed_in} sign-ins");
    }
    assert!(touches > 1_000 * seconds, "only {touches} touches");
    assert_eq!((signed_in, installed.simulated.unlocks().len()), (0, 0), "sign-ins and unlocks");
    // The kiosk still works.
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
}

/// Measures and prints the time from a touch to changed pixels under the finger. Asserts only that they change within 2
/// s.
#[test]
fn a_key_looks_pressed_while_the_finger_is_on_it() {
    let count = from_env("VESTIBULE_TOUCHES").map_or(TOUCHES, |count| usize::try_from(count).unwrap());
    let kiosk = at_rest(Size::new(1280.0, 800.0));
    let keys: Vec<Point> = (0..10).map(|digit| kiosk.find(&digit.to_string()).unwrap()).collect();
    let mut screen = Touchscreen::start(1280, 800);
    let _pad = pad(&screen, 0);
    let eye = screen.eye();
    let mut times: Vec<Duration> = (0..count)
        .map(|index| {
            let key = keys[index % keys.len()];
            // Beside the digit.
            let at = Point::new(key.x - 35.0, key.y - 35.0);
            let before = eye.pixel(at);
            let begin = now();
            screen.press(0, key);
            while eye.pixel(at) == before {
                assert!(begin.elapsed() < Duration::from_secs(2), "the key does not change");
            }
            let time = begin.elapsed();
            screen.lift(0, key);
            thread::sleep(Duration::from_millis(120 + u64::try_from(index % 17).unwrap()));
            time
        })
        .collect();
    times.sort();
    println!("{count} touches: median {:?}, maximum {:?}", times[count / 2], times[count - 1]);
}
