//! Intents that reach the database late, and what becomes of old ones.

use jiff::{SignedDuration, Timestamp};
use vestibule::{
    door::DoorId,
    fleet::{Error, Guess, Intended, Intent, Outcome, PastIntent, Refusal},
    staff::StaffId,
};

use crate::support::postgres::{Postgres, tag};

fn badge(id: i64) -> Guess {
    Guess::Badge(tag(&format!("badge {id}")))
}

fn intent(number: i64) -> Intent {
    Intent { number, staff: StaffId::new(1), door: DoorId::new(7) }
}

fn past(number: i64, outcome: Outcome) -> PastIntent {
    PastIntent { intent: intent(number), at: Timestamp::now(), outcome }
}

/// Each was sent while the database was away, or its answer was lost.
#[test]
fn an_intent_is_told_once_with_one_result_however_often_it_is_sent() {
    let db = Postgres::with_fleet();
    let link = db.link(&db.admit(2, "HQ"));
    db.enrol(1);
    db.enrol(2);
    assert!(db.run(link.sign_in(badge(1))).unwrap().is_some());
    let row = |number: i64| {
        db.value(&format!("SELECT staff, door, result, offline FROM vestibule.intents WHERE number = {number}"))
    };
    // Written, and without a result: the answer was lost. It gets the result.
    assert_eq!(db.run(link.intend(intent(1))).unwrap(), Intended::Written(None));
    db.run(link.intended(&past(1, Outcome::Accepted))).unwrap();
    assert_eq!(row(1), "1|7|accepted|f");
    db.run(link.outcome(1, Outcome::Accepted)).unwrap();
    // Never written.
    db.run(link.intended(&past(2, Outcome::Unknown))).unwrap();
    assert_eq!(row(2), "1|7|unknown|t");
    let others = [
        PastIntent { intent: Intent { staff: StaffId::new(2), ..intent(1) }, ..past(1, Outcome::Accepted) },
        PastIntent { intent: Intent { door: DoorId::new(8), ..intent(1) }, ..past(1, Outcome::Accepted) },
        past(1, Outcome::Refused),
        past(2, Outcome::Accepted),
    ];
    for _ in 0..3 {
        for same in [past(1, Outcome::Accepted), past(2, Outcome::Unknown)] {
            db.run(link.intended(&same)).unwrap();
        }
        for other in &others {
            let refused = db.run(link.intended(other));
            assert!(matches!(refused, Err(Error::Refused(Refusal::OtherIntent))), "{other:?}: {refused:?}");
        }
    }
    assert_eq!((row(1).as_str(), row(2).as_str()), ("1|7|accepted|f", "1|7|unknown|t"));
    let never_seen =
        PastIntent { intent: Intent { staff: StaffId::new(2), ..intent(3) }, ..past(3, Outcome::Accepted) };
    let refused = db.run(link.intended(&never_seen));
    assert!(matches!(refused, Err(Error::Refused(Refusal::NotSeen))), "{refused:?}");
    // It counts from now on, and no limit, suspension or removal stops it.
    db.in_fleet("UPDATE vestibule.fleet SET per_day = 3");
    assert_eq!(db.run(link.intend(intent(4))).unwrap(), Intended::Written(Some(0)));
    db.run(link.intended(&past(5, Outcome::Accepted))).unwrap();
    db.suspend(1, true);
    db.run(link.intended(&past(6, Outcome::Accepted))).unwrap();
    db.run(db.owner().remove(StaffId::new(1))).unwrap();
    db.run(link.intended(&past(7, Outcome::Accepted))).unwrap();
    db.run(link.intended(&past(4, Outcome::NotSent))).unwrap();
    assert_eq!(db.value("SELECT count(*) FROM vestibule.intents"), "6");
    // The kiosk's clock, within reason.
    for (number, hours, within) in [(10, -2, "2 hours"), (11, 9_000, "0 hours"), (12, -90_000, "91 days")] {
        let at = Timestamp::now() + SignedDuration::from_hours(hours);
        db.run(link.intended(&PastIntent { at, ..past(number, Outcome::Accepted) })).unwrap();
        let sql = format!(
            "SELECT abs(extract(epoch FROM clock_timestamp() - interval '{within}' - at)) < 60 FROM vestibule.intents WHERE number = {number}"
        );
        assert_eq!(db.value(&sql), "t", "{hours} h");
    }
}

/// Two connections of one kiosk, or one that repeats itself, at once.
#[test]
fn an_intent_that_is_sent_twice_at_once_is_one() {
    let db = Postgres::with_fleet();
    let member = db.admit(2, "HQ");
    let links = [db.link(&member), db.link(&member)];
    db.enrol(1);
    assert!(db.run(links[0].sign_in(badge(1))).unwrap().is_some());
    let _ = db.run(links[1].beat()).unwrap();
    for number in 1..=25 {
        let one = past(number, Outcome::Accepted);
        let told =
            async { futures_util::join!(links[0].intended(&one), links[1].intended(&one), links[0].intended(&one)) };
        let (first, second, third) = db.run(told);
        assert!(first.is_ok() && second.is_ok() && third.is_ok(), "{first:?} {second:?} {third:?}");
    }
    assert_eq!(db.value("SELECT count(*) FROM vestibule.intents"), "25");
}

/// By the database's clock, and no younger than `keep_days`. Who was seen stays for as long as their intents are taken.
#[test]
fn old_rows_are_pruned_and_young_ones_stay() {
    let db = Postgres::with_fleet();
    let (here, gone, expelled) = (db.admit(2, "HQ"), db.admit(3, "HQ"), db.admit(4, "HQ"));
    let link = db.link(&here);
    for id in 1..=3 {
        db.enrol(id);
        assert!(db.run(link.sign_in(badge(id))).unwrap().is_some());
    }
    assert_eq!(db.run(link.prune()).unwrap(), 0, "nothing is old");
    db.in_fleet(
        "INSERT INTO vestibule.intents SELECT k.id, n, 1, 7, clock_timestamp() - n * interval '1 day', 'accepted'
             FROM vestibule.kiosks k, generate_series(1, 200) n;
         INSERT INTO vestibule.audit SELECT k.id, n, clock_timestamp() - (201 - n) * interval '1 day', 'r', sha256((k.id || ' ' || n)::bytea)
             FROM vestibule.kiosks k, generate_series(1, 200) n;
         UPDATE vestibule.heads SET number = 200, hash = sha256((kiosk || ' 200')::bytea);
         INSERT INTO vestibule.contacts SELECT id, 1, clock_timestamp() FROM vestibule.kiosks WHERE id <> 1",
    );
    let _ = db.run(db.owner().expel("Kiosk 4")).unwrap();
    db.run(db.owner().remove(StaffId::new(1))).unwrap();
    db.run(db.owner().remove(StaffId::new(2))).unwrap();
    db.in_fleet("UPDATE vestibule.seen SET at = at - interval '181 days' WHERE staff = 1; UPDATE vestibule.seen SET at = at - interval '183 days' WHERE staff <> 1");
    // Of each kiosk's 200 records, 111 are 90 days old or older: its own, and those of the one that was expelled.
    assert_eq!(db.run(link.prune()).unwrap(), 2 * 111 + 3 * 111);
    let heads = "SELECT string_agg(first_number || ' ' || (first_hash = sha256((kiosk || ' ' || first_number)::bytea)), ', ' ORDER BY kiosk)
                 FROM vestibule.heads";
    let (untouched, pruned) = ("0 false", "111 true");
    assert_eq!(db.value(heads), format!("{pruned}, {untouched}, {pruned}"));
    let kept = "SELECT string_agg(n::text, ' ' ORDER BY kiosk) FROM (SELECT kiosk, count(*) AS n FROM vestibule.audit GROUP BY kiosk) x";
    assert_eq!(db.value(kept), "89 200 89");
    assert_eq!(
        db.value("SELECT string_agg(staff::text, ' ' ORDER BY staff) FROM vestibule.seen"),
        "1 3",
        "2 is gone for long"
    );
    assert_eq!(db.run(link.prune()).unwrap(), 0);
    // One that was not there for a day: somebody else does it.
    db.in_fleet("UPDATE vestibule.contacts SET at = at - interval '25 hours' WHERE kiosk = 2");
    assert_eq!(db.run(link.prune()).unwrap(), 111);
    assert_eq!(db.value(heads), format!("{pruned}, {pruned}, {pruned}"));
    // All are old: the youngest record of each kiosk stays, and the clock that was set back makes no gap.
    db.in_fleet("UPDATE vestibule.audit SET at = at - interval '400 days' WHERE number <> 150");
    assert_eq!(db.run(link.prune()).unwrap(), 3 * 38);
    assert_eq!(db.value("SELECT string_agg(DISTINCT first_number::text, ' ') FROM vestibule.heads"), "149");
    db.in_fleet("UPDATE vestibule.audit SET at = at - interval '400 days'");
    assert_eq!(db.run(link.prune()).unwrap(), 3 * 50);
    assert_eq!(db.value(kept), "1 1 1");
    let admins = "SELECT vestibule_api.prune_all(); SELECT count(*) FROM vestibule.audit";
    assert!(db.value(admins).ends_with('3'));
    drop((gone, expelled));
}
