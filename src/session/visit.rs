//! Somebody in front of their doors: taps, outcomes, and the time they have.

mod find;

use std::time::{Duration, Instant};

pub use self::find::Find;
use super::{Effect, Ended, RequestId, SessionId, rules::Rules};
use crate::{
    door::{Door, DoorId, Outcome, Refusal},
    language::Language,
    staff::Digit,
};

/// An unlock that takes this much longer than the client's own limit has an unknown outcome.
const UNLOCK_GRACE: Duration = Duration::from_secs(2);
/// An outcome stays on its tile for this long. Our choice.
const OUTCOME: Duration = Duration::from_secs(6);
/// A door that asks once more forgets the question after this. Our choice.
const CONFIRM: Duration = Duration::from_secs(5);
/// A door that may be opening rests for this long (`threats-and-faults.md`, R47: 3 to 5 s).
const REST: Duration = Duration::from_secs(4);
/// A number that is not ended is forgotten after this. Our choice.
const NUMBER: Duration = Duration::from_secs(6);
/// So few doors are shown without asking for more letters. Our choice.
const FEW: usize = 4;
/// Digits of a door's number. Fewer than the shortest badge number has.
const DIGITS: u8 = 3;
/// Touches meant for the screen before are dropped for this long (`threats-and-faults.md`, R24).
const SETTLE: Duration = Duration::from_millis(400);

/// Somebody in front of their doors.
#[derive(Debug, PartialEq, Eq)]
pub struct Visit {
    /// The agent's name for it.
    pub session: SessionId,
    /// Who it is and what they may open.
    pub welcome: Welcome,
    /// The door touched last.
    pub attempt: Attempt,
    /// The number of its record, once it has one.
    pub record: Option<u64>,
    /// So many pages on from the first.
    pub page: i64,
    /// Which of the doors are looked for.
    pub find: Find,
    /// A door's number, as far as it is typed.
    typed: Option<Typed>,
    /// When it ends without a touch.
    idle_at: Instant,
    /// When it ends.
    ends_at: Instant,
    /// The request whose door is looked at.
    looked_at: Option<RequestId>,
    /// Doors that must not be asked again before then: one may be opening, or Kisi asks to wait.
    rests: Vec<(DoorId, Instant)>,
    /// Before this, touches were meant for another screen, or came with the finger that chose a door.
    settled_at: Instant,
}

/// A number that is typed: digits beyond those of the last door make it none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Typed {
    number: usize,
    digits: u8,
    until: Instant,
}

/// What became of the door touched last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// No door was touched, or its outcome was shown long enough.
    None,
    /// This door asks once more, until then.
    Asked(DoorId, Instant),
    /// The question is open, until then. No other door can be touched.
    Opening(RequestId, DoorId, Instant),
    /// It is answered, and shown until then.
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
            find: Find::default(),
            typed: None,
            idle_at: now + rules.idle,
            ends_at: now + rules.max,
            looked_at: None,
            rests: Vec::new(),
            settled_at: now + SETTLE,
        }
    }

    /// When it ends if nobody touches anything.
    pub fn deadline(&self) -> Instant {
        self.idle_at.min(self.ends_at)
    }

    /// Why it ends then.
    pub(super) fn ending(&self) -> Ended {
        if self.ends_at < self.idle_at { Ended::Longest } else { Ended::Idle }
    }

    pub(super) fn touch(&mut self, rules: &Rules, now: Instant) {
        self.idle_at = now + rules.idle;
    }

    /// For how long this door must not be asked again.
    pub fn rest(&self, door: DoorId, now: Instant) -> Option<Duration> {
        let until = self.rests.iter().find(|(resting, until)| *resting == door && now < *until)?.1;
        Some(until - now)
    }

    /// What must not be asked again for a while, after this outcome.
    fn begin_rest(&mut self, door: DoorId, outcome: Outcome, now: Instant) {
        self.rests.retain(|(resting, until)| *resting != door && now < *until);
        match outcome {
            Outcome::Unknown(_) => self.rests.push((door, now + REST)),
            Outcome::Refused(reason) => {
                let Some(time) = reason.again_in() else { return };
                // Kisi counts what a person asks for, not at which door.
                let is_affected = |known: &&Door| known.id == door || reason.class == Refusal::TooFast;
                let resting = self.welcome.doors.iter().filter(is_affected);
                self.rests.extend(resting.map(|known| (known.id, now + time)));
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

    /// The number that is being typed, and its door.
    pub fn typed(&self, now: Instant) -> Option<(usize, Option<&Door>)> {
        let typed = self.live(now)?;
        Some((typed.number, self.numbered(typed)))
    }

    /// What is typed and not forgotten yet.
    fn live(&self, now: Instant) -> Option<Typed> {
        self.typed.filter(|typed| now < typed.until)
    }

    /// How many digits of it there are.
    pub(super) fn digits(&self, now: Instant) -> usize {
        self.live(now).map_or(0, |typed| typed.digits.into())
    }

    fn numbered(&self, typed: Typed) -> Option<&Door> {
        let index = typed.number.checked_sub(1).filter(|_| typed.digits <= DIGITS)?;
        self.welcome.doors.get(index)
    }

    pub(super) fn type_digit(&mut self, digit: Digit, rules: &Rules, now: Instant) {
        if now < self.settled_at || matches!(self.attempt, Attempt::Opening(..)) {
            // A number whose beginning was not heard is none.
            self.typed = Some(Typed { number: 0, digits: DIGITS.saturating_add(1), until: now + NUMBER });
            return;
        }
        self.touch(rules, now);
        let Typed { number, digits, .. } = self.live(now).unwrap_or(Typed { number: 0, digits: 0, until: now });
        let value = usize::from(digit.ascii() - b'0');
        // What is longer than any number of a door stays so: a slow reader's badge is none.
        let number = if digits < DIGITS { 10 * number + value } else { number };
        self.typed = Some(Typed { number, digits: digits.saturating_add(1), until: now + NUMBER });
    }

    pub(super) fn take_back(&mut self, rules: &Rules, now: Instant) {
        self.touch(rules, now);
        if self.typed.is_none() && self.find.pop() {
            self.page = 0;
        }
        let before = self.typed.take().filter(|typed| (2..=DIGITS).contains(&typed.digits));
        self.typed =
            before.map(|typed| Typed { number: typed.number / 10, digits: typed.digits - 1, until: now + NUMBER });
    }

    /// The number is complete, or only one door is found. For a door that asks once more, Enter alone is enough the second time.
    pub(super) fn typed_door(&mut self, now: Instant) -> Option<DoorId> {
        let typed = self.live(now);
        self.typed = None;
        match (typed, self.attempt) {
            (Some(typed), _) => self.numbered(typed).map(|door| door.id),
            (None, Attempt::Asked(asked, until)) if now < until => Some(asked),
            (None, Attempt::None | Attempt::Asked(..) | Attempt::Opening(..) | Attempt::Done(..)) => {
                self.only_found().map(|door| door.id)
            }
        }
    }

    /// The doors that are looked for, with their numbers.
    pub fn found(&self) -> impl Iterator<Item = (usize, &Door)> {
        self.welcome.doors.iter().enumerate().map(|(index, door)| (index + 1, door)).filter(|(_, d)| self.find.finds(d))
    }

    /// The door that is found, when it is one.
    pub fn only_found(&self) -> Option<&Door> {
        let mut found = self.found().filter(|_| !self.find.letters().is_empty());
        found.next().filter(|_| found.next().is_none()).map(|(_, door)| door)
    }

    /// So many pages on, or back. The tiles that come were not meant by another finger.
    pub(super) fn turn(&mut self, pages: i64, rules: &Rules, now: Instant) {
        self.touch(rules, now);
        self.page = self.page.saturating_add(pages);
        self.settle(now);
    }

    /// These are the doors now. Where one is another, a finger that comes down just then did not mean it.
    pub(super) fn list(&mut self, doors: Vec<Door>, now: Instant) {
        let before = self.welcome.doors.iter().map(|door| door.id);
        if !before.eq(doors.iter().map(|door| door.id)) {
            self.settle(now);
        }
        self.welcome.doors = doors;
    }

    /// One more letter of a door's name.
    pub(super) fn type_letter(&mut self, letter: char, rules: &Rules, now: Instant) {
        if matches!(self.attempt, Attempt::Opening(..)) {
            return;
        }
        self.touch(rules, now);
        self.find.push(letter);
        self.page = 0;
        // A door that comes under the finger was not meant.
        self.settle(now);
        let leads_on = !self.find.next(&self.welcome.doors).is_empty();
        let are_many = FEW < self.found().count();
        self.find.is_open &= leads_on && are_many;
    }

    /// Shows the letters, or all doors again.
    pub(super) fn toggle_find(&mut self, rules: &Rules, now: Instant) {
        self.touch(rules, now);
        self.settle(now);
        self.find.is_open = !self.forget_find();
    }

    /// All doors again. Says whether there was anything to forget.
    pub(super) fn forget_find(&mut self) -> bool {
        let before = std::mem::take(&mut self.find);
        self.page = 0;
        before != Find::default()
    }

    /// The outcome was read.
    pub(super) fn dismiss(&mut self, rules: &Rules, now: Instant) {
        if let Attempt::Done(..) = self.attempt
            && self.settled_at <= now
        {
            self.touch(rules, now);
            self.attempt = Attempt::None;
            self.settle(now);
        }
    }

    /// What is touched within a moment from now was meant for what was there before.
    fn settle(&mut self, now: Instant) {
        self.settled_at = now + SETTLE;
    }

    /// The door with this id, if it is one of theirs.
    pub fn knows(&self, door: DoorId) -> Option<&Door> {
        self.welcome.doors.iter().find(|known| known.id == door)
    }

    /// A tap on a tile. Returns the effect that asks Kisi, if that is what it means.
    pub(super) fn touch_door(
        &mut self,
        door: DoorId,
        rules: &Rules,
        request: RequestId,
        now: Instant,
    ) -> Option<Effect> {
        let may_be_tried = self.knows(door).is_some_and(Door::can_be_tried);
        let rests = self.rest(door, now).is_some();
        if now < self.settled_at || rests || !may_be_tried || matches!(self.attempt, Attempt::Opening(..)) {
            return None;
        }
        self.touch(rules, now);
        let asks = self.knows(door).is_some_and(|door| rules.confirm.contains(&door.name));
        let asked = matches!(self.attempt, Attempt::Asked(before, _) if before == door);
        if asks && !asked {
            self.attempt = Attempt::Asked(door, now + CONFIRM);
            return None;
        }
        (self.typed, self.record) = (None, None);
        self.attempt = Attempt::Opening(request, door, now + rules.unlock_timeout + UNLOCK_GRACE);
        // A second finger on a second door opens nothing, however quickly Kisi answers for the first.
        self.settle(now);
        Some(Effect::Unlock(self.session, request, door))
    }

    /// The unlock of this request is written down.
    pub(super) fn recorded(&mut self, request: RequestId, record: u64) {
        if matches!(self.attempt, Attempt::Opening(open, ..) if open == request) {
            self.record = Some(record);
        }
    }

    /// Takes an answer. Returns the door, if it was waited for.
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
        self.looked_at = Some(request);
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

    /// The door was looked at after the answer to this request. Only the last one is still shown.
    pub(super) fn looked_at(&mut self, request: RequestId, outcome: Outcome, now: Instant) {
        if let Attempt::Done(door, Outcome::Accepted, _) = self.attempt
            && self.looked_at == Some(request)
        {
            self.attempt = Attempt::Done(door, outcome, now + OUTCOME);
        }
    }

    /// What ends without ending the visit.
    pub(super) fn expire(&mut self, now: Instant) {
        match self.attempt {
            Attempt::Asked(_, until) if until <= now => self.attempt = Attempt::None,
            Attempt::Done(_, _, until) if until <= now => {
                self.attempt = Attempt::None;
                // The doors come back: what is touched in that moment was not meant for them.
                self.settle(now);
            }
            Attempt::Opening(_, door, until) if until <= now => {
                self.attempt = Attempt::Done(door, Outcome::Unknown(None), now + OUTCOME);
                self.begin_rest(door, Outcome::Unknown(None), now);
            }
            Attempt::None | Attempt::Asked(..) | Attempt::Done(..) | Attempt::Opening(..) => {}
        }
    }

    pub(super) fn attempt_until(&self) -> Option<Instant> {
        match self.attempt {
            Attempt::None => None,
            Attempt::Asked(_, until) | Attempt::Done(_, _, until) | Attempt::Opening(_, _, until) => Some(until),
        }
    }
}

/// What the screen may know of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Welcome {
    /// The name to greet by.
    pub name: String,
    /// The doors Kisi lists for this person, in order.
    pub doors: Vec<Door>,
    /// What they chose to read here before.
    pub language: Option<Language>,
    /// Kisi lists more doors than the kiosk shows, or some that could not be read.
    pub incomplete: bool,
}
