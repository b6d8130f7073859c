//! The state machine of the kiosk: a visit from the first key to the sign-out. It reads no clock and does nothing by itself:
//! events and the time go in, effects come out.

pub mod budget;
pub mod cue;
pub mod entry;
pub mod event;
mod follow;
mod lost;
pub mod reader;
pub mod rules;
mod sign_in;
mod sleep;
mod state;
pub mod technician;
pub mod visit;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use self::{
    budget::Budget,
    entry::Entry,
    reader::{Heard, Key, Reader},
    rules::{KeyboardPolicy, Rules},
    sleep::Sleep,
    visit::Visit,
};
pub use self::{
    event::{Asked, Denial, Effect, Ended, Event, Identity, Presented, RequestId, SessionId},
    state::State,
};
use crate::{
    door::{Door, DoorId},
    language::Language,
    staff::{Badge, Digit},
};

/// A refusal stays on the screen for this long, unless somebody types. Our choice.
const DENIAL: Duration = Duration::from_secs(8);
/// A language that was chosen is spoken for so long while nobody signs in. Our choice.
const LANGUAGE: Duration = Duration::from_secs(30);
/// A check that takes longer has failed. The agent gives up before.
const CHECK: Duration = Duration::from_secs(20);

/// The rules of a visit, and where it stands.
#[derive(Debug)]
pub struct Session {
    rules: Rules,
    state: State,
    reader: Reader,
    budget: Budget,
    last_scan: Option<(Badge, Instant)>,
    last_id: u64,
    /// What somebody chose, and until when it holds while nobody is signed in.
    language: Option<(Language, Instant)>,
    sleep: Sleep,
    /// A finger is on the clock, and when that is long enough.
    held_until: Option<Instant>,
}

impl Session {
    /// A kiosk at rest.
    pub fn new(rules: Rules) -> Self {
        let (state, budget) = (State::rest(&rules, None), Budget::full(rules.budget));
        Self {
            rules,
            state,
            reader: Reader::new(),
            budget,
            last_scan: None,
            last_id: 0,
            language: None,
            sleep: Sleep::default(),
            held_until: None,
        }
    }

    /// The same with the guesses that were left when the program ended.
    #[must_use]
    pub fn with_guesses(self, left: u32, now: Instant) -> Self {
        Self { budget: Budget::restored(self.rules.budget, left, now), ..self }
    }

    /// The guesses at the keypad.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What the screen shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the site decided.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the screen speaks.
    pub fn language(&self) -> Language {
        self.language.map_or_else(|| self.rules.language(), |(language, _)| language)
    }

    /// Whether the screen is dim: nobody has been there for a while.
    pub fn is_dim(&self) -> bool {
        self.sleep.is_dim
    }

    /// How long somebody still has, once the last part of it began: the countdown of the warning.
    pub fn warning(&self, now: Instant) -> Option<Duration> {
        let State::SignedIn(visit) = &self.state else { return None };
        let left = visit.deadline().saturating_duration_since(now);
        (left <= self.rules.warning).then_some(left)
    }

    /// Whether keys wait for a verdict. While they do, and while there is a [`Self::deadline`], send [`Event::Ticked`] often;
    /// more often is always fine.
    pub fn hears_keys(&self) -> bool {
        self.reader.is_waiting()
    }

    /// Whether keys wait for a verdict, or the clock is held for the technician: nothing may begin anew in between.
    pub fn is_busy(&self) -> bool {
        self.hears_keys() || self.held_until.is_some()
    }

    /// The next moment at which something changes by itself.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::SignedOut { denial, gone_at, .. } => {
                let spoken = self.language.map(|(_, until)| until);
                let dims = self.sleep.dims();
                denial
                    .map(|(_, until)| until)
                    .into_iter()
                    .chain(*gone_at)
                    .chain(spoken)
                    .chain(dims)
                    .chain(self.held_until)
                    .min()
            }
            State::Checking { until, visit, .. } => {
                Some(visit.as_ref().map_or(*until, |visit| visit.deadline().min(*until)))
            }
            State::Technician(technician) => Some(technician.until),
            State::SignedIn(visit) => {
                Some(visit.attempt_until().map_or(visit.deadline(), |until| until.min(visit.deadline())))
            }
        }
    }

    /// Takes one event and says what to do about it.
    ///
    /// An event that does not fit the state changes nothing and asks for nothing. It is always fine to send [`Event::Ticked`].
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.budget.refill(now) {
            effects.push(Effect::KeepBudget(self.budget.left()));
        }
        if self.wake(&event, now) {
            effects.extend(self.step(event, now));
        }
        if !matches!(self.state, State::SignedOut { .. }) {
            self.held_until = None;
        }
        effects
    }

    /// Whoever is there keeps the screen awake. Says whether the event means anything besides.
    fn wake(&mut self, event: &Event, now: Instant) -> bool {
        let is_at_rest = matches!(self.state, State::SignedOut { .. });
        self.sleep.heard(event, is_at_rest, self.rules.dim_after, now)
    }

    fn step(&mut self, event: Event, now: Instant) -> Vec<Effect> {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            let effects = self.expire(now);
            if !effects.is_empty() {
                return effects;
            }
        }
        match event {
            Event::Ticked => {
                let heard = self.reader.tick(now);
                self.hear(heard, now)
            }
            Event::KeyPressed(key) => {
                let begins = !self.reader.is_waiting() && self.is_at_rest();
                let heard = self.reader.take(key, now);
                let mut effects = self.hear(heard, now);
                if begins && effects.is_empty() {
                    effects.push(Effect::Prepare);
                }
                effects
            }
            Event::WakeTouched | Event::Pong => Vec::new(),
            Event::ClockTouched => self.hold_clock(now),
            Event::ClockReleased => self.let_clock_go(),
            Event::StepTouched(step) => self.step_touched(step),
            Event::ReloadRefused(why) => self.reload_refused(why),
            Event::DigitTouched(digit) => self.digit(digit, now),
            Event::BackTouched => self.back(now),
            Event::EnterTouched => self.enter(now),
            Event::SwitchTouched => self.switch(now),
            Event::LanguageTouched(language) => self.speak(language, now),
            Event::DoorTouched(door) => self.door(door, now),
            Event::PageTurned(pages) => self.turn(pages, now),
            Event::OutcomeDismissed => self.visited(|visit, rules| visit.dismiss(rules, now)),
            Event::FindTouched => self.visited(|visit, rules| visit.toggle_find(rules, now)),
            Event::LetterTouched(letter) => self.visited(|visit, rules| visit.type_letter(letter, rules, now)),
            Event::StillHereTouched => self.visited(|visit, rules| visit.touch(rules, now)),
            Event::SignOutTouched => self.sign_out(Ended::SignedOut),
            Event::StepRecorded(session, step) => self.step_recorded(session, step),
            Event::AgentRestarted => self.agent_restarted(now),
            Event::Barred(session) => self.barred(session, now),
            Event::Identified(session, answer) => self.identified(session, answer, now),
            Event::DoorsListed(session, doors) => self.listed(session, doors, now),
            Event::UnlockRecorded(request, record) => self.visited(|visit, _| visit.recorded(request, record)),
            Event::LookedAt(request, outcome) => {
                if let State::SignedIn(visit) | State::Checking { visit: Some(visit), .. } = &mut self.state {
                    visit.looked_at(request, outcome, now);
                }
                Vec::new()
            }
            Event::UnlockAnswered(request, outcome) => {
                let (State::SignedIn(visit) | State::Checking { visit: Some(visit), .. }) = &mut self.state else {
                    return Vec::new();
                };
                let door = visit.answer(request, outcome, &self.rules, now);
                door.map_or_else(Vec::new, |door| follow::after(request, door, outcome, visit.session, &self.rules))
            }
        }
    }

    fn listed(&mut self, session: SessionId, doors: Vec<Door>, now: Instant) -> Vec<Effect> {
        if let State::SignedIn(visit) | State::Checking { visit: Some(visit), .. } = &mut self.state
            && visit.session == session
        {
            visit.list(doors, now);
        }
        Vec::new()
    }

    /// The visit that is under way, or that a badge interrupts.
    fn visit(&self) -> Option<&Visit> {
        match &self.state {
            State::SignedIn(visit) | State::Checking { visit: Some(visit), .. } => Some(visit),
            State::SignedOut { .. } | State::Technician(_) | State::Checking { visit: None, .. } => None,
        }
    }

    fn is_at_rest(&self) -> bool {
        matches!(&self.state, State::SignedOut { entry, .. } if entry.is_empty())
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Expired time is handled once, before any event, so no touch can arrive "just after".
    fn expire(&mut self, now: Instant) -> Vec<Effect> {
        match &mut self.state {
            State::SignedOut { entry, denial, gone_at } => {
                self.language = self.language.filter(|(_, until)| now < *until);
                self.sleep.tick(now);
                if denial.is_some_and(|(_, until)| until <= now) {
                    *denial = None;
                }
                if gone_at.is_some_and(|at| at <= now) {
                    *entry = Entry::empty(&self.rules.sign_in);
                    *gone_at = None;
                }
                self.expire_hold(now);
                Vec::new()
            }
            State::Checking { session, visit, until, .. } => {
                let visit_ended = visit.as_ref().is_some_and(|visit| visit.deadline() <= now);
                let mut effects = vec![Effect::Forget(*session, Ended::Unfinished)];
                let interrupted = if visit_ended { Ended::Idle } else { Ended::OtherBadge };
                effects.extend(visit.as_ref().map(|visit| Effect::Forget(visit.session, interrupted)));
                let denial = (*until <= now || !visit_ended).then_some((Denial::TooSlow, now + DENIAL));
                self.state = State::rest(&self.rules, denial);
                effects
            }
            State::Technician(technician) if technician.until <= now => self.technician_leaves(Ended::Idle),
            State::Technician(_) => Vec::new(),
            State::SignedIn(visit) => {
                if visit.deadline() <= now {
                    let why = visit.ending();
                    return self.sign_out(why);
                }
                visit.expire(now);
                Vec::new()
            }
        }
    }

    fn hear(&mut self, heard: Vec<Heard>, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        for heard in heard {
            effects.extend(match heard {
                // A keyboard that somebody plugged in must not act in the visit of whoever signs in next.
                Heard::Digit(_) | Heard::Key(_) if self.rules.keyboard == KeyboardPolicy::Readers => Vec::new(),
                Heard::Digit(digit) => self.digit_key(digit, now),
                Heard::Key(Key::Backspace) => self.back_key(now),
                Heard::Key(Key::Enter) => self.enter_key(now),
                Heard::Key(Key::Escape) => self.escape(),
                Heard::Key(Key::Char('+')) => self.turn(1, now),
                Heard::Key(Key::Char('-')) => self.turn(-1, now),
                Heard::Key(Key::Char(letter)) => self.letter_key(letter, now),
                Heard::Key(Key::Tab) => Vec::new(),
                Heard::Scan(raw) => self.scanned(&raw.0, now),
            });
        }
        effects
    }

    fn door(&mut self, door: DoorId, now: Instant) -> Vec<Effect> {
        let request = RequestId(self.next_id());
        let State::SignedIn(visit) = &mut self.state else { return Vec::new() };
        visit.touch_door(door, &self.rules, request, now).into_iter().collect()
    }

    fn turn(&mut self, pages: i64, now: Instant) -> Vec<Effect> {
        self.visited(|visit, rules| visit.turn(pages, rules, now))
    }

    /// On a keypad doors have numbers. A key that was touched on the screen of before is no such key.
    fn digit_key(&mut self, digit: Digit, now: Instant) -> Vec<Effect> {
        if self.is_technicians() {
            return Vec::new();
        }
        let State::SignedIn(visit) = &mut self.state else { return self.digit(digit, now) };
        visit.type_digit(digit, &self.rules, now);
        Vec::new()
    }

    /// Where there is a whole keyboard, the name of a door is typed.
    fn letter_key(&mut self, letter: char, now: Instant) -> Vec<Effect> {
        if self.rules.keyboard != KeyboardPolicy::Desk {
            return Vec::new();
        }
        self.visited(|visit, rules| visit.type_letter(letter, rules, now))
    }

    fn back_key(&mut self, now: Instant) -> Vec<Effect> {
        let State::SignedIn(visit) = &mut self.state else { return self.back(now) };
        visit.take_back(&self.rules, now);
        Vec::new()
    }

    fn enter_key(&mut self, now: Instant) -> Vec<Effect> {
        if self.is_technicians() {
            return Vec::new();
        }
        let State::SignedIn(visit) = &mut self.state else { return self.enter(now) };
        let door = visit.typed_door(now);
        door.map_or_else(Vec::new, |door| self.door(door, now))
    }

    fn speak(&mut self, language: Language, now: Instant) -> Vec<Effect> {
        if matches!(self.state, State::SignedOut { .. }) && self.rules.languages.contains(&language) {
            self.language = Some((language, now + LANGUAGE));
        }
        Vec::new()
    }

    /// What only the visit that is under way is about.
    fn visited(&mut self, change: impl FnOnce(&mut Visit, &Rules)) -> Vec<Effect> {
        if let State::SignedIn(visit) = &mut self.state {
            change(visit, &self.rules);
        }
        Vec::new()
    }

    fn sign_out(&mut self, why: Ended) -> Vec<Effect> {
        let State::SignedIn(visit) = &self.state else { return self.technician_leaves(why) };
        let effects = vec![Effect::Forget(visit.session, why)];
        self.state = State::rest(&self.rules, None);
        // The next one is somebody else.
        self.language = None;
        effects
    }
}
