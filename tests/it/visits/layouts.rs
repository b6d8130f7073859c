//! Keys of real keyboards on a real X server: by their codes, with every layout there is.

use std::{fs, thread, time::Duration};

use crate::support::{
    keyboard::{CAPS_LOCK, LEFT_SHIFT, NUM_LOCK, Stroke, keypad, main_row, named, tap},
    screenshot::pad_that,
    touchscreen::Touchscreen,
};

/// Readers type with this gap.
const READER: Duration = Duration::from_millis(4);
/// A person. `pad visits` takes keys with longer gaps than 35 ms for a person's, and a loaded machine hears each of them up
/// to 55 ms late without knowing.
const PERSON: Duration = Duration::from_millis(110);
/// After a sign-in, and after the choice of a door, keys are ignored for 400 ms from when the window hears of it, which on a
/// loaded machine is late.
const SETTLED: Duration = Duration::from_millis(700);
/// A scan that follows typed keys within 500 ms is not read: its first digits may be among them.
const APART: Duration = Duration::from_millis(600);
/// Servers at once.
const SERVERS: usize = 4;

/// All layouts and variants of xkb-data, as arguments of `setxkbmap`.
///
/// # Source
///
/// `/usr/share/X11/xkb/rules/evdev.lst`: sections `! layout` (`de  German`) and `! variant` (`neo  de: German (Neo 2)`).
fn layouts() -> Vec<Vec<String>> {
    let list =
        fs::read_to_string("/usr/share/X11/xkb/rules/evdev.lst").expect("xkb-data must be installed: see README");
    let mut section = "";
    let mut layouts = Vec::new();
    for line in list.lines() {
        if let Some(name) = line.strip_prefix("! ") {
            section = name;
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        match section {
            // "custom" is a file that a site may write itself.
            "layout" if name != "custom" => layouts.push(vec!["-layout".to_owned(), name.to_owned()]),
            "variant" => {
                let layout = words.next().unwrap().trim_end_matches(':');
                layouts.push(["-layout", layout, "-variant", name].map(str::to_owned).to_vec());
            }
            _ => {}
        }
    }
    layouts
}

/// The first Escape closes the outcome, the second signs out.
fn leave(screen: &mut Touchscreen) {
    thread::sleep(SETTLED);
    screen.strokes([tap(1), tap(1)].concat());
}

/// The decimal badge, the hex badge, the number of a door and the PIN of one layout. Each layout has badges of its own,
/// because the same badge within five seconds is one presentation.
fn visit(screen: &mut Touchscreen, pad: &crate::support::installed::Program, index: usize, what: &str) {
    let check = |line: &str, expected: &str| assert_eq!(line, expected, "{what}");
    let decimal = format!("00123456{:02}", index % 100);
    screen.type_text(&format!("{decimal}\n"), READER);
    check(&pad.expect("badge "), &format!("badge {decimal}"));
    thread::sleep(SETTLED);
    screen.type_text("12\n", PERSON);
    check(&pad.expect("unlock "), "unlock 12");
    leave(screen);
    check(&pad.expect("ended"), "ended");
    let hex = format!("04AB{:04}FF", index % 10_000);
    screen.type_text(&format!("{hex}\n"), READER);
    check(&pad.expect("badge "), &format!("badge {hex}"));
    screen.type_text("482913", PERSON);
    check(&pad.expect("pin "), "pin 482913");
}

#[test]
fn every_layout_gives_the_same_badge_pin_and_door() {
    let layouts = layouts();
    assert!(400 < layouts.len(), "{}", layouts.len());
    let part = layouts.len().div_ceil(SERVERS);
    thread::scope(|scope| {
        for layouts in layouts.chunks(part) {
            let _ = scope.spawn(move || {
                let mut screen = Touchscreen::start(640, 400);
                let pad = pad_that(&screen, "visits");
                for (index, layout) in layouts.iter().enumerate() {
                    let arguments: Vec<&str> = layout.iter().map(String::as_str).collect();
                    thread::sleep(APART);
                    screen.layout(&arguments);
                    visit(&mut screen, &pad, index, &layout.join(" "));
                }
            });
        }
    });
    println!("{} layouts and variants", layouts.len());
}

/// The inputs that failed: digits of the French main row, hexadecimal digits with the Russian layout, and the numeric
/// keypad with `NumLock` on and off, as badge, door number and PIN.
#[test]
fn a_french_a_russian_and_a_numeric_keyboard_type_what_their_keys_say() {
    let mut screen = Touchscreen::start(640, 400);
    let pad = pad_that(&screen, "visits");
    screen.layout(&["fr"]);
    screen.type_text("0012345678\n", READER);
    assert_eq!(pad.expect("badge "), "badge 0012345678");
    screen.strokes(tap(1));
    let _ = pad.expect("ended");
    screen.layout(&["ru"]);
    screen.type_text("04AB12FF\n", READER);
    assert_eq!(pad.expect("badge "), "badge 04AB12FF");
    screen.layout(&["us"]);
    for (index, lock) in [None, Some(NUM_LOCK), Some(CAPS_LOCK), Some(NUM_LOCK)].into_iter().enumerate() {
        thread::sleep(APART);
        screen.strokes(lock.into_iter().flat_map(tap));
        let badge = format!("001234560{index}");
        screen.press_keys(&format!("{badge}\n"), keypad, READER);
        assert_eq!(pad.expect("badge "), format!("badge {badge}"));
        thread::sleep(SETTLED);
        // Keys that mean nothing here do nothing.
        screen.press_keys("*/.0\n7\n", keypad, PERSON);
        assert_eq!(pad.expect("unlock "), "unlock 7");
        leave(&mut screen);
        let _ = pad.expect("ended");
        screen.press_keys("482913", keypad, PERSON);
        assert_eq!(pad.expect("pin "), "pin 482913");
    }
    thread::sleep(APART);
    // A modifier that is stuck spoils the scan, and is no other number.
    screen.strokes([Stroke { code: LEFT_SHIFT, is_down: true }]);
    thread::sleep(Duration::from_millis(1_200));
    screen.press_keys("0012345699\n", main_row, READER);
    screen.strokes([Stroke { code: LEFT_SHIFT, is_down: false }]);
    thread::sleep(Duration::from_millis(700));
    screen.type_text("0012345698\n", READER);
    assert_eq!(pad.expect("badge "), "badge 0012345698");
}

/// At a desk, the name of a door is what the layout writes: letters with accents, dead keys, Compose and `AltGr`.
#[test]
fn names_of_doors_are_typed_with_accents_dead_keys_and_compose() {
    let mut screen = Touchscreen::start(640, 400);
    let pad = pad_that(&screen, "visits");
    // The layout, the keys by their codes ("+": with Shift, "^": with AltGr), and the door that Enter then opens.
    let right_alt = named("ALTGR");
    let typed: [(&[&str], &[&str], &str); 7] = [
        // B, then the key beside P: ü.
        (&["de"], &["48", "26"], "1"),
        // The 2 of the main row: é, then t.
        (&["fr"], &["3", "20"], "2"),
        // A, then the key beside L: ñ.
        (&["es"], &["30", "39"], "3"),
        // AltGr and L: ł.
        (&["pl"], &["^38"], "4"),
        // G, r, o, then the key beside 0: ß.
        (&["de"], &["34", "19", "24", "12"], "5"),
        // The dead accent beside ü, then e: é.
        (&["de"], &["13", "18"], "2"),
        // Compose (right Alt), n, ~: ñ, after a.
        (&["us", "-option", "compose:ralt"], &["30", "100", "49", "+41"], "3"),
    ];
    for (index, (layout, keys, door)) in typed.into_iter().enumerate() {
        screen.layout(&[&["-option", ""], layout].concat());
        screen.type_text(&format!("00123456{index:02}\n"), READER);
        let _ = pad.expect("badge ");
        thread::sleep(SETTLED);
        for key in keys {
            let held = match key.chars().next() {
                Some('+') => Some(LEFT_SHIFT),
                Some('^') => Some(right_alt),
                _ => None,
            };
            let code: u16 = key.trim_start_matches(['+', '^']).parse().unwrap();
            screen.strokes(held.map(|code| Stroke { code, is_down: true }));
            thread::sleep(PERSON);
            screen.strokes(tap(code));
            screen.strokes(held.map(|code| Stroke { code, is_down: false }));
            thread::sleep(PERSON);
        }
        screen.type_text("\n", PERSON);
        assert_eq!(pad.expect("unlock "), format!("unlock {door}"), "{layout:?} {keys:?}");
        leave(&mut screen);
        let _ = pad.expect("ended");
    }
}
