//! Where the people of a fleet are kept. On an admin's machine the directory holds a copy of whom a command is about: read
//! before the change, and handed back with it.

use std::fmt;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{Directory, Error, FleetKeys, Person, copies, seal::PinHash};
use crate::staff::{Badge, PersonRows, StaffId};

/// The list of a fleet's people. What it returns and takes is sealed.
pub trait Origin: fmt::Debug + Send {
    /// A number for somebody new. It is never given twice.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]
    fn next_staff(&self) -> Result<StaffId, Error>;
    /// Everything of the person with this e-mail address, and the version of it.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]
    fn person(&self, email: &str) -> Result<Option<(PersonRows, i64)>, Error>;
    /// Whether a PIN with one of these indexes is somebody's.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]
    fn is_pin_taken(&self, tags: &[[u8; 32]]) -> Result<bool, Error>;
    /// Whose badge has one of these indexes: their number and e-mail address.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]
    fn badge_owner(&self, tags: &[[u8; 32]]) -> Result<Option<(StaffId, String)>, Error>;
    /// Replaces everything of a person. `expected` is the version that was read; `None` for somebody new. Returns the new
    /// version.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]; nothing was changed then.
    fn put(&self, rows: &PersonRows, expected: Option<i64>) -> Result<i64, Error>;
    /// Removes a person.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]
    fn remove(&self, staff: StaffId) -> Result<(), Error>;
    /// Everybody, sorted by name.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]
    fn people(&self) -> Result<Vec<Person>, Error>;
    /// How many people have a PIN, and how many badges there are.
    ///
    /// # Errors
    ///
    /// [`Error::Fleet`]
    fn counts(&self) -> Result<(u32, u32), Error>;
}

/// The fleet whose people this directory holds copies of.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) keys: FleetKeys,
    /// `None` at a kiosk, which may change nobody.
    pub(super) origin: Option<Box<dyn Origin>>,
}

/// Whom a change of the directory is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touched {
    Nobody,
    Person(StaffId),
    Removed(StaffId),
}

impl Directory {
    /// Uses the keys of a fleet for people from now on. Without an `origin`, nobody can be changed.
    pub fn enter_fleet(&mut self, keys: FleetKeys, origin: Option<Box<dyn Origin>>) {
        self.fleet = Some(Fleet { keys, origin });
    }

    pub(super) fn origin(&self) -> Option<&dyn Origin> {
        self.fleet.as_ref()?.origin.as_deref()
    }

    /// Reads the person with this e-mail address from the fleet's list, if there is one.
    pub(super) fn fetch(&self, email: &str) -> Result<(), Error> {
        let Some(origin) = self.origin() else { return Ok(()) };
        match origin.person(email)? {
            Some((rows, version)) => self.keep_copy(&rows, version, Timestamp::UNIX_EPOCH),
            None => self.forget_copy_of(email),
        }
    }

    /// Hands the changed rows of a person to the fleet's list, before they are committed here.
    pub(super) fn hand_over(&self, change: &Connection, touched: Touched) -> Result<(), Error> {
        let Some(origin) = self.origin() else { return Ok(()) };
        match touched {
            Touched::Nobody => Ok(()),
            Touched::Removed(staff) => origin.remove(staff),
            Touched::Person(staff) => {
                let rows = self.rows_of(change, staff)?.ok_or_else(|| self.tampered())?;
                let version = origin.put(&rows, copies::version(change, staff)?)?;
                copies::put_copy(change, &self.data.current, staff, version, Timestamp::UNIX_EPOCH)
            }
        }
    }

    /// Whether a PIN is somebody's, with any of the data keys.
    pub(super) fn is_pin_taken(&self, stretched: &PinHash) -> Result<bool, Error> {
        let Some(origin) = self.origin() else {
            return Ok(super::pin_owner(&self.db, self.people().data, stretched)?.is_some());
        };
        let tags: Vec<_> = self.people().data.all().into_iter().map(|(_, key)| key.pin_tag(stretched)).collect();
        origin.is_pin_taken(&tags)
    }

    /// Whose badge this is in the fleet's list, if there is one.
    pub(super) fn badge_owner_elsewhere(&self, badge: &Badge) -> Result<Option<String>, Error> {
        let Some(origin) = self.origin() else { return Ok(None) };
        let tags: Vec<_> = self.people().data.all().into_iter().map(|(_, key)| key.badge_tag(badge)).collect();
        Ok(origin.badge_owner(&tags)?.map(|(_, email)| email))
    }
}
