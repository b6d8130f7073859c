//! Screens and widgets without a display: overlapping touches, event batches, keyboard input, and screen contents.

use std::time::Duration;

use iced::{Event, Point, Size};
use vestibule::{
    agent,
    app::{Message, Start},
    config::{Config, SAMPLE},
    screen::icon::Icon,
    session::{self, Denial, Effect, Identity, Presented, visit::Welcome},
    staff::Credential,
    testing, wiring,
};

use crate::support::headless::{Kiosk, WIDE, english, lifted, moved, pressed};

/// A kiosk whose agent records what it is asked and gives a prepared answer.
struct Asked {
    kiosk: Kiosk,
    answers: std::sync::mpsc::Receiver<String>,
}

fn asked(answer: Result<Identity, Denial>) -> Asked {
    asked_on(answer, WIDE)
}

fn asked_on(answer: Result<Identity, Denial>, size: Size) -> Asked {
    let (agent, mut port) = agent::channel();
    let (told, answers) = std::sync::mpsc::channel();
    let _ = std::thread::spawn(move || {
        while let Some(effect) = port.blocking_recv() {
            let told_what = if let Effect::Identify(session, Presented(credential), _) = effect {
                port.say(session::Event::Identified(session, answer.clone()));
                match credential {
                    Credential::Pin(pin) => pin.expose_text(),
                    Credential::Badge(badge) => badge.expose().to_owned(),
                    Credential::BadgeWithPin(..) | Credential::Technician(_) => "both".to_owned(),
                }
            } else if let Effect::Unlock(_, request, door) = effect {
                port.say(session::Event::UnlockAnswered(request, vestibule::door::Outcome::Accepted));
                format!("unlock {}", door.get())
            } else {
                continue;
            };
            let _ = told.send(told_what);
        }
    });
    // Keypad input is enabled, so that a key that is ignored can be told from one that counts.
    let text = SAMPLE.replace(r#"keyboard = "readers""#, r#"keyboard = "keypad""#);
    let config = Config::parse(&text, "kiosk.toml".as_ref()).unwrap();
    let (rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    Asked { kiosk: Kiosk::new(Start::Working { rules, labels, agent, guesses_left: 10 }, size), answers }
}

fn welcome(doors: u64) -> Identity {
    let door = |id| vestibule::door::Door {
        id: vestibule::door::DoorId::new(id),
        name: format!("Door {id}"),
        place: None,
        state: vestibule::door::DoorState::Ready,
        kisi_name: String::new(),
        allowance: None,
    };
    let doors = (1..=doors).map(door).collect();
    Identity::Person(Welcome { name: "Ada".into(), doors, language: None, incomplete: false })
}

impl Asked {
    fn told(&self) -> Vec<String> {
        // The test's agent runs on its own thread.
        std::thread::sleep(Duration::from_millis(20));
        self.answers.try_iter().collect()
    }

    fn key(&self, digit: char) -> Point {
        self.kiosk.find(&digit.to_string()).unwrap()
    }
}

/// T9, R23: every digit looks the same while its key is pressed, and leaves the same screen once typed.
#[test]
fn every_digit_looks_the_same_when_it_is_pressed_and_when_it_is_typed() {
    let (mut pressed_keys, mut typed) = (Vec::new(), Vec::new());
    for digit in "0123456789".chars() {
        let mut kiosk = asked(Err(Denial::NotKnown)).kiosk;
        let at = kiosk.find(&digit.to_string()).unwrap();
        let before = kiosk.picture();
        kiosk.batch(&[pressed(0, at)]);
        let under_finger = kiosk.picture_under_fingers();
        assert_ne!(before, under_finger, "the key looks pressed");
        // A square of pixels around the digit, within its disc.
        let pixel = |dx: i32, dy: i32| {
            let whole = |at: f32| format!("{at:.0}").parse::<i32>().unwrap();
            let (x, y) = (whole(at.x) + dx, whole(at.y) + dy);
            let from = usize::try_from(4 * (y * 1280 + x)).unwrap();
            under_finger[from..from + 4].to_vec()
        };
        let ring: Vec<Vec<u8>> =
            (-44..44).flat_map(|d| [pixel(d, -46), pixel(d, 46), pixel(-46, d), pixel(46, d)]).collect();
        pressed_keys.push(ring);
        kiosk.batch(&[lifted(0, at)]);
        typed.push(kiosk.picture());
    }
    assert!(pressed_keys.iter().all(|key| *key == pressed_keys[0]));
    assert!(typed.iter().all(|screen| *screen == typed[0]), "the same dot for every digit");
}

/// Taps that arrive in one event batch type their digits in order.
#[test]
fn quick_taps_in_one_batch_are_the_digits_that_were_tapped() {
    let mut asked = asked(Err(Denial::NotKnown));
    let events: Vec<Event> =
        "121212".chars().flat_map(|c| [pressed(0, asked.key(c)), lifted(0, asked.key(c))]).collect();
    asked.kiosk.batch(&events);
    assert_eq!(asked.told(), ["121212"]);
}

/// Each finger goes down before the previous one lifts. Batches of 1 to 12 events all give the same digits.
#[test]
fn overlapping_fingers_in_batches_of_every_size_are_the_digits_that_were_tapped() {
    let pin = "827364";
    for size in 1..=12 {
        let mut asked = asked(Err(Denial::NotKnown));
        let at: Vec<Point> = pin.chars().map(|c| asked.key(c)).collect();
        let mut events = vec![pressed(0, at[0])];
        for n in 1..at.len() {
            events.push(pressed(u64::try_from(n).unwrap(), at[n]));
            events.push(lifted(u64::try_from(n - 1).unwrap(), at[n - 1]));
        }
        for batch in events.chunks(size) {
            asked.kiosk.batch(batch);
        }
        assert_eq!(asked.told(), [pin], "batches of {size}");
    }
}

#[test]
fn a_finger_that_comes_down_beside_the_keys_types_nothing() {
    let mut asked = asked(Err(Denial::NotKnown));
    let beside = Point::new(5.0, 5.0);
    asked.kiosk.batch(&[pressed(0, beside), moved(0, asked.key('5')), lifted(0, asked.key('5'))]);
    assert!(asked.kiosk.is_at_rest());
    assert!(asked.told().is_empty());
}

#[test]
fn a_long_badge_in_one_batch_arrives_whole() {
    let mut asked = asked(Err(Denial::NotKnown));
    let badge = "0123456789ABCDEF0123456789abcdef01234567";
    asked.kiosk.scan(badge);
    assert_eq!(asked.told(), [badge]);
}

/// Keys with Ctrl, Alt or Super and key repeats are ignored.
#[test]
fn chords_and_key_repeats_are_ignored() {
    use iced::keyboard::{self, Location, Modifiers, key};
    let mut asked = asked(Err(Denial::NotKnown));
    let press = |modifiers, repeat| {
        let (key, text) = (keyboard::Key::Character("7".into()), Some("7".into()));
        let physical_key = key::Physical::Code(key::Code::Digit7);
        let (modified_key, location) = (key.clone(), Location::Standard);
        Event::Keyboard(keyboard::Event::KeyPressed {
            key,
            modified_key,
            physical_key,
            location,
            modifiers,
            text,
            repeat,
        })
    };
    for event in [
        press(Modifiers::CTRL, false),
        press(Modifiers::ALT, false),
        press(Modifiers::LOGO, false),
        press(Modifiers::empty(), true),
    ] {
        asked.kiosk.batch(&[event]);
    }
    asked.kiosk.wait(Duration::from_millis(200));
    let vestibule::session::State::SignedOut { entry, .. } = testing::state(&asked.kiosk.app).unwrap() else {
        panic!()
    };
    assert!(entry.is_empty());
    asked.kiosk.batch(&[press(Modifiers::empty(), false)]);
    asked.kiosk.wait(Duration::from_millis(200));
    let vestibule::session::State::SignedOut { entry, .. } = testing::state(&asked.kiosk.app).unwrap() else {
        panic!()
    };
    assert!(!entry.is_empty());
}

fn at_doors(count: u64) -> Asked {
    let mut asked = asked(Ok(welcome(count)));
    asked.kiosk.type_pin("123456");
    asked.kiosk.wait(Duration::from_millis(450));
    let _ = asked.told();
    asked
}

#[test]
fn a_door_opens_when_the_finger_is_lifted_on_it() {
    let mut asked = at_doors(3);
    let door = asked.kiosk.find("Door 2").unwrap();
    asked.kiosk.batch(&[pressed(0, door), lifted(0, door)]);
    assert_eq!(asked.told(), ["unlock 2"]);
    assert!(asked.kiosk.shows("Accepted"));
}

#[test]
fn sliding_off_a_door_cancels() {
    let mut asked = at_doors(3);
    let (two, three) = (asked.kiosk.find("Door 2").unwrap(), asked.kiosk.find("Door 3").unwrap());
    asked.kiosk.batch(&[pressed(0, two), moved(0, three), lifted(0, three)]);
    asked.kiosk.batch(&[pressed(0, two), moved(0, three), moved(0, two), lifted(0, two)]);
    assert!(asked.told().is_empty());
}

/// F30: two fingers on two doors send one unlock.
#[test]
fn two_fingers_on_two_doors_open_one() {
    let mut asked = at_doors(3);
    let (two, three) = (asked.kiosk.find("Door 2").unwrap(), asked.kiosk.find("Door 3").unwrap());
    asked.kiosk.batch(&[pressed(0, two), pressed(1, three), lifted(0, two), lifted(1, three)]);
    assert_eq!(asked.told(), ["unlock 2"]);
}

/// T20, R27: a scan while a finger is on a door starts an identification and unlocks nothing.
#[test]
fn a_scan_while_a_door_is_pressed_unlocks_nothing() {
    let mut asked = at_doors(3);
    let door = asked.kiosk.find("Door 2").unwrap();
    asked.kiosk.batch(&[pressed(0, door)]);
    asked.kiosk.scan("0012345678");
    assert_eq!(asked.told(), ["0012345678"], "only an identification");
}

#[test]
fn more_doors_than_fit_are_on_further_pages() {
    let mut asked = at_doors(30);
    let on_page =
        |kiosk: &Kiosk| -> Vec<String> { kiosk.texts().into_iter().filter(|text| text.starts_with("Door ")).collect() };
    let all: Vec<String> = (1..=30).map(|door| format!("Door {door}")).collect();
    let (first, mut seen) = (on_page(&asked.kiosk), Vec::new());
    let pages = all.len().div_ceil(first.len());
    assert!((2..=5).contains(&pages));
    for page in 1..=pages {
        assert!(asked.kiosk.shows(&format!("{page}/{pages}")));
        seen.extend(on_page(&asked.kiosk));
        asked.kiosk.tap(&Icon::ChevronRight.character().to_string());
    }
    assert_eq!((seen, on_page(&asked.kiosk)), (all, first), "each door once, then the first page again");
    asked.kiosk.tap(&Icon::ChevronLeft.character().to_string());
    assert!(asked.kiosk.shows("Door 30"), "paging back wraps around");
}

/// With many doors the search offers only letters that continue a match.
#[test]
fn one_of_many_doors_is_found_by_the_letters_of_its_name() {
    let mut asked = at_doors(30);
    asked.kiosk.tap(&Icon::Search.character().to_string());
    let keys = |kiosk: &Kiosk| {
        kiosk.texts().into_iter().filter(|text| text.chars().count() == 1 && text.is_ascii()).collect::<String>()
    };
    assert!(keys(&asked.kiosk).starts_with("123456789D"), "{:?}", asked.kiosk.texts());
    asked.kiosk.tap("2");
    asked.kiosk.wait(Duration::from_millis(450));
    asked.kiosk.tap("7");
    assert!(asked.kiosk.shows("Door 27") && !asked.kiosk.shows("Door 2"), "{:?}", asked.kiosk.texts());
    asked.kiosk.tap("Door 27");
    asked.kiosk.wait(Duration::from_millis(450));
    asked.kiosk.tap("Door 27");
    assert_eq!(asked.told(), ["unlock 27"], "a tap on a tile that has just moved is dropped");
}

#[test]
fn the_warning_has_a_button_that_extends_the_visit() {
    let mut asked = at_doors(1);
    assert!(!asked.kiosk.shows(&english().say("still-here")));
    asked.kiosk.tap("Door 1");
    let left = |kiosk: &Kiosk, seconds| kiosk.shows(&english().signing_out(Duration::from_secs(seconds)));
    assert!(left(&asked.kiosk, 8), "8 s remain after an unlock");
    assert!(!asked.kiosk.shows(&english().say("still-here")), "the way back extends the visit too");
    // The outcome closes by itself.
    asked.kiosk.wait(Duration::from_millis(6_100));
    asked.kiosk.tap(&english().say("still-here"));
    assert!(!asked.kiosk.shows(&english().say("still-here")));
    asked.kiosk.wait(Duration::from_millis(450));
    asked.kiosk.tap("Door 1");
    asked.kiosk.wait(Duration::from_millis(450));
    asked.kiosk.tap(&english().say("other-doors"));
    assert!((1..=8).all(|seconds| !left(&asked.kiosk, seconds)), "no countdown any more");
}

#[test]
fn no_pointer_is_shown_on_a_key_a_door_or_beside_them() {
    use iced::mouse::Interaction;
    let mut asked = asked(Ok(welcome(3)));
    let (key, beside) = (asked.key('5'), Point::new(5.0, 5.0));
    assert_eq!(
        (asked.kiosk.pointer_at(key), asked.kiosk.pointer_at(beside)),
        (Interaction::Hidden, Interaction::Hidden)
    );
    asked.kiosk.type_pin("123456");
    let door = asked.kiosk.find("Door 2").unwrap();
    assert_eq!(asked.kiosk.pointer_at(door), Interaction::Hidden);
}

/// All keys, tiles and prompts are on the screen at five common panel sizes.
#[test]
fn every_key_and_tile_is_on_the_screen_at_every_size() {
    for (width, height) in [(800.0, 480.0), (1280.0, 800.0), (1920.0, 1080.0), (1080.0, 1920.0), (480.0, 800.0)] {
        let size = Size::new(width, height);
        let mut asked = asked_on(Ok(welcome(9)), size);
        for digit in "0123456789".chars() {
            let at = asked.key(digit);
            assert!(0.0 < at.x && at.x < width && 0.0 < at.y && at.y < height, "{digit} at {width}x{height}");
        }
        assert!(asked.kiosk.shows(&english().say("prompt")), "{width}x{height}");
        asked.kiosk.type_pin("123456");
        let on_page = |kiosk: &Kiosk| kiosk.texts().iter().filter(|text| text.starts_with("Door ")).count();
        assert!(4 <= on_page(&asked.kiosk), "{width}x{height}: {:?}", asked.kiosk.texts());
        for door in 1..=9 {
            if !asked.kiosk.shows(&format!("Door {door}")) {
                asked.kiosk.tap(&Icon::ChevronRight.character().to_string());
                asked.kiosk.wait(Duration::from_millis(450));
            }
            assert!(asked.kiosk.shows(&format!("Door {door}")), "{door} at {width}x{height}");
        }
        assert!(asked.kiosk.shows(&english().say("sign-out")), "{width}x{height}");
    }
}

#[test]
fn a_kiosk_that_cannot_work_says_so_and_whom_to_call() {
    let what = "`kiosk.toml`, line 3: `kiosk.nmae` is not a key".to_owned();
    let mut kiosk = Kiosk::new(Start::Broken { what: what.clone(), phone: "555 0100".into() }, WIDE);
    kiosk.send(Message::Session(session::Event::Ticked));
    for text in [&english().say("out-of-order"), &english().say("use-a-card"), "555 0100", what.as_str()] {
        assert!(kiosk.shows(text), "{text}");
    }
}
