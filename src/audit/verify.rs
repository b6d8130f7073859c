//! Whether the log is whole: every record in its place, unchanged, signed, and none missing at the end.

use super::{COLUMNS, Error, Head, Log, anchor, chain::Anchor, head::kept_head, read};
use crate::crypt::Key;

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The place where the log begins was changed.
    #[error("the beginning of the log was changed from outside")]
    Beginning,
    /// This record is not there.
    #[error("record {0} is missing")]
    Missing(u64),
    /// This record is not what was written.
    #[error("record {0} was changed, or stands in another's place")]
    Changed(u64),
    /// The log ends here, but went on.
    #[error("the log was cut: it ends with record {last}, but record {known} was written")]
    Cut {
        /// The last one that is there.
        last: u64,
        /// One that is known from elsewhere.
        known: u64,
    },
    /// A head from elsewhere is not that of this log.
    #[error("record {0} is not the one that is known from elsewhere: the log was replaced")]
    Replaced(u64),
    /// The head in the data folder was changed.
    #[error("the head beside the database was changed from outside")]
    HeadChanged,
    /// The log has records, and there is no head in the data folder.
    #[error("the head beside the database is missing: it was taken away")]
    HeadMissing,
    /// The keys that sign the next record do not fit the log.
    #[error("the keys beside the database are missing or were changed from outside")]
    Keys,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Records that are there.
    pub records: u64,
    /// Where the log stands.
    pub head: Option<Head>,
    /// The signature of every record that is there was checked too.
    pub signatures: bool,
    /// The first record whose signature was checked. The ones before lie under keys that are not at hand.
    pub signed_from: Option<u64>,
    /// The first thing that is wrong.
    pub finding: Option<Finding>,
}

impl Log {
    /// Looks at every record. `first_key` is the one that was taken away, with the record that it signs; `heads` are known from
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// When the file cannot be read. What is wrong with the log is in the verdict.
    pub fn verify(&self, first_key: Option<(u64, [u8; 32])>, heads: &[Head]) -> Result<Verdict, Error> {
        // One point in time: the kiosk may write meanwhile. Head and keys outside are older than that.
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
        // What was known before the first record that is kept cannot be compared any more.
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

/// Checks one row and goes past it.
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
