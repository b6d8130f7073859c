//! The signal that asks for a reload: SIGHUP, as `systemctl reload` and `kill -HUP` send it.

use futures_util::stream::Stream;

/// Yields once per SIGHUP.
#[cfg(unix)]
pub fn hangups() -> impl Stream<Item = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    futures_util::stream::unfold(signal(SignalKind::hangup()).ok(), async |hangups| {
        let mut hangups = hangups?;
        hangups.recv().await?;
        Some(((), Some(hangups)))
    })
}

/// This system has no such signal. The technician's screen can reload the configuration.
#[cfg(not(unix))]
pub fn hangups() -> impl Stream<Item = ()> {
    futures_util::stream::empty()
}

/// Keeps SIGHUP from ending the process before the window listens for it. Such an early signal is lost; the configuration is
/// about to be read anyway.
///
/// # Errors
///
/// When the handler cannot be installed.
#[cfg(unix)]
pub fn survive() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _within = runtime.enter();
    // The handler stays installed until the process exits.
    signal(SignalKind::hangup()).map(drop)
}

/// This system has no such signal.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
pub fn survive() -> std::io::Result<()> {
    Ok(())
}
