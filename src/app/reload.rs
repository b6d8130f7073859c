//! Reloads the kiosk in the open window, for a new configuration or after a fault. If the reload fails, the kiosk keeps
//! running as it was.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use iced::{Subscription, Task};
use tokio::sync::oneshot;

use super::{App, Message, Mode, Start, Window, WorkingKiosk};
use crate::{
    agent::{Connectivity, Ending},
    platform::hangup,
    screen::qr::Code,
    session::{Event, Session, State},
};

/// Interval at which a kiosk that cannot work retries (I9).
const RETRY: Duration = Duration::from_secs(10);

/// A reloaded kiosk and its window settings.
pub type Reloaded = Box<(Start, Window)>;

/// Reads the configuration and builds a kiosk from it.
#[derive(Clone)]
pub struct Reloader(Arc<dyn Fn() -> Result<Reloaded, String> + Send + Sync>);

impl Reloader {
    /// Wraps the function that reloads. It may block, because it runs on its own thread.
    pub fn new(begin: impl Fn() -> Result<Reloaded, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(begin))
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reloader(..)")
    }
}

impl Mode {
    pub(super) fn new(start: Start, now: Instant) -> Self {
        match start {
            Start::Working { rules, labels, agent, guesses_left } => Self::Working(Box::new(WorkingKiosk {
                session: Session::new(*rules).with_guesses(guesses_left, now),
                labels,
                agent,
                health: Connectivity::default(),
                open_unlocks: 0,
                diagnostics: None,
            })),
            Start::Broken { what, phone } => Self::Broken { what, phone },
        }
    }
}

impl WorkingKiosk {
    /// Encodes the QR code once per report: it is drawn often.
    pub(super) fn keep_diagnostics(&mut self) {
        let State::Technician(technician) = self.session.state() else {
            self.diagnostics = None;
            return;
        };
        if self.diagnostics.is_none() {
            self.diagnostics = Code::new(&technician.report.diagnostics);
        }
    }
}

impl App {
    /// Reads the configuration on another thread.
    fn reload(&mut self) -> Task<Message> {
        self.wants_reload = false;
        let Some(again) = self.window.again.clone() else { return Task::none() };
        self.is_reloading = true;
        let (reply, answer) = oneshot::channel();
        if let Err(error) = thread::Builder::new().name("reload".to_owned()).spawn(move || reply.send((again.0)())) {
            return Task::done(Message::Reloaded(Err(error.to_string())));
        }
        Task::perform(answer, |begun| {
            Message::Reloaded(begun.unwrap_or_else(|_| Err("reading the configuration panicked".to_owned())))
        })
    }

    /// Reloads if a reload is wanted, none is under way, and it would sign nobody out.
    pub(super) fn reload_when_alone(&mut self) -> Task<Message> {
        if self.wants_reload && !self.is_reloading && self.is_alone() { self.reload() } else { Task::none() }
    }

    fn is_alone(&self) -> bool {
        match &self.mode {
            Mode::Broken { .. } => true,
            // An unlock is pending even after its sign-out: its outcome is not known yet.
            Mode::Working(kiosk) if 0 < kiosk.open_unlocks => false,
            // Do not cut off a scan: its remaining digits could be another person's badge number.
            Mode::Working(kiosk) if kiosk.session.is_at_rest() => !kiosk.session.is_busy(),
            Mode::Working(kiosk) => matches!(kiosk.session.state(), State::Technician(_)),
        }
    }

    pub(super) fn reloaded(&mut self, begun: Result<Reloaded, String>) -> Task<Message> {
        self.is_reloading = false;
        match begun {
            Ok(_) if !self.is_alone() => self.wants_reload = true,
            Ok(begun) => {
                tracing::info!("the configuration was reloaded");
                self.leave_night();
                let (start, window) = *begun;
                let before = match &self.mode {
                    Mode::Working(kiosk) => Some((kiosk.session.budget().left(), kiosk.agent.end())),
                    Mode::Broken { .. } => None,
                };
                let Window { panel, closed_on_purpose, status, again, .. } = std::mem::take(&mut self.window);
                self.window = Window { closed_on_purpose, status, again, ..window };
                self.window.panel.width = panel.width;
                self.window.report_readers();
                self.mode = Mode::new(take_over(start, before), self.now);
                self.generation += 1;
                return self.send(Event::Ticked);
            }
            Err(why) => {
                tracing::error!(why, "the configuration was refused: the previous one stays in use");
                match &mut self.mode {
                    Mode::Broken { what, .. } => *what = why,
                    Mode::Working(_) => return self.send(Event::ReloadRefused(why)),
                }
            }
        }
        self.reload_when_alone()
    }

    fn leave_night(&mut self) {
        if let Some(night) = &mut self.window.night {
            night.leave();
        }
    }

    /// Ends the program on purpose.
    pub(super) fn leave(&mut self) -> Task<Message> {
        self.leave_night();
        self.window.closed_on_purpose.store(true, Ordering::Relaxed);
        iced::exit()
    }

    /// Requests for a reload: SIGHUP, and retries while the kiosk cannot work.
    pub(super) fn reloads(&self) -> Subscription<Message> {
        let retries = match &self.mode {
            Mode::Working(_) => Subscription::none(),
            Mode::Broken { .. } => iced::time::every(RETRY).map(|_| Message::ReloadAsked),
        };
        Subscription::batch([retries, Subscription::run(hangup::hangups).map(|()| Message::ReloadAsked)])
    }
}

/// Starts a prepared agent once the previous one has ended. The kiosk gets no more guesses than the previous one had.
fn take_over(start: Start, before: Option<(u32, Ending)>) -> Start {
    match (start, before) {
        (Start::Working { rules, labels, agent, guesses_left }, Some((left, ended))) => {
            agent.begin(Some(ended));
            Start::Working { rules, labels, agent, guesses_left: guesses_left.min(left) }
        }
        (start, _) => start,
    }
}
