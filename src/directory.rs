//! Who is this entry, and what is their Kisi login: one SQLite file in the data folder. It holds no PIN, no badge number and
//! no login in clear. It does not speak to Kisi: who makes logins is `enrol.rs`.

mod backup;
mod change;
mod errand;
mod error;
mod key;
mod odds;
mod person;
mod pin;
mod proof;
mod schema;
mod seal;
mod technician;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OptionalExtension, params};

pub use self::{
    backup::{Backup, restore},
    change::Renewal,
    errand::{Errand, ErrandId, ErrandKind},
    error::Error,
    key::{DeviceKey, KeyPlace},
    odds::Odds,
    person::{Enrolment, Found, Person, Standing},
    pin::{Cost, random_digits},
};
use self::{
    proof::{meta, put_meta},
    seal::{DataKey, Role, Sealed, Stretched, Subject, random},
};
use crate::{
    language::Language,
    staff::{Badge, Credential, Pin, StaffId},
};

/// The file in the data folder.
const FILE: &str = "directory.sqlite";

/// The list of staff. One process may write while another reads.
#[derive(Debug)]
pub struct Directory {
    folder: PathBuf,
    db: Connection,
    key: DeviceKey,
    data: DataKey,
    salt: Vec<u8>,
    cost: Cost,
}

impl Directory {
    /// Opens the directory in this folder, and makes it, with a device key, if there is none. `credentials` is where systemd
    /// keeps credentials; `cost` is for a new directory, an old one keeps its own.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMissing`] or [`Error::KeyOther`] when a directory is there without its key: no new key is made then.
    /// [`Error::Tampered`] when somebody else wrote into it.
    pub fn open(folder: &Path, credentials: Option<&Path>, cost: impl FnOnce() -> Cost) -> Result<Self, Error> {
        make_private_folder(folder).map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
        let file = folder.join(FILE);
        let mut db = Connection::open(&file)?;
        schema::migrate(&mut db)?;
        let begin = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let keys = DeviceKey::find(folder, credentials)?;
        let (key, data) = match meta(&begin, "key_id")? {
            None => make(&begin, folder, keys, cost())?,
            Some(id) => {
                if keys.is_empty() {
                    return Err(Error::KeyMissing { file });
                }
                let ours = keys.into_iter().find(|key| key.id() == id[..]);
                let key = ours.ok_or_else(|| Error::KeyOther { file: file.clone() })?.settle(folder)?;
                let wrapped = meta(&begin, "data_key")?.unwrap_or_default();
                let data = key.unwrap(&wrapped).ok_or_else(|| Error::Tampered { file })?;
                (key, data)
            }
        };
        let salt = meta(&begin, "pin_salt")?.unwrap_or_default();
        let cost = stored_cost(&begin)?;
        begin.commit()?;
        let directory = Self { folder: folder.to_owned(), db, key, data, salt, cost };
        directory.check()?;
        Ok(directory)
    }

    /// Where its device key lies.
    pub fn key_place(&self) -> &KeyPlace {
        self.key.place()
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What one guess costs here.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Whose badge this is, by e-mail address.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn owner_of(&self, badge: &Badge) -> Result<Option<String>, Error> {
        Ok(badge_owner(&self.db, &self.data, badge)?.map(|(_, email)| email))
    }

    /// How many people have a PIN.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn pins(&self) -> Result<u32, Error> {
        Ok(self.db.query_row("SELECT count(*) FROM pins", [], |row| row.get(0))?)
    }

    /// How many people are here: active, with a login that Kisi refused, suspended.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn standings(&self) -> Result<[u32; 3], Error> {
        let sql = "SELECT count(*) FILTER (WHERE NOT suspended AND NOT refused),
                          count(*) FILTER (WHERE NOT suspended AND refused), count(*) FILTER (WHERE suspended) FROM staff";
        Ok(self.db.query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?)
    }

    /// Everybody, by name.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<Person>, Error> {
        self.people(None)
    }

    /// The person with this e-mail address.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn person(&self, email: &str) -> Result<Option<Person>, Error> {
        let Some(staff) = person_id(&self.db, email)? else { return Ok(None) };
        Ok(self.people(Some(staff))?.pop())
    }

    /// One person, or everybody.
    fn people(&self, only: Option<StaffId>) -> Result<Vec<Person>, Error> {
        let mut select = self.db.prepare(
            "SELECT staff.id, email, name, login_id, EXISTS (SELECT 1 FROM pins WHERE pins.staff_id = staff.id),
                    (SELECT group_concat(hint, ' ') FROM badges WHERE badges.staff_id = staff.id), suspended, refused,
                    EXISTS (SELECT 1 FROM logins WHERE logins.staff_id = staff.id AND role = 'device')
             FROM staff WHERE ?1 IS NULL OR staff.id = ?1 ORDER BY name COLLATE NOCASE, email",
        )?;
        let people = select.query_map([only.map(StaffId::get)], |row| {
            let badges: Option<String> = row.get(5)?;
            Ok(Person {
                id: StaffId::new(row.get(0)?),
                email: row.get(1)?,
                name: row.get(2)?,
                login_id: row.get::<_, i64>(3)?.cast_unsigned(),
                has_pin: row.get(4)?,
                badges: badges.iter().flat_map(|hints| hints.split(' ')).map(str::to_owned).collect(),
                standing: match (row.get(6)?, row.get(7)?) {
                    (true, _) => Standing::Suspended,
                    (false, true) => Standing::Refused,
                    (false, false) => Standing::Active,
                },
                opens_by_badge: row.get(8)?,
            })
        })?;
        Ok(people.collect::<Result<_, _>>()?)
    }

    /// Recognises a PIN that was just refused, without keeping it.
    pub fn repeat_tag(&self, pin: &Pin) -> [u8; 32] {
        self.data.repeat_tag(pin)
    }

    /// Finds out who this is. `None` for a PIN or badge that nobody has. A miss, and somebody who is suspended, take the work
    /// of a wrong PIN.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when there is such a person but their login does not open.
    pub fn identify(&self, credential: &Credential) -> Result<Option<Found>, Error> {
        match credential {
            Credential::Pin(pin) => {
                let stretched = pin::stretch(pin, &self.salt, self.cost)?;
                let sql = "SELECT staff_id FROM pins WHERE tag = ?1";
                let tag = self.data.pin_tag(&stretched);
                let owner = self.db.prepare_cached(sql)?.query_row([tag], |row| row.get(0)).optional()?;
                self.open_or_pretend(owner.map(StaffId::new), &stretched)
            }
            Credential::Badge(badge) => {
                let found = self.open_for(self.staff_of(badge)?, Role::Device)?;
                if found.as_ref().is_none_or(|found| found.is_suspended) {
                    let stretched = pin::stretch(&Pin::new(), &self.salt, self.cost)?;
                    let _ = self.open_or_pretend(None, &stretched)?;
                }
                Ok(found)
            }
            Credential::BadgeWithPin(badge, pin) => {
                let stretched = pin::stretch(pin, &self.salt, self.cost)?;
                match self.open_or_pretend(self.staff_of(badge)?, &stretched) {
                    // With the person found by badge, the seal is the check: a wrong PIN and a broken seal look the same.
                    Err(Error::Damaged { .. }) => Ok(None),
                    answer => answer,
                }
            }
            // Signs nobody in.
            Credential::Technician(_) => Ok(None),
        }
    }

    /// Opens this person's login. For nobody, another one is tried, which cannot open: a miss takes as long as a hit.
    fn open_or_pretend(&self, staff: Option<StaffId>, stretched: &Stretched) -> Result<Option<Found>, Error> {
        if staff.is_some() {
            return self.open_for(staff, Role::Pin(stretched));
        }
        let sql = "SELECT staff_id FROM logins WHERE role = 'pin' LIMIT 1";
        let other = self.db.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        match self.open_for(other.map(StaffId::new), Role::Pin(stretched)) {
            Ok(_) | Err(Error::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Somebody's login, where a badge alone opens it. `None` where only their PIN does.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when it does not open.
    pub fn login_by_badge(&self, staff: StaffId) -> Result<Option<Found>, Error> {
        self.open_for(Some(staff), Role::Device)
    }

    /// The row behind a badge, without opening anything.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn staff_of(&self, badge: &Badge) -> Result<Option<StaffId>, Error> {
        Ok(badge_owner(&self.db, &self.data, badge)?.map(|(staff, _)| staff))
    }

    fn open_for(&self, staff: Option<StaffId>, role: Role<'_>) -> Result<Option<Found>, Error> {
        let Some(staff) = staff else { return Ok(None) };
        let sql = "SELECT email, name, salt, staff.revision, nonce, sealed, suspended, proof, language FROM staff
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
                Ok((email, name, salt, row.get(3)?, sealed, row.get(6)?, proof, language))
            })
            .optional()?;
        let Some((email, name, salt, revision, sealed, is_suspended, proof, language)) = row else { return Ok(None) };
        let login = self.data.open(role, Subject { staff, salt: &salt, revision }, &sealed);
        let is_ours = self.is_ours(staff, proof.as_deref())?;
        // Everything was done for somebody who is suspended too, so that it takes as long.
        match login.filter(|_| is_ours) {
            Some(login) => Ok(Some(Found { staff, email, name, is_suspended, language, login })),
            None => Err(Error::Damaged { email }),
        }
    }
}

/// Only this account may look into it.
fn make_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    let _ = builder.recursive(true);
    #[cfg(unix)]
    let _ = std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The first rows of a new directory.
fn make(begin: &Connection, folder: &Path, keys: Vec<DeviceKey>, cost: Cost) -> Result<(DeviceKey, DataKey), Error> {
    let key = keys.into_iter().next().map_or_else(|| DeviceKey::make(folder), Ok)?;
    let (data, salt) = (DataKey::draw()?, random::<16>()?);
    let cost = [cost.memory_kib, cost.passes, cost.lanes].map(u32::to_be_bytes).concat();
    let wrapped = key.wrap(&data)?;
    let rows = [("key_id", &key.id()[..]), ("data_key", &wrapped), ("pin_salt", &salt[..]), ("pin_cost", &cost)];
    rows.into_iter().try_for_each(|(name, value)| put_meta(begin, name, value))?;
    put_meta(begin, "proof", &proof::of_everything(begin, &data)?)?;
    Ok((key, data))
}

/// Three numbers of four bytes. A file that asks for less than the floor was tampered with.
fn stored_cost(db: &Connection) -> Result<Cost, Error> {
    let bytes = meta(db, "pin_cost")?.unwrap_or_default();
    let number = |at: usize| {
        let four = bytes.get(4 * at..4 * at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
        four.map(u32::from_be_bytes)
    };
    match (number(0), number(1), number(2)) {
        (Some(memory_kib), Some(passes), Some(lanes)) => {
            Some(Cost { memory_kib, passes, lanes }).filter(|cost| cost.is_enough()).ok_or(Error::Hashing)
        }
        _ => Err(Error::Hashing),
    }
}

fn person_id(db: &Connection, email: &str) -> Result<Option<StaffId>, Error> {
    let id = db.query_row("SELECT id FROM staff WHERE email = ?1", [email], |row| row.get(0)).optional()?;
    Ok(id.map(StaffId::new))
}

fn badge_owner(db: &Connection, key: &DataKey, badge: &Badge) -> Result<Option<(StaffId, String)>, Error> {
    let sql = "SELECT staff.id, email FROM badges JOIN staff ON staff.id = staff_id WHERE tag = ?1";
    let row = db.query_row(sql, [key.badge_tag(badge)], |row| Ok((StaffId::new(row.get(0)?), row.get(1)?)));
    Ok(row.optional()?)
}
