//! The tamper-evident record of what was tried and what came of it, in the same SQLite file as the directory. What is written,
//! and when, is the agent's and the commands' business.

mod chain;
mod export;
mod limit;
mod record;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use self::chain::Anchor;
pub use self::{
    chain::Head,
    export::{By, Format, Line},
    limit::{Limit, Used},
    record::{Action, Kept, Record},
    verify::{Finding, Verdict},
};
use crate::{
    crypt::{Key, mac},
    door::DoorId,
    staff::StaffId,
};

/// The file in the data folder, which is the directory's.
const FILE: &str = "directory.sqlite";
/// The head, outside the database: a file of yesterday does not fit it.
const HEAD: &str = "audit.head";
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS audit (
    seq       INTEGER PRIMARY KEY NOT NULL,
    at        TEXT NOT NULL,
    action    TEXT NOT NULL,
    staff     INTEGER,
    person    TEXT NOT NULL,
    door      INTEGER,
    door_name TEXT NOT NULL,
    about     TEXT NOT NULL,
    of        INTEGER,
    count     INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    mac       BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_intents ON audit (staff, at) WHERE action = 'unlock-intent';
CREATE INDEX IF NOT EXISTS audit_of ON audit (of) WHERE of IS NOT NULL;
CREATE TABLE IF NOT EXISTS audit_anchors (
    name   TEXT PRIMARY KEY NOT NULL CHECK (name IN ('first', 'next')),
    sealed BLOB NOT NULL
) STRICT;
";
const COLUMNS: &str = "seq, at, action, staff, person, door, door_name, about, of, count, hash, mac";

/// Why the log cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite failed.
    #[error("the audit log cannot be read or written")]
    Database(#[from] rusqlite::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system has no random numbers")]
    Randomness,
    /// The head cannot be written.
    #[error("`{}` cannot be written", file.display())]
    HeadFile {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// This is no head.
    #[error("a head is a number, a colon and 64 hexadecimal digits")]
    Head,
    /// Nothing can be written after a place that was changed from outside.
    #[error("the audit log was changed from outside: see `vestibule audit verify`")]
    Tampered,
    /// A record that this version does not know.
    #[error("record {seq} of the audit log cannot be read")]
    Unreadable {
        /// Which.
        seq: u64,
    },
    /// The export cannot be written.
    #[error("the export cannot be written")]
    Export(#[source] io::Error),
}

/// The log. One process may write while another reads or writes.
pub struct Log {
    db: Connection,
    folder: PathBuf,
    key: Key,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Log {
    /// Opens the log in the data folder, or begins one. `key` is the directory's key for it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written.
    pub fn open(folder: &Path, key: [u8; 32]) -> Result<Self, Error> {
        let mut db = Connection::open(folder.join(FILE))?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")?;
        let begin = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        begin.execute_batch(TABLES)?;
        let key = Key::new(key);
        let is_new: bool = begin.query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM audit_anchors) AND NOT EXISTS (SELECT 1 FROM audit)",
            [],
            |row| row.get(0),
        )?;
        if is_new {
            let first = Anchor::begin()?;
            put_anchor(&begin, "first", &first, &key)?;
            put_anchor(&begin, "next", &first, &key)?;
        }
        begin.commit()?;
        Ok(Self { db, folder: folder.to_owned(), key })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes one record. It is on the disk when this returns. Returns its number.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or what is there was changed from outside. What it would have told must not be done then.
    pub fn append(&mut self, record: &Record) -> Result<u64, Error> {
        let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let head = append_to(&change, record, &self.key)?;
        change.commit()?;
        self.write_head(head)?;
        Ok(head.seq)
    }

    /// Where the log stands. `None` without a record.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn head(&self) -> Result<Option<Head>, Error> {
        let sql = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1";
        let head = self
            .db
            .query_row(sql, [], |row| Ok(Head { seq: row.get::<_, i64>(0)?.cast_unsigned(), hash: row.get(1)? }));
        Ok(head.optional()?)
    }

    /// Whether the end of the log fits the head that lies outside the database. Quick: for the start of the kiosk.
    ///
    /// # Errors
    ///
    /// When the file cannot be read. What does not fit is the answer.
    pub fn check_head(&self) -> Result<Option<Finding>, Error> {
        let known = match self.kept_head() {
            Ok(Some(known)) => known,
            Ok(None) => return Ok(None),
            Err(_) => return Ok(Some(Finding::HeadChanged)),
        };
        let sql = "SELECT hash FROM audit WHERE seq = ?1";
        let hash: Option<[u8; 32]> = self.db.query_row(sql, [known.seq.cast_signed()], |row| row.get(0)).optional()?;
        let last = self.head()?.map_or(0, |head| head.seq);
        Ok(match hash {
            Some(hash) if hash == known.hash => None,
            Some(_) => Some(Finding::Replaced(known.seq)),
            None => Some(Finding::Cut { last, known: known.seq }),
        })
    }

    /// Unlocks that were about to be sent and have no outcome: the kiosk ended between.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn open_intents(&self) -> Result<Vec<Kept>, Error> {
        self.select("WHERE action = 'unlock-intent' AND NOT EXISTS (SELECT 1 FROM audit of WHERE of.of = audit.seq)")
    }

    /// What the last record of this kind says.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn last(&self, action: Action) -> Result<Option<Record>, Error> {
        let last = self.select(&format!("WHERE action = '{}' ORDER BY seq DESC LIMIT 1", action.name()))?;
        Ok(last.into_iter().next().map(|kept| kept.record))
    }

    /// The last outcomes of taps, newest first, a line each: when, at which door, what. They name nobody.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn last_outcomes(&self, count: usize) -> Result<Vec<String>, Error> {
        let sql = "SELECT outcome.seq, outcome.at, intent.door_name, outcome.about FROM audit AS outcome
                   JOIN audit AS intent ON intent.seq = outcome.of
                   WHERE outcome.action = 'unlock-outcome' ORDER BY outcome.seq DESC LIMIT ?1";
        let mut select = self.db.prepare(sql)?;
        let rows = select.query_map([i64::try_from(count).unwrap_or(i64::MAX)], |row| {
            let (at, door, about): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let at =
                at.parse::<Timestamp>().map(|at| TimeZone::system().to_datetime(at).strftime("%d. %H:%M").to_string());
            Ok(format!("{}  {door}: {about}", at.unwrap_or_default()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes out what is older. The chain still holds: it begins where this ends. Returns how many records went.
    ///
    /// # Errors
    ///
    /// [`Error::Tampered`] when the old part does not verify: nothing is taken out then.
    pub fn prune(&mut self, before: Timestamp, now: Timestamp) -> Result<u64, Error> {
        // Not the whole log: it may be large, and mostly nothing is old. Times are compared to the second here, exactly below.
        let young = "SELECT coalesce(min(seq), 0) FROM audit WHERE substr(at, 1, 19) > substr(?1, 1, 19)";
        let young: i64 = self.db.query_row(young, [before.to_string()], |row| row.get(0))?;
        let old = self.select(&format!("WHERE {young} = 0 OR seq < {young} ORDER BY seq"))?;
        let old: Vec<Kept> = old.into_iter().take_while(|kept| kept.record.at < before).collect();
        let Some(last) = old.last() else { return Ok(0) };
        let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut first = anchor(&change, "first", &self.key)?.ok_or(Error::Tampered)?;
        for kept in &old {
            let (hash, mac) = first.step(&kept.record.encode(kept.seq));
            if first.seq != kept.seq + 1 || hash != kept.hash || mac.is_some_and(|mac| mac != kept.mac) {
                return Err(Error::Tampered);
            }
        }
        let _ = change.execute("DELETE FROM audit WHERE seq <= ?1", [last.seq.cast_signed()])?;
        put_anchor(&change, "first", &first, &self.key)?;
        change.commit()?;
        let about = format!("{} records up to {}", old.len(), last.seq);
        let _ = self.append(&Record::new(now, Action::Prune, about))?;
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }

    /// Gives away the key of the first record, and forgets it: from now on nobody at this kiosk, whatever they read, can write
    /// the past anew. `verify` needs it. `None` when it was taken before.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn take_first_key(&mut self) -> Result<Option<[u8; 32]>, Error> {
        let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut first = anchor(&change, "first", &self.key)?.ok_or(Error::Tampered)?;
        let key = first.key.take();
        put_anchor(&change, "first", &first, &self.key)?;
        change.commit()?;
        // The old pages are in the write-ahead log too.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(key.map(|key| *key))
    }

    fn select(&self, which: &str) -> Result<Vec<Kept>, Error> {
        let mut select = self.db.prepare(&format!("SELECT {COLUMNS} FROM audit {which}"))?;
        let mut rows = select.query([])?;
        let mut kept = Vec::new();
        while let Some(row) = rows.next()? {
            kept.push(read(row)?);
        }
        Ok(kept)
    }

    fn write_head(&self, head: Head) -> Result<(), Error> {
        let (file, part) = (self.folder.join(HEAD), self.folder.join("audit.head.part"));
        let proof = mac(&self.key, b"vestibule/audit/head/v1", head.to_string().as_bytes());
        let line = format!("{head} {}\n", Head { seq: 0, hash: proof });
        // Not synced: one that is lost leaves an older one, which is still true.
        fs::write(&part, line)
            .and_then(|()| fs::rename(&part, &file))
            .map_err(|source| Error::HeadFile { file, source })
    }

    /// The head outside the database. `None` when there is none, or the power went while it was written: whoever could spoil it
    /// could take it away. An error when somebody else wrote it.
    fn kept_head(&self) -> Result<Option<Head>, Error> {
        let line = fs::read_to_string(self.folder.join(HEAD)).unwrap_or_default();
        let parts = line.trim().split_once(' ');
        let read = parts.and_then(|(text, proof)| Some((text, text.parse().ok()?, proof.parse::<Head>().ok()?.hash)));
        match read {
            None => Ok(None),
            Some((text, head, proof)) if proof == mac(&self.key, b"vestibule/audit/head/v1", text.as_bytes()) => {
                Ok(Some(head))
            }
            Some(_) => Err(Error::Tampered),
        }
    }
}

/// Writes one record as part of a change.
fn append_to(change: &Connection, record: &Record, key: &Key) -> Result<Head, Error> {
    let mut next = anchor(change, "next", key)?.ok_or(Error::Tampered)?;
    let seq = next.seq;
    let (hash, mac) = next.step(&record.encode(seq));
    let sql = "INSERT INTO audit (seq, at, action, staff, person, door, door_name, about, of, count, hash, mac)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let _ = change.prepare_cached(sql)?.execute(params![
        seq.cast_signed(),
        record.at.to_string(),
        record.action.name(),
        record.staff.map(StaffId::get),
        record.person,
        record.door.map(|door| door.get().cast_signed()),
        record.door_name,
        record.about,
        record.of.map(u64::cast_signed),
        record.count,
        hash,
        mac.ok_or(Error::Tampered)?,
    ])?;
    put_anchor(change, "next", &next, key)?;
    Ok(Head { seq, hash })
}

fn read(row: &Row<'_>) -> Result<Kept, Error> {
    let seq = row.get::<_, i64>(0)?.cast_unsigned();
    let (at, action): (String, String) = (row.get(1)?, row.get(2)?);
    let unreadable = || Error::Unreadable { seq };
    Ok(Kept {
        seq,
        record: Record {
            at: at.parse().map_err(|_| unreadable())?,
            action: Action::from_name(&action).ok_or_else(unreadable)?,
            staff: row.get::<_, Option<i64>>(3)?.map(StaffId::new),
            person: row.get(4)?,
            door: row.get::<_, Option<i64>>(5)?.map(|door| DoorId::new(door.cast_unsigned())),
            door_name: row.get(6)?,
            about: row.get(7)?,
            of: row.get::<_, Option<i64>>(8)?.map(i64::cast_unsigned),
            count: row.get(9)?,
        },
        hash: row.get(10)?,
        mac: row.get(11)?,
    })
}

fn anchor(db: &Connection, name: &str, key: &Key) -> Result<Option<Anchor>, Error> {
    let sql = "SELECT sealed FROM audit_anchors WHERE name = ?1";
    let sealed: Option<Vec<u8>> = db.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?;
    Ok(sealed.and_then(|sealed| Anchor::open(&sealed, key, name)))
}

fn put_anchor(db: &Connection, name: &str, anchor: &Anchor, key: &Key) -> Result<(), Error> {
    let sql = "INSERT INTO audit_anchors (name, sealed) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";
    let _ = db.prepare_cached(sql)?.execute(params![name, anchor.seal(key, name)?])?;
    Ok(())
}
