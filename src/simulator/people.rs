//! People, groups, role assignments and cards: the calls that an admin uses.

use axum::extract::State;
use serde_json::Value;

use super::{
    Shared,
    auth::Caller,
    extract::{Body, Id},
    json,
    response::{
        Answer, ApiError, NOTHING_THERE, Query, UNREADABLE, done, is_among_ids, mentions, object, page, passes,
    },
    world::{Card, Person, Right, Role, World},
};

/// `GET /users`
pub(super) async fn list(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    let own = query.get("user_id").is_some_and(|id| id == "me" || *id == caller.0.person.to_string());
    if !own {
        caller.must_be_admin(&world)?;
    }
    let in_group = |person: u64, group: &str| {
        world.rights.iter().any(|right| right.person == person && right.group.to_string() == group)
    };
    let fits = |person: &&Person| {
        (!own || person.id == caller.0.person)
            && query.get("email").is_none_or(|email| email.eq_ignore_ascii_case(&person.email))
            && query.get("group_id").is_none_or(|group| in_group(person.id, group))
            && query.get("place_id").is_none_or(|place| has_access_to(&world, person.id, place))
            && is_among_ids(&query, person.id)
            && mentions(&query, &[&person.email, &person.name])
    };
    let mut people: Vec<&Person> = world.people.values().filter(fits).collect();
    match query.get("sort").map(String::as_str) {
        Some("name") => people.sort_by_key(|person| person.name.clone()),
        Some("-name") => people.sort_by_key(|person| std::cmp::Reverse(person.name.clone())),
        Some(_) | None => {}
    }
    page(people.into_iter().map(json::user).collect(), &query, (50, 100), &world)
}

fn has_access_to(world: &World, person: u64, place: &str) -> bool {
    super::rules::visible_doors(world, person).iter().any(|door| door.place.to_string() == place)
}

/// `POST /users`
pub(super) async fn create(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Answer {
    let mut world = shared.world();
    caller.must_be_admin(&world)?;
    let text = |key: &str| body.get("user").and_then(|user| user.get(key)).and_then(Value::as_str);
    let email = text("email").filter(|email| email.contains('@')).ok_or(ApiError::Field("email", "is missing"))?;
    if world.person_by_email(email).is_some() {
        return Err(ApiError::Field("email", "has already been taken"));
    }
    let user = body.get("user").cloned().unwrap_or_default();
    let mut person = Person::new(world.next_id(), text("name").unwrap_or(email).to_owned(), email.to_owned());
    change(&mut person, &user);
    let answer = json::user(&person);
    let _ = world.people.insert(person.id, person);
    object(answer)
}

/// `GET /users/{id}`
pub(super) async fn one(State(shared): State<Shared>, caller: Caller, Id(id): Id) -> Answer {
    let world = shared.world();
    if id != caller.0.person {
        caller.must_be_admin(&world)?;
    }
    object(world.people.get(&id).map(json::user).ok_or(NOTHING_THERE)?)
}

/// `PATCH /users/{id}`
pub(super) async fn update(State(shared): State<Shared>, caller: Caller, Id(id): Id, Body(body): Body) -> Answer {
    let mut world = shared.world();
    caller.must_be_admin(&world)?;
    let person = world.people.get_mut(&id).ok_or(NOTHING_THERE)?;
    let user = body.get("user").ok_or(ApiError::Field("user", "is missing"))?;
    change(person, user);
    done()
}

/// Sets the fields that were sent.
fn change(person: &mut Person, user: &Value) {
    if let Some(enabled) = user.get("access_enabled").and_then(Value::as_bool) {
        person.access_enabled = enabled;
    }
    if let Some(name) = user.get("name").and_then(Value::as_str) {
        name.clone_into(&mut person.name);
    }
    if let Some(notes) = user.get("notes") {
        person.notes = notes.as_str().map(str::to_owned);
    }
    if let Some(Value::Object(metadata)) = user.get("metadata") {
        person.metadata.clone_from(metadata);
    }
}

/// `GET /groups`
pub(super) async fn groups(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    caller.must_be_admin(&world)?;
    let place_of = |door: &u64| world.doors.get(door).map(|door| door.place.to_string());
    let groups = world.groups.values().filter(|group| {
        query.get("lock_id").is_none_or(|lock| group.doors.iter().any(|door| door.to_string() == *lock))
            && query
                .get("place_id")
                .is_none_or(|place| group.doors.iter().any(|door| place_of(door).as_ref() == Some(place)))
            && is_among_ids(&query, group.id)
            && mentions(&query, &[&group.name])
    });
    page(groups.map(|group| json::group(group, &world)).collect(), &query, (10, 250), &world)
}

/// `GET /groups/{id}`
pub(super) async fn group(State(shared): State<Shared>, caller: Caller, Id(id): Id) -> Answer {
    let world = shared.world();
    caller.must_be_admin(&world)?;
    object(world.groups.get(&id).map(|group| json::group(group, &world)).ok_or(NOTHING_THERE)?)
}

/// `GET /group_locks`
pub(super) async fn group_locks(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    caller.must_be_admin(&world)?;
    let id: u64 = query.get("group_id").and_then(|id| id.parse().ok()).ok_or(UNREADABLE)?;
    let group = world.groups.get(&id).ok_or(NOTHING_THERE)?;
    let doors =
        group.doors.iter().filter_map(|door| world.doors.get(door)).filter(|door| passes(&query, "lock_id", door.id));
    page(doors.map(|door| json::group_lock(group, door, &world)).collect(), &query, (10, 250), &world)
}

/// `GET /role_assignments`
pub(super) async fn rights(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    caller.must_be_admin(&world)?;
    let rights = world.rights.iter().filter(|right| {
        passes(&query, "assignee_id", right.person)
            && passes(&query, "user_id", right.person)
            && passes(&query, "applies_to_id", right.group)
            && query.get("applies_to_type").is_none_or(|kind| kind == "Group")
            && query.get("assignee_type").is_none_or(|kind| kind == "User")
    });
    // An admin also has a role in the whole organization.
    let admins = world.people.values().filter(|person| {
        person.admin
            && passes(&query, "assignee_id", person.id)
            && passes(&query, "user_id", person.id)
            && query.get("applies_to_type").is_none_or(|kind| kind == "Organization")
            && query.get("assignee_type").is_none_or(|kind| kind == "User")
    });
    let roles = world.roles.iter().filter(|role| {
        passes(&query, "assignee_id", role.assignee.1)
            && passes(&query, "applies_to_id", role.applies_to.1)
            && query.get("user_id").is_none_or(|id| role.assignee.0 == "User" && *id == role.assignee.1.to_string())
            && query.get("applies_to_type").is_none_or(|kind| *kind == role.applies_to.0)
            && query.get("assignee_type").is_none_or(|kind| *kind == role.assignee.0)
    });
    let all = rights.map(|right| json::right(right, &world)).chain(admins.map(json::role));
    let all = all.chain(roles.map(|role| json::other_role(role, &world)));
    page(all.collect(), &query, (10, 250), &world)
}

/// `POST /role_assignments`
pub(super) async fn create_right(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Answer {
    let mut world = shared.world();
    caller.must_be_admin(&world)?;
    let wanted = body.get("role_assignment").ok_or(ApiError::Field("role_assignment", "is missing"))?;
    let id = |key: &'static str| wanted.get(key).and_then(Value::as_u64).ok_or(ApiError::Field(key, "is missing"));
    let time = |key: &'static str| match wanted.get(key).and_then(Value::as_str) {
        Some(time) => time.parse().map(Some).map_err(|_| ApiError::Field(key, "is not a time")),
        None => Ok(None),
    };
    let text = |key: &str, usual: &str| wanted.get(key).and_then(Value::as_str).unwrap_or(usual).to_owned();
    let applies_to = (text("applies_to_type", "Group"), id("applies_to_id")?);
    let assignee = (text("assignee_type", "User"), id("assignee_id")?);
    let role = text("role_id", "group_basic");
    if (applies_to.0.as_str(), assignee.0.as_str()) != ("Group", "User") {
        let notify = wanted.get("notify").and_then(Value::as_bool).unwrap_or_default();
        let role = Role { id: world.next_id(), role, applies_to, assignee, notify };
        let answer = json::other_role(&role, &world);
        world.roles.push(role);
        return object(answer);
    }
    let right = Right {
        id: world.next_id(),
        person: assignee.1,
        group: applies_to.1,
        from: time("valid_from")?,
        until: time("valid_until")?,
        role,
    };
    if !world.people.contains_key(&right.person) || !world.groups.contains_key(&right.group) {
        return Err(NOTHING_THERE);
    }
    let answer = json::right(&right, &world);
    world.grant(right);
    object(answer)
}

/// `DELETE /role_assignments/{id}`
pub(super) async fn delete_right(State(shared): State<Shared>, caller: Caller, Id(id): Id) -> Answer {
    let mut world = shared.world();
    caller.must_be_admin(&world)?;
    let count = |world: &World| world.rights.len() + world.roles.len();
    let before = count(&world);
    world.rights.retain(|right| right.id != id);
    world.roles.retain(|role| role.id != id);
    if count(&world) == before { Err(NOTHING_THERE) } else { done() }
}

/// `GET /cards`
pub(super) async fn cards(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    caller.must_be_admin(&world)?;
    let number = |key: &str, actual: Option<u64>| {
        query.get(key).is_none_or(|wanted| actual.map(|n| n.to_string()).as_ref() == Some(wanted))
    };
    let cards = world.cards.values().filter(|card| {
        query.get("uid").is_none_or(|uid| card.uid.as_ref() == Some(uid))
            && number("facility_code", card.facility_code)
            && number("card_number", card.card_number)
            && number("user_id", card.person)
            && is_among_ids(&query, card.id)
            && query
                .get("status")
                .is_none_or(|status| status == if card.person.is_some() { "activated" } else { "unassigned" })
            && !["token", "card_id", "data_block_value"].iter().any(|key| query.contains_key(*key))
    });
    page(cards.map(json::card).collect(), &query, (10, 250), &world)
}

/// `GET /card_assignments`
pub(super) async fn card_assignments(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    caller.must_be_admin(&world)?;
    let fits = |card: &Card, person: u64| {
        let card_is_wanted = |ids: &String| ids.split(',').any(|id| id == card.id.to_string());
        query.get("card_id").is_none_or(card_is_wanted)
            && passes(&query, "assignee_id", person)
            && query.get("assignee_type").is_none_or(|kind| kind == "User")
            && query.get("status").is_none_or(|status| status == "activated")
    };
    let assigned = world.cards.values().filter_map(|card| Some((card, card.person?)));
    let assigned = assigned.filter(|(card, person)| fits(card, *person));
    page(assigned.map(|(card, person)| json::card_assignment(card, person)).collect(), &query, (10, 250), &world)
}
