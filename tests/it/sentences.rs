//! Every sentence that a refusal becomes: on one page for whoever reviews them, and short enough for the smallest screen.

use std::{fmt::Write, fs, path::Path, time::Duration};

use iced::{Element, Size};
use iced_test::Simulator;
use vestibule::{
    config::Config,
    door::{
        Code, Door, DoorId, DoorState, Outcome, Reason,
        reason::{Refusal, all},
    },
    language::Language,
    screen::{colors::Colors, doors, theme::Metrics, words::words},
    session::{Effect, Event, Identity, Session, State, visit::Welcome},
    staff::Digit,
    trouble::Trouble,
    wiring,
};

use crate::headless::{now, settings};

const SMALL: Size = Size::new(800.0, 480.0);

/// Somebody whose tap had this outcome.
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
        allowance: None,
    });
    let welcome = Welcome { name: "Ada".to_owned(), doors: list.collect(), incomplete: false };
    let _ = session.handle(Event::Identified(id, Ok(Identity::Person(welcome))), begin);
    let later = begin + Duration::from_secs(1);
    let effects = session.handle(Event::DoorTouched(id_of(1)), later);
    let [Effect::Unlock(_, request, _)] = effects[..] else { panic!("{effects:?}") };
    let _ = session.handle(Event::UnlockAnswered(request, outcome), later);
    session
}

/// How high this text is, in this width.
fn height(text: &str, size: f32, width: f32) -> f32 {
    let element: Element<'_, ()> = iced::widget::text(text).size(size).width(width).into();
    let mut simulator = Simulator::with_size(settings(), Size::new(width, 4_000.0), element);
    simulator.find(text).unwrap().bounds().height
}

/// All outcomes that can be said of a tap, with what is in front of the code.
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

/// On the screen of doors, with the warning and a page button beside it: the narrowest place there is.
#[test]
fn every_sentence_fits_the_smallest_screen_and_is_on_one_page() {
    let (mut page, mut too_long) = (String::new(), Vec::new());
    for language in Language::ALL {
        writeln!(page, "# What is said of a tap: {}\n", language.name()).unwrap();
        page.push_str("| code | tile | below the doors | lines |\n|---|---|---|---|\n");
        let words = words(language);
        let m = Metrics::new(SMALL, Colors::DARK, words);
        let width = SMALL.width - 2.0 * m.margin() - 2.0 * (m.button().width + m.margin());
        let countdown = height(&words.signing_out(Duration::from_secs(20)), m.small(), width);
        for (code, outcome) in outcomes() {
            let (tile, said) = (words.outcome(outcome), words.advice(outcome));
            let session = after(outcome);
            let State::SignedIn(visit) = session.state() else { panic!() };
            let view = doors::view(visit, Some(Duration::from_secs(20)), now(), m);
            let mut simulator = Simulator::with_size(settings(), SMALL, view);
            assert!(simulator.find(said.as_str()).is_ok(), "{code}: `{said}` is not on the screen");
            let size = m.sentence(said.chars().count());
            let needs = height(&said, size, width);
            let lines = needs / height("A", size, width);
            if m.footer_height() < needs + countdown {
                too_long.push(format!("{}, {code}: {lines:.0} lines: {said}", language.code()));
            }
            writeln!(page, "| {code} | {tile} | {said} | {lines:.0} |").unwrap();
        }
        page.push_str("\n| trouble | said at rest |\n|---|---|\n");
        for trouble in TROUBLES {
            let said = words.network(trouble);
            if m.message_height() < height(&said, m.sentence(said.chars().count()), m.column()) {
                too_long.push(format!("{}, {}: {said}", language.code(), trouble.name()));
            }
            writeln!(page, "| {} | {said} |", trouble.name()).unwrap();
        }
        page.push('\n');
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sentences.md");
    fs::write(&file, page).unwrap();
    println!("every sentence: {}", file.display());
    assert_eq!(too_long, Vec::<String>::new());
}

const TROUBLES: [Trouble; 8] = [
    Trouble::Name,
    Trouble::Unreachable,
    Trouble::Proxy,
    Trouble::Unsafe,
    Trouble::Clock,
    Trouble::Portal,
    Trouble::NoAnswer,
    Trouble::Kisi,
];
