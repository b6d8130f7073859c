//! Schema and migrations.

use rusqlite::{Connection, Transaction, config::DbConfig};

use super::Error;

/// Migrations. A file's schema version is the number of migrations applied to it. A released migration is never changed.
const STEPS: [&str; 3] = [
    "
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE staff (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    email    TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name     TEXT NOT NULL,
    salt     BLOB NOT NULL CHECK (length(salt) = 16),
    -- Counts the logins this person has had.
    revision INTEGER NOT NULL,
    login_id INTEGER NOT NULL,
    suspended INTEGER NOT NULL DEFAULT 0,
    -- Kisi refused the login when it was used last.
    refused  INTEGER NOT NULL DEFAULT 0,
    -- At the PIN of a badge.
    tries_left INTEGER,
    proof    BLOB
) STRICT;

CREATE TABLE badges (
    tag      BLOB PRIMARY KEY NOT NULL CHECK (length(tag) = 32),
    hint     TEXT NOT NULL,
    staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX badges_of_staff ON badges (staff_id);

CREATE TABLE pins (
    tag      BLOB PRIMARY KEY NOT NULL CHECK (length(tag) = 32),
    staff_id INTEGER NOT NULL UNIQUE REFERENCES staff (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE logins (
    staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    role     TEXT NOT NULL CHECK (role IN ('pin', 'device')),
    revision INTEGER NOT NULL,
    nonce    BLOB NOT NULL CHECK (length(nonce) = 24),
    sealed   BLOB NOT NULL,
    PRIMARY KEY (staff_id, role)
) STRICT;

CREATE TABLE errands (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL CHECK (kind IN ('make', 'delete')),
    email    TEXT NOT NULL COLLATE NOCASE,
    login_id INTEGER
) STRICT;
",
    // The language a person chose. Nothing depends on it, so no MAC covers it.
    "ALTER TABLE staff ADD COLUMN language TEXT;",
    // Each row stores the generation of the data key it uses. Badge numbers are stored sealed, so that a new data key can
    // index them. Counters of tries get a MAC; `tries_left` is read only while an older file is migrated.
    "
ALTER TABLE badges ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE badges ADD COLUMN sealed BLOB;
ALTER TABLE pins ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE logins ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE staff ADD COLUMN tries BLOB;
",
];

/// Sets up a connection.
pub(super) fn prepare(db: &Connection) -> Result<(), Error> {
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    // A trigger added from outside could change rows inside our transactions, and our MACs would then cover the changed
    // rows.
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Otherwise SQLite plans a cached statement again for each bound value: half of a sign-in's time besides the hash.
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let _: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")?;
    Ok(())
}

/// Migrates the file to the current version. Returns the version it had before.
pub(super) fn migrate(change: &Transaction<'_>) -> Result<i64, Error> {
    let version: i64 = change.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let missing = usize::try_from(version).ok().and_then(|taken| STEPS.get(taken..));
    for sql in missing.ok_or(Error::TooNew { version, known })? {
        change.execute_batch(sql)?;
    }
    if version != known {
        change.pragma_update(None, "user_version", known)?;
    }
    Ok(version)
}
