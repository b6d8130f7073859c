//! Output of commands: lines of text for people, or JSON objects for scripts.

use std::{
    io::{self, Write},
    path::Path,
};

use serde_json::{Value, json};
use vestibule::{
    enrol::{
        Candidate, Enrollment, Error, Issued, PinPrinter, Summary,
        list::{List, is_hidden},
        plan::Plan,
        proposal::Proposed,
    },
    error_chain::Chain,
    staff::Badge,
    store::directory::{Outdated, Person, Standing},
};
use zeroize::Zeroizing;

use super::{
    Output,
    failure::{CommandError, Failure},
    files::is_standard,
};

/// Major and minor number of `/dev/null`.
///
/// # Source
///
/// Linux, `Documentation/admin-guide/devices.txt`.
#[cfg(target_os = "linux")]
const NULL_DEVICE: (u32, u32) = (1, 3);

impl Output {
    /// A printer that shows each PIN as it is issued. No other code prints staff PINs.
    pub(super) fn printer(self) -> PinPrinter {
        PinPrinter::new(move |Issued { row, email, what }, pin| {
            let pin = Zeroizing::new(pin.expose_text());
            let line = if self == Output::Json {
                json!({"row": row, "email": email, "result": what, "pin": *pin, "error": null, "left_over": null})
                    .to_string()
            } else {
                format!("{}{email} {what}, PIN {}", in_row(row), *pin)
            };
            print_once(&Zeroizing::new(line))
        })
    }

    /// Prints the result for one candidate. Skips candidates with a new PIN, whose line was printed with it.
    pub(super) fn row(self, candidate: &Candidate, done: &Result<Enrollment, Error>) -> Result<(), Failure> {
        let (result, error) = match done {
            Ok(Enrollment::Enrolled(Some(_)) | Enrollment::PinIssued(_)) => return Ok(()),
            Ok(Enrollment::Enrolled(None)) => ("enrolled", None),
            Ok(Enrollment::BadgeGiven) => ("badge given", None),
            Ok(Enrollment::Unchanged) => ("unchanged", None),
            Err(error) => ("failed", Some(Chain(error).to_string())),
        };
        if self == Output::Json {
            let (row, email) = (candidate.row, &candidate.email);
            return say(&json!({"row": row, "email": email, "result": result, "pin": null, "error": error}).to_string());
        }
        let more = error.map_or(String::new(), |error| format!(": {error}"));
        say(&format!("{}{} {result}{more}", in_row(candidate.row), candidate.email))
    }

    /// Prints one result, as a JSON object or as a sentence.
    pub(super) fn result(self, value: &Value, text: &str) -> Result<(), Failure> {
        if self == Self::Json { self.json(value) } else { say(text) }
    }

    /// Prints a JSON object with `--json`, otherwise nothing.
    pub(super) fn json(self, value: &Value) -> Result<(), Failure> {
        if self == Self::Json { say(&value.to_string()) } else { Ok(()) }
    }

    /// Prints the result of `staff pin`, `renew` or `remove`. A new PIN was printed before.
    pub(super) fn done(self, email: &str, what: &str, has_pin: bool, left_over: Option<&Error>) -> Result<(), Failure> {
        let left_over = left_over.map(|error| Chain(error).to_string());
        if self == Output::Json {
            if has_pin && left_over.is_none() {
                return Ok(());
            }
            return say(&json!({"email": email, "result": what, "pin": null, "left_over": left_over}).to_string());
        }
        if !has_pin {
            say(&format!("{email} {what}"))?;
        }
        match left_over {
            Some(why) => {
                say(&format!("the old login is still at Kisi: {why}. The next command with the admin key deletes it."))
            }
            None => Ok(()),
        }
    }

    /// Prints one person of a proposal from Kisi.
    pub(super) fn proposed(self, proposed: &Proposed) -> Result<(), Failure> {
        let Proposed { candidate: Candidate { email, name, badge, .. }, left_out } = proposed;
        let badge = badge.as_ref().map(Badge::hint);
        if self == Output::Json {
            return say(&json!({"email": email, "name": name, "badge": badge, "left_out": left_out}).to_string());
        }
        let badge = badge.map_or("no badge".to_owned(), |hint| format!("badge ..{hint}"));
        let more = if *left_out == 0 { String::new() } else { format!(", {left_out} more cards") };
        say(&format!("{email}  {name}  {badge}{more}"))
    }

    /// Prints the recognized columns of a list and the doubts about it, before what an import would do.
    pub(super) fn list(self, list: &List) -> Result<(), Failure> {
        let List { columns, passed_over, doubts, .. } = list;
        if self == Output::Json {
            let line = json!({"columns": columns, "not_used": passed_over, "warnings": doubts});
            return say(&line.to_string());
        }
        say(&format!("columns: {}", columns.join(", ")))?;
        if !passed_over.is_empty() {
            say(&format!("not used: {}", passed_over.join(", ")))?;
        }
        doubts.iter().try_for_each(|doubt| say(&format!("warning: {doubt}")))
    }

    /// Prints what an import would do with one row.
    pub(super) fn plan(self, candidate: &Candidate, plan: &Plan) -> Result<(), Failure> {
        let (result, error) = match plan {
            Plan::Enroll => ("would be enrolled", None),
            Plan::IssuePin => ("would get a PIN", None),
            Plan::GiveBadge => ("would get one more badge", None),
            Plan::Nothing => ("unchanged", None),
            Plan::Fail(error) => ("would fail", Some(Chain(error).to_string())),
        };
        let Candidate { row, email, name, badge } = candidate;
        if self == Output::Json {
            let badge = badge.as_ref().map(Badge::hint);
            let line =
                json!({"row": row, "email": email, "name": name, "badge": badge, "result": result, "error": error});
            return say(&line.to_string());
        }
        let more = error.map_or(String::new(), |error| format!(": {error}"));
        say(&format!("{}{email} {result}{more}", in_row(*row)))
    }

    /// Prints the totals of an import.
    pub(super) fn summary(self, summary: Summary) -> Result<(), Failure> {
        let Summary { enrolled, known, failed, stopped_at } = summary;
        if self == Output::Json {
            let stopped = json!({"enrolled": enrolled, "known": known, "failed": failed, "stopped_at": stopped_at});
            return say(&stopped.to_string());
        }
        let counts = format!("{enrolled} enrolled, {known} known already, {failed} failed");
        match stopped_at {
            None => say(&counts),
            Some(row) => {
                say(&format!("stopped at row {row}: {counts}. Rows before it are done; run this again to continue."))
            }
        }
    }

    /// Prints one person of the directory, for `staff list`.
    pub(super) fn person(self, person: &Person) -> Result<(), Failure> {
        let Person { email, name, login_id, has_pin, badges, standing, .. } = person;
        let standing = match standing {
            Standing::Active => "active",
            Standing::Suspended => "suspended",
            Standing::Refused => "refused by Kisi: run `vestibule staff renew`",
        };
        if self == Output::Json {
            let badges: Vec<String> = badges.iter().map(|hint| format!("..{hint}")).collect();
            let line = json!({"email": email, "name": name, "login_id": login_id, "pin": has_pin, "badges": badges, "standing": standing});
            return say(&line.to_string());
        }
        let pin = if *has_pin { "PIN" } else { "no PIN" };
        let badges: Vec<String> = badges.iter().map(|hint| format!(", badge ..{hint}")).collect();
        say(&format!("{email}  {name}  {pin}{}, login {login_id}, {standing}", badges.concat()))
    }
}

/// A number with its noun in the right form.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A number of audit records.
pub(super) fn records(number: u64) -> String {
    format!("{number} {}", if number == 1 { "record" } else { "records" })
}

/// The prefix `row N: ` of output lines. Empty for row 0, which is a person outside a list.
fn in_row(row: usize) -> String {
    if row == 0 { String::new() } else { format!("row {row}: ") }
}

/// `--json` and a file on standard output exclude each other.
#[derive(Debug, thiserror::Error)]
#[error("--json and --out - both write to standard output: give a file name")]
struct TwoOutputs;

impl CommandError for TwoOutputs {
    fn exit_code(&self) -> u8 {
        2
    }
}

/// Fails if both the report and a file would go to standard output.
pub(super) fn check_outputs(output: Output, out: &Path) -> Result<(), Failure> {
    if output == Output::Json && is_standard(out) { Err(TwoOutputs.into()) } else { Ok(()) }
}

/// Fails if standard output is `/dev/null`, where a PIN or key that is shown only once would be lost. A closed standard
/// output is `/dev/null` too. Other outputs that cannot be written fail later, at the write.
pub(super) fn check_seen() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FileType, fstat, major, minor};
        let to = fstat(io::stdout())?;
        let is_device = FileType::from_raw_mode(to.st_mode) == FileType::CharacterDevice;
        if is_device && (major(to.st_rdev), minor(to.st_rdev)) == NULL_DEVICE {
            return Err(io::Error::other("standard output is /dev/null, but this is shown only once: use a terminal"));
        }
    }
    Ok(())
}

/// Prints a line that must not be lost because it is shown only once.
pub(super) fn print_once(line: &str) -> io::Result<()> {
    check_seen()?;
    print(line)
}

/// Prints one line to standard output.
pub(super) fn say(line: &str) -> Result<(), Failure> {
    print(line).map_err(|source| Failure::io("the report cannot be written", source))
}

/// Prints a line to standard error, because standard output may carry a picture or a backup. Ignores write errors.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(line));
}

/// Prints one line to standard output and flushes it.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", printable(line)).and_then(|()| out.flush())
}

/// Replaces control and bidirectional characters by JSON escapes (`\u001b`), so that names from lists, Kisi or files cannot
/// control the terminal.
pub(crate) fn printable(text: &str) -> String {
    let is_plain = |c: char| c == '\n' || !is_hidden(c);
    let shown = |c: char| if is_plain(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    text.chars().map(shown).collect()
}

/// What is still sealed with an older data key, and how to move it to the current one.
pub(super) fn outdated_text(outdated: Outdated) -> String {
    let Outdated { pins, badges, technician } = outdated;
    let technician = if technician { ", and the technician's PIN" } else { "" };
    format!(
        "{pins} people's PINs and {badges} badges{technician} are still sealed with an old data key, which is kept until \
         each of them is used once. For people who never come: `staff pin EMAIL` issues a new PIN, `staff badge EMAIL \
         NUMBER --remove` removes a badge"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D25: a name from a list or from Kisi must not move the cursor, change colors or set the window's title.
    #[test]
    fn a_name_cannot_speak_to_the_terminal() {
        let hostile = "Ada\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{9b}31m\u{202e}x\u{7f}";
        let shown = printable(hostile);
        assert_eq!(shown, "Ada\\u001b[2J\\u001b]0;owned\\u0007\\u000d\\u009b31m\\u202ex\\u007f");
        assert_eq!(printable("Jürgen 山田, 🚪"), "Jürgen 山田, 🚪");
        // An escaped line of JSON is still JSON with the same value.
        let line = serde_json::json!({"name": hostile}).to_string();
        let read: serde_json::Value = serde_json::from_str(&printable(&line)).unwrap();
        assert_eq!(read["name"], hostile);
    }
}
