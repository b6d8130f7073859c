//! A simulated Kisi on this machine, for the demo and the tests, always reached over HTTP. It never forwards a request.
//!
//! `kisi.md`, section 13, lists what it imitates and how certain each behavior is. The contract is
//! `tests/kisi-openapi.yaml`. Where Kisi's behavior is assumed, [`world::Switches`] selects the alternative.

mod auth;
mod cors;
mod response;
mod doors;
mod events;
mod extract;
pub mod fault;
mod json;
mod logins;
mod people;
pub mod rules;
mod scene;
mod scene_checks;
mod sentences;
pub mod webhook;
pub mod wire;
pub mod world;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
    serve::Listener,
};
use tokio::sync::oneshot;

use self::{
    auth::login_of,
    fault::Fault,
    response::NOTHING_THERE,
    wire::{Peer, Stream, Watched},
    world::{Recorded, World},
};

/// Largest request body, in bytes.
const REQUEST_LIMIT: usize = 64 * 1024;

/// The state, shared by the server and the test or program that started it.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running simulator. It stops when dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Simulator {
    /// Starts on a free loopback port, without TLS.
    ///
    /// # Errors
    ///
    /// When a socket, runtime or thread cannot be created.
    pub fn start(world: World) -> io::Result<Self> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), world)
    }

    /// Starts on this address, without TLS.
    ///
    /// # Errors
    ///
    /// When the address is not on loopback or is taken.
    pub fn start_on(address: SocketAddr, world: World) -> io::Result<Self> {
        Self::start_with(address, world, wire::plain)
    }

    /// Starts with a listener built from the bound socket, for instance one with TLS.
    ///
    /// # Errors
    ///
    /// When the address is not on loopback or is taken, or the listener cannot be built.
    pub fn start_with<L, F>(address: SocketAddr, world: World, listen: F) -> io::Result<Self>
    where
        L: Listener<Addr = SocketAddr>,
        L::Io: Stream,
        F: FnOnce(std::net::TcpListener) -> io::Result<L> + Send + 'static,
    {
        if !address.ip().is_loopback() {
            let text = format!("the simulator listens on loopback only, not on {address}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let shared = Shared(Arc::new(Mutex::new(world)));
        let (stop, stopped) = oneshot::channel();
        let (started, starts) = std::sync::mpsc::channel();
        let served = shared.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("simulator".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let listener = match listen(socket) {
                    Ok(listener) => listener,
                    Err(error) => return drop(started.send(Err(error))),
                };
                let _ = started.send(Ok(()));
                tokio::select! {
                    () = webhook::deliver(served.clone()) => {}
                    () = serve(listener, served) => {}
                    _ = stopped => {}
                }
            });
        })?;
        starts.recv().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Starts on a free loopback port, without TLS, on the current runtime and its clock. It serves while the returned
    /// future is polled.
    ///
    /// # Errors
    ///
    /// When the socket cannot be created.
    pub fn here(world: World) -> io::Result<(Self, impl Future<Output = ()>)> {
        let socket = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let shared = Shared(Arc::new(Mutex::new(world)));
        let served = serve(wire::plain(socket)?, shared.clone());
        Ok((Self { address, shared, stop: None, thread: None }, served))
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `http://` base URL for a client without TLS.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Reads or changes the state. Requests wait until `change` returns.
    pub fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.shared.world())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve<L>(listener: L, shared: Shared)
where
    L: Listener<Addr = SocketAddr>,
    L::Io: Stream,
{
    let counted = shared.clone();
    let accepted = Box::new(move || {
        let mut world = counted.world();
        if 0 < world.refused_connections {
            world.refused_connections -= 1;
            return None;
        }
        world.connections += 1;
        Some(world.connections)
    });
    let service = router(shared).into_make_service_with_connect_info::<Peer>();
    if let Err(error) = axum::serve(Watched { listener, accepted }, service).await {
        tracing::error!(%error, "the simulator stopped");
    }
}

/// Each route imitates the operation with the same method and path in Kisi's OpenAPI document.
fn router(shared: Shared) -> Router {
    Router::new()
        .route("/logins", get(logins::list).post(logins::create))
        .route("/logins/{id}", delete(logins::delete))
        .route("/logins/{id}/promote", post(logins::promote_other))
        .route("/login", get(logins::current).put(logins::rename).delete(logins::delete_current))
        .route("/login/elsewhere", delete(logins::delete_elsewhere))
        .route("/login/promote", post(logins::promote_current))
        .route("/user", get(logins::user))
        .route("/organization", get(logins::organization))
        .route("/locks", get(doors::list))
        .route("/locks/{id}", get(doors::one))
        .route("/locks/{id}/unlock", post(doors::unlock))
        .route("/locks/{id}/{action}", post(doors::act))
        .route("/places", get(doors::places))
        .route("/places/{id}", get(doors::place))
        .route("/places/{id}/{action}", post(doors::act_on_place))
        .route("/floors", get(doors::floors))
        .route("/users", get(people::list).post(people::create))
        .route("/users/{id}", get(people::one).patch(people::update))
        .route("/groups", get(people::groups))
        .route("/groups/{id}", get(people::group))
        .route("/group_locks", get(people::group_locks))
        .route("/role_assignments", get(people::rights).post(people::create_right))
        .route("/role_assignments/{id}", delete(people::delete_right))
        .route("/cards", get(people::cards))
        .route("/card_assignments", get(people::card_assignments))
        .route("/event_sets", post(events::create))
        .route("/event_sets/{id}", get(events::one))
        .route("/events/types", get(events::types))
        .fallback(async || NOTHING_THERE)
        .method_not_allowed_fallback(async || NOTHING_THERE)
        .layer(middleware::from_fn_with_state(shared.clone(), gate))
        .with_state(shared)
}

/// Handles every request first: records it, then applies a matching fault and the latency.
async fn gate(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, REQUEST_LIMIT).await else {
        return response::UNREADABLE.into_response();
    };
    let (fault, latency) = {
        let mut world = shared.world();
        let login = login_of(&parts.headers, &world).map(|login| (login.id, login.person));
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let recorded = Recorded {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            login: login.map(|(id, _)| id),
            body: serde_json::from_slice(&body).ok(),
            connection: peer.number,
            has_authorization: parts.headers.contains_key("authorization"),
            partner: header("x-kisi-integration-identifier").zip(header("x-kisi-integration-contact")),
        };
        world.requests.push(recorded);
        let fault = take_fault(&mut world, &parts, login.map(|(_, person)| person));
        let [random, ..] = uuid::Uuid::new_v4().into_bytes();
        let jitter = world.jitter.mul_f64(f64::from(random) / 255.0);
        (fault, world.latency + jitter)
    };
    tokio::time::sleep(latency + std::time::Duration::from_millis(fault.delay_ms)).await;
    let is_from_page = parts.headers.contains_key(header::ORIGIN);
    let mut answer = if !fault.acts() {
        Body::empty().into_response()
    } else if parts.method == Method::OPTIONS {
        cors::preflight(&shared, &parts.headers)
    } else {
        next.run(Request::from_parts(parts, Body::from(body))).await
    };
    if is_from_page {
        cors::allow(&mut answer);
    }
    if fault.never {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(fault.answer_delay_ms)).await;
    peer.cut(fault.cut());
    fault.apply(answer)
}

/// Takes the first matching fault and decrements its remaining count.
fn take_fault(world: &mut World, parts: &axum::http::request::Parts, person: Option<u64>) -> Fault {
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let Some(fault) = world.faults.iter_mut().find(|fault| fault.matches(method, path, person)) else {
        return Fault::default();
    };
    let found = fault.clone();
    if let Some(times) = &mut fault.times {
        *times = times.saturating_sub(1);
    }
    found
}
