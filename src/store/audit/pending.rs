//! Refusals that are counted but not yet recorded, saved so that a power cut does not lose them.

use rusqlite::{Connection, OptionalExtension};

use super::{Error, Log};
use crate::crypt::{self, Key, KeyRing};

const PURPOSE: &[u8] = b"vestibule/audit/pending/v1";

impl Log {
    /// Saves the description and number of refusals that are not recorded yet. `None` deletes them.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep_pending(&mut self, refusals: Option<(&str, u32)>) -> Result<(), Error> {
        let Some((about, count)) = refusals else {
            let _ = self.db.prepare_cached("DELETE FROM audit_pending")?.execute([])?;
            return Ok(());
        };
        keep_pending(&self.db, &self.keys.current, about, count)
    }

    /// The refusals that were not recorded when the program stopped.
    ///
    /// # Errors
    ///
    /// When the file cannot be read. [`Error::Tampered`] when the row was changed from outside.
    pub fn pending(&self) -> Result<Option<(String, u32)>, Error> {
        pending(&self.db, &self.keys)
    }
}

pub(super) fn keep_pending(db: &Connection, key: &Key, about: &str, count: u32) -> Result<(), Error> {
    let clear = [&count.to_be_bytes()[..], about.as_bytes()].concat();
    let sealed = crypt::seal(key, PURPOSE, &clear).ok_or(Error::Randomness)?;
    let sql = "INSERT INTO audit_pending (id, sealed) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET sealed = ?1";
    let _ = db.prepare_cached(sql)?.execute([sealed])?;
    Ok(())
}

pub(super) fn pending(db: &Connection, keys: &KeyRing) -> Result<Option<(String, u32)>, Error> {
    let sql = "SELECT sealed FROM audit_pending WHERE id = 1";
    let sealed: Option<Vec<u8>> = db.query_row(sql, [], |row| row.get(0)).optional()?;
    let Some(sealed) = sealed else { return Ok(None) };
    let clear = keys.keys().find_map(|key| crypt::open(key, PURPOSE, &sealed)).ok_or(Error::Tampered)?;
    let (count, about) = clear.split_first_chunk::<4>().ok_or(Error::Tampered)?;
    let about = String::from_utf8(about.to_vec()).map_err(|_| Error::Tampered)?;
    Ok(Some((about, u32::from_be_bytes(*count))))
}
