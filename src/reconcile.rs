//! Compares the unlocks of this kiosk, or of all kiosks of a fleet, with Kisi's history. What Kisi unlocked with one of their
//! logins, and none of them asked for, was asked for by somebody who has that login.

mod matching;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use self::matching::{EVENTS, Matching, UNLOCKS};
use crate::{
    door::DoorId,
    kisi::{LoginId, UnlockEvent},
    store::audit::{Said, Unlock},
};

/// How far apart the times of an unlock and its event may be. The kiosk warns when its clock differs by 5 minutes from
/// Kisi's (`threats.md`, C11), and a request takes some seconds.
pub const APART: SignedDuration = SignedDuration::from_mins(6);
/// Kisi's history may be late by this much.
///
/// # Source
///
/// `kisi.md`, section 13.4: that it is late is documented. How late is our choice.
pub const LATE: SignedDuration = SignedDuration::from_mins(5);

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The beginning, inclusive.
    pub from: Timestamp,
    /// The end, exclusive.
    pub until: Timestamp,
    /// Kisi's history is complete up to here: [`LATE`] ago.
    pub complete_until: Timestamp,
}

/// Whose login is which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owners {
    /// The e-mail address of each login's person.
    pub people: HashMap<LoginId, String>,
    /// Since when every login of a person, by e-mail address in lower case, is known. Always, if it is missing.
    pub since: HashMap<String, Timestamp>,
}

/// What the comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciliation {
    /// Unlocks that both sides know: accepted here and successful there, or refused by both.
    pub agreed: usize,
    /// Unlocks without a clear answer, and what Kisi says about them.
    pub resolved: Vec<Resolved>,
    /// Accepted here, and not in Kisi's history as an unlock.
    pub missing: Vec<Unlock>,
    /// Kiosk and record of those of the missing ones that Kisi's history has as a failure.
    pub failed: Vec<(String, u64)>,
    /// Asked for with a login of this kiosk, and not by this kiosk.
    pub foreign: Vec<Foreign>,
    /// Unlocks that Kisi's history may not contain yet.
    pub pending: usize,
}

/// An unlock whose outcome was unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The unlock.
    pub unlock: Unlock,
    /// Whether Kisi unlocked the door.
    pub is_unlocked: bool,
}

/// An unlock by somebody who has a login of this kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The person whose login it is.
    pub person: String,
    /// What Kisi recorded.
    pub event: UnlockEvent,
}

/// The unlocks of one person at one door, on both sides, oldest first.
#[derive(Default)]
struct Pair<'a> {
    ours: Vec<&'a Unlock>,
    theirs: Vec<&'a UnlockEvent>,
    /// Of the same person with a login that this kiosk does not know: a phone, or an earlier login.
    others: Vec<&'a UnlockEvent>,
}

impl Reconciliation {
    /// Whether Kisi and this kiosk agree.
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.foreign.is_empty()
    }

    /// Compares `unlocks` with `events`, which reach [`APART`] beyond the interval, as the unlocks do beyond the events.
    /// What happened outside of the interval is not reported.
    pub fn new(unlocks: &[Unlock], events: &[UnlockEvent], owners: &Owners, interval: Interval) -> Self {
        let mut pairs = BTreeMap::<(String, DoorId), Pair<'_>>::new();
        for unlock in unlocks {
            pairs.entry((unlock.person.to_lowercase(), unlock.door)).or_default().ours.push(unlock);
        }
        for event in events {
            let owner = owners.people.get(&event.login);
            let person = owner.map_or(&event.person, |owner| owner).to_lowercase();
            let pair = pairs.entry((person, event.door)).or_default();
            if owner.is_some() { pair.theirs.push(event) } else { pair.others.push(event) }
        }
        let mut found = Self::default();
        for pair in pairs.into_values() {
            pair.compare(owners, interval, &mut found);
        }
        found.foreign.sort_by_key(|foreign| foreign.event.at);
        let place = |unlock: &Unlock| (unlock.kiosk.clone(), unlock.record);
        found.missing.sort_by_key(place);
        found.resolved.sort_by_key(|resolved| place(&resolved.unlock));
        found
    }
}

impl Pair<'_> {
    /// The events of failures that no unlock has.
    fn failures(&self, matching: &Matching) -> Vec<usize> {
        let alone = self.theirs.iter().enumerate().filter(|(index, _)| matching.partner(EVENTS, *index).is_none());
        alone.filter(|(_, event)| !event.is_success).map(|(index, _)| index).collect()
    }

    fn compare(self, owners: &Owners, interval: Interval, found: &mut Reconciliation) {
        let is_asked = |at: Timestamp| interval.from <= at && at < interval.until;
        let unlocks: Vec<Timestamp> = self.ours.iter().map(|unlock| unlock.at).collect();
        let events: Vec<Timestamp> = self.theirs.iter().map(|event| event.at).collect();
        let mut matching =
            Matching::new(&unlocks, &events, |unlock, event| match (self.ours.get(unlock), self.theirs.get(event)) {
                (Some(unlock), Some(event)) => may_be(unlock.said, event.is_success),
                _ => false,
            });
        // First every clear answer gets an event, then every event an unlock. What has a partner keeps one.
        for (unlock, _) in self.ours.iter().enumerate().filter(|(_, unlock)| unlock.said == Said::Accepted) {
            matching.pair_up(UNLOCKS, unlock);
        }
        for event in 0..self.theirs.len() {
            matching.pair_up(EVENTS, event);
        }
        // An answer and an event that contradict each other are one doubt about Kisi, and no theft.
        let mut failures = self.failures(&matching);
        let mut explained = Vec::new();
        let mut others: Vec<_> = self.others.into_iter().filter(|event| event.is_success).collect();
        for (index, unlock) in self.ours.iter().copied().enumerate() {
            if !is_asked(unlock.at) {
                continue;
            }
            let event = matching.partner(UNLOCKS, index).and_then(|event| self.theirs.get(event));
            match (unlock.said, event) {
                (Said::Unknown, Some(event)) => {
                    found.resolved.push(Resolved { unlock: unlock.clone(), is_unlocked: event.is_success });
                }
                (_, Some(_)) => found.agreed += 1,
                (Said::Accepted | Said::Unknown, None) if interval.complete_until <= unlock.at => found.pending += 1,
                (Said::Unknown, None) => {
                    found.resolved.push(Resolved { unlock: unlock.clone(), is_unlocked: false });
                }
                // Records of older versions do not say which login was used before a renewal.
                (Said::Accepted, None) => {
                    if let Some(at) = others.iter().position(|event| owners.may_lack(unlock, event.at)) {
                        let _ = others.remove(at);
                        found.agreed += 1;
                        continue;
                    }
                    let is_near =
                        |event: &usize| self.theirs.get(*event).is_some_and(|event| are_near(unlock.at, event.at));
                    if let Some(at) = failures.iter().position(is_near) {
                        explained.push(failures.remove(at));
                        found.failed.push((unlock.kiosk.clone(), unlock.record));
                    }
                    found.missing.push(unlock.clone());
                }
                // Kisi makes no event of some refusals.
                (Said::Refused | Said::NotSent, None) => {}
            }
        }
        let unpaired = self.theirs.iter().enumerate().filter(|(_, event)| is_asked(event.at));
        let unpaired =
            unpaired.filter(|(index, _)| matching.partner(EVENTS, *index).is_none() && !explained.contains(index));
        found.foreign.extend(unpaired.map(|(_, event)| Foreign {
            person: owners.people.get(&event.login).cloned().unwrap_or_default(),
            event: (*event).clone(),
        }));
    }
}

/// Whether an unlock with this answer can have such an event.
fn may_be(said: Said, is_success: bool) -> bool {
    match said {
        Said::Accepted => is_success,
        Said::Refused => !is_success,
        Said::NotSent => false,
        Said::Unknown => true,
    }
}

impl Owners {
    /// Whether an event of an unknown login at this time may be of the login that this kiosk used for the unlock.
    fn may_lack(&self, unlock: &Unlock, at: Timestamp) -> bool {
        let is_unknown = self.since.get(&unlock.person.to_lowercase()).is_some_and(|since| unlock.at < *since);
        is_unknown && are_near(unlock.at, at)
    }
}

fn are_near(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).abs() <= APART
}
