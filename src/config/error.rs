//! Why there is no configuration: always the file, and the line and key where there is one.

use std::{
    io,
    path::{Path, PathBuf},
};

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
    /// It is not TOML.
    #[error("`{}` is not a kiosk configuration: {what}", file.display())]
    Syntax {
        /// Which file.
        file: PathBuf,
        /// Where and why, with the line as it is written, without what may be a password.
        what: String,
    },
    /// Two keys exclude each other.
    #[error(
        "`{}`, line {} and line {}: `{}` and `{}` exclude each other: {why}",
        file.display(), first.1, second.1, first.0, second.0
    )]
    Conflict {
        /// Which file.
        file: PathBuf,
        /// A key, and its line.
        first: (&'static str, usize),
        /// Another one.
        second: (&'static str, usize),
        /// Why.
        why: &'static str,
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

/// The text of a file.
///
/// # Errors
///
/// [`Error::Syntax`] with the line, when it is not UTF-8: an editor of before saved it.
pub fn text_of(bytes: Vec<u8>, file: &Path) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + String::from_utf8_lossy(good).matches('\n').count();
        Error::Syntax { file: file.to_owned(), what: format!("line {line} is not UTF-8 text") }
    })
}

/// What the parser says and where, without the line itself: there may be a password in it.
pub(super) fn place_of(error: &toml::de::Error, text: &str) -> String {
    let what = error.message();
    let what = if what.contains('@') { "this cannot be understood" } else { what };
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return what.to_owned() };
    let (line, column) =
        (before.matches('\n').count() + 1, before.lines().last().map_or(0, |line| line.chars().count()));
    let column = if before.ends_with('\n') { 1 } else { column + 1 };
    format!("line {line}, column {column}: {what}")
}

/// Whether a value is shown to nobody: an address may hold a password, also where it was written with a slip.
pub(super) fn may_be_secret(key: &str, value: &str) -> bool {
    key == "kisi.proxy" || value.contains('@') || key == "kisi.base_url" && value.contains(['?', '#'])
}
