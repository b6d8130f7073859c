//! A table of readings: each one must give exactly its badge, or nothing.
//!
//! A reading is recorded as the key codes that a reader or a hand sends, and goes through the window's own reading of
//! keys. It is written as text: a character stands for what a reader presses for it on a US keyboard, 8 ms a key. `\n`
//! is Enter, `\t` Tab, `\u{8}` Backspace, `\u{1b}` Escape. `{250}` is a pause of 250 ms before the next key, `[400]`
//! one with a busy window, without any tick. `<F1>` is a key by its name, `<+SHIFT>` goes down and stays, `<-SHIFT>`
//! comes up, `<~5>` is held down until it repeats, and `<KEYPAD>` means the numeric keypad from there on.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use vestibule::{
    config::{Config, SAMPLE},
    door::{Door, DoorId, DoorRule, DoorState},
    screen::keys::Keyboard,
    session::{
        Denial, Effect, Event, Identity, Presented, Session, State,
        rules::{KeyboardPolicy, Rules, ScanEnd},
        visit::Welcome,
    },
    staff::{BadgeFormat, BadgeProfile, Credential, Digit},
    wiring,
};

use crate::support::{
    headless::now,
    keyboard::{self, Stroke, main_row, named, tap},
};

/// The state of the kiosk when the reader types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Rest,
    /// Nobody has used it for two minutes: the screen is dim.
    Dim,
    /// Three digits of a PIN are typed.
    HalfPin,
    /// No guess is left.
    Spent,
    /// The check of another person is open.
    Checking,
    /// Ada is signed in.
    SignedIn,
}

struct Reading {
    what: &'static str,
    keys: &'static str,
    /// The badges to be looked up, in order.
    badges: &'static [&'static str],
    profile: fn() -> BadgeProfile,
    at: At,
    end: ScanEnd,
    gap: u64,
    keyboard: KeyboardPolicy,
    /// What the screen must say in the end, if that matters.
    said: Option<Denial>,
}

const fn reading(what: &'static str, keys: &'static str, badges: &'static [&'static str]) -> Reading {
    Reading {
        what,
        keys,
        badges,
        profile: BadgeProfile::plain,
        at: At::Rest,
        end: ScanEnd::Auto,
        gap: 50,
        keyboard: KeyboardPolicy::Keypad,
        said: None,
    }
}

impl Reading {
    const fn with(self, profile: fn() -> BadgeProfile) -> Self {
        Self { profile, ..self }
    }

    const fn at(self, at: At) -> Self {
        Self { at, ..self }
    }

    const fn end(self, end: ScanEnd) -> Self {
        Self { end, ..self }
    }

    const fn gap(self, gap: u64) -> Self {
        Self { gap, ..self }
    }

    const fn keyboard(self, keyboard: KeyboardPolicy) -> Self {
        Self { keyboard, ..self }
    }

    const fn unread(self) -> Self {
        Self { said: Some(Denial::NotRead), ..self }
    }

    const fn stuck(self) -> Self {
        Self { said: Some(Denial::KeyStuck), ..self }
    }
}

fn ten_digits() -> BadgeProfile {
    BadgeProfile { min_length: 10, max_length: 10, format: BadgeFormat::Decimal, ..BadgeProfile::plain() }
}

fn hex() -> BadgeProfile {
    BadgeProfile { max_length: 8, format: BadgeFormat::Hex, separators: ":-".into(), ..BadgeProfile::plain() }
}

fn lost_zeros() -> BadgeProfile {
    BadgeProfile { format: BadgeFormat::Decimal, leading_zeros: false, ..BadgeProfile::plain() }
}

fn wiegand() -> BadgeProfile {
    BadgeProfile { min_length: 3, format: BadgeFormat::Wiegand, ..BadgeProfile::plain() }
}

fn framed() -> BadgeProfile {
    BadgeProfile { prefix: "%B".into(), suffix: "?".into(), ..BadgeProfile::plain() }
}

const NUMBER: &str = "0012345678";
const OTHER: &str = "0087654321";

const READINGS: &[Reading] = &[
    // Terminators.
    reading("ends with Enter", "0012345678\n", &[NUMBER]),
    reading("ends with Tab", "0012345678\t", &[NUMBER]),
    reading("ends with nothing but silence", "0012345678", &[NUMBER]),
    reading("ends with carriage return and line feed", "0012345678\n\n", &[NUMBER]),
    reading("ends with Tab and Enter", "0012345678\t\n", &[NUMBER]),
    reading("begins with Enter", "\n0012345678\n", &[NUMBER]),
    reading("ends with a space and Enter", "0012345678 \n", &[NUMBER]),
    reading("changes from Tab to Enter", "0012345678\t{3000}0087654321\n", &[NUMBER, OTHER]),
    reading("one reader with Enter, one without", "0012345678\n{3000}0087654321", &[NUMBER, OTHER]),
    reading("one reader without Enter, one with", "0087654321{3000}0012345678\n", &[OTHER, NUMBER]),
    reading("Enter where it is configured", "0012345678\n", &[NUMBER]).end(ScanEnd::Enter),
    reading("Tab where it is configured", "0012345678\t", &[NUMBER]).end(ScanEnd::Tab),
    reading("silence where it is configured", "0012345678", &[NUMBER]).end(ScanEnd::Silence),
    reading("silence where Enter is configured", "0012345678", &[]).end(ScanEnd::Enter).unread(),
    reading("Tab where Enter is configured", "0012345678\t", &[]).end(ScanEnd::Enter).unread(),
    reading("Enter where Tab is configured", "0012345678\n", &[]).end(ScanEnd::Tab).unread(),
    reading("Enter where silence is configured", "0012345678\n", &[]).end(ScanEnd::Silence).unread(),
    reading("Enter of the keypad", "<KEYPAD>0012345678\n", &[NUMBER]).end(ScanEnd::Enter),
    // Speed.
    reading("all at once", "{0}0{0}0{0}1{0}2{0}3{0}4{0}5{0}6{0}7{0}8\n", &[NUMBER]),
    reading("slow, 45 ms a key", "0{45}0{45}1{45}2{45}3{45}4{45}5{45}6{45}7{45}8{45}\n", &[NUMBER]),
    reading("uneven", "0{1}0{40}1{2}2{30}3{1}4{45}5{3}6{20}7{1}8\n", &[NUMBER]),
    reading("120 ms a key where that is configured", "0{120}0{120}1{120}2{120}3{120}4{120}\n", &["001234"]).gap(150),
    reading("45 ms a key where readers are quicker", "1{45}2{45}3{45}4{45}5{45}", &[]).gap(20),
    reading("18 ms a key where readers are quick", "1{18}2{18}3{18}4{18}5{18}\n", &["12345"]).gap(20),
    reading("a busy window makes one long gap", "00123[400]45678\n", &[NUMBER]),
    reading("a busy window makes two", "001[300]234[300]5678\n", &[NUMBER]),
    reading("the window is busy after the first key", "0[300]012345678\n", &[NUMBER]),
    reading("the window is busy after the second key", "00[300]12345678\n", &[NUMBER]),
    reading("the window is busy before Enter", "0012345678[600]\n", &[NUMBER]).end(ScanEnd::Enter),
    reading("busy after the first key, a quick reader", "0[300]012345678\n", &[NUMBER]).gap(20),
    reading("the first key wakes the screen", "0[250]012345678\n", &[NUMBER]).at(At::Dim),
    reading("the first key wakes the screen, no Enter", "0[250]012345678", &[NUMBER]).at(At::Dim),
    // Layouts and locks. The texts that the layout writes are other ones in half of all runs: see below.
    reading("the numeric keypad", "<KEYPAD>0012345678\n", &[NUMBER]),
    reading("the numeric keypad after NumLock", "<NUMLOCK>{300}<KEYPAD>0012345678\n", &[NUMBER]),
    reading("Caps Lock is on", "<CAPSLOCK>{300}04a1B2c3\n", &["04A1B2C3"]).with(hex),
    reading("a reader that presses NumLock itself", "<NUMLOCK><KEYPAD>0012345678<NUMLOCK>\n", &[NUMBER]),
    reading("a reader that presses Caps Lock itself", "<CAPSLOCK>04A1B2C3<CAPSLOCK>\n", &["04A1B2C3"]).with(hex),
    reading("Shift for the whole scan", "<+SHIFT>abcdef<-SHIFT>\n", &["ABCDEF"]).with(hex),
    reading("right Shift", "04<+RIGHTSHIFT>a<-RIGHTSHIFT>1b2c3\n", &["04A1B2C3"]).with(hex),
    // Formats.
    reading("capital hexadecimal", "04A1B2C3\n", &["04A1B2C3"]).with(hex),
    reading("small hexadecimal", "04a1b2c3\n", &["04A1B2C3"]).with(hex),
    reading("mixed hexadecimal", "04A1b2C3\n", &["04A1B2C3"]).with(hex),
    reading("colons between", "04:a1:b2:c3\n", &["04A1B2C3"]).with(hex),
    reading("dashes between", "04-A1-B2-C3\n", &["04A1B2C3"]).with(hex),
    reading("spaces between", "04 A1 B2 C3\n", &["04A1B2C3"]).with(hex),
    reading("spaces between decimal digits", "00123 45678\n", &[NUMBER]),
    reading("spaces at both ends", " 0012345678 \n", &[NUMBER]),
    reading("56 bits where 32 are expected", "04A1B2C3D4E5F6\n", &[]).with(hex).unread(),
    reading("a letter beyond F", "04A1B2CG\n", &[]).with(hex).unread(),
    reading("zeros are there", "0012345678\n", &["12345678"]).with(lost_zeros),
    reading("zeros are lost", "12345678\n", &["12345678"]).with(lost_zeros),
    reading("nothing but zeros", "0000000000\n", &[]).with(lost_zeros).unread(),
    reading("facility and number, comma", "188,24910\n", &["188-24910"]).with(wiegand),
    reading("facility and number, dash", "188-24910\n", &["188-24910"]).with(wiegand),
    reading("facility and number, space", "188 24910\n", &["188-24910"]).with(wiegand),
    reading("facility and number with zeros", "001,00005\n", &["1-5"]).with(wiegand),
    reading("facility and number as one, ten digits", "0012345678\n", &["188-24910"]).with(wiegand),
    reading("facility and number as one, or in two columns", "01024910\n", &[]).with(wiegand).unread(),
    reading("a number that cannot be two columns", "16699999\n", &["254-53855"]).with(wiegand),
    reading("a facility of more than 8 bits", "256,1\n", &[]).with(wiegand).unread(),
    reading("a number of more than 16 bits", "1,65536\n", &[]).with(wiegand).unread(),
    reading("more than 24 bits", "0016777216\n", &[]).with(wiegand).unread(),
    reading("between prefix and suffix", "%B0012345678?\n", &[NUMBER]).with(framed),
    reading("the prefix is missing", "0012345678?\n", &[]).with(framed).unread(),
    reading("the suffix is missing", "%B0012345678\n", &[]).with(framed).unread(),
    reading("the prefix in other letters", "%b0012345678?\n", &[]).with(framed).unread(),
    reading(
        "a QR badge of forty characters",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcd\n",
        &["ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcd"],
    ),
    reading("an O for a 0", "O012345678\n", &[]).with(ten_digits).unread(),
    reading("words", "HELLO WORLD\n", &[]).with(ten_digits).unread(),
    // Keys that no badge number contains make the whole scan unreadable. None is dropped out of its middle.
    reading("a function key before the number", "<F12>0012345678\n", &[]).unread(),
    reading("a function key inside", "00123<F1>45678\n", &[]).unread(),
    reading("an arrow inside", "00123<RIGHT>45678\n", &[]).unread(),
    reading("a key that US keyboards do not have", "00123<INTLBACKSLASH>45678\n", &[]).unread(),
    reading("a key of a Japanese keyboard inside", "00123<HENKAN>45678\n", &[]).unread(),
    reading("Delete inside", "00123<DELETE>45678\n", &[]).unread(),
    reading("Backspace inside", "00123\u{8}45678\n", &[]).unread(),
    reading("Escape inside", "00123\u{1b}45678\n", &[]).unread(),
    reading("a comma where there is none", "00123,45678\n", &[]).with(ten_digits).unread(),
    reading("AltGr for one key", "00123<+ALTGR>4<-ALTGR>5678\n", &[]).unread(),
    // Modifiers that are stuck.
    reading("Ctrl is stuck", "<+CTRL>{3000}0012345678\n", &[]).stuck(),
    reading("Alt is stuck", "<+ALT>{3000}0012345678\n", &[]).stuck(),
    reading("Super is stuck", "<+SUPER>{3000}0012345678\n", &[]).stuck(),
    reading("Shift is stuck", "<+SHIFT>{3000}0012345678\n", &[]).stuck(),
    reading("Shift was stuck", "<+SHIFT>{3000}<-SHIFT>0012345678\n", &[NUMBER]),
    reading("Shift goes down in the middle", "00123<+SHIFT>45678<-SHIFT>\n", &[]).stuck(),
    reading("a key repeats on another keyboard", "<~5>{700}0012345678\n", &[]).stuck(),
    reading("a key repeats, and the reader presses it first", "<~0>{700}0012345678\n", &[]).stuck(),
    reading("a key repeated and is up", "<~5>{700}<-FIVE>{1200}0012345678\n", &[NUMBER]),
    reading("Ctrl for the first key only", "<+CTRL>b<-CTRL>0012345678\n", &[]).stuck(),
    // Length.
    reading("too short", "123456789\n", &[]).with(ten_digits).unread(),
    reading("too long", "12345678901\n", &[]).with(ten_digits).unread(),
    reading(
        "longer than any badge",
        "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n",
        &[],
    )
    .unread(),
    // Repeated and torn scans.
    reading("the same badge twice at once", "0012345678\n{300}0012345678\n", &[NUMBER]),
    reading("three times", "0012345678\n{300}0012345678\n{300}0012345678\n", &[NUMBER]),
    reading(
        "a card that is left on a reader",
        "0012345678\n{2500}0012345678\n{3000}0012345678\n{2000}0012345678\n",
        &[NUMBER],
    ),
    reading("away for five seconds, and back", "0012345678\n{5500}0012345678\n", &[NUMBER, NUMBER]),
    reading(
        "left on a reader, another badge between",
        "0012345678\n{2500}0087654321\n{500}0012345678\n{2500}0012345678\n",
        &[NUMBER, OTHER],
    ),
    reading("two badges", "0012345678\n{900}0087654321\n", &[NUMBER, OTHER]),
    reading("torn in the middle", "00123{700}45678\n", &[]).with(ten_digits).unread(),
    reading("torn, from a reader that ends with Enter", "0012345678\n{3000}00123{700}45678{700}", &[NUMBER])
        .end(ScanEnd::Enter)
        .unread(),
    reading("unplugged in the middle", "0012345678\n{3000}00876{2000}", &[NUMBER]).end(ScanEnd::Enter),
    reading("torn, then whole", "0012345678\n{3000}0087{2500}0087654321\n", &[NUMBER, OTHER]).with(ten_digits),
    // Keys typed by people.
    reading("a person types a few digits", "1{200}2{200}3{200}", &[]),
    reading("a quick person types digits and Enter", "1{90}2{80}3{100}4{90}5{80}\n", &[]),
    reading("two fingers at once", "1{10}2{200}3", &[]),
    reading("nothing but Enter", "\n{100}\n", &[]),
    reading("nothing but Tab", "\t\t\t", &[]),
    reading("a slow reader where only readers count", "0{90}0{90}1{90}2{90}3{90}4{90}5{90}6{90}\n", &[])
        .keyboard(KeyboardPolicy::Readers),
    reading("a quick receptionist types a name", "l{40}o{40}b{40}b{40}y{40}", &[])
        .keyboard(KeyboardPolicy::Desk)
        .at(At::SignedIn),
    reading("a scan at a desk", "0087654321\n", &[OTHER]).keyboard(KeyboardPolicy::Desk).at(At::SignedIn),
    reading("a scan of letters at a desk", "abcdefgh\n", &["abcdefgh"]).keyboard(KeyboardPolicy::Desk).at(At::SignedIn),
    // In other states of the kiosk.
    reading("while a PIN is typed", "0012345678\n", &[NUMBER]).at(At::HalfPin),
    reading("while a PIN is typed, silence at the end", "0012345678", &[NUMBER]).at(At::HalfPin),
    reading("while the keypad waits", "0012345678\n", &[NUMBER]).at(At::Spent),
    reading("while somebody is looked for", "0012345678\n", &[NUMBER]).at(At::Checking),
    reading("two while somebody is looked for", "0012345678\n{600}0087654321\n", &[NUMBER]).at(At::Checking),
    reading("while somebody is signed in", "0087654321\n", &[OTHER]).at(At::SignedIn),
    reading("torn while somebody is signed in", "008{700}7654321\n", &[]).with(ten_digits).at(At::SignedIn).unread(),
    reading("no badge while somebody is signed in", "0087\u{1b}\n", &[]).at(At::SignedIn).unread(),
    reading("Ctrl is stuck while somebody is signed in", "<+CTRL>{3000}0087654321\n", &[]).at(At::SignedIn).stuck(),
];

/// What is done to the kiosk, in order.
enum Step {
    Pause(u64),
    Busy(u64),
    Strokes(Vec<Stroke>),
}

/// The recording of a reading.
fn recorded(mut keys: &str) -> Vec<Step> {
    let (mut steps, mut pause) = (Vec::new(), 0);
    let mut board: fn(char) -> Vec<Stroke> = main_row;
    while let Some(first) = keys.chars().next() {
        let close = match first {
            '{' => '}',
            '[' => ']',
            '<' => '>',
            _ => '\0',
        };
        let Some((name, rest)) = keys[1..].split_once(close).filter(|_| close != '\0') else {
            steps.extend([Step::Pause(pause), Step::Strokes(board(first))]);
            (pause, keys) = (8, &keys[first.len_utf8()..]);
            continue;
        };
        keys = rest;
        match (first, name) {
            ('{', ms) => pause = ms.parse().unwrap(),
            ('[', ms) => {
                steps.push(Step::Busy(ms.parse().unwrap()));
                pause = 0;
            }
            (_, "KEYPAD") => board = keyboard::keypad,
            (_, name) if name.starts_with('~') => {
                // Down, and down again: a repetition.
                let code = main_row(name[1..].chars().next().unwrap())[0].code;
                let down = Stroke { code, is_down: true };
                steps.extend([Step::Pause(pause), Step::Strokes(vec![down, down])]);
                pause = 8;
            }
            (_, name) => {
                let strokes = match (name.strip_prefix('+'), name.strip_prefix('-')) {
                    (Some(name), _) => vec![Stroke { code: named(name), is_down: true }],
                    (None, Some(name)) => vec![Stroke { code: named(name), is_down: false }],
                    (None, None) => tap(named(name)),
                };
                steps.extend([Step::Pause(pause), Step::Strokes(strokes)]);
                pause = 8;
            }
        }
    }
    steps.push(Step::Pause(pause));
    steps
}

/// A session and its time. Every badge is unknown, so that each one is looked up.
struct Kiosk {
    session: Session,
    keyboard: Keyboard,
    now: Instant,
    badges: Vec<String>,
    unlocks: usize,
    /// Keys that are down on any keyboard. Pressing one again is a repetition, as X has it.
    down: BTreeSet<u16>,
}

impl Kiosk {
    fn stands(reading: &Reading) -> Self {
        let mut rules = wiring::rules(&Config::parse(SAMPLE, "kiosk.toml".as_ref()).unwrap());
        rules.sign_in.profile = (reading.profile)();
        (rules.reader.end, rules.reader.gap) = (reading.end, Duration::from_millis(reading.gap));
        (rules.keyboard, rules.dim_after) = (reading.keyboard, Duration::from_mins(2));
        let mut kiosk = Self::of(rules);
        match reading.at {
            At::Rest => {}
            At::Dim => {
                kiosk.idle(130_000, 25);
                assert!(kiosk.session.is_dim());
            }
            At::HalfPin => kiosk.touch("482"),
            At::Spent => {
                kiosk.session = Session::new(kiosk.session.rules().clone()).with_guesses(0, kiosk.now);
            }
            At::Checking => kiosk.touch("482913"),
            At::SignedIn => kiosk.sign_in(),
        }
        kiosk
    }

    fn of(rules: Rules) -> Self {
        let (session, keyboard) = (Session::new(rules), Keyboard::default());
        Self { session, keyboard, now: now(), badges: Vec::new(), unlocks: 0, down: BTreeSet::new() }
    }

    fn event(&mut self, stroke: Stroke, layout: Option<&str>) -> iced::keyboard::Event {
        let mut event = keyboard::event(stroke, layout);
        let is_held = if stroke.is_down { !self.down.insert(stroke.code) } else { self.down.remove(&stroke.code) };
        if let iced::keyboard::Event::KeyPressed { repeat, .. } = &mut event {
            *repeat = is_held;
        }
        event
    }

    fn touch(&mut self, digits: &str) {
        digits.chars().for_each(|c| self.send(Event::DigitTouched(Digit::from_char(c).unwrap())));
    }

    fn sign_in(&mut self) {
        self.touch("482913");
        self.answer(Ok(Identity::Person(welcome())));
        self.idle(1_000, 25);
    }

    /// Answers the open check.
    fn answer(&mut self, answer: Result<Identity, Denial>) {
        let State::Checking { session, .. } = *self.session.state() else { panic!("nothing is checked") };
        self.send(Event::Identified(session, answer));
    }

    fn send(&mut self, event: Event) {
        for effect in self.session.handle(event, self.now) {
            if let Effect::Identify(session, Presented(Credential::Badge(badge)), _) = effect {
                self.badges.push(badge.expose().to_owned());
                let _ = self.session.handle(Event::Identified(session, Err(Denial::NotKnown)), self.now);
            } else {
                self.unlocks += usize::from(matches!(effect, Effect::Unlock(..)));
            }
        }
    }

    /// Ticks as the window does.
    fn idle(&mut self, ms: u64, every: u64) {
        let until = self.now + Duration::from_millis(ms);
        while self.now < until {
            self.now = (self.now + Duration::from_millis(every)).min(until);
            self.send(Event::Ticked);
        }
    }

    /// Plays a recording. `layout`: what the layout writes with a key.
    fn play(&mut self, keys: &str, layout: Option<&str>) {
        for step in recorded(keys) {
            match step {
                Step::Pause(ms) => self.idle(ms, 25),
                Step::Busy(ms) => {
                    self.now += Duration::from_millis(ms);
                    // The ticks that came meanwhile are handled before the keys.
                    self.send(Event::Ticked);
                    self.send(Event::Ticked);
                }
                Step::Strokes(strokes) => {
                    for stroke in strokes {
                        let key = {
                            let event = self.event(stroke, layout);
                            self.keyboard.heard(&event)
                        };
                        if let Some(key) = key {
                            self.send(Event::KeyPressed(key));
                        }
                    }
                }
            }
        }
    }

    fn says(&self) -> Option<Denial> {
        match self.session.state() {
            State::SignedOut { denial, .. } => denial.map(|(denial, _)| denial),
            State::SignedIn(visit) => visit.unread(self.now),
            State::Checking { .. } | State::Technician(_) => None,
        }
    }
}

fn welcome() -> Welcome {
    let door = |id, name: &str| Door {
        id: DoorId::new(id),
        name: name.to_owned(),
        place: None,
        state: DoorState::Ready,
        kisi_name: String::new(),
        allowance: None,
    };
    let doors = vec![door(7, "Lobby"), door(8, "Büro"), door(9, "Étage"), door(10, "Año")];
    Welcome { name: "Ada".to_owned(), doors, language: None, incomplete: false }
}

/// R26 to R29, F50, F51, F53. Each reading is played with the texts of four layouts, because none may have an influence.
#[test]
fn every_reading_is_exactly_its_badge_or_nothing() {
    assert!(100 <= READINGS.len(), "{}", READINGS.len());
    for reading @ Reading { what, keys, badges, at, said, .. } in READINGS {
        for layout in [None, Some("é"), Some("7"), Some("\u{668}")] {
            if at == &At::SignedIn && reading.keyboard == KeyboardPolicy::Desk && layout.is_some() {
                continue;
            }
            let mut kiosk = Kiosk::stands(reading);
            kiosk.play(keys, layout);
            kiosk.idle(1_500, 25);
            if *at == At::Checking {
                assert_eq!(kiosk.badges, [""; 0], "{what}: the check before comes first");
                kiosk.answer(Err(Denial::NotKnown));
            }
            assert_eq!(kiosk.badges, *badges, "{what}, {layout:?}");
            let is_checking = matches!(kiosk.session.state(), State::Checking { .. });
            assert!(!is_checking, "{what}: a scan never becomes a PIN");
            assert_eq!(kiosk.unlocks, 0, "{what}: a scan opens no door");
            if said.is_some() {
                assert_eq!(kiosk.says(), *said, "{what}");
            }
        }
    }
}

/// T20, R27: in no state of a visit does a scan and its Enter open a door.
#[test]
fn the_enter_of_a_scan_never_opens_a_door() {
    type Prepare = fn(&mut Kiosk);
    let places: [(&str, Prepare); 5] = [
        ("doors", |_| ()),
        ("a number is typed", |kiosk| kiosk.play("<KEYPAD>1{150}", None)),
        ("a door asks", |kiosk| kiosk.send(Event::DoorTouched(DoorId::new(8)))),
        ("letters", |kiosk| kiosk.send(Event::FindTouched)),
        ("a name is typed", |kiosk| kiosk.play("l{100}", Some("l"))),
    ];
    for (place, prepare) in places {
        for number in ["0012345678\n", "11111\n", "0000000000000001\n", "0012345678{170}\n"] {
            for keyboard in [KeyboardPolicy::Keypad, KeyboardPolicy::Desk] {
                let mut rules = wiring::rules(&Config::parse(SAMPLE, "kiosk.toml".as_ref()).unwrap());
                rules.keyboard = keyboard;
                rules.confirm = vec![DoorRule::Name("Büro".to_owned())];
                let mut kiosk = Kiosk::of(rules);
                kiosk.sign_in();
                prepare(&mut kiosk);
                kiosk.idle(500, 25);
                kiosk.unlocks = 0;
                kiosk.play(number, None);
                kiosk.idle(500, 25);
                assert_eq!(kiosk.unlocks, 0, "{place}, {number:?}");
            }
        }
    }
}
