//! What goes wrong on purpose: answers that are late, other, cut, slow, endless, or never come.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use futures_util::stream;
use serde::Deserialize;

use super::wire::Cut;

/// A fault, and which requests meet it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "a fault is any mixture of independent parts")]
pub struct Fault {
    /// Only this method.
    pub method: Option<String>,
    /// Only paths that begin so.
    pub path: Option<String>,
    /// Only this person's requests.
    pub person: Option<u64>,
    /// Only so many requests. Missing: all.
    pub times: Option<u32>,
    /// Wait before looking at the request, in milliseconds.
    pub delay_ms: u64,
    /// Wait before answering, in milliseconds. An unlock has taken effect by then.
    pub answer_delay_ms: u64,
    /// Answer this instead.
    pub status: Option<u16>,
    /// With Kisi's code in an error body. Missing: the body is empty.
    pub code: Option<String>,
    /// With this body instead.
    pub body: Option<String>,
    /// With these headers, added or replaced: `Deprecation`, `Content-Type` …
    pub headers: Vec<(String, String)>,
    /// The request takes effect although something else is answered.
    pub acts: bool,
    /// Never answer.
    pub never: bool,
    /// The body never ends.
    pub endless: bool,
    /// Cut the connection after so many bytes of the answer, its head included.
    pub cut_after: Option<usize>,
    /// Cut it with a reset.
    pub reset: bool,
    /// Send the answer byte by byte, with so many milliseconds between.
    pub slice_ms: Option<u64>,
}

impl Fault {
    /// Refuses with a status and a code.
    pub fn refuse(status: u16, code: &str) -> Self {
        Self { status: Some(status), code: Some(code.to_owned()), ..Self::default() }
    }

    /// The same for requests to these paths only.
    #[must_use]
    pub fn at(self, method: &str, path: &str) -> Self {
        Self { method: Some(method.to_owned()), path: Some(path.to_owned()), ..self }
    }

    /// The same for the next `times` requests only.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    pub(super) fn matches(&self, method: &str, path: &str, person: Option<u64>) -> bool {
        self.times != Some(0)
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.path.as_deref().is_none_or(|wanted| path.starts_with(wanted))
            && self.person.is_none_or(|wanted| person == Some(wanted))
    }

    /// Whether the request is looked at in the usual way.
    pub(super) fn acts(&self) -> bool {
        self.acts || (self.status.is_none() && self.body.is_none())
    }

    pub(super) fn cut(&self) -> Option<Cut> {
        let is_any = self.cut_after.is_some() || self.slice_ms.is_some();
        is_any.then(|| Cut {
            left: self.cut_after.unwrap_or(usize::MAX),
            reset: self.reset,
            slice: self.slice_ms.map(Duration::from_millis),
        })
    }

    /// The answer, made from the usual one.
    pub(super) fn apply(&self, mut answer: Response<Body>) -> Response<Body> {
        if let Some(status) = self.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            answer = Response::new(Body::empty());
            *answer.status_mut() = status;
            if let Some(code) = &self.code {
                let body = serde_json::json!({"code": code, "error": "Simulated."});
                *answer.body_mut() = Body::from(body.to_string());
                let _ = answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        }
        if let Some(body) = &self.body {
            *answer.body_mut() = Body::from(body.clone());
            let _ = answer.headers_mut().remove(header::CONTENT_LENGTH);
        }
        if self.endless {
            let chunk = Bytes::from(vec![b' '; 64 * 1024]);
            *answer.body_mut() = Body::from_stream(stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone())));
            let _ = answer.headers_mut().remove(header::CONTENT_LENGTH);
        }
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                let _ = answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}
