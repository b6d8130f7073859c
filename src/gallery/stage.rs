//! A kiosk without a window, an agent or a clock of its own, that is led to the state that a scene shows.

use std::time::{Duration, Instant};

use iced::{Element, Size};
use jiff::civil::{Date, Time, date, time};

use crate::{
    config::Config,
    door::{Door, DoorId, Outcome},
    language::Language,
    outage::Outage,
    screen::{
        self, Moment, Shown,
        colors::Colors,
        notice,
        page::Page,
        qr::Code,
        sign_in::{self, Labels, NewBadge, SecondPerson},
        theme::{Metrics, Panel},
        words::{Words, words},
    },
    session::{
        Denial, Event, Identity, Session, State,
        technician::{HOLD, HealthReport},
        visit::{Attempt, Welcome},
    },
    staff::Digit,
    wiring,
};

/// When scenes take place.
const TODAY: Date = date(2026, 11, 25);
const CLOCK: Time = time(9, 41, 0, 0);
/// Touches this soon after a change of the screen are ignored.
const SETTLED: Duration = Duration::from_millis(450);
/// The kiosk of the scenes. At a desk, `reception` follows.
const KIOSK: &str = r#"[kiosk]
name = "Harbour House"
location = "Lobby, ground floor"
support_phone = "+49 40 1234567"
help_url = "https://example.com/door-help"
[sign_in]
keyboard = "keypad"
[doors]
confirm = ["Server room"]
[display]
dim_after_seconds = 60
"#;

/// What is shown besides a session.
#[derive(Debug)]
enum Other {
    Broken { what: String, phone: String },
    SecondPerson(SecondPerson),
    NewBadge(NewBadge),
}

/// What a scene is drawn from.
#[derive(Debug)]
pub struct Stage {
    session: Session,
    labels: Labels,
    now: Instant,
    outage: Option<Outage>,
    is_reader_missing: bool,
    diagnostics: Option<Code>,
    other: Option<Other>,
}

impl Stage {
    /// A kiosk at rest. `None` if its configuration is not valid, which a test excludes.
    pub(super) fn new(is_desk: bool, now: Instant) -> Option<Self> {
        let desk = if is_desk { "reception = true\n" } else { "" };
        let config = Config::parse(&format!("{KIOSK}{desk}"), "kiosk.toml".as_ref()).ok()?;
        Some(Self {
            session: Session::new(wiring::rules(&config)),
            labels: wiring::labels(&config),
            now,
            outage: None,
            is_reader_missing: false,
            diagnostics: None,
            other: None,
        })
    }

    pub(super) fn give(&mut self, event: Event) {
        drop(self.session.handle(event, self.now));
    }

    pub(super) fn wait(&mut self, time: Duration) {
        self.now += time;
        self.give(Event::Ticked);
    }

    /// Waits as the window does while keys are judged.
    pub(super) fn tick(&mut self) {
        for _ in 0..6 {
            self.wait(Duration::from_millis(25));
        }
    }

    pub(super) fn type_digits(&mut self, count: usize) {
        for digit in Digit::ALL.into_iter().cycle().take(count) {
            self.give(Event::DigitTouched(digit));
        }
    }

    /// The agent's answer to a sign-in.
    pub(super) fn answer(&mut self, answer: Result<Identity, Denial>) {
        if let State::Checking { session, .. } = self.session.state() {
            self.give(Event::Identified(*session, answer));
        }
    }

    pub(super) fn sign_in(&mut self, name: &str, doors: Vec<Door>) {
        self.type_digits(6);
        let welcome = Welcome { name: name.to_owned(), doors, language: None, incomplete: false };
        self.answer(Ok(Identity::Person(welcome)));
        self.wait(SETTLED);
    }

    /// A tap on this door, and the agent's answer, if there is one.
    pub(super) fn tap(&mut self, door: DoorId, outcome: Option<Outcome>) {
        self.give(Event::DoorTouched(door));
        let State::SignedIn(visit) = self.session.state() else { return };
        let Attempt::Opening(request, ..) = visit.attempt else { return };
        self.give(Event::UnlockRecorded(request, 4_182));
        match outcome {
            Some(Outcome::Opened) => {
                self.give(Event::UnlockAnswered(request, Outcome::Accepted));
                self.wait(Duration::from_millis(1_500));
                self.give(Event::DoorSensorRead(request, Outcome::Opened));
                self.wait(Duration::from_millis(600));
            }
            Some(outcome) => {
                self.give(Event::UnlockAnswered(request, outcome));
                self.wait(Duration::from_millis(600));
            }
            None => {}
        }
    }

    /// Lets the visit run until so much time is left.
    pub(super) fn until_left(&mut self, left: Duration) {
        if let State::SignedIn(visit) = self.session.state() {
            let passed = visit.deadline().checked_sub(left).map(|at| at.saturating_duration_since(self.now));
            self.wait(passed.unwrap_or_default());
        }
    }

    /// Holds the clock until the technician PIN is asked for.
    pub(super) fn hold_clock(&mut self) {
        self.give(Event::ClockTouched);
        self.wait(HOLD + Duration::from_millis(20));
    }

    pub(super) fn technician(&mut self, report: HealthReport) {
        self.hold_clock();
        self.type_digits(8);
        self.diagnostics = Code::new(&report.diagnostics);
        self.answer(Ok(Identity::Technician(Box::new(report))));
        self.wait(Duration::from_secs(13));
    }

    /// The sample staff of the demo.
    pub(super) fn show_samples(&mut self, samples: Vec<String>) {
        self.labels.samples = samples;
    }

    pub(super) fn lose_network(&mut self, outage: Outage) {
        self.outage = Some(outage);
    }

    pub(super) fn lose_reader(&mut self) {
        self.is_reader_missing = true;
    }

    pub(super) fn break_down(&mut self, what: &str) {
        let phone = self.labels.phone.clone();
        self.other = Some(Other::Broken { what: what.to_owned(), phone });
    }

    pub(super) fn wait_for_second(&mut self, waits: SecondPerson) {
        self.other = Some(Other::SecondPerson(waits));
    }

    pub(super) fn offer_badge(&mut self, badge: NewBadge) {
        self.other = Some(Other::NewBadge(badge));
    }

    /// The sizes, colors and words for a window of this size.
    pub fn metrics(&self, size: Size, panel: Panel, colors: Colors, language: Language) -> Metrics {
        self.metrics_with(size, panel, colors, words(language))
    }

    /// The same with other texts.
    pub fn metrics_with(&self, size: Size, panel: Panel, colors: Colors, words: &'static Words) -> Metrics {
        Metrics::new(size, Panel { is_desk: self.session.rules().reception, ..panel }, colors, words)
    }

    /// The session of the scene.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The page behind the scene.
    pub fn page(&self) -> Page {
        match &self.other {
            Some(Other::Broken { .. }) => notice::PAGE,
            Some(Other::SecondPerson(_) | Other::NewBadge(_)) => sign_in::PEOPLES_PAGE,
            None => screen::page(&self.session, self.now),
        }
    }

    /// Draws the scene.
    pub fn view(&self, m: Metrics) -> Element<'_, Event> {
        let rules = self.session.rules();
        match &self.other {
            Some(Other::Broken { what, phone }) => return notice::view(what, phone, m),
            Some(Other::SecondPerson(waits)) => return sign_in::second_person(waits, rules, m),
            Some(Other::NewBadge(badge)) => return sign_in::new_badge(badge, rules, m),
            None => {}
        }
        let shown = Shown {
            session: &self.session,
            labels: &self.labels,
            outage: self.outage,
            is_reader_missing: self.is_reader_missing,
            diagnostics: self.diagnostics.as_ref(),
            moment: Moment { now: self.now, today: TODAY },
            time: CLOCK,
            minutes: 7,
        };
        screen::view(shown, m)
    }
}
