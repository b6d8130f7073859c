//! The records of a log, to count, to compare and to export: of a kiosk's own log, or of one that it shipped.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{Action, COLUMNS, Error, Record, read};

/// The records of a log.
#[derive(Debug)]
pub struct Records<'a>(pub(super) &'a Connection);

impl Records<'_> {
    /// The records with one of these actions from this time on, in the order in which they were written.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn since(&self, from: Timestamp, actions: &[Action]) -> Result<Vec<Record>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE julianday(?1) <= julianday(at) ORDER BY seq");
        let mut select = self.0.prepare(&sql)?;
        let mut rows = select.query([from.to_string()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let record = read(row)?.record;
            if actions.contains(&record.action) {
                found.push(record);
            }
        }
        Ok(found)
    }
}
