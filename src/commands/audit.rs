//! The audit log: verified, exported, counted.

use std::{
    fs,
    io::{self as std_io, Write},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::json;
use vestibule::{
    audit::{By, Format, Head},
    hex,
};

use super::{Site, io, report::say};
use crate::{
    Failure,
    arguments::{ExportFormat, ReportBy},
};

impl Site {
    pub(crate) fn audit_verify(&self, heads: &[String], first_key: Option<PathBuf>, json: bool) -> Result<(), Failure> {
        let heads = heads.iter().map(|head| read_heads(head)).collect::<Result<Vec<_>, _>>()?.concat();
        let first_key = first_key.map(|file| read_key(&file)).transpose()?;
        let verdict = self.log()?.verify(first_key, &heads).map_err(Failure::Audit)?;
        let head = verdict.head.map(|head| head.to_string());
        if json {
            let finding = verdict.finding.as_ref().map(ToString::to_string);
            say(&json!({"records": verdict.records, "head": head, "signatures": verdict.signatures, "finding": finding})
                .to_string())?;
        } else {
            say(&format!("{} records, head {}", verdict.records, head.as_deref().unwrap_or("none")))?;
            if !verdict.signatures {
                say("signatures were not checked: the first key was taken away, name its file with --first-key")?;
            }
        }
        match verdict.finding {
            None if json => Ok(()),
            None => say("every record is as it was written"),
            Some(finding) => Err(Failure::NotWhole(finding)),
        }
    }

    pub(crate) fn audit_export(&self, format: ExportFormat) -> Result<(), Failure> {
        let log = self.log()?;
        let verdict = log.verify(None, &[]).map_err(Failure::Audit)?;
        let format = match format {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Jsonl => Format::JsonLines,
        };
        log.export(format, &verdict, &mut std_io::stdout().lock()).map_err(Failure::Audit)?;
        verdict.finding.map_or(Ok(()), |finding| Err(Failure::NotWhole(finding)))
    }

    pub(crate) fn audit_report(
        &self,
        by: ReportBy,
        from: Option<Date>,
        until: Option<Date>,
        json: bool,
    ) -> Result<(), Failure> {
        let by = match by {
            ReportBy::Person => By::Person,
            ReportBy::Door => By::Door,
        };
        let midnight = |day: Date| TimeZone::system().to_timestamp(day.at(0, 0, 0, 0));
        let from = from.map_or(Ok(Timestamp::UNIX_EPOCH), midnight);
        let until = until.map_or(Ok(Timestamp::MAX), |day| day.tomorrow().and_then(midnight));
        let (from, until) = from.and_then(|from| Ok((from, until?))).map_err(|_| Failure::Date)?;
        for line in self.log()?.report(by, from, until).map_err(Failure::Audit)? {
            if json {
                say(&json!({"what": line.what, "asked": line.asked, "accepted": line.accepted}).to_string())?;
            } else {
                say(&format!("{:>6} accepted of {:>6}  {}", line.accepted, line.asked, line.what))?;
            }
        }
        Ok(())
    }

    /// The only place where the key is shown.
    pub(crate) fn audit_take_key(&self) -> Result<(), Failure> {
        let key = self.log()?.take_first_key().map_err(Failure::Audit)?.ok_or(Failure::KeyTaken)?;
        let mut out = std_io::stdout();
        let written = out.write_all(hex::encode(&key).as_bytes()).and_then(|()| out.write_all(b"\n"));
        written.map_err(io("the key cannot be written"))
    }
}

/// A head, or a file of log lines with heads in them.
fn read_heads(text: &str) -> Result<Vec<Head>, Failure> {
    if let Ok(head) = text.parse() {
        return Ok(vec![head]);
    }
    let lines = fs::read_to_string(text).map_err(io(format!("`{text}` is no head and no file of heads")))?;
    let words = lines.split(|c: char| c.is_whitespace() || c == '=');
    let heads: Vec<Head> = words.filter_map(|word| word.parse().ok()).collect();
    if heads.is_empty() { Err(Failure::NoHead(text.to_owned())) } else { Ok(heads) }
}

fn read_key(file: &Path) -> Result<[u8; 32], Failure> {
    let text = fs::read_to_string(file).map_err(io(format!("`{}` cannot be read", file.display())))?;
    hex::decode(text.trim().as_bytes()).map(|key| *key).ok_or(Failure::NoKey)
}
