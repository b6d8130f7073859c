//! How full the disk is.

use std::{io, path::Path};

/// At so many per cent somebody must be told, days before nothing can be written down any more.
///
/// # Source
///
/// `threats-and-faults.md`, R54 and F39.
pub const FULL: u64 = 90;

/// How many per cent of the file system that this folder is in are used, for those who are not its administrator.
///
/// # Errors
///
/// When it cannot be asked.
#[cfg(unix)]
pub fn used(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    // As `df` counts: what is kept for the administrator is not there for anybody else.
    let used = disk.f_blocks.saturating_sub(disk.f_bfree);
    let all = used.saturating_add(disk.f_bavail);
    Ok((used.saturating_mul(100)).div_ceil(all.max(1)))
}

/// Not known here.
#[cfg(not(unix))]
pub fn used(_: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
