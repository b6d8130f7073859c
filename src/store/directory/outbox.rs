//! Outbox of work at Kisi: logins that may have been created, and logins to delete. An entry is on disk before the first
//! step and is deleted with the last one. A crash in between leaves an entry instead of a stray login.

use rusqlite::{Transaction, params};

use super::{Directory, Error, Touched};

/// Identifies an outbox entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxId(i64);

/// An outbox entry: work to do at Kisi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Row in the outbox.
    pub id: OutboxId,
    /// E-mail address of the person whose login it is.
    pub email: String,
    /// The work to do.
    pub kind: OutboxKind,
}

/// The kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxKind {
    /// A login was requested. Unless a command is running, it is unknown whether Kisi created it.
    Make,
    /// Delete the login with this id at Kisi. It is no longer used here.
    Delete(u64),
}

impl Directory {
    /// The work that is left to do at Kisi.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox { directory: self }
    }
}

/// The outbox, in the file.
#[derive(Debug)]
pub struct Outbox<'a> {
    directory: &'a Directory,
}

impl Outbox<'_> {
    /// Adds an entry. Call this before a login is created for this person.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: no login may be created then.
    pub fn note_making(&self, email: &str) -> Result<OutboxId, Error> {
        let change = self.directory.begin()?;
        let _ = change.execute("INSERT INTO errands (kind, email) VALUES ('make', ?1)", [email])?;
        let id = change.last_insert_rowid();
        self.directory.commit(change, Touched::Nobody)?;
        Ok(OutboxId(id))
    }

    /// Turns the entry into the deletion of a login that was created but will not be used.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn note_stray(&self, entry: OutboxId, login: u64) -> Result<(), Error> {
        let sql = "UPDATE errands SET kind = 'delete', login_id = ?2 WHERE id = ?1";
        let change = self.directory.begin()?;
        let _ = change.execute(sql, params![entry.0, login.cast_signed()])?;
        self.directory.commit(change, Touched::Nobody)
    }

    /// Deletes an entry whose work is done or not needed.
    ///
    /// # Errors
    ///
    /// When the file cannot be written. The entry remains then.
    pub fn done(&self, entry: OutboxId) -> Result<(), Error> {
        let change = self.directory.begin()?;
        made(&change, entry)?;
        self.directory.commit(change, Touched::Nobody)
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn entries(&self) -> Result<Vec<OutboxEntry>, Error> {
        let mut select = self.directory.db.prepare("SELECT id, email, login_id FROM errands ORDER BY id")?;
        let entries = select.query_map([], |row| {
            let login: Option<i64> = row.get(2)?;
            let kind = login.map_or(OutboxKind::Make, |login| OutboxKind::Delete(login.cast_unsigned()));
            Ok(OutboxEntry { id: OutboxId(row.get(0)?), email: row.get(1)?, kind })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

/// Adds the deletion of a login, in the transaction that removes the login here.
pub(super) fn note_deletion(change: &Transaction<'_>, email: &str, login: i64) -> Result<(), Error> {
    let sql = "INSERT INTO errands (kind, email, login_id) VALUES ('delete', ?1, ?2)";
    let _ = change.execute(sql, params![email, login])?;
    Ok(())
}

/// Deletes the entry, in the transaction that stores the created login.
pub(super) fn made(change: &Transaction<'_>, entry: OutboxId) -> Result<(), Error> {
    let _ = change.execute("DELETE FROM errands WHERE id = ?1", [entry.0])?;
    Ok(())
}
