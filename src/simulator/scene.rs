//! The contents of a scene file: places, doors, people, rights, faults, and switches for the simulator's behavior.

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
    /// Latitude and longitude in degrees (WGS 84).
    pub position: Option<(f64, f64)>,
    /// Start of the lock-down of the whole place.
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
    /// Its name. Tests also use hostile ones.
    pub name: String,
    /// Id of its place.
    pub place: u64,
    /// Kisi's `order_id`, the position in lists.
    pub order: Option<i64>,
    /// Whether the door has hardware.
    #[serde(default = "yes")]
    pub configured: bool,
    /// Whether the controller is online. Missing: unknown.
    pub online: Option<bool>,
    /// Whether the controller is updating its firmware.
    #[serde(default)]
    pub updating: bool,
    /// Whether the door is unlocked by a schedule.
    #[serde(default)]
    pub scheduled: bool,
    /// A schedule unlocks the door until then, once somebody has arrived.
    pub first_to_arrive_until: Option<Timestamp>,
    /// Whether somebody has arrived.
    #[serde(skip)]
    pub has_arrived: bool,
    /// Wireless lock: a second unlock within three seconds is refused with `fad112`.
    #[serde(default)]
    pub wireless: bool,
    /// Geofence restriction.
    #[serde(default)]
    pub geofence: bool,
    /// Reader restriction.
    #[serde(default)]
    pub reader: bool,
    /// Latitude and longitude in degrees (WGS 84). Missing: the place's.
    pub position: Option<(f64, f64)>,
    /// Behavior of the contact sensor after an unlock.
    #[serde(default)]
    pub sensor: Sensor,
    /// Start of the door's own lock-down.
    #[serde(skip)]
    pub locked_down_since: Option<Timestamp>,
    /// Time of the last unlock.
    #[serde(skip)]
    pub unlocked_at: Option<Timestamp>,
    /// Number of unlocks that took effect.
    #[serde(skip)]
    pub unlocks: u64,
    #[serde(skip)]
    pub(super) sensor_events: u8,
}

fn yes() -> bool {
    true
}

/// Behavior of a door's contact sensor, in milliseconds after an unlock.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensor {
    /// When the door opens. Missing: never.
    pub opens_ms: Option<i64>,
    /// When the door closes again. Missing: it stays open.
    pub closes_ms: Option<i64>,
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Kisi's id.
    pub id: u64,
    /// Full name.
    pub name: String,
    /// E-mail address. Case does not matter.
    pub email: String,
    /// Whether access is on. False: suspended in the whole organization.
    #[serde(default = "yes")]
    pub access_enabled: bool,
    /// Whether the person may create logins for others, lock down, and open every door.
    #[serde(default)]
    pub admin: bool,
    /// Language code, returned by `GET /user`.
    pub locale: Option<String>,
    /// The password for `POST /logins` without a login. Missing: nobody can use it.
    pub password: Option<String>,
    /// Notes of an admin.
    #[serde(skip)]
    pub notes: Option<String>,
    /// Metadata of an integration.
    #[serde(skip)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// A group: its doors and restrictions. [`Right`] has the members.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "Kisi's group has these flags, and any mixture of them can occur")]
pub struct Group {
    /// Kisi's id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Ids of its doors.
    pub doors: Vec<u64>,
    /// App access. False refuses with `f01337`.
    #[serde(default = "yes")]
    pub apps: bool,
    /// Tap-to-access restriction: refuses with `bbc93f`.
    #[serde(default)]
    pub tap_only: bool,
    /// Primary device restriction: refuses other devices with `34bd8f`.
    #[serde(default)]
    pub primary_device: bool,
    /// Geofence restriction.
    #[serde(default)]
    pub geofence: bool,
    /// Reader restriction.
    #[serde(default)]
    pub reader: bool,
    /// Outside its hours now: refuses with `34ffaa`.
    #[serde(default)]
    pub closed: bool,
}

/// A role assignment: a group membership, possibly limited in time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// Kisi's id. 0: the simulator assigns one.
    #[serde(default)]
    pub id: u64,
    /// Id of the person.
    pub person: u64,
    /// Id of the group.
    pub group: u64,
    /// Start of validity. Missing: no start.
    pub from: Option<Timestamp>,
    /// End of validity. Missing: no end.
    pub until: Option<Timestamp>,
    /// Kisi's name of the role.
    #[serde(default = "group_basic")]
    pub role: String,
}

fn group_basic() -> String {
    "group_basic".to_owned()
}

impl Right {
    /// A group membership without limits. The simulator assigns the id.
    pub fn new(person: u64, group: u64) -> Self {
        Self { id: 0, person, group, from: None, until: None, role: group_basic() }
    }
}

/// A card and its owner.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Kisi's id.
    pub id: u64,
    /// Kisi's name of the type, such as `third_party_hf`.
    #[serde(rename = "type")]
    pub kind: String,
    /// UID in hexadecimal digits, if the card has one.
    pub uid: Option<String>,
    /// Facility code of a Wiegand card.
    pub facility_code: Option<u64>,
    /// Card number of a Wiegand card.
    pub card_number: Option<u64>,
    /// Id of the owner. Missing: the card is unassigned.
    pub person: Option<u64>,
}

/// Alternatives to undocumented behavior of Kisi. All are off by default.
///
/// # Source
///
/// `kisi.md`, section 13: each switch is the alternative to a line tagged "assumed".
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each switch is independent of the others")]
pub struct Switches {
    /// A suspended person sees no doors.
    pub suspended_sees_nothing: bool,
    /// An unlock without a right to the door returns 404 instead of 403.
    pub no_right_is_404: bool,
    /// The lock-down of a place also shows in its locks.
    pub mirror_lock_down: bool,
    /// A door that is unlocked by a schedule accepts an unlock.
    pub scheduled_accepts: bool,
    /// A 429 has an error body and this `Retry-After`.
    pub retry_after: Option<String>,
    /// A `limit` or `offset` above the maximum returns 422 instead of being reduced.
    pub strict_limit: bool,
    /// Lists have no `X-Collection-Range`.
    pub no_range: bool,
    /// Lists report this total, whatever their length.
    pub lying_total: Option<usize>,
    /// Lists send at most this many items per page, whatever `limit` asks for.
    pub page_cap: Option<usize>,
    /// Number of polls until an event set is finished.
    pub event_polls: u32,
    /// Locks have no `resource_type`, as in older responses.
    pub old_locks: bool,
    /// Seconds until an event appears in event sets.
    pub event_delay_s: i64,
}

/// The top level of a scene file.
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
    pub(super) webhooks: Vec<Webhook>,
    pub(super) latency_ms: u64,
    pub(super) jitter_ms: u64,
    pub(super) unlimited: bool,
}

/// A receiver, and the faults of its deliveries.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// URL of the receiver. Only an IP address on loopback is used.
    pub url: String,
    /// Event types to send; empty means all.
    pub enabled_events: Vec<String>,
    /// HMAC key for `X-Signature`. Missing: the body is not signed.
    pub signature_key: Option<String>,
    /// Number of additional deliveries of every event.
    pub repeats: u32,
    /// Delay of every delivery, in milliseconds.
    pub delay_ms: i64,
    /// Number of next events that are lost.
    pub lost: u32,
    /// Whether later events are delivered before waiting earlier ones.
    pub out_of_order: bool,
}

impl Person {
    /// A person with access.
    pub fn new(id: u64, name: String, email: String) -> Self {
        Self {
            id,
            name,
            email,
            access_enabled: true,
            admin: false,
            locale: None,
            password: None,
            notes: None,
            metadata: serde_json::Map::new(),
        }
    }
}

impl Door {
    /// A door without restrictions.
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
            first_to_arrive_until: None,
            has_arrived: false,
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

    /// Whether it is unlocked: for five seconds after an unlock, or by its schedule.
    pub fn is_unlocked(&self, now: Timestamp) -> bool {
        self.is_on_schedule() || self.since_unlock(now).is_some_and(|since| since < SignedDuration::from_secs(5))
    }

    /// Whether a schedule unlocks it now.
    pub fn is_on_schedule(&self) -> bool {
        self.scheduled || self.has_arrived
    }

    /// Whether the contact sensor reports the door as open. False without a sensor.
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
