//! The technician's PIN. It is issued like any other PIN, but never signs anybody in. Only a keyed tag of it is stored.

use std::io;

use super::{
    Directory, Error, Touched,
    meta::{meta, put_meta},
    pin::{self, draw},
    seal::PinHash,
};
use crate::staff::Pin;

/// Key of the `meta` row with the tag and the generation of the data key that made it.
pub(super) const TAG: &str = "technician_pin";

/// The data key generation of a stored tag; 1 for a tag without one.
pub(super) fn generation(kept: &[u8]) -> i64 {
    let number = kept.get(32..).and_then(|rest| <[u8; 8]>::try_from(rest).ok());
    number.map_or(1, i64::from_be_bytes)
}

impl Directory {
    /// Draws a PIN, shows it, and replaces the current one. A PIN that cannot be shown is not issued.
    ///
    /// # Errors
    ///
    /// When the operating system returns no random bytes, the file cannot be written, or the PIN cannot be shown. The
    /// old PIN remains valid then.
    ///
    /// # Source
    ///
    /// `threats.md`, R1 and T23: at least 8 digits, issued.
    pub fn issue_technician_pin(&mut self, show: &mut dyn FnMut(&Pin) -> io::Result<()>) -> Result<Pin, Error> {
        let pin = draw(Pin::TECHNICIAN_DIGITS)?;
        let stretched = pin::stretch(&pin, &self.salt, self.cost)?;
        show(&pin).map_err(Error::NotShown)?;
        self.put_technician(&stretched)?;
        Ok(pin)
    }

    /// Whether this is the technician's PIN. `None` when none is set. It takes as long as checking anybody's PIN.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn is_technician(&self, pin: &Pin) -> Result<Option<bool>, Error> {
        let stretched: PinHash = pin::stretch(pin, &self.salt, self.cost)?;
        let Some(kept) = meta(&self.db, TAG)? else { return Ok(None) };
        let generation = generation(&kept);
        let Some(key) = self.data.of(generation) else { return Ok(Some(false)) };
        let is_right =
            subtle::ConstantTimeEq::ct_eq(kept.get(..32).unwrap_or_default(), &key.technician_tag(&stretched)[..]);
        let is_right = bool::from(is_right);
        if is_right && generation != self.data.generation {
            self.put_technician(&stretched)?;
            self.forget_unused_keys()?;
        }
        Ok(Some(is_right))
    }

    fn put_technician(&self, stretched: &PinHash) -> Result<(), Error> {
        let change = self.begin()?;
        put_meta(&change, TAG, &tag(self.data.generation, &self.data.current.technician_tag(stretched)))?;
        self.commit(change, Touched::Nobody)
    }

    /// Whether a technician's PIN is set.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn has_technician(&self) -> Result<bool, Error> {
        Ok(meta(&self.db, TAG)?.is_some())
    }
}

fn tag(generation: i64, tag: &[u8; 32]) -> Vec<u8> {
    [&tag[..], &generation.to_be_bytes()].concat()
}
