//! The kiosk begins anew while the window stays: another configuration, or a fault that is over. What does not work is said, and
//! what worked goes on.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use iced::{Subscription, Task};
use tokio::sync::oneshot;

use super::{App, Kiosk, Message, Mode, Start, Window};
use crate::{
    agent::{Ending, Health},
    platform::hangup,
    screen::qr::Code,
    session::{Effect, Event, Session, State},
};

/// A kiosk that cannot work tries again after this (I9).
const RETRY: Duration = Duration::from_secs(10);

/// A kiosk, and the window that goes with it.
pub type Reloaded = Box<(Start, Window)>;

/// Reads the configuration and begins with it.
#[derive(Clone)]
pub struct Reloader(Arc<dyn Fn() -> Result<Reloaded, String> + Send + Sync>);

impl Reloader {
    /// By this. It may take its time; it is not run by the window.
    pub fn new(begin: impl Fn() -> Result<Reloaded, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(begin))
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Again(..)")
    }
}

impl Mode {
    pub(super) fn new(start: Start, now: Instant) -> Self {
        match start {
            Start::Working { rules, labels, agent, guesses_left } => Self::Working(Box::new(Kiosk {
                session: Session::new(*rules).with_guesses(guesses_left, now),
                labels,
                agent,
                health: Health::default(),
                open_unlocks: 0,
                diagnostics: None,
            })),
            Start::Broken { what, phone } => Self::Broken { what, phone },
        }
    }
}

impl Kiosk {
    /// The code is made once: it is drawn often.
    pub(super) fn keep_diagnostics(&mut self) {
        match self.session.state() {
            State::Technician(technician) if self.diagnostics.is_none() => {
                self.diagnostics = Code::new(&technician.report.diagnostics);
            }
            State::Technician(_) => {}
            State::SignedOut { .. } | State::Checking { .. } | State::SignedIn(_) => self.diagnostics = None,
        }
    }
}

impl App {
    /// Reads the configuration, beside the window.
    pub(super) fn reload(&mut self) -> Task<Message> {
        self.wants_reload = false;
        let Some(again) = self.window.again.clone() else { return Task::none() };
        let (reply, answer) = oneshot::channel();
        if let Err(error) = thread::Builder::new().name("reload".to_owned()).spawn(move || reply.send((again.0)())) {
            return Task::done(Message::Reloaded(Err(error.to_string())));
        }
        Task::perform(answer, |begun| {
            Message::Reloaded(begun.unwrap_or_else(|_| Err("reading the configuration panicked".to_owned())))
        })
    }

    /// The same, as soon as nobody is there who would be signed out by it.
    pub(super) fn reload_when_alone(&mut self) -> Task<Message> {
        if self.wants_reload && self.is_alone() { self.reload() } else { Task::none() }
    }

    fn is_alone(&self) -> bool {
        match &self.mode {
            Mode::Broken { .. } => true,
            // Somebody left while their unlock was under way: its outcome is not known yet.
            Mode::Working(kiosk) if 0 < kiosk.open_unlocks => false,
            Mode::Working(kiosk) => match kiosk.session.state() {
                // A scan that has begun is heard to its end: its tail alone could be somebody else's number.
                State::SignedOut { entry, .. } => entry.is_empty() && !kiosk.session.is_busy(),
                State::Technician(_) => true,
                State::Checking { .. } | State::SignedIn(_) => false,
            },
        }
    }

    pub(super) fn reloaded(&mut self, begun: Result<Reloaded, String>) -> Task<Message> {
        match begun {
            Ok(_) if !self.is_alone() => self.wants_reload = true,
            Ok(begun) => {
                tracing::info!("the configuration was read anew");
                let (start, window) = *begun;
                let before = match &self.mode {
                    Mode::Working(kiosk) => Some((kiosk.session.budget().left(), kiosk.agent.end())),
                    Mode::Broken { .. } => None,
                };
                let Window { panel, closed_on_purpose, status, again, .. } = std::mem::take(&mut self.window);
                self.window = Window { closed_on_purpose, status, again, ..window };
                self.window.panel.width = panel.width;
                self.mode = Mode::new(take_over(start, before), self.now);
                self.generation += 1;
                return self.send(Event::Ticked);
            }
            Err(why) => {
                tracing::error!(why, "the configuration was not read: what was before goes on");
                match &mut self.mode {
                    Mode::Broken { what, .. } => *what = why,
                    Mode::Working(_) => return self.send(Event::ReloadRefused(why)),
                }
            }
        }
        Task::none()
    }

    /// Ends the program, because somebody who may wants it.
    pub(super) fn leave(&self) -> Task<Message> {
        self.window.closed_on_purpose.store(true, Ordering::Relaxed);
        iced::exit()
    }

    /// The window works; whether the agent does is asked. Both together are a beat.
    pub(super) fn beat_begins(&self) {
        match &self.mode {
            Mode::Working(kiosk) => kiosk.agent.send(Effect::Ping),
            Mode::Broken { .. } => self.window.status.beat(),
        }
    }

    /// When to read the configuration.
    pub(super) fn reloads(&self) -> Subscription<Message> {
        let retries = match &self.mode {
            Mode::Working(_) => Subscription::none(),
            Mode::Broken { .. } => iced::time::every(RETRY).map(|_| Message::ReloadAsked),
        };
        Subscription::batch([retries, Subscription::run(hangup::hangups).map(|()| Message::ReloadAsked)])
    }
}

/// A kiosk that was prepared begins once the one before has closed everything, and with no more guesses than that had.
fn take_over(start: Start, before: Option<(u32, Ending)>) -> Start {
    match (start, before) {
        (Start::Working { rules, labels, agent, guesses_left }, Some((left, ended))) => {
            agent.begin(Some(ended));
            Start::Working { rules, labels, agent, guesses_left: guesses_left.min(left) }
        }
        (start, _) => start,
    }
}
