//! Injected faults: responses that are delayed, replaced, cut off, slow, endless, or never sent.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use futures_util::stream;
use serde::Deserialize;

use super::{sentences::sentence, wire::Cut};

/// A fault and the requests that it applies to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "a fault is any mixture of independent parts")]
pub struct Fault {
    /// Applies only to this method.
    pub method: Option<String>,
    /// Applies only to paths with this prefix.
    pub path: Option<String>,
    /// Applies only to requests of the person with this id.
    pub person: Option<u64>,
    /// Applies only to this many requests. Missing: to all.
    pub times: Option<u32>,
    /// Delay before the request is handled, in milliseconds.
    pub delay_ms: u64,
    /// Delay between handling and responding, in milliseconds. An unlock has already taken effect.
    pub answer_delay_ms: u64,
    /// Respond with this status instead.
    pub status: Option<u16>,
    /// With `status`: Kisi's code in an error body. Missing: the body is empty.
    pub code: Option<String>,
    /// Respond with this body instead, as JSON unless `headers` says otherwise.
    pub body: Option<String>,
    /// Headers to add or replace, such as `Deprecation` or `Content-Type`.
    pub headers: Vec<(String, String)>,
    /// The request takes effect although the response is replaced.
    pub acts: bool,
    /// Never respond.
    pub never: bool,
    /// The body never ends.
    pub endless: bool,
    /// Cut the connection after this many bytes of the response, headers included.
    pub cut_after: Option<usize>,
    /// Cut it with a TCP reset instead of a close.
    pub reset: bool,
    /// Send the response byte by byte, with this many milliseconds between bytes.
    pub slice_ms: Option<u64>,
}

impl Fault {
    /// A fault that refuses with a status and a code.
    pub fn refuse(status: u16, code: &str) -> Self {
        Self { status: Some(status), code: Some(code.to_owned()), ..Self::default() }
    }

    /// Limits the fault to a method and a path prefix.
    #[must_use]
    pub fn at(self, method: &str, path: &str) -> Self {
        Self { method: Some(method.to_owned()), path: Some(path.to_owned()), ..self }
    }

    /// Limits the fault to the next `times` requests.
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

    /// Whether the request is handled as usual, so that it takes effect.
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

    /// Applies the fault to the usual response.
    pub(super) fn apply(&self, mut answer: Response<Body>) -> Response<Body> {
        if let Some(status) = self.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            answer = Response::new(Body::empty());
            *answer.status_mut() = status;
            if let Some(code) = &self.code {
                let body = serde_json::json!({"code": code, "error": sentence(code)});
                *answer.body_mut() = Body::from(body.to_string());
                let _ = answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        }
        if let Some(body) = &self.body {
            *answer.body_mut() = Body::from(body.clone());
            let _ = answer.headers_mut().remove(header::CONTENT_LENGTH);
            let json = HeaderValue::from_static("application/json");
            let _ = answer.headers_mut().entry(header::CONTENT_TYPE).or_insert(json);
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
