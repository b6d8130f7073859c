//! What a piece of work came to: written down, and answered.

use std::time::Duration;

use jiff::Timestamp;
use tokio::{sync::oneshot, time};

use super::{
    Agent,
    book::{Who, reason},
    follow::{self, Seen},
    identify::{Denied, Open, Signed},
};
use crate::{
    chain::Chain,
    door::{Door, DoorId, DoorState, Outcome, Refusal},
    kisi::{self, LockedDown},
    session::{Denial, Ended, Identity, SessionId},
};

/// What a piece of work came to.
pub(super) enum Done {
    Identified(Identified),
    Listed(SessionId, oneshot::Sender<Option<Vec<Door>>>, LockedDown),
    ListedAnew(SessionId, oneshot::Sender<Option<Vec<Door>>>, Vec<Door>),
    Unlocked(Unlocked),
    Followed(Who, DoorId, Seen, oneshot::Sender<Outcome>),
    ReadBack(Who, DoorId, String),
    /// And how long it took.
    Looked(Result<Option<Timestamp>, kisi::Error>, Duration),
    Nothing,
}

/// An answer to who somebody is, on its way out.
pub(super) struct Identified {
    pub(super) session: SessionId,
    pub(super) method: &'static str,
    pub(super) guesses_left: Option<u32>,
    pub(super) answer: Result<Signed, Denied>,
    pub(super) reply: oneshot::Sender<Result<Identity, Denial>>,
}

/// What became of an unlock, on its way out.
pub(super) struct Unlocked {
    pub(super) who: Who,
    pub(super) door: DoorId,
    pub(super) intent: u64,
    pub(super) outcome: Outcome,
    pub(super) reply: oneshot::Sender<Outcome>,
    /// When it was asked for.
    pub(super) at: time::Instant,
}

impl Agent {
    pub(super) fn finish(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Looked(found, after) => self.looked(found, after),
            Done::Identified(identified) => self.identified(identified),
            Done::Followed(who, door, seen, reply) => {
                if seen == Seen::Open {
                    let _ = self.sensed.insert(door);
                }
                let (outcome, said) = follow::outcome(seen, self.sensed.contains(&door));
                let _ = reply.send(outcome);
                if let Some(said) = said {
                    self.book.seen(&who, door, said);
                }
            }
            Done::ReadBack(who, door, about) => self.book.seen(&who, door, &about),
            Done::ListedAnew(session, reply, doors) => self.listed_anew(session, reply, doors),
            Done::Listed(session, reply, locked_down) => self.listed(session, reply, &locked_down),
            Done::Unlocked(Unlocked { who, door, intent, outcome, reply, at }) => {
                self.open_unlocks -= 1;
                let _ = reply.send(outcome);
                self.status.metrics().unlocked(outcome, at.elapsed());
                self.book.outcome(&who, door, intent, outcome);
                if outcome.refusal() == Some(Refusal::Login) {
                    self.note_refused(&who, true);
                }
            }
        }
    }

    /// Answers first, then writes it down: how long a disk takes tells a guesser nothing, and nobody waits for it.
    fn identified(&mut self, Identified { session, method, guesses_left, answer, reply }: Identified) {
        let mut result = match &answer {
            Ok(Signed::In(..) | Signed::Technician) => "in",
            Ok(Signed::Same) => "same",
            Ok(Signed::NeedsPin) => "needs pin",
            Err(denied) => reason(denied.denial),
        };
        let asked = self.identifying.take_if(|(id, _)| *id == session).is_some();
        match answer {
            Ok(Signed::In(open, _)) if asked && !self.makes_way(&open) => {
                result = reason(Denial::KioskFault);
                let _ = reply.send(Err(Denial::KioskFault));
                self.book.refused(open.who.method, Denial::KioskFault, time::Instant::now().into_std());
            }
            Ok(Signed::In(mut open, mut welcome)) => {
                self.complete(&open.who, &mut open.doors);
                welcome.doors.clone_from(&open.doors);
                let _ = reply.send(Ok(Identity::Person(welcome)));
                // Somebody who is not waited for any more takes nobody's place.
                if asked {
                    self.begin(open);
                }
            }
            Ok(Signed::Same) => drop(reply.send(Ok(Identity::Same))),
            Ok(Signed::Technician) => self.technician_came(session, asked, reply),
            Ok(Signed::NeedsPin) => drop(reply.send(Ok(Identity::NeedsPin))),
            Err(Denied { denial, who, last_try }) => {
                let _ = reply.send(Err(denial));
                if let Denial::Network(trouble) = denial {
                    self.surroundings.heard(trouble);
                }
                self.book.refused(method, denial, time::Instant::now().into_std());
                if let (Some(who), Denial::LoginDead) = (&who, denial) {
                    self.note_refused(who, true);
                }
                if guesses_left == Some(0) && denial == Denial::NotKnown {
                    self.book.budget_spent("keypad");
                }
                if last_try {
                    self.book.budget_spent(method);
                }
            }
        }
        self.status.metrics().signed_in(method, result);
    }

    /// What Kisi does not tell about doors.
    fn complete(&self, who: &Who, doors: &mut [Door]) {
        self.book.count(who, doors, &self.limits);
        for door in doors.iter_mut().filter(|door| door.state == DoorState::NeedsReader) {
            if self.proof_of(door.id).is_some() {
                door.state = DoorState::Ready;
            }
        }
    }

    fn listed_anew(&mut self, session: SessionId, reply: oneshot::Sender<Option<Vec<Door>>>, mut doors: Vec<Door>) {
        let Some(mut open) = self.open.take() else { return };
        if open.id == session {
            self.complete(&open.who, &mut doors);
            open.doors.clone_from(&doors);
            let _ = reply.send(Some(doors));
        }
        self.open = Some(open);
    }

    /// Ends the session before, if a badge was presented in one. Says whether there are connections that carried nobody's login.
    fn makes_way(&mut self, next: &Open) -> bool {
        if let Some(before) = self.open.take_if(|before| before.id != next.id) {
            self.end(&before, Ended::OtherBadge);
        }
        self.is_fresh
    }

    fn begin(&mut self, open: Open) {
        tracing::info!(staff = open.who.staff.get(), doors = open.doors.len(), "signed in");
        self.book.signed_in(&open.who);
        self.note_refused(&open.who, false);
        self.open = Some(open);
    }

    fn listed(&mut self, session: SessionId, reply: oneshot::Sender<Option<Vec<Door>>>, locked_down: &LockedDown) {
        let Some(open) = self.open.as_mut().filter(|open| open.id == session) else { return };
        let mut changed = false;
        for door in &mut open.doors {
            let since = door.place.as_ref().and_then(|place| locked_down.get(&place.id));
            if let (Some(since), false) = (since, matches!(door.state, DoorState::LockedDown(_))) {
                door.state = DoorState::LockedDown(*since);
                changed = true;
            }
        }
        let _ = reply.send(changed.then(|| open.doors.clone()));
    }

    /// One person's notice, never the kiosk's: the next sign-in asks Kisi again.
    fn note_refused(&self, who: &Who, is_refused: bool) {
        if let Err(error) = self.desk().directory.note_refused(who.staff, who.revision, is_refused) {
            tracing::error!(error = %Chain(&error), "a refused login cannot be noted");
        }
    }
}
