//! Where the kiosk stands: each state carries exactly what exists in it.

use std::time::{Duration, Instant};

use super::{
    Denial, SessionId,
    entry::Entry,
    rules::Rules,
    technician::Technician,
    visit::{Attempt, Visit},
};
use crate::staff::{Badge, Pin};

/// A half-typed entry vanishes after this (design, section 2).
pub(super) const ENTRY: Duration = Duration::from_secs(10);

/// The kiosk at one moment.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody is signed in.
    SignedOut {
        /// What stands on the pad.
        entry: Entry,
        /// What is said above it, and until when.
        denial: Option<(Denial, Instant)>,
        /// When the entry vanishes.
        gone_at: Option<Instant>,
    },
    /// The agent looks for a person.
    Checking {
        /// The session that would begin.
        session: SessionId,
        /// When to give up.
        until: Instant,
        /// The visit that a badge interrupted. It goes on only if the badge is that person's own.
        visit: Option<Visit>,
        /// The badge that is looked up, should it need its PIN.
        badge: Option<Badge>,
        /// A guess was paid for it.
        is_paid: bool,
    },
    /// Somebody sees their doors.
    SignedIn(Visit),
    /// The technician sees how the kiosk is doing.
    Technician(Technician),
}

impl State {
    /// Whether somebody waits for the agent's answer to a sign-in or an unlock.
    pub fn awaits_agent(&self) -> bool {
        match self {
            Self::Checking { .. } => true,
            Self::SignedIn(visit) => matches!(visit.attempt, Attempt::Opening(..)),
            Self::SignedOut { .. } | Self::Technician(_) => false,
        }
    }

    pub(super) fn rest(rules: &Rules, denial: Option<(Denial, Instant)>) -> Self {
        Self::SignedOut { entry: Entry::empty(&rules.sign_in), denial, gone_at: None }
    }

    pub(super) fn with_badge(badge: Badge, now: Instant) -> Self {
        Self::SignedOut { entry: Entry::PinOf(badge, Pin::new()), denial: None, gone_at: Some(now + ENTRY) }
    }
}
