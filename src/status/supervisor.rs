//! What systemd hears of us. Where there is no systemd, or none that listens, nothing happens.

/// The window is there.
pub fn ready() {
    #[cfg(target_os = "linux")]
    send(&[sd_notify::NotifyState::Ready]);
}

/// Window and agent still work. Without this for `WatchdogSec` the program is ended and started again.
pub fn alive() {
    #[cfg(target_os = "linux")]
    send(&[sd_notify::NotifyState::Watchdog]);
}

/// From now on a panic is one line in the log that says where, and never what: its message may hold anything (F36).
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "the program panicked");
    }));
}

#[cfg(target_os = "linux")]
fn send(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the supervisor cannot be told");
    }
}
