//! Changes to the people in the directory. Each change is one transaction.

use std::io;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Directory, Enrolment, Error, Origin, OutboxId, Touched, badge_owner, badge_row,
    counters::begin_tries,
    outbox, person_id, pin,
    seal::{PinHash, Role, Subject, random},
};
use crate::{
    language::Language,
    secret::Secret,
    staff::{Badge, Pin, StaffId},
};

/// Number of draws before giving up. A PIN that is taken is redrawn silently; this many in a row mean that hardly any is
/// free.
const DRAWS: usize = 20;

/// Shows a PIN to the person who will hand it out. It is called before the change is made, so that an unseen PIN is not
/// issued.
pub type ShowPin<'a> = &'a mut dyn FnMut(&Pin) -> io::Result<()>;

/// A new login that replaces a person's current one.
#[derive(Debug)]
pub struct Renewal<'a> {
    /// Kisi's id of the new login.
    pub login_id: u64,
    /// The secret of the new login.
    pub secret: &'a Secret<String>,
    /// Number of digits of the PIN to issue. The old PIN is deleted in any case: only its owner knows it, so the new login
    /// cannot be sealed under it.
    pub pin_digits: Option<usize>,
    /// Keep a copy of the login that opens with a badge alone.
    pub badge_alone: bool,
    /// The outbox entry that was written before the login was created. The renewal deletes it.
    pub outbox_entry: OutboxId,
}

impl Directory {
    /// Enrolls a person. Returns the issued PIN, which cannot be shown again.
    ///
    /// # Errors
    ///
    /// [`Error::Enrolled`], [`Error::BadgeTaken`], [`Error::NoPinLeft`]; nothing was written then.
    pub fn enrol(&mut self, person: &Enrolment<'_>) -> Result<Option<Pin>, Error> {
        self.enrol_and_show(person, &mut |_| Ok(()))
    }

    /// Enrolls a person, after `show` has shown the PIN.
    ///
    /// # Errors
    ///
    /// As [`Self::enrol`], and [`Error::NotShown`]; nothing was written then.
    pub fn enrol_and_show(&mut self, person: &Enrolment<'_>, show: ShowPin<'_>) -> Result<Option<Pin>, Error> {
        self.fetch(person.email)?;
        let id = self.origin().map(Origin::next_staff).transpose()?;
        let drawn = self.draw(person.pin_digits, show)?;
        let change = self.begin()?;
        if person_id(&change, person.email)?.is_some() {
            return Err(Error::Enrolled { email: person.email.to_owned() });
        }
        let salt = random::<16>()?;
        let login_id = person.login_id.cast_signed();
        let _ = change.execute(
            "INSERT INTO staff (id, email, name, salt, revision, login_id) VALUES (?5, ?1, ?2, ?3, 1, ?4)",
            params![person.email, person.name, &salt[..], login_id, id.map(StaffId::get)],
        )?;
        let staff = StaffId::new(change.last_insert_rowid());
        let subject = Subject { staff, salt: &salt[..], revision: 1 };
        if let Some(badge) = person.badge {
            self.add_badge(&change, staff, badge)?;
        }
        if person.badge_alone {
            self.put_login(&change, Role::DeviceKeyOnly, subject, person.secret)?;
        }
        begin_tries(&change, &self.data.current, staff)?;
        let issued = self.give(&change, subject, person.secret, drawn)?;
        if let Some(outbox_entry) = person.outbox_entry {
            outbox::made(&change, outbox_entry)?;
        }
        self.commit(change, Touched::Person(staff))?;
        Ok(issued)
    }

    /// Adds a badge to a person. Returns `false` when they already have it.
    ///
    /// # Errors
    ///
    /// [`Error::BadgeTaken`] when it belongs to another person.
    pub fn give_badge(&mut self, staff: StaffId, badge: &Badge) -> Result<bool, Error> {
        let change = self.begin()?;
        let owner = badge_owner(&change, self.people().data, badge)?;
        let is_new = owner.is_none_or(|owner| owner.staff != staff);
        if is_new {
            self.add_badge(&change, staff, badge)?;
        }
        self.commit(change, if is_new { Touched::Person(staff) } else { Touched::Nobody })?;
        Ok(is_new)
    }

    /// Removes one badge of a person, or all. Returns how many were removed. With the last badge of a person who has a PIN,
    /// the copy of their login that opens without the PIN is deleted too.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnrolled`], and [`Error::NoSuchBadge`] when the person does not have this badge, or has none.
    pub fn take_badges(&mut self, email: &str, only: Option<&Badge>) -> Result<usize, Error> {
        self.fetch(email)?;
        let change = self.begin()?;
        let staff = person_id(&change, email)?.ok_or_else(|| Error::NotEnrolled { email: email.to_owned() })?;
        let taken = match only {
            None => change.execute("DELETE FROM badges WHERE staff_id = ?1", [staff.get()])?,
            Some(badge) => {
                let owner = badge_owner(&change, self.people().data, badge)?.filter(|owner| owner.staff == staff);
                let owner = owner.ok_or_else(|| Error::NoSuchBadge { email: email.to_owned() })?;
                change.execute("DELETE FROM badges WHERE tag = ?1", [owner.tag])?
            }
        };
        if taken == 0 {
            return Err(Error::NoSuchBadge { email: email.to_owned() });
        }
        let sql = "DELETE FROM logins WHERE staff_id = ?1 AND role = 'device'
                   AND NOT EXISTS (SELECT 1 FROM badges WHERE badges.staff_id = ?1)
                   AND EXISTS (SELECT 1 FROM pins WHERE pins.staff_id = ?1)";
        let _ = change.execute(sql, [staff.get()])?;
        self.commit(change, Touched::Person(staff))?;
        Ok(taken)
    }

    /// Issues a PIN that replaces the person's current one, if any. `None` when the kiosk has no copy of their login that
    /// opens without the current PIN.
    ///
    /// # Errors
    ///
    /// [`Error::NoPinLeft`], [`Error::Damaged`], [`Error::NotShown`]; nothing was written then.
    pub fn issue_pin(&mut self, staff: StaffId, digits: usize, show: ShowPin<'_>) -> Result<Option<Pin>, Error> {
        let Some(found) = self.open_for(Some(staff), Role::DeviceKeyOnly)? else { return Ok(None) };
        let drawn = self.draw(Some(digits), show)?;
        let change = self.begin()?;
        let Keyed { salt, revision, .. } = keyed(&change, staff)?;
        let _ = change.execute("DELETE FROM pins WHERE staff_id = ?1", [staff.get()])?;
        let _ = change.execute("DELETE FROM logins WHERE staff_id = ?1 AND role = 'pin'", [staff.get()])?;
        let pin = self.give(&change, Subject { staff, salt: &salt, revision }, &found.login, drawn)?;
        self.commit(change, Touched::Person(staff))?;
        Ok(pin)
    }

    /// Replaces a person's login, and adds the deletion of the old one at Kisi to the outbox. Returns the new PIN, which
    /// cannot be shown again.
    ///
    /// # Errors
    ///
    /// [`Error::NoPinLeft`], [`Error::NotShown`]; the old login still works then.
    pub fn renew(&mut self, staff: StaffId, renewal: &Renewal<'_>, show: ShowPin<'_>) -> Result<Option<Pin>, Error> {
        let drawn = self.draw(renewal.pin_digits, show)?;
        let change = self.begin()?;
        let Keyed { salt, revision, email } = keyed(&change, staff)?;
        let (revision, id) = (revision + 1, staff.get());
        let old: i64 = change.query_row("SELECT login_id FROM staff WHERE id = ?1", [id], |row| row.get(0))?;
        let _ = change.execute("DELETE FROM pins WHERE staff_id = ?1", [id])?;
        let _ = change.execute("DELETE FROM logins WHERE staff_id = ?1", [id])?;
        forget_last_doors(&change, staff)?;
        let _ = change.execute(
            "UPDATE staff SET revision = ?2, login_id = ?3, refused = 0 WHERE id = ?1",
            params![id, revision, renewal.login_id.cast_signed()],
        )?;
        begin_tries(&change, &self.data.current, staff)?;
        let of = Subject { staff, salt: &salt, revision };
        if renewal.badge_alone {
            self.put_login(&change, Role::DeviceKeyOnly, of, renewal.secret)?;
        }
        let issued = self.give(&change, of, renewal.secret, drawn)?;
        outbox::made(&change, renewal.outbox_entry)?;
        outbox::note_deletion(&change, &email, old)?;
        self.commit(change, Touched::Person(staff))?;
        Ok(issued)
    }

    /// Stores the language that a person chose.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn keep_language(&mut self, staff: StaffId, language: Language) -> Result<(), Error> {
        let sql = "UPDATE staff SET language = ?2 WHERE id = ?1";
        let _ = self.db.execute(sql, params![staff.get(), language.code()])?;
        Ok(())
    }

    /// Removes a person, and adds the deletion of their login at Kisi to the outbox.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnrolled`]
    pub fn remove(&mut self, email: &str) -> Result<(), Error> {
        self.fetch(email)?;
        let change = self.begin()?;
        let found = change
            .query_row("SELECT id, login_id FROM staff WHERE email = ?1", [email], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?))
            })
            .optional()?;
        let (id, login) = found.ok_or_else(|| Error::NotEnrolled { email: email.to_owned() })?;
        let _ = change.execute("DELETE FROM staff WHERE id = ?1", [id])?;
        outbox::note_deletion(&change, email, login)?;
        self.commit(change, Touched::Removed(StaffId::new(id)))
    }

    /// Suspends a person, or lifts the suspension. Returns whether anything changed.
    ///
    /// # Errors
    ///
    /// [`Error::NotEnrolled`]
    pub fn suspend(&mut self, email: &str, is_suspended: bool) -> Result<bool, Error> {
        self.fetch(email)?;
        let change = self.begin()?;
        let staff = person_id(&change, email)?.ok_or_else(|| Error::NotEnrolled { email: email.to_owned() })?;
        let sql = "UPDATE staff SET suspended = ?2 WHERE id = ?1 AND suspended <> ?2";
        let changed = change.execute(sql, params![staff.get(), is_suspended])?;
        forget_last_doors(&change, staff)?;
        self.commit(change, if 0 < changed { Touched::Person(staff) } else { Touched::Nobody })?;
        Ok(0 < changed)
    }

    /// Deletes the copies of logins that open without a PIN, where a copy under a PIN exists too. For kiosks where a badge
    /// alone no longer signs in: there these copies only weaken the protection. Returns how many were deleted.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    ///
    /// # Source
    ///
    /// `threats.md`, R12.
    pub fn forget_badge_copies(&mut self) -> Result<usize, Error> {
        let change = self.begin()?;
        let sql = "DELETE FROM logins WHERE role = 'device'
                   AND EXISTS (SELECT 1 FROM logins pin WHERE pin.staff_id = logins.staff_id AND pin.role = 'pin')";
        let forgotten = change.execute(sql, [])?;
        if 0 < forgotten {
            self.commit(change, Touched::Nobody)?;
        }
        Ok(forgotten)
    }

    /// Draws a free PIN and shows it. This is done outside a transaction, because the reader may take their time and the
    /// kiosk must be able to write meanwhile. Collisions are not reported, so that nobody learns which PINs are taken.
    fn draw(&self, digits: Option<usize>, show: ShowPin<'_>) -> Result<Option<(Pin, PinHash)>, Error> {
        let Some(digits) = digits else { return Ok(None) };
        for _ in 0..DRAWS {
            let pin = pin::draw(digits)?;
            let stretched = self.stretch(&pin)?;
            // This finds PINs indexed with an older key too.
            if !self.is_pin_taken(&stretched)? {
                show(&pin).map_err(Error::NotShown)?;
                return Ok(Some((pin, stretched)));
            }
        }
        Err(Error::NoPinLeft { digits })
    }

    /// Stores the index of a drawn PIN, and seals the login under it.
    fn give(
        &self,
        change: &Transaction<'_>,
        of: Subject<'_>,
        secret: &Secret<String>,
        drawn: Option<(Pin, PinHash)>,
    ) -> Result<Option<Pin>, Error> {
        let Some((pin, stretched)) = drawn else { return Ok(None) };
        let sql = "INSERT INTO pins (tag, staff_id, generation) VALUES (?1, ?2, ?3) ON CONFLICT (tag) DO NOTHING";
        let data = self.people().data;
        let values = params![data.current.pin_tag(&stretched), of.staff.get(), data.generation];
        // Another process has stored the same PIN since it was drawn.
        if change.execute(sql, values)? != 1 {
            return Err(Error::NoPinLeft { digits: pin.len() });
        }
        self.put_login(change, Role::Pin(&stretched), of, secret)?;
        Ok(Some(pin))
    }

    fn add_badge(&self, change: &Transaction<'_>, staff: StaffId, badge: &Badge) -> Result<(), Error> {
        let data = self.people().data;
        // Within the change, or in the fleet's list.
        let owner = badge_owner(change, data, badge)?.map(|owner| owner.email);
        let owner = owner.map_or_else(|| self.badge_owner_elsewhere(badge), |owner| Ok(Some(owner)))?;
        if let Some(owner) = owner {
            return Err(Error::BadgeTaken { hint: badge.hint().to_owned(), owner });
        }
        let (tag, sealed) = badge_row(&data.current, staff, badge)?;
        let sql = "INSERT INTO badges (tag, hint, staff_id, generation, sealed) VALUES (?1, ?2, ?3, ?4, ?5)";
        let _ = change.execute(sql, params![tag, badge.hint(), staff.get(), data.generation, sealed])?;
        Ok(())
    }

    fn put_login(
        &self,
        change: &Transaction<'_>,
        role: Role<'_>,
        of: Subject<'_>,
        secret: &Secret<String>,
    ) -> Result<(), Error> {
        let data = self.people().data;
        let sealed = data.current.seal(role, of, secret)?;
        let bytes = self.seal_copy(of.staff, &sealed.bytes)?;
        let sql =
            "INSERT INTO logins (staff_id, role, revision, nonce, sealed, generation) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![of.staff.get(), role.name(), of.revision, sealed.nonce, bytes, data.generation];
        let _ = change.execute(sql, values)?;
        Ok(())
    }

    /// Stores whether Kisi refused this person's login at its last use, and forgets the doors of their last visit if it
    /// did. The state is ignored if the login was replaced since. Returns whether it was another one before.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn note_refused(&self, staff: StaffId, revision: i64, is_refused: bool) -> Result<bool, Error> {
        let sql = "UPDATE staff SET refused = ?2 WHERE id = ?1 AND revision = ?3 AND refused <> ?2";
        let changed = self.db.execute(sql, params![staff.get(), is_refused, revision])?;
        if is_refused {
            forget_last_doors(&self.db, staff)?;
        }
        Ok(0 < changed)
    }
}

/// Forgets the doors of this person's last visit.
pub(super) fn forget_last_doors(db: &Connection, staff: StaffId) -> Result<(), Error> {
    let _ = db.execute("DELETE FROM last_doors WHERE staff_id = ?1", [staff.get()])?;
    Ok(())
}

/// The salt and revision that a person's login is sealed for, and the person's e-mail address.
struct Keyed {
    salt: Vec<u8>,
    revision: i64,
    email: String,
}

fn keyed(db: &Connection, staff: StaffId) -> Result<Keyed, Error> {
    let sql = "SELECT salt, revision, email FROM staff WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok(Keyed { salt: row.get(0)?, revision: row.get(1)?, email: row.get(2)? });
    Ok(db.query_row(sql, [staff.get()], read)?)
}
