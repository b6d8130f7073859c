//! The technician's screen: it opens by holding the clock and typing the PIN, on the touchscreen only.

use super::*;
use crate::session::technician::{ActionResult, HOLD, HealthReport, STAY, TechnicianAction};

fn report() -> HealthReport {
    HealthReport { facts: Vec::new(), fleet: None, last: Vec::new(), diagnostics: "vestibule".to_owned() }
}

/// The clock was held.
fn held() -> Kiosk {
    let mut kiosk = Kiosk::new(rules());
    let _ = kiosk.send(Event::ClockTouched);
    let _ = kiosk.idle(HOLD);
    kiosk
}

fn is_asked(kiosk: &Kiosk) -> bool {
    matches!(kiosk.session.state(), State::SignedOut { entry: Entry::Technician(_), .. })
}

fn inside() -> (Kiosk, SessionId) {
    let mut kiosk = held();
    let effects = kiosk.touch("77777777");
    let Some(Effect::Identify(session, Presented(Credential::Technician(_)), asked)) = effects.last() else {
        panic!("{effects:?}")
    };
    assert_eq!(asked.guesses_left, None, "the technician's PIN has a budget of its own");
    let session = *session;
    let _ = kiosk.answer(Ok(Identity::Technician(Box::new(report()))));
    (kiosk, session)
}

#[test]
fn the_clock_is_held_for_three_seconds_and_not_a_moment_less() {
    let mut kiosk = Kiosk::new(rules());
    let _ = kiosk.send(Event::ClockTouched);
    let _ = kiosk.idle(HOLD.checked_sub(ms(1)).unwrap());
    assert!(!is_asked(&kiosk));
    let _ = kiosk.send(Event::ClockReleased);
    let _ = kiosk.idle(ms(10_000));
    assert!(!is_asked(&kiosk), "releasing the clock cancels the hold");
    assert!(is_asked(&held()));
    let mut left = held();
    let _ = left.idle(ms(20_000));
    assert!(!is_asked(&left), "the PIN prompt times out");
}

/// T19, T23, F53: neither a badge nor a keyboard types a technician PIN, or does anything on the technician's screen.
#[test]
fn reader_and_keyboard_do_nothing_on_the_technicians_screen() {
    let mut kiosk = held();
    let _ = kiosk.scan("7777777777\n");
    for _ in 0..8 {
        let _ = kiosk.send(Event::KeyPressed(Key::typed('7')));
        let _ = kiosk.idle(ms(300));
    }
    let _ = kiosk.send(Event::KeyPressed(Key::Enter));
    assert!(is_asked(&kiosk), "{:?}", kiosk.session.state());
    assert!(matches!(kiosk.session.state(), State::SignedOut { entry: Entry::Technician(pin), .. } if pin.is_empty()));
    let (mut kiosk, _) = inside();
    let _ = kiosk.scan(&format!("{ADA}\n"));
    for key in [Key::Enter, Key::Escape, Key::Tab, Key::Backspace, Key::typed('1'), Key::typed('+')] {
        let _ = kiosk.send(Event::KeyPressed(key));
        let _ = kiosk.idle(ms(300));
    }
    assert!(matches!(kiosk.session.state(), State::Technician(_)));
}

/// T23: the screen closes after two minutes, and no action works before the sign-in.
#[test]
fn the_technicians_screen_closes_after_two_minutes_and_needs_a_sign_in() {
    for step in [TechnicianAction::Reload, TechnicianAction::RestoreGuesses, TechnicianAction::Leave] {
        let mut kiosk = Kiosk::new(rules());
        assert_eq!(kiosk.send(Event::TechnicianActionChosen(step)), [], "at rest");
        let mut kiosk = held();
        assert_eq!(kiosk.send(Event::TechnicianActionChosen(step)), [], "before the PIN");
    }
    let (mut kiosk, session) = inside();
    let _ = kiosk.idle(STAY.checked_sub(ms(1)).unwrap());
    assert!(matches!(kiosk.session.state(), State::Technician(_)));
    let now = kiosk.now + ms(1);
    let effects = kiosk.session.handle(Event::TechnicianActionChosen(TechnicianAction::Leave), now);
    assert_eq!(effects, [Effect::Forget(session, Ended::Idle)], "a touch at the end does nothing more");
    assert!(matches!(kiosk.session.state(), State::SignedOut { .. }));
}

#[test]
fn stopping_takes_two_touches_and_a_refused_configuration_is_shown() {
    let (mut kiosk, session) = inside();
    assert_eq!(kiosk.send(Event::TechnicianActionChosen(TechnicianAction::Leave)), []);
    assert_eq!(
        kiosk.send(Event::TechnicianActionChosen(TechnicianAction::Reload)),
        [Effect::Technician(session, TechnicianAction::Reload)]
    );
    let _ = kiosk.send(Event::ReloadRefused("line 3".to_owned()));
    let State::Technician(technician) = kiosk.session.state() else { panic!() };
    assert_eq!(technician.said, Some(ActionResult::Refused("line 3".to_owned())));
    assert_eq!(
        kiosk.send(Event::TechnicianActionChosen(TechnicianAction::Leave)),
        [],
        "another action in between cancels the first touch"
    );
    assert_eq!(
        kiosk.send(Event::TechnicianActionChosen(TechnicianAction::Leave)),
        [Effect::Technician(session, TechnicianAction::Leave)]
    );
    assert_eq!(kiosk.send(Event::SignOutTouched), [Effect::Forget(session, Ended::SignedOut)]);
}

/// R18: only a technician who is signed in restores the guesses.
#[test]
fn the_technician_gives_guesses_back() {
    let mut kiosk = Kiosk::new(rules());
    for _ in 0..10 {
        let _ = kiosk.touch("123456");
        let _ = kiosk.answer(Err(Denial::NotKnown));
    }
    assert_eq!(kiosk.session.budget().left(), 0);
    let _ = kiosk.send(Event::ClockTouched);
    let _ = kiosk.idle(HOLD);
    let _ = kiosk.touch("77777777");
    let _ = kiosk.answer(Err(Denial::NotKnown));
    assert_eq!(kiosk.session.budget().left(), 0, "a wrong one gives nothing back");
    let _ = kiosk.idle(ms(9_000));
    let _ = kiosk.send(Event::ClockTouched);
    let _ = kiosk.idle(HOLD);
    let _ = kiosk.touch("77777777");
    let _ = kiosk.answer(Ok(Identity::Technician(Box::new(report()))));
    let effects = kiosk.send(Event::TechnicianActionChosen(TechnicianAction::RestoreGuesses));
    assert!(effects.contains(&Effect::KeepBudget(10)), "{effects:?}");
    assert_eq!(kiosk.session.budget().left(), 10);
}
