//! Checks an unlock and writes its intent record, before the request to Kisi is sent.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    UnlockLimits,
    audit_writer::{AuditWriter, Who},
    authenticator::Authenticator,
    connectivity::ConnectivityMonitor,
    visit::Visit,
};
use crate::{
    beacons::Nearby,
    door::{Code, DoorId, Outcome, Reason},
    error_chain::Chain,
    secret::Secret,
};

/// An unlock that has not left this long after the tap is abandoned (R50). Our choice.
const LATE: Duration = Duration::from_secs(2);

/// The status with which Kisi answers for a door that it does not have.
const NOT_FOUND: u16 = 404;

/// Checks unlocks and counts the pending ones.
pub(super) struct Unlocker {
    limits: UnlockLimits,
    pub(super) nearby: Nearby,
    /// Unlocks that were sent and not answered yet.
    under_way: usize,
}

/// An unlock that may be sent. Its intent is on the disk.
pub(super) struct Permit {
    pub(super) who: Who,
    pub(super) login: Arc<Secret<String>>,
    /// Number of the intent record.
    pub(super) record: u64,
    /// The current code of the door's reader, 0 to 1023. `None` if the kiosk does not receive it.
    pub(super) proof: Option<u16>,
    /// Nothing is sent after this: the person may have left, or the reader's code is not fresh any more.
    pub(super) by: Instant,
    /// Whether it is sent without asking the fleet's database.
    pub(super) is_alone: bool,
}

/// An unlock that was not sent.
pub(super) struct Refused {
    pub(super) outcome: Outcome,
    pub(super) cause: Option<Cause>,
}

/// A cause that affects more than this unlock.
pub(super) enum Cause {
    /// The person was suspended or removed, or has a new login.
    AccessRevoked,
    /// The audit log cannot be written.
    Disk,
}

impl Refused {
    fn with(outcome: Outcome) -> Self {
        Self { outcome, cause: None }
    }
}

impl Unlocker {
    pub(super) fn new(limits: UnlockLimits, nearby: Nearby) -> Self {
        Self { limits, nearby, under_way: 0 }
    }

    pub(super) fn limits(&self) -> &UnlockLimits {
        &self.limits
    }

    /// Whether any unlock is pending.
    pub(super) fn is_waiting(&self) -> bool {
        0 < self.under_way
    }

    /// Notes the answer of a pending unlock.
    pub(super) fn answered(&mut self) {
        self.under_way -= 1;
    }

    /// Runs all checks and writes the intent to the disk. A check that fails to run refuses the unlock. `at`: when the door
    /// was tapped. `shares`: limits beside those of the configuration.
    pub(super) fn grant(
        &mut self,
        visit: Option<&Visit>,
        (door, at): (DoorId, Instant),
        shares: Option<&UnlockLimits>,
        authenticator: &Authenticator,
        audit: &mut AuditWriter,
        connectivity: &ConnectivityMonitor,
    ) -> Result<Permit, Refused> {
        if let Some(visit) = visit.filter(|visit| visit.is_gone(door)) {
            audit.gone(&visit.who, door);
            return Err(Refused::with(Outcome::Refused(Reason::new(NOT_FOUND, Code::new(None)))));
        }
        let Some((visit, known)) = visit.and_then(|visit| Some((visit, visit.door(door)?))) else {
            tracing::error!(door = door.get(), "refused an unlock: the session or the door is not in the open visit");
            return Err(Refused::with(Outcome::NotSent));
        };
        if connectivity.has_no_clock() {
            return Err(Refused::with(Outcome::WrongClock));
        }
        match authenticator.may_open(&visit.who) {
            Some(true) => {}
            Some(false) => {
                audit.access_revoked(&visit.who, known);
                return Err(Refused { outcome: Outcome::NotSent, cause: Some(Cause::AccessRevoked) });
            }
            None => return Err(Refused::with(Outcome::NotRecorded)),
        }
        let record = match audit.intent(&visit.who, known, &[Some(&self.limits), shares]) {
            Ok(Some(record)) => record,
            Ok(None) => return Err(Refused::with(Outcome::Limited)),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "an unlock cannot be recorded: nothing was sent");
                return Err(Refused { outcome: Outcome::NotRecorded, cause: Some(Cause::Disk) });
            }
        };
        self.under_way += 1;
        let (proof, by) = match self.nearby.proof_until(door) {
            Some((proof, until)) => (Some(proof), until.min(at + LATE)),
            None => (None, at + LATE),
        };
        Ok(Permit { who: visit.who.clone(), login: Arc::clone(&visit.login), record, proof, by, is_alone: false })
    }
}
