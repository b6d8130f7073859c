//! Owns the SQLite file in the data folder: opening it, beginning transactions, and its schema. The staff directory and
//! the audit log build on it, each with its own tables and errors.

pub mod audit;
pub mod directory;
pub mod door_memory;
mod schema;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior, config::DbConfig};

use crate::private_files;

/// Name of the file in the data folder.
const FILE: &str = "directory.sqlite";
/// Longest wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// Errors of the file itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be created, or its mode cannot be set.
    #[error("`{}` cannot be written", file.display())]
    File {
        /// Path of the database.
        file: PathBuf,
        /// The I/O error.
        #[source]
        source: io::Error,
    },
    /// SQLite failed.
    #[error("the directory cannot be read or written")]
    Database(#[from] rusqlite::Error),
    /// A newer program wrote the file.
    #[error(
        "the directory has schema version {version}, but this program supports {known} at most: install a newer version"
    )]
    TooNew {
        /// Schema version of the file.
        version: i64,
        /// Newest version that this program knows.
        known: i64,
    },
}

/// Opens the file in this folder, or creates an empty one, readable by this account only.
fn open(folder: &Path) -> Result<Connection, Error> {
    let file = folder.join(FILE);
    close_files(&file)?;
    let db = Connection::open(&file)?;
    db.busy_timeout(BUSY)?;
    // A trigger added from outside could change rows inside our transactions, and our MACs would then cover the changed
    // rows.
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Otherwise SQLite plans a cached statement again for each bound value: half of a sign-in's time besides the hash.
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let _: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")?;
    Ok(db)
}

/// Begins a write transaction. Waits up to [`BUSY`] while another process writes.
fn begin(db: &Connection) -> Result<Transaction<'_>, rusqlite::Error> {
    Transaction::new_unchecked(db, TransactionBehavior::Immediate)
}

/// Sets mode 0600 on the database and its `-wal` and `-shm` files before anything is written. SQLite creates the latter
/// two with the database's mode.
fn close_files(file: &Path) -> Result<(), Error> {
    let failed = |source| Error::File { file: file.to_owned(), source };
    // Do not open an existing file: closing it would release the locks that SQLite holds in this process.
    if !file.exists() {
        let _ = private_files::create_new(file).map_err(failed)?;
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(suffix);
        private_files::close(Path::new(&beside)).map_err(failed)?;
    }
    Ok(())
}
