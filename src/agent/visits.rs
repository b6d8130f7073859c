//! Visits: the sign-in, the list of doors, and unlocks from the checks to the outcome.

use std::sync::{Arc, PoisonError};

use tokio::time;
use tracing::Instrument;

use super::{
    Agent, MIN_FAILURE_TIME,
    audit_writer::{self, Who},
    authenticator::method,
    completion,
    door_watch::{self, SensorReading},
    fleet::Fleet,
    lookup::{Denied, Lookup, SECOND_LOOK, Signed},
    unlocker::{Cause, Permit, Refused},
    visit::Visit,
};
use crate::{
    door::{DoorId, Outcome, Refusal},
    outage::Outage,
    session::{Asked, Denial, Ended, Event, Identity, RequestId, SessionId, visit::Welcome},
    staff::Credential,
};

impl Agent {
    pub(super) fn identify(&mut self, session: SessionId, credential: Credential, asked: Asked) {
        // The spent guess is stored before the lookup; if that fails, nothing is looked up. Storing it here keeps the
        // order of the effects, so an older count never overwrites a newer one.
        if asked.guesses_left.is_some_and(|left| !self.keep_guesses(left)) {
            self.say(Event::Identified(session, Err(Denial::KioskFault)));
            return;
        }
        let present = asked.current.and_then(|current| Some(self.visit(current)?.who.staff));
        let method = method(&credential);
        let how = asked.reader.map_or_else(|| method.to_owned(), |reader| format!("{method} at {reader}"));
        // Reconnect before the client is cloned: this person's list must not use connections that carried another
        // login.
        let is_safe = self.connection.is_fresh() || self.reconnect();
        let lookup = Lookup {
            session,
            credential,
            how: how.clone(),
            present,
            authenticator: Arc::clone(&self.authenticator),
            client: self.connection.client(),
            visible: Arc::clone(&self.visible),
            is_inline: self.inline_lookup,
            fleet: self.fleet.as_ref().map(Fleet::asking),
        };
        let abort = self.work.spawn(async move {
            let floor = time::sleep(MIN_FAILURE_TIME);
            let found = if is_safe { lookup.run().await } else { Err(Denied::new(Denial::KioskFault, None)) };
            if found.is_err() {
                floor.await;
            }
            completion(move |agent| agent.identified(session, (method, &how), asked.guesses_left, found))
        });
        self.lookup = Some((session, abort));
    }

    /// Answers before it records the result, so that the disk neither delays people nor gives a guesser a timing hint.
    fn identified(
        &mut self,
        session: SessionId,
        (method, how): (&'static str, &str),
        guesses_left: Option<u32>,
        found: Result<Signed, Denied>,
    ) {
        let is_awaited = self.lookup.take_if(|(id, _)| *id == session).is_some();
        let result = match found {
            Ok(Signed::In(visit, _) | Signed::Remembered(visit, _)) if is_awaited && !self.makes_way(&visit) => {
                self.say(Event::Identified(session, Err(Denial::KioskFault)));
                self.audit.refused(how, Denial::KioskFault, time::Instant::now().into_std());
                audit_writer::reason(Denial::KioskFault)
            }
            Ok(Signed::In(visit, welcome)) => {
                let who = visit.who.clone();
                if self.welcome(visit, welcome, is_awaited) {
                    self.note_refused(&who, false);
                    self.keep_doors(&who);
                }
                "in"
            }
            Ok(Signed::Remembered(visit, welcome)) => {
                if self.welcome(visit, welcome, is_awaited) {
                    self.list_first(session);
                }
                "in"
            }
            Ok(Signed::Same) => {
                self.say(Event::Identified(session, Ok(Identity::Same)));
                "same"
            }
            Ok(Signed::Technician) => {
                if is_awaited {
                    self.technician_came(session);
                }
                "in"
            }
            Ok(Signed::NeedsPin) => {
                self.say(Event::Identified(session, Ok(Identity::NeedsPin)));
                "needs pin"
            }
            Err(denied) => {
                self.say(Event::Identified(session, Err(denied.denial)));
                let result = audit_writer::reason(denied.denial);
                self.note_denied((method, how), guesses_left, denied);
                result
            }
        };
        self.status.metrics().signed_in(method, result);
        // A sign-in may have brought a copy.
        self.report_fleet();
    }

    /// Answers a sign-in with the doors, and opens the visit. Returns whether it is open: an aborted sign-in does not
    /// replace the open visit.
    fn welcome(&mut self, mut visit: Visit, mut welcome: Welcome, is_awaited: bool) -> bool {
        if is_awaited {
            self.unlocker.nearby.open(visit.all.doors.iter().map(|door| door.id), visit.needing_reader());
        }
        visit.shown = self.shown(&visit);
        (welcome.doors, welcome.incomplete) = (visit.shown.doors.clone(), visit.shown.incomplete);
        self.say(Event::Identified(visit.id, Ok(Identity::Person(welcome))));
        if is_awaited {
            tracing::info!(staff = visit.who.staff.get(), doors = visit.shown.doors.len(), "signed in");
            self.audit.signed_in(&visit.who);
            let (session, who, confirmation) = (visit.id, visit.who.clone(), visit.confirmation.take());
            self.visit = Some(visit);
            if let Some(confirmation) = confirmation {
                self.confirm(session, &who, confirmation);
            }
        }
        is_awaited
    }

    fn note_denied(&mut self, (method, how): (&'static str, &str), guesses_left: Option<u32>, denied: Denied) {
        let Denied { denial, who, last_try } = denied;
        match who {
            Some(who) => self.note_unlisted(&who, denial),
            None => self.audit.refused(how, denial, time::Instant::now().into_std()),
        }
        if guesses_left == Some(0) && denial == Denial::NotKnown {
            self.audit.budget_spent("keypad");
        }
        if last_try {
            self.audit.budget_spent(method);
        }
    }

    /// Notes that a person's doors cannot be listed.
    pub(super) fn note_unlisted(&mut self, who: &Who, denial: Denial) {
        if let Denial::Network(outage) = denial {
            self.connectivity.heard(outage);
        }
        self.audit.refused(&who.how, denial, time::Instant::now().into_std());
        if denial == Denial::LoginDead {
            self.note_refused(who, true);
        }
    }

    /// Ends the previous visit, if another badge was scanned during it. Returns whether the connections carry no
    /// earlier login.
    fn makes_way(&mut self, next: &Visit) -> bool {
        if let Some(before) = self.visit.take_if(|before| before.id != next.id) {
            self.sign_out(before, Ended::OtherBadge);
        }
        self.connection.is_fresh()
    }

    pub(super) fn forget(&mut self, session: SessionId, why: Ended) {
        if let Some((_, abort)) = self.lookup.take_if(|(id, _)| *id == session) {
            abort.abort();
        }
        self.technician_left(session);
        if let Some(visit) = self.visit.take_if(|visit| visit.id == session) {
            self.sign_out(visit, why);
        }
    }

    /// Ends a visit: aborts its reads, records its end and replaces the connections.
    fn sign_out(&mut self, visit: Visit, why: Ended) {
        visit.abort_reads();
        self.unlocker.nearby.close(visit.needing_reader().next().is_some());
        self.audit.signed_out(&visit.who, why);
        self.status.metrics().visited(visit.since.elapsed());
        tracing::info!("signed out");
        let _ = self.reconnect();
    }

    /// Ends a session whose person was suspended or removed, or has a new login.
    pub(super) fn revoke_access(&mut self, session: SessionId) {
        self.say(Event::AccessRevoked(session));
        self.forget(session, Ended::AccessRevoked);
    }

    /// Notes whether Kisi refuses this person's login.
    pub(super) fn note_refused(&mut self, who: &Who, is_refused: bool) {
        if self.authenticator().note_refused(who, is_refused) {
            self.note_in_fleet(who.staff, None, Some(is_refused));
        }
    }

    // Doors

    pub(super) fn followed(&mut self, who: &Who, request: RequestId, door: DoorId, seen: SensorReading) {
        if seen == SensorReading::Open {
            let _ = self.sensors.insert(door);
        }
        let (outcome, about) = door_watch::outcome(seen, self.sensors.contains(&door));
        self.say(Event::DoorSensorRead(request, outcome));
        if let Some(about) = about {
            self.audit.seen(who, door, about);
        }
    }

    /// Sends an unlock only in the open session, for a door on its list, with its login, and after the intent is on the
    /// disk. Kisi decides the rest.
    pub(super) fn unlock(&mut self, session: SessionId, request: RequestId, door: DoorId, at: time::Instant) {
        if !self.opens_alone() {
            self.say(Event::UnlockAnswered(request, Outcome::NotSent));
            self.status.metrics().unlock_stopped(Outcome::NotSent);
            return;
        }
        let own = self.fleet.as_ref().map(Fleet::own_limits);
        let visit = self.visit.as_ref().filter(|visit| visit.id == session);
        let authenticator = self.authenticator.lock().unwrap_or_else(PoisonError::into_inner);
        let granted =
            self.unlocker.grant(visit, (door, at), own.as_ref(), &authenticator, &mut self.audit, &self.connectivity);
        drop(authenticator);
        let mut permit = match granted {
            Ok(permit) => permit,
            Err(Refused { outcome, cause }) => {
                self.say(Event::UnlockAnswered(request, outcome));
                self.status.metrics().unlock_stopped(outcome);
                match cause {
                    Some(Cause::AccessRevoked) => self.revoke_access(session),
                    Some(Cause::Disk) => self.connectivity.heard(Outage::Disk),
                    None => {}
                }
                return;
            }
        };
        self.say(Event::UnlockRecorded(request, permit.record));
        match self.ask_permission(&mut permit, door) {
            None => self.send_unlock(session, request, permit, (door, at)),
            Some(asked) => {
                let _ = self.work.spawn(async move {
                    let permission = asked.await;
                    completion(move |agent| agent.permitted((session, request), permit, (door, at), permission))
                });
            }
        }
    }

    /// Sends an unlock that is recorded.
    pub(super) fn send_unlock(
        &mut self,
        session: SessionId,
        request: RequestId,
        Permit { who, login, record, proof, by, is_alone }: Permit,
        (door, at): (DoorId, time::Instant),
    ) {
        // The record number identifies the unlock in the log, in the client's lines too, and on the screen.
        let span = tracing::info_span!("unlock", record);
        span.in_scope(|| tracing::info!(staff = who.staff.get(), door = door.get(), "unlock requested"));
        let client = self.connection.client();
        let sent = async move {
            let (outcome, outage) = client.unlock_and_tell(&login, door, proof, by).await;
            tracing::info!(?outcome, "unlock answered");
            completion(move |agent| {
                if let Some(outage) = outage {
                    agent.connectivity.heard(outage);
                }
                if is_alone && outcome == Outcome::Accepted {
                    agent.status.metrics().fleet().opened_alone();
                }
                agent.unlocked(session, &who, request, (door, record), outcome, at);
            })
        };
        let _ = self.work.spawn(sent.instrument(span));
    }

    pub(super) fn unlocked(
        &mut self,
        session: SessionId,
        who: &Who,
        request: RequestId,
        (door, record): (DoorId, u64),
        outcome: Outcome,
        at: time::Instant,
    ) {
        self.unlocker.answered();
        self.say(Event::UnlockAnswered(request, outcome));
        self.status.metrics().unlocked(outcome, at.elapsed());
        self.audit.outcome(who, door, record, outcome);
        if outcome.refusal() == Some(Refusal::Login) {
            // The login counts as refused only if Kisi refuses it again some seconds later.
            self.read(
                session,
                |client, login| async move {
                    time::sleep(SECOND_LOOK).await;
                    client.who_am_i(&login).await
                },
                |agent, who, found| {
                    if found.is_err_and(|error| error.is_dead_login()) {
                        agent.note_refused(who, true);
                    }
                },
            );
        }
    }
}
