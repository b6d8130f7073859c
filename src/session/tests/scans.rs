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
            Effect::Identify(_, Presented(Credential::Badge(_)), Asked { current: None, guesses_left: None, .. })
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

/// Wherever a scan stops for less than half a second, no other number is read: the digits before the pause may have been
/// taken for a person's, and silence ends a scan.
#[test]
fn a_scan_with_a_pause_in_it_is_read_whole_or_not_at_all() {
    for end in [ScanEnd::Auto, ScanEnd::Enter] {
        for (place, pause) in (1..ADA.len()).flat_map(|place| (10..490).step_by(15).map(move |pause| (place, pause))) {
            if end == ScanEnd::Auto && 2 < place && 140 < pause {
                continue;
            }
            let mut kiosk = Kiosk::new(Rules { reader: ReaderRules { end, ..rules().reader }, ..rules() });
            let mut effects = kiosk.scan(&ADA[..place]);
            effects.extend(kiosk.idle(ms(pause)));
            effects.extend(kiosk.scan(&format!("{}\n", &ADA[place..])));
            let read = effects.iter().find_map(|effect| {
                let Effect::Identify(_, Presented(Credential::Badge(badge)), _) = effect else { return None };
                Some(badge.expose())
            });
            assert!(read.is_none_or(|read| read == ADA), "{pause} ms after {place} digits");
            if read.is_none() {
                let _ = kiosk.idle(ms(2_000));
                assert!(is_identify(&kiosk.scan("0012345678\n")), "the next one is read");
            }
        }
    }
}

#[test]
fn torn_scan_is_not_read_and_is_never_digits_of_a_pin() {
    let mut kiosk = Kiosk::new(Rules { reader: ReaderRules { end: ScanEnd::Enter, ..rules().reader }, ..rules() });
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
        effects.extend(kiosk.send(Event::KeyPressed(Key::typed(c))));
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
    for key in [Key::typed('x'), Key::Tab, Key::Enter, Key::Backspace, Key::Escape] {
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
    let _ = kiosk.idle(ms(4_000));
    assert_eq!(kiosk.scan("0012345678\n"), [], "it has not been away");
    let _ = kiosk.idle(ms(5_000));
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

/// F52. Two people with badges in their hands: each gets a turn, and no touch of the second acts for the first.
#[test]
fn a_second_person_who_badges_during_a_check_is_next() {
    let mut kiosk = at_rest();
    assert!(matches!(kiosk.scan("0012345678\n")[..], [_, Effect::Identify(..)]));
    let _ = kiosk.idle(ms(300));
    assert_eq!(kiosk.scan("0087654321\n"), [], "one moment");
    assert_eq!(kiosk.scan("0012345678\n"), [], "the first card is still there");
    let first = kiosk.checking();
    let effects = kiosk.answer(Ok(Identity::Person(welcome())));
    let [.., Effect::Identify(_, Presented(Credential::Badge(badge)), Asked { current, .. })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((badge.expose(), *current), (GRACE, Some(first)));
    let _ = kiosk.wait(ms(500));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "nobody's doors are on the screen");
    let effects = kiosk.answer(Ok(Identity::Person(welcome())));
    assert!(effects.contains(&Effect::Forget(first, Ended::OtherBadge)), "{effects:?}");
    assert!(kiosk.visit().session != first);

    // A third person has no turn, but is heard at once when the second one is through.
    let mut kiosk = at_rest();
    let _ = (kiosk.scan("0012345678\n"), kiosk.idle(ms(300)), kiosk.scan("0087654321\n"), kiosk.idle(ms(300)));
    assert_eq!(kiosk.scan("0055555555\n"), []);
    let _ = (kiosk.answer(Err(Denial::NotKnown)), kiosk.answer(Err(Denial::NotKnown)));
    let _ = kiosk.idle(ms(300));
    assert!(matches!(kiosk.scan("0055555555\n")[..], [_, Effect::Identify(..)]));

    // The turn also comes if the first badge is unknown, or if its check never ends.
    for is_answered in [true, false] {
        let mut kiosk = at_rest();
        let _ = kiosk.scan("0012345678\n");
        let _ = kiosk.idle(ms(300));
        let _ = kiosk.scan("0087654321\n");
        let effects =
            if is_answered { kiosk.answer(Err(Denial::NotKnown)) } else { kiosk.wait(CHECK).send(Event::Ticked) };
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Identify(..))), "{effects:?}");
    }
}

/// A technician who types the PIN while somebody badges stays.
#[test]
fn a_badge_during_the_technicians_check_does_not_end_it() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123456");
    let _ = kiosk.scan("0087654321\n");
    let report =
        technician::HealthReport { facts: Vec::new(), fleet: None, last: Vec::new(), diagnostics: String::new() };
    assert_eq!(kiosk.answer(Ok(Identity::Technician(Box::new(report)))).len(), 1, "a guess comes back");
    assert!(matches!(kiosk.session.state(), State::Technician(_)));
}

/// At a desk, letters are what the layout writes, and digits are keys.
#[test]
fn a_name_is_typed_as_the_layout_writes_it() {
    let desk = || {
        let mut kiosk = Kiosk::new(Rules { keyboard: KeyboardPolicy::Desk, ..rules() });
        let _ = kiosk.touch("123456");
        let _ = kiosk.answer(Ok(Identity::Person(welcome())));
        let _ = kiosk.idle(ms(500));
        kiosk
    };
    let typed = |keys: &[(Option<char>, Option<char>)]| {
        let mut kiosk = desk();
        for (us, text) in keys {
            let _ = kiosk.send(Event::KeyPressed(Key::Char { us: *us, text: *text }));
            let _ = kiosk.idle(ms(120));
        }
        (kiosk.visit().find.letters().to_owned(), kiosk.visit().typed(kiosk.now).map(|(number, _)| number))
    };
    let key = |us, text| (Some(us), Some(text));
    assert_eq!(typed(&[key('[', 'ü'), key('b', 'b')]), ("ub".to_owned(), None));
    assert_eq!(typed(&[key(';', 'ñ')]), ("n".to_owned(), None));
    assert_eq!(typed(&[(Some('['), None), key('e', 'ê')]), ("e".to_owned(), None), "a dead key, then the letter");
    assert_eq!(typed(&[(None, Some('ł'))]), ("ł".to_owned(), None), "AltGr");
    // On a French keyboard é is on the 2: it is door 2 until a name goes on.
    assert_eq!(typed(&[key('2', 'é')]), (String::new(), Some(2)));
    assert_eq!(typed(&[key('2', 'é'), key('t', 't')]), ("et".to_owned(), None));
    assert_eq!(typed(&[key('t', 't'), key('2', 'é')]), ("te".to_owned(), None));
    assert_eq!(typed(&[key('1', '1'), key('l', 'l')]), ("l".to_owned(), None), "a number that was given up");
    assert_eq!(
        typed(&[key('l', 'l'), key('2', '2')]),
        ("l2".to_owned(), None),
        "a digit in a name opens no other door"
    );
    assert_eq!(typed(&[key('@', '2')]), (String::new(), Some(2)), "digits want Shift on a French keyboard");
    assert_eq!(typed(&[key('2', '\u{662}')]), (String::new(), Some(2)));
}

/// A badge at a reader with a wire of its own: the audit log is told which one, also where the badge needs its PIN.
#[test]
fn the_reader_of_a_badge_is_named_to_the_agent() {
    let scan = || Event::Scanned(Scan { reader: "serial /dev/x".to_owned(), read: Read::Text(ADA.to_owned()) });
    let named = |effects: &[Effect]| match effects {
        [Effect::Identify(_, _, Asked { reader, .. })] => reader.clone(),
        other => panic!("{other:?}"),
    };
    let mut kiosk = at_rest();
    assert_eq!(named(&kiosk.send(scan())).as_deref(), Some("serial /dev/x"));
    assert_eq!(kiosk.answer(Ok(Identity::NeedsPin)), []);
    assert_eq!(named(&kiosk.touch("123456")).as_deref(), Some("serial /dev/x"));
    let mut garbled = at_rest();
    let _ = garbled.send(Event::Scanned(Scan { reader: "serial".to_owned(), read: Read::Garbled }));
    assert_eq!(garbled.denial(), Some(Denial::NotRead));
    // With a reader of its own, a keyboard is none.
    let mut kiosk =
        Kiosk::new(Rules { reader: ReaderRules { are_keyboards_read: false, ..rules().reader }, ..rules() });
    assert_eq!(kiosk.scan("0012345678\n"), [Effect::Prepare]);
    assert!(kiosk.is_at_rest() && kiosk.denial().is_none());
}

/// At a desk, Enter means what was typed last. A door that asked before asks no longer.
#[test]
fn a_question_is_withdrawn_by_whatever_is_typed_next() {
    for next in ["l", "1", "\u{8}", "\u{1b}", "+"] {
        let mut kiosk = Kiosk::new(Rules { keyboard: KeyboardPolicy::Desk, ..rules() });
        let _ = (kiosk.touch("123456"), kiosk.answer(Ok(Identity::Person(welcome()))), kiosk.idle(ms(500)));
        let _ = kiosk.send(Event::DoorTouched(SERVER_ROOM));
        assert!(matches!(kiosk.visit().attempt, Attempt::Asked(SERVER_ROOM, _)));
        let _ = kiosk.idle(ms(500));
        let key = match next {
            "\u{8}" => Key::Backspace,
            "\u{1b}" => Key::Escape,
            other => Key::typed(other.chars().next().unwrap()),
        };
        let _ = (kiosk.send(Event::KeyPressed(key)), kiosk.idle(ms(500)));
        let effects = kiosk.send(Event::KeyPressed(Key::Enter));
        let opens = effects.iter().any(|effect| matches!(effect, Effect::Unlock(_, _, SERVER_ROOM)));
        assert!(!opens, "{next:?}: {effects:?}");
    }
}

/// A card that is read again while it lies there: nobody is signed in, and the screen says why.
#[test]
fn whoever_badges_again_at_once_is_told_to_take_the_card_away() {
    let mut kiosk = at_rest();
    let _ = (kiosk.scan("0012345678\n"), kiosk.answer(Ok(Identity::Person(welcome()))), kiosk.idle(ms(500)));
    let _ = (kiosk.send(Event::SignOutTouched), kiosk.idle(ms(500)));
    let _ = kiosk.scan("0012345678\n");
    assert_eq!(kiosk.denial(), Some(Denial::StillThere));
}

/// Noise on a line does not wipe what somebody types.
#[test]
fn an_unread_scan_keeps_the_pin_that_is_being_typed() {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("1234");
    let _ = kiosk.send(Event::Scanned(Scan { reader: "serial".to_owned(), read: Read::Garbled }));
    assert_eq!((kiosk.typed(), kiosk.denial()), (4, Some(Denial::NotRead)));
    assert!(is_identify(&kiosk.touch("56")));
}
