//! A kiosk's link to its database: what the network does to it, and a database that dies.

use std::{net::SocketAddr, time::Duration};

use sha2::{Digest, Sha256};
use vestibule::{
    door::DoorId,
    fleet::{Access, Account, Error, Found, Guess, Intended, Intent, Link, Outcome, Refusal},
    secret::Secret,
    staff::StaffId,
};

use crate::support::{
    fault_proxy::{End, NetworkFaults, Proxy, Way},
    headless::now,
    postgres::{Member, Postgres},
};

/// A person with a badge and a PIN, who may come in at `HQ`.
pub(super) fn add_person(db: &Postgres, id: i64) {
    db.in_fleet(&format!(
        "INSERT INTO vestibule.staff VALUES ({id}, 'person{id}@example.com', 'Person', substr(sha256('s'), 1, 16), 1, {id});
         INSERT INTO vestibule.staff_sites VALUES ({id}, 1);
         INSERT INTO vestibule.tags VALUES ('badge', sha256('badge {id}'), {id}, 1), ('pin', sha256('pin {id}'), {id}, 1);
         INSERT INTO vestibule.logins SELECT {id}, opener, 1, 1, substr(sha256('n'), 1, 24), sha256('l') FROM unnest(ARRAY['pin', 'device']) opener"
    ));
}

fn tag(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn badge(id: i64) -> Guess {
    Guess::Badge(tag(&format!("badge {id}")))
}

fn link(db: &Postgres, member: &Member, url: &str) -> Link {
    let account = Account { role: member.role.clone(), password: Some(Secret::new(member.password.clone())) };
    let access = Access { address: url.parse().unwrap(), ca: Some(db.ca()), account };
    db.run(async { Link::start(access) })
}

fn found(answer: Result<Option<Found>, Error>) -> Found {
    answer.unwrap().expect("somebody is found")
}

#[test]
fn a_kiosk_signs_in_unlocks_and_hears_of_a_suspension() {
    let db = Postgres::with_fleet();
    add_person(&db, 1);
    let link = link(&db, &db.admit(2, "HQ"), &db.url());
    let ada = found(db.run(link.sign_in(badge(1))));
    assert_eq!((ada.staff, ada.email.as_str(), ada.logins.len()), (StaffId::new(1), "person1@example.com", 1));
    assert!(db.run(link.sign_in(badge(9))).unwrap().is_none());
    let both = Guess::BadgeWithPin { badge: tag("badge 1"), pin: tag("pin 1") };
    assert_eq!(found(db.run(link.sign_in(both))).staff, ada.staff);
    let wrong = Guess::BadgeWithPin { badge: tag("badge 1"), pin: tag("pin 2") };
    assert!(db.run(link.sign_in(wrong)).unwrap().is_none());

    let intent = |number| Intent { number, staff: ada.staff, door: DoorId::new(101) };
    assert_eq!(db.run(link.intend(intent(1))).unwrap(), Intended::Written(None));
    assert_eq!(db.run(link.intend(intent(1))).unwrap(), Intended::Written(None), "the same number is the same intent");
    db.run(link.outcome(1, Outcome::Accepted)).unwrap();
    db.in_fleet("UPDATE vestibule.fleet SET per_day = 2");
    assert_eq!(db.run(link.intend(intent(2))).unwrap(), Intended::Written(Some(0)));
    assert_eq!(db.run(link.intend(intent(3))).unwrap(), Intended::Stopped("day".to_owned()));

    assert!(db.run(link.changed(&[(ada.staff, ada.version)])).unwrap().is_empty());
    db.run(link.told());
    db.in_fleet("SELECT vestibule_api.suspend('person1@example.com', true)");
    let begin = now();
    db.run(link.told());
    assert_eq!(db.run(link.changed(&[(ada.staff, ada.version)])).unwrap(), [ada.staff]);
    println!("a suspension is heard of after {} ms", begin.elapsed().as_millis());
    assert!(begin.elapsed() < Duration::from_secs(2));
    let refused = db.run(link.intend(intent(4)));
    assert!(matches!(refused, Err(Error::Refused(Refusal::Suspended))), "{refused:?}");
    let suspended = found(db.run(link.sign_in(badge(1))));
    assert!(suspended.is_suspended && suspended.logins.is_empty());
    // Guesses are spent, and it says for how long.
    let miss = |n: u32| Guess::Pin(tag(&format!("miss {n}")));
    let spent = (0..11).map(|n| db.run(link.sign_in(miss(n)))).find_map(Result::err).unwrap();
    assert!(matches!(spent, Error::Refused(Refusal::Spent(wait)) if wait <= Duration::from_mins(6)), "{spent:?}");
}

/// The network swallows, cuts, delays and resets. A sign-in is answered within a second, an intent within two, nothing hangs,
/// and the link is back by itself. What was acknowledged is there, once.
#[test]
fn whatever_the_network_does_there_is_an_answer_soon_and_the_link_comes_back() {
    let db = Postgres::with_fleet();
    add_person(&db, 1);
    let target: SocketAddr = format!("127.0.0.1:{}", db.port()).parse().unwrap();
    let proxy = Proxy::start(target);
    let url = format!("{}/fleet", proxy.base_url().replace("http://127.0.0.1", "postgres://localhost"));
    let link = link(&db, &db.admit(2, "HQ"), &url);
    let person = found(db.run(link.sign_in(badge(1)))).staff;
    let mut acknowledged = Vec::new();
    let mut number = 0;
    let none = NetworkFaults::default();
    for faults in [
        NetworkFaults { close: true, ..none },
        NetworkFaults { refuse: true, ..none },
        NetworkFaults { latency: Duration::from_millis(150), ..none },
        NetworkFaults { latency: Duration::from_secs(5), ..none },
        NetworkFaults { slice: Some(Duration::from_millis(20)), ..none },
        NetworkFaults { after: Some((Way::Up, 0, End::Stall)), ..none },
        NetworkFaults { after: Some((Way::Down, 0, End::Stall)), ..none },
        NetworkFaults { after: Some((Way::Up, 40, End::Stall)), ..none },
        NetworkFaults { after: Some((Way::Down, 5, End::Close)), ..none },
        NetworkFaults { after: Some((Way::Down, 0, End::Reset)), ..none },
        NetworkFaults { after: Some((Way::Up, 30, End::Close)), ..none },
    ] {
        proxy.set(faults);
        for _ in 0..2 {
            let begin = now();
            let signed_in = db.run(link.sign_in(badge(1)));
            assert!(begin.elapsed() < Duration::from_millis(1_200), "{faults:?}: {:?} {signed_in:?}", begin.elapsed());
            number += 1;
            let begin = now();
            let intended = db.run(link.intend(Intent { number, staff: person, door: DoorId::new(101) }));
            assert!(begin.elapsed() < Duration::from_millis(2_500), "{faults:?}: {:?} {intended:?}", begin.elapsed());
            match intended {
                Ok(Intended::Written(_)) => acknowledged.push(number),
                Err(Error::Silent(_) | Error::Database(_)) => {}
                other => panic!("{faults:?}: {other:?}"),
            }
        }
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
}
