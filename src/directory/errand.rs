//! What is still to be done at Kisi: logins that may have been made, and logins that must be deleted. An errand is on the disk
//! before the first step, and gone with the last one, so that a crash between leaves a note instead of a stray login.

use rusqlite::{Transaction, params};

use super::{Directory, Error, proof::commit};

/// Names an errand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrandId(i64);

/// Something to be done at Kisi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// Which.
    pub id: ErrandId,
    /// For whom, by e-mail address.
    pub email: String,
    /// What.
    pub kind: ErrandKind,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrandKind {
    /// A login was asked for. Unless that is under way, nobody knows whether it was made.
    Make,
    /// This login is not used here any more.
    Delete(u64),
}

impl Directory {
    /// Notes that a login is about to be made for somebody.
    ///
    /// # Errors
    ///
    /// When it cannot be written: no login may be made then.
    pub fn note_making(&self, email: &str) -> Result<ErrandId, Error> {
        let change = self.begin()?;
        let _ = change.execute("INSERT INTO errands (kind, email) VALUES ('make', ?1)", [email])?;
        let id = change.last_insert_rowid();
        commit(change, &self.data.current, None)?;
        Ok(ErrandId(id))
    }

    /// The login was made, and is to be deleted again: nobody will use it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn note_stray(&self, errand: ErrandId, login: u64) -> Result<(), Error> {
        let sql = "UPDATE errands SET kind = 'delete', login_id = ?2 WHERE id = ?1";
        let change = self.begin()?;
        let _ = change.execute(sql, params![errand.0, login.cast_signed()])?;
        commit(change, &self.data.current, None)
    }

    /// The errand is done, or came to nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be written. It stays an errand then.
    pub fn done(&self, errand: ErrandId) -> Result<(), Error> {
        let change = self.begin()?;
        let _ = change.execute("DELETE FROM errands WHERE id = ?1", [errand.0])?;
        commit(change, &self.data.current, None)
    }

    /// Everything that is still to be done, oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn errands(&self) -> Result<Vec<Errand>, Error> {
        let mut select = self.db.prepare("SELECT id, email, login_id FROM errands ORDER BY id")?;
        let errands = select.query_map([], |row| {
            let login: Option<i64> = row.get(2)?;
            let kind = login.map_or(ErrandKind::Make, |login| ErrandKind::Delete(login.cast_unsigned()));
            Ok(Errand { id: ErrandId(row.get(0)?), email: row.get(1)?, kind })
        })?;
        Ok(errands.collect::<Result<_, _>>()?)
    }
}

/// Notes, in the same change that forgets a login here, that Kisi still has it.
pub(super) fn note_deletion(change: &Transaction<'_>, email: &str, login: i64) -> Result<(), Error> {
    let sql = "INSERT INTO errands (kind, email, login_id) VALUES ('delete', ?1, ?2)";
    let _ = change.execute(sql, params![email, login])?;
    Ok(())
}

/// In the same change that writes a made login down: it is no errand any more.
pub(super) fn made(change: &Transaction<'_>, errand: ErrandId) -> Result<(), Error> {
    let _ = change.execute("DELETE FROM errands WHERE id = ?1", [errand.0])?;
    Ok(())
}
