//! Kisi's checks of an unlock. Their order is assumed.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    response::ApiError,
    world::{Door, Group, Login, Right, World},
};

/// Radius of a geofence in meters (Kisi's guide to restrictions).
const GEOFENCE_M: f64 = 300.0;
/// Lifetime of a beacon's code in seconds [assumed].
const BEACON_S: i64 = 30;
/// How long a wireless lock is busy after an unlock [assumed].
const WIRELESS: SignedDuration = SignedDuration::from_secs(3);

impl Right {
    fn is_valid(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// The doors that Kisi lists for a person.
pub(super) fn visible_doors(world: &World, person: u64) -> Vec<&Door> {
    let Some(of) = world.people.get(&person) else { return Vec::new() };
    if !of.access_enabled && world.switches.suspended_sees_nothing {
        return Vec::new();
    }
    let now = world.clock.now();
    let groups: Vec<&Group> = world
        .rights
        .iter()
        .filter(|right| right.person == person && right.is_valid(now))
        .filter_map(|right| world.groups.get(&right.group))
        .collect();
    let mine: std::collections::HashSet<u64> = groups.iter().flat_map(|group| group.doors.iter().copied()).collect();
    world.doors.values().filter(|door| of.admin || mine.contains(&door.id)).collect()
}

/// Checks an unlock, in this order: suspension, existence, place lock-down, door lock-down, right, validity, hours, group,
/// geofence, reader, hardware, schedule.
pub(super) fn may_unlock(world: &World, login: &Login, id: u64, request: &Value) -> Result<(), ApiError> {
    let person = world.people.get(&login.person).ok_or(ApiError::Code(401, "afc496"))?;
    if !person.access_enabled {
        return Err(ApiError::Code(403, "fcd8ff"));
    }
    let door = world.doors.get(&id).ok_or(ApiError::Code(404, "fad10e"))?;
    if world.places.get(&door.place).is_some_and(|place| place.locked_down_since.is_some()) {
        return Err(ApiError::Code(403, "fad002"));
    }
    if door.locked_down_since.is_some() {
        return Err(ApiError::Code(403, "fad001"));
    }
    let groups = if person.admin { Vec::new() } else { groups_with_right(world, login.person, door)? };
    check_groups(&groups, login)?;
    check_nearness(world, door, &groups, request)?;
    check_hardware(world, door)
}

/// The groups that give a person a right to the door now.
fn groups_with_right<'a>(world: &'a World, person: u64, door: &Door) -> Result<Vec<&'a Group>, ApiError> {
    let now = world.clock.now();
    let rights: Vec<(&Right, &Group)> = world
        .rights
        .iter()
        .filter(|right| right.person == person)
        .filter_map(|right| Some((right, world.groups.get(&right.group)?)))
        .filter(|(_, group)| group.doors.contains(&door.id))
        .collect();
    let valid: Vec<&Group> = rights.iter().filter(|(right, _)| right.is_valid(now)).map(|(_, group)| *group).collect();
    if !valid.is_empty() {
        return Ok(valid);
    }
    Err(match rights.first() {
        None if world.switches.no_right_is_404 => ApiError::Code(404, "fad10e"),
        None => ApiError::Code(403, "fcd8ef"),
        Some((right, _)) if right.from.is_some_and(|from| now < from) => ApiError::Code(403, "f358de"),
        Some(_) => ApiError::Code(403, "f35ade"),
    })
}

/// One permissive group is enough. An admin has no groups here, so no group restriction applies.
fn check_groups(groups: &[&Group], login: &Login) -> Result<(), ApiError> {
    let all = |restricted: &dyn Fn(&Group) -> bool| !groups.is_empty() && groups.iter().all(|group| restricted(group));
    if all(&|group| group.closed) {
        return Err(ApiError::Code(403, "34ffaa"));
    }
    if all(&|group| group.closed || !group.apps) {
        return Err(ApiError::Code(403, "f01337"));
    }
    if all(&|group| group.closed || !group.apps || group.tap_only) {
        return Err(ApiError::Code(403, "bbc93f"));
    }
    if !login.primary && all(&|group| group.closed || !group.apps || group.tap_only || group.primary_device) {
        return Err(ApiError::Code(403, "34bd8f"));
    }
    Ok(())
}

/// A restriction of the door applies to everybody. A group restriction applies only if all of the person's groups have it.
fn check_nearness(world: &World, door: &Door, groups: &[&Group], request: &Value) -> Result<(), ApiError> {
    let proof = request.get("lock").and_then(|lock| lock.get("proximity_proof"));
    let is_proven = proof.is_some_and(|proof| proves(world, door, proof));
    let is_lacking = |service: &str, field: &str| {
        let services = request.pointer("/context/services").and_then(Value::as_array);
        let found = services.and_then(|all| all.iter().find(|one| one.get("type") == Some(&Value::from(service))));
        found.and_then(|one| one.get(field)) == Some(&Value::Bool(false))
    };
    let all = |restricted: &dyn Fn(&Group) -> bool| !groups.is_empty() && groups.iter().all(|group| restricted(group));
    if (door.geofence || all(&|group| group.geofence)) && !is_proven {
        let place = world.places.get(&door.place).and_then(|place| place.position);
        let there = door.position.or(place).ok_or(ApiError::Code(403, "bbb93f"))?;
        match request.pointer("/context/location") {
            None | Some(Value::Null) if is_lacking("GPS", "authorized") => return Err(ApiError::Code(403, "a7793f")),
            None | Some(Value::Null) if is_lacking("GPS", "enabled") => return Err(ApiError::Code(403, "a3799f")),
            None | Some(Value::Null) => return Err(ApiError::Code(403, "a3793f")),
            Some(location) => {
                let here = position(location).ok_or(ApiError::Code(403, "bbb99f"))?;
                if GEOFENCE_M < distance_m(here, there) {
                    return Err(ApiError::Code(403, "a3995f"));
                }
            }
        }
    }
    if (door.reader || all(&|group| group.reader)) && !is_proven {
        let is_absent = proof.is_none_or(|proof| proof.is_null() || proof == &Value::from(0));
        return Err(ApiError::Code(
            403,
            match is_absent {
                true if is_lacking("BLE", "authorized") => "bb4fff",
                true if is_lacking("BLE", "enabled") => "bb4bff",
                true if is_lacking("BLE", "available") => "bb5bff",
                true | false => "bb4faa",
            },
        ));
    }
    Ok(())
}

fn check_hardware(world: &World, door: &Door) -> Result<(), ApiError> {
    let now = world.clock.now();
    if !door.configured {
        return Err(ApiError::Code(503, "ff420a"));
    }
    if door.updating {
        return Err(ApiError::Code(503, "fbc000"));
    }
    if door.online == Some(false) {
        return Err(ApiError::Code(503, "fac001"));
    }
    if door.scheduled && !world.switches.scheduled_accepts {
        return Err(ApiError::Code(409, "fad110"));
    }
    if door.wireless && door.since_unlock(now).is_some_and(|since| since < WIRELESS) {
        return Err(ApiError::Code(409, "fad112"));
    }
    Ok(())
}

fn position(location: &Value) -> Option<(f64, f64)> {
    let latitude = location.get("latitude")?.as_f64().filter(|latitude| latitude.abs() <= 90.0)?;
    let longitude = location.get("longitude")?.as_f64().filter(|longitude| longitude.abs() <= 180.0)?;
    Some((latitude, longitude))
}

/// The great-circle distance in meters.
fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    const EARTH_M: f64 = 6_371_000.0;
    let (latitude_a, latitude_b) = (a.0.to_radians(), b.0.to_radians());
    let half_latitude = (latitude_b - latitude_a) / 2.0;
    let half_longitude = (b.1 - a.1).to_radians() / 2.0;
    let h = half_latitude.sin().powi(2) + latitude_a.cos() * latitude_b.cos() * half_longitude.sin().powi(2);
    2.0 * EARTH_M * h.sqrt().min(1.0).asin()
}

/// The beacon that a door's reader sends over Bluetooth: UUID, major, minor.
///
/// # Source
///
/// Kisi's guide to proximity proof. Assumed: a code lasts 30 seconds, and the previous code is still valid.
pub fn beacon(world: &World, door: u64) -> (&'static str, u16, u16) {
    const UUIDS: [&str; 5] = [
        "6dfe2064-5186-11ea-8dfe-4b73218bf946",
        "6f9e62a8-5186-11ea-8ed0-4314341d01dd",
        "71fb9eb2-5186-11ea-b1f4-bb928fefb7fd",
        "73f789ec-5186-11ea-9973-87896ce82dd8",
        "74689eac-5186-11ea-be2d-27ec120c3b0f",
    ];
    let period = world.clock.now().as_second() / BEACON_S;
    let uuid = usize::try_from(period).ok().and_then(|period| UUIDS.get(period % UUIDS.len()));
    let value = ((door & 0x3f_ffff) << 10) | beacon_code(door, period);
    let part = |shift: u32| u16::try_from((value >> shift) & 0xffff).unwrap_or_default();
    (uuid.copied().unwrap_or(UUIDS[0]), part(16), part(0))
}

/// A ten-bit code that cannot be guessed by counting up.
fn beacon_code(door: u64, period: i64) -> u64 {
    let mixed = door.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ period.cast_unsigned().wrapping_mul(0xd1b5_4a32_d192_ed03);
    (mixed >> 40) & 0x3ff
}

fn proves(world: &World, door: &Door, proof: &Value) -> bool {
    let code = proof.as_u64().or_else(|| proof.as_str().and_then(|proof| proof.parse().ok()));
    let period = world.clock.now().as_second() / BEACON_S;
    code.is_some_and(|code| code == beacon_code(door.id, period) || code == beacon_code(door.id, period - 1))
}

/// Logs the contact sensor events that are due since the last call.
pub(super) fn settle_sensors(world: &mut World) {
    let now = world.clock.now();
    let mut news = Vec::new();
    for door in world.doors.values_mut() {
        let Some(since) = door.since_unlock(now) else { continue };
        let passed = |ms: Option<i64>| ms.is_some_and(|ms| SignedDuration::from_millis(ms) <= since);
        if door.sensor_events == 0 && passed(door.sensor.opens_ms) {
            door.sensor_events = 1;
            news.push(("lock.opened", door.id));
        }
        let held = door.sensor.closes_ms.is_none() && SignedDuration::from_secs(30) <= since;
        if door.sensor_events == 1 && (passed(door.sensor.closes_ms) || held) {
            door.sensor_events = 2;
            news.push((if held { "lock.held_open" } else { "lock.closed" }, door.id));
        }
    }
    for (kind, door) in news {
        world.log(kind, None, ("Lock", door), None);
    }
}
