//! The signals that ask a program to end: Ctrl+C, the end of its terminal, and `kill`.

use std::{io, thread};

/// Calls this at the first such signal, on a thread of its own. The signals do not end the process any more.
///
/// # Errors
///
/// When the handlers or the thread cannot be created.
#[cfg(unix)]
pub fn on_interrupt(end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate, mut hangup) = {
        let _within = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?)
    };
    let wait = move || {
        let _ = runtime.block_on(async {
            tokio::select! {
                signal = interrupt.recv() => signal,
                signal = terminate.recv() => signal,
                signal = hangup.recv() => signal,
            }
        });
        end();
    };
    thread::Builder::new().name("interrupt".to_owned()).spawn(wait).map(drop)
}

/// Calls this at Ctrl+C, on a thread of its own.
///
/// # Errors
///
/// When the thread cannot be created.
#[cfg(not(unix))]
pub fn on_interrupt(end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wait = move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            end();
        }
    };
    thread::Builder::new().name("interrupt".to_owned()).spawn(wait).map(drop)
}
