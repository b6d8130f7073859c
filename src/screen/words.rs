//! The screen texts from `assets/languages`: one file per language, with the same keys. No other module contains a
//! sentence for people at the kiosk.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, sync::LazyLock, time::Duration};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use jiff::civil::{Date, Time};
use unic_langid::LanguageIdentifier;

use crate::{
    door::{Allowance, DoorState, Outcome, Reason, Refusal},
    language::Language,
    outage::Outage,
    session::{
        Denial,
        technician::{FleetReport, FleetStanding},
    },
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
    pub fn too_many_guesses(&self, badges_work: bool) -> String {
        self.say(if badges_work { "too-many-guesses-badges" } else { "too-many-guesses" })
    }

    /// A time that is left, in minutes and seconds.
    pub fn minutes(&self, left: Duration) -> String {
        let seconds = seconds(left);
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }

    /// When the technician's screen closes.
    pub fn closes_in(&self, left: Duration) -> String {
        self.with("closes-in", &[("time", self.minutes(left).into())])
    }

    /// The fleet's database, for the technician: without a connection, when it last answered. Unless there is no room, how
    /// many records it lacks.
    pub fn fleet(&self, fleet: &FleetReport, has_room: bool) -> String {
        let (key, is_there) = match fleet.standing {
            FleetStanding::Connected => ("fleet-connected", true),
            FleetStanding::Comparing => ("fleet-comparing", true),
            FleetStanding::Away => ("fleet-away", false),
            FleetStanding::RolledBack => ("fleet-rolled-back", false),
        };
        let contact = (!is_there && !fleet.last_contact.is_empty()).then(|| fleet.last_contact.clone());
        let records = || self.with("fleet-to-send", &[("count", fleet.unshipped.into())]);
        let records = (has_room && fleet.unshipped != 0).then(records);
        [Some(self.say(key)), contact, records].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// How many doors there are.
    pub fn doors(&self, count: usize) -> String {
        self.with("doors", &[("count", count.into())])
    }

    /// How many doors of a place are not as usual. The key says in which way.
    pub fn sum(&self, key: &str, count: usize) -> String {
        self.with(key, &[("count", count.into())])
    }

    /// This door needs a second person.
    pub fn second_person(&self, door: &str) -> String {
        self.with("second-person", &[("door", door.into())])
    }

    /// Who is here, and for how many seconds the door waits for a second person.
    pub fn second_waits(&self, name: &str, seconds: f32) -> String {
        self.with("second-waits", &[("name", name.into()), ("seconds", seconds.into())])
    }

    /// The badge that waits for a PIN, by the end of its number.
    pub fn badge_ending(&self, digits: &str) -> String {
        self.with("badge-ending", &[("digits", digits.into())])
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
            Denial::NotHere => "not-here",
            // A locked keypad says for how long. A person with a badge sees this text.
            Denial::Spent(_) => return self.too_many_guesses(true),
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

    /// What a tile says about its door. Empty for a door that is ready. Of a lockdown it says the time if it began today,
    /// else the date.
    pub fn state(&self, state: DoorState, today: Date, in_24h: bool) -> String {
        self.say(match state {
            DoorState::Ready | DoorState::Remembered => return String::new(),
            DoorState::LockedDown(Some(since)) if since.date() == today => {
                let key = if in_24h { "locked-down-at-24" } else { "locked-down-at" };
                return self.with(key, &[("time", self.time(since.time(), in_24h).into())]);
            }
            DoorState::LockedDown(Some(since)) => {
                let args = [("day", since.day().into()), ("month", since.month().into())];
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
