//! What the window may ask the agent for, and how it is carried there.

use tokio::sync::{mpsc, oneshot};

use crate::{
    door::{Door, DoorId, Outcome},
    session::{Denial, Identity, Presented, RequestId, SessionId},
};

/// What the window may ask for.
#[derive(Debug)]
pub enum Order {
    /// Open the connection to Kisi: somebody begins to type.
    Prepare,
    /// Find out who this is, and open a session under this id.
    Identify(SessionId, Presented, Option<SessionId>, oneshot::Sender<Result<Identity, Denial>>),
    /// Look whether a place is locked down as a whole. Answers with the doors, if that changes any.
    CheckPlaces(SessionId, oneshot::Sender<Option<Vec<Door>>>),
    /// Open this door in this session.
    Unlock(SessionId, RequestId, DoorId, oneshot::Sender<Outcome>),
    /// Forget this session.
    Forget(SessionId),
}

/// Takes orders to the agent. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle(mpsc::UnboundedSender<Order>);

/// The agent's end of the handle.
pub type Orders = mpsc::UnboundedReceiver<Order>;

/// A handle and its other end.
pub fn channel() -> (Handle, Orders) {
    let (sender, orders) = mpsc::unbounded_channel();
    (Handle(sender), orders)
}

impl Handle {
    /// Gives an order that has no answer. Without an agent nothing happens.
    fn order(&self, order: Order) {
        if self.0.send(order).is_err() {
            tracing::error!("the agent is gone");
        }
    }

    /// [`Order::Prepare`]
    pub fn prepare(&self) {
        self.order(Order::Prepare);
    }

    /// [`Order::Forget`]
    pub fn forget(&self, session: SessionId) {
        self.order(Order::Forget(session));
    }

    /// [`Order::Identify`].
    ///
    /// # Errors
    ///
    /// Why nobody is signed in; [`Denial::KioskFault`] when the agent gives no answer.
    pub async fn identify(
        self,
        session: SessionId,
        presented: Presented,
        current: Option<SessionId>,
    ) -> Result<Identity, Denial> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Identify(session, presented, current, reply));
        answer.await.unwrap_or(Err(Denial::KioskFault))
    }

    /// [`Order::CheckPlaces`]
    pub async fn check_places(self, session: SessionId) -> Option<Vec<Door>> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::CheckPlaces(session, reply));
        answer.await.ok().flatten()
    }

    /// [`Order::Unlock`]. Without an answer the door may be open.
    pub async fn unlock(self, session: SessionId, request: RequestId, door: DoorId) -> Outcome {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Unlock(session, request, door, reply));
        answer.await.unwrap_or(Outcome::Unknown)
    }
}
