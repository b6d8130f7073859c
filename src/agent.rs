//! The agent: the only task that owns the logins, the directory, the audit log and the client for Kisi. It carries out
//! the session's effects and answers with events, which are plain data: the window never sees a login. The session
//! decides how long people may take.

mod asking;
mod audit_writer;
mod authenticator;
mod channel;
mod connection;
mod connectivity;
mod diagnostics;
mod door_list;
mod door_watch;
mod fleet;
mod limits;
mod lookup;
mod parts;
mod start;
mod technician;
mod unlocker;
mod visit;
mod visits;
mod work;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinError},
    time,
};

use self::{
    audit_writer::{AuditWriter, Who},
    authenticator::Authenticator,
    channel::Command,
    connection::Connection,
    connectivity::{Clocks, ConnectivityMonitor},
    fleet::Fleet,
    lookup::Visible,
    unlocker::Unlocker,
    visit::Visit,
    work::{Completion, Work, completion},
};
pub use self::{
    authenticator::TRIES,
    channel::{Ending, Events, Handle, Port, channel},
    connectivity::Connectivity,
    fleet::Membership,
    limits::UnlockLimits,
    parts::Parts,
    start::{prepare, start},
};
use crate::{
    door::DoorId,
    fleet::LinkEvent,
    kisi,
    platform::suspend,
    secret::Secret,
    session::{Effect, Event, SessionId},
    status::Status,
    store::{audit::Action, door_memory::DoorMemory},
};

/// A failed sign-in takes at least this long, so that its duration does not reveal why it failed.
///
/// # Source
///
/// `threats.md`, R22.
const MIN_FAILURE_TIME: Duration = Duration::from_millis(700);
/// Interval between chores.
const CHORES: Duration = Duration::from_mins(1);
/// Number of chores in an hour. Once an hour the agent logs the audit head (R53), checks the directory and prunes the
/// audit log.
const HOUR: u64 = 60;

/// Runs the agent until it is told to end or the last handle is dropped.
pub async fn run(parts: Parts, port: &mut Port) {
    let (agent, changes) = Agent::new(parts, port);
    agent.run(port, changes).await;
}

struct Agent {
    events: mpsc::UnboundedSender<Event>,
    authenticator: Arc<Mutex<Authenticator>>,
    audit: AuditWriter,
    keep_days: u32,
    connection: Connection,
    connectivity: ConnectivityMonitor,
    unlocker: Unlocker,
    visible: Arc<Visible>,
    visit: Option<Visit>,
    /// The technician's open session.
    technician: Option<SessionId>,
    /// The sign-in in progress, and the handle that aborts it.
    lookup: Option<(SessionId, AbortHandle)>,
    /// Doors whose sensor has reported an open door once: these sensors work.
    sensors: HashSet<DoorId>,
    status: Status,
    inline_lookup: bool,
    /// Whether each person's doors are kept for their next visit.
    remembers: bool,
    /// The fleet that this kiosk is in, if it is in one.
    fleet: Option<Fleet>,
    work: Work,
}

impl Agent {
    /// On a runtime: the link to a fleet lives on it. What it reports comes beside the agent.
    fn new(parts: Parts, port: &Port) -> (Self, Option<mpsc::UnboundedReceiver<LinkEvent>>) {
        let folder = parts.directory.folder();
        let memory = DoorMemory::open(folder).unwrap_or_else(|error| {
            tracing::warn!(%error, "the doors that rules meant earlier cannot be read");
            DoorMemory::empty(folder)
        });
        let (fleet, changes) =
            parts.fleet.map(|membership| Fleet::start(membership, &parts.directory, &parts.status)).unzip();
        let mut authenticator = Authenticator::new(parts.directory, parts.badge_needs_pin, parts.badge_budget);
        if !parts.remembers_doors {
            authenticator.remember_no_doors();
        }
        let agent = Self {
            events: port.events.clone(),
            authenticator: Arc::new(Mutex::new(authenticator)),
            audit: AuditWriter::new(parts.log),
            keep_days: parts.keep_days,
            connection: Connection::new(parts.client),
            connectivity: ConnectivityMonitor::new(port.health.clone(), parts.status.clone()),
            unlocker: Unlocker::new(parts.limits, parts.nearby),
            visible: Arc::new(Visible {
                places: parts.places,
                hidden: parts.hidden,
                rules: parts.rules,
                memory: Mutex::new(memory),
                names: parts.names,
            }),
            visit: None,
            technician: None,
            lookup: None,
            sensors: HashSet::new(),
            status: parts.status,
            inline_lookup: parts.inline_lookup,
            remembers: parts.remembers_doors,
            fleet,
            work: Work::new(),
        };
        agent.report_fleet();
        (agent, changes)
    }

    async fn run(mut self, port: &mut Port, mut changes: Option<mpsc::UnboundedReceiver<LinkEvent>>) {
        let mut chores = time::interval(CHORES);
        let mut minutes = 0;
        let nearby = self.unlocker.nearby.clone();
        loop {
            self.status.metrics().queued(port.len(), self.work.len());
            self.report_unshipped();
            let (fades, ships) = (self.fades(), self.shipping_due());
            tokio::select! {
                // A fixed order, so that the same events always give the same run.
                biased;
                command = port.command() => match command {
                    Some(Command::Carry(effect, at)) => self.take(effect, at),
                    Some(Command::Begin(_)) => {}
                    #[cfg(test)]
                    Some(Command::Panic) => panic!("requested by a test"),
                    Some(Command::End) | None => break,
                },
                Some(done) = self.work.join_next() => self.complete(done),
                () = nearby.changed() => self.announce_readers(),
                () = until(fades) => self.announce_readers(),
                Some(event) = next(&mut changes) => self.fleet_reports(event),
                () = until(ships) => self.ship(),
                () = until(self.connectivity.due()) => self.look(),
                () = until(self.audit.due().map(Into::into)) => self.audit.tick(time::Instant::now().into_std()),
                _ = chores.tick() => {
                    self.chores(minutes);
                    minutes += 1;
                }
            }
        }
        if let Some(technician) = self.technician {
            self.technician_left(technician);
        }
        self.authenticator().keep_badge_budget(time::Instant::now().into_std(), true);
        // Wait for the outcome of every unlock that was sent, and record it.
        while self.unlocker.is_waiting()
            && let Some(done) = self.work.join_next().await
        {
            self.complete(done);
        }
    }

    /// Carries out one effect of the session. Every answer is an event.
    fn take(&mut self, effect: Effect, at: time::Instant) {
        match effect {
            Effect::Beat => self.status.beat(),
            Effect::Prepare => {
                self.read_clocks();
                // A held key repeats this effect: do not send a request each time.
                if self.connectivity.looked_long_ago() {
                    self.look();
                }
            }
            Effect::KeepBudget(left) => {
                let _ = self.keep_guesses(left);
            }
            Effect::KeepLanguage(session, language) => {
                if let Some(staff) = self.visit(session).map(|visit| visit.who.staff) {
                    self.authenticator().keep_language(staff, language);
                    self.note_in_fleet(staff, Some(language.code()), None);
                }
            }
            Effect::Identify(session, presented, asked) => self.identify(session, presented.0, asked),
            Effect::CheckPlaces(session) => self.check_places(session),
            Effect::List(session) => self.read(
                session,
                |client, login| async move { client.doors(&login).await },
                move |agent, who, found| agent.listed_again(session, who, found),
            ),
            Effect::Recount(session) => self.announce(session),
            Effect::Follow(session, request, door) => self.read(
                session,
                move |client, login| async move { door_watch::follow(&client, &login, door).await },
                move |agent, who, seen| agent.followed(who, request, door, seen),
            ),
            Effect::ReadBack(session, door) => self.read(
                session,
                move |client, login| async move { door_watch::read_back(&client, &login, door).await },
                move |agent, who, about| agent.audit.seen(who, door, &about),
            ),
            Effect::Unlock(session, request, door) => self.unlock(session, request, door, at),
            Effect::Technician(session, step) => self.technician_acts(session, step),
            Effect::Forget(session, why) => self.forget(session, why),
            // The window carries these out itself.
            Effect::Leave | Effect::Reload => {}
        }
    }

    fn say(&self, event: Event) {
        // If the window is gone, nobody needs the event.
        let _ = self.events.send(event);
    }

    fn complete(&mut self, done: Result<Completion, JoinError>) {
        match done {
            Ok(completion) => completion(self),
            Err(error) if error.is_panic() => tracing::error!("a task of the agent panicked"),
            Err(_) => {}
        }
    }

    fn authenticator(&self) -> MutexGuard<'_, Authenticator> {
        self.authenticator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn visit(&self, session: SessionId) -> Option<&Visit> {
        self.visit.as_ref().filter(|visit| visit.id == session)
    }

    /// Sends a request with the login of this session. The end of the session aborts it; `done` is not called then.
    fn read<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &mut self,
        session: SessionId,
        request: impl FnOnce(kisi::Client, Arc<Secret<String>>) -> F,
        done: impl FnOnce(&mut Self, &Who, T) + Send + 'static,
    ) {
        let Some(visit) = self.visit.as_mut().filter(|visit| visit.id == session) else { return };
        let (who, request) = (visit.who.clone(), request(self.connection.client(), Arc::clone(&visit.login)));
        visit.reads.push(self.work.spawn(async move {
            let answer = request.await;
            completion(move |agent| done(agent, &who, answer))
        }));
    }

    fn keep_guesses(&self, left: u32) -> bool {
        self.status.metrics().guesses_left(left);
        self.authenticator().keep_guesses(left)
    }

    // Kisi and the clocks

    /// Replaces the connections: the buffers of the old ones may still contain the login of the last session. Returns
    /// whether that worked. If not, nobody can sign in.
    fn reconnect(&mut self) -> bool {
        self.connection.reconnect();
        self.look();
        self.connection.is_fresh()
    }

    /// Starts a connectivity check, which also reads Kisi's time.
    fn look(&mut self) {
        // A client reads the trusted certificates only when it is made. The missing one may have been installed since.
        if self.connectivity.is_unsafe() {
            self.connection.reconnect();
        }
        let look = self.connectivity.look(self.connection.client());
        let _ = self.work.spawn(async move {
            let (found, after) = look.await;
            completion(move |agent| agent.looked(found, after))
        });
    }

    fn looked(&mut self, found: Result<Option<Timestamp>, kisi::Error>, after: Duration) {
        if let Some(note) = self.connectivity.looked(found, after, self.audit.can_write()) {
            self.audit.note(Action::Clock, &note);
        }
    }

    fn read_clocks(&mut self) {
        let now = Clocks { wall: Timestamp::now(), steady: time::Instant::now() };
        self.compare_clocks(now, suspend::time_suspended());
    }

    /// Records clock jumps and suspends. After a suspend every connection is dead, so they are replaced.
    fn compare_clocks(&mut self, now: Clocks, asleep: Duration) {
        let change = self.connectivity.compare_clocks(now, asleep);
        for note in change.notes() {
            self.audit.note(Action::Clock, &note);
        }
        if change.slept.is_some() {
            let _ = self.reconnect();
        }
    }

    fn chores(&mut self, minutes: u64) {
        self.read_clocks();
        let mut authenticator = self.authenticator();
        authenticator.count_people(self.status.metrics());
        authenticator.keep_badge_budget(time::Instant::now().into_std(), false);
        let revoked =
            self.visit.as_ref().filter(|visit| authenticator.may_open(&visit.who) == Some(false)).map(|visit| visit.id);
        drop(authenticator);
        if let Some(session) = revoked {
            self.revoke_access(session);
        }
        self.fleet_chores(minutes.is_multiple_of(HOUR));
        if minutes.is_multiple_of(HOUR) {
            self.audit.report();
            let authenticator = Arc::clone(&self.authenticator);
            self.work.spawn_blocking(move || {
                authenticator.lock().unwrap_or_else(PoisonError::into_inner).check();
                completion(|_| {})
            });
            // Prune only by a clock that agrees with Kisi's: a clock that is months ahead would empty the log (C11).
            // In a fleet, nor before the records are shipped.
            if self.connectivity.has_right_clock() && self.has_shipped() {
                self.audit.prune(self.keep_days);
            }
        }
    }
}

/// The next report of the link to the fleet's database. Never without a fleet.
async fn next(changes: &mut Option<mpsc::UnboundedReceiver<LinkEvent>>) -> Option<LinkEvent> {
    match changes {
        Some(changes) => changes.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits until this instant, or forever.
async fn until(moment: Option<time::Instant>) {
    match moment {
        Some(moment) => time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
