//! A screen at rest dims, and the touch that wakes it does nothing else.

use std::time::{Duration, Instant};

use super::{Event, technician::HOLD};

/// A finger that woke the screen was meant for nothing else, however it came down.
const SETTLE: Duration = Duration::from_millis(400);

/// Whether the screen is dim, and when it will be.
#[derive(Debug, Default)]
pub(super) struct Sleep {
    pub(super) is_dim: bool,
    /// When it dims. `None` before the first event, while it is dim, and where it never does.
    at: Option<Instant>,
    /// Touches before this belong to the one that woke it.
    settled_at: Option<Instant>,
}

impl Sleep {
    /// When something changes here.
    pub(super) fn dims(&self) -> Option<Instant> {
        self.at.filter(|_| !self.is_dim)
    }

    /// Takes notice of an event. Says whether it means anything besides waking the screen.
    pub(super) fn heard(&mut self, event: &Event, is_at_rest: bool, after: Duration, now: Instant) -> bool {
        // A finger on the clock is somebody, for as long as it has to stay there.
        let held = if matches!(event, Event::ClockTouched) { HOLD } else { Duration::ZERO };
        let begin = |at: &mut Option<Instant>| *at = (!after.is_zero()).then(|| now + held + after);
        let is_touch = matches!(
            event,
            Event::DigitTouched(_)
                | Event::BackTouched
                | Event::EnterTouched
                | Event::SwitchTouched
                | Event::WakeTouched
                | Event::ClockTouched
                | Event::LanguageTouched(_)
        );
        // A badge that is read while the screen is dim is read.
        if !is_touch && !matches!(event, Event::KeyPressed(_)) {
            // Rest begins with the end of a visit.
            if !is_at_rest || (self.at.is_none() && !self.is_dim) {
                begin(&mut self.at);
            }
            return true;
        }
        begin(&mut self.at);
        let was_dim = std::mem::take(&mut self.is_dim);
        if was_dim && is_touch {
            self.settled_at = Some(now + SETTLE);
        }
        !is_touch || self.settled_at.is_none_or(|settled| settled <= now)
    }

    /// Time went by at rest.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.at.is_some_and(|at| at <= now) {
            self.is_dim = true;
            self.at = None;
        }
    }
}
