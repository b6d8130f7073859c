//! A log as it stands in the database of a fleet: the records that a kiosk shipped, whose chain is checked as they are read.

use std::fmt;

use rusqlite::Connection;

use super::{Error, Finding, Head, Record, Records, Verdict, hash_chain::Anchor, put, schema};

/// Where the records of a kiosk begin and end in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Before the first record: number 0, or that of the last one that was pruned or never shipped.
    pub before: Head,
    /// The last record.
    pub last: Head,
}

/// Records that a kiosk shipped, in a temporary file of their own.
pub struct ShippedLog {
    db: Connection,
    at: Anchor,
    chain: Chain,
    records: u64,
    finding: Option<Finding>,
}

impl fmt::Debug for ShippedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShippedLog").field("chain", &self.chain).field("next", &self.at.seq).finish_non_exhaustive()
    }
}

impl ShippedLog {
    /// An empty log, for the records of this chain.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be made.
    pub fn of(chain: Chain) -> Result<Self, Error> {
        // SQLite's name for a file that is gone when it is closed, and in memory until it grows.
        let db = Connection::open("")?;
        let change = db.unchecked_transaction()?;
        let _ = schema::migrate(&change)?;
        change.commit()?;
        let at = Anchor { seq: chain.before.seq + 1, hash: chain.before.hash, key: None };
        Ok(Self { db, at, chain, records: 0, finding: None })
    }

    /// Number of the next record.
    pub fn next(&self) -> u64 {
        self.at.seq
    }

    /// Adds records in order. After one that is not in its place, or does not say what is hashed into the chain, none is taken.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be written.
    pub fn add(&mut self, encoded: &[(u64, Vec<u8>)]) -> Result<(), Error> {
        let change = self.db.unchecked_transaction()?;
        for (seq, bytes) in encoded {
            if self.finding.is_some() {
                break;
            }
            let expected = self.at.seq;
            if *seq != expected {
                self.finding = Some(Finding::Missing(expected));
                break;
            }
            self.records += 1;
            let Some(record) = Record::decode(*seq, bytes) else {
                self.finding = Some(Finding::Changed(expected));
                break;
            };
            let (hash, _) = self.at.step(bytes);
            // The signature stays at the kiosk.
            put(&change, *seq, &record, (&hash, &[0; 32]))?;
        }
        Ok(change.commit()?)
    }

    /// Whether the chain ends where the database says. Signatures do not leave the kiosk.
    pub fn verdict(&self) -> Verdict {
        let last = self.at.seq - 1;
        let end = Head { seq: last, hash: self.at.hash };
        let finding = self.finding.clone().or_else(|| match self.chain.last {
            known if known == end => None,
            known if last < known.seq => Some(Finding::Cut { last, known: known.seq }),
            known => Some(Finding::Replaced(known.seq)),
        });
        let head = (self.records != 0).then_some(end);
        Verdict { records: self.records, head, signatures: false, signed_from: None, finding }
    }

    /// The records, to read.
    pub fn records(&self) -> Records<'_> {
        Records(&self.db)
    }
}
