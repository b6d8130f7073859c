//! How many guesses are left at the keypad, and when one comes back. That the number survives a power cut is `directory.rs`.

use std::time::{Duration, Instant};

/// What wrong guesses cost at this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRules {
    /// So many guesses at once.
    pub guesses: u32,
    /// One comes back after this.
    pub refill: Duration,
}

/// One bucket for the whole device, for everything that is typed and names a person by itself.
///
/// A guess is paid for before it is looked at, and a right one returns exactly its own. The wait for the next one begins anew
/// when the program starts: time that was switched off credits nothing, and no clock that can be set is asked.
///
/// # Source
///
/// `threats-and-faults.md`, R14 to R16, R18, R19.
#[derive(Debug)]
pub struct Budget {
    rules: BudgetRules,
    left: u32,
    /// When one comes back; none is missing without it.
    refill_at: Option<Instant>,
}

impl Budget {
    /// A full bucket.
    pub fn full(rules: BudgetRules) -> Self {
        Self { rules, left: rules.guesses, refill_at: None }
    }

    /// What was left when the program ended.
    pub fn restored(rules: BudgetRules, left: u32, now: Instant) -> Self {
        let left = left.min(rules.guesses);
        Self { rules, left, refill_at: (left < rules.guesses).then(|| now + rules.refill) }
    }

    /// How many guesses are left.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// How long until the next guess, while there is none.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        (self.left == 0).then(|| self.refill_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now)))
    }

    /// Whether a guess is missing: time changes something.
    pub fn is_waiting(&self) -> bool {
        self.refill_at.is_some()
    }

    /// Pays for one guess, if there is one.
    #[must_use = "a guess that was not paid for must not be looked at"]
    pub fn spend(&mut self, now: Instant) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let _ = self.refill_at.get_or_insert(now + self.rules.refill);
        true
    }

    /// Returns the guess of an attempt that was right. Never more than that one.
    pub fn give_back(&mut self) {
        self.left = (self.left + 1).min(self.rules.guesses);
        if self.left == self.rules.guesses {
            self.refill_at = None;
        }
    }

    /// Gives everything back: the technician says so.
    pub fn restore_all(&mut self) {
        *self = Self::full(self.rules);
    }

    /// Credits the time that went by. Says whether that changed anything.
    pub fn refill(&mut self, now: Instant) -> bool {
        let before = self.left;
        while let Some(at) = self.refill_at.filter(|at| *at <= now) {
            self.left += 1;
            self.refill_at = (self.left < self.rules.guesses).then(|| at + self.rules.refill);
        }
        self.left != before
    }
}
