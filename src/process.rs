//! What nobody else on this machine may do with this process: keep its memory, or look into it.

use std::io;

/// Files that this program makes are for its own account, whatever the umask was.
#[cfg(unix)]
pub(super) fn close_new_files() {
    let _ = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Who may read a file is its folder's business here.
#[cfg(not(unix))]
pub(super) fn close_new_files() {}

/// No core dump, and no other process of this account can attach or read its memory.
///
/// # Errors
///
/// When the operating system does not have it.
///
/// # Source
///
/// `threats-and-faults.md`, R33; `prctl(2)`, `PR_SET_DUMPABLE`.
#[cfg(target_os = "linux")]
pub(super) fn close() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Nothing is known to do here.
#[cfg(not(target_os = "linux"))]
pub(super) fn close() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
