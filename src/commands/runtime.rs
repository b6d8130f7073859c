//! What commands wait with for answers of Kisi and of a fleet's database.

use std::{
    io,
    pin::{Pin, pin},
};

use super::failure::Failure;

/// Carries one piece of work at a time, on the thread of the command.
pub(super) struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    pub(super) fn new() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(Self).map_err(|source| Failure::io("the async runtime cannot start", source))
    }

    /// Returns what the work returns. The work goes to tokio as a trait object, so that tokio is compiled for one type of work.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let mut done = None;
        {
            let work: Pin<&mut dyn Future<Output = ()>> = pin!(async { done = Some(work.await) });
            self.0.block_on(work);
        }
        done.ok_or_else(|| Failure::io("the async runtime stopped early", io::ErrorKind::Interrupted.into()))
    }
}

/// Waits for the only piece of work of a command.
pub(super) fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    Runtime::new()?.wait(work)
}
