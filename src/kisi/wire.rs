//! JSON exactly as Kisi sends it. Every field but `id` may be missing or null, and unknown fields are ignored, because
//! responses have changed over the years. The state that a tile shows for a lock is also decided here.

use jiff::{civil::DateTime, tz::TimeZone};
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{restriction::Restriction, text::clean};
use crate::door::{Code, Door, DoorId, DoorState, Place, PlaceId};

/// Request body of `POST /logins`.
#[derive(Debug, Serialize)]
pub(super) struct CreateLogin<'a> {
    pub(super) login: NewLogin<'a>,
}

/// A device login for another person that never expires.
#[derive(Debug, Serialize)]
pub(super) struct NewLogin<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) device_brand: &'static str,
    pub(super) device_model: &'a str,
    pub(super) os_name: &'static str,
    pub(super) email: &'a str,
    /// A boolean, although one of Kisi's guides shows a string.
    pub(super) expire: bool,
}

/// Response of `POST /logins`. The alias of the secret and the keys for tap-to-unlock are not parsed.
#[derive(Deserialize)]
pub(super) struct CreatedLogin {
    pub(super) id: u64,
    pub(super) secret: String,
    pub(super) user_id: Option<u64>,
    pub(super) user: Option<User>,
}

/// `GET /login`.
#[derive(Debug, Deserialize)]
pub(super) struct CurrentLogin {
    pub(super) id: u64,
    pub(super) user_id: Option<u64>,
    pub(super) user: Option<User>,
}

/// The person of a login.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) name: Option<String>,
}

/// `GET /logins`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct ListedLogin {
    pub(super) id: u64,
    pub(super) device_model: Option<String>,
}

/// `GET /users`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct ListedUser {
    pub(super) id: u64,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) access_enabled: Option<bool>,
    pub(super) scim_access_enabled: Option<bool>,
}

/// `GET /cards`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct ListedCard {
    pub(super) id: u64,
    pub(super) uid: Option<String>,
    pub(super) facility_code: Option<u64>,
    pub(super) card_number: Option<u64>,
}

/// `GET /card_assignments`, one element. Kisi's two-factor PIN is not parsed.
#[derive(Debug, Deserialize)]
pub(super) struct CardOwner {
    pub(super) id: u64,
    pub(super) card_id: Option<u64>,
    pub(super) assignee_type: Option<String>,
    pub(super) assignee_id: Option<u64>,
}

/// `GET /groups`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct ListedGroup {
    pub(super) id: u64,
    pub(super) name: Option<String>,
    pub(super) login_enabled: Option<bool>,
    pub(super) tap_to_access_restriction_enabled: Option<bool>,
    pub(super) primary_device_restriction_enabled: Option<bool>,
    pub(super) managed_device_restriction_enabled: Option<bool>,
    pub(super) reader_restriction_enabled: Option<bool>,
    pub(super) geofence_restriction_enabled: Option<bool>,
}

/// `GET /group_locks`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct GroupLock {
    pub(super) id: u64,
    pub(super) lock_id: Option<u64>,
}

/// `GET /role_assignments`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct RoleAssignment {
    pub(super) id: u64,
    pub(super) applies_to_type: Option<String>,
    pub(super) applies_to_id: Option<u64>,
    valid_from: Option<String>,
    valid_until: Option<String>,
}

impl RoleAssignment {
    /// Start and end of validity; `None` where there is no limit.
    pub(super) fn period(&self) -> (Option<jiff::Timestamp>, Option<jiff::Timestamp>) {
        let read = |time: &Option<String>| time.as_ref()?.parse().ok();
        (read(&self.valid_from), read(&self.valid_until))
    }
}

/// `GET /places`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct PlaceState {
    pub(super) id: u64,
    pub(super) locked_down: Option<bool>,
    locked_down_since: Option<String>,
}

impl PlaceState {
    /// Start of the lock-down in the kiosk's local time.
    pub(super) fn since(&self) -> Option<DateTime> {
        here(self.locked_down_since.as_deref())
    }
}

/// Converts a timestamp from Kisi to the kiosk's local time.
fn here(time: Option<&str>) -> Option<DateTime> {
    Some(TimeZone::system().to_datetime(time?.parse().ok()?))
}

/// Kisi's error body. Its English texts are not shown at the kiosk.
///
/// # Source
///
/// Kisi OpenAPI document, `Error` and `ValidationErrors`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ErrorBody {
    /// Most errors.
    Coded {
        code: String,
        #[serde(rename = "error")]
        _error: String,
    },
    /// The complaints about each field of a request.
    Complaints { errors: HashMap<String, Vec<String>> },
}

impl ErrorBody {
    /// The code, which is empty for complaints about fields. `None` if the body cannot be Kisi's: every code that Kisi
    /// documents has six digits and small letters, and complaints come with 422 only.
    pub(super) fn code(&self, status: u16) -> Option<Code> {
        match self {
            Self::Coded { code, .. } => {
                let is_kisis = code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
                is_kisis.then(|| Code::new(Some(code)))
            }
            Self::Complaints { errors } => (status == 422 && !errors.is_empty()).then(Code::default),
        }
    }
}

/// The body of an accepted unlock.
///
/// # Source
///
/// Kisi OpenAPI document, `POST /locks/{id}/unlock`: the message is always `Unlocked!`.
#[derive(Debug, Deserialize)]
pub(super) struct Unlocked {
    message: String,
    error: Option<serde::de::IgnoredAny>,
    code: Option<serde::de::IgnoredAny>,
}

impl Unlocked {
    /// Whether this is Kisi's message, and not that of a gateway.
    pub(super) fn is_kisis(&self) -> bool {
        self.message == "Unlocked!" && self.error.is_none() && self.code.is_none()
    }

    /// Whether these bytes are the beginning of Kisi's message.
    pub(super) fn begins(bytes: &[u8]) -> bool {
        const WHOLE: &[u8] = b"{\"message\":\"Unlocked!\"}";
        let mut is_in_string = false;
        let plain = bytes.iter().copied().filter(|byte| {
            is_in_string ^= *byte == b'"';
            is_in_string || !byte.is_ascii_whitespace()
        });
        WHOLE.starts_with(&plain.collect::<Vec<u8>>())
    }
}

/// `GET /locks`, one element.
#[derive(Debug, Deserialize)]
pub(super) struct Lock {
    pub(super) id: u64,
    name: Option<String>,
    pub(super) order_id: Option<i64>,
    configured: Option<bool>,
    online: Option<bool>,
    unlocked: Option<bool>,
    on_scheduled_unlock: Option<bool>,
    locked_down: Option<bool>,
    locked_down_since: Option<String>,
    geofence_restriction_enabled: Option<bool>,
    reader_restriction_enabled: Option<bool>,
    place_id: Option<u64>,
    place: Option<LockPlace>,
}

/// The fields of `GET /locks/{id}` that change when a door is opened.
#[derive(Debug, Deserialize)]
pub(super) struct LockNow {
    pub(super) open: Option<bool>,
    pub(super) unlocked: Option<bool>,
}

/// Request body of `POST /locks/{id}/unlock`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Unlock {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<Context>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lock: Option<Proof>,
}

/// Where the kiosk is.
#[derive(Debug, Serialize)]
pub(super) struct Context {
    pub(super) location: Location,
    pub(super) services: [Service; 1],
}

/// Degrees of WGS 84.
#[derive(Debug, Serialize)]
pub(super) struct Location {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

/// A location service of the device. Kisi chooses the code of a refusal by these flags.
#[derive(Debug, Serialize)]
pub(super) struct Service {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) available: bool,
    pub(super) enabled: bool,
    pub(super) authorized: bool,
}

/// Proof that the kiosk is near the door's reader.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    /// The code from the reader's beacon, in decimal digits.
    pub(super) proximity_proof: String,
}

impl Unlock {
    pub(super) fn new(position: Option<(f64, f64)>, proof: Option<u16>) -> Self {
        let gps = Service { kind: "GPS", available: true, enabled: true, authorized: true };
        let context = position
            .map(|(latitude, longitude)| Context { location: Location { latitude, longitude }, services: [gps] });
        Self { context, lock: proof.map(|code| Proof { proximity_proof: code.to_string() }) }
    }
}

/// The place inside a lock. It does not include the place's lock-down flag.
#[derive(Debug, Deserialize)]
struct LockPlace {
    id: u64,
    name: Option<String>,
}

impl Lock {
    /// The state that a tile shows. The first matching condition wins.
    ///
    /// # Source
    ///
    /// `kisi.md`, section 3.2: order and words are ours.
    fn state(&self, has_position: bool) -> DoorState {
        let is = |field: Option<bool>| field == Some(true);
        if is(self.locked_down) {
            DoorState::LockedDown(here(self.locked_down_since.as_deref()))
        } else if self.configured == Some(false) {
            DoorState::NotSetUp
        } else if is(self.on_scheduled_unlock) || is(self.unlocked) {
            DoorState::Open
        } else if self.online == Some(false) {
            DoorState::Offline
        } else if is(self.reader_restriction_enabled) {
            DoorState::NeedsReader
        } else if is(self.geofence_restriction_enabled) && !has_position {
            DoorState::NeedsPosition
        } else {
            DoorState::Ready
        }
    }
}

impl Lock {
    /// Every restriction that can stop a kiosk at this lock, and whether it applies.
    pub(super) fn restrictions(&self, has_position: bool) -> [(bool, Restriction); 4] {
        let is = |field: Option<bool>| field == Some(true);
        [
            (self.configured == Some(false), Restriction::NotSetUp),
            (self.online == Some(false), Restriction::Offline),
            (is(self.reader_restriction_enabled), Restriction::Reader),
            (is(self.geofence_restriction_enabled) && !has_position, Restriction::Position),
        ]
    }

    /// Converts the lock. `has_position` says whether the kiosk has a configured position.
    pub(super) fn into_door(self, has_position: bool) -> Door {
        let lock = self;
        let named = |name: Option<&str>, kind: &str, id: u64| {
            let name = name.map(clean).unwrap_or_default();
            if name.is_empty() { format!("{kind} {id}") } else { name }
        };
        let place = lock
            .place
            .as_ref()
            .map(|place| Place { id: PlaceId::new(place.id), name: named(place.name.as_deref(), "Place", place.id) });
        let unnamed = lock.place_id.map(|id| Place { id: PlaceId::new(id), name: format!("Place {id}") });
        let name = named(lock.name.as_deref(), "Door", lock.id);
        Door {
            id: DoorId::new(lock.id),
            kisi_name: name.clone(),
            name,
            place: place.or(unnamed),
            state: lock.state(has_position),
            allowance: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(json: &str) -> Option<Door> {
        serde_json::from_str::<Lock>(json).ok().map(|lock| lock.into_door(false))
    }

    #[test]
    fn a_lock_with_nothing_but_an_id_is_a_door() {
        let door = door(r#"{"id": 7}"#).unwrap();
        assert_eq!((door.name.as_str(), door.place, door.state), ("Door 7", None, DoorState::Ready));
    }

    #[test]
    fn nulls_and_unknown_fields_are_tolerated() {
        let json = r#"{"id": 7, "name": null, "online": null, "place": null, "place_id": 3, "integration_id": 4, "new": [{}]}"#;
        assert_eq!(door(json).unwrap().place.unwrap().name, "Place 3");
        assert_eq!(door(r#"{"name": "no id"}"#), None);
        assert_eq!(door(r#"{"id": 7, "online": "yes"}"#), None);
    }

    #[test]
    fn the_first_matching_condition_decides_the_tile() {
        let state = |fields: &str| door(&format!(r#"{{"id": 1, {fields}}}"#)).unwrap().state;
        assert_eq!(state(r#""locked_down": true, "configured": false"#), DoorState::LockedDown(None));
        let said = state(r#""locked_down": true, "locked_down_since": "2026-11-24T14:10:00Z""#);
        let DoorState::LockedDown(Some(since)) = said else { panic!("{said:?}") };
        assert_eq!(TimeZone::system().to_timestamp(since).unwrap().to_string(), "2026-11-24T14:10:00Z");
        assert_eq!(state(r#""locked_down": true, "locked_down_since": "yesterday""#), DoorState::LockedDown(None));
        assert_eq!(state(r#""configured": false, "unlocked": true"#), DoorState::NotSetUp);
        assert_eq!(state(r#""on_scheduled_unlock": true, "online": false"#), DoorState::Open);
        assert_eq!(state(r#""unlocked": true"#), DoorState::Open);
        assert_eq!(state(r#""online": false, "reader_restriction_enabled": true"#), DoorState::Offline);
        assert_eq!(state(r#""reader_restriction_enabled": true"#), DoorState::NeedsReader);
        assert_eq!(state(r#""geofence_restriction_enabled": true"#), DoorState::NeedsPosition);
        assert_eq!(state(r#""online": true"#), DoorState::Ready);
    }
}
