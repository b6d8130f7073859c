//! Every sentence about an unlock or the network: legible on a panel of 10 inches, and listed on one page for review.

use std::{fmt::Write, fs, path::Path, time::Duration};

use vestibule::{
    config::Config,
    door::{
        Code, Door, DoorId, DoorState, Outcome, Reason,
        reason::{Refusal, all},
    },
    language::Language,
    outage::Outage,
    screen::{
        Moment,
        colors::Colors,
        doors,
        sign_in::{self, AtRest},
        theme::{CAPITAL, Metrics, Panel},
        words::words,
    },
    session::{Effect, Event, Identity, Session, State, visit::Welcome},
    staff::Digit,
    wiring,
};

use crate::support::headless::{Looked, STILL, WIDE, look, now};

/// Width of a 10-inch panel.
const WIDTH_MM: f32 = 217.0;

/// A session whose tap had this outcome.
fn after(outcome: Outcome) -> Session {
    let rules = wiring::rules(&Config::parse("", Path::new("kiosk.toml")).unwrap());
    let mut session = Session::new(rules);
    let begin = now();
    let mut effects = Vec::new();
    for digit in Digit::ALL.into_iter().take(6) {
        effects = session.handle(Event::DigitTouched(digit), begin);
    }
    let Some(Effect::Identify(id, ..)) = effects.into_iter().find(|effect| matches!(effect, Effect::Identify(..)))
    else {
        panic!()
    };
    let id_of = |number| DoorId::new(number);
    let list = (1..30).map(|number| Door {
        id: id_of(number),
        name: format!("Door {number}"),
        place: None,
        state: DoorState::Ready,
        kisi_name: String::new(),
        allowance: None,
    });
    let welcome = Welcome { name: "Ada".to_owned(), doors: list.collect(), language: None, incomplete: false };
    let _ = session.handle(Event::Identified(id, Ok(Identity::Person(welcome))), begin);
    let later = begin + Duration::from_secs(1);
    let effects = session.handle(Event::DoorTouched(id_of(1)), later);
    let [Effect::Unlock(_, request, _)] = effects[..] else { panic!("{effects:?}") };
    let _ = session.handle(Event::UnlockAnswered(request, outcome), later);
    session
}

/// Every outcome of a tap that the screen can show, with its name on the page.
fn outcomes() -> Vec<(String, Outcome)> {
    let refused = |status: u16, code: &str| Outcome::Refused(Reason::new(status, Code::new(Some(code))));
    let mut outcomes: Vec<(String, Outcome)> = vec![
        ("accepted".into(), Outcome::Accepted),
        ("opened".into(), Outcome::Opened),
        ("still closed".into(), Outcome::StillClosed),
        ("not sent".into(), Outcome::NotSent),
        ("not recorded".into(), Outcome::NotRecorded),
        ("wrong clock".into(), Outcome::WrongClock),
        ("limited".into(), Outcome::Limited),
        ("unknown".into(), Outcome::Unknown(None)),
        ("401 without a code".into(), refused(401, "")),
        ("404 without a code".into(), refused(404, "")),
        ("409 without a code".into(), refused(409, "")),
        ("429".into(), refused(429, "")),
        ("a new code".into(), refused(403, "abcdefabcdefabcd")),
    ];
    for (code, class) in all() {
        let status = if class == Refusal::Login { 401 } else { 403 };
        outcomes.push((code.into(), refused(status, code)));
        let hint = Reason::new(503, Code::new(Some(code)));
        outcomes.push((format!("{code} with 503"), Outcome::Unknown(Some(hint))));
    }
    outcomes
}

/// Height of the capitals of this sentence in mm, on a 10-inch panel. Panics if the sentence is not on the screen
/// verbatim.
#[track_caller]
fn capital(looked: &Looked, said: &str, what: &str) -> f32 {
    let seen = looked.labels.iter().find(|(seen, _)| seen.content == said);
    let (seen, _) = seen.unwrap_or_else(|| panic!("{what}: `{said}` is not on the screen"));
    seen.size * CAPITAL * WIDTH_MM / WIDE.width
}

/// All sentences have capitals of at least 7.3 mm while the sign-out warning is shown too. Writes
/// `target/tmp/sentences.md`.
#[test]
fn every_sentence_is_large_enough_and_is_on_one_page() {
    let (mut page, mut too_small) = (String::new(), Vec::new());
    let rules = wiring::rules(&Config::parse("", Path::new("kiosk.toml")).unwrap());
    let labels = wiring::labels(&Config::parse("", Path::new("kiosk.toml")).unwrap());
    let panel = Panel { width_mm: Some(WIDTH_MM), ..STILL };
    for language in Language::ALL {
        writeln!(page, "# What is said of a tap: {}\n", language.name()).unwrap();
        page.push_str("| code | in a word | what happened, and what to do | mm |\n|---|---|---|---|\n");
        let words = words(language);
        let m = Metrics::new(WIDE, panel, Colors::DARK, words);
        for (code, outcome) in outcomes() {
            let (word, said) = (words.outcome(outcome), words.advice(outcome));
            let session = after(outcome);
            let State::SignedIn(visit) = session.state() else { panic!() };
            let warning = Some((Duration::from_secs(20), Duration::from_secs(20)));
            let moment = Moment { now: now() + Duration::from_mins(1), today: jiff::civil::date(2026, 11, 25) };
            let looked = look(doors::view(doors::Shown { visit, rules: &rules, warning, moment }, m), WIDE);
            let capital = capital(&looked, &said, &code);
            if capital < 7.3 {
                too_small.push(format!("{}, {code}: {capital:.1} mm: {said}", language.code()));
            }
            writeln!(page, "| {code} | {word} | {said} | {capital:.1} |").unwrap();
        }
        page.push_str("\n| trouble | said at rest | mm |\n|---|---|---|\n");
        let session = Session::new(rules.clone());
        for outage in TROUBLES {
            let said = words.network(outage);
            let at_rest = AtRest { wait: None, outage: Some(outage), is_reader_missing: false, clock: "09:41" };
            let looked = look(sign_in::view(session.state(), &rules, &labels, at_rest, m), WIDE);
            let capital = capital(&looked, &said, outage.name());
            if capital < 7.3 {
                too_small.push(format!("{}, {}: {capital:.1} mm: {said}", language.code(), outage.name()));
            }
            writeln!(page, "| {} | {said} | {capital:.1} |", outage.name()).unwrap();
        }
        page.push('\n');
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sentences.md");
    fs::write(&file, page).unwrap();
    println!("every sentence: {}", file.display());
    assert_eq!(too_small, Vec::<String>::new());
}

const TROUBLES: [Outage; 10] = [
    Outage::Name,
    Outage::Unreachable,
    Outage::Proxy,
    Outage::Unsafe,
    Outage::Clock,
    Outage::Portal,
    Outage::Intercepted,
    Outage::NoAnswer,
    Outage::Kisi,
    Outage::Disk,
];
