//! Files that only this account can access: mode 0600 in a folder of mode 0700, regardless of the umask.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

/// Why a folder is not private to this account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposed {
    /// Other accounts have access; the permission bits.
    Mode(u32),
    /// Another account, with this user id, owns the folder and could replace its contents.
    Owner(u32),
}

/// Creates a folder of mode 0700, with its parents. An existing folder is not changed.
///
/// # Errors
///
/// When it cannot be created.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    let _ = builder.recursive(true);
    #[cfg(unix)]
    let _ = std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    set_mode(folder, 0o700)
}

/// Checks that this account owns a folder and that other accounts have no access to it.
///
/// # Errors
///
/// When the folder's metadata cannot be read.
#[cfg(unix)]
pub fn check_folder(folder: &Path) -> io::Result<Result<(), Exposed>> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(folder)?;
    let mode = found.mode() & 0o777;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Ok(Err(Exposed::Owner(found.uid())));
    }
    let others = mode & 0o077;
    Ok(if others == 0 { Ok(()) } else { Err(Exposed::Mode(mode)) })
}

/// Effective user id of this process.
#[cfg(unix)]
pub fn account() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Always 0: this system has no user ids.
#[cfg(not(unix))]
pub fn account() -> u32 {
    0
}

/// Checks nothing: on this system other accounts cannot access a user's own folder.
///
/// # Errors
///
/// Never.
#[cfg(not(unix))]
pub fn check_folder(_: &Path) -> io::Result<Result<(), Exposed>> {
    Ok(Ok(()))
}

/// Opens a file for reading and writing, or creates it. Existing contents are kept.
///
/// # Errors
///
/// When it cannot be opened.
pub fn open(file: &Path) -> io::Result<File> {
    made(file, OpenOptions::new().read(true).write(true).create(true).truncate(false))
}

/// Creates a file for writing. It must not exist yet.
///
/// # Errors
///
/// When it exists or cannot be created.
pub fn create_new(file: &Path) -> io::Result<File> {
    made(file, OpenOptions::new().write(true).create_new(true))
}

fn made(file: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    let _ = std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let opened = options.open(file)?;
    set_mode(file, 0o600)?;
    Ok(opened)
}

/// Sets mode 0600 on a file if it exists.
///
/// # Errors
///
/// When its mode cannot be set.
pub fn close(file: &Path) -> io::Result<()> {
    if file.exists() { set_mode(file, 0o600) } else { Ok(()) }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Syncs a folder: created, renamed and deleted entries are on disk when this returns.
///
/// # Errors
///
/// When the folder cannot be opened or synced.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

/// Does nothing: folders cannot be opened on this system, and NTFS journals their entries by itself.
///
/// # Errors
///
/// Never.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a temporary folder of mode 0700, as a data folder requires.
///
/// # Errors
///
/// When it cannot be made.
pub fn temporary_folder(prefix: &str) -> io::Result<tempfile::TempDir> {
    temporary_folder_in(&std::env::temp_dir(), prefix)
}

/// Creates a temporary folder of mode 0700 in this folder.
///
/// # Errors
///
/// When it cannot be made.
pub fn temporary_folder_in(folder: &Path, prefix: &str) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    let _ = builder.prefix(prefix);
    #[cfg(unix)]
    let _ = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(folder)
}
