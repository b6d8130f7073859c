//! Reads a list of staff as spreadsheets and directories save it: any common encoding, separator and order of columns.
//! Checks every row before any login is made.

mod cells;
mod columns;
mod text;

use std::collections::HashMap;

use self::columns::Columns;
pub use self::text::{Encoding, Error as TextError, decode};
use super::Candidate;
use crate::{
    kisi,
    staff::{Badge, BadgeFormat, BadgeProfile},
};

/// The header is searched in this many rows: some programs write titles above it. Our choice.
const HEADER_ROWS: usize = 10;
/// Decimal card numbers usually have eight or ten digits. Our choice.
const USUAL_DIGITS: usize = 8;

/// Why a list was refused. No login was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// No text at all.
    #[error("the list is empty")]
    Empty,
    /// No column with e-mail addresses.
    #[error(
        "no column holds e-mail addresses: the first line is `{found}`, but a header like `email,name,badge` is needed"
    )]
    Header {
        /// The first line.
        found: String,
    },
    /// Two columns with the same content.
    #[error("the columns `{0}` and `{1}` both seem to hold the same: delete one of them")]
    Twice(String, String),
    /// Some rows are invalid.
    #[error("{}", shown(rows))]
    Rows {
        /// All invalid rows.
        rows: Vec<Row>,
    },
}

/// Invalid rows that an error names; of more it gives the number.
const SHOWN_ROWS: usize = 20;

fn shown(rows: &[Row]) -> String {
    let named = rows.iter().take(SHOWN_ROWS).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let more = rows.len().saturating_sub(SHOWN_ROWS);
    if more == 0 { named } else { format!("{named}; and {more} more") }
}

/// An invalid row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {why}")]
pub struct Row {
    /// The line in the file, from 1.
    pub row: usize,
    /// What is wrong with it.
    pub why: String,
}

/// A list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The people, in the order of the list.
    pub candidates: Vec<Candidate>,
    /// The recognized columns, as `what: header`.
    pub columns: Vec<String>,
    /// The headers of columns that are not used.
    pub passed_over: Vec<String>,
    /// Reasons to ask before anything is made, each a sentence about the whole list.
    pub doubts: Vec<String>,
}

/// Reads a list. Skips empty rows.
///
/// # Errors
///
/// When any row is invalid. The error names all invalid rows.
pub fn read(bytes: &[u8], encoding: Encoding, profile: &BadgeProfile) -> Result<List, Error> {
    let text = decode(bytes, encoding)?;
    if text.trim().is_empty() {
        return Err(Error::Empty);
    }
    let (skipped, separator, body) = separator(&text);
    if let Some(row) = unclosed_quote(body, separator) {
        let why = "a quotation mark is not closed, so the next rows would belong to this one".to_owned();
        return Err(Error::Rows { rows: vec![Row { row: row + skipped, why }] });
    }
    let rows = rows(&mut reader(body, separator), body, skipped);
    let header = rows.iter().take(HEADER_ROWS).enumerate().find_map(|(at, (_, cells))| {
        let headers: Vec<&str> = cells.iter().collect();
        Columns::recognize(&headers).map(|columns| (at, headers, columns))
    });
    let Some((at, headers, columns)) = header else {
        let found = rows.first().map(|(_, cells)| cells.iter().collect::<Vec<_>>().join(",")).unwrap_or_default();
        return Err(Error::Header { found });
    };
    let columns = columns.map_err(|[one, two]| Error::Twice(one, two))?;
    let mut parser = Parser { columns: &columns, width: headers.len(), profile, seen: Seen::default() };
    let (mut candidates, mut wrong) = (Vec::new(), Vec::new());
    for (row, cells) in rows.iter().skip(at + 1) {
        match parser.candidate(*row, cells) {
            Ok(Some(candidate)) => candidates.push(candidate),
            Ok(None) => {}
            Err(why) => wrong.push(Row { row: *row, why }),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Rows { rows: wrong });
    }
    let numbers: Vec<&str> = match columns.badge {
        Some(badge) => rows.iter().skip(at + 1).filter_map(|(_, cells)| cells.get(badge)).collect(),
        None => Vec::new(),
    };
    let (described, passed_over) = (columns.described(&headers), columns.others(&headers));
    let facility = (profile.format != BadgeFormat::Wiegand && columns.badge.is_some())
        .then(|| passed_over.iter().find(|header| columns::is_facility(header)))
        .flatten()
        .map(|header| {
            format!(
                "the column `{header}` is not used: a card number without its facility code may belong to several cards"
            )
        });
    let doubts = number_doubts(&numbers, profile).into_iter().chain(name_doubt(&candidates)).chain(facility).collect();
    let columns = described;
    Ok(List { candidates, columns, passed_over, doubts })
}

/// The number of lines before the header, the separator, and the text after a `sep=` line.
fn separator(text: &str) -> (usize, u8, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let named = first.trim().trim_matches('"').to_ascii_lowercase();
    let is_named = named.starts_with("sep=");
    let body = if is_named { rest } else { text };
    // A title above the header has no separators, and names may hold commas: a header that is recognized decides.
    let recognized = |separator: u8| {
        let mut reader = reader(body, separator);
        let rows = reader.records().take(HEADER_ROWS).filter_map(Result::ok);
        let headers = rows.map(|row| {
            Columns::recognize(&row.iter().collect::<Vec<_>>())
                .map_or(0, |known| known.map_or(1, |columns| columns.described(&row.iter().collect::<Vec<_>>()).len()))
        });
        headers.max().unwrap_or_default()
    };
    let said = match named.trim_start_matches("sep=").trim() {
        _ if !is_named => None,
        "\\t" | "" => Some(b'\t'),
        mark => mark.bytes().next(),
    };
    // The named one wins, unless only another one gives a header: the line may be left from another file.
    let all = [b'\t', b',', b';'].into_iter().chain(said);
    let separator = all.max_by_key(|separator| (recognized(*separator), said == Some(*separator))).unwrap_or(b',');
    (usize::from(is_named), separator, body)
}

fn reader(body: &str, separator: u8) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    let _ = builder.delimiter(separator).flexible(true).has_headers(false).trim(csv::Trim::All);
    builder.from_reader(body.as_bytes())
}

/// The line in which a quotation mark opens a cell that does not end before the text does, or ends within other text lines
/// below. One such mark would swallow the rows after it.
fn unclosed_quote(text: &str, separator: u8) -> Option<usize> {
    let separator = char::from(separator);
    let (mut line, mut opened, mut is_start) = (1, None, true);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match (c, opened) {
            ('"', None) if is_start => opened = Some(line),
            ('"', Some(_)) if letters.peek() == Some(&'"') => drop(letters.next()),
            ('"', Some(at)) => {
                let is_end = letters.peek().is_none_or(|next| *next == separator || matches!(next, '\n' | ' '));
                if at < line && !is_end {
                    return Some(at);
                }
                opened = None;
            }
            _ => {}
        }
        line += usize::from(c == '\n');
        is_start = opened.is_none() && (c == separator || c == '\n' || (is_start && c == ' '));
    }
    opened
}

/// Every row with the line of the file in which it begins. A row that spans lines counts from its first one.
fn rows(reader: &mut csv::Reader<&[u8]>, body: &str, skipped: usize) -> Vec<(usize, csv::StringRecord)> {
    // The text is UTF-8 and in memory, so reading does not fail.
    reader
        .records()
        .filter_map(Result::ok)
        .map(|record| {
            let (line, byte) = record.position().map_or((1, 0), |at| (at.line(), at.byte()));
            let (line, byte) =
                (usize::try_from(line).unwrap_or(usize::MAX), usize::try_from(byte).unwrap_or(usize::MAX));
            // The position is that of the blank lines before the row.
            let blank = body.get(byte..).unwrap_or_default().bytes().take_while(|byte| *byte == b'\n').count();
            (skipped.saturating_add(line).saturating_add(blank), record)
        })
        .filter(|(_, record)| !record.iter().all(str::is_empty))
        .collect()
}

struct Parser<'a> {
    columns: &'a Columns,
    /// Number of headers.
    width: usize,
    profile: &'a BadgeProfile,
    seen: Seen,
}

/// Rows by what must not occur twice.
#[derive(Default)]
struct Seen {
    emails: HashMap<String, usize>,
    badges: HashMap<String, usize>,
}

impl Parser<'_> {
    fn candidate(&mut self, row: usize, cells: &csv::StringRecord) -> Result<Option<Candidate>, String> {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).unwrap_or_default();
        if cells.iter().skip(self.width).any(|cell| !cell.is_empty()) {
            return Err(format!("has {} columns, but the header has {}", cells.len(), self.width));
        }
        let address = match cell(Some(self.columns.email)) {
            "" => cell(self.columns.sign_in_name),
            address => address,
        };
        let email = cells::address(address)?;
        let name = match (cell(self.columns.first_name), cell(self.columns.last_name)) {
            ("", "") => cell(self.columns.full_name).to_owned(),
            (first, last) => format!("{first} {last}").trim().to_owned(),
        };
        let name = cells::trimmed(&name).to_owned();
        let number = &cells::without_zero_width(cell(self.columns.badge));
        // Refuse characters that control a terminal or change the text direction (D25). Names from Kisi are cleaned too.
        for (what, text) in [("address", email.as_str()), ("name", &name), ("badge", number.as_str())] {
            if let Some(c) = text.chars().find(|c| is_hidden(*c)) {
                return Err(format!("the {what} holds the control character U+{:04X}", u32::from(c)));
            }
        }
        let name = kisi::clean(&name);
        if let Some(before) = self.seen.emails.insert(email.to_lowercase(), row) {
            return Err(format!("{email} is already in row {before}"));
        }
        let badge = if number.is_empty() { None } else { Some(self.badge(row, &email, number)?) };
        Ok(Some(Candidate { row, email, name, badge }))
    }

    fn badge(&mut self, row: usize, email: &str, number: &str) -> Result<Badge, String> {
        if let Some(why) = cells::spoiled(number, self.profile) {
            return Err(format!("the badge {why}"));
        }
        let badge = Badge::read(number, self.profile).ok_or_else(|| {
            let length = number.chars().count();
            let least = self.profile.min_length;
            if length < least && number.bytes().all(|c| c.is_ascii_digit()) {
                format!("the badge `{number}` of {email} has {length} digits, but badge.min_length is {least}: leading zeros may be lost")
            } else {
                format!("the badge `{number}` of {email} does not fit [badge] in kiosk.toml")
            }
        })?;
        match self.seen.badges.insert(badge.expose().to_owned(), row) {
            Some(before) => Err(format!("the badge of {email} is already in row {before}")),
            None => Ok(badge),
        }
    }
}

/// Reasons to doubt a column of numbers. None, if zeros do not count or the numbers are not decimal.
fn number_doubts(numbers: &[&str], profile: &BadgeProfile) -> Vec<String> {
    let numbers: Vec<&str> = numbers.iter().copied().filter(|number| !number.is_empty()).collect();
    let is_decimal = numbers.iter().all(|number| number.bytes().all(|c| c.is_ascii_digit()));
    let mut doubts = Vec::new();
    if numbers.is_empty() || !is_decimal {
        return doubts;
    }
    let lengths = || numbers.iter().map(|number| number.len());
    let (shortest, longest) = (lengths().min().unwrap_or_default(), lengths().max().unwrap_or_default());
    if profile.leading_zeros && longest < USUAL_DIGITS.min(profile.max_length) {
        doubts.push(format!(
            "every badge number has fewer than {USUAL_DIGITS} digits (at most {longest}): compare one with what its reader \
             sends (`vestibule reader list --capture`), since a spreadsheet drops leading zeros"
        ));
    } else if profile.leading_zeros && shortest < longest && !numbers.iter().any(|number| number.starts_with('0')) {
        doubts.push(format!(
            "the badge numbers have {shortest} to {longest} digits and none begins with 0: leading zeros seem to be lost"
        ));
    }
    // A spreadsheet keeps 15 digits of a number.
    let is_rounded =
        |number: &&str| 15 < number.len() && number.get(15..).is_some_and(|tail| tail.bytes().all(|c| c == b'0'));
    if let Some(number) = numbers.iter().copied().find(is_rounded) {
        doubts.push(format!("the badge number {number} ends in zeros after 15 digits, as a spreadsheet rounds it"));
    }
    doubts
}

/// Names in which letters were lost or decoded twice.
fn name_doubt(candidates: &[Candidate]) -> Option<String> {
    let is_odd = |name: &str| {
        let letters: Vec<char> = name.chars().collect();
        let is_pair = |two: &[char]| {
            matches!(
                two,
                ['\u{c3}' | '\u{c2}' | '\u{c5}', '\u{80}'..='\u{bf}' | '\u{152}'..='\u{178}' | '\u{2013}'..='\u{2122}']
            )
        };
        let is_formula = name.starts_with(['=', '#']) || (!name.is_empty() && name.bytes().all(|c| c.is_ascii_digit()));
        is_formula || letters.windows(2).any(is_pair) || name.contains(['?', '\u{fffd}', '\u{221a}'])
    };
    let odd = candidates.iter().find(|candidate| is_odd(&candidate.name))?;
    Some(format!(
        "the name `{}` in row {} seems to have lost letters: save the list as \"CSV UTF-8\"",
        odd.name, odd.row
    ))
}

/// Whether a character is invisible and controls a terminal or the text direction.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
