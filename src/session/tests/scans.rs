//! Keys from a keyboard: a reader, or a person.

use super::*;

#[test]
fn scan_is_one_event_and_asks_once() {
    let mut kiosk = at_rest();
    let effects = kiosk.scan("0012345678\n");
    assert!(matches!(
        &effects[..],
        [
            Effect::Prepare,
            Effect::Identify(_, Presented(Credential::Badge(_)), Asked { current: None, guesses_left: None })
        ]
    ));
}

#[test]
fn scan_without_a_terminator_ends_by_silence() {
    let mut kiosk = at_rest();
    assert_eq!(kiosk.scan(ADA), [Effect::Prepare]);
    assert!(is_identify(&kiosk.idle(ms(400))));
}

#[test]
fn scan_is_whole_although_the_window_was_busy_in_the_middle_of_it() {
    let mut kiosk = at_rest();
    let _ = kiosk.scan("001234");
    let _ = kiosk.wait(ms(400));
    // The ticks that came meanwhile are handled before the keys.
    let _ = kiosk.send(Event::Ticked);
    let _ = kiosk.send(Event::Ticked);
    let effects = kiosk.scan("5678\n");
    let [Effect::Identify(_, Presented(Credential::Badge(badge)), Asked { current: None, .. })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(badge.expose(), ADA);
}

#[test]
fn torn_scan_is_dropped_and_is_never_digits_of_a_pin() {
    let mut kiosk = at_rest();
    // This reader is known to end with Enter.
    let _ = kiosk.scan("0012345678\n");
    let _ = kiosk.answer(Err(Denial::NotKnown));
    let _ = kiosk.scan("00123");
    assert_eq!(kiosk.idle(ms(700)), []);
    assert!(kiosk.is_at_rest());
}

#[test]
fn scan_during_a_pin_entry_is_never_digits_of_the_pin() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("12");
    let _ = kiosk.wait(ms(200));
    let effects = kiosk.scan("0012345678\n");
    let [Effect::Identify(_, Presented(Credential::Badge(badge)), Asked { current: None, .. })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(badge.expose(), ADA);
}

#[test]
fn digits_typed_slowly_are_a_pin() {
    let mut kiosk = at_rest();
    let mut effects = Vec::new();
    for c in "123456".chars() {
        effects.extend(kiosk.send(Event::KeyPressed(Key::Char(c))));
        effects.extend(kiosk.idle(ms(120)));
    }
    assert!(matches!(&effects[..], [Effect::Prepare, .., Effect::Identify(_, Presented(Credential::Pin(_)), _)]));
}

#[test]
fn two_quick_keys_are_two_fingers_of_a_person() {
    let mut kiosk = at_rest();
    let _ = kiosk.scan("12");
    let _ = kiosk.idle(ms(200));
    assert_eq!(kiosk.typed(), 2);
}

#[test]
fn stray_letters_and_control_keys_do_nothing() {
    let mut kiosk = at_rest();
    for key in [Key::Char('x'), Key::Tab, Key::Enter, Key::Backspace, Key::Escape] {
        let _ = kiosk.send(Event::KeyPressed(key));
        let effects = kiosk.idle(ms(200));
        assert_eq!(effects, []);
        assert!(kiosk.is_at_rest());
    }
}

#[test]
fn reading_longer_than_any_badge_is_dropped_whole() {
    let mut kiosk = at_rest();
    let effects = kiosk.scan(&format!("{}\n", "7".repeat(500)));
    assert_eq!(effects, [Effect::Prepare]);
    assert!(kiosk.is_at_rest());
}

#[test]
fn badge_read_twice_by_the_reader_asks_once() {
    let mut kiosk = signed_in();
    assert!(is_identify(&kiosk.scan("0012345678\n")));
    let _ = kiosk.answer(Ok(Identity::Same));
    assert_eq!(kiosk.scan("0012345678\n"), []);
    let _ = kiosk.idle(ms(2_000));
    assert!(is_identify(&kiosk.scan("0012345678\n")));
}

#[test]
fn scan_is_not_read_where_badges_are_off() {
    let sign_in = SignInRules { badge: BadgePolicy::Off, ..rules().sign_in };
    let mut kiosk = Kiosk::new(Rules { sign_in, ..rules() });
    assert_eq!(kiosk.scan("0012345678\n"), [Effect::Prepare]);
    assert!(kiosk.is_at_rest());
}

#[test]
fn badge_that_needs_its_pin_waits_for_it() {
    let sign_in = SignInRules { badge: BadgePolicy::WithPin, ..rules().sign_in };
    let mut kiosk = Kiosk::new(Rules { sign_in, ..rules() });
    assert_eq!(kiosk.scan("0012345678\n").last(), Some(&Effect::Prepare), "a badge alone is not looked up");
    let effects = kiosk.touch("123456");
    assert!(
        matches!(
            &effects[..],
            [Effect::Identify(_, Presented(Credential::BadgeWithPin(..)), Asked { guesses_left: None, .. })]
        ),
        "{effects:?}"
    );

    let mut kiosk =
        Kiosk::new(Rules { sign_in: SignInRules { badge: BadgePolicy::WithPin, ..rules().sign_in }, ..rules() });
    let _ = kiosk.scan("0012345678\n");
    let _ = kiosk.idle(ms(10_000));
    assert!(kiosk.is_at_rest(), "the badge is forgotten");
}
