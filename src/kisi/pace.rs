//! Not more requests in a second than Kisi takes from one person, whose phone asks too.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

/// What is asked for: one place is kept for somebody who taps a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Unlock,
}

/// Kisi counts within a second.
const WINDOW: Duration = Duration::from_secs(1);

/// When the last requests left. Clones count together.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    at_most: usize,
    left: Arc<Mutex<VecDeque<Instant>>>,
}

impl Pace {
    pub(super) fn new(at_most: usize) -> Self {
        Self { at_most, left: Arc::default() }
    }

    /// Waits until one more may leave.
    pub(super) async fn wait(&self, kind: Kind) {
        while let Err(until) = self.take(kind, Instant::now()) {
            time::sleep_until(until).await;
        }
    }

    /// Counts one, or says when there is room for it.
    fn take(&self, kind: Kind, now: Instant) -> Result<(), Instant> {
        let room = match kind {
            Kind::Read => self.at_most.saturating_sub(1).max(1),
            Kind::Unlock => self.at_most,
        };
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        while left.front().is_some_and(|first| *first + WINDOW <= now) {
            let _ = left.pop_front();
        }
        if let Some(first) = left.iter().rev().nth(room - 1) {
            return Err(*first + WINDOW);
        }
        left.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F19: at most five a second, and an unlock never waits behind reads.
    #[tokio::test(start_paused = true)]
    async fn reads_leave_room_for_an_unlock() {
        let pace = Pace::new(5);
        let mut at = Vec::new();
        for _ in 0..12 {
            pace.wait(Kind::Read).await;
            at.push(Instant::now());
        }
        let before = Instant::now();
        pace.wait(Kind::Unlock).await;
        assert_eq!(before, Instant::now(), "there is always room for one");
        at.push(before);
        for (index, first) in at.iter().enumerate() {
            let within = at[index..].iter().filter(|other| other.duration_since(*first) < WINDOW).count();
            assert!(within <= 5, "{within} within a second");
        }
        assert_eq!(at[3].duration_since(at[0]), Duration::ZERO, "the first ones do not wait");
    }
}
