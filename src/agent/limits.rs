//! Limits on how often a person may open doors at this kiosk, and the allowances that the tiles show. Each kiosk counts
//! by itself.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::{
    door::{Allowance, Door, DoorRule},
    staff::StaffId,
    store::audit::{self, Counted, Limit, Log},
};

/// The site's limits. 0 means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnlockLimits {
    /// Unlocks per person within an hour.
    pub per_hour: u32,
    /// Unlocks per person and day. A day ends at midnight, local time.
    pub per_day: u32,
    /// Unlocks per person and day for each of the doors that a rule means. The smallest number counts.
    pub per_door: Vec<(DoorRule, u32)>,
}

/// When another unlock is allowed: this long after the first unlock that counts, or at a fixed time.
enum Ends {
    After(SignedDuration),
    At(Timestamp),
}

impl UnlockLimits {
    /// Whether any limit is set.
    pub(super) fn are_set(&self) -> bool {
        0 < self.per_hour || 0 < self.per_day || !self.per_door.is_empty()
    }

    /// The limits that apply to a door now.
    pub(super) fn of(&self, door: &Door, now: Timestamp) -> Vec<Limit> {
        self.windows(door, now, &TimeZone::system()).into_iter().map(|(limit, _)| limit).collect()
    }

    /// Sets the allowance of each door from its tightest limit. The history is read once for all doors.
    ///
    /// # Errors
    ///
    /// When the audit log cannot be read.
    pub fn allowances(
        &self,
        log: &Log,
        staff: StaffId,
        doors: &mut [Door],
        now: Timestamp,
    ) -> Result<(), audit::Error> {
        let zone = TimeZone::system();
        let windows: Vec<Vec<(Limit, Ends)>> = doors.iter().map(|door| self.windows(door, now, &zone)).collect();
        let since = windows.iter().flatten().map(|(limit, _)| limit.since).min();
        let counted = since.map_or(Ok(Vec::new()), |since| log.counted(staff, since))?;
        for (door, windows) in doors.iter_mut().zip(windows) {
            door.allowance = tightest(windows, &counted, &zone);
        }
        Ok(())
    }

    fn windows(&self, door: &Door, now: Timestamp, zone: &TimeZone) -> Vec<(Limit, Ends)> {
        let hour = SignedDuration::from_hours(1);
        let an_hour_ago = now.checked_sub(hour).unwrap_or(Timestamp::MIN);
        let midnight_of = |day: Date| zone.to_timestamp(day.at(0, 0, 0, 0)).ok();
        let today = zone.to_datetime(now).date();
        let midnight = midnight_of(today).unwrap_or(an_hour_ago);
        let tomorrow = today.tomorrow().ok().and_then(midnight_of).unwrap_or(Timestamp::MAX);
        let limit = |at_most: u32, door, since| (0 < at_most).then_some(Limit { door, since, at_most });
        let of_door = self.per_door.iter().filter(|(rule, _)| rule.matches(door)).map(|(_, at_most)| *at_most);
        let per_door = of_door.min().unwrap_or_default();
        let hourly = limit(self.per_hour, None, an_hour_ago).map(|limit| (limit, Ends::After(hour)));
        let daily = limit(self.per_day, None, midnight).map(|limit| (limit, Ends::At(tomorrow)));
        let of_door = limit(per_door, Some(door.id), midnight).map(|limit| (limit, Ends::At(tomorrow)));
        [hourly, daily, of_door].into_iter().flatten().collect()
    }
}

/// What is left of the tightest limit. `None` without a limit.
fn tightest(windows: Vec<(Limit, Ends)>, counted: &[Counted], zone: &TimeZone) -> Option<Allowance> {
    let mut tightest: Option<Allowance> = None;
    for (limit, ends) in windows {
        let used = limit.used(counted);
        let left = limit.at_most.saturating_sub(used.count);
        let again = match ends {
            Ends::After(time) => used.first.and_then(|first| first.checked_add(time).ok()),
            Ends::At(moment) => Some(moment),
        };
        let again = again.map(|again| zone.to_datetime(again).time());
        let allowance = Allowance { left, of: limit.at_most, again: again.filter(|_| left == 0) };
        if tightest.is_none_or(|tightest| left < tightest.left) {
            tightest = Some(allowance);
        }
    }
    tightest
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;
    use crate::{
        door::{DoorId, DoorState},
        store::audit::{Action, Record},
    };

    const ADA: StaffId = StaffId::new(1);

    fn door(id: u64, name: &str) -> Door {
        Door {
            id: DoorId::new(id),
            name: name.into(),
            place: None,
            state: DoorState::Ready,
            kisi_name: String::new(),
            allowance: None,
        }
    }

    fn allowance(log: &Log, limits: &UnlockLimits, staff: StaffId, door: &Door, at: Timestamp) -> Allowance {
        let mut doors = [door.clone()];
        limits.allowances(log, staff, &mut doors, at).unwrap();
        doors[0].allowance.unwrap()
    }

    /// Noon of a fixed day, local time.
    fn noon() -> Timestamp {
        TimeZone::system().to_timestamp(jiff::civil::date(2026, 11, 24).at(12, 0, 0, 0)).unwrap()
    }

    fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    /// Records an unlock if the limits allow it. Returns whether they did.
    fn unlock(log: &mut Log, limits: &UnlockLimits, door: &Door, at: Timestamp, outcome: &str) -> bool {
        let intent = Record { door: Some(door.id), ..Record::new(at, Action::Intent, "pin").by(Some(ADA), "ada") };
        let Some(seq) = log.append_within(ADA, &intent, &limits.of(door, at)).unwrap() else { return false };
        if !outcome.is_empty() {
            let record = Record { of: Some(seq), ..Record::new(at, Action::Outcome, outcome) };
            let _ = log.append(&record).unwrap();
        }
        true
    }

    #[test]
    fn an_hourly_limit_refuses_further_unlocks_and_tells_when_the_next_one_is_allowed() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let mut log = Log::open(folder.path(), [7; 32]).unwrap();
        let (limits, lobby) = (UnlockLimits { per_hour: 2, ..UnlockLimits::default() }, door(7, "Lobby"));
        let other = door(8, "Café");
        assert!(unlock(&mut log, &limits, &lobby, noon(), "accepted"));
        assert!(unlock(&mut log, &limits, &other, noon() + minutes(10), "unknown"));
        assert!(!unlock(&mut log, &limits, &lobby, noon() + minutes(20), "accepted"), "over all doors");
        let said = allowance(&log, &limits, ADA, &lobby, noon() + minutes(20));
        assert_eq!(said, Allowance { left: 0, of: 2, again: Some(time(13, 0, 0, 0)) });
        drop(log);
        // The count survives a restart, and another person has their own.
        let mut log = Log::open(folder.path(), [7; 32]).unwrap();
        assert!(!unlock(&mut log, &limits, &lobby, noon() + minutes(59), "accepted"));
        let grace = allowance(&log, &limits, StaffId::new(2), &lobby, noon());
        assert_eq!(grace, Allowance { left: 2, of: 2, again: None });
        assert!(unlock(&mut log, &limits, &lobby, noon() + minutes(61), "accepted"));
        assert_eq!(log.verify(None, &[]).unwrap().finding, None);
    }

    #[test]
    fn refused_and_unsent_unlocks_do_not_count_but_pending_ones_do() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let mut log = Log::open(folder.path(), [7; 32]).unwrap();
        let (limits, lobby) = (UnlockLimits { per_day: 1, ..UnlockLimits::default() }, door(7, "Lobby"));
        for outcome in ["refused: Right, code fcd8ef", "not sent"] {
            assert!(unlock(&mut log, &limits, &lobby, noon(), outcome));
        }
        assert!(unlock(&mut log, &limits, &lobby, noon(), ""), "no answer yet");
        assert!(!unlock(&mut log, &limits, &lobby, noon(), "accepted"));
    }

    #[test]
    fn a_day_ends_at_midnight_and_a_door_has_its_own_limit() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let mut log = Log::open(folder.path(), [7; 32]).unwrap();
        let per_door = vec![(DoorRule::Name("Server room".to_owned()), 1)];
        let limits = UnlockLimits { per_day: 3, per_door, ..UnlockLimits::default() };
        let (server, lobby) = (door(8, "Server room"), door(7, "Lobby"));
        assert!(unlock(&mut log, &limits, &server, noon(), "accepted"));
        assert!(!unlock(&mut log, &limits, &server, noon() + minutes(1), "accepted"));
        let said = |log: &Log, door, at| allowance(log, &limits, ADA, door, at);
        assert_eq!(said(&log, &server, noon()), Allowance { left: 0, of: 1, again: Some(time(0, 0, 0, 0)) });
        assert_eq!(said(&log, &lobby, noon()), Allowance { left: 2, of: 3, again: None });
        let after_midnight = noon() + minutes(12 * 60 + 1);
        assert_eq!(said(&log, &server, after_midnight), Allowance { left: 1, of: 1, again: None });
        assert!(unlock(&mut log, &limits, &server, after_midnight, "accepted"));
    }
}
