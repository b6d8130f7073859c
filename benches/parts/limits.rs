//! D21: time that `[limits]` add to a sign-in, for a receptionist with 200 unlocks a day over 1 and 90 days and limits
//! on all 30 doors. The goal is 1 ms, independent of the history.

use criterion::{BenchmarkId, Criterion};
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use vestibule::{
    agent::UnlockLimits,
    door::{Door, DoorId, DoorRule, DoorState},
    staff::StaffId,
    store::audit::Log,
};

const DOORS: u64 = 30;
const PER_DAY: u32 = 200;

pub(crate) fn limits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("limits of 30 doors");
    for days in [1, 90] {
        let (_folder, log) = history(days);
        let name = |door: u64| format!("Door {door}");
        let limits = UnlockLimits {
            per_hour: 1_000,
            per_day: 1_000,
            per_door: (0..DOORS).map(|door| (DoorRule::Name(name(door)), 1_000)).collect(),
        };
        let mut doors: Vec<Door> = (0..DOORS)
            .map(|door| Door {
                id: DoorId::new(door),
                name: name(door),
                place: None,
                state: DoorState::Ready,
                kisi_name: String::new(),
                allowance: None,
            })
            .collect();
        let now: Timestamp = "2026-11-24T22:00:00Z".parse().unwrap();
        let records = days * PER_DAY;
        limits.allowances(&log, StaffId::new(1), &mut doors, now).unwrap();
        let _ = group.bench_function(BenchmarkId::new("unlocks", records), |bencher| {
            bencher.iter(|| limits.allowances(&log, StaffId::new(1), &mut doors, now).unwrap());
        });
        let counted: u32 =
            doors.iter().filter_map(|door| door.allowance).map(|allowance| allowance.of - allowance.left).sum();
        assert!(0 < counted, "there is something to count");
    }
    group.finish();
}

/// Rows as the kiosk writes them, but without valid hashes: nothing verifies them here.
fn history(days: u32) -> (TempDir, Log) {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let log = Log::open(folder.path(), [7; 32]).unwrap();
    let unlocks = days * PER_DAY;
    let step = 86_400 / PER_DAY;
    let rows = format!(
        "BEGIN;
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {unlocks} - 1)
         INSERT INTO audit (seq, at, action, staff, person, door, door_name, about, of, count, hash, mac)
         SELECT 2 * i + 1, strftime('%Y-%m-%dT%H:%M:%SZ', '2026-11-24T22:00:00', '-' || (({unlocks} - i) * {step}) || ' seconds'),
                'unlock-intent', 1, 'desk@example.com', i % {DOORS}, 'Door ' || (i % {DOORS}), 'badge', NULL, 1, randomblob(32), randomblob(32)
         FROM n;
         INSERT INTO audit (seq, at, action, staff, person, door, door_name, about, of, count, hash, mac)
         SELECT seq + 1, at, 'unlock-outcome', 1, person, door, '', 'accepted', seq, 1, randomblob(32), randomblob(32)
         FROM audit;
         COMMIT;"
    );
    Connection::open(folder.path().join("directory.sqlite")).unwrap().execute_batch(&rows).unwrap();
    (folder, log)
}
