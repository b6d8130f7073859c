//! Subscriptions of the window: an instant, a minute, and the agent's events and connection state.

use std::{
    hash::{Hash, Hasher},
    time::{Duration, Instant},
};

use futures_util::stream::{self, Stream};
use jiff::civil::DateTime;

use super::TICK;
use crate::{
    agent::{Connectivity, Handle},
    session::Event,
};

/// An instant at which something expires.
#[derive(Hash)]
pub(super) struct At(pub(super) Instant);

/// Yields once after this time, then every [`TICK`] in case nothing had expired yet.
pub(super) fn from(after: Duration) -> impl Stream<Item = ()> + use<> {
    stream::unfold(after, async |after| {
        tokio::time::sleep(after).await;
        Some(((), TICK))
    })
}

/// Minutes since the start of the year. It only has to differ from one minute to the next.
pub(super) fn minutes(time: DateTime) -> u64 {
    let days = u64::try_from(time.day_of_year()).unwrap_or_default();
    let of_day = i64::from(time.hour()) * 60 + i64::from(time.minute());
    days * 1_440 + u64::try_from(of_day).unwrap_or_default()
}

/// The connection state of an agent. The generation identifies the subscription.
pub(super) struct Watched(pub(super) Handle, pub(super) u64);

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ("health", self.1).hash(state);
    }
}

impl Watched {
    pub(super) fn health(&self) -> impl Stream<Item = Connectivity> + use<> {
        stream::unfold(self.0.health(), async |mut health| {
            health.changed().await.ok()?;
            let now = *health.borrow_and_update();
            Some((now, health))
        })
    }
}

/// The events of an agent. The generation identifies the subscription.
pub(super) struct AgentEvents(pub(super) Handle, pub(super) u64);

impl Hash for AgentEvents {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ("events", self.1).hash(state);
    }
}

impl AgentEvents {
    /// Yields each event with the agent's generation, so that the window can drop the events of a replaced agent.
    pub(super) fn events(&self) -> impl Stream<Item = (u64, Event)> + use<> {
        stream::unfold((self.0.events(), self.1), async |(events, generation)| {
            let event = events.recv().await?;
            Some(((generation, event), (events, generation)))
        })
    }
}
