//! What a guess is worth at this kiosk, and how many digits a PIN needs.

use std::time::Duration;

use crate::staff::Pin;

/// Possible PINs for each person who has one, at least.
///
/// # Source
///
/// `threats-and-faults.md`, R2.
const RATIO: f64 = 1000.0;

/// How long PINs are, how many people have one, and what guesses cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Odds {
    /// Of a PIN.
    pub digits: usize,
    /// People with a PIN.
    pub people: u32,
    /// Guesses at once.
    pub guesses: u32,
    /// One more after this.
    pub refill: Duration,
}

impl Odds {
    /// Whether there are so many possible PINs for each person that guessing is hopeless.
    pub fn are_good(&self) -> bool {
        RATIO * f64::from(self.people) <= self.possible()
    }

    /// How many digits would do.
    pub fn digits_needed(&self) -> usize {
        (self.digits..=Pin::MAX_DIGITS)
            .find(|digits| Self { digits: *digits, ..*self }.are_good())
            .unwrap_or(Pin::MAX_DIGITS)
    }

    /// How many guesses are evaluated in this time, without a pause.
    pub fn guesses_in(&self, time: Duration) -> f64 {
        f64::from(self.guesses) + (time.as_secs_f64() / self.refill.as_secs_f64()).floor()
    }

    /// The chance that so many different guesses hit anybody: PINs are random and distinct.
    pub fn chance(&self, guesses: f64) -> f64 {
        let (possible, people) = (self.possible(), f64::from(self.people));
        if possible < guesses + people {
            return 1.0;
        }
        // No guess hits: people whose PINs all lie among those that are not tried. As a sum of logarithms, which do not vanish.
        let miss: f64 = (0..self.people).map(|taken| (-guesses / (possible - f64::from(taken))).ln_1p()).sum();
        -miss.exp_m1()
    }

    fn possible(&self) -> f64 {
        10_f64.powi(i32::try_from(self.digits).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odds(people: u32, digits: usize) -> Odds {
        Odds { digits, people, guesses: 10, refill: Duration::from_mins(6) }
    }

    /// T1, and the table in `threats-and-faults.md`.
    #[test]
    fn the_chances_are_those_of_the_table() {
        let day = Duration::from_hours(24);
        for (people, digits, one, day_chance) in [
            (50, 4, 0.005, 0.71),
            (10, 6, 1e-5, 0.0025),
            (50, 6, 5e-5, 0.012),
            (200, 6, 2e-4, 0.049),
            (1000, 8, 1e-5, 0.0025),
        ] {
            let odds = odds(people, digits);
            assert!((odds.guesses_in(day) - 250.0).abs() < 1e-9);
            let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.05;
            assert!(close(odds.chance(1.0), one), "{people} {digits}: {}", odds.chance(1.0));
            assert!(close(odds.chance(250.0), day_chance), "{people} {digits}: {}", odds.chance(250.0));
        }
    }

    /// R2, T1
    #[test]
    fn six_digits_are_enough_for_a_thousand_people_and_no_more() {
        assert!(odds(1_000, 6).are_good());
        assert!(!odds(1_001, 6).are_good());
        assert_eq!(odds(1_001, 6).digits_needed(), 7);
        assert_eq!(odds(0, 6).digits_needed(), 6);
    }
}
