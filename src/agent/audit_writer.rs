//! What the agent writes into the audit log, and when. Repeated refusals are counted into one record: neither the disk nor the
//! log can be filled from the keypad.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::Limits;
use crate::{
    door::{Door, DoorId, Outcome},
    error_chain::Chain,
    platform::disk_space,
    session::{Denial, Ended},
    staff::StaffId,
    store::audit::{self, Action, Log, Record, UnlockOutcome},
};

/// Refusals after the first are counted for this long.
const COUNTED: Duration = Duration::from_mins(10);
/// Between two times at which the count is put on the disk: a power cut loses no more.
const PENDING: Duration = Duration::from_secs(5);

/// The technician sees so many taps.
const LAST: usize = 4;

/// Whose session it is, as the log calls them.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) staff: StaffId,
    /// Which of their logins.
    pub(super) revision: i64,
    pub(super) email: String,
    /// How they signed in.
    pub(super) method: &'static str,
}

/// Refusals of one kind that are not a record yet.
struct Refusals {
    about: String,
    count: u32,
    /// When they become one.
    until: Instant,
    /// When the count goes to the disk, if that has not the newest one.
    keep_at: Option<Instant>,
}

/// The audit log, as the agent uses it.
pub(super) struct AuditWriter {
    log: Log,
    counted: Option<Refusals>,
    /// Records that could not be written since the last one that could.
    missing: u32,
}

impl AuditWriter {
    pub(super) fn new(log: Log) -> Self {
        Self { log, counted: None, missing: 0 }
    }

    pub(super) fn signed_in(&mut self, who: &Who) {
        self.write(&Record::new(Timestamp::now(), Action::SignIn, who.method).by(Some(who.staff), &who.email));
    }

    pub(super) fn signed_out(&mut self, who: &Who, why: Ended) {
        let about = match why {
            Ended::SignedOut => "signed out",
            Ended::Idle => "idle",
            Ended::Longest => "longest",
            Ended::OtherBadge => "other badge",
            Ended::Unfinished => "unfinished",
            Ended::Barred => "suspended or removed",
        };
        self.write(&Record::new(Timestamp::now(), Action::SignOut, about).by(Some(who.staff), &who.email));
    }

    /// The first of a kind is written at once, the next ones together.
    pub(super) fn refused(&mut self, method: &'static str, denial: Denial, now: Instant) {
        let about = format!("{method}: {}", reason(denial));
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

    /// Before the request leaves. It is on the disk when this returns.
    /// `None` when a limit is reached: then nothing is written, and nothing must be sent.
    pub(super) fn intent(&mut self, who: &Who, door: &Door, limits: &Limits) -> Result<Option<u64>, audit::Error> {
        self.flush();
        let now = Timestamp::now();
        let record = Record::new(now, Action::Intent, who.method).by(Some(who.staff), &who.email);
        let record = Record { door: Some(door.id), door_name: door.name.clone(), ..record };
        let written = self.log.append_within(who.staff, &record, &limits.of(door, now));
        if written.is_err() {
            self.missing = self.missing.saturating_add(1);
        }
        let written = written?;
        if written.is_none() {
            let refused =
                Record::new(now, Action::Refusal, UnlockOutcome::Limited.to_string()).by(Some(who.staff), &who.email);
            self.write(&Record { door: Some(door.id), door_name: door.name.clone(), ..refused });
        }
        Ok(written)
    }

    /// Says on each door how often it may still be opened. A log that cannot be read lets nobody count, and nobody open.
    pub(super) fn count(&self, who: &Who, doors: &mut [Door], limits: &Limits) {
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
        let record = Record::new(Timestamp::now(), Action::Outcome, about).by(Some(who.staff), &who.email);
        self.write(&Record { door: Some(door), of: Some(intent), ..record });
    }

    /// Something that happened to nobody in particular.
    pub(super) fn note(&mut self, action: Action, about: &str) {
        self.write(&Record::new(Timestamp::now(), action, about));
    }

    /// Somebody tapped a door after they were suspended or removed.
    pub(super) fn barred(&mut self, who: &Who, door: &Door) {
        let record =
            Record::new(Timestamp::now(), Action::Refusal, "suspended or removed").by(Some(who.staff), &who.email);
        self.write(&Record { door: Some(door.id), door_name: door.name.clone(), ..record });
    }

    /// How the door was after it.
    pub(super) fn seen(&mut self, who: &Who, door: DoorId, about: &str) {
        let record = Record::new(Timestamp::now(), Action::Seen, about).by(Some(who.staff), &who.email);
        self.write(&Record { door: Some(door), ..record });
    }

    /// What became of the last taps.
    pub(super) fn last_outcomes(&self) -> Vec<String> {
        match self.log.last_outcomes(LAST) {
            Ok(lines) => lines,
            Err(error) => vec![Chain(&error).to_string()],
        }
    }

    /// Where the log stands, short enough to be read out.
    pub(super) fn head(&self) -> Option<String> {
        self.log.head().ok().flatten().map(|head| head.to_string())
    }

    /// The folder of the log, which is that of everything.
    pub(super) fn folder(&self) -> &Path {
        self.log.folder()
    }

    /// Writes refusals that were counted long enough, and puts the count of the others on the disk.
    pub(super) fn tick(&mut self, now: Instant) {
        let Some(refusals) = &mut self.counted else { return };
        if refusals.until <= now {
            self.flush();
        } else if refusals.keep_at.take_if(|at| *at <= now).is_some()
            && let Err(error) = self.log.keep_pending(Some((&refusals.about, refusals.count)))
        {
            tracing::error!(error = %Chain(&error), "refusals cannot be written down");
        }
    }

    /// Says in the program's log where the audit log stands: one that is cut later does not fit it.
    fn say_head(&self) {
        match self.log.head() {
            Ok(Some(head)) => tracing::info!(%head, "audit head"),
            Ok(None) => {}
            Err(error) => tracing::error!(error = %Chain(&error), "the audit log cannot be read"),
        }
    }

    /// Says in the program's log when the disk is nearly full: without room for a record no door opens.
    fn look_for_room(&self) {
        match disk_space::used(self.log.folder()) {
            Ok(used) if disk_space::FULL <= used => {
                tracing::error!(used, "the disk is nearly full: soon no door opens");
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the disk cannot be asked how full it is"),
        }
    }

    /// What is said once an hour in the program's log.
    pub(super) fn report(&self) {
        self.say_head();
        self.look_for_room();
    }

    /// Takes out what is older than this site keeps.
    pub(super) fn prune(&mut self, keep_days: u32) {
        let now = Timestamp::now();
        let Ok(before) = now.checked_sub(jiff::SignedDuration::from_hours(24 * i64::from(keep_days))) else { return };
        match self.log.prune(before, now) {
            Ok(0) => {}
            Ok(records) => tracing::info!(records, keep_days, "old records were taken out of the audit log"),
            Err(error) => tracing::error!(error = %Chain(&error), "the audit log cannot be pruned"),
        }
    }

    pub(super) fn flush(&mut self) {
        let Some(Refusals { about, count, .. }) = self.counted.take() else { return };
        if 0 < count {
            let record = Record { count, ..Record::new(Timestamp::now(), Action::Refusal, about) };
            self.append(&record);
            if let Err(error) = self.log.keep_pending(None) {
                tracing::error!(error = %Chain(&error), "refusals that were written down are counted twice after a restart");
            }
        }
    }

    fn write(&mut self, record: &Record) {
        self.flush();
        self.append(record);
    }

    /// Whether records can be written: once one could not, by writing down how many are missing.
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

    /// What cannot be written is said in the program's log. Only an unlock waits for it.
    fn append(&mut self, record: &Record) {
        if let Err(error) = self.log.append(record) {
            self.missing = self.missing.saturating_add(1);
            tracing::error!(action = record.action.name(), error = %Chain(&error), "the audit log cannot be written");
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
        Denial::NoTechnician => "no technician PIN",
        Denial::LoginDead => "login refused",
        Denial::Network(outage) => outage.name(),
        Denial::KioskFault => "fault of the kiosk",
        Denial::TooSlow => "too slow",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C15: the count of the last seconds is on the disk, and a power cut loses no more.
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
        // The power goes: nothing of the program runs any more.
        let pending = Log::open(folder.path(), [7; 32]).unwrap().pending().unwrap();
        let (about, count) = pending.unwrap();
        assert_eq!(about, "badge: not known");
        assert!((94..=99).contains(&count), "{count} of 99 after the first");
        std::mem::forget(writer);
    }

    /// T37: a million refusals, one each second.
    #[test]
    fn a_million_refusals_are_few_records() {
        // In memory where there is such a place: 200,000 times the count goes to the disk.
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
        writer.log.export(audit::Format::JsonLines, &verdict, &mut out).unwrap();
        let counts = String::from_utf8(out).unwrap();
        let counted =
            counts.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["count"].as_u64());
        assert_eq!(counted.sum::<u64>(), 1_000_000, "and none is lost");
    }
}
