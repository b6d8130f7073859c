//! The kiosk's state machine: a visit from the first key to the sign-out. It reads no clock and does no I/O. Events and
//! the time go in, effects come out.

pub mod budget;
pub mod feedback;
pub mod entry;
pub mod event;
mod keyboard;
mod follow;
mod lost;
pub mod reader;
pub mod rules;
mod sign_in;
mod dimming;
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
    dimming::Dimming,
    entry::Entry,
    reader::Reader,
    rules::{KeyboardPolicy, Rules},
    visit::Visit,
};
pub use self::{
    event::{Asked, Denial, Effect, Ended, Event, Identity, Presented, RequestId, SessionId},
    state::State,
};
use crate::{door::DoorId, language::Language, staff::Badge};

/// A refusal stays on the screen for this long, unless somebody types. Our choice.
const DENIAL: Duration = Duration::from_secs(8);
/// A language chosen at rest applies for this long if nobody signs in. Our choice.
const LANGUAGE: Duration = Duration::from_secs(30);
/// A check without an answer fails after this. The agent gives up earlier.
const CHECK: Duration = Duration::from_secs(20);

/// The state of the kiosk, and the site's rules.
#[derive(Debug)]
pub struct Session {
    rules: Rules,
    state: State,
    reader: Reader,
    budget: Budget,
    /// Badges that were read a moment ago, and when they were read last.
    present: Vec<(Badge, Instant)>,
    last_id: u64,
    /// The chosen language, and when it expires if nobody is signed in.
    language: Option<(Language, Instant)>,
    dimming: Dimming,
    /// When the finger on the clock has held it long enough.
    held_until: Option<Instant>,
}

impl Session {
    /// Creates a kiosk at rest with a full budget of guesses.
    pub fn new(rules: Rules) -> Self {
        let (state, budget) = (State::rest(&rules, None), Budget::full(rules.budget));
        let reader = Reader::new(rules.reader);
        Self {
            rules,
            state,
            reader,
            budget,
            present: Vec::new(),
            last_id: 0,
            language: None,
            dimming: Dimming::default(),
            held_until: None,
        }
    }

    /// Restores the guesses that were left when the program ended.
    #[must_use]
    pub fn with_guesses(self, left: u32, now: Instant) -> Self {
        Self { budget: Budget::restored(self.rules.budget, left, now), ..self }
    }

    /// The shared budget of guesses at the keypad.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What the screen shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The site's rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The language of the screen: the chosen one, else the site's default.
    pub fn language(&self) -> Language {
        self.language.map_or_else(|| self.rules.language(), |(language, _)| language)
    }

    /// Whether the screen is dimmed because nobody has used it for a while.
    pub fn is_dim(&self) -> bool {
        self.dimming.is_dim
    }

    /// The time left in the visit, once it is short enough for the countdown.
    pub fn warning(&self, now: Instant) -> Option<Duration> {
        let State::SignedIn(visit) = &self.state else { return None };
        let left = visit.deadline().saturating_duration_since(now);
        (left <= self.rules.warning).then_some(left)
    }

    /// Whether keys are buffered until it is clear who typed them. While they are, and while there is a
    /// [`Self::deadline`], send [`Event::Ticked`] often. Extra ticks do no harm.
    pub fn hears_keys(&self) -> bool {
        self.reader.is_waiting()
    }

    /// Whether keys are buffered or a finger holds the clock. The kiosk must not be reloaded meanwhile.
    pub fn is_busy(&self) -> bool {
        self.hears_keys() || self.held_until.is_some()
    }

    /// The next instant at which the state changes without an event.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::SignedOut { denial, clears_at, .. } => {
                let spoken = self.language.map(|(_, until)| until);
                let dims = self.dimming.dims();
                denial
                    .map(|(_, until)| until)
                    .into_iter()
                    .chain(*clears_at)
                    .chain(spoken)
                    .chain(dims)
                    .chain(self.held_until)
                    .min()
            }
            State::Checking { until, visit, .. } => {
                Some(visit.as_ref().map_or(*until, |visit| visit.deadline().min(*until)))
            }
            State::Technician(technician) => Some(technician.until),
            State::SignedIn(visit) => Some(visit.next_change()),
        }
    }

    /// Handles one event and returns the effects to carry out.
    ///
    /// An event that does not fit the state changes nothing and returns no effects. [`Event::Ticked`] is always
    /// allowed.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.budget.refill(now) {
            effects.push(Effect::KeepBudget(self.budget.left()));
        }
        if self.wake(&event, now) {
            effects.extend(self.step(event, now));
            effects.extend(self.follow_list(now));
        }
        if !matches!(self.state, State::SignedOut { .. }) {
            self.held_until = None;
        }
        effects
    }

    /// Keeps the screen awake. Returns whether the event means anything besides that.
    fn wake(&mut self, event: &Event, now: Instant) -> bool {
        let is_at_rest = matches!(self.state, State::SignedOut { .. });
        self.dimming.heard(event, is_at_rest, self.rules.dim_after, now)
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
                self.read(heard, now)
            }
            Event::KeyPressed(key) => {
                let begins = !self.reader.is_waiting() && self.is_at_rest();
                let types_names = self.rules.keyboard == KeyboardPolicy::Desk && self.state.visit().is_some();
                let heard = self.reader.take(key, types_names, now);
                let mut effects = self.read(heard, now);
                if begins && effects.is_empty() && self.reader.is_waiting() {
                    effects.push(Effect::Prepare);
                }
                effects
            }
            Event::Scanned(scan) => self.scanned_by(&scan, now),
            Event::WakeTouched => Vec::new(),
            Event::ClockTouched => self.hold_clock(now),
            Event::ClockReleased => self.let_clock_go(),
            Event::TechnicianActionChosen(step) => self.step_touched(step),
            Event::ReloadRefused(why) => self.reload_refused(why),
            Event::DigitTouched(digit) => self.digit(digit, now),
            Event::BackTouched => self.back(now),
            Event::EnterTouched => self.enter(now),
            Event::SwitchTouched => self.switch(now),
            Event::LanguageTouched(language) => self.speak(language, now),
            Event::DoorTouched(door) => self.door(door, now),
            Event::DoorHeld(door) => self.visited(|visit, _| visit.hold(door, now)),
            Event::DoorReleased(door) => self.visited(|visit, _| visit.let_go(door)),
            Event::DoorFocused(door) => self.visited(|visit, rules| visit.focus(door, rules, now)),
            Event::PageTurned(pages) => self.turn(pages, now),
            Event::OutcomeDismissed => self.visited(|visit, rules| visit.dismiss(rules, now)),
            Event::FindTouched => self.visited(|visit, rules| visit.toggle_find(rules, now)),
            Event::LetterTouched(letter) => self.visited(|visit, rules| visit.type_letter(letter, rules, now)),
            Event::StillHereTouched => self.visited(|visit, rules| visit.touch(rules, now)),
            Event::SignOutTouched => self.sign_out(Ended::SignedOut),
            Event::TechnicianActionRecorded(session, step) => self.step_recorded(session, step),
            Event::AgentRestarted => self.agent_restarted(now),
            Event::AccessRevoked(session) => self.access_revoked(session, now),
            Event::Identified(session, answer) => self.identified(session, answer, now),
            Event::DoorsListed(session, list) => self.of(session, |visit| visit.list(list, now)),
            Event::DoorsNotListed(session, why) => self.of(session, |visit| visit.not_listed(why)),
            Event::UnlockRecorded(request, record) => self.told(|visit| visit.recorded(request, record)),
            Event::DoorSensorRead(request, outcome) => self.told(|visit| visit.sensor_read(request, outcome, now)),
            Event::UnlockAnswered(request, outcome) => {
                let Some(visit) = self.state.visit_mut() else { return Vec::new() };
                let door = visit.answer(request, outcome, &self.rules, now);
                door.map_or_else(Vec::new, |door| follow::after(request, door, outcome, visit.session, &self.rules))
            }
        }
    }

    /// Changes the visit of this session, even while the lookup of a badge interrupts it.
    fn of(&mut self, session: SessionId, change: impl FnOnce(&mut Visit)) -> Vec<Effect> {
        if let Some(visit) = self.state.visit_mut().filter(|visit| visit.session == session) {
            change(visit);
        }
        Vec::new()
    }

    /// Applies an agent event to the visit, even while the lookup of a badge interrupts it.
    fn told(&mut self, change: impl FnOnce(&mut Visit)) -> Vec<Effect> {
        if let Some(visit) = self.state.visit_mut() {
            change(visit);
        }
        Vec::new()
    }

    /// Whether nobody is signed in and nothing is typed.
    pub fn is_at_rest(&self) -> bool {
        matches!(&self.state, State::SignedOut { entry, .. } if entry.is_empty())
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Handles expired deadlines before each event, so that a late touch cannot act.
    fn expire(&mut self, now: Instant) -> Vec<Effect> {
        match &mut self.state {
            State::SignedOut { entry, denial, clears_at } => {
                self.language = self.language.filter(|(_, until)| now < *until);
                self.dimming.tick(now);
                if denial.is_some_and(|(_, until)| until <= now) {
                    *denial = None;
                }
                if clears_at.is_some_and(|at| at <= now) {
                    *entry = Entry::empty(&self.rules.sign_in);
                    *clears_at = None;
                }
                self.expire_hold(now);
                Vec::new()
            }
            State::Checking { session, visit, until, next, .. } => {
                let next = next.take();
                let visit_ended = visit.as_ref().is_some_and(|visit| visit.deadline() <= now);
                let mut effects = vec![Effect::Forget(*session, Ended::Unfinished)];
                let interrupted = if visit_ended { Ended::Idle } else { Ended::OtherBadge };
                effects.extend(visit.as_ref().map(|visit| Effect::Forget(visit.session, interrupted)));
                let denial = (*until <= now || !visit_ended).then_some((Denial::TooSlow, now + DENIAL));
                self.state = State::rest(&self.rules, denial);
                effects.extend(self.next_badge(next, now));
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

    fn door(&mut self, door: DoorId, now: Instant) -> Vec<Effect> {
        let request = RequestId(self.next_id());
        let State::SignedIn(visit) = &mut self.state else { return Vec::new() };
        visit.touch_door(door, &self.rules, request, now).into_iter().collect()
    }

    fn turn(&mut self, pages: i64, now: Instant) -> Vec<Effect> {
        self.visited(|visit, rules| visit.turn(pages, rules, now))
    }

    fn speak(&mut self, language: Language, now: Instant) -> Vec<Effect> {
        if matches!(self.state, State::SignedOut { .. }) && self.rules.languages.contains(&language) {
            self.language = Some((language, now + LANGUAGE));
        }
        Vec::new()
    }

    /// Changes the current visit, if somebody is signed in.
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
        // The next person may speak another language.
        self.language = None;
        effects
    }
}
