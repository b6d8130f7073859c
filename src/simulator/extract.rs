//! Parts of a request. What cannot be read is refused with Kisi's error body, never with plain text.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{header, request::Parts},
};
use serde_json::Value;

use super::{
    Shared,
    response::{ApiError, NOTHING_THERE, UNREADABLE},
};

/// A JSON body. Anything else, also another content type, is 400.
#[derive(Debug)]
pub(super) struct Body(pub(super) Value);

impl FromRequest<Shared> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let bytes = Bytes::from_request(request, shared).await.map_err(|_| UNREADABLE)?;
        if !is_json {
            return Err(UNREADABLE);
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|_| UNREADABLE)
    }
}

/// The id in the path. Answers 404 if it is not a number, as no object has such an id.
#[derive(Debug)]
pub(super) struct Id(pub(super) u64);

impl FromRequestParts<Shared> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let Path(id) = Path::<String>::from_request_parts(parts, shared).await.map_err(|_| NOTHING_THERE)?;
        id.parse().map(Self).map_err(|_| NOTHING_THERE)
    }
}

/// The id and the action in the path.
#[derive(Debug)]
pub(super) struct Action(pub(super) u64, pub(super) String);

impl FromRequestParts<Shared> for Action {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, shared).await;
        let Path((id, action)) = path.map_err(|_| NOTHING_THERE)?;
        Ok(Self(id.parse().map_err(|_| NOTHING_THERE)?, action))
    }
}
