//! Rate limits: a person's recent unlocks are counted from the intent records, so the count survives a restart.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Error, Log, Record, outcome::Counting};
use crate::{door::DoorId, staff::StaffId};

/// Intents, each with the text of its outcome, if there is one. SQLite compares the times as text up to the second, so
/// that it uses the index; Rust compares the exact times afterwards.
const COUNTED: &str = "SELECT intent.at, intent.door, outcome.about FROM audit intent
    LEFT JOIN audit outcome ON outcome.of = intent.seq
    WHERE intent.action = 'unlock-intent' AND intent.staff = ?1 AND intent.at >= substr(?2, 1, 19)
    ORDER BY intent.at";

/// A maximum number of unlocks since a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// `None` limits all doors together.
    pub door: Option<DoorId>,
    /// Start of the period, inclusive.
    pub since: Timestamp,
    /// Number of unlocks allowed in the period.
    pub at_most: u32,
}

/// An unlock that counts against limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// `None` if the record names no door.
    pub door: Option<DoorId>,
    /// Time of the intent, by the kiosk's clock.
    pub at: Timestamp,
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Number of unlocks in the period.
    pub count: u32,
    /// Time of the oldest of them.
    pub first: Option<Timestamp>,
}

impl Limit {
    /// Counts the unlocks that fall under this limit. `counted` is sorted, oldest first.
    pub fn used(&self, counted: &[Counted]) -> Used {
        let counts = |unlock: &&Counted| self.since <= unlock.at && (self.door.is_none() || unlock.door == self.door);
        let mut ours = counted.iter().filter(counts).map(|unlock| unlock.at);
        let first = ours.next();
        let more = u32::try_from(ours.count()).unwrap_or(u32::MAX);
        Used { count: more.saturating_add(u32::from(first.is_some())), first }
    }
}

impl Log {
    /// A person's unlocks from `since` on that count against limits, oldest first. One query serves all doors.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn counted(&self, staff: StaffId, since: Timestamp) -> Result<Vec<Counted>, Error> {
        counted(&self.db, staff, since)
    }

    /// Appends an intent, or returns `None` when a limit is reached. Counting and appending share a transaction, so two
    /// concurrent taps cannot both take the last unlock. The record is on disk when this returns. `audit.head` is
    /// written, and `audit.keys` synced, with the outcome's record: they must not delay the door.
    ///
    /// # Errors
    ///
    /// As [`Self::append`].
    pub fn append_within(&mut self, staff: StaffId, record: &Record, limits: &[Limit]) -> Result<Option<u64>, Error> {
        let since = limits.iter().map(|limit| limit.since).min();
        let head = self.append_if(record, false, |change| {
            let Some(since) = since else { return Ok(true) };
            let counted = counted(change, staff, since)?;
            Ok(limits.iter().all(|limit| limit.used(&counted).count < limit.at_most))
        })?;
        Ok(head.map(|head| head.seq))
    }
}

fn counted(db: &Connection, staff: StaffId, since: Timestamp) -> Result<Vec<Counted>, Error> {
    let mut select = db.prepare_cached(COUNTED)?;
    let mut rows = select.query(params![staff.get(), since.to_string()])?;
    let mut counted = Vec::new();
    while let Some(row) = rows.next()? {
        let outcome: Option<String> = row.get(2)?;
        // An intent without an outcome is under way: it counts.
        if outcome.is_some_and(|outcome| Counting::of(&outcome) == Counting::Not) {
            continue;
        }
        let at: String = row.get(0)?;
        let door = row.get::<_, Option<i64>>(1)?.map(|door| DoorId::new(door.cast_unsigned()));
        // An unreadable time counts as the latest possible, so that it cannot get around a limit.
        counted.push(Counted { door, at: at.parse().unwrap_or(Timestamp::MAX) });
    }
    counted.retain(|unlock| since <= unlock.at);
    Ok(counted)
}
