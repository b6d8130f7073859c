//! The staff directory: finds the person for a PIN or badge and opens their Kisi login. It is one SQLite file in the data
//! folder and stores no PIN, badge number or login in clear. It does not talk to Kisi; `enrol.rs` creates logins.

mod adoption;
mod backup;
mod copies;
mod counters;
mod data_keys;
mod change;
mod outbox;
mod error;
mod fleet_keys;
mod generations;
mod identify;
mod key;
mod last_doors;
mod membership;
mod meta;
mod origin;
mod pin_strength;
mod person;
mod pin;
mod integrity;
mod seal;
mod technician_pin;
mod upgrade;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row};

pub use self::{
    adoption::Founding,
    backup::{Backup, Restored, check_empty, restore},
    change::{Renewal, ShowPin},
    counters::Counters,
    error::Error,
    fleet_keys::FleetKeys,
    generations::{Outdated, Rekeyed},
    identify::{Index, Presented},
    key::{DeviceKey, KeyPlace},
    origin::Origin,
    outbox::{Outbox, OutboxEntry, OutboxId, OutboxKind},
    person::{Enrolment, FoundPerson, Person, Standing, Standings},
    pin::{Cost, random_digits},
    pin_strength::{ASSUMED_NUMBERS, BadgeOdds, Odds, Spray},
};
use self::{
    data_keys::{DataKeys, put_wraps},
    identify::{badge_owner, badge_row, pin_owner},
    meta::{meta, put_meta},
    origin::{Fleet, Touched},
    seal::{DataKey, random},
};
use crate::{
    hex,
    private_files::{self, Exposed},
    staff::{Badge, StaffId},
    store::{self, FILE, schema},
};

/// Key of the `meta` row that is written with the first audit log.
const LOG_BEGUN: &str = "log_begun";

/// The staff directory. Several processes may use it at once; SQLite lets one write at a time.
#[derive(Debug)]
pub struct Directory {
    folder: PathBuf,
    db: Connection,
    key: DeviceKey,
    data: DataKeys,
    salt: Vec<u8>,
    cost: Cost,
    /// Identifies this kiosk in the logins it creates at Kisi: 12 hexadecimal digits.
    name: String,
    /// The fleet whose people are kept here as copies.
    fleet: Option<Fleet>,
}

impl Directory {
    /// Opens an existing directory. `credentials` is the folder of systemd's credentials.
    ///
    /// # Errors
    ///
    /// [`Error::Nothing`] when the folder holds no directory; otherwise as [`Self::open`].
    pub fn open_existing(folder: &Path, credentials: Option<&Path>) -> Result<Self, Error> {
        if !folder.join(FILE).exists() {
            return Err(Error::Nothing { folder: folder.to_owned() });
        }
        Self::open_with(folder, credentials, None::<fn() -> Cost>)
    }

    /// Opens the directory in this folder, or creates it, with a device key if none is found. `credentials` is the folder
    /// of systemd's credentials. `cost` is the cost of a PIN hash in a new directory; an existing one keeps its own.
    ///
    /// # Errors
    ///
    /// [`Error::Exposed`] when other accounts can access the folder. [`Error::KeyMissing`] or [`Error::KeyOther`] when a
    /// directory exists without its key; no new key is created then. [`Error::Tampered`] when it was changed from outside.
    pub fn open(folder: &Path, credentials: Option<&Path>, cost: impl FnOnce() -> Cost) -> Result<Self, Error> {
        Self::open_with(folder, credentials, Some(cost))
    }

    /// Creates a missing directory if there is a `cost`.
    fn open_with(
        folder: &Path,
        credentials: Option<&Path>,
        cost: Option<impl FnOnce() -> Cost>,
    ) -> Result<Self, Error> {
        private_files::make_folder(folder).map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
        check_folder(folder)?;
        let file = folder.join(FILE);
        let db = store::open(folder)?;
        let begin = store::begin(&db)?;
        let before = schema::migrate(&begin)?;
        let keys = DeviceKey::find(folder, credentials)?;
        let (key, data) = match meta(&begin, "key_id")? {
            // Only an empty file is new. One with tables but without a key id was changed from outside.
            None if before.version == 0 => {
                let cost = cost.ok_or_else(|| Error::Nothing { folder: folder.to_owned() })?;
                make(&begin, folder, keys, cost())?
            }
            None => return Err(Error::Tampered { file }),
            Some(id) => {
                if keys.is_empty() {
                    return Err(Error::KeyMissing { file });
                }
                let ours = keys.into_iter().find(|key| key.id() == id[..]);
                let key = ours.ok_or_else(|| Error::KeyOther { file: file.clone() })?.settle(folder)?;
                let data = data_keys::unwrap(&begin, &key)?.ok_or_else(|| Error::Tampered { file: file.clone() })?;
                let is_older = (1..=2).contains(&before.version);
                if is_older && !upgrade::adopt(&begin, &data.current, &first_name(&data.current), before)? {
                    return Err(Error::Tampered { file });
                }
                (key, data)
            }
        };
        let salt = meta(&begin, "pin_salt")?.unwrap_or_default();
        let cost = stored_cost(&begin)?;
        let name = meta(&begin, "kisi_name")?.and_then(|name| String::from_utf8(name).ok());
        let name = name.ok_or_else(|| Error::Tampered { file: file.clone() })?;
        begin.commit()?;
        let directory = Self { folder: folder.to_owned(), db, key, data, salt, cost, name, fleet: None };
        directory.check()?;
        Ok(directory)
    }

    /// Identifies this kiosk in the logins it creates at Kisi. Unique, and unchanged by a rekey or a restore.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this directory ever had an audit log. If so, a missing log was deleted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn has_log(&self) -> Result<bool, Error> {
        Ok(meta(&self.db, LOG_BEGUN)?.is_some())
    }

    /// Records that this directory has an audit log.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn note_log(&self) -> Result<(), Error> {
        let change = self.begin()?;
        put_meta(&change, LOG_BEGUN, &[1])?;
        self.commit(change, Touched::Nobody)
    }

    /// Where the device key is stored.
    pub fn key_place(&self) -> &KeyPlace {
        self.key.place()
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The cost of one PIN hash in this directory.
    pub fn cost(&self) -> Cost {
        self.people().cost
    }

    /// E-mail address of the badge's owner. `None` for an unknown badge.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn owner_of(&self, badge: &Badge) -> Result<Option<String>, Error> {
        if self.origin().is_some() {
            return self.badge_owner_elsewhere(badge);
        }
        Ok(badge_owner(&self.db, self.people().data, badge)?.map(|owner| owner.email))
    }

    /// How many people have a PIN.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn pins(&self) -> Result<u32, Error> {
        if let Some(origin) = self.origin() {
            return Ok(origin.counts()?.0);
        }
        Ok(self.db.query_row("SELECT count(*) FROM pins", [], |row| row.get(0))?)
    }

    /// How many badges are enrolled.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn badges(&self) -> Result<u32, Error> {
        if let Some(origin) = self.origin() {
            return Ok(origin.counts()?.1);
        }
        Ok(self.db.query_row("SELECT count(*) FROM badges", [], |row| row.get(0))?)
    }

    /// Revision of a person's login: 1 at first, increased by each renewal. `None` when they are not enrolled or are
    /// suspended, or when their row was changed from outside.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn open_revision(&self, staff: StaffId) -> Result<Option<i64>, Error> {
        let sql = "SELECT revision, proof FROM staff WHERE id = ?1 AND NOT suspended";
        let row = self.db.prepare_cached(sql)?.query_row([staff.get()], |row| Ok((row.get(0)?, row.get(1)?)));
        let Some((revision, proof)): Option<(i64, Option<Vec<u8>>)> = row.optional()? else { return Ok(None) };
        Ok(self.is_ours(staff, proof.as_deref())?.then_some(revision))
    }

    /// Counts people by the state of their login.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn standings(&self) -> Result<Standings, Error> {
        let sql = "SELECT count(*) FILTER (WHERE NOT suspended AND NOT refused),
                          count(*) FILTER (WHERE NOT suspended AND refused), count(*) FILTER (WHERE suspended) FROM staff";
        let count = |row: &Row<'_>| Ok(Standings { active: row.get(0)?, refused: row.get(1)?, suspended: row.get(2)? });
        Ok(self.db.query_row(sql, [], count)?)
    }

    /// All people, sorted by name.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<Person>, Error> {
        match self.origin() {
            Some(origin) => origin.people(),
            None => self.select(None),
        }
    }

    /// The person with this e-mail address.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn person(&self, email: &str) -> Result<Option<Person>, Error> {
        self.fetch(email)?;
        let Some(staff) = person_id(&self.db, email)? else { return Ok(None) };
        Ok(self.select(Some(staff))?.pop())
    }

    /// One person, or everybody.
    fn select(&self, only: Option<StaffId>) -> Result<Vec<Person>, Error> {
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
}

/// Refuses a folder that other accounts can access or own.
fn check_folder(folder: &Path) -> Result<(), Error> {
    let checked = private_files::check_folder(folder);
    let checked = checked.map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
    checked.map_err(|exposed| match exposed {
        Exposed::Mode(mode) => Error::Exposed { folder: folder.to_owned(), mode },
        Exposed::Owner(owner) => Error::FolderOwner { folder: folder.to_owned(), owner, us: private_files::account() },
    })
}

/// Writes the first rows of a new directory.
fn make(begin: &Connection, folder: &Path, keys: Vec<DeviceKey>, cost: Cost) -> Result<(DeviceKey, DataKeys), Error> {
    let key = keys.into_iter().next().map_or_else(|| DeviceKey::make(folder), Ok)?;
    let data = DataKeys { generation: 1, current: DataKey::draw()?, older: Vec::new() };
    let salt = random::<16>()?;
    let cost = [cost.memory_kib, cost.passes, cost.lanes].map(u32::to_be_bytes).concat();
    let name = first_name(&data.current);
    let rows =
        [("key_id", &key.id()[..]), ("pin_salt", &salt[..]), ("pin_cost", &cost), ("kisi_name", name.as_bytes())];
    rows.into_iter().try_for_each(|(name, value)| put_meta(begin, name, value))?;
    put_wraps(begin, &key, &data)?;
    counters::begin_counters(begin, &data.current)?;
    integrity::prove(begin, &data.current)?;
    Ok((key, data))
}

/// Derives the directory's name from its first data key.
fn first_name(data: &DataKey) -> String {
    let name = data.proof(b"vestibule/name/v1", &[]);
    hex::encode(name.get(..6).unwrap_or_default()).to_string()
}

/// Reads the PIN hash cost: memory, passes and lanes, four bytes each. A cost below the minimum is refused.
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
