//! Locks and places: lists, unlock, lock-down.

use axum::{body::Bytes, extract::State};
use serde_json::{Value, json};

use super::{
    Shared,
    auth::Caller,
    extract::{Action, Id},
    json,
    response::{
        Answer, ApiError, NOTHING_THERE, Query, UNREADABLE, done, is_among_ids, mentions, object, page, passes,
    },
    rules,
    world::{Door, Place, World},
};

/// `GET /locks`
pub(super) async fn list(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    let now = world.clock.now();
    let is_favorite = |id: u64| world.favorites.contains(&(caller.0.person, "Lock", id));
    let fits = |door: &&Door| {
        passes(&query, "place_id", door.place)
            && passes(&query, "configured", door.configured)
            && passes(&query, "online", door.online.unwrap_or_default())
            && passes(&query, "unlocked", door.is_unlocked(now))
            && passes(&query, "locked_down", door.locked_down_since.is_some())
            && !query.contains_key("floor_id")
            && query.get("favorite").is_none_or(|wanted| wanted == "*" || (wanted == "true") == is_favorite(door.id))
            && is_among_ids(&query, door.id)
            && mentions(&query, &[&door.name])
    };
    let mut doors: Vec<&Door> = rules::visible_doors(&world, caller.0.person).into_iter().filter(fits).collect();
    match query.get("sort").map(String::as_str) {
        Some("name") => doors.sort_by_key(|door| door.name.clone()),
        Some("-name") => doors.sort_by_key(|door| std::cmp::Reverse(door.name.clone())),
        Some("favorite") => doors.sort_by_key(|door| !is_favorite(door.id)),
        Some(_) | None => {}
    }
    let favorite = |id| query.contains_key("favorite").then(|| is_favorite(id));
    let doors = doors.into_iter().map(|door| with_favorite(json::door(door, &world), favorite(door.id))).collect();
    page(doors, &query, (50, 250), &world)
}

/// Adds the field, if it was asked for.
fn with_favorite(mut value: Value, is_favorite: Option<bool>) -> Value {
    if let (Some(fields), Some(is_favorite)) = (value.as_object_mut(), is_favorite) {
        let _ = fields.insert("favorite".to_owned(), Value::Bool(is_favorite));
    }
    value
}

/// `GET /locks/{id}`
pub(super) async fn one(State(shared): State<Shared>, caller: Caller, Id(id): Id, query: Query) -> Answer {
    let mut world = shared.world();
    rules::settle_sensors(&mut world);
    let visible = rules::visible_doors(&world, caller.0.person).into_iter().find(|door| door.id == id);
    let door = visible.ok_or(NOTHING_THERE)?;
    let is_favorite = || world.favorites.contains(&(caller.0.person, "Lock", id));
    object(with_favorite(json::door(door, &world), query.contains_key("favorite").then(is_favorite)))
}

/// `POST /locks/{id}/unlock`
pub(super) async fn unlock(State(shared): State<Shared>, caller: Caller, Id(id): Id, body: Bytes) -> Answer {
    let request: Value = match &*body {
        b"" => Value::Null,
        bytes => serde_json::from_slice(bytes).map_err(|_| UNREADABLE)?,
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

/// `POST /locks/{id}/{action}`: lock-down, favorites, and the first to arrive.
pub(super) async fn act(State(shared): State<Shared>, caller: Caller, Action(id, action): Action) -> Answer {
    let mut world = shared.world();
    let now = world.clock.now();
    match action.as_str() {
        "favorite" | "unfavorite" => return mark(&mut world, caller.0.person, "Lock", id, action == "favorite"),
        "first_to_arrive" | "last_to_leave" => {
            let door = world.doors.get_mut(&id).ok_or(NOTHING_THERE)?;
            // Without a schedule that waits, the state forbids it: the code is assumed.
            if door.first_to_arrive_until.is_none_or(|until| until <= now) {
                return Err(ApiError::Code(409, "fad110"));
            }
            door.has_arrived = action == "first_to_arrive";
            let kind = if door.has_arrived { "lock.first_to_arrive" } else { "lock.last_to_leave" };
            world.log(kind, Some(&caller.0), ("Lock", id), None);
            return done();
        }
        _ => {}
    }
    let kind = lock_down_event(&action, "lock.lock_down", "lock.cancel_lockdown")?;
    caller.must_be_admin(&world)?;
    let door = world.doors.get_mut(&id).ok_or(NOTHING_THERE)?;
    door.locked_down_since = (action == "lock_down").then_some(now);
    world.log(kind, Some(&caller.0), ("Lock", id), None);
    done()
}

/// `POST /places/{id}/{action}`: lock-down and favorites.
pub(super) async fn act_on_place(State(shared): State<Shared>, caller: Caller, Action(id, action): Action) -> Answer {
    let mut world = shared.world();
    if let "favorite" | "unfavorite" = action.as_str() {
        return mark(&mut world, caller.0.person, "Place", id, action == "favorite");
    }
    let kind = lock_down_event(&action, "place.lock_down", "place.cancel_lockdown")?;
    caller.must_be_admin(&world)?;
    let now = world.clock.now();
    let place = world.places.get_mut(&id).ok_or(NOTHING_THERE)?;
    place.locked_down_since = (action == "lock_down").then_some(now);
    world.log(kind, Some(&caller.0), ("Place", id), None);
    done()
}

/// Makes something a person's favorite, or ends that.
fn mark(world: &mut World, person: u64, kind: &'static str, id: u64, is_favorite: bool) -> Answer {
    let exists = if kind == "Lock" { world.doors.contains_key(&id) } else { world.places.contains_key(&id) };
    if !exists {
        return Err(NOTHING_THERE);
    }
    let _ = if is_favorite {
        world.favorites.insert((person, kind, id))
    } else {
        world.favorites.remove(&(person, kind, id))
    };
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
    let is_favorite = |id: u64| world.favorites.contains(&(caller.0.person, "Place", id));
    let fits = |place: &&Place| {
        is_among_ids(&query, place.id)
            && mentions(&query, &[&place.name])
            && query.get("favorite").is_none_or(|wanted| wanted == "*" || (wanted == "true") == is_favorite(place.id))
    };
    let favorite = |id| query.contains_key("favorite").then(|| is_favorite(id));
    let places = visible_places(&world, caller.0.person).into_iter().filter(fits);
    let places = places.map(|place| with_favorite(json::place(place, &world), favorite(place.id)));
    page(places.collect(), &query, (50, 250), &world)
}

/// `GET /places/{id}`
pub(super) async fn place(State(shared): State<Shared>, caller: Caller, Id(id): Id) -> Answer {
    let world = shared.world();
    let place = visible_places(&world, caller.0.person).into_iter().find(|place| place.id == id);
    object(json::place(place.ok_or(NOTHING_THERE)?, &world))
}

/// `GET /floors`
pub(super) async fn floors(State(shared): State<Shared>, _caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    let place: u64 = query.get("place_id").and_then(|id| id.parse().ok()).ok_or(UNREADABLE)?;
    if !world.places.contains_key(&place) {
        return Err(NOTHING_THERE);
    }
    page(vec![json::floor(place)], &query, (10, 250), &world)
}
