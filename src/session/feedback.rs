//! Audible feedback: the same tone for every key, so that tones reveal no digit, and one for each kind of result.

use std::time::Instant;

use super::{Session, State, visit::Attempt};
use crate::door::{DoorId, Outcome};

/// A feedback tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A key was accepted.
    Key,
    /// Somebody signed in, or Kisi accepted an unlock.
    Good,
    /// A sign-in failed, or a door will not open.
    Bad,
    /// Whether a door opens is not known.
    Unknown,
    /// The countdown to the sign-out began.
    Warning,
}

/// The audible part of the session's state. The difference between two of them gives the tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feedback {
    /// Number of digits and letters typed; `usize::MAX` once an entry is complete, so that the last digit sounds too.
    typed: usize,
    is_signed_in: bool,
    is_denied: bool,
    outcome: Option<(DoorId, Tone)>,
    warns: bool,
}

impl Session {
    /// The audible part of the state now.
    pub fn feedback(&self, now: Instant) -> Feedback {
        let (typed, outcome) = if let State::SignedOut { entry, .. } = self.state() {
            (entry.digits(), None)
        } else if let State::SignedIn(visit) = self.state() {
            (visit.digits(now) + visit.find.letters().chars().count(), heard(visit.attempt))
        } else if matches!(self.state(), State::Checking { .. }) {
            // The last digit of a PIN sounds like any other key.
            (usize::MAX, None)
        } else {
            (0, None)
        };
        let is_signed_in = matches!(self.state(), State::SignedIn(_) | State::Technician(_));
        let is_denied = matches!(self.state(), State::SignedOut { denial: Some(_), .. });
        Feedback { typed, is_signed_in, is_denied, outcome, warns: self.warning(now).is_some() }
    }
}

fn heard(attempt: Attempt) -> Option<(DoorId, Tone)> {
    match attempt {
        Attempt::Done(door, Outcome::Accepted | Outcome::Opened, _) => Some((door, Tone::Good)),
        Attempt::Done(door, Outcome::StillClosed | Outcome::Unknown(_), _) => Some((door, Tone::Unknown)),
        Attempt::Done(door, _, _) => Some((door, Tone::Bad)),
        Attempt::None | Attempt::Asked(..) | Attempt::Opening(..) => None,
    }
}

impl Feedback {
    /// The tone for the change from `self` to `after`, if any.
    pub fn to(self, after: Self) -> Option<Tone> {
        if let Some((_, tone)) = after.outcome.filter(|_| self.outcome != after.outcome) {
            return Some(tone);
        }
        if after.is_denied && !self.is_denied {
            return Some(Tone::Bad);
        }
        if after.is_signed_in != self.is_signed_in {
            return after.is_signed_in.then_some(Tone::Good);
        }
        if after.warns && !self.warns {
            return Some(Tone::Warning);
        }
        (self.typed < after.typed).then_some(Tone::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Feedback = Feedback { typed: 0, is_signed_in: false, is_denied: false, outcome: None, warns: false };

    #[test]
    fn each_step_of_a_visit_is_heard_once() {
        let typed = |typed| Feedback { typed, ..REST };
        let visit = Feedback { is_signed_in: true, ..REST };
        let opened = Feedback { outcome: Some((DoorId::new(1), Tone::Good)), ..visit };
        let refused = Feedback { outcome: Some((DoorId::new(1), Tone::Bad)), ..visit };
        let denied = Feedback { is_denied: true, ..REST };
        for (before, after, tone) in [
            (REST, typed(1), Some(Tone::Key)),
            (typed(5), typed(usize::MAX), Some(Tone::Key)),
            (typed(3), typed(2), None),
            (typed(3), REST, None),
            (typed(usize::MAX), visit, Some(Tone::Good)),
            (typed(usize::MAX), denied, Some(Tone::Bad)),
            (denied, denied, None),
            (visit, opened, Some(Tone::Good)),
            (opened, opened, None),
            (opened, visit, None),
            (visit, refused, Some(Tone::Bad)),
            (visit, Feedback { warns: true, ..visit }, Some(Tone::Warning)),
            (Feedback { warns: true, ..visit }, REST, None),
        ] {
            assert_eq!(before.to(after), tone, "{before:?} {after:?}");
        }
    }
}
