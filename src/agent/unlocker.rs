//! What stands between a tap on a door and the request to Kisi: the checks that the kiosk makes itself, and the intent record.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time;

use super::{
    Limits,
    audit_writer::{AuditWriter, Who},
    authenticator::Authenticator,
    connectivity::ConnectivityMonitor,
    visit::Visit,
};
use crate::{
    door::{DoorId, Outcome},
    error_chain::Chain,
    proximity::Proofs,
    secret::Secret,
};

/// An unlock that was not sent this long after the tap is not sent at all (R50). Our choice.
pub(super) const LATE: Duration = Duration::from_secs(2);

/// Checks unlocks and counts those that are under way.
pub(super) struct Unlocker {
    limits: Limits,
    proofs: Arc<Mutex<Proofs>>,
    /// Sent and not answered.
    under_way: usize,
}

/// An unlock that may be sent. It is written down.
pub(super) struct Permit {
    pub(super) who: Who,
    pub(super) login: Arc<Secret<String>>,
    /// The number of its record.
    pub(super) record: u64,
    /// What the reader of this door broadcast last.
    pub(super) proof: Option<u16>,
}

/// An unlock that was not sent.
pub(super) struct Refused {
    pub(super) outcome: Outcome,
    pub(super) cause: Option<Cause>,
}

/// A reason that concerns more than this unlock.
pub(super) enum Cause {
    /// The person was suspended or removed, or has a new login.
    Barred,
    /// The audit log cannot be written.
    Disk,
}

impl Refused {
    fn with(outcome: Outcome) -> Self {
        Self { outcome, cause: None }
    }
}

impl Unlocker {
    pub(super) fn new(limits: Limits, proofs: Arc<Mutex<Proofs>>) -> Self {
        Self { limits, proofs, under_way: 0 }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether unlocks were sent and not answered.
    pub(super) fn is_waiting(&self) -> bool {
        0 < self.under_way
    }

    /// One of them was answered.
    pub(super) fn answered(&mut self) {
        self.under_way -= 1;
    }

    /// What the reader of this door broadcast last, if it can be heard from here.
    pub(super) fn proof_of(&self, door: DoorId) -> Option<u16> {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.of(door, time::Instant::now().into_std())
    }

    /// Makes every check, and writes the intent to the disk. A check that cannot be made refuses.
    pub(super) fn grant(
        &mut self,
        visit: Option<&Visit>,
        door: DoorId,
        authenticator: &Authenticator,
        audit: &mut AuditWriter,
        connectivity: &ConnectivityMonitor,
    ) -> Result<Permit, Refused> {
        let Some((visit, known)) = visit.and_then(|visit| Some((visit, visit.door(door)?))) else {
            tracing::error!(door = door.get(), "an unlock outside its session was refused");
            return Err(Refused::with(Outcome::NotSent));
        };
        if connectivity.has_no_clock() {
            return Err(Refused::with(Outcome::WrongClock));
        }
        match authenticator.may_open(&visit.who) {
            Some(true) => {}
            Some(false) => {
                audit.barred(&visit.who, known);
                return Err(Refused { outcome: Outcome::NotSent, cause: Some(Cause::Barred) });
            }
            None => return Err(Refused::with(Outcome::NotRecorded)),
        }
        let record = match audit.intent(&visit.who, known, &self.limits) {
            Ok(Some(record)) => record,
            Ok(None) => return Err(Refused::with(Outcome::Limited)),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "an unlock cannot be written down: nothing was sent");
                return Err(Refused { outcome: Outcome::NotRecorded, cause: Some(Cause::Disk) });
            }
        };
        self.under_way += 1;
        Ok(Permit { who: visit.who.clone(), login: Arc::clone(&visit.login), record, proof: self.proof_of(door) })
    }
}
