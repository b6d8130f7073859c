//! The audit records of kiosks, as admins' machines read them.

use super::{Connection, Error, rows};

/// Records in one answer of the database.
const PAGE: i32 = 2_000;

/// Where the records of a kiosk begin and end: numbers, and the hashes of their chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Before the first record.
    pub before: (u64, [u8; 32]),
    /// The last record.
    pub last: (u64, [u8; 32]),
}

impl Connection {
    /// Begins to read as of one moment, until [`Self::end_snapshot`].
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn begin_snapshot(&self) -> Result<(), Error> {
        Ok(self.client().batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }

    /// Ends reading as of one moment.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn end_snapshot(&self) -> Result<(), Error> {
        Ok(self.client().batch_execute("COMMIT").await?)
    }

    /// Where the records of the kiosk with this role begin and end.
    ///
    /// # Errors
    ///
    /// What the database says, also when it has no such kiosk.
    pub async fn chain(&self, role: &str) -> Result<Chain, Error> {
        let sql = "SELECT first_number, first_hash, number, hash FROM vestibule_api.chain($1::text::name)";
        let row = self.client().query_one(sql, &[&role]).await?;
        let number = |index: usize| rows::number(row.try_get(index)?);
        let hash = |index: usize| rows::bytes_32(row.try_get(index)?);
        Ok(Chain { before: (number(0)?, hash(1)?), last: (number(2)?, hash(3)?) })
    }

    /// Some records of that kiosk after the one with this number, in order, each with its number. None after the last one.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn records_after(&self, role: &str, after: u64) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let sql = "SELECT number, record FROM vestibule_api.records($1::text::name, $2, $3)";
        let rows = self.client().query(sql, &[&role, &after.cast_signed(), &PAGE]).await?;
        rows.iter().map(|row| Ok((rows::number(row.try_get(0)?)?, row.try_get(1)?))).collect()
    }
}
