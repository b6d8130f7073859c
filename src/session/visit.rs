//! The visit of a person who is signed in: taps, outcomes, and the time left.

mod door_number;
mod door_search;
mod listing;
mod typing;

use std::time::{Duration, Instant};

pub use self::door_search::DoorSearch;
use self::{door_number::DoorNumber, listing::Listing};
use super::{Denial, Effect, Ended, RequestId, SessionId, rules::Rules};
use crate::{
    door::{Door, DoorId, Outcome, Refusal},
    language::Language,
};

/// An unlock that takes this much longer than the client's own limit has an unknown outcome.
const UNLOCK_GRACE: Duration = Duration::from_secs(2);
/// An outcome is shown for this long. Our choice.
const OUTCOME: Duration = Duration::from_secs(6);
/// A door that must be tapped twice forgets the first tap after this. Our choice.
const CONFIRM: Duration = Duration::from_secs(5);
/// A door that may be opening cannot be tapped for this long (`threats.md`, R47: 3 to 5 s).
const REST: Duration = Duration::from_secs(4);
/// The letter keys close once no more doors than this match. Our choice.
const FEW: usize = 4;
/// The second press of a key that bounces comes within this. Our choice.
const BOUNCE: Duration = Duration::from_millis(100);
/// Touches this soon after a change of the screen are ignored (`threats.md`, R24).
const SETTLE: Duration = Duration::from_millis(400);

/// The visit of a person who is signed in.
#[derive(Debug, PartialEq, Eq)]
pub struct Visit {
    /// The agent's id of the session.
    pub session: SessionId,
    /// Who it is and what they may open.
    pub welcome: Welcome,
    /// The state of the last tap.
    pub attempt: Attempt,
    /// The number of its audit record, once it is written.
    pub record: Option<u64>,
    /// Pages after the first one. The screen wraps it to the number of pages.
    pub page: i64,
    /// The search for a door by name.
    pub find: DoorSearch,
    /// The door number that is being typed.
    typed: DoorNumber,
    /// The door that keys have moved to.
    focus: Option<DoorId>,
    /// The fingers on tiles, and the list that waits for them.
    listing: Listing,
    /// A badge that was not read, shown until then.
    unread: Option<(Denial, Instant)>,
    /// When the visit ends without a touch.
    idle_at: Instant,
    /// When the visit ends in any case.
    ends_at: Instant,
    /// The last answered request, whose door may be watched.
    sensor_read: Option<RequestId>,
    /// Doors that cannot be tapped until then: they may be opening, or Kisi asks to wait.
    cooldowns: Vec<(DoorId, Instant)>,
    /// Touches and keys before this are ignored: they were meant for the previous screen.
    ignore_input_until: Instant,
    /// Touches before this are ignored: the tiles moved because a name is typed. Enter is not: it means that name.
    ignore_touches_until: Instant,
}

/// The state of the last tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// No door was touched, or its outcome is no longer shown.
    None,
    /// This door waits for a second tap, until then.
    Asked(DoorId, Instant),
    /// The unlock was requested and may be answered until then. No other door can be tapped.
    Opening(RequestId, DoorId, Instant),
    /// The outcome, shown until then.
    Done(DoorId, Outcome, Instant),
}

impl Visit {
    pub(super) fn begin(session: SessionId, welcome: Welcome, rules: &Rules, now: Instant) -> Self {
        Self {
            session,
            welcome,
            attempt: Attempt::None,
            record: None,
            page: 0,
            find: DoorSearch::default(),
            typed: DoorNumber::default(),
            focus: None,
            listing: Listing::default(),
            unread: None,
            idle_at: now + rules.idle,
            ends_at: now + rules.max,
            sensor_read: None,
            cooldowns: Vec::new(),
            ignore_input_until: now + SETTLE,
            ignore_touches_until: now,
        }
    }

    /// When the visit ends if nobody touches anything.
    pub fn deadline(&self) -> Instant {
        self.idle_at.min(self.ends_at)
    }

    /// Why the visit ends at its deadline.
    pub(super) fn ending(&self) -> Ended {
        if self.ends_at < self.idle_at { Ended::Longest } else { Ended::Idle }
    }

    pub(super) fn touch(&mut self, rules: &Rules, now: Instant) {
        self.idle_at = now + rules.idle;
    }

    /// For how long this door cannot be tapped. `None` if it can.
    pub fn rest(&self, door: DoorId, now: Instant) -> Option<Duration> {
        let until = self.cooldowns.iter().find(|(resting, until)| *resting == door && now < *until)?.1;
        Some(until - now)
    }

    /// Starts the cooldown that this outcome calls for.
    fn begin_rest(&mut self, door: DoorId, outcome: Outcome, now: Instant) {
        self.cooldowns.retain(|(resting, until)| *resting != door && now < *until);
        match outcome {
            Outcome::Unknown(_) => self.cooldowns.push((door, now + REST)),
            Outcome::Refused(reason) => {
                let Some(time) = reason.again_in() else { return };
                // Kisi's rate limit counts a person's requests at all doors together.
                let is_affected = |known: &&Door| known.id == door || reason.class == Refusal::TooFast;
                let resting = self.welcome.doors.iter().filter(is_affected);
                self.cooldowns.extend(resting.map(|known| (known.id, now + time)));
            }
            Outcome::Accepted
            | Outcome::Opened
            | Outcome::StillClosed
            | Outcome::NotSent
            | Outcome::NotRecorded
            | Outcome::Limited
            | Outcome::WrongClock => {}
        }
    }

    /// A door that waits for a second tap waits no longer: something else was chosen.
    fn withdraw(&mut self) {
        if let Attempt::Asked(..) = self.attempt {
            self.attempt = Attempt::None;
        }
    }

    /// Says that a badge was not read. The visit goes on.
    pub(super) fn say_unread(&mut self, why: Denial, now: Instant) {
        self.unread = Some((why, now + OUTCOME));
    }

    /// The badge that was not read a moment ago.
    pub fn unread(&self, now: Instant) -> Option<Denial> {
        self.unread.filter(|(_, until)| now < *until).map(|(why, _)| why)
    }

    /// Turns pages forward or back, unless an outcome hides them. Touches meant for the previous tiles are ignored.
    pub(super) fn turn(&mut self, pages: i64, rules: &Rules, now: Instant) {
        if matches!(self.attempt, Attempt::Opening(..) | Attempt::Done(..)) {
            return;
        }
        self.touch(rules, now);
        self.withdraw();
        (self.typed, self.focus) = (DoorNumber::default(), None);
        self.page = self.page.saturating_add(pages);
        self.settle(now);
    }

    /// Closes the outcome.
    pub(super) fn dismiss(&mut self, rules: &Rules, now: Instant) {
        if let Attempt::Done(..) = self.attempt
            && self.ignore_input_until <= now
        {
            self.touch(rules, now);
            self.attempt = Attempt::None;
            self.settle(now);
        }
    }

    /// Ignores touches for a moment: they were meant for the previous screen.
    fn settle(&mut self, now: Instant) {
        self.forget_fingers();
        self.ignore_input_until = now + SETTLE;
    }

    /// The door with this id, if the person has it.
    pub fn knows(&self, door: DoorId) -> Option<&Door> {
        self.welcome.doors.iter().find(|known| known.id == door)
    }

    /// Handles a tap on a tile. Returns the unlock, unless the tap is ignored or must be repeated.
    pub(super) fn touch_door(
        &mut self,
        door: DoorId,
        rules: &Rules,
        request: RequestId,
        now: Instant,
    ) -> Option<Effect> {
        if now < self.ignore_touches_until { None } else { self.choose_door(door, rules, request, now) }
    }

    /// Handles the choice of a door, by touch or by Enter.
    pub(super) fn choose_door(
        &mut self,
        door: DoorId,
        rules: &Rules,
        request: RequestId,
        now: Instant,
    ) -> Option<Effect> {
        let may_be_tried = self.knows(door).is_some_and(Door::can_be_tried);
        let cooldowns = self.rest(door, now).is_some();
        if now < self.ignore_input_until || cooldowns || !may_be_tried || matches!(self.attempt, Attempt::Opening(..)) {
            return None;
        }
        self.touch(rules, now);
        let asks = self.knows(door).is_some_and(|door| rules.confirm.iter().any(|rule| rule.matches(door)));
        let asked = matches!(self.attempt, Attempt::Asked(before, _) if before == door);
        if asks && !asked {
            self.attempt = Attempt::Asked(door, now + CONFIRM);
            // A key that bounces does not confirm itself.
            self.ignore_input_until = now + BOUNCE;
            return None;
        }
        (self.typed, self.focus, self.record) = (DoorNumber::default(), None, None);
        if self.find != DoorSearch::default() {
            let _ = self.forget_find();
        }
        self.attempt = Attempt::Opening(request, door, now + rules.unlock_timeout + UNLOCK_GRACE);
        // A second finger on another door must not open it, however quickly Kisi answers for the first.
        self.settle(now);
        Some(Effect::Unlock(self.session, request, door))
    }

    /// Keeps the number of this unlock's audit record.
    pub(super) fn recorded(&mut self, request: RequestId, record: u64) {
        if matches!(self.attempt, Attempt::Opening(open, ..) if open == request) {
            self.record = Some(record);
        }
    }

    /// Takes the outcome of an unlock. Returns the door if the answer is not stale.
    pub(super) fn answer(
        &mut self,
        request: RequestId,
        outcome: Outcome,
        rules: &Rules,
        now: Instant,
    ) -> Option<DoorId> {
        let Attempt::Opening(open, door, _) = self.attempt else { return None };
        if open != request {
            return None;
        }
        self.attempt = Attempt::Done(door, outcome, now + OUTCOME);
        self.sensor_read = Some(request);
        self.begin_rest(door, outcome, now);
        self.idle_at = match outcome {
            Outcome::Accepted | Outcome::Opened | Outcome::StillClosed => now + rules.after_unlock,
            Outcome::Refused(_)
            | Outcome::NotSent
            | Outcome::NotRecorded
            | Outcome::Limited
            | Outcome::WrongClock
            | Outcome::Unknown(_) => now + rules.idle,
        };
        Some(door)
    }

    /// Updates an accepted unlock with what the door's sensor says. Only the last unlock is still shown.
    pub(super) fn sensor_read(&mut self, request: RequestId, outcome: Outcome, now: Instant) {
        if let Attempt::Done(door, Outcome::Accepted, _) = self.attempt
            && self.sensor_read == Some(request)
        {
            self.attempt = Attempt::Done(door, outcome, now + OUTCOME);
        }
    }

    /// Ends what expires within a visit.
    pub(super) fn expire(&mut self, now: Instant) {
        self.expire_hold(now);
        match self.attempt {
            Attempt::Asked(_, until) if until <= now => self.attempt = Attempt::None,
            Attempt::Done(_, _, until) if until <= now => {
                self.attempt = Attempt::None;
                // The doors come back, and a touch just now was not meant for them.
                self.settle(now);
            }
            Attempt::Opening(_, door, until) if until <= now => {
                self.attempt = Attempt::Done(door, Outcome::Unknown(None), now + OUTCOME);
                self.begin_rest(door, Outcome::Unknown(None), now);
            }
            Attempt::None | Attempt::Asked(..) | Attempt::Done(..) | Attempt::Opening(..) => {}
        }
    }

    /// When the visit changes next if nothing happens.
    pub(super) fn next_change(&self) -> Instant {
        let attempt = match self.attempt {
            Attempt::None => None,
            Attempt::Asked(_, until) | Attempt::Done(_, _, until) | Attempt::Opening(_, _, until) => Some(until),
        };
        attempt.into_iter().chain(self.held_until()).fold(self.deadline(), Instant::min)
    }
}

/// What the screen knows about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Welcome {
    /// The name to greet by.
    pub name: String,
    /// The doors Kisi lists for this person, in order.
    pub doors: Vec<Door>,
    /// The language they chose here before.
    pub language: Option<Language>,
    /// Kisi lists more doors than the kiosk shows, or some that could not be read.
    pub incomplete: bool,
}
