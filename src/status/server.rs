//! `health.listen`: whether the program lives, whether it is of use, and its numbers, over HTTP. It has a thread of its own, so
//! that it answers while everything else stands still, and it can change nothing.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    thread,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde::Serialize;

use super::{STILL, Status};
use crate::trouble::Trouble;

/// What `/readyz` says.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "each is what somebody watches")]
struct Ready {
    ready: bool,
    /// The screen says that nothing works.
    working: bool,
    /// "ok", or what is wrong between here and Kisi, or "unknown".
    kisi: &'static str,
    /// Records can be written.
    store: bool,
    /// The newest configuration is in use.
    config: bool,
    /// Window and agent were heard of just now.
    alive: bool,
}

/// Answers on this address until the program ends. Says where: port 0 takes any.
///
/// # Errors
///
/// When the address is not to be had.
pub fn start(listen: SocketAddr, status: Status) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serve = move || {
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router(status)).await
        });
        if let Err(error) = served {
            tracing::error!(%error, "health.listen does not answer any more");
        }
    };
    let _ = thread::Builder::new().name("status".to_owned()).spawn(serve)?;
    Ok(at)
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
        (StatusCode::SERVICE_UNAVAILABLE, "the window or the agent stands still\n")
    }
}

async fn readyz(State(status): State<Status>) -> (StatusCode, Json<Ready>) {
    let facts = status.facts();
    let working = facts.out_of_order.is_none();
    // A kiosk that is out of order writes nothing and asks nobody.
    let store = working && facts.trouble != Some(Trouble::Disk);
    let alive = status.silence() < STILL;
    let ready = working && alive && facts.trouble.is_none();
    let kisi = match facts.trouble {
        _ if !working => "unknown",
        None | Some(Trouble::Disk) => "ok",
        Some(trouble) => trouble.name(),
    };
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Ready { ready, working, kisi, store, config: facts.refused_config.is_none(), alive }))
}

async fn metrics(State(status): State<Status>) -> impl IntoResponse {
    match status.metrics().text() {
        Ok(text) => (StatusCode::OK, [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text),
        Err(error) => {
            tracing::error!(%error, "the numbers cannot be written");
            (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain")], String::new())
        }
    }
}
