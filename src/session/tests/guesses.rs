//! The guesses that wrong entries cost.

use super::*;

/// Types a PIN and answers its check. Returns whether it was checked.
fn guess(kiosk: &mut Kiosk, answer: Result<Identity, Denial>) -> bool {
    let effects = kiosk.touch("482913");
    if !effects.iter().any(|effect| matches!(effect, Effect::Identify(..))) {
        return false;
    }
    let _ = kiosk.answer(answer);
    if matches!(kiosk.session.state(), State::SignedIn(_)) {
        let _ = kiosk.send(Event::SignOutTouched);
    }
    true
}

/// T1: 24 hours of guessing at full speed evaluate no more than the bucket allows.
#[test]
fn a_day_of_guessing_is_two_hundred_and_fifty_guesses() {
    let mut kiosk = at_rest();
    let (begin, mut evaluated) = (kiosk.now, 0);
    while kiosk.now < begin + Duration::from_hours(24) {
        evaluated += u32::from(guess(&mut kiosk, Err(Denial::NotKnown)));
        let _ = kiosk.wait(ms(1_200));
    }
    assert!((240..=250).contains(&evaluated), "{evaluated}");
}

/// T2: a correct PIN in between returns no wrong guess.
#[test]
fn a_right_pin_returns_its_own_guess_and_no_other() {
    let mut kiosk = at_rest();
    for _ in 0..9 {
        assert!(guess(&mut kiosk, Err(Denial::NotKnown)));
    }
    for _ in 0..100 {
        assert!(guess(&mut kiosk, Ok(Identity::Person(welcome()))));
        assert_eq!(kiosk.session.budget().left(), 1, "before and after");
    }
    assert!(guess(&mut kiosk, Err(Denial::NotKnown)));
    assert!(!guess(&mut kiosk, Err(Denial::NotKnown)), "the bucket is empty");
    assert_eq!(kiosk.session.budget().wait(kiosk.now), Some(Duration::from_mins(6)));
}

#[test]
fn a_guess_is_stored_as_spent_before_it_is_checked() {
    let mut kiosk = at_rest();
    let effects = kiosk.touch("482913");
    let [.., Effect::Identify(_, _, asked)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(asked.guesses_left, Some(9));
}

#[test]
fn guesses_refill_one_by_one_and_are_stored() {
    let mut kiosk = at_rest();
    for _ in 0..10 {
        let _ = guess(&mut kiosk, Err(Denial::NotKnown));
    }
    assert_eq!(kiosk.touch("4"), [], "digits are ignored while no guess is left");
    assert_eq!(kiosk.wait(Duration::from_mins(6)).send(Event::Ticked), [Effect::KeepBudget(1)]);
    assert_eq!(kiosk.touch("4"), [Effect::Prepare]);
    let _ = kiosk.wait(Duration::from_mins(54)).send(Event::Ticked);
    assert_eq!((kiosk.session.budget().left(), kiosk.session.budget().is_waiting()), (10, false));
}

/// T4, R19.
#[test]
fn restart_keeps_the_guesses_left_and_restarts_the_wait() {
    let now = at_rest().now;
    let session = Session::new(rules()).with_guesses(0, now);
    let mut kiosk = Kiosk { session, now };
    let _ = kiosk.wait(Duration::from_secs(359)).send(Event::Ticked);
    assert_eq!(kiosk.session.budget().left(), 0);
    assert_eq!(kiosk.wait(Duration::from_secs(1)).send(Event::Ticked), [Effect::KeepBudget(1)]);
    let more = Session::new(rules()).with_guesses(99, now);
    assert_eq!(more.budget().left(), 10, "never more than the site allows");
}

/// R20.
#[test]
fn short_aborted_and_repeated_entries_cost_nothing() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123");
    let _ = kiosk.idle(ms(10_000));
    let _ = kiosk.touch("12345");
    let _ = kiosk.send(Event::KeyPressed(Key::Escape));
    assert_eq!(kiosk.session.budget().left(), 10);
    let _ = guess(&mut kiosk, Err(Denial::NotKnown));
    assert_eq!(kiosk.session.budget().left(), 9);
    assert!(guess(&mut kiosk, Err(Denial::NotKnownAgain)));
    assert_eq!(kiosk.session.budget().left(), 9);
}

#[test]
fn a_dead_login_or_an_outage_costs_no_guess() {
    for denial in [Denial::LoginDead, Denial::Network(Outage::Name), Denial::Network(Outage::Kisi)] {
        let mut kiosk = at_rest();
        assert!(guess(&mut kiosk, Err(denial)));
        assert_eq!(kiosk.session.budget().left(), 10, "{denial:?}");
    }
}

/// T5: ten thousand wrong PINs lock the keypad, but badges still work.
#[test]
fn badges_work_while_the_keypad_waits() {
    let mut kiosk = at_rest();
    for _ in 0..10_000 {
        let _ = guess(&mut kiosk, Err(Denial::NotKnown));
    }
    assert_eq!(kiosk.session.budget().left(), 0);
    assert!(kiosk.scan("0012345678\n").iter().any(|effect| matches!(effect, Effect::Identify(..))));

    let sign_in = SignInRules { badge: BadgePolicy::WithPin, ..rules().sign_in };
    let mut kiosk = Kiosk::new(Rules { sign_in, ..rules() });
    kiosk.session = kiosk.session.with_guesses(0, kiosk.now);
    let _ = kiosk.scan("0012345678\n");
    assert!(is_identify(&kiosk.touch("123456")), "and a badge with its PIN");
}

/// A badge number on the keypad is a guess like a PIN.
#[test]
fn typed_badge_numbers_cost_guesses_too() {
    let mut kiosk = at_rest();
    let _ = kiosk.send(Event::SwitchTouched);
    let _ = kiosk.touch("0012345678");
    let _ = kiosk.send(Event::EnterTouched);
    assert_eq!(kiosk.session.budget().left(), 9);
}
