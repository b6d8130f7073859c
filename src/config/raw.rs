//! `kiosk.toml` as deserialized, its conversion into a `Config`, the merge with the shipped file, and line numbers of keys.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::{
    Audit, Badges, Budget, Display, Doors, Error, Health, Keyboard, Kiosk, Kisi, Limits, Log, Proximity, SignIn, Sound,
    Theme, Wrong,
};
use crate::{
    base_url::Proxy,
    language::Language,
    staff::{BadgeFormat, BadgeProfile, NameFormat},
};

/// The site's file merged over the shipped one. Every key must be present: the shipped file holds the only defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) kiosk: RawKiosk,
    pub(super) kisi: RawKisi,
    pub(super) sign_in: RawSignIn,
    pub(super) badge: RawBadge,
    pub(super) budget: Budget,
    pub(super) session: RawSession,
    pub(super) doors: Doors,
    pub(super) limits: Limits,
    pub(super) proximity: Proximity,
    pub(super) audit: Audit,
    pub(super) health: RawHealth,
    pub(super) log: RawLog,
    pub(super) display: RawDisplay,
    pub(super) sound: Sound,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKiosk {
    name: String,
    location: String,
    languages: Vec<String>,
    support_phone: String,
    help_url: String,
    logo: PathBuf,
}

pub(super) fn kiosk(raw: RawKiosk, file: &Path) -> Result<Kiosk, Wrong> {
    let allowed = "one or more of \"en\", \"de\", \"fr\" and \"es\", each once";
    let mut languages = Vec::new();
    for code in &raw.languages {
        let known = Language::of_code(code);
        match known.filter(|language| !languages.contains(language)) {
            Some(language) => languages.push(language),
            None => return Err(("kiosk.languages", code.clone(), allowed)),
        }
    }
    if languages.is_empty() {
        return Err(("kiosk.languages", String::new(), allowed));
    }
    let RawKiosk { name, location, support_phone, help_url, logo, .. } = raw;
    let beside = file.parent().unwrap_or(Path::new(""));
    let logo = (!logo.as_os_str().is_empty()).then(|| beside.join(logo));
    Ok(Kiosk { name, location, support_phone, help_url, languages, logo })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKisi {
    base_url: String,
    places: Vec<u64>,
    integration_identifier: String,
    integration_contact: String,
    proxy: String,
    timeout_seconds: u64,
}

pub(super) fn kisi(raw: RawKisi) -> Result<Kisi, Wrong> {
    let RawKisi { base_url, places, integration_identifier, integration_contact, proxy, timeout_seconds } = raw;
    let proxy = match proxy.as_str() {
        "" => None,
        text => {
            let wrong = || ("kisi.proxy", String::new(), Proxy::ALLOWED);
            Some(Proxy::parse(text).ok_or_else(wrong)?)
        }
    };
    Ok(Kisi { base_url, places, integration_identifier, integration_contact, proxy, timeout_seconds })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignIn {
    pub(super) pin: bool,
    pub(super) pin_digits: usize,
    pub(super) badge: String,
    pub(super) typed_badge: bool,
    pub(super) keyboard: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBadge {
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) min_length: usize,
    pub(super) max_length: usize,
    pub(super) separators: String,
    pub(super) format: String,
    pub(super) leading_zeros: bool,
    pub(super) numbers: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those of the keys")]
pub(super) struct RawSession {
    pub(super) idle_seconds: u64,
    pub(super) warning_seconds: u64,
    pub(super) after_unlock_seconds: u64,
    pub(super) max_seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHealth {
    listen: String,
}

pub(super) fn health(raw: &RawHealth) -> Result<Health, Wrong> {
    let listen = if raw.listen.is_empty() { Ok(None) } else { raw.listen.parse().map(Some) };
    match listen {
        Ok(listen) => Ok(Health { listen }),
        Err(_) => {
            Err(("health.listen", raw.listen.clone(), "an address and a port such as \"127.0.0.1:9464\", or \"\""))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    format: String,
    folder: PathBuf,
    keep_files: usize,
}

pub(super) fn log(raw: RawLog) -> Result<Log, Wrong> {
    let RawLog { format, folder, keep_files } = raw;
    let is_json = match format.as_str() {
        "text" => false,
        "json" => true,
        _ => return Err(("log.format", format, "\"text\" or \"json\"")),
    };
    Ok(Log { is_json, folder: (!folder.as_os_str().is_empty()).then_some(folder), keep_files })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key")]
pub(super) struct RawDisplay {
    fullscreen: bool,
    monitor: String,
    panel_width_mm: u16,
    dim_after_seconds: u64,
    theme: String,
    accent: String,
    clock_24h: bool,
    names: String,
    motion: bool,
    reception: bool,
    reception_idle_seconds: u64,
}

pub(super) fn display(raw: &RawDisplay) -> Result<Display, Wrong> {
    let theme = match raw.theme.as_str() {
        "dark" => Theme::Dark,
        "light" => Theme::Light,
        "contrast" => Theme::Contrast,
        other => return Err(("display.theme", other.to_owned(), "\"dark\", \"light\" or \"contrast\"")),
    };
    let names = match raw.names.as_str() {
        "first" => NameFormat::First,
        "initials" => NameFormat::Initials,
        "full" => NameFormat::Full,
        other => return Err(("display.names", other.to_owned(), "\"first\", \"initials\" or \"full\"")),
    };
    let digits = raw.accent.strip_prefix('#').filter(|digits| digits.len() == 6);
    let accent = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if accent.is_none() && !raw.accent.is_empty() {
        return Err(("display.accent", raw.accent.clone(), "a color such as \"#6cb6ff\", or \"\""));
    }
    let accent = accent.map(|accent| {
        let [_, red, green, blue] = accent.to_be_bytes();
        [red, green, blue]
    });
    if !matches!(raw.panel_width_mm, 0 | 50..=3_000) {
        return Err(("display.panel_width_mm", raw.panel_width_mm.to_string(), "0, or 50 to 3000"));
    }
    Ok(Display {
        fullscreen: raw.fullscreen,
        monitor: (!raw.monitor.is_empty()).then(|| raw.monitor.clone()),
        panel_width_mm: (raw.panel_width_mm != 0).then_some(raw.panel_width_mm),
        dim_after: Duration::from_secs(raw.dim_after_seconds),
        theme,
        accent,
        clock_24h: raw.clock_24h,
        names,
        motion: raw.motion,
        reception: raw.reception.then(|| Duration::from_secs(raw.reception_idle_seconds)),
    })
}

/// Merges the site's keys over the shipped ones. The shipped file defines which keys exist, and their types.
pub(super) fn merge(
    mut shipped: toml::Table,
    given: toml::Table,
    text: &str,
    file: &Path,
) -> Result<toml::Table, Error> {
    let unknown = |key: String, known: &toml::Table| Error::Unknown {
        file: file.to_owned(),
        line: line_of(text, &key),
        // The key may be an address whose quotes are misplaced, with a password in it.
        key: if key.contains('@') { "***".to_owned() } else { key },
        known: known.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
    };
    let kind = |key: &str, found: &toml::Value, expected: &toml::Value| Error::Kind {
        file: file.to_owned(),
        line: line_of(text, key),
        key: key.to_owned(),
        found: found.type_str(),
        expected: expected.type_str(),
    };
    for (section, keys) in given {
        let Some(known) = shipped.get_mut(&section) else { return Err(unknown(section, &shipped)) };
        let (Some(known), toml::Value::Table(keys)) = (known.as_table_mut(), &keys) else {
            return Err(kind(&section, &keys, known));
        };
        for (key, value) in keys {
            let path = format!("{section}.{key}");
            match known.get_mut(key) {
                None => return Err(unknown(path, known)),
                Some(expected) if !expected.same_type(value) => return Err(kind(&path, value, expected)),
                Some(place) => *place = value.clone(),
            }
        }
    }
    Ok(shipped)
}

pub(super) fn sign_in(raw: &RawSignIn) -> Result<SignIn, Wrong> {
    let badge = match raw.badge.as_str() {
        "alone" => Badges::Alone,
        "with-pin" => Badges::WithPin,
        "off" => Badges::Off,
        other => return Err(("sign_in.badge", other.to_owned(), "\"alone\", \"with-pin\" or \"off\"")),
    };
    let keyboard = match raw.keyboard.as_str() {
        "readers" => Keyboard::Readers,
        "keypad" => Keyboard::Keypad,
        "desk" => Keyboard::Desk,
        other => return Err(("sign_in.keyboard", other.to_owned(), "\"readers\", \"keypad\" or \"desk\"")),
    };
    let RawSignIn { pin, pin_digits, typed_badge, .. } = *raw;
    Ok(SignIn { pin, pin_digits, badge, typed_badge, keyboard })
}

pub(super) fn profile(raw: RawBadge) -> Result<BadgeProfile, Wrong> {
    let format = match raw.format.as_str() {
        "as-read" => BadgeFormat::AsRead,
        "decimal" => BadgeFormat::Decimal,
        "hex" => BadgeFormat::Hex,
        "wiegand" => BadgeFormat::Wiegand,
        _ => return Err(("badge.format", raw.format, "\"as-read\", \"decimal\", \"hex\" or \"wiegand\"")),
    };
    let RawBadge { prefix, suffix, separators, min_length, max_length, leading_zeros, .. } = raw;
    Ok(BadgeProfile { prefix, suffix, separators, min_length, max_length, format, leading_zeros })
}

/// The line, from 1, on which `section.key` is set or `[section]` begins; 0 if there is none.
pub(super) fn line_of(text: &str, key: &str) -> usize {
    let (section, key) = key.split_once('.').map_or((key, None), |(section, key)| (section, Some(key)));
    let mut current = "";
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some((name, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            current = name.trim();
        }
        let name = line.split_once('=').map(|(name, _)| name.trim());
        if current == section && (key.is_none() || name == key) {
            return number + 1;
        }
    }
    0
}
