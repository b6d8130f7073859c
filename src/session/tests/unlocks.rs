//! Taps on doors and their outcomes.

use super::*;

#[test]
fn door_touched_asks_for_that_door_in_that_session() {
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let effects = kiosk.send(Event::DoorTouched(LOBBY));
    assert_eq!(effects, [Effect::Unlock(session, kiosk.request(), LOBBY)]);
}

#[test]
fn touch_meant_for_the_screen_before_opens_nothing() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123456");
    let _ = kiosk.answer(Ok(Identity::Person(welcome())));
    assert_eq!(kiosk.wait(ms(399)).send(Event::DoorTouched(LOBBY)), []);
    assert!(matches!(kiosk.wait(ms(1)).send(Event::DoorTouched(LOBBY))[..], [Effect::Unlock(..)]));
}

#[test]
fn door_that_is_not_in_the_list_opens_nothing() {
    assert_eq!(signed_in().send(Event::DoorTouched(ELSEWHERE)), []);
    assert_eq!(signed_in().send(Event::DoorTouched(PLANNED)), [], "a door that cannot be tried");
}

#[test]
fn second_touch_while_a_door_opens_asks_for_nothing() {
    let mut kiosk = opening();
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
    assert_eq!(kiosk.send(Event::DoorTouched(SERVER_ROOM)), []);
}

/// F30: even if the first one is answered at once.
#[test]
fn second_door_touched_with_the_first_opens_nothing() {
    let mut kiosk = opening();
    let _ = kiosk.send(Event::UnlockAnswered(kiosk.request(), Outcome::Accepted));
    assert_eq!(kiosk.wait(ms(399)).send(Event::DoorTouched(LOBBY)), []);
    assert!(matches!(kiosk.wait(ms(1)).send(Event::DoorTouched(LOBBY))[..], [Effect::Unlock(..)]));
}

#[test]
fn stale_answer_to_an_unlock_changes_nothing() {
    let mut kiosk = opening();
    let first = kiosk.request();
    let _ = kiosk.send(Event::UnlockAnswered(first, Outcome::NotSent));
    let _ = kiosk.wait(ms(500)).send(Event::DoorTouched(LOBBY));
    let second = kiosk.request();
    assert_ne!(first, second);
    let _ = kiosk.send(Event::UnlockAnswered(first, Outcome::Accepted));
    assert_eq!(kiosk.request(), second, "the second question is still open");
}

#[test]
fn unlock_without_an_answer_has_an_unknown_outcome() {
    let mut kiosk = opening();
    let _ = kiosk.idle(ms(10_000));
    assert!(matches!(kiosk.visit().attempt, Attempt::Done(LOBBY, Outcome::Unknown(None), _)));
}

#[test]
fn outcome_is_shown_for_a_while() {
    let mut kiosk = opening();
    let _ = kiosk.send(Event::UnlockAnswered(kiosk.request(), refused()));
    let _ = kiosk.idle(ms(5_900));
    assert!(matches!(kiosk.visit().attempt, Attempt::Done(..)));
    let _ = kiosk.idle(ms(100));
    assert_eq!(kiosk.visit().attempt, Attempt::None);
}

#[test]
fn door_that_asks_once_more_opens_on_the_second_touch() {
    let mut kiosk = signed_in();
    assert_eq!(kiosk.send(Event::DoorTouched(SERVER_ROOM)), []);
    assert_eq!(kiosk.wait(ms(40)).send(Event::DoorTouched(SERVER_ROOM)), [], "a key that bounces");
    assert!(matches!(
        kiosk.wait(ms(100)).send(Event::DoorTouched(SERVER_ROOM))[..],
        [Effect::Unlock(_, _, SERVER_ROOM)]
    ));

    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::DoorTouched(SERVER_ROOM));
    let _ = kiosk.idle(ms(5_000));
    assert_eq!(kiosk.send(Event::DoorTouched(SERVER_ROOM)), [], "the question was forgotten");
}

#[test]
fn doors_that_were_locked_down_meanwhile_cannot_be_touched() {
    let mut kiosk = signed_in();
    let mut doors = welcome().doors;
    doors[0].state = DoorState::LockedDown(None);
    let session = kiosk.visit().session;
    let _ = kiosk.send(Event::DoorsListed(session, list(doors)));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
}

/// The number of the record and the reading of the door's sensor also reach a visit while a badge is looked up.
#[test]
fn agent_events_reach_a_visit_during_a_badge_lookup() {
    let mut kiosk = opening();
    let request = kiosk.request();
    let _ = kiosk.scan(&format!("{GRACE}\n"));
    assert!(matches!(kiosk.session.state(), State::Checking { visit: Some(_), .. }));
    let _ = kiosk.send(Event::UnlockRecorded(request, 4_711));
    let _ = kiosk.send(Event::UnlockAnswered(request, Outcome::Accepted));
    let _ = kiosk.send(Event::DoorSensorRead(request, Outcome::Opened));
    let _ = kiosk.answer(Ok(Identity::Same));
    assert_eq!(kiosk.visit().record, Some(4_711));
    assert!(matches!(kiosk.visit().attempt, Attempt::Done(LOBBY, Outcome::Opened, _)), "{:?}", kiosk.visit().attempt);
}
