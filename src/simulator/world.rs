//! The state of the simulated Kisi, as data that a test or a scene file sets. The handlers are in the sibling files.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

pub use super::scene::{Card, Door, Group, Person, Place, Right, Sensor, Switches, Webhook};
pub use super::scene_checks::SceneError;
use super::{fault::Fault, scene::Scene};

/// The scene of the demo and of most tests: two places, a door for every tile state, a person for each kind of refusal.
const SAMPLE: &str = include_str!("../../assets/simulator/sample.toml");

/// A login of either type.
#[derive(Clone)]
pub struct Login {
    /// Kisi's id.
    pub id: u64,
    /// Id of the owner.
    pub person: u64,
    /// `api` or `device`.
    pub kind: &'static str,
    /// Display name.
    pub name: Option<String>,
    /// Model of the device that the login is for.
    pub device_model: Option<String>,
    /// Brand of the device.
    pub device_brand: Option<String>,
    /// Operating system of the device.
    pub os_name: Option<String>,
    /// Authenticates requests with this login.
    pub secret: String,
    /// Whether it expires when unused.
    pub expire: bool,
    /// Whether it is the person's primary device.
    pub primary: bool,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last request with it.
    pub last_used_at: Option<Timestamp>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("id", &self.id).field("person", &self.person).finish_non_exhaustive()
    }
}

/// A role assignment, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Kisi's id.
    pub id: u64,
    /// Kisi's name of the role, such as `place_manager`.
    pub role: String,
    /// Type and id of what it applies to.
    pub applies_to: (String, u64),
    /// Type and id of whom it was given to.
    pub assignee: (String, u64),
    /// Whether the assignee was notified.
    pub notify: bool,
}

/// One line of the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Kisi's name of the type, such as `lock.unlock`.
    pub kind: &'static str,
    /// Time of the event.
    pub at: Timestamp,
    /// Id of the person who caused it.
    pub actor: Option<u64>,
    /// Id of the login that was used.
    pub login: Option<u64>,
    /// Type (`Lock`, `Place` or `Login`) and id of the affected object.
    pub object: (&'static str, u64),
    /// Name of the affected object.
    pub object_name: String,
    /// Kisi's error code, if the action failed.
    pub error_code: Option<String>,
    /// Unique id of the event.
    pub uuid: uuid::Uuid,
}

/// An event set that a client created.
#[derive(Debug, Clone)]
pub(super) struct EventSet {
    pub(super) id: u64,
    pub(super) created_at: Timestamp,
    pub(super) filter: Map<String, Value>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) polls_left: u32,
    pub(super) uuids: Vec<uuid::Uuid>,
}

/// A received request. The login is recorded by its id, without its secret.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST` …
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query string without the question mark.
    pub query: String,
    /// Id of the login, if the request had a valid one.
    pub login: Option<u64>,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// Number of the connection, counted from 1.
    pub connection: u64,
    /// Whether it carried an `Authorization` header at all.
    pub has_authorization: bool,
    /// The headers of an integration partner: identifier and contact.
    pub partner: Option<(String, String)>,
}

/// The simulated Kisi's clock: real time plus an offset set by a test.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::now().saturating_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward.
    pub fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }
}

/// The complete state of a simulated Kisi.
#[derive(Debug, Clone)]
pub struct World {
    /// The clock of the simulated Kisi.
    pub clock: Clock,
    /// Buildings by id.
    pub places: BTreeMap<u64, Place>,
    /// Locks by id.
    pub doors: BTreeMap<u64, Door>,
    /// Users by id.
    pub people: BTreeMap<u64, Person>,
    /// Groups by id.
    pub groups: BTreeMap<u64, Group>,
    /// Group memberships.
    pub rights: Vec<Right>,
    /// Role assignments that are not a person's group membership. They give no rights here.
    pub roles: Vec<Role>,
    /// Favorites: a person and a lock or place (`Lock`, `Place`).
    pub favorites: BTreeSet<(u64, &'static str, u64)>,
    /// Cards by id.
    pub cards: BTreeMap<u64, Card>,
    /// Logins by id. Deleted and evicted ones are removed.
    pub logins: BTreeMap<u64, Login>,
    /// The event log, oldest first.
    pub events: Vec<Event>,
    /// Every request, oldest first.
    pub requests: Vec<Recorded>,
    /// Forbidden client behavior that was seen. Tests assert that it is empty.
    pub violations: Vec<String>,
    /// Alternatives to undocumented behavior.
    pub switches: Switches,
    /// Injected faults; the first match applies.
    pub faults: Vec<Fault>,
    /// Delay of every response.
    pub latency: Duration,
    /// Whether the rate limit is off.
    pub unlimited: bool,
    /// Seconds without use after which a device login with `expire` expires.
    pub device_logins_expire_after_s: i64,
    /// Number of connections so far.
    pub connections: u64,
    /// Number of next connections that are reset before anything is read.
    pub refused_connections: u32,
    /// Webhook receivers.
    pub webhooks: Vec<Webhook>,
    /// Upper limit of an additional random delay of every response.
    pub jitter: Duration,
    pub(super) event_sets: BTreeMap<u64, EventSet>,
    pub(super) recent: BTreeMap<Option<u64>, Vec<Timestamp>>,
    last_id: u64,
}

impl World {
    /// The sample scene.
    ///
    /// # Errors
    ///
    /// Never for the shipped scene, which a test parses.
    pub fn sample() -> Result<Self, SceneError> {
        Self::parse(SAMPLE)
    }

    /// Parses a scene.
    ///
    /// # Errors
    ///
    /// When it is not TOML or has an unknown key; the error names line and key.
    pub fn parse(scene: &str) -> Result<Self, SceneError> {
        let scene: Scene = super::scene_checks::parse(scene)?;
        let mut world = Self {
            clock: Clock { ahead: SignedDuration::ZERO },
            places: scene.places.into_iter().map(|place| (place.id, place)).collect(),
            doors: scene.doors.into_iter().map(|door| (door.id, door)).collect(),
            people: scene.people.into_iter().map(|person| (person.id, person)).collect(),
            groups: scene.groups.into_iter().map(|group| (group.id, group)).collect(),
            rights: Vec::new(),
            roles: Vec::new(),
            favorites: BTreeSet::new(),
            cards: scene.cards.into_iter().map(|card| (card.id, card)).collect(),
            logins: BTreeMap::new(),
            events: Vec::new(),
            requests: Vec::new(),
            violations: Vec::new(),
            switches: scene.switches,
            faults: scene.faults,
            latency: Duration::from_millis(scene.latency_ms),
            unlimited: scene.unlimited,
            device_logins_expire_after_s: 1_209_600,
            connections: 0,
            refused_connections: 0,
            webhooks: scene.webhooks,
            jitter: Duration::from_millis(scene.jitter_ms),
            event_sets: BTreeMap::new(),
            recent: BTreeMap::new(),
            last_id: 10_000,
        };
        for right in scene.rights {
            world.grant(right);
        }
        Ok(world)
    }

    /// A fresh id, larger than any in a scene.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Puts a person into a group.
    pub fn grant(&mut self, mut right: Right) {
        if right.id == 0 {
            right.id = self.next_id();
        }
        self.rights.push(right);
    }

    /// Creates a person with `count` doors of their own, for lists of any length. Returns the e-mail address.
    pub fn person_with_doors(&mut self, count: u64) -> String {
        let id = self.next_id();
        let place = self.places.keys().next().copied().unwrap_or(1);
        let first = 1_000_000 + id * 10_000;
        let doors: Vec<u64> = (first..first + count).collect();
        for (number, door) in doors.iter().enumerate() {
            let door = Door::new(*door, format!("Locker {:04}", number + 1), place);
            let _ = self.doors.insert(door.id, door);
        }
        let email = format!("person{id}@example.com");
        let (name, group) = (format!("Person {id}"), self.next_id());
        let person = Person::new(id, name, email.clone());
        let _ = self.people.insert(id, person);
        let _ = self.groups.insert(group, Group::new(group, doors));
        self.grant(Right::new(id, group));
        email
    }

    /// Creates an API key for the first admin, as the dashboard would. Returns the secret.
    pub fn admin_key(&mut self) -> String {
        let admin = self.people.values().find(|person| person.admin).map_or(0, |person| person.id);
        let id = self.next_id();
        let login = Login {
            id,
            person: admin,
            kind: "api",
            name: Some("Simulator admin key".to_owned()),
            device_model: None,
            device_brand: None,
            os_name: None,
            secret: new_secret(),
            expire: false,
            primary: false,
            created_at: self.clock.now(),
            last_used_at: None,
        };
        let secret = login.secret.clone();
        let _ = self.logins.insert(id, login);
        secret
    }

    /// The person with this e-mail address.
    pub fn person_by_email(&self, email: &str) -> Option<&Person> {
        self.people.values().find(|person| person.email.eq_ignore_ascii_case(email))
    }

    /// Number of unlocks that took effect, over all doors.
    pub fn unlocks(&self) -> u64 {
        self.doors.values().map(|door| door.unlocks).sum()
    }

    pub(super) fn log(
        &mut self,
        kind: &'static str,
        by: Option<&Login>,
        object: (&'static str, u64),
        error: Option<&str>,
    ) {
        let object_name = match object {
            ("Lock", id) => self.doors.get(&id).map(|door| door.name.clone()),
            ("Place", id) => self.places.get(&id).map(|place| place.name.clone()),
            (_, id) => self.logins.get(&id).and_then(|login| login.name.clone()),
        };
        let event = Event {
            kind,
            at: self.clock.now(),
            actor: by.map(|login| login.person),
            login: by.map(|login| login.id),
            object,
            object_name: object_name.unwrap_or_default(),
            error_code: error.map(str::to_owned),
            uuid: uuid::Uuid::new_v4(),
        };
        self.events.push(event);
    }
}

/// 64 hexadecimal digits, from two random UUIDs.
pub(super) fn new_secret() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}
