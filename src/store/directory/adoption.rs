//! A kiosk with people of its own becomes the first of a fleet. The fleet takes over its data key, because each seal and each
//! index is made with it, and this directory draws a new key for everything that stays here.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    Cost, Directory, Error, copies, counters,
    data_keys::{DataKeys, put_wraps},
    integrity, membership,
    seal::DataKey,
};
use crate::staff::{PersonRows, StaffId};

/// Generation of the first data key of a fleet.
const FIRST: i64 = 1;

/// What a fleet takes over from its first kiosk.
#[derive(Debug)]
pub struct Founding {
    /// The data key. Encrypt it before it leaves this machine.
    pub key: Zeroizing<Vec<u8>>,
    /// Salt of every PIN's hash.
    pub salt: Vec<u8>,
    /// Cost of a PIN's hash.
    pub cost: Cost,
    /// The highest number that anybody ever had here. Audit records name removed people by theirs.
    pub last_staff: StaffId,
    /// Everybody, as the fleet's list keeps them.
    pub people: Vec<PersonRows>,
}

impl Directory {
    /// What a fleet takes over from this directory.
    ///
    /// # Errors
    ///
    /// [`Error::OlderKeys`] when rows still use a data key from before a `rekey`: a thief may have that key, and the fleet would
    /// hand it to each of its kiosks.
    pub fn founding(&self) -> Result<Founding, Error> {
        self.forget_unused_keys()?;
        let outdated = self.outdated()?;
        if !outdated.is_empty() {
            return Err(Error::OlderKeys(outdated));
        }
        let people = integrity::everybody(&self.db)?.into_iter().map(|staff| {
            let mut rows = self.rows_of(&self.db, staff)?.ok_or_else(|| self.tampered())?;
            rows.pins.iter_mut().for_each(|pin| pin.generation = FIRST);
            rows.badges.iter_mut().for_each(|badge| badge.generation = FIRST);
            rows.logins.iter_mut().for_each(|login| login.generation = FIRST);
            Ok(rows)
        });
        let people: Vec<PersonRows> = people.collect::<Result<_, Error>>()?;
        let last = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'staff'";
        Ok(Founding {
            key: Zeroizing::new(self.data.current.expose().to_vec()),
            salt: self.salt.clone(),
            cost: self.cost,
            last_staff: StaffId::new(self.db.query_row(last, [], |row| row.get(0))?),
            people,
        })
    }

    /// Makes copies of all people, who were handed to a fleet with these versions at `at`, stores the secrets of the fleet, and
    /// draws a new data key for this directory. All of it in one transaction. Open the directory again afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::Stale`] when somebody is missing in `versions`. Nothing is written then.
    pub fn become_first(self, secrets: &[u8], versions: &[(StaffId, i64)], at: Timestamp) -> Result<(), Error> {
        let change = self.begin()?;
        let Self { key, data, .. } = &self;
        let next = DataKeys {
            generation: data.generation + 1,
            current: DataKey::draw()?,
            older: vec![(data.generation, data.current.copy())],
        };
        let people = integrity::everybody(&change)?;
        if people.iter().any(|staff| !versions.iter().any(|(known, _)| known == staff)) {
            return Err(Error::Stale { file: self.folder.join(super::FILE) });
        }
        for table in ["pins", "badges", "logins"] {
            let _ = change.execute(&format!("UPDATE {table} SET generation = ?1"), [FIRST])?;
        }
        for staff in people {
            copies::seal_logins(&change, &next.current, staff)?;
        }
        for (staff, version) in versions {
            copies::put_copy(&change, &next.current, *staff, *version, at)?;
        }
        // Each person's next visit brings their doors again.
        let _ = change.execute("DELETE FROM last_doors", [])?;
        membership::put(&change, key, secrets)?;
        put_wraps(&change, key, &next)?;
        counters::renew_counters(&change, &next)?;
        integrity::prove(&change, &next.current)?;
        change.commit()?;
        self.clear_old_pages()
    }
}
