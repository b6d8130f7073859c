//! Reads `kiosk.toml` into a [`Config`]. `wiring` turns its values into settings of the session, the client and the agent.

mod checks;
mod edit;
mod error;
mod fields;
mod merge;
mod readers;
mod sections;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use self::error::{may_be_secret, place_of};
use self::{
    checks::wrong_raw_value,
    edit::{line_of, parts_of},
    merge::merge,
};
pub use self::{
    edit::set,
    error::{Error, text_of},
    readers::Reader,
    sections::{
        Audit, Badge, Badges, Budget, Display, Doors, Fleet, Health, Keyboard, Kiosk, Kisi, Limits, Log, LogFormat,
        Offline, Proximity, ScanEnd, Session, SignIn, Sound, Theme,
    },
};

/// The shipped `kiosk.toml`: it documents every key and holds the defaults.
pub const SAMPLE: &str = include_str!("../kiosk.toml");

/// The settings of a site, checked. One field per section of `kiosk.toml`, read from the site's file merged over the
/// shipped one. Every key must be present: the shipped file holds the only defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[kiosk]`
    pub kiosk: Kiosk,
    /// `[kisi]`
    pub kisi: Kisi,
    /// `[sign_in]`
    pub sign_in: SignIn,
    /// `[badge]`
    pub badge: Badge,
    /// `[budget]`
    pub budget: Budget,
    /// `[session]`
    pub session: Session,
    /// `[doors]`
    pub doors: Doors,
    /// `[limits]`
    pub limits: Limits,
    /// `[fleet]`
    pub fleet: Fleet,
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
    /// `[[reader]]`. Only here, because the shipped file has none.
    #[serde(skip)]
    pub readers: Vec<Reader>,
}

/// A value that is not allowed: its key, the value, and the allowed values in words.
type Wrong = (Cow<'static, str>, String, &'static str);

/// Paths at which `kiosk.toml` is looked up when no file is named, in order.
pub fn places() -> Vec<PathBuf> {
    let own = directories::ProjectDirs::from("", "", "vestibule");
    let own = own.map(|folders| folders.config_dir().join("kiosk.toml"));
    [Some(PathBuf::from("/etc/vestibule/kiosk.toml")), own, Some(PathBuf::from("kiosk.toml"))]
        .into_iter()
        .flatten()
        .collect()
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
        let mut given: toml::Table = toml::from_str(text).map_err(syntax)?;
        let readers = readers::take(&mut given, text, file)?;
        let wrong = |(key, value, allowed): Wrong| {
            let line = line_of(text, &parts_of(&key));
            let value = if may_be_secret(&key, &value) { "***".to_owned() } else { value };
            Error::Value { file: file.to_owned(), line, key: key.into_owned(), value, allowed }
        };
        let merged = merge(shipped, given, text, file)?;
        if let Some(value) = wrong_raw_value(&merged) {
            return Err(wrong(value));
        }
        let mut config: Self = merged.try_into().map_err(syntax)?;
        let folder = file.parent().unwrap_or(Path::new(""));
        config.readers = readers;
        config.kiosk.logo = config.kiosk.logo.map(|logo| folder.join(logo));
        config.fleet.ca = config.fleet.ca.map(|ca| folder.join(ca));
        if let Some(value) = config.wrong_value() {
            return Err(wrong(value));
        }
        match config.conflict() {
            None => Ok(config),
            Some(([first, second], why)) => {
                let [first, second] = [first, second].map(|key| (key, line_of(text, &parts_of(key))));
                Err(Error::Conflict { file: file.to_owned(), first, second, why })
            }
        }
    }
}
