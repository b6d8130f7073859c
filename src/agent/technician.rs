//! The technician's session: their report, and a record of what they do.

use super::{Agent, diagnostics::Diagnostics};
use crate::{
    session::{Event, Identity, SessionId, technician::TechnicianAction},
    store::audit::Action,
};

impl Agent {
    pub(super) fn technician_came(&mut self, session: SessionId) {
        self.technician = Some(session);
        tracing::warn!("the technician signed in");
        self.audit.note(Action::Technician, "in");
        let report = Diagnostics {
            status: &self.status,
            audit: &self.audit,
            authenticator: &self.authenticator(),
            clock_off: self.connectivity.clock_off(),
            beacons: self.unlocker.nearby.state(),
            announced: self.connection.client().announced(),
        }
        .report();
        self.say(Event::Identified(session, Ok(Identity::Technician(Box::new(report)))));
    }

    /// Records the action first. The session carries it out when it gets the event.
    pub(super) fn technician_acts(&mut self, session: SessionId, step: TechnicianAction) {
        if self.technician == Some(session) {
            tracing::warn!(step = step.name(), "the technician chose an action");
            self.audit.note(Action::Technician, step.name());
            self.say(Event::TechnicianActionRecorded(session, step));
        }
    }

    pub(super) fn technician_left(&mut self, session: SessionId) {
        if self.technician.take_if(|id| *id == session).is_some() {
            tracing::info!("the technician signed out");
            self.audit.note(Action::Technician, "out");
        }
    }
}
