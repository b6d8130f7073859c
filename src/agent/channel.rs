//! The two ends between window and agent: effects go in, events come out, and the state of the connection is watched.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::Health;
use crate::{
    door::Outcome,
    session::{Denial, Effect, Event},
};

/// What travels to the agent's thread.
pub(super) enum Command {
    /// Start working once this earlier agent has ended. The first command of an agent that was only prepared.
    Begin(Option<Ending>),
    /// Carry this out. The session asked for it at this time.
    Carry(Effect, Instant),
    /// Write down what is under way, close everything, and end.
    End,
    /// Panic, so that a test sees the restart.
    #[cfg(test)]
    Panic,
}

/// The window's end. Clones share it; the agent ends when the last one is dropped.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::UnboundedSender<Command>,
    events: Events,
    health: watch::Receiver<Health>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

/// What the agent says, in order. Clones share one queue: each event reaches one of them.
#[derive(Debug, Clone)]
pub struct Events(Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>>);

impl Events {
    /// The next event. `None` once the agent has ended and everything it said was taken.
    pub async fn recv(&self) -> Option<Event> {
        self.0.lock().await.recv().await
    }

    /// The next event, if there is one already.
    pub fn try_recv(&self) -> Option<Event> {
        self.0.try_lock().ok()?.try_recv().ok()
    }
}

/// An agent that was told to end.
pub struct Ending(Option<JoinHandle<()>>);

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ending(..)")
    }
}

impl Ending {
    /// Blocks until nothing of that agent runs any more, however it ended.
    pub(super) fn wait(self) {
        let _ = self.0.map(JoinHandle::join);
    }
}

/// The agent's end.
pub struct Port {
    commands: mpsc::UnboundedReceiver<Command>,
    pub(super) events: mpsc::UnboundedSender<Event>,
    pub(super) health: watch::Sender<Health>,
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Port(..)")
    }
}

/// A handle and the port that it leads to.
pub fn channel() -> (Handle, Port) {
    let (to_agent, commands) = mpsc::unbounded_channel();
    let (events, from_agent) = mpsc::unbounded_channel();
    let (health, watched) = watch::channel(Health::default());
    let events_of = Events(Arc::new(tokio::sync::Mutex::new(from_agent)));
    let handle = Handle { commands: to_agent, events: events_of, health: watched, thread: Arc::default() };
    (handle, Port { commands, events, health })
}

impl Handle {
    /// Hands an effect to the agent. Without an agent nothing happens; the session's own deadlines end the waiting.
    pub fn send(&self, effect: Effect) {
        self.command(Command::Carry(effect, Instant::now()));
    }

    pub(super) fn command(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::error!("the agent is gone");
        }
    }

    /// What the agent says.
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// The state between here and Kisi. The first value counts as a change.
    pub fn health(&self) -> watch::Receiver<Health> {
        let mut health = self.health.clone();
        health.mark_changed();
        health
    }

    /// Starts an agent that was prepared, once the one it replaces has ended.
    pub fn begin(&self, before: Option<Ending>) {
        self.command(Command::Begin(before));
    }

    /// Tells the agent to end. It still writes down the outcome of every unlock that was sent.
    pub fn end(&self) -> Ending {
        // A closed channel means that it has ended already.
        let _ = self.commands.send(Command::End);
        Ending(self.thread.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    pub(super) fn runs_on(self, thread: JoinHandle<()>) -> Self {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        self
    }
}

impl Port {
    /// The next effect, for something that stands in for the agent. `None` once every handle is dropped.
    pub fn blocking_recv(&mut self) -> Option<Effect> {
        loop {
            if let Command::Carry(effect, _) = self.commands.blocking_recv()? {
                return Some(effect);
            }
        }
    }

    /// Says something to the window.
    pub fn say(&self, event: Event) {
        // A window that is gone needs no answer.
        let _ = self.events.send(event);
    }

    pub(super) async fn command(&mut self) -> Option<Command> {
        self.commands.recv().await
    }

    /// How many commands wait.
    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }

    /// Blocks until the agent is to begin. `false` when nobody wants it any more.
    pub(super) fn wait_for_begin(&mut self) -> bool {
        let Some(Command::Begin(before)) = self.commands.blocking_recv() else { return false };
        if let Some(before) = before {
            before.wait();
        }
        true
    }

    /// Answers what waits while no agent can work. `false` when nobody wants one any more.
    pub(super) fn refuse_waiting(&mut self) -> bool {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::End => return false,
                Command::Carry(Effect::Identify(session, ..), _) => {
                    self.say(Event::Identified(session, Err(Denial::KioskFault)));
                }
                Command::Carry(Effect::Unlock(_, request, _), _) => {
                    self.say(Event::UnlockAnswered(request, Outcome::NotSent));
                }
                Command::Carry(..) | Command::Begin(_) => {}
                #[cfg(test)]
                Command::Panic => {}
            }
        }
        !self.commands.is_closed()
    }
}
