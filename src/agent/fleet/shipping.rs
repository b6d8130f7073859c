//! Shipping the audit log to the fleet's database. The log itself is the outbox: the database says which record it has
//! last, and those after it follow, each once. What became of unlocks goes before their records.

use std::sync::Arc;

use tokio::time::Instant;

use super::SHIP_AFTER;
use crate::{
    agent::{Agent, asking::Standing, completion},
    error_chain::Chain,
    fleet::{Error, Link, Outcome, PastIntent, Refusal, Restored, Shipment, Welcome},
    store::audit::{Batch, Said},
};

/// Records in one shipment.
const AT_ONCE: u32 = 200;

/// What was shipped, and what is under way.
#[derive(Debug, Default)]
pub(super) struct Shipping {
    /// Number of the newest record from before the kiosk was in the fleet.
    own_records: u64,
    /// Number of the newest record that the database has.
    shipped: u64,
    is_under_way: bool,
    /// When the next shipment is due.
    due: Option<Instant>,
}

impl Shipping {
    /// Records after this one are about unlocks that the fleet must know of.
    pub(super) fn after(own_records: u64) -> Self {
        Self { own_records, ..Self::default() }
    }

    /// Number of the newest record that the database is known to have.
    pub(super) fn shipped(&self) -> u64 {
        self.shipped
    }

    /// The database has records up to this one.
    pub(super) fn is_at(&mut self, shipped: u64) {
        self.shipped = shipped;
        self.due = Some(Instant::now());
    }
}

impl Agent {
    /// When the next shipment is due. Looks whether there is something to ship.
    pub(in crate::agent) fn shipping_due(&mut self) -> Option<Instant> {
        let newest = self.audit.newest();
        let fleet = self.fleet.as_mut().filter(|fleet| *fleet.standing.borrow() == Standing::Current)?;
        let shipping = &mut fleet.shipping;
        if shipping.is_under_way || newest <= shipping.shipped {
            return None;
        }
        Some(*shipping.due.get_or_insert_with(|| Instant::now() + SHIP_AFTER))
    }

    /// Ships the next records, unless some are under way.
    pub(in crate::agent) fn ship(&mut self) {
        let Some(fleet) = self.fleet.as_mut() else { return };
        if *fleet.standing.borrow() != Standing::Current || fleet.shipping.is_under_way {
            return;
        }
        fleet.shipping.due = None;
        let mut batch = match self.audit.batch(fleet.shipping.shipped, AT_ONCE) {
            Ok(Some(batch)) => batch,
            Ok(None) => return,
            Err(error) => return tracing::error!(error = %Chain(&error), "the audit log cannot be shipped"),
        };
        // The people of older ones may be others in the fleet.
        batch.unlocks.retain(|unlock| fleet.shipping.own_records < unlock.number);
        fleet.shipping.is_under_way = true;
        let link = Arc::clone(&fleet.link);
        let _ = self.work.spawn(async move {
            let shipped = send(&link, batch).await;
            completion(move |agent| agent.shipped(shipped))
        });
    }

    /// Whether the database has every record. Always without a fleet.
    pub(in crate::agent) fn has_shipped(&self) -> bool {
        self.fleet.as_ref().is_none_or(|fleet| self.audit.newest() <= fleet.shipping.shipped)
    }

    fn shipped(&mut self, shipped: Result<u64, Error>) {
        let Some(fleet) = &mut self.fleet else { return };
        fleet.shipping.is_under_way = false;
        match shipped {
            Ok(number) => {
                fleet.answered();
                fleet.shipping.shipped = fleet.shipping.shipped.max(number);
                self.change_limits(|limits| limits.acknowledged = limits.acknowledged.max(number));
            }
            Err(error) => {
                if let Error::Refused(Refusal::RecordsMissing(last)) = &error {
                    // Pruned here before they were shipped, or lost there: the next connection finds out.
                    tracing::error!(last, "the fleet's database lacks records that this kiosk does not have any more");
                }
                tracing::warn!(error = %Chain(&error), "audit records are not shipped: the next minute tries again");
                // Not before the next minute: its chores ship.
                fleet.shipping.due = Some(Instant::now() + crate::agent::CHORES);
            }
        }
    }

    /// Whether an admin of the fleet said that a backup was restored, after they said it last. The database cannot say it alone.
    pub(super) fn is_restored(&self, welcome: &Welcome) -> bool {
        let known = self.fleet.as_ref().map_or(0, |fleet| fleet.limits.restored);
        let Restored { at, proof } = &welcome.restored;
        known < *at && self.authenticator().directory.is_restored(*at, proof)
    }

    /// Whether the database still has what it acknowledged: the record with that number, with its hash.
    /// If an admin said that a backup was restored, it may end earlier.
    pub(super) fn is_as_acknowledged(&self, welcome: &Welcome, is_restored: bool) -> bool {
        let Some(fleet) = &self.fleet else { return true };
        if welcome.shipped < fleet.limits.acknowledged && !is_restored {
            return false;
        }
        // A record that was pruned here cannot be compared.
        let own = self.audit.hash_of(welcome.shipped).ok().flatten();
        welcome.shipped == 0 || own.is_none_or(|own| own == welcome.chain[..])
    }
}

/// Says what became of the unlocks, then ships the records.
async fn send(link: &Link, batch: Batch) -> Result<u64, Error> {
    for unlock in &batch.unlocks {
        let result = match unlock.said {
            Said::Accepted => Outcome::Accepted,
            Said::Refused => Outcome::Refused,
            Said::NotSent => Outcome::NotSent,
            Said::Unknown => Outcome::Unknown,
        };
        let number = unlock.number.cast_signed();
        let said = match link.outcome(number, result).await {
            // There is no such intent: it was made while the database was away.
            Err(Error::Refused(Refusal::OtherIntent)) => {
                let (staff, door, at) = (unlock.staff, unlock.door, unlock.at);
                link.intended(&PastIntent { intent: super::Intent { number, staff, door }, at, outcome: result }).await
            }
            said => said,
        };
        match said {
            Ok(()) => {}
            Err(Error::Refused(refusal @ (Refusal::OtherIntent | Refusal::NotSeen | Refusal::Malformed(_)))) => {
                tracing::error!(record = unlock.number, %refusal, "the fleet's database does not take an unlock");
            }
            Err(error) => return Err(error),
        }
    }
    let Batch { first, before, records, head, .. } = batch;
    link.ship(&Shipment { first, before, records, head }).await
}
