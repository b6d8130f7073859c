//! Exports of the log, and reports that count unlocks.

use std::{cmp::Reverse, collections::BTreeMap, io::Write};

use jiff::Timestamp;
use rusqlite::params;
use serde_json::json;

use super::{COLUMNS, Error, Kept, Records, Verdict, outcome::Counting, read};
use crate::hex;

/// File format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Cells with a separator between them, and a header line. Cells that a spreadsheet would evaluate are escaped.
    Csv {
        /// A comma or a semicolon.
        separator: u8,
    },
    /// One JSON object per line. The last line is the verdict.
    JsonLines,
}

/// How a report groups unlocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By e-mail address.
    Person,
    /// By door name.
    Door,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// E-mail address or door name.
    pub what: String,
    /// Number of unlock intents.
    pub asked: u64,
    /// Number of unlocks that Kisi accepted.
    pub accepted: u64,
}

impl Records<'_> {
    /// Writes the whole log. JSON lines end with `verdict`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or `out` cannot be written.
    pub fn export(&self, format: Format, verdict: &Verdict, out: &mut dyn Write) -> Result<(), Error> {
        self.write(None, format, verdict, out)
    }

    /// The same for one of several kiosks, whose name comes first. Only the first one writes the header.
    ///
    /// # Errors
    ///
    /// As [`Self::export`].
    pub fn export_of(
        &self,
        kiosk: &str,
        is_first: bool,
        format: Format,
        verdict: &Verdict,
        out: &mut dyn Write,
    ) -> Result<(), Error> {
        self.write(Some((kiosk, is_first)), format, verdict, out)
    }

    fn write(
        &self,
        kiosk: Option<(&str, bool)>,
        format: Format,
        verdict: &Verdict,
        out: &mut dyn Write,
    ) -> Result<(), Error> {
        let mut select = self.0.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
        let mut rows = select.query([])?;
        if let Format::Csv { separator } = format
            && kiosk.is_none_or(|(_, is_first)| is_first)
        {
            let names = ["seq", "at", "action", "staff", "person", "door", "door_name", "about", "of", "count", "hash"];
            let names = kiosk.map(|_| "kiosk").into_iter().chain(names).map(str::to_owned);
            write_csv(out, separator, &names.collect::<Vec<_>>())?;
        }
        while let Some(row) = rows.next()? {
            let Kept { seq, record, hash, .. } = read(row)?;
            let hash = hex::encode(&hash).to_string();
            let (staff, door) =
                (record.staff.map(crate::staff::StaffId::get), record.door.map(crate::door::DoorId::get));
            match format {
                Format::JsonLines => {
                    let mut line = json!({
                        "seq": seq, "at": record.at.to_string(), "action": record.action.name(), "staff": staff,
                        "person": record.person, "door": door, "door_name": record.door_name, "about": record.about,
                        "of": record.of, "count": record.count, "hash": hash,
                    });
                    name(&mut line, kiosk);
                    writeln!(out, "{line}").map_err(Error::Export)?;
                }
                Format::Csv { separator } => {
                    let number = |value: Option<String>| value.unwrap_or_default();
                    let cells = [
                        seq.to_string(),
                        record.at.to_string(),
                        record.action.name().to_owned(),
                        number(staff.map(|staff| staff.to_string())),
                        record.person,
                        number(door.map(|door| door.to_string())),
                        record.door_name,
                        record.about,
                        number(record.of.map(|of| of.to_string())),
                        record.count.to_string(),
                        hash,
                    ];
                    let cells = kiosk.map(|(name, _)| name.to_owned()).into_iter().chain(cells).map(inert);
                    write_csv(out, separator, &cells.collect::<Vec<_>>())?;
                }
            }
        }
        if format == Format::JsonLines {
            let finding = verdict.finding.as_ref().map(ToString::to_string);
            let head = verdict.head.map(|head| head.to_string());
            let mut line = json!({"verified": finding.is_none(), "records": verdict.records, "signatures": verdict.signatures,
                              "finding": finding, "head": head});
            name(&mut line, kiosk);
            writeln!(out, "{line}").map_err(Error::Export)?;
        }
        Ok(())
    }

    /// Counts unlocks from `from` to before `until`, the largest count first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn report(&self, by: By, from: Timestamp, until: Timestamp) -> Result<Vec<Line>, Error> {
        let what = match by {
            By::Person => "intent.person",
            By::Door => "intent.door_name",
        };
        let sql = format!(
            "SELECT {what}, outcome.about FROM audit intent LEFT JOIN audit outcome ON outcome.of = intent.seq
             WHERE intent.action = 'unlock-intent' AND julianday(intent.at) >= julianday(?1)
                   AND julianday(intent.at) < julianday(?2)"
        );
        let mut select = self.0.prepare(&sql)?;
        let mut rows = select.query(params![from.to_string(), until.to_string()])?;
        let mut counts = BTreeMap::<String, (u64, u64)>::new();
        while let Some(row) = rows.next()? {
            let (what, outcome): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let (asked, accepted) = counts.entry(what).or_default();
            *asked += 1;
            *accepted += u64::from(outcome.is_some_and(|outcome| Counting::of(&outcome) == Counting::Accepted));
        }
        Ok(lines(counts))
    }
}

/// The lines of counts of unlocks that were asked for and accepted, the largest first.
pub fn lines(counts: BTreeMap<String, (u64, u64)>) -> Vec<Line> {
    let line = |(what, (asked, accepted))| Line { what, asked, accepted };
    let mut lines: Vec<Line> = counts.into_iter().map(line).collect();
    lines.sort_by_key(|line| Reverse(line.asked));
    lines
}

/// Says of which kiosk a line is.
fn name(line: &mut serde_json::Value, kiosk: Option<(&str, bool)>) {
    if let (Some(fields), Some((kiosk, _))) = (line.as_object_mut(), kiosk) {
        let _ = fields.insert("kiosk".to_owned(), kiosk.into());
    }
}

/// Prefixes a cell that a spreadsheet would evaluate with `'`, and escapes control characters.
///
/// # Source
///
/// OWASP, "CSV Injection".
fn inert(cell: String) -> String {
    let cell: String = cell
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
}

fn write_csv(out: &mut dyn Write, separator: u8, cells: &[String]) -> Result<(), Error> {
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(out);
    let written = writer.write_record(cells).map_err(std::io::Error::from);
    written.and_then(|()| writer.flush()).map_err(Error::Export)
}
