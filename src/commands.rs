//! Implements the commands. `arguments.rs` declares their arguments.

mod ask;
mod audit;
mod backup;
mod demo;
mod doctor;
mod failure;
mod files;
mod fleet;
mod gallery;
mod kiosk;
mod qr;
mod readers;
mod report;
mod runtime;
mod setup;
mod staff;
mod technician_pin;

use std::{
    env,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use clap::CommandFactory;
use vestibule::{
    config::Config,
    private_files,
    store::{audit::Log, directory::Directory},
    wiring,
};

pub(super) use self::{
    demo::{demo, simulate},
    failure::Failure,
    fleet::{Adopt, FleetSite, Join, Renewals, Restoring},
    gallery::gallery,
    report::printable,
    staff::Import,
};
use super::arguments::{Arguments, Json, Yes};

/// How a command reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// Sentences for a person.
    Text,
    /// One JSON object per line (`--json`).
    Json,
}

impl From<Json> for Output {
    fn from(Json { json }: Json) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Whether a question was answered in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// By `--yes`.
    Given,
    /// The command asks.
    Ask,
}

impl From<Yes> for Confirmation {
    fn from(Yes { yes }: Yes) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// Whether people who are enrolled also get a PIN (`--pin`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PinWish {
    /// Issue one.
    Issue,
    /// Only a badge.
    None,
}

impl From<bool> for PinWish {
    fn from(pin: bool) -> Self {
        if pin { Self::Issue } else { Self::None }
    }
}

/// The configuration and data paths of one invocation.
#[derive(Clone)]
pub(super) struct Site {
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    /// The lock on `logins.lock`, once taken. Held until the process exits.
    logins: Arc<OnceLock<File>>,
    /// The fleet whose people the command is about.
    people: FleetSite,
}

impl Site {
    pub(super) fn new(config: Option<PathBuf>, data: Option<PathBuf>) -> Self {
        Self { config, data, logins: Arc::default(), people: FleetSite::default() }
    }

    /// Whether `--config`, `$VESTIBULE_CONFIG` or `--data` was given.
    pub(super) fn is_named(&self) -> bool {
        self.config.is_some() || self.data.is_some()
    }

    fn config(&self) -> Result<Config, Failure> {
        Config::find(self.config.as_deref()).map_err(Failure::from)
    }

    /// The data folder: `--data`, or systemd's `$STATE_DIRECTORY`, or the user's data folder.
    fn folder(&self) -> PathBuf {
        if let Some(folder) = self.data.clone().or_else(|| env::var_os("STATE_DIRECTORY").map(PathBuf::from)) {
            return folder;
        }
        own_folder().unwrap_or_else(|| PathBuf::from("data"))
    }

    /// Opens the existing directory. Fails if there is none: a mistyped path must not create one.
    fn directory(&self) -> Result<Directory, Failure> {
        if self.people.is_set() {
            return self.directory_or_new();
        }
        Directory::open_existing(&self.folder(), credentials().as_deref()).map_err(Failure::from)
    }

    /// Locks out other commands that change logins, then opens the existing directory.
    fn directory_alone(&self) -> Result<Directory, Failure> {
        // Fail on a missing directory before locking, because the lock creates a file.
        drop(self.directory()?);
        self.lock_logins()?;
        self.directory()
    }

    /// Opens the directory, or creates it with a PIN hash cost measured on this machine.
    fn directory_or_new(&self) -> Result<Directory, Failure> {
        if self.people.is_set() {
            return self.fleet_directory();
        }
        Directory::open(&self.folder(), credentials().as_deref(), wiring::measured_cost).map_err(Failure::from)
    }

    /// Waits for the lock on changing logins in this data folder, and holds it until the process exits. Without it, one
    /// command could delete a login that another has just made (C16).
    fn lock_logins(&self) -> Result<(), Failure> {
        if self.logins.get().is_some() {
            return Ok(());
        }
        let path = self.folder().join("logins.lock");
        let cannot = || io(format!("`{}` cannot be locked", path.display()));
        let mut file = private_files::open(&path).map_err(cannot())?;
        if let Err(error) = file.try_lock() {
            match error {
                TryLockError::Error(error) => return Err(cannot()(error)),
                TryLockError::WouldBlock => {
                    let holder = fs::read_to_string(&path).unwrap_or_default();
                    report::tell(&format!("waiting for another command that changes logins: {}", holder.trim()));
                    file.lock().map_err(cannot())?;
                }
            }
        }
        let holder = format!("process {}, {}", std::process::id(), command_line());
        file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(cannot())?;
        let _ = self.logins.set(file);
        Ok(())
    }

    fn log(&self) -> Result<Log, Failure> {
        wiring::log(&self.directory()?).map_err(Failure::from)
    }
}

/// Writes one man page per command into the folder. The package installs them.
pub(super) fn man(folder: &Path) -> Result<(), Failure> {
    let cannot = format!("the man pages cannot be written into `{}`", folder.display());
    clap_mangen::generate_to(Arguments::command(), folder).map_err(io(cannot))
}

/// Prints shell completions. The package installs them.
#[expect(clippy::unnecessary_wraps, reason = "every command returns a result")]
pub(super) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    clap_complete::generate(shell, &mut Arguments::command(), "vestibule", &mut std::io::stdout());
    Ok(())
}

/// The first two words of this command, without options and e-mail addresses: `vestibule staff import`.
fn command_line() -> String {
    let words = env::args().skip(1).take_while(|word| !word.starts_with('-') && !word.contains('@'));
    format!("vestibule {}", words.take(2).collect::<Vec<_>>().join(" "))
}

/// The data folder of this account.
fn own_folder() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "vestibule")?.data_dir().to_owned())
}

/// systemd's `$CREDENTIALS_DIRECTORY`, if it is set.
fn credentials() -> Option<PathBuf> {
    env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
    let what = what.into();
    move |source| Failure::io(what, source)
}
