//! A kiosk's link to its database: what the network does to it, and a database that dies.

use std::{net::SocketAddr, time::Duration};

use tokio::sync::mpsc::UnboundedReceiver;
use vestibule::{
    door::DoorId,
    fleet::{Error, Found, Guess, Intended, Intent, Link, LinkEvent, Outcome, PastIntent, Refusal, Shipment},
    staff::StaffId,
};

use crate::support::{
    fault_proxy::{NetworkFaults, Proxy},
    headless::now,
    postgres::{Postgres, person, tag},
};

fn badge(id: i64) -> Guess {
    Guess::Badge(tag(&format!("badge {id}")))
}

/// What the link tells next.
fn next(db: &Postgres, told: &mut UnboundedReceiver<LinkEvent>) -> LinkEvent {
    let next = async { tokio::time::timeout(Duration::from_secs(10), told.recv()).await };
    db.run(next).expect("it tells something").expect("it goes on")
}

fn found(answer: Result<Option<Found>, Error>) -> Found {
    answer.unwrap().expect("somebody is found")
}

#[test]
fn a_kiosk_signs_in_unlocks_and_hears_of_a_suspension() {
    let db = Postgres::with_fleet();
    db.enrol(1);
    let (link, mut told) = db.link_by(&db.admit(2, "HQ"), &db.url());
    let found_ada = found(db.run(link.sign_in(badge(1))));
    let version = found_ada.version;
    let ada = found_ada.rows;
    // Everything but what the kiosk has presented, and the copy of the login that a PIN opens.
    let (mut known, everything) = (person(1), person(1));
    known.pins.clear();
    known.badges.clear();
    known.logins.retain(|login| login.role == "device");
    assert_eq!(ada, known);
    assert!(db.run(link.sign_in(badge(9))).unwrap().is_none());
    let both = Guess::BadgeWithPin { badge: tag("badge 1"), pin: tag("pin 1") };
    let by_pin = found(db.run(link.sign_in(both))).rows;
    assert_eq!((by_pin.staff, by_pin.logins), (ada.staff, everything.logins[1..].to_vec()));
    let wrong = Guess::BadgeWithPin { badge: tag("badge 1"), pin: tag("pin 2") };
    assert!(db.run(link.sign_in(wrong)).unwrap().is_none());

    let intent = |number| Intent { number, staff: ada.staff, door: DoorId::new(101) };
    assert_eq!(db.run(link.intend(intent(1))).unwrap(), Intended::Written(None));
    assert_eq!(db.run(link.intend(intent(1))).unwrap(), Intended::Written(None), "the same number is the same intent");
    db.run(link.outcome(1, Outcome::Accepted)).unwrap();
    db.in_fleet("UPDATE vestibule.fleet SET per_day = 2");
    assert_eq!(db.run(link.intend(intent(2))).unwrap(), Intended::Written(Some(0)));
    assert_eq!(db.run(link.intend(intent(3))).unwrap(), Intended::Stopped("day".to_owned()));

    assert!(db.run(link.changed(&[(ada.staff, version)])).unwrap().is_empty());
    assert!(matches!(next(&db, &mut told), LinkEvent::Up(welcome) if welcome.site == "HQ"));
    db.suspend(1, true);
    let begin = now();
    assert_eq!(next(&db, &mut told), LinkEvent::Changed);
    assert_eq!(db.run(link.changed(&[(ada.staff, version)])).unwrap(), [ada.staff]);
    println!("a suspension is heard of after {} ms", begin.elapsed().as_millis());
    assert!(begin.elapsed() < Duration::from_secs(2));
    let refused = db.run(link.intend(intent(4)));
    assert!(matches!(refused, Err(Error::Refused(Refusal::Suspended))), "{refused:?}");
    let suspended = found(db.run(link.sign_in(badge(1)))).rows;
    assert!(suspended.is_suspended && suspended.logins.is_empty());
    assert_eq!(suspended.proof.as_deref(), Some(&b"another proof"[..]), "the kiosk checks it");
    // Guesses are spent, and it says for how long.
    let miss = |n: u32| Guess::Pin(tag(&format!("miss {n}")));
    let spent = (0..11).map(|n| db.run(link.sign_in(miss(n)))).find_map(Result::err).unwrap();
    assert!(matches!(spent, Error::Refused(Refusal::Spent(wait)) if wait <= Duration::from_mins(6)), "{spent:?}");
}

/// The network swallows, cuts, delays and resets. A sign-in and an intent are answered within a second, all else within two,
/// nothing hangs, and the link is back by itself. What was acknowledged is there, once.
#[test]
fn whatever_the_network_does_there_is_an_answer_soon_and_the_link_comes_back() {
    let db = Postgres::with_fleet();
    db.enrol(1);
    let target: SocketAddr = format!("127.0.0.1:{}", db.port()).parse().unwrap();
    let proxy = Proxy::start(target);
    let url = format!("{}/fleet", proxy.base_url().replace("http://127.0.0.1", "postgres://localhost"));
    let (link, mut told) = db.link_by(&db.admit(2, "HQ"), &url);
    let person = found(db.run(link.sign_in(badge(1)))).rows.staff;
    let mut acknowledged = Vec::new();
    let mut number = 0;
    let none = NetworkFaults::default();
    for faults in NetworkFaults::kinds() {
        proxy.set(faults);
        for _ in 0..2 {
            let begin = now();
            let signed_in = db.run(link.sign_in(badge(1)));
            assert!(begin.elapsed() < Duration::from_millis(1_200), "{faults:?}: {:?} {signed_in:?}", begin.elapsed());
            number += 1;
            let begin = now();
            let intended = db.run(link.intend(Intent { number, staff: person, door: DoorId::new(101) }));
            assert!(begin.elapsed() < Duration::from_millis(1_200), "{faults:?}: {:?} {intended:?}", begin.elapsed());
            match intended {
                Ok(Intended::Written(_)) => acknowledged.push(number),
                Err(Error::Silent(_) | Error::Database(_)) => {}
                other => panic!("{faults:?}: {other:?}"),
            }
        }
        let begin = now();
        let others = db.run(async { futures_util::join!(link.outcome(1, Outcome::Accepted), link.beat()) });
        assert!(begin.elapsed() < Duration::from_millis(2_300), "{faults:?}: {:?} {others:?}", begin.elapsed());
        proxy.set(none);
        let begin = now();
        while db.run(link.sign_in(badge(1))).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(10), "{faults:?}: the link does not come back");
        }
        println!("{faults:?}: back after {} ms", begin.elapsed().as_millis());
    }
    let list = acknowledged.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let there = db.value(&format!("SELECT count(*) FROM vestibule.intents WHERE number IN ({list})"));
    assert_eq!(there, acknowledged.len().to_string(), "an acknowledged intent is missing");
    assert!(!acknowledged.is_empty());
    assert!(5 < connections(&mut told) && link.is_up());
}

/// How many connections it told of. Between two of them it told of the end of the first, and the last one goes on.
fn connections(told: &mut UnboundedReceiver<LinkEvent>) -> usize {
    let events: Vec<LinkEvent> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    let is_up: Vec<bool> = events
        .iter()
        .filter(|event| **event != LinkEvent::Changed)
        .map(|event| matches!(event, LinkEvent::Up(_)))
        .collect();
    assert!(is_up.iter().enumerate().all(|(n, is_up)| *is_up == (n % 2 == 0)), "{events:?}");
    assert_eq!(is_up.len() % 2, 1, "{events:?}");
    is_up.len().div_ceil(2)
}

/// Anybody with a role may send notifications, as many as they like.
#[test]
fn a_flood_of_notifications_wakes_a_kiosk_a_few_times_a_second() {
    let db = Postgres::with_fleet();
    let (link, mut told) = db.link_by(&db.admit(2, "HQ"), &db.url());
    assert!(matches!(next(&db, &mut told), LinkEvent::Up(_)));
    let (begin, owner) = (now(), db.owner());
    for n in 0..500 {
        db.run(owner.client().batch_execute(&format!("NOTIFY vestibule_changes, '{n}'"))).unwrap();
    }
    let fifths = begin.elapsed().as_millis() / 200;
    std::thread::sleep(Duration::from_millis(500));
    let heard = std::iter::from_fn(|| told.try_recv().ok()).count();
    assert!(1 <= heard && heard <= usize::try_from(fifths + 3).unwrap(), "{heard} in {fifths} fifths of a second");
    assert!(link.is_up());
}

/// The kiosk asks from tasks of its own.
#[test]
fn every_question_can_be_asked_from_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn check(link: &Link, past: &PastIntent, shipment: &Shipment) {
        is_send(&link.sign_in(badge(1)));
        is_send(&link.intend(past.intent));
        is_send(&link.intended(past));
        is_send(&link.outcome(1, Outcome::Accepted));
        is_send(&link.changed(&[]));
        is_send(&link.ship(shipment));
        is_send(&link.note(StaffId::new(1), Some("en"), None));
        is_send(&link.beat());
        is_send(&link.prune());
    }
    let _: fn(&Link, &PastIntent, &Shipment) = check;
}
