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
                self.finding = Some(Finding::Unreadable(expected));
                break;
            };
            let (hash, _) = self.at.step(bytes);
            // The signature stays at the kiosk.
            put(&change, *seq, &record.on_one_line(), (&hash, &[0; 32]))?;
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        door::DoorId,
        staff::StaffId,
        store::audit::{Action, Log},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn a_record_fits_into_a_fleets_database_whatever_its_texts_are() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let mut log = Log::open(folder.path(), [7; 32]).unwrap();
        let endless = "é".repeat(50_000);
        let record = Record { door_name: endless.clone(), ..Record::new(at(1), Action::Outcome, endless.clone()) }
            .by(None, &endless);
        let seq = log.append(&record).unwrap();
        let batch = log.batch(seq - 1, 10).unwrap().unwrap();
        assert!((6_000..=8_192).contains(&batch.records[0].len()), "{}", batch.records[0].len());
        assert_eq!(log.verify(None, &[]).unwrap().finding, None);
    }

    #[test]
    fn shipped_records_say_what_was_written_and_one_that_was_changed_is_found() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let mut log = Log::open(folder.path(), [7; 32]).unwrap();
        for second in 1..=6 {
            let record =
                Record { door: Some(DoorId::new(7)), of: Some(3), ..Record::new(at(second), Action::Outcome, "ä") };
            let _ = log.append(&record.by(Some(StaffId::new(4)), "ada@example.com")).unwrap();
        }
        let batch = log.batch(2, 10).unwrap().unwrap();
        let before = Head { seq: 2, hash: batch.before };
        let chain = Chain { before, last: log.head().unwrap().unwrap() };
        let records: Vec<(u64, Vec<u8>)> = (3..).zip(batch.records).collect();
        let read = |records: &[(u64, Vec<u8>)]| {
            let mut shipped = ShippedLog::of(chain).unwrap();
            for record in records {
                shipped.add(std::slice::from_ref(record)).unwrap();
            }
            (shipped.verdict().finding, shipped.records().since(at(0), &[Action::Outcome]).unwrap())
        };
        let (finding, kept) = read(&records);
        assert_eq!((finding, kept.len()), (None, 4));
        assert_eq!(kept, log.records().since(at(3), &[Action::Outcome]).unwrap());
        // Every byte counts: what can still be read breaks the chain, what cannot is found at once.
        for byte in 0..records[1].1.len() {
            let mut changed = records.clone();
            changed[1].1[byte] ^= 1;
            let (finding, kept) = read(&changed);
            assert!(matches!(finding, Some(Finding::Unreadable(4) | Finding::Replaced(6))), "{byte}: {finding:?}");
            assert!(kept.len() <= 4);
        }
        for (changed, expected) in [
            (vec![records[0].clone(), records[2].clone(), records[3].clone()], Finding::Missing(4)),
            (records[..3].to_vec(), Finding::Cut { last: 5, known: 6 }),
            (Vec::new(), Finding::Cut { last: 2, known: 6 }),
        ] {
            assert_eq!(read(&changed).0, Some(expected));
        }
    }
}
