//! Access rights as an admin sees them: groups, their doors, and the restrictions that stop a kiosk.

use jiff::Timestamp;

use super::{Client, Error, PAGE, Query, list::MAX, restriction::Restriction, text::clean, wire};
use crate::{
    door::{DoorId, PlaceId},
    secret::Secret,
};

/// The role assignments of a person: what they may open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Whether the person has a role in the whole organization, which covers every door.
    pub everywhere: bool,
    /// Places where the person has a role, which covers every door there.
    pub places: Vec<PlaceId>,
    /// The person's group memberships.
    pub groups: Vec<GroupRight>,
}

/// A group membership, possibly limited in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupRight {
    /// Kisi's id of the group.
    pub group: u64,
    /// Start of validity; `None` means no start.
    pub from: Option<Timestamp>,
    /// End of validity; `None` means no end.
    pub until: Option<Timestamp>,
}

/// A group of people and the doors that it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Kisi's id of the group.
    pub id: u64,
    /// The name at Kisi, cleaned.
    pub name: String,
    /// Restrictions that stop a kiosk for every member.
    pub restrictions: Vec<Restriction>,
    /// Doors of the group. Empty until [`Client::doors_of_group`] has been called.
    pub doors: Vec<DoorId>,
}

/// A door with the restrictions that apply to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictedDoor {
    /// Kisi's id of the lock.
    pub id: DoorId,
    /// The name at Kisi, cleaned and never empty.
    pub name: String,
    /// The place of the door, if Kisi reports one.
    pub place: Option<PlaceId>,
    /// Restrictions that stop a kiosk. Empty if there are none.
    pub restrictions: Vec<Restriction>,
}

impl Client {
    /// Lists every group, without its doors.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 or 403 when the key is not an admin's.
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
            let restrictions = [
                (group.login_enabled == Some(false), Restriction::NoApps),
                (is(group.tap_to_access_restriction_enabled), Restriction::TapOnly),
                (is(group.primary_device_restriction_enabled), Restriction::PrimaryDevice),
                (is(group.managed_device_restriction_enabled), Restriction::ManagedDevice),
                (is(group.reader_restriction_enabled), Restriction::Reader),
                (is(group.geofence_restriction_enabled) && !has_position, Restriction::Position),
            ];
            let name = clean(&group.name.unwrap_or_default());
            Group { id: group.id, name, restrictions: set(&restrictions), doors: Vec::new() }
        });
        Ok(groups.collect())
    }

    /// Lists the doors of a group.
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

    /// Lists a person's role assignments: in the organization, at places and in groups.
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

    /// Lists every door that this login sees, with the restrictions that stop a kiosk, and whether the list is complete.
    ///
    /// # Errors
    ///
    /// Any.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /locks`.
    pub async fn restrictions(&self, login: &Secret<String>) -> Result<(Vec<RestrictedDoor>, bool), Error> {
        let all = Query { path: "locks", filter: &[], page: PAGE, max: MAX };
        let list = self.list::<wire::Lock>("GET /locks", login, all, |lock| lock.id).await?;
        let has_position = self.has_position();
        let is_complete = !list.truncated && list.dropped == 0;
        let doors = list.items.into_iter().map(|lock| {
            let restrictions = set(&lock.restrictions(has_position));
            let door = lock.into_door(has_position);
            RestrictedDoor { id: door.id, name: door.name, place: door.place.map(|place| place.id), restrictions }
        });
        Ok((doors.collect(), is_complete))
    }

    fn has_position(&self) -> bool {
        self.settings.position.is_some()
    }
}

fn set(restrictions: &[(bool, Restriction)]) -> Vec<Restriction> {
    restrictions.iter().filter(|(is_set, _)| *is_set).map(|(_, restriction)| *restriction).collect()
}
