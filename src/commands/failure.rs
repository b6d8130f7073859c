//! The failure of a command: an error and its exit code.

use std::{error::Error as StdError, io, process::ExitCode};

use vestibule::{
    config, kisi,
    store::{audit, directory},
    wiring,
};

/// An error of a command.
pub(crate) trait CommandError: StdError + Send + Sync + 'static {
    /// 1 when the command failed, 2 for wrong usage or configuration.
    fn exit_code(&self) -> u8 {
        1
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Box<dyn StdError + Send + Sync>,
    exit_code: u8,
}

impl Failure {
    /// The error, with its causes.
    pub(crate) fn error(&self) -> &(dyn StdError + 'static) {
        &*self.error
    }

    /// The exit code of the program.
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.exit_code.into()
    }

    /// The client for Kisi cannot be created.
    pub(crate) fn client(error: kisi::Error) -> Self {
        Common::Client(error).into()
    }

    /// Wraps an I/O error. `what` says which operation failed, on what.
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Common::Io { what: what.into(), source }.into()
    }

    /// The command did not complete, and its output says what failed.
    pub(crate) fn incomplete() -> Self {
        Common::Incomplete.into()
    }

    /// `rekey --is-named-next`: no new credential waits for its name.
    pub(crate) fn not_waiting() -> Self {
        Common::NotWaiting.into()
    }

    /// Whether this is the failure that [`Self::incomplete`] creates.
    pub(crate) fn is_incomplete(&self) -> bool {
        matches!(self.error.downcast_ref(), Some(Common::Incomplete))
    }

    /// Whether it is an error of this type.
    pub(crate) fn is<E: CommandError>(&self) -> bool {
        self.error.is::<E>()
    }
}

impl<E: CommandError> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit_code: error.exit_code(), error: Box::new(error) }
    }
}

/// What can fail in any command.
#[derive(Debug, thiserror::Error)]
enum Common {
    #[error("the configuration is refused")]
    Config(#[source] config::Error),
    #[error("the client for Kisi cannot be created")]
    Client(#[source] kisi::Error),
    #[error("the directory cannot be used")]
    Directory(#[source] directory::Error),
    #[error(transparent)]
    NotEnrolled(directory::Error),
    #[error("the kiosk cannot start")]
    Start(#[source] wiring::Error),
    #[error("the audit log cannot be used")]
    Audit(#[source] audit::Error),
    #[error("{what}")]
    Io { what: String, source: io::Error },
    #[error("the command did not complete: see its output")]
    Incomplete,
    #[error("no new device key waits for its name")]
    NotWaiting,
}

impl CommandError for Common {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Client(kisi::Error::Setting { .. }) => 2,
            Self::Client(_)
            | Self::Directory(_)
            | Self::NotEnrolled(_)
            | Self::Start(_)
            | Self::Audit(_)
            | Self::Io { .. }
            | Self::Incomplete
            | Self::NotWaiting => 1,
        }
    }
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        Common::Config(error).into()
    }
}

impl From<directory::Error> for Failure {
    fn from(error: directory::Error) -> Self {
        if matches!(error, directory::Error::NotEnrolled { .. }) {
            return Common::NotEnrolled(error).into();
        }
        Common::Directory(error).into()
    }
}

impl From<wiring::Error> for Failure {
    fn from(error: wiring::Error) -> Self {
        Common::Start(error).into()
    }
}

impl From<audit::Error> for Failure {
    fn from(error: audit::Error) -> Self {
        Common::Audit(error).into()
    }
}
