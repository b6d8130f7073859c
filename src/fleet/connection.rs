//! One connection to the database.

use std::{
    future,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    task::JoinHandle,
    time,
};
use tokio_postgres::{
    AsyncMessage, Client,
    error::{Severity, SqlState},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Address, Error};
use crate::{error_chain::Chain, secret::Secret};

/// The whole of connecting, over all hosts, takes at most this long.
const CONNECT: Duration = Duration::from_secs(20);

/// Who connects.
#[derive(Debug)]
pub struct Account {
    /// The database's role.
    pub role: String,
    /// Its password. `None` on a socket where the server knows the account by the operating system.
    pub password: Option<Secret<String>>,
}

/// A connection. It ends when it is dropped.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    driver: JoinHandle<()>,
    signals: Arc<Signals>,
}

/// What the database says without being asked.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// A notification: people may have changed.
    pub(super) changes: Notify,
    /// The connection has ended, or is given up.
    pub(super) ended: Notify,
    /// Somebody gave it up.
    is_given_up: AtomicBool,
    /// It warned. The warning that we know is that a commit did not wait for its standby.
    is_doubtful: AtomicBool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Connects to the first host that takes writes. `ca`: a file of certificates to trust instead of the operating
    /// system's.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] when no host lets it in, [`Error::Silent`], and those of the certificates.
    pub async fn open(address: &Address, ca: Option<&Path>, account: &Account) -> Result<Self, Error> {
        let mut config = address.config();
        let _ = config.user(&account.role);
        if let Some(password) = &account.password {
            let _ = config.password(password.expose());
        }
        // A socket's address turns TLS off, and the client does not use this then. It is passed so that there is one type of
        // connection.
        let tls = MakeRustlsConnect::new(if address.is_local() { with(RootCertStore::empty())? } else { tls(ca)? });
        let signals = Arc::<Signals>::default();
        let heard = Arc::clone(&signals);
        let connecting = async {
            let (client, driver) = config.connect(tls).await?;
            Ok((client, tokio::spawn(drive(driver, heard))))
        };
        let connected = time::timeout(CONNECT, connecting).await.map_err(|_| Error::Silent(CONNECT))?;
        let (client, driver) = connected.map_err(|error: tokio_postgres::Error| match error.code() {
            // Only admins and kiosks of the fleet may connect to its database.
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => Error::NotAnAdmin,
            Some(_) | None => Error::Connect(error),
        })?;
        Ok(Self { client, driver, signals })
    }

    /// The client of the library.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the database says without being asked.
    pub(super) fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    /// Marks the connection as useless. The link that holds it then replaces it.
    pub(super) fn give_up(&self) {
        self.signals.is_given_up.store(true, Ordering::Release);
        self.signals.ended.notify_one();
    }

    /// Whether somebody marked it so.
    pub(super) fn is_given_up(&self) -> bool {
        self.signals.is_given_up.load(Ordering::Acquire)
    }

    /// Whether what this connection acknowledges may be lost.
    pub(super) fn is_doubtful(&self) -> bool {
        self.signals.is_doubtful.load(Ordering::Acquire)
    }

    /// The same, for a transaction.
    pub fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// Carries the connection until it ends. Whoever asks afterwards learns that it has.
async fn drive<S, T>(mut driver: tokio_postgres::Connection<S, T>, signals: Arc<Signals>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = future::poll_fn(|context| driver.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(_)) => signals.changes.notify_one(),
            Ok(AsyncMessage::Notice(notice)) if notice.parsed_severity() == Some(Severity::Warning) => {
                signals.is_doubtful.store(true, Ordering::Release);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "the connection to the fleet's database ended");
                break;
            }
        }
    }
    signals.ended.notify_one();
}

fn tls(ca: Option<&Path>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            for certificate in certificates(file)? {
                let add = roots.add(certificate);
                add.map_err(|error| failed(file, std::io::Error::other(error)))?;
            }
        }
        None => {
            let _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(Error::NoCertificates);
    }
    with(roots)
}

fn with(roots: RootCertStore) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| Error::NoCertificates)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let bytes = std::fs::read(file).map_err(|source| failed(file, source))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    found.map_err(|error| failed(file, std::io::Error::new(std::io::ErrorKind::InvalidData, error)))
}

fn failed(file: &Path, source: std::io::Error) -> Error {
    Error::Certificates { file: PathBuf::from(file), source }
}
