//! The states of the kiosk. Each carries exactly the data that exists in it.

use std::time::{Duration, Instant};

use super::{
    Denial, SessionId,
    entry::{Entry, ReadBadge},
    rules::Rules,
    technician::Technician,
    visit::{Attempt, Visit},
};
use crate::staff::Pin;

/// A half-typed entry is cleared after this (`design.md`, section 2).
pub(super) const ENTRY: Duration = Duration::from_secs(10);

/// The state of the kiosk.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody is signed in.
    SignedOut {
        /// What is typed on the pad.
        entry: Entry,
        /// The refusal above the pad, and when it disappears.
        denial: Option<(Denial, Instant)>,
        /// When a half-typed entry is cleared.
        clears_at: Option<Instant>,
    },
    /// The agent checks a credential.
    Checking {
        /// The session that begins if the check succeeds.
        session: SessionId,
        /// When to give up.
        until: Instant,
        /// The visit that a badge interrupted. It continues only if the badge is that person's own.
        visit: Option<Visit>,
        /// The badge that is looked up, kept in case it needs its PIN.
        badge: Option<ReadBadge>,
        /// Whether the check has cost a guess.
        is_paid: bool,
        /// The badge of somebody else that was read meanwhile. It is next.
        next: Option<ReadBadge>,
    },
    /// A person is signed in and sees their doors.
    SignedIn(Visit),
    /// The technician's screen is open.
    Technician(Technician),
}

impl State {
    /// The visit that is open, even while a badge is looked up.
    pub fn visit(&self) -> Option<&Visit> {
        if let Self::SignedIn(visit) | Self::Checking { visit: Some(visit), .. } = self { Some(visit) } else { None }
    }

    pub(super) fn visit_mut(&mut self) -> Option<&mut Visit> {
        if let Self::SignedIn(visit) | Self::Checking { visit: Some(visit), .. } = self { Some(visit) } else { None }
    }

    /// Whether somebody waits for the agent's answer to a sign-in or an unlock.
    pub fn awaits_agent(&self) -> bool {
        let is_opening = |visit: &Visit| matches!(visit.attempt, Attempt::Opening(..));
        matches!(self, Self::Checking { .. }) || self.visit().is_some_and(is_opening)
    }

    pub(super) fn rest(rules: &Rules, denial: Option<(Denial, Instant)>) -> Self {
        Self::SignedOut { entry: Entry::empty(&rules.sign_in), denial, clears_at: None }
    }

    pub(super) fn with_badge(read: ReadBadge, now: Instant) -> Self {
        Self::SignedOut { entry: Entry::PinOf(read, Pin::new()), denial: None, clears_at: Some(now + ENTRY) }
    }
}
