//! Authentication and rate limit of the simulator.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use jiff::SignedDuration;

use super::{
    Shared,
    response::{ApiError, NO_LOGIN, NO_RIGHT},
    world::{Login, World},
};

/// Requests per second of one person over all their logins, or of all requests without a login.
///
/// # Source
///
/// Kisi OpenAPI document.
const PER_SECOND: usize = 5;

/// API logins expire after six months without use.
///
/// # Source
///
/// Kisi: "Generate API keys".
const API_LOGINS_EXPIRE_AFTER: SignedDuration = SignedDuration::from_hours(24 * 183);

/// The login behind a request. Extracting it updates `last_used_at` and counts one request for its person.
#[derive(Debug)]
pub(super) struct Caller(pub(super) Login);

impl Caller {
    pub(super) fn must_be_admin(&self, world: &World) -> Result<(), ApiError> {
        let is_admin = world.people.get(&self.0.person).is_some_and(|person| person.admin);
        if is_admin { Ok(()) } else { Err(NO_RIGHT) }
    }
}

/// The login behind a request, if the request has an `Authorization` header.
#[derive(Debug)]
pub(super) struct MaybeCaller(pub(super) Option<Caller>);

impl FromRequestParts<Shared> for MaybeCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Caller::from_request_parts(parts, shared).await.map(|caller| Self(Some(caller)));
        }
        count(&mut shared.world(), None)?;
        Ok(Self(None))
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let mut world = shared.world();
        let known = login_of(&parts.headers, &world).map(|login| login.id);
        let person = known.and_then(|id| world.logins.get(&id)).map(|login| login.person);
        count(&mut world, person)?;
        let now = world.clock.now();
        let device_logins_expire_after = SignedDuration::from_secs(world.device_logins_expire_after_s);
        let login = known.and_then(|id| world.logins.get_mut(&id)).ok_or(NO_LOGIN)?;
        let expires_after = if login.kind == "api" { API_LOGINS_EXPIRE_AFTER } else { device_logins_expire_after };
        let used = login.last_used_at.unwrap_or(login.created_at);
        if login.expire && expires_after < now.duration_since(used) {
            let id = login.id;
            let _ = world.logins.remove(&id);
            return Err(NO_LOGIN);
        }
        login.last_used_at = Some(now);
        Ok(Self(login.clone()))
    }
}

/// The login whose secret is in the `Authorization` header. Schemes other than `KISI-LOGIN` are ignored.
pub(super) fn login_of<'a>(headers: &HeaderMap, world: &'a World) -> Option<&'a Login> {
    let secret = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("KISI-LOGIN ")?;
    let login = world.logins.values().find(|login| login.secret == secret)?;
    world.people.contains_key(&login.person).then_some(login)
}

/// Applies the rate limit over a one-second window. Refused requests do not count.
pub(super) fn count(world: &mut World, person: Option<u64>) -> Result<(), ApiError> {
    if world.unlimited {
        return Ok(());
    }
    let now = world.clock.now();
    let recent = world.recent.entry(person).or_default();
    recent.retain(|at| now.duration_since(*at) < SignedDuration::from_secs(1));
    if PER_SECOND <= recent.len() {
        return Err(ApiError::TooMany(world.switches.retry_after.clone()));
    }
    recent.push(now);
    Ok(())
}
