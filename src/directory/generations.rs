//! The generations of the data key. `rekey` draws a new one: what the kiosk can seal again by itself is sealed at once, what needs
//! its owner's PIN or badge when they come next. A generation that nothing needs any more is forgotten.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    DeviceKey, Directory, Error, FILE, KeyPlace, badge_row,
    proof::{self, meta, put_meta, put_wraps},
    seal::{DataKey, Role, Sealed, Stretched, Subject},
};
use crate::{
    crypt::KeyRing,
    staff::{Badge, StaffId},
};

/// Every data key that is at hand.
#[derive(Debug)]
pub(super) struct DataKeys {
    /// Counts the current one, from 1.
    pub(super) generation: i64,
    /// New rows use this one.
    pub(super) current: DataKey,
    /// Rows of before use these, the newest first.
    pub(super) older: Vec<(i64, DataKey)>,
}

impl DataKeys {
    /// The key of a generation, if it is at hand.
    pub(super) fn of(&self, generation: i64) -> Option<&DataKey> {
        self.all().into_iter().find(|(known, _)| *known == generation).map(|(_, key)| key)
    }

    /// All of them, the current one first.
    pub(super) fn all(&self) -> Vec<(i64, &DataKey)> {
        let older = self.older.iter().map(|(generation, key)| (*generation, key));
        std::iter::once((self.generation, &self.current)).chain(older).collect()
    }
}

/// What a `rekey` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// Where the device key lies now.
    pub place: KeyPlace,
    /// There is a new data key. `false`: a rekey before had done it, and was cut short afterwards.
    pub is_new: bool,
    /// The old wrap is in no file any more.
    pub is_clean: bool,
}

/// Rows that wait for their owner before they are sealed with the current data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outdated {
    /// People whose PIN opens their login under an older key.
    pub pins: u32,
    /// Badges that are found by an older key.
    pub badges: u32,
    /// The technician's PIN is known by an older key.
    pub technician: bool,
}

impl Outdated {
    /// Whether an older data key is still needed.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Directory {
    /// Draws a new data key and wraps it with another device key: a systemd credential if there is a new one, else a new file.
    /// Logins that a badge opens and the indexes of badges are sealed with it at once; the rest waits for its owner, and the older
    /// data key is kept for it, wrapped with the new device key. Cut short at any point, one of the two device keys opens the
    /// directory.
    ///
    /// # Errors
    ///
    /// When a key cannot be written, a login does not open, or another process reads the directory ([`Error::Busy`]): the old keys
    /// hold then. [`Error::NoNextCredential`] when a file would take the place of a credential.
    pub fn rekey(self, credentials: Option<&Path>) -> Result<Rekeyed, Error> {
        // Done before, and ended before the credential got its name.
        if self.key.is_next_credential() {
            return Ok(Rekeyed { place: self.key.place().clone(), is_new: false, is_clean: true });
        }
        // Somebody who reads would keep the old wrap in the write-ahead log.
        self.clear_old_pages()?;
        let next = self.next_key(credentials)?;
        let change = self.begin()?;
        let next = match next {
            Some(next) => next,
            None => DeviceKey::make_next(&self.folder)?,
        };
        let mut older = vec![(self.data.generation, self.data.current.copy())];
        older.extend(self.data.older.iter().map(|(generation, key)| (*generation, key.copy())));
        let generation = older.iter().map(|(generation, _)| *generation).max().unwrap_or_default() + 1;
        let data = DataKeys { generation, current: DataKey::draw()?, older };
        put_meta(&change, "key_id", &next.id())?;
        put_wraps(&change, &next, &data)?;
        reseal_logins(&change, &data)?;
        reseal_badges(&change, &data)?;
        proof::renew_counters(&change, &data)?;
        proof::prove_all(&change, &data.current)?;
        change.commit()?;
        tracing::info!(generation, "the data key was replaced");
        let place = next.settle(&self.folder)?.place().clone();
        // Done, whoever began to read meanwhile: then the old wrap stays until the next checkpoint, and that is said.
        Ok(Rekeyed { place, is_new: true, is_clean: self.clear_old_pages().is_ok() })
    }

    /// The credential to go to: the next one, or the first one from a file. `None` for a new file in place of a file.
    fn next_key(&self, credentials: Option<&Path>) -> Result<Option<DeviceKey>, Error> {
        let has_file = matches!(self.key.place(), KeyPlace::File(_));
        let is_credential =
            |key: &DeviceKey| matches!(key.place(), KeyPlace::Credential(_)) && key.id() != self.key.id();
        let found = DeviceKey::find(&self.folder, credentials)?;
        let (next, first): (Vec<_>, Vec<_>) =
            found.into_iter().filter(is_credential).partition(DeviceKey::is_next_credential);
        match (next.into_iter().next(), first.into_iter().next()) {
            (Some(next), _) => Ok(Some(next)),
            // Never back to an older credential, and never to a file.
            (None, first) if has_file => Ok(first),
            (None, _) => Err(Error::NoNextCredential),
        }
    }

    /// Whether the device key is the credential that still has to get its name.
    pub fn waits_for_its_name(&self) -> bool {
        self.key.is_next_credential()
    }

    /// Rows that wait for their owner.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn outdated(&self) -> Result<Outdated, Error> {
        outdated(&self.db, self.data.generation)
    }

    /// Forgets data keys that no row needs any more. Not before the audit log was opened with the current key.
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
        proof::commit(change, &self.data.current, None)?;
        if 0 < forgotten {
            tracing::info!("everything is sealed with the new data key: the old one was forgotten");
            self.clear_old_pages()?;
        }
        Ok(())
    }

    /// Keys for the audit log, which lies in the same file: the one of now, and those it may still be sealed with.
    pub fn audit_key(&self) -> KeyRing {
        let derive = |key: &DataKey| key.derive(b"vestibule/audit/v1");
        let older = self.data.older.iter().map(|(_, key)| derive(key)).collect();
        KeyRing { current: derive(&self.data.current), older }
    }

    /// What was replaced is in no page of the write-ahead log and of the file any more.
    pub(super) fn clear_old_pages(&self) -> Result<(), Error> {
        let is_busy: bool = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy { Err(Error::Busy { file: self.folder.join(FILE) }) } else { Ok(()) }
    }

    /// Somebody came with a PIN that belongs to an older data key: their login and the index of their PIN move to the current one.
    /// What cannot be written now waits for the next time.
    pub(super) fn reseal_pin(&self, staff: StaffId, stretched: &Stretched) {
        if !self.data.older.is_empty()
            && let Err(error) = self.try_to_reseal_pin(staff, stretched)
        {
            tracing::warn!(%error, "a PIN stays under the old data key until its next use");
        }
    }

    fn try_to_reseal_pin(&self, staff: StaffId, stretched: &Stretched) -> Result<(), Error> {
        let change = self.begin()?;
        let role = Role::Pin(stretched);
        let is_moved = reseal(&change, &self.data, staff, role)?;
        if !is_moved {
            return Ok(());
        }
        let tag = self.data.current.pin_tag(stretched);
        let sql = "UPDATE pins SET tag = ?2, generation = ?3 WHERE staff_id = ?1";
        let _ = change.execute(sql, params![staff.get(), tag, self.data.generation])?;
        proof::commit(change, &self.data.current, Some(staff))?;
        self.forget_unused_keys()
    }

    /// The same with a badge whose number was not kept.
    pub(super) fn reseal_badge(&self, staff: StaffId, badge: &Badge) {
        if !self.data.older.is_empty()
            && let Err(error) = self.try_to_reseal_badge(staff, badge)
        {
            tracing::warn!(%error, "a badge stays under the old data key until its next use");
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
        proof::commit(change, &self.data.current, None)?;
        self.forget_unused_keys()
    }
}

fn outdated(db: &Connection, generation: i64) -> Result<Outdated, Error> {
    let sql = "SELECT (SELECT count(DISTINCT staff_id) FROM (SELECT staff_id, generation FROM pins UNION ALL SELECT staff_id, generation FROM logins)
                       WHERE generation <> ?1), (SELECT count(*) FROM badges WHERE generation <> ?1)";
    let (pins, badges) = db.query_row(sql, [generation], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let of_technician = meta(db, super::technician::TAG)?;
    let technician = of_technician.is_some_and(|kept| super::technician::generation(&kept) != generation);
    Ok(Outdated { pins, badges, technician })
}

/// Seals a copy of somebody's login with the current key. Says whether it lay under an older one.
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

/// Every copy that opens without a PIN.
fn reseal_logins(change: &Connection, data: &DataKeys) -> Result<(), Error> {
    let people: Vec<i64> = {
        let mut select = change.prepare("SELECT staff_id FROM logins WHERE role = 'device'")?;
        select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for staff in people {
        let _ = reseal(change, data, StaffId::new(staff), Role::Device)?;
    }
    Ok(())
}

/// Every badge whose number was kept.
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
        // One that does not open stays with its older key, until it is presented.
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

/// The data keys of a directory, unwrapped. `None` when one does not open.
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
