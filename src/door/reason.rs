//! Why Kisi said no: every code that it documents, its class, what to say and what to advise. One row each.

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

    /// What happened, in one sentence.
    pub fn said(&self) -> &'static str {
        self.texts().0
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        self.texts().1
    }

    /// Of the code, where it says what the class says too; else of the class.
    fn texts(&self) -> (&'static str, &'static str) {
        let known = row(self.code).filter(|row| row.1 == self.class);
        known.map_or_else(|| general(self.class), |row| (row.2, row.3))
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

/// What is said of a class when the code says nothing more.
fn general(class: Refusal) -> (&'static str, &'static str) {
    match class {
        Login => ("Your access at this kiosk must be renewed.", "Ask at reception."),
        Right => ("You have no right to this door.", "Ask whoever looks after access."),
        Suspended => ("Your access is switched off.", "Ask whoever looks after access."),
        Later => ("Not at this hour.", "Your access is limited in time."),
        Never => ("This door cannot be opened from a kiosk.", "Use your phone or card at the reader."),
        Prove => ("This door wants you at its reader.", "Use your phone or card there."),
        LockedDown => ("This door is locked down.", "Nobody can open it now. Ask at reception."),
        Gone => ("This door does not exist any more.", "Your doors are listed anew."),
        Open => ("This door is open, or opening already.", "Push or pull it."),
        Offline => ("The door does not answer.", "Use your card at the reader, or try later."),
        Setup => ("This door is not set up correctly.", "Use another door, and tell reception."),
        Partner => ("A system behind this door failed.", "Use your card at the reader, or try later."),
        Zone => ("An alarm keeps this door shut.", "Ask at reception before you try again."),
        Foreign | Other => ("Kisi refused it.", "Use your card, or ask at reception."),
        TooFast => ("That was too quick.", "Wait a moment, then try again."),
    }
}

/// A code, its class, what it means, and what to do.
type Row = (&'static str, Refusal, &'static str, &'static str);

/// The controller is being updated.
const UPDATING: &str = "fbc000";

const RENEW: &str = "Ask at reception.";
const WHO: &str = "Ask whoever looks after access.";
const READER: &str = "Use your phone or card at the reader.";
const CARD: &str = "Use your card at the reader, or try later.";
const INSTALLER: &str = "Use another door, and tell reception.";
const ALARM: &str = "Ask at reception before you try again.";

/// # Source
///
/// Kisi OpenAPI document, error codes, in our words: `kisi-api.md`, section 5.
const CODES: [Row; 69] = [
    ("afc496", Login, "Kisi does not accept your login any more.", RENEW),
    ("afc507", Login, "Your sign-in link is not valid any more.", RENEW),
    ("afc516", Login, "Kisi does not accept your login any more.", RENEW),
    ("afc526", Login, "Kisi wants a second factor for your login.", RENEW),
    ("afc536", Login, "Kisi does not accept the second factor of your login.", RENEW),
    ("afc546", Login, "Kisi does not accept the backup code of your login.", RENEW),
    ("facced", Login, "Kisi cannot read the certificate of your login.", RENEW),
    ("fcd8ef", Right, "You have no right to this door.", WHO),
    ("f35ade", Right, "Your right to this door has ended.", WHO),
    ("f398de", Right, "Your right to this door is not valid.", WHO),
    ("fcd8ff", Suspended, "Your access is switched off.", WHO),
    ("f358de", Later, "Your right to this door has not begun yet.", WHO),
    ("34ffaa", Later, "This door is not yours to open at this hour.", "Come back within your hours."),
    ("f01337", Never, "Your access does not include apps or kiosks.", READER),
    ("bbc93f", Never, "This door opens only with a phone held to its reader.", READER),
    ("34bd8f", Never, "This door opens only with your own phone.", READER),
    ("a3995f", Prove, "The kiosk is too far from this door.", READER),
    ("bbb99f", Prove, "The position of this kiosk is not valid.", READER),
    ("a7793f", Prove, "This door wants to know where you are.", READER),
    ("a3799f", Prove, "This door wants to know where you are.", READER),
    ("a3793f", Prove, "This door wants to know where you are.", READER),
    ("bb4faa", Prove, "You are not close enough to this door.", READER),
    ("bb5bff", Prove, "The reader of this door was not heard.", READER),
    ("bb4bff", Prove, "This door wants you at its reader.", READER),
    ("bb4fff", Prove, "This door wants you at its reader.", READER),
    ("fad001", LockedDown, "This door is locked down.", "Nobody can open it now. Ask at reception."),
    ("fad002", LockedDown, "The whole place is locked down.", "Nobody can enter or leave now. Ask at reception."),
    ("fad10e", Gone, "This door does not exist any more.", "Your doors are listed anew."),
    ("fad110", Open, "This door is open on a schedule.", "Push or pull it."),
    ("fad112", Open, "This lock is opening already.", "Wait a moment, then push or pull."),
    ("fac001", Offline, "The controller of this door does not answer.", CARD),
    ("fac002", Offline, "The controller of this door does not answer.", CARD),
    ("fac003", Offline, "The lock does not answer.", CARD),
    ("fac004", Offline, "The lock does not answer.", CARD),
    ("fad106", Offline, "The wireless lock cannot be found.", CARD),
    ("fad107", Offline, "The wireless lock is offline.", CARD),
    ("fad10f", Offline, "The wireless lock cannot be reached.", CARD),
    (UPDATING, Offline, "The controller of this door is being updated.", "Wait a moment, then try again."),
    ("bbb93f", Setup, "This door has no position in Kisi.", INSTALLER),
    ("ff420a", Setup, "This door has no controller.", INSTALLER),
    ("fad105", Setup, "This door is set up wrongly.", INSTALLER),
    ("fad108", Setup, "The controller of this door is not set up yet.", INSTALLER),
    ("abbb11", Partner, "The system behind this door failed.", CARD),
    ("abcc11", Partner, "The system behind this door does not know it.", INSTALLER),
    ("abdd11", Partner, "The system behind this door cannot be reached.", CARD),
    ("abee11", Partner, "The system behind this door refused.", INSTALLER),
    ("abfe11", Partner, "The system behind this door is set up wrongly.", INSTALLER),
    ("abff11", Partner, "The system behind this door is switched off.", INSTALLER),
    ("fad137", Zone, "An alarm keeps this door shut.", ALARM),
    ("fad126", Zone, "The alarm zone of this door does not exist.", ALARM),
    ("aaa345", Zone, "The alarm zone of this door has no controller.", ALARM),
    ("fad129", Zone, "The alarm controller does not answer.", ALARM),
    ("adf234", Zone, "The alarm could not be reset.", ALARM),
    ("fad144", Zone, "The alarm is still triggered.", ALARM),
    ("fad146", Zone, "The alarm is still armed.", ALARM),
    ("fad121", Foreign, "This elevator stop does not exist.", INSTALLER),
    ("fad122", Foreign, "This elevator stop is not set up.", INSTALLER),
    ("fad123", Foreign, "The elevator stops are locked down.", "Nobody can use them now. Ask at reception."),
    ("fad124", Foreign, "This elevator stop is open on a schedule.", "Just call the elevator."),
    ("fad334", Foreign, "The elevator stop was not released.", CARD),
    ("f298cf", Foreign, "Links are switched off for you here.", WHO),
    ("f298df", Foreign, "Your access does not include links.", WHO),
    ("f298bf", Foreign, "The right behind this link is not valid.", WHO),
    ("f29aef", Foreign, "This link is not valid.", WHO),
    ("faa9ef", Foreign, "Kisi does not know this card.", WHO),
    ("faa9ff", Foreign, "This card is not activated.", WHO),
    ("cabbeb", Foreign, "A card with this number exists already.", WHO),
    ("ecc123", Other, "The controller of this door failed.", CARD),
    ("ffffff", Other, "Kisi has an unexpected fault.", CARD),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, code: &str, class: Refusal, said: &str) {
        let reason = Reason::new(status, Code::new(Some(code)));
        assert_eq!((reason.class, reason.said()), (class, said));
    }

    #[test]
    fn the_code_says_more_than_the_status_and_unknown_ones_have_honest_texts() {
        check(403, "fcd8ef", Right, "You have no right to this door.");
        check(503, "fac003", Offline, "The lock does not answer.");
        check(403, "new123", Other, "Kisi refused it.");
        check(401, "", Login, "Your access at this kiosk must be renewed.");
        check(404, "000404", Gone, "This door does not exist any more.");
        check(429, "", TooFast, "That was too quick.");
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
        check(403, "afc496", Right, "You have no right to this door.");
        check(401, "afc496", Login, "Kisi does not accept your login any more.");
    }

    #[test]
    fn every_text_fits_two_lines_of_a_small_screen_and_says_what_to_do() {
        for row in &CODES {
            assert!((10..=60).contains(&row.2.chars().count()), "{}", row.2);
            assert!((10..=60).contains(&row.3.chars().count()), "{}", row.3);
            assert!(row.2.ends_with('.') && row.3.ends_with('.'), "{}", row.0);
        }
    }

    #[test]
    fn what_is_no_code_is_not_shown() {
        assert_eq!(Code::new(Some("<script>")).to_string(), "no code");
        assert_eq!(Code::new(Some(&"a".repeat(17))).as_str(), "");
        assert_eq!(Code::new(Some("fcd8ef")).to_string(), "code fcd8ef");
    }
}
