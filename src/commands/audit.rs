//! The `audit` commands: verify, export, report and take-key.

mod fleet;
mod reconcile;

use std::{
    io::{self as std_io, Write},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::json;
use vestibule::{
    hex,
    store::audit::{By, Finding, Format, Head},
    wiring,
};

use super::{
    Confirmation, Output, Site,
    ask::confirm,
    failure::{CommandError, Failure},
    files::{is_standard, read},
    io,
    report::{check_seen, records, say, tell},
};
use crate::arguments::{ExportFormat, ReportBy};

/// What an audit command finds wrong with the log or its arguments.
#[derive(Debug, thiserror::Error)]
enum AuditError {
    #[error("the audit log failed verification")]
    NotWhole(#[source] Finding),
    #[error("--from or --until is out of range")]
    Date,
    #[error("--excel is for --format csv")]
    Excel,
    #[error("the --first-key file has no key as printed by `take-key`: a number, a colon and 64 hexadecimal digits")]
    NoKey,
    #[error("`{0}` is neither an audit head (NUMBER:HASH) nor a file containing one")]
    NoHead(String),
    #[error("the first key was already taken: it is in the output of the earlier `take-key`")]
    KeyTaken,
    #[error("the records of {kiosk} failed verification")]
    NotWholeAt {
        kiosk: String,
        #[source]
        finding: Finding,
    },
    #[error("this is about a kiosk's own log: run it there, without --fleet")]
    OwnLog,
    #[error("name the fleet's database with --fleet")]
    NoFleet,
}

impl AuditError {
    fn of_kiosk(name: &str, finding: Finding) -> Self {
        Self::NotWholeAt { kiosk: name.to_owned(), finding }
    }
}

impl CommandError for AuditError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Date | Self::Excel | Self::NoKey | Self::NoHead(_) | Self::OwnLog | Self::NoFleet => 2,
            Self::NotWhole(_) | Self::NotWholeAt { .. } | Self::KeyTaken => 1,
        }
    }
}

impl Site {
    pub(crate) fn audit_verify(
        &self,
        heads: &[String],
        first_key: Option<PathBuf>,
        output: Output,
    ) -> Result<(), Failure> {
        if self.people.is_set() {
            let is_own = !heads.is_empty() || first_key.is_some();
            return if is_own { Err(AuditError::OwnLog.into()) } else { self.verify_fleet(output) };
        }
        let heads = heads.iter().map(|head| read_heads(head)).collect::<Result<Vec<_>, _>>()?.concat();
        let first_key = first_key.map(|file| read_key(&file)).transpose()?;
        let verdict = self.log()?.verify(first_key, &heads)?;
        let head = verdict.head.map(|head| head.to_string());
        if output == Output::Json {
            let finding = verdict.finding.as_ref().map(ToString::to_string);
            say(&json!({"records": verdict.records, "head": head, "signatures": verdict.signatures, "finding": finding})
                .to_string())?;
        } else {
            say(&format!("{}, head {}", records(verdict.records), head.as_deref().unwrap_or("none")))?;
        }
        match verdict.finding {
            None if output == Output::Json => Ok(()),
            None if verdict.signatures => say("every record is as it was written"),
            None if verdict.signed_from.is_some() => say(&format!(
                "the hashes agree; signatures were checked from record {} on: backups do not contain the keys \
                 of earlier records",
                verdict.signed_from.unwrap_or_default()
            )),
            None => say(
                "the hashes agree; signatures were not checked, so somebody who controls this kiosk could have rewritten \
                 every record. `take-key` removed the first key: pass its file with --first-key",
            ),
            Some(finding) => Err(AuditError::NotWhole(finding).into()),
        }
    }

    pub(crate) fn audit_export(&self, format: ExportFormat, for_excel: bool) -> Result<(), Failure> {
        if for_excel && matches!(format, ExportFormat::Jsonl) {
            return Err(AuditError::Excel.into());
        }
        let mut out = std_io::stdout().lock();
        let format = match format {
            ExportFormat::Csv if for_excel => {
                out.write_all("\u{feff}".as_bytes()).map_err(io("the export cannot be written"))?;
                Format::Csv { separator: separator() }
            }
            ExportFormat::Csv => Format::Csv { separator: b',' },
            ExportFormat::Jsonl => Format::JsonLines,
        };
        if self.people.is_set() {
            return self.export_fleet(format, &mut out);
        }
        let log = self.log()?;
        let verdict = log.verify(None, &[])?;
        log.records().export(format, &verdict, &mut out)?;
        out.flush().map_err(io("the export cannot be written"))?;
        verdict.finding.map_or(Ok(()), |finding| Err(AuditError::NotWhole(finding).into()))
    }

    pub(crate) fn audit_report(
        &self,
        by: ReportBy,
        from: Option<Date>,
        until: Option<Date>,
        output: Output,
    ) -> Result<(), Failure> {
        let by = match by {
            ReportBy::Person => By::Person,
            ReportBy::Door => By::Door,
        };
        let (from, until) = interval(from, until)?;
        let (lines, found) = if self.people.is_set() {
            self.report_fleet(by, (from, until))?
        } else {
            (self.log()?.records().report(by, from, until)?, None)
        };
        if lines.is_empty() {
            tell("no unlocks in this time");
        }
        for line in lines {
            if output == Output::Json {
                say(&json!({"what": line.what, "asked": line.asked, "accepted": line.accepted}).to_string())?;
            } else {
                say(&format!("{:>6} accepted of {:>6}  {}", line.accepted, line.asked, line.what))?;
            }
        }
        found.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Prints the first signing key, then deletes it here. If it cannot be printed, it is kept (E29).
    pub(crate) fn audit_take_key(&self, confirmation: Confirmation, output: Output) -> Result<(), Failure> {
        if self.people.is_set() {
            return Err(AuditError::OwnLog.into());
        }
        let directory = self.directory_alone()?;
        let mut log = wiring::writable_log(&directory)?;
        let (seq, key) = log.first_key()?.ok_or(AuditError::KeyTaken)?;
        confirm(confirmation, "The first signing key is printed once and deleted here. Keep the output. Continue?")?;
        let mut out = std_io::stdout().lock();
        let key = hex::encode(&key[..]);
        let line = match output {
            Output::Text => zeroize::Zeroizing::new(format!("{seq}:{}", *key)),
            Output::Json => zeroize::Zeroizing::new(json!({"record": seq, "key": *key}).to_string()),
        };
        let written = check_seen().and_then(|()| writeln!(out, "{}", *line));
        written
            .and_then(|()| out.flush())
            .and_then(|()| synced())
            .map_err(io("the key cannot be written, so it was kept"))?;
        log.forget_first_key().map_err(Failure::from)
    }
}

/// From the beginning of the first day to the end of the last one.
fn interval(from: Option<Date>, until: Option<Date>) -> Result<(Timestamp, Timestamp), Failure> {
    let midnight = |day: Date| TimeZone::system().to_timestamp(day.at(0, 0, 0, 0));
    let from = from.map_or(Ok(Timestamp::UNIX_EPOCH), midnight);
    let until = until.map_or(Ok(Timestamp::MAX), |day| day.tomorrow().and_then(midnight));
    let interval = from.and_then(|from| Ok((from, until?)));
    interval.map_err(|_| AuditError::Date.into())
}

/// The list separator that spreadsheets use in the locale's language: a semicolon where the comma is the decimal mark.
///
/// # Source
///
/// Unicode CLDR, decimal separators by language.
fn separator() -> u8 {
    const POINT: [&str; 12] = ["", "c", "posix", "en", "ja", "zh", "ko", "th", "he", "hi", "ms", "cy"];
    let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_NUMERIC", "LANG"].into_iter().find_map(of).unwrap_or_default().to_lowercase();
    let has_point_there = ["de_ch", "de_li", "es_mx", "es_us"].iter().any(|region| locale.starts_with(region));
    let language = locale.split(['_', '.', '-', '@']).next().unwrap_or_default();
    if has_point_there || POINT.contains(&language) { b',' } else { b';' }
}

/// Syncs standard output to the disk, if it is a file.
#[cfg(unix)]
fn synced() -> std_io::Result<()> {
    match rustix::fs::fsync(std_io::stdout()) {
        // A terminal or a pipe has nothing to sync.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::ROFS | rustix::io::Errno::NOTSUP) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
fn synced() -> std_io::Result<()> {
    Ok(())
}

/// Parses a head, or reads all heads from the lines of a log file.
fn read_heads(text: &str) -> Result<Vec<Head>, Failure> {
    if let Ok(head) = text.parse() {
        return Ok(vec![head]);
    }
    if !is_standard(Path::new(text)) && !Path::new(text).exists() {
        return Err(AuditError::NoHead(text.to_owned()).into());
    }
    let lines = read(Path::new(text))?;
    let lines = String::from_utf8_lossy(&lines);
    let words = lines.split(|c: char| c.is_whitespace() || c == '=');
    let heads: Vec<Head> = words.filter_map(|word| word.parse().ok()).collect();
    if heads.is_empty() { Err(AuditError::NoHead(text.to_owned()).into()) } else { Ok(heads) }
}

/// Reads the record number and key that `take-key` printed. Older versions printed the key alone, which signs record 1.
fn read_key(file: &Path) -> Result<(u64, [u8; 32]), Failure> {
    let text = zeroize::Zeroizing::new(read(file)?);
    let text = std::str::from_utf8(&text).map_err(|_| AuditError::NoKey)?.trim();
    let (seq, key) = text.split_once(':').unwrap_or(("1", text));
    let key = hex::decode(key.as_bytes()).ok_or(AuditError::NoKey)?;
    Ok((seq.parse().map_err(|_| AuditError::NoKey)?, *key))
}
