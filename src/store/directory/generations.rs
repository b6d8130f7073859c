//! Generations of the data key. `rekey` draws a new key and reseals at once whatever the kiosk can open by itself. A row
//! that needs its owner's PIN or badge is resealed at their next sign-in. A generation that no row uses is deleted.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    DeviceKey, Directory, Error, FILE, KeyPlace, Touched, badge_row, counters,
    data_keys::{DataKeys, put_wraps},
    integrity, membership,
    meta::{meta, put_meta},
    seal::{DataKey, PinHash, Role, Sealed, Subject},
};
use crate::{
    crypt::KeyRing,
    staff::{Badge, StaffId},
};

/// The result of a `rekey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// Where the device key is stored now.
    pub place: KeyPlace,
    /// Whether a new data key was drawn. `false` when an earlier rekey, interrupted afterwards, had done so.
    pub is_new: bool,
    /// Whether the old wrapped data key was removed from all files.
    pub is_clean: bool,
}

/// Rows that use an older data key until their owner signs in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outdated {
    /// People whose PIN index or login uses an older data key.
    pub pins: u32,
    /// Badges whose index uses an older data key.
    pub badges: u32,
    /// Whether the tag of the technician's PIN uses an older data key.
    pub technician: bool,
}

impl Outdated {
    /// Whether no row uses an older data key.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Directory {
    /// Draws a new data key and wraps it with a new device key: a systemd credential if there is a new one, else a new
    /// file. Badge indexes and logins that open without a PIN are resealed at once. Other rows use the older data key,
    /// wrapped with the new device key, until their owner signs in. If this is interrupted, one of the two device keys
    /// opens the directory.
    ///
    /// # Errors
    ///
    /// When a key cannot be written, a login does not open, or another process reads the directory ([`Error::Busy`]): the
    /// old keys stay valid then. [`Error::NoNextCredential`] when a file would replace a credential.
    pub fn rekey(self, credentials: Option<&Path>) -> Result<Rekeyed, Error> {
        // An earlier rekey is complete, but its credential was not renamed yet.
        if self.key.is_next_credential() {
            return Ok(Rekeyed { place: self.key.place().clone(), is_new: false, is_clean: true });
        }
        // A reading process would keep the old wrapped key in the write-ahead log: fail before anything changes.
        self.clear_old_pages()?;
        let change = self.begin()?;
        let next = match self.next_key(credentials)? {
            Some(next) => next,
            None => DeviceKey::make_next(&self.folder)?,
        };
        let mut older = vec![(self.data.generation, self.data.current.copy())];
        older.extend(self.data.older.iter().map(|(generation, key)| (*generation, key.copy())));
        let generation = older.iter().map(|(generation, _)| *generation).max().unwrap_or_default() + 1;
        let data = DataKeys { generation, current: DataKey::draw()?, older };
        put_meta(&change, "key_id", &next.id())?;
        put_wraps(&change, &next, &data)?;
        membership::reseal(&change, &self.key, &next)?;
        // Copies are sealed with the old key: the fleet's database hands them over again.
        let _ = change.execute("DELETE FROM staff WHERE id IN (SELECT staff_id FROM copies)", [])?;
        reseal_logins(&change, &data)?;
        reseal_badges(&change, &data)?;
        // Each person's next visit brings their doors again.
        let _ = change.execute("DELETE FROM last_doors", [])?;
        counters::renew_counters(&change, &data)?;
        integrity::prove_all(&change, &data.current)?;
        change.commit()?;
        tracing::info!(generation, "the data key was replaced");
        // Another process that opens the directory settles the key too, in a transaction: one after the other.
        let change = crate::store::begin(&self.db)?;
        let place = next.settle(&self.folder)?.place().clone();
        change.commit()?;
        // The rekey is complete. If a process started reading meanwhile, the old wrapped key stays in the log until the
        // next checkpoint, and `is_clean` says so.
        Ok(Rekeyed { place, is_new: true, is_clean: self.clear_old_pages().is_ok() })
    }

    /// The credential to change to: the next one, or the first one if the key is in a file. `None` to replace the file with
    /// a new one.
    fn next_key(&self, credentials: Option<&Path>) -> Result<Option<DeviceKey>, Error> {
        let has_file = matches!(self.key.place(), KeyPlace::File(_));
        let is_credential =
            |key: &DeviceKey| matches!(key.place(), KeyPlace::Credential(_)) && key.id() != self.key.id();
        let found = DeviceKey::find(&self.folder, credentials)?;
        let (next, first): (Vec<_>, Vec<_>) =
            found.into_iter().filter(is_credential).partition(DeviceKey::is_next_credential);
        match (next.into_iter().next(), first.into_iter().next()) {
            (Some(next), _) => Ok(Some(next)),
            // A credential is never replaced by an older credential or a file.
            (None, first) if has_file => Ok(first),
            (None, _) => Err(Error::NoNextCredential),
        }
    }

    /// Whether the device key is the credential that must still be renamed to `vestibule.key`.
    pub fn waits_for_its_name(&self) -> bool {
        self.key.is_next_credential()
    }

    /// Counts the rows that use an older data key.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn outdated(&self) -> Result<Outdated, Error> {
        outdated(&self.db, self.data.generation)
    }

    /// Deletes older data keys that no row uses. Open the audit log with the current key first, which reseals it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn forget_unused_keys(&self) -> Result<(), Error> {
        if self.data.older.is_empty() {
            return Ok(());
        }
        let change = self.begin()?;
        if !outdated(&change, self.data.generation)?.is_empty() {
            return Ok(());
        }
        let forgotten = change.execute("DELETE FROM meta WHERE key LIKE 'data_key.%'", [])?;
        self.commit(change, Touched::Nobody)?;
        if 0 < forgotten {
            tracing::info!("every row uses the new data key: the older ones were deleted");
            self.clear_old_pages()?;
        }
        Ok(())
    }

    /// Keys for the audit log in the same file: the current one, and older ones it may still be sealed with.
    pub fn audit_key(&self) -> KeyRing {
        let derive = |key: &DataKey| key.derive(b"vestibule/audit/v1");
        let older = self.data.older.iter().map(|(_, key)| derive(key)).collect();
        KeyRing { current: derive(&self.data.current), older }
    }

    /// Truncates the write-ahead log, so that no file holds replaced rows.
    pub(super) fn clear_old_pages(&self) -> Result<(), Error> {
        let is_busy: bool = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy { Err(Error::Busy { file: self.folder.join(FILE) }) } else { Ok(()) }
    }

    /// Moves a person's login and PIN index to the current data key after they signed in with an older one. If that fails,
    /// the next sign-in tries again.
    pub(super) fn reseal_pin(&self, staff: StaffId, stretched: &PinHash) {
        if self.fleet.is_none()
            && !self.data.older.is_empty()
            && let Err(error) = self.try_to_reseal_pin(staff, stretched)
        {
            tracing::warn!(%error, "a PIN could not be moved to the new data key: its next use tries again");
        }
    }

    fn try_to_reseal_pin(&self, staff: StaffId, stretched: &PinHash) -> Result<(), Error> {
        let change = self.begin()?;
        let role = Role::Pin(stretched);
        let is_moved = reseal(&change, &self.data, staff, role)?;
        if !is_moved {
            return Ok(());
        }
        let tag = self.data.current.pin_tag(stretched);
        let sql = "UPDATE pins SET tag = ?2, generation = ?3 WHERE staff_id = ?1";
        let _ = change.execute(sql, params![staff.get(), tag, self.data.generation])?;
        self.commit(change, Touched::Person(staff))?;
        self.forget_unused_keys()
    }

    /// The same for a badge whose number is not stored.
    pub(super) fn reseal_badge(&self, staff: StaffId, badge: &Badge) {
        if self.fleet.is_none()
            && !self.data.older.is_empty()
            && let Err(error) = self.try_to_reseal_badge(staff, badge)
        {
            tracing::warn!(%error, "a badge could not be moved to the new data key: its next use tries again");
        }
    }

    fn try_to_reseal_badge(&self, staff: StaffId, badge: &Badge) -> Result<(), Error> {
        let change = self.begin()?;
        let mut is_moved = false;
        for (_, key) in &self.data.older {
            is_moved |= move_badge(&change, &self.data, staff, &key.badge_tag(badge), badge)?;
        }
        if !is_moved {
            return Ok(());
        }
        self.commit(change, Touched::Nobody)?;
        self.forget_unused_keys()
    }
}

fn outdated(db: &Connection, generation: i64) -> Result<Outdated, Error> {
    // Copies are made with a fleet's keys.
    let sql = "SELECT (SELECT count(DISTINCT staff_id) FROM (SELECT staff_id, generation FROM pins UNION ALL SELECT staff_id, generation FROM logins)
                       WHERE generation <> ?1 AND staff_id NOT IN (SELECT staff_id FROM copies)),
                      (SELECT count(*) FROM badges WHERE generation <> ?1 AND staff_id NOT IN (SELECT staff_id FROM copies))";
    let (pins, badges) = db.query_row(sql, [generation], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let of_technician = meta(db, super::technician_pin::TAG)?;
    let technician = of_technician.is_some_and(|kept| super::technician_pin::generation(&kept) != generation);
    Ok(Outdated { pins, badges, technician })
}

/// Reseals one copy of a person's login with the current key. Returns whether it used an older one.
fn reseal(change: &Connection, data: &DataKeys, staff: StaffId, role: Role<'_>) -> Result<bool, Error> {
    let sql =
        "SELECT email, salt, logins.revision, nonce, sealed, generation FROM logins JOIN staff ON staff.id = staff_id
               WHERE staff_id = ?1 AND role = ?2 AND generation <> ?3";
    let row = change.query_row(sql, params![staff.get(), role.name(), data.generation], |row| {
        let sealed = Sealed { nonce: row.get(3)?, bytes: row.get(4)? };
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?, sealed, row.get(5)?))
    });
    let Some((email, salt, revision, sealed, generation)) = row.optional()? else { return Ok(false) };
    let of = Subject { staff, salt: &salt, revision };
    let login = data.of(generation).and_then(|key| key.open(role, of, &sealed)).ok_or(Error::Damaged { email })?;
    let sealed = data.current.seal(role, of, &login)?;
    let sql = "UPDATE logins SET nonce = ?3, sealed = ?4, generation = ?5 WHERE staff_id = ?1 AND role = ?2";
    let values = params![staff.get(), role.name(), sealed.nonce, sealed.bytes, data.generation];
    let _ = change.execute(sql, values)?;
    Ok(true)
}

/// Reseals every copy of a login that opens without a PIN.
fn reseal_logins(change: &Connection, data: &DataKeys) -> Result<(), Error> {
    let people: Vec<i64> = {
        let mut select = change.prepare("SELECT staff_id FROM logins WHERE role = 'device'")?;
        select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for staff in people {
        let _ = reseal(change, data, StaffId::new(staff), Role::DeviceKeyOnly)?;
    }
    Ok(())
}

/// Reindexes every badge whose number is stored.
fn reseal_badges(change: &Connection, data: &DataKeys) -> Result<(), Error> {
    let badges: Vec<(Vec<u8>, i64, i64, Vec<u8>)> = {
        let sql = "SELECT tag, staff_id, generation, sealed FROM badges WHERE sealed IS NOT NULL AND generation <> ?1";
        let mut select = change.prepare(sql)?;
        let rows =
            select.query_map([data.generation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    for (tag, staff, generation, sealed) in badges {
        let staff = StaffId::new(staff);
        // A number that does not open keeps its older key until the badge is presented.
        if let Some(badge) = data.of(generation).and_then(|key| key.open_badge(staff, &sealed)) {
            let _ = move_badge(change, data, staff, &tag, &badge)?;
        }
    }
    Ok(())
}

fn move_badge(change: &Connection, data: &DataKeys, of: StaffId, tag: &[u8], badge: &Badge) -> Result<bool, Error> {
    let (new, sealed) = badge_row(&data.current, of, badge)?;
    let sql = "UPDATE badges SET tag = ?1, sealed = ?2, generation = ?3 WHERE tag = ?4 AND staff_id = ?5";
    Ok(0 < change.execute(sql, params![new, sealed, data.generation, tag, of.get()])?)
}
