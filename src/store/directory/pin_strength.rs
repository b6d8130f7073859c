//! Probability of guessing a PIN, a badge number, or the PIN of any of many known badges.

use std::time::Duration;

use crate::staff::Pin;

/// Minimum number of possible PINs for each person who has one.
///
/// # Source
///
/// `threats.md`, R2.
const RATIO: f64 = 1000.0;

/// Number of possible card numbers if the site declares none: 26-bit cards with one facility code.
///
/// # Source
///
/// pagemac.com, "HID data formats", H10301: 16 bits of number.
pub const ASSUMED_NUMBERS: u64 = 65_536;

/// The probability that `guesses` different guesses hit any of `targets` random, distinct values.
fn chance(possible: f64, targets: u32, guesses: f64) -> f64 {
    if possible < guesses + f64::from(targets) {
        return if targets == 0 { 0.0 } else { 1.0 };
    }
    // The probability of no hit: all targets are among the untried values. A sum of logarithms keeps small values precise.
    let miss: f64 = (0..targets).map(|taken| (-guesses / (possible - f64::from(taken))).ln_1p()).sum();
    -miss.exp_m1()
}

/// How many guesses an attacker who never pauses gets in this time.
fn guesses_in(guesses: u32, refill: Duration, time: Duration) -> f64 {
    f64::from(guesses) + (time.as_secs_f64() / refill.as_secs_f64()).floor()
}

/// What guessing badge numbers costs where a badge alone signs in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BadgeOdds {
    /// Number of possible card numbers, if the configuration declares it.
    pub numbers: Option<u64>,
    /// Badges that are enrolled.
    pub badges: u32,
    /// Guesses available at the start.
    pub guesses: u32,
    /// Time until one more guess is available.
    pub refill: Duration,
}

impl BadgeOdds {
    /// Whether there are at least 1,000 declared numbers per badge. `true` when none are declared.
    pub fn are_good(&self) -> bool {
        self.numbers.is_none_or(|_| self.badges <= self.most_badges())
    }

    /// Largest number of badges that leaves 1,000 possible numbers for each.
    pub fn most_badges(&self) -> u32 {
        u32::try_from(self.possible() / 1_000).unwrap_or(u32::MAX)
    }

    /// The declared number of card numbers, or [`ASSUMED_NUMBERS`].
    pub fn possible(&self) -> u64 {
        self.numbers.unwrap_or(ASSUMED_NUMBERS)
    }

    /// The chance that guessing for this long hits any badge.
    pub fn chance_in(&self, time: Duration) -> f64 {
        self.chance(guesses_in(self.guesses, self.refill, time))
    }

    /// The probability that `guesses` different numbers hit any badge.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a chance needs no exact count of numbers")]
    pub fn chance(&self, guesses: f64) -> f64 {
        chance(self.possible() as f64, self.badges, guesses)
    }
}

/// What spraying costs: trying PINs with many badges whose numbers are known. Each person has their own tries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spray {
    /// Number of digits of a PIN.
    pub digits: usize,
    /// Badges whose numbers are known.
    pub badges: u32,
    /// Tries available at the start for each badge.
    pub guesses: u32,
    /// Time until each badge gets one more try.
    pub refill: Duration,
}

impl Spray {
    /// The probability that `tries` PINs at each badge hit anybody's.
    pub fn chance(&self, tries: f64) -> f64 {
        let possible = possible_pins(self.digits);
        -((-1.0 / possible).ln_1p() * f64::from(self.badges) * tries).exp_m1()
    }

    /// The chance that spraying for this long hits anybody.
    pub fn chance_in(&self, time: Duration) -> f64 {
        self.chance(guesses_in(self.guesses, self.refill, time))
    }
}

/// What guessing PINs at the keypad costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Odds {
    /// Number of digits of a PIN.
    pub digits: usize,
    /// People with a PIN.
    pub people: u32,
    /// Guesses available at the start.
    pub guesses: u32,
    /// Time until one more guess is available.
    pub refill: Duration,
}

impl Odds {
    /// Whether there are at least 1,000 possible PINs per person.
    pub fn are_good(&self) -> bool {
        RATIO * f64::from(self.people) <= self.possible()
    }

    /// The fewest digits, not below the current number, for which `are_good` holds; the maximum if none does.
    pub fn digits_needed(&self) -> usize {
        (self.digits..=Pin::MAX_DIGITS)
            .find(|digits| Self { digits: *digits, ..*self }.are_good())
            .unwrap_or(Pin::MAX_DIGITS)
    }

    /// How many guesses an attacker who never pauses gets in this time.
    pub fn guesses_in(&self, time: Duration) -> f64 {
        guesses_in(self.guesses, self.refill, time)
    }

    /// The probability that `guesses` different guesses hit anybody's PIN. PINs are random and distinct.
    pub fn chance(&self, guesses: f64) -> f64 {
        chance(self.possible(), self.people, guesses)
    }

    /// How many PINs of this length there are.
    pub fn possible(&self) -> f64 {
        possible_pins(self.digits)
    }
}

fn possible_pins(digits: usize) -> f64 {
    10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odds(people: u32, digits: usize) -> Odds {
        Odds { digits, people, guesses: 10, refill: Duration::from_mins(6) }
    }

    /// T1, and the table in `threats.md`.
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

    /// B5: for 26-bit cards with a known facility code and 500 people, a guess succeeds with 0.76 %, an hour of guessing
    /// with 66 %.
    #[test]
    fn badge_numbers_of_26_bit_cards_are_guessed_within_hours() {
        let odds = BadgeOdds { numbers: None, badges: 500, guesses: 20, refill: Duration::from_secs(30) };
        assert!((odds.chance(1.0) - 0.0076).abs() < 0.0001, "{}", odds.chance(1.0));
        let hour = odds.chance_in(Duration::from_hours(1));
        assert!((hour - 0.66).abs() < 0.01, "{hour}");
        assert!(odds.are_good(), "nobody declared how many numbers there are");
    }

    /// B5: fewer than 1,000 declared numbers per badge are not enough.
    #[test]
    fn sixty_five_badges_fit_into_26_bits_and_no_more() {
        let odds = |badges, numbers| BadgeOdds { numbers, badges, guesses: 20, refill: Duration::from_secs(30) };
        assert!(odds(65, Some(65_536)).are_good());
        assert!(!odds(66, Some(65_536)).are_good());
        assert_eq!(odds(0, None).most_badges(), 65);
        assert!(odds(1_000_000, Some(1 << 56)).are_good());
    }

    /// R17a: with 200 known badge numbers, a day of spraying succeeds with about 3 % for 6 digits, and 0.03 % for 8.
    #[test]
    fn one_pin_is_sprayed_over_many_badges() {
        let spray = |digits| Spray { digits, badges: 200, guesses: 10, refill: Duration::from_mins(10) };
        let day = Duration::from_hours(24);
        assert!((spray(6).chance_in(day) - 0.03).abs() < 0.001, "{}", spray(6).chance_in(day));
        assert!((spray(8).chance_in(day) - 0.0003).abs() < 0.00001, "{}", spray(8).chance_in(day));
        assert!((spray(6).chance(1.0) - 0.0002).abs() < 0.00001);
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
