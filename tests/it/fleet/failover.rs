//! A primary that is killed under load, and its synchronous standby, which is promoted. `VESTIBULE_FAILOVERS=100` is the long
//! form.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use vestibule::{
    door::DoorId,
    fleet::{Error, Intended, Intent, Link},
    staff::StaffId,
};

use crate::support::{
    headless::now,
    postgres::{Member, Postgres},
};

/// Kiosks under load.
const KIOSKS: u32 = 6;
/// Each kiosk has somebody of its own, and all have one whose limit they share.
const SHARED: i64 = 100;
/// The limit of an hour.
const LIMIT: i64 = 2_000;
/// Time in which every kiosk serves again.
const BACK: Duration = Duration::from_secs(10);

/// An intent that the database acknowledged.
struct Acknowledged {
    kiosk: u32,
    number: i64,
    staff: i64,
    at: Instant,
}

/// A kiosk that unlocks all the time, until it is told to end.
async fn work(link: Link, kiosk: u32, first: i64, is_over: Arc<AtomicBool>, said: mpsc::Sender<Acknowledged>) {
    let mut number = first;
    let own = i64::from(kiosk);
    while !is_over.load(Ordering::Relaxed) {
        number += 1;
        let staff = if number % 2 == 0 { own } else { SHARED };
        let intent = Intent { number, staff: StaffId::new(staff), door: DoorId::new(101) };
        match link.intend(intent).await {
            Ok(Intended::Written(_)) => said.send(Acknowledged { kiosk, number, staff, at: now() }).unwrap(),
            Ok(Intended::Stopped(_)) | Err(Error::Silent(_) | Error::Database(_)) => {}
            Err(other) => panic!("kiosk {kiosk}: {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One round: load, kill -9, promotion, and a count of what was acknowledged and is gone. Returns the new primary, how many were
/// acknowledged, and how long the last kiosk took to be back.
fn round(primary: Postgres, kiosks: &[Member], index: i64) -> (Postgres, usize, Duration) {
    let standby = primary.standby();
    let url = format!("postgres://localhost:{},localhost:{}/fleet", primary.port(), standby.port());
    let (is_over, (said, heard)) = (Arc::<AtomicBool>::default(), mpsc::channel());
    let working: Vec<_> = (1..)
        .zip(kiosks)
        .map(|(kiosk, member)| {
            let (link, _) = standby.link_by(member, &url);
            let (is_over, said) = (Arc::clone(&is_over), said.clone());
            standby.spawn(async move { work(link, kiosk, index * 1_000_000, is_over, said).await })
        })
        .collect();
    drop(said);
    std::thread::sleep(Duration::from_millis(1_500 + fastrand::u64(0..1_000)));
    let killed = now();
    primary.crash();
    standby.promote();
    let promoted = now();
    let mut all = Vec::new();
    let is_back = |all: &[Acknowledged], kiosk: u32| all.iter().any(|one| one.kiosk == kiosk && promoted < one.at);
    while !(1..=KIOSKS).all(|kiosk| is_back(&all, kiosk)) {
        assert!(killed.elapsed() < BACK + Duration::from_secs(5), "a kiosk does not come back");
        all.extend(heard.recv_timeout(Duration::from_secs(1)).ok());
    }
    let last = |kiosk: u32| all.iter().filter(|one| one.kiosk == kiosk && promoted < one.at).map(|one| one.at).min();
    let back = (1..=KIOSKS).filter_map(last).max().unwrap().duration_since(killed);
    is_over.store(true, Ordering::Relaxed);
    for worker in working {
        standby.run(worker).unwrap();
    }
    all.extend(heard.iter());
    let values: Vec<String> = all
        .iter()
        .map(|one| {
            format!("('{}', {}, {})", kiosks[usize::try_from(one.kiosk - 1).unwrap()].role, one.number, one.staff)
        })
        .collect();
    let gone = standby.value(&format!(
        "SELECT count(*) FROM (VALUES {}) AS said (role, number, staff) WHERE NOT EXISTS (
             SELECT 1 FROM vestibule.intents AS i JOIN vestibule.kiosks AS k ON k.id = i.kiosk
             WHERE k.role = said.role AND i.number = said.number AND i.staff = said.staff)",
        values.join(", ")
    ));
    assert_eq!(gone, "0", "acknowledged intents are gone");
    (standby, all.len(), back)
}

#[test]
fn no_acknowledged_intent_is_lost_when_the_primary_dies_and_every_kiosk_is_back_soon() {
    let rounds: i64 = std::env::var("VESTIBULE_FAILOVERS").map_or(2, |rounds| rounds.parse().unwrap());
    let mut primary = Postgres::with_fleet();
    let kiosks: Vec<Member> = (1..=KIOSKS).map(|n| primary.admit(n + 1, "HQ")).collect();
    primary.in_fleet(&format!(
        "UPDATE vestibule.rates SET holds = 1000000; UPDATE vestibule.fleet SET per_hour = {LIMIT}"
    ));
    for person in (1..=i64::from(KIOSKS)).chain([SHARED]) {
        primary.enrol(person);
    }
    for (person, member) in (1..).zip(&kiosks) {
        let link = primary.connect(&member.role, &member.password).unwrap();
        for id in [person, SHARED] {
            let guess = format!("SELECT vestibule_api.pay('badge', sha256('badge {id}'))");
            let _ = primary.run(link.client().simple_query(&guess)).unwrap();
            let found = primary.run(link.client().query("SELECT staff FROM vestibule_api.look_up()", &[])).unwrap();
            assert_eq!(found.len(), 1);
        }
    }
    let (mut acknowledged, mut longest) = (0, Duration::ZERO);
    for index in 1..=rounds {
        let (next, count, back) = round(primary, &kiosks, index);
        println!("round {index}: {count} acknowledged, all back after {} ms", back.as_millis());
        assert!(back <= BACK, "{back:?}");
        (primary, acknowledged, longest) = (next, acknowledged + count, longest.max(back));
        let most: i64 = primary
            .value("SELECT max(n) FROM (SELECT count(*) AS n FROM vestibule.intents GROUP BY staff) x")
            .parse()
            .unwrap();
        assert!(most <= LIMIT, "{most} unlocks of one person");
        if index % 10 == 0 {
            primary.in_fleet("TRUNCATE vestibule.intents");
        }
    }
    println!(
        "{rounds} rounds: {acknowledged} acknowledged, none lost, all back after {} ms at most",
        longest.as_millis()
    );
}
