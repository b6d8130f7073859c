//! A kiosk's audit log on its way to the database.

use std::time::Duration;

use sha2::{Digest, Sha256};
use vestibule::fleet::{Error, Refusal, Shipment};

use crate::support::postgres::Postgres;

/// A kiosk's log: records from 1 on, and the hash after each. `hashes[0]` is that before record 1.
struct Log {
    records: Vec<Vec<u8>>,
    hashes: Vec<[u8; 32]>,
}

impl Log {
    fn new(rng: &mut fastrand::Rng, len: usize, longest: usize) -> Self {
        let mut log = Self { records: Vec::new(), hashes: vec![[0; 32]] };
        for _ in 0..len {
            let record: Vec<u8> = (0..rng.usize(1..=longest)).map(|_| rng.u8(..)).collect();
            let before = log.hashes.last().unwrap();
            log.hashes.push(Sha256::new().chain_update(before).chain_update(&record).finalize().into());
            log.records.push(record);
        }
        log
    }

    /// Records `first` to `last`.
    fn shipment(&self, first: usize, last: usize) -> Shipment {
        Shipment {
            first: first.try_into().unwrap(),
            before: self.hashes[first - 1],
            records: self.records[first - 1..last].to_vec(),
            head: self.hashes[last],
        }
    }
}

/// Pieces of any size, sent again in part or whole, from the beginning of the log or from where the kiosk joined.
#[test]
fn a_log_arrives_whole_and_once_whatever_is_sent_again() {
    let db = Postgres::with_fleet();
    let mut rng = fastrand::Rng::with_seed(11);
    for (kiosk, joined) in [(2, 1), (3, 1), (4, 2), (5, 40)] {
        let link = db.link(&db.admit(kiosk, "HQ"));
        let log = Log::new(&mut rng, 120, 200);
        let (len, mut there) = (log.records.len(), joined - 1);
        let mut sent = 0;
        while there < len {
            // What is there already may go again. The first piece begins where the log does.
            let first = if there < joined { joined } else { rng.usize(joined..=there + 1) };
            let last = rng.usize(first..=len.min(first + 40));
            let newest = db.run(link.ship(&log.shipment(first, last))).unwrap();
            there = there.max(last);
            assert_eq!(newest, u64::try_from(there).unwrap(), "{first} to {last}");
            sent += 1;
            let welcome = db.run(link.beat()).unwrap();
            assert_eq!((welcome.shipped, welcome.chain.as_slice()), (newest, &log.hashes[there][..]));
        }
        let shown = "SELECT count(*) || ' ' || min(number) || ' ' || max(number) || ' ' || encode(string_agg(record, '' ORDER BY number), 'hex')";
        let there = db.value(&format!(
            "{shown} FROM vestibule.audit JOIN vestibule.kiosks ON id = kiosk WHERE name = 'Kiosk {kiosk}'"
        ));
        let bytes = vestibule::hex::encode(&log.records[joined - 1..].concat());
        assert_eq!(there, format!("{} {joined} {len} {}", len - joined + 1, *bytes));
        // The chain verifies from the copies alone.
        let broken = "SELECT count(*) FROM (SELECT a.hash, sha256(lag(a.hash, 1, h.first_hash) OVER (PARTITION BY a.kiosk ORDER BY number) || record) AS made
                      FROM vestibule.audit a JOIN vestibule.heads h USING (kiosk)) x WHERE hash <> made";
        assert_eq!(db.value(&broken.replace("ORDER BY number", "ORDER BY a.number")), "0");
        println!("joined at {joined}: {sent} shipments");
    }
}

/// One thing is wrong with each. Nothing is written, and the log goes on afterwards.
#[test]
fn what_does_not_continue_the_chain_is_refused_by_its_number() {
    let db = Postgres::with_fleet();
    let link = db.link(&db.admit(2, "HQ"));
    let mut rng = fastrand::Rng::with_seed(3);
    let log = Log::new(&mut rng, 60, 50);
    let good = |first: usize, last: usize| log.shipment(first, last);
    let refused = |shipment: &Shipment, refusal: &Refusal| {
        let before = db.value("SELECT md5(string_agg(a::text, ',' ORDER BY number)) FROM vestibule.audit a");
        let answer = db.run(link.ship(shipment));
        assert!(matches!(&answer, Err(Error::Refused(found)) if found == refusal), "{refusal:?}: {answer:?}");
        assert_eq!(db.value("SELECT md5(string_agg(a::text, ',' ORDER BY number)) FROM vestibule.audit a"), before);
    };
    refused(&Shipment { before: [1; 32], ..good(1, 3) }, &Refusal::ChainBroken(0));
    refused(&Shipment { head: [1; 32], ..good(1, 3) }, &Refusal::ChainBroken(3));
    assert_eq!(db.run(link.ship(&good(1, 20))).unwrap(), 20);
    refused(&good(22, 30), &Refusal::RecordsMissing(20));
    refused(&Shipment { before: [1; 32], ..good(21, 30) }, &Refusal::ChainBroken(20));
    refused(&Shipment { head: [1; 32], ..good(21, 30) }, &Refusal::ChainBroken(30));
    refused(&Shipment { before: [1; 32], ..good(11, 15) }, &Refusal::ChainBroken(10));
    for at in [1, 7, 20] {
        let mut other = good(1, 25);
        other.records[at - 1].push(0);
        refused(&other, &Refusal::ChainBroken(at.try_into().unwrap()));
    }
    let mut changed = good(21, 25);
    changed.records[2].push(0);
    refused(&changed, &Refusal::ChainBroken(25));
    // Too long: the kiosk is told which, and that it is not a matter of trying again. 8,192 bytes are taken.
    let with_record_of = |len: usize| {
        let records = vec![log.records[20].clone(), vec![b'x'; len]];
        let head = Sha256::new().chain_update(log.hashes[21]).chain_update(&records[1]).finalize().into();
        Shipment { first: 21, before: log.hashes[20], records, head }
    };
    refused(&with_record_of(8_193), &Refusal::RecordTooLong(22));
    assert_eq!(db.run(link.ship(&with_record_of(8_192))).unwrap(), 22);
    let empty = db.run(link.ship(&Shipment { records: Vec::new(), ..good(1, 3) }));
    assert!(matches!(empty, Err(Error::Refused(Refusal::Malformed(_)))), "{empty:?}");
    // After it was pruned, what is taken out is taken for sent.
    db.in_fleet("UPDATE vestibule.audit SET at = at - interval '100 days' WHERE number <= 10");
    assert_eq!(db.run(link.prune()).unwrap(), 10);
    assert_eq!(db.run(link.ship(&good(1, 12))).unwrap(), 22);
    refused(&Shipment { before: [1; 32], ..good(11, 12) }, &Refusal::ChainBroken(10));
}

/// Records of many years, from before the kiosk joined: the database says when it takes more.
#[test]
fn who_ships_too_fast_is_told_when_to_go_on() {
    let db = Postgres::with_fleet();
    let link = db.link(&db.admit(2, "HQ"));
    let log = Log::new(&mut fastrand::Rng::with_seed(5), 1_000, 40);
    db.in_fleet("UPDATE vestibule.rates SET holds = 600 WHERE kind = 'record'");
    assert_eq!(db.run(link.ship(&log.shipment(1, 500))).unwrap(), 500);
    let spent = db.run(link.ship(&log.shipment(501, 1_000)));
    let wait = Duration::from_secs(80);
    assert!(matches!(spent, Err(Error::Refused(Refusal::Spent(told))) if told <= wait), "{spent:?}");
    assert!(link.is_up(), "a refusal is no reason to reconnect");
    assert_eq!(db.run(link.ship(&log.shipment(501, 550))).unwrap(), 550);
}
