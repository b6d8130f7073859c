//! Records as they are shipped to the database of a fleet: encoded as they were hashed, so that the chain verifies there.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Action, COLUMNS, Error, Kept, Log, anchor, outcome::Said, read};
use crate::{door::DoorId, staff::StaffId};

/// Records that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of the first one.
    pub first: u64,
    /// Hash of the record before it; zeros before record 1.
    pub before: [u8; 32],
    /// The encoded records.
    pub records: Vec<Vec<u8>>,
    /// Hash of the last one.
    pub head: [u8; 32],
    /// The unlocks whose outcome is among them.
    pub unlocks: Vec<Outcome>,
}

/// An unlock and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Number of the intent's record.
    pub number: u64,
    /// Who asked.
    pub staff: StaffId,
    /// For which door.
    pub door: DoorId,
    /// When, by the kiosk's clock.
    pub at: Timestamp,
    /// What became of it.
    pub said: Said,
}

impl Log {
    /// At most `at_most` records after number `after`. If older ones were pruned, it begins with the first that is left.
    /// `None` if there are none.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or its beginning was changed from outside.
    pub fn batch(&self, after: u64, at_most: u32) -> Result<Option<Batch>, Error> {
        let mut select =
            self.db.prepare_cached(&format!("SELECT {COLUMNS} FROM audit WHERE ?1 < seq ORDER BY seq LIMIT ?2"))?;
        let mut rows = select.query(params![after.cast_signed(), at_most])?;
        let mut records: Vec<Kept> = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(read(row)?);
        }
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(None) };
        let unlocks = records.iter().map(|kept| self.outcome_of(kept)).filter_map(Result::transpose);
        Ok(Some(Batch {
            first: first.seq,
            before: self.hash_before(first.seq)?,
            unlocks: unlocks.collect::<Result<_, _>>()?,
            head: last.hash,
            records: records.iter().map(|kept| kept.record.encode(kept.seq)).collect(),
        }))
    }

    /// The hash of a record. `None` if it is not kept.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn hash_of(&self, seq: u64) -> Result<Option<[u8; 32]>, Error> {
        let mut select = self.db.prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?;
        Ok(select.query_row([seq.cast_signed()], |row| row.get(0)).optional()?)
    }

    fn hash_before(&self, seq: u64) -> Result<[u8; 32], Error> {
        if let Some(hash) = self.hash_of(seq - 1)? {
            return Ok(hash);
        }
        let first = anchor(&self.db, "first", &self.keys)?.filter(|anchor| anchor.seq == seq);
        first.map(|anchor| anchor.hash).ok_or(Error::Tampered)
    }

    /// The unlock whose outcome this record is.
    fn outcome_of(&self, kept: &Kept) -> Result<Option<Outcome>, Error> {
        let record = &kept.record;
        let (Action::Outcome, Some(number), Some(staff), Some(door)) =
            (record.action, record.of, record.staff, record.door)
        else {
            return Ok(None);
        };
        let mut select = self.db.prepare_cached("SELECT at FROM audit WHERE seq = ?1")?;
        let asked: Option<String> = select.query_row([number.cast_signed()], |row| row.get(0)).optional()?;
        // The intent's record may be pruned already.
        let at = asked.and_then(|at| at.parse().ok()).unwrap_or(record.at);
        Ok(Some(Outcome { number, staff, door, at, said: Said::of(Some(&record.about)) }))
    }
}
