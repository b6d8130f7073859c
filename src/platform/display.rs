//! Checks for a display before the window opens: without one, the window toolkit panics.

/// Whether `$WAYLAND_DISPLAY` or `$DISPLAY` names a display server that accepts a connection. A remote X11 display is not
/// checked and counts as present.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn is_there() -> bool {
    use std::{env, os::unix::net::UnixStream, path::PathBuf};

    let given = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let wayland = given("WAYLAND_DISPLAY").is_some_and(|name| {
        let folder = given("XDG_RUNTIME_DIR").map(PathBuf::from).unwrap_or_default();
        UnixStream::connect(folder.join(name)).is_ok()
    });
    // `:0` and `:0.0` are local sockets. A display with a host name is left to the toolkit.
    let x11 = given("DISPLAY").is_some_and(|display| match display.strip_prefix(':') {
        Some(number) => {
            let number = number.split('.').next().unwrap_or_default();
            UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).is_ok()
        }
        None => true,
    });
    wayland || x11
}

/// Windows and macOS always have a display.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub fn is_there() -> bool {
    true
}
