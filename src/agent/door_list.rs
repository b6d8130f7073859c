//! The doors of the open visit: those of the last visit until Kisi has answered, Kisi's list, and what it lacks.

use std::sync::{Arc, PoisonError};

use tokio::time::Instant;

use super::{
    Agent,
    audit_writer::Who,
    completion,
    lookup::{self, Visible},
    visit::{Lists, Visit},
};
use crate::{
    door::{DoorList, DoorState},
    error_chain::Chain,
    kisi,
    session::{Denial, Event, SessionId},
};

impl Agent {
    /// The doors as the screen shows them: with the unlocks left for this person, and a door that asks for nearness ready
    /// while the kiosk receives its reader.
    pub(super) fn shown(&self, visit: &Visit) -> DoorList {
        let mut list = visit.list.clone();
        self.audit.count(&visit.who, &mut list.doors, self.unlocker.limits());
        for door in list.doors.iter_mut().filter(|door| door.state == DoorState::NeedsReader) {
            if self.unlocker.nearby.proof(door.id).is_some() {
                door.state = DoorState::Ready;
            }
        }
        list
    }

    /// Sends the doors of this session to the window, if they differ from those it has.
    pub(super) fn announce(&mut self, session: SessionId) {
        let Some(visit) = self.visit(session) else { return };
        let shown = self.shown(visit);
        if let Some(visit) = self.visit.as_mut().filter(|visit| visit.shown != shown) {
            visit.shown.clone_from(&shown);
            self.say(Event::DoorsListed(session, shown));
        }
    }

    /// Sends the doors of the open visit again: a reader is heard, or no longer.
    pub(super) fn announce_readers(&mut self) {
        if let Some(session) = self.visit.as_ref().map(|visit| visit.id) {
            self.announce(session);
        }
    }

    /// When a door that is shown as ready thanks to its reader stops being so. At once if that was missed.
    pub(super) fn fades(&self) -> Option<Instant> {
        let visit = self.visit.as_ref()?;
        let pairs = visit.list.doors.iter().zip(&visit.shown.doors);
        let ready = pairs.filter(|(door, shown)| door.state != shown.state && shown.state == DoorState::Ready);
        ready.map(|(door, _)| self.unlocker.nearby.fades(door.id).unwrap_or_else(Instant::now)).min()
    }

    /// Asks Kisi for the doors of a visit that began with those of the last one.
    pub(super) fn list_first(&mut self, session: SessionId) {
        self.read(
            session,
            |client, login| async move { lookup::list(&client, &login).await },
            move |agent, who, found| agent.listed_first(session, who, found),
        );
    }

    fn listed_first(&mut self, session: SessionId, who: &Who, found: Result<kisi::Doors, Denial>) {
        match found {
            Ok(list) => {
                self.note_refused(who, false);
                self.take_list(session, who, list);
            }
            Err(denial) => {
                self.note_unlisted(who, denial);
                self.say(Event::DoorsNotListed(session, denial));
            }
        }
    }

    pub(super) fn listed_again(&mut self, session: SessionId, who: &Who, found: Result<kisi::Doors, kisi::Error>) {
        match found {
            Ok(list) => self.take_list(session, who, list),
            Err(error) => tracing::warn!(error = %Chain(&error), "the doors cannot be listed again"),
        }
    }

    /// Replaces the doors of this session by Kisi's list.
    fn take_list(&mut self, session: SessionId, who: &Who, list: kisi::Doors) {
        let lists = self.visible.lists(list);
        let mut places_wait = false;
        if let Some(visit) = self.visit.as_mut().filter(|visit| visit.id == session) {
            visit.replace(lists);
            self.unlocker.nearby.want(visit.all.doors.iter().map(|door| door.id), visit.needing_reader());
            places_wait = std::mem::take(&mut visit.places_wait);
        }
        self.announce(session);
        self.keep_doors(who);
        if places_wait {
            self.check_places(session);
        }
    }

    /// Asks Kisi which places are locked down, after the list of doors.
    pub(super) fn check_places(&mut self, session: SessionId) {
        if let Some(visit) = self.visit.as_mut().filter(|visit| visit.id == session && !visit.is_listed) {
            visit.places_wait = true;
            return;
        }
        self.read(
            session,
            |client, login| async move { client.places_locked_down(&login).await },
            move |agent, _, found| agent.places_checked(session, found),
        );
    }

    fn places_checked(&mut self, session: SessionId, found: Result<kisi::LockedDown, kisi::Error>) {
        match found {
            Ok(places) => {
                if let Some(visit) = self.visit.as_mut().filter(|visit| visit.id == session) {
                    visit.lock_down(places);
                }
                self.announce(session);
            }
            Err(error) => tracing::warn!(error = %Chain(&error), "the places cannot be listed"),
        }
    }

    /// Keeps the doors of the open visit for this person's next one, unless they are kept already. Nobody waits for it.
    pub(super) fn keep_doors(&mut self, who: &Who) {
        let Some(visit) = self.visit.as_mut().filter(|visit| visit.who.staff == who.staff) else { return };
        if !self.remembers || std::mem::replace(&mut visit.is_kept, true) {
            return;
        }
        let (list, who) = (visit.all.clone(), who.clone());
        let authenticator = Arc::clone(&self.authenticator);
        let keep = move || authenticator.lock().unwrap_or_else(PoisonError::into_inner).keep_last_doors(&who, &list);
        if self.inline_lookup {
            keep();
        } else {
            self.work.spawn_blocking(move || {
                keep();
                completion(|_| {})
            });
        }
    }
}

impl Visible {
    /// Kisi's list, and the part of it that this kiosk shows.
    pub(super) fn lists(&self, list: kisi::Doors) -> Lists {
        if 0 < list.dropped {
            tracing::warn!(dropped = list.dropped, "doors that cannot be parsed were left out");
        }
        let incomplete = list.truncated || 0 < list.dropped;
        self.note(&list.doors);
        self.shown_of(DoorList { doors: list.doors, incomplete })
    }

    /// A list, and the part of it that this kiosk shows.
    pub(super) fn shown_of(&self, all: DoorList) -> Lists {
        let shown = DoorList { doors: self.of(all.doors.clone()), incomplete: all.incomplete };
        Lists { shown, all }
    }
}
