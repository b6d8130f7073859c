//! Tamper-evident audit log in the directory's SQLite file. The agent and the commands decide what is recorded, and when.

mod beginning;
mod hash_chain;
mod export;
mod head;
mod limit;
mod outcome;
mod pending;
mod prune;
mod record;
mod records;
mod shipped;
mod shipment;
mod signing;
mod unlocks;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension, Row, params};

use self::{
    beginning::Beginning,
    hash_chain::Anchor,
    head::{head_finding, head_of, keys_of_whole, put_head},
    signing::{KeyFile, Keys},
};
pub use self::{
    export::{By, Format, Line, lines},
    hash_chain::Head,
    limit::{Counted, Limit, Used},
    outcome::{Said, UnlockOutcome},
    record::{Action, Kept, Record},
    records::Records,
    shipment::{Batch, Outcome},
    shipped::{Chain, ShippedLog},
    unlocks::{LoginOwner, Unlock, earlier_login_text, login_text},
    verify::{Finding, Verdict},
};
use crate::{
    crypt::{Key, KeyRing},
    door::DoorId,
    staff::StaffId,
    store::{self, schema},
};

const COLUMNS: &str = "seq, at, action, staff, person, door, door_name, about, of, count, hash, mac";

/// Why the log cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// SQLite failed.
    #[error("the audit log cannot be read or written")]
    Database(#[from] rusqlite::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system returned no random bytes")]
    Randomness,
    /// `audit.head`, `audit.keys` or the data folder cannot be read or written.
    #[error("`{}` cannot be read or written", file.display())]
    File {
        /// Path of the file or folder.
        file: PathBuf,
        /// The I/O error.
        #[source]
        source: io::Error,
    },
    /// The text is not a head (`NUMBER:HASH`).
    #[error("not an audit head: expected NUMBER:HASH, with HASH as 64 hexadecimal digits")]
    Head,
    /// The log does not match its head, anchors or keys. Nothing is appended to it.
    #[error(
        "the audit log was changed from outside vestibule, or replaced by an older copy: run `vestibule audit verify`, then \
         restore a backup"
    )]
    Tampered,
    /// A record has a time or an action that this version cannot parse.
    #[error("record {seq} of the audit log cannot be read")]
    Unreadable {
        /// Number of the record.
        seq: u64,
    },
    /// The export cannot be written.
    #[error("the export cannot be written")]
    Export(#[source] io::Error),
}

/// What the caller knows about the log that it opens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// It may not exist yet. If so, it is created.
    Any,
    /// It existed before. If it is missing, it was deleted.
    Existing,
    /// It was restored from a backup, which contains neither keys nor head.
    Restored,
}

/// The audit log. Several processes may use it at once; writers take turns through a file lock.
pub struct Log {
    db: Connection,
    folder: PathBuf,
    keys: KeyRing,
    signing: KeyFile,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Log {
    /// Opens the log in the data folder, or creates it. `keys` are derived from the directory's data keys. Data sealed with
    /// an older key is resealed with the current one.
    ///
    /// # Errors
    ///
    /// When the files cannot be read or written. [`Error::Tampered`] when the database is empty, but `audit.head` or
    /// `audit.keys` belongs to a log with records.
    pub fn open(folder: &Path, keys: impl Into<KeyRing>) -> Result<Self, Error> {
        Self::open_with(folder, keys.into(), Opening::Any)
    }

    /// Opens a log that must exist. If it is missing, somebody deleted it.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], and [`Error::Tampered`] when the log does not exist.
    pub fn open_existing(folder: &Path, keys: impl Into<KeyRing>) -> Result<Self, Error> {
        Self::open_with(folder, keys.into(), Opening::Existing)
    }

    /// Opens the log of a restored directory. Backups contain neither keys nor head, so both are new.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn adopt(folder: &Path, keys: impl Into<KeyRing>) -> Result<Self, Error> {
        Self::open_with(folder, keys.into(), Opening::Restored)
    }

    fn open_with(folder: &Path, keys: KeyRing, opening: Opening) -> Result<Self, Error> {
        let db = store::open(folder)?;
        let (signing, has_keys) = KeyFile::open(folder)?;
        let is_clean = {
            let _turn = signing.lock()?;
            let change = store::begin(&db)?;
            let _ = schema::migrate(&change)?;
            let is_new: bool = change.query_row(
                "SELECT NOT EXISTS (SELECT 1 FROM audit_anchors) AND NOT EXISTS (SELECT 1 FROM audit)",
                [],
                |row| row.get(0),
            )?;
            let begin = Beginning { change: &change, folder, keys: &keys, signing: &signing };
            if is_new && opening == Opening::Existing {
                return Err(Error::Tampered);
            }
            if is_new {
                begin.create()?;
            } else if opening == Opening::Restored {
                begin.after_restore()?;
            } else if !has_keys {
                begin.after_upgrade()?;
            }
            let is_clean = begin.with_the_key_of_now()?;
            change.commit()?;
            is_clean
        };
        if !is_clean {
            // Truncate the write-ahead log, which still holds the replaced values.
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(Self { db, folder: folder.to_owned(), keys, signing })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The records, to read.
    pub fn records(&self) -> Records<'_> {
        Records(&self.db)
    }

    /// Appends one record durably. Returns its number.
    ///
    /// # Errors
    ///
    /// When the record cannot be written, or the log was changed from outside. The caller must not act then.
    pub fn append(&mut self, record: &Record) -> Result<u64, Error> {
        Ok(self.append_if(record, true, |_| Ok(true))?.ok_or(Error::Tampered)?.seq)
    }

    /// Appends one record in its own transaction, unless `is_wanted` returns `false` inside it. Without `is_complete`, the
    /// next record writes the head, and the key file is written but not synced.
    fn append_if(
        &mut self,
        record: &Record,
        is_complete: bool,
        is_wanted: impl FnOnce(&Connection) -> Result<bool, Error>,
    ) -> Result<Option<Head>, Error> {
        let _turn = self.signing.lock()?;
        let change = store::begin(&self.db)?;
        let signed = keys_of_whole(&change, &self.folder, &self.keys, &self.signing)?;
        if !is_wanted(&change)? {
            return Ok(None);
        }
        let (head, keys) = append_to(&change, record, &self.keys, signed)?;
        change.commit()?;
        // Write the keys after the record: keys that lag behind catch up with the next record, keys that are ahead could
        // not sign it.
        self.signing.write(&keys, &self.keys.current, is_complete)?;
        if is_complete {
            put_head(&self.folder, head, &self.keys.current)?;
        }
        Ok(Some(head))
    }

    /// Number and hash of the last record. `None` for an empty log.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn head(&self) -> Result<Option<Head>, Error> {
        head_of(&self.db)
    }

    /// Compares the end of the log with `audit.head` and `audit.keys`. `None` when they match. Fast enough for every start
    /// and every record.
    ///
    /// # Errors
    ///
    /// When the database cannot be read. A mismatch is returned as a [`Finding`], not as an error.
    pub fn check_head(&self) -> Result<Option<Finding>, Error> {
        // Wait for a process that has written its record but not yet its head.
        let _turn = self.signing.lock()?;
        let signed = self.signing.read(&self.keys).ok().map(|(signed, _)| signed);
        head_finding(&self.db, &self.folder, &self.keys, signed.as_ref())
    }

    /// Unlock intents without an outcome: the kiosk stopped between the two records.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn open_intents(&self) -> Result<Vec<Kept>, Error> {
        self.select("WHERE action = 'unlock-intent' AND NOT EXISTS (SELECT 1 FROM audit of WHERE of.of = audit.seq)")
    }

    /// The newest record with this action.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn last(&self, action: Action) -> Result<Option<Record>, Error> {
        let last = self.select(&format!("WHERE action = '{}' ORDER BY seq DESC LIMIT 1", action.name()))?;
        Ok(last.into_iter().next().map(|kept| kept.record))
    }

    /// The newest `count` unlock outcomes, one line each: local time, door and outcome, without the person.
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

    /// Number and signing key of the first record that the current keys sign. `verify` needs both after the key is deleted
    /// here; then this returns `None`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn first_key(&self) -> Result<Option<(u64, Key)>, Error> {
        let (keys, _) = self.signing.read(&self.keys)?;
        Ok(keys.first.map(|key| (keys.epoch, key)))
    }

    /// Deletes the key of the first record, so that somebody who reads everything on this kiosk cannot re-sign past
    /// records. Call this only after the key was handed over.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn forget_first_key(&mut self) -> Result<(), Error> {
        let _turn = self.signing.lock()?;
        let (mut keys, _) = self.signing.read(&self.keys)?;
        keys.first = None;
        self.signing.write(&keys, &self.keys.current, true)
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
}

/// Appends one record within a transaction. Returns the new head, and the keys to save after the commit.
fn append_to(change: &Connection, record: &Record, with: &KeyRing, mut keys: Keys) -> Result<(Head, Keys), Error> {
    let record = &record.bounded();
    let mut next = anchor(change, "next", with)?.ok_or(Error::Tampered)?;
    let seq = next.seq;
    next.key = Some(keys.of(seq).ok_or(Error::Tampered)?);
    let (hash, mac) = next.step(&record.encode(seq));
    put(change, seq, record, (&hash, &mac.ok_or(Error::Tampered)?))?;
    put_anchor(change, "next", &next, &with.current)?;
    (keys.next_seq, keys.next) = (next.seq, next.key.ok_or(Error::Tampered)?);
    Ok((Head { seq, hash }, keys))
}

/// Writes a record, with its hash and its signature.
fn put(db: &Connection, seq: u64, record: &Record, (hash, mac): (&[u8; 32], &[u8; 32])) -> Result<(), Error> {
    let sql = "INSERT INTO audit (seq, at, action, staff, person, door, door_name, about, of, count, hash, mac)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let _ = db.prepare_cached(sql)?.execute(params![
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
        mac,
    ])?;
    Ok(())
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

fn anchor(db: &Connection, name: &str, keys: &KeyRing) -> Result<Option<Anchor>, Error> {
    let sql = "SELECT sealed FROM audit_anchors WHERE name = ?1";
    let sealed: Option<Vec<u8>> = db.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?;
    Ok(sealed.and_then(|sealed| keys.keys().find_map(|key| Anchor::open(&sealed, key, name))))
}

fn put_anchor(db: &Connection, name: &str, anchor: &Anchor, key: &Key) -> Result<(), Error> {
    let sql = "INSERT INTO audit_anchors (name, sealed) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";
    let _ = db.prepare_cached(sql)?.execute(params![name, anchor.seal(key, name)?])?;
    Ok(())
}
