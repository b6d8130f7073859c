//! Disk usage.

use std::{io, path::Path};

/// Usage in percent from which the kiosk warns, days before records cannot be written any more.
///
/// # Source
///
/// `threats.md`, R54; `faults.md`, F39.
pub const FULL: u64 = 90;

/// Usage of the folder's file system in percent, as seen by an unprivileged account, rounded up.
///
/// # Errors
///
/// When `statvfs` fails.
#[cfg(unix)]
pub fn used(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    // Like `df`: blocks that are reserved for root do not count as available.
    let used = disk.f_blocks.saturating_sub(disk.f_bfree);
    let all = used.saturating_add(disk.f_bavail);
    Ok((used.saturating_mul(100)).div_ceil(all.max(1)))
}

/// Not implemented on this system: always fails with `Unsupported`.
#[cfg(not(unix))]
pub fn used(_: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
