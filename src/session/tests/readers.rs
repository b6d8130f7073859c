//! A table of readings: each one must give exactly its badge, or nothing.
//!
//! A reading is the text that a reader types, 8 ms a key. `\n` is Enter, `\t` Tab, `\u{8}` Backspace, `\u{1b}` Escape.
//! `{250}` is a pause of 250 ms before the next key. `[400]` is such a pause with a busy window, without any tick.

use super::*;
use crate::staff::{BadgeFormat, BadgeProfile};

/// The state of the kiosk when the reader types.
#[derive(Clone, Copy)]
enum At {
    Rest,
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
    profile: fn() -> BadgeProfile,
    at: At,
    keys: &'static str,
    /// The badges to be looked up, in order.
    badges: &'static [&'static str],
}

const fn reading(what: &'static str, keys: &'static str, badges: &'static [&'static str]) -> Reading {
    Reading { what, profile: BadgeProfile::plain, at: At::Rest, keys, badges }
}

impl Reading {
    const fn with(self, profile: fn() -> BadgeProfile) -> Self {
        Self { profile, ..self }
    }

    const fn at(self, at: At) -> Self {
        Self { at, ..self }
    }
}

fn ten_digits() -> BadgeProfile {
    BadgeProfile { min_length: 10, max_length: 10, format: BadgeFormat::Decimal, ..BadgeProfile::plain() }
}

fn hex() -> BadgeProfile {
    BadgeProfile { max_length: 8, format: BadgeFormat::Hex, separators: ":- ".into(), ..BadgeProfile::plain() }
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

const READINGS: &[Reading] = &[
    // Terminators.
    reading("ends with Enter", "0012345678\n", &[NUMBER]),
    reading("ends with Tab", "0012345678\t", &[NUMBER]),
    reading("ends with nothing but silence", "0012345678", &[NUMBER]),
    reading("ends with carriage return and line feed", "0012345678\n\n", &[NUMBER]),
    reading("begins with Enter", "\n0012345678\n", &[NUMBER]),
    reading("ends with a space and Enter", "0012345678 \n", &[NUMBER]),
    reading("changes from Tab to Enter", "0012345678\t{3000}0087654321\n", &[NUMBER, "0087654321"]),
    // Speed.
    reading("all at once", "{0}0{0}0{0}1{0}2{0}3{0}4{0}5{0}6{0}7{0}8\n", &[NUMBER]),
    reading("slow, 45 ms a key", "0{45}0{45}1{45}2{45}3{45}4{45}5{45}6{45}7{45}8{45}\n", &[NUMBER]),
    reading("uneven", "0{1}0{40}1{2}2{30}3{1}4{45}5{3}6{20}7{1}8\n", &[NUMBER]),
    reading("a busy window makes one long gap", "00123[400]45678\n", &[NUMBER]),
    reading("a busy window makes two", "001[300]234[300]5678\n", &[NUMBER]),
    // Formats.
    reading("capital hexadecimal", "04A1B2C3\n", &["04A1B2C3"]).with(hex),
    reading("small hexadecimal", "04a1b2c3\n", &["04A1B2C3"]).with(hex),
    reading("mixed hexadecimal", "04A1b2C3\n", &["04A1B2C3"]).with(hex),
    reading("colons between", "04:a1:b2:c3\n", &["04A1B2C3"]).with(hex),
    reading("dashes between", "04-A1-B2-C3\n", &["04A1B2C3"]).with(hex),
    reading("spaces between", "04 A1 B2 C3\n", &["04A1B2C3"]).with(hex),
    reading("56 bits where 32 are expected", "04A1B2C3D4E5F6\n", &[]).with(hex),
    reading("a letter beyond F", "04A1B2CG\n", &[]).with(hex),
    reading("zeros are there", "0012345678\n", &["12345678"]).with(lost_zeros),
    reading("zeros are lost", "12345678\n", &["12345678"]).with(lost_zeros),
    reading("nothing but zeros", "0000000000\n", &[]).with(lost_zeros),
    reading("facility and number, comma", "188,24910\n", &["188-24910"]).with(wiegand),
    reading("facility and number, dash", "188-24910\n", &["188-24910"]).with(wiegand),
    reading("facility and number with zeros", "001,00005\n", &["1-5"]).with(wiegand),
    reading("facility and number as one", "12345678\n", &["188-24910"]).with(wiegand),
    reading("a facility of more than 8 bits", "256,1\n", &[]).with(wiegand),
    reading("a number of more than 16 bits", "1,65536\n", &[]).with(wiegand),
    reading("more than 24 bits", "16777216\n", &[]).with(wiegand),
    reading("between prefix and suffix", "%B0012345678?\n", &[NUMBER]).with(framed),
    reading("the prefix is missing", "0012345678?\n", &[]).with(framed),
    reading("the suffix is missing", "%B0012345678\n", &[]).with(framed),
    reading("the prefix in other letters", "%b0012345678?\n", &[]).with(framed),
    reading(
        "a QR badge of forty characters",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcd\n",
        &["ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcd"],
    ),
    reading("an O for a 0", "O012345678\n", &[]).with(ten_digits),
    reading("a space inside", "00123 45678\n", &[]),
    reading("a character of another script", "001234567\u{668}\n", &[]),
    reading("words", "HELLO WORLD\n", &[]).with(ten_digits),
    // Length.
    reading("too short", "123456789\n", &[]).with(ten_digits),
    reading("too long", "12345678901\n", &[]).with(ten_digits),
    reading(
        "longer than any badge",
        "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n",
        &[],
    ),
    // Repeated and torn scans.
    reading("the same badge twice at once", "0012345678\n{300}0012345678\n", &[NUMBER]),
    reading("three times", "0012345678\n{300}0012345678\n{300}0012345678\n", &[NUMBER]),
    reading("the same badge again, later", "0012345678\n{2500}0012345678\n", &[NUMBER, NUMBER]),
    reading("two badges", "0012345678\n{900}0087654321\n", &[NUMBER, "0087654321"]),
    reading("torn in the middle", "00123{700}45678\n", &[]).with(ten_digits),
    reading("torn, from a reader that ends with Enter", "0012345678\n{3000}00123{700}45678{700}", &[NUMBER]),
    reading("unplugged in the middle", "0012345678\n{3000}00876{2000}", &[NUMBER]),
    reading("torn, then whole", "0012345678\n{3000}0087{2500}0087654321\n", &[NUMBER, "0087654321"]),
    reading("Backspace inside", "00123\u{8}45678\n", &[NUMBER]),
    reading("Escape inside", "00123\u{1b}45678\n", &[NUMBER]),
    // Keys typed by people.
    reading("a person types a few digits", "1{200}2{200}3{200}", &[]),
    reading("a quick person types digits and Enter", "1{90}2{80}3{100}4{90}5{80}\n", &[]),
    reading("two fingers at once", "1{10}2{200}3", &[]),
    reading("nothing but Enter", "\n{100}\n", &[]),
    reading("nothing but Tab", "\t\t\t", &[]),
    // In other states of the kiosk.
    reading("while a PIN is typed", "0012345678\n", &[NUMBER]).at(At::HalfPin),
    reading("while a PIN is typed, silence at the end", "0012345678", &[NUMBER]).at(At::HalfPin),
    reading("while the keypad waits", "0012345678\n", &[NUMBER]).at(At::Spent),
    reading("while somebody is looked for", "0012345678\n", &[]).at(At::Checking),
    reading("while somebody is signed in", "0087654321\n", &["0087654321"]).at(At::SignedIn),
    reading("torn while somebody is signed in", "008{700}7654321\n", &[]).with(ten_digits).at(At::SignedIn),
    reading("no badge while somebody is signed in", "00 87\n", &[]).at(At::SignedIn),
];

impl Kiosk {
    fn stands(at: At, profile: BadgeProfile) -> Self {
        let sign_in = SignInRules { profile, ..rules().sign_in };
        let mut kiosk = Self::new(Rules { sign_in, ..rules() });
        match at {
            At::Rest => {}
            At::HalfPin => drop(kiosk.touch("482")),
            At::Spent => {
                kiosk.session = Session::new(Rules { sign_in: kiosk.session.rules().sign_in.clone(), ..rules() })
                    .with_guesses(0, kiosk.now);
            }
            At::Checking => drop(kiosk.touch("482913")),
            At::SignedIn => {
                let _ = kiosk.touch("482913");
                let _ = kiosk.answer(Ok(Identity::Person(welcome())));
            }
        }
        kiosk
    }

    /// Types a reading, ticks as the window does, and denies each check. Returns the badges that were looked up.
    fn read(&mut self, keys: &str) -> Vec<String> {
        let (mut asked, mut rest) = (Vec::new(), keys);
        while !rest.is_empty() {
            let mut pause = ms(8);
            let between = |from, until| rest.strip_prefix::<char>(from).and_then(|rest| rest.split_once::<char>(until));
            if let Some((number, after)) = between('[', ']') {
                self.now += ms(number.parse().unwrap());
                (pause, rest) = (Duration::ZERO, after);
            } else if let Some((number, after)) = between('{', '}') {
                (pause, rest) = (ms(number.parse().unwrap()), after);
            }
            let Some(key) = rest.chars().next() else {
                asked.extend(self.ask_for(pause, None));
                break;
            };
            rest = &rest[key.len_utf8()..];
            let key = match key {
                '\n' => Key::Enter,
                '\t' => Key::Tab,
                '\u{8}' => Key::Backspace,
                '\u{1b}' => Key::Escape,
                c => Key::Char(c),
            };
            asked.extend(self.ask_for(pause, Some(key)));
        }
        asked.extend(self.ask_for(ms(1_000), None));
        asked
    }

    fn ask_for(&mut self, pause: Duration, key: Option<Key>) -> Vec<String> {
        let mut effects = self.idle(pause);
        effects.extend(key.map(|key| self.send(Event::KeyPressed(key))).unwrap_or_default());
        let mut asked = Vec::new();
        for effect in effects {
            if let Effect::Identify(_, Presented(Credential::Badge(badge)), _) = effect {
                asked.push(badge.expose().to_owned());
                let _ = self.answer(Err(Denial::NotKnown));
            }
        }
        asked
    }
}

/// R26 to R29, F50, F51, F53.
#[test]
fn every_reading_is_exactly_its_badge_or_nothing() {
    assert!(40 <= READINGS.len(), "{}", READINGS.len());
    for Reading { what, profile, at, keys, badges } in READINGS {
        let mut kiosk = Kiosk::stands(*at, profile());
        assert_eq!(kiosk.read(keys), *badges, "{what}");
        let is_checking = matches!(kiosk.session.state(), State::Checking { .. });
        assert_eq!(is_checking, matches!(at, At::Checking), "{what}: a scan never becomes a PIN");
    }
}

/// A badge that needs its PIN is kept until that is typed, and is not looked up before.
#[test]
fn a_reading_where_badges_need_their_pin_waits_for_it() {
    let sign_in = SignInRules { badge: BadgePolicy::WithPin, ..rules().sign_in };
    let mut kiosk = Kiosk::new(Rules { sign_in, ..rules() });
    assert_eq!(kiosk.read("0012345678\n"), Vec::<String>::new());
    assert!(matches!(kiosk.session.state(), State::SignedOut { entry: Entry::PinOf(..), .. }));
    let sign_in = SignInRules { badge: BadgePolicy::Off, ..rules().sign_in };
    let mut kiosk = Kiosk::new(Rules { sign_in, ..rules() });
    assert_eq!(kiosk.read("0012345678\n"), Vec::<String>::new());
    assert!(kiosk.is_at_rest(), "where badges are off nothing is read");
}

/// T20, R27: in no state of a visit does a scan and its Enter open a door.
#[test]
fn the_enter_of_a_scan_never_opens_a_door() {
    type Prepare = fn(&mut Kiosk);
    let places: [(&str, Prepare); 5] = [
        ("doors", |_| ()),
        ("a number is typed", |kiosk| {
            let _ = kiosk.send(Event::KeyPressed(Key::Char('1')));
            let _ = kiosk.idle(ms(150));
        }),
        ("a door asks", |kiosk| {
            let _ = kiosk.send(Event::DoorTouched(SERVER_ROOM));
        }),
        ("letters", |kiosk| {
            let _ = kiosk.send(Event::FindTouched);
        }),
        ("an outcome", |kiosk| {
            let _ = kiosk.send(Event::DoorTouched(LOBBY));
            let request = kiosk.request();
            let _ = kiosk.send(Event::UnlockAnswered(request, Outcome::Accepted));
        }),
    ];
    for (place, prepare) in places {
        for number in ["0012345678\n", "11111\n", "0000000000000001\n"] {
            let mut kiosk = Kiosk::new(rules());
            let _ = kiosk.touch("123456");
            let _ = kiosk.answer(Ok(Identity::Person(welcome())));
            let _ = kiosk.idle(ms(500));
            prepare(&mut kiosk);
            let _ = kiosk.idle(ms(500));
            let mut effects = kiosk.scan(number);
            effects.extend(kiosk.idle(ms(500)));
            let opens = effects.iter().any(|effect| matches!(effect, Effect::Unlock(..)));
            assert!(!opens, "{place}, {number:?}: {effects:?}");
        }
    }
}
