//! Reads `kiosk.toml` into a [`Config`]. `wiring` turns its values into settings of the session, the client and the agent.

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
    base_url::Proxy,
    language::Language,
    staff::{BadgeProfile, NameFormat},
};

/// The shipped `kiosk.toml`: it documents every key and holds the defaults.
pub const SAMPLE: &str = include_str!("../kiosk.toml");

/// The settings of a site, checked. One field per section of `kiosk.toml`.
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
    /// `badge.numbers`: how many different numbers the site's badges can have. `None` where the file says 0.
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

/// `[kiosk]`: name, location and support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kiosk {
    /// Shown on the screen, and the name of this kiosk's logins at Kisi. 1 to 40 characters.
    pub name: String,
    /// Shown under the name. Up to 60 characters.
    pub location: String,
    /// Shown on the screen; empty shows none. Up to 40 characters.
    pub support_phone: String,
    /// Shown as a QR code; empty shows none. Up to 200 characters.
    pub help_url: String,
    /// At least one. The first is used until somebody chooses another.
    pub languages: Vec<Language>,
    /// A PNG file to show in place of the name. A relative path was joined to the folder of `kiosk.toml`.
    pub logo: Option<PathBuf>,
}

/// `[kisi]`: how to reach Kisi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kisi {
    /// `https://api.kisi.io`, or a loopback address.
    pub base_url: String,
    /// Ids of Kisi places whose doors are shown; empty means all.
    pub places: Vec<u64>,
    /// Header of Kisi integration partners; empty sends none.
    pub integration_identifier: String,
    /// Header of Kisi integration partners; empty sends none.
    pub integration_contact: String,
    /// HTTP proxy, never together with a loopback `base_url`.
    pub proxy: Option<Proxy>,
    /// Timeout of an unlock request, 2 to 30.
    pub timeout_seconds: u64,
}

/// `[sign_in]`: which credentials and input are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// Whether a PIN alone signs in.
    pub pin: bool,
    /// Length of a PIN, 6 to 12.
    pub pin_digits: usize,
    /// Whether a badge signs in by itself, with a PIN, or not at all.
    pub badge: Badges,
    /// Whether a badge number can be typed on the screen.
    pub typed_badge: bool,
    /// Which keyboard input counts.
    pub keyboard: Keyboard,
}

/// `sign_in.keyboard`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyboard {
    /// Badge reader scans only.
    Readers,
    /// Scans and the keys of a numeric keypad.
    Keypad,
    /// Scans, numeric keypad, and letters that find a door by name.
    Desk,
}

/// `sign_in.badge`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Badges {
    /// A badge number signs in by itself.
    Alone,
    /// A badge number identifies, the PIN of its owner signs in.
    WithPin,
    /// Badges are ignored.
    Off,
}

/// `[budget]`: how many wrong guesses are allowed, and how fast they come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Wrong PINs and typed badge numbers allowed in a row, 1 to 100.
    pub guesses: u32,
    /// Minutes until one of `guesses` comes back, 1 to 15.
    pub refill_minutes: u32,
    /// Different unknown badges allowed in a row, 1 to 100. After that, every badge needs its PIN.
    pub badge_guesses: u32,
    /// Seconds until one of `badge_guesses` comes back, 10 to 3600.
    pub badge_refill_seconds: u32,
}

/// `[session]`: when a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Time without input until sign-out.
    pub idle: Duration,
    /// Length of the countdown at the end of `idle`, shorter than `idle`.
    pub warning: Duration,
    /// Time from an unlock to sign-out.
    pub after_unlock: Duration,
    /// Maximum length of a session.
    pub max: Duration,
}

/// `[doors]`: doors that are treated differently.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    /// Names of doors that need a second tap to confirm.
    pub confirm: Vec<String>,
    /// Names of doors that are not shown.
    pub hide: Vec<String>,
    /// Whether to read the door's sensor after an unlock.
    pub follow: bool,
}

/// `[proximity]`: where the kiosk is.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proximity {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
}

impl Proximity {
    /// Latitude and longitude. `None` if both are 0, which is a point in the sea and stands for "not set".
    pub fn position(self) -> Option<(f64, f64)> {
        (self.latitude != 0.0 || self.longitude != 0.0).then_some((self.latitude, self.longitude))
    }
}

/// `[limits]`: how many unlocks one person may make at this kiosk. Zero means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Unlocks in the last hour.
    pub per_person_per_hour: u32,
    /// Unlocks in a calendar day.
    pub per_person_per_day: u32,
    /// Unlocks in a calendar day, by door name.
    pub per_door: BTreeMap<String, u32>,
}

/// `[audit]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Older records are pruned, 1 to 3650.
    pub keep_days: u32,
}

/// `[health]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Local address of the health and metrics endpoints. `None` turns them off.
    pub listen: Option<SocketAddr>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Whether to log one JSON object per line instead of text.
    pub is_json: bool,
    /// Folder for one log file per day, in addition to standard error.
    pub folder: Option<PathBuf>,
    /// Number of log files to keep in `folder`, 1 to 365.
    pub keep_files: usize,
}

/// `[display]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    /// Full screen, or else a window.
    pub fullscreen: bool,
    /// Name of the X11 output to use.
    pub monitor: Option<String>,
    /// Width of the panel as mounted, 50 to 3000. `None` if it was not measured.
    pub panel_width_mm: Option<u16>,
    /// Time without input until the screen dims. Zero: never.
    pub dim_after: Duration,
    /// The color scheme, to which `accent` applies.
    pub theme: Theme,
    /// Accent color of the site: red, green, blue.
    pub accent: Option<[u8; 3]>,
    /// 24-hour clock in every language, instead of each language's own format.
    pub clock_24h: bool,
    /// How much of a name the greeting shows.
    pub names: NameFormat,
    /// Whether results and the countdown are animated.
    pub motion: bool,
    /// Reception desk mode, with its time without input until sign-out. `None`: not a reception desk.
    pub reception: Option<Duration>,
}

/// `[sound]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// Whether to play tones.
    pub tones: bool,
    /// 1 to 100 percent.
    pub volume: u8,
}

/// `display.theme`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light text on a dark background.
    Dark,
    /// Dark text on a light background, for a bright lobby.
    Light,
    /// High contrast, for people with low vision.
    Contrast,
}

/// A value that is not allowed: its key, the value, and the allowed values in words.
type Wrong = (&'static str, String, &'static str);

/// Paths at which `kiosk.toml` is looked up when no file is named, in order.
pub fn places() -> Vec<PathBuf> {
    let own = directories::ProjectDirs::from("", "", "vestibule");
    let own = own.map(|folders| folders.config_dir().join("kiosk.toml"));
    [Some(PathBuf::from("/etc/vestibule/kiosk.toml")), own, Some(PathBuf::from("kiosk.toml"))]
        .into_iter()
        .flatten()
        .collect()
}

/// Sets one key in the text of a `kiosk.toml` and leaves every other line unchanged. `key` is `section.name`.
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
    /// Reads `named`, or else the first file of [`places`] that exists.
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

    /// Parses and checks the text of a file. `file` is named in errors, and its folder is the base of `kiosk.logo`.
    ///
    /// # Errors
    ///
    /// Any but [`Error::Missing`] and [`Error::Read`].
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
        // Check ranges before deserialization: serde's integer overflow errors name neither line nor range.
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
