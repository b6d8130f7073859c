//! That nobody else wrote into the directory: a proof over each person's row, one over everything, and one over the guesses.
//! A whole file that is put back from yesterday is found by the audit log's head, which lies elsewhere.

use hmac::{Hmac, Mac};
use rusqlite::{Connection, OptionalExtension, Transaction, params, types::ValueRef};
use sha2::Sha256;

use super::{Directory, Error, FILE, seal::DataKey};
use crate::{hex, staff::StaffId};

/// What nobody may change from outside, in one order.
const TABLES: [&str; 4] = [
    "SELECT id, email, name, salt, revision, login_id, suspended, proof FROM staff ORDER BY id",
    "SELECT tag, hint, staff_id FROM badges ORDER BY tag",
    "SELECT tag, staff_id FROM pins ORDER BY tag",
    "SELECT staff_id, role, revision, nonce, sealed FROM logins ORDER BY staff_id, role",
];
const PERSON: &str = "SELECT id, email, name, salt, revision, login_id, suspended FROM staff WHERE id = ?1";

impl Directory {
    /// Whether every row is as this program wrote it.
    ///
    /// # Errors
    ///
    /// [`Error::Tampered`] when not.
    pub fn check(&self) -> Result<(), Error> {
        // One point in time: another process may write meanwhile.
        let view = self.db.unchecked_transaction()?;
        let kept = meta(&view, "proof")?.unwrap_or_default();
        if kept == of_everything(&view, &self.data)? { Ok(()) } else { Err(self.tampered()) }
    }

    pub(super) fn tampered(&self) -> Error {
        Error::Tampered { file: self.folder.join(FILE) }
    }

    /// Whether this person's row is as this program wrote it.
    pub(super) fn is_ours(&self, staff: StaffId, proof: Option<&[u8]>) -> Result<bool, Error> {
        Ok(proof.is_some() && proof == of_person(&self.db, &self.data, staff)?.as_ref().map(<[u8; 32]>::as_slice))
    }

    /// How many guesses at the keypad are left, as it was written down last. `None` when it never was; none are left when
    /// somebody else wrote it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn guesses_left(&self) -> Result<Option<u32>, Error> {
        self.number("guesses_left", b"vestibule/guesses/v1")
    }

    /// Writes down how many guesses are left. It is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: nothing may be looked at then.
    pub fn keep_guesses_left(&self, left: u32) -> Result<(), Error> {
        self.keep_number("guesses_left", b"vestibule/guesses/v1", left)
    }

    /// What is left of something that runs out.
    pub(super) fn number(&self, key: &str, label: &[u8]) -> Result<Option<u32>, Error> {
        let Some(kept) = meta(&self.db, key)? else { return Ok(None) };
        let ours = kept.split_first_chunk::<4>().filter(|(left, proof)| **proof == self.data.proof(label, &**left));
        if ours.is_none() {
            tracing::error!(key, "a number was changed from outside: nothing is left");
        }
        Ok(Some(ours.map_or(0, |(left, _)| u32::from_be_bytes(*left))))
    }

    pub(super) fn keep_number(&self, key: &str, label: &[u8], left: u32) -> Result<(), Error> {
        let left = left.to_be_bytes();
        put_meta(&self.db, key, &[&left[..], &self.data.proof(label, &left)].concat())
    }

    /// How many tries at the PIN of this person's badge are left, as it was written down last.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn tries_left(&self, staff: StaffId) -> Result<Option<u32>, Error> {
        let sql = "SELECT tries_left FROM staff WHERE id = ?1";
        let left: Option<Option<i64>> = self.db.query_row(sql, [staff.get()], |row| row.get(0)).optional()?;
        Ok(left.flatten().map(|left| u32::try_from(left).unwrap_or(0)))
    }

    /// Writes them down. On the disk when this returns.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: nothing may be looked at then.
    pub fn keep_tries_left(&self, staff: StaffId, left: u32) -> Result<(), Error> {
        let _ = self.db.execute("UPDATE staff SET tries_left = ?2 WHERE id = ?1", params![staff.get(), left])?;
        Ok(())
    }

    /// Names this kiosk to Kisi: the same as long as the directory lives, and no other's.
    pub fn name(&self) -> String {
        let name = self.data.proof(b"vestibule/name/v1", &[]);
        hex::encode(name.get(..6).unwrap_or_default()).to_string()
    }

    /// A key for the audit log, which lies in the same file.
    pub fn audit_key(&self) -> [u8; 32] {
        *self.data.derive(b"vestibule/audit/v1")
    }
}

/// Ends a change: the rows it touched, and everything, are proven again.
pub(super) fn commit(change: Transaction<'_>, data: &DataKey, touched: Option<StaffId>) -> Result<(), Error> {
    if let Some(staff) = touched
        && let Some(proof) = of_person(&change, data, staff)?
    {
        let _ = change.execute("UPDATE staff SET proof = ?2 WHERE id = ?1", params![staff.get(), proof])?;
    }
    let proof = of_everything(&change, data)?;
    put_meta(&change, "proof", &proof)?;
    change.commit()?;
    Ok(())
}

/// Over every row that only this program may change.
pub(super) fn of_everything(db: &Connection, data: &DataKey) -> Result<[u8; 32], Error> {
    let mut prover = data.prover(b"vestibule/directory/v1");
    for table in TABLES {
        let mut select = db.prepare(table)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            add_row(&mut prover, row)?;
        }
        prover.update(&[0xff]);
    }
    Ok(prover.finalize().into_bytes().into())
}

fn of_person(db: &Connection, data: &DataKey, staff: StaffId) -> Result<Option<[u8; 32]>, Error> {
    let mut select = db.prepare_cached(PERSON)?;
    let mut rows = select.query([staff.get()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut prover = data.prover(b"vestibule/person/v1");
    add_row(&mut prover, row)?;
    Ok(Some(prover.finalize().into_bytes().into()))
}

/// Each value with its kind and length before it, so that nothing can move from one column to the next.
fn add_row(prover: &mut Hmac<Sha256>, row: &rusqlite::Row<'_>) -> Result<(), Error> {
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
        prover.update(&[kind]);
        prover.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        prover.update(bytes);
    }
    prover.update(&[0xfe]);
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
