//! Reads a list of staff: CSV with the header `email,name,badge`. Checks every row before any login is made.

use std::{collections::HashMap, io};

use super::Candidate;
use crate::staff::{Badge, BadgeProfile};

/// Why a list was refused. No login was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The header cannot be read.
    #[error("the list cannot be read")]
    Read(#[source] csv::Error),
    /// The header is not the one expected.
    #[error("the first line is `{found}`, but must be `email,name,badge`")]
    Header {
        /// The first line, in lower case.
        found: String,
    },
    /// Some rows are invalid.
    #[error("nothing was done: {}", rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rows {
        /// All invalid rows.
        rows: Vec<Row>,
    },
}

/// An invalid row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {why}")]
pub struct Row {
    /// Counted from 1 including the header, as in a spreadsheet.
    pub row: usize,
    /// What is wrong with it.
    pub why: String,
}

/// Reads a list. Skips empty rows.
///
/// # Errors
///
/// When any row is invalid. The error names all invalid rows.
pub fn read(list: impl io::Read, profile: &BadgeProfile) -> Result<Vec<Candidate>, Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(list);
    let headers = reader.headers().map_err(Error::Read)?.clone();
    let mut names: Vec<String> = headers.iter().map(str::to_lowercase).collect();
    // Spreadsheets write a byte order mark.
    if let Some(first) = names.first_mut() {
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    if names != ["email", "name", "badge"] {
        return Err(Error::Header { found: names.join(",") });
    }
    let mut seen = RowsByKey::default();
    let (mut candidates, mut wrong) = (Vec::new(), Vec::new());
    for (index, record) in reader.records().enumerate() {
        let row = index + 2;
        match record
            .map_err(|error| unreadable(row, error))
            .and_then(|record| candidate(row, &record, profile, &mut seen))
        {
            Ok(Some(candidate)) => candidates.push(candidate),
            Ok(None) => {}
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(candidates) } else { Err(Error::Rows { rows: wrong }) }
}

#[derive(Default)]
struct RowsByKey {
    emails: HashMap<String, usize>,
    badges: HashMap<String, usize>,
}

fn unreadable(row: usize, error: csv::Error) -> Row {
    let why = if error.is_io_error() { "cannot be read" } else { "is not UTF-8 text" };
    Row { row, why: why.to_owned() }
}

fn candidate(
    row: usize,
    record: &csv::StringRecord,
    profile: &BadgeProfile,
    seen: &mut RowsByKey,
) -> Result<Option<Candidate>, Row> {
    let wrong = |why: String| Row { row, why };
    if record.iter().all(str::is_empty) {
        return Ok(None);
    }
    let (Some(email), Some(name), Some(badge), 3) = (record.get(0), record.get(1), record.get(2), record.len()) else {
        return Err(wrong(format!("has {} columns, but must have 3", record.len())));
    };
    let is_address = email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    if !is_address || email.contains(char::is_whitespace) {
        return Err(wrong(format!("`{email}` is not an e-mail address")));
    }
    // Refuse characters that control a terminal or change the text direction (D25). Names from Kisi are cleaned too.
    for (what, text) in [("address", email), ("name", name), ("badge", badge)] {
        if let Some(c) = text.chars().find(|c| is_hidden(*c)) {
            return Err(wrong(format!("the {what} holds the control character U+{:04X}", u32::from(c))));
        }
    }
    if let Some(before) = seen.emails.insert(email.to_lowercase(), row) {
        return Err(wrong(format!("{email} is already in row {before}")));
    }
    let badge = match badge {
        "" => None,
        number => {
            let badge = Badge::read(number, profile);
            let badge =
                badge.ok_or_else(|| wrong(format!("the badge of {email} does not fit [badge] in kiosk.toml")))?;
            if let Some(before) = seen.badges.insert(badge.expose().to_owned(), row) {
                return Err(wrong(format!("the badge of {email} is already in row {before}")));
            }
            Some(badge)
        }
    };
    Ok(Some(Candidate { row, email: email.to_owned(), name: name.to_owned(), badge }))
}

/// Whether a character is invisible and controls a terminal or the text direction.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error_chain::Chain, staff::BadgeFormat};

    fn profile() -> BadgeProfile {
        BadgeProfile { max_length: 10, format: BadgeFormat::Decimal, ..BadgeProfile::plain() }
    }

    #[track_caller]
    fn check(list: &str, expected: &str) {
        let error = read(list.as_bytes(), &profile()).unwrap_err();
        assert!(Chain(&error).to_string().contains(expected), "`{}` does not say `{expected}`", Chain(&error));
    }

    #[test]
    fn rows_are_numbered_as_in_a_spreadsheet() {
        let list = "\u{feff}Email, Name ,badge\nada@example.com,\"Lind, Ada\",0012\n,,\n grace@example.com , Grace,\n";
        let candidates = read(list.as_bytes(), &profile()).unwrap();
        let rows: Vec<_> = candidates.iter().map(|c| (c.row, c.email.as_str(), c.name.as_str())).collect();
        assert_eq!(rows, [(2, "ada@example.com", "Lind, Ada"), (4, "grace@example.com", "Grace")]);
        assert_eq!(candidates[0].badge.as_ref().unwrap().expose(), "0012", "leading zeros count");
        assert_eq!(candidates[1].badge, None);
    }

    #[test]
    fn every_mistake_names_its_row() {
        check("mail,name,badge\n", "the first line is `mail,name,badge`");
        check("", "the first line is ``");
        check("email,name,badge\nada,Ada,\n", "row 2: `ada` is not an e-mail address");
        check("email,name,badge\na@b.de,A,\nA@B.de,A,\n", "row 3: A@B.de is already in row 2");
        check("email,name,badge\na@b.de,A,12345\nc@b.de,C,12345\n", "row 3: the badge of c@b.de is already in row 2");
        // D25: escape sequences from a list reached the terminal.
        check("email,name,badge\na@b.de,A\u{1b}[2J,\n", "row 2: the name holds the control character U+001B");
        check("email,name,badge\na@b.de,A\u{202e}b,\n", "row 2: the name holds the control character U+202E");
        check("email,name,badge\na@b.de,\"A\nB\",\n", "row 2: the name holds the control character U+000A");
        check("email,name,badge\na\u{9b}@b.de,A,\n", "row 2: the address holds the control character U+009B");
        check("email,name,badge\na@b.de,A,12x45\n", "row 2: the badge of a@b.de does not fit [badge]");
        check("email,name,badge\na@b.de,A\n", "row 2: has 2 columns, but must have 3");
        check("email,name,badge\na@b.de,A,12345678901\nx,,\n", "; row 3: `x` is not an e-mail address");
    }
}
