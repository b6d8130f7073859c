//! Connecting for an unlock ends with the time in which it may be sent: name, connection and encryption are a part of that time.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::{self, Instant};
use tower_layer::Layer;
use tower_service::Service;

type Failure = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    /// Until when the request of this task may be sent. Requests without it may take their time.
    static SENT_BY: Instant;
}

/// Runs a request that may be sent until this moment.
pub(super) async fn until<T>(by: Instant, request: impl Future<Output = T>) -> T {
    SENT_BY.scope(by, request).await
}

/// Puts a [`Connector`] around the client's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines;

impl<S> Layer<S> for Deadlines {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector(inner)
    }
}

/// Connects, until the deadline of the request that asks for it.
#[derive(Debug, Clone)]
pub(super) struct Connector<S>(S);

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = Failure>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (by, connected) = (SENT_BY.try_with(|by| *by).ok(), self.0.call(request));
        Box::pin(async move {
            match by {
                Some(by) => time::timeout_at(by, connected).await.map_err(Failure::from)?,
                None => connected.await,
            }
        })
    }
}
