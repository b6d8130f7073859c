//! The number of a door that is being typed.

use std::time::{Duration, Instant};

use crate::staff::Digit;

/// A half-typed number is cleared after this. Our choice.
const FORGOTTEN: Duration = Duration::from_secs(6);
/// Maximum number of digits in a door's number. By default a badge number has more.
const MOST: u8 = 3;

/// A number that is being typed. With too many digits it selects no door.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct DoorNumber {
    typed: Option<Typed>,
    /// What the layout writes with the keys of the number: digits, or letters.
    letters: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Typed {
    number: usize,
    digits: u8,
    until: Instant,
}

impl DoorNumber {
    fn live(&self, now: Instant) -> Option<Typed> {
        self.typed.filter(|typed| now < typed.until)
    }

    /// The number, unless nothing is typed or it has expired.
    pub(super) fn number(&self, now: Instant) -> Option<usize> {
        self.live(now).map(|typed| typed.number)
    }

    /// How many digits are typed.
    pub(super) fn digits(&self, now: Instant) -> usize {
        self.live(now).map_or(0, |typed| typed.digits.into())
    }

    /// The place on the list that the number selects.
    pub(super) fn index(&self, now: Instant) -> Option<usize> {
        self.live(now).filter(|typed| typed.digits <= MOST)?.number.checked_sub(1)
    }

    /// Adds a digit. `letter`: what the layout writes with that key, if that is a letter.
    pub(super) fn push(&mut self, digit: Digit, letter: Option<char>, now: Instant) {
        let Typed { number, digits, .. } = self.live(now).unwrap_or_else(|| {
            self.letters.clear();
            Typed { number: 0, digits: 0, until: now }
        });
        self.letters.push(letter.unwrap_or_else(|| char::from(digit.ascii())));
        let value = usize::from(digit.ascii() - b'0');
        // Once too long it stays too long: a badge number from a slow reader selects no door.
        let number = if digits < MOST { 10 * number + value } else { number };
        self.typed = Some(Typed { number, digits: digits.saturating_add(1), until: now + FORGOTTEN });
    }

    /// The first digits were dropped, so the rest must not select another door.
    pub(super) fn spoil(&mut self, now: Instant) {
        self.typed = Some(Typed { number: 0, digits: MOST.saturating_add(1), until: now + FORGOTTEN });
    }

    /// Takes the last digit back.
    pub(super) fn pop(&mut self, now: Instant) {
        let _ = self.letters.pop();
        let before = self.typed.take().filter(|typed| (2..=MOST).contains(&typed.digits));
        self.typed =
            before.map(|typed| Typed { number: typed.number / 10, digits: typed.digits - 1, until: now + FORGOTTEN });
    }

    /// Forgets the number. Returns what the layout writes with its keys.
    pub(super) fn take_letters(&mut self) -> String {
        let before = std::mem::take(self);
        if before.typed.is_some() { before.letters } else { String::new() }
    }
}
