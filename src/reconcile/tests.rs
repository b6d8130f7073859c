//! Unlocks and events of two people at a few doors.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use proptest::{collection, prelude::*};

use super::{APART, Interval, Owners, Reconciliation};
use crate::{
    door::DoorId,
    kisi::{LoginId, UnlockEvent},
    store::audit::{Said, Unlock},
};

const EVER: Interval = Interval { from: Timestamp::UNIX_EPOCH, until: Timestamp::MAX, complete_until: Timestamp::MAX };
const ADA: (u64, &str) = (77, "ada@example.com");
const GRACE: (u64, &str) = (78, "Grace@example.com");

fn begin() -> Timestamp {
    "2026-11-01T08:00:00Z".parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    begin() + SignedDuration::from_secs(seconds)
}

fn owners() -> Owners {
    let people = [ADA, GRACE].map(|(id, person)| (LoginId::new(id), person.to_owned())).into();
    Owners { people, since: HashMap::new() }
}

fn ours(record: u64, seconds: i64, (_, person): (u64, &str), door: u64, said: Said) -> Unlock {
    Unlock {
        kiosk: String::new(),
        record,
        at: at(seconds),
        person: person.to_owned(),
        door: DoorId::new(door),
        door_name: String::new(),
        said,
    }
}

fn theirs(seconds: i64, (login, person): (u64, &str), door: u64, is_success: bool) -> UnlockEvent {
    UnlockEvent {
        at: at(seconds),
        login: LoginId::new(login),
        door: DoorId::new(door),
        door_name: String::new(),
        // Kisi may write it in another case.
        person: person.to_uppercase(),
        is_success,
    }
}

fn all(unlocks: &[Unlock], events: &[UnlockEvent]) -> Reconciliation {
    Reconciliation::new(unlocks, events, &owners(), EVER)
}

#[test]
fn each_unlock_has_one_event_of_its_person_and_its_door() {
    let unlocks =
        [ours(1, 0, ADA, 5, Said::Accepted), ours(2, 3, ADA, 5, Said::Accepted), ours(3, 9, GRACE, 5, Said::Refused)];
    let events = [theirs(1, ADA, 5, true), theirs(4, ADA, 5, true), theirs(9, GRACE, 5, false)];
    let found = all(&unlocks, &events);
    assert_eq!(found, Reconciliation { agreed: 3, ..Reconciliation::default() });
    let found = all(&unlocks, &events[1..]);
    assert_eq!(found.missing, [unlocks[1].clone()], "one of two is missing");
    let found = all(&unlocks[..1], &events);
    assert_eq!(found.foreign.len(), 2);
    assert_eq!((found.foreign[0].person.as_str(), found.foreign[0].event.login.get()), ADA_OF);
    assert!(!found.foreign[1].event.is_success, "also an attempt that Kisi refused");
}

const ADA_OF: (&str, u64) = (ADA.1, ADA.0);

#[test]
fn an_unknown_outcome_is_what_kisi_says() {
    let unlocks = [1, 2, 3].map(|n| ours(n, i64::try_from(n).unwrap() * 60, ADA, n, Said::Unknown));
    let found = all(&unlocks, &[theirs(61, ADA, 1, true), theirs(121, ADA, 2, false)]);
    assert_eq!(found.resolved.iter().map(|resolved| resolved.is_unlocked).collect::<Vec<_>>(), [true, false, false]);
    assert!(found.is_clean());
    // Kisi has no event of an unlock that this kiosk did not send. If there is one, somebody else made it.
    let found = all(&[ours(1, 0, ADA, 5, Said::NotSent)], &[theirs(1, ADA, 5, true)]);
    assert_eq!(found.foreign.len(), 1);
}

#[test]
fn a_clear_answer_is_matched_before_an_unknown_one() {
    let unlocks = [ours(1, 0, ADA, 5, Said::Unknown), ours(2, 4, ADA, 5, Said::Accepted)];
    let found = all(&unlocks, &[theirs(5, ADA, 5, true)]);
    assert_eq!((found.agreed, found.resolved[0].is_unlocked), (1, false));
    assert!(found.is_clean());
}

#[test]
fn logins_of_phones_are_nobodys_and_those_before_a_renewal_are_found_by_the_person() {
    let phone = (5, ADA.1);
    assert_eq!(all(&[], &[theirs(0, phone, 5, true), theirs(9, phone, 6, false)]), Reconciliation::default());
    let (unlock, event) = ([ours(1, 0, ADA, 5, Said::Accepted)], [theirs(0, phone, 5, true)]);
    for (since, is_missing) in [(at(1), false), (at(0), true), (Timestamp::MIN, true)] {
        let owners = Owners { since: [(ADA.1.to_owned(), since)].into(), ..owners() };
        let found = Reconciliation::new(&unlock, &event, &owners, EVER);
        assert_eq!(found.missing.len(), usize::from(is_missing), "her logins are known since {since}");
    }
    assert_eq!(all(&unlock, &event).missing.len(), 1, "her phone opened it, and not this kiosk");
}

/// Kisi answered that it unlocked, and its history says that it failed: a doubt about Kisi, and no theft.
#[test]
fn an_answer_and_an_event_that_contradict_each_other_are_no_theft() {
    let unlocks = [ours(7, 0, ADA, 5, Said::Accepted), ours(8, 600, ADA, 5, Said::Accepted)];
    let found = all(&unlocks, &[theirs(1, ADA, 5, false), theirs(601, ADA, 5, true), theirs(2, ADA, 6, false)]);
    assert_eq!((found.missing, found.failed), (vec![unlocks[0].clone()], vec![(String::new(), 7)]));
    assert_eq!(found.foreign.len(), 1, "at another door");
    let found = all(&[ours(7, 0, ADA, 5, Said::NotSent)], &[theirs(1, ADA, 5, true)]);
    assert_eq!(found.foreign.len(), 1, "this kiosk did not ask");
}

#[test]
fn what_is_beyond_the_time_asked_for_only_helps_to_match() {
    let interval = Interval { from: at(0), until: at(100), ..EVER };
    let unlocks = [ours(1, -2, ADA, 5, Said::Accepted), ours(2, 99, ADA, 5, Said::Accepted)];
    let events = [theirs(1, ADA, 5, true), theirs(101, ADA, 5, true), theirs(150, ADA, 6, true)];
    assert!(Reconciliation::new(&unlocks, &events, &owners(), interval).is_clean());
}

#[test]
fn what_kisi_may_not_know_yet_is_not_judged() {
    let unlocks = [ours(1, 10, ADA, 5, Said::Accepted), ours(2, 20, ADA, 6, Said::Unknown)];
    let found = Reconciliation::new(&unlocks, &[], &owners(), Interval { complete_until: at(5), ..EVER });
    assert_eq!(found, Reconciliation { pending: 2, ..Reconciliation::default() });
}

proptest! {
    /// 10,000 visits in CI: whatever people do, Kisi's clock and the losses of answers raise no alarm, and every unlock of a
    /// thief at another time is found.
    #[test]
    fn nothing_is_raised_for_nothing_and_every_foreign_unlock_is_found(
        visits in collection::vec((0_i64..86_400, 0_u64..3, any::<bool>(), 0_u8..5, -200_i64..200), 0..80),
        thefts in collection::vec((100_000_i64..186_400, 0_u64..3, any::<bool>(), any::<bool>()), 0..5),
    ) {
        let (mut unlocks, mut events) = (Vec::new(), Vec::new());
        // One clock is wrong by the same time all day, and an answer takes up to 10 s.
        let off = visits.first().map_or(0, |visit| visit.4);
        for (record, (when, door, is_ada, what, jitter)) in (1..).zip(visits) {
            let person = if is_ada { ADA } else { GRACE };
            let said = [Said::Accepted, Said::Refused, Said::Unknown, Said::Unknown, Said::NotSent][usize::from(what)];
            unlocks.push(ours(record, when, person, door, said));
            let is_success = matches!((said, what), (Said::Accepted, _) | (Said::Unknown, 2));
            // Kisi makes no event of a request that it never heard of, and none of some refusals.
            if is_success || said == Said::Refused && jitter % 2 == 0 {
                events.push(theirs(when + off + jitter.abs() % 10, person, door, is_success));
            }
        }
        unlocks.sort_by_key(|unlock| unlock.at);
        let stolen: Vec<_> = thefts
            .iter()
            .map(|(when, door, is_ada, is_success)| theirs(*when, if *is_ada { ADA } else { GRACE }, *door, *is_success))
            .collect();
        events.extend(stolen.iter().cloned());
        events.sort_by_key(|event| event.at);
        let found = all(&unlocks, &events);
        prop_assert_eq!(&found.missing, &[]);
        prop_assert_eq!(found.foreign.len(), stolen.len());
        for foreign in &found.foreign {
            prop_assert!(stolen.contains(&foreign.event));
        }
        for resolved in &found.resolved {
            prop_assert!(resolved.unlock.said == Said::Unknown);
        }
        prop_assert!(SignedDuration::from_secs(210) < APART);
    }
}
