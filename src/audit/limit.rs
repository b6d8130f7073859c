//! How often somebody opened doors lately: counted from the intents themselves, so that the count is as durable as they are.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::{Error, Log, Record, append_to};
use crate::{door::DoorId, staff::StaffId};

/// Sent and not refused: those count. One that is under way counts too.
const COUNTED: &str =
    "SELECT count(*), min(intent.at) FROM audit intent LEFT JOIN audit outcome ON outcome.of = intent.seq
    WHERE intent.action = 'unlock-intent' AND intent.staff = ?1 AND julianday(intent.at) >= julianday(?2)
      AND (?3 IS NULL OR intent.door = ?3)
      AND (outcome.about IS NULL OR outcome.about = 'accepted' OR outcome.about LIKE 'unknown%')";

/// So many unlocks since a moment, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Of this door; of all doors without one.
    pub door: Option<DoorId>,
    /// Since then.
    pub since: Timestamp,
    /// So many.
    pub at_most: u32,
}

/// What counts against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// So many.
    pub count: u32,
    /// The first of them.
    pub first: Option<Timestamp>,
}

impl Log {
    /// How much of a limit somebody has used.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn used(&self, staff: StaffId, limit: &Limit) -> Result<Used, Error> {
        used(&self.db, staff, limit)
    }

    /// Writes an intent, unless it would pass a limit: count and record are one change, so that two of them never both fit the
    /// last place. `None` when a limit is reached. It is on the disk when this returns; the head outside the database follows with
    /// its outcome, so that no door waits for a second file.
    ///
    /// # Errors
    ///
    /// As [`Self::append`].
    pub fn append_within(&mut self, staff: StaffId, record: &Record, limits: &[Limit]) -> Result<Option<u64>, Error> {
        let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for limit in limits {
            if limit.at_most <= used(&change, staff, limit)?.count {
                return Ok(None);
            }
        }
        let head = append_to(&change, record, &self.key)?;
        change.commit()?;
        Ok(Some(head.seq))
    }
}

fn used(db: &Connection, staff: StaffId, limit: &Limit) -> Result<Used, Error> {
    let door = limit.door.map(|door| door.get().cast_signed());
    let (count, first): (u32, Option<String>) = db
        .prepare_cached(COUNTED)?
        .query_row(params![staff.get(), limit.since.to_string(), door], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Used { count, first: first.and_then(|first| first.parse().ok()) })
}
