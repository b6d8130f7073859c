//! Locks and places: lists, unlock, lock-down.

use axum::{
    body::Bytes,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{
    Shared,
    auth::Caller,
    json,
    response::{Answer, ApiError, NOTHING_THERE, Query, done, is_among_ids, mentions, object, page, passes},
    rules,
    world::{Door, Place, World},
};

/// `GET /locks`
pub(super) async fn list(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    let now = world.clock.now();
    let fits = |door: &&Door| {
        passes(&query, "place_id", door.place)
            && passes(&query, "configured", door.configured)
            && passes(&query, "online", door.online.unwrap_or_default())
            && passes(&query, "unlocked", door.is_unlocked(now))
            && passes(&query, "locked_down", door.locked_down_since.is_some())
            && !query.contains_key("floor_id")
            && query.get("favorite").is_none_or(|wanted| wanted != "true")
            && is_among_ids(&query, door.id)
            && mentions(&query, &[&door.name])
    };
    let mut doors: Vec<&Door> = rules::visible_doors(&world, caller.0.person).into_iter().filter(fits).collect();
    match query.get("sort").map(String::as_str) {
        Some("name") => doors.sort_by_key(|door| door.name.clone()),
        Some("-name") => doors.sort_by_key(|door| std::cmp::Reverse(door.name.clone())),
        Some(_) | None => {}
    }
    let favorite = query.contains_key("favorite");
    let doors = doors.into_iter().map(|door| with_favorite(json::door(door, &world), favorite)).collect();
    page(doors, &query, (50, 250), &world)
}

fn with_favorite(mut value: Value, wanted: bool) -> Value {
    if let Some(fields) = value.as_object_mut().filter(|_| wanted) {
        let _ = fields.insert("favorite".to_owned(), Value::Bool(false));
    }
    value
}

/// `GET /locks/{id}`
pub(super) async fn one(State(shared): State<Shared>, caller: Caller, Path(id): Path<u64>, query: Query) -> Answer {
    let mut world = shared.world();
    rules::settle_sensors(&mut world);
    let visible = rules::visible_doors(&world, caller.0.person).into_iter().find(|door| door.id == id);
    let door = visible.ok_or(NOTHING_THERE)?;
    object(with_favorite(json::door(door, &world), query.contains_key("favorite")))
}

/// `POST /locks/{id}/unlock`
pub(super) async fn unlock(State(shared): State<Shared>, caller: Caller, Path(id): Path<u64>, body: Bytes) -> Answer {
    let request: Value = match &*body {
        b"" => Value::Null,
        bytes => serde_json::from_slice(bytes).map_err(|_| ApiError::Code(400, "ffffff"))?,
    };
    let mut world = shared.world();
    rules::settle_sensors(&mut world);
    let verdict = rules::may_unlock(&world, &caller.0, id, &request);
    match verdict {
        Err(ApiError::Code(404, code)) => return Err(ApiError::Code(404, code)),
        Err(ApiError::Code(status, code)) => {
            world.log("lock.unlock", Some(&caller.0), ("Lock", id), Some(code));
            return Err(ApiError::Code(status, code));
        }
        Err(no) => return Err(no),
        Ok(()) => {}
    }
    let now = world.clock.now();
    if let Some(door) = world.doors.get_mut(&id) {
        door.unlocked_at = Some(now);
        door.sensor_events = 0;
        door.unlocks += 1;
    }
    world.log("lock.unlock", Some(&caller.0), ("Lock", id), None);
    object(json!({"message": "Unlocked!"}))
}

/// `POST /locks/{id}/lock_down` and `POST /locks/{id}/cancel_lockdown`
pub(super) async fn lock_down(
    State(shared): State<Shared>,
    caller: Caller,
    Path((id, action)): Path<(u64, String)>,
) -> Answer {
    let mut world = shared.world();
    let kind = lock_down_event(&action, "lock.lock_down", "lock.cancel_lockdown")?;
    caller.must_be_admin(&world)?;
    let now = world.clock.now();
    let door = world.doors.get_mut(&id).ok_or(NOTHING_THERE)?;
    door.locked_down_since = (action == "lock_down").then_some(now);
    world.log(kind, Some(&caller.0), ("Lock", id), None);
    done()
}

/// `POST /places/{id}/lock_down` and `POST /places/{id}/cancel_lockdown`
pub(super) async fn lock_down_place(
    State(shared): State<Shared>,
    caller: Caller,
    Path((id, action)): Path<(u64, String)>,
) -> Answer {
    let mut world = shared.world();
    let kind = lock_down_event(&action, "place.lock_down", "place.cancel_lockdown")?;
    caller.must_be_admin(&world)?;
    let now = world.clock.now();
    let place = world.places.get_mut(&id).ok_or(NOTHING_THERE)?;
    place.locked_down_since = (action == "lock_down").then_some(now);
    world.log(kind, Some(&caller.0), ("Place", id), None);
    done()
}

fn lock_down_event(action: &str, begin: &'static str, end: &'static str) -> Result<&'static str, ApiError> {
    match action {
        "lock_down" => Ok(begin),
        "cancel_lockdown" => Ok(end),
        _ => Err(NOTHING_THERE),
    }
}

/// Places in which the caller sees a door. That a basic user may list them is assumed.
fn visible_places(world: &World, person: u64) -> Vec<&Place> {
    let doors = rules::visible_doors(world, person);
    world.places.values().filter(|place| doors.iter().any(|door| door.place == place.id)).collect()
}

/// `GET /places`
pub(super) async fn places(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    let fits = |place: &&Place| is_among_ids(&query, place.id) && mentions(&query, &[&place.name]);
    let places = visible_places(&world, caller.0.person).into_iter().filter(fits);
    page(places.map(|place| json::place(place, &world)).collect(), &query, (50, 250), &world)
}

/// `GET /places/{id}`
pub(super) async fn place(State(shared): State<Shared>, caller: Caller, Path(id): Path<u64>) -> Answer {
    let world = shared.world();
    let place = visible_places(&world, caller.0.person).into_iter().find(|place| place.id == id);
    object(json::place(place.ok_or(NOTHING_THERE)?, &world))
}

/// `GET /floors`
pub(super) async fn floors(State(shared): State<Shared>, _caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    let place: u64 = query.get("place_id").and_then(|id| id.parse().ok()).ok_or(ApiError::Code(400, "ffffff"))?;
    if !world.places.contains_key(&place) {
        return Err(NOTHING_THERE);
    }
    page(vec![json::floor(place)], &query, (10, 250), &world)
}
