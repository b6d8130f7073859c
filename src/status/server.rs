//! The HTTP server of `health.listen`: liveness, readiness and metrics. It has its own thread, so that it answers even when
//! the rest of the program hangs. It is read-only.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde::Serialize;
use tokio::{sync::Semaphore, time};

use super::{STILL, Status};
use crate::{outage::Outage, session::technician::FleetStanding};

/// The `program` in the answer of `/readyz`.
pub const PROGRAM: &str = "vestibule";
/// Further connections are closed at once, because each takes a file descriptor that the kiosk needs for Kisi. Our choice.
const CONNECTIONS: usize = 8;
/// Time limit for reading the request headers.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time limit for a connection, so that a client that does not read its response cannot block others.
const LONGEST: Duration = Duration::from_secs(10);
/// Pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(200);

/// The body of `/readyz`.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "each is monitored separately")]
struct Ready {
    /// [`PROGRAM`], so that another program's endpoint is not mistaken for this one.
    program: &'static str,
    /// Process id.
    process: u32,
    ready: bool,
    /// False while the screen shows "out of order".
    working: bool,
    /// "ok", the kind of outage between the kiosk and Kisi, or "unknown" while out of order.
    kisi: &'static str,
    /// Whether audit records can be written.
    store: bool,
    /// Whether the newest configuration is in use.
    config: bool,
    /// Whether the window and the agent have sent a heartbeat recently.
    alive: bool,
    /// Whether every reader with a wire of its own works, and none says that its case was opened.
    readers: bool,
    /// How the kiosk stands to its fleet's database. Left out without a fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    fleet: Option<&'static str>,
}

/// Serves on this address until the program ends. Returns the bound address, because port 0 picks any free port.
///
/// # Errors
///
/// When the address cannot be bound.
pub fn start(listen: SocketAddr, status: Status) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serve = move || {
        let served = runtime.block_on(async {
            accept(tokio::net::TcpListener::from_std(listener)?, router(status)).await;
            io::Result::Ok(())
        });
        if let Err(error) = served {
            tracing::error!(%error, "the health.listen server stopped");
        }
    };
    let _ = thread::Builder::new().name("status".to_owned()).spawn(serve)?;
    Ok(at)
}

/// Serves a few connections at a time, each with a time limit.
async fn accept(listener: tokio::net::TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "a connection to health.listen cannot be accepted");
                time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let service = TowerToHyperService::new(router.clone());
        let _task = tokio::spawn(async move {
            let mut http = http1::Builder::new();
            let _ = http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
            let served = time::timeout(LONGEST, http.serve_connection(TokioIo::new(stream), service)).await;
            if let Ok(Err(error)) = served {
                tracing::debug!(%error, "a connection to health.listen failed");
            }
            drop(place);
        });
    }
}

fn router(status: Status) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(status)
}

async fn healthz(State(status): State<Status>) -> (StatusCode, &'static str) {
    if status.silence() < STILL {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the window or the agent does not respond\n")
    }
}

async fn readyz(State(status): State<Status>) -> (StatusCode, Json<Ready>) {
    let facts = status.facts();
    let working = facts.out_of_order.is_none();
    // While out of order, the kiosk neither writes records nor contacts Kisi.
    let store = working && facts.outage != Some(Outage::Disk);
    let alive = status.silence() < STILL;
    let readers = facts.readers.iter().all(|reader| reader.trouble().is_none());
    let fleet = facts.fleet.map(|fleet| fleet.standing);
    // While the database is away, the copies serve. A database that was rolled back lets nobody in.
    let has_fleet = fleet != Some(FleetStanding::RolledBack);
    let ready = working && alive && readers && has_fleet && facts.outage.is_none();
    let kisi = match facts.outage {
        _ if !working => "unknown",
        None | Some(Outage::Disk) => "ok",
        Some(outage) => outage.name(),
    };
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (
        code,
        Json(Ready {
            program: PROGRAM,
            process: std::process::id(),
            ready,
            working,
            kisi,
            store,
            config: facts.refused_config.is_none(),
            alive,
            readers,
            fleet: fleet.map(FleetStanding::name),
        }),
    )
}

async fn metrics(State(status): State<Status>) -> impl IntoResponse {
    match status.metrics().text(status.facts().fleet.as_ref()) {
        Ok(text) => (StatusCode::OK, [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be encoded");
            (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain")], String::new())
        }
    }
}
