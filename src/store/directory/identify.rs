//! Looks up a PIN or badge and opens the person's login. A miss does the same work as a hit.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Directory, Error, FoundPerson,
    data_keys::DataKeys,
    pin,
    seal::{DataKey, PinHash, Role, Sealed, Subject},
};
use crate::{
    language::Language,
    staff::{Badge, Credential, Pin, StaffId},
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

    /// Finds the person with this credential. `None` for an unknown PIN or badge. A miss and a suspended person take the
    /// same work as a wrong PIN.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when there is such a person but their login does not open.
    pub fn identify(&self, credential: &Credential) -> Result<Option<FoundPerson>, Error> {
        match credential {
            Credential::Pin(pin) => {
                let stretched = pin::stretch(pin, &self.salt, self.cost)?;
                let owner = pin_owner(&self.db, &self.data, &stretched)?;
                self.open_or_pretend(owner, &stretched)
            }
            Credential::Badge(badge) => {
                let found = self.open_for(self.staff_of(badge)?, Role::DeviceKeyOnly)?;
                if let Some(found) = &found {
                    self.reseal_badge(found.staff, badge);
                }
                if found.as_ref().is_none_or(|found| found.is_suspended) {
                    let stretched = pin::stretch(&Pin::new(), &self.salt, self.cost)?;
                    let _ = self.open_or_pretend(None, &stretched)?;
                }
                Ok(found)
            }
            Credential::BadgeWithPin(badge, pin) => {
                let stretched = pin::stretch(pin, &self.salt, self.cost)?;
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
        Ok(badge_owner(&self.db, &self.data, badge)?.map(|owner| owner.staff))
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
        let login = self.data.of(generation).and_then(|key| key.open(role, of, &sealed));
        let is_ours = self.is_ours(staff, proof.as_deref())?;
        // A suspended person's login is opened as well, so that it takes as long.
        match login.filter(|_| is_ours) {
            Some(login) => Ok(Some(FoundPerson { staff, email, name, revision, is_suspended, language, login })),
            None => Err(Error::Damaged { email }),
        }
    }
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
