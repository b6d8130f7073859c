//! Every language has every text, and the texts that have little room are short.

use std::collections::BTreeSet;

use super::*;
use crate::door::{Code, reason};

/// All keys, with `KEY.advice` for each that has an advice.
fn keys(language: Language) -> BTreeSet<String> {
    let resource = FluentResource::try_new(language.texts().to_owned());
    assert!(resource.is_ok(), "{}: {:?}", language.code(), resource.err().map(|(_, errors)| errors));
    let text = language.texts();
    let mut keys = BTreeSet::new();
    let mut last = String::new();
    for line in text.lines() {
        if let Some((key, _)) = line.split_once(" =").filter(|(key, _)| !key.starts_with([' ', '#'])) {
            key.clone_into(&mut last);
            assert!(keys.insert(last.clone()), "{}: {key} twice", language.code());
        } else if line.trim_start().starts_with(".advice") {
            let _ = keys.insert(format!("{last}.advice"));
        }
    }
    keys
}

#[test]
fn every_language_has_every_key_and_no_other() {
    let english = keys(Language::En);
    assert!(200 < english.len(), "{}", english.len());
    for language in Language::ALL {
        assert_eq!(keys(language), english, "{}", language.code());
    }
}

/// Every key has a text, and every argument is filled in.
#[test]
fn every_key_has_a_text_with_its_arguments_filled_in() {
    for language in Language::ALL {
        let words = words(language);
        for key in keys(language).iter().filter(|key| !key.contains('.')) {
            assert_ne!(words.say(key), *key, "{}", language.code());
        }
        for (code, _) in reason::all() {
            let said = words.advice(Outcome::Refused(Reason::new(403, Code::new(Some(code)))));
            assert!(10 < said.len() && !said.contains("code-") && !said.contains('{'), "{code}: {said}");
        }
        let said = [
            words.hello("Ada"),
            words.page(2, 3),
            words.signing_out(Duration::from_millis(1_500)),
            words.closes_in(Duration::from_secs(61)),
            words.doors(3),
            words.sum("sum-locked", 2),
            words.second_person("Vault"),
            words.second_waits("Ada", 38.0),
            words.badge_ending("5678"),
            words.allowance(Allowance { left: 2, of: 4, again: None }, true),
            words.typed(3, Some("Lobby")),
            words.typed(3, None),
            words.state(since(24), jiff::civil::date(2026, 11, 24), true),
            words.state(since(23), jiff::civil::date(2026, 11, 24), true),
        ];
        for said in said {
            assert!(!said.contains(['{', '}', '\u{2068}']), "{said}");
        }
    }
    let es = words(Language::Es);
    assert_eq!(es.signing_out(Duration::from_millis(700)), "Se cierra en 1 s");
    assert_eq!(es.minutes(Duration::from_millis(271_500)), "4:32");
}

fn since(day: i8) -> DoorState {
    DoorState::LockedDown(Some(jiff::civil::date(2026, 11, day).at(21, 5, 0, 0)))
}

/// A lockdown of today says when it began, an older one on which day.
#[test]
fn a_lockdown_says_its_time_or_its_date() {
    let today = jiff::civil::date(2026, 11, 24);
    for (language, day, in_24h, said) in [
        (Language::En, 24, true, "Locked since 21:05"),
        (Language::En, 24, false, "Locked at 9:05 PM"),
        (Language::En, 23, true, "Locked since 23 Nov"),
        (Language::De, 24, true, "Gesperrt seit 21:05"),
        (Language::De, 23, false, "Gesperrt seit 23.11."),
    ] {
        assert_eq!(words(language).state(since(day), today, in_24h), said);
    }
}

/// The line of a tile has room for 20 letters.
#[test]
fn what_a_tile_says_has_at_most_20_letters() {
    let (today, late) = (jiff::civil::date(2026, 11, 24), jiff::civil::time(22, 58, 0, 0));
    let since = |day| DoorState::LockedDown(Some(jiff::civil::date(2026, 11, day).to_datetime(late)));
    let states = [
        DoorState::LockedDown(None),
        since(24),
        since(23),
        DoorState::NotSetUp,
        DoorState::Open,
        DoorState::Offline,
        DoorState::NeedsReader,
        DoorState::NeedsPosition,
    ];
    for words in Language::ALL.map(words) {
        for in_24h in [true, false] {
            let allowances = [(2, Some(late)), (0, None), (12, None)];
            let allowances = allowances.map(|(left, again)| Allowance { left, of: 18, again });
            let mut said: Vec<String> = states.map(|state| words.state(state, today, in_24h)).into();
            said.extend(allowances.map(|allowance| words.allowance(allowance, in_24h)));
            said.extend([words.say("tap-again"), words.again_in(Duration::from_secs(99))]);
            for said in said {
                assert!(said.chars().count() <= 20, "{}: {said}", words.language().code());
            }
        }
    }
}

/// Both sentences are short enough for two lines of a small screen.
#[test]
fn every_refusal_says_what_happened_and_what_to_do() {
    for language in Language::ALL {
        for (code, class) in reason::all() {
            let status = if class == Refusal::Login { 401 } else { 403 };
            let (said, advice) = words(language).reason(Reason::new(status, Code::new(Some(code))));
            assert!((8..=60).contains(&said.chars().count()), "{}: {said}", language.code());
            assert!((10..=60).contains(&advice.chars().count()), "{}: {advice}", language.code());
            assert!(said.ends_with('.') && advice.ends_with('.'), "{}: {code}", language.code());
        }
    }
}
