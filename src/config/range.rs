//! What values are allowed, as far as a type does not say it.

use std::time::Duration;

use super::{Badges, Config, Limits, Wrong};
use crate::{
    origin,
    staff::{Badge, Pin},
};

impl Config {
    /// The first value that is out of range, with its key and what is allowed.
    pub(super) fn wrong_value(&self) -> Option<Wrong> {
        let Self { kiosk, kisi, sign_in, badge, budget, session, limits, proximity, audit, sound, .. } = self;
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
            .or_else(|| {
                let allowed = "https://api.kisi.io, or an address on loopback";
                let is_allowed = origin::safe(&kisi.base_url).is_some_and(|url| origin::is_kisis(&url));
                (!is_allowed).then(|| ("kisi.base_url", kisi.base_url.clone(), allowed))
            })
            .or_else(|| number("kisi.timeout_seconds", kisi.timeout_seconds, (2, 30), "2 to 30"))
            .or_else(|| size("sign_in.pin_digits", sign_in.pin_digits, (Pin::MIN_DIGITS, Pin::MAX_DIGITS), "6 to 12"))
            .or_else(|| text("badge.prefix", &badge.prefix, (0, 8), "at most 8 characters"))
            .or_else(|| text("badge.suffix", &badge.suffix, (0, 8), "at most 8 characters"))
            .or_else(|| size("badge.max_length", badge.max_length, (1, Badge::MAX_LENGTH), "1 to 64"))
            .or_else(|| size("badge.min_length", badge.min_length, (1, badge.max_length), "1 to badge.max_length"))
            .or_else(|| text("badge.separators", &badge.separators, (0, 8), "at most 8 characters"))
            .or_else(|| wrong_limit(limits))
            .or_else(|| degrees("proximity.latitude", proximity.latitude, 90.0, "-90.0 to 90.0"))
            .or_else(|| degrees("proximity.longitude", proximity.longitude, 180.0, "-180.0 to 180.0"))
            .or_else(|| number("audit.keep_days", audit.keep_days.into(), (1, 3650), "1 to 3650"))
            .or_else(|| number("sound.volume", sound.volume.into(), (1, 100), "1 to 100"))
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

fn wrong_limit(limits: &Limits) -> Option<Wrong> {
    let Limits { per_person_per_hour, per_person_per_day, per_door } = limits;
    let allowed = "0 to 10000, 0 for no limit";
    let person =
        [("limits.per_person_per_hour", per_person_per_hour), ("limits.per_person_per_day", per_person_per_day)];
    let person = person.into_iter().find(|(_, count)| 10_000 < **count);
    let person = person.map(|(key, count)| (key, count.to_string(), allowed));
    person.or_else(|| {
        let wrong = per_door.values().find(|count| !(1..=10_000).contains(*count))?;
        Some(("limits.per_door", wrong.to_string(), "names of doors, each with 1 to 10000"))
    })
}
