//! The channel between window and agent: effects go to the agent; events and the state of the connection come back.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::Connectivity;
use crate::session::{Effect, Event};

/// A message to the agent's thread.
pub(super) enum Command {
    /// Start once the agent that is being replaced has ended. The first command to a prepared agent.
    Begin(Option<Ending>),
    /// Carry out this effect. The instant is when the session requested it.
    Carry(Effect, Instant),
    /// Record the outcome of every pending unlock, then end.
    End,
    /// Panic, to test the restart.
    #[cfg(test)]
    Panic,
}

/// The window's end of the channel. The agent ends when the last clone is dropped.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::UnboundedSender<Command>,
    events: Events,
    health: watch::Receiver<Connectivity>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

/// The agent's events, in order. Clones share one queue: each event reaches only one of them.
#[derive(Debug, Clone)]
pub struct Events(Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>>);

impl Events {
    /// Waits for the next event. `None` once the agent has ended and every event was taken.
    pub async fn recv(&self) -> Option<Event> {
        self.0.lock().await.recv().await
    }

    /// Takes the next event if one is queued.
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
    /// Blocks until the agent's thread has ended, even by a panic.
    pub fn wait(self) {
        let _ = self.0.map(JoinHandle::join);
    }
}

/// The agent's end of the channel.
pub struct Port {
    commands: mpsc::UnboundedReceiver<Command>,
    pub(super) events: mpsc::UnboundedSender<Event>,
    pub(super) health: watch::Sender<Connectivity>,
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Port(..)")
    }
}

/// Creates a handle and the port that it is connected to.
pub fn channel() -> (Handle, Port) {
    let (to_agent, commands) = mpsc::unbounded_channel();
    let (events, from_agent) = mpsc::unbounded_channel();
    let (health, watched) = watch::channel(Connectivity::default());
    let events_of = Events(Arc::new(tokio::sync::Mutex::new(from_agent)));
    let handle = Handle { commands: to_agent, events: events_of, health: watched, thread: Arc::default() };
    (handle, Port { commands, events, health })
}

impl Handle {
    /// Sends an effect to the agent. If the agent has ended, the effect is dropped and the session's own timeouts
    /// apply.
    pub fn send(&self, effect: Effect) {
        self.command(Command::Carry(effect, Instant::now()));
    }

    pub(super) fn command(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::error!("the agent has ended; a command was dropped");
        }
    }

    /// The queue of the agent's events.
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// Watches the connection to Kisi. The current value counts as a change, so the first wait returns at once.
    pub fn health(&self) -> watch::Receiver<Connectivity> {
        let mut health = self.health.clone();
        health.mark_changed();
        health
    }

    /// Starts a prepared agent once the agent that it replaces has ended.
    pub fn begin(&self, before: Option<Ending>) {
        self.command(Command::Begin(before));
    }

    /// Tells the agent to end. It still records the outcome of every unlock that was sent.
    pub fn end(&self) -> Ending {
        // If the channel is closed, the agent has ended already.
        let _ = self.commands.send(Command::End);
        Ending(self.thread.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    pub(super) fn runs_on(self, thread: JoinHandle<()>) -> Self {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        self
    }
}

impl Port {
    /// Waits for the next effect, in a test's stand-in for the agent. `None` once every handle is dropped.
    pub fn blocking_recv(&mut self) -> Option<Effect> {
        loop {
            if let Command::Carry(effect, _) = self.commands.blocking_recv()? {
                return Some(effect);
            }
        }
    }

    /// Sends an event to the window.
    pub fn say(&self, event: Event) {
        // If the window is gone, nobody needs the event.
        let _ = self.events.send(event);
    }

    pub(super) async fn command(&mut self) -> Option<Command> {
        self.commands.recv().await
    }

    /// Number of queued commands.
    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }

    /// Blocks until [`Handle::begin`]. `false` when the agent must not start: it was told to end, or every handle was
    /// dropped.
    pub(super) fn wait_for_begin(&mut self) -> bool {
        let Some(Command::Begin(before)) = self.commands.blocking_recv() else { return false };
        if let Some(before) = before {
            before.wait();
        }
        true
    }

    /// Answers the queued commands with a refusal while the agent cannot start. `false` when it was told to end, or
    /// every handle was dropped.
    pub(super) fn refuse_waiting(&mut self) -> bool {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::End => return false,
                Command::Carry(effect, _) => effect.refusal().into_iter().for_each(|event| self.say(event)),
                Command::Begin(_) => {}
                #[cfg(test)]
                Command::Panic => {}
            }
        }
        !self.commands.is_closed()
    }
}
