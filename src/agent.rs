//! The one task that holds secrets, directory and client. Orders go in, answers come out as plain data; the window never sees
//! a login. It reads no clock: how long people may take is the session's business.

mod identify;
mod order;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    sync::oneshot,
    task::{AbortHandle, JoinSet},
    time,
};

use self::identify::{Open, Question, Shown, Signed};
pub use self::order::{Handle, Order, Orders, channel};
use crate::{
    chain::Chain,
    directory::Directory,
    door::{Door, DoorId, DoorState, Outcome, PlaceId},
    kisi,
    session::{Asked, Denial, Identity, Presented, SessionId},
    staff::Credential,
};

/// Every failure takes at least this long, so that its kind does not show in the time.
///
/// # Source
///
/// `threats-and-faults.md`, R22.
const FLOOR: Duration = Duration::from_millis(700);
/// What the agent works with.
#[derive(Debug)]
pub struct Parts {
    /// Who is who.
    pub directory: Directory,
    /// The way to Kisi.
    pub client: kisi::Client,
    /// Only doors of these places; empty means all.
    pub places: Vec<PlaceId>,
    /// Names of doors that are not shown.
    pub hidden: Vec<String>,
    /// A badge needs its PIN.
    pub badge_needs_pin: bool,
}

/// Starts the agent on a thread of its own. It ends when the last handle is dropped.
///
/// # Errors
///
/// When no thread can be had.
pub fn start(parts: Parts) -> io::Result<Handle> {
    let (handle, orders) = channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let agent = Agent::new(parts);
    let _ = thread::Builder::new().name("agent".to_owned()).spawn(move || runtime.block_on(agent.run(orders)))?;
    Ok(handle)
}

/// What a piece of work came to.
enum Done {
    Identified(SessionId, oneshot::Sender<Result<Identity, Denial>>, Result<Signed, Denial>),
    Listed(SessionId, oneshot::Sender<Option<Vec<Door>>>, Vec<PlaceId>),
    Nothing,
}

struct Agent {
    directory: Arc<Mutex<Directory>>,
    client: kisi::Client,
    shown: Arc<Shown>,
    badge_needs_pin: bool,
    last_wrong: Arc<Mutex<Option<[u8; 32]>>>,
    open: Option<Open>,
    identifying: Option<(SessionId, AbortHandle)>,
    work: JoinSet<Done>,
}

impl Agent {
    fn new(parts: Parts) -> Self {
        Self {
            directory: Arc::new(Mutex::new(parts.directory)),
            client: parts.client,
            shown: Arc::new(Shown { places: parts.places, hidden: parts.hidden }),
            badge_needs_pin: parts.badge_needs_pin,
            last_wrong: Arc::default(),
            open: None,
            identifying: None,
            work: JoinSet::new(),
        }
    }

    async fn run(mut self, mut orders: Orders) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.take(order),
                    None => return,
                },
                Some(done) = self.work.join_next() => match done {
                    Ok(done) => self.finish(done),
                    Err(error) if error.is_panic() => tracing::error!("a piece of work panicked"),
                    Err(_) => {}
                },
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Prepare => self.prepare(),
            Order::KeepBudget(left) => {
                let _ = self.keep_budget(left);
            }
            Order::Identify(session, Presented(credential), asked, reply) => {
                // Paid for on the disk, or not looked at.
                if asked.guesses_left.is_none_or(|left| self.keep_budget(left)) {
                    self.identify(session, credential, asked, reply);
                } else {
                    let _ = reply.send(Err(Denial::KioskFault));
                }
            }
            Order::CheckPlaces(session, reply) => self.check_places(session, reply),
            Order::Unlock(session, _, door, reply) => self.unlock(session, door, reply),
            Order::Forget(session) => self.forget(session),
        }
    }

    fn prepare(&mut self) {
        let client = self.client.clone();
        let _ = self.work.spawn(async move {
            if let Err(error) = client.warm().await {
                tracing::warn!(error = %Chain(&error), "the connection to Kisi cannot be opened");
            }
            Done::Nothing
        });
    }

    /// Writes it before the next order is taken, so that a later number never lies under an earlier one.
    fn keep_budget(&self, left: u32) -> bool {
        let directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        match directory.keep_guesses_left(left) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the guesses that are left cannot be written down");
                false
            }
        }
    }

    fn identify(
        &mut self,
        session: SessionId,
        credential: Credential,
        asked: Asked,
        reply: oneshot::Sender<Result<Identity, Denial>>,
    ) {
        let present = self.open.as_ref().filter(|open| Some(open.id) == asked.current).map(|open| open.staff);
        let question = Question {
            session,
            credential,
            present,
            directory: Arc::clone(&self.directory),
            client: self.client.clone(),
            shown: Arc::clone(&self.shown),
            needs_pin: self.badge_needs_pin,
            last_wrong: Arc::clone(&self.last_wrong),
        };
        let abort = self.work.spawn(async move {
            let floor = time::sleep(FLOOR);
            let answer = question.answer().await;
            if answer.is_err() {
                floor.await;
            }
            Done::Identified(session, reply, answer)
        });
        self.identifying = Some((session, abort));
    }

    fn check_places(&mut self, session: SessionId, reply: oneshot::Sender<Option<Vec<Door>>>) {
        let Some(open) = self.open.as_ref().filter(|open| open.id == session) else { return };
        let (client, login) = (self.client.clone(), Arc::clone(&open.login));
        let _ = self.work.spawn(async move {
            match client.places_locked_down(&login).await {
                Ok(places) => Done::Listed(session, reply, places),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the places cannot be listed");
                    Done::Nothing
                }
            }
        });
    }

    /// Only in the open session, only a door of its list, only with its own login. Kisi decides the rest.
    fn unlock(&mut self, session: SessionId, door: DoorId, reply: oneshot::Sender<Outcome>) {
        let known =
            self.open.as_ref().filter(|open| open.id == session && open.doors.iter().any(|known| known.id == door));
        let Some(open) = known else {
            tracing::error!(door = door.get(), "an unlock outside its session was refused");
            let _ = reply.send(Outcome::NotSent);
            return;
        };
        let (client, login, staff) = (self.client.clone(), Arc::clone(&open.login), open.staff);
        tracing::info!(staff = staff.get(), door = door.get(), "unlock");
        let _ = self.work.spawn(async move {
            let outcome = client.unlock(&login, door).await;
            tracing::info!(staff = staff.get(), door = door.get(), ?outcome, "unlock answered");
            let _ = reply.send(outcome);
            Done::Nothing
        });
    }

    fn forget(&mut self, session: SessionId) {
        if let Some((_, abort)) = self.identifying.take_if(|(id, _)| *id == session) {
            abort.abort();
        }
        if self.open.take_if(|open| open.id == session).is_some() {
            tracing::info!("signed out");
        }
    }

    fn finish(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Identified(session, reply, answer) => {
                let asked = self.identifying.take_if(|(id, _)| *id == session).is_some();
                let answer = answer.map(|signed| match signed {
                    Signed::In(open, welcome) => {
                        tracing::info!(staff = open.staff.get(), doors = open.doors.len(), "signed in");
                        // Somebody who is not waited for any more takes nobody's place.
                        if asked {
                            self.open = Some(open);
                        }
                        Identity::Person(welcome)
                    }
                    Signed::Same => Identity::Same,
                    Signed::NeedsPin => Identity::NeedsPin,
                });
                let _ = reply.send(answer);
            }
            Done::Listed(session, reply, locked_down) => {
                let Some(open) = self.open.as_mut().filter(|open| open.id == session) else { return };
                let is_affected = |door: &Door| {
                    door.state != DoorState::LockedDown
                        && door.place.as_ref().is_some_and(|place| locked_down.contains(&place.id))
                };
                let mut changed = false;
                for door in open.doors.iter_mut().filter(|door| is_affected(door)) {
                    door.state = DoorState::LockedDown;
                    changed = true;
                }
                let _ = reply.send(changed.then(|| open.doors.clone()));
            }
        }
    }
}
