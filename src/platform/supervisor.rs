//! Notifies systemd. Without systemd, or without a notification socket, it does nothing.

/// Reports that the window is open.
pub fn ready() {
    #[cfg(target_os = "linux")]
    send(&[sd_notify::NotifyState::Ready]);
}

/// Feeds the watchdog. Without this for `WatchdogSec`, systemd kills and restarts the program.
pub fn alive() {
    #[cfg(target_os = "linux")]
    send(&[sd_notify::NotifyState::Watchdog]);
}

/// Logs every panic from now on as one line with its location. The message is left out, because it may contain secrets
/// (F36).
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "the program panicked");
    }));
}

#[cfg(target_os = "linux")]
fn send(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd cannot be notified");
    }
}
