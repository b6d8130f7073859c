//! Keys as hardware sends them: evdev key codes, down and up. What they write is up to the layout.
//!
//! # Source
//!
//! Codes: `input-event-codes.h` of the Linux kernel. Which keys a reader presses for a text: USB HID Usage Tables 1.5,
//! section 10, for a US keyboard.

use iced::keyboard::{
    self, Location, Modifiers,
    key::{Code, NativeCode, Physical},
};

/// A key that goes down or up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stroke {
    pub(crate) code: u16,
    pub(crate) is_down: bool,
}

pub(crate) const LEFT_SHIFT: u16 = 42;
pub(crate) const LEFT_CTRL: u16 = 29;
pub(crate) const LEFT_ALT: u16 = 56;
pub(crate) const RIGHT_ALT: u16 = 100;
pub(crate) const CAPS_LOCK: u16 = 58;
pub(crate) const NUM_LOCK: u16 = 69;

/// A key of the table: evdev code, its name in the window, what it writes on a US keyboard, and that with Shift.
type Row = (u16, Code, char, char);

/// The keys that readers press.
const KEYS: [Row; 52] = [
    (1, Code::Escape, '\u{1b}', '\u{1b}'),
    (2, Code::Digit1, '1', '!'),
    (3, Code::Digit2, '2', '@'),
    (4, Code::Digit3, '3', '#'),
    (5, Code::Digit4, '4', '$'),
    (6, Code::Digit5, '5', '%'),
    (7, Code::Digit6, '6', '^'),
    (8, Code::Digit7, '7', '&'),
    (9, Code::Digit8, '8', '*'),
    (10, Code::Digit9, '9', '('),
    (11, Code::Digit0, '0', ')'),
    (12, Code::Minus, '-', '_'),
    (13, Code::Equal, '=', '+'),
    (14, Code::Backspace, '\u{8}', '\u{8}'),
    (15, Code::Tab, '\t', '\t'),
    (16, Code::KeyQ, 'q', 'Q'),
    (17, Code::KeyW, 'w', 'W'),
    (18, Code::KeyE, 'e', 'E'),
    (19, Code::KeyR, 'r', 'R'),
    (20, Code::KeyT, 't', 'T'),
    (21, Code::KeyY, 'y', 'Y'),
    (22, Code::KeyU, 'u', 'U'),
    (23, Code::KeyI, 'i', 'I'),
    (24, Code::KeyO, 'o', 'O'),
    (25, Code::KeyP, 'p', 'P'),
    (26, Code::BracketLeft, '[', '{'),
    (27, Code::BracketRight, ']', '}'),
    (28, Code::Enter, '\n', '\n'),
    (30, Code::KeyA, 'a', 'A'),
    (31, Code::KeyS, 's', 'S'),
    (32, Code::KeyD, 'd', 'D'),
    (33, Code::KeyF, 'f', 'F'),
    (34, Code::KeyG, 'g', 'G'),
    (35, Code::KeyH, 'h', 'H'),
    (36, Code::KeyJ, 'j', 'J'),
    (37, Code::KeyK, 'k', 'K'),
    (38, Code::KeyL, 'l', 'L'),
    (39, Code::Semicolon, ';', ':'),
    (40, Code::Quote, '\'', '"'),
    (41, Code::Backquote, '`', '~'),
    (43, Code::Backslash, '\\', '|'),
    (44, Code::KeyZ, 'z', 'Z'),
    (45, Code::KeyX, 'x', 'X'),
    (46, Code::KeyC, 'c', 'C'),
    (47, Code::KeyV, 'v', 'V'),
    (48, Code::KeyB, 'b', 'B'),
    (49, Code::KeyN, 'n', 'N'),
    (50, Code::KeyM, 'm', 'M'),
    (51, Code::Comma, ',', '<'),
    (52, Code::Period, '.', '>'),
    (53, Code::Slash, '/', '?'),
    (57, Code::Space, ' ', ' '),
];

/// The numeric keypad, which sends the same codes with `NumLock` on and off.
const KEYPAD: [Row; 17] = [
    (82, Code::Numpad0, '0', '0'),
    (79, Code::Numpad1, '1', '1'),
    (80, Code::Numpad2, '2', '2'),
    (81, Code::Numpad3, '3', '3'),
    (75, Code::Numpad4, '4', '4'),
    (76, Code::Numpad5, '5', '5'),
    (77, Code::Numpad6, '6', '6'),
    (71, Code::Numpad7, '7', '7'),
    (72, Code::Numpad8, '8', '8'),
    (73, Code::Numpad9, '9', '9'),
    (78, Code::NumpadAdd, '+', '+'),
    (74, Code::NumpadSubtract, '-', '-'),
    (55, Code::NumpadMultiply, '*', '*'),
    (98, Code::NumpadDivide, '/', '/'),
    (83, Code::NumpadDecimal, '.', '.'),
    (96, Code::NumpadEnter, '\n', '\n'),
    (14, Code::Backspace, '\u{8}', '\u{8}'),
];

/// Keys that write nothing, by the name they have in the table of readings.
const OTHERS: [(u16, Code, &str); 17] = [
    (6, Code::Digit5, "FIVE"),
    (LEFT_SHIFT, Code::ShiftLeft, "SHIFT"),
    (54, Code::ShiftRight, "RIGHTSHIFT"),
    (LEFT_CTRL, Code::ControlLeft, "CTRL"),
    (97, Code::ControlRight, "RIGHTCTRL"),
    (LEFT_ALT, Code::AltLeft, "ALT"),
    (RIGHT_ALT, Code::AltRight, "ALTGR"),
    (125, Code::SuperLeft, "SUPER"),
    (CAPS_LOCK, Code::CapsLock, "CAPSLOCK"),
    (NUM_LOCK, Code::NumLock, "NUMLOCK"),
    (59, Code::F1, "F1"),
    (88, Code::F12, "F12"),
    (102, Code::Home, "HOME"),
    (106, Code::ArrowRight, "RIGHT"),
    (111, Code::Delete, "DELETE"),
    (86, Code::IntlBackslash, "INTLBACKSLASH"),
    (92, Code::Convert, "HENKAN"),
];

/// The strokes of a key by its name, for keys that write nothing.
pub(crate) fn named(name: &str) -> u16 {
    OTHERS.iter().find(|(.., known)| *known == name).unwrap_or_else(|| panic!("no key {name}")).0
}

const fn stroke(code: u16, is_down: bool) -> Stroke {
    Stroke { code, is_down }
}

/// A key that is pressed and released.
pub(crate) fn tap(code: u16) -> Vec<Stroke> {
    vec![stroke(code, true), stroke(code, false)]
}

/// What a reader presses for a character, as it would for a PC with a US keyboard.
pub(crate) fn main_row(c: char) -> Vec<Stroke> {
    let (code, _, plain, _) = KEYS.iter().find(|(_, _, plain, shifted)| *plain == c || *shifted == c).unwrap();
    let key = tap(*code);
    if *plain == c { key } else { [vec![stroke(LEFT_SHIFT, true)], key, vec![stroke(LEFT_SHIFT, false)]].concat() }
}

/// What a numeric keypad sends for a character.
pub(crate) fn keypad(c: char) -> Vec<Stroke> {
    tap(KEYPAD.iter().find(|(_, _, plain, _)| *plain == c).unwrap().0)
}

/// The event of a stroke in the window. `text`: what the layout writes with it.
pub(crate) fn event(Stroke { code, is_down }: Stroke, text: Option<&str>) -> keyboard::Event {
    let rows = KEYS.iter().chain(&KEYPAD).map(|(code, name, ..)| (*code, *name));
    let name = rows.chain(OTHERS.iter().map(|(code, name, _)| (*code, *name))).find(|(known, _)| *known == code);
    let physical_key =
        name.map_or(Physical::Unidentified(NativeCode::Xkb(u32::from(code) + 8)), |(_, name)| Physical::Code(name));
    let (key, location, modifiers) = (keyboard::Key::Unidentified, Location::Standard, Modifiers::empty());
    if is_down {
        let (modified_key, text) = (key.clone(), text.map(Into::into));
        keyboard::Event::KeyPressed { key, modified_key, physical_key, location, modifiers, text, repeat: false }
    } else {
        keyboard::Event::KeyReleased { modified_key: key.clone(), key, physical_key, location, modifiers }
    }
}
