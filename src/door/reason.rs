//! Kisi's reasons for a refusal: every documented code with its class. The texts are in `assets/languages`.

use std::{fmt, time::Duration};

use self::Refusal::{
    Foreign, Gone, Later, LockedDown, Login, Never, Offline, Open, Other, Partner, Prove, Right, Setup, Suspended,
    TooFast, Zone,
};

/// Why Kisi refused, classified by what the person can do about it.
///
/// # Source
///
/// `kisi.md`, section 5: the codes are Kisi's, the classes ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Refusal {
    /// This person's login does not work any more and must be renewed.
    Login,
    /// The person has no right to this door, or no longer has one.
    Right,
    /// This person's access is switched off.
    Suspended,
    /// The right has not begun, or does not apply at this hour.
    Later,
    /// No kiosk can open this door for this person.
    Never,
    /// Kisi requires proof that the kiosk is near the door.
    Prove,
    /// The door or its place is locked down.
    LockedDown,
    /// The door does not exist any more.
    Gone,
    /// The door is already open, or is opening.
    Open,
    /// The hardware does not respond or is being updated.
    Offline,
    /// The door is not installed, or not correctly.
    Setup,
    /// A partner system behind Kisi failed.
    Partner,
    /// An alarm zone is armed or faulty.
    Zone,
    /// Codes for links, cards and elevators, which a kiosk does not use.
    Foreign,
    /// Too many requests by this person, their phone included.
    TooFast,
    /// Anything else, including every unknown code.
    Other,
}

/// Kisi's error code: at most 16 ASCII letters and digits. Empty if there is none or it has another form.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Code {
    bytes: [u8; 16],
    len: usize,
}

impl Code {
    /// Checks the code that Kisi sent. Anything else becomes the empty code.
    pub fn new(text: Option<&str>) -> Self {
        let is_code = |text: &&str| text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let text = text.filter(is_code).unwrap_or_default();
        let mut code = Self { len: text.len(), ..Self::default() };
        code.bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        code
    }

    /// The code as Kisi writes it; empty if there is none.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            "" => f.write_str("no code"),
            code => write!(f, "code {code}"),
        }
    }
}

/// A refusal: its class and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Reason {
    /// What the person can do about it.
    pub class: Refusal,
    /// Kisi's code; empty if there is none.
    pub code: Code,
    /// The `Retry-After` of the response.
    pub wait: Option<Duration>,
}

/// Pause after a rate limit without `Retry-After`, and the shortest pause in any case. Our choice.
const MOMENT: Duration = Duration::from_secs(2);
/// Pause while a controller is being updated. Our choice: Kisi documents no duration.
const UPDATE: Duration = Duration::from_secs(15);
/// Longest pause, even if `Retry-After` is longer: nobody waits at a door for longer. Our choice.
const LONGEST_REST: Duration = Duration::from_mins(1);

impl Reason {
    /// Classifies a refusal by its code if that is known, otherwise by its status.
    pub fn new(status: u16, code: Code) -> Self {
        let class = match (row(code).map(|row| row.class), status) {
            // Only a 401 means that the login itself does not work.
            (Some(Login) | None, 401) => Login,
            (Some(Login), _) => Right,
            (Some(class), _) => class,
            (None, 404) => Gone,
            (None, 429) => TooFast,
            (None, _) => Other,
        };
        Self { class, code, wait: None }
    }

    /// Pause after which the same request may succeed. `None` if waiting does not help.
    pub fn again_in(&self) -> Option<Duration> {
        match (self.class, self.code.as_str()) {
            (TooFast, _) => Some(self.wait.unwrap_or(MOMENT).clamp(MOMENT, LONGEST_REST)),
            (_, UPDATING) => Some(self.wait.unwrap_or(UPDATE).clamp(MOMENT, LONGEST_REST)),
            _ => None,
        }
    }

    /// Whether the code belongs to the class. Then the screen shows the more specific text of the code.
    pub fn code_says_it(&self) -> bool {
        row(self.code).is_some_and(|row| row.class == self.class)
    }

    /// Whether the code is empty or known. An unknown code is shown on the screen.
    pub fn is_known(&self) -> bool {
        self.code.as_str().is_empty() || row(self.code).is_some()
    }
}

fn row(code: Code) -> Option<&'static Row> {
    CODES.iter().find(|row| row.code == code.as_str())
}

/// Every code with its class, for the test against the contract.
pub fn all() -> impl Iterator<Item = (&'static str, Refusal)> {
    CODES.iter().map(|row| (row.code, row.class))
}

/// A code and its class. The sentences are in `assets/languages`.
struct Row {
    code: &'static str,
    class: Refusal,
}

const fn coded(code: &'static str, class: Refusal) -> Row {
    Row { code, class }
}

/// The controller is being updated.
const UPDATING: &str = "fbc000";

/// Every documented code.
///
/// # Source
///
/// Kisi OpenAPI document, error codes; `kisi.md`, section 5.
const CODES: &[Row] = &[
    coded("afc496", Login),
    coded("afc507", Login),
    coded("afc516", Login),
    coded("afc526", Login),
    coded("afc536", Login),
    coded("afc546", Login),
    coded("facced", Login),
    coded("fcd8ef", Right),
    coded("f35ade", Right),
    coded("f398de", Right),
    coded("fcd8ff", Suspended),
    coded("f358de", Later),
    coded("34ffaa", Later),
    coded("f01337", Never),
    coded("bbc93f", Never),
    coded("34bd8f", Never),
    coded("a3995f", Prove),
    coded("bbb99f", Prove),
    coded("a7793f", Prove),
    coded("a3799f", Prove),
    coded("a3793f", Prove),
    coded("bb4faa", Prove),
    coded("bb5bff", Prove),
    coded("bb4bff", Prove),
    coded("bb4fff", Prove),
    coded("fad001", LockedDown),
    coded("fad002", LockedDown),
    coded("fad10e", Gone),
    coded("fad110", Open),
    coded("fad112", Open),
    coded("fac001", Offline),
    coded("fac002", Offline),
    coded("fac003", Offline),
    coded("fac004", Offline),
    coded("fad106", Offline),
    coded("fad107", Offline),
    coded("fad10f", Offline),
    coded(UPDATING, Offline),
    coded("bbb93f", Setup),
    coded("ff420a", Setup),
    coded("fad105", Setup),
    coded("fad108", Setup),
    coded("abbb11", Partner),
    coded("abcc11", Partner),
    coded("abdd11", Partner),
    coded("abee11", Partner),
    coded("abfe11", Partner),
    coded("abff11", Partner),
    coded("fad137", Zone),
    coded("fad126", Zone),
    coded("aaa345", Zone),
    coded("fad129", Zone),
    coded("adf234", Zone),
    coded("fad144", Zone),
    coded("fad146", Zone),
    coded("fad121", Foreign),
    coded("fad122", Foreign),
    coded("fad123", Foreign),
    coded("fad124", Foreign),
    coded("fad334", Foreign),
    coded("f298cf", Foreign),
    coded("f298df", Foreign),
    coded("f298bf", Foreign),
    coded("f29aef", Foreign),
    coded("faa9ef", Foreign),
    coded("faa9ff", Foreign),
    coded("cabbeb", Foreign),
    coded("ecc123", Other),
    coded("ffffff", Other),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, code: &str, class: Refusal, says_it: bool) {
        let reason = Reason::new(status, Code::new(Some(code)));
        assert_eq!((reason.class, reason.code_says_it()), (class, says_it));
    }

    #[test]
    fn a_known_code_decides_the_class_and_an_unknown_one_leaves_it_to_the_status() {
        check(403, "fcd8ef", Right, true);
        check(503, "fac003", Offline, true);
        check(403, "new123", Other, false);
        check(401, "", Login, false);
        check(404, "000404", Gone, false);
        check(429, "", TooFast, false);
    }

    #[test]
    fn temporary_refusals_say_when_to_retry() {
        let again = |status, code, wait: Option<u64>| {
            let reason = Reason::new(status, Code::new(Some(code)));
            Reason { wait: wait.map(Duration::from_secs), ..reason }.again_in().map(|time| time.as_secs())
        };
        assert_eq!(again(429, "", None), Some(2));
        assert_eq!(again(429, "", Some(10)), Some(10));
        assert_eq!(again(429, "", Some(0)), Some(2));
        assert_eq!(again(429, "", Some(3_600)), Some(60), "nobody waits there for an hour");
        assert_eq!(again(503, "fbc000", None), Some(15));
        assert_eq!(again(403, "fcd8ef", Some(10)), None, "waiting does not grant a right");
    }

    /// Only a 401 means that the login does not work. A 403 with a login code must not mark the login as refused.
    #[test]
    fn a_login_code_without_a_401_is_a_missing_right() {
        check(403, "afc496", Right, false);
        check(401, "afc496", Login, true);
    }

    #[test]
    fn text_that_is_not_a_code_is_not_shown() {
        assert_eq!(Code::new(Some("<script>")).to_string(), "no code");
        assert_eq!(Code::new(Some(&"a".repeat(17))).as_str(), "");
        assert_eq!(Code::new(Some("fcd8ef")).to_string(), "code fcd8ef");
    }
}
