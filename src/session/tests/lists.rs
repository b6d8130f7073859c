//! Lists of doors that change during a visit.

use super::*;

/// Moves the server room to the front.
fn reordered() -> Vec<Door> {
    let mut doors = welcome().doors;
    doors.swap(0, 1);
    doors
}

fn names(kiosk: &Kiosk) -> Vec<&str> {
    kiosk.visit().welcome.doors.iter().map(|door| door.name.as_str()).collect()
}

#[test]
fn a_list_that_moves_tiles_waits_for_the_finger() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let _ = kiosk.send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorsListed(session, list(reordered())));
    assert_eq!(names(&kiosk), ["Lobby", "Server room", "Planned"]);
    assert!(matches!(kiosk.send(Event::DoorTouched(LOBBY))[..], [Effect::Unlock(_, _, LOBBY)]), "what it pressed");
    let _ = kiosk.send(Event::DoorReleased(LOBBY));
    assert_eq!(names(&kiosk)[0], "Lobby", "the outcome names its door");
    let request = kiosk.request();
    let _ = kiosk.send(Event::UnlockAnswered(request, Outcome::Accepted));
    let _ = kiosk.wait(ms(500)).send(Event::OutcomeDismissed);
    assert_eq!(names(&kiosk), ["Server room", "Lobby", "Planned"]);
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "the tiles have just moved");
}

#[test]
fn a_list_waits_for_the_last_of_several_fingers() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let _ = kiosk.send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorHeld(PLANNED));
    let _ = kiosk.send(Event::DoorsListed(session, list(reordered())));
    let _ = kiosk.send(Event::DoorReleased(LOBBY));
    assert_eq!(names(&kiosk)[0], "Lobby");
    let _ = kiosk.send(Event::DoorReleased(PLANNED));
    assert_eq!(names(&kiosk)[0], "Server room");
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "the tiles have just moved");
    assert_eq!(kiosk.wait(ms(400)).send(Event::DoorTouched(LOBBY)).len(), 1);
}

/// A finger that rests on the glass, or whose release is lost, holds no list back for long.
#[test]
fn a_finger_holds_a_list_back_for_three_seconds() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let _ = kiosk.send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorsListed(session, list(reordered())));
    assert!(kiosk.session.deadline().unwrap() <= kiosk.now + ms(3_000));
    let _ = kiosk.wait(ms(2_999)).send(Event::Ticked);
    assert_eq!(names(&kiosk)[0], "Lobby");
    let _ = kiosk.wait(ms(1)).send(Event::Ticked);
    assert_eq!(names(&kiosk)[0], "Server room");
}

/// Other fingers that come and go do not prolong it, and a page that is turned ends it: other tiles are below the finger.
#[test]
fn nothing_holds_a_list_back_for_longer() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let _ = kiosk.send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorsListed(session, list(reordered())));
    for _ in 0..2 {
        let _ = kiosk.wait(ms(1_400)).send(Event::DoorHeld(PLANNED));
        let _ = kiosk.send(Event::DoorReleased(PLANNED));
        assert_eq!(names(&kiosk)[0], "Lobby");
    }
    let _ = kiosk.wait(ms(200)).send(Event::Ticked);
    assert_eq!(names(&kiosk)[0], "Server room");

    let _ = kiosk.wait(ms(500)).send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorsListed(session, list(welcome().doors)));
    assert_eq!(names(&kiosk)[0], "Server room");
    let _ = kiosk.send(Event::PageTurned(1));
    assert_eq!(names(&kiosk)[0], "Lobby");
}

/// A desk groups the tiles by the places of their doors.
#[test]
fn a_door_in_another_place_moves_tiles() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let mut doors = welcome().doors;
    doors[1].place = Some(crate::door::Place { id: crate::door::PlaceId::new(3), name: "Annex".to_owned() });
    let _ = kiosk.send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorsListed(session, list(doors.clone())));
    assert_eq!(kiosk.visit().welcome.doors[1].place, None, "the finger is there");
    let _ = kiosk.send(Event::DoorReleased(LOBBY));
    assert_eq!(kiosk.visit().welcome.doors, doors);
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "the tiles have just moved");
}

/// What does not move a tile is shown at once: a door under the finger that is locked down does not open.
#[test]
fn a_state_does_not_wait_for_a_finger() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let mut doors = welcome().doors;
    doors[0].state = DoorState::LockedDown(None);
    let _ = kiosk.send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorsListed(session, list(doors)));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
}

#[test]
fn the_newest_list_is_the_one_that_is_shown() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let _ = kiosk.send(Event::DoorHeld(LOBBY));
    let _ = kiosk.send(Event::DoorsListed(session, list(reordered())));
    let _ = kiosk.send(Event::DoorsListed(session, list(welcome().doors)));
    let _ = kiosk.send(Event::DoorReleased(LOBBY));
    assert_eq!(names(&kiosk)[0], "Lobby");
}

/// Two doors that exchange their names look as if they had moved.
#[test]
fn a_touch_just_after_a_door_was_renamed_is_ignored() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let mut doors = welcome().doors;
    doors[0].name = "Server room".to_owned();
    let _ = kiosk.send(Event::DoorsListed(session, list(doors)));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
    let _ = kiosk.wait(ms(400));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "it asks: the rule means this name");
    assert!(matches!(kiosk.visit().attempt, Attempt::Asked(LOBBY, _)));
}

#[test]
fn a_visit_whose_doors_cannot_be_listed_ends_with_the_reason() {
    for why in [Denial::LoginDead, Denial::Network(crate::outage::Outage::NoAnswer)] {
        let mut kiosk = signed_in();
        let session = kiosk.visit().session;
        let ended = kiosk.send(Event::DoorsNotListed(session, why));
        assert_eq!(ended, [Effect::Forget(session, Ended::NotListed)]);
        assert_eq!(kiosk.denial(), Some(why));
    }
}

/// Nobody loses the outcome of the door they have touched.
#[test]
fn a_visit_whose_doors_cannot_be_listed_shows_its_outcome_first() {
    let mut kiosk = opening();
    let (session, request) = (kiosk.visit().session, kiosk.request());
    let why = Denial::Network(crate::outage::Outage::NoAnswer);
    assert_eq!(kiosk.send(Event::DoorsNotListed(session, why)), []);
    let _ = kiosk.send(Event::UnlockAnswered(request, Outcome::NotSent));
    assert!(matches!(kiosk.visit().attempt, Attempt::Done(LOBBY, Outcome::NotSent, _)));
    let ended = kiosk.idle(ms(6_000));
    assert_eq!(ended, [Effect::Forget(session, Ended::NotListed)]);
    assert_eq!(kiosk.denial(), Some(why));
}

#[test]
fn a_badge_that_is_looked_up_meanwhile_decides_how_an_unlisted_visit_ends() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let _ = kiosk.scan(&format!("{GRACE}\n"));
    assert_eq!(kiosk.send(Event::DoorsNotListed(session, Denial::LoginDead)), []);
    assert_eq!(kiosk.answer(Ok(Identity::Same)), [Effect::Forget(session, Ended::NotListed)]);
    assert_eq!(kiosk.denial(), Some(Denial::LoginDead));
}

#[test]
fn the_failure_of_another_visit_ends_nothing() {
    let mut kiosk = signed_in();
    assert_eq!(kiosk.send(Event::DoorsNotListed(SessionId(4_711), Denial::LoginDead)), []);
    assert_eq!(kiosk.visit().welcome.name, "Ada");
}
