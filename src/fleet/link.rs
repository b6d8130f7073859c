//! A kiosk's link to the database: one connection, which is made again whenever it breaks. Whoever asks meanwhile is answered
//! soon, one way or the other.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_postgres::error::SqlState;

use super::{
    Account, Address, Connection, Error, Welcome,
    connection::Signals,
    session::{Found, Guess, Intended, Intent, Outcome, PastIntent, Session, Shipment},
};
use crate::{error_chain::Chain, staff::StaffId};

/// Somebody at the kiosk waits. After this, their cached row and the local count of unlocks decide.
const AT_THE_DOOR: Patience = Patience { once: Duration::from_millis(300), in_all: Duration::from_millis(900) };
/// Nobody waits. An attempt is long enough for the longest wait for a lock, and for a full shipment.
const BEHIND: Patience = Patience { once: Duration::from_millis(950), in_all: Duration::from_secs(2) };
/// People in one question. The database takes no more.
const SLICE: usize = 5_000;
/// After the link told of a change, it waits for this long. It tells once of all changes in between.
const QUIET: Duration = Duration::from_millis(200);
/// Pause before the first attempt after a break, at most, in a small fleet. It doubles up to [`LONGEST`]. Each pause is a random
/// part of it.
const SHORTEST: Duration = Duration::from_millis(250);
/// What each kiosk of the fleet adds to that pause: a server with two cores lets in about a hundred in a second, and a thousand that
/// come at once would take each other's time until every attempt is given up.
const EACH: Duration = Duration::from_millis(15);
/// Longest pause between two attempts, unless the first one was longer.
const LONGEST: Duration = Duration::from_secs(4);
/// An attempt is given up after this, over all hosts. After each that was, the next one may take twice as long: a server that many
/// kiosks ask at once is slow, and whoever gives up begins at the end of the queue.
const ATTEMPT: Duration = Duration::from_secs(5);
/// So long an attempt may take at most.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(20);

/// How long a question may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// It is asked on a new connection if it is not answered within this.
    once: Duration,
    /// It is given up after this.
    in_all: Duration,
}

/// Where to connect, and as whom.
#[derive(Debug)]
pub struct Access {
    /// The database.
    pub address: Address,
    /// A file of certificates to trust instead of the operating system's.
    pub ca: Option<PathBuf>,
    /// The kiosk's role.
    pub account: Account,
}

/// What a link tells by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// There is a new connection. What changed meanwhile was told to nobody: ask with [`Link::changed`].
    Up(Arc<Welcome>),
    /// People may have changed. It is a hint: ask with [`Link::changed`].
    Changed,
    /// The connection is lost. The link makes another one.
    Down,
}

/// The link. It ends when it is dropped.
#[derive(Debug)]
pub struct Link {
    session: watch::Receiver<Option<Arc<Session>>>,
    keeper: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Link {
    /// Connects in the background, on the present runtime. The receiver may be dropped.
    pub fn start(access: Access) -> (Self, mpsc::UnboundedReceiver<LinkEvent>) {
        let (send, session) = watch::channel(None);
        let (tell, told) = mpsc::unbounded_channel();
        let keeper = tokio::spawn(keep(access, send, tell));
        (Self { session, keeper }, told)
    }

    /// Whether there is a connection now.
    pub fn is_up(&self) -> bool {
        self.session.borrow().is_some()
    }

    /// Pays for a guess, and looks it up. Not repeated: a guess is paid each time.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::Spent`] when no guess is left. [`Error::Silent`] within 0.9 s.
    pub async fn sign_in(&self, guess: Guess) -> Result<Option<Found>, Error> {
        let by = Instant::now() + AT_THE_DOOR.in_all;
        let session = self.session(by, AT_THE_DOOR).await?;
        let found = time::timeout_at(by, session.sign_in(guess)).await;
        let found = judge(&session, found, AT_THE_DOOR);
        if found.as_ref().is_err_and(is_locked) {
            // Nobody waits for this.
            drop(tokio::spawn(async move { end_sessions(&session).await }));
        }
        found
    }

    /// Writes an intent, before the unlock is sent. The same number is asked for again on a new connection if the first one
    /// does not answer, or does not acknowledge.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for somebody who is suspended or was never here. [`Error::Silent`] after 0.9 s: whether it is
    /// written is not known then, and [`Self::intended`] tells it later in both cases.
    pub async fn intend(&self, intent: Intent) -> Result<Intended, Error> {
        self.repeat(AT_THE_DOOR, |session| async move { session.intend(intent).await }).await
    }

    /// Tells of an unlock that was sent without an acknowledged intent. The same once more changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for somebody who was never here, and when another intent has the number. [`Error::Silent`] after 2 s.
    pub async fn intended(&self, past: &PastIntent) -> Result<(), Error> {
        self.repeat(BEHIND, |session| async move { session.intended(past).await }).await
    }

    /// Says what became of an unlock. The same once more changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when there is no such intent, or it has another outcome. [`Error::Silent`] after 2 s.
    pub async fn outcome(&self, number: i64, outcome: Outcome) -> Result<(), Error> {
        self.repeat(BEHIND, |session| async move { session.outcome(number, outcome).await }).await
    }

    /// Of these people, with these versions, whom must the kiosk forget? An answer confirms all others, an error nobody.
    ///
    /// # Errors
    ///
    /// [`Error::Silent`] when 5,000 of them take longer than 2 s.
    pub async fn changed(&self, people: &[(StaffId, i64)]) -> Result<Vec<StaffId>, Error> {
        let mut all = Vec::new();
        for slice in people.chunks(SLICE) {
            let (staff, versions): (Vec<i64>, Vec<i64>) =
                slice.iter().map(|(id, version)| (id.get(), *version)).unzip();
            let asked = &(staff, versions);
            all.extend(self.repeat(BEHIND, |session| async move { session.changed(&asked.0, &asked.1).await }).await?);
        }
        Ok(all)
    }

    /// Sends audit records. Those that are there already change nothing. Returns the number of the newest one in the database.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::RecordsMissing`], [`super::Refusal::ChainBroken`],
    /// [`super::Refusal::RecordTooLong`], or [`super::Refusal::Spent`] with the time after which to go on.
    /// [`Error::Silent`] after 2 s.
    pub async fn ship(&self, shipment: &Shipment) -> Result<u64, Error> {
        self.repeat(BEHIND, |session| async move { session.ship(shipment).await }).await
    }

    /// Notes a person's language, and whether Kisi refused the login that this kiosk has of them. `None`: as it was.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for somebody who was not looked up here within the last hour. [`Error::Silent`] after 2 s.
    pub async fn note(&self, staff: StaffId, language: Option<&str>, is_refused: Option<bool>) -> Result<(), Error> {
        self.repeat(BEHIND, |session| async move { session.note(staff, language, is_refused).await }).await
    }

    /// Says that the kiosk is there, and ends sessions that other kiosks left open. Once a minute.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when this is not a kiosk of the fleet any more. [`Error::Silent`] after 2 s.
    pub async fn beat(&self) -> Result<Welcome, Error> {
        self.repeat(BEHIND, |session| async move { session.beat().await }).await
    }

    /// Deletes records that are older than the fleet keeps them, a few thousand at a time. Returns how many: 0 means that there are no
    /// more.
    ///
    /// # Errors
    ///
    /// [`Error::Silent`] after 2 s.
    pub async fn prune(&self) -> Result<u64, Error> {
        self.repeat(BEHIND, |session| async move { session.prune().await }).await
    }

    /// Asks until there is an answer, each time on another connection.
    async fn repeat<T, F>(&self, patience: Patience, ask: impl Fn(Arc<Session>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let by = Instant::now() + patience.in_all;
        let mut has_ended_sessions = false;
        loop {
            let session = self.session(by, patience).await?;
            let answer = time::timeout_at(by.min(Instant::now() + patience.once), ask(Arc::clone(&session))).await;
            // A commit that a standby did not confirm is no acknowledgement.
            let is_doubtful = session.connection().is_doubtful();
            match judge(&session, answer, patience) {
                Ok(answer) if !is_doubtful => return Ok(answer),
                Ok(_) => session.connection().give_up(),
                Err(error) if is_locked(&error) && !has_ended_sessions => {
                    has_ended_sessions = true;
                    let _ = time::timeout_at(by, end_sessions(&session)).await;
                    continue;
                }
                Err(error) if Instant::now() < by && session.connection().is_given_up() => {
                    tracing::debug!(error = %Chain(&error), "the fleet's database is asked again");
                }
                Err(error) => return Err(error),
            }
            self.gone(&session, by).await;
        }
    }

    /// The present session, or the next one.
    async fn session(&self, by: Instant, patience: Patience) -> Result<Arc<Session>, Error> {
        let mut sessions = self.session.clone();
        let silent = Error::Silent(patience.in_all);
        let Ok(found) = time::timeout_at(by, sessions.wait_for(Option::is_some)).await else { return Err(silent) };
        found.ok().and_then(|session| session.clone()).ok_or(silent)
    }

    /// Waits until the keeper has put the session away.
    async fn gone(&self, session: &Arc<Session>, by: Instant) {
        let is_other = |now: &Option<Arc<Session>>| now.as_ref().is_none_or(|now| !Arc::ptr_eq(now, session));
        let _ = time::timeout_at(by, self.session.clone().wait_for(is_other)).await;
    }
}

/// Whether the session is of further use. A timeout leaves a question without an answer: the connection is closed, and no cancel
/// request is sent, because that would acknowledge a commit that waits for a standby.
fn judge<T>(
    session: &Session,
    answer: Result<Result<T, Error>, time::error::Elapsed>,
    patience: Patience,
) -> Result<T, Error> {
    match answer {
        Err(_) => {
            session.connection().give_up();
            Err(Error::Silent(patience.in_all))
        }
        Ok(Err(Error::Database(error))) => {
            if session.connection().client().is_closed() || is_of_no_use(&error) {
                session.connection().give_up();
            }
            Err(Error::Database(error))
        }
        Ok(answer) => answer,
    }
}

/// Whether the server cannot write, or is going down: another one may do.
fn is_of_no_use(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| code.code().starts_with("57") || code.code() == "25006")
}

/// Whether somebody else held a lock for too long.
fn is_locked(error: &Error) -> bool {
    error.sql_state() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// After a lock was not to be had: a kiosk that leaves its transaction open may hold it.
async fn end_sessions(session: &Session) {
    if let Err(error) = session.end_sessions().await {
        tracing::debug!(error = %Chain(&error), "sessions that hold locks cannot be ended");
    }
}

/// Connects, and connects again whenever the session breaks.
async fn keep(access: Access, sessions: watch::Sender<Option<Arc<Session>>>, events: mpsc::UnboundedSender<LinkEvent>) {
    // The receiver may have been dropped.
    let tell = |event| drop(events.send(event));
    let mut first = SHORTEST;
    let (mut pause, mut patience) = (first, ATTEMPT);
    loop {
        match begin(&access, patience).await {
            Ok((session, welcome)) => {
                first = SHORTEST.max(EACH * welcome.all_kiosks);
                (pause, patience) = (first, ATTEMPT);
                let signals = session.connection().signals();
                let _ = sessions.send_replace(Some(Arc::new(session)));
                tell(LinkEvent::Up(Arc::new(welcome)));
                tell_of_changes(&signals, &tell).await;
                let _ = sessions.send_replace(None);
                tell(LinkEvent::Down);
            }
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "the fleet's database cannot be reached");
                if matches!(error, Error::Silent(_)) {
                    patience = (patience * 2).min(LONGEST_ATTEMPT);
                }
            }
        }
        time::sleep(pause.mul_f64(fastrand::f64())).await;
        pause = (pause * 2).min(LONGEST.max(first));
    }
}

/// Returns when the connection has ended.
async fn tell_of_changes(signals: &Signals, tell: &impl Fn(LinkEvent)) {
    loop {
        tokio::select! {
            () = signals.changes.notified() => tell(LinkEvent::Changed),
            () = signals.ended.notified() => return,
        }
        if time::timeout(QUIET, signals.ended.notified()).await.is_ok() {
            return;
        }
    }
}

async fn begin(access: &Access, patience: Duration) -> Result<(Session, Welcome), Error> {
    let begun = async {
        let connection = Connection::open(&access.address, access.ca.as_deref(), &access.account).await?;
        Session::begin(connection).await
    };
    time::timeout(patience, begun).await.map_err(|_| Error::Silent(patience))?
}
