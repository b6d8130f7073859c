//! Responses of the simulator: refusals, pages of lists, and filters of a query.

use std::collections::HashMap;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{sentences::sentence, world::World};

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
                (status(code), Json(json!({"code": name, "error": sentence(name)}))).into_response()
            }
            Self::Field(field, complaint) => {
                (status(422), Json(json!({"errors": {field: [complaint]}}))).into_response()
            }
            Self::TooMany(None) => status(429).into_response(),
            Self::TooMany(Some(after)) => {
                let mut answer = Self::Code(429, "000429").into_response();
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
pub(super) const NO_RIGHT: ApiError = ApiError::Code(403, "f398de");
/// 404: unknown path or unknown object.
pub(super) const NOTHING_THERE: ApiError = ApiError::Code(404, "000404");

/// 400: the body, its type or a parameter cannot be read. Kisi documents no code for it: assumed.
pub(super) const UNREADABLE: ApiError = ApiError::Code(400, "000400");

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

/// A number of the query string, if it is given. A negative one counts as 0, because the contract allows it.
pub(super) fn number(query: &HashMap<String, String>, key: &str) -> Result<Option<usize>, ApiError> {
    let parsed = |value: &String| value.parse::<i64>().map_err(|_| UNREADABLE);
    query.get(key).map(parsed).transpose().map(|number| number.map(|number| usize::try_from(number).unwrap_or(0)))
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
    let (default, most) = limits;
    let limit = number(query, "limit")?.unwrap_or(default);
    let offset = number(query, "offset")?.unwrap_or(0);
    if world.switches.strict_limit && (most < limit || 20_000 < offset) {
        return Err(ApiError::Field("limit", "is too large"));
    }
    let limit = limit.min(most).min(world.switches.page_cap.unwrap_or(usize::MAX)).max(1);
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
