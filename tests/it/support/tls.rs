//! Test harness: the simulator over TLS, with certificates generated for each test.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
        version,
    },
    server::TlsStream,
};
use vestibule::{
    kisi::{Client, Roots, Settings},
    simulator::{Simulator, wire::Stream, world::World},
};

/// The certificate that the server presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Valid, for `localhost`.
    Good,
    /// For another host.
    WrongName,
    /// Expired in 2000.
    Expired,
}

/// A simulator over TLS, and the certificate that its clients must trust.
pub(crate) struct Server {
    pub(crate) simulator: Simulator,
    der: Vec<u8>,
    /// The certificate as an administrator installs it. Empty below a root.
    pub(crate) pem: String,
}

impl Server {
    pub(crate) fn start(world: World) -> Self {
        Self::with(Certificate::Good, world)
    }

    pub(crate) fn with(certificate: Certificate, world: World) -> Self {
        let name = if certificate == Certificate::WrongName { "elsewhere.example" } else { "localhost" };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if certificate == Certificate::Expired {
            params.not_before = rcgen::date_time_ymd(1999, 1, 1);
            params.not_after = rcgen::date_time_ymd(2000, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let signed = params.self_signed(&key).unwrap();
        let der = signed.der().to_vec();
        Self { pem: signed.pem(), ..Self::serve(vec![signed.der().clone()], &key, der, world) }
    }

    /// With a new leaf and a new intermediate certificate under an existing root.
    pub(crate) fn under(root: &Issuer<'_, KeyPair>, trusted: &[u8], world: World) -> Self {
        let (middle_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut middle = CertificateParams::new(Vec::new()).unwrap();
        middle.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let middle_signed = middle.signed_by(&middle_key, root).unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::from_params(&middle, &middle_key)).unwrap();
        let chain = vec![leaf.der().clone(), middle_signed.der().clone()];
        Self::serve(chain, &key, trusted.to_vec(), world)
    }

    fn serve(chain: Vec<CertificateDer<'static>>, key: &KeyPair, der: Vec<u8>, world: World) -> Self {
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .unwrap();
        // F13: the server offers h2 but speaks only HTTP/1.1, so a client that negotiated HTTP/2 would fail every test
        // over TLS.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listen = move |socket| Ok(TlsListener { tcp: TcpListener::from_std(socket)?, acceptor });
        Self { simulator: Simulator::start_with(address, world, listen).unwrap(), der, pem: String::new() }
    }

    /// Settings that trust this server.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            base_url: format!("https://localhost:{}", self.simulator.address().port()),
            roots: Roots::Only(self.der.clone()),
            ..plain("")
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.settings()).unwrap()
    }
}

/// Settings for a server without TLS.
pub(crate) fn plain(base_url: &str) -> Settings {
    Settings {
        base_url: base_url.to_owned(),
        proxy: None,
        timeout: Duration::from_secs(3),
        position: None,
        per_second: usize::MAX,
        integration_identifier: None,
        integration_contact: None,
        roots: Roots::System,
    }
}

/// The sample scene without a rate limit, and an admin key.
pub(crate) fn sample() -> (World, String) {
    let mut world = World::sample().unwrap();
    world.unlimited = true;
    let admin = world.admin_key();
    (world, admin)
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = Tls;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (tcp, address) = Listener::accept(&mut self.tcp).await;
            // A failed handshake does not count as a connection.
            if let Ok(tls) = self.acceptor.accept(tcp).await {
                return (Tls(tls), address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

struct Tls(TlsStream<TcpStream>);

impl Stream for Tls {
    fn reset_when_closed(&self) {
        self.0.get_ref().0.reset_when_closed();
    }
}

impl AsyncRead for Tls {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tls {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
