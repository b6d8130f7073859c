//! Errors of the configuration. Each names the file, and the line and key where there is one.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No file was named, and none exists at the usual paths.
    #[error("there is no `kiosk.toml`: looked for {}", places.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(", "))]
    Missing {
        /// The paths, in the order in which they were tried.
        places: Vec<PathBuf>,
    },
    /// The file cannot be read.
    #[error("`{}` cannot be read", file.display())]
    Read {
        /// The path that was opened.
        file: PathBuf,
        /// From the operating system.
        #[source]
        source: io::Error,
    },
    /// The file is not UTF-8 or not TOML.
    #[error("`{}` is not a kiosk configuration: {what}", file.display())]
    Syntax {
        /// The path, for the message.
        file: PathBuf,
        /// Line, column and the parser's message. The line's text is left out: it can contain a password.
        what: String,
    },
    /// Two keys exclude each other.
    #[error(
        "`{}`, line {} and line {}: `{}` and `{}` exclude each other: {why}",
        file.display(), first.1, second.1, first.0, second.0
    )]
    Conflict {
        /// The path, for the message.
        file: PathBuf,
        /// One key, and its line.
        first: (&'static str, usize),
        /// The other key, and its line.
        second: (&'static str, usize),
        /// Why they exclude each other.
        why: &'static str,
    },
    /// A key that this version does not know.
    #[error("{}: `{key}` is not a key; known keys: {known}", At(file, *line))]
    Unknown {
        /// The path, for the message.
        file: PathBuf,
        /// Counted from 1; 0 if the key was not found in the text.
        line: usize,
        /// Section, or `section.key`. `***` if it may contain a password.
        key: String,
        /// The keys or sections that are allowed in its place, separated by commas.
        known: String,
    },
    /// A value of the wrong TOML type.
    #[error("{}: `{key}` is of type {found}, but must be of type {expected}", At(file, *line))]
    Kind {
        /// The path, for the message.
        file: PathBuf,
        /// Counted from 1; 0 if the key was not found in the text.
        line: usize,
        /// Section, or `section.key`.
        key: String,
        /// TOML type of the given value.
        found: &'static str,
        /// TOML type of the shipped value.
        expected: &'static str,
    },
    /// A value is out of range.
    #[error(
        "{}: `{key}` is `{value}`{}, but must be {allowed}",
        At(file, *line),
        if *line == 0 { " by default" } else { "" }
    )]
    Value {
        /// The path, for the message.
        file: PathBuf,
        /// Counted from 1; 0 if the file does not set the key.
        line: usize,
        /// `section.key`, or `section.key.item` for an item of a table.
        key: String,
        /// The given value. `***` if it may contain a password.
        value: String,
        /// The allowed values, in words.
        allowed: &'static str,
    },
}

/// A file, and a line where it is known (not 0).
struct At<'a>(&'a Path, usize);

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.0.display())?;
        if 0 < self.1 { write!(f, ", line {}", self.1) } else { Ok(()) }
    }
}

/// Decodes the bytes of a file as UTF-8.
///
/// # Errors
///
/// [`Error::Syntax`] with the first line that is not UTF-8, such as one that an editor saved as Latin-1.
pub fn text_of(bytes: Vec<u8>, file: &Path) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + String::from_utf8_lossy(good).matches('\n').count();
        Error::Syntax { file: file.to_owned(), what: format!("line {line} is not UTF-8 text") }
    })
}

/// The parser's message with line and column, without the text of the line, which can contain a password.
pub(super) fn place_of(error: &toml::de::Error, text: &str) -> String {
    let what = error.message();
    let what = if what.contains('@') { "this cannot be parsed" } else { what };
    // How the parser says that a number does not fit into 64 bits.
    let what = if what.contains("i128") { "this number is out of range" } else { what };
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return what.to_owned() };
    let (line, column) =
        (before.matches('\n').count() + 1, before.lines().last().map_or(0, |line| line.chars().count()));
    let column = if before.ends_with('\n') { 1 } else { column + 1 };
    format!("line {line}, column {column}: {what}")
}

/// Whether an error must hide this value: an address can contain a password, even one that does not parse.
pub(super) fn may_be_secret(key: &str, value: &str) -> bool {
    key == "kisi.proxy" || value.contains('@') || key == "kisi.base_url" && value.contains(['?', '#'])
}
