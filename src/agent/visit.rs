//! The open visit: the person, their login, and the doors that were listed for them.

use std::sync::Arc;

use tokio::{task::AbortHandle, time::Instant};

use super::audit_writer::Who;
use crate::{
    door::{Door, DoorId, DoorState},
    kisi::LockedDown,
    secret::Secret,
    session::SessionId,
};

/// The open visit.
pub(super) struct Visit {
    pub(super) id: SessionId,
    pub(super) who: Who,
    pub(super) login: Arc<Secret<String>>,
    pub(super) doors: Vec<Door>,
    pub(super) since: Instant,
    /// Running requests that use the login, except unlocks. The end of the visit aborts them, which frees the login.
    pub(super) reads: Vec<AbortHandle>,
}

impl Visit {
    pub(super) fn new(id: SessionId, who: Who, login: Secret<String>, doors: Vec<Door>) -> Self {
        Self { id, who, login: Arc::new(login), doors, since: Instant::now(), reads: Vec::new() }
    }

    pub(super) fn door(&self, door: DoorId) -> Option<&Door> {
        self.doors.iter().find(|known| known.id == door)
    }

    /// Marks the doors of places that are locked down. Returns whether any door changed.
    pub(super) fn lock_down(&mut self, places: &LockedDown) -> bool {
        let mut has_changed = false;
        for door in &mut self.doors {
            let since = door.place.as_ref().and_then(|place| places.get(&place.id));
            if let (Some(since), false) = (since, matches!(door.state, DoorState::LockedDown(_))) {
                door.state = DoorState::LockedDown(*since);
                has_changed = true;
            }
        }
        has_changed
    }

    pub(super) fn abort_reads(&self) {
        self.reads.iter().for_each(AbortHandle::abort);
    }
}
