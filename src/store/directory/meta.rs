//! Single values of the directory: the rows of the table `meta`.

use rusqlite::{Connection, OptionalExtension, params};

use super::Error;

pub(super) fn meta(db: &Connection, key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

pub(super) fn put_meta(db: &Connection, key: &str, value: &[u8]) -> Result<(), Error> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let _ = db.execute(sql, params![key, value])?;
    Ok(())
}
