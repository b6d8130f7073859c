//! Client-side rate limit, below the requests per second that Kisi allows one person over all their devices.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

/// Kisi's rate limit for one person, over all their logins, including their phone.
///
/// # Source
///
/// Kisi OpenAPI document, rate limits.
pub const REQUESTS_PER_SECOND: usize = 5;

/// The kind of request. Reads leave one request per second free for an unlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Unlock,
}

/// The window of Kisi's rate limit.
const WINDOW: Duration = Duration::from_secs(1);

/// The send times of the last requests. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct RateLimit {
    at_most: usize,
    left: Arc<Mutex<VecDeque<Instant>>>,
}

impl RateLimit {
    pub(super) fn new(at_most: usize) -> Self {
        Self { at_most, left: Arc::default() }
    }

    /// Waits until one more request may be sent.
    pub(super) async fn wait(&self, kind: Kind) {
        while let Err(until) = self.take(kind, Instant::now()) {
            time::sleep_until(until).await;
        }
    }

    /// Counts one request, or returns when it may be sent.
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

    /// F19: at most five requests a second, and an unlock never waits for reads.
    #[tokio::test(start_paused = true)]
    async fn reads_leave_room_for_an_unlock() {
        let limit = RateLimit::new(5);
        let mut at = Vec::new();
        for _ in 0..12 {
            limit.wait(Kind::Read).await;
            at.push(Instant::now());
        }
        let before = Instant::now();
        limit.wait(Kind::Unlock).await;
        assert_eq!(before, Instant::now(), "an unlock does not wait");
        at.push(before);
        for (index, first) in at.iter().enumerate() {
            let within = at[index..].iter().filter(|other| other.duration_since(*first) < WINDOW).count();
            assert!(within <= 5, "{within} within a second");
        }
        assert_eq!(at[3].duration_since(at[0]), Duration::ZERO, "the first requests do not wait");
    }
}
