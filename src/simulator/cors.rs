//! The headers that let a page in a browser use the API. Kisi supports browser apps, so it must send some [seen]; which is
//! assumed.

use axum::http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    },
};
use axum::response::{IntoResponse, Response};

use super::{Shared, auth::count};

/// Answers a preflight request. It has no login, so it counts for the address.
pub(super) fn preflight(shared: &Shared, headers: &HeaderMap) -> Response {
    if let Err(no) = count(&mut shared.world(), None) {
        return no.into_response();
    }
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let usual = HeaderValue::from_static("authorization, content-type");
    let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned().unwrap_or(usual);
    let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
    answer.headers_mut().extend([
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, asked),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
    ]);
    answer
}

/// Lets pages of any origin read a response.
pub(super) fn allow(answer: &mut Response) {
    answer.headers_mut().extend([
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("x-collection-range, retry-after, deprecation, sunset"),
        ),
    ]);
}
