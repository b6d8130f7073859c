//! Who a person is at the kiosk: ids, PINs and badge numbers that are valid once they exist. Where they are kept is `directory.rs`.

mod badge;
mod name;

use std::fmt;

use zeroize::Zeroize;

pub use self::{
    badge::{Badge, BadgeFormat, BadgeProfile},
    name::NameFormat,
};

/// A row of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StaffId(i64);

impl StaffId {
    /// Names the row with this id.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The id as the directory writes it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// A key on the pad. There is no eleventh digit to check for. `Debug` hides which one it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Digit {
    /// 0
    D0,
    /// 1
    D1,
    /// 2
    D2,
    /// 3
    D3,
    /// 4
    D4,
    /// 5
    D5,
    /// 6
    D6,
    /// 7
    D7,
    /// 8
    D8,
    /// 9
    D9,
}

impl Digit {
    /// All of them, 0 to 9.
    pub const ALL: [Self; 10] =
        [Self::D0, Self::D1, Self::D2, Self::D3, Self::D4, Self::D5, Self::D6, Self::D7, Self::D8, Self::D9];

    /// Reads an ASCII digit.
    pub fn from_char(c: char) -> Option<Self> {
        Self::ALL.into_iter().find(|digit| char::from(digit.ascii()) == c)
    }

    /// The digit as an ASCII byte.
    pub const fn ascii(self) -> u8 {
        match self {
            Self::D0 => b'0',
            Self::D1 => b'1',
            Self::D2 => b'2',
            Self::D3 => b'3',
            Self::D4 => b'4',
            Self::D5 => b'5',
            Self::D6 => b'6',
            Self::D7 => b'7',
            Self::D8 => b'8',
            Self::D9 => b'9',
        }
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(..)")
    }
}

/// Digits of a PIN, as far as they are known. Hidden from `Debug`, wiped on drop, never larger than a fixed array. They lie in
/// one place: a PIN that moves leaves no copy behind.
#[derive(PartialEq, Eq, Default)]
pub struct Pin {
    digits: Box<[u8; Self::MAX_DIGITS]>,
    len: usize,
}

impl Pin {
    /// Fewer digits are never issued.
    ///
    /// # Source
    ///
    /// `threats-and-faults.md`, R3: our choice.
    pub const MIN_DIGITS: usize = 6;
    /// Of the technician's, which opens more than a door.
    ///
    /// # Source
    ///
    /// `threats-and-faults.md`, T23.
    pub const TECHNICIAN_DIGITS: usize = 8;
    /// More digits nobody types.
    pub const MAX_DIGITS: usize = 12;

    /// A PIN without a digit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a PIN written in ASCII digits. Anything else, or too many of them, is no PIN.
    pub fn parse(text: &str) -> Option<Self> {
        let mut pin = Self::new();
        for c in text.chars() {
            if !pin.push(Digit::from_char(c)?) {
                return None;
            }
        }
        Some(pin)
    }

    /// Appends a digit, and tells whether there was room.
    pub fn push(&mut self, digit: Digit) -> bool {
        let Some(place) = self.digits.get_mut(self.len) else { return false };
        *place = digit.ascii();
        self.len += 1;
        true
    }

    /// Takes the last digit back.
    pub fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
        if let Some(place) = self.digits.get_mut(self.len) {
            *place = 0;
        }
    }

    /// How many digits there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Gives the ASCII digits to code that must hash or print them. Search for this name in review.
    pub fn expose(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

/// What somebody presents at the kiosk.
#[derive(Debug)]
pub enum Credential {
    /// A PIN, which names the person by itself.
    Pin(Pin),
    /// A badge number, scanned or typed.
    Badge(Badge),
    /// A badge number and the PIN that goes with it.
    BadgeWithPin(Badge, Pin),
    /// The technician's PIN, which is nobody's.
    Technician(Pin),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pin_keeps_what_fits_and_gives_it_back() {
        let mut pin = Pin::parse("123456789012").unwrap();
        assert!(!pin.push(Digit::D1), "a full PIN takes no digit");
        pin.pop();
        assert_eq!(pin.expose(), b"12345678901");
        assert_eq!(Pin::parse("12x4"), None);
        assert_eq!(Pin::parse("1234567890123"), None);
    }

    #[test]
    fn debug_shows_no_digit_and_no_pin() {
        assert_eq!(format!("{:?} {:?}", Digit::D7, Pin::parse("4711").unwrap()), "Digit(..) Pin(..)");
    }
}
