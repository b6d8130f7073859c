//! Files that no other account may read: mode 0600, in a folder of mode 0700, whatever the umask of the program is.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

/// A folder that is not this account's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposed {
    /// Others can look into it: its permission bits.
    Mode(u32),
    /// It belongs to another account, which could exchange what is in it.
    Owner(u32),
}

/// Makes a folder, with its parents, that only this account can enter. One that exists stays as it is.
///
/// # Errors
///
/// When it cannot be made.
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

/// Whether a folder is this account's, and other accounts can neither enter nor list it.
///
/// # Errors
///
/// When it cannot be asked.
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

/// The account that this program runs as.
#[cfg(unix)]
pub fn account() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Accounts have no numbers here.
#[cfg(not(unix))]
pub fn account() -> u32 {
    0
}

/// On this system an account's own folder is closed to others.
///
/// # Errors
///
/// Never.
#[cfg(not(unix))]
pub fn check_folder(_: &Path) -> io::Result<Result<(), Exposed>> {
    Ok(Ok(()))
}

/// Opens a file for reading and writing without changing what is in it. Makes it if it is missing.
///
/// # Errors
///
/// When it cannot be opened.
pub fn open(file: &Path) -> io::Result<File> {
    made(file, OpenOptions::new().read(true).write(true).create(true).truncate(false))
}

/// Makes a file that must not exist yet.
///
/// # Errors
///
/// When it exists, or cannot be made.
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

/// Closes a file to other accounts, if it is there.
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

/// The entries of a folder are on the disk when this returns.
///
/// # Errors
///
/// When the folder cannot be opened or synced.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

/// Folders cannot be opened on this system; NTFS writes down their entries by itself.
///
/// # Errors
///
/// Never.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A temporary folder as the data folder must be: closed to other accounts.
///
/// # Errors
///
/// When it cannot be made.
pub fn temporary_folder(prefix: &str) -> io::Result<tempfile::TempDir> {
    temporary_folder_in(&std::env::temp_dir(), prefix)
}

/// The same in this folder.
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
