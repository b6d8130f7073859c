//! Who may open what, as an admin sees it: groups, their doors, and what is in the way of a kiosk.

use jiff::Timestamp;

use super::{Client, Error, PAGE, Query, list::MAX, text::clean, wire};
use crate::{
    door::{DoorId, PlaceId},
    secret::Secret,
};

/// What is in the way of a kiosk.
///
/// # Source
///
/// Kisi OpenAPI document, `Group` and `Lock`; `kisi-api.md`, section 8: which of them a kiosk can live with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bar {
    /// The door has no hardware.
    NotSetUp,
    /// Its controller does not answer now.
    Offline,
    /// The group has no access by app, and a kiosk is one.
    NoApps,
    /// Only a phone that is held to the reader.
    TapOnly,
    /// Only the person's primary device. Making the kiosk one would unmake the phone.
    PrimaryDevice,
    /// Only a device that a company manages.
    ManagedDevice,
    /// A proof from the reader at the door.
    Reader,
    /// A position, which this kiosk does not have.
    Position,
    /// The person's access is switched off.
    SwitchedOff,
    /// The person has no right to any door.
    NoRights,
    /// The right is over.
    Ended,
    /// The right has not begun.
    NotBegun,
}

/// What somebody may open, as far as it was given to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// A role in the whole organization: every door.
    pub everywhere: bool,
    /// Places with a role: every door there.
    pub places: Vec<PlaceId>,
    /// Groups they are in.
    pub groups: Vec<GroupRight>,
}

/// Somebody is in a group, perhaps for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupRight {
    /// Names the group at Kisi.
    pub group: u64,
    /// It holds from then on.
    pub from: Option<Timestamp>,
    /// It holds until then.
    pub until: Option<Timestamp>,
}

/// A group of people, and the doors it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Names it at Kisi.
    pub id: u64,
    /// What it is called, cleaned.
    pub name: String,
    /// What is in the way for everybody in it.
    pub bars: Vec<Bar>,
    /// Its doors. Empty until they are asked for.
    pub doors: Vec<DoorId>,
}

/// A door, and what is in the way for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barred {
    /// Names it at Kisi.
    pub id: DoorId,
    /// What it is called, cleaned.
    pub name: String,
    /// Where it is.
    pub place: Option<PlaceId>,
    /// What is in the way.
    pub bars: Vec<Bar>,
}

impl Client {
    /// Every group, without its doors.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 or 403 without the right to do so.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /groups`.
    pub async fn groups(&self, admin: &Secret<String>) -> Result<Vec<Group>, Error> {
        let all = Query { path: "groups", filter: &[], page: PAGE, max: MAX };
        let list = self.list::<wire::ListedGroup>("GET /groups", admin, all, |group| group.id).await?;
        let is = |field: Option<bool>| field == Some(true);
        let has_position = self.has_position();
        let groups = list.items.into_iter().map(|group| {
            let bars = [
                (group.login_enabled == Some(false), Bar::NoApps),
                (is(group.tap_to_access_restriction_enabled), Bar::TapOnly),
                (is(group.primary_device_restriction_enabled), Bar::PrimaryDevice),
                (is(group.managed_device_restriction_enabled), Bar::ManagedDevice),
                (is(group.reader_restriction_enabled), Bar::Reader),
                (is(group.geofence_restriction_enabled) && !has_position, Bar::Position),
            ];
            let name = clean(&group.name.unwrap_or_default());
            Group { id: group.id, name, bars: set(&bars), doors: Vec::new() }
        });
        Ok(groups.collect())
    }

    /// The doors of a group.
    ///
    /// # Errors
    ///
    /// As [`Self::groups`].
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /group_locks`.
    pub async fn doors_of_group(&self, admin: &Secret<String>, group: u64) -> Result<Vec<DoorId>, Error> {
        let group = group.to_string();
        let of_group = Query { path: "group_locks", filter: &[("group_id", &group)], page: PAGE, max: MAX };
        let list = self.list::<wire::GroupLock>("GET /group_locks", admin, of_group, |pair| pair.id).await?;
        Ok(list.items.into_iter().filter_map(|pair| pair.lock_id).map(DoorId::new).collect())
    }

    /// What somebody may open: by roles in the organization and at places, and by groups.
    ///
    /// # Errors
    ///
    /// As [`Self::groups`].
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /role_assignments`.
    pub async fn rights_of(&self, admin: &Secret<String>, user: u64) -> Result<Rights, Error> {
        let user = user.to_string();
        let filter = [("assignee_type", "User"), ("assignee_id", user.as_str())];
        let of_user = Query { path: "role_assignments", filter: &filter, page: PAGE, max: MAX };
        let list = self.list::<wire::RoleAssignment>("GET /role_assignments", admin, of_user, |right| right.id).await?;
        let mut rights = Rights::default();
        for right in &list.items {
            match (right.applies_to_type.as_deref(), right.applies_to_id) {
                (Some("Organization"), _) => rights.everywhere = true,
                (Some("Place"), Some(place)) => rights.places.push(PlaceId::new(place)),
                (Some("Group"), Some(group)) => {
                    let (from, until) = right.period();
                    rights.groups.push(GroupRight { group, from, until });
                }
                _ => {}
            }
        }
        Ok(rights)
    }

    /// Every door that this login sees, and what is in the way of a kiosk.
    ///
    /// # Errors
    ///
    /// Any.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /locks`.
    pub async fn bars(&self, login: &Secret<String>) -> Result<Vec<Barred>, Error> {
        let all = Query { path: "locks", filter: &[], page: PAGE, max: MAX };
        let list = self.list::<wire::Lock>("GET /locks", login, all, |lock| lock.id).await?;
        let has_position = self.has_position();
        let doors = list.items.into_iter().map(|lock| {
            let bars = set(&lock.bars(has_position));
            let door = lock.into_door(has_position);
            Barred { id: door.id, name: door.name, place: door.place.map(|place| place.id), bars }
        });
        Ok(doors.collect())
    }

    fn has_position(&self) -> bool {
        self.settings.position.is_some()
    }
}

fn set(bars: &[(bool, Bar)]) -> Vec<Bar> {
    bars.iter().filter(|(is_set, _)| *is_set).map(|(_, bar)| *bar).collect()
}
