//! What the simulation sees of doors: their states, and their readers' beacons.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;
use vestibule::{
    beacons::Nearby,
    door::{Door, DoorId, DoorState},
    proximity::{Beacon, FRESH},
    simulator::world::World,
};

/// A door without its reader stops being a button within this: the agent has to be run, and time moves in steps.
const LATE: Duration = Duration::from_secs(2);
/// A beacon contains only the lower bits of the lock's id.
const ID_BITS: u64 = (1 << 22) - 1;

/// Every beacon that the kiosk has heard, and every state that a door has had since somebody presented a credential.
#[derive(Default)]
pub(super) struct Readers {
    heard: Vec<(u64, u64, Instant)>,
    states: HashMap<DoorId, Vec<DoorState>>,
}

impl Readers {
    /// Readers of some doors send a beacon with any code, and so do locks of nobody.
    pub(super) fn send(&mut self, doors: &[DoorId], nearby: &Nearby, rng: &mut fastrand::Rng) {
        for _ in 0..rng.u8(0..4) {
            let door = doors[rng.usize(..doors.len())].get();
            let lock = if rng.u8(..4) == 0 { rng.u64(..=ID_BITS) } else { door & ID_BITS };
            let code = rng.u64(..1_024);
            let value = u32::try_from((lock << 10) | code).unwrap();
            let uuid = 0x6dfe_2064_5186_11ea_8dfe_4b73_218b_f946_u128.to_be_bytes();
            let frame = [&[0x02, 0x15][..], &uuid, &value.to_be_bytes(), &[0xc5]].concat();
            nearby.hear(Beacon::decode(&frame).unwrap(), Some(-60));
            self.heard.push((lock, code, Instant::now()));
        }
    }

    /// Whether this door's reader sent this code, or any, so long ago at most.
    fn is_heard(&self, door: DoorId, code: Option<u64>, since: Instant) -> bool {
        let is_it = |(lock, sent, at): &(u64, u64, Instant)| {
            *lock == door.get() & ID_BITS && code.is_none_or(|code| code == *sent) && since < *at
        };
        self.heard.iter().any(is_it)
    }

    /// A proof that Kisi received is a code of that door's own reader, not older than five seconds at the tap.
    pub(super) fn check_proof(&self, door: DoorId, proof: Option<&serde_json::Value>, tapped: std::time::Instant) {
        let Some(proof) = proof.filter(|proof| !proof.is_null()) else { return };
        let code = proof.as_str().and_then(|code| code.parse().ok()).expect("a proof that is no number");
        let since = Instant::from_std(tapped) - FRESH;
        assert!(self.is_heard(door, Some(code), since), "a stale or foreign proof for {door:?}");
    }

    /// Somebody presents a credential: what was before does not count.
    pub(super) fn begin(&mut self, world: &World) {
        self.states.clear();
        self.note(world);
    }

    /// Notes the states that Kisi's doors have now.
    pub(super) fn note(&mut self, world: &World) {
        for door in world.doors.values() {
            let place = world.places.get(&door.place);
            let is_locked =
                door.locked_down_since.is_some() || place.is_some_and(|place| place.locked_down_since.is_some());
            let is_open = door.scheduled || door.unlocked_at.is_some();
            let plain = match () {
                () if !door.configured => DoorState::NotSetUp,
                () if door.online == Some(false) => DoorState::Offline,
                () if door.reader => DoorState::NeedsReader,
                () if door.geofence => DoorState::NeedsPosition,
                () => DoorState::Ready,
            };
            let also = [is_locked.then_some(DoorState::LockedDown(None)), is_open.then_some(DoorState::Open)];
            let states = self.states.entry(DoorId::new(door.id)).or_default();
            for state in also.into_iter().flatten().chain([plain]) {
                if !states.contains(&state) {
                    states.push(state);
                }
            }
        }
    }

    /// No door is shown with a state that it has not had since its person presented their credential, except that the doors
    /// of an earlier visit have none. A door that asks for its reader is a button only while that is heard.
    pub(super) fn check(&self, doors: &[Door]) {
        for door in doors.iter().filter(|door| door.state != DoorState::Remembered) {
            let state =
                if let DoorState::LockedDown(_) = door.state { DoorState::LockedDown(None) } else { door.state };
            let had = self.states.get(&door.id).expect("a door that Kisi does not have");
            let is_near =
                had.contains(&DoorState::NeedsReader) && self.is_heard(door.id, None, Instant::now() - FRESH - LATE);
            let is_known = had.contains(&state) || (state == DoorState::Ready && is_near);
            assert!(is_known, "{} is shown as {state:?}, and was {had:?}", door.name);
        }
    }
}

/// Changes a door at Kisi: its name, its controller, its reader or its place.
pub(super) fn change_a_door(world: &mut World, rng: &mut fastrand::Rng) {
    let doors: Vec<u64> = world.doors.keys().copied().collect();
    let id = doors[rng.usize(..doors.len())];
    let now = world.clock.now();
    let Some(door) = world.doors.get_mut(&id) else { return };
    match rng.u8(..5) {
        0 => door.name = format!("Door {}", rng.u16(..)),
        1 => door.online = Some(rng.bool()),
        2 => door.reader = !door.reader,
        3 => door.configured = !door.configured,
        _ => {
            let place = door.place;
            if let Some(place) = world.places.get_mut(&place) {
                place.locked_down_since = if place.locked_down_since.is_some() { None } else { Some(now) };
            }
        }
    }
}
