//! Reads from Kisi's history which unlocks people's logins asked for. Needs an admin key.

use std::{collections::HashSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time;

use super::{Client, Error, LIST_TIMEOUT, LoginId, rate_limit::Kind, retry, text};
use crate::{door::DoorId, secret::Secret};

/// The longest interval of one event set.
///
/// # Source
///
/// Kisi OpenAPI document, `POST /event_sets`.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Kisi makes at most one event set a second (same source). A set in progress is asked for as often.
const PACE: Duration = Duration::from_secs(1);
/// A set that is in progress for longer than this many seconds is given up. Our choice.
const POLLS: usize = 120;
/// Events of one page. Kisi documents no maximum; it is that of its lists.
const PAGE: usize = 250;
/// Pages of one set that are read at most: a million events.
const MAX_PAGES: usize = 4_000;

/// An unlock that Kisi was asked for with somebody's login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlockEvent {
    /// When, by Kisi's clock.
    pub at: Timestamp,
    /// The login that asked.
    pub login: LoginId,
    /// The door.
    pub door: DoorId,
    /// The door's name then, cleaned; may be empty.
    pub door_name: String,
    /// The e-mail address of the person; empty if Kisi does not say it.
    pub person: String,
    /// Whether Kisi unlocked it.
    pub is_success: bool,
}

/// The unlocks of an interval.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnlockHistory {
    /// Oldest first.
    pub events: Vec<UnlockEvent>,
    /// Number of events that could not be read.
    pub unreadable: usize,
}

/// Request body of `POST /event_sets`.
#[derive(Debug, Serialize)]
struct CreateEventSet {
    event_set: EventFilter,
}

/// Which events a set has.
#[derive(Debug, Serialize)]
struct EventFilter {
    /// Start and end, with a slash between them.
    interval: String,
    event_type: &'static str,
    event_authenticated_by_type: &'static str,
}

/// `GET /event_sets/{id}`: one page.
#[derive(Debug, Deserialize)]
struct EventSet {
    id: u64,
    status: String,
    cursor: Option<String>,
    /// Missing while the set is in progress.
    #[serde(default)]
    events: Vec<Value>,
}

/// An event of an unlock. How Kisi explains a refusal is not parsed.
#[derive(Debug, Deserialize)]
struct WireEvent {
    uuid: String,
    #[serde(rename = "type")]
    kind: String,
    created_at: Timestamp,
    success: bool,
    actor_email: Option<String>,
    authenticated_by_type: Option<String>,
    authenticated_by_id: Option<u64>,
    object_type: Option<String>,
    object_id: Option<u64>,
    object_name: Option<String>,
}

impl Client {
    /// Reads every unlock from `from` to `until` that was asked for with a login, phones included.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 or 403 when the key is not an admin's. [`Error::NoHistory`] when Kisi does not collect the
    /// events, or its paging does not end.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `POST /event_sets` and `GET /event_sets/{id}`.
    pub async fn unlocks_by_logins(
        &self,
        admin: &Secret<String>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<UnlockHistory, Error> {
        let (mut history, mut seen) = (UnlockHistory::default(), HashSet::new());
        let mut begin = from;
        loop {
            let end = begin.saturating_add(LONGEST).map_or(until, |end| end.min(until));
            let mut set = self.create_event_set(admin, begin, end).await?;
            let (mut polls, mut pages) = (0, 0);
            loop {
                match set.status.as_str() {
                    "finished" => {}
                    "in_progress" if polls < POLLS => {
                        polls += 1;
                        time::sleep(PACE).await;
                        set = self.event_set(admin, set.id, None).await?;
                        continue;
                    }
                    _ => return Err(Error::NoHistory),
                }
                for event in std::mem::take(&mut set.events) {
                    match serde_json::from_value::<WireEvent>(event) {
                        Ok(event) if !seen.insert(event.uuid.clone()) => {}
                        Ok(event) if event.is_asked() => match read(event) {
                            Some(event) => history.events.push(event),
                            None => history.unreadable += 1,
                        },
                        Ok(_) => {}
                        Err(_) => history.unreadable += 1,
                    }
                }
                let Some(cursor) = set.cursor.take() else { break };
                pages += 1;
                if MAX_PAGES <= pages {
                    return Err(Error::NoHistory);
                }
                set = self.event_set(admin, set.id, Some(&cursor)).await?;
            }
            if until <= end {
                break;
            }
            begin = end;
        }
        history.events.sort_by_key(|event| event.at);
        Ok(history)
    }

    async fn create_event_set(
        &self,
        admin: &Secret<String>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<EventSet, Error> {
        let event_set = EventFilter {
            interval: format!("{from}/{until}"),
            event_type: "lock.unlock",
            event_authenticated_by_type: "Login",
        };
        let body = CreateEventSet { event_set };
        let (set, _) = retry::read(async || {
            time::sleep(PACE).await;
            let request = self.request(Method::POST, &["event_sets"], admin)?.json(&body);
            self.ask("POST /event_sets", request.timeout(LIST_TIMEOUT)).await
        })
        .await?;
        Ok(set)
    }

    async fn event_set(&self, admin: &Secret<String>, id: u64, cursor: Option<&str>) -> Result<EventSet, Error> {
        let (set, _) = retry::read(async || {
            let request = self.request(Method::GET, &["event_sets", &id.to_string()], admin)?;
            let request = request.query(&[("limit", PAGE)]).query(&cursor.map(|cursor| [("cursor", cursor)]));
            self.rate_limit.wait(Kind::Read).await;
            self.ask("GET /event_sets/{id}", request.timeout(LIST_TIMEOUT)).await
        })
        .await?;
        Ok(set)
    }
}

impl WireEvent {
    /// Whether it is what was asked for: an unlock of a door by a login. What it does not say, it may be.
    fn is_asked(&self) -> bool {
        let may_be = |field: &Option<String>, wanted: &str| field.as_deref().is_none_or(|field| field == wanted);
        self.kind == "lock.unlock" && may_be(&self.authenticated_by_type, "Login") && may_be(&self.object_type, "Lock")
    }
}

/// `None` if it does not say which login or which door.
fn read(event: WireEvent) -> Option<UnlockEvent> {
    let (login, door) = event.authenticated_by_id.zip(event.object_id)?;
    Some(UnlockEvent {
        at: event.created_at,
        login: LoginId::new(login),
        door: DoorId::new(door),
        door_name: event.object_name.map(|name| text::clean(&name)).unwrap_or_default(),
        person: event.actor_email.unwrap_or_default(),
        is_success: event.success,
    })
}
