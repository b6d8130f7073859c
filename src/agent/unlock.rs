//! A tap on a door, from the checks to the request. Kisi decides the rest.

use std::sync::Arc;

use tokio::{sync::oneshot, time};
use tracing::Instrument;

use super::{
    Agent, LATE,
    book::Who,
    done::{Done, Unlocked},
};
use crate::{
    chain::Chain,
    door::{DoorId, Outcome},
    session::{Ended, RequestId, SessionId},
    trouble::Trouble,
};

impl Agent {
    /// Whether this person may still open doors here, with the login that they signed in with. `None` when that cannot be found
    /// out.
    pub(super) fn may_open(&self, who: &Who) -> Option<bool> {
        let found = self.desk().directory.open_revision(who.staff).map(|revision| revision == Some(who.revision));
        found.inspect_err(|error| tracing::error!(error = %Chain(error), "a person cannot be looked up")).ok()
    }

    /// Ends a session whose person was suspended or removed, or has a new login.
    pub(super) fn bar(&mut self, session: SessionId) {
        self.surroundings.barred(session);
        self.forget(session, Ended::Barred);
    }

    /// Only in the open session, only a door of its list, only with its own login, and only once it is written down. Kisi
    /// decides the rest.
    pub(super) fn unlock(
        &mut self,
        (session, request): (SessionId, RequestId),
        door: DoorId,
        at: time::Instant,
        reply: oneshot::Sender<Outcome>,
    ) {
        let open = self.open.as_ref().filter(|open| open.id == session);
        let known = open.and_then(|open| Some((open, open.doors.iter().find(|known| known.id == door)?)));
        let Some((open, known)) = known else {
            tracing::error!(door = door.get(), "an unlock outside its session was refused");
            let _ = reply.send(Outcome::NotSent);
            return;
        };
        if self.surroundings.has_no_clock() {
            let _ = reply.send(Outcome::WrongClock);
            return;
        }
        match self.may_open(&open.who) {
            Some(true) => {}
            Some(false) => {
                let _ = reply.send(Outcome::NotSent);
                self.book.barred(&open.who, known);
                self.bar(session);
                return;
            }
            // It cannot be found out: nothing is sent.
            None => {
                let _ = reply.send(Outcome::NotRecorded);
                return;
            }
        }
        let (client, login, who) = (self.client.clone(), Arc::clone(&open.login), open.who.clone());
        let intent = match self.book.intent(&who, known, &self.limits) {
            Ok(Some(intent)) => intent,
            Ok(None) => {
                let _ = reply.send(Outcome::Limited);
                return;
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "an unlock cannot be written down: nothing was sent");
                let _ = reply.send(Outcome::NotRecorded);
                self.surroundings.heard(Trouble::Disk);
                return;
            }
        };
        let proof = self.proof_of(door);
        self.surroundings.recorded(request, intent);
        // The number of the record names the unlock in the log, at HTTP too, and on the screen.
        let span = tracing::info_span!("unlock", record = intent);
        span.in_scope(|| tracing::info!(staff = who.staff.get(), door = door.get(), "asked for"));
        let asked = async move {
            let outcome = client.unlock_near(&login, door, proof, at + LATE).await;
            tracing::info!(?outcome, "answered");
            Done::Unlocked(Unlocked { who, door, intent, outcome, reply, at })
        };
        self.open_unlocks += 1;
        let _ = self.work.spawn(asked.instrument(span));
    }
}
