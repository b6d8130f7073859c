//! Integrity of the directory: a MAC over each person's row, and one over all rows. The audit log's head, which is
//! stored outside the file, reveals a rollback of the whole file.

use hmac::{Hmac, Mac};
use rusqlite::{Connection, Transaction, params, types::ValueRef};
use sha2::Sha256;

use super::{
    Directory, Error, FILE, Touched, data_keys,
    meta::{meta, put_meta},
    seal::DataKey,
};
use crate::{staff::StaffId, store};

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
        if data_keys::generation(&change)? != self.data.generation
            || meta(&change, "key_id")?.as_deref() != Some(&self.key.id()[..])
        {
            return Err(Error::Stale { file: self.folder.join(FILE) });
        }
        if !is_proven(&change, &self.data.current)? {
            return Err(self.tampered());
        }
        Ok(change)
    }

    pub(super) fn tampered(&self) -> Error {
        Error::Tampered { file: self.folder.join(FILE) }
    }

    /// Updates the MAC of the touched person's row and the MAC over all rows, hands the person to the fleet's list if they are
    /// kept there, then commits.
    pub(super) fn commit(&self, change: Transaction<'_>, touched: Touched) -> Result<(), Error> {
        if let Touched::Person(staff) = touched {
            prove_person(&change, &self.people().data.current, staff)?;
        }
        self.hand_over(&change, touched)?;
        prove(&change, &self.data.current)?;
        change.commit()?;
        Ok(())
    }

    /// Whether `proof` is the MAC of this person's row.
    pub(super) fn is_ours(&self, staff: StaffId, proof: Option<&[u8]>) -> Result<bool, Error> {
        let found = of_person(&self.db, &self.people().data.current, staff)?;
        Ok(proof.is_some() && proof == found.as_ref().map(<[u8; 32]>::as_slice))
    }
}

/// Whether the MAC that schema versions 1 and 2 wrote is right.
pub(super) fn is_proven_as_before(db: &Connection, data: &DataKey) -> Result<bool, Error> {
    Ok(meta(db, "proof")?.unwrap_or_default() == of_everything(db, data, &OLDER_TABLES)?)
}

/// Whether the MAC over all protected rows is right.
pub(super) fn is_proven(db: &Connection, data: &DataKey) -> Result<bool, Error> {
    Ok(meta(db, "proof")?.unwrap_or_default() == of_everything(db, data, &TABLES)?)
}

/// Updates the MAC over all protected rows.
pub(super) fn prove(change: &Connection, data: &DataKey) -> Result<(), Error> {
    put_meta(change, "proof", &of_everything(change, data, &TABLES)?)
}

/// Recomputes the MACs of all people and of all rows with a new data key.
pub(super) fn prove_all(change: &Connection, data: &DataKey) -> Result<(), Error> {
    for staff in everybody(change)? {
        prove_person(change, data, staff)?;
    }
    prove(change, data)
}

/// Updates the MAC of a person's row, unless the person was removed.
fn prove_person(change: &Connection, data: &DataKey, staff: StaffId) -> Result<(), Error> {
    if let Some(proof) = of_person(change, data, staff)? {
        let _ = change.execute("UPDATE staff SET proof = ?2 WHERE id = ?1", params![staff.get(), proof])?;
    }
    Ok(())
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

pub(super) fn of_person(db: &Connection, data: &DataKey, staff: StaffId) -> Result<Option<[u8; 32]>, Error> {
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

pub(super) fn everybody(db: &Connection) -> Result<Vec<StaffId>, Error> {
    let mut select = db.prepare("SELECT id FROM staff")?;
    let people = select.query_map([], |row| Ok(StaffId::new(row.get(0)?)))?;
    Ok(people.collect::<Result<_, _>>()?)
}
