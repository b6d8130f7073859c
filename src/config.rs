//! `kiosk.toml` becomes a [`Config`]. What the values mean for the session or the client is the shell's business.

mod error;
mod range;
mod raw;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

pub use self::error::{Error, text_of};
use self::error::{may_be_secret, place_of};
use self::{
    range::wrong_number,
    raw::{Raw, display, health, kiosk, kisi, line_of, log, merge, profile, sign_in},
};
use crate::{
    language::Language,
    origin::Proxy,
    staff::{BadgeProfile, NameFormat},
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
    /// `badge.numbers`: how many different numbers the site's badges can have, if that is known.
    pub badge_numbers: Option<u64>,
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
    /// `[health]`
    pub health: Health,
    /// `[log]`
    pub log: Log,
    /// `[display]`
    pub display: Display,
    /// `[sound]`
    pub sound: Sound,
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
    /// A picture instead of the name. A whole path, or one from the folder of `kiosk.toml`.
    pub logo: Option<PathBuf>,
}

/// `[kisi]`: how to reach Kisi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kisi {
    /// Checked by the client that uses it.
    pub base_url: String,
    /// Kisi's ids of places; empty means all.
    pub places: Vec<u64>,
    /// For partners; empty sends none.
    pub integration_identifier: String,
    /// For partners; empty sends none.
    pub integration_contact: String,
    /// An HTTP proxy, if the site has one.
    pub proxy: Option<Proxy>,
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
    /// What a keyboard may do.
    pub keyboard: Keyboard,
}

/// `sign_in.keyboard`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyboard {
    /// Scans of badge readers only.
    Readers,
    /// The keys of a numeric keypad too.
    Keypad,
    /// Letters too.
    Desk,
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
    /// Different badges that nobody has, until every badge asks for its PIN.
    pub badge_guesses: u32,
    /// One comes back after so many seconds.
    pub badge_refill_seconds: u32,
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

/// `[health]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Who watches is answered here.
    pub listen: Option<SocketAddr>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// One JSON object a line.
    pub is_json: bool,
    /// A file a day goes here.
    pub folder: Option<PathBuf>,
    /// So many files are kept.
    pub keep_files: usize,
}

/// `[display]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// The whole screen.
    pub fullscreen: bool,
    /// The output to be on, by its name on X11.
    pub monitor: Option<String>,
    /// Of the panel, if somebody measured it.
    pub panel_width_mm: Option<u16>,
    /// At rest it dims after this. Zero: never.
    pub dim_after: Duration,
    /// Which colours.
    pub theme: Theme,
    /// A colour of the site's: red, green, blue.
    pub accent: Option<[u8; 3]>,
    /// The time of day in 24 hours for everybody.
    pub clock_24h: bool,
    /// How people are greeted.
    pub names: NameFormat,
    /// Things move.
    pub motion: bool,
    /// For how long a reception desk stays signed in without a touch, if it is one.
    pub reception: Option<Duration>,
}

/// `[sound]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// Whether there are any.
    pub tones: bool,
    /// In percent.
    pub volume: u8,
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

/// The text of a `kiosk.toml` with one key set, which must exist in the shipped file. Everything else stays as it is written.
pub fn set(text: &str, key: &str, value: &toml::Value) -> String {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let line = format!("{name} = {value}");
    let mut lines: Vec<&str> = text.lines().collect();
    let header = format!("[{section}]");
    match (line_of(text, key), line_of(text, section)) {
        (0, 0) => lines.extend([header.as_str(), &line]),
        (0, at) => lines.insert(at, &line),
        (at, _) => lines.splice(at - 1..at, [line.as_str()]).for_each(drop),
    }
    lines.join("\n") + "\n"
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
        let bytes = fs::read(file).map_err(|source| Error::Read { file: file.to_owned(), source })?;
        Self::parse(&text_of(bytes, file)?, file)
    }

    /// Reads the text of a file. `file` is for the error.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`] and [`Error::Value`].
    pub fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let syntax = |error: toml::de::Error| Error::Syntax { file: file.to_owned(), what: place_of(&error, text) };
        let shipped: toml::Table = toml::from_str(SAMPLE).map_err(syntax)?;
        let given: toml::Table = toml::from_str(text).map_err(syntax)?;
        let wrong = |(key, value, allowed): Wrong| {
            let line = line_of(text, key);
            let value = if may_be_secret(key, &value) { "***".to_owned() } else { value };
            Error::Value { file: file.to_owned(), line, key, value, allowed }
        };
        let merged = merge(shipped, given, text, file)?;
        // Before any number is made to fit a type: an error about a width would name neither line nor range.
        if let Some(value) = wrong_number(&merged) {
            return Err(wrong(value));
        }
        let raw: Raw = merged.try_into().map_err(syntax)?;
        let badge_numbers = Some(raw.badge.numbers).filter(|numbers| 0 < *numbers);
        let config = Self {
            kiosk: kiosk(raw.kiosk, file).map_err(wrong)?,
            kisi: kisi(raw.kisi).map_err(wrong)?,
            sign_in: sign_in(&raw.sign_in).map_err(wrong)?,
            badge: profile(raw.badge).map_err(wrong)?,
            badge_numbers,
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
            health: health(&raw.health).map_err(wrong)?,
            log: log(raw.log).map_err(wrong)?,
            display: display(&raw.display).map_err(wrong)?,
            sound: raw.sound,
        };
        if let Some(value) = config.wrong_value() {
            return Err(wrong(value));
        }
        match config.conflict() {
            None => Ok(config),
            Some(([first, second], why)) => {
                let [first, second] = [first, second].map(|key| (key, line_of(text, key)));
                Err(Error::Conflict { file: file.to_owned(), first, second, why })
            }
        }
    }
}
