//! The doors of the last visit: there before Kisi has answered, without a state, and replaced by Kisi's list.

use std::time::{Duration, Instant};

use vestibule::{
    session::Denial,
    simulator::{fault::Fault, world::World},
    store::{audit::Action, directory::Standing},
};

use crate::support::headless::{BADGE, Kiosk, Site, english, lifted, now, pressed};

/// Time between two touches that both count.
const REACH: Duration = Duration::from_millis(450);
const ADA: &str = "ada@example.com";

/// How Kisi is slow: only its list of doors.
fn slow(world: &mut World, time: Duration) {
    let delay_ms = u64::try_from(time.as_millis()).unwrap();
    world.faults =
        vec![Fault { delay_ms, path: Some("/locks".to_owned()), method: Some("GET".to_owned()), ..Fault::default() }];
}

/// A site where Ada was once, and a kiosk that does not wait for Kisi's list.
fn visited(change: impl FnOnce(&mut World), keys: &str) -> (Site, Kiosk) {
    let site = Site::with(change, keys);
    let _ = site.enrol(ADA, Some(BADGE), true);
    let mut kiosk = site.kiosk();
    visit(&mut kiosk);
    // The list is kept beside the visit.
    let is_kept = || {
        let directory = site.directory();
        let ada = directory.person(ADA).unwrap().unwrap();
        directory.last_doors(ada.id, 1).unwrap().is_some()
    };
    let begin = now();
    while !is_kept() && site.config.doors.remember {
        assert!(begin.elapsed() < Duration::from_secs(5), "the doors are not kept");
        std::thread::sleep(Duration::from_millis(10));
    }
    kiosk.awaits_lists = false;
    (site, kiosk)
}

/// Ada signs in and out.
fn visit(kiosk: &mut Kiosk) {
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Ada"), "{:?}", kiosk.texts());
    leave(kiosk);
}

fn leave(kiosk: &mut Kiosk) {
    kiosk.tap(&english().say("sign-out"));
    // A badge counts again once it was away.
    kiosk.wait(Duration::from_millis(5_100));
}

fn listed(site: &Site) -> usize {
    let is_list = |path: &str| path == "/locks";
    site.kisi
        .with(|world| world.requests.iter().filter(|asked| is_list(&asked.path) && asked.has_authorization).count())
}

fn passed(since: Instant, at_most: u64) {
    assert!(since.elapsed() < Duration::from_millis(at_most), "{:?}", since.elapsed());
}

/// No state is shown that Kisi has not sent in this visit, although the last visit had seen one of each.
#[test]
fn the_doors_are_there_before_kisi_answers_and_show_no_state() {
    let (site, mut kiosk) = visited(|_| {}, "");
    site.kisi.with(|world| slow(world, Duration::from_secs(2)));
    let begin = now();
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Ada") && kiosk.shows("Main entrance"), "{:?}", kiosk.texts());
    passed(begin, 1_500);
    assert!(kiosk.remembers());
    let states = ["Only at the reader", "Controller offline", "Locked", "Open", "Not from this kiosk"];
    let said = |kiosk: &Kiosk| {
        kiosk.texts().into_iter().filter(|text| states.iter().any(|state| text.starts_with(state))).collect::<Vec<_>>()
    };
    assert_eq!(said(&kiosk), Vec::<String>::new());
    let names = kiosk.doors();
    let _ = kiosk.wait_for(Duration::from_secs(10), |kiosk| !kiosk.remembers());
    assert_eq!(kiosk.doors(), names, "the same doors in the same order");
    assert!(!said(&kiosk).is_empty(), "the states are filled in: {:?}", kiosk.texts());
}

#[test]
fn a_tap_before_the_list_is_sent_and_kisi_decides() {
    let (site, mut kiosk) = visited(|_| {}, "");
    site.kisi.with(|world| slow(world, Duration::from_secs(4)));
    let before = listed(&site);
    kiosk.scan(BADGE);
    kiosk.wait(REACH);
    kiosk.tap_door("Main entrance");
    assert!(kiosk.shows("Accepted"), "{:?}", kiosk.texts());
    assert!(kiosk.remembers(), "Kisi has not listed the doors yet");
    assert_eq!((site.kisi.with(|world| world.unlocks()), listed(&site)), (1, before + 1));
    kiosk.wait(REACH);
    // Kisi requires the reader for this one. Nothing says so yet, so the tap is sent.
    kiosk.tap_door("Archive");
    assert!(kiosk.shows("Refused"), "{:?}", kiosk.texts());
    assert_eq!(site.kisi.with(|world| world.unlocks()), 1);
    let _ = kiosk.wait_for(Duration::from_secs(10), |kiosk| !kiosk.remembers());
    assert_eq!(site.records(Action::Intent).len(), 2, "both are in the audit log");
}

/// A door that is gone, one that is new, another name and a place under lock-down.
#[test]
fn the_live_list_replaces_what_differs() {
    let (site, mut kiosk) = visited(|_| {}, "");
    site.kisi.with(|world| {
        slow(world, Duration::from_secs(1));
        drop(world.doors.remove(&104));
        world.doors.get_mut(&101).unwrap().name = "South entrance".to_owned();
        let now = world.clock.now();
        world.places.get_mut(&1).unwrap().locked_down_since = Some(now);
    });
    kiosk.scan(BADGE);
    assert!(kiosk.doors().contains(&"Bike store".to_owned()) && kiosk.doors().contains(&"Main entrance".to_owned()));
    let is_new = |kiosk: &Kiosk| kiosk.doors().contains(&"South entrance".to_owned());
    let _ = kiosk.wait_for(Duration::from_secs(10), is_new);
    let doors = kiosk.doors();
    assert!(!doors.contains(&"Bike store".to_owned()) && !doors.contains(&"Main entrance".to_owned()), "{doors:?}");
    let _ =
        kiosk.wait_for(Duration::from_secs(10), |kiosk| kiosk.texts().iter().any(|text| text.starts_with("Locked")));
    leave(&mut kiosk);
    kiosk.scan(BADGE);
    assert_eq!(kiosk.doors(), doors, "the next visit begins with the newer list");
}

/// A person's requests go one after the other: the places are checked after the list, which does not say that a place is
/// locked down. A list that comes after that keeps it.
#[test]
fn the_places_are_checked_after_the_list_and_count_for_later_lists() {
    let (site, mut kiosk) = visited(|_| {}, "");
    site.kisi.with(|world| {
        world.requests.clear();
        slow(world, Duration::from_millis(1_500));
        let now = world.clock.now();
        world.places.get_mut(&1).unwrap().locked_down_since = Some(now);
    });
    kiosk.scan(BADGE);
    kiosk.wait(Duration::from_secs(1));
    assert!(site.kisi.with(|world| world.requests.iter().all(|asked| asked.path != "/places")));
    let is_locked = |kiosk: &Kiosk| kiosk.texts().iter().any(|text| text.starts_with("Locked since"));
    let _ = kiosk.wait_for(Duration::from_secs(10), is_locked);
    kiosk.wait(REACH);
    kiosk.tap_door("Main entrance");
    assert_eq!(site.kisi.with(|world| world.unlocks()), 0);
}

/// The finger was on a door that Kisi has removed meanwhile: that is what the kiosk says, and not that Kisi is away.
#[test]
fn a_door_that_is_gone_says_so_under_the_finger() {
    let (site, mut kiosk) = visited(|_| {}, "");
    site.kisi.with(|world| {
        slow(world, Duration::from_secs(1));
        drop(world.doors.remove(&101));
    });
    kiosk.scan(BADGE);
    kiosk.wait(REACH);
    let at = kiosk.find("Main entrance").unwrap();
    kiosk.batch(&[pressed(0, at)]);
    kiosk.wait(Duration::from_millis(1_300));
    assert!(kiosk.shows("Main entrance"), "the list waits for the finger");
    kiosk.batch(&[lifted(0, at)]);
    assert!(
        kiosk.texts().iter().any(|text| text.starts_with("This door does not exist any more.")),
        "{:?}",
        kiosk.texts()
    );
    site.kisi.with(|world| assert!(world.requests.iter().all(|asked| !asked.path.ends_with("/unlock"))));
    assert_eq!(site.records(Action::Refusal), ["door not listed any more"]);
}

/// That somebody had no door at the last visit says nothing about this one.
#[test]
fn a_visit_without_doors_is_not_remembered_as_a_fact() {
    let (site, mut kiosk) = visited(|world| world.rights.retain(|right| right.person != 2), "");
    site.kisi.with(|world| slow(world, Duration::from_millis(700)));
    let before = listed(&site);
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Ada"));
    assert_eq!(listed(&site), before + 1, "she waited for Kisi");
}

#[test]
fn an_outage_ends_the_visit_with_the_reason() {
    let (site, mut kiosk) = visited(|_| {}, "");
    site.kisi.with(|world| {
        world.faults = vec![Fault::refuse(503, "fbc000").at("GET", "/locks")];
    });
    kiosk.scan(BADGE);
    let _ = kiosk.wait_for(Duration::from_secs(30), Kiosk::is_at_rest);
    let said = vestibule::outage::Outage::Kisi;
    assert!(kiosk.shows(&english().network(said)), "{:?}", kiosk.texts());
    assert_eq!(site.records_once(Action::SignOut, 2)[1], "doors not listed");
    site.kisi.with(|world| world.faults.clear());
    kiosk.wait(Duration::from_secs(6));
    kiosk.awaits_lists = true;
    visit(&mut kiosk);
}

/// The login was revoked at Kisi: the visit ends, and the next sign-in shows no doors of an earlier one.
#[test]
fn a_login_that_kisi_refuses_has_no_doors() {
    let (site, mut kiosk) = visited(|_| {}, "");
    site.kisi.with(|world| world.logins.retain(|_, login| login.person != 2));
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Ada"), "{:?}", kiosk.texts());
    kiosk.wait(REACH);
    kiosk.tap_door("Main entrance");
    assert!(!kiosk.shows("Accepted"), "Kisi decides");
    let _ = kiosk.wait_for(Duration::from_secs(30), Kiosk::is_at_rest);
    assert!(kiosk.shows(&english().denial(Denial::LoginDead)), "{:?}", kiosk.texts());
    let directory = site.directory();
    let ada = directory.person(ADA).unwrap().unwrap();
    assert_eq!(ada.standing, Standing::Refused);
    assert_eq!(directory.last_doors(ada.id, 1).unwrap(), None);
    kiosk.wait(Duration::from_secs(6));
    kiosk.scan(BADGE);
    assert!(kiosk.is_at_rest() && kiosk.doors().is_empty());
}

#[test]
fn somebody_who_was_suspended_begins_without_doors() {
    let (site, mut kiosk) = visited(|_| {}, "");
    for is_suspended in [true, false] {
        assert!(site.directory().suspend(ADA, is_suspended).unwrap());
    }
    site.kisi.with(|world| slow(world, Duration::from_millis(800)));
    let before = listed(&site);
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Ada") && !kiosk.remembers(), "she sees Kisi's list");
    assert_eq!(listed(&site), before + 1);
}

#[test]
fn a_kiosk_that_remembers_nothing_deletes_what_is_kept_and_waits_for_kisi() {
    let (site, kiosk) = visited(|_| {}, "");
    drop(kiosk);
    std::thread::sleep(Duration::from_millis(200));
    let mut config = site.config.clone();
    config.doors.remember = false;
    let start = vestibule::wiring::start(&config, site.directory(), site.client()).unwrap();
    let mut kiosk = Kiosk::new(start, crate::support::headless::WIDE);
    kiosk.awaits_lists = false;
    kiosk.scan(BADGE);
    assert!(kiosk.shows("Hello Ada") && !kiosk.remembers());
    std::thread::sleep(Duration::from_millis(300));
    let directory = site.directory();
    let ada = directory.person(ADA).unwrap().unwrap();
    assert_eq!(directory.last_doors(ada.id, 1).unwrap(), None);
}

/// Somebody else's badge ends a visit whose list is still awaited. It never shows them the other person's doors.
#[test]
fn the_list_of_a_visit_that_has_ended_reaches_nobody() {
    let (site, mut kiosk) = visited(|_| {}, "");
    let _ = site.enrol("grace@example.com", Some("0099999999"), false);
    kiosk.awaits_lists = true;
    kiosk.scan("0099999999");
    assert!(kiosk.shows("Hello Grace"), "{:?}", kiosk.texts());
    let hers = kiosk.doors();
    leave(&mut kiosk);
    kiosk.awaits_lists = false;
    site.kisi.with(|world| slow(world, Duration::from_millis(1_500)));
    kiosk.scan(BADGE);
    let adas = kiosk.doors();
    assert_ne!(adas, hers);
    kiosk.wait(Duration::from_millis(700));
    kiosk.scan("0099999999");
    for _ in 0..30 {
        assert!(kiosk.shows("Hello Grace"));
        assert_eq!(kiosk.doors(), hers);
        kiosk.wait(Duration::from_millis(100));
    }
}

/// A place that is hidden, or a door that a rule hides since the last visit, is not shown from memory.
#[test]
fn a_rule_that_came_since_applies_to_the_doors_of_the_last_visit() {
    let (site, kiosk) = visited(|_| {}, "");
    drop(kiosk);
    let mut config = site.config.clone();
    config.doors.hide = vec!["Main entrance".to_owned()];
    let start = vestibule::wiring::start(&config, site.directory(), site.client()).unwrap();
    let mut kiosk = Kiosk::new(start, crate::support::headless::WIDE);
    kiosk.awaits_lists = false;
    site.kisi.with(|world| slow(world, Duration::from_millis(1_500)));
    kiosk.scan(BADGE);
    assert!(kiosk.remembers() && !kiosk.doors().contains(&"Main entrance".to_owned()), "{:?}", kiosk.doors());
}
