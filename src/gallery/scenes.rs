//! The scenes: every screen of the kiosk in every state, with sample data.

use std::time::{Duration, Instant};

use super::{sample, stage::Stage};
use crate::{
    door::{Code, DoorId, Outcome, Reason},
    outage::Outage,
    screen::sign_in::{NewBadge, SecondPerson},
    session::{Denial, Event, reader::Key},
    staff::{Read, Scan},
};

/// A screen in one state.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// Its name. Scenes are ordered by it.
    pub name: &'static str,
    /// Whether it is a reception desk.
    pub is_desk: bool,
    prepare: fn(&mut Stage),
}

impl Scene {
    /// Leads a kiosk to this scene. `None` if the sample configuration is not valid.
    pub fn stage(&self, now: Instant) -> Option<Stage> {
        let mut stage = Stage::new(self.is_desk, now)?;
        (self.prepare)(&mut stage);
        Some(stage)
    }

    /// The scene with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SCENES.iter().find(|scene| scene.name == name)
    }
}

const fn wall(name: &'static str, prepare: fn(&mut Stage)) -> Scene {
    Scene { name, is_desk: false, prepare }
}

const fn desk(name: &'static str, prepare: fn(&mut Stage)) -> Scene {
    Scene { name, is_desk: true, prepare }
}

/// All scenes.
pub const SCENES: &[Scene] = &[
    wall("00-dim", |stage| {
        stage.give(Event::Ticked);
        stage.wait(Duration::from_secs(61));
    }),
    wall("01-rest", |_| {}),
    wall("01-rest-demo", |stage| stage.show_samples(sample::staff())),
    wall("02-badge-number", |stage| {
        stage.give(Event::SwitchTouched);
        stage.type_digits(8);
    }),
    wall("02-typing", |stage| stage.type_digits(3)),
    wall("03-checking", |stage| stage.type_digits(6)),
    wall("04-doors", |stage| stage.sign_in("Ada", sample::six())),
    wall("04-doors-asks", |stage| {
        stage.sign_in("Ada", sample::doors(9));
        stage.give(Event::DoorTouched(DoorId::new(103)));
    }),
    wall("04-doors-badge-not-read", |stage| {
        stage.sign_in("Ada", sample::six());
        stage.give(Event::Scanned(Scan { reader: "serial".to_owned(), read: Read::Garbled }));
    }),
    wall("04-doors-found", |stage| {
        stage.sign_in("Ada", sample::doors(30));
        "bu".chars().for_each(|letter| stage.give(Event::LetterTouched(letter)));
    }),
    wall("04-doors-letters", |stage| {
        stage.sign_in("Ada", sample::doors(30));
        stage.give(Event::FindTouched);
    }),
    wall("04-doors-many", |stage| stage.sign_in("Ada", sample::doors(30))),
    wall("04-doors-nine", |stage| stage.sign_in("Ada", sample::doors(9))),
    wall("04-doors-none", |stage| stage.sign_in("Ada", Vec::new())),
    wall("04-doors-typed", |stage| {
        stage.sign_in("Ada", sample::six());
        stage.give(Event::KeyPressed(Key::typed('2')));
        stage.tick();
    }),
    wall("05-one-door", |stage| stage.sign_in("Grace", sample::doors(1))),
    wall("06-sending", |stage| tapped(stage, None)),
    wall("07-accepted", |stage| tapped(stage, Some(Outcome::Accepted))),
    wall("07-opened", |stage| tapped(stage, Some(Outcome::Opened))),
    wall("08-refused", |stage| tapped(stage, Some(refused(403, "34ffaa")))),
    wall("08-refused-too-fast", |stage| tapped(stage, Some(refused(429, "")))),
    wall("09-no-answer", |stage| tapped(stage, Some(Outcome::Unknown(None)))),
    wall("09-not-sent", |stage| tapped(stage, Some(Outcome::NotSent))),
    wall("09-still-closed", |stage| tapped(stage, Some(Outcome::StillClosed))),
    wall("10-warning", |stage| {
        stage.sign_in("Ada", sample::six());
        stage.until_left(Duration::from_millis(7_900));
    }),
    wall("10-warning-many", |stage| {
        stage.sign_in("Ada", sample::doors(30));
        stage.until_left(Duration::from_millis(7_900));
    }),
    wall("11-too-many", |stage| {
        for _ in 0..10 {
            stage.type_digits(6);
            stage.answer(Err(Denial::NotKnown));
        }
        stage.wait(Duration::from_secs(28));
    }),
    wall("12-denied", |stage| {
        stage.type_digits(6);
        stage.answer(Err(Denial::NotKnown));
    }),
    wall("12-denied-not-here", |stage| {
        stage.type_digits(6);
        stage.answer(Err(Denial::NotHere));
    }),
    wall("12-key-stuck", |stage| {
        for key in [Key::Chord, Key::Chord, Key::Chord, Key::Chord, Key::Enter] {
            stage.give(Event::KeyPressed(key));
        }
    }),
    wall("12-network", |stage| stage.lose_network(Outage::Unreachable)),
    wall("12-reader-missing", Stage::lose_reader),
    desk("13-desk", |stage| stage.sign_in("Ada", sample::sixty())),
    desk("13-desk-asks", |stage| {
        stage.sign_in("Ada", sample::sixty());
        stage.give(Event::DoorTouched(DoorId::new(127)));
    }),
    desk("13-desk-opened", |stage| {
        stage.sign_in("Ada", sample::sixty());
        stage.tap(DoorId::new(101), Some(Outcome::Opened));
    }),
    desk("13-desk-rest", |_| {}),
    desk("13-desk-search", |stage| {
        stage.sign_in("Ada", sample::sixty());
        for letter in "stu".chars() {
            stage.give(Event::KeyPressed(Key::typed(letter)));
            stage.tick();
        }
    }),
    desk("13-desk-typed", |stage| {
        stage.sign_in("Ada", sample::sixty());
        for digit in "41".chars() {
            stage.give(Event::KeyPressed(Key::typed(digit)));
            stage.tick();
        }
    }),
    wall("14-technician", |stage| stage.technician(sample::report())),
    wall("14-technician-fleet", |stage| stage.technician(sample::report_of_fleet())),
    wall("14-technician-pin", Stage::hold_clock),
    wall("14-technician-refused", |stage| {
        stage.technician(sample::report());
        let why =
            "the configuration is refused: `/etc/vestibule/kiosk.toml`, line 64: `session.idle_secs` is not a key";
        stage.give(Event::ReloadRefused(why.to_owned()));
    }),
    wall("15-out-of-order", |stage| {
        stage.break_down(
            "`kiosk.toml`, line 14: `display.theme` is `drak`, but must be \"dark\", \"light\" or \"contrast\"",
        );
    }),
    wall("16-second-person", |stage| {
        let (door, first) = ("Server room".to_owned(), "Ada".to_owned());
        stage.wait_for_second(SecondPerson { door, first, left: Duration::from_secs(38) });
    }),
    wall("17-new-badge", |stage| stage.offer_badge(NewBadge { ending: "5678".to_owned() })),
];

/// A tap on the first of six doors.
fn tapped(stage: &mut Stage, outcome: Option<Outcome>) {
    stage.sign_in("Ada", sample::six());
    stage.tap(DoorId::new(101), outcome);
}

fn refused(status: u16, code: &str) -> Outcome {
    Outcome::Refused(Reason::new(status, Code::new(Some(code))))
}
