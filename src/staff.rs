//! Identity at the kiosk: ids, PINs and badge numbers, validated on construction. They are stored by `directory.rs`.

mod badge;
mod name;
mod rows;
mod scan;

use std::fmt;

use zeroize::Zeroize;

pub use self::{
    badge::{Badge, BadgeFormat, BadgeProfile, UidForm},
    name::NameFormat,
    rows::{BadgeRow, LoginRow, PersonRows, PinRow},
    scan::{Read, Scan},
};

/// The row id of a person in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StaffId(i64);

impl StaffId {
    /// Wraps a row id.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The row id as stored in the directory.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// A digit key of the keypad. An invalid digit cannot be represented. `Debug` hides the value.
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
    /// All digits, 0 to 9.
    pub const ALL: [Self; 10] =
        [Self::D0, Self::D1, Self::D2, Self::D3, Self::D4, Self::D5, Self::D6, Self::D7, Self::D8, Self::D9];

    /// Converts an ASCII digit. `None` for any other character.
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

/// A PIN, complete or being typed. Hidden from `Debug` and wiped on drop. The digits are in one heap allocation of fixed
/// size, so that moving the value leaves no copy behind.
#[derive(PartialEq, Eq, Default)]
pub struct Pin {
    digits: Box<[u8; Self::MAX_DIGITS]>,
    len: usize,
}

impl Pin {
    /// Number of digits of the technician's PIN, which gives access to more than a door.
    ///
    /// # Source
    ///
    /// `threats.md`, T23.
    pub const TECHNICIAN_DIGITS: usize = 8;
    /// Largest number of digits.
    pub const MAX_DIGITS: usize = 12;

    /// Creates an empty PIN.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a PIN of ASCII digits. `None` for any other character and for too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut pin = Self::new();
        for c in text.chars() {
            if !pin.push(Digit::from_char(c)?) {
                return None;
            }
        }
        Some(pin)
    }

    /// Appends a digit. Returns false if the PIN is full.
    pub fn push(&mut self, digit: Digit) -> bool {
        let Some(place) = self.digits.get_mut(self.len) else { return false };
        *place = digit.ascii();
        self.len += 1;
        true
    }

    /// Removes the last digit, if any.
    pub fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
        if let Some(place) = self.digits.get_mut(self.len) {
            *place = 0;
        }
    }

    /// Number of digits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the PIN has no digits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The digits as text, to show a new PIN once. Search for this name in review.
    pub fn expose_text(&self) -> String {
        self.expose().iter().map(|digit| char::from(*digit)).collect()
    }

    /// Returns the ASCII digits, for hashing or printing. Search for this name in review.
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

/// The credential that a person presents at the kiosk.
#[derive(Debug)]
pub enum Credential {
    /// A PIN, which identifies the person by itself.
    Pin(Pin),
    /// A badge number, scanned or typed.
    Badge(Badge),
    /// A badge number and the PIN that goes with it.
    BadgeWithPin(Badge, Pin),
    /// The technician's PIN, which belongs to no person in the directory.
    Technician(Pin),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_pin_rejects_further_digits() {
        let mut pin = Pin::parse("123456789012").unwrap();
        assert!(!pin.push(Digit::D1), "a full PIN accepts no digit");
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
