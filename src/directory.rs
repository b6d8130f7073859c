//! Who is this entry, and what is their Kisi login: one SQLite file in the data folder. It holds no PIN, no badge number and
//! no login in clear. It does not speak to Kisi: who makes logins is `enrol.rs`.

mod error;
mod person;
mod pin;
mod schema;
mod seal;
#[cfg(test)]
mod tests;

use std::{fs, io, path::Path};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use self::seal::{Role, Sealed, Subject, random};
pub use self::{
    error::Error,
    person::{Enrolment, Found, Person},
    pin::Cost,
    seal::DeviceKey,
};
use crate::{
    secret::Secret,
    staff::{Badge, Credential, Pin, StaffId},
};

/// The file in the data folder.
const FILE: &str = "directory.sqlite";
/// A PIN that is taken is redrawn in silence. So many times in a row means that hardly any are left.
const DRAWS: usize = 20;

/// The list of staff. One process may write while another reads.
#[derive(Debug)]
pub struct Directory {
    db: Connection,
    key: DeviceKey,
    salt: Vec<u8>,
    cost: Cost,
}

impl Directory {
    /// Opens the directory in this folder, and makes it, with a device key, if there is none. `credentials` is where systemd
    /// keeps credentials; `cost` is for a new directory, an old one keeps its own.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMissing`] when a directory is there without its key: no new key is made then.
    pub fn open(folder: &Path, credentials: Option<&Path>, cost: Cost) -> Result<Self, Error> {
        make_private_folder(folder).map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
        let file = folder.join(FILE);
        let mut db = Connection::open(&file)?;
        schema::migrate(&mut db)?;
        let begin = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let known = meta(&begin, "key_id")?;
        let key = match (DeviceKey::find(folder, credentials)?, &known) {
            (Some(key), _) => key,
            (None, None) => DeviceKey::make(folder)?,
            (None, Some(_)) => return Err(Error::KeyMissing { file }),
        };
        match known {
            None => write_meta(&begin, &key, cost)?,
            Some(id) if id == key.id() => {}
            Some(_) => return Err(Error::KeyMissing { file }),
        }
        let salt = meta(&begin, "pin_salt")?.unwrap_or_default();
        let cost = stored_cost(&begin)?;
        begin.commit()?;
        Ok(Self { db, key, salt, cost })
    }

    /// Writes somebody down, all or nothing. Returns the PIN that was issued, which is shown nowhere again.
    ///
    /// # Errors
    ///
    /// [`Error::Enrolled`], [`Error::BadgeTaken`], [`Error::NoPinLeft`]; nothing was written then.
    pub fn enrol(&mut self, person: &Enrolment<'_>) -> Result<Option<Pin>, Error> {
        let change = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if person_id(&change, person.email)?.is_some() {
            return Err(Error::Enrolled { email: person.email.to_owned() });
        }
        let salt = random::<16>()?;
        let login_id = person.login_id.cast_signed();
        let _ = change.execute(
            "INSERT INTO staff (email, name, salt, revision, login_id) VALUES (?1, ?2, ?3, 1, ?4)",
            params![person.email, person.name, &salt[..], login_id],
        )?;
        let staff = StaffId::new(change.last_insert_rowid());
        let subject = Subject { staff, salt: &salt[..], revision: 1 };
        if let Some(badge) = person.badge {
            add_badge(&change, &self.key, staff, badge)?;
        }
        if person.badge_alone {
            put_login(&change, &self.key, Role::Device, subject, person.secret)?;
        }
        let mut issued = None;
        if let Some(digits) = person.pin_digits {
            let draw = (&self.key, self.salt.as_slice(), self.cost, digits);
            issued = Some(give_pin(&change, draw, subject, person.secret)?);
        }
        change.commit()?;
        Ok(issued)
    }

    /// Gives somebody one more badge. Returns whether it was new.
    ///
    /// # Errors
    ///
    /// [`Error::BadgeTaken`] when it is somebody else's.
    pub fn give_badge(&mut self, staff: StaffId, badge: &Badge) -> Result<bool, Error> {
        let change = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let is_new = badge_owner(&change, &self.key, badge)?.is_none_or(|(owner, _)| owner != staff);
        if is_new {
            add_badge(&change, &self.key, staff, badge)?;
        }
        change.commit()?;
        Ok(is_new)
    }

    /// Whose badge this is, by e-mail address.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn owner_of(&self, badge: &Badge) -> Result<Option<String>, Error> {
        Ok(badge_owner(&self.db, &self.key, badge)?.map(|(_, email)| email))
    }

    /// Issues a PIN to somebody who has none. `None` when their login is kept under no key that is at hand: it opens with a
    /// badge alone, or not here.
    ///
    /// # Errors
    ///
    /// [`Error::NoPinLeft`], [`Error::Damaged`]; nothing was written then.
    pub fn issue_pin(&mut self, staff: StaffId, digits: usize) -> Result<Option<Pin>, Error> {
        let Some(found) = self.open_for(Some(staff), Role::Device)? else { return Ok(None) };
        let change = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let sql = "SELECT salt, revision FROM staff WHERE id = ?1";
        let (salt, revision): (Vec<u8>, i64) =
            change.query_row(sql, [staff.get()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let draw = (&self.key, self.salt.as_slice(), self.cost, digits);
        let pin = give_pin(&change, draw, Subject { staff, salt: &salt, revision }, &found.login)?;
        change.commit()?;
        Ok(Some(pin))
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
                    (SELECT group_concat(hint, ' ') FROM badges WHERE badges.staff_id = staff.id)
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
            })
        })?;
        Ok(people.collect::<Result<_, _>>()?)
    }

    /// How many guesses at the keypad are left, as it was written down last. `None` when it never was.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn guesses_left(&self) -> Result<Option<u32>, Error> {
        let bytes = meta(&self.db, "guesses_left")?;
        Ok(bytes.and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(u32::from_be_bytes))
    }

    /// Writes down how many guesses are left. It is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// When the file cannot be written: nothing may be looked at then.
    pub fn keep_guesses_left(&self, left: u32) -> Result<(), Error> {
        let sql = "INSERT INTO meta (key, value) VALUES ('guesses_left', ?1)
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let _ = self.db.execute(sql, params![left.to_be_bytes()])?;
        Ok(())
    }

    /// Recognises a PIN that was just refused, without keeping it.
    pub fn repeat_tag(&self, pin: &Pin) -> [u8; 32] {
        self.key.repeat_tag(pin)
    }

    /// Finds out who this is. `None` for a PIN or badge that nobody has. Takes as long as the slow hash where a PIN is in it.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when there is such a person but their login does not open.
    pub fn identify(&self, credential: &Credential) -> Result<Option<Found>, Error> {
        match credential {
            Credential::Pin(pin) => {
                let stretched = pin::stretch(pin, &self.salt, self.cost)?;
                let owner = self
                    .db
                    .query_row("SELECT staff_id FROM pins WHERE tag = ?1", [self.key.pin_tag(&stretched)], |row| {
                        row.get(0)
                    })
                    .optional()?;
                self.open_for(owner.map(StaffId::new), Role::Pin(&stretched))
            }
            Credential::Badge(badge) => {
                let found = self.open_for(self.staff_of(badge)?, Role::Device)?;
                if found.is_none() {
                    // A badge that nobody has costs what a wrong PIN costs. The result is thrown away.
                    let _ = pin::stretch(&Pin::new(), &self.salt, self.cost)?;
                }
                Ok(found)
            }
            Credential::BadgeWithPin(badge, pin) => {
                let stretched = pin::stretch(pin, &self.salt, self.cost)?;
                match self.open_for(self.staff_of(badge)?, Role::Pin(&stretched)) {
                    // With the person found by badge, the seal is the check: a wrong PIN and a broken seal look the same.
                    Err(Error::Damaged { .. }) => Ok(None),
                    answer => answer,
                }
            }
        }
    }

    /// The row behind a badge, without opening anything.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn staff_of(&self, badge: &Badge) -> Result<Option<StaffId>, Error> {
        Ok(badge_owner(&self.db, &self.key, badge)?.map(|(staff, _)| staff))
    }

    fn open_for(&self, staff: Option<StaffId>, role: Role<'_>) -> Result<Option<Found>, Error> {
        let Some(staff) = staff else { return Ok(None) };
        let row = self
            .db
            .query_row(
                "SELECT email, name, salt, staff.revision, nonce, sealed FROM staff
                 JOIN logins ON logins.staff_id = staff.id AND logins.revision = staff.revision
                 WHERE staff.id = ?1 AND role = ?2",
                params![staff.get(), role.name()],
                |row| {
                    let sealed = Sealed { nonce: row.get(4)?, bytes: row.get(5)? };
                    Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?, row.get(3)?, sealed))
                },
            )
            .optional()?;
        let Some((email, name, salt, revision, sealed)) = row else { return Ok(None) };
        let login = self.key.open(role, Subject { staff, salt: &salt, revision }, &sealed);
        Ok(Some(Found { staff, name, login: login.ok_or(Error::Damaged { email })? }))
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

fn meta(db: &Connection, key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

fn write_meta(db: &Connection, key: &DeviceKey, cost: Cost) -> Result<(), Error> {
    let salt = random::<16>()?;
    let cost = [cost.memory_kib, cost.passes, cost.lanes].map(u32::to_be_bytes).concat();
    for (name, value) in [("key_id", &key.id()[..]), ("pin_salt", &salt[..]), ("pin_cost", &cost)] {
        let _ = db.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", params![name, value])?;
    }
    Ok(())
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

fn badge_owner(db: &Connection, key: &DeviceKey, badge: &Badge) -> Result<Option<(StaffId, String)>, Error> {
    let sql = "SELECT staff.id, email FROM badges JOIN staff ON staff.id = staff_id WHERE tag = ?1";
    let row = db.query_row(sql, [key.badge_tag(badge)], |row| Ok((StaffId::new(row.get(0)?), row.get(1)?)));
    Ok(row.optional()?)
}

fn add_badge(change: &Transaction<'_>, key: &DeviceKey, staff: StaffId, badge: &Badge) -> Result<(), Error> {
    if let Some((_, owner)) = badge_owner(change, key, badge)? {
        return Err(Error::BadgeTaken { hint: badge.hint().to_owned(), owner });
    }
    let sql = "INSERT INTO badges (tag, hint, staff_id) VALUES (?1, ?2, ?3)";
    let _ = change.execute(sql, params![key.badge_tag(badge), badge.hint(), staff.get()])?;
    Ok(())
}

fn put_login(
    change: &Transaction<'_>,
    key: &DeviceKey,
    role: Role<'_>,
    of: Subject<'_>,
    secret: &Secret<String>,
) -> Result<(), Error> {
    let sealed = key.seal(role, of, secret)?;
    let _ = change.execute(
        "INSERT INTO logins (staff_id, role, key_id, revision, nonce, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![of.staff.get(), role.name(), key.id(), of.revision, sealed.nonce, sealed.bytes],
    )?;
    Ok(())
}

/// Draws until a PIN is free, and seals the login under it. Nobody learns which are not free.
fn give_pin(
    change: &Transaction<'_>,
    (key, salt, cost, digits): (&DeviceKey, &[u8], Cost, usize),
    of: Subject<'_>,
    secret: &Secret<String>,
) -> Result<Pin, Error> {
    for _ in 0..DRAWS {
        let pin = pin::draw(digits)?;
        let stretched = pin::stretch(&pin, salt, cost)?;
        let sql = "INSERT INTO pins (tag, staff_id) VALUES (?1, ?2) ON CONFLICT (tag) DO NOTHING";
        if change.execute(sql, params![key.pin_tag(&stretched), of.staff.get()])? == 1 {
            put_login(change, key, Role::Pin(&stretched), of, secret)?;
            return Ok(pin);
        }
    }
    Err(Error::NoPinLeft { digits })
}
