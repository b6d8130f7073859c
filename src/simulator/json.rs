//! Kisi's objects as JSON: every field that Kisi's document requires, plus fields seen in real responses.

use serde_json::{Value, json};

use super::{
    sentences::sentence,
    world::{Card, Door, Event, Group, Login, Person, Place, Right, Role, World},
};

const MADE: &str = "2024-01-01T08:00:00Z";

/// The one organization.
const ORGANIZATION_ID: u64 = 1;

fn organization_ref() -> Value {
    json!({"id": ORGANIZATION_ID, "resource_type": "Organization", "name": "Simulated Ltd", "domain": "simulated"})
}

fn latitude(position: Option<(f64, f64)>) -> Option<f64> {
    position.map(|(latitude, _)| latitude)
}

fn longitude(position: Option<(f64, f64)>) -> Option<f64> {
    position.map(|(_, longitude)| longitude)
}

pub(super) fn organization(world: &World) -> Value {
    json!({
        "id": ORGANIZATION_ID, "resource_type": "Organization", "name": "Simulated Ltd", "domain": "simulated",
        "device_logins_expire_after": world.device_logins_expire_after_s, "places_count": world.places.len(),
        "scim_enabled": false, "sso_flow_enabled": false, "time_zone": "UTC",
    })
}

pub(super) fn place(place: &Place, world: &World) -> Value {
    let locks = world.doors.values().filter(|door| door.place == place.id).count();
    json!({
        "id": place.id, "resource_type": "Place", "name": place.name, "description": null,
        "created_at": MADE, "updated_at": MADE,
        "latitude": latitude(place.position), "longitude": longitude(place.position),
        "address": "1 Simulated Street", "image": null, "time_zone": "UTC", "tz_time_zone": "Etc/UTC",
        "locks_count": locks, "integrations_count": 0,
        "locked_down": place.locked_down_since.is_some(), "locked_down_since": place.locked_down_since,
        "occupancy_rate": null, "organization_id": ORGANIZATION_ID, "organization": organization_ref(),
        "color": null, "logo": null, "user_id": null, "members_count": 0,
    })
}

pub(super) fn door(door: &Door, world: &World) -> Value {
    let now = world.clock.now();
    let place = world.places.get(&door.place);
    let mirrored = place.filter(|_| world.switches.mirror_lock_down).and_then(|place| place.locked_down_since);
    let since = door.locked_down_since.or(mirrored);
    let place_position = place.and_then(|place| place.position);
    let mut lock = json!({
        "id": door.id, "resource_type": "Lock", "name": door.name, "description": null,
        "created_at": MADE, "updated_at": MADE,
        "configured": door.configured, "online": door.online, "open": door.is_open(now),
        "unlocked": door.is_unlocked(now), "unlocked_until": null, "on_scheduled_unlock": door.is_on_schedule(),
        "first_to_arrive_required_until": door.first_to_arrive_until, "first_to_arrive_satisfied": door.has_arrived,
        "locked_down": since.is_some(), "locked_down_since": since,
        "latitude": latitude(door.position), "longitude": longitude(door.position),
        "geofence_restriction_enabled": door.geofence, "geofence_restriction_radius": 300,
        "reader_restriction_enabled": door.reader,
        "time_restriction_enabled": null, "time_restriction_time_zone": null,
        "order_id": door.order, "floor_id": null, "place_id": door.place,
        "place": {
            "id": door.place, "name": place.map_or("", |place| place.name.as_str()),
            "latitude": latitude(place_position), "longitude": longitude(place_position),
        },
        "groups_count": 1,
    });
    // Seen in real responses but in no schema. A client must ignore them.
    if let Some(fields) = lock.as_object_mut().filter(|_| door.id.is_multiple_of(2)) {
        let _ = fields.insert("integration_id".to_owned(), Value::Null);
        let _ = fields.insert("field_of_tomorrow".to_owned(), json!({"nested": [1, 2]}));
    }
    if let Some(fields) = lock.as_object_mut().filter(|_| world.switches.old_locks) {
        let _ = fields.remove("resource_type");
    }
    lock
}

fn user_ref(person: Option<&Person>) -> Value {
    person.map_or(
        Value::Null,
        |person| json!({"id": person.id, "resource_type": "User", "email": person.email, "name": person.name}),
    )
}

pub(super) fn login(login: &Login, world: &World) -> Value {
    json!({
        "id": login.id, "created_at": login.created_at, "updated_at": login.created_at, "type": login.kind,
        "name": login.name, "primary": login.primary, "expire": login.expire, "last_used_at": login.last_used_at,
        "device_brand": login.device_brand, "device_model": login.device_model, "os_name": login.os_name, "user_id": login.person,
        "user": user_ref(world.people.get(&login.person)),
        "app": {}, "user_agent": {}, "device": {}, "os": {},
    })
}

/// `GET /login`: no secret, but the keys for tap-to-unlock.
pub(super) fn current_login(of: &Login, world: &World) -> Value {
    with(login(of, world), json!({"scram_credentials": {"phone_key": "5c12a3", "online_certificate": "ce47f1"}}))
}

/// `POST /logins`: the only response with a secret.
pub(super) fn created_login(of: &Login, world: &World) -> Value {
    let person = world.people.get(&of.person);
    with(
        current_login(of, world),
        json!({
            "secret": of.secret, "authentication_token": of.secret,
            "has_primary_device": false, "primary_login_exists": false,
            "email": person.map(|person| person.email.clone()), "notifications_unread_count": 0,
            "otp_required_for_login": false, "otp_enabled_at": null, "image": null,
        }),
    )
}

fn with(mut value: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
        fields.extend(more);
    }
    value
}

pub(super) fn current_user(person: &Person) -> Value {
    json!({
        "id": person.id, "resource_type": "User", "name": person.name, "email": person.email, "image": null,
        "locale": person.locale, "notifications_unread_count": 0, "otp_required_for_login": false,
        "otp_enabled_at": null, "primary_login_exists": false, "created_at": MADE, "updated_at": MADE,
        "announcements_last_seen_at": null, "last_read_at": null, "notes": person.notes,
        "organization_id": ORGANIZATION_ID, "organization": organization_ref(),
    })
}

pub(super) fn user(person: &Person) -> Value {
    json!({
        "id": person.id, "resource_type": "User", "name": person.name, "email": person.email,
        "created_at": MADE, "updated_at": MADE, "metadata": person.metadata, "image": null, "otp_required_for_login": false,
        "password_flow_enabled": false, "access_enabled": person.access_enabled, "last_accessed_at": null,
        "scim_access_enabled": true, "notes": person.notes, "organization_id": ORGANIZATION_ID, "confirmed": true,
        "groups_count": 0,
    })
}

pub(super) fn group(group: &Group, world: &World) -> Value {
    let members = world.rights.iter().filter(|right| right.group == group.id).count();
    let place = group.doors.first().and_then(|door| world.doors.get(door)).map(|door| door.place);
    json!({
        "id": group.id, "resource_type": "Group", "name": group.name, "description": null,
        "created_at": MADE, "updated_at": MADE,
        "login_enabled": group.apps, "tap_to_access_restriction_enabled": group.tap_only,
        "primary_device_restriction_enabled": group.primary_device, "managed_device_restriction_enabled": false,
        "reader_restriction_enabled": group.reader, "geofence_restriction_enabled": group.geofence,
        "geofence_restriction_radius": 300, "time_restriction_enabled": group.closed,
        "time_restriction_time_zone": "Etc/UTC", "users_count": members, "locks_count": group.doors.len(),
        "elevator_stops_count": 0, "place_id": place, "members_count": members,
    })
}

pub(super) fn group_lock(group: &Group, door: &Door, world: &World) -> Value {
    let place = world.places.get(&door.place).map_or("", |place| place.name.as_str());
    json!({
        "id": group.id * 10_000 + door.id, "resource_type": "GroupLock", "created_at": MADE, "updated_at": MADE,
        "group_id": group.id, "group": {"id": group.id, "resource_type": "Group", "name": group.name},
        "lock_id": door.id, "lock": {"id": door.id, "name": door.name, "description": null},
        "place_id": door.place, "place": {"id": door.place, "resource_type": "Place", "name": place},
    })
}

pub(super) fn card(card: &Card) -> Value {
    let mut value = json!({
        "id": card.id, "type": card.kind, "model": "simulated",
        "frequency": if card.kind.contains("_lf") { "LF" } else { "HF" }, "third_party": true,
        "last_used_at": null, "created_at": MADE, "updated_at": MADE, "assigned": card.person.is_some(),
        "assigned_at": null, "activated": true, "activated_at": MADE, "deactivated_at": null, "assigned_by_id": null,
        "user_id": card.person,
    });
    if let Some(fields) = value.as_object_mut() {
        let numbers = [("facility_code", card.facility_code), ("card_number", card.card_number)];
        fields.extend(numbers.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))));
        fields.extend(card.uid.iter().map(|uid| ("uid".to_owned(), json!(uid))));
    }
    value
}

/// The assignment of a card to a person. It contains Kisi's `two_factor_pin`, which a client must not read.
pub(super) fn card_assignment(card: &Card, person: u64) -> Value {
    json!({
        "id": card.id + 50_000, "resource_type": "CardAssignment", "created_at": MADE, "updated_at": MADE,
        "status": "activated", "two_factor_pin": "4711", "send_two_factor_pin_notification": false,
        "assignee_type": "User", "assignee_id": person, "card_id": card.id, "created_by_type": null,
        "created_by_id": null, "guest_id": null, "user_id": person,
    })
}

pub(super) fn right(right: &Right, world: &World) -> Value {
    json!({
        "id": right.id, "resource_type": "RoleAssignment", "created_at": MADE, "updated_at": MADE,
        "role_id": right.role, "notify": false,
        "applies_to_type": "Group", "applies_to_id": right.group,
        "applies_to": {"id": right.group, "resource_type": "Group",
                       "name": world.groups.get(&right.group).map_or("", |group| group.name.as_str())},
        "assignee_type": "User", "assignee_id": right.person, "assignee": user_ref(world.people.get(&right.person)),
        "created_by_type": null, "created_by_id": null,
        "valid_from": right.from, "valid_until": right.until,
    })
}

/// A role assignment that is not a person's membership of a group, as it was sent.
pub(super) fn other_role(role: &Role, world: &World) -> Value {
    let name = |kind: &str, id: u64| match kind {
        "Place" => world.places.get(&id).map(|place| place.name.clone()),
        "Group" => world.groups.get(&id).map(|group| group.name.clone()),
        "User" => world.people.get(&id).map(|person| person.name.clone()),
        _ => None,
    };
    let object =
        |kind: &str, id: u64| json!({"id": id, "resource_type": kind, "name": name(kind, id).unwrap_or_default()});
    json!({
        "id": role.id, "resource_type": "RoleAssignment", "created_at": MADE, "updated_at": MADE,
        "role_id": role.role, "notify": role.notify,
        "applies_to_type": role.applies_to.0, "applies_to_id": role.applies_to.1,
        "applies_to": object(&role.applies_to.0, role.applies_to.1),
        "assignee_type": role.assignee.0, "assignee_id": role.assignee.1,
        "assignee": object(&role.assignee.0, role.assignee.1),
        "created_by_type": null, "created_by_id": null, "valid_from": null, "valid_until": null,
    })
}

/// An admin's role in the whole organization. Kisi does not document its `role_id`.
pub(super) fn role(person: &Person) -> Value {
    json!({
        "id": person.id + 90_000, "resource_type": "RoleAssignment", "created_at": MADE, "updated_at": MADE,
        "role_id": "organization_admin", "notify": false,
        "applies_to_type": "Organization", "applies_to_id": ORGANIZATION_ID,
        "applies_to": {"id": ORGANIZATION_ID, "resource_type": "Organization", "name": ""},
        "assignee_type": "User", "assignee_id": person.id, "assignee": user_ref(Some(person)),
        "created_by_type": null, "created_by_id": null, "valid_from": null, "valid_until": null,
    })
}

pub(super) fn event(event: &Event, world: &World) -> Value {
    let actor = event.actor.and_then(|id| world.people.get(&id));
    let action = event.kind.split_once('.').map_or("", |(_, action)| action);
    let success = event.error_code.is_none();
    let place = match event.object {
        ("Lock", id) => world.doors.get(&id).map(|door| door.place),
        ("Place", id) => Some(id),
        _ => None,
    };
    json!({
        "uuid": event.uuid, "type": event.kind, "action": action, "created_at": event.at, "success": success,
        "code": event.error_code, "message": null, "error_code": event.error_code,
        "error_message": event.error_code.as_deref().map(sentence), "sequence": event.uuid,
        "actor_type": event.actor.map(|_| "User"), "actor_id": event.actor,
        "actor_name": actor.map(|person| person.name.clone()), "actor_email": actor.map(|person| person.email.clone()),
        "authenticated_by_type": event.login.map(|_| "Login"), "authenticated_by_id": event.login,
        "authorized_by_type": null, "authorized_by_id": null, "authorized_by_role_id": null,
        "object_type": event.object.0, "object_id": event.object.1, "object_name": event.object_name,
        "object": {"id": event.object.1}, "organization_id": ORGANIZATION_ID, "place_id": place,
        "details": {}, "via": {},
    })
}

/// The only floor of a place. Its id is the place's id plus 1000.
pub(super) fn floor(place: u64) -> Value {
    json!({
        "id": place + 1_000, "resource_type": "Floor", "name": "Ground floor", "description": null, "number": 0,
        "created_at": MADE, "updated_at": MADE, "place_id": place,
    })
}
