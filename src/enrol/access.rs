//! Finds the doors that a kiosk can never open for a person, why, and where in Kisi to change it.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{
    door::DoorId,
    kisi::{self, Client, Group, GroupRight, RestrictedDoor, Restriction, Rights},
    secret::Secret,
};

/// Stands for the name of a door where something blocks all of them.
const EVERY_DOOR: &str = "every door";

/// A door that the kiosk cannot open for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Kisi's id of the door. `None` if something blocks every door.
    pub id: Option<DoorId>,
    /// Name of the door, or `every door`.
    pub door: String,
    /// Why the kiosk cannot open it.
    pub restriction: Restriction,
    /// The group whose setting blocks it. `None` if it is a setting of the door or the person.
    pub group: Option<String>,
}

impl Blocked {
    /// The reason, for `doctor`.
    pub fn why(&self) -> &'static str {
        match self.restriction {
            Restriction::NotSetUp => "not configured: it has no hardware",
            Restriction::Offline => "offline now",
            Restriction::NoApps => "app access is off, and a kiosk counts as an app",
            Restriction::TapOnly => "opens only with a phone held to the reader",
            Restriction::PrimaryDevice => "opens only with the person's primary device",
            Restriction::ManagedDevice => "opens only with a managed device",
            Restriction::Reader => "needs a proof from its reader",
            Restriction::Position => "needs a position, and this kiosk has none",
            Restriction::SwitchedOff => "this person's access is switched off",
            Restriction::NoRights => "this person has no right to any door",
            Restriction::Ended => "this person's right has ended",
            Restriction::NotBegun => "this person's right has not begun",
        }
    }

    /// Where in Kisi or `kiosk.toml` to change it, for `doctor`.
    pub fn place_to_change(&self) -> String {
        let at = match &self.group {
            Some(group) => format!("Kisi: group \"{group}\""),
            None => format!("Kisi: door \"{}\"", self.door),
        };
        match self.restriction {
            Restriction::NotSetUp => format!("{at}, hardware"),
            Restriction::Offline => "Check its controller's power and network".to_owned(),
            Restriction::NoApps => format!("{at}, app access"),
            Restriction::TapOnly => format!("{at}, tap to access restriction"),
            Restriction::PrimaryDevice => format!("{at}, primary device restriction"),
            Restriction::ManagedDevice => format!("{at}, managed device restriction"),
            Restriction::Reader => {
                format!("[proximity] beacons in kiosk.toml near the reader, or {at}, reader restriction")
            }
            Restriction::Position => format!("[proximity] in kiosk.toml, or {at}, geofence restriction"),
            Restriction::SwitchedOff => "Kisi: the person, access".to_owned(),
            Restriction::NoRights => "Kisi: the person, groups".to_owned(),
            Restriction::Ended | Restriction::NotBegun => format!("{at}, valid from and until"),
        }
    }
}

/// All groups and doors of the organization, with their restrictions.
#[derive(Debug)]
pub struct Access {
    groups: HashMap<u64, Group>,
    doors: Vec<RestrictedDoor>,
    /// Whether Kisi's list of doors could be read to its end.
    pub has_all_doors: bool,
}

impl Access {
    /// Reads groups and doors with the admin key.
    ///
    /// # Errors
    ///
    /// When Kisi cannot be reached or refuses the key.
    pub async fn read(client: &Client, admin: &Secret<String>) -> Result<Self, kisi::Error> {
        let mut groups = HashMap::new();
        for mut group in client.groups(admin).await? {
            group.doors = client.doors_of_group(admin, group.id).await?;
            let _ = groups.insert(group.id, group);
        }
        let (doors, has_all_doors) = client.restrictions(admin).await?;
        Ok(Self { groups, doors, has_all_doors })
    }

    /// Every door of the organization.
    pub fn doors(&self) -> &[RestrictedDoor] {
        &self.doors
    }

    /// The doors that a person with these rights has but the kiosk cannot open. One group without restrictions, or a role,
    /// is enough to open a door.
    pub fn blocked(&self, rights: &Rights, now: Timestamp) -> Vec<Blocked> {
        if rights == &Rights::default() {
            return vec![of_person(Restriction::NoRights)];
        }
        let mut blocked = Vec::new();
        for door in &self.doors {
            let has_role = by_role(rights, door);
            let ways: Vec<(&GroupRight, &Group)> = self.ways(rights, door);
            if ways.is_empty() && !has_role {
                continue;
            }
            blocked.extend(of_door(door));
            let restrictions: Vec<Vec<Restriction>> =
                ways.iter().map(|(right, group)| restrictions(right, group, now)).collect();
            if has_role || restrictions.iter().any(Vec::is_empty) {
                continue;
            }
            for ((_, group), restrictions) in ways.iter().zip(restrictions) {
                let name = || Some(group.name.clone());
                blocked.extend(restrictions.into_iter().map(|restriction| Blocked {
                    id: Some(door.id),
                    door: door.name.clone(),
                    restriction,
                    group: name(),
                }));
            }
        }
        blocked
    }

    /// Number of doors that a person with these rights has.
    pub fn count(&self, rights: &Rights) -> usize {
        self.doors.iter().filter(|door| by_role(rights, door) || !self.ways(rights, door).is_empty()).count()
    }

    fn ways<'a>(&'a self, rights: &'a Rights, door: &RestrictedDoor) -> Vec<(&'a GroupRight, &'a Group)> {
        let known = rights.groups.iter().filter_map(|right| Some((right, self.groups.get(&right.group)?)));
        known.filter(|(_, group)| group.doors.contains(&door.id)).collect()
    }
}

fn by_role(rights: &Rights, door: &RestrictedDoor) -> bool {
    rights.everywhere || door.place.is_some_and(|place| rights.places.contains(&place))
}

/// What blocks a member of a group: restrictions of the group, and the dates of the membership.
fn restrictions(right: &GroupRight, group: &Group, now: Timestamp) -> Vec<Restriction> {
    let ended = right.until.is_some_and(|until| until <= now).then_some(Restriction::Ended);
    let not_begun = right.from.is_some_and(|from| now < from).then_some(Restriction::NotBegun);
    group.restrictions.iter().copied().chain(ended).chain(not_begun).collect()
}

/// A row for something that blocks every door of a person.
pub fn of_person(restriction: Restriction) -> Blocked {
    Blocked { id: None, door: EVERY_DOOR.to_owned(), restriction, group: None }
}

/// Rows for what blocks a door for everybody.
pub fn of_door(door: &RestrictedDoor) -> impl Iterator<Item = Blocked> {
    door.restrictions.iter().map(|restriction| Blocked {
        id: Some(door.id),
        door: door.name.clone(),
        restriction: *restriction,
        group: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_blocked_when_no_group_opens_it() {
        let group = |id: u64, restrictions: &[Restriction], doors: &[u64]| {
            let doors = doors.iter().copied().map(DoorId::new).collect();
            (id, Group { id, name: format!("Group {id}"), restrictions: restrictions.to_vec(), doors })
        };
        let place = |id| Some(crate::door::PlaceId::new(id));
        let door = |id, restrictions: &[Restriction], at| {
            let (id, name) = (DoorId::new(id), format!("Door {id}"));
            RestrictedDoor { id, name, place: place(at), restrictions: restrictions.to_vec() }
        };
        let access = Access {
            groups: [group(1, &[], &[7, 9]), group(2, &[Restriction::NoApps, Restriction::TapOnly], &[7, 8])].into(),
            doors: vec![
                door(7, &[], 1),
                door(8, &[], 1),
                door(9, &[Restriction::Reader], 2),
                door(10, &[Restriction::NotSetUp], 2),
            ],
            has_all_doors: true,
        };
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let member = |group| GroupRight { group, from: None, until: None };
        let of = |groups: &[u64]| Rights { groups: groups.iter().copied().map(member).collect(), ..Rights::default() };
        let said = |rights: &Rights| {
            let blocked = access.blocked(rights, now).into_iter();
            blocked.map(|blocked| format!("{}: {}", blocked.door, blocked.place_to_change())).collect::<Vec<_>>()
        };
        assert_eq!(
            said(&of(&[1])),
            ["Door 9: [proximity] beacons in kiosk.toml near the reader, or Kisi: door \"Door 9\", reader restriction"]
        );
        assert_eq!(said(&of(&[2]))[0], "Door 7: Kisi: group \"Group 2\", app access");
        let both = said(&of(&[1, 2]));
        assert!(both.iter().all(|line| !line.starts_with("Door 7")), "the other group opens it: {both:?}");
        assert!(both.iter().any(|line| line.starts_with("Door 8")), "{both:?}");
        assert_eq!((access.count(&of(&[1, 2])), access.count(&of(&[3]))), (3, 0));

        // E33: no rights at all, rights that have ended or not begun, and roles.
        assert_eq!(said(&Rights::default()), ["every door: Kisi: the person, groups"]);
        let hour = jiff::SignedDuration::from_hours(1);
        for (from, until) in [(None, Some(now - hour)), (Some(now + hour), None)] {
            let over = Rights { groups: vec![GroupRight { group: 1, from, until }], ..Rights::default() };
            assert_eq!(said(&over)[0], "Door 7: Kisi: group \"Group 1\", valid from and until");
            let also = Rights { groups: vec![over.groups[0], member(1)], ..Rights::default() };
            assert_eq!(said(&also), said(&of(&[1])), "another right holds");
        }
        let admin = Rights { everywhere: true, ..Rights::default() };
        assert_eq!(access.count(&admin), 4);
        assert_eq!(said(&admin).len(), 2, "only what blocks the doors themselves");
        let of_place = Rights { places: vec![crate::door::PlaceId::new(2)], ..Rights::default() };
        assert_eq!(access.count(&of_place), 2);
    }
}
