//! Visits by numeric keypad, languages, and a screen that dims.

use super::*;

/// Types on a numeric keypad, as slowly as a person.
fn keyed(kiosk: &mut Kiosk, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        effects.extend(kiosk.idle(ms(120)));
        effects.extend(kiosk.send(match key {
            '\n' => Event::KeyPressed(Key::Enter),
            '<' => Event::KeyPressed(Key::Backspace),
            key => Event::KeyPressed(Key::typed(key)),
        }));
    }
    effects.extend(kiosk.idle(ms(75)));
    effects
}

#[test]
fn a_keypad_opens_doors_by_their_numbers() {
    let mut kiosk = signed_in();
    let _ = kiosk.wait(ms(500));
    assert_eq!(keyed(&mut kiosk, "\n"), [], "no number");
    assert_eq!(keyed(&mut kiosk, "7\n"), [], "no such door");
    assert_eq!(keyed(&mut kiosk, "0\n"), []);
    assert_eq!(keyed(&mut kiosk, "3\n"), [], "a door that is not set up");
    assert_eq!(keyed(&mut kiosk, "1*1\n1.\n1/\n"), [], "a number with something else in it");
    assert_eq!(keyed(&mut kiosk, "12"), []);
    assert_eq!(kiosk.visit().typed(kiosk.now), Some((12, None)));
    let [Effect::Unlock(_, request, LOBBY)] = keyed(&mut kiosk, "<\n")[..] else { panic!() };
    assert_eq!(kiosk.visit().typed(kiosk.now), None);
    let _ = kiosk.send(Event::UnlockAnswered(request, refused()));
    let _ = kiosk.wait(ms(400));
    assert_eq!(keyed(&mut kiosk, "2\n"), [], "this one asks once more");
    assert!(matches!(keyed(&mut kiosk, "\n")[..], [Effect::Unlock(_, _, SERVER_ROOM)]));
}

/// R27: a badge number selects no door, however slowly it is typed.
#[test]
fn a_badge_number_typed_slowly_does_not_open_a_door() {
    for badge in ["0012345671", "1001", "0001"] {
        let mut kiosk = signed_in();
        let _ = kiosk.wait(ms(500));
        assert_eq!(keyed(&mut kiosk, &format!("{badge}\n")), [], "{badge}");
        assert_eq!(kiosk.visit().attempt, Attempt::None);
    }
}

/// B7: digits that came too early were dropped one by one, and the rest selected another door.
#[test]
fn a_number_that_lost_its_first_digits_does_not_open_a_door() {
    // From the start of a visit on, so that each digit comes once before and once after touches count.
    for after in (0..450).step_by(10) {
        let mut kiosk = signed_in();
        let _ = kiosk.wait(ms(after));
        // There is a door 1 but no door 21.
        assert_eq!(keyed(&mut kiosk, "21\n"), [], "{after} ms after the sign-in");
    }
    // While an unlock is open: some digits before the answer, the rest after it.
    for done_after in 0..10 {
        let mut kiosk = signed_in();
        let _ = kiosk.wait(ms(500));
        let [Effect::Unlock(_, request, LOBBY)] = keyed(&mut kiosk, "1\n")[..] else { panic!() };
        let (early, late) = "0099940001\n".split_at(done_after);
        assert_eq!(keyed(&mut kiosk, early), []);
        let _ = kiosk.send(Event::UnlockAnswered(request, refused()));
        assert_eq!(keyed(&mut kiosk, late), [], "{done_after} digits before the answer");
    }
}

#[test]
fn a_number_that_is_not_ended_is_forgotten_and_pages_turn_both_ways() {
    let mut kiosk = signed_in();
    let _ = kiosk.wait(ms(500));
    let _ = keyed(&mut kiosk, "1");
    let _ = kiosk.wait(ms(7_000));
    assert_eq!(keyed(&mut kiosk, "\n"), []);
    let _ = keyed(&mut kiosk, "++-");
    assert_eq!(kiosk.visit().page, 1);
    let _ = kiosk.send(Event::PageTurned(-2));
    assert_eq!(kiosk.visit().page, -1, "the last one");
}

#[test]
fn a_language_that_was_chosen_ends_with_the_session_or_with_nobody_there() {
    let mut kiosk = Kiosk::new(rules());
    assert_eq!(kiosk.session.language(), Language::En);
    let _ = kiosk.send(Event::LanguageTouched(Language::Fr));
    assert_eq!(kiosk.session.language(), Language::En, "not at this kiosk");
    let _ = kiosk.send(Event::LanguageTouched(Language::De));
    assert_eq!(kiosk.session.language(), Language::De);
    let _ = kiosk.idle(ms(31_000));
    assert_eq!(kiosk.session.language(), Language::En, "the person has left");

    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::LanguageTouched(Language::De));
    assert_eq!(kiosk.session.language(), Language::En, "only at rest: nothing moves under a finger");
    let _ = kiosk.send(Event::SignOutTouched);
    let _ = kiosk.send(Event::LanguageTouched(Language::De));
    kiosk.session.state = signed_in().session.state;
    let _ = kiosk.idle(ms(31_000));
    assert_eq!(kiosk.session.language(), Language::De, "for as long as the visit lasts");
    let _ = kiosk.send(Event::SignOutTouched);
    assert_eq!(kiosk.session.language(), Language::En);
}

#[test]
fn a_screen_at_rest_dims_and_the_touch_that_wakes_it_does_nothing_else() {
    let digit = || Event::DigitTouched(Digit::ALL[4]);
    let mut kiosk = Kiosk::new(Rules { dim_after: Duration::from_mins(2), ..rules() });
    let _ = kiosk.send(Event::Ticked);
    let _ = kiosk.idle(ms(119_000));
    assert!(!kiosk.session.is_dim());
    let _ = kiosk.idle(ms(2_000));
    assert!(kiosk.session.is_dim());
    assert_eq!(kiosk.session.deadline(), None, "nothing is drawn any more until somebody comes");
    for event in [Event::WakeTouched, digit(), Event::SwitchTouched] {
        assert_eq!(kiosk.send(event), []);
        assert!(!kiosk.session.is_dim() && kiosk.session.is_at_rest());
        let _ = kiosk.wait(ms(100));
    }
    let _ = kiosk.wait(ms(400));
    assert_eq!(kiosk.send(digit()), [Effect::Prepare], "now it is meant");
}

#[test]
fn a_badge_wakes_a_dim_screen_and_is_read() {
    let mut kiosk = Kiosk::new(Rules { dim_after: Duration::from_mins(2), ..rules() });
    let _ = kiosk.send(Event::Ticked);
    let _ = kiosk.idle(ms(121_000));
    assert!(kiosk.session.is_dim());
    assert!(matches!(kiosk.scan(&format!("{ADA}\n"))[..], [.., Effect::Identify(..)]));
    assert!(!kiosk.session.is_dim());
    let mut kiosk = Kiosk::new(rules());
    let _ = kiosk.send(Event::Ticked);
    let _ = kiosk.idle(ms(1_000_000));
    assert!(!kiosk.session.is_dim(), "never");
}
