//! What the window may ask the agent for, and how it is carried there.

use std::future::Future;

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::Health;
use crate::{
    door::{Door, DoorId, Outcome},
    language::Language,
    session::{Asked, Denial, Ended, Identity, Presented, RequestId, SessionId, technician::Step},
};

/// What the window may ask for.
#[derive(Debug)]
pub enum Order {
    /// Begin, once the agent before has ended. Only for an agent that was prepared.
    Begin(Option<oneshot::Receiver<()>>),
    /// End. Its other end is dropped once everything is closed.
    End(oneshot::Sender<()>),
    /// Say that you live.
    Ping(oneshot::Sender<()>),
    /// Open the connection to Kisi: somebody begins to type.
    Prepare,
    /// Find out who this is, and open a session under this id.
    Identify(SessionId, Presented, Asked, oneshot::Sender<Result<Identity, Denial>>),
    /// Write down how many guesses are left.
    KeepBudget(u32),
    /// Remember what the person of this session chose to read.
    KeepLanguage(SessionId, Language),
    /// Look whether a place is locked down as a whole. Answers with the doors, if that changes any.
    CheckPlaces(SessionId, oneshot::Sender<Option<Vec<Door>>>),
    /// List the doors of this session anew.
    List(SessionId, oneshot::Sender<Option<Vec<Door>>>),
    /// Say anew how often each door of this session may be opened.
    Recount(SessionId, oneshot::Sender<Option<Vec<Door>>>),
    /// Look whether this door opens, after an unlock that was accepted.
    Follow(SessionId, DoorId, oneshot::Sender<Outcome>),
    /// Look once at this door, for the log.
    ReadBack(SessionId, DoorId),
    /// Open this door in this session. It was asked for at this moment.
    Unlock(SessionId, RequestId, DoorId, Instant, oneshot::Sender<Outcome>),
    /// Write down what the technician does, if one is there under this id. Answered once it is.
    Technician(SessionId, Step, oneshot::Sender<bool>),
    /// Forget this session.
    Forget(SessionId, Ended),
    /// Panic.
    #[cfg(test)]
    Break,
}

/// Takes orders to the agent, and says how it is. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
    health: watch::Receiver<Health>,
}

/// The agent's end of the orders.
#[derive(Debug)]
pub struct Orders(mpsc::UnboundedReceiver<Order>);

impl Orders {
    /// The next one. `None` once every handle is dropped.
    pub async fn recv(&mut self) -> Option<Order> {
        self.0.recv().await
    }

    /// The next one, for an agent that is a thread.
    pub fn blocking_recv(&mut self) -> Option<Order> {
        self.0.blocking_recv()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Waits until the agent is to begin, and the one before has ended. `false` when nobody wants it any more.
    pub(super) fn wait_for_begin(&mut self) -> bool {
        let Some(Order::Begin(before)) = self.0.blocking_recv() else { return false };
        // Ended, or gone: either way nothing of it runs any more.
        let _ = before.map(oneshot::Receiver::blocking_recv);
        true
    }

    /// Drops what waits. Says whether the agent was told to end, or nobody will give an order any more.
    pub(super) fn are_over(&mut self) -> bool {
        while let Ok(order) = self.0.try_recv() {
            if matches!(order, Order::End(_)) {
                return true;
            }
        }
        self.0.is_closed()
    }
}

/// A handle and its other ends.
pub fn channel() -> (Handle, Orders, watch::Sender<Health>) {
    let (sender, orders) = mpsc::unbounded_channel();
    let (said, health) = watch::channel(Health::default());
    (Handle { orders: sender, health }, Orders(orders), said)
}

impl Handle {
    /// Gives an order that has no answer. Without an agent nothing happens.
    pub(super) fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the agent is gone");
        }
    }

    /// Gives an order that has an answer. It is given at once.
    fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        self.order(order(reply));
        answer
    }

    /// How it stands now and from now on.
    pub fn health(&self) -> watch::Receiver<Health> {
        let mut health = self.health.clone();
        health.mark_changed();
        health
    }

    /// [`Order::Ping`]. Whether there was an answer.
    pub fn ping(&self) -> impl Future<Output = bool> + use<> {
        let answer = self.ask(Order::Ping);
        async { answer.await.is_ok() }
    }

    /// [`Order::Begin`]
    pub fn begin(&self, before: Option<oneshot::Receiver<()>>) {
        self.order(Order::Begin(before));
    }

    /// [`Order::End`]. Answered, or dropped, once nothing of the agent runs any more.
    pub fn end(&self) -> oneshot::Receiver<()> {
        let (ended, is_ended) = oneshot::channel();
        // Without an agent there is nothing to wait for.
        let _ = self.orders.send(Order::End(ended));
        is_ended
    }

    /// [`Order::Prepare`]
    pub fn prepare(&self) {
        self.order(Order::Prepare);
    }

    /// [`Order::Forget`]
    pub fn forget(&self, session: SessionId, why: Ended) {
        self.order(Order::Forget(session, why));
    }

    /// [`Order::KeepBudget`]
    pub fn keep_budget(&self, left: u32) {
        self.order(Order::KeepBudget(left));
    }

    /// [`Order::KeepLanguage`]
    pub fn keep_language(&self, session: SessionId, language: Language) {
        self.order(Order::KeepLanguage(session, language));
    }

    /// [`Order::Identify`]. The order is given at once.
    ///
    /// # Errors
    ///
    /// Why nobody is signed in; [`Denial::KioskFault`] when the agent gives no answer.
    pub fn identify(
        &self,
        session: SessionId,
        presented: Presented,
        asked: Asked,
    ) -> impl Future<Output = Result<Identity, Denial>> + use<> {
        let answer = self.ask(|reply| Order::Identify(session, presented, asked, reply));
        async { answer.await.unwrap_or(Err(Denial::KioskFault)) }
    }

    /// [`Order::CheckPlaces`]. The order is given at once.
    pub fn check_places(&self, session: SessionId) -> impl Future<Output = Option<Vec<Door>>> + use<> {
        let answer = self.ask(|reply| Order::CheckPlaces(session, reply));
        async { answer.await.ok().flatten() }
    }

    /// [`Order::List`]. The order is given at once.
    pub fn list(&self, session: SessionId) -> impl Future<Output = Option<Vec<Door>>> + use<> {
        let answer = self.ask(|reply| Order::List(session, reply));
        async { answer.await.ok().flatten() }
    }

    /// [`Order::Recount`]. The order is given at once.
    pub fn recount(&self, session: SessionId) -> impl Future<Output = Option<Vec<Door>>> + use<> {
        let answer = self.ask(|reply| Order::Recount(session, reply));
        async { answer.await.ok().flatten() }
    }

    /// [`Order::Follow`]. The order is given at once. [`Outcome::Accepted`] when nothing more is known.
    pub fn follow(&self, session: SessionId, door: DoorId) -> impl Future<Output = Outcome> + use<> {
        let answer = self.ask(|reply| Order::Follow(session, door, reply));
        async { answer.await.unwrap_or(Outcome::Accepted) }
    }

    /// [`Order::ReadBack`]
    pub fn read_back(&self, session: SessionId, door: DoorId) {
        self.order(Order::ReadBack(session, door));
    }

    /// [`Order::Technician`]. Whether a technician is there.
    pub fn technician(&self, session: SessionId, step: Step) -> impl Future<Output = bool> + use<> {
        let answer = self.ask(|reply| Order::Technician(session, step, reply));
        async { answer.await.unwrap_or(false) }
    }

    /// [`Order::Unlock`]. The order is given at once; without an answer the door may be open.
    pub fn unlock(
        &self,
        session: SessionId,
        request: RequestId,
        door: DoorId,
    ) -> impl Future<Output = Outcome> + use<> {
        let answer = self.ask(|reply| Order::Unlock(session, request, door, Instant::now(), reply));
        async { answer.await.unwrap_or(Outcome::Unknown(None)) }
    }
}
