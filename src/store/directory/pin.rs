//! Draws PINs, since people do not choose them, and hashes them slowly. The index of PINs is in the directory.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};

use super::{
    Error,
    seal::{PinHash, random},
};
use crate::staff::{Digit, Pin};

/// Target time of one hash, from and to: slow for an attacker, quick for a person at the door.
const GOAL: (Duration, Duration) = (Duration::from_millis(150), Duration::from_millis(300));
/// Calibration stops here, even on a machine that is still faster than the target.
const MAX_PASSES: u32 = 32;

/// Parameters of Argon2id, which set the cost of one guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Degree of parallelism.
    pub lanes: u32,
}

impl Cost {
    /// Cost in the demo, and where the calibration for a new directory starts.
    ///
    /// # Source
    ///
    /// RFC 9106, section 4, second recommended option.
    pub const SHIPPED: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// The minimum. A directory with a lower cost is refused.
    ///
    /// # Source
    ///
    /// OWASP Password Storage Cheat Sheet, Argon2id.
    pub const MINIMUM: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Finds the cost at which one hash takes 150 to 300 ms on this machine, if possible. `timed` runs a closure
    /// and returns its duration.
    ///
    /// # Source
    ///
    /// `threats.md`, R9; RFC 9106, section 4: as much memory as there is, then passes.
    pub fn that_takes(timed: &mut dyn FnMut(&mut dyn FnMut()) -> Duration) -> Self {
        let mut time = |cost: Self| {
            let mut once = || {
                let _ = timed(&mut || drop(stretch(&Pin::new(), &[0; 16], cost)));
            };
            once(); // Warm up: the first run also faults in the memory.
            timed(&mut || drop(stretch(&Pin::new(), &[0; 16], cost)))
        };
        let fits = |time: Duration| time <= GOAL.1;
        let mut cost = Self { passes: Self::MINIMUM.passes, ..Self::SHIPPED };
        // A slow machine gets less memory, but never less than the minimum.
        while !fits(time(cost)) {
            if cost.memory_kib / 2 < Self::MINIMUM.memory_kib {
                return Self::MINIMUM;
            }
            cost.memory_kib /= 2;
        }
        // A fast machine gets more passes.
        while cost.passes < MAX_PASSES && time(cost) < GOAL.0 {
            cost.passes += 1;
        }
        cost
    }

    /// Whether the cost is at least the minimum.
    pub(super) fn is_enough(self) -> bool {
        Self::MINIMUM.memory_kib <= self.memory_kib && Self::MINIMUM.passes <= self.passes && 0 < self.lanes
    }
}

/// Hashes a PIN with Argon2id and the salt of this kiosk.
pub(super) fn stretch(pin: &Pin, salt: &[u8], cost: Cost) -> Result<PinHash, Error> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| Error::Hashing)?;
    let mut stretched = PinHash::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.expose(), salt, &mut *stretched)
        .map_err(|_| Error::Hashing)?;
    Ok(stretched)
}

/// Draws random decimal digits, for the number of a printed badge.
///
/// # Errors
///
/// [`Error::Randomness`]
pub fn random_digits(digits: usize) -> Result<String, Error> {
    (0..digits).map(|_| random_digit().map(|digit| char::from(digit.ascii()))).collect()
}

fn random_digit() -> Result<Digit, Error> {
    loop {
        let byte = random::<1>()?;
        // 250 is a multiple of ten, so every digit is equally likely.
        let byte = byte.first().filter(|byte| **byte < 250);
        if let Some(digit) = byte.and_then(|byte| Digit::ALL.get(usize::from(byte % 10))) {
            return Ok(*digit);
        }
    }
}

/// Draws a PIN. Skips trivial ones, which an attacker tries first.
pub(super) fn draw(digits: usize) -> Result<Pin, Error> {
    loop {
        let mut pin = Pin::new();
        while pin.len() < digits.min(Pin::MAX_DIGITS) {
            let _ = pin.push(random_digit()?);
        }
        if !is_trivial(&pin) {
            return Ok(pin);
        }
    }
}

/// Whether all digits are equal, count up or down, or repeat a group of two or three.
///
/// # Source
///
/// `threats.md`, R4.
fn is_trivial(pin: &Pin) -> bool {
    let digits = pin.expose();
    let steps = |step: u8| digits.windows(2).all(|pair| matches!(pair, [a, b] if *b == (a - b'0' + step) % 10 + b'0'));
    let repeats = |length: usize| digits.iter().zip(digits.iter().skip(length)).all(|(a, b)| a == b);
    steps(0) || steps(1) || steps(9) || (3 < digits.len() && repeats(2)) || (5 < digits.len() && repeats(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_that_everybody_tries_first_are_trivial() {
        for pin in ["000000", "123456", "654321", "890123", "121212", "123123", "99999999", "12345678"] {
            assert!(is_trivial(&Pin::parse(pin).unwrap()), "{pin}");
        }
        for pin in ["123457", "482913", "112233", "00000001"] {
            assert!(!is_trivial(&Pin::parse(pin).unwrap()), "{pin}");
        }
    }

    #[test]
    fn drawn_pins_have_the_asked_digits_and_all_kinds_of_them() {
        let pins: Vec<Pin> = (0..200).map(|_| draw(6).unwrap()).collect();
        assert!(pins.iter().all(|pin| pin.len() == 6));
        for digit in Digit::ALL {
            assert!(pins.iter().any(|pin| pin.expose().contains(&digit.ascii())), "{}", char::from(digit.ascii()));
        }
    }
}
