//! Deserializes values of `kiosk.toml` into types. `checks.rs` has already refused every text that these functions do
//! not accept, with the key and the allowed values.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use jiff::civil::Time;
use serde::{Deserialize, Deserializer, de::Error};

use crate::{
    base_url::Proxy,
    language::Language,
    staff::{BadgeFormat, NameFormat, UidForm},
};

/// `display.names`
#[derive(Deserialize)]
#[serde(remote = "NameFormat", rename_all = "kebab-case")]
pub(super) enum Names {
    First,
    Initials,
    Full,
}

/// `badge.format`
#[derive(Deserialize)]
#[serde(remote = "BadgeFormat", rename_all = "kebab-case")]
pub(super) enum Format {
    AsRead,
    Decimal,
    Hex,
    Wiegand,
}

/// `badge.sends`. `None` for the number itself.
pub(super) fn sends<'de, D: Deserializer<'de>>(value: D) -> Result<Option<UidForm>, D::Error> {
    let form = String::deserialize(value)?;
    Ok(if form == "number" { None } else { Some(uid_form(&form).ok_or_else(|| D::Error::custom("not a form"))?) })
}

/// The form of a UID: `hex`, `hex-reversed`, `decimal` or `decimal-reversed`.
pub(super) fn uid_form(text: &str) -> Option<UidForm> {
    UidForm::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, form)| form)
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    u64::deserialize(value).map(Duration::from_secs)
}

/// `None` for 0, which means that the width was not measured.
pub(super) fn width<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u16>, D::Error> {
    Ok(Some(u16::deserialize(value)?).filter(|width| *width != 0))
}

pub(super) fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(value)?).filter(|text| !text.is_empty()))
}

pub(super) fn path<'de, D: Deserializer<'de>>(value: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(text(value)?.map(PathBuf::from))
}

pub(super) fn languages<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Language>, D::Error> {
    let codes = Vec::<String>::deserialize(value)?;
    codes.iter().map(|code| Language::of_code(code).ok_or_else(|| D::Error::custom("unknown language"))).collect()
}

pub(super) fn proxy<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Proxy>, D::Error> {
    parsed(value, Proxy::parse)
}

pub(super) fn address<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SocketAddr>, D::Error> {
    parsed(value, |text| text.parse().ok())
}

pub(super) fn color<'de, D: Deserializer<'de>>(value: D) -> Result<Option<[u8; 3]>, D::Error> {
    parsed(value, rgb)
}

pub(super) fn hours<'de, D: Deserializer<'de>>(value: D) -> Result<Option<(Time, Time)>, D::Error> {
    parsed(value, hours_of)
}

/// Hours such as `22:00-06:00`.
pub(super) fn hours_of(text: &str) -> Option<(Time, Time)> {
    let time = |text: &str| {
        let (hour, minute) =
            text.trim().split_once(':').filter(|(hour, minute)| hour.len() < 3 && minute.len() == 2)?;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let (from, until) = text.split_once('-')?;
    let (from, until) = (time(from)?, time(until)?);
    (from != until).then_some((from, until))
}

/// A color such as `#6cb6ff`.
pub(super) fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

/// An empty text is `None`; any other one must parse. The error does not repeat it, because it may hold a password.
fn parsed<'de, D: Deserializer<'de>, T>(value: D, parse: fn(&str) -> Option<T>) -> Result<Option<T>, D::Error> {
    let given = text(value)?;
    given.map(|text| parse(&text).ok_or_else(|| D::Error::custom("not an allowed value"))).transpose()
}
