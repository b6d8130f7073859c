//! The screen texts from `assets/languages`: one file per language, with the same keys. No other module contains a
//! sentence for people at the kiosk.
use std::{borrow::Cow, fmt, sync::LazyLock, time::Duration};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use jiff::civil::Time;
use unic_langid::LanguageIdentifier;

use crate::{
    door::{Allowance, DoorState, Outcome, Reason, Refusal},
    language::Language,
    outage::Outage,
    session::Denial,
};

static ALL: LazyLock<[Words; Language::ALL.len()]> = LazyLock::new(|| Language::ALL.map(Words::new));

/// Returns the texts of a language.
pub fn words(language: Language) -> &'static Words {
    let [english, ..] = &*ALL;
    ALL.iter().find(|words| words.language == language).unwrap_or(english)
}

/// The texts of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.language).finish()
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

type Args<'a> = [(&'a str, FluentValue<'a>)];

impl Words {
    /// The words of a language, each passed through a function.
    pub(crate) fn transformed(language: Language, transform: fn(&str) -> Cow<'_, str>) -> Self {
        let mut words = Self::new(language);
        words.bundle.set_transform(Some(transform));
        words
    }

    fn new(language: Language) -> Self {
        let locale: LanguageIdentifier = language.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // Bidirectional isolation marks would be drawn as boxes. No text here needs them.
        bundle.set_use_isolating(false);
        // Entries that cannot be parsed are left out. A test finds them.
        let resource = FluentResource::try_new(language.texts().to_owned()).unwrap_or_else(|(resource, _)| resource);
        drop(bundle.add_resource(resource));
        Self { language, bundle }
    }

    /// Which language it is.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text of this key.
    pub fn say(&self, key: &str) -> String {
        self.fill(key, None, &[])
    }

    fn with(&self, key: &str, args: &Args<'_>) -> String {
        self.fill(key, None, args)
    }

    /// A missing key is shown as it is, so that the mistake is visible.
    fn fill(&self, key: &str, attribute: Option<&str>, args: &Args<'_>) -> String {
        let Some(message) = self.bundle.get_message(key) else { return key.to_owned() };
        let pattern = match attribute {
            None => message.value(),
            Some(attribute) => message.get_attribute(attribute).map(|attribute| attribute.value()),
        };
        let Some(pattern) = pattern else { return key.to_owned() };
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }

    /// The time of day as the language writes it, or in 24-hour format.
    pub fn time(&self, time: Time, in_24h: bool) -> String {
        let minute = format!("{:02}", time.minute());
        let hour = if in_24h { format!("{:02}", time.hour()) } else { time.hour().to_string() };
        let hour12 = (time.hour() + 11) % 12 + 1;
        let half = if time.hour() < 12 { "am" } else { "pm" };
        let key = if in_24h { "time-24" } else { "time" };
        let args: &Args<'_> = &[
            ("hour", hour.into()),
            ("hour12", hour12.to_string().into()),
            ("minute", minute.into()),
            ("half", half.into()),
        ];
        self.with(key, args)
    }

    /// The search, and how many doors match.
    pub fn found(&self, letters: &str, count: usize) -> String {
        self.with("found", &[("letters", letters.to_uppercase().into()), ("count", count.into())])
    }

    /// Greets a person.
    pub fn hello(&self, name: &str) -> String {
        self.with("hello", &[("name", name.into())])
    }

    /// The page number.
    pub fn page(&self, page: usize, pages: usize) -> String {
        self.with("more-doors", &[("page", page.into()), ("pages", pages.into())])
    }

    /// The countdown. It ends at 1, never at 0.
    pub fn signing_out(&self, left: Duration) -> String {
        self.with("signing-out", &[("seconds", seconds(left).max(1).into())])
    }

    /// The keypad is locked. Scanned badges still work, where the site uses them.
    pub fn too_many_guesses(&self, wait: Duration, badges_work: bool) -> String {
        let seconds = seconds(wait);
        let time = format!("{}:{:02}", seconds / 60, seconds % 60);
        let key = if badges_work { "too-many-guesses-badges" } else { "too-many-guesses" };
        self.with(key, &[("time", time.into())])
    }

    /// The support phone number.
    pub fn help(&self, phone: &str) -> String {
        self.with("help", &[("phone", phone.into())])
    }

    /// Why a sign-in failed, and what to do.
    pub fn denial(&self, denial: Denial) -> String {
        self.say(match denial {
            Denial::NotKnown | Denial::NotKnownAgain => "not-known",
            Denial::NotRead => "not-read",
            Denial::KeyStuck => "key-stuck",
            Denial::StillThere => "still-there",
            Denial::LoginDead => "login-dead",
            Denial::Network(outage) => return self.network(outage),
            Denial::KioskFault => "kiosk-fault",
            Denial::NoTechnician => "no-technician",
            Denial::TooSlow => "too-slow",
        })
    }

    /// What is wrong between the kiosk and Kisi. The texts differ, so that support can tell the causes apart on the
    /// phone.
    pub fn network(&self, outage: Outage) -> String {
        self.say(match outage {
            Outage::Name => "network-name",
            Outage::Unreachable => "network-unreachable",
            Outage::Proxy => "network-proxy",
            Outage::Unsafe => "network-unsafe",
            Outage::Clock => "network-clock",
            Outage::Portal => "network-portal",
            Outage::Intercepted => "network-intercepted",
            Outage::NoAnswer => "network-no-answer",
            Outage::Kisi => "network-kisi",
            Outage::Disk => "disk",
        })
    }

    /// What a tile says about its door. Empty for a door that is ready.
    pub fn state(&self, state: DoorState, in_24h: bool) -> String {
        self.say(match state {
            DoorState::Ready => return String::new(),
            DoorState::LockedDown(Some(since)) => {
                let time = self.time(since.time(), in_24h).into();
                let args = [("day", since.day().into()), ("month", since.month().into()), ("time", time)];
                return self.with("locked-down-since", &args);
            }
            DoorState::LockedDown(None) => "locked-down",
            DoorState::NotSetUp => "not-set-up",
            DoorState::Open => "open",
            DoorState::Offline => "offline",
            DoorState::NeedsReader => "needs-reader",
            DoorState::NeedsPosition => "needs-position",
        })
    }

    /// On the tile of a door that cannot be tapped for a moment.
    pub fn again_in(&self, rest: Duration) -> String {
        self.with("again-in", &[("seconds", seconds(rest).into())])
    }

    /// How often a door may still be opened.
    pub fn allowance(&self, Allowance { left, of, again }: Allowance, in_24h: bool) -> String {
        match again {
            Some(again) => self.with("again-at", &[("time", self.time(again, in_24h).into())]),
            None if left == 0 => self.say("none-left"),
            None => self.with("left", &[("left", left.into()), ("of", of.into())]),
        }
    }

    /// While a door's number is typed on a keypad.
    pub fn typed(&self, number: usize, door: Option<&str>) -> String {
        match door {
            Some(door) => self.with("typed", &[("number", number.into()), ("door", door.into())]),
            None => self.with("typed-none", &[("number", number.into())]),
        }
    }

    /// The outcome in a word or two. Accepted does not mean open: that is not known yet.
    pub fn outcome(&self, outcome: Outcome) -> String {
        self.say(match outcome {
            Outcome::Accepted => "accepted",
            Outcome::Opened => "opened",
            Outcome::StillClosed => "still-closed",
            Outcome::Refused(_) => "refused",
            Outcome::NotSent | Outcome::NotRecorded | Outcome::Limited | Outcome::WrongClock => "not-sent",
            Outcome::Unknown(_) => "unknown",
        })
    }

    /// What happened, and what to do. An unknown code is added, so that people can quote it.
    pub fn advice(&self, outcome: Outcome) -> String {
        self.say(match outcome {
            Outcome::Accepted => "accepted-advice",
            Outcome::Opened => "opened-advice",
            Outcome::StillClosed => "still-closed-advice",
            Outcome::NotSent => "not-sent-advice",
            Outcome::NotRecorded => "not-recorded-advice",
            Outcome::WrongClock => "wrong-clock-advice",
            Outcome::Limited => "limited-advice",
            Outcome::Unknown(None) => "unknown-advice",
            Outcome::Unknown(Some(hint)) => {
                return self.with("unconfirmed-advice", &[("hint", self.reason(hint).0.into())]);
            }
            Outcome::Refused(reason) => {
                let (said, advice) = self.reason(reason);
                let said = format!("{said} {advice}");
                let code = reason.code.as_str();
                return if reason.is_known() {
                    said
                } else {
                    self.with("with-code", &[("said", said.into()), ("code", code.into())])
                };
            }
        })
    }

    /// What happened, and what to do: by Kisi's code if that belongs to the refusal's class, else by the class.
    fn reason(&self, reason: Reason) -> (String, String) {
        let key = if reason.code_says_it() {
            format!("code-{}", reason.code.as_str())
        } else {
            format!("class-{}", class(reason.class))
        };
        (self.say(&key), self.fill(&key, Some("advice"), &[]))
    }
}

/// Rounds up to whole seconds.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(0 < time.subsec_nanos())
}

fn class(class: Refusal) -> &'static str {
    match class {
        Refusal::Login => "login",
        Refusal::Right => "right",
        Refusal::Suspended => "suspended",
        Refusal::Later => "later",
        Refusal::Never => "never",
        Refusal::Prove => "prove",
        Refusal::LockedDown => "locked-down",
        Refusal::Gone => "gone",
        Refusal::Open => "open",
        Refusal::Offline => "offline",
        Refusal::Setup => "setup",
        Refusal::Partner => "partner",
        Refusal::Zone => "zone",
        Refusal::Foreign => "foreign",
        Refusal::TooFast => "too-fast",
        Refusal::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::door::{Code, reason};

    fn source(language: Language) -> String {
        let file = format!("{}/assets/languages/{}.ftl", env!("CARGO_MANIFEST_DIR"), language.code());
        std::fs::read_to_string(file).unwrap()
    }

    /// All keys, with `KEY.advice` for each that has an advice.
    fn keys(language: Language) -> BTreeSet<String> {
        let resource = FluentResource::try_new(source(language));
        assert!(resource.is_ok(), "{}: {:?}", language.code(), resource.err().map(|(_, errors)| errors));
        let text = source(language);
        let mut keys = BTreeSet::new();
        let mut last = String::new();
        for line in text.lines() {
            if let Some((key, _)) = line.split_once(" =").filter(|(key, _)| !key.starts_with([' ', '#'])) {
                key.clone_into(&mut last);
                assert!(keys.insert(last.clone()), "{}: {key} twice", language.code());
            } else if line.trim_start().starts_with(".advice") {
                let _ = keys.insert(format!("{last}.advice"));
            }
        }
        keys
    }

    #[test]
    fn every_language_has_every_key_and_no_other() {
        let english = keys(Language::En);
        assert!(200 < english.len(), "{}", english.len());
        for language in Language::ALL {
            assert_eq!(keys(language), english, "{}", language.code());
        }
    }

    /// Every key has a text, and every argument is filled in.
    #[test]
    fn every_key_has_a_text_with_its_arguments_filled_in() {
        for language in Language::ALL {
            let words = words(language);
            for key in keys(language).iter().filter(|key| !key.contains('.')) {
                assert_ne!(words.say(key), *key, "{}", language.code());
            }
            for (code, _) in reason::all() {
                let said = words.advice(Outcome::Refused(Reason::new(403, Code::new(Some(code)))));
                assert!(10 < said.len() && !said.contains("code-") && !said.contains('{'), "{code}: {said}");
            }
            let said = [
                words.hello("Ada"),
                words.page(2, 3),
                words.signing_out(Duration::from_millis(1_500)),
                words.too_many_guesses(Duration::from_secs(61), true),
                words.help("555"),
                words.allowance(Allowance { left: 2, of: 4, again: None }, true),
                words.typed(3, Some("Lobby")),
                words.typed(3, None),
                words.state(DoorState::LockedDown(Some(jiff::civil::date(2026, 11, 24).at(9, 5, 0, 0))), true),
            ];
            for said in said {
                assert!(!said.contains(['{', '}', '\u{2068}']), "{said}");
            }
        }
        let es = words(Language::Es);
        assert_eq!(es.signing_out(Duration::from_millis(700)), "Se cierra en 1 segundo");
        let since = DoorState::LockedDown(Some(jiff::civil::date(2026, 11, 24).at(9, 5, 0, 0)));
        assert_eq!(words(Language::En).state(since, true), "Locked down since 24 Nov, 09:05");
        assert_eq!(words(Language::En).state(since, false), "Locked down since 24 Nov, 9:05 AM");
        assert_eq!(words(Language::De).state(since, true), "Gesperrt seit 24.11., 09:05");
    }

    /// Both sentences are short enough for two lines of a small screen.
    #[test]
    fn every_refusal_says_what_happened_and_what_to_do() {
        for language in Language::ALL {
            for (code, class) in reason::all() {
                let status = if class == Refusal::Login { 401 } else { 403 };
                let (said, advice) = words(language).reason(Reason::new(status, Code::new(Some(code))));
                assert!((8..=60).contains(&said.chars().count()), "{}: {said}", language.code());
                assert!((10..=60).contains(&advice.chars().count()), "{}: {advice}", language.code());
                assert!(said.ends_with('.') && advice.ends_with('.'), "{}: {code}", language.code());
            }
        }
    }
}
