//! Pruning: deletes old records, at most one day's worth per pass, so that the rest still verifies.

use jiff::{SignedDuration, Timestamp};

use super::{
    Action, COLUMNS, Error, Kept, Log, Record, anchor, append_to,
    head::{keys_of_whole, put_head},
    put_anchor, read,
};
use crate::store;

/// Longest time span that one pass deletes, so that a wrong clock cannot empty the log.
const PASS: SignedDuration = SignedDuration::from_hours(24);

impl Log {
    /// Deletes records older than `before`, at most one day's worth. Moves the start anchor to the first kept record and
    /// appends a record of the pruning. Returns the number of deleted records.
    ///
    /// # Errors
    ///
    /// [`Error::Tampered`] when the old part does not verify. Nothing is deleted then.
    pub fn prune(&mut self, before: Timestamp, now: Timestamp) -> Result<u64, Error> {
        let old = self.old(before, now)?;
        let Some(last) = old.last() else { return Ok(0) };
        let about = format!("{} records up to {}", old.len(), last.seq);
        let _turn = self.signing.lock()?;
        let change = store::begin(&self.db)?;
        let signed = keys_of_whole(&change, &self.folder, &self.keys, &self.signing)?;
        let mut first = anchor(&change, "first", &self.keys)?.ok_or(Error::Tampered)?;
        for kept in &old {
            if first.key.is_none() {
                first.key = signed.first_of(kept.seq);
            }
            let (hash, mac) = first.step(&kept.record.encode(kept.seq));
            if first.seq != kept.seq + 1 || hash != kept.hash || mac.is_some_and(|mac| mac != kept.mac) {
                return Err(Error::Tampered);
            }
        }
        let _ = change.execute("DELETE FROM audit WHERE seq <= ?1", [last.seq.cast_signed()])?;
        put_anchor(&change, "first", &first, &self.keys.current)?;
        let record = Record::new(now, Action::Prune, about);
        let (head, mut keys) = append_to(&change, &record, &self.keys, signed)?;
        change.commit()?;
        // Advance the first key to the first kept record, unless the key was deleted.
        if let (Some(first_key), true) = (first.key, keys.first.is_some()) {
            (keys.epoch, keys.first) = (first.seq, Some(first_key));
        }
        self.signing.write(&keys, &self.keys.current, true)?;
        put_head(&self.folder, head, &self.keys.current)?;
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }

    /// The oldest day's worth of records older than `before`. A record dated after `now`, written while the clock was
    /// ahead, is deleted with the old records around it. Otherwise it would block pruning until its date.
    fn old(&self, before: Timestamp, now: Timestamp) -> Result<Vec<Kept>, Error> {
        let mut select = self.db.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
        let mut rows = select.query([])?;
        let (mut records, mut old, mut until) = (Vec::new(), 0, None);
        while let Some(row) = rows.next()? {
            let kept = read(row)?;
            let at = kept.record.at;
            records.push(kept);
            if now < at {
                continue;
            }
            let until = *until.get_or_insert(at.checked_add(PASS).map_or(before, |end| end.min(before)));
            if until <= at {
                break;
            }
            old = records.len();
        }
        records.truncate(old);
        Ok(records)
    }
}
