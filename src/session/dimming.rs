//! Dims the screen at rest. The touch that wakes it does nothing else.

use std::time::{Duration, Instant};

use super::{Event, reader::Key, technician::HOLD};

/// Touches this soon after the one that woke the screen are ignored too (R24).
const SETTLE: Duration = Duration::from_millis(400);

/// Whether the screen is dimmed, and when it will be.
#[derive(Debug, Default)]
pub(super) struct Dimming {
    pub(super) is_dim: bool,
    /// When the screen dims. `None` before the first event, while it is dim, and if dimming is off.
    at: Option<Instant>,
    /// Touches before this are ignored: they belong to the one that woke the screen.
    ignore_input_until: Option<Instant>,
}

impl Dimming {
    /// When the screen will dim. `None` if it is dim already or never dims.
    pub(super) fn dims(&self) -> Option<Instant> {
        self.at.filter(|_| !self.is_dim)
    }

    /// Restarts the timer if the event is activity. Returns whether the event means anything besides waking the screen.
    pub(super) fn heard(&mut self, event: &Event, is_at_rest: bool, after: Duration, now: Instant) -> bool {
        // The hold itself is activity: the timer starts after it.
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
        // A scan wakes a dim screen, and its keys count.
        // Something that lies on a keyboard keeps no screen awake.
        let is_key = matches!(event, Event::KeyPressed(key) if !matches!(key, Key::Repeat(_)));
        if !is_touch && !is_key && !matches!(event, Event::Scanned(_)) {
            // The timer starts when a visit ends.
            if !is_at_rest || (self.at.is_none() && !self.is_dim) {
                begin(&mut self.at);
            }
            return true;
        }
        begin(&mut self.at);
        let was_dim = std::mem::take(&mut self.is_dim);
        if was_dim && is_touch {
            self.ignore_input_until = Some(now + SETTLE);
        }
        !is_touch || self.ignore_input_until.is_none_or(|settled| settled <= now)
    }

    /// Dims the screen when its time has come.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.at.is_some_and(|at| at <= now) {
            self.is_dim = true;
            self.at = None;
        }
    }
}
