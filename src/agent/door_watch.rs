//! What a door does after an unlock: it is looked at a few times, with room left for the person's phone.

use std::{sync::Arc, time::Duration};

use tokio::time;

use crate::{
    door::{DoorId, Outcome},
    error_chain::Chain,
    kisi::{Client, DoorNow},
    secret::Secret,
};

/// Before each look. All of them stay below Kisi's five requests a second for one person, and within the time that a session
/// has after an unlock.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(700),
    Duration::from_millis(900),
    Duration::from_millis(1_200),
    Duration::from_millis(1_700),
];

/// What was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// The sensor said that it is open.
    Open,
    /// Never. Doors without a sensor say so too.
    Closed,
    /// Kisi did not tell.
    Nothing,
}

/// Looks until it is open, or long enough.
pub(super) async fn follow(client: &Client, login: &Arc<Secret<String>>, door: DoorId) -> Seen {
    let mut seen = Seen::Nothing;
    for pause in LOOKS {
        time::sleep(pause).await;
        match client.look_at(login, door).await {
            Ok(DoorNow { open: Some(true), .. }) => return Seen::Open,
            Ok(DoorNow { open: Some(false), .. }) => seen = Seen::Closed,
            Ok(DoorNow { open: None, .. }) => {}
            Err(error) => {
                tracing::warn!(door = door.get(), error = %Chain(&error), "a door cannot be looked at");
                return seen;
            }
        }
    }
    seen
}

/// What that means for the tile, and for the log. Only a sensor that was seen to work can say that a door stayed closed.
pub(super) fn outcome(seen: Seen, has_sensor: bool) -> (Outcome, Option<&'static str>) {
    match seen {
        Seen::Open => (Outcome::Opened, Some("opened")),
        Seen::Closed if has_sensor => (Outcome::StillClosed, Some("still closed")),
        Seen::Closed | Seen::Nothing => (Outcome::Accepted, None),
    }
}

/// Looks once, for the log.
pub(super) async fn read_back(client: &Client, login: &Arc<Secret<String>>, door: DoorId) -> String {
    match client.look_at(login, door).await {
        Ok(DoorNow { open, unlocked }) => {
            let said = |value: Option<bool>| value.map_or("not told".to_owned(), |value| value.to_string());
            format!("after no answer: open {}, unlocked {}", said(open), said(unlocked))
        }
        Err(error) => format!("after no answer: {}", Chain(&error)),
    }
}
