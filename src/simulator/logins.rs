//! Logins: create, read, rename, delete, evict.

use axum::extract::State;
use serde_json::Value;

use super::{
    Shared,
    auth::{Caller, MaybeCaller},
    extract::{Body, Id},
    json,
    response::{Answer, ApiError, NO_LOGIN, NO_RIGHT, NOTHING_THERE, Query, done, is_among_ids, object, page},
    world::{Login, World, new_secret},
};

/// Device logins per person. One more evicts the least recently used (Kisi OpenAPI document).
const MAX_DEVICE_LOGINS: usize = 40;
/// API logins per person. Creating one more fails (Kisi OpenAPI document).
const MAX_API_LOGINS: usize = 10;

/// `GET /logins`
pub(super) async fn list(State(shared): State<Shared>, caller: Caller, query: Query) -> Answer {
    let world = shared.world();
    let wanted = query.get("user_id").map_or("me", String::as_str);
    let person = if wanted == "me" { Some(caller.0.person) } else { wanted.parse().ok() };
    if person != Some(caller.0.person) {
        caller.must_be_admin(&world)?;
    }
    let of_person = |login: &&Login| Some(login.person) == person && is_among_ids(&query, login.id);
    let logins = world.logins.values().filter(of_person).map(|login| json::login(login, &world)).collect();
    page(logins, &query, (10, 250), &world)
}

/// `POST /logins`
pub(super) async fn create(State(shared): State<Shared>, MaybeCaller(caller): MaybeCaller, Body(body): Body) -> Answer {
    let mut world = shared.world();
    let person = match &caller {
        Some(caller) => caller.0.person,
        None => by_password(&world, body.get("user"))?,
    };
    let Some(wanted) = body.get("login").and_then(Value::as_object) else {
        return Err(ApiError::Field("login", "is missing"));
    };
    let text = |key: &str| wanted.get(key).and_then(Value::as_str);
    let kind = match text("type") {
        Some("api") => "api",
        // Kisi does not document the default: assumed.
        Some("device") | None => "device",
        Some(_) => return Err(ApiError::Field("type", "is not a type of login")),
    };
    let expire = match wanted.get("expire") {
        None => true,
        Some(Value::Bool(expire)) => *expire,
        Some(Value::String(expire)) => {
            world.violations.push("`expire` of POST /logins is a string".to_owned());
            expire != "false"
        }
        Some(_) => return Err(ApiError::Field("expire", "is not a boolean")),
    };
    let person = match text("email") {
        None => person,
        Some(email) => {
            let other = world.person_by_email(email).map(|person| person.id);
            if other != Some(person) {
                caller.as_ref().ok_or(NO_RIGHT)?.must_be_admin(&world)?;
                if kind == "api" {
                    return Err(NO_RIGHT);
                }
            }
            other.ok_or(NOTHING_THERE)?
        }
    };
    make_room(&mut world, person, kind)?;
    let login = Login {
        id: world.next_id(),
        person,
        kind,
        name: text("name").map(str::to_owned),
        device_model: text("device_model").map(str::to_owned),
        device_brand: text("device_brand").map(str::to_owned),
        os_name: text("os_name").map(str::to_owned),
        secret: new_secret(),
        expire,
        primary: false,
        created_at: world.clock.now(),
        last_used_at: None,
    };
    let id = login.id;
    let _ = world.logins.insert(id, login.clone());
    let by = caller.map_or_else(|| login.clone(), |caller| caller.0);
    world.log("login.create", Some(&by), ("Login", id), None);
    object(json::created_login(&login, &world))
}

/// The person with these credentials.
///
/// # Source
///
/// Kisi OpenAPI document, `POST /logins`: `user` carries the credentials when there is no header; the code `afc516` is a
/// wrong e-mail or password.
fn by_password(world: &World, user: Option<&Value>) -> Result<u64, ApiError> {
    let user = user.ok_or(NO_LOGIN)?;
    let text = |key: &str| user.get(key).and_then(Value::as_str);
    let (Some(email), Some(password)) = (text("email"), text("password")) else {
        return Err(ApiError::Code(401, "afc516"));
    };
    let person = world.person_by_email(email).filter(|person| person.password.as_deref() == Some(password));
    person.map(|person| person.id).ok_or(ApiError::Code(401, "afc516"))
}

/// Makes room for one more login: evicts the least recently used device login, or refuses an API login over the limit. A
/// login that was never used counts from its creation.
fn make_room(world: &mut World, person: u64, kind: &'static str) -> Result<(), ApiError> {
    let mut same: Vec<Login> =
        world.logins.values().filter(|l| l.person == person && l.kind == kind).cloned().collect();
    if kind == "api" {
        return if same.len() < MAX_API_LOGINS { Ok(()) } else { Err(NO_RIGHT) };
    }
    same.sort_by_key(|login| (login.last_used_at.unwrap_or(login.created_at), login.id));
    let too_many = (same.len() + 1).saturating_sub(MAX_DEVICE_LOGINS);
    for login in same.into_iter().take(too_many) {
        destroy(world, &login, login.id);
    }
    Ok(())
}

/// `DELETE /logins/{id}`
pub(super) async fn delete(State(shared): State<Shared>, caller: Caller, Id(id): Id) -> Answer {
    let mut world = shared.world();
    let person = world.logins.get(&id).map(|login| login.person).ok_or(NOTHING_THERE)?;
    if person != caller.0.person {
        caller.must_be_admin(&world)?;
    }
    destroy(&mut world, &caller.0, id);
    done()
}

fn destroy(world: &mut World, by: &Login, id: u64) {
    world.log("login.destroy", Some(by), ("Login", id), None);
    let _ = world.logins.remove(&id);
}

/// `GET /login`
pub(super) async fn current(State(shared): State<Shared>, caller: Caller) -> Answer {
    object(json::current_login(&caller.0, &shared.world()))
}

/// `PUT /login`
pub(super) async fn rename(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Answer {
    let changes = body.get("login").and_then(Value::as_object).ok_or(ApiError::Field("login", "is missing"))?;
    if let (Some(login), Some(name)) = (shared.world().logins.get_mut(&caller.0.id), changes.get("name")) {
        login.name = name.as_str().map(str::to_owned);
    }
    done()
}

/// `DELETE /login`
pub(super) async fn delete_current(State(shared): State<Shared>, caller: Caller) -> Answer {
    destroy(&mut shared.world(), &caller.0, caller.0.id);
    done()
}

/// `DELETE /login/elsewhere`: it works, but records a violation that fails the test.
pub(super) async fn delete_elsewhere(State(shared): State<Shared>, caller: Caller) -> Answer {
    let mut world = shared.world();
    world.violations.push("DELETE /login/elsewhere was called".to_owned());
    world.logins.retain(|id, login| login.person != caller.0.person || *id == caller.0.id);
    done()
}

/// `POST /login/promote`: it works, but records a violation that fails the test.
pub(super) async fn promote_current(State(shared): State<Shared>, caller: Caller) -> Answer {
    promote(&mut shared.world(), caller.0.id);
    done()
}

/// `POST /logins/{id}/promote`: it works, but records a violation that fails the test.
pub(super) async fn promote_other(State(shared): State<Shared>, caller: Caller, Id(id): Id) -> Answer {
    let mut world = shared.world();
    caller.must_be_admin(&world)?;
    promote(&mut world, id);
    done()
}

fn promote(world: &mut World, id: u64) {
    world.violations.push("a login was promoted".to_owned());
    let Some(person) = world.logins.get(&id).map(|login| login.person) else { return };
    for login in world.logins.values_mut().filter(|login| login.person == person) {
        login.primary = login.id == id;
    }
}

/// `GET /user`
pub(super) async fn user(State(shared): State<Shared>, caller: Caller) -> Answer {
    let world = shared.world();
    object(world.people.get(&caller.0.person).map(json::current_user).ok_or(NOTHING_THERE)?)
}

/// `GET /organization`
pub(super) async fn organization(State(shared): State<Shared>, _caller: Caller) -> Answer {
    object(json::organization(&shared.world()))
}
