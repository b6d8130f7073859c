//! Closing an outcome, searching for a door, choosing a language, and touches that were meant for something else.

use super::*;

fn desk() -> Kiosk {
    let mut kiosk = Kiosk::new(Rules { reception: true, keyboard: KeyboardPolicy::Desk, ..rules() });
    let _ = kiosk.touch("123456");
    let _ = kiosk.answer(Ok(Identity::Person(welcome())));
    let _ = kiosk.wait(ms(500));
    kiosk
}

/// Types as slowly as a person.
fn type_slowly(kiosk: &mut Kiosk, text: &str) {
    for c in text.chars() {
        let _ = kiosk.send(Event::KeyPressed(Key::typed(c)));
        let _ = kiosk.idle(ms(150));
    }
}

fn found(kiosk: &Kiosk) -> Vec<&str> {
    kiosk.visit().found().map(|(_, door)| door.name.as_str()).collect()
}

#[test]
fn an_outcome_is_dismissed_by_a_touch_of_its_own_only() {
    let mut kiosk = opening();
    let request = kiosk.request();
    let _ = kiosk.send(Event::UnlockAnswered(request, Outcome::Accepted));
    let _ = kiosk.send(Event::OutcomeDismissed);
    assert!(matches!(kiosk.visit().attempt, Attempt::Done(..)), "the finger that touched the door dismisses nothing");
    let _ = kiosk.wait(ms(400)).send(Event::OutcomeDismissed);
    assert_eq!(kiosk.visit().attempt, Attempt::None);
    assert_eq!(
        kiosk.visit().deadline() - kiosk.now,
        Duration::from_secs(45),
        "closing the outcome restarts the idle time"
    );
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "the touch was meant for the outcome");
    assert_eq!(kiosk.wait(ms(400)).send(Event::DoorTouched(LOBBY)).len(), 1);
}

#[test]
fn a_touch_on_an_outcome_that_just_went_away_opens_nothing() {
    let mut kiosk = opening();
    let request = kiosk.request();
    let _ = kiosk.send(Event::UnlockAnswered(request, refused()));
    let _ = kiosk.idle(ms(6_050));
    assert_eq!(kiosk.visit().attempt, Attempt::None, "it timed out");
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
    assert_eq!(kiosk.wait(ms(400)).send(Event::DoorTouched(LOBBY)).len(), 1);
}

#[test]
fn letters_find_doors_and_enter_opens_the_only_one() {
    let mut kiosk = desk();
    type_slowly(&mut kiosk, "ser");
    assert_eq!(found(&kiosk), ["Server room"]);
    let enter = Event::KeyPressed(Key::Enter);
    assert_eq!(kiosk.wait(ms(400)).send(enter.clone()), [], "the first Enter only asks, as a first tap does");
    assert!(matches!(kiosk.visit().attempt, Attempt::Asked(SERVER_ROOM, _)));
    assert!(matches!(kiosk.wait(ms(400)).send(enter)[..], [Effect::Unlock(_, _, SERVER_ROOM)]));

    let mut kiosk = desk();
    type_slowly(&mut kiosk, "l");
    let _ = kiosk.send(Event::KeyPressed(Key::Escape));
    assert_eq!((found(&kiosk).len(), kiosk.is_at_rest()), (3, false), "all doors again");
    let _ = kiosk.send(Event::KeyPressed(Key::Escape));
    assert!(kiosk.is_at_rest());
}

fn key(kiosk: &mut Kiosk, key: Key) -> Vec<Effect> {
    let _ = kiosk.idle(ms(500));
    kiosk.send(Event::KeyPressed(key))
}

/// The outcome hides the doors: Enter closes it and opens nothing again, other keys close it and count.
#[test]
fn nothing_is_chosen_behind_an_outcome() {
    let mut kiosk = desk();
    type_slowly(&mut kiosk, "lob");
    assert_eq!(key(&mut kiosk, Key::Enter).len(), 1);
    let _ = kiosk.send(Event::UnlockAnswered(kiosk.request(), Outcome::Accepted));
    let _ = kiosk.idle(ms(500));
    let _ = kiosk.send(Event::PageTurned(1));
    assert_eq!((kiosk.visit().page, found(&kiosk).len()), (0, 3), "the unlock ended the search; no page turns unseen");
    for _ in 0..3 {
        assert_eq!(key(&mut kiosk, Key::Enter), [], "the door that was opened is not opened again");
        assert_eq!(kiosk.visit().attempt, Attempt::None);
    }

    for (pressed, shown) in [
        (Key::typed('1'), (Some(1), "", Some(LOBBY))),
        (Key::typed('s'), (None, "s", Some(SERVER_ROOM))),
        (Key::Tab, (None, "", Some(LOBBY))),
    ] {
        let mut kiosk = desk();
        let _ = kiosk.send(Event::DoorTouched(LOBBY));
        let _ = kiosk.send(Event::UnlockAnswered(kiosk.request(), Outcome::Accepted));
        let _ = key(&mut kiosk, pressed);
        let _ = kiosk.idle(ms(150));
        let visit = kiosk.visit();
        let number = visit.typed(kiosk.now).map(|(number, _)| number);
        assert_eq!((number, visit.find.letters(), visit.chosen(kiosk.now)), shown, "{pressed:?}");
        assert_eq!(kiosk.visit().attempt, Attempt::None, "what is typed is on the screen");
        assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "the touch was meant for the outcome");
    }
}

/// Esc takes back one thing at a time, and locks only when nothing is left.
#[test]
fn escape_forgets_a_typed_number_before_it_locks() {
    let mut kiosk = desk();
    type_slowly(&mut kiosk, "1");
    let _ = key(&mut kiosk, Key::Escape);
    assert!(!kiosk.is_at_rest() && kiosk.visit().typed(kiosk.now).is_none());
    assert_eq!(key(&mut kiosk, Key::Enter), []);
    let _ = key(&mut kiosk, Key::Escape);
    assert!(kiosk.is_at_rest());
}

/// A number belongs to a place on the list that was seen when it was typed.
#[test]
fn a_number_opens_no_door_that_came_to_its_place() {
    let mut kiosk = desk();
    type_slowly(&mut kiosk, "1");
    let (session, mut doors) = (kiosk.visit().session, kiosk.visit().welcome.doors.clone());
    let _ = doors.remove(0);
    let _ = kiosk.send(Event::DoorsListed(session, list(doors)));
    assert_eq!(key(&mut kiosk, Key::Enter), []);
    assert_eq!(kiosk.visit().attempt, Attempt::None);
}

#[test]
fn keyboard_letters_are_ignored_on_the_wall_and_letters_on_the_screen_search() {
    let mut kiosk = signed_in();
    type_slowly(&mut kiosk, "lob");
    assert_eq!(found(&kiosk).len(), 3);
    let _ = kiosk.send(Event::FindTouched);
    assert!(kiosk.visit().find.is_open);
    let _ = kiosk.send(Event::LetterTouched('l'));
    assert_eq!((found(&kiosk), kiosk.visit().find.is_open), (vec!["Lobby"], false), "few enough are shown");
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), [], "the finger was on a letter");
    let _ = kiosk.send(Event::FindTouched);
    assert_eq!(found(&kiosk).len(), 3);
}

#[test]
fn a_chosen_language_is_stored_and_used_at_the_next_visit() {
    let greeted = |chosen: Option<Language>, before: Option<Language>| {
        let mut kiosk = at_rest();
        if let Some(language) = chosen {
            let _ = kiosk.send(Event::LanguageTouched(language));
        }
        let _ = kiosk.touch("123456");
        let effects = kiosk.answer(Ok(Identity::Person(Welcome { language: before, ..welcome() })));
        let kept = |effect: &Effect| {
            if let Effect::KeepLanguage(_, language) = effect { Some(*language) } else { None }
        };
        let kept = effects.iter().find_map(kept);
        let spoken = kiosk.session.language();
        let _ = kiosk.send(Event::SignOutTouched);
        assert_eq!(kiosk.session.language(), Language::En, "the next one is somebody else");
        (spoken, kept)
    };
    assert_eq!(greeted(None, None), (Language::En, None));
    assert_eq!(greeted(None, Some(Language::De)), (Language::De, None));
    assert_eq!(greeted(Some(Language::De), None), (Language::De, Some(Language::De)));
    assert_eq!(greeted(Some(Language::De), Some(Language::De)), (Language::De, None), "known already");
    assert_eq!(greeted(None, Some(Language::Fr)), (Language::En, None), "not spoken here");
}

#[test]
fn touch_right_after_the_tiles_move_opens_nothing() {
    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::PageTurned(1));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
    assert_eq!(kiosk.wait(ms(400)).send(Event::DoorTouched(LOBBY)).len(), 1);

    let mut kiosk = signed_in();
    let (session, mut doors) = (kiosk.visit().session, kiosk.visit().welcome.doors.clone());
    let _ = kiosk.send(Event::DoorsListed(session, list(doors.clone())));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)).len(), 1, "the same doors in the same places");
    let mut kiosk = signed_in();
    let session = kiosk.visit().session;
    let _ = doors.remove(1);
    let _ = kiosk.send(Event::DoorsListed(session, list(doors)));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
    assert_eq!(kiosk.wait(ms(400)).send(Event::DoorTouched(LOBBY)).len(), 1);
}
