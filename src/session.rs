//! The state machine of the kiosk: a visit from the first key to the sign-out. It reads no clock and does nothing by itself:
//! events and the time go in, effects come out.

pub mod entry;
pub mod event;
pub mod reader;
pub mod rules;
mod state;
pub mod visit;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use self::{
    entry::Entry,
    reader::{Heard, Key, Reader},
    rules::{BadgePolicy, Rules},
    state::ENTRY,
    visit::Visit,
};
pub use self::{
    event::{Denial, Effect, Event, Identity, Presented, RequestId, SessionId},
    state::State,
};
use crate::{
    door::DoorId,
    staff::{Badge, Credential, Digit},
};

/// A refusal stays on the screen for this long, unless somebody types. Our choice.
const DENIAL: Duration = Duration::from_secs(8);
/// A check that takes longer has failed. The agent gives up before.
const CHECK: Duration = Duration::from_secs(20);
/// The same badge again within this is the reader reading twice (R28).
const SAME_SCAN: Duration = Duration::from_secs(2);

/// The rules of a visit, and where it stands.
#[derive(Debug)]
pub struct Session {
    rules: Rules,
    state: State,
    reader: Reader,
    last_scan: Option<(Badge, Instant)>,
    last_id: u64,
}

impl Session {
    /// A kiosk at rest.
    pub fn new(rules: Rules) -> Self {
        let state = State::rest(&rules, None);
        Self { rules, state, reader: Reader::new(), last_scan: None, last_id: 0 }
    }

    /// What the screen shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the site decided.
    pub fn rules(&self) -> &Rules {
        &self.rules
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

    /// The next moment at which something changes by itself.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::SignedOut { denial, gone_at, .. } => {
                denial.map(|(_, until)| until).into_iter().chain(*gone_at).min()
            }
            State::Checking { until, visit, .. } => {
                Some(visit.as_ref().map_or(*until, |visit| visit.deadline().min(*until)))
            }
            State::SignedIn(visit) => {
                Some(visit.attempt_until().map_or(visit.deadline(), |until| until.min(visit.deadline())))
            }
        }
    }

    /// Takes one event and says what to do about it.
    ///
    /// An event that does not fit the state changes nothing and asks for nothing. It is always fine to send [`Event::Ticked`].
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Effect> {
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
            Event::DigitTouched(digit) => self.digit(digit, now),
            Event::BackTouched => self.back(now),
            Event::EnterTouched => self.enter(now),
            Event::SwitchTouched => self.switch(now),
            Event::DoorTouched(door) => self.door(door, now),
            Event::StillHereTouched => self.still_here(now),
            Event::SignOutTouched => self.sign_out(),
            Event::Identified(session, answer) => self.identified(session, answer, now),
            Event::DoorsListed(session, doors) => {
                if let State::SignedIn(visit) | State::Checking { visit: Some(visit), .. } = &mut self.state
                    && visit.session == session
                {
                    visit.welcome.doors = doors;
                }
                Vec::new()
            }
            Event::UnlockAnswered(request, outcome) => {
                if let State::SignedIn(visit) | State::Checking { visit: Some(visit), .. } = &mut self.state {
                    visit.answer(request, outcome, &self.rules, now);
                }
                Vec::new()
            }
        }
    }

    /// The visit that is under way, or that a badge interrupts.
    fn visit(&self) -> Option<&Visit> {
        match &self.state {
            State::SignedIn(visit) | State::Checking { visit: Some(visit), .. } => Some(visit),
            State::SignedOut { .. } | State::Checking { visit: None, .. } => None,
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
                if denial.is_some_and(|(_, until)| until <= now) {
                    *denial = None;
                }
                if gone_at.is_some_and(|at| at <= now) {
                    *entry = Entry::empty(&self.rules.sign_in);
                    *gone_at = None;
                }
                Vec::new()
            }
            State::Checking { session, visit, until, .. } => {
                let visit_ended = visit.as_ref().is_some_and(|visit| visit.deadline() <= now);
                let mut effects = vec![Effect::Forget(*session)];
                effects.extend(visit.as_ref().map(|visit| Effect::Forget(visit.session)));
                let denial = (*until <= now || !visit_ended).then_some((Denial::TooSlow, now + DENIAL));
                self.state = State::rest(&self.rules, denial);
                effects
            }
            State::SignedIn(visit) => {
                if visit.deadline() <= now {
                    return self.sign_out();
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
                Heard::Digit(digit) => self.digit(digit, now),
                Heard::Key(Key::Backspace) => self.back(now),
                Heard::Key(Key::Enter) => self.enter(now),
                Heard::Key(Key::Escape) => self.escape(),
                Heard::Key(Key::Char(_) | Key::Tab) => Vec::new(),
                Heard::Scan(raw) => self.scanned(&raw.0, now),
            });
        }
        effects
    }

    fn digit(&mut self, digit: Digit, now: Instant) -> Vec<Effect> {
        let State::SignedOut { entry, denial, gone_at } = &mut self.state else { return Vec::new() };
        let begins = entry.is_empty();
        entry.push(digit, &self.rules.sign_in);
        if entry.is_empty() {
            return Vec::new();
        }
        *denial = None;
        *gone_at = Some(now + ENTRY);
        if entry.is_finished(&self.rules.sign_in) {
            return self.finish(now);
        }
        if begins { vec![Effect::Prepare] } else { Vec::new() }
    }

    fn back(&mut self, now: Instant) -> Vec<Effect> {
        if let State::SignedOut { entry, gone_at, .. } = &mut self.state {
            entry.pop();
            *gone_at = (!entry.is_empty()).then_some(now + ENTRY);
        }
        Vec::new()
    }

    fn enter(&mut self, now: Instant) -> Vec<Effect> {
        match &self.state {
            State::SignedOut { entry: Entry::BadgeNumber(number), .. } if !number.digits().is_empty() => {
                self.finish(now)
            }
            State::SignedOut { .. } | State::Checking { .. } | State::SignedIn(_) => Vec::new(),
        }
    }

    fn switch(&mut self, now: Instant) -> Vec<Effect> {
        if let State::SignedOut { entry, denial, gone_at } = &mut self.state {
            let before = std::mem::replace(entry, Entry::empty(&self.rules.sign_in));
            *entry = before.switched(&self.rules.sign_in);
            *denial = None;
            *gone_at = Some(now + ENTRY);
        }
        Vec::new()
    }

    fn escape(&mut self) -> Vec<Effect> {
        match &self.state {
            State::SignedOut { denial, .. } => {
                self.state = State::rest(&self.rules, *denial);
                Vec::new()
            }
            State::Checking { .. } => Vec::new(),
            State::SignedIn(_) => self.sign_out(),
        }
    }

    /// The entry is complete: ask who it is.
    fn finish(&mut self, now: Instant) -> Vec<Effect> {
        let State::SignedOut { entry, .. } = &mut self.state else { return Vec::new() };
        let entry = std::mem::replace(entry, Entry::empty(&self.rules.sign_in));
        match entry.into_credential(&self.rules.sign_in) {
            Some(Credential::Badge(badge)) => self.present_badge(badge, now),
            Some(credential) => self.identify(credential, None, None, now),
            None => self.deny(Denial::NotRead, now),
        }
    }

    fn scanned(&mut self, raw: &str, now: Instant) -> Vec<Effect> {
        if self.rules.sign_in.badge == BadgePolicy::Off || matches!(self.state, State::Checking { .. }) {
            return Vec::new();
        }
        let Some(badge) = Badge::read(raw, &self.rules.sign_in.profile) else {
            return match self.state {
                State::SignedOut { .. } => self.deny(Denial::NotRead, now),
                State::Checking { .. } | State::SignedIn(_) => Vec::new(),
            };
        };
        let again = self.last_scan.replace((badge.clone(), now));
        if again.is_some_and(|(before, at)| before == badge && now.saturating_duration_since(at) < SAME_SCAN) {
            return Vec::new();
        }
        self.present_badge(badge, now)
    }

    /// A badge at rest begins a visit. In a visit it is its owner's, who stays, or somebody else's, who takes over.
    fn present_badge(&mut self, badge: Badge, now: Instant) -> Vec<Effect> {
        match (std::mem::replace(&mut self.state, State::rest(&self.rules, None)), self.rules.sign_in.badge) {
            (State::SignedIn(visit), _) => {
                self.identify(Credential::Badge(badge.clone()), Some(visit), Some(badge), now)
            }
            (State::SignedOut { .. } | State::Checking { .. }, BadgePolicy::WithPin) => {
                self.state = State::with_badge(badge, now);
                vec![Effect::Prepare]
            }
            (State::SignedOut { .. } | State::Checking { .. }, BadgePolicy::Alone | BadgePolicy::Off) => {
                self.identify(Credential::Badge(badge), None, None, now)
            }
        }
    }

    fn identify(
        &mut self,
        credential: Credential,
        visit: Option<Visit>,
        badge: Option<Badge>,
        now: Instant,
    ) -> Vec<Effect> {
        let session = SessionId(self.next_id());
        let current = visit.as_ref().map(|visit| visit.session);
        self.state = State::Checking { session, until: now + CHECK, visit, badge };
        vec![Effect::Identify(session, Presented(credential), current)]
    }

    fn identified(&mut self, session: SessionId, answer: Result<Identity, Denial>, now: Instant) -> Vec<Effect> {
        let is_asked = matches!(&self.state, State::Checking { session: asked, .. } if *asked == session);
        if !is_asked {
            // The agent opened a session for somebody who is not waited for any more; or it said twice who is here.
            let is_live = self.visit().is_some_and(|visit| visit.session == session);
            return if is_live { Vec::new() } else { vec![Effect::Forget(session)] };
        }
        let before = std::mem::replace(&mut self.state, State::rest(&self.rules, None));
        let State::Checking { visit, badge, .. } = before else { return Vec::new() };
        let mut effects: Vec<Effect> = visit.iter().map(|visit| Effect::Forget(visit.session)).collect();
        match (answer, visit, badge) {
            (Ok(Identity::Person(welcome)), _, _) => {
                self.state = State::SignedIn(Visit::begin(session, welcome, &self.rules, now));
                effects.push(Effect::CheckPlaces(session));
            }
            (Ok(Identity::Same), Some(mut visit), _) => {
                visit.touch(&self.rules, now);
                self.state = State::SignedIn(visit);
                return Vec::new();
            }
            (Ok(Identity::NeedsPin), _, Some(badge)) => self.state = State::with_badge(badge, now),
            (Ok(Identity::Same | Identity::NeedsPin), _, _) => {
                self.state = State::rest(&self.rules, Some((Denial::KioskFault, now + DENIAL)));
            }
            (Err(denial), _, _) => self.state = State::rest(&self.rules, Some((denial, now + DENIAL))),
        }
        effects
    }

    fn deny(&mut self, denial: Denial, now: Instant) -> Vec<Effect> {
        self.state = State::rest(&self.rules, Some((denial, now + DENIAL)));
        Vec::new()
    }

    fn door(&mut self, door: DoorId, now: Instant) -> Vec<Effect> {
        let request = RequestId(self.next_id());
        let State::SignedIn(visit) = &mut self.state else { return Vec::new() };
        visit.touch_door(door, &self.rules, request, now).into_iter().collect()
    }

    fn still_here(&mut self, now: Instant) -> Vec<Effect> {
        if let State::SignedIn(visit) = &mut self.state {
            visit.touch(&self.rules, now);
        }
        Vec::new()
    }

    fn sign_out(&mut self) -> Vec<Effect> {
        let State::SignedIn(visit) = &self.state else { return Vec::new() };
        let effects = vec![Effect::Forget(visit.session)];
        self.state = State::rest(&self.rules, None);
        effects
    }
}
