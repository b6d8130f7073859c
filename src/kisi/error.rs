//! What can go wrong between the kiosk and Kisi, sorted by what to do about it.

use reqwest::StatusCode;

use crate::door::{Outcome, Refusal};

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
    },
    /// A fault at Kisi or before it: 5xx, a redirect, or another status that says nothing.
    #[error("Kisi failed (HTTP {status})")]
    Failed {
        /// The HTTP status.
        status: u16,
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

/// Kisi's code of an error, or none. At most 16 letters and digits, so that it can be shown and logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(Option<String>);

impl Code {
    /// Takes a code as Kisi sent it. What does not look like one is none.
    pub fn new(code: Option<&str>) -> Self {
        Self(code.filter(|code| code.len() <= 16 && code.chars().all(|c| c.is_ascii_alphanumeric())).map(str::to_owned))
    }

    /// The code, or an empty text.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(code) => write!(f, "code {code}"),
            None => f.write_str("no code"),
        }
    }
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
    pub(super) fn from_status(status: StatusCode, code: Code) -> Self {
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            Self::Refused { status: status.as_u16(), code }
        } else {
            Self::Failed { status: status.as_u16() }
        }
    }

    /// Whether it says that this login is dead. One person's, never the kiosk's.
    pub fn is_dead_login(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// What became of an unlock that ended so. In doubt it is [`Outcome::Unknown`].
    ///
    /// # Source
    ///
    /// `threats-and-faults.md`, R46 and R48.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::Secret | Self::Setting { .. } | Self::Client(_) => Outcome::NotSent,
            Self::Refused { status, code } => Outcome::Refused(refusal(*status, code.as_str())),
            Self::Unclear(_) | Self::Failed { .. } | Self::NotKisi | Self::TooLarge { .. } | Self::Malformed { .. } => {
                Outcome::Unknown
            }
        }
    }
}

/// Sorts the codes that a person at a kiosk can meet. The code says more than the status, which Kisi does not document.
///
/// # Source
///
/// Kisi OpenAPI document, error codes.
fn refusal(status: u16, code: &str) -> Refusal {
    match code {
        "fcd8ef" | "f35ade" | "f398de" => Refusal::Right,
        "fcd8ff" => Refusal::Suspended,
        "f358de" | "34ffaa" => Refusal::Later,
        "f01337" | "bbc93f" | "34bd8f" => Refusal::Never,
        "a3995f" | "bbb99f" | "a7793f" | "a3799f" | "a3793f" | "bb4faa" | "bb5bff" | "bb4bff" | "bb4fff" => {
            Refusal::Prove
        }
        "fad001" | "fad002" => Refusal::LockedDown,
        "fad10e" => Refusal::Gone,
        "fad110" | "fad112" => Refusal::Open,
        _ => match status {
            401 => Refusal::Login,
            404 => Refusal::Gone,
            429 => Refusal::TooFast,
            _ => Refusal::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, code: &str, expected: Outcome) {
        let error = Error::from_status(StatusCode::from_u16(status).unwrap(), Code::new(Some(code)));
        assert_eq!(error.outcome(), expected);
    }

    #[test]
    fn only_an_explicit_no_is_a_refusal() {
        check(403, "fcd8ef", Outcome::Refused(Refusal::Right));
        check(403, "fad002", Outcome::Refused(Refusal::LockedDown));
        check(401, "afc496", Outcome::Refused(Refusal::Login));
        check(429, "", Outcome::Refused(Refusal::TooFast));
        check(403, "new123", Outcome::Refused(Refusal::Other));
        check(408, "", Outcome::Unknown);
        check(302, "", Outcome::Unknown);
        check(500, "ffffff", Outcome::Unknown);
        check(503, "fac001", Outcome::Unknown);
    }

    #[test]
    fn what_is_no_code_is_not_shown() {
        assert_eq!(Code::new(Some("<script>")).to_string(), "no code");
        assert_eq!(Code::new(Some(&"a".repeat(17))).as_str(), "");
        assert_eq!(Code::new(Some("fcd8ef")).to_string(), "code fcd8ef");
    }
}
