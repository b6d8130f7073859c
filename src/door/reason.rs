//! Why Kisi said no: every code that it documents and its class, one row each. What is said of it is in `assets/languages`.

use std::{fmt, time::Duration};

use self::Refusal::{
    Foreign, Gone, Later, LockedDown, Login, Never, Offline, Open, Other, Partner, Prove, Right, Setup, Suspended,
    TooFast, Zone,
};

/// Why Kisi said no, sorted by what the person can do about it.
///
/// # Source
///
/// `kisi-api.md`, section 5: the codes are Kisi's, the classes ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Refusal {
    /// This person's login is dead and must be renewed.
    Login,
    /// No right to this door, or no longer.
    Right,
    /// This person's access is switched off.
    Suspended,
    /// Not yet, or not at this hour.
    Later,
    /// No kiosk can open this door for this person.
    Never,
    /// Kisi wants a proof of nearness.
    Prove,
    /// Door or place is locked down.
    LockedDown,
    /// There is no such door any more.
    Gone,
    /// The door is open already, or just opening.
    Open,
    /// The hardware does not answer.
    Offline,
    /// The door is installed wrongly, or not yet.
    Setup,
    /// A system behind Kisi failed.
    Partner,
    /// An alarm is armed or faulty.
    Zone,
    /// Links, cards, elevators: not met by a kiosk.
    Foreign,
    /// Too many requests by this person, their phone included.
    TooFast,
    /// Anything else, and every code that is not known.
    Other,
}

/// Kisi's code for an error, as far as it looks like one: letters and digits, at most 16. Empty otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Code {
    bytes: [u8; 16],
    len: usize,
}

impl Code {
    /// Takes what Kisi sent.
    pub fn new(text: Option<&str>) -> Self {
        let is_code = |text: &&str| text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let text = text.filter(is_code).unwrap_or_default();
        let mut code = Self { len: text.len(), ..Self::default() };
        code.bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        code
    }

    /// As Kisi writes it; empty without one.
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

/// Why Kisi said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Reason {
    /// What can be done about it.
    pub class: Refusal,
    /// What Kisi called it.
    pub code: Code,
    /// How long Kisi asks to wait.
    pub wait: Option<Duration>,
}

/// A moment, where Kisi says that it was too quick but not how long to wait.
const MOMENT: Duration = Duration::from_secs(2);
/// What an update of a controller may take. Our choice: nothing is documented.
const UPDATE: Duration = Duration::from_secs(15);
/// Nobody stands at a door for longer, whatever Kisi asks.
const LONGEST_REST: Duration = Duration::from_mins(1);

impl Reason {
    /// Sorts an answer: by its code where that is known, else by its status.
    pub fn new(status: u16, code: Code) -> Self {
        let class = match (row(code).map(|row| row.1), status) {
            // Only a 401 says that the login itself is dead.
            (Some(Login) | None, 401) => Login,
            (Some(Login), _) => Right,
            (Some(class), _) => class,
            (None, 404) => Gone,
            (None, 429) => TooFast,
            (None, _) => Other,
        };
        Self { class, code, wait: None }
    }

    /// After what time it makes sense to try the same again. `None` where time alone changes nothing.
    pub fn again_in(&self) -> Option<Duration> {
        match (self.class, self.code.as_str()) {
            (TooFast, _) => Some(self.wait.unwrap_or(MOMENT).clamp(MOMENT, LONGEST_REST)),
            (_, UPDATING) => Some(self.wait.unwrap_or(UPDATE).clamp(MOMENT, LONGEST_REST)),
            _ => None,
        }
    }

    /// Whether the code says what the class says too, and more: then its own sentence is said.
    pub fn code_says_it(&self) -> bool {
        row(self.code).is_some_and(|row| row.1 == self.class)
    }

    /// Whether the sentence says all there is, or somebody should be told the code.
    pub fn is_known(&self) -> bool {
        self.code.as_str().is_empty() || row(self.code).is_some()
    }
}

fn row(code: Code) -> Option<&'static Row> {
    CODES.iter().find(|row| row.0 == code.as_str())
}

/// Every code with its class, for the test against the contract.
pub fn all() -> impl Iterator<Item = (&'static str, Refusal)> {
    CODES.iter().map(|row| (row.0, row.1))
}

/// A code and its class. The sentences are in `assets/languages`.
type Row = (&'static str, Refusal);

/// The controller is being updated.
const UPDATING: &str = "fbc000";

/// # Source
///
/// Kisi OpenAPI document, error codes; `kisi-api.md`, section 5.
const CODES: [Row; 69] = [
    ("afc496", Login),
    ("afc507", Login),
    ("afc516", Login),
    ("afc526", Login),
    ("afc536", Login),
    ("afc546", Login),
    ("facced", Login),
    ("fcd8ef", Right),
    ("f35ade", Right),
    ("f398de", Right),
    ("fcd8ff", Suspended),
    ("f358de", Later),
    ("34ffaa", Later),
    ("f01337", Never),
    ("bbc93f", Never),
    ("34bd8f", Never),
    ("a3995f", Prove),
    ("bbb99f", Prove),
    ("a7793f", Prove),
    ("a3799f", Prove),
    ("a3793f", Prove),
    ("bb4faa", Prove),
    ("bb5bff", Prove),
    ("bb4bff", Prove),
    ("bb4fff", Prove),
    ("fad001", LockedDown),
    ("fad002", LockedDown),
    ("fad10e", Gone),
    ("fad110", Open),
    ("fad112", Open),
    ("fac001", Offline),
    ("fac002", Offline),
    ("fac003", Offline),
    ("fac004", Offline),
    ("fad106", Offline),
    ("fad107", Offline),
    ("fad10f", Offline),
    (UPDATING, Offline),
    ("bbb93f", Setup),
    ("ff420a", Setup),
    ("fad105", Setup),
    ("fad108", Setup),
    ("abbb11", Partner),
    ("abcc11", Partner),
    ("abdd11", Partner),
    ("abee11", Partner),
    ("abfe11", Partner),
    ("abff11", Partner),
    ("fad137", Zone),
    ("fad126", Zone),
    ("aaa345", Zone),
    ("fad129", Zone),
    ("adf234", Zone),
    ("fad144", Zone),
    ("fad146", Zone),
    ("fad121", Foreign),
    ("fad122", Foreign),
    ("fad123", Foreign),
    ("fad124", Foreign),
    ("fad334", Foreign),
    ("f298cf", Foreign),
    ("f298df", Foreign),
    ("f298bf", Foreign),
    ("f29aef", Foreign),
    ("faa9ef", Foreign),
    ("faa9ff", Foreign),
    ("cabbeb", Foreign),
    ("ecc123", Other),
    ("ffffff", Other),
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
    fn the_code_says_more_than_the_status_and_unknown_ones_have_honest_texts() {
        check(403, "fcd8ef", Right, true);
        check(503, "fac003", Offline, true);
        check(403, "new123", Other, false);
        check(401, "", Login, false);
        check(404, "000404", Gone, false);
        check(429, "", TooFast, false);
    }

    #[test]
    fn what_time_heals_says_when_to_try_again() {
        let again = |status, code, wait: Option<u64>| {
            let reason = Reason::new(status, Code::new(Some(code)));
            Reason { wait: wait.map(Duration::from_secs), ..reason }.again_in().map(|time| time.as_secs())
        };
        assert_eq!(again(429, "", None), Some(2));
        assert_eq!(again(429, "", Some(10)), Some(10));
        assert_eq!(again(429, "", Some(0)), Some(2));
        assert_eq!(again(429, "", Some(3_600)), Some(60), "nobody stands there for an hour");
        assert_eq!(again(503, "fbc000", None), Some(15));
        assert_eq!(again(403, "fcd8ef", Some(10)), None, "waiting gives nobody a right");
    }

    /// Only a 401 says that the login is dead: a 403 with such a code suspends nobody.
    #[test]
    fn a_login_code_without_a_401_is_a_missing_right() {
        check(403, "afc496", Right, false);
        check(401, "afc496", Login, true);
    }

    #[test]
    fn what_is_no_code_is_not_shown() {
        assert_eq!(Code::new(Some("<script>")).to_string(), "no code");
        assert_eq!(Code::new(Some(&"a".repeat(17))).as_str(), "");
        assert_eq!(Code::new(Some("fcd8ef")).to_string(), "code fcd8ef");
    }
}
