//! Why there is no configuration: always the file, and the line and key where there is one.

use std::{io, path::PathBuf};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no file.
    #[error("there is no `kiosk.toml`: looked for {}", places.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(", "))]
    Missing {
        /// Where it was looked for.
        places: Vec<PathBuf>,
    },
    /// The file cannot be read.
    #[error("`{}` cannot be read", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not TOML. The source names line and column.
    #[error("`{}` is not a kiosk configuration", file.display())]
    Syntax {
        /// Which file.
        file: PathBuf,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A key that this version does not know.
    #[error("`{}`, line {line}: `{key}` is not a key, known are {known}", file.display())]
    Unknown {
        /// Which file.
        file: PathBuf,
        /// On which line.
        line: usize,
        /// Which key.
        key: String,
        /// What it could have been.
        known: String,
    },
    /// A value of the wrong kind.
    #[error("`{}`, line {line}: `{key}` is of type {found}, but must be of type {expected}", file.display())]
    Kind {
        /// Which file.
        file: PathBuf,
        /// On which line.
        line: usize,
        /// Which key.
        key: String,
        /// What it is.
        found: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A value is out of range.
    #[error("`{}`, line {line}: `{key}` is `{value}`, but must be {allowed}", file.display())]
    Value {
        /// Which file.
        file: PathBuf,
        /// On which line; 0 if the file does not set it.
        line: usize,
        /// Which key.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        allowed: &'static str,
    },
}
