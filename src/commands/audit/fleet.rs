//! The `audit` commands over a fleet: each kiosk's records as they are in the database, with their chain checked.

use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use vestibule::{
    error_chain::Chain as ErrorChain,
    fleet::{Chain, Kiosk},
    kisi::LoginId,
    reconcile::{APART, Interval, LATE, Owners},
    store::audit::{self, By, Format, Head, Line, Log, ShippedLog, Verdict},
};

use super::{
    super::{
        Output, Site,
        failure::Failure,
        fleet::Admin,
        io,
        report::{records, tell},
    },
    AuditError,
    reconcile::{Asked, Ours, REACH, ReconcileError, before, earlier_owners, owner},
};

/// A kiosk that is connected has shipped what is older.
const SHIPPED: SignedDuration = SignedDuration::from_secs(10);
/// A kiosk that lost its connection had shipped what was so much older than its last contact, which it makes each minute.
const SHIPPED_BEFORE: SignedDuration = SignedDuration::from_mins(2);

/// The log of a kiosk, as far as the database has it.
pub(super) struct KioskLog {
    pub(super) kiosk: Kiosk,
    /// Its name, with its role if another kiosk had the same one.
    pub(super) label: String,
    pub(super) log: ShippedLog,
}

impl KioskLog {
    /// Whether its records say what was written. If not, it is said once, and the command fails in the end.
    fn is_whole(&self, found: &mut Option<AuditError>) -> bool {
        let Some(finding) = self.log.verdict().finding else { return true };
        let error = AuditError::of_kiosk(&self.label, finding);
        tell(&format!("warning: {}. They are left out", ErrorChain(&error)));
        let _ = found.get_or_insert(error);
        false
    }
}

/// Reads the log of each kiosk, also of those that were expelled, and hands it over. One at a time: together they may be large.
pub(super) fn each_log(site: &Site, mut take: impl FnMut(KioskLog) -> Result<(), Failure>) -> Result<(), Failure> {
    let admin = Admin::open(site.people.database().ok_or(AuditError::NoFleet)?)?;
    let kiosks = admin.run(admin.connection.kiosks())?;
    for kiosk in &kiosks {
        let is_same = |other: &&Kiosk| other.name.to_lowercase() == kiosk.name.to_lowercase();
        let is_only = kiosks.iter().filter(is_same).count() == 1;
        let label = if is_only { kiosk.name.clone() } else { format!("{} ({})", kiosk.name, kiosk.role) };
        let log = read(&admin, &kiosk.role)?;
        take(KioskLog { kiosk: kiosk.clone(), label, log })?;
    }
    Ok(())
}

fn read(admin: &Admin, role: &str) -> Result<ShippedLog, Failure> {
    let list = &admin.connection;
    admin.run(list.begin_snapshot())?;
    let Chain { before, last } = admin.run(list.chain(role))?;
    let head = |(seq, hash)| Head { seq, hash };
    let mut log = ShippedLog::of(audit::Chain { before: head(before), last: head(last) })?;
    loop {
        let next = log.next();
        let page = admin.run(list.records_after(role, next - 1))?;
        log.add(&page)?;
        // Nothing more, or nothing more that is in its place.
        if log.next() == next {
            break;
        }
    }
    admin.run(list.end_snapshot())?;
    Ok(log)
}

impl Site {
    pub(super) fn verify_fleet(&self, output: Output) -> Result<(), Failure> {
        let mut found = None;
        each_log(self, |KioskLog { kiosk, label, log }| {
            let Verdict { records: count, head, finding, .. } = log.verdict();
            let (head, said) = (head.map(|head| head.to_string()), finding.as_ref().map(ToString::to_string));
            let line = json!({"kiosk": label, "role": kiosk.role, "records": count, "head": head, "finding": said});
            let text = format!(
                "{label}: {}, head {}: {}",
                records(count),
                head.as_deref().unwrap_or("none"),
                said.as_deref().unwrap_or("the hashes agree")
            );
            output.result(&line, &text)?;
            found = found.take().or_else(|| finding.map(|finding| AuditError::of_kiosk(&label, finding)));
            Ok(())
        })?;
        found.map_or(Ok(()), |error| Err(error.into()))
    }

    pub(super) fn export_fleet(&self, format: Format, out: &mut dyn Write) -> Result<(), Failure> {
        let (mut found, mut is_first) = (None, true);
        each_log(self, |KioskLog { label, log, .. }| {
            let verdict = log.verdict();
            log.records().export_of(&label, is_first, format, &verdict, out)?;
            is_first = false;
            found = found.take().or_else(|| verdict.finding.map(|finding| AuditError::of_kiosk(&label, finding)));
            Ok(())
        })?;
        out.flush().map_err(io("the export cannot be written"))?;
        found.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Counts over all kiosks. A log that does not verify is left out, and returned as the failure.
    pub(super) fn report_fleet(
        &self,
        by: By,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<(Vec<Line>, Option<AuditError>), Failure> {
        let mut counts = BTreeMap::<String, (u64, u64)>::new();
        let mut found = None;
        each_log(self, |kiosk| {
            if !kiosk.is_whole(&mut found) {
                return Ok(());
            }
            for Line { what, asked, accepted } in kiosk.log.records().report(by, from, until)? {
                let sum = counts.entry(what).or_default();
                *sum = (sum.0 + asked, sum.1 + accepted);
            }
            Ok(())
        })?;
        Ok((audit::lines(counts), found))
    }

    /// What all kiosks did, up to when the records of all of them are there.
    pub(super) fn of_fleet_kiosks(&self, own: &Log, ((from, until), is_default): Asked) -> Result<Ours, Failure> {
        let now = Timestamp::now();
        let mut from = if is_default { before(now, REACH) } else { from };
        let mut until = until.min(now);
        let (mut unlocks, mut logins, mut lost, mut found) = (Vec::new(), Vec::new(), None, None);
        let mut begun: Option<Timestamp> = None;
        each_log(self, |one| {
            if !one.is_whole(&mut found) {
                return Ok(());
            }
            let KioskLog { kiosk, label, log } = one;
            let records = log.records();
            if let Some((first, begin)) = records.oldest(now)? {
                begun = Some(begun.map_or(begin, |earlier| earlier.min(begin)));
                // Without its record, an unlock would look like somebody else's. Before its first one a kiosk did nothing. One that was
                // expelled may say anything.
                if first != 1 && kiosk.expelled.is_none() {
                    from = from.max(begin.saturating_add(APART + APART).unwrap_or(begin));
                }
            }
            let known = known_until(&kiosk, now);
            if known < until {
                until = known;
                if !kiosk.is_connected {
                    tell(&format!("{label} was not heard of after {known}: what is later is not compared"));
                }
            }
            let all = records.unlocks(before(from, APART + APART), Timestamp::MAX)?;
            unlocks.extend(all.into_iter().map(|unlock| audit::Unlock { kiosk: label.clone(), ..unlock }));
            logins.extend(records.logins()?);
            lost = lost.max(records.last_loss()?);
            Ok(())
        })?;
        let left_out = found.map(Failure::from);
        let Some(begun) = begun else { return Err(left_out.unwrap_or_else(|| ReconcileError::Nothing.into())) };
        from = from.max(begun);
        let interval = Interval { from, until, complete_until: before(now, LATE) };
        if until <= from {
            return Err(left_out.unwrap_or_else(|| ReconcileError::Nothing.into()));
        }
        let (mut owners, mut enrolled) = (Owners::default(), HashMap::new());
        for person in self.fleet_people()?.ask(|list| async move { list.people().await })? {
            owner(&mut owners, &mut enrolled, person.email, person.login_id, person.revision == 1);
        }
        earlier_owners(&mut owners, own.records().logins()?);
        // Only that of a kiosk that was adopted names logins. A stolen one must not say whose the present ones are.
        for login in logins {
            let _ = owners.people.entry(LoginId::new(login.login)).or_insert(login.person);
        }
        let who = "A KIOSK OF THE FLEET";
        Ok(Ours { interval, unlocks, owners, enrolled, lost, who, left_out })
    }
}

/// Until when all records of a kiosk are in the database. One that was expelled, or never connected, does nothing that counts.
fn known_until(kiosk: &Kiosk, now: Timestamp) -> Timestamp {
    match (kiosk.expelled, kiosk.is_connected, kiosk.last_contact) {
        (Some(_), _, _) | (None, false, None) => now,
        (None, true, _) => before(now, SHIPPED),
        (None, false, Some(at)) => before(at, SHIPPED_BEFORE),
    }
}
