//! Copies of people's rows, which the database of a fleet handed over. A kiosk signs people in from them while that database
//! is away. Logins are sealed once more with this directory's own key, so that the fleet's key alone opens none of them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Directory, Error, Touched, badge_owner, change::forget_last_doors, counters::begin_tries, identify::Presented,
    integrity, person_id, pin_owner, seal::DataKey,
};
use crate::{
    crypt,
    staff::{BadgeRow, Credential, LoginRow, PersonRows, PinRow, StaffId},
};

/// Label of the key that seals logins once more.
const SEAL: &[u8] = b"vestibule/copy/v1";
/// Label of the MAC over the moment when rows were handed over.
const HANDED: &[u8] = b"vestibule/copy-at/v1";

/// The version of the rows that this kiosk has of somebody. `None` without a copy.
pub(super) fn version(db: &Connection, staff: StaffId) -> Result<Option<i64>, Error> {
    let mut select = db.prepare_cached("SELECT version FROM copies WHERE staff_id = ?1")?;
    Ok(select.query_row([staff.get()], |row| row.get(0)).optional()?)
}

impl Directory {
    /// Keeps what the fleet's database handed over at `at`, in place of an older copy. Rows that were not handed over stay if
    /// the version is the same.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when the rows do not belong together: nothing is kept then.
    pub fn keep_copy(&self, rows: &PersonRows, version: i64, at: Timestamp) -> Result<(), Error> {
        let change = self.begin()?;
        let (id, kept) = (rows.staff.get(), self::version(&change, rows.staff)?);
        if kept == Some(version) && has(&change, rows)? {
            put_copy(&change, &self.data.current, rows.staff, version, at)?;
            change.commit()?;
            return Ok(());
        }
        // Somebody who was removed and enrolled again has another number.
        let _ = change.execute("DELETE FROM staff WHERE email = ?1 AND id <> ?2", params![rows.email, id])?;
        let sql = "INSERT INTO staff (id, email, name, salt, revision, login_id, suspended, refused, language, proof)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name, salt = excluded.salt,
                       revision = excluded.revision, login_id = excluded.login_id, suspended = excluded.suspended,
                       refused = excluded.refused, language = excluded.language, proof = excluded.proof";
        let values = params![
            id,
            rows.email,
            rows.name,
            rows.salt,
            rows.revision,
            rows.login_id.cast_signed(),
            rows.is_suspended,
            rows.is_refused,
            rows.language,
            rows.proof
        ];
        let _ = change.execute(sql, values)?;
        // The proof was made where the data key is: what the database changed by itself has none.
        let own = integrity::of_person(&change, &self.people().data.current, rows.staff)?;
        if own.as_ref().map(<[u8; 32]>::as_slice) != rows.proof.as_deref() {
            return Err(Error::Damaged { email: rows.email.clone() });
        }
        if kept.is_none() {
            begin_tries(&change, &self.data.current, rows.staff)?;
        }
        if kept != Some(version) {
            for table in ["pins", "badges", "logins"] {
                let _ = change.execute(&format!("DELETE FROM {table} WHERE staff_id = ?1"), [id])?;
            }
            forget_last_doors(&change, rows.staff)?;
        }
        self.put_rows(&change, rows)?;
        put_copy(&change, &self.data.current, rows.staff, version, at)?;
        // Nobody is handed over: the rows came from there.
        integrity::prove(&change, &self.data.current)?;
        change.commit()?;
        Ok(())
    }

    /// Stores tags and logins. What belonged to somebody else before does not any more.
    fn put_rows(&self, change: &Connection, rows: &PersonRows) -> Result<(), Error> {
        let id = rows.staff.get();
        for PinRow { tag, generation } in &rows.pins {
            let _ = change.execute("DELETE FROM pins WHERE tag = ?1 OR staff_id = ?2", params![tag, id])?;
            let sql = "INSERT INTO pins (tag, staff_id, generation) VALUES (?1, ?2, ?3)";
            let _ = change.execute(sql, params![tag, id, generation])?;
        }
        for BadgeRow { tag, hint, generation, sealed } in &rows.badges {
            let sql =
                "INSERT OR REPLACE INTO badges (tag, hint, staff_id, generation, sealed) VALUES (?1, ?2, ?3, ?4, ?5)";
            let _ = change.execute(sql, params![tag, hint, id, generation, sealed])?;
        }
        for LoginRow { role, revision, generation, nonce, sealed } in &rows.logins {
            let sql = "INSERT OR REPLACE INTO logins (staff_id, role, revision, nonce, sealed, generation)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let sealed = self.seal_copy(rows.staff, sealed)?;
            let _ = change.execute(sql, params![id, role, revision, nonce, sealed, generation])?;
        }
        Ok(())
    }

    /// Whether this credential signs somebody in by a copy that was handed over at `since` or later. A moment after `now` counts
    /// as none: the clock was set back.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn holds(&self, presented: &Presented, since: Timestamp, now: Timestamp) -> Result<bool, Error> {
        let (data, db) = (self.people().data, &self.db);
        let (staff, role) = match (&presented.credential, &presented.stretched) {
            (Credential::Pin(_), Some(stretched)) => (pin_owner(db, data, stretched)?, "pin"),
            (Credential::Badge(badge), _) => (badge_owner(db, data, badge)?.map(|owner| owner.staff), "device"),
            (Credential::BadgeWithPin(badge, _), _) => (badge_owner(db, data, badge)?.map(|owner| owner.staff), "pin"),
            (Credential::Pin(_), None) | (Credential::Technician(_), _) => (None, ""),
        };
        let Some(staff) = staff else { return Ok(false) };
        let sql = "SELECT version, at, mac FROM copies WHERE staff_id = ?1
                   AND EXISTS (SELECT 1 FROM logins WHERE logins.staff_id = ?1 AND role = ?2)";
        let row = db
            .prepare_cached(sql)?
            .query_row(params![staff.get(), role], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)));
        let Some((version, at, mac)) = row.optional()? else { return Ok(false) };
        let is_fresh = (since.as_millisecond()..=now.as_millisecond()).contains(&at);
        Ok(is_fresh && mac == handed(&self.data.current, staff, version, at))
    }

    /// Everybody of whom there is a copy, with its version.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn copies(&self) -> Result<Vec<(StaffId, i64)>, Error> {
        let mut select = self.db.prepare_cached("SELECT staff_id, version FROM copies")?;
        let copies = select.query_map([], |row| Ok((StaffId::new(row.get(0)?), row.get(1)?)))?;
        Ok(copies.collect::<Result<_, _>>()?)
    }

    /// Number of people of whom there is a copy.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn count_copies(&self) -> Result<u32, Error> {
        Ok(self.db.prepare_cached("SELECT count(*) FROM copies")?.query_row([], |row| row.get(0))?)
    }

    /// Forgets every copy.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn forget_all_copies(&self) -> Result<(), Error> {
        let people: Vec<StaffId> = self.copies()?.into_iter().map(|(staff, _)| staff).collect();
        self.forget_copies(&people)
    }

    /// Forgets the copies of these people.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn forget_copies(&self, people: &[StaffId]) -> Result<(), Error> {
        if people.is_empty() {
            return Ok(());
        }
        let change = self.begin()?;
        for staff in people {
            let _ = change.execute("DELETE FROM staff WHERE id = ?1", [staff.get()])?;
        }
        self.commit(change, Touched::Nobody)
    }

    /// Forgets copies that were handed over before `since`, except that of `present`. Returns how many.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn forget_old_copies(&self, since: Timestamp, present: Option<StaffId>) -> Result<usize, Error> {
        let old: Vec<StaffId> = {
            let mut select = self.db.prepare_cached("SELECT staff_id FROM copies WHERE at < ?1")?;
            let old = select.query_map([since.as_millisecond()], |row| Ok(StaffId::new(row.get(0)?)))?;
            old.collect::<Result<_, _>>()?
        };
        let old: Vec<StaffId> = old.into_iter().filter(|staff| Some(*staff) != present).collect();
        self.forget_copies(&old)?;
        Ok(old.len())
    }

    pub(super) fn forget_copy_of(&self, email: &str) -> Result<(), Error> {
        let staff = person_id(&self.db, email)?;
        self.forget_copies(staff.as_slice())
    }

    /// Everything of a person, as the fleet's list keeps it.
    pub(super) fn rows_of(&self, db: &Connection, staff: StaffId) -> Result<Option<PersonRows>, Error> {
        let sql = "SELECT email, name, salt, revision, login_id, suspended, proof, language, refused FROM staff WHERE id = ?1";
        let person = db.query_row(sql, [staff.get()], |row| {
            Ok(PersonRows {
                staff,
                email: row.get(0)?,
                name: row.get(1)?,
                salt: row.get(2)?,
                revision: row.get(3)?,
                login_id: row.get::<_, i64>(4)?.cast_unsigned(),
                is_suspended: row.get(5)?,
                proof: row.get(6)?,
                language: row.get(7)?,
                is_refused: row.get(8)?,
                pins: Vec::new(),
                badges: Vec::new(),
                logins: Vec::new(),
            })
        });
        let Some(mut person) = person.optional()? else { return Ok(None) };
        let mut select = db.prepare("SELECT tag, generation FROM pins WHERE staff_id = ?1")?;
        let pins = select.query_map([staff.get()], |row| Ok(PinRow { tag: row.get(0)?, generation: row.get(1)? }))?;
        person.pins = pins.collect::<Result<_, _>>()?;
        let mut select =
            db.prepare("SELECT tag, hint, generation, sealed FROM badges WHERE staff_id = ?1 ORDER BY tag")?;
        let badges = select.query_map([staff.get()], |row| {
            Ok(BadgeRow { tag: row.get(0)?, hint: row.get(1)?, generation: row.get(2)?, sealed: row.get(3)? })
        })?;
        person.badges = badges.collect::<Result<_, _>>()?;
        let mut select = db.prepare(
            "SELECT role, revision, generation, nonce, sealed FROM logins WHERE staff_id = ?1 ORDER BY role",
        )?;
        let mut rows = select.query([staff.get()])?;
        while let Some(row) = rows.next()? {
            let (role, revision, generation, nonce) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let sealed = self.open_copy(staff, row.get(4)?);
            let sealed = sealed.ok_or_else(|| Error::Damaged { email: person.email.clone() })?;
            person.logins.push(LoginRow { role, revision, generation, nonce, sealed });
        }
        Ok(Some(person))
    }

    /// A sealed login as it is stored here: once more sealed, if it is a copy.
    pub(super) fn seal_copy(&self, staff: StaffId, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        if self.fleet.is_none() {
            return Ok(sealed.to_vec());
        }
        seal(&self.data.current, staff, sealed)
    }

    /// The login as it was sealed for its owner. `None` when it was changed.
    pub(super) fn open_copy(&self, staff: StaffId, stored: Vec<u8>) -> Option<Vec<u8>> {
        if self.fleet.is_none() {
            return Some(stored);
        }
        let key = self.data.current.derive(SEAL);
        crypt::open(&key, &staff.get().to_be_bytes(), &stored).map(|sealed| sealed.to_vec())
    }
}

/// Notes that somebody's rows of this version were handed over at `at`. `key` is the directory's own.
pub(super) fn put_copy(
    db: &Connection,
    key: &DataKey,
    staff: StaffId,
    version: i64,
    at: Timestamp,
) -> Result<(), Error> {
    let at = at.as_millisecond();
    let sql = "INSERT INTO copies (staff_id, version, at, mac) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (staff_id) DO UPDATE SET version = excluded.version, at = excluded.at, mac = excluded.mac";
    let _ = db.execute(sql, params![staff.get(), version, at, handed(key, staff, version, at)])?;
    Ok(())
}

/// Seals the logins of somebody who becomes a copy once more.
pub(super) fn seal_logins(db: &Connection, key: &DataKey, staff: StaffId) -> Result<(), Error> {
    let logins: Vec<(String, Vec<u8>)> = {
        let mut select = db.prepare_cached("SELECT role, sealed FROM logins WHERE staff_id = ?1")?;
        let logins = select.query_map([staff.get()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        logins.collect::<Result<_, _>>()?
    };
    for (role, sealed) in logins {
        let sql = "UPDATE logins SET sealed = ?3 WHERE staff_id = ?1 AND role = ?2";
        let _ = db.execute(sql, params![staff.get(), role, seal(key, staff, &sealed)?])?;
    }
    Ok(())
}

fn seal(key: &DataKey, staff: StaffId, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    crypt::seal(&key.derive(SEAL), &staff.get().to_be_bytes(), sealed).ok_or(Error::Sealing)
}

/// Whether all of these tags and logins are kept.
fn has(db: &Connection, rows: &PersonRows) -> Result<bool, Error> {
    let id = rows.staff.get();
    let exists = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<bool, Error> {
        Ok(db.prepare_cached(sql)?.exists(values)?)
    };
    let pins =
        rows.pins.iter().map(|pin| exists("SELECT 1 FROM pins WHERE tag = ?1 AND staff_id = ?2", &[&pin.tag, &id]));
    let badges = rows.badges.iter();
    let badges =
        badges.map(|badge| exists("SELECT 1 FROM badges WHERE tag = ?1 AND staff_id = ?2", &[&badge.tag, &id]));
    let logins = rows.logins.iter();
    let logins =
        logins.map(|login| exists("SELECT 1 FROM logins WHERE role = ?1 AND staff_id = ?2", &[&login.role, &id]));
    for is_there in pins.chain(badges).chain(logins) {
        if !is_there? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn handed(key: &DataKey, staff: StaffId, version: i64, at: i64) -> [u8; 32] {
    key.proof(HANDED, &[staff.get().to_be_bytes(), version.to_be_bytes(), at.to_be_bytes()].concat())
}
