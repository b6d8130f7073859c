//! Writes the agent's records to the audit log. Repeated refusals are counted into one record, so that nobody can fill
//! the disk or the log from the keypad.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::UnlockLimits;
use crate::{
    door::{Door, DoorId, Outcome},
    error_chain::Chain,
    platform::disk_space,
    session::{Denial, Ended},
    staff::StaffId,
    store::audit::{self, Action, Batch, Log, Record, UnlockOutcome},
};

/// After the first refusal of a kind, further ones are counted for this long and then recorded together.
const COUNTED: Duration = Duration::from_mins(10);
/// A changed count is saved within this time; a power cut loses no more (C15).
const PENDING: Duration = Duration::from_secs(5);

/// Number of unlock outcomes on the technician's screen.
const LAST: usize = 4;

/// The owner of a session, for the audit log.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) staff: StaffId,
    /// Revision of the login that they signed in with.
    pub(super) revision: i64,
    pub(super) email: String,
    /// How they signed in: a name from `authenticator::method`, and the reader if it has one.
    pub(super) how: String,
}

/// Counted refusals of one kind that are not recorded yet.
struct Refusals {
    about: String,
    count: u32,
    /// When they are recorded.
    until: Instant,
    /// When to save the count. `None` while the saved count is current.
    keep_at: Option<Instant>,
}

/// The agent's access to the audit log.
pub(super) struct AuditWriter {
    log: Log,
    counted: Option<Refusals>,
    /// Records that could not be written and that no gap record covers yet (R54).
    missing: u32,
    /// Number of the newest record.
    newest: u64,
}

/// A record of what this person does now, or is refused now.
fn record_of(who: &Who, action: Action, about: impl Into<String>) -> Record {
    Record::new(Timestamp::now(), action, about).by(Some(who.staff), &who.email)
}

fn at_door(record: Record, door: &Door) -> Record {
    Record { door: Some(door.id), door_name: door.name.clone(), ..record }
}

impl AuditWriter {
    pub(super) fn new(log: Log) -> Self {
        let newest = log.head().ok().flatten().map_or(0, |head| head.seq);
        Self { log, counted: None, missing: 0, newest }
    }

    pub(super) fn signed_in(&mut self, who: &Who) {
        self.write(&record_of(who, Action::SignIn, &who.how));
    }

    pub(super) fn signed_out(&mut self, who: &Who, why: Ended) {
        let about = match why {
            Ended::SignedOut => "signed out",
            Ended::Idle => "idle",
            Ended::Longest => "longest",
            Ended::OtherBadge => "other badge",
            Ended::Unfinished => "unfinished",
            Ended::AccessRevoked => "suspended or removed",
            Ended::NotListed => "doors not listed",
        };
        self.write(&record_of(who, Action::SignOut, about));
    }

    /// Records the first refusal of a kind at once and counts the following ones.
    pub(super) fn refused(&mut self, how: &str, denial: Denial, now: Instant) {
        let about = format!("{how}: {}", reason(denial));
        match &mut self.counted {
            Some(refusals) if refusals.about == about => {
                refusals.count += 1;
                let _ = refusals.keep_at.get_or_insert(now + PENDING);
            }
            Some(_) | None => {
                self.write(&Record::new(Timestamp::now(), Action::Refusal, about.clone()));
                self.counted = Some(Refusals { about, count: 0, until: now + COUNTED, keep_at: None });
            }
        }
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        let refusals = self.counted.as_ref()?;
        Some(refusals.keep_at.map_or(refusals.until, |at| at.min(refusals.until)))
    }

    pub(super) fn budget_spent(&mut self, about: &str) {
        tracing::warn!(about, "no guess is left");
        self.write(&Record::new(Timestamp::now(), Action::BudgetSpent, about));
    }

    /// Writes the intent to the disk before the request is sent, and returns its number. `None` when a limit is
    /// reached: the caller must send nothing then.
    pub(super) fn intent(
        &mut self,
        who: &Who,
        door: &Door,
        limits: &[Option<&UnlockLimits>],
    ) -> Result<Option<u64>, audit::Error> {
        self.flush();
        let record = at_door(record_of(who, Action::Intent, &who.how), door);
        let limits: Vec<_> = limits.iter().flatten().flat_map(|limits| limits.of(door, record.at)).collect();
        let written = self.log.append_within(who.staff, &record, &limits);
        if written.is_err() {
            self.missing = self.missing.saturating_add(1);
        }
        let written = written?;
        self.newest = self.newest.max(written.unwrap_or_default());
        if written.is_none() {
            self.write(&Record { action: Action::Refusal, about: UnlockOutcome::Limited.to_string(), ..record });
        }
        Ok(written)
    }

    /// Whether an unlock that is recorded already is within these limits.
    pub(super) fn is_within(&self, who: &Who, door: &Door, limits: &UnlockLimits) -> bool {
        let limits = limits.of(door, Timestamp::now());
        let Some(since) = limits.iter().map(|limit| limit.since).min() else { return true };
        match self.log.counted(who.staff, since) {
            Ok(counted) => limits.iter().all(|limit| limit.used(&counted).count <= limit.at_most),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "unlocks cannot be counted");
                false
            }
        }
    }

    /// Number of the newest record, as far as this writer knows.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Records after this one, to be shipped.
    pub(super) fn batch(&self, after: u64, at_most: u32) -> Result<Option<Batch>, audit::Error> {
        self.log.batch(after, at_most)
    }

    /// The hash of a record. `None` if it is not kept.
    pub(super) fn hash_of(&self, record: u64) -> Result<Option<[u8; 32]>, audit::Error> {
        self.log.hash_of(record)
    }

    /// Sets the unlocks left on each door. If the log cannot be read they stay unset, and the unlock itself is refused.
    pub(super) fn count(&self, who: &Who, doors: &mut [Door], limits: &UnlockLimits) {
        if !limits.are_set() {
            return;
        }
        let now = Timestamp::now();
        match limits.allowances(&self.log, who.staff, doors, now) {
            Ok(()) => {}
            Err(error) => tracing::error!(error = %Chain(&error), "unlocks cannot be counted"),
        }
    }

    pub(super) fn outcome(&mut self, who: &Who, door: DoorId, intent: u64, outcome: Outcome) {
        let about = UnlockOutcome::from(outcome).to_string();
        self.write(&Record { door: Some(door), of: Some(intent), ..record_of(who, Action::Outcome, about) });
    }

    /// Writes a record that names no person.
    pub(super) fn note(&mut self, action: Action, about: &str) {
        self.write(&Record::new(Timestamp::now(), action, about));
    }

    /// Records a tap on a door that Kisi does not list for this person any more.
    pub(super) fn gone(&mut self, who: &Who, door: DoorId) {
        self.write(&Record { door: Some(door), ..record_of(who, Action::Refusal, "door not listed any more") });
    }

    /// Records a tap of a person who was suspended or removed, or has a new login, since they signed in.
    pub(super) fn access_revoked(&mut self, who: &Who, door: &Door) {
        self.write(&at_door(record_of(who, Action::Refusal, "suspended or removed"), door));
    }

    /// Records the state of a door after its unlock.
    pub(super) fn seen(&mut self, who: &Who, door: DoorId, about: &str) {
        self.write(&Record { door: Some(door), ..record_of(who, Action::Seen, about) });
    }

    /// The last unlock outcomes, one line each; or the error, if the log cannot be read.
    pub(super) fn last_outcomes(&self) -> Vec<String> {
        match self.log.last_outcomes(LAST) {
            Ok(lines) => lines,
            Err(error) => vec![Chain(&error).to_string()],
        }
    }

    /// The audit head as `NUMBER:HASH`. `None` when the log is empty or cannot be read.
    pub(super) fn head(&self) -> Option<String> {
        self.log.head().ok().flatten().map(|head| head.to_string())
    }

    /// The data folder.
    pub(super) fn folder(&self) -> &Path {
        self.log.folder()
    }

    /// Records the counted refusals when their time is up. Until then it saves a changed count.
    pub(super) fn tick(&mut self, now: Instant) {
        let Some(refusals) = &mut self.counted else { return };
        if refusals.until <= now {
            self.flush();
        } else if refusals.keep_at.take_if(|at| *at <= now).is_some()
            && let Err(error) = self.log.keep_pending(Some((&refusals.about, refusals.count)))
        {
            tracing::error!(error = %Chain(&error), "the count of refusals cannot be saved");
        }
    }

    /// Logs the audit head: an audit log that is truncated later does not match it (R53).
    fn say_head(&self) {
        match self.log.head() {
            Ok(Some(head)) => tracing::info!(%head, "audit head"),
            Ok(None) => {}
            Err(error) => tracing::error!(error = %Chain(&error), "the audit log cannot be read"),
        }
    }

    /// Logs an error when the disk is nearly full: without space for a record, no unlock is sent (R54).
    fn look_for_room(&self) {
        match disk_space::used(self.log.folder()) {
            Ok(used) if disk_space::FULL <= used => {
                tracing::error!(used, "the disk is nearly full: free some space, or unlocks will stop");
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the disk usage cannot be read"),
        }
    }

    /// Logs the audit head and a nearly full disk. Called once an hour.
    pub(super) fn report(&self) {
        self.say_head();
        self.look_for_room();
    }

    /// Deletes records older than `keep_days`, at most one day's worth in a call.
    pub(super) fn prune(&mut self, keep_days: u32) {
        let now = Timestamp::now();
        let Ok(before) = now.checked_sub(jiff::SignedDuration::from_hours(24 * i64::from(keep_days))) else { return };
        match self.log.prune(before, now) {
            Ok(0) => {}
            Ok(records) => tracing::info!(records, keep_days, "old audit records were pruned"),
            Err(error) => tracing::error!(error = %Chain(&error), "the audit log cannot be pruned"),
        }
    }

    pub(super) fn flush(&mut self) {
        let Some(Refusals { about, count, .. }) = self.counted.take() else { return };
        if 0 < count {
            let record = Record { count, ..Record::new(Timestamp::now(), Action::Refusal, about) };
            self.append(&record);
            if let Err(error) = self.log.keep_pending(None) {
                tracing::error!(error = %Chain(&error), "the saved count of refusals cannot be deleted");
            }
        }
    }

    fn write(&mut self, record: &Record) {
        self.flush();
        self.append(record);
    }

    /// Whether records can be written. After a failure, writes a gap record with the number of missing records to find
    /// out (R54).
    pub(super) fn can_write(&mut self) -> bool {
        if self.missing == 0 {
            return true;
        }
        let gap = Record { count: self.missing, ..Record::new(Timestamp::now(), Action::Gap, "could not be written") };
        let written = self.log.append(&gap);
        if written.is_ok() {
            self.missing = 0;
        }
        written.is_ok()
    }

    /// Appends a record. A failure is logged and counted; only an unlock is refused because of it.
    fn append(&mut self, record: &Record) {
        match self.log.append(record) {
            Ok(number) => self.newest = number,
            Err(error) => {
                self.missing = self.missing.saturating_add(1);
                tracing::error!(action = record.action.name(), error = %Chain(&error), "the audit log cannot be written");
            }
        }
    }
}

impl Drop for AuditWriter {
    fn drop(&mut self) {
        self.flush();
    }
}

pub(super) fn reason(denial: Denial) -> &'static str {
    match denial {
        Denial::NotKnown | Denial::NotKnownAgain => "not known",
        Denial::NotRead => "not read",
        Denial::KeyStuck => "key held down",
        Denial::StillThere => "still there",
        Denial::NoTechnician => "no technician PIN",
        Denial::LoginDead => "login refused",
        Denial::Network(outage) => outage.name(),
        Denial::NotHere => "not known here, and the fleet is away",
        Denial::Spent(_) => "the fleet takes no guess",
        Denial::KioskFault => "fault of the kiosk",
        Denial::TooSlow => "too slow",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C15: the count is saved within 5 s, and a power cut loses no more.
    #[test]
    fn a_power_cut_loses_seconds_of_counted_refusals() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let mut writer = AuditWriter::new(Log::open(folder.path(), [7; 32]).unwrap());
        let mut now = tokio::time::Instant::now().into_std();
        for _ in 0..100 {
            writer.refused("badge", Denial::NotKnown, now);
            assert!(writer.due().is_some_and(|due| due <= now + COUNTED));
            now += Duration::from_secs(1);
            writer.tick(now);
        }
        // A power cut: read the file while the writer still has an unsaved count.
        let pending = Log::open(folder.path(), [7; 32]).unwrap().pending().unwrap();
        let (about, count) = pending.unwrap();
        assert_eq!(about, "badge: not known");
        assert!((94..=99).contains(&count), "{count} of 99 after the first");
        std::mem::forget(writer);
    }

    /// T37: a million refusals, one per second, grow the data by less than 10 MiB, and none is lost.
    #[test]
    fn a_million_refusals_are_few_records() {
        // Use a RAM disk if there is one: the count is saved 200,000 times.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let mut writer = AuditWriter::new(Log::open(folder.path(), [7; 32]).unwrap());
        let size = || -> u64 {
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
        };
        let (before, mut now) = (size(), tokio::time::Instant::now().into_std());
        for _ in 0..1_000_000_u32 {
            writer.refused("badge", Denial::NotKnown, now);
            writer.tick(now);
            now += Duration::from_secs(1);
        }
        writer.flush();
        let grown = size() - before;
        assert!(grown < 10 << 20, "{grown} bytes");
        let mut out = Vec::new();
        let verdict = writer.log.verify(None, &[]).unwrap();
        assert_eq!(verdict.finding, None);
        writer.log.records().export(audit::Format::JsonLines, &verdict, &mut out).unwrap();
        let counts = String::from_utf8(out).unwrap();
        let counted =
            counts.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["count"].as_u64());
        assert_eq!(counted.sum::<u64>(), 1_000_000, "and none is lost");
    }
}
