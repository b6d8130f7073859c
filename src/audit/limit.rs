//! How often somebody opened doors lately: counted from the intents themselves, so that the count is as durable as they are.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Error, Log, Record};
use crate::{door::DoorId, staff::StaffId};

/// Sent and not refused: those count. One that is under way counts too. Times are text that sorts to the second, so that the index
/// is used; the exact moment is compared afterwards.
const COUNTED: &str = "SELECT intent.at, intent.door FROM audit intent
    WHERE intent.action = 'unlock-intent' AND intent.staff = ?1 AND intent.at >= substr(?2, 1, 19)
      AND NOT EXISTS (SELECT 1 FROM audit outcome
                      WHERE outcome.of = intent.seq AND outcome.about <> 'accepted' AND outcome.about NOT LIKE 'unknown%')
    ORDER BY intent.at";

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

/// An unlock that counts against limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// At which door.
    pub door: Option<DoorId>,
    /// When it was asked for.
    pub at: Timestamp,
}

/// What counts against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// So many.
    pub count: u32,
    /// The first of them.
    pub first: Option<Timestamp>,
}

impl Limit {
    /// How much of it these unlocks have used.
    pub fn used(&self, counted: &[Counted]) -> Used {
        let counts = |unlock: &&Counted| self.since <= unlock.at && (self.door.is_none() || unlock.door == self.door);
        let mut ours = counted.iter().filter(counts).map(|unlock| unlock.at);
        let first = ours.next();
        let more = u32::try_from(ours.count()).unwrap_or(u32::MAX);
        Used { count: more.saturating_add(u32::from(first.is_some())), first }
    }
}

impl Log {
    /// The unlocks of a person that count against limits, from this moment on, oldest first. One question for all doors.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn counted(&self, staff: StaffId, since: Timestamp) -> Result<Vec<Counted>, Error> {
        counted(&self.db, staff, since)
    }

    /// Writes an intent, unless it would pass a limit: count and record are one change, so that two of them never both fit the
    /// last place. `None` when a limit is reached. It is on the disk when this returns; the head and the next key outside the
    /// database follow with its outcome, so that no door waits for a second file.
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
        let at: String = row.get(0)?;
        let door = row.get::<_, Option<i64>>(1)?.map(|door| DoorId::new(door.cast_unsigned()));
        // One whose time cannot be read counts as of now: a limit is never passed by it.
        counted.push(Counted { door, at: at.parse().unwrap_or(Timestamp::MAX) });
    }
    counted.retain(|unlock| since <= unlock.at);
    Ok(counted)
}
