//! The sections of `kiosk.toml`. Each field is a key with the same name, unless `rename` gives another one. `checks.rs`
//! has the rules that serde cannot express.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use jiff::civil::Time;
use serde::Deserialize;

use super::fields;
use crate::{
    base_url::Proxy,
    language::Language,
    staff::{BadgeFormat, BadgeProfile, NameFormat, UidForm},
};

/// `[kiosk]`: name, location and support.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(deserialize_with = "fields::languages")]
    pub languages: Vec<Language>,
    /// Whether the kiosk starts although its data folder is in memory and forgets everything at the next start.
    pub volatile_data: bool,
    /// A PNG file to show in place of the name. A relative path was joined to the folder of `kiosk.toml`.
    #[serde(deserialize_with = "fields::path")]
    pub logo: Option<PathBuf>,
}

/// `[kisi]`: how to reach Kisi.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(deserialize_with = "fields::proxy")]
    pub proxy: Option<Proxy>,
    /// Timeout of an unlock request, 2 to 30.
    pub timeout_seconds: u64,
}

/// `[sign_in]`: which credentials and input are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keyboard {
    /// Badge reader scans only.
    Readers,
    /// Scans and the keys of a numeric keypad.
    Keypad,
    /// Scans, numeric keypad, and letters that find a door by name.
    Desk,
}

/// `sign_in.badge`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Time without input until sign-out.
    #[serde(rename = "idle_seconds", deserialize_with = "fields::seconds")]
    pub idle: Duration,
    /// Length of the countdown at the end of `idle`, shorter than `idle`.
    #[serde(rename = "warning_seconds", deserialize_with = "fields::seconds")]
    pub warning: Duration,
    /// Time from an unlock to sign-out.
    #[serde(rename = "after_unlock_seconds", deserialize_with = "fields::seconds")]
    pub after_unlock: Duration,
    /// Maximum length of a session.
    #[serde(rename = "max_seconds", deserialize_with = "fields::seconds")]
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
    /// Whether to keep each person's doors, and to show them at the next sign-in until Kisi has answered.
    pub remember: bool,
}

/// `[proximity]`: where the kiosk is, and what it hears.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proximity {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Whether to hear the Bluetooth beacons of readers.
    pub beacons: bool,
}

impl Proximity {
    /// Latitude and longitude. `None` if both are 0, a point in the sea, which means that no position is set.
    pub fn position(self) -> Option<(f64, f64)> {
        (self.latitude != 0.0 || self.longitude != 0.0).then_some((self.latitude, self.longitude))
    }
}

/// `[fleet]`: the database that several kiosks share.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// Address of the database, without a password. Empty: the one that this kiosk joined.
    pub url: String,
    /// File of certificates to trust instead of the operating system's; empty trusts those. A relative path was joined to
    /// the folder of `kiosk.toml`.
    #[serde(deserialize_with = "fields::path")]
    pub ca: Option<PathBuf>,
    /// Days for which people who signed in here can do so while the database is away, 0 to 90.
    pub offline_days: u32,
    /// Whether doors open while the database is away.
    pub offline: Offline,
}

/// `fleet.offline`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offline {
    /// Within a share of the limits.
    Allow,
    /// Nothing is sent to Kisi.
    Refuse,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Local address of the health and metrics endpoints. `None` turns them off.
    #[serde(deserialize_with = "fields::address")]
    pub listen: Option<SocketAddr>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Lines of text, or one JSON object per line.
    pub format: LogFormat,
    /// Folder for one log file per day, in addition to standard error.
    #[serde(deserialize_with = "fields::path")]
    pub folder: Option<PathBuf>,
    /// Number of log files to keep in `folder`, 1 to 365.
    pub keep_files: usize,
}

/// `log.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Lines of text.
    Text,
    /// One JSON object per line.
    Json,
}

/// `[display]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key")]
pub struct Display {
    /// Full screen, or else a window.
    pub fullscreen: bool,
    /// Name of the X11 output to use.
    #[serde(deserialize_with = "fields::text")]
    pub monitor: Option<String>,
    /// Width of the panel as mounted, 50 to 3000. `None` if it was not measured.
    #[serde(deserialize_with = "fields::width")]
    pub panel_width_mm: Option<u16>,
    /// Time without input until the screen dims. Zero: never.
    #[serde(rename = "dim_after_seconds", deserialize_with = "fields::seconds")]
    pub dim_after: Duration,
    /// The color scheme, to which `accent` applies.
    pub theme: Theme,
    /// Accent color of the site: red, green, blue.
    #[serde(deserialize_with = "fields::color")]
    pub accent: Option<[u8; 3]>,
    /// 24-hour clock in every language, instead of each language's own format.
    pub clock_24h: bool,
    /// How much of a name the greeting shows.
    #[serde(with = "fields::Names")]
    pub names: NameFormat,
    /// Whether results and the countdown are animated.
    pub motion: bool,
    /// Whether keys, tiles and pills have a line in the dark theme too.
    pub outlines: bool,
    /// When it is night. `None`: never.
    #[serde(deserialize_with = "fields::hours")]
    pub night: Option<(Time, Time)>,
    /// Brightness of the panel at night, 1 to 100 percent.
    pub night_brightness: u8,
    /// Whether this is a reception desk.
    pub reception: bool,
    /// Time without input until sign-out at a reception desk.
    #[serde(rename = "reception_idle_seconds", deserialize_with = "fields::seconds")]
    pub reception_idle: Duration,
}

impl Display {
    /// At a reception desk, the time without input until sign-out.
    pub fn reception(&self) -> Option<Duration> {
        self.reception.then_some(self.reception_idle)
    }
}

/// `[sound]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// Whether to play tones.
    pub tones: bool,
    /// 1 to 100 percent.
    pub volume: u8,
    /// During `display.night`, 0 to 100 percent.
    pub night_volume: u8,
}

/// `display.theme`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Light text on a dark background.
    Dark,
    /// Dark text on a light background, for a bright lobby.
    Light,
    /// High contrast, for people with low vision.
    Contrast,
}

/// `[badge]`: how the site's cards are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "BadgeKeys")]
pub struct Badge {
    /// What readers send, and how it becomes a badge number.
    pub profile: BadgeProfile,
    /// Longest pause between two keys of a reader that types like a keyboard, 20 to 500 ms.
    pub gap: Duration,
    /// What such a reader sends after the number.
    pub end: ScanEnd,
    /// How many different numbers the cards can have. `None` where the file says 0: not known.
    pub numbers: Option<u64>,
}

/// The keys of `[badge]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadgeKeys {
    prefix: String,
    suffix: String,
    min_length: usize,
    max_length: usize,
    separators: String,
    #[serde(with = "fields::Format")]
    format: BadgeFormat,
    leading_zeros: bool,
    #[serde(deserialize_with = "fields::sends")]
    sends: Option<UidForm>,
    gap_ms: u64,
    end: ScanEnd,
    numbers: u64,
}

/// `badge.end`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanEnd {
    /// Any of the following, each scan for itself.
    Auto,
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Nothing.
    None,
}

impl From<BadgeKeys> for Badge {
    fn from(keys: BadgeKeys) -> Self {
        let BadgeKeys { prefix, suffix, min_length, max_length, separators, format, sends, .. } = keys;
        let BadgeKeys { leading_zeros, gap_ms, end, numbers, .. } = keys;
        let profile = BadgeProfile { prefix, suffix, separators, min_length, max_length, format, sends, leading_zeros };
        let gap = Duration::from_millis(gap_ms);
        Self { profile, gap, end, numbers: Some(numbers).filter(|numbers| 0 < *numbers) }
    }
}
