//! Authentication, rate limit and response helpers of the simulator.

use std::collections::HashMap;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Shared,
    world::{Login, World},
};

/// Requests per second of one person over all their logins, or of all requests without a login.
///
/// # Source
///
/// Kisi OpenAPI document.
const PER_SECOND: usize = 5;

/// A response, or a refusal.
pub(super) type Answer = Result<Response, ApiError>;

/// The query parameters.
pub(super) type Query = axum::extract::Query<HashMap<String, String>>;

/// A refusal: a status and Kisi's code. The pairing of status and code is assumed throughout.
#[derive(Debug)]
pub(super) enum ApiError {
    /// `{"code", "error"}`.
    Code(u16, &'static str),
    /// 422 with `{"errors": {field: [complaint]}}`.
    Field(&'static str, &'static str),
    /// 429. With a `Retry-After` it also has an error body.
    TooMany(Option<String>),
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = |status| StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self {
            Self::Code(code, name) => {
                (status(code), Json(json!({"code": name, "error": "Simulated."}))).into_response()
            }
            Self::Field(field, complaint) => {
                (status(422), Json(json!({"errors": {field: [complaint]}}))).into_response()
            }
            Self::TooMany(None) => status(429).into_response(),
            Self::TooMany(Some(after)) => {
                let mut answer = Self::Code(429, "ffffff").into_response();
                if let Ok(after) = HeaderValue::from_str(&after) {
                    let _ = answer.headers_mut().insert(header::RETRY_AFTER, after);
                }
                answer
            }
        }
    }
}

/// 401: the login is missing, unknown, deleted or expired.
pub(super) const NO_LOGIN: ApiError = ApiError::Code(401, "afc496");
/// 403: the caller lacks the right.
pub(super) const NO_RIGHT: ApiError = ApiError::Code(403, "afc496");
/// 404: unknown path or unknown object.
pub(super) const NOTHING_THERE: ApiError = ApiError::Code(404, "000404");

/// The login behind a request. Extracting it updates `last_used_at` and counts one request for its person.
#[derive(Debug)]
pub(super) struct Caller(pub(super) Login);

impl Caller {
    pub(super) fn must_be_admin(&self, world: &World) -> Result<(), ApiError> {
        let is_admin = world.people.get(&self.0.person).is_some_and(|person| person.admin);
        if is_admin { Ok(()) } else { Err(NO_RIGHT) }
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
        let expires_after = SignedDuration::from_secs(world.device_logins_expire_after_s);
        let login = known.and_then(|id| world.logins.get_mut(&id)).ok_or(NO_LOGIN)?;
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

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "reads as an answer where it is used")]
pub(super) fn done() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// 200 with an object.
#[expect(clippy::unnecessary_wraps, reason = "reads as an answer where it is used")]
pub(super) fn object(value: Value) -> Answer {
    Ok(Json(value).into_response())
}

/// 200 with one page of a list. `X-Collection-Range` has the requested range, even beyond the end of the list.
///
/// # Source
///
/// Kisi OpenAPI document, `X-Collection-Range`; `*/0` from Kisi's own client.
pub(super) fn page(
    items: Vec<Value>,
    query: &HashMap<String, String>,
    limits: (usize, usize),
    world: &World,
) -> Answer {
    let number =
        |key: &str| query.get(key).map(|value| value.parse::<usize>().map_err(|_| ApiError::Code(400, "ffffff")));
    let (default, most) = limits;
    let limit = number("limit").transpose()?.unwrap_or(default);
    let offset = number("offset").transpose()?.unwrap_or(0);
    if world.switches.strict_limit && (most < limit || 20_000 < offset) {
        return Err(ApiError::Field("limit", "is too large"));
    }
    let limit = limit.min(most).max(1);
    let total = world.switches.lying_total.unwrap_or(items.len());
    let range =
        if total == 0 { "*/0".to_owned() } else { format!("{offset}-{}/{total}", offset.saturating_add(limit) - 1) };
    let items: Vec<Value> = items.into_iter().skip(offset).take(limit).collect();
    let mut answer = Json(items).into_response();
    if let Some(range) = HeaderValue::from_str(&range).ok().filter(|_| !world.switches.no_range) {
        let _ = answer.headers_mut().insert("x-collection-range", range);
    }
    Ok(answer)
}

/// Whether an object matches a filter of the query. Without the filter every object matches.
pub(super) fn passes(query: &HashMap<String, String>, key: &str, actual: impl ToString) -> bool {
    query.get(key).is_none_or(|wanted| *wanted == actual.to_string())
}

/// Whether an id is in the comma-separated `ids` [assumed]. Without `ids` every id matches.
pub(super) fn is_among_ids(query: &HashMap<String, String>, id: u64) -> bool {
    query.get("ids").is_none_or(|ids| ids.split(',').any(|wanted| wanted.trim() == id.to_string()))
}

/// Whether one of the texts contains the free-text `query`, ignoring case.
pub(super) fn mentions(query: &HashMap<String, String>, texts: &[&str]) -> bool {
    let Some(wanted) = query.get("query") else { return true };
    texts.iter().any(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
}
