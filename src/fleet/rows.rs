//! Somebody's rows, as the database returns them.

use tokio_postgres::Row;

use super::Error;
use crate::staff::{PersonRows, StaffId};

/// The columns that [`person`] and [`version`] read. They come first.
pub(super) const PERSON: &str =
    "staff, email, name, salt, revision, login_id, suspended, proof, language, refused, version";
/// Number of columns in [`PERSON`].
pub(super) const WIDTH: usize = 11;

/// The person of a row, without PINs, badges and logins.
pub(super) fn person(row: &Row) -> Result<PersonRows, Error> {
    Ok(PersonRows {
        staff: StaffId::new(row.try_get(0)?),
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        salt: row.try_get(3)?,
        revision: row.try_get(4)?,
        login_id: row.try_get::<_, i64>(5)?.cast_unsigned(),
        is_suspended: row.try_get(6)?,
        proof: row.try_get(7)?,
        language: row.try_get(8)?,
        is_refused: row.try_get(9)?,
        pins: Vec::new(),
        badges: Vec::new(),
        logins: Vec::new(),
    })
}

/// The version of a row.
pub(super) fn version(row: &Row) -> Result<i64, Error> {
    Ok(row.try_get(10)?)
}

/// 32 bytes: a blind index or a hash.
pub(super) fn bytes_32(bytes: &[u8]) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| Error::Answer("an index or a hash that does not have 32 bytes"))
}

/// A number that is not negative.
pub(super) fn count<N: TryInto<u32>>(number: N) -> Result<u32, Error> {
    number.try_into().map_err(|_| Error::Answer("a number out of range"))
}

/// A number of records.
pub(super) fn number(number: i64) -> Result<u64, Error> {
    number.try_into().map_err(|_| Error::Answer("a number out of range"))
}

/// An array column. `None` counts as empty, as `array_agg` returns it.
pub(super) fn array<'a, T>(row: &'a Row, index: usize) -> Result<Vec<T>, Error>
where
    Option<Vec<T>>: tokio_postgres::types::FromSql<'a>,
{
    Ok(row.try_get::<_, Option<Vec<T>>>(index)?.unwrap_or_default())
}

/// Argon2's memory in KiB, passes and lanes.
pub(super) fn cost(row: &Row, index: usize) -> Result<[u32; 3], Error> {
    let cost: Vec<u32> = row.try_get::<_, Vec<i32>>(index)?.into_iter().map(count).collect::<Result<_, _>>()?;
    cost.try_into().map_err(|_| Error::Answer("a cost that is not three numbers"))
}
