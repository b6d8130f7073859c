//! Entries on the pad, and the checks that they start.

use super::*;

#[test]
fn first_digit_opens_the_connection_and_the_last_one_asks_who_it_is() {
    let mut kiosk = at_rest();
    assert_eq!(kiosk.touch("1"), [Effect::Prepare]);
    assert_eq!(kiosk.touch("2345"), []);
    let effects = kiosk.touch("6");
    let [Effect::Identify(_, Presented(Credential::Pin(pin)), Asked { current: None, guesses_left: Some(9), .. })] =
        &effects[..]
    else {
        panic!("{effects:?}")
    };
    assert_eq!(pin.expose(), b"123456");
}

#[test]
fn half_typed_entry_vanishes_after_ten_seconds() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123");
    let _ = kiosk.idle(ms(9_990));
    assert_eq!(kiosk.typed(), 3);
    let _ = kiosk.idle(ms(10));
    assert!(kiosk.is_at_rest());
    assert_eq!(kiosk.session.deadline(), None, "nothing ticks at rest");
}

#[test]
fn digit_after_the_entry_vanished_begins_a_new_one() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("12345");
    assert_eq!(kiosk.wait(ms(10_000)).touch("6"), [Effect::Prepare]);
    assert_eq!(kiosk.typed(), 1);
}

#[test]
fn delete_takes_the_last_digit_back() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("12");
    let _ = kiosk.send(Event::BackTouched);
    assert_eq!(kiosk.typed(), 1);
    let _ = kiosk.send(Event::BackTouched);
    let _ = kiosk.send(Event::BackTouched);
    assert!(kiosk.is_at_rest());
}

#[test]
fn badge_number_is_typed_on_the_pad_and_ended_with_its_key() {
    let mut kiosk = at_rest();
    let _ = kiosk.send(Event::SwitchTouched);
    let _ = kiosk.touch("0012345678");
    let effects = kiosk.send(Event::EnterTouched);
    let [Effect::Identify(_, Presented(Credential::Badge(badge)), Asked { current: None, .. })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(badge.expose(), "0012345678");
}

#[test]
fn typed_number_that_is_too_short_is_no_badge() {
    let mut kiosk = at_rest();
    let _ = kiosk.send(Event::SwitchTouched);
    let _ = kiosk.touch("123");
    assert_eq!(kiosk.send(Event::EnterTouched), []);
    assert_eq!(kiosk.denial(), Some(Denial::NotRead));
}

#[test]
fn refusal_goes_away_by_itself_or_with_the_next_digit() {
    let refused = || {
        let mut kiosk = at_rest();
        let _ = kiosk.touch("123456");
        let _ = kiosk.answer(Err(Denial::NotKnown));
        assert_eq!(kiosk.denial(), Some(Denial::NotKnown));
        kiosk
    };
    let mut kiosk = refused();
    let _ = kiosk.idle(DENIAL);
    assert_eq!(kiosk.denial(), None);
    let mut kiosk = refused();
    let _ = kiosk.touch("1");
    assert_eq!(kiosk.denial(), None);
}

#[test]
fn check_without_an_answer_ends_and_says_so() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123456");
    let effects = kiosk.idle(CHECK);
    assert!(matches!(effects[..], [Effect::Forget(..)]));
    assert_eq!(kiosk.denial(), Some(Denial::TooSlow));
}

#[test]
fn stale_answer_to_a_check_changes_nothing_and_is_forgotten() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123456");
    let State::Checking { session, .. } = *kiosk.session.state() else { panic!() };
    let _ = kiosk.idle(CHECK);
    let effects = kiosk.send(Event::Identified(session, Ok(Identity::Person(welcome()))));
    assert_eq!(effects, [Effect::Forget(session, Ended::Unfinished)]);
    assert!(matches!(kiosk.session.state(), State::SignedOut { .. }));
}

#[test]
fn keys_while_checking_do_nothing() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123456");
    assert_eq!(kiosk.touch("1"), []);
    assert_eq!(kiosk.scan("0012345678\n"), []);
    assert!(matches!(kiosk.session.state(), State::Checking { .. }));
}
