//! The list of doors during a visit: what an earlier visit left, then what Kisi lists, without moving a tile under a
//! finger.

use std::time::{Duration, Instant};

use super::{Attempt, Visit};
use crate::{
    door::{Door, DoorId, DoorList, Place},
    session::Denial,
};

/// A finger that stays on a tile holds the list back for this long. Our choice: a tap is shorter.
const HELD: Duration = Duration::from_secs(3);

/// The fingers on tiles, and the list that waits for them.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Listing {
    /// Doors whose tiles are under a finger.
    held: Vec<DoorId>,
    /// When the list waits no longer.
    until: Option<Instant>,
    /// The newest list. It would move tiles.
    waiting: Option<DoorList>,
    /// Why the doors cannot be listed: the visit ends with this once its last outcome was shown.
    failed: Option<Denial>,
}

impl Visit {
    /// Replaces the list of doors. One that moves tiles waits while a finger is on a tile or an outcome names its door.
    pub(in crate::session) fn list(&mut self, list: DoorList, now: Instant) {
        if moves(&self.welcome.doors, &list.doors) {
            self.listing.waiting = Some(list);
            self.show_waiting(now);
        } else {
            self.listing.waiting = None;
            (self.welcome.doors, self.welcome.incomplete) = (list.doors, list.incomplete);
        }
    }

    /// Shows the list that waits, if nothing holds it back. The tiles move, so touches meant for them are ignored.
    pub(in crate::session) fn show_waiting(&mut self, now: Instant) {
        let is_held = self.listing.until.is_some_and(|until| now < until);
        let has_outcome = matches!(self.attempt, Attempt::Opening(..) | Attempt::Done(..));
        let Some(list) = self.listing.waiting.take_if(|_| !is_held && !has_outcome) else { return };
        self.settle(now);
        // Half a number may belong to another door now.
        self.spoil(now);
        (self.welcome.doors, self.welcome.incomplete) = (list.doors, list.incomplete);
        self.focus = self.focus.filter(|focus| self.knows(*focus).is_some());
    }

    /// A finger came down on a tile.
    pub(in crate::session) fn hold(&mut self, door: DoorId, now: Instant) {
        self.listing.held.push(door);
        // Further fingers do not prolong it.
        let _ = self.listing.until.get_or_insert(now + HELD);
    }

    /// A finger has left a tile.
    pub(in crate::session) fn let_go(&mut self, door: DoorId) {
        if let Some(at) = self.listing.held.iter().position(|held| *held == door) {
            let _ = self.listing.held.swap_remove(at);
        }
        if self.listing.held.is_empty() {
            self.listing.until = None;
        }
    }

    /// Forgets fingers that stay on tiles, or whose release was lost.
    pub(super) fn expire_hold(&mut self, now: Instant) {
        if self.listing.until.is_some_and(|until| until <= now) {
            self.forget_fingers();
        }
    }

    /// Forgets the fingers on tiles: other tiles are below them now.
    pub(super) fn forget_fingers(&mut self) {
        (self.listing.held, self.listing.until) = (Vec::new(), None);
    }

    /// When a list is held back no longer.
    pub(super) fn held_until(&self) -> Option<Instant> {
        self.listing.until
    }

    /// Kisi does not list this person's doors.
    pub(in crate::session) fn not_listed(&mut self, why: Denial) {
        self.listing.failed = Some(why);
    }

    /// Why the visit must end now: its doors cannot be listed, and no outcome is awaited or shown.
    pub(in crate::session) fn failure(&self) -> Option<Denial> {
        let is_open = matches!(self.attempt, Attempt::None | Attempt::Asked(..));
        self.listing.failed.filter(|_| is_open)
    }
}

/// Whether a tile is elsewhere or reads otherwise in the new list. A desk groups tiles by the places of their doors.
fn moves(before: &[Door], after: &[Door]) -> bool {
    !before.iter().map(tile).eq(after.iter().map(tile))
}

fn tile(door: &Door) -> (DoorId, &str, Option<&Place>) {
    (door.id, &door.name, door.place.as_ref())
}
