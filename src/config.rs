//! `kiosk.toml` becomes a [`Config`]. What the values mean for the session or the client is the shell's business.

mod error;
mod raw;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

pub use self::error::Error;
use self::raw::{Raw, display, kiosk, line_of, merge, profile, sign_in};
use crate::{
    language::Language,
    staff::{Badge, BadgeProfile, Pin},
};

/// The shipped file: the sample for the installer, the documentation of every key, and the defaults.
pub const SAMPLE: &str = include_str!("../kiosk.toml");

/// What the site decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[kiosk]`
    pub kiosk: Kiosk,
    /// `[kisi]`
    pub kisi: Kisi,
    /// `[sign_in]`
    pub sign_in: SignIn,
    /// `[badge]`
    pub badge: BadgeProfile,
    /// `[budget]`
    pub budget: Budget,
    /// `[session]`
    pub session: Session,
    /// `[doors]`
    pub doors: Doors,
    /// `[limits]`
    pub limits: Limits,
    /// `[proximity]`
    pub proximity: Proximity,
    /// `[audit]`
    pub audit: Audit,
    /// `[display]`
    pub display: Display,
}

/// `[kiosk]`: who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kiosk {
    /// What it is called, at Kisi too.
    pub name: String,
    /// Where it hangs.
    pub location: String,
    /// Whom to call.
    pub support_phone: String,
    /// Behind the help code.
    pub help_url: String,
    /// What the screen speaks; the first one unless somebody chooses.
    pub languages: Vec<Language>,
}

/// `[kisi]`: how to reach Kisi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kisi {
    /// Checked by the client that uses it.
    pub base_url: String,
    /// Kisi's ids of places; empty means all.
    pub places: Vec<u64>,
    /// For partners; empty sends none.
    pub integration_identifier: String,
    /// For partners; empty sends none.
    pub integration_contact: String,
    /// Empty means none.
    pub proxy: String,
    /// Of an unlock, in seconds.
    pub timeout_seconds: u64,
}

/// `[sign_in]`: what may be presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// A PIN alone signs in.
    pub pin: bool,
    /// Of a PIN.
    pub pin_digits: usize,
    /// What a badge is good for.
    pub badge: Badges,
    /// A badge number may be typed.
    pub typed_badge: bool,
}

/// `sign_in.badge`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Badges {
    /// The number alone signs in.
    Alone,
    /// The number, then its PIN.
    WithPin,
    /// None are read.
    Off,
}

/// `[budget]`: what wrong guesses cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// So many at once.
    pub guesses: u32,
    /// One comes back after so many minutes.
    pub refill_minutes: u32,
}

/// `[session]`: how long people have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Without a touch.
    pub idle: Duration,
    /// The last part of it.
    pub warning: Duration,
    /// After an unlock.
    pub after_unlock: Duration,
    /// In any case.
    pub max: Duration,
}

/// `[doors]`: which are special.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    /// Names of doors that ask once more.
    pub confirm: Vec<String>,
    /// Names of doors that are not shown.
    pub hide: Vec<String>,
    /// After an unlock, look whether the door opens.
    pub follow: bool,
}

/// `[proximity]`: where the kiosk is.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proximity {
    /// North, in degrees.
    pub latitude: f64,
    /// East, in degrees.
    pub longitude: f64,
}

impl Proximity {
    /// Latitude and longitude. `None` while both are 0: there is no door.
    pub fn position(self) -> Option<(f64, f64)> {
        (self.latitude != 0.0 || self.longitude != 0.0).then_some((self.latitude, self.longitude))
    }
}

/// `[limits]`: how often a person may open doors from here. Zero means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Within an hour.
    pub per_person_per_hour: u32,
    /// In a day.
    pub per_person_per_day: u32,
    /// In a day, for a door of this name.
    pub per_door: BTreeMap<String, u32>,
}

/// `[audit]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Older records are taken out.
    pub keep_days: u32,
}

/// `[display]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Display {
    /// The whole screen.
    pub fullscreen: bool,
    /// At rest it dims after this. Zero: never.
    pub dim_after: Duration,
    /// Which colours.
    pub theme: Theme,
    /// A colour of the site's: red, green, blue.
    pub accent: Option<[u8; 3]>,
}

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// For people who see little.
    Contrast,
}

/// A value that is out of range: its key, itself, and what is allowed.
type Wrong = (&'static str, String, &'static str);

/// Where `kiosk.toml` is looked for, first one first, when no file is named.
pub fn places() -> Vec<PathBuf> {
    let own = directories::ProjectDirs::from("", "", "vestibule");
    let own = own.map(|folders| folders.config_dir().join("kiosk.toml"));
    [Some(PathBuf::from("/etc/vestibule/kiosk.toml")), own, Some(PathBuf::from("kiosk.toml"))]
        .into_iter()
        .flatten()
        .collect()
}

impl Config {
    /// Finds and reads the file: the one that is named, or the first of [`places`].
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is none; otherwise as [`Self::load`].
    pub fn find(named: Option<&Path>) -> Result<Self, Error> {
        if let Some(file) = named {
            return Self::load(file);
        }
        let places = places();
        match places.iter().find(|file| file.exists()) {
            Some(file) => Self::load(file),
            None => Err(Error::Missing { places }),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Any; the error names the file, and the line or the key.
    pub fn load(file: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(file).map_err(|source| Error::Read { file: file.to_owned(), source })?;
        Self::parse(&text, file)
    }

    /// Reads the text of a file. `file` is for the error.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`] and [`Error::Value`].
    pub fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let syntax = |source| Error::Syntax { file: file.to_owned(), source };
        let shipped: toml::Table = toml::from_str(SAMPLE).map_err(syntax)?;
        let given: toml::Table = toml::from_str(text).map_err(syntax)?;
        let raw: Raw = merge(shipped, given, text, file)?.try_into().map_err(syntax)?;
        let wrong = |(key, value, allowed): Wrong| {
            let line = line_of(text, key);
            Error::Value { file: file.to_owned(), line, key, value, allowed }
        };
        let config = Self {
            kiosk: kiosk(raw.kiosk).map_err(wrong)?,
            kisi: raw.kisi,
            sign_in: sign_in(&raw.sign_in).map_err(wrong)?,
            badge: profile(raw.badge).map_err(wrong)?,
            budget: raw.budget,
            session: Session {
                idle: Duration::from_secs(raw.session.idle_seconds),
                warning: Duration::from_secs(raw.session.warning_seconds),
                after_unlock: Duration::from_secs(raw.session.after_unlock_seconds),
                max: Duration::from_secs(raw.session.max_seconds),
            },
            doors: raw.doors,
            limits: raw.limits,
            proximity: raw.proximity,
            audit: raw.audit,
            display: display(&raw.display).map_err(wrong)?,
        };
        config.wrong_value().map_or(Ok(config), |value| Err(wrong(value)))
    }

    /// The first value that is out of range, with its key and what is allowed.
    fn wrong_value(&self) -> Option<Wrong> {
        let Self { kiosk, kisi, sign_in, badge, budget, session, limits, proximity, audit, .. } = self;
        let text = |key, value: &str, range: (usize, usize), allowed| {
            let length = value.chars().count();
            (length < range.0 || range.1 < length).then(|| (key, value.to_owned(), allowed))
        };
        let number = |key, value: u64, range: (u64, u64), allowed| {
            (value < range.0 || range.1 < value).then(|| (key, value.to_string(), allowed))
        };
        let seconds = |key, value: Duration, range, allowed| number(key, value.as_secs(), range, allowed);
        let size = |key, value: usize, range: (usize, usize), allowed| {
            (value < range.0 || range.1 < value).then(|| (key, value.to_string(), allowed))
        };
        let degrees = |key, value: f64, most: f64, allowed| {
            let fits = value.abs() <= most;
            (!fits).then(|| (key, value.to_string(), allowed))
        };
        let warning = session.warning;
        text("kiosk.name", kiosk.name.trim(), (1, 40), "1 to 40 characters")
            .or_else(|| text("kiosk.location", &kiosk.location, (0, 60), "at most 60 characters"))
            .or_else(|| text("kiosk.support_phone", &kiosk.support_phone, (0, 40), "at most 40 characters"))
            .or_else(|| text("kiosk.help_url", &kiosk.help_url, (0, 200), "at most 200 characters"))
            .or_else(|| number("kisi.timeout_seconds", kisi.timeout_seconds, (2, 30), "2 to 30"))
            .or_else(|| size("sign_in.pin_digits", sign_in.pin_digits, (Pin::MIN_DIGITS, Pin::MAX_DIGITS), "6 to 12"))
            .or_else(|| text("badge.prefix", &badge.prefix, (0, 8), "at most 8 characters"))
            .or_else(|| text("badge.suffix", &badge.suffix, (0, 8), "at most 8 characters"))
            .or_else(|| size("badge.max_length", badge.max_length, (1, Badge::MAX_LENGTH), "1 to 64"))
            .or_else(|| size("badge.min_length", badge.min_length, (1, badge.max_length), "1 to badge.max_length"))
            .or_else(|| text("badge.separators", &badge.separators, (0, 8), "at most 8 characters"))
            .or_else(|| {
                let hourly = limits.per_person_per_hour.into();
                number("limits.per_person_per_hour", hourly, (0, 10_000), "0 to 10000, 0 for no limit")
            })
            .or_else(|| {
                let daily = limits.per_person_per_day.into();
                number("limits.per_person_per_day", daily, (0, 10_000), "0 to 10000, 0 for no limit")
            })
            .or_else(|| {
                let wrong = limits.per_door.values().find(|count| !(1..=10_000).contains(*count))?;
                Some(("limits.per_door", wrong.to_string(), "names of doors, each with 1 to 10000"))
            })
            .or_else(|| degrees("proximity.latitude", proximity.latitude, 90.0, "-90.0 to 90.0"))
            .or_else(|| degrees("proximity.longitude", proximity.longitude, 180.0, "-180.0 to 180.0"))
            .or_else(|| number("audit.keep_days", audit.keep_days.into(), (1, 3650), "1 to 3650"))
            .or_else(|| number("budget.guesses", budget.guesses.into(), (1, 100), "1 to 100"))
            .or_else(|| number("budget.refill_minutes", budget.refill_minutes.into(), (1, 15), "1 to 15"))
            .or_else(|| seconds("session.idle_seconds", session.idle, (10, 600), "10 to 600"))
            .or_else(|| seconds("session.warning_seconds", warning, (5, 60), "5 to 60"))
            .or_else(|| {
                let below = (0, session.idle.as_secs().saturating_sub(1));
                seconds("session.warning_seconds", warning, below, "below session.idle_seconds")
            })
            .or_else(|| seconds("session.after_unlock_seconds", session.after_unlock, (3, 60), "3 to 60"))
            .or_else(|| seconds("session.max_seconds", session.max, (30, 3600), "30 to 3600"))
            .or_else(|| {
                let nobody = !sign_in.pin && sign_in.badge == Badges::Off;
                nobody.then(|| {
                    ("sign_in.pin", "false".to_owned(), "true while sign_in.badge is \"off\": nobody could sign in")
                })
            })
    }
}
