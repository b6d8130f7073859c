//! A kiosk's link to the database: one connection, which is made again whenever it breaks. Whoever asks meanwhile is answered
//! soon, one way or the other.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{self, Instant},
};

use super::{
    Account, Address, Connection, Error,
    session::{Found, Guess, Intended, Intent, Outcome, Session},
};
use crate::{error_chain::Chain, staff::StaffId};

/// A question is asked on a new connection if it is not answered within this.
const ONCE: Duration = Duration::from_millis(300);
/// A question that is the same when it is asked again is given up after this.
const IN_ALL: Duration = Duration::from_secs(2);
/// Somebody at the kiosk waits: their cached row serves them after this.
const SIGN_IN: Duration = Duration::from_millis(900);
/// Pause before the first attempt after a break, at most. It doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(250);
/// Longest pause between two attempts. Each pause is a random part of it, so that a thousand kiosks do not come back at once.
const LONGEST: Duration = Duration::from_secs(4);
/// An attempt is given up after this, over all hosts.
const ATTEMPT: Duration = Duration::from_secs(5);

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

/// The link. It ends when it is dropped.
#[derive(Debug)]
pub struct Link {
    session: watch::Receiver<Option<Arc<Session>>>,
    /// Something has changed, or may have while the link was down.
    changes: Arc<Notify>,
    keeper: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Link {
    /// Connects in the background, on the present runtime.
    pub fn start(access: Access) -> Self {
        let (send, session) = watch::channel(None);
        let changes = Arc::<Notify>::default();
        let keeper = tokio::spawn(keep(access, send, Arc::clone(&changes)));
        Self { session, changes, keeper }
    }

    /// Whether there is a connection now.
    pub fn is_up(&self) -> bool {
        self.session.borrow().is_some()
    }

    /// Waits until people may have changed. It is a hint: ask with [`Self::changed`].
    pub async fn told(&self) {
        self.changes.notified().await;
    }

    /// Pays for a guess, and looks it up. Not repeated: a guess is paid each time.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::Spent`] when no guess is left. [`Error::Silent`] within a second.
    pub async fn sign_in(&self, guess: Guess) -> Result<Option<Found>, Error> {
        let by = Instant::now() + SIGN_IN;
        let session = self.session(by, SIGN_IN).await?;
        let found = time::timeout_at(by, session.sign_in(guess)).await;
        Self::judge(&session, found, SIGN_IN)
    }

    /// Writes an intent, before the unlock is sent. The same number is asked for again on a new connection if the first one
    /// does not answer, or does not acknowledge.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for somebody who is suspended or was never here. [`Error::Silent`] after 2 s: whether it is
    /// written is not known then.
    pub async fn intend(&self, intent: Intent) -> Result<Intended, Error> {
        self.repeat(|session| async move { session.intend(intent).await }).await
    }

    /// Says what became of an unlock.
    ///
    /// # Errors
    ///
    /// As for [`Self::intend`].
    pub async fn outcome(&self, number: i64, outcome: Outcome) -> Result<(), Error> {
        self.repeat(|session| async move { session.outcome(number, outcome).await }).await
    }

    /// Of these people, with these versions, whom must the kiosk forget?
    ///
    /// # Errors
    ///
    /// [`Error::Silent`]
    pub async fn changed(&self, people: &[(StaffId, i64)]) -> Result<Vec<StaffId>, Error> {
        let (staff, versions): (Vec<i64>, Vec<i64>) = people.iter().map(|(id, version)| (id.get(), *version)).unzip();
        let asked = &(staff, versions);
        self.repeat(|session| async move { session.changed(&asked.0, &asked.1).await }).await
    }

    /// Asks until there is an answer, each time on another connection.
    async fn repeat<T, F>(&self, ask: impl Fn(Arc<Session>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let by = Instant::now() + IN_ALL;
        loop {
            let session = self.session(by, IN_ALL).await?;
            let answer = time::timeout_at(by.min(Instant::now() + ONCE), ask(Arc::clone(&session))).await;
            // A commit that a standby did not confirm is no acknowledgement.
            let is_doubtful = session.connection().is_doubtful();
            match Self::judge(&session, answer, IN_ALL) {
                Ok(answer) if !is_doubtful => return Ok(answer),
                Ok(_) => session.connection().give_up(),
                Err(Error::Silent(_) | Error::Database(_)) if Instant::now() < by => {}
                Err(error) => return Err(error),
            }
            self.gone(&session, by).await;
        }
    }

    /// The present session, or the next one.
    async fn session(&self, by: Instant, patience: Duration) -> Result<Arc<Session>, Error> {
        let mut sessions = self.session.clone();
        let silent = Error::Silent(patience);
        let Ok(found) = time::timeout_at(by, sessions.wait_for(Option::is_some)).await else { return Err(silent) };
        found.ok().and_then(|session| session.clone()).ok_or(silent)
    }

    /// Whether the session is of further use. A timeout leaves a question without an answer: the connection is closed, and no
    /// cancel request is sent, because that would acknowledge a commit that waits for a standby.
    fn judge<T>(
        session: &Session,
        answer: Result<Result<T, Error>, time::error::Elapsed>,
        patience: Duration,
    ) -> Result<T, Error> {
        match answer {
            Err(_) => {
                session.connection().give_up();
                Err(Error::Silent(patience))
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

    /// Waits until the keeper has put the session away.
    async fn gone(&self, session: &Arc<Session>, by: Instant) {
        let is_other = |now: &Option<Arc<Session>>| now.as_ref().is_none_or(|now| !Arc::ptr_eq(now, session));
        let _ = time::timeout_at(by, self.session.clone().wait_for(is_other)).await;
    }
}

/// Whether the server cannot write, or is going down: another one may do.
fn is_of_no_use(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| code.code().starts_with("57") || code.code() == "25006")
}

/// Connects, and connects again whenever the session breaks.
async fn keep(access: Access, sessions: watch::Sender<Option<Arc<Session>>>, changes: Arc<Notify>) {
    let mut pause = SHORTEST;
    loop {
        match begin(&access).await {
            Ok(session) => {
                let session = Arc::new(session);
                let signals = session.connection().signals();
                let _ = sessions.send_replace(Some(session));
                pause = SHORTEST;
                // What changed while the link was down was told to nobody.
                changes.notify_one();
                loop {
                    tokio::select! {
                        () = signals.changes.notified() => changes.notify_one(),
                        () = signals.ended.notified() => break,
                    }
                }
                let _ = sessions.send_replace(None);
            }
            Err(error) => tracing::debug!(error = %Chain(&error), "the fleet's database cannot be reached"),
        }
        time::sleep(pause.mul_f64(fastrand::f64())).await;
        pause = (pause * 2).min(LONGEST);
    }
}

async fn begin(access: &Access) -> Result<Session, Error> {
    let begun = async {
        let connection = Connection::open(&access.address, access.ca.as_deref(), &access.account).await?;
        Session::begin(connection).await
    };
    time::timeout(ATTEMPT, begun).await.map_err(|_| Error::Silent(ATTEMPT))?
}
