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
mod start;
mod technician;
mod unlock;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    task::{AbortHandle, JoinError, JoinSet},
    time,
};

use self::{
    book::Book,
    desk::{Desk, method},
    done::{Done, Identified},
    health::Surroundings,
    identify::{Denied, Open, Question, Shown},
};
pub use self::{
    desk::TRIES,
    health::Health,
    limits::Limits,
    order::{Handle, Order, Orders, channel},
    start::{prepare, start},
};
use crate::{
    audit,
    chain::Chain,
    directory::Directory,
    door::{DoorId, PlaceId},
    kisi,
    proximity::Proofs,
    session::{Asked, Denial, Ended, Identity, Presented, SessionId, budget::BudgetRules},
    staff::{Credential, NameFormat},
    status::Status,
};

/// Every failure takes at least this long, so that its kind does not show in the time.
///
/// # Source
///
/// `threats-and-faults.md`, R22.
const FLOOR: Duration = Duration::from_millis(700);
/// Between two looks at what must be written or taken out by and by.
const CHORES: Duration = Duration::from_mins(1);
/// Chores between two heads of the audit log in the program's log (R53), two checks of the directory, and two prunings.
const HOUR: u64 = 60;
/// An unlock that is not sent by then is not sent at all (R50). Our choice.
const LATE: Duration = Duration::from_secs(2);

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
    /// What badges that nobody has cost.
    pub badge_budget: BudgetRules,
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
    /// Unlocks that were sent and not answered.
    open_unlocks: usize,
    /// The connections carried no login of an earlier visit. Nobody is signed in without.
    is_fresh: bool,
    /// Somebody waits for the end of this agent. Dropped last: everything else is closed then.
    ended: Option<oneshot::Sender<()>>,
}

impl Agent {
    fn new(parts: Parts, said: watch::Sender<Health>) -> Self {
        Self {
            desk: Arc::new(Mutex::new(Desk::new(parts.directory, parts.badge_needs_pin, parts.badge_budget))),
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
            open_unlocks: 0,
            is_fresh: true,
            ended: None,
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
                    Some(Order::End(ended)) => {
                        self.ended = Some(ended);
                        break;
                    }
                    Some(order) => {
                        self.status.metrics().queued(orders.len(), self.work.len());
                        self.take(order);
                    }
                    None => break,
                },
                Some(done) = self.work.join_next() => self.joined(done),
                () = self.surroundings.wait() => self.look(),
                () = until(self.book.due()) => self.book.tick(time::Instant::now().into_std()),
                _ = chores.tick() => {
                    self.chores(minutes);
                    minutes += 1;
                }
            }
        }
        if let Some(technician) = self.technician {
            self.technician_left(technician);
        }
        self.desk().keep_badge_budget(time::Instant::now().into_std(), true);
        // What was sent has an outcome, which is written down.
        while 0 < self.open_unlocks
            && let Some(done) = self.work.join_next().await
        {
            self.joined(done);
        }
    }

    fn joined(&mut self, done: Result<Done, JoinError>) {
        match done {
            Ok(done) => self.finish(done),
            Err(error) if error.is_panic() => tracing::error!("a piece of work panicked"),
            Err(_) => {}
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Ping(reply) => drop(reply.send(())),
            Order::Begin(_) | Order::End(_) => {}
            Order::Prepare => {
                self.read_clocks();
                // A key that is held down must not become a request each.
                if self.surroundings.looked_long_ago() {
                    self.look();
                }
            }
            Order::KeepBudget(left) => {
                let _ = self.keep_guesses(left);
            }
            Order::KeepLanguage(session, language) => {
                if let Some(open) = self.open.as_ref().filter(|open| open.id == session) {
                    self.desk().keep_language(open.who.staff, language);
                }
            }
            Order::Identify(session, Presented(credential), asked, reply) => {
                // Paid for on the disk, or not looked at. In the order in which it was paid: a later number never lies under
                // an earlier one.
                if asked.guesses_left.is_none_or(|left| self.keep_guesses(left)) {
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

    fn keep_guesses(&self, left: u32) -> bool {
        self.status.metrics().guesses_left(left);
        self.desk().keep_guesses(left)
    }

    fn chores(&mut self, minutes: u64) {
        self.read_clocks();
        self.count_people();
        self.desk().keep_badge_budget(time::Instant::now().into_std(), false);
        if let Some(open) = &self.open
            && self.may_open(&open.who) == Some(false)
        {
            self.bar(open.id);
        }
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
            // By a clock that agrees with Kisi's: one that is months ahead would empty the log.
            if self.surroundings.has_right_clock() {
                self.book.prune(self.keep_days);
            }
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
        // Before the client is taken: the list of this person's doors goes over connections that carried nobody's login.
        let is_safe = self.is_fresh || self.reconnect();
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
            let answer = if is_safe { question.answer().await } else { Err(Denied::new(Denial::KioskFault, None)) };
            if answer.is_err() {
                floor.await;
            }
            Done::Identified(Identified { session, method, guesses_left, answer, reply })
        });
        self.identifying = Some((session, abort));
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
        let _ = self.reconnect();
    }
}

/// Until this moment, or for ever.
async fn until(moment: Option<std::time::Instant>) {
    match moment {
        Some(moment) => time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
