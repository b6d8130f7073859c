//! What can go wrong between the kiosk and Kisi, sorted by what to do about it.

use std::{io, time::Duration};

use reqwest::StatusCode;
use rustls::CertificateError;

use crate::{
    door::{Code, Outcome, Reason},
    trouble::Trouble,
};

/// Why Kisi gave no usable answer.
///
/// It never carries a secret, an address with a query, or a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was sent. Trying again is safe.
    #[error("Kisi cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The request may have been carried out. Trying again may do it twice.
    #[error("Kisi gave no clear answer")]
    Unclear(#[source] reqwest::Error),
    /// Kisi understood and said no.
    #[error("Kisi refused it (HTTP {status}, {code})")]
    Refused {
        /// The HTTP status, 400 to 499.
        status: u16,
        /// Kisi's own code.
        code: Code,
        /// How long Kisi asks to wait.
        wait: Option<Duration>,
    },
    /// A fault at Kisi or before it: 5xx, a redirect, or another status that says nothing.
    #[error("Kisi failed (HTTP {status}, {code})")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// Kisi's own code.
        code: Code,
        /// How long Kisi asks to wait.
        wait: Option<Duration>,
    },
    /// Somebody else answered: a web page instead of JSON.
    #[error("the answer is not from Kisi: the network may need a sign-in")]
    NotKisi,
    /// The answer is larger than any honest one.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is not what Kisi documents. The text of it is not kept: it may hold a secret.
    #[error("the answer to {operation} cannot be read (line {line}, column {column})")]
    Malformed {
        /// Which operation.
        operation: &'static str,
        /// Where reading failed.
        line: usize,
        /// Where reading failed.
        column: usize,
    },
    /// It took so long until the request could leave that it was not sent.
    #[error("it was too late to send it")]
    Late,
    /// The secret cannot stand in a header: it was copied wrongly.
    #[error("the login secret contains characters that no login has")]
    Secret,
    /// The address or another setting cannot be used.
    #[error("`{key}` is `{value}`, but must be {allowed}")]
    Setting {
        /// The key in `kiosk.toml`.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        allowed: &'static str,
    },
    /// The HTTP client cannot start, for instance without certificates of the system.
    #[error("the HTTP client cannot start")]
    Client(#[source] reqwest::Error),
}

impl Error {
    /// Sorts a failure of the transport.
    ///
    /// # Source
    ///
    /// Seen with reqwest 0.13: a refused connection and a bad certificate are both `is_connect`, before anything was sent; a
    /// lost answer and a timeout are not.
    pub(super) fn from_transport(source: reqwest::Error) -> Self {
        let source = source.without_url();
        if source.is_connect() || source.is_builder() { Self::Unreachable(source) } else { Self::Unclear(source) }
    }

    /// Sorts an answer that is not a 2xx.
    pub(super) fn from_status(status: StatusCode, code: Code, wait: Option<Duration>) -> Self {
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            Self::Refused { status: status.as_u16(), code, wait }
        } else {
            Self::Failed { status: status.as_u16(), code, wait }
        }
    }

    /// Whether the same question may have an answer soon.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status == 429,
            Self::Failed { status, .. } => *status == 408 || (*status != 511 && 500 <= *status),
            Self::Unclear(_) => true,
            Self::Unreachable(source) => matches!(kind(source), Trouble::Name | Trouble::Unreachable | Trouble::Proxy),
            Self::NotKisi
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::Late
            | Self::Secret
            | Self::Setting { .. }
            | Self::Client(_) => false,
        }
    }

    /// How long Kisi asks to wait.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused { wait, .. } | Self::Failed { wait, .. } => *wait,
            Self::Unreachable(_)
            | Self::Unclear(_)
            | Self::NotKisi
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::Late
            | Self::Secret
            | Self::Setting { .. }
            | Self::Client(_) => None,
        }
    }

    /// Whether it says that this login is dead. One person's, never the kiosk's.
    pub fn is_dead_login(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// What is wrong between here and Kisi. `None` when it is not that.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Unreachable(source) => Some(kind(source)),
            Self::Unclear(_) => Some(Trouble::NoAnswer),
            // Only a proxy asks for that.
            Self::Refused { status: 407, .. } => Some(Trouble::Proxy),
            // Kisi sends nobody elsewhere.
            Self::NotKisi | Self::Failed { status: 300..=399 | 511, .. } => Some(Trouble::Portal),
            Self::Refused { .. } | Self::Failed { .. } | Self::TooLarge { .. } | Self::Malformed { .. } => {
                Some(Trouble::Kisi)
            }
            Self::Late | Self::Secret | Self::Setting { .. } | Self::Client(_) => None,
        }
    }

    /// What became of an unlock that ended so. In doubt it is [`Outcome::Unknown`].
    ///
    /// # Source
    ///
    /// `threats-and-faults.md`, R46 and R48.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::Late | Self::Secret | Self::Setting { .. } | Self::Client(_) => {
                Outcome::NotSent
            }
            Self::Refused { status, code, wait } => {
                Outcome::Refused(Reason { wait: *wait, ..Reason::new(*status, *code) })
            }
            // Also with a code that says why: a fault at Kisi does not prove that nothing opened.
            Self::Failed { status, code, .. } => {
                Outcome::Unknown(Some(Reason::new(*status, *code)).filter(|_| !code.as_str().is_empty()))
            }
            Self::Unclear(_) | Self::NotKisi | Self::TooLarge { .. } | Self::Malformed { .. } => Outcome::Unknown(None),
        }
    }
}

/// Why no connection came about. The libraries tell it only by what they are made of.
///
/// # Source
///
/// Seen with reqwest 0.13, hyper-util 0.1 and rustls 0.23: the name lookup says "dns error", a proxy "tunnel error", and rustls' own error is inside an
/// `io::Error`, or in two.
fn kind(error: &reqwest::Error) -> Trouble {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        match error.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            )) => return Trouble::Clock,
            Some(_) => return Trouble::Unsafe,
            None => {}
        }
        let said = error.to_string();
        if said.contains("tunnel error") {
            return Trouble::Proxy;
        }
        if said.contains("dns error") {
            return Trouble::Name;
        }
        // What an `io::Error` wraps is not its source.
        source = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    Trouble::Unreachable
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
        for (status, code) in [(408, ""), (302, ""), (500, ""), (503, "")] {
            assert_eq!(outcome(status, code), Outcome::Unknown(None), "{status}");
        }
        let Outcome::Unknown(Some(hint)) = outcome(503, "fac001") else { panic!() };
        assert_eq!(hint.class, Refusal::Offline, "a hint, and still unknown");
    }
}
