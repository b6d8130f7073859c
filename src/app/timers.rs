//! Subscriptions of the window: an instant, a minute, and the agent's events and connection state.

use std::{
    hash::{Hash, Hasher},
    time::{Duration, Instant},
};

use futures_util::stream::{self, Stream};
use iced::{Subscription, window};
use jiff::civil::DateTime;
use tokio::sync::watch;

use super::{App, Message, Mode, now, time};
use crate::{
    agent::{Connectivity, Handle},
    readers::{ReaderState, Readers},
    session::{Event, State},
    staff::Scan,
};

/// Tick interval while a countdown may be shown.
const TICK: Duration = Duration::from_millis(100);
/// Tick interval while keys are buffered to tell a badge reader from a person.
const QUICK_TICK: Duration = Duration::from_millis(25);
/// Tick interval while guesses refill.
const SLOW_TICK: Duration = Duration::from_secs(1);
/// Interval of the heartbeat of window and agent: two of them fit into systemd's watchdog timeout of 20 s.
const BEAT: Duration = Duration::from_secs(8);

impl App {
    /// Timers, agent events and window events. Ticks run only while something can expire.
    pub fn subscription(&self) -> Subscription<Message> {
        let ticks = match &self.mode {
            Mode::Working(kiosk) if kiosk.session.hears_keys() => iced::time::every(QUICK_TICK),
            // A countdown may be shown.
            Mode::Working(kiosk) if matches!(kiosk.session.state(), State::SignedIn(_)) => iced::time::every(TICK),
            Mode::Working(kiosk) if kiosk.session.budget().is_waiting() => iced::time::every(SLOW_TICK),
            Mode::Working(kiosk) => kiosk.session.deadline().map_or_else(Subscription::none, |at| {
                Subscription::run_with(At(at), |At(at)| from(at.saturating_duration_since(now()))).map(|()| now())
            }),
            Mode::Broken { .. } => Subscription::none(),
        };
        let minute = Subscription::run_with(minutes(self.time), |_| {
            let seconds = u64::try_from(time().second()).unwrap_or_default();
            from(Duration::from_secs(60_u64.saturating_sub(seconds)))
        });
        let agent = match &self.mode {
            Mode::Working(kiosk) => Subscription::batch([
                Subscription::run_with(Watched(kiosk.agent.clone(), self.generation), Watched::health)
                    .map(Message::Connectivity),
                Subscription::run_with(AgentEvents(kiosk.agent.clone(), self.generation), AgentEvents::events)
                    .map(|(generation, event)| Message::Agent(generation, event)),
            ]),
            Mode::Broken { .. } => Subscription::none(),
        };
        let heard = || Heard(self.window.readers.clone(), self.generation);
        Subscription::batch([
            agent,
            Subscription::run_with(heard(), Heard::scans).map(|scan| Message::Session(Event::Scanned(scan))),
            Subscription::run_with(heard(), Heard::states).map(Message::Readers),
            minute.map(|()| Message::MinuteBegan),
            ticks.map(|_| Message::Session(Event::Ticked)),
            window::open_events().map(Message::Opened),
            window::close_requests().map(|_| Message::CloseRequested),
            iced::time::every(BEAT).map(|_| Message::BeatBegan),
            self.reloads(),
            self.screens(),
        ])
    }
}

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

/// Yields a watched value whenever it changes.
fn values<T: Clone>(changes: watch::Receiver<T>) -> impl Stream<Item = T> + use<T> {
    stream::unfold(changes, async |mut changes| {
        changes.changed().await.ok()?;
        let now = changes.borrow_and_update().clone();
        Some((now, changes))
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
        values(self.0.health())
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

/// The readers of a kiosk. The generation identifies the subscription.
pub(super) struct Heard(pub(super) Readers, pub(super) u64);

impl Hash for Heard {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ("readers", self.1).hash(state);
    }
}

impl Heard {
    /// Opens the readers and yields what they read.
    pub(super) fn scans(&self) -> impl Stream<Item = Scan> + use<> {
        self.0.start();
        stream::unfold(self.0.clone(), async |readers| Some((readers.next().await, readers)))
    }

    /// Yields the states of the readers whenever one changes.
    pub(super) fn states(&self) -> impl Stream<Item = Vec<ReaderState>> + use<> {
        values(self.0.changes())
    }
}
