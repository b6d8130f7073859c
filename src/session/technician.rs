//! The technician's screen: how one gets there, what it knows, and what can be done. Holding the clock asks for a PIN of its own,
//! which only fingers can type; two minutes later the screen is gone.

use std::time::{Duration, Instant};

use super::{Effect, Ended, Session, SessionId, State, entry::Entry};
use crate::staff::Pin;

/// The clock is held for so long (design, section 2).
pub const HOLD: Duration = Duration::from_secs(3);
/// The screen stays for so long (design, section 2).
pub const STAY: Duration = Duration::from_mins(2);
/// A technician PIN that is half typed vanishes after this: it is long.
const ENTRY: Duration = Duration::from_secs(20);

/// What the technician can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Step {
    /// Read the configuration anew.
    Reload,
    /// Give all guesses at the keypad back (R18).
    RestoreGuesses,
    /// End the kiosk until somebody starts it.
    Leave,
}

impl Step {
    /// As the audit log writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::RestoreGuesses => "guesses restored",
            Self::Leave => "leave",
        }
    }
}

/// Something about the kiosk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum What {
    /// Between here and Kisi.
    Network,
    /// How far the clock is off.
    Clock,
    /// The directory and its logins.
    Logins,
    /// How full the disk is.
    Disk,
    /// Which configuration is in use.
    Configuration,
    /// Of the program.
    Version,
}

/// How it is with that.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Fact {
    /// With what.
    pub what: What,
    /// How.
    pub value: String,
    /// Nothing needs to be done about it.
    pub is_good: bool,
}

/// What the agent knows, when the technician came in. It names no person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Report {
    /// Each thing once.
    pub facts: Vec<Fact>,
    /// What became of the last taps: when, at which door, what.
    pub last: Vec<String>,
    /// All of it in one text, for a code that a phone reads.
    pub diagnostics: String,
}

/// Somebody is at the technician's screen.
#[derive(Debug, PartialEq, Eq)]
pub struct Technician {
    /// Whom the agent let in.
    pub session: SessionId,
    /// The end of it.
    pub until: Instant,
    /// What the agent knows.
    pub report: Report,
    /// What came of the last step.
    pub said: Option<Said>,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The guesses are back.
    GuessesRestored,
    /// Once more, and the kiosk ends.
    AsksToLeave,
    /// The configuration is read.
    Reloading,
    /// It was refused, and the one before is still in use.
    Refused(String),
}

impl Session {
    /// A finger came down on the clock.
    pub(super) fn hold_clock(&mut self, now: Instant) -> Vec<Effect> {
        if matches!(self.state, State::SignedOut { .. }) {
            self.held_until = Some(now + HOLD);
        }
        Vec::new()
    }

    /// It is gone.
    pub(super) fn let_clock_go(&mut self) -> Vec<Effect> {
        self.held_until = None;
        Vec::new()
    }

    /// It was held for long enough: the pad takes the technician's PIN now.
    pub(super) fn expire_hold(&mut self, now: Instant) {
        if self.held_until.take_if(|until| *until <= now).is_some() {
            let (entry, gone_at) = (Entry::Technician(Pin::new()), Some(now + ENTRY));
            self.state = State::SignedOut { entry, denial: None, gone_at };
        }
    }

    /// Whether what is typed or read now is no business of a keyboard's.
    pub(super) fn is_technicians(&self) -> bool {
        matches!(self.state, State::Technician(_) | State::SignedOut { entry: Entry::Technician(_), .. })
    }

    pub(super) fn technician_came(&mut self, session: SessionId, report: Report, now: Instant) {
        self.state = State::Technician(Technician { session, until: now + STAY, report, said: None });
    }

    pub(super) fn step_touched(&mut self, step: Step) -> Vec<Effect> {
        let State::Technician(technician) = &mut self.state else { return Vec::new() };
        let mut effects = vec![Effect::Technician(technician.session, step)];
        match step {
            Step::Reload => technician.said = Some(Said::Reloading),
            Step::RestoreGuesses => {
                technician.said = Some(Said::GuessesRestored);
                self.budget.restore_all();
                effects.push(Effect::KeepBudget(self.budget.left()));
            }
            Step::Leave if technician.said == Some(Said::AsksToLeave) => {}
            Step::Leave => {
                technician.said = Some(Said::AsksToLeave);
                return Vec::new();
            }
        }
        effects
    }

    /// What the technician chose is written down.
    pub(super) fn step_recorded(&mut self, session: SessionId, step: Step) -> Vec<Effect> {
        match (&self.state, step) {
            (State::Technician(technician), Step::Reload) if technician.session == session => vec![Effect::Reload],
            (State::Technician(technician), Step::Leave) if technician.session == session => vec![Effect::Leave],
            (_, Step::Reload | Step::RestoreGuesses | Step::Leave) => Vec::new(),
        }
    }

    /// The configuration that was read is refused.
    pub(super) fn reload_refused(&mut self, why: String) -> Vec<Effect> {
        if let State::Technician(technician) = &mut self.state {
            technician.said = Some(Said::Refused(why));
        }
        Vec::new()
    }

    pub(super) fn technician_leaves(&mut self, why: Ended) -> Vec<Effect> {
        let State::Technician(technician) = &self.state else { return Vec::new() };
        let effects = vec![Effect::Forget(technician.session, why)];
        self.state = State::rest(&self.rules, None);
        effects
    }
}
