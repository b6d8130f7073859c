//! What a kiosk needs to be in a fleet: secrets that belong to this machine, so that its device key seals them.

use rusqlite::Connection;
use zeroize::Zeroizing;

use super::{
    DeviceKey, Directory, Error, Touched,
    meta::{meta, put_meta},
};

/// Name of the row.
const NAME: &str = "fleet";
/// Name of the row with what is known of the fleet.
const STATE: &str = "fleet_state";

impl Directory {
    /// The secrets of a fleet that [`Self::keep_fleet_secrets`] stored. `None` if there are none, or if they are another
    /// machine's, as after a restore.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn fleet_secrets(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        Ok(meta(&self.db, NAME)?.and_then(|sealed| self.key.open_fleet(&sealed)))
    }

    /// What [`Self::keep_fleet_state`] stored last.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn fleet_state(&self) -> Result<Option<Vec<u8>>, Error> {
        meta(&self.db, STATE)
    }

    /// Stores what the kiosk knows of its fleet: nothing secret, and nothing that has a MAC.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn keep_fleet_state(&self, state: &[u8]) -> Result<(), Error> {
        put_meta(&self.db, STATE, state)
    }

    /// Stores the secrets of a fleet, sealed with the device key.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn keep_fleet_secrets(&self, secrets: &[u8]) -> Result<(), Error> {
        let change = self.begin()?;
        put(&change, &self.key, secrets)?;
        self.commit(change, Touched::Nobody)
    }
}

/// Stores the secrets of a fleet.
pub(super) fn put(db: &Connection, key: &DeviceKey, secrets: &[u8]) -> Result<(), Error> {
    put_meta(db, NAME, &key.seal_fleet(secrets)?)
}

/// Seals them with the next device key.
pub(super) fn reseal(db: &Connection, key: &DeviceKey, next: &DeviceKey) -> Result<(), Error> {
    let Some(secrets) = meta(db, NAME)?.and_then(|sealed| key.open_fleet(&sealed)) else { return Ok(()) };
    put_meta(db, NAME, &next.seal_fleet(&secrets)?)
}
