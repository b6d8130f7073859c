//! The budget of guesses at the keypad and its refill. `directory.rs` stores it, so that it survives a power cut.

use std::time::{Duration, Instant};

/// Limits for wrong guesses, from `[budget]` in `kiosk.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRules {
    /// Number of guesses in a full bucket.
    pub guesses: u32,
    /// Time until one guess is refilled.
    pub refill: Duration,
}

/// One token bucket for the whole device. It covers every typed entry that identifies a person by itself.
///
/// A guess is spent before it is checked, and a correct one returns exactly that guess. A restart of the program
/// restarts the wait for the next refill: time switched off is not credited, and the wall clock is not used.
///
/// # Source
///
/// `threats.md`, R14 to R16, R18, R19.
#[derive(Debug)]
pub struct Budget {
    rules: BudgetRules,
    left: u32,
    /// When the next guess is refilled. `None` if the bucket is full.
    refill_at: Option<Instant>,
}

impl Budget {
    /// A full bucket.
    pub fn full(rules: BudgetRules) -> Self {
        Self { rules, left: rules.guesses, refill_at: None }
    }

    /// Restores the guesses that were left when the program ended.
    pub fn restored(rules: BudgetRules, left: u32, now: Instant) -> Self {
        let left = left.min(rules.guesses);
        Self { rules, left, refill_at: (left < rules.guesses).then(|| now + rules.refill) }
    }

    /// How many guesses are left.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Time until the next guess. `None` while a guess is left.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        (self.left == 0).then(|| self.refill_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now)))
    }

    /// Whether the bucket is not full, so that a refill is pending.
    pub fn is_waiting(&self) -> bool {
        self.refill_at.is_some()
    }

    /// Spends one guess. Returns `false` if none is left.
    #[must_use = "an entry that was not paid for must not be checked"]
    pub fn spend(&mut self, now: Instant) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let _ = self.refill_at.get_or_insert(now + self.rules.refill);
        true
    }

    /// Returns one spent guess, never more (R16).
    pub fn give_back(&mut self) {
        self.left = (self.left + 1).min(self.rules.guesses);
        if self.left == self.rules.guesses {
            self.refill_at = None;
        }
    }

    /// Leaves no guess before `until`, when the first one is refilled.
    pub fn empty(&mut self, until: Instant) {
        (self.left, self.refill_at) = (0, Some(until));
    }

    /// Refills the bucket at the technician's request (R18).
    pub fn restore_all(&mut self) {
        *self = Self::full(self.rules);
    }

    /// Refills for the time that has passed. Returns whether that added a guess.
    pub fn refill(&mut self, now: Instant) -> bool {
        let before = self.left;
        while let Some(at) = self.refill_at.filter(|at| *at <= now) {
            self.left += 1;
            self.refill_at = (self.left < self.rules.guesses).then(|| at + self.rules.refill);
        }
        self.left != before
    }
}
