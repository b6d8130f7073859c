//! Process hardening: private new files, no core dumps, no access to the memory by other processes.

use std::io;

/// Sets the umask to 077, so that only this account can access new files.
#[cfg(unix)]
pub fn close_new_files() {
    let _ = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Without a umask, the folder decides who may read a new file.
#[cfg(not(unix))]
pub fn close_new_files() {}

/// Disables core dumps, and stops other processes of this account from attaching and from reading the memory.
///
/// # Errors
///
/// When the operating system refuses or does not support it.
///
/// # Source
///
/// `threats.md`, R33; `prctl(2)`, `PR_SET_DUMPABLE`.
#[cfg(target_os = "linux")]
pub fn close() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Not implemented on this system: always fails with `Unsupported`.
#[cfg(not(target_os = "linux"))]
pub fn close() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
