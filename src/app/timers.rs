//! What the window waits for: moments, minutes, and what the agent says of itself.

use std::{
    hash::{Hash, Hasher},
    time::{Duration, Instant},
};

use futures_util::stream::{self, Stream};
use jiff::civil::DateTime;

use super::TICK;
use crate::{
    agent::{Handle, Health},
    session::Event,
};

/// Something happens at this moment.
#[derive(Hash)]
pub(super) struct At(pub(super) Instant);

/// Once after this, and should that have been too early for anything to change, again soon.
pub(super) fn from(after: Duration) -> impl Stream<Item = ()> + use<> {
    stream::unfold(after, async |after| {
        tokio::time::sleep(after).await;
        Some(((), TICK))
    })
}

/// Minutes since the beginning of the year, about: they tell one from another.
pub(super) fn minutes(time: DateTime) -> u64 {
    let days = u64::try_from(time.day_of_year()).unwrap_or_default();
    let of_day = i64::from(time.hour()) * 60 + i64::from(time.minute());
    days * 1_440 + u64::try_from(of_day).unwrap_or_default()
}

/// An agent's state. A subscription tells agents apart by the generation.
pub(super) struct Watched(pub(super) Handle, pub(super) u64);

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ("health", self.1).hash(state);
    }
}

impl Watched {
    pub(super) fn health(&self) -> impl Stream<Item = Health> + use<> {
        stream::unfold(self.0.health(), async |mut health| {
            health.changed().await.ok()?;
            let now = *health.borrow_and_update();
            Some((now, health))
        })
    }
}

/// What an agent says.
pub(super) struct Heard(pub(super) Handle, pub(super) u64);

impl Hash for Heard {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ("events", self.1).hash(state);
    }
}

impl Heard {
    /// Each event with the agent's generation, so that the window drops what a replaced agent still says.
    pub(super) fn events(&self) -> impl Stream<Item = (u64, Event)> + use<> {
        stream::unfold((self.0.events(), self.1), async |(events, generation)| {
            let event = events.recv().await?;
            Some(((generation, event), (events, generation)))
        })
    }
}
