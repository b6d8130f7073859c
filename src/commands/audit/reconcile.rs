//! The command `audit reconcile`: compares the unlocks of this kiosk, or of all kiosks of a fleet, with Kisi's
//! history.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde_json::json;
use vestibule::{
    door::DoorId,
    kisi::{self, Client, LoginId},
    reconcile::{APART, Foreign, Interval, LATE, Owners, Reconciliation, Resolved},
    store::{
        audit::{Action, Log, LoginOwner, Record, Records, Unlock},
        directory::Directory,
    },
    wiring,
};

use super::{
    super::{
        Output, Site,
        ask::admin_key,
        failure::{CommandError, Failure},
        report::{say, tell},
        runtime::wait,
    },
    interval,
};

/// How far back the comparison reaches if nobody says it: one event set.
pub(super) const REACH: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Why the comparison fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReconcileError {
    #[error("the audit log and Kisi's history do not agree")]
    Disagrees,
    #[error("{0} of Kisi's events cannot be read, so what they say is not known")]
    Unreadable(usize),
    #[error("no unlock of this time can be compared: it is over before the log begins, or has not begun")]
    Nothing,
    #[error("the audit log does not verify, so nothing can be compared with it: {0}")]
    Log(String),
    #[error("Kisi's history cannot be read")]
    Kisi(#[source] kisi::Error),
}

impl CommandError for ReconcileError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Nothing => 2,
            Self::Disagrees | Self::Unreadable(_) | Self::Log(_) | Self::Kisi(_) => 1,
        }
    }
}

/// What is compared with Kisi's history, and what it is called.
pub(super) struct Ours {
    /// What is compared.
    pub(super) interval: Interval,
    /// All unlocks of it, and some before and after it.
    pub(super) unlocks: Vec<Unlock>,
    pub(super) owners: Owners,
    /// The login of each person, by e-mail address in lower case.
    pub(super) enrolled: HashMap<String, u64>,
    /// When records may have been lost last.
    pub(super) lost: Option<Timestamp>,
    /// Who did not do what is foreign.
    pub(super) who: &'static str,
    /// A kiosk whose records say nothing that can be trusted: what it did looks foreign.
    pub(super) left_out: Option<Failure>,
}

impl Site {
    pub(crate) fn audit_reconcile(
        &self,
        from: Option<Date>,
        until: Option<Date>,
        output: Output,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        let directory = self.directory_alone()?;
        let mut log = wiring::writable_log(&directory)?;
        if let Some(finding) = log.verify(None, &[])?.finding {
            return Err(ReconcileError::Log(finding.to_string()).into());
        }
        let asked = (interval(from, until)?, from.is_none());
        let ours = if self.people.is_set() {
            self.of_fleet_kiosks(&log, asked)?
        } else {
            of_this_kiosk(&log, &directory, asked)?
        };
        let Interval { from, until, .. } = ours.interval;
        let client = Client::new(&wiring::client(&config)).map_err(Failure::client)?;
        let admin = admin_key()?;
        let (first, last) = (before(from, APART), until.saturating_add(APART).unwrap_or(until));
        let history = wait(client.unlocks_by_logins(&admin, first, last))?.map_err(ReconcileError::Kisi)?;
        let found = Reconciliation::new(&ours.unlocks, &history.events, &ours.owners, ours.interval);
        let about = format!(
            "{} agreed, {} resolved, {} pending, {} missing, {} foreign",
            found.agreed,
            found.resolved.len(),
            found.pending,
            found.missing.len(),
            found.foreign.len()
        );
        let _ = log.append(&Record::new(Timestamp::now(), Action::Reconcile, about.clone()))?;
        print(&found, &ours, output)?;
        let summary = json!({
            "from": from, "until": until, "agreed": found.agreed, "resolved": found.resolved.len(),
            "pending": found.pending, "missing": found.missing.len(), "foreign": found.foreign.len(), "unreadable": history.unreadable,
        });
        output.result(&summary, &format!("from {from} until {until}: {about}"))?;
        if let Some(lost) = ours.lost.filter(|lost| from <= *lost) {
            tell(&format!(
                "warning: records from before {lost} may be lost: what is foreign before it may be the kiosk's own"
            ));
        }
        if 0 < history.unreadable {
            return Err(ReconcileError::Unreadable(history.unreadable).into());
        }
        if let Some(left_out) = ours.left_out {
            return Err(left_out);
        }
        if found.is_clean() { Ok(()) } else { Err(ReconcileError::Disagrees.into()) }
    }
}

/// The interval that was asked for, and whether nobody said where it begins.
pub(super) type Asked = ((Timestamp, Timestamp), bool);

/// What this kiosk alone did.
fn of_this_kiosk(log: &Log, directory: &Directory, (asked, is_default): Asked) -> Result<Ours, Failure> {
    let records = log.records();
    let interval = comparable(&records, asked, is_default)?;
    // An event at the edge may be of an unlock that is as far beyond it.
    let unlocks = records.unlocks(
        before(interval.from, APART + APART),
        interval.until.saturating_add(APART + APART).unwrap_or(interval.until),
    )?;
    let (mut owners, mut enrolled) = (Owners::default(), HashMap::new());
    for person in directory.list()? {
        let is_first = directory.open_revision(person.id)? == Some(1);
        owner(&mut owners, &mut enrolled, person.email, person.login_id, is_first);
    }
    earlier_owners(&mut owners, records.logins()?);
    Ok(Ours { interval, unlocks, owners, enrolled, lost: records.last_loss()?, who: "THIS KIOSK", left_out: None })
}

/// Notes whose login this is. Only somebody whose login was never renewed had no other one.
pub(super) fn owner(
    owners: &mut Owners,
    enrolled: &mut HashMap<String, u64>,
    email: String,
    login: u64,
    is_first: bool,
) {
    if !is_first {
        let _ = owners.since.insert(email.to_lowercase(), Timestamp::MAX);
    }
    let _ = enrolled.insert(email.to_lowercase(), login);
    let _ = owners.people.insert(LoginId::new(login), email);
}

/// Notes whose logins records name.
pub(super) fn earlier_owners(owners: &mut Owners, logins: Vec<LoginOwner>) {
    for LoginOwner { login, person, since } in logins {
        let since = since.unwrap_or(Timestamp::MIN);
        let known = owners.since.entry(person.to_lowercase()).or_insert(since);
        *known = since.min(*known);
        let _ = owners.people.insert(LoginId::new(login), person);
    }
}

/// The part of an interval for which both sides have everything.
fn comparable(
    records: &Records<'_>,
    (from, until): (Timestamp, Timestamp),
    is_default: bool,
) -> Result<Interval, Failure> {
    let now = Timestamp::now();
    let from = if is_default { before(now, REACH) } else { from };
    // Without its record, an unlock of this kiosk would look like somebody else's.
    let (first, begin) = records.oldest(now)?.ok_or(ReconcileError::Nothing)?;
    // An event at the edge, so long before, may be of an unlock that is again so long before.
    let begin = if first == 1 { begin } else { begin.saturating_add(APART + APART).unwrap_or(begin) };
    let (from, until) = (from.max(begin), until.min(now));
    let interval = Interval { from, until, complete_until: before(now, LATE) };
    if from < until { Ok(interval) } else { Err(ReconcileError::Nothing.into()) }
}

pub(super) fn before(at: Timestamp, time: SignedDuration) -> Timestamp {
    at.saturating_sub(time).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Prints what is unclear or wrong, one line each.
fn print(found: &Reconciliation, ours: &Ours, output: Output) -> Result<(), Failure> {
    for Resolved { unlock, is_unlocked } in &found.resolved {
        let what = if *is_unlocked { "unlocked" } else { "not unlocked" };
        of_ours(output, unlock, "resolved", &format!("unknown here, {what} at Kisi"), Some(*is_unlocked))?;
    }
    for unlock in &found.missing {
        let is_failed = found.failed.contains(&(unlock.kiosk.clone(), unlock.record));
        let text =
            if is_failed { "accepted here, failed in Kisi's history" } else { "accepted here, not in Kisi's history" };
        of_ours(output, unlock, "missing", text, is_failed.then_some(false))?;
    }
    for Foreign { person, event } in &found.foreign {
        let (login, what) = (event.login.get(), if event.is_success { "unlocked" } else { "refused" });
        let is_enrolled = ours.enrolled.get(&person.to_lowercase()) == Some(&login);
        let revoke = if is_enrolled {
            format!("vestibule staff renew {}", quoted(person))
        } else {
            format!("echo '{{\"email\":\"earlier login\",\"login_id\":{login}}}' | vestibule staff revoke --yes -")
        };
        let line = json!({
            "finding": "foreign", "at": event.at, "person": person, "login_id": login, "door": event.door.get(),
            "door_name": event.door_name, "unlocked": event.is_success, "revoke": revoke,
        });
        let text = format!(
            "NOT BY {}: {} {person}, {}, login {login}, {what} at Kisi. Somebody else {}: run `{revoke}`",
            ours.who,
            event.at,
            door(&event.door_name, event.door),
            if is_enrolled {
                "has this login"
            } else {
                "had this login, which is not the present one. If it is still alive"
            }
        );
        output.result(&line, &text)?;
    }
    Ok(())
}

/// Prints one line about an unlock of a kiosk.
fn of_ours(output: Output, unlock: &Unlock, finding: &str, text: &str, unlocked: Option<bool>) -> Result<(), Failure> {
    let Unlock { kiosk, record, at, person, door_name, .. } = unlock;
    if output == Output::Json {
        let mut line = json!({
            "finding": finding, "record": record, "at": at, "person": person, "door": unlock.door.get(),
            "door_name": door_name, "unlocked": unlocked,
        });
        if let (Some(fields), false) = (line.as_object_mut(), kiosk.is_empty()) {
            let _ = fields.insert("kiosk".to_owned(), kiosk.as_str().into());
        }
        return say(&line.to_string());
    }
    let place = if kiosk.is_empty() { String::new() } else { format!("{kiosk}, ") };
    say(&format!("{place}record {record}: {at} {person}, {}: {text}", door(door_name, unlock.door)))
}

/// The name of a door, or its number if it has none.
fn door(name: &str, id: DoorId) -> String {
    if name.is_empty() { format!("door {}", id.get()) } else { name.to_owned() }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
