//! Errors between the kiosk and Kisi, grouped by what the kiosk does about them.

use std::{io, time::Duration};

use reqwest::StatusCode;
use rustls::CertificateError;

use crate::{
    door::{Code, Outcome, Reason},
    outage::Outage,
};

/// Why there is no usable response from Kisi.
///
/// It never contains a secret, a URL with a query, or a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was sent. A retry is safe.
    #[error("Kisi cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The request may have been executed. A retry may execute it twice.
    #[error("no complete response from Kisi")]
    Unclear(#[source] reqwest::Error),
    /// Kisi refused the request.
    #[error("Kisi refused the request (HTTP {status}, {code})")]
    Refused {
        /// The HTTP status, 400 to 499 but not 408.
        status: u16,
        /// Kisi's error code; empty if there is none.
        code: Code,
        /// The `Retry-After` of the response.
        wait: Option<Duration>,
    },
    /// A failure at Kisi: 5xx or 408, with Kisi's error body or without a body.
    #[error("the request to Kisi failed (HTTP {status}, {code})")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// Kisi's error code; empty if there is none.
        code: Code,
        /// The `Retry-After` of the response.
        wait: Option<Duration>,
    },
    /// The response does not have the form of Kisi's: a proxy, a filter, a gateway or a captive portal sent it. The
    /// request may have been executed.
    #[error("the response is not Kisi's (HTTP {status}): something between this kiosk and Kisi sent it")]
    NotKisi {
        /// The HTTP status.
        status: u16,
    },
    /// The response is larger than any valid one.
    #[error("the response from Kisi is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The response claims to be JSON and is not. Its text is not kept, because it may hold a secret.
    #[error("the response to {operation} cannot be parsed (line {line}, column {column})")]
    Malformed {
        /// Method and path, such as `GET /locks`.
        operation: &'static str,
        /// Line of the parse error, from 1.
        line: usize,
        /// Column of the parse error.
        column: usize,
    },
    /// Kisi did not collect the events, or its paging did not end.
    #[error("Kisi did not send its history of unlocks: try again later, or a shorter time")]
    NoHistory,
    /// The deadline passed before the request could be sent.
    #[error("the request was not sent: its deadline had passed")]
    Late,
    /// The secret contains a control character, which a header cannot carry.
    #[error("the login secret or admin key contains a control character: copy it again")]
    Secret,
    /// A setting in `kiosk.toml` is not allowed.
    #[error("`{key}` is `{value}`, but must be {allowed}")]
    Setting {
        /// The key in `kiosk.toml`.
        key: &'static str,
        /// The configured value, without the password of a proxy.
        value: String,
        /// The allowed values.
        allowed: &'static str,
    },
    /// The HTTP client cannot be built, for instance without system certificates.
    #[error("the HTTP client cannot start")]
    Client(#[source] reqwest::Error),
}

impl Error {
    /// Classifies a transport error by whether anything was sent.
    ///
    /// # Source
    ///
    /// Seen with reqwest 0.13: a refused connection and a bad certificate are both `is_connect`, so nothing was sent. A lost
    /// response and a timeout are not `is_connect`.
    pub(super) fn from_transport(source: reqwest::Error) -> Self {
        let source = source.without_url();
        if source.is_connect() || source.is_builder() { Self::Unreachable(source) } else { Self::Unclear(source) }
    }

    /// Classifies a response of Kisi that is not a 2xx.
    pub(super) fn from_status(status: StatusCode, code: Code, wait: Option<Duration>) -> Self {
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            Self::Refused { status: status.as_u16(), code, wait }
        } else {
            Self::Failed { status: status.as_u16(), code, wait }
        }
    }

    /// Whether a retry may succeed.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status == 429,
            Self::NotKisi { status, .. } => matches!(status, 408 | 429 | 500..=510),
            Self::Failed { .. } | Self::Unclear(_) => true,
            Self::Unreachable(source) => matches!(kind(source), Outage::Name | Outage::Unreachable | Outage::Proxy),
            Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::NoHistory
            | Self::Late
            | Self::Secret
            | Self::Setting { .. }
            | Self::Client(_) => false,
        }
    }

    /// The `Retry-After` of the response.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused { wait, .. } | Self::Failed { wait, .. } => *wait,
            Self::Unreachable(_)
            | Self::Unclear(_)
            | Self::NotKisi { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::NoHistory
            | Self::Late
            | Self::Secret
            | Self::Setting { .. }
            | Self::Client(_) => None,
        }
    }

    /// Whether Kisi rejected the login itself (401). This concerns one person, never the whole kiosk.
    pub fn is_dead_login(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// The outage that this error points to. `None` when the way to Kisi is not the cause.
    pub fn outage(&self) -> Option<Outage> {
        match self {
            Self::Unreachable(source) => Some(kind(source)),
            Self::Unclear(source) if breaks_http(source) => Some(Outage::Intercepted),
            Self::Unclear(_) => Some(Outage::NoAnswer),
            // Only a proxy sends 407.
            Self::NotKisi { status: 407, .. } => Some(Outage::Proxy),
            // Captive portals redirect or send 511. Kisi never redirects.
            Self::NotKisi { status: 300..=399 | 511, .. } => Some(Outage::Portal),
            Self::NotKisi { .. } | Self::Malformed { .. } => Some(Outage::Intercepted),
            Self::Refused { .. } | Self::Failed { .. } | Self::TooLarge { .. } | Self::NoHistory => Some(Outage::Kisi),
            Self::Late | Self::Secret | Self::Setting { .. } | Self::Client(_) => None,
        }
    }

    /// The outcome of an unlock that failed with this error. In doubt it is [`Outcome::Unknown`].
    ///
    /// # Source
    ///
    /// `threats.md`, R46 and R48.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::Late | Self::Secret | Self::Setting { .. } | Self::Client(_) => {
                Outcome::NotSent
            }
            Self::Refused { status, code, wait } => {
                Outcome::Refused(Reason { wait: *wait, ..Reason::new(*status, *code) })
            }
            // Unknown even with a code that names a cause: a failure at Kisi does not prove that the door stayed closed.
            Self::Failed { status, code, .. } => {
                Outcome::Unknown(Some(Reason::new(*status, *code)).filter(|_| !code.as_str().is_empty()))
            }
            Self::Unclear(_)
            | Self::NotKisi { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::NoHistory => Outcome::Unknown(None),
        }
    }
}

/// Whether a response breaks the rules of HTTP, instead of missing or ending early.
///
/// # Source
///
/// Seen with hyper 1.12: an unreadable head is an error that `is_parse`, and a wrong chunk size is an [`io::Error`] of kind
/// `InvalidInput` or `InvalidData`.
pub(super) fn breaks_http(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
            || error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
        {
            return true;
        }
        source = error.source();
    }
    false
}

/// Why connecting failed. The libraries reveal it only through the types and texts in the source chain.
///
/// # Source
///
/// Seen with reqwest 0.13, hyper-util 0.1 and rustls 0.23: a failed DNS lookup says "dns error", a proxy says "tunnel
/// error", and the rustls error is wrapped in one or two `io::Error`s.
fn kind(error: &reqwest::Error) -> Outage {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        match error.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            )) => return Outage::Clock,
            Some(_) => return Outage::Unsafe,
            None => {}
        }
        let said = error.to_string();
        if said.contains("tunnel error") {
            return Outage::Proxy;
        }
        if said.contains("dns error") {
            return Outage::Name;
        }
        // `io::Error::source` skips the error that it wraps.
        source = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    Outage::Unreachable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Refusal;

    fn outcome(status: u16, code: &str) -> Outcome {
        Error::from_status(StatusCode::from_u16(status).unwrap(), Code::new(Some(code)), None).outcome()
    }

    #[test]
    fn only_an_explicit_no_is_a_refusal() {
        for (status, code, class) in [
            (403, "fcd8ef", Refusal::Right),
            (403, "fad002", Refusal::LockedDown),
            (401, "afc496", Refusal::Login),
            (429, "", Refusal::TooFast),
            (403, "new123", Refusal::Other),
        ] {
            assert_eq!(outcome(status, code).refusal(), Some(class), "{status} {code}");
        }
        for (status, code) in [(408, ""), (500, ""), (503, "")] {
            assert_eq!(outcome(status, code), Outcome::Unknown(None), "{status}");
        }
        let Outcome::Unknown(Some(hint)) = outcome(503, "fac001") else { panic!() };
        assert_eq!(hint.class, Refusal::Offline, "a hint, and still unknown");
    }
}
