//! What holds for the whole fleet, and what a kiosk is told of it.

use jiff::Timestamp;
use vestibule::{
    door::DoorId,
    fleet::{Error, Refusal, Setting},
};

use crate::support::postgres::Postgres;

#[test]
fn settings_are_changed_within_their_range_and_reach_the_kiosks() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    let link = db.link(&db.admit(2, "HQ"));
    let _ = (db.admit(3, "HQ"), db.admit(4, "HQ"));
    db.run(owner.add_site("Plant", "Asia/Tokyo")).unwrap();
    let _ = db.admit(5, "Plant");
    let first = db.run(link.beat()).unwrap();
    assert_eq!((first.schema_version, first.generation, first.cost), (1, 1, [65_536, 3, 4]));
    assert_eq!((first.salt.as_slice(), first.keys.as_slice()), (&[7; 16][..], &[(1, b"wrapped".to_vec())][..]));
    assert_eq!((first.shipped, first.chain.as_slice()), (0, &[0; 32][..]));
    assert_eq!((first.site.as_str(), first.zone.as_str(), first.kiosks), ("HQ", "Europe/Berlin", 3));
    assert_eq!((first.per_hour, first.per_day, first.per_door.as_slice(), first.offline_days), (0, 0, &[][..], 7));
    assert!((Timestamp::now() - first.now).as_secs().abs() <= 5);

    let door = |door: u64, per_day: u32| Setting::Door { door: DoorId::new(door), per_day };
    let huge = u64::MAX - 1;
    for taken in [
        Setting::PerHour(5),
        Setting::PerHour(10),
        Setting::PerDay(20),
        Setting::OfflineDays(0),
        Setting::OfflineDays(90),
        Setting::KeepDays(1),
        Setting::KeepDays(3_650),
        door(7, 3),
        door(huge, 1),
        door(8, 4),
        door(7, 2),
        door(8, 0),
        door(9, 0),
    ] {
        db.run(owner.set(taken)).unwrap();
    }
    let acts = db.value("SELECT count(*) FROM vestibule.acts WHERE about LIKE 'set %'");
    assert_eq!(acts, "13");
    for refused in [
        Setting::PerHour(u32::MAX),
        Setting::PerDay(u32::MAX),
        Setting::OfflineDays(91),
        Setting::KeepDays(0),
        Setting::KeepDays(3_651),
        door(7, u32::MAX),
    ] {
        let answer = db.run(owner.set(refused));
        assert!(matches!(answer, Err(Error::Refused(Refusal::Malformed(_)))), "{refused:?}: {answer:?}");
    }
    let settings = db.run(owner.settings()).unwrap();
    assert_eq!((settings.per_hour, settings.per_day, settings.offline_days, settings.keep_days), (10, 20, 90, 3_650));
    let mut doors = settings.per_door;
    doors.sort();
    assert_eq!(doors, [(DoorId::new(7), 2), (DoorId::new(huge), 1)]);
    let _ = db.run(owner.expel("Kiosk 3")).unwrap();
    let now = db.run(link.beat()).unwrap();
    let mut told = now.per_door.clone();
    told.sort();
    assert_eq!((now.per_hour, now.per_day, now.offline_days, now.kiosks), (10, 20, 90, 2));
    assert_eq!(told, doors);
    assert_eq!(db.value("SELECT count(*) FROM vestibule.acts WHERE about LIKE 'set %'"), "13");
}
