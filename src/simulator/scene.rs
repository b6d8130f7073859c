//! What a scene file holds: places, doors, people, rights, faults, and how the simulated Kisi behaves.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::fault::Fault;

/// A building.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Kisi's id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// WGS 84, both or none.
    pub position: Option<(f64, f64)>,
    /// Since when it is locked down as a whole.
    #[serde(skip)]
    pub locked_down_since: Option<Timestamp>,
}

/// A lock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "Kisi's lock has these flags, and any mixture of them can occur")]
pub struct Door {
    /// Kisi's id.
    pub id: u64,
    /// Its name, as unpleasant as a test wants it.
    pub name: String,
    /// Where it is.
    pub place: u64,
    /// Its position in lists.
    pub order: Option<i64>,
    /// Has hardware.
    #[serde(default = "yes")]
    pub configured: bool,
    /// Whether the controller answers. Missing: not known.
    pub online: Option<bool>,
    /// The controller updates its firmware.
    #[serde(default)]
    pub updating: bool,
    /// Open on a schedule.
    #[serde(default)]
    pub scheduled: bool,
    /// A second unlock within three seconds meets the first.
    #[serde(default)]
    pub wireless: bool,
    /// Must be near.
    #[serde(default)]
    pub geofence: bool,
    /// Must be at the reader.
    #[serde(default)]
    pub reader: bool,
    /// WGS 84. Missing: the place's.
    pub position: Option<(f64, f64)>,
    /// What the contact sensor does after an unlock.
    #[serde(default)]
    pub sensor: Sensor,
    /// Since when it is locked down.
    #[serde(skip)]
    pub locked_down_since: Option<Timestamp>,
    /// When it was unlocked last.
    #[serde(skip)]
    pub unlocked_at: Option<Timestamp>,
    /// How many unlocks took effect.
    #[serde(skip)]
    pub unlocks: u64,
    #[serde(skip)]
    pub(super) sensor_events: u8,
}

fn yes() -> bool {
    true
}

/// What the contact sensor of a door does after an unlock, in milliseconds from it.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensor {
    /// When it opens. Missing: never.
    pub opens_ms: Option<i64>,
    /// When it closes again. Missing: it is held open.
    pub closes_ms: Option<i64>,
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Kisi's id.
    pub id: u64,
    /// What they are called.
    pub name: String,
    /// What they are found by.
    pub email: String,
    /// Switched off in the whole organization.
    #[serde(default = "yes")]
    pub access_enabled: bool,
    /// May make logins for others, lock down, and open every door.
    #[serde(default)]
    pub admin: bool,
    /// Their language.
    pub locale: Option<String>,
}

/// A group: who may open what, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "Kisi's group has these flags, and any mixture of them can occur")]
pub struct Group {
    /// Kisi's id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its doors.
    pub doors: Vec<u64>,
    /// App access. False: `f01337`.
    #[serde(default = "yes")]
    pub apps: bool,
    /// Only by tapping a phone: `bbc93f`.
    #[serde(default)]
    pub tap_only: bool,
    /// Only the primary device: `34bd8f`.
    #[serde(default)]
    pub primary_device: bool,
    /// Must be near.
    #[serde(default)]
    pub geofence: bool,
    /// Must be at the reader.
    #[serde(default)]
    pub reader: bool,
    /// Out of hours now: `34ffaa`.
    #[serde(default)]
    pub closed: bool,
}

/// A role assignment: a person is in a group, perhaps for a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// Kisi's id; 0 gets one.
    #[serde(default)]
    pub id: u64,
    /// Who.
    pub person: u64,
    /// In which group.
    pub group: u64,
    /// From when.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// A card and whose it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Kisi's id.
    pub id: u64,
    /// Kisi's name of the type, such as `third_party_hf`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What identifies it: `uid`, or
    pub uid: Option<String>,
    /// these two.
    pub facility_code: Option<u64>,
    /// The number on the card.
    pub card_number: Option<u64>,
    /// Whose it is.
    pub person: Option<u64>,
}

/// Where Kisi does not say what it does, the other way.
///
/// # Source
///
/// `kisi-api.md`, section 13: each is the alternative to a line tagged "assumed".
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each switch is independent of the others")]
pub struct Switches {
    /// A suspended person sees no doors.
    pub suspended_sees_nothing: bool,
    /// A door without right answers 404 instead of 403.
    pub no_right_is_404: bool,
    /// A place's lock-down shows in its locks.
    pub mirror_lock_down: bool,
    /// A door open on a schedule accepts an unlock.
    pub scheduled_accepts: bool,
    /// A 429 has an error body, and this `Retry-After`.
    pub retry_after: Option<String>,
    /// A `limit` above the maximum is 422 instead of cut.
    pub strict_limit: bool,
    /// Lists have no `X-Collection-Range`.
    pub no_range: bool,
    /// Lists claim this total.
    pub lying_total: Option<usize>,
    /// Event sets need this many polls.
    pub event_polls: u32,
    /// Locks as they were sent years ago, without `resource_type`.
    pub old_locks: bool,
    /// Events are visible after this many seconds.
    pub event_delay_s: i64,
}

/// Why a scene is refused.
pub type SceneError = toml::de::Error;

/// What a scene file holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Scene {
    pub(super) places: Vec<Place>,
    pub(super) doors: Vec<Door>,
    pub(super) people: Vec<Person>,
    pub(super) groups: Vec<Group>,
    pub(super) rights: Vec<Right>,
    pub(super) cards: Vec<Card>,
    pub(super) switches: Switches,
    pub(super) faults: Vec<Fault>,
    pub(super) webhooks: Vec<super::webhook::Webhook>,
    pub(super) latency_ms: u64,
    pub(super) jitter_ms: u64,
    pub(super) unlimited: bool,
}

impl Door {
    /// A door that opens without conditions.
    pub fn new(id: u64, name: impl Into<String>, place: u64) -> Self {
        Self {
            id,
            name: name.into(),
            place,
            order: None,
            configured: true,
            online: Some(true),
            updating: false,
            scheduled: false,
            wireless: false,
            geofence: false,
            reader: false,
            position: None,
            sensor: Sensor::default(),
            locked_down_since: None,
            unlocked_at: None,
            unlocks: 0,
            sensor_events: 0,
        }
    }

    /// Whether it is unlocked: for five seconds after an unlock, or on its schedule.
    pub fn is_unlocked(&self, now: Timestamp) -> bool {
        self.scheduled || self.since_unlock(now).is_some_and(|since| since < SignedDuration::from_secs(5))
    }

    /// What the contact sensor says.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let (Some(since), Some(opens)) = (self.since_unlock(now), self.sensor.opens_ms) else { return false };
        let closed = self.sensor.closes_ms.is_some_and(|closes| SignedDuration::from_millis(closes) <= since);
        SignedDuration::from_millis(opens) <= since && !closed
    }

    pub(super) fn since_unlock(&self, now: Timestamp) -> Option<SignedDuration> {
        self.unlocked_at.map(|at| now.duration_since(at))
    }
}

impl Group {
    /// A group without restrictions.
    pub fn new(id: u64, doors: Vec<u64>) -> Self {
        Self {
            id,
            name: format!("Group {id}"),
            doors,
            apps: true,
            tap_only: false,
            primary_device: false,
            geofence: false,
            reader: false,
            closed: false,
        }
    }
}
