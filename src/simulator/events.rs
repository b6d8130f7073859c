//! The event log, read as in Kisi: create an event set, poll it, and page through it with a cursor.

use axum::extract::State;
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    Shared,
    auth::Caller,
    extract::{Body, Id},
    json,
    response::{Answer, ApiError, NOTHING_THERE, Query, number, object},
    world::{Event, EventSet, World},
};

/// How long a set is kept, and the longest interval it may cover (Kisi OpenAPI document).
const KEPT: SignedDuration = SignedDuration::from_hours(24);
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Every filter of an event set, in the order of Kisi's document.
const FILTERS: [&str; 13] = [
    "interval",
    "event_type",
    "event_success",
    "event_actor_type",
    "event_actor_id",
    "event_authenticated_by_type",
    "event_authenticated_by_id",
    "event_object_type",
    "event_object_id",
    "event_place_id",
    "place_id",
    "event_sequence",
    "event_uuid",
];

/// `POST /event_sets`
pub(super) async fn create(State(shared): State<Shared>, caller: Caller, Body(body): Body) -> Answer {
    let mut world = shared.world();
    caller.must_be_admin(&world)?;
    super::rules::settle_sensors(&mut world);
    let now = world.clock.now();
    let made_just_now = |set: &EventSet| now.duration_since(set.created_at) < SignedDuration::from_secs(1);
    if !world.unlimited && world.event_sets.values().any(made_just_now) {
        return Err(ApiError::TooMany(world.switches.retry_after.clone()));
    }
    let Some(Value::Object(filter)) = body.get("event_set").cloned() else {
        return Err(ApiError::Field("event_set", "is missing"));
    };
    if filter.contains_key("place_id") && filter.contains_key("event_place_id") {
        return Err(ApiError::Field("place_id", "excludes event_place_id"));
    }
    let (from, to) = interval(filter.get("interval").and_then(Value::as_str), now)?;
    let id = world.next_id();
    let polls_left = world.switches.event_polls;
    let mut set = EventSet { id, created_at: now, filter, from, to, polls_left, uuids: Vec::new() };
    set.uuids = world.events.iter().filter(|event| set.wants(event, &world)).map(|event| event.uuid).collect();
    let answer = set.json(&world, None, 50);
    let _ = world.event_sets.insert(id, set);
    object(answer)
}

/// `GET /event_sets/{id}`
pub(super) async fn one(State(shared): State<Shared>, caller: Caller, Id(id): Id, query: Query) -> Answer {
    let mut world = shared.world();
    caller.must_be_admin(&world)?;
    let now = world.clock.now();
    world.event_sets.retain(|_, set| now.duration_since(set.created_at) < KEPT);
    let set = world.event_sets.get_mut(&id).ok_or(NOTHING_THERE)?;
    set.polls_left = set.polls_left.saturating_sub(1);
    let set = world.event_sets.get(&id).ok_or(NOTHING_THERE)?;
    let limit = number(&query, "limit")?.unwrap_or(50);
    object(set.json(&world, number(&query, "cursor")?, limit))
}

/// `GET /events/types`
pub(super) async fn types(State(_): State<Shared>, _caller: Caller) -> Answer {
    object(json!([
        "lock.unlock",
        "lock.opened",
        "lock.closed",
        "lock.held_open",
        "lock.lock_down",
        "lock.cancel_lockdown",
        "place.lock_down",
        "place.cancel_lockdown",
        "login.create",
        "login.destroy"
    ]))
}

/// Parses `start/end`, `start/duration` or `duration/end`. Without an interval: the last 90 days.
fn interval(text: Option<&str>, now: Timestamp) -> Result<(Timestamp, Timestamp), ApiError> {
    const BAD: ApiError = ApiError::Field("interval", "is not an interval of at most 90 days");
    let Some(text) = text else { return Ok((now.saturating_sub(LONGEST).map_err(|_| BAD)?, now)) };
    let (start, end) = text.split_once('/').ok_or(BAD)?;
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    let span = |text: &str| text.parse::<Span>().ok().and_then(|span| span.to_duration(days).ok());
    let (from, to) = match (start.parse::<Timestamp>(), end.parse::<Timestamp>()) {
        (Ok(from), Ok(to)) => (from, to),
        (Ok(from), Err(_)) => (from, from.saturating_add(span(end).ok_or(BAD)?).map_err(|_| BAD)?),
        (Err(_), Ok(to)) => (to.saturating_sub(span(start).ok_or(BAD)?).map_err(|_| BAD)?, to),
        (Err(_), Err(_)) => return Err(BAD),
    };
    if from <= to && to.duration_since(from) <= LONGEST { Ok((from, to)) } else { Err(BAD) }
}

impl EventSet {
    fn wants(&self, event: &Event, world: &World) -> bool {
        let delay = SignedDuration::from_secs(world.switches.event_delay_s);
        let visible = event.at.saturating_add(delay).is_ok_and(|at| at <= self.created_at);
        if event.at < self.from || self.to < event.at || !visible {
            return false;
        }
        let as_json = json::event(event, world);
        let is = |filter: &str, field: &str| match self.filter.get(filter) {
            None | Some(Value::Null) => true,
            Some(Value::String(list)) => {
                let actual = as_json.get(field).and_then(Value::as_str);
                actual.is_some_and(|actual| list.split(',').any(|wanted| wanted.trim() == actual))
            }
            Some(wanted) => as_json.get(field) == Some(wanted),
        };
        FILTERS.iter().all(|filter| match *filter {
            "interval" => true,
            "event_place_id" => is(filter, "place_id"),
            filter => is(filter, filter.strip_prefix("event_").unwrap_or(filter)),
        })
    }

    /// A set that is `in_progress` has neither events nor a cursor. The last page has no cursor.
    fn json(&self, world: &World, cursor: Option<usize>, limit: usize) -> Value {
        let is_finished = self.polls_left == 0;
        let mut answer: Map<String, Value> =
            FILTERS.iter().map(|key| ((*key).to_owned(), self.filter.get(*key).cloned().unwrap_or_default())).collect();
        let from = cursor.unwrap_or(0);
        let next = from.saturating_add(limit);
        let has_more = is_finished && next < self.uuids.len();
        let mut put = |key: &str, value: Value| answer.insert(key.to_owned(), value);
        let _ = put("id", json!(self.id));
        let _ = put("created_at", json!(self.created_at));
        let _ = put("status", json!(if is_finished { "finished" } else { "in_progress" }));
        let _ = put("cursor", if has_more { json!(next.to_string()) } else { Value::Null });
        if is_finished {
            let page = self.uuids.iter().skip(from).take(limit);
            let found = page.filter_map(|uuid| world.events.iter().find(|event| event.uuid == *uuid));
            let _ = put("events", found.map(|event| json::event(event, world)).collect());
        }
        Value::Object(answer)
    }
}
