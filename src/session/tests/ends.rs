//! How a visit ends.

use super::*;

#[test]
fn untouched_session_warns_and_then_ends() {
    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::StillHereTouched);
    let _ = kiosk.idle(ms(24_999));
    assert_eq!(kiosk.session.warning(kiosk.now), None);
    let _ = kiosk.idle(ms(1));
    assert_eq!(kiosk.session.warning(kiosk.now), Some(Duration::from_secs(20)));
    let effects = kiosk.idle(ms(20_000));
    assert!(matches!(effects[..], [Effect::Forget(..)]));
    assert!(kiosk.is_at_rest());
}

/// T10
#[test]
fn touch_that_arrives_at_or_after_the_deadline_opens_nothing() {
    for late in [0, 1, 10_000] {
        let mut kiosk = signed_in();
        let _ = kiosk.send(Event::StillHereTouched);
        let session = kiosk.visit().session;
        let _ = kiosk.wait(rules().idle + ms(late));
        assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [Effect::Forget(session, Ended::Idle)]);
        assert!(kiosk.is_at_rest());
    }
}

/// F31: 10,000 touches around the end of a session. Each one unlocks within the session or does nothing.
#[test]
fn a_touch_around_the_end_of_a_session_is_a_whole_unlock_or_nothing() {
    for step in 0..10_000_u64 {
        let mut kiosk = signed_in();
        let _ = kiosk.send(Event::StillHereTouched);
        // From 50 ms before to 50 ms after, in steps of 10 µs.
        let _ = kiosk.wait(rules().idle.saturating_sub(ms(50)) + Duration::from_micros(10 * step));
        let effects = kiosk.send(Event::DoorTouched(LOBBY));
        if step < 5_000 {
            let [Effect::Unlock(session, ..)] = effects[..] else { panic!("{step}: {effects:?}") };
            assert_eq!(session, kiosk.visit().session, "{step}");
        } else {
            assert!(matches!(effects[..], [Effect::Forget(_, Ended::Idle)]), "{step}: {effects:?}");
            assert!(kiosk.is_at_rest(), "{step}");
        }
    }
}

/// F34
#[test]
fn agent_restart_signs_the_person_out() {
    let mut kiosk = opening();
    let request = kiosk.request();
    assert_eq!(kiosk.send(Event::AgentRestarted), []);
    assert!(kiosk.is_at_rest());
    assert_eq!(kiosk.send(Event::UnlockAnswered(request, Outcome::Accepted)), [], "an answer from before the restart");
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
}

/// F19: Kisi's rate limit counts a person's requests, so all of their doors have to wait.
#[test]
fn after_a_rate_limit_every_door_is_on_cooldown() {
    let mut kiosk = opening();
    let too_many = Reason { wait: Some(Duration::from_secs(5)), ..Reason::new(429, Code::default()) };
    let _ = kiosk.send(Event::UnlockAnswered(kiosk.request(), Outcome::Refused(too_many)));
    let _ = kiosk.wait(ms(4_500));
    for door in [LOBBY, SERVER_ROOM] {
        assert_eq!(kiosk.visit().rest(door, kiosk.now), Some(ms(500)));
        assert_eq!(kiosk.send(Event::DoorTouched(door)), []);
    }
    let _ = kiosk.wait(ms(500));
    assert!(matches!(kiosk.send(Event::DoorTouched(LOBBY))[..], [Effect::Unlock(..)]));
}

#[test]
fn still_here_restarts_the_idle_time_up_to_the_maximum() {
    let mut kiosk = signed_in();
    let mut effects = Vec::new();
    for _ in 0..20 {
        effects.extend(kiosk.send(Event::StillHereTouched));
        effects.extend(kiosk.idle(ms(10_000)));
    }
    assert!(matches!(effects[..], [Effect::Forget(_, Ended::Longest)]), "after 180 s it is over, touched or not");
}

#[test]
fn after_an_unlock_the_session_is_short() {
    let mut kiosk = opening();
    let _ = kiosk.send(Event::UnlockAnswered(kiosk.request(), Outcome::Accepted));
    assert_eq!(kiosk.idle(ms(7_975)), []);
    assert!(matches!(kiosk.idle(ms(25))[..], [Effect::Forget(..)]));
}

#[test]
fn refused_unlock_leaves_the_time_to_try_another_door() {
    let mut kiosk = opening();
    let _ = kiosk.send(Event::UnlockAnswered(kiosk.request(), refused()));
    assert_eq!(kiosk.idle(ms(44_000)), []);
}

#[test]
fn sign_out_forgets_the_session_and_clears_the_pad() {
    let mut kiosk = opening();
    let session = kiosk.visit().session;
    assert_eq!(kiosk.send(Event::SignOutTouched), [Effect::Forget(session, Ended::SignedOut)]);
    assert!(kiosk.is_at_rest());
    assert_eq!(kiosk.send(Event::SignOutTouched), []);
}

/// Found by the random sequences: an unlock timed out while the person's own badge was looked up.
#[test]
fn an_unlock_that_times_out_during_a_badge_lookup_is_unknown() {
    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::DoorTouched(LOBBY));
    let _ = kiosk.scan("0012345678\n");
    let _ = kiosk.wait(Duration::from_secs(12));
    let _ = kiosk.answer(Ok(Identity::Same));
    assert!(matches!(kiosk.visit().attempt, Attempt::Done(LOBBY, Outcome::Unknown(None), _)));
}

#[test]
fn own_badge_keeps_the_session_and_gives_it_time() {
    let mut kiosk = signed_in();
    let _ = kiosk.idle(ms(40_000));
    let session = kiosk.visit().session;
    let effects = kiosk.scan("0012345678\n");
    assert!(
        matches!(&effects[..], [Effect::Identify(_, _, Asked { current: Some(current), .. })] if *current == session)
    );
    assert_eq!(kiosk.answer(Ok(Identity::Same)), []);
    assert_eq!(kiosk.visit().session, session);
    assert_eq!(kiosk.session.warning(kiosk.now), None);
}

#[test]
fn somebody_elses_badge_ends_the_session_and_begins_theirs() {
    let mut kiosk = signed_in();
    let ada = kiosk.visit().session;
    let _ = kiosk.scan(&format!("{GRACE}\n"));
    let grace = Welcome { name: "Grace".to_owned(), doors: Vec::new(), language: None, incomplete: false };
    let effects = kiosk.answer(Ok(Identity::Person(grace.clone())));
    assert_eq!(effects, [Effect::Forget(ada, Ended::OtherBadge), Effect::CheckPlaces(kiosk.visit().session)]);
    assert_eq!(kiosk.visit().welcome, grace);
}

#[test]
fn unknown_badge_ends_the_session_too() {
    let mut kiosk = signed_in();
    let ada = kiosk.visit().session;
    let _ = kiosk.scan("9999999999\n");
    assert_eq!(kiosk.answer(Err(Denial::NotKnown)), [Effect::Forget(ada, Ended::OtherBadge)]);
    assert_eq!(kiosk.denial(), Some(Denial::NotKnown));
}

#[test]
fn no_door_opens_while_somebody_elses_badge_is_looked_up() {
    let mut kiosk = signed_in();
    let _ = kiosk.scan(&format!("{GRACE}\n"));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
}

#[test]
fn visit_ends_in_time_although_a_badge_is_looked_up() {
    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::StillHereTouched);
    let _ = kiosk.idle(ms(44_000));
    let _ = kiosk.scan(&format!("{GRACE}\n"));
    let effects = kiosk.idle(ms(1_000));
    assert!(matches!(effects[..], [Effect::Forget(..), Effect::Forget(..)]), "{effects:?}");
    assert!(matches!(kiosk.session.state(), State::SignedOut { .. }));
}

#[test]
fn escape_signs_out_and_clears_the_pad() {
    let mut kiosk = signed_in();
    assert!(matches!(kiosk.send(Event::KeyPressed(Key::Escape))[..], [Effect::Forget(..)]));
    let _ = kiosk.touch("123");
    let _ = kiosk.send(Event::KeyPressed(Key::Escape));
    assert!(kiosk.is_at_rest());
}

/// For each state, events that must change nothing and return no effects.
#[test]
fn events_that_do_not_fit_the_state_change_nothing() {
    let signed_out = [Event::DoorTouched(LOBBY), Event::StillHereTouched, Event::SignOutTouched, Event::EnterTouched];
    let checking = [Event::BackTouched, Event::EnterTouched, Event::SwitchTouched, Event::SignOutTouched];
    let signed_in_events =
        [Event::BackTouched, Event::EnterTouched, Event::SwitchTouched, Event::DigitTouched(Digit::D1)];
    let check = |mut kiosk: Kiosk, event: Event| {
        let before = format!("{:?}", kiosk.session.state());
        assert_eq!(kiosk.send(event.clone()), [], "{event:?}");
        assert_eq!(format!("{:?}", kiosk.session.state()), before, "{event:?}");
    };
    for event in signed_out {
        check(at_rest(), event);
    }
    for event in checking {
        let mut kiosk = at_rest();
        let _ = kiosk.touch("123456");
        check(kiosk, event);
    }
    for event in signed_in_events {
        check(signed_in(), event);
    }
}

#[test]
fn debug_output_of_a_visit_shows_no_digit() {
    let mut kiosk = at_rest();
    let mut shown = Vec::new();
    for c in "471147".chars() {
        let event = Event::DigitTouched(Digit::from_char(c).unwrap());
        shown.push(format!("{event:?} {:?} {:?}", kiosk.session, Event::KeyPressed(Key::typed(c))));
        shown.push(format!("{:?}", kiosk.send(event)));
    }
    shown.push(format!("{:?}", Credential::Pin(Pin::parse("471147").unwrap())));
    let shown = shown.concat();
    assert!(!shown.contains("471147") && !shown.contains("D4") && !shown.contains("'4'"), "{shown}");
}
