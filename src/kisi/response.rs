//! Reads responses, up to a size limit, and tells Kisi's from those of a box in between. Errors never contain text from a
//! body, which may hold a secret.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use zeroize::Zeroizing;

use super::{Error, error::breaks_http, wire};
use crate::door::Code;

/// Largest body that is read, in bytes (`threats.md`, R39).
const BODY_LIMIT: usize = 1024 * 1024;

/// Longest announced body of an accepted unlock, in bytes. Kisi's has 23; the rest is room for spaces.
const LONGEST_UNLOCKED: u64 = 64;

/// Parses a 2xx response as JSON. Also returns the total from `X-Collection-Range`, if present.
pub(super) async fn json<T: DeserializeOwned>(
    operation: &'static str,
    answer: Response,
) -> Result<(T, Option<usize>), Error> {
    let answer = success(answer).await?;
    let not_kisi = not_kisi(&answer);
    if !is_json(&answer) {
        return Err(not_kisi);
    }
    let range = answer.headers().get("x-collection-range").and_then(|range| range.to_str().ok()).and_then(total);
    let bytes = body(answer).await?;
    match serde_json::from_slice(&bytes) {
        Ok(parsed) => Ok((parsed, range)),
        // Valid JSON of another form, such as a gateway's own error object.
        Err(error) if error.classify() == Category::Data => {
            tracing::info!(operation, line = error.line(), column = error.column(), "the JSON is not Kisi's");
            Err(not_kisi)
        }
        Err(error) => Err(Error::Malformed { operation, line: error.line(), column: error.column() }),
    }
}

/// Checks the response to an unlock. A body that was cut counts as accepted, if it is the beginning of Kisi's.
pub(super) async fn unlocked(answer: Response) -> Result<(), Error> {
    let answer = success(answer).await?;
    let not_kisi = not_kisi(&answer);
    if !is_json(&answer) {
        return Err(not_kisi);
    }
    let headers = answer.headers();
    let has_length = headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    let is_short = answer.content_length().is_none_or(|length| length <= LONGEST_UNLOCKED);
    let mut bytes = buffer(&answer);
    let is_cut = match read(answer, &mut bytes).await {
        Ok(()) => !has_length && !bytes.is_empty(),
        Err(Error::Unclear(error)) => !breaks_http(&error),
        Err(error) => return Err(error),
    };
    match serde_json::from_slice::<wire::Unlocked>(&bytes) {
        Ok(unlocked) if unlocked.is_kisis() => Ok(()),
        Err(_) if is_cut && is_short && wire::Unlocked::begins(&bytes) => {
            tracing::info!("unlock accepted, but its response is incomplete");
            Ok(())
        }
        Ok(_) | Err(_) => Err(not_kisi),
    }
}

/// Checks the response to a deletion, which has no body.
///
/// # Source
///
/// Kisi OpenAPI document: deletions answer 204.
pub(super) async fn deleted(answer: Response) -> Result<(), Error> {
    let answer = success(answer).await?;
    let is_done = answer.status() == StatusCode::NO_CONTENT && !is_html(&answer);
    if is_done { Ok(()) } else { Err(not_kisi(&answer)) }
}

/// The total of `0-9/200` (200) or of `*/0` (0, an empty list). The range is the requested one, not what exists.
fn total(range: &str) -> Option<usize> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

/// Returns a 2xx response unchanged. Turns any other into an error: Kisi's if it has Kisi's error body, else
/// [`Error::NotKisi`].
pub(super) async fn success(answer: Response) -> Result<Response, Error> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let not_kisi = not_kisi(&answer);
    let wait = wait(&answer);
    let bytes = match body(answer).await {
        Ok(bytes) => bytes,
        // Kisi's error bodies are short.
        Err(Error::TooLarge { .. }) => return Err(not_kisi),
        Err(error) => return Err(error),
    };
    let code = if bytes.is_empty() && may_be_empty(status) {
        Some(Code::default())
    } else {
        serde_json::from_slice::<wire::ErrorBody>(&bytes).ok().and_then(|body| body.code(status.as_u16()))
    };
    Err(code.map_or(not_kisi, |code| Error::from_status(status, code, wait)))
}

/// Whether a response of Kisi with this status may have no body. None of them decides anything about a login or a right.
///
/// # Source
///
/// Kisi's own client expects empty error bodies. The body of a 429 is not documented.
fn may_be_empty(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500..=510)
}

/// The error for a response that does not have the form of Kisi's.
pub(super) fn not_kisi(answer: &Response) -> Error {
    Error::NotKisi { status: answer.status().as_u16() }
}

/// Parses `Retry-After`, which Kisi does not document. Anything but a number of seconds is ignored.
fn wait(answer: &Response) -> Option<Duration> {
    let wait = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    wait.trim().parse().ok().map(Duration::from_secs)
}

/// Whether every `Content-Type` is JSON, and no encoding was applied that the client did not ask for.
fn is_json(answer: &Response) -> bool {
    let headers = answer.headers();
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter().peekable();
    let is_plain =
        headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity" || encoding.is_empty());
    is_plain && kinds.peek().is_some() && kinds.all(|kind| is_type(kind, "application/json"))
}

/// Whether the response is a web page.
pub(super) fn is_html(answer: &Response) -> bool {
    answer.headers().get_all(header::CONTENT_TYPE).iter().any(|kind| is_type(kind, "text/html"))
}

fn is_type(value: &header::HeaderValue, wanted: &str) -> bool {
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(wanted)
}

/// Reads a body up to the limit. The buffer is wiped on drop, because it may hold a secret.
pub(super) async fn body(answer: Response) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = buffer(&answer);
    read(answer, &mut bytes).await?;
    Ok(bytes)
}

/// A buffer of the announced size, because a growing one leaves copies behind.
fn buffer(answer: &Response) -> Zeroizing<Vec<u8>> {
    let size = answer.content_length().and_then(|size| usize::try_from(size).ok()).unwrap_or(4096).min(BODY_LIMIT);
    Zeroizing::new(Vec::with_capacity(size))
}

/// Appends the body. After an error, the buffer holds what arrived before it.
async fn read(mut answer: Response, bytes: &mut Vec<u8>) -> Result<(), Error> {
    while let Some(chunk) = answer.chunk().await.map_err(Error::from_transport)? {
        if BODY_LIMIT < bytes.len() + chunk.len() {
            return Err(Error::TooLarge { limit: BODY_LIMIT });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(())
}
