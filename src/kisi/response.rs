//! Reads responses, up to a size limit. Errors never contain text from a body, which may hold a secret.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Error, wire};
use crate::door::Code;

/// Largest body that is read, in bytes (`threats.md`, R39).
const BODY_LIMIT: usize = 1024 * 1024;

/// Parses a 2xx response as JSON. Also returns the total from `X-Collection-Range`, if present.
pub(super) async fn json<T: DeserializeOwned>(
    operation: &'static str,
    answer: Response,
) -> Result<(T, Option<usize>), Error> {
    let answer = success(answer).await?;
    if is_html(&answer) {
        return Err(Error::NotKisi);
    }
    let range = answer.headers().get("x-collection-range").and_then(|range| range.to_str().ok()).and_then(total);
    let bytes = body(answer).await?;
    let malformed = |e: serde_json::Error| Error::Malformed { operation, line: e.line(), column: e.column() };
    Ok((serde_json::from_slice(&bytes).map_err(malformed)?, range))
}

/// The total of `0-9/200` (200) or of `*/0` (0, an empty list). The range is the requested one, not what exists.
fn total(range: &str) -> Option<usize> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

/// Returns a 2xx response unchanged. Turns any other into an error with Kisi's code.
pub(super) async fn success(answer: Response) -> Result<Response, Error> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let wait = answer.headers().get(header::RETRY_AFTER).and_then(|wait| seconds(wait.to_str().ok()?));
    // The status counts even when the body is missing, cut off or not JSON.
    let bytes = if status == StatusCode::NO_CONTENT { None } else { body(answer).await.ok() };
    let code =
        bytes.and_then(|bytes| serde_json::from_slice::<wire::ErrorBody>(&bytes).ok()).and_then(|body| body.code);
    Err(Error::from_status(status, Code::new(code.as_deref()), wait))
}

/// Parses `Retry-After`, which Kisi does not document. Anything but a number of seconds is ignored.
fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

pub(super) fn is_html(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/html")
}

/// Reads a body up to the limit. The buffer is wiped on drop, because it may hold a secret.
pub(super) async fn body(mut answer: Response) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Allocated at full size, because a growing buffer leaves copies behind.
    let size = answer.content_length().and_then(|size| usize::try_from(size).ok()).unwrap_or(4096).min(BODY_LIMIT);
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    while let Some(chunk) = answer.chunk().await.map_err(Error::from_transport)? {
        if BODY_LIMIT < bytes.len() + chunk.len() {
            return Err(Error::TooLarge { limit: BODY_LIMIT });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
