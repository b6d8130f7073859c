//! What can never work: for one person, which doors a kiosk cannot open for them, why, and where in Kisi to change it.

use std::collections::HashMap;

use crate::{
    door::DoorId,
    kisi::{self, Bar, Barred, Client, Group},
    secret::Secret,
};

/// A door that the kiosk cannot open for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// What the door is called.
    pub door: String,
    /// What is in the way.
    pub bar: Bar,
    /// The group that it belongs to. `None`: the door itself.
    pub group: Option<String>,
}

impl Blocked {
    /// Why, in a few words.
    pub fn why(&self) -> &'static str {
        match self.bar {
            Bar::NotSetUp => "not configured: it has no hardware",
            Bar::Offline => "offline now",
            Bar::NoApps => "app access is off, and a kiosk counts as an app",
            Bar::TapOnly => "opens only with a phone held to the reader",
            Bar::PrimaryDevice => "opens only with the person's primary device",
            Bar::ManagedDevice => "opens only with a managed device",
            Bar::Reader => "wants a proof from its reader",
            Bar::Position => "wants a position, and this kiosk has none",
        }
    }

    /// Where to change it.
    pub fn place_to_change(&self) -> String {
        let at = match &self.group {
            Some(group) => format!("Kisi: group \"{group}\""),
            None => format!("Kisi: door \"{}\"", self.door),
        };
        match self.bar {
            Bar::NotSetUp => format!("{at}, hardware"),
            Bar::Offline => "power and network of its controller".to_owned(),
            Bar::NoApps => format!("{at}, app access"),
            Bar::TapOnly => format!("{at}, tap to access restriction"),
            Bar::PrimaryDevice => format!("{at}, primary device restriction"),
            Bar::ManagedDevice => format!("{at}, managed device restriction"),
            Bar::Reader => format!("{at}, reader restriction"),
            Bar::Position => format!("[proximity] in kiosk.toml, or {at}, geofence restriction"),
        }
    }
}

/// Groups and doors of the whole organization.
#[derive(Debug)]
pub struct Access {
    groups: HashMap<u64, Group>,
    doors: Vec<Barred>,
}

impl Access {
    /// Reads all of it, with an admin's key.
    ///
    /// # Errors
    ///
    /// When Kisi cannot be asked, or the key is not an admin's.
    pub async fn read(client: &Client, admin: &Secret<String>) -> Result<Self, kisi::Error> {
        let mut groups = HashMap::new();
        for mut group in client.groups(admin).await? {
            group.doors = client.doors_of_group(admin, group.id).await?;
            let _ = groups.insert(group.id, group);
        }
        Ok(Self { groups, doors: client.bars(admin).await? })
    }

    /// What cannot work for somebody who is in these groups. A door is open to them if one of their groups opens it.
    pub fn blocked(&self, groups: &[u64]) -> Vec<Blocked> {
        let groups: Vec<&Group> = groups.iter().filter_map(|id| self.groups.get(id)).collect();
        let mut blocked = Vec::new();
        for door in &self.doors {
            let ways: Vec<&&Group> = groups.iter().filter(|group| group.doors.contains(&door.id)).collect();
            if ways.is_empty() {
                continue;
            }
            blocked.extend(of_door(door));
            if ways.iter().all(|group| !group.bars.is_empty()) {
                let bars = ways.iter().flat_map(|group| group.bars.iter().map(|bar| (*bar, group.name.clone())));
                blocked.extend(bars.map(|(bar, group)| Blocked { door: door.name.clone(), bar, group: Some(group) }));
            }
        }
        blocked
    }

    /// How many doors somebody in these groups sees.
    pub fn count(&self, groups: &[u64]) -> usize {
        let doors = groups.iter().filter_map(|id| self.groups.get(id)).flat_map(|group| group.doors.iter().copied());
        doors.collect::<std::collections::HashSet<DoorId>>().len()
    }
}

/// What cannot work at a door for anybody.
pub fn of_door(door: &Barred) -> impl Iterator<Item = Blocked> {
    door.bars.iter().map(|bar| Blocked { door: door.name.clone(), bar: *bar, group: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_blocked_when_no_group_opens_it() {
        let group = |id: u64, bars: &[Bar], doors: &[u64]| {
            let doors = doors.iter().copied().map(DoorId::new).collect();
            (id, Group { id, name: format!("Group {id}"), bars: bars.to_vec(), doors })
        };
        let door = |id, bars: &[Bar]| Barred { id: DoorId::new(id), name: format!("Door {id}"), bars: bars.to_vec() };
        let access = Access {
            groups: [group(1, &[], &[7, 9]), group(2, &[Bar::NoApps, Bar::TapOnly], &[7, 8])].into(),
            doors: vec![door(7, &[]), door(8, &[]), door(9, &[Bar::Reader]), door(10, &[Bar::NotSetUp])],
        };
        let said = |groups: &[u64]| {
            let blocked = access.blocked(groups).into_iter();
            blocked.map(|blocked| format!("{}: {}", blocked.door, blocked.place_to_change())).collect::<Vec<_>>()
        };
        assert_eq!(said(&[1]), ["Door 9: Kisi: door \"Door 9\", reader restriction"]);
        assert_eq!(said(&[2])[0], "Door 7: Kisi: group \"Group 2\", app access");
        let both = said(&[1, 2]);
        assert!(both.iter().all(|line| !line.starts_with("Door 7")), "the other group opens it: {both:?}");
        assert!(both.iter().any(|line| line.starts_with("Door 8")), "{both:?}");
        assert_eq!((access.count(&[1, 2]), access.count(&[3])), (3, 0));
    }
}
