//! The one task that holds secrets, directory, audit log and client. Orders go in, answers come out as plain data; the window
//! never sees a login. How long people may take is the session's business.

mod book;
mod desk;
mod done;
mod follow;
mod health;
mod identify;
mod limits;
mod order;
mod reads;
mod technician;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    io,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    task::{AbortHandle, JoinSet},
    time,
};
use tracing::Instrument;

use self::{
    book::Book,
    desk::{Desk, method},
    done::{Done, Identified, Unlocked},
    health::Surroundings,
    identify::{Open, Question, Shown},
};
pub use self::{
    health::Health,
    limits::Limits,
    order::{Handle, Order, Orders, channel},
};
use crate::{
    audit,
    chain::Chain,
    directory::Directory,
    door::{DoorId, Outcome, PlaceId},
    kisi,
    proximity::Proofs,
    session::{Asked, Denial, Ended, Identity, Presented, RequestId, SessionId},
    staff::{Credential, NameFormat},
    status::Status,
    trouble::Trouble,
};

/// Every failure takes at least this long, so that its kind does not show in the time.
///
/// # Source
///
/// `threats-and-faults.md`, R22.
const FLOOR: Duration = Duration::from_millis(700);
/// Between two looks at what must be written or taken out by and by.
const CHORES: Duration = Duration::from_mins(1);
/// Chores between two heads of the audit log in the program's log (R53), and two checks of the directory.
const HOUR: u64 = 60;
/// Chores between two prunings.
const DAY: u64 = 24 * HOUR;
/// An unlock that is not sent by then is not sent at all (R50). Our choice.
const LATE: Duration = Duration::from_secs(2);
/// Before the agent begins anew.
const PAUSE: Duration = Duration::from_millis(500);

/// What the agent works with.
#[derive(Debug)]
pub struct Parts {
    /// Who is who.
    pub directory: Directory,
    /// What happened.
    pub log: audit::Log,
    /// The log keeps so many days.
    pub keep_days: u32,
    /// The way to Kisi.
    pub client: kisi::Client,
    /// Only doors of these places; empty means all.
    pub places: Vec<PlaceId>,
    /// Names of doors that are not shown.
    pub hidden: Vec<String>,
    /// How people are greeted.
    pub names: NameFormat,
    /// A badge needs its PIN.
    pub badge_needs_pin: bool,
    /// How often people may open doors.
    pub limits: Limits,
    /// Look people up on the agent's own thread: then the same events make the same run. A kiosk does not, because hashing takes
    /// a quarter of a second in which an unlock would wait.
    pub looks_up_alone: bool,
    /// Where it says how it is doing.
    pub status: Status,
    /// What readers near the kiosk say. Without a source it stays empty.
    pub proofs: Arc<Mutex<Proofs>>,
}

/// Starts the agent on a thread of its own. It ends when the last handle is dropped. Should it panic, it begins anew with what
/// `again` makes, and everybody is signed out.
///
/// # Errors
///
/// When no thread can be had.
pub fn start<E: std::error::Error>(
    parts: Parts,
    mut again: impl FnMut() -> Result<Parts, E> + Send + 'static,
) -> io::Result<Handle> {
    let (handle, mut orders, said) = channel();
    let status = parts.status.clone();
    let live = move || {
        let mut next = Some(parts);
        loop {
            let parts = match next.take().map_or_else(&mut again, Ok) {
                Ok(parts) => parts,
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "the agent cannot begin anew yet");
                    thread::sleep(PAUSE);
                    continue;
                }
            };
            let life = AssertUnwindSafe(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(run(parts, &mut orders, said.clone()));
                io::Result::Ok(())
            });
            match panic::catch_unwind(life) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(%error, "the agent has no runtime"),
                Err(_) => tracing::error!("the agent panicked: it begins anew, and everybody is signed out"),
            }
            thread::sleep(PAUSE);
            status.metrics().agent_restarted();
            said.send_modify(|health| health.lives += 1);
        }
    };
    let _ = thread::Builder::new().name("agent".to_owned()).spawn(live)?;
    Ok(handle)
}

/// Takes orders until the last handle is dropped.
pub async fn run(parts: Parts, orders: &mut Orders, said: watch::Sender<Health>) {
    Agent::new(parts, said).run(orders).await;
}

struct Agent {
    desk: Arc<Mutex<Desk>>,
    book: Book,
    keep_days: u32,
    limits: Limits,
    proofs: Arc<Mutex<Proofs>>,
    client: kisi::Client,
    shown: Arc<Shown>,
    open: Option<Open>,
    /// The technician's session.
    technician: Option<SessionId>,
    identifying: Option<(SessionId, AbortHandle)>,
    /// What reads with the login of the session that is open. It ends with it: nobody waits, and the login must go.
    looking: Vec<AbortHandle>,
    /// Doors whose sensor was seen to work.
    sensed: HashSet<DoorId>,
    surroundings: Surroundings,
    status: Status,
    looks_up_alone: bool,
    work: JoinSet<Done>,
}

impl Agent {
    fn new(parts: Parts, said: watch::Sender<Health>) -> Self {
        Self {
            desk: Arc::new(Mutex::new(Desk::new(parts.directory, parts.badge_needs_pin))),
            book: Book::new(parts.log),
            status: parts.status.clone(),
            keep_days: parts.keep_days,
            limits: parts.limits,
            proofs: parts.proofs,
            client: parts.client,
            shown: Arc::new(Shown { places: parts.places, hidden: parts.hidden, names: parts.names }),
            open: None,
            technician: None,
            identifying: None,
            looking: Vec::new(),
            sensed: HashSet::new(),
            surroundings: Surroundings::new(said, parts.status),
            looks_up_alone: parts.looks_up_alone,
            work: JoinSet::new(),
        }
    }

    async fn run(mut self, orders: &mut Orders) {
        let mut chores = time::interval(CHORES);
        let mut minutes = 0;
        loop {
            tokio::select! {
                // In this order, so that the same events make the same run.
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.status.metrics().queued(orders.len(), self.work.len());
                        self.take(order);
                    }
                    None => return,
                },
                Some(done) = self.work.join_next() => match done {
                    Ok(done) => self.finish(done),
                    Err(error) if error.is_panic() => tracing::error!("a piece of work panicked"),
                    Err(_) => {}
                },
                () = self.surroundings.wait() => self.look(),
                _ = chores.tick() => {
                    self.chores(minutes);
                    minutes += 1;
                }
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Ping(reply) => drop(reply.send(())),
            Order::Prepare => {
                self.read_clocks();
                self.look();
            }
            Order::KeepBudget(left) => {
                self.status.metrics().guesses_left(left);
                let _ = self.desk().keep_guesses(left);
            }
            Order::KeepLanguage(session, language) => {
                if let Some(open) = self.open.as_ref().filter(|open| open.id == session) {
                    self.desk().keep_language(open.who.staff, language);
                }
            }
            Order::Identify(session, Presented(credential), asked, reply) => {
                // Paid for on the disk, or not looked at. In the order in which it was paid: a later number never lies under
                // an earlier one.
                if asked.guesses_left.is_none_or(|left| self.desk().keep_guesses(left)) {
                    self.identify(session, credential, asked, reply);
                } else {
                    let _ = reply.send(Err(Denial::KioskFault));
                }
            }
            Order::CheckPlaces(session, reply) => self.check_places(session, reply),
            Order::List(session, reply) => self.list(session, reply),
            Order::Follow(session, door, reply) => self.follow(session, door, reply),
            Order::ReadBack(session, door) => self.read_back(session, door),
            Order::Recount(session, reply) => self.recount(session, reply),
            Order::Unlock(session, request, door, at, reply) => self.unlock((session, request), door, at, reply),
            Order::Technician(session, step, reply) => drop(reply.send(self.technician_does(session, step))),
            Order::Forget(session, why) => self.forget(session, why),
            #[cfg(test)]
            Order::Break => panic!("asked for"),
        }
    }

    fn chores(&mut self, minutes: u64) {
        self.read_clocks();
        self.count_people();
        self.book.tick(time::Instant::now().into_std());
        if minutes.is_multiple_of(HOUR) {
            self.book.say_head();
            self.book.look_for_room();
            let desk = Arc::clone(&self.desk);
            let _ = self.work.spawn_blocking(move || {
                let desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = desk.directory.check() {
                    tracing::error!(error = %Chain(&error), "the directory does not verify");
                }
                Done::Nothing
            });
        }
        if minutes.is_multiple_of(DAY) {
            self.book.prune(self.keep_days);
        }
    }

    fn count_people(&self) {
        match self.desk().directory.standings() {
            Ok([active, refused, suspended]) => self.status.metrics().people(active, refused, suspended),
            Err(error) => tracing::error!(error = %Chain(&error), "people cannot be counted"),
        }
    }

    /// What the reader of this door said just now, if it can be heard from here.
    fn proof_of(&self, door: DoorId) -> Option<u16> {
        let proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.of(door, time::Instant::now().into_std())
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identify(
        &mut self,
        session: SessionId,
        credential: Credential,
        asked: Asked,
        reply: oneshot::Sender<Result<Identity, Denial>>,
    ) {
        let present = self.open.as_ref().filter(|open| Some(open.id) == asked.current).map(|open| open.who.staff);
        let (method, guesses_left) = (method(&credential), asked.guesses_left);
        let question = Question {
            session,
            credential,
            present,
            desk: Arc::clone(&self.desk),
            client: self.client.clone(),
            shown: Arc::clone(&self.shown),
            looks_up_alone: self.looks_up_alone,
        };
        let abort = self.work.spawn(async move {
            let floor = time::sleep(FLOOR);
            let answer = question.answer().await;
            if answer.is_err() {
                floor.await;
            }
            Done::Identified(Identified { session, method, guesses_left, answer, reply })
        });
        self.identifying = Some((session, abort));
    }

    /// Only in the open session, only a door of its list, only with its own login, and only once it is written down. Kisi
    /// decides the rest.
    fn unlock(
        &mut self,
        (session, request): (SessionId, RequestId),
        door: DoorId,
        at: time::Instant,
        reply: oneshot::Sender<Outcome>,
    ) {
        let open = self.open.as_ref().filter(|open| open.id == session);
        let known = open.and_then(|open| Some((open, open.doors.iter().find(|known| known.id == door)?)));
        let Some((open, known)) = known else {
            tracing::error!(door = door.get(), "an unlock outside its session was refused");
            let _ = reply.send(Outcome::NotSent);
            return;
        };
        if self.surroundings.has_no_clock() {
            let _ = reply.send(Outcome::WrongClock);
            return;
        }
        let (client, login, who) = (self.client.clone(), Arc::clone(&open.login), open.who.clone());
        let intent = match self.book.intent(&who, known, &self.limits) {
            Ok(Some(intent)) => intent,
            Ok(None) => {
                let _ = reply.send(Outcome::Limited);
                return;
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "an unlock cannot be written down: nothing was sent");
                let _ = reply.send(Outcome::NotRecorded);
                self.surroundings.heard(Trouble::Disk);
                return;
            }
        };
        let proof = self.proof_of(door);
        self.surroundings.recorded(request, intent);
        // The number of the record names the unlock in the log, at HTTP too, and on the screen.
        let span = tracing::info_span!("unlock", record = intent);
        span.in_scope(|| tracing::info!(staff = who.staff.get(), door = door.get(), "asked for"));
        let asked = async move {
            let outcome = client.unlock_near(&login, door, proof, at + LATE).await;
            tracing::info!(?outcome, "answered");
            Done::Unlocked(Unlocked { who, door, intent, outcome, reply, at })
        };
        let _ = self.work.spawn(asked.instrument(span));
    }

    fn forget(&mut self, session: SessionId, why: Ended) {
        if let Some((_, abort)) = self.identifying.take_if(|(id, _)| *id == session) {
            abort.abort();
        }
        self.technician_left(session);
        if let Some(open) = self.open.take_if(|open| open.id == session) {
            self.end(&open, why);
        }
    }

    /// The end of a visit, however it came about.
    fn end(&mut self, open: &Open, why: Ended) {
        self.looking.drain(..).for_each(|task| task.abort());
        self.book.signed_out(&open.who, why);
        self.status.metrics().visited(open.since.elapsed());
        tracing::info!("signed out");
        self.reconnect();
    }
}
