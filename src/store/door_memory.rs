//! Remembers which doors the rules in `kiosk.toml` have meant, in a file of the data folder. A rule by name stops matching
//! when the door is renamed at Kisi; the remembered id says which door it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    door::{Door, DoorId, DoorRule},
    private_files,
};

/// Name of the file in the data folder.
const FILE: &str = "door-rules.json";

/// The doors that each name has meant.
#[derive(Debug)]
pub struct DoorMemory {
    file: PathBuf,
    doors: BTreeMap<String, BTreeSet<u64>>,
    /// Renamed doors that [`Self::newly_renamed`] has returned.
    reported: BTreeSet<DoorId>,
}

/// A rule that matches none of the doors that were read, or not all that it matched before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The rule as in `kiosk.toml`.
    pub rule: String,
    /// Doors that it has meant earlier and that are there under another name: id and present name.
    pub renamed: Vec<(DoorId, String)>,
    /// Doors with nearly the same name: id and name.
    pub similar: Vec<(DoorId, String)>,
}

impl DoorMemory {
    /// Reads the file. Without one, nothing is remembered.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is damaged. It is not essential: the caller may go on without it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let file = folder.join(FILE);
        let doors = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { file, doors, reported: BTreeSet::new() })
    }

    /// A memory that starts empty, in place of one that cannot be read.
    pub fn empty(folder: &Path) -> Self {
        Self { file: folder.join(FILE), doors: BTreeMap::new(), reported: BTreeSet::new() }
    }

    /// Notes the doors that the rules mean now. Writes the file only when something is new.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn note(&mut self, rules: &[DoorRule], doors: &[Door]) -> io::Result<()> {
        let mut is_new = false;
        for rule in rules {
            let DoorRule::Name(name) = rule else { continue };
            let matched: BTreeSet<u64> =
                doors.iter().filter(|door| rule.matches(door)).map(|door| door.id.get()).collect();
            if !matched.is_empty() {
                let known = self.doors.entry(name.clone()).or_default();
                is_new |= !matched.is_subset(known);
                known.extend(matched);
            }
        }
        if is_new { self.write() } else { Ok(()) }
    }

    /// Rules whose door has another name now, each door once: rule, id and present name.
    pub fn newly_renamed(&mut self, rules: &[DoorRule], doors: &[Door]) -> Vec<(String, DoorId, String)> {
        let unmatched = self.unmatched(rules, doors).into_iter();
        let renamed = unmatched.flat_map(|Unmatched { rule, renamed, .. }| {
            renamed.into_iter().map(move |(id, name)| (rule.clone(), id, name))
        });
        renamed.filter(|(_, id, _)| self.reported.insert(*id)).collect()
    }

    /// The rules that match none of these doors, and those that lost a door by a rename.
    pub fn unmatched(&self, rules: &[DoorRule], doors: &[Door]) -> Vec<Unmatched> {
        let of = |door: &Door| (door.id, door.name.clone());
        let found = rules.iter().filter_map(|rule| {
            let matches_any = doors.iter().any(|door| rule.matches(door));
            let DoorRule::Name(name) = rule else {
                let DoorRule::Id(id) = rule else { return None };
                let rule = format!("id:{}", id.get());
                return (!matches_any).then(|| Unmatched { rule, renamed: Vec::new(), similar: Vec::new() });
            };
            let ids = self.doors.get(name);
            let was_meant = |door: &&Door| ids.is_some_and(|ids| ids.contains(&door.id.get())) && !rule.matches(door);
            let is_similar = |door: &&Door| plain(&door.kisi_name) == plain(name);
            let renamed: Vec<_> = doors.iter().filter(was_meant).map(of).collect();
            let similar = if matches_any { Vec::new() } else { doors.iter().filter(is_similar).map(of).collect() };
            (!matches_any || !renamed.is_empty()).then(|| Unmatched { rule: name.clone(), renamed, similar })
        });
        found.collect()
    }

    /// Replaces the file. An older or a newer one stays whole if the power fails.
    fn write(&self) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(&self.doors)?)?;
        file.as_file().sync_all()?;
        let _ = file.persist(&self.file)?;
        private_files::sync_folder(folder)
    }
}

/// A name without case, spaces and punctuation.
fn plain(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::DoorState;

    fn door(id: u64, name: &str) -> Door {
        let (name, kisi_name) = (name.to_owned(), name.to_owned());
        Door { id: DoorId::new(id), name, kisi_name, place: None, state: DoorState::Ready, allowance: None }
    }

    #[test]
    fn a_rule_that_stopped_matching_names_the_door_it_meant() {
        let folder = private_files::temporary_folder("vestibule-").unwrap();
        let rules: Vec<DoorRule> =
            ["Vault", "Lab A", "id:9"].iter().map(|rule| DoorRule::parse(rule).unwrap()).collect();
        let mut memory = DoorMemory::open(folder.path()).unwrap();
        memory.note(&rules, &[door(1, "Vault"), door(2, "Vault")]).unwrap();
        memory.note(&rules, &[door(1, "Vault")]).unwrap();
        let renamed = [door(1, "Strongroom"), door(2, "Safe"), door(3, "lab  a")];
        let unmatched = DoorMemory::open(folder.path()).unwrap().unmatched(&rules, &renamed);
        let pair = |id, name: &str| (DoorId::new(id), name.to_owned());
        assert_eq!(
            unmatched,
            [
                Unmatched {
                    rule: "Vault".to_owned(),
                    renamed: vec![pair(1, "Strongroom"), pair(2, "Safe")],
                    similar: Vec::new()
                },
                Unmatched { rule: "Lab A".to_owned(), renamed: Vec::new(), similar: vec![pair(3, "lab  a")] },
                Unmatched { rule: "id:9".to_owned(), renamed: Vec::new(), similar: Vec::new() },
            ]
        );
        // One of two doors was renamed, and a new door took the name of another.
        let partly = [door(1, "Strongroom"), door(2, "Vault"), door(4, "Vault")];
        let unmatched = DoorMemory::open(folder.path()).unwrap().unmatched(&rules[..1], &partly);
        assert_eq!(unmatched.len(), 1);
        assert_eq!(unmatched[0].renamed, [pair(1, "Strongroom")]);
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(DoorMemory::open(folder.path()).is_err(), "damage is reported");
    }
}
