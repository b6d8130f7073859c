//! What hands do to a screen on the wall, on a real touchscreen: two fingers, a palm, a finger that slides off, drops of water.

use std::{thread, time::Duration};

use iced::{Point, Size};

use crate::{
    display::{assert_same, at_rest, pad},
    headless::{BADGE, now},
    installed::{Installed, Program},
    touchscreen::Touchscreen,
};

/// Seconds of touches at random in the short form. `VESTIBULE_GHOSTS=600` is the long one.
const GHOSTS: u64 = 8;
/// Touches of a key in the short form. `VESTIBULE_TOUCHES=300` is the long one.
const TOUCHES: usize = 20;

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// Grace at her doors, and where they are.
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
    assert_eq!(installed.simulated.unlocks().len(), 1, "of two fingers one opens");
    let _ = kiosk.expect("signed out");

    // A palm.
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
    assert!(unlocks <= 2, "of a palm one opens at most: {unlocks}");
}

/// F49: a thousand touches a second all over the screen, ten fingers at once, at rest and while the keypad waits.
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
    // The budget is spent within seconds: what follows is the wait, with a guess back every six minutes.
    for phase in ["at rest", "in the wait"] {
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
    // And it still works.
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
}

/// From the touch to other pixels where the finger is. It prints how long that takes, and asserts only that it happens.
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
