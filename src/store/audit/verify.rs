//! Verification: every record is in its place, unchanged and signed, and none is missing at the end.

use super::{COLUMNS, Error, Head, Log, anchor, hash_chain::Anchor, head::kept_head, read};
use crate::crypt::Key;

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The anchor before the first or after the last record is missing or does not open.
    #[error("the start or end anchor of the log is missing or was changed from outside")]
    Beginning,
    /// No record has this number.
    #[error("record {0} is missing")]
    Missing(u64),
    /// The record with this number does not match its hash or signature, or is out of order.
    #[error("record {0} was changed or moved")]
    Changed(u64),
    /// The record with this number says nothing that this version can read.
    #[error("record {0} cannot be read")]
    Unreadable(u64),
    /// Records are missing at the end.
    #[error("the log was cut: it ends with record {last}, but record {known} was written")]
    Cut {
        /// The last record in the database.
        last: u64,
        /// A later record that a head, an anchor or the keys prove was written.
        known: u64,
    },
    /// The record with this number has another hash than a known head.
    #[error("record {0} does not match a known head: the log was replaced")]
    Replaced(u64),
    /// `audit.head` cannot be read or was changed.
    #[error("`audit.head` cannot be read or was changed from outside")]
    HeadChanged,
    /// The log has records, but `audit.head` does not exist.
    #[error("`audit.head` is missing: it was deleted")]
    HeadMissing,
    /// `audit.keys` cannot be read or does not match the log.
    #[error("`audit.keys` is missing or was changed from outside")]
    Keys,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Number of records read, including the first wrong one.
    pub records: u64,
    /// The last correct record. `None` if there is none.
    pub head: Option<Head>,
    /// Whether every record's signature was checked, from the first kept record on.
    pub signatures: bool,
    /// The first record whose signature was checked. The keys of earlier records are not available.
    pub signed_from: Option<u64>,
    /// One problem of the log. `None` when it is intact.
    pub finding: Option<Finding>,
}

impl Log {
    /// Verifies every record. `first_key` is the number and key that `audit take-key` printed. `heads` are copies that were
    /// kept elsewhere, such as in the journal.
    ///
    /// # Errors
    ///
    /// When the database cannot be read. Problems of the log itself are in the verdict.
    pub fn verify(&self, first_key: Option<(u64, [u8; 32])>, heads: &[Head]) -> Result<Verdict, Error> {
        // Take head and keys before the snapshot: the kiosk may write meanwhile, and they must not be newer than the
        // snapshot.
        let outside = kept_head(&self.folder, &self.keys);
        let signing = self.signing.read(&self.keys).map(|(keys, _)| keys);
        let view = self.db.unchecked_transaction()?;
        let mut verdict = Verdict { records: 0, head: None, signatures: false, signed_from: None, finding: None };
        let (Some(mut at), Some(next)) = (anchor(&view, "first", &self.keys)?, anchor(&view, "next", &self.keys)?)
        else {
            return Ok(Verdict { finding: Some(Finding::Beginning), ..verdict });
        };
        let is_written = next.seq != 1;
        let mut heads = heads.to_vec();
        let mut signed = None;
        match signing {
            Ok(mut keys) => {
                if let Some((seq, key)) = first_key {
                    (keys.epoch, keys.first) = (seq, Some(Key::new(key)));
                }
                at.key = keys.first_of(at.seq);
                verdict.signatures = at.key.is_some();
                signed = Some(keys);
            }
            Err(_) => verdict.finding = Some(Finding::Keys),
        }
        match outside {
            Ok(None) if is_written => verdict.finding = Some(Finding::HeadMissing),
            Ok(head) => heads.extend(head),
            Err(_) => verdict.finding = Some(Finding::HeadChanged),
        }
        // Heads before the first kept record can no longer be compared.
        heads.retain(|head| at.seq <= head.seq);
        let mut select = view.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            verdict.records += 1;
            if at.key.is_none() {
                at.key = signed.as_ref().and_then(|keys| keys.first_of(at.seq));
            }
            if at.key.is_some() && verdict.signed_from.is_none() {
                verdict.signed_from = Some(at.seq);
            }
            if let Some(finding) = look_at(row, &mut at, &heads) {
                return Ok(Verdict { finding: Some(finding), ..verdict });
            }
            verdict.head = Some(Head { seq: at.seq - 1, hash: at.hash });
        }
        let last = at.seq - 1;
        let known = heads.iter().map(|head| head.seq).max();
        // Keys are never ahead of the log: they move on after the record is written.
        let written = signed.as_ref().map(|keys| keys.next_seq - 1);
        let known = [known, Some(next.seq - 1), written].into_iter().flatten().find(|known| last < *known);
        if let Some(known) = known {
            verdict.finding = Some(Finding::Cut { last, known });
        } else if (next.seq, next.hash) != (at.seq, at.hash) {
            verdict.finding = Some(Finding::Changed(last));
        } else if at.key.is_some() && signed.is_some_and(|keys| keys.of(at.seq).as_deref() != at.key.as_deref()) {
            verdict.finding = Some(Finding::Keys);
        }
        Ok(verdict)
    }
}

/// Checks one row and advances `at` past it.
fn look_at(row: &rusqlite::Row<'_>, at: &mut Anchor, heads: &[Head]) -> Option<Finding> {
    let expected = at.seq;
    let Ok(kept) = read(row) else { return Some(Finding::Changed(expected)) };
    if kept.seq != expected {
        return Some(if expected < kept.seq { Finding::Missing(expected) } else { Finding::Changed(kept.seq) });
    }
    let (hash, mac) = at.step(&kept.record.encode(kept.seq));
    if hash != kept.hash || mac.is_some_and(|mac| mac != kept.mac) {
        return Some(Finding::Changed(expected));
    }
    let known = heads.iter().find(|head| head.seq == expected);
    known.filter(|head| head.hash != hash).map(|_| Finding::Replaced(expected))
}
