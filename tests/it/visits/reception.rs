//! Reception mode: denser tiles, door search by keyboard, visits that outlast an unlock; and the choice of the monitor.

use std::{fs, thread, time::Duration};

use iced::Size;
use vestibule::screen::{colors::Colors, theme::Panel};

use crate::support::{
    codes,
    headless::{BADGE, Kiosk, STILL, Site},
    installed::{Installed, Program},
    scenes::{desk_or_wall, signed_in},
    screenshot::pad_that,
    touchscreen::Touchscreen,
};

const DESK: &str = "[display]\nreception = true\n";

/// Number of door tiles, counted by their numbers.
fn tiles(kiosk: &Kiosk) -> usize {
    kiosk.texts().iter().filter(|text| text.parse::<u16>().is_ok()).count()
}

#[test]
fn a_desk_shows_at_least_twice_as_many_doors_as_a_wall() {
    let size = Size::new(1280.0, 800.0);
    let (mut wall, mut desk) = (desk_or_wall(size, ""), desk_or_wall(size, "reception = true\n"));
    desk.paint(Colors::LIGHT, Panel { is_desk: true, ..STILL });
    signed_in(&mut wall, 30);
    signed_in(&mut desk, 30);
    assert!(2 * tiles(&wall) <= tiles(&desk), "{} and {}", tiles(&wall), tiles(&desk));
    assert!(desk.shows("Lock"), "{:?}", desk.texts());
}

/// Types one key every 110 ms, more slowly than a badge reader.
fn type_slowly(kiosk: &mut Kiosk, text: &str) {
    for c in text.chars() {
        kiosk.press_keys(&c.to_string());
        kiosk.wait(Duration::from_millis(110));
    }
}

fn press(kiosk: &mut Kiosk, key: char) {
    kiosk.press_keys(&key.to_string());
    kiosk.wait(Duration::from_millis(450));
}

#[test]
fn at_a_desk_the_name_of_a_door_is_typed_and_enter_opens_it() {
    let site = Site::with(|_| {}, DESK);
    let _ = site.enrol("grace@example.com", Some(BADGE), false);
    let mut kiosk = site.kiosk();
    type_slowly(&mut kiosk, "ab");
    assert!(kiosk.is_at_rest(), "letters are ignored at rest");
    kiosk.scan(BADGE);
    assert!(kiosk.is_at_rest(), "the letters may be the beginning of the badge");
    kiosk.wait(Duration::from_millis(600));
    kiosk.scan(BADGE);
    kiosk.wait(Duration::from_millis(450));
    assert!(kiosk.shows("Main entrance") && kiosk.shows("Bike store"));
    type_slowly(&mut kiosk, "b");
    assert!(kiosk.shows("Bike store") && kiosk.shows("Büro 2. Etage") && !kiosk.shows("Main entrance"));
    press(&mut kiosk, '\n');
    site.kisi.with(|world| assert_eq!(world.unlocks(), 0, "Enter does nothing with two matches"));
    type_slowly(&mut kiosk, "x");
    press(&mut kiosk, '\u{8}');
    type_slowly(&mut kiosk, "i");
    assert!(kiosk.shows("Bike store") && !kiosk.shows("Büro 2. Etage"), "{:?}", kiosk.texts());
    kiosk.wait(Duration::from_millis(450));
    press(&mut kiosk, '\n');
    site.kisi.with(|world| {
        assert_eq!(world.unlocks(), 1);
        let event = world.events.iter().find(|event| event.kind == "lock.unlock").unwrap();
        assert_eq!(event.object, ("Lock", 104));
    });
    assert!(!kiosk.shows("Main entrance"), "the outcome fills the screen");
    press(&mut kiosk, '\u{1b}');
    assert!(
        kiosk.shows("Bike store") && kiosk.shows("Main entrance"),
        "Escape closes the outcome; the search has ended"
    );
    type_slowly(&mut kiosk, "bi");
    assert!(kiosk.shows("Bike store") && !kiosk.shows("Main entrance"));
    press(&mut kiosk, '\u{1b}');
    assert!(kiosk.shows("Main entrance"), "the next Escape shows all doors");
    press(&mut kiosk, '\u{1b}');
    assert!(kiosk.is_at_rest(), "the last Escape signs out");
}

/// At a desk a scan is not taken for a search, and an unlock does not end the visit.
#[test]
fn at_a_desk_a_scan_does_not_search_and_an_unlock_ends_no_visit() {
    let site = Site::with(|_| {}, DESK);
    let _ = site.enrol("grace@example.com", Some(BADGE), false);
    let mut kiosk = site.kiosk();
    kiosk.scan(BADGE);
    kiosk.wait(Duration::from_millis(450));
    kiosk.tap_door("Bike store");
    kiosk.wait(Duration::from_secs(9));
    assert!(kiosk.shows("Hello Grace"), "longer than session.after_unlock_seconds: {:?}", kiosk.texts());
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Grace") && kiosk.shows("Main entrance"), "one's own badge keeps the visit");
}

/// With a mouse, a tile shows that it can be clicked, and a name that is drawn smaller is shown whole after a moment.
#[test]
fn the_mouse_shows_where_it_is_and_the_whole_of_a_long_name() {
    let size = Size::new(1280.0, 800.0);
    let mut kiosk = desk_or_wall(size, "reception = true\n");
    kiosk.paint(Colors::DARK, Panel { is_desk: true, ..STILL });
    signed_in(&mut kiosk, 30);
    let of = |picture: &[u8], color: iced::Color| {
        let [red, green, blue, _] = color.into_rgba8();
        picture.chunks(4).filter(|pixel| pixel[..3] == [red, green, blue]).count()
    };
    let (plain, surface, pressed) = (kiosk.picture(), Colors::DARK.surface, Colors::DARK.pressed);
    let short = kiosk.find("Main entrance").unwrap();
    let over = kiosk.picture_under_mouse(short, Duration::from_millis(500));
    assert!(of(&over, surface) + 5_000 < of(&plain, surface), "the tile under the mouse");
    assert!(of(&over, pressed) < 100, "its name is whole already");
    let long = kiosk.find("Delivery entrance Speicherstraße, rear courtyard, 2nd gate left").unwrap();
    let at_once = kiosk.picture_under_mouse(long, Duration::ZERO);
    let later = kiosk.picture_under_mouse(long, Duration::from_millis(500));
    assert!(of(&at_once, pressed) < 100, "not while the mouse passes");
    assert!(2_000 < of(&later, pressed), "the whole name below the tile: {}", of(&later, pressed));
}

/// A whole visit at a desk by key codes on a real window: arrows and Tab move from door to door, Enter opens, Escape goes
/// back and then locks. There are twelve doors in three rows of four.
#[test]
fn a_desk_is_worked_with_the_keyboard_alone() {
    let mut screen = Touchscreen::start(1280, 800);
    let pad = pad_that(&screen, "desk");
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = pad.expect("badge ");
    let press = |screen: &mut Touchscreen, keys: &[i32]| {
        for key in keys {
            thread::sleep(Duration::from_millis(150));
            screen.chord(&[*key]);
        }
    };
    thread::sleep(Duration::from_millis(600));
    let plain = screen.settled();
    // The first key goes to the first door of the page; then 5, 6, 7, 6, 2.
    press(&mut screen, &[codes::DOWN, codes::DOWN, codes::RIGHT, codes::RIGHT, codes::LEFT, codes::UP]);
    let focused = screen.once("the edge of the chosen door", |screen| screen != plain);
    let accent = Colors::DARK.accent.into_rgba8();
    let count = focused.chunks(4).filter(|pixel| pixel[..3] == accent[..3]).count();
    assert!(400 < count, "the edge and the disc of the chosen door: {count} pixels");
    press(&mut screen, &[codes::ENTER]);
    assert_eq!(pad.expect("unlock "), "unlock 2");
    thread::sleep(Duration::from_millis(600));
    press(&mut screen, &[codes::ESCAPE]);
    thread::sleep(Duration::from_millis(600));
    press(&mut screen, &[codes::TAB, codes::TAB, codes::TAB, codes::ENTER]);
    assert_eq!(pad.expect("unlock "), "unlock 3");
    thread::sleep(Duration::from_millis(600));
    press(&mut screen, &[codes::ESCAPE]);
    thread::sleep(Duration::from_millis(600));
    // "l" finds Lobby and Lab: arrows choose no other door.
    press(&mut screen, &[codes::L, codes::RIGHT, codes::DOWN, codes::RIGHT, codes::RIGHT, codes::UP, codes::LEFT]);
    press(&mut screen, &[codes::ENTER]);
    assert_eq!(pad.expect("unlock "), "unlock 6");
    thread::sleep(Duration::from_millis(600));
    // Enter closes the outcome and opens nothing; what is typed next is no part of the search before.
    press(&mut screen, &[codes::ENTER, codes::ENTER]);
    thread::sleep(Duration::from_millis(600));
    press(&mut screen, &[codes::L, codes::A, codes::ENTER]);
    assert_eq!(pad.expect("unlock "), "unlock 7");
    thread::sleep(Duration::from_millis(600));
    press(&mut screen, &[codes::ESCAPE]);
    thread::sleep(Duration::from_millis(600));
    // Escape takes back a typed number first.
    press(&mut screen, &[codes::THREE, codes::ESCAPE, codes::ENTER, codes::ESCAPE]);
    let _ = pad.expect("ended");
}

/// `display.monitor` puts the window on that output. An unknown output is logged, and the window covers all of them.
#[test]
fn the_kiosk_goes_to_the_monitor_that_was_asked_for() {
    let installed = Installed::new();
    let screen = Touchscreen::start(1600, 600);
    screen.divide("LEFT", "RIGHT");
    let file = installed.path("kiosk.toml");
    let plain = fs::read_to_string(&file).unwrap();
    for (monitor, left, right) in [("RIGHT", false, true), ("LEFT", true, false), ("NONE", true, true)] {
        fs::write(&file, format!("{plain}[display]\nmonitor = \"{monitor}\"\n")).unwrap();
        let kiosk: Program = installed.kiosk(&screen);
        let _ = kiosk.expect("the window is open");
        if monitor == "NONE" {
            let _ = kiosk.expect("display.monitor: there is no output `NONE`, use one of `LEFT`, `RIGHT`");
        }
        let picture = screen.settled();
        let is_lit = |x: usize| picture[4 * (300 * 1600 + x)..][..3].iter().any(|part| *part != 0);
        assert_eq!((is_lit(4), is_lit(1596)), (left, right), "{monitor}");
    }
}
