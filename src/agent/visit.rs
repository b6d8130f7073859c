//! The open visit: the person, their login, and the doors that were listed for them.

use std::sync::Arc;

use tokio::{task::AbortHandle, time::Instant};

use super::{asking::Confirmation, audit_writer::Who};
use crate::{
    door::{Door, DoorId, DoorList, DoorState, Place},
    kisi::LockedDown,
    secret::Secret,
    session::SessionId,
};

/// A list of doors, and the part of it that this kiosk shows.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) shown: DoorList,
    pub(super) all: DoorList,
}

/// The open visit.
pub(super) struct Visit {
    pub(super) id: SessionId,
    pub(super) who: Who,
    pub(super) login: Arc<Secret<String>>,
    /// The doors: Kisi's list, or that of the last visit until Kisi has answered. Those that this kiosk shows.
    pub(super) list: DoorList,
    /// The same with the doors that are not shown here.
    pub(super) all: DoorList,
    /// Whether Kisi has listed the doors.
    pub(super) is_listed: bool,
    /// Whether the places must be checked once it has: a person's requests go one after the other.
    pub(super) places_wait: bool,
    /// Doors that were shown and that Kisi does not list any more.
    gone: Vec<DoorId>,
    /// The doors as the window has them.
    pub(super) shown: DoorList,
    /// Whether the directory keeps these doors.
    pub(super) is_kept: bool,
    /// Places under lock-down. Kisi's list of doors does not say so.
    locked_down: LockedDown,
    pub(super) since: Instant,
    /// Set if the person signed in by a copy: the fleet's database is asked about them.
    pub(super) confirmation: Option<Confirmation>,
    /// Running requests that use the login, except unlocks. The end of the visit aborts them, which frees the login.
    pub(super) reads: Vec<AbortHandle>,
}

impl Visit {
    pub(super) fn new(id: SessionId, who: Who, login: Secret<String>, lists: Lists) -> Self {
        Self {
            id,
            who,
            login: Arc::new(login),
            list: lists.shown,
            all: lists.all,
            is_listed: true,
            places_wait: false,
            gone: Vec::new(),
            shown: DoorList::default(),
            is_kept: false,
            locked_down: LockedDown::new(),
            since: Instant::now(),
            confirmation: None,
            reads: Vec::new(),
        }
    }

    pub(super) fn door(&self, door: DoorId) -> Option<&Door> {
        self.list.doors.iter().find(|known| known.id == door)
    }

    /// The doors that Kisi opens only with a proof from their reader.
    pub(super) fn needing_reader(&self) -> impl Iterator<Item = DoorId> {
        self.list.doors.iter().filter(|door| door.state == DoorState::NeedsReader).map(|door| door.id)
    }

    /// Whether this door was shown in the visit, and Kisi does not list it any more.
    pub(super) fn is_gone(&self, door: DoorId) -> bool {
        self.gone.contains(&door)
    }

    /// Replaces the doors by Kisi's list.
    pub(super) fn replace(&mut self, lists: Lists) {
        let before = std::mem::replace(&mut self.list, lists.shown);
        self.is_kept = self.is_kept && is_same(&self.all, &lists.all);
        (self.all, self.is_listed) = (lists.all, true);
        self.gone.extend(before.doors.iter().map(|door| door.id));
        self.gone.retain(|door| self.list.doors.iter().all(|known| known.id != *door));
        self.mark();
    }

    /// Marks the doors of places that are locked down, in later lists too.
    pub(super) fn lock_down(&mut self, places: LockedDown) {
        self.locked_down = places;
        self.mark();
    }

    fn mark(&mut self) {
        for door in &mut self.list.doors {
            let since = door.place.as_ref().and_then(|place| self.locked_down.get(&place.id));
            if let (Some(since), false) = (since, matches!(door.state, DoorState::LockedDown(_))) {
                door.state = DoorState::LockedDown(*since);
            }
        }
    }

    pub(super) fn abort_reads(&self) {
        self.reads.iter().for_each(AbortHandle::abort);
    }
}

/// Whether two lists have the same doors with the same names in the same order. Their states do not count.
fn is_same(kept: &DoorList, list: &DoorList) -> bool {
    kept.incomplete == list.incomplete && kept.doors.iter().map(tile).eq(list.doors.iter().map(tile))
}

/// What is kept of a door.
fn tile(door: &Door) -> (DoorId, &str, &str, Option<&Place>) {
    (door.id, &door.name, &door.kisi_name, door.place.as_ref())
}
