//! Watches a door after its unlock, with few enough requests that the person's phone still has room in Kisi's rate
//! limit.

use std::{sync::Arc, time::Duration};

use tokio::time;

use crate::{
    door::{DoorId, Outcome},
    error_chain::Chain,
    kisi::{Client, DoorNow},
    secret::Secret,
};

/// Pause before each read of the door: four reads in 4.5 s. That is far below Kisi's five requests per second and
/// person, and within the time that a session has after an unlock.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(700),
    Duration::from_millis(900),
    Duration::from_millis(1_200),
    Duration::from_millis(1_700),
];

/// What Kisi reported about the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SensorReading {
    /// At least one read reported an open door.
    Open,
    /// Every read reported a closed door. Doors without a sensor report this too.
    Closed,
    /// Kisi did not report it.
    Nothing,
}

/// Reads the door until it is open or all reads are done.
pub(super) async fn follow(client: &Client, login: &Arc<Secret<String>>, door: DoorId) -> SensorReading {
    let mut seen = SensorReading::Nothing;
    for pause in LOOKS {
        time::sleep(pause).await;
        match client.look_at(login, door).await {
            Ok(DoorNow { open: Some(true), .. }) => return SensorReading::Open,
            Ok(DoorNow { open: Some(false), .. }) => seen = SensorReading::Closed,
            Ok(DoorNow { open: None, .. }) => {}
            Err(error) => {
                tracing::warn!(door = door.get(), error = %Chain(&error), "the state of a door cannot be read");
                return seen;
            }
        }
    }
    seen
}

/// The outcome for the tile and the text for the audit log. A door counts as still closed only if its sensor is known
/// to work.
pub(super) fn outcome(seen: SensorReading, has_sensor: bool) -> (Outcome, Option<&'static str>) {
    match seen {
        SensorReading::Open => (Outcome::Opened, Some("opened")),
        SensorReading::Closed if has_sensor => (Outcome::StillClosed, Some("still closed")),
        SensorReading::Closed | SensorReading::Nothing => (Outcome::Accepted, None),
    }
}

/// Reads the door once, for the audit log, after an unlock without an answer.
pub(super) async fn read_back(client: &Client, login: &Arc<Secret<String>>, door: DoorId) -> String {
    match client.look_at(login, door).await {
        Ok(DoorNow { open, unlocked }) => {
            let said = |value: Option<bool>| value.map_or("not told".to_owned(), |value| value.to_string());
            format!("after no answer: open {}, unlocked {}", said(open), said(unlocked))
        }
        Err(error) => format!("after no answer: {}", Chain(&error)),
    }
}
