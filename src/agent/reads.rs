//! What is asked with the login of the session that is open, besides unlocks. It ends with the session.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Agent, done::Done, follow};
use crate::{
    chain::Chain,
    door::{Door, DoorId, Outcome},
    session::SessionId,
};

impl Agent {
    pub(super) fn check_places(&mut self, session: SessionId, reply: oneshot::Sender<Option<Vec<Door>>>) {
        let Some(open) = self.open.as_ref().filter(|open| open.id == session) else { return };
        let (client, login) = (self.client.clone(), Arc::clone(&open.login));
        let task = self.work.spawn(async move {
            match client.places_locked_down(&login).await {
                Ok(places) => Done::Listed(session, reply, places),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the places cannot be listed");
                    Done::Nothing
                }
            }
        });
        self.looking.push(task);
    }

    pub(super) fn list(&mut self, session: SessionId, reply: oneshot::Sender<Option<Vec<Door>>>) {
        let Some(open) = self.open.as_ref().filter(|open| open.id == session) else { return };
        let (client, login, shown) = (self.client.clone(), Arc::clone(&open.login), Arc::clone(&self.shown));
        let task = self.work.spawn(async move {
            match client.doors(&login).await {
                Ok(list) => Done::ListedAnew(session, reply, shown.of(list.doors)),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the doors cannot be listed anew");
                    Done::Nothing
                }
            }
        });
        self.looking.push(task);
    }

    pub(super) fn follow(&mut self, session: SessionId, door: DoorId, reply: oneshot::Sender<Outcome>) {
        let Some(open) = self.open.as_ref().filter(|open| open.id == session) else { return };
        let (client, login, who) = (self.client.clone(), Arc::clone(&open.login), open.who.clone());
        let task = self.work.spawn(async move {
            let seen = follow::follow(&client, &login, door).await;
            Done::Followed(who, door, seen, reply)
        });
        self.looking.push(task);
    }

    pub(super) fn read_back(&mut self, session: SessionId, door: DoorId) {
        let Some(open) = self.open.as_ref().filter(|open| open.id == session) else { return };
        let (client, login, who) = (self.client.clone(), Arc::clone(&open.login), open.who.clone());
        let task = self.work.spawn(async move {
            let about = follow::read_back(&client, &login, door).await;
            Done::ReadBack(who, door, about)
        });
        self.looking.push(task);
    }

    pub(super) fn recount(&mut self, session: SessionId, reply: oneshot::Sender<Option<Vec<Door>>>) {
        let Some(open) = self.open.as_mut().filter(|open| open.id == session) else { return };
        self.book.count(&open.who, &mut open.doors, &self.limits);
        let _ = reply.send(Some(open.doors.clone()));
    }
}
