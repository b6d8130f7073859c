//! Applies the deadline of an unlock to connecting: DNS lookup, TCP and TLS must finish before it.

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
    /// Deadline for sending the request of this task. Unset for requests without a deadline.
    static SENT_BY: Instant;
}

/// Runs a request that must not be sent after the deadline.
pub(super) async fn until<T>(by: Instant, request: impl Future<Output = T>) -> T {
    SENT_BY.scope(by, request).await
}

/// Wraps the client's connector in a [`Connector`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines;

impl<S> Layer<S> for Deadlines {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector(inner)
    }
}

/// A connector that gives up at the deadline of the request it connects for.
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
