//! Allowed values of keys, beyond what their types enforce.

use std::{net::SocketAddr, sync::LazyLock};

use toml::Value;

use super::{Badges, Config, Reader, Wrong, fields};
use crate::{
    base_url::{self, Proxy},
    door::DoorRule,
    language::Language,
    staff::BadgeFormat,
};

/// A key with an integer value: key, minimum, maximum, and both in words.
type Range = (&'static str, i64, i64, &'static str);

/// Ranges of all keys with an integer value.
const NUMBERS: [Range; 25] = [
    ("kisi.timeout_seconds", 2, 30, "2 to 30"),
    ("sign_in.pin_digits", 6, 12, "6 to 12"),
    ("badge.min_length", 1, 64, "1 to 64"),
    ("badge.max_length", 1, 64, "1 to 64"),
    ("badge.gap_ms", 20, 500, "20 to 500"),
    ("badge.numbers", 0, i64::MAX, "0 or more (0: not known)"),
    ("budget.guesses", 1, 100, "1 to 100"),
    ("budget.refill_minutes", 1, 15, "1 to 15"),
    ("budget.badge_guesses", 1, 100, "1 to 100"),
    ("budget.badge_refill_seconds", 10, 3_600, "10 to 3600"),
    ("session.idle_seconds", 10, 600, "10 to 600"),
    ("session.warning_seconds", 5, 60, "5 to 60"),
    ("session.after_unlock_seconds", 3, 60, "3 to 60"),
    ("session.max_seconds", 30, 3_600, "30 to 3600"),
    ("fleet.offline_days", 0, 90, "0 to 90 (0: nobody signs in while the database is away)"),
    ("limits.per_person_per_hour", 0, 10_000, "0 to 10000 (0: no limit)"),
    ("limits.per_person_per_day", 0, 10_000, "0 to 10000 (0: no limit)"),
    ("audit.keep_days", 1, 3_650, "1 to 3650"),
    ("log.keep_files", 1, 365, "1 to 365"),
    ("display.panel_width_mm", 0, 3_000, "0, or 50 to 3000"),
    ("display.dim_after_seconds", 0, 3_600, "0 to 3600"),
    ("display.reception_idle_seconds", 60, 28_800, "60 to 28800"),
    ("display.night_brightness", 1, 100, "1 to 100"),
    ("sound.volume", 1, 100, "1 to 100"),
    ("sound.night_volume", 0, 100, "0 to 100"),
];

/// A key with a text value that must be one of these: key, values, and the values in words.
type Choice = (&'static str, &'static [&'static str], &'static str);

const CHOICES: [Choice; 9] = [
    ("sign_in.badge", &["alone", "with-pin", "off"], "\"alone\", \"with-pin\" or \"off\""),
    ("sign_in.keyboard", &["readers", "keypad", "desk"], "\"readers\", \"keypad\" or \"desk\""),
    ("badge.format", &["as-read", "decimal", "hex", "wiegand"], "\"as-read\", \"decimal\", \"hex\" or \"wiegand\""),
    (
        "badge.sends",
        &["number", "hex", "hex-reversed", "decimal", "decimal-reversed"],
        "\"number\", \"hex\", \"hex-reversed\", \"decimal\" or \"decimal-reversed\"",
    ),
    ("badge.end", &["auto", "enter", "tab", "none"], "\"auto\", \"enter\", \"tab\" or \"none\""),
    ("fleet.offline", &["allow", "refuse"], "\"allow\" or \"refuse\""),
    ("log.format", &["text", "json"], "\"text\" or \"json\""),
    ("display.theme", &["dark", "light", "contrast"], "\"dark\", \"light\" or \"contrast\""),
    ("display.names", &["first", "initials", "full"], "\"first\", \"initials\" or \"full\""),
];

/// A key with a text value that must be empty or parse: key, parser, and the allowed values in words.
type Parsed = (&'static str, fn(&str) -> bool, &'static str);

const PARSED: [Parsed; 4] = [
    ("kisi.proxy", |text| Proxy::parse(text).is_some(), Proxy::ALLOWED),
    (
        "health.listen",
        |text| text.parse::<SocketAddr>().is_ok(),
        "an address and a port such as \"127.0.0.1:9464\", or \"\"",
    ),
    ("display.night", |text| fields::hours_of(text).is_some(), "two different times such as \"22:00-06:00\", or \"\""),
    ("display.accent", |text| fields::rgb(text).is_some(), "a color such as \"#6cb6ff\", or \"\""),
];

/// A key with a list or table value: key, check of one item, and the allowed value in words.
type Item = (&'static str, fn(&Value) -> bool, &'static str);

const ITEMS: [Item; 5] = [
    ("kiosk.languages", Value::is_str, "a list of strings"),
    ("kisi.places", |item| item.as_integer().is_some_and(|id| 0 < id), "a list of whole numbers above 0"),
    ("doors.confirm", is_door_rule, DoorRule::ALLOWED),
    ("doors.hide", is_door_rule, DoorRule::ALLOWED),
    (
        "limits.per_door",
        |item| item.as_integer().is_some_and(|count| (1..=10_000).contains(&count)),
        "a whole number from 1 to 10000",
    ),
];

fn is_door_rule(item: &Value) -> bool {
    item.as_str().is_some_and(|rule| DoorRule::parse(rule).is_some())
}

/// The first value that is wrong by itself: an integer out of range, a text that is not one of the choices or does not
/// parse, or a list item of the wrong kind. Runs before serde, whose errors do not name the key.
pub(super) fn wrong_raw_value(table: &toml::Table) -> Option<Wrong> {
    let value = |key: &str| {
        let (section, key) = key.split_once('.')?;
        table.get(section)?.get(key)
    };
    let number = NUMBERS.iter().find_map(|(key, least, most, allowed)| {
        let number = value(key)?.as_integer()?;
        (!(*least..=*most).contains(&number)).then(|| ((*key).into(), number.to_string(), *allowed))
    });
    let text = |key| value(key)?.as_str();
    let choice = || {
        let is_wrong = |(key, choices, _): &&Choice| text(key).is_some_and(|text| !choices.contains(&text));
        CHOICES
            .iter()
            .find(is_wrong)
            .map(|(key, _, allowed)| ((*key).into(), text(key).unwrap_or_default().to_owned(), *allowed))
    };
    let parsed = || {
        let is_wrong = |(key, parses, _): &&Parsed| text(key).is_some_and(|text| !text.is_empty() && !parses(text));
        // A proxy may hold a password.
        let shown = |key| if key == "kisi.proxy" { "" } else { text(key).unwrap_or_default() };
        PARSED.iter().find(is_wrong).map(|(key, _, allowed)| ((*key).into(), shown(key).to_owned(), *allowed))
    };
    let item = || {
        ITEMS.iter().find_map(|(key, fits, allowed)| {
            let (at, wrong) = match value(key)? {
                Value::Array(items) => ((*key).into(), items.iter().find(|item| !fits(item))?),
                Value::Table(items) => {
                    let (name, wrong) = items.iter().find(|(_, item)| !fits(item))?;
                    (format!("{key}.{name}").into(), wrong)
                }
                Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                    return None;
                }
            };
            Some((at, wrong.to_string(), *allowed))
        })
    };
    number.or_else(choice).or_else(parsed).or_else(item).or_else(|| wrong_language(value("kiosk.languages")?))
}

/// At least one language, each known, each once.
fn wrong_language(list: &Value) -> Option<Wrong> {
    static ALLOWED: LazyLock<String> = LazyLock::new(|| {
        let codes = Language::ALL.map(|language| format!("\"{}\"", language.code()));
        let (last, rest) = codes.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
        format!("one or more of {} and {last}, each once", rest.join(", "))
    });
    let allowed = ALLOWED.as_str();
    let codes: Vec<&str> = list.as_array()?.iter().filter_map(Value::as_str).collect();
    let is_wrong = |(at, code): &(usize, &str)| {
        let is_repeated = codes.iter().take(*at).any(|before| before == code);
        Language::of_code(code).is_none() || is_repeated
    };
    let wrong = codes.iter().copied().enumerate().find(is_wrong).map(|(_, code)| code);
    wrong.or(codes.is_empty().then_some("")).map(|code| ("kiosk.languages".into(), code.to_owned(), allowed))
}

/// A text whose number of characters is out of range.
fn text(key: &'static str, value: &str, range: (usize, usize), allowed: &'static str) -> Option<Wrong> {
    let length = value.chars().count();
    (length < range.0 || range.1 < length).then(|| (key.into(), value.to_owned(), allowed))
}

impl Config {
    /// The first value that is not allowed, of those that [`wrong_raw_value`] does not check.
    pub(super) fn wrong_value(&self) -> Option<Wrong> {
        let Self { kiosk, kisi, sign_in, session, proximity, .. } = self;
        let degrees = |key: &'static str, value: f64, most: f64, allowed| {
            let fits = value.abs() <= most;
            (!fits).then(|| (key.into(), value.to_string(), allowed))
        };
        let warning = session.warning;
        text("kiosk.name", kiosk.name.trim(), (1, 40), "1 to 40 characters")
            .or_else(|| text("kiosk.location", &kiosk.location, (0, 60), "at most 60 characters"))
            .or_else(|| text("kiosk.support_phone", &kiosk.support_phone, (0, 40), "at most 40 characters"))
            .or_else(|| text("kiosk.help_url", &kiosk.help_url, (0, 200), "at most 200 characters"))
            .or_else(|| {
                let allowed = "https://api.kisi.io, or a loopback address";
                let is_allowed = base_url::safe(&kisi.base_url).is_some_and(|url| base_url::is_kisis(&url));
                (!is_allowed).then(|| ("kisi.base_url".into(), kisi.base_url.clone(), allowed))
            })
            .or_else(|| {
                let width = self.display.panel_width_mm.filter(|width| *width < 50)?;
                Some(("display.panel_width_mm".into(), width.to_string(), "0, or 50 to 3000"))
            })
            .or_else(|| self.wrong_badge())
            .or_else(|| {
                let (rule, at_most) = self.limits.per_door.iter().find(|(rule, _)| DoorRule::parse(rule).is_none())?;
                Some((format!("limits.per_door.{rule}").into(), at_most.to_string(), DoorRule::ALLOWED))
            })
            .or_else(|| degrees("proximity.latitude", proximity.latitude, 90.0, "-90.0 to 90.0"))
            .or_else(|| degrees("proximity.longitude", proximity.longitude, 180.0, "-180.0 to 180.0"))
            .or_else(|| {
                let fits = warning < session.idle;
                (!fits).then(|| {
                    ("session.warning_seconds".into(), warning.as_secs().to_string(), "below session.idle_seconds")
                })
            })
            .or_else(|| {
                let nobody = !sign_in.pin && sign_in.badge == Badges::Off;
                nobody.then(|| {
                    (
                        "sign_in.pin".into(),
                        "false".to_owned(),
                        "true while sign_in.badge is \"off\": nobody could sign in",
                    )
                })
            })
    }

    fn wrong_badge(&self) -> Option<Wrong> {
        let badge = &self.badge.profile;
        text("badge.prefix", &badge.prefix, (0, 8), "at most 8 characters")
            .or_else(|| text("badge.suffix", &badge.suffix, (0, 8), "at most 8 characters"))
            .or_else(|| {
                let fits = badge.min_length <= badge.max_length;
                (!fits).then(|| ("badge.min_length".into(), badge.min_length.to_string(), "1 to badge.max_length"))
            })
            .or_else(|| {
                let fits = badge.sends.is_none() || matches!(badge.format, BadgeFormat::Hex | BadgeFormat::Decimal);
                let allowed = "\"number\" unless badge.format is \"hex\" or \"decimal\"";
                (!fits).then(|| ("badge.sends".into(), "a UID".to_owned(), allowed))
            })
            .or_else(|| {
                let fits = |reader: &Reader| reader.fits(badge.format);
                let allowed =
                    "the radix of badge.format: decimal for \"decimal\", hex for \"hex\"; \"wiegand\" holds no UIDs";
                (!self.readers.iter().all(fits)).then(|| ("reader.uid".into(), "a UID".to_owned(), allowed))
            })
            .or_else(|| text("badge.separators", &badge.separators, (0, 8), "at most 8 characters"))
    }

    /// The first two keys that exclude each other, and why.
    pub(super) fn conflict(&self) -> Option<([&'static str; 2], &'static str)> {
        let is_here = base_url::safe(&self.kisi.base_url).is_some_and(|url| base_url::is_loopback(&url));
        let why = "a proxy is never used for a loopback address, because it would see logins in cleartext";
        (is_here && self.kisi.proxy.is_some()).then_some((["kisi.base_url", "kisi.proxy"], why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SAMPLE;

    /// D23: every integer of the shipped file has a range, so that none overflows in serde with an unclear error.
    #[test]
    fn every_number_of_the_shipped_file_has_a_range() {
        let shipped: toml::Table = toml::from_str(SAMPLE).unwrap();
        for (section, keys) in &shipped {
            for (key, value) in keys.as_table().unwrap() {
                let path = format!("{section}.{key}");
                let has_range = NUMBERS.iter().any(|(known, ..)| *known == path);
                assert_eq!(value.is_integer(), has_range, "{path}");
                let has_items = ITEMS.iter().any(|(known, ..)| *known == path);
                assert_eq!(value.is_array() || value.is_table(), has_items, "{path}");
            }
        }
    }
}
