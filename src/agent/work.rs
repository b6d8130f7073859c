//! The agent's tasks.

use std::pin::Pin;

use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::Agent;

/// Applies the result of a finished task to the agent: records it and reports it to the window.
pub(super) type Completion = Box<dyn FnOnce(&mut Agent) + Send>;

pub(super) fn completion(complete: impl FnOnce(&mut Agent) + Send + 'static) -> Completion {
    Box::new(complete)
}

/// Tasks that run, or whose results wait to be applied. They are boxed, so that tokio is compiled for one type of task.
pub(super) struct Work(JoinSet<Completion>);

impl Work {
    pub(super) fn new() -> Self {
        Self(JoinSet::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = Completion> + Send + 'static) -> AbortHandle {
        let task: Pin<Box<dyn Future<Output = Completion> + Send>> = Box::pin(task);
        self.0.spawn(task)
    }

    /// Starts a task on a thread where it may block.
    pub(super) fn spawn_blocking(&mut self, task: impl FnOnce() -> Completion + Send + 'static) {
        let task: Box<dyn FnOnce() -> Completion + Send> = Box::new(task);
        let _ = self.0.spawn_blocking(task);
    }

    /// Waits until a task ends, and returns its result. Returns `None` when no task is left.
    pub(super) async fn join_next(&mut self) -> Option<Result<Completion, JoinError>> {
        self.0.join_next().await
    }
}
