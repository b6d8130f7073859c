//! Upgrades a directory of schema version 1 or 2 after the SQL migration: MACs over more rows, counters with a MAC, and
//! a name.

use rusqlite::Transaction;

use super::{
    Error, LOG_BEGUN,
    counters::begin_missing,
    integrity::{is_proven_as_before, prove},
    meta::put_meta,
    seal::DataKey,
};
use crate::store::schema::Before;

/// Replaces the MACs of a file that was just migrated from version 1 or 2. Returns `false` if its old MAC is wrong.
pub(super) fn adopt(change: &Transaction<'_>, data: &DataKey, name: &str, before: Before) -> Result<bool, Error> {
    if !is_proven_as_before(change, data)? {
        return Ok(false);
    }
    put_meta(change, "kisi_name", name.as_bytes())?;
    // Those versions did not note that they had created a log.
    if before.has_log {
        put_meta(change, LOG_BEGUN, &[1])?;
    }
    begin_missing(change, data)?;
    prove(change, data)?;
    Ok(true)
}
