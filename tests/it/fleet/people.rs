//! The people of a fleet: written by admins, found by kiosks.

use std::collections::BTreeSet;

use vestibule::{
    door::DoorId,
    fleet::{Error, Guess, Intended, Intent, LinkEvent, Listed, Outcome, PastIntent, Refusal, TagKind},
    staff::{BadgeRow, LoginRow, PersonRows, PinRow, StaffId},
};

use crate::support::{
    headless::now,
    postgres::{Postgres, person, tag},
};

/// Everything that admins write about people, as one checksum.
const PEOPLE: &str = "SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM (
    SELECT 'staff' || s::text FROM vestibule.staff s UNION ALL SELECT 'tag' || t::text FROM vestibule.tags t
    UNION ALL SELECT 'login' || l::text FROM vestibule.logins l UNION ALL SELECT 'sites' || s::text FROM vestibule.staff_sites s
    UNION ALL SELECT 'habit' || h::text FROM vestibule.habits h UNION ALL SELECT 'act' || a.about FROM vestibule.acts a
    UNION ALL SELECT 'last' || id FROM vestibule.last_staff) AS all_of_it (x)";

fn badge(id: i64) -> Guess {
    Guess::Badge(tag(&format!("badge {id}")))
}

/// Rows of all sizes. Tags differ by person and by draw.
fn random(rng: &mut fastrand::Rng, id: i64) -> PersonRows {
    let revision = rng.i64(1..i64::MAX);
    let mut bytes = |most: usize| (0..rng.usize(0..=most)).map(|_| rng.u8(..)).collect::<Vec<u8>>();
    let (proof, sealed, number) = (bytes(64), bytes(3_000), bytes(40));
    let new_tag = |what: &str, n: i64, rng: &mut fastrand::Rng| tag(&format!("{what} {id} {n} {}", rng.u64(..)));
    let generations = |rng: &mut fastrand::Rng, most: i64| 1..=rng.i64(0..=most);
    let pins: Vec<_> =
        generations(rng, 2).map(|generation| PinRow { tag: new_tag("pin", generation, rng), generation }).collect();
    let badges = generations(rng, 3).map(|n| BadgeRow {
        tag: new_tag("badge", n, rng),
        hint: format!("…{n}é'\"\\{{}}"),
        generation: n,
        sealed: (n != 2).then(|| number.clone()),
    });
    let badges: Vec<_> = badges.collect();
    let mut logins = Vec::new();
    for role in ["device", "pin"] {
        for generation in generations(rng, 2) {
            let (nonce, sealed) = (tag(role)[..24].to_vec(), sealed.clone());
            logins.push(LoginRow { role: role.to_owned(), revision, generation, nonce, sealed });
        }
    }
    PersonRows {
        name: ["", "Ada", "Zoë O'Brien", "{a,\"b\",NULL}", "李\n小龍"][rng.usize(..5)].to_owned(),
        salt: tag("s")[..16].to_vec(),
        revision,
        login_id: rng.u64(..),
        is_suspended: rng.bool(),
        proof: rng.bool().then_some(proof),
        pins,
        badges,
        logins,
        ..person(id)
    }
}

#[test]
fn a_person_is_read_as_they_were_put() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    assert_eq!(db.run(owner.person("person1@example.com")).unwrap(), None);
    let mut rng = fastrand::Rng::with_seed(7);
    for id in 1..=30 {
        let first = PersonRows { language: Some("de".to_owned()), is_refused: rng.bool(), ..random(&mut rng, id) };
        let mut version = db.run(owner.put(&first, None)).unwrap();
        let read = |email: &str| db.run(owner.person(email)).unwrap();
        assert_eq!(read(&first.email), Some((first.clone(), version)));
        for _ in 0..3 {
            let mut next = random(&mut rng, id);
            let newer = db.run(owner.put(&next, Some(version))).unwrap();
            assert!(version < newer, "{version} {newer}");
            version = newer;
            // What kiosks note stays, but for a refusal of an older login.
            next.language = Some("de".to_owned());
            assert_eq!(read(&next.email.to_uppercase()), Some((next.clone(), version)));
            for (kind, tags) in [
                (TagKind::Pin, next.pins.iter().map(|pin| pin.tag).collect::<Vec<_>>()),
                (TagKind::Badge, next.badges.iter().map(|badge| badge.tag).collect()),
            ] {
                let owner = db.run(owner.owner(kind, &tags)).unwrap();
                assert_eq!(owner.is_some(), !tags.is_empty());
                assert!(owner.is_none_or(|owner| owner == (next.staff, next.email.clone())));
            }
        }
    }
    let of_first: Vec<[u8; 32]> = random(&mut rng, 99).pins.iter().map(|pin| pin.tag).chain([tag("x")]).collect();
    assert_eq!(db.run(owner.owner(TagKind::Pin, &of_first)).unwrap(), None, "nobody's");
    let acts = db.value("SELECT count(*) FROM vestibule.acts WHERE about ~ '^[0-9]+: (enrolled|changed), revision'");
    assert_eq!(acts, "120", "one for each change");
}

/// The e-mail address, a PIN, a badge or the version is not what it was taken for.
#[test]
fn a_person_who_cannot_be_written_is_refused_and_nothing_has_changed() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    let stale = db.run(owner.put(&person(1), None)).unwrap();
    let version = db.run(owner.put(&person(1), Some(stale))).unwrap();
    db.enrol(2);
    let (one, two, three) = (person(1), person(2), person(3));
    let before = db.value(PEOPLE);
    for (rows, expected, refusal) in [
        (PersonRows { email: "PERSON1@Example.com".to_owned(), ..three.clone() }, None, Refusal::Enrolled),
        (PersonRows { staff: two.staff, ..three.clone() }, None, Refusal::Enrolled),
        (PersonRows { email: two.email.clone(), ..one.clone() }, Some(version), Refusal::Enrolled),
        (PersonRows { pins: two.pins.clone(), ..three.clone() }, None, Refusal::TagTaken(TagKind::Pin)),
        (PersonRows { badges: two.badges.clone(), ..three.clone() }, None, Refusal::TagTaken(TagKind::Badge)),
        (PersonRows { pins: two.pins.clone(), ..one.clone() }, Some(version), Refusal::TagTaken(TagKind::Pin)),
        (PersonRows { badges: two.badges, ..one.clone() }, Some(version), Refusal::TagTaken(TagKind::Badge)),
        (one.clone(), Some(stale), Refusal::ChangedMeanwhile),
        (one.clone(), Some(version + 100), Refusal::ChangedMeanwhile),
        (three, Some(version), Refusal::ChangedMeanwhile),
    ] {
        let put = db.run(owner.put(&rows, expected));
        assert!(matches!(&put, Err(Error::Refused(found)) if *found == refusal), "{refusal:?}: {put:?}");
        assert_eq!(db.value(PEOPLE), before, "{refusal:?}");
    }
    let nobody = db.run(owner.remove(StaffId::new(9)));
    assert!(matches!(nobody, Err(Error::Refused(Refusal::Unknown(_)))), "{nobody:?}");
    for (email, sites) in [("person1@example.com", "Nowhere"), ("nobody@example.com", "HQ")] {
        let sites = db.run(owner.set_sites(email, &[sites.to_owned()]));
        assert!(matches!(sites, Err(Error::Refused(Refusal::Unknown(_)))), "{sites:?}");
    }
    // Two tags of one person may change places with each other, and a PIN that is given up is free.
    let _ = db.run(owner.put(&PersonRows { pins: Vec::new(), ..one }, Some(version))).unwrap();
    let _ = db.run(owner.put(&PersonRows { pins: person(1).pins, ..person(4) }, None)).unwrap();
}

#[test]
fn of_admins_who_change_somebody_at_once_one_is_done_and_the_others_are_told() {
    let db = Postgres::with_fleet();
    let mut version = db.run(db.owner().put(&person(1), None)).unwrap();
    let admins: Vec<_> = (0..8).map(|_| db.owner()).collect();
    for round in 0..10 {
        let all = admins.iter().enumerate().map(|(n, admin)| {
            let rows = PersonRows { name: format!("{round} {n}"), ..person(1) };
            async move { (admin.put(&rows, Some(version)).await, rows.name) }
        });
        let done = db.run(futures_util::future::join_all(all));
        let (won, lost): (Vec<_>, Vec<_>) = done.into_iter().partition(|(put, _)| put.is_ok());
        assert!(lost.iter().all(|(put, _)| matches!(put, Err(Error::Refused(Refusal::ChangedMeanwhile)))), "{lost:?}");
        assert_eq!((won.len(), lost.len()), (1, 7));
        let (rows, now) = db.run(db.owner().person("person1@example.com")).unwrap().unwrap();
        assert_eq!((&rows.name, now), (&won[0].1, *won[0].0.as_ref().unwrap()));
        version = now;
    }
    // Numbers for somebody new, at once, while one is adopted from another directory.
    let drawn = admins.iter().map(|admin| async move {
        let mut drawn = Vec::new();
        for _ in 0..20 {
            drawn.push(admin.next_staff().await.unwrap().get());
        }
        drawn
    });
    let drawn: Vec<i64> = db.run(futures_util::future::join_all(drawn)).into_iter().flatten().collect();
    assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 160);
    let highest = drawn.into_iter().max().unwrap();
    db.enrol(highest + 1_000);
    db.enrol(5);
    assert_eq!(db.run(db.owner().next_staff()).unwrap().get(), highest + 1_001);
    db.run(db.owner().remove(StaffId::new(highest + 1_000))).unwrap();
    assert_eq!(db.run(db.owner().next_staff()).unwrap().get(), highest + 1_002, "no number comes again");
}

/// What somebody does to a person, and who is found at the badge of person 1 afterwards.
#[test]
fn kiosks_learn_of_every_change_of_a_person_and_of_nobody_else() {
    let db = Postgres::with_fleet();
    db.run(db.owner().add_site("Plant", "Asia/Tokyo")).unwrap();
    let (owner, member) = (db.owner(), db.admit(2, "HQ"));
    let (link, mut told) = db.link_by(&member, &db.url());
    db.enrol(1);
    db.enrol(2);
    let look = |id: i64| db.run(link.sign_in(badge(id))).unwrap().map(|found| found.version);
    let other = look(2).unwrap();
    let mut versions = BTreeSet::new();
    let changes: [(&str, &dyn Fn()); 6] = [
        ("suspended", &|| db.suspend(1, true)),
        ("resumed", &|| db.suspend(1, false)),
        ("sent elsewhere", &|| db.run(owner.set_sites("person1@example.com", &["plant".to_owned()])).unwrap()),
        ("back", &|| db.run(owner.set_sites("person1@example.com", &["HQ".to_owned(), "Plant".to_owned()])).unwrap()),
        ("removed", &|| db.run(owner.remove(StaffId::new(1))).unwrap()),
        // A cache with the version of the one who was removed must not take this one for them.
        ("enrolled again", &|| db.enrol(1)),
    ];
    for (what, change) in changes {
        let version = look(1).unwrap_or(1);
        while let Ok(event) = told.try_recv() {
            assert!(!matches!(event, LinkEvent::Down));
        }
        change();
        let begin = now();
        assert_eq!(db.run(told.recv()), Some(LinkEvent::Changed), "{what}");
        assert!(begin.elapsed().as_millis() < 2_000, "{what}");
        let asked = [(StaffId::new(1), version), (StaffId::new(2), other), (StaffId::new(77), 1)];
        assert_eq!(db.run(link.changed(&asked)).unwrap(), [StaffId::new(1), StaffId::new(77)], "{what}");
        if let Some(version) = look(1) {
            assert!(versions.insert(version), "{what}: version {version} again");
        }
    }
    // In slices of what the database takes, and nobody is confirmed who is not known.
    let many: Vec<_> = (1_000..13_000).map(|id| (StaffId::new(id), 1)).chain([(StaffId::new(2), other)]).collect();
    assert_eq!(db.run(link.changed(&many)).unwrap().len(), 12_000);
    assert_eq!(db.run(link.changed(&[])).unwrap(), []);
}

#[test]
fn somebody_signs_in_at_their_sites_only() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    db.run(owner.add_site("Plant", "Asia/Tokyo")).unwrap();
    db.enrol(1);
    let links = [db.link(&db.admit(2, "HQ")), db.link(&db.admit(3, "Plant"))];
    for (number, (sites, may)) in (1..).zip([
        (&[][..], [true, true]),
        (&["HQ"], [true, false]),
        (&["Plant", "PLANT"], [false, true]),
        (&["hq", "Plant"], [true, true]),
        (&["Plant"], [false, true]),
        (&[], [true, true]),
    ]) {
        let sites: Vec<String> = sites.iter().copied().map(str::to_owned).collect();
        db.run(owner.set_sites("Person1@example.com", &sites)).unwrap();
        let intent = Intent { number, staff: StaffId::new(1), door: DoorId::new(7) };
        for (link, may) in links.iter().zip(may) {
            // Somebody who is here now was here before, too: both have a row in `seen` from the first round on.
            let found = db.run(link.sign_in(badge(1))).unwrap();
            assert_eq!(found.is_some(), may, "{sites:?}");
            let intended = db.run(link.intend(intent));
            assert_eq!(matches!(intended, Ok(Intended::Written(_))), may, "{sites:?}: {intended:?}");
            let version =
                found.map_or_else(|| db.value("SELECT version FROM vestibule.staff").parse().unwrap(), |f| f.version);
            assert_eq!(db.run(link.changed(&[(intent.staff, version)])).unwrap().is_empty(), may, "{sites:?}");
        }
    }
}

/// Kiosks note it, and a new login ends it: also when a kiosk that has the old one notes it later.
#[test]
fn a_refusal_is_of_one_login() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    db.enrol(1);
    let (first, second) = (db.link(&db.admit(2, "HQ")), db.link(&db.admit(3, "HQ")));
    let look = |link: &vestibule::fleet::Link| db.run(link.sign_in(badge(1))).unwrap().unwrap().rows;
    assert!(!look(&first).is_refused && !look(&second).is_refused);
    let staff = StaffId::new(1);
    let early = db.run(first.note(StaffId::new(2), Some("en"), None));
    assert!(matches!(early, Err(Error::Refused(Refusal::NotSeen))), "{early:?}");
    db.run(first.note(staff, Some("nds"), None)).unwrap();
    db.run(first.note(staff, None, Some(true))).unwrap();
    let read = || db.run(owner.person("person1@example.com")).unwrap().unwrap();
    let is = |is_refused: bool| {
        let (rows, _) = read();
        assert_eq!((rows.is_refused, rows.language.as_deref()), (is_refused, Some("nds")));
        assert_eq!(db.run(owner.people()).unwrap()[0].is_refused, is_refused);
    };
    is(true);
    assert!(look(&second).is_refused);
    // A change that leaves the login as it is.
    db.suspend(1, true);
    db.suspend(1, false);
    is(true);
    let (rows, version) = read();
    let renewed = PersonRows { revision: 2, is_refused: true, ..rows };
    let _ = db.run(owner.put(&renewed, Some(version))).unwrap();
    is(false);
    // This kiosk has the login from before.
    db.run(second.note(staff, None, Some(true))).unwrap();
    is(false);
    assert!(!look(&second).is_refused);
    db.run(second.note(staff, None, Some(true))).unwrap();
    is(true);
    db.run(second.note(staff, Some("nds"), Some(false))).unwrap();
    is(false);
}

#[test]
fn a_hundred_thousand_people_are_listed_and_counted() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    assert_eq!((db.run(owner.people()).unwrap(), db.run(owner.counts()).unwrap()), (Vec::new(), (0, 0)));
    db.in_fleet(
        "INSERT INTO vestibule.staff (id, email, name, salt, revision, login_id)
             SELECT n * 3, 'p' || n || '@example.com', '', substr(sha256('s'), 1, 16), 1, n FROM generate_series(1, 100000) n;
         INSERT INTO vestibule.tags SELECT kind, sha256((kind || n)::bytea), n * 3, 1, NULL, NULL
             FROM generate_series(1, 100000, 2) n, unnest(ARRAY['pin', 'badge']) kind",
    );
    // A PIN of a second generation is the same person's.
    db.in_fleet("INSERT INTO vestibule.tags VALUES ('pin', sha256('again'), 3, 2)");
    let ada = PersonRows { is_suspended: true, is_refused: true, ..person(1) };
    let _ = db.run(owner.put(&ada, None)).unwrap();
    db.run(owner.set_sites("person1@example.com", &["HQ".to_owned()])).unwrap();
    let begin = now();
    let people = db.run(owner.people()).unwrap();
    println!("100,001 people are listed in {} ms", begin.elapsed().as_millis());
    assert_eq!(people.len(), 100_001);
    assert!(people.windows(2).all(|pair| pair[0].staff.get() < pair[1].staff.get()));
    let expected = Listed {
        staff: StaffId::new(1),
        email: ada.email,
        name: ada.name,
        login_id: ada.login_id,
        has_pin: true,
        badges: vec!["…1".to_owned()],
        is_suspended: true,
        is_refused: true,
        opens_by_badge: true,
        sites: vec!["HQ".to_owned()],
        revision: ada.revision,
    };
    assert_eq!(people[0], expected);
    let last = &people[100_000];
    assert!(!last.has_pin && last.badges.is_empty() && last.sites.is_empty() && !last.opens_by_badge, "{last:?}");
    assert_eq!(db.run(owner.counts()).unwrap(), (50_001, 50_001));
}

/// What they did before is still taken, and their PIN is free at once.
#[test]
fn a_person_who_is_removed_leaves_nothing_but_what_they_did() {
    let db = Postgres::with_fleet();
    let (owner, member) = (db.owner(), db.admit(2, "HQ"));
    let link = db.link(&member);
    db.enrol(1);
    db.enrol(2);
    db.run(owner.set_sites("person1@example.com", &["HQ".to_owned()])).unwrap();
    assert!(db.run(link.sign_in(badge(1))).unwrap().is_some());
    db.run(link.note(StaffId::new(1), Some("en"), Some(true))).unwrap();
    db.run(owner.remove(StaffId::new(1))).unwrap();
    assert_eq!(db.run(owner.person("person1@example.com")).unwrap(), None);
    for table in ["tags", "logins", "staff_sites", "habits"] {
        assert_eq!(db.value(&format!("SELECT count(*) FROM vestibule.{table} WHERE staff = 1")), "0", "{table}");
    }
    assert_eq!(db.value("SELECT count(*) FROM vestibule.acts WHERE about LIKE '%example.com%'"), "0");
    assert!(db.run(link.sign_in(badge(1))).unwrap().is_none());
    let intent = Intent { number: 1, staff: StaffId::new(1), door: DoorId::new(7) };
    let refused = db.run(link.intend(intent));
    assert!(matches!(refused, Err(Error::Refused(Refusal::NotSeen))), "{refused:?}");
    let past = PastIntent { intent, at: jiff::Timestamp::now(), outcome: Outcome::Accepted };
    db.run(link.intended(&past)).unwrap();
    let _ = db.run(owner.put(&PersonRows { pins: person(1).pins, ..person(3) }, None)).unwrap();
}
