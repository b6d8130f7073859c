//! Random events at random times: the rules of a visit must always hold.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::{
    reader::Key,
    rules::{BadgePolicy, SignInRules},
    tests::refused,
    visit::{Attempt, Welcome},
    *,
};
use crate::{
    door::{Door, DoorList, DoorRule, DoorState, Outcome},
    staff::{Digit, Read, Scan},
};

/// Number of sequences. Set `PROPTEST_CASES` for a longer run.
const CASES: u32 = 100_000;
/// Maximum number of steps in one sequence.
const STEPS: usize = 40;

/// A step of a sequence. What it answers is decided when it runs.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Event(Event),
    Pin,
    Scan(u8),
    /// A badge at one of two readers with a wire of their own, or something that is none.
    Wired(bool, Option<u8>),
    /// A scan of a keyboard-like reader, with a badge at a wired one in its middle.
    Both(u8, u8),
    Identify(Answer, bool),
    Unlock(Outcome, bool),
    Doors(u8),
    NotListed(Denial),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Person(u8),
    Same,
    NeedsPin,
    Technician,
    Denied,
}

fn door(id: u64) -> Door {
    let state = if id.is_multiple_of(7) { DoorState::LockedDown(None) } else { DoorState::Ready };
    Door {
        id: DoorId::new(id),
        name: format!("Door {id}"),
        place: None,
        state,
        kisi_name: String::new(),
        allowance: None,
    }
}

/// Person `n` has the doors `10 n` to `10 n + 4`.
fn doors(person: u8) -> Vec<Door> {
    (0..5).map(|n| door(u64::from(person) * 10 + n)).collect()
}

fn step() -> impl Strategy<Value = Step> {
    let waits = prop_oneof![0_u64..60, 100_u64..1_000, 5_000_u64..12_000, Just(20_000), Just(45_000), Just(180_000)];
    let digit = (0_usize..10).prop_map(|n| Digit::ALL[n]);
    let key = prop_oneof![
        (b'0'..=b'z').prop_map(|byte| Key::typed(char::from(byte))),
        Just(Key::Enter),
        Just(Key::Tab),
        Just(Key::Backspace),
        Just(Key::Escape)
    ];
    let event = prop_oneof![
        3 => digit.prop_map(Event::DigitTouched),
        1 => Just(Event::BackTouched),
        1 => Just(Event::EnterTouched),
        1 => Just(Event::SwitchTouched),
        3 => key.prop_map(Event::KeyPressed),
        8 => (0_u64..45).prop_map(|id| Event::DoorTouched(DoorId::new(id))),
        4 => (0_u64..45).prop_map(|id| Event::DoorHeld(DoorId::new(id))),
        3 => (0_u64..45).prop_map(|id| Event::DoorReleased(DoorId::new(id))),
        2 => Just(Event::StillHereTouched),
        1 => Just(Event::OutcomeDismissed),
        1 => Just(Event::FindTouched),
        1 => (b'a'..=b'z').prop_map(|byte| Event::LetterTouched(char::from(byte))),
        1 => Just(Event::SignOutTouched),
        1 => Just(Event::ClockTouched),
        1 => Just(Event::ClockReleased),
        1 => prop_oneof![Just(technician::TechnicianAction::Reload), Just(technician::TechnicianAction::RestoreGuesses), Just(technician::TechnicianAction::Leave)].prop_map(Event::TechnicianActionChosen),
        1 => Just(Event::ReloadRefused("line 3".to_owned())),
        2 => Just(Event::Ticked),
    ];
    let answer = prop_oneof![
        6 => (0_u8..4).prop_map(Answer::Person),
        1 => Just(Answer::Same),
        1 => Just(Answer::NeedsPin),
        1 => Just(Answer::Technician),
        1 => Just(Answer::Denied),
    ];
    let outcome = prop_oneof![
        3 => Just(Outcome::Accepted),
        1 => Just(refused()),
        1 => Just(Outcome::NotSent),
        1 => Just(Outcome::NotRecorded),
        1 => Just(Outcome::Unknown(None)),
    ];
    prop_oneof![
        5 => waits.prop_map(Step::Wait),
        8 => event.prop_map(Step::Event),
        3 => Just(Step::Pin),
        2 => (0_u8..4).prop_map(Step::Scan),
        2 => (any::<bool>(), proptest::option::weighted(0.8, 0_u8..4)).prop_map(|(first, person)| Step::Wired(first, person)),
        1 => (0_u8..4, 0_u8..4).prop_map(|(typed, wired)| Step::Both(typed, wired)),
        6 => (answer, any::<bool>()).prop_map(|(answer, is_stale)| Step::Identify(answer, is_stale)),
        3 => (outcome, any::<bool>()).prop_map(|(outcome, is_stale)| Step::Unlock(outcome, is_stale)),
        1 => (0_u8..4).prop_map(Step::Doors),
        1 => prop_oneof![Just(Denial::LoginDead), Just(Denial::Network(crate::outage::Outage::NoAnswer))].prop_map(Step::NotListed),
    ]
}

/// A model of the rules, checked against the session after every event.
struct Model {
    session: Session,
    now: Instant,
    asked: Vec<SessionId>,
    /// The session that may use the technician's screen.
    technician: Option<SessionId>,
    requests: Vec<RequestId>,
    alive: HashSet<SessionId>,
    unanswered: HashSet<RequestId>,
    began: Instant,
    /// Guesses spent, minus those given back.
    guesses: u64,
    /// The number of guesses on disk.
    kept: u32,
}

impl Model {
    fn new(policy: BadgePolicy) -> Self {
        #[expect(clippy::disallowed_methods, reason = "any start will do, and an Instant cannot be made otherwise")]
        let now = Instant::now();
        let usual = super::tests::rules();
        let rules = Rules {
            sign_in: SignInRules { badge: policy, ..usual.sign_in },
            confirm: vec![DoorRule::Name("Door 11".to_owned())],
            dim_after: Duration::from_mins(2),
            languages: vec![crate::language::Language::En],
            are_unlocks_counted: true,
            ..usual
        };
        Self {
            session: Session::new(rules),
            now,
            asked: Vec::new(),
            technician: None,
            requests: Vec::new(),
            alive: HashSet::new(),
            unanswered: HashSet::new(),
            began: now,
            guesses: 0,
            kept: 10,
        }
    }

    fn send(&mut self, event: Event) {
        let before = self.signed_in().map(|visit| (visit.session, visit.deadline()));
        let effects = self.session.handle(event, self.now);
        for effect in effects {
            #[expect(clippy::wildcard_enum_match_arm, reason = "the other effects break no rule of the model")]
            match effect {
                Effect::Follow(session, ..)
                | Effect::ReadBack(session, _)
                | Effect::List(session)
                | Effect::Recount(session) => {
                    assert!(self.alive.contains(&session), "a session that is over");
                }
                Effect::KeepBudget(left) => {
                    assert_eq!(left, self.session.budget().left());
                    self.kept = left;
                }
                Effect::Identify(session, _, asked) => {
                    self.asked.push(session);
                    if let Some(left) = asked.guesses_left {
                        self.kept = left;
                        self.guesses += 1;
                    }
                }
                Effect::Technician(session, step) => {
                    assert_eq!(self.technician, Some(session), "a step without a technician");
                    if step == technician::TechnicianAction::RestoreGuesses {
                        (self.guesses, self.began) = (0, self.now);
                    }
                }
                Effect::CheckPlaces(session) => {
                    let _ = self.alive.insert(session);
                    assert_eq!(self.session.state().visit().unwrap().session, session);
                }
                Effect::Forget(session, _) => {
                    let _ = self.alive.remove(&session);
                    let _ = self.technician.take_if(|technician| *technician == session);
                }
                Effect::Unlock(session, request, door) => {
                    let (open, deadline) = before.expect("an unlock without a session");
                    assert_eq!(session, open, "an unlock in another session");
                    assert!(self.alive.contains(&session), "an unlock in a session that was forgotten");
                    assert!(self.now < deadline, "an unlock after the deadline");
                    let visit = self.signed_in().expect("an unlock without a session");
                    assert!(visit.welcome.doors.iter().any(|known| known.id == door), "a door of somebody else");
                    assert!(self.unanswered.is_empty(), "two open attempts");
                    let _ = self.unanswered.insert(request);
                    self.requests.push(request);
                }
                _ => {}
            }
        }
        // A request counts as open only as long as the session waits for it.
        let open = match self.signed_in().map(|visit| visit.attempt) {
            Some(Attempt::Opening(request, ..)) => Some(request),
            _ => None,
        };
        let is_interrupted = self.is_checking();
        self.unanswered.retain(|request| Some(*request) == open || is_interrupted);
        assert_eq!(self.kept, self.session.budget().left(), "the disk and the session disagree");
        assert!(self.alive.len() <= 1, "two sessions");
        assert!(self.session.deadline().is_none_or(|deadline| self.now < deadline), "a deadline that was not handled");
    }

    fn signed_in(&self) -> Option<&Visit> {
        if let State::SignedIn(visit) = self.session.state() { Some(visit) } else { None }
    }

    fn is_checking(&self) -> bool {
        matches!(self.session.state(), State::Checking { visit: Some(_), .. })
    }

    /// Types a badge as a reader does, with another one at a wired reader in its middle.
    fn scan(&mut self, person: u8, wired: Option<u8>) {
        for (index, c) in format!("000{person}").chars().enumerate() {
            self.now += Duration::from_millis(4);
            self.send(Event::KeyPressed(Key::typed(c)));
            if index == 2 && wired.is_some() {
                self.wired(true, wired);
            }
        }
        self.send(Event::KeyPressed(Key::Enter));
    }

    fn wired(&mut self, first: bool, person: Option<u8>) {
        let reader = if first { "serial" } else { "pcsc" }.to_owned();
        let read = person.map_or(Read::Garbled, |person| Read::Number(format!("000{person}")));
        self.send(Event::Scanned(Scan { reader, read }));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait(ms) => {
                self.now += Duration::from_millis(ms);
                self.send(Event::Ticked);
            }
            Step::Event(event) => self.send(event),
            Step::Pin => (0..6).for_each(|n| self.send(Event::DigitTouched(Digit::ALL[n]))),
            Step::Scan(person) => self.scan(person, None),
            Step::Wired(first, person) => self.wired(first, person),
            Step::Both(typed, wired) => self.scan(typed, Some(wired)),
            Step::Identify(answer, is_stale) => {
                let which = if is_stale { self.asked.first() } else { self.asked.last() };
                let Some(session) = which.copied() else { return };
                // Only a wrong entry costs a guess.
                let before = self.session.budget().left();
                let answer = match answer {
                    Answer::Person(person) => {
                        let (name, doors) = (format!("Person {person}"), doors(person));
                        Ok(Identity::Person(Welcome { name, doors, language: None, incomplete: false }))
                    }
                    Answer::Same => Ok(Identity::Same),
                    Answer::NeedsPin => Ok(Identity::NeedsPin),
                    Answer::Technician => {
                        let report = technician::HealthReport {
                            facts: Vec::new(),
                            fleet: None,
                            last: Vec::new(),
                            diagnostics: String::new(),
                        };
                        Ok(Identity::Technician(Box::new(report)))
                    }
                    Answer::Denied => Err(Denial::NotKnown),
                };
                let is_technician = matches!(answer, Ok(Identity::Technician(_)));
                let waits = matches!(self.session.state(), State::Checking { session: asked, until, .. } if *asked == session && self.now < *until);
                if is_technician && waits {
                    self.technician = Some(session);
                }
                self.send(Event::Identified(session, answer));
                self.guesses -= u64::from(before < self.session.budget().left()).min(self.guesses);
                let refilled = (self.now - self.began).as_secs() / 360;
                assert!(self.guesses <= 10 + refilled, "more guesses than the bucket allows");
            }
            Step::Unlock(outcome, is_stale) => {
                let which = if is_stale { self.requests.first() } else { self.requests.last() };
                if let Some(request) = which.copied() {
                    self.send(Event::UnlockAnswered(request, outcome));
                }
            }
            Step::NotListed(why) => {
                if let Some(session) = self.asked.last().copied() {
                    self.send(Event::DoorsNotListed(session, why));
                }
            }
            Step::Doors(person) => {
                if let Some(session) = self.asked.last().copied() {
                    self.send(Event::DoorsListed(session, DoorList { doors: doors(person), incomplete: false }));
                }
            }
        }
    }
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// T11. No unlock without a live session, none for a door outside its list, never two open attempts, and every wait
    /// ends.
    #[test]
    fn whatever_happens_the_rules_of_a_visit_hold(
        policy in prop_oneof![3 => Just(BadgePolicy::Alone), 1 => Just(BadgePolicy::WithPin), 1 => Just(BadgePolicy::Off)],
        steps in proptest::collection::vec(step(), 1..STEPS),
    ) {
        let mut model = Model::new(policy);
        for step in steps {
            model.take(step);
        }
        for _ in 0..10 {
            model.now += Duration::from_mins(1);
            model.send(Event::Ticked);
        }
        // Keys are judged by ticks that come often.
        for _ in 0..80 {
            model.now += Duration::from_millis(25);
            model.send(Event::Ticked);
        }
        model.now += Duration::from_mins(1);
        model.send(Event::Ticked);
        let is_at_rest = matches!(model.session.state(), State::SignedOut { denial: None, .. });
        prop_assert!(is_at_rest, "the kiosk did not come to rest");
        prop_assert_eq!(model.session.deadline(), None);
        prop_assert!(!model.session.hears_keys());
        prop_assert!(model.alive.is_empty(), "a session that was not forgotten");
    }
}
