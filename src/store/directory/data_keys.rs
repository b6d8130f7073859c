//! The data keys of a directory: one that seals, and older ones that rows still use, each wrapped with the device key.

use rusqlite::Connection;

use super::{
    DeviceKey, Error,
    meta::{meta, put_meta},
    seal::DataKey,
};

/// The current data key, and older ones that rows still use.
#[derive(Debug)]
pub(super) struct DataKeys {
    /// Number of the current key, from 1.
    pub(super) generation: i64,
    /// Seals and indexes new rows.
    pub(super) current: DataKey,
    /// Older keys with their generations, the newest first.
    pub(super) older: Vec<(i64, DataKey)>,
}

impl DataKeys {
    /// The key of a generation. `None` if it was deleted.
    pub(super) fn of(&self, generation: i64) -> Option<&DataKey> {
        self.all().into_iter().find(|(known, _)| *known == generation).map(|(_, key)| key)
    }

    /// All keys, the current one first.
    pub(super) fn all(&self) -> Vec<(i64, &DataKey)> {
        let older = self.older.iter().map(|(generation, key)| (*generation, key));
        std::iter::once((self.generation, &self.current)).chain(older).collect()
    }
}

/// Unwraps the data keys of a directory. `None` when one does not open.
pub(super) fn unwrap(db: &Connection, key: &DeviceKey) -> Result<Option<DataKeys>, Error> {
    let generation = generation(db)?;
    let current = meta(db, "data_key")?.and_then(|wrapped| key.unwrap(generation, &wrapped));
    let Some(current) = current else { return Ok(None) };
    let mut select = db.prepare("SELECT key, value FROM meta WHERE key LIKE 'data_key.%' ORDER BY key DESC")?;
    let mut rows = select.query([])?;
    let mut older = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, wrapped): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let number =
            name.rsplit('.').next().and_then(|number| number.parse().ok()).filter(|number| *number < generation);
        let unwrapped = number.and_then(|number| Some((number, key.unwrap(number, &wrapped)?)));
        match unwrapped {
            Some(known) => older.push(known),
            None => return Ok(None),
        }
    }
    Ok(Some(DataKeys { generation, current, older }))
}

pub(super) fn generation(db: &Connection) -> Result<i64, Error> {
    let kept = meta(db, "generation")?;
    Ok(kept.and_then(|bytes| bytes.try_into().ok()).map_or(1, i64::from_be_bytes))
}

/// Stores the data keys, each wrapped with the device key.
pub(super) fn put_wraps(db: &Connection, key: &DeviceKey, data: &DataKeys) -> Result<(), Error> {
    let _ = db.execute("DELETE FROM meta WHERE key LIKE 'data_key.%'", [])?;
    put_meta(db, "generation", &data.generation.to_be_bytes())?;
    put_meta(db, "data_key", &key.wrap(data.generation, &data.current)?)?;
    let put =
        |(number, older): &(i64, DataKey)| put_meta(db, &format!("data_key.{number}"), &key.wrap(*number, older)?);
    data.older.iter().try_for_each(put)
}
