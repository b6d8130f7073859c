//! Counters of remaining attempts: guesses at the keypad, lookups of unknown badges, tries at a person's and at the technician's PIN.
//! Each has a MAC; a counter that is missing or was changed from outside counts as 0.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Directory, Error,
    data_keys::DataKeys,
    integrity::everybody,
    meta::{meta, put_meta},
    seal::DataKey,
};
use crate::staff::StaffId;

/// A counter that was never used: the limit in the configuration applies.
const FULL: u32 = u32::MAX;

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
    /// The counters of remaining attempts.
    pub fn counters(&self) -> Counters<'_> {
        Counters { db: &self.db, data: &self.data.current }
    }
}

/// The counters of remaining attempts, in the file.
#[derive(Debug)]
pub struct Counters<'a> {
    db: &'a Connection,
    data: &'a DataKey,
}

impl Counters<'_> {
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
    fn number(&self, counter: Counter) -> Result<Option<u32>, Error> {
        Ok(Some(counter.read(self.db, self.data)?).filter(|left| *left != FULL))
    }

    fn keep_number(&self, counter: Counter, left: u32) -> Result<(), Error> {
        counter.put(self.db, self.data, left)
    }

    /// The stored number of tries left at this person's PIN after their badge. `None` when none was used since their login
    /// was created. 0 when the counter is missing or was changed from outside.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn tries_left(&self, staff: StaffId) -> Result<Option<u32>, Error> {
        Ok(read_tries(self.db, self.data, staff)?.filter(|left| *left != FULL))
    }

    /// Stores the number of tries left, durably.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: the caller must not check a PIN then.
    pub fn keep_tries_left(&self, staff: StaffId, left: u32) -> Result<(), Error> {
        put_tries(self.db, self.data, staff, left)
    }

    /// Sets all counters to 0. The attempts come back over time.
    pub(super) fn empty_budgets(&self) -> Result<(), Error> {
        let change = self.db.unchecked_transaction()?;
        for counter in Counter::ALL {
            counter.put(&change, self.data, 0)?;
        }
        for staff in everybody(&change)? {
            put_tries(&change, self.data, staff, 0)?;
        }
        change.commit()?;
        Ok(())
    }

    /// The stored number of tries left at the PIN. `None` when none was ever used. 0 when the counter is missing or was
    /// changed from outside.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn technician_tries(&self) -> Result<Option<u32>, Error> {
        self.number(Counter::TECHNICIAN)
    }

    /// Stores the number of tries left, durably.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: the caller must not check a PIN then.
    pub fn keep_technician_tries(&self, left: u32) -> Result<(), Error> {
        self.keep_number(Counter::TECHNICIAN, left)
    }
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

/// Gives a MAC to the counters of a file of schema version 1 or 2.
pub(super) fn begin_missing(change: &Connection, data: &DataKey) -> Result<(), Error> {
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
    Ok(())
}
