//! Looks up a PIN or badge and opens the person's login. A miss does the same work as a hit.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Directory, Error, FoundPerson,
    data_keys::DataKeys,
    pin,
    seal::{DataKey, PinHash, Role, Sealed, Subject},
};
use crate::{
    language::Language,
    staff::{Badge, BadgeRow, Credential, Pin, PinRow, StaffId},
};

impl Directory {
    /// A tag that recognizes an unknown badge when it is presented again, without storing its number.
    pub fn badge_repeat_tag(&self, badge: &Badge) -> [u8; 32] {
        self.data.current.badge_repeat_tag(badge)
    }

    /// A tag that recognizes a refused PIN when it is entered again, without storing it.
    pub fn repeat_tag(&self, pin: &Pin) -> [u8; 32] {
        self.data.current.repeat_tag(pin)
    }

    /// The slow hash of a PIN.
    pub(super) fn stretch(&self, pin: &Pin) -> Result<PinHash, Error> {
        let keys = self.people();
        pin::stretch(pin, keys.salt, keys.cost)
    }

    /// Hashes the PIN of a credential, if it has one. This takes a quarter of a second.
    ///
    /// # Errors
    ///
    /// [`Error::Hashing`]
    pub fn present(&self, credential: Credential) -> Result<Presented, Error> {
        let stretched = match &credential {
            Credential::Pin(pin) | Credential::BadgeWithPin(_, pin) => Some(self.stretch(pin)?),
            // The technician's PIN has a hash of its own.
            Credential::Badge(_) | Credential::Technician(_) => None,
        };
        Ok(Presented { credential, stretched })
    }

    /// The indexes under which the fleet's list has the owner of this credential, if anybody has it: one for each data key,
    /// the newest first. None for the technician.
    pub fn indexes(&self, presented: &Presented) -> Vec<Index> {
        let of = |key: &DataKey| match (&presented.credential, &presented.stretched) {
            (Credential::Pin(_), Some(pin)) => Some(Index::Pin(key.pin_tag(pin))),
            (Credential::Badge(badge), _) => Some(Index::Badge(key.badge_tag(badge))),
            (Credential::BadgeWithPin(badge, _), Some(pin)) => {
                Some(Index::BadgeWithPin { badge: key.badge_tag(badge), pin: key.pin_tag(pin) })
            }
            (Credential::Pin(_) | Credential::BadgeWithPin(..), None) | (Credential::Technician(_), _) => None,
        };
        self.people().data.all().into_iter().filter_map(|(_, key)| of(key)).collect()
    }

    /// The rows of tags under which a credential's owner was found by [`Self::indexes`], to keep with a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Sealing`]
    pub fn tags_of(
        &self,
        presented: &Presented,
        staff: StaffId,
        found: Index,
    ) -> Result<(Vec<PinRow>, Vec<BadgeRow>), Error> {
        let data = self.people().data;
        let made_by = |index: &dyn Fn(&DataKey) -> [u8; 32], tag| {
            data.all()
                .into_iter()
                .find(|(_, key)| index(key) == tag)
                .map_or(data.generation, |(generation, _)| generation)
        };
        Ok(match (&presented.credential, &presented.stretched, found) {
            (Credential::Pin(_), Some(pin), Index::Pin(tag)) => {
                let generation = made_by(&|key| key.pin_tag(pin), tag);
                (vec![PinRow { tag, generation }], Vec::new())
            }
            (
                Credential::Badge(badge) | Credential::BadgeWithPin(badge, _),
                _,
                Index::Badge(tag) | Index::BadgeWithPin { badge: tag, .. },
            ) => {
                let generation = made_by(&|key| key.badge_tag(badge), tag);
                let key = data.of(generation).unwrap_or(&data.current);
                let sealed = Some(key.seal_badge(staff, badge)?);
                (Vec::new(), vec![BadgeRow { tag, hint: badge.hint().to_owned(), generation, sealed }])
            }
            _ => (Vec::new(), Vec::new()),
        })
    }

    /// Finds the person with this credential. `None` for an unknown PIN or badge. A miss and a suspended person take the
    /// same work as a wrong PIN.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when there is such a person but their login does not open.
    pub fn identify(&self, credential: &Credential) -> Result<Option<FoundPerson>, Error> {
        self.find(credential, None)
    }

    /// As [`Self::identify`], without hashing the PIN again.
    ///
    /// # Errors
    ///
    /// As for [`Self::identify`].
    pub fn identify_presented(&self, presented: &Presented) -> Result<Option<FoundPerson>, Error> {
        self.find(&presented.credential, presented.stretched.as_ref())
    }

    fn find(&self, credential: &Credential, hashed: Option<&PinHash>) -> Result<Option<FoundPerson>, Error> {
        let stretch = |pin: &Pin| hashed.map_or_else(|| self.stretch(pin), |hashed| Ok(hashed.clone()));
        match credential {
            Credential::Pin(pin) => {
                let stretched = stretch(pin)?;
                let owner = pin_owner(&self.db, self.people().data, &stretched)?;
                self.open_or_pretend(owner, &stretched)
            }
            Credential::Badge(badge) => {
                let found = self.open_for(self.staff_of(badge)?, Role::DeviceKeyOnly)?;
                if let Some(found) = &found {
                    self.reseal_badge(found.staff, badge);
                }
                if found.as_ref().is_none_or(|found| found.is_suspended) {
                    let stretched = stretch(&Pin::new())?;
                    let _ = self.open_or_pretend(None, &stretched)?;
                }
                Ok(found)
            }
            Credential::BadgeWithPin(badge, pin) => {
                let stretched = stretch(pin)?;
                match self.open_or_pretend(self.staff_of(badge)?, &stretched) {
                    Ok(Some(found)) => {
                        self.reseal_badge(found.staff, badge);
                        Ok(Some(found))
                    }
                    // The badge identifies the person, and only the right PIN opens the login. A wrong PIN and a damaged
                    // login look the same.
                    Err(Error::Damaged { .. }) => Ok(None),
                    answer => answer,
                }
            }
            // The technician's PIN signs nobody in.
            Credential::Technician(_) => Ok(None),
        }
    }

    /// Opens this person's login. For `None`, tries another person's login, which cannot open: a miss takes as long as a
    /// hit.
    fn open_or_pretend(&self, staff: Option<StaffId>, stretched: &PinHash) -> Result<Option<FoundPerson>, Error> {
        if staff.is_some() {
            let found = self.open_for(staff, Role::Pin(stretched))?;
            if let Some(found) = &found {
                self.reseal_pin(found.staff, stretched);
            }
            return Ok(found);
        }
        let sql = "SELECT staff_id FROM logins WHERE role = 'pin' LIMIT 1";
        let other = self.db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        match self.open_for(other.map(StaffId::new), Role::Pin(stretched)) {
            Ok(_) | Err(Error::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A person's login, if it opens with a badge alone. `None` if it needs their PIN.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when it does not open.
    pub fn login_by_badge(&self, staff: StaffId) -> Result<Option<FoundPerson>, Error> {
        self.open_for(Some(staff), Role::DeviceKeyOnly)
    }

    /// The person with this badge. Does not open their login.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn staff_of(&self, badge: &Badge) -> Result<Option<StaffId>, Error> {
        Ok(badge_owner(&self.db, self.people().data, badge)?.map(|owner| owner.staff))
    }

    pub(super) fn open_for(&self, staff: Option<StaffId>, role: Role<'_>) -> Result<Option<FoundPerson>, Error> {
        let Some(staff) = staff else { return Ok(None) };
        let sql =
            "SELECT email, name, salt, staff.revision, nonce, sealed, suspended, proof, language, generation FROM staff
                   JOIN logins ON logins.staff_id = staff.id AND logins.revision = staff.revision
                   WHERE staff.id = ?1 AND role = ?2";
        let row = self
            .db
            .prepare_cached(sql)?
            .query_row(params![staff.get(), role.name()], |row| {
                let sealed = Sealed { nonce: row.get(4)?, bytes: row.get(5)? };
                let (email, name, salt): (String, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let language: Option<String> = row.get(8)?;
                let language = language.and_then(|code| Language::of_code(&code));
                let proof: Option<Vec<u8>> = row.get(7)?;
                Ok((email, name, salt, row.get(3)?, sealed, row.get(6)?, proof, language, row.get(9)?))
            })
            .optional()?;
        let Some((email, name, salt, revision, sealed, is_suspended, proof, language, generation)) = row else {
            return Ok(None);
        };
        let of = Subject { staff, salt: &salt, revision };
        let key = self.people().data.of(generation);
        let sealed = self.open_copy(staff, sealed.bytes).map(|bytes| Sealed { bytes, ..sealed });
        let login = key.zip(sealed).and_then(|(key, sealed)| key.open(role, of, &sealed));
        let is_ours = self.is_ours(staff, proof.as_deref())?;
        // A suspended person's login is opened as well, so that it takes as long.
        match login.filter(|_| is_ours) {
            Some(login) => Ok(Some(FoundPerson { staff, email, name, revision, is_suspended, language, login })),
            None => Err(Error::Damaged { email }),
        }
    }
}

/// A credential, with the slow hash of its PIN.
pub struct Presented {
    /// What was presented.
    pub credential: Credential,
    pub(super) stretched: Option<PinHash>,
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(..)")
    }
}

/// Blind indexes of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// Of a PIN.
    Pin([u8; 32]),
    /// Of a badge that signs in alone.
    Badge([u8; 32]),
    /// Of a badge and its PIN.
    BadgeWithPin {
        /// The badge.
        badge: [u8; 32],
        /// The PIN.
        pin: [u8; 32],
    },
}

/// The owner of a badge, and the tag that indexes it.
pub(super) struct BadgeOwner {
    pub(super) staff: StaffId,
    pub(super) email: String,
    pub(super) tag: [u8; 32],
}

/// Looks up a badge with the current data key and the older ones.
pub(super) fn badge_owner(db: &Connection, data: &DataKeys, badge: &Badge) -> Result<Option<BadgeOwner>, Error> {
    let sql = "SELECT staff.id, email FROM badges JOIN staff ON staff.id = staff_id WHERE tag = ?1";
    let mut select = db.prepare_cached(sql)?;
    for (_, key) in data.all() {
        let tag = key.badge_tag(badge);
        let row =
            select.query_row([tag], |row| Ok(BadgeOwner { staff: StaffId::new(row.get(0)?), email: row.get(1)?, tag }));
        if let Some(owner) = row.optional()? {
            return Ok(Some(owner));
        }
    }
    Ok(None)
}

/// The index of a badge, and its sealed number.
pub(super) fn badge_row(key: &DataKey, staff: StaffId, badge: &Badge) -> Result<([u8; 32], Vec<u8>), Error> {
    Ok((key.badge_tag(badge), key.seal_badge(staff, badge)?))
}

/// Looks up a hashed PIN with the current data key and the older ones.
pub(super) fn pin_owner(db: &Connection, data: &DataKeys, stretched: &PinHash) -> Result<Option<StaffId>, Error> {
    let mut select = db.prepare_cached("SELECT staff_id FROM pins WHERE tag = ?1")?;
    for (_, key) in data.all() {
        let owner = select.query_row([key.pin_tag(stretched)], |row| Ok(StaffId::new(row.get(0)?))).optional()?;
        if owner.is_some() {
            return Ok(owner);
        }
    }
    Ok(None)
}
