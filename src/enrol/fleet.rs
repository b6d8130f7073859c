//! The list of a fleet's people, for the directory on an admin's machine.

use std::{
    convert::Infallible,
    fmt,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::{runtime, sync::oneshot};

use crate::{
    fleet::{Account, Address, Connection, Error, Refusal, TagKind},
    staff::{PersonRows, StaffId},
    store::directory::{self, Origin, Person, Standing},
};

/// A connection to the fleet's database, which waits for each answer. It ends with its last copy.
#[derive(Clone)]
pub struct FleetPeople(Arc<Worker>);

/// A thread that carries the connection. Commands run on a runtime of their own already.
struct Worker {
    connection: Arc<Connection>,
    runtime: runtime::Handle,
    /// Dropped with the worker, which ends the thread.
    _end: oneshot::Sender<()>,
}

impl fmt::Debug for FleetPeople {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FleetPeople(..)")
    }
}

impl FleetPeople {
    /// Connects. `ca`: a file of certificates to trust instead of the operating system's.
    ///
    /// # Errors
    ///
    /// As [`Connection::open`].
    pub fn open(address: Address, ca: Option<PathBuf>, account: Account) -> Result<Self, Error> {
        let (end, ended) = oneshot::channel::<()>();
        let (send, opened) = mpsc::channel();
        let _ = thread::spawn(move || {
            let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let connection = Connection::open(&address, ca.as_deref(), &account).await;
                if send.send(connection.map(|connection| (connection, runtime::Handle::current()))).is_ok() {
                    let _ = ended.await;
                }
            });
        });
        let (connection, runtime) = opened.recv().map_err(|_| Error::Answer("no thread for the connection"))??;
        Ok(Self(Arc::new(Worker { connection: Arc::new(connection), runtime, _end: end })))
    }

    /// Asks the database, and waits for the answer.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub fn ask<T, F>(&self, ask: impl FnOnce(Arc<Connection>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        // The task is boxed, and its answer goes around the channel, so that tokio and the channel are compiled for one type.
        let (asked, answer) = (ask(Arc::clone(&self.0.connection)), Arc::new(Mutex::new(None)));
        let (done, ended) = mpsc::channel::<Infallible>();
        let slot = Arc::clone(&answer);
        let task: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            let answer = asked.await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            drop(done);
        });
        drop(self.0.runtime.spawn(task));
        // Nobody sends anything: the channel closes when the task ends.
        let _ = ended.recv();
        let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.unwrap_or(Err(Error::Answer("the connection's thread has ended")))
    }

    fn list<T, F>(&self, ask: impl FnOnce(Arc<Connection>) -> F) -> Result<T, directory::Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.ask(ask).map_err(|error| directory::Error::Fleet(Box::new(error)))
    }
}

impl Origin for FleetPeople {
    fn next_staff(&self) -> Result<StaffId, directory::Error> {
        self.list(|list| async move { list.next_staff().await })
    }

    fn person(&self, email: &str) -> Result<Option<(PersonRows, i64)>, directory::Error> {
        let email = email.to_owned();
        self.list(|list| async move { list.person(&email).await })
    }

    fn is_pin_taken(&self, tags: &[[u8; 32]]) -> Result<bool, directory::Error> {
        let tags = tags.to_vec();
        self.list(|list| async move { Ok(list.owner(TagKind::Pin, &tags).await?.is_some()) })
    }

    fn badge_owner(&self, tags: &[[u8; 32]]) -> Result<Option<(StaffId, String)>, directory::Error> {
        let tags = tags.to_vec();
        self.list(|list| async move { list.owner(TagKind::Badge, &tags).await })
    }

    fn put(&self, rows: &PersonRows, expected: Option<i64>) -> Result<i64, directory::Error> {
        let given = rows.clone();
        self.ask(|list| async move { list.put(&given, expected).await }).map_err(|error| {
            if matches!(error, Error::Refused(Refusal::Enrolled)) {
                return directory::Error::Enrolled { email: rows.email.clone() };
            }
            directory::Error::Fleet(Box::new(error))
        })
    }

    fn remove(&self, staff: StaffId) -> Result<(), directory::Error> {
        self.list(move |list| async move { list.remove(staff).await })
    }

    fn people(&self) -> Result<Vec<Person>, directory::Error> {
        let mut listed = self.list(|list| async move { list.people().await })?;
        listed.sort_by_cached_key(|person| (person.name.to_lowercase(), person.email.clone()));
        let person = |listed: crate::fleet::Listed| Person {
            id: listed.staff,
            email: listed.email,
            name: listed.name,
            login_id: listed.login_id,
            has_pin: listed.has_pin,
            badges: listed.badges,
            standing: match (listed.is_suspended, listed.is_refused) {
                (true, _) => Standing::Suspended,
                (false, true) => Standing::Refused,
                (false, false) => Standing::Active,
            },
            opens_by_badge: listed.opens_by_badge,
        };
        Ok(listed.into_iter().map(person).collect())
    }

    fn counts(&self) -> Result<(u32, u32), directory::Error> {
        self.list(|list| async move { list.counts().await })
    }
}
