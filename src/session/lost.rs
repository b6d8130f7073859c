//! Visits that end because of the agent: it restarted, the person may not open doors here any more, or Kisi does not
//! list their doors.

use std::time::Instant;

use super::{Denial, Effect, Ended, Session, SessionId, State};

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

    /// Shows a list of doors that waited, or ends a visit whose doors cannot be listed.
    pub(super) fn follow_list(&mut self, now: Instant) -> Vec<Effect> {
        let State::SignedIn(visit) = &mut self.state else { return Vec::new() };
        visit.show_waiting(now);
        let Some(why) = visit.failure() else { return Vec::new() };
        let mut effects = vec![Effect::Forget(visit.session, Ended::NotListed)];
        effects.extend(self.deny(why, now));
        effects
    }
}
