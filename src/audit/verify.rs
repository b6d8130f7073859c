//! Whether the log is whole: every record in its place, unchanged, signed, and none missing at the end.

use super::{COLUMNS, Error, Head, Log, anchor, chain::Anchor, read};
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
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Records that are there.
    pub records: u64,
    /// Where the log stands.
    pub head: Option<Head>,
    /// The signatures were checked too: the first key was at hand.
    pub signatures: bool,
    /// The first thing that is wrong.
    pub finding: Option<Finding>,
}

impl Log {
    /// Looks at every record. `first_key` is the one that was taken away, `heads` are known from elsewhere.
    ///
    /// # Errors
    ///
    /// When the file cannot be read. What is wrong with the log is in the verdict.
    pub fn verify(&self, first_key: Option<[u8; 32]>, heads: &[Head]) -> Result<Verdict, Error> {
        // One point in time: the kiosk may write meanwhile. The head outside is older than that.
        let outside = self.kept_head();
        let view = self.db.unchecked_transaction()?;
        let mut verdict = Verdict { records: 0, head: None, signatures: false, finding: None };
        let Some(mut at) = anchor(&view, "first", &self.key)? else {
            return Ok(Verdict { finding: Some(Finding::Beginning), ..verdict });
        };
        if let Some(key) = first_key {
            at.key = Some(advance(key, at.seq));
        }
        verdict.signatures = at.key.is_some();
        let mut heads = heads.to_vec();
        match outside {
            Ok(head) => heads.extend(head),
            Err(_) => verdict.finding = Some(Finding::HeadChanged),
        }
        // What was known before the first record that is kept cannot be compared any more.
        heads.retain(|head| at.seq <= head.seq);
        let mut select = view.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            verdict.records += 1;
            if let Some(finding) = look_at(row, &mut at, &heads) {
                return Ok(Verdict { finding: Some(finding), ..verdict });
            }
            verdict.head = Some(Head { seq: at.seq - 1, hash: at.hash });
        }
        let last = at.seq - 1;
        let known = heads.iter().map(|head| head.seq).max();
        let next = anchor(&view, "next", &self.key)?.map(|next| (next.seq, next.hash));
        let cut = known.filter(|known| last < *known).or(next.map(|(seq, _)| seq - 1).filter(|known| last < *known));
        if let Some(known) = cut {
            verdict.finding = Some(Finding::Cut { last, known });
        } else if next != Some((at.seq, at.hash)) {
            verdict.finding = Some(Finding::Changed(last));
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

/// The key of a later record.
fn advance(first: [u8; 32], to: u64) -> Key {
    let mut at = Anchor { seq: 1, hash: [0; 32], key: Some(Key::new(first)) };
    while at.seq < to {
        let _ = at.step(&[]);
    }
    at.key.unwrap_or_default()
}
