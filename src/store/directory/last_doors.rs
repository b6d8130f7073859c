//! The doors that Kisi listed for a person at their last visit, sealed. They are shown at the next sign-in until Kisi has
//! answered. Only names, order and numbers: never a state.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Directory, Error};
use crate::{
    crypt,
    door::{Door, DoorId, DoorList, DoorState, Place, PlaceId},
    staff::StaffId,
};

/// Label of the key that seals the lists.
const LABEL: &[u8] = b"vestibule/last-doors/v1";

/// What is sealed of a door.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: u64,
    name: String,
    kisi_name: String,
    place: Option<(u64, String)>,
}

/// What is sealed of a list.
#[derive(Serialize, Deserialize)]
struct KeptList {
    doors: Vec<Kept>,
    incomplete: bool,
}

impl Directory {
    /// The doors of this person's last visit, with the state [`DoorState::Remembered`]. `None` if there was no visit with
    /// this login yet, or if the list was changed from outside.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn last_doors(&self, staff: StaffId, revision: i64) -> Result<Option<DoorList>, Error> {
        let sql = "SELECT sealed FROM last_doors WHERE staff_id = ?1";
        let sealed: Option<Vec<u8>> =
            self.db.prepare_cached(sql)?.query_row([staff.get()], |row| row.get(0)).optional()?;
        let Some(sealed) = sealed else { return Ok(None) };
        let key = self.data.current.derive(LABEL);
        let clear = crypt::open(&key, &bound_to(staff, revision), &sealed);
        let list = clear.and_then(|clear| serde_json::from_slice::<KeptList>(&clear).ok());
        if list.is_none() {
            tracing::warn!(staff = staff.get(), "the doors of a person's last visit do not open: they are not used");
        }
        Ok(list.map(|list| DoorList { doors: list.doors.into_iter().map(door).collect(), incomplete: list.incomplete }))
    }

    /// Keeps the doors of this person's visit. Ignored if the person was suspended or removed, or has a new login.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn keep_last_doors(&self, staff: StaffId, revision: i64, list: &DoorList) -> Result<(), Error> {
        let kept = KeptList { doors: list.doors.iter().map(keep).collect(), incomplete: list.incomplete };
        let clear = serde_json::to_vec(&kept).map_err(|_| Error::Sealing)?;
        let key = self.data.current.derive(LABEL);
        let sealed = crypt::seal(&key, &bound_to(staff, revision), &clear).ok_or(Error::Sealing)?;
        let sql = "INSERT INTO last_doors (staff_id, sealed)
                   SELECT id, ?3 FROM staff WHERE id = ?1 AND revision = ?2 AND NOT suspended
                   ON CONFLICT (staff_id) DO UPDATE SET sealed = excluded.sealed";
        let _ = self.db.execute(sql, params![staff.get(), revision, sealed])?;
        Ok(())
    }

    /// Forgets the doors of everybody's last visit. Returns of how many people.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn forget_last_doors(&self) -> Result<usize, Error> {
        Ok(self.db.execute("DELETE FROM last_doors", [])?)
    }
}

/// The person and the revision of their login: a list opens with no other.
fn bound_to(staff: StaffId, revision: i64) -> Vec<u8> {
    [staff.get().to_be_bytes(), revision.to_be_bytes()].concat()
}

fn keep(door: &Door) -> Kept {
    let Door { id, name, kisi_name, place, .. } = door;
    let place = place.as_ref().map(|place| (place.id.get(), place.name.clone()));
    Kept { id: id.get(), name: name.clone(), kisi_name: kisi_name.clone(), place }
}

fn door(Kept { id, name, kisi_name, place }: Kept) -> Door {
    let place = place.map(|(id, name)| Place { id: PlaceId::new(id), name });
    Door { id: DoorId::new(id), name, kisi_name, place, state: DoorState::Remembered, allowance: None }
}

#[cfg(test)]
mod tests;
