//! The database schema and its migrations, for the tables of the directory and of the audit log.

use rusqlite::{OptionalExtension, Transaction};

use super::Error;

/// The migrations. A file's schema version is the number of migrations applied to it. Never change a released
/// migration.
const STEPS: [&str; 6] = [
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
    // Each row stores the generation of the data key it uses. Badge numbers are stored sealed, so that a new data key
    // can index them. Counters of tries get a MAC; `tries_left` is read only while an older file is migrated.
    "
ALTER TABLE badges ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE badges ADD COLUMN sealed BLOB;
ALTER TABLE pins ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE logins ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE staff ADD COLUMN tries BLOB;
",
    // Versions 1 to 3 created these tables with the first audit log, so a file of theirs may have them.
    "
CREATE TABLE IF NOT EXISTS audit (
    seq       INTEGER PRIMARY KEY NOT NULL,
    at        TEXT NOT NULL,
    action    TEXT NOT NULL,
    staff     INTEGER,
    person    TEXT NOT NULL,
    door      INTEGER,
    door_name TEXT NOT NULL,
    about     TEXT NOT NULL,
    of        INTEGER,
    count     INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    mac       BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_intents ON audit (staff, at) WHERE action = 'unlock-intent';
CREATE INDEX IF NOT EXISTS audit_of ON audit (of) WHERE of IS NOT NULL;
CREATE TABLE IF NOT EXISTS audit_anchors (
    name   TEXT PRIMARY KEY NOT NULL CHECK (name IN ('first', 'next')),
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS audit_pending (
    id     INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    sealed BLOB NOT NULL
) STRICT;
",
    // The doors of each person's last visit. The seal is all their protection, so no MAC covers them.
    "
CREATE TABLE last_doors (
    staff_id INTEGER PRIMARY KEY NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    sealed   BLOB NOT NULL
) STRICT;
",
    // People whose rows a fleet's database handed over: when, in milliseconds, and in which version.
    "
CREATE TABLE copies (
    staff_id INTEGER PRIMARY KEY NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    version  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    mac      BLOB NOT NULL
) STRICT;
",
];

/// The state of a file before its migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before {
    /// The schema version. 0 for an empty file.
    pub(super) version: i64,
    /// Whether it had the audit log's tables.
    pub(super) has_log: bool,
}

/// Migrates the file to the current version.
///
/// # Errors
///
/// [`Error::TooNew`] when a newer program wrote it.
pub(super) fn migrate(change: &Transaction<'_>) -> Result<Before, Error> {
    let version: i64 = change.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'audit_anchors'";
    let has_log = change.query_row(sql, [], |_| Ok(())).optional()?.is_some();
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let missing = usize::try_from(version).ok().and_then(|taken| STEPS.get(taken..));
    for sql in missing.ok_or(Error::TooNew { version, known })? {
        change.execute_batch(sql)?;
    }
    if version != known {
        change.pragma_update(None, "user_version", known)?;
    }
    Ok(Before { version, has_log })
}
