//! A kiosk of the demo without a window: the shipped session and agent, and sample staff who sign in by PIN and open a door
//! every few seconds.

use std::{
    fmt, io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, time};

use super::{Report, Sample};
use crate::{
    agent::Handle,
    door::{Door, DoorId, DoorState, Outcome},
    session::{Event, Session, State, rules::Rules, visit::Attempt},
    staff::{Digit, Pin},
};

/// Pause between two visits.
const PAUSE: Duration = Duration::from_secs(4);
/// Longer than the session ignores touches after the screen has changed.
const SETTLE: Duration = Duration::from_millis(500);
/// For how long an outcome is looked at.
const OUTCOME: Duration = Duration::from_secs(1);
/// Between two ticks of a session that waits for an answer.
const TICK: Duration = Duration::from_millis(100);

/// The kiosk and its visitors. Dropping it ends both.
pub(super) struct Visitors {
    agent: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Visitors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visitors(..)")
    }
}

impl Drop for Visitors {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
        self.agent.end().wait();
    }
}

impl Visitors {
    /// Begins after `delay`. Reports one line for each visit.
    ///
    /// # Errors
    ///
    /// When the runtime or the thread cannot be created.
    pub(super) fn start(kiosk: Kiosk, samples: Arc<Vec<Sample>>, delay: Duration, report: Report) -> io::Result<Self> {
        let runtime = time_runtime()?;
        let (agent, (stop, stopped)) = (kiosk.agent.clone(), oneshot::channel());
        let visits = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = kiosk.serve(&samples, delay, report) => {}
                }
            });
        };
        let thread = thread::Builder::new().name("visitors".to_owned()).spawn(visits)?;
        Ok(Self { agent, stop: Some(stop), thread: Some(thread) })
    }
}

fn time_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()
}

/// A kiosk that nobody looks at.
pub(super) struct Kiosk {
    name: String,
    session: Session,
    agent: Handle,
}

impl Kiosk {
    pub(super) fn new(name: String, rules: Rules, guesses_left: u32, agent: Handle) -> Self {
        Self { name, session: Session::new(rules).with_guesses(guesses_left, now()), agent }
    }

    /// One visitor after another, for ever.
    async fn serve(mut self, samples: &[Sample], delay: Duration, report: Report) {
        time::sleep(delay).await;
        for (turn, sample) in samples.iter().cycle().enumerate() {
            let Some(pin) = &sample.pin else { continue };
            let what = self.visit(pin, turn / samples.len()).await;
            report(&format!("{}: {} {what}", self.name, sample.name));
            self.rest(PAUSE).await;
        }
    }

    /// Signs in, opens a door and signs out. Says what happened.
    async fn visit(&mut self, pin: &Pin, turn: usize) -> String {
        if self.session.is_dim() {
            self.send(Event::WakeTouched).await;
            self.rest(SETTLE).await;
        }
        for digit in pin.expose_text().chars().filter_map(Digit::from_char) {
            self.send(Event::DigitTouched(digit)).await;
        }
        if !matches!(self.session.state(), State::SignedIn(_)) {
            return "could not sign in".to_owned();
        }
        self.rest(SETTLE).await;
        let said = match self.door(turn) {
            None => "signed in, and has no door to open".to_owned(),
            Some((id, name)) => {
                self.send(Event::DoorTouched(id)).await;
                let said = match self.session.state().visit().map(|visit| visit.attempt) {
                    Some(Attempt::Done(_, Outcome::Accepted | Outcome::Opened | Outcome::StillClosed, _)) => {
                        format!("signed in and unlocked {name}")
                    }
                    _ => format!("signed in, and {name} was not unlocked"),
                };
                self.rest(OUTCOME).await;
                said
            }
        };
        self.send(Event::SignOutTouched).await;
        said
    }

    /// One of the doors that can be opened, another one at each turn.
    fn door(&self, turn: usize) -> Option<(DoorId, String)> {
        let doors = &self.session.state().visit()?.welcome.doors;
        let ready = |door: &&Door| door.can_be_tried() && door.state == DoorState::Ready;
        let count = doors.iter().filter(ready).count();
        let door = doors.iter().filter(ready).nth(turn.checked_rem(count)?)?;
        Some((door.id, door.name.clone()))
    }

    /// Handles an event, and waits while the session waits for an answer.
    async fn send(&mut self, event: Event) {
        self.handle(event);
        let events = self.agent.events();
        while self.session.state().awaits_agent() {
            match time::timeout(TICK, events.recv()).await {
                Ok(Some(event)) => self.handle(event),
                Ok(None) => return,
                Err(_) => self.handle(Event::Ticked),
            }
        }
    }

    /// Lets time pass, and handles what the agent reports meanwhile.
    async fn rest(&mut self, pause: Duration) {
        let (events, until) = (self.agent.events(), time::Instant::now() + pause);
        while let Ok(Some(event)) = time::timeout_at(until, events.recv()).await {
            self.handle(event);
        }
        self.handle(Event::Ticked);
    }

    fn handle(&mut self, event: Event) {
        self.session.handle(event, now()).into_iter().for_each(|effect| self.agent.send(effect));
    }
}

#[expect(clippy::disallowed_methods, reason = "as the window does, this is the session's source of time")]
fn now() -> Instant {
    Instant::now()
}
