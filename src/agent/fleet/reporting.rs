//! What the kiosk tells about its fleet, to Prometheus, in `/readyz` and to the technician; and its notes to the fleet.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Fleet, Standing};
use crate::{
    agent::{Agent, completion},
    error_chain::Chain,
    session::technician::FleetStanding,
    staff::StaffId,
    status::fleet::FleetState,
};

impl Fleet {
    /// The database answered just now.
    pub(super) fn answered(&mut self) {
        self.last_contact = Some(Timestamp::now());
    }
}

impl Agent {
    pub(in crate::agent) fn fleet_standing(&self) -> Option<Standing> {
        self.fleet.as_ref().map(Fleet::standing)
    }

    /// Stores when the database last answered: when the connection is lost, and each hour. Not each time, to spare the disk.
    pub(super) fn keep_last_contact(&mut self) {
        let last_contact = self.fleet.as_ref().and_then(|fleet| fleet.last_contact);
        self.change_limits(|limits| limits.last_contact = last_contact);
    }

    /// Publishes the state of the fleet.
    pub(in crate::agent) fn report_fleet(&self) {
        let state = self.fleet.as_ref().map(|fleet| FleetState {
            standing: fleet.standing().reported(),
            last_contact: fleet.last_contact,
            unshipped: self.unshipped(),
            copies: self.authenticator().directory.count_copies().unwrap_or_else(|error| {
                tracing::error!(error = %Chain(&error), "copies cannot be counted");
                0
            }),
        });
        self.status.change(|facts| facts.fleet = state);
    }

    /// Publishes how many records the database lacks. Records are written at any time.
    pub(in crate::agent) fn report_unshipped(&self) {
        if self.fleet.is_none() {
            return;
        }
        let unshipped = self.unshipped();
        self.status.change(|facts| {
            if let Some(fleet) = &mut facts.fleet {
                fleet.unshipped = unshipped;
            }
        });
    }

    /// Tells the fleet which language somebody chose, or whether Kisi refuses their login. Nobody waits for it.
    pub(in crate::agent) fn note_in_fleet(
        &mut self,
        staff: StaffId,
        language: Option<&'static str>,
        is_refused: Option<bool>,
    ) {
        let Some(fleet) = self.fleet.as_ref().filter(|fleet| fleet.standing() == Standing::Current) else { return };
        let link = Arc::clone(&fleet.link);
        let _ = self.work.spawn(async move {
            if let Err(error) = link.note(staff, language, is_refused).await {
                tracing::debug!(error = %Chain(&error), "the fleet takes no note");
            }
            completion(|_| {})
        });
    }

    /// Records that the database did not acknowledge, this time or before a restart.
    fn unshipped(&self) -> u64 {
        let Some(fleet) = &self.fleet else { return 0 };
        self.audit.newest().saturating_sub(fleet.shipping.shipped().max(fleet.limits.acknowledged))
    }
}

impl Standing {
    const fn reported(self) -> FleetStanding {
        match self {
            Self::Away => FleetStanding::Away,
            Self::Comparing => FleetStanding::Comparing,
            Self::Current => FleetStanding::Connected,
            Self::Doubted => FleetStanding::RolledBack,
        }
    }
}
