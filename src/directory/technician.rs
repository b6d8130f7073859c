//! The technician's PIN: issued like anybody's, never a way to sign in. Only a keyed tag of it is kept.

use super::{
    Directory, Error,
    pin::{self, draw},
    proof::{meta, put_meta},
};
use crate::staff::Pin;

/// Where the tag lies.
const TAG: &str = "technician_pin";
/// And the tries that are left.
const TRIES: &str = "technician_tries";

impl Directory {
    /// Draws a PIN, and forgets the one before.
    ///
    /// # Errors
    ///
    /// When there is no randomness, or the file cannot be written.
    ///
    /// # Source
    ///
    /// `threats-and-faults.md`, R1 and T23: at least 8 digits, issued.
    pub fn issue_technician_pin(&mut self) -> Result<Pin, Error> {
        let pin = draw(Pin::TECHNICIAN_DIGITS)?;
        put_meta(&self.db, TAG, &self.technician_tag(&pin)?)?;
        Ok(pin)
    }

    /// Whether this is the technician's PIN. `None` when there is none. It takes as long as anybody's.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn is_technician(&self, pin: &Pin) -> Result<Option<bool>, Error> {
        let tag = self.technician_tag(pin)?;
        let kept = meta(&self.db, TAG)?;
        Ok(kept.map(|kept| bool::from(subtle::ConstantTimeEq::ct_eq(&kept[..], &tag[..]))))
    }

    /// Whether there is a technician's PIN.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn has_technician(&self) -> Result<bool, Error> {
        Ok(meta(&self.db, TAG)?.is_some())
    }

    /// How many tries at it are left, as it was written down last. `None` when it never was; none are left when somebody else
    /// wrote it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn technician_tries(&self) -> Result<Option<u32>, Error> {
        self.number(TRIES, b"vestibule/technician-tries/v1")
    }

    /// Writes them down. On the disk when this returns.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: nothing may be looked at then.
    pub fn keep_technician_tries(&self, left: u32) -> Result<(), Error> {
        self.keep_number(TRIES, b"vestibule/technician-tries/v1", left)
    }

    fn technician_tag(&self, pin: &Pin) -> Result<[u8; 32], Error> {
        Ok(self.data.technician_tag(&pin::stretch(pin, &self.salt, self.cost)?))
    }
}
