//! Reading an answer: never more than a limit, never a secret in an error.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Error, wire};
use crate::door::Code;

/// No honest answer is larger, in bytes (`threats-and-faults.md`, R39).
const BODY_LIMIT: usize = 1024 * 1024;

/// Reads a 2xx answer as JSON. With it comes the total of `X-Collection-Range`, if there is one.
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

/// `0-9/200`: the range asked for, not what exists. `*/0`: nothing.
fn total(range: &str) -> Option<usize> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

/// Passes a 2xx on. Of anything else, Kisi's code is read.
pub(super) async fn success(answer: Response) -> Result<Response, Error> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let wait = answer.headers().get(header::RETRY_AFTER).and_then(|wait| seconds(wait.to_str().ok()?));
    // A body that is missing, cut or not JSON takes nothing from what the status says.
    let bytes = if status == StatusCode::NO_CONTENT { None } else { body(answer).await.ok() };
    let code =
        bytes.and_then(|bytes| serde_json::from_slice::<wire::ErrorBody>(&bytes).ok()).and_then(|body| body.code);
    Err(Error::from_status(status, Code::new(code.as_deref()), wait))
}

/// Kisi does not document `Retry-After`. What is no number of seconds is as if it were not there.
fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

pub(super) fn is_html(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/html")
}

/// Reads a body to its end or to the limit. The buffer is wiped: it may hold a secret.
pub(super) async fn body(mut answer: Response) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Room from the start: a buffer that grows leaves copies behind.
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
