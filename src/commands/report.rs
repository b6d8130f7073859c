//! What commands print: a line for people, or a JSON object for scripts.

use std::io::{self, Write};

use serde_json::json;
use vestibule::{
    chain::Chain,
    directory::{Person, Standing},
    enrol::{Candidate, Done, Error, Summary, proposal::Proposed},
    staff::{Badge, Pin},
    wiring::digits,
};

use super::Failure;

/// How to report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report {
    pub(super) json: bool,
}

impl Report {
    /// What became of one candidate. The only place where a PIN is shown.
    pub(super) fn row(self, candidate: &Candidate, done: &Result<Done, Error>) -> Result<(), Failure> {
        let (result, pin, error) = match done {
            Ok(Done::Enrolled(pin)) => ("enrolled", pin.as_ref().map(digits), None),
            Ok(Done::PinIssued(pin)) => ("PIN issued", Some(digits(pin)), None),
            Ok(Done::BadgeGiven) => ("badge given", None, None),
            Ok(Done::Unchanged) => ("unchanged", None, None),
            Err(error) => ("failed", None, Some(Chain(error).to_string())),
        };
        if self.json {
            let (row, email) = (candidate.row, &candidate.email);
            return say(&json!({"row": row, "email": email, "result": result, "pin": pin, "error": error}).to_string());
        }
        let row = if candidate.row == 0 { String::new() } else { format!("row {}: ", candidate.row) };
        let more = match (pin, error) {
            (Some(pin), _) => format!(", PIN {pin}"),
            (None, Some(error)) => format!(": {error}"),
            (None, None) => String::new(),
        };
        say(&format!("{row}{} {result}{more}", candidate.email))
    }

    /// What became of somebody's login. Shows a new PIN, once.
    pub(super) fn done(
        self,
        email: &str,
        what: &str,
        pin: Option<&Pin>,
        left_over: Option<&Error>,
    ) -> Result<(), Failure> {
        let (pin, left_over) = (pin.map(digits), left_over.map(|error| Chain(error).to_string()));
        if self.json {
            return say(&json!({"email": email, "result": what, "pin": pin, "left_over": left_over}).to_string());
        }
        let pin = pin.map_or(String::new(), |pin| format!(", PIN {pin}"));
        say(&format!("{email} {what}{pin}"))?;
        match left_over {
            Some(why) => {
                say(&format!("the old login is still at Kisi: {why}. The next command with the admin key deletes it."))
            }
            None => Ok(()),
        }
    }

    /// Somebody whom Kisi knows.
    pub(super) fn proposed(self, proposed: &Proposed) -> Result<(), Failure> {
        let Proposed { candidate: Candidate { email, name, badge, .. }, left_out } = proposed;
        let badge = badge.as_ref().map(Badge::hint);
        if self.json {
            return say(&json!({"email": email, "name": name, "badge": badge, "left_out": left_out}).to_string());
        }
        let badge = badge.map_or("no badge".to_owned(), |hint| format!("badge ..{hint}"));
        let more = if *left_out == 0 { String::new() } else { format!(", {left_out} more cards") };
        say(&format!("{email}  {name}  {badge}{more}"))
    }

    /// How a list ended.
    pub(super) fn summary(self, summary: Summary) -> Result<(), Failure> {
        let Summary { enrolled, known, failed, stopped_at } = summary;
        if self.json {
            let stopped = json!({"enrolled": enrolled, "known": known, "failed": failed, "stopped_at": stopped_at});
            return say(&stopped.to_string());
        }
        let counts = format!("{enrolled} enrolled, {known} known already, {failed} failed");
        match stopped_at {
            None => say(&counts),
            Some(row) => {
                say(&format!("stopped at row {row}: {counts}. The rows before it are done; run it again to go on."))
            }
        }
    }

    /// One person of the directory.
    pub(super) fn person(self, person: &Person) -> Result<(), Failure> {
        let Person { email, name, login_id, has_pin, badges, standing, .. } = person;
        let standing = match standing {
            Standing::Active => "active",
            Standing::Suspended => "suspended",
            Standing::Refused => "renew at reception",
        };
        if self.json {
            let badges: Vec<String> = badges.iter().map(|hint| format!("..{hint}")).collect();
            let line = json!({"email": email, "name": name, "login_id": login_id, "pin": has_pin, "badges": badges, "standing": standing});
            return say(&line.to_string());
        }
        let pin = if *has_pin { "PIN" } else { "no PIN" };
        let badges: Vec<String> = badges.iter().map(|hint| format!(", badge ..{hint}")).collect();
        say(&format!("{email}  {name}  {pin}{}, login {login_id}, {standing}", badges.concat()))
    }
}

/// Prints one line.
pub(super) fn say(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}")
        .map_err(|source| Failure::Io { what: "the report cannot be written".into(), source })
}
