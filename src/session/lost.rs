//! Visits that the agent ended: it restarted, or the person may not open doors here any more.

use std::time::Instant;

use super::{Denial, Effect, Session, SessionId, State};

impl Session {
    /// The agent restarted and lost its session; sign the user out here too.
    pub(super) fn agent_restarted(&mut self, now: Instant) -> Vec<Effect> {
        if matches!(self.state, State::SignedOut { .. }) { Vec::new() } else { self.deny(Denial::KioskFault, now) }
    }

    /// The agent ended this visit: the person may not open doors here any more.
    pub(super) fn access_revoked(&mut self, session: SessionId, now: Instant) -> Vec<Effect> {
        if self.state.visit().is_some_and(|visit| visit.session == session) {
            // The lookup of a badge continues without the visit.
            if let State::Checking { visit, .. } = &mut self.state {
                *visit = None;
            } else {
                return self.deny(Denial::LoginDead, now);
            }
        }
        Vec::new()
    }
}
