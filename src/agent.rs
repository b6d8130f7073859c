//! The one task that holds secrets, directory and client. Orders go in, answers come out as plain data; the window never sees
//! a login. It reads no clock: how long people may take is the session's business.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinSet},
    time,
};

use crate::{
    chain::Chain,
    directory::{self, Directory, Found},
    door::{Door, DoorId, DoorState, Outcome, PlaceId},
    kisi,
    secret::Secret,
    session::{Denial, Identity, Presented, RequestId, SessionId, visit::Welcome},
    staff::{Credential, StaffId},
};

/// Every failure takes at least this long, so that its kind does not show in the time.
///
/// # Source
///
/// `threats-and-faults.md`, R22.
const FLOOR: Duration = Duration::from_millis(700);
/// Longer than the session waits nobody needs a list. Less than the session's own limit for a check.
const LIST: Duration = Duration::from_secs(15);

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

/// The session that is open.
struct Open {
    id: SessionId,
    staff: StaffId,
    login: Arc<Secret<String>>,
    doors: Vec<Door>,
}

/// What a piece of work came to.
enum Done {
    Identified(SessionId, oneshot::Sender<Result<Identity, Denial>>, Result<Signed, Denial>),
    Listed(SessionId, oneshot::Sender<Option<Vec<Door>>>, Vec<PlaceId>),
    Nothing,
}

/// What a credential came to.
enum Signed {
    In(Open, Welcome),
    Same,
    NeedsPin,
}

struct Agent {
    directory: Arc<Mutex<Directory>>,
    client: kisi::Client,
    shown: Arc<Shown>,
    badge_needs_pin: bool,
    open: Option<Open>,
    identifying: Option<(SessionId, AbortHandle)>,
    work: JoinSet<Done>,
}

/// Which doors are shown at this kiosk.
struct Shown {
    places: Vec<PlaceId>,
    hidden: Vec<String>,
}

impl Agent {
    fn new(parts: Parts) -> Self {
        Self {
            directory: Arc::new(Mutex::new(parts.directory)),
            client: parts.client,
            shown: Arc::new(Shown { places: parts.places, hidden: parts.hidden }),
            badge_needs_pin: parts.badge_needs_pin,
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
            Order::Identify(session, Presented(credential), current, reply) => {
                self.identify(session, credential, current, reply);
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

    fn identify(
        &mut self,
        session: SessionId,
        credential: Credential,
        current: Option<SessionId>,
        reply: oneshot::Sender<Result<Identity, Denial>>,
    ) {
        let present = self.open.as_ref().filter(|open| Some(open.id) == current).map(|open| open.staff);
        let question = Question {
            session,
            credential,
            present,
            directory: Arc::clone(&self.directory),
            client: self.client.clone(),
            shown: Arc::clone(&self.shown),
            needs_pin: self.badge_needs_pin,
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
                        self.open = asked.then_some(open);
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

/// Everything that is needed to find out who somebody is.
struct Question {
    session: SessionId,
    credential: Credential,
    present: Option<StaffId>,
    directory: Arc<Mutex<Directory>>,
    client: kisi::Client,
    shown: Arc<Shown>,
    needs_pin: bool,
}

impl Question {
    async fn answer(self) -> Result<Signed, Denial> {
        let Self { session, credential, present, directory, client, shown, needs_pin } = self;
        // Hashing takes a quarter of a second, and SQLite waits for disks.
        let looked_up = tokio::task::spawn_blocking(move || {
            let directory = directory.lock().unwrap_or_else(PoisonError::into_inner);
            look_up(&directory, &credential, present, needs_pin)
        });
        let found = match looked_up.await {
            Ok(Ok(LookedUp::Found(found))) => found,
            Ok(Ok(LookedUp::Same)) => return Ok(Signed::Same),
            Ok(Ok(LookedUp::NeedsPin)) => return Ok(Signed::NeedsPin),
            Ok(Ok(LookedUp::Nobody)) => return Err(Denial::NotKnown),
            Ok(Err(error @ directory::Error::Damaged { .. })) => {
                tracing::error!(error = %Chain(&error), "a sign-in failed");
                return Err(Denial::LoginDead);
            }
            Ok(Err(error)) => {
                tracing::error!(error = %Chain(&error), "a sign-in failed");
                return Err(Denial::KioskFault);
            }
            Err(_) => return Err(Denial::KioskFault),
        };
        let listed = time::timeout(LIST, client.doors(&found.login)).await.map_err(|_| Denial::Unreachable)?;
        let list = listed.map_err(|error| {
            tracing::warn!(staff = found.staff.get(), error = %Chain(&error), "the doors cannot be listed");
            denial(&error)
        })?;
        if 0 < list.dropped {
            tracing::warn!(dropped = list.dropped, "doors that cannot be read were left out");
        }
        let doors: Vec<Door> = list.doors.into_iter().filter(|door| shown.shows(door)).collect();
        let incomplete = list.truncated || 0 < list.dropped;
        let welcome = Welcome { name: found.name, doors: doors.clone(), incomplete };
        let open = Open { id: session, staff: found.staff, login: Arc::new(found.login), doors };
        Ok(Signed::In(open, welcome))
    }
}

enum LookedUp {
    Found(Found),
    Same,
    NeedsPin,
    Nobody,
}

/// A badge in a session keeps it if it is that person's. Where badges need their PIN, nothing else is told of a badge.
fn look_up(
    directory: &Directory,
    credential: &Credential,
    present: Option<StaffId>,
    needs_pin: bool,
) -> Result<LookedUp, directory::Error> {
    if let Credential::Badge(badge) = credential {
        if present.is_some() && directory.staff_of(badge)? == present {
            return Ok(LookedUp::Same);
        }
        if needs_pin {
            return Ok(LookedUp::NeedsPin);
        }
    }
    Ok(directory.identify(credential)?.map_or(LookedUp::Nobody, LookedUp::Found))
}

impl Shown {
    fn shows(&self, door: &Door) -> bool {
        let place = door.place.as_ref().map(|place| place.id);
        let is_here = self.places.is_empty() || place.is_some_and(|place| self.places.contains(&place));
        is_here && !self.hidden.contains(&door.name)
    }
}

/// What a person is told when their doors cannot be listed.
fn denial(error: &kisi::Error) -> Denial {
    match error {
        error if error.is_dead_login() => Denial::LoginDead,
        kisi::Error::Unreachable(_) | kisi::Error::Unclear(_) => Denial::Unreachable,
        kisi::Error::Secret => Denial::LoginDead,
        kisi::Error::Refused { .. }
        | kisi::Error::Failed { .. }
        | kisi::Error::NotKisi
        | kisi::Error::TooLarge { .. }
        | kisi::Error::Malformed { .. } => Denial::KisiFault,
        kisi::Error::Setting { .. } | kisi::Error::Client(_) => Denial::KioskFault,
    }
}
