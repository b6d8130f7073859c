//! Integrity of the directory: a MAC over each person's row, one over all rows, and one over each counter of guesses. A
//! rollback of the whole file is detected by the audit log's head, which is stored outside it.

use hmac::{Hmac, Mac};
use rusqlite::{Connection, OptionalExtension, Transaction, params, types::ValueRef};
use sha2::Sha256;

use super::{
    DeviceKey, Directory, Error, FILE,
    generations::{self, DataKeys},
    seal::DataKey,
};
use crate::{
    staff::StaffId,
    store::{self, schema::Before},
};

/// Queries that select the protected rows in a fixed order, and the label of their MAC.
struct Proven {
    label: &'static [u8],
    tables: &'static [&'static str],
}

/// The rows that this version protects.
const TABLES: Proven = Proven {
    label: b"vestibule/directory/v2",
    tables: &[
        "SELECT id, email, name, salt, revision, login_id, suspended, proof FROM staff ORDER BY id",
        "SELECT tag, hint, staff_id, generation, sealed FROM badges ORDER BY tag",
        "SELECT tag, staff_id, generation FROM pins ORDER BY tag",
        "SELECT staff_id, role, revision, nonce, sealed, generation FROM logins ORDER BY staff_id, role",
        "SELECT id, kind, email, login_id FROM errands ORDER BY id",
        "SELECT key, value FROM meta WHERE key IN ('generation', 'kisi_name', 'log_begun', 'pin_cost', 'pin_salt', 'technician_pin')
         OR key LIKE 'data_key.%' ORDER BY key",
    ],
};
/// The rows that schema versions 1 and 2 protected.
const OLDER_TABLES: Proven = Proven {
    label: b"vestibule/directory/v1",
    tables: &[
        "SELECT id, email, name, salt, revision, login_id, suspended, proof FROM staff ORDER BY id",
        "SELECT tag, hint, staff_id FROM badges ORDER BY tag",
        "SELECT tag, staff_id FROM pins ORDER BY tag",
        "SELECT staff_id, role, revision, nonce, sealed FROM logins ORDER BY staff_id, role",
    ],
};
const PERSON: &str = "SELECT id, email, name, salt, revision, login_id, suspended FROM staff WHERE id = ?1";
/// A counter that was never used: the limit in the configuration applies.
const FULL: u32 = u32::MAX;
/// Key of the `meta` row that is written with the first audit log.
const LOG_BEGUN: &str = "log_begun";
/// MAC label of the counter of tries at a person's PIN.
const TRIES: &[u8] = b"vestibule/tries/v1";

/// A counter of remaining attempts: its key in `meta` and the label of its MAC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counter {
    key: &'static str,
    label: &'static [u8],
}

impl Counter {
    /// Guesses at the keypad.
    pub(super) const GUESSES: Self = Self { key: "guesses_left", label: b"vestibule/guesses/v1" };
    /// Lookups of unknown badges.
    pub(super) const BADGES: Self = Self { key: "badge_guesses_left", label: b"vestibule/badge-guesses/v1" };
    /// Tries at the technician's PIN.
    pub(super) const TECHNICIAN: Self = Self { key: "technician_tries", label: b"vestibule/technician-tries/v1" };
    const ALL: [Self; 3] = [Self::GUESSES, Self::BADGES, Self::TECHNICIAN];

    fn put(self, db: &Connection, data: &DataKey, left: u32) -> Result<(), Error> {
        put_meta(db, self.key, &proven(data, self.label, &[], left))
    }

    /// The remaining attempts. 0 when the counter is missing or its MAC is wrong.
    fn read(self, db: &Connection, data: &DataKey) -> Result<u32, Error> {
        let kept = meta(db, self.key)?;
        let left = kept.and_then(|kept| read_proven(data, self.label, &[], &kept));
        if left.is_none() {
            tracing::error!(key = self.key, "a counter was changed or deleted from outside vestibule: it counts as 0");
        }
        Ok(left.unwrap_or(0))
    }
}

fn proven(data: &DataKey, label: &[u8], of: &[u8], left: u32) -> Vec<u8> {
    let left = left.to_be_bytes();
    [&left[..], &data.proof(label, &[of, &left].concat())].concat()
}

fn read_proven(data: &DataKey, label: &[u8], of: &[u8], kept: &[u8]) -> Option<u32> {
    let (left, proof) = kept.split_first_chunk::<4>()?;
    (*proof == data.proof(label, &[of, left].concat())).then(|| u32::from_be_bytes(*left))
}

fn put_tries(db: &Connection, data: &DataKey, staff: StaffId, left: u32) -> Result<(), Error> {
    let value = proven(data, TRIES, &staff.get().to_be_bytes(), left);
    let _ = db.execute("UPDATE staff SET tries = ?2 WHERE id = ?1", params![staff.get(), value])?;
    Ok(())
}

/// Resets the tries of a person who is new or has a new login.
pub(super) fn begin_tries(db: &Connection, data: &DataKey, staff: StaffId) -> Result<(), Error> {
    put_tries(db, data, staff, FULL)
}

fn read_tries(db: &Connection, data: &DataKey, staff: StaffId) -> Result<Option<u32>, Error> {
    let sql = "SELECT tries FROM staff WHERE id = ?1";
    let kept: Option<Option<Vec<u8>>> =
        db.prepare_cached(sql)?.query_row([staff.get()], |row| row.get(0)).optional()?;
    Ok(kept.map(|kept| kept.and_then(|kept| read_proven(data, TRIES, &staff.get().to_be_bytes(), &kept)).unwrap_or(0)))
}

impl Directory {
    /// Checks that no protected row was changed from outside.
    ///
    /// # Errors
    ///
    /// [`Error::Tampered`] when one was.
    pub fn check(&self) -> Result<(), Error> {
        // Read one snapshot: another process may write meanwhile.
        let view = self.db.unchecked_transaction()?;
        if is_proven(&view, &self.data.current)? { Ok(()) } else { Err(self.tampered()) }
    }

    /// Begins a transaction. Fails when rows were changed from outside, because the commit would authenticate them, or when
    /// another process replaced the keys.
    pub(super) fn begin(&self) -> Result<Transaction<'_>, Error> {
        let change = store::begin(&self.db)?;
        if generations::generation(&change)? != self.data.generation
            || meta(&change, "key_id")?.as_deref() != Some(&self.key.id()[..])
        {
            return Err(Error::Stale { file: self.folder.join(FILE) });
        }
        if !is_proven(&change, &self.data.current)? {
            return Err(self.tampered());
        }
        Ok(change)
    }

    /// Whether this directory ever had an audit log. If so, a missing log was deleted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn has_log(&self) -> Result<bool, Error> {
        Ok(meta(&self.db, LOG_BEGUN)?.is_some())
    }

    /// Records that this directory has an audit log.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn note_log(&self) -> Result<(), Error> {
        let change = self.begin()?;
        put_meta(&change, LOG_BEGUN, &[1])?;
        commit(change, &self.data.current, None)
    }

    pub(super) fn tampered(&self) -> Error {
        Error::Tampered { file: self.folder.join(FILE) }
    }

    /// Whether `proof` is the MAC of this person's row.
    pub(super) fn is_ours(&self, staff: StaffId, proof: Option<&[u8]>) -> Result<bool, Error> {
        let found = of_person(&self.db, &self.data.current, staff)?;
        Ok(proof.is_some() && proof == found.as_ref().map(<[u8; 32]>::as_slice))
    }

    /// The stored number of guesses left at the keypad. `None` when no guess was ever used. 0 when the counter is missing
    /// or was changed from outside.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn guesses_left(&self) -> Result<Option<u32>, Error> {
        self.number(Counter::GUESSES)
    }

    /// Stores the number of guesses left, durably.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: the caller must not check a PIN then.
    pub fn keep_guesses_left(&self, left: u32) -> Result<(), Error> {
        self.keep_number(Counter::GUESSES, left)
    }

    /// The stored number of lookups of unknown badges that are left, as in [`Self::guesses_left`].
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn badge_guesses_left(&self) -> Result<Option<u32>, Error> {
        self.number(Counter::BADGES)
    }

    /// Stores the number of lookups left, durably.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: the caller must not look up a badge then.
    pub fn keep_badge_guesses_left(&self, left: u32) -> Result<(), Error> {
        self.keep_number(Counter::BADGES, left)
    }

    /// The stored value of a counter. `None` when it was never used.
    pub(super) fn number(&self, counter: Counter) -> Result<Option<u32>, Error> {
        Ok(Some(counter.read(&self.db, &self.data.current)?).filter(|left| *left != FULL))
    }

    pub(super) fn keep_number(&self, counter: Counter, left: u32) -> Result<(), Error> {
        counter.put(&self.db, &self.data.current, left)
    }

    /// The stored number of tries left at this person's PIN after their badge. `None` when none was used since their login
    /// was created. 0 when the counter is missing or was changed from outside.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn tries_left(&self, staff: StaffId) -> Result<Option<u32>, Error> {
        Ok(read_tries(&self.db, &self.data.current, staff)?.filter(|left| *left != FULL))
    }

    /// Stores the number of tries left, durably.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: the caller must not check a PIN then.
    pub fn keep_tries_left(&self, staff: StaffId, left: u32) -> Result<(), Error> {
        put_tries(&self.db, &self.data.current, staff, left)
    }

    /// Sets all counters to 0. The attempts come back over time.
    pub(super) fn empty_budgets(&self) -> Result<(), Error> {
        let change = self.db.unchecked_transaction()?;
        for counter in Counter::ALL {
            counter.put(&change, &self.data.current, 0)?;
        }
        for staff in everybody(&change)? {
            put_tries(&change, &self.data.current, staff, 0)?;
        }
        change.commit()?;
        Ok(())
    }
}

/// Whether the MAC over all protected rows is right.
pub(super) fn is_proven(db: &Connection, data: &DataKey) -> Result<bool, Error> {
    Ok(meta(db, "proof")?.unwrap_or_default() == of_everything(db, data, &TABLES)?)
}

fn everybody(db: &Connection) -> Result<Vec<StaffId>, Error> {
    let mut select = db.prepare("SELECT id FROM staff")?;
    let people = select.query_map([], |row| Ok(StaffId::new(row.get(0)?)))?;
    Ok(people.collect::<Result<_, _>>()?)
}

/// Writes the counters of a new directory as unused.
pub(super) fn begin_counters(db: &Connection, data: &DataKey) -> Result<(), Error> {
    Counter::ALL.into_iter().try_for_each(|counter| counter.put(db, data, FULL))
}

/// Renews the MAC of every counter with the current data key. A counter whose old MAC is wrong becomes 0.
pub(super) fn renew_counters(db: &Connection, data: &DataKeys) -> Result<(), Error> {
    let Some((_, before)) = data.older.first() else { return Ok(()) };
    for counter in Counter::ALL {
        counter.put(db, &data.current, counter.read(db, before)?)?;
    }
    for staff in everybody(db)? {
        put_tries(db, &data.current, staff, read_tries(db, before, staff)?.unwrap_or(0))?;
    }
    Ok(())
}

/// Replaces the MACs of a file that was just migrated from version 1 or 2. Returns `false` if its old MAC is wrong.
pub(super) fn adopt(change: &Transaction<'_>, data: &DataKey, name: &str, before: Before) -> Result<bool, Error> {
    if meta(change, "proof")?.unwrap_or_default() != of_everything(change, data, &OLDER_TABLES)? {
        return Ok(false);
    }
    put_meta(change, "kisi_name", name.as_bytes())?;
    // Those versions did not note that they had created a log.
    if before.has_log {
        put_meta(change, LOG_BEGUN, &[1])?;
    }
    // Those versions stored a counter when it was first used. A stored one already has its MAC.
    for counter in Counter::ALL {
        if meta(change, counter.key)?.is_none() {
            counter.put(change, data, FULL)?;
        }
    }
    for staff in everybody(change)? {
        let sql = "SELECT tries_left FROM staff WHERE id = ?1";
        let left: Option<u32> = change.query_row(sql, [staff.get()], |row| row.get(0))?;
        put_tries(change, data, staff, left.unwrap_or(FULL))?;
    }
    prove(change, data)?;
    Ok(true)
}

/// Updates the MAC of the touched person's row and the MAC over all rows, then commits.
pub(super) fn commit(change: Transaction<'_>, data: &DataKey, touched: Option<StaffId>) -> Result<(), Error> {
    if let Some(staff) = touched
        && let Some(proof) = of_person(&change, data, staff)?
    {
        let _ = change.execute("UPDATE staff SET proof = ?2 WHERE id = ?1", params![staff.get(), proof])?;
    }
    prove(&change, data)?;
    change.commit()?;
    Ok(())
}

/// Updates the MAC over all protected rows.
pub(super) fn prove(change: &Connection, data: &DataKey) -> Result<(), Error> {
    put_meta(change, "proof", &of_everything(change, data, &TABLES)?)
}

/// Recomputes the MACs of all people and of all rows with a new data key.
pub(super) fn prove_all(change: &Connection, data: &DataKey) -> Result<(), Error> {
    for staff in everybody(change)? {
        let proof = of_person(change, data, staff)?;
        let _ = change.execute("UPDATE staff SET proof = ?2 WHERE id = ?1", params![staff.get(), proof])?;
    }
    prove(change, data)
}

/// Computes the MAC over all protected rows.
fn of_everything(db: &Connection, data: &DataKey, rows_of: &Proven) -> Result<[u8; 32], Error> {
    let mut streaming_mac = data.streaming_mac(rows_of.label);
    for table in rows_of.tables {
        let mut select = db.prepare(table)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            add_row(&mut streaming_mac, row)?;
        }
        streaming_mac.update(&[0xff]);
    }
    Ok(streaming_mac.finalize().into_bytes().into())
}

fn of_person(db: &Connection, data: &DataKey, staff: StaffId) -> Result<Option<[u8; 32]>, Error> {
    let mut select = db.prepare_cached(PERSON)?;
    let mut rows = select.query([staff.get()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut streaming_mac = data.streaming_mac(b"vestibule/person/v1");
    add_row(&mut streaming_mac, row)?;
    Ok(Some(streaming_mac.finalize().into_bytes().into()))
}

/// Adds each value with its type and length, so that no byte can move from one column to the next.
fn add_row(streaming_mac: &mut Hmac<Sha256>, row: &rusqlite::Row<'_>) -> Result<(), Error> {
    let columns = row.as_ref().column_count();
    for at in 0..columns {
        let number;
        let (kind, bytes) = match row.get_ref(at)? {
            ValueRef::Null => (0, &[][..]),
            ValueRef::Integer(value) => {
                number = value.to_be_bytes();
                (1, &number[..])
            }
            ValueRef::Real(value) => {
                number = value.to_be_bytes();
                (2, &number[..])
            }
            ValueRef::Text(bytes) => (3, bytes),
            ValueRef::Blob(bytes) => (4, bytes),
        };
        streaming_mac.update(&[kind]);
        streaming_mac.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        streaming_mac.update(bytes);
    }
    streaming_mac.update(&[0xfe]);
    Ok(())
}

pub(super) fn meta(db: &Connection, key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

pub(super) fn put_meta(db: &Connection, key: &str, value: &[u8]) -> Result<(), Error> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let _ = db.execute(sql, params![key, value])?;
    Ok(())
}

/// Stores the data keys, each wrapped with the device key.
pub(super) fn put_wraps(db: &Connection, key: &DeviceKey, data: &DataKeys) -> Result<(), Error> {
    let _ = db.execute("DELETE FROM meta WHERE key LIKE 'data_key.%'", [])?;
    put_meta(db, "generation", &data.generation.to_be_bytes())?;
    put_meta(db, "data_key", &key.wrap(data.generation, &data.current)?)?;
    let put =
        |(number, older): &(i64, DataKey)| put_meta(db, &format!("data_key.{number}"), &key.wrap(*number, older)?);
    data.older.iter().try_for_each(put)
}
