//! The rules of a visit, one test each. Time is a number that is added to.

mod readers;
mod technicians;
mod wishes;

use std::time::{Duration, Instant};

use super::{
    budget::BudgetRules,
    entry::Entry,
    rules::{BadgePolicy, SignInRules},
    visit::{Attempt, Welcome},
    *,
};
use crate::{
    door::{Code, Door, DoorState, Outcome, Reason},
    language::Language,
    staff::{BadgeProfile, Credential, Digit, Pin},
    trouble::Trouble,
};

const LOBBY: DoorId = DoorId::new(7);
const SERVER_ROOM: DoorId = DoorId::new(8);
const PLANNED: DoorId = DoorId::new(9);
const ELSEWHERE: DoorId = DoorId::new(99);
const ADA: &str = "0012345678";
const GRACE: &str = "0087654321";

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// No right to this door.
pub(super) fn refused() -> Outcome {
    Outcome::Refused(Reason::new(403, Code::new(Some("fcd8ef"))))
}

fn rules() -> Rules {
    Rules {
        sign_in: SignInRules {
            pin: true,
            pin_digits: 6,
            badge: BadgePolicy::Alone,
            typed_badge: true,
            profile: BadgeProfile::plain(),
        },
        budget: BudgetRules { guesses: 10, refill: Duration::from_mins(6) },
        idle: Duration::from_secs(45),
        warning: Duration::from_secs(20),
        after_unlock: Duration::from_secs(8),
        max: Duration::from_mins(3),
        unlock_timeout: Duration::from_secs(8),
        confirm: vec!["Server room".to_owned()],
        follow: true,
        dim_after: Duration::ZERO,
        languages: vec![Language::En, Language::De],
        reception: false,
        are_unlocks_counted: false,
    }
}

fn welcome() -> Welcome {
    let door = |id, name: &str, state| Door { id, name: name.to_owned(), place: None, state, allowance: None };
    Welcome {
        name: "Ada".to_owned(),
        doors: vec![
            door(LOBBY, "Lobby", DoorState::Ready),
            door(SERVER_ROOM, "Server room", DoorState::Ready),
            door(PLANNED, "Planned", DoorState::NotSetUp),
        ],
        language: None,
        incomplete: false,
    }
}

/// A session with the time that has passed.
struct Kiosk {
    session: Session,
    now: Instant,
}

impl Kiosk {
    fn new(rules: Rules) -> Self {
        #[expect(clippy::disallowed_methods, reason = "any beginning will do, and there is no other way to make one")]
        let now = Instant::now();
        Self { session: Session::new(rules), now }
    }

    fn send(&mut self, event: Event) -> Vec<Effect> {
        self.session.handle(event, self.now)
    }

    fn wait(&mut self, by: Duration) -> &mut Self {
        self.now += by;
        self
    }

    /// Ticks as the window does, until `by` has passed.
    fn idle(&mut self, by: Duration) -> Vec<Effect> {
        let until = self.now + by;
        let mut effects = Vec::new();
        while self.now < until {
            self.now = (self.now + ms(25)).min(until);
            effects.extend(self.send(Event::Ticked));
        }
        effects
    }

    fn touch(&mut self, digits: &str) -> Vec<Effect> {
        digits.chars().flat_map(|c| self.send(Event::DigitTouched(Digit::from_char(c).unwrap()))).collect()
    }

    /// Types as a reader does.
    fn scan(&mut self, text: &str) -> Vec<Effect> {
        let keys = text.chars().map(|c| if c == '\n' { Key::Enter } else { Key::Char(c) });
        keys.flat_map(|key| {
            self.now += ms(4);
            self.send(Event::KeyPressed(key))
        })
        .collect()
    }

    /// Answers the check that is open.
    fn answer(&mut self, answer: Result<Identity, Denial>) -> Vec<Effect> {
        let State::Checking { session, .. } = *self.session.state() else { panic!("nothing is checked") };
        self.send(Event::Identified(session, answer))
    }

    fn visit(&self) -> &Visit {
        let State::SignedIn(visit) = self.session.state() else { panic!("nobody is signed in") };
        visit
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.session.state(), State::SignedOut { entry, .. } if entry.is_empty())
    }

    fn denial(&self) -> Option<Denial> {
        let State::SignedOut { denial, .. } = self.session.state() else { return None };
        denial.map(|(denial, _)| denial)
    }

    fn typed(&self) -> usize {
        match self.session.state() {
            State::SignedOut { entry: Entry::Pin(pin) | Entry::PinOf(_, pin) | Entry::Technician(pin), .. } => {
                pin.len()
            }
            State::SignedOut { entry: Entry::BadgeNumber(number), .. } => number.digits().len(),
            State::Checking { .. } | State::SignedIn(_) | State::Technician(_) => panic!("no pad"),
        }
    }

    /// The request that is open.
    fn request(&self) -> RequestId {
        let Attempt::Opening(request, ..) = self.visit().attempt else { panic!("no door is opening") };
        request
    }
}

fn at_rest() -> Kiosk {
    Kiosk::new(rules())
}

/// Ada is signed in, and her finger has left the key.
fn signed_in() -> Kiosk {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123456");
    let _ = kiosk.answer(Ok(Identity::Person(welcome())));
    let _ = kiosk.wait(ms(500));
    kiosk
}

/// And a door was touched.
fn opening() -> Kiosk {
    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::DoorTouched(LOBBY));
    kiosk
}

fn is_identify(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Identify(..)])
}

// --- entry ---------------------------------------------------------------------------------------

#[test]
fn first_digit_opens_the_connection_and_the_last_one_asks_who_it_is() {
    let mut kiosk = at_rest();
    assert_eq!(kiosk.touch("1"), [Effect::Prepare]);
    assert_eq!(kiosk.touch("2345"), []);
    let effects = kiosk.touch("6");
    let [Effect::Identify(_, Presented(Credential::Pin(pin)), Asked { current: None, guesses_left: Some(9) })] =
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

// --- keys ----------------------------------------------------------------------------------------

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
    assert_eq!(kiosk.scan("0012345678\n").last(), Some(&Effect::Prepare), "nobody is asked about a badge alone");
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

// --- checking ------------------------------------------------------------------------------------

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

// --- doors ---------------------------------------------------------------------------------------

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

/// F30: however quickly the first one is answered.
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
    assert!(matches!(kiosk.send(Event::DoorTouched(SERVER_ROOM))[..], [Effect::Unlock(_, _, SERVER_ROOM)]));

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
    let _ = kiosk.send(Event::DoorsListed(session, doors));
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
}

// --- guesses ------------------------------------------------------------------------------------

/// Types a PIN and has it answered. Returns whether it was looked at.
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

/// T2: a success in between changes nothing for the wrong ones.
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
fn a_guess_is_written_down_as_spent_before_it_is_looked_at() {
    let mut kiosk = at_rest();
    let effects = kiosk.touch("482913");
    let [.., Effect::Identify(_, _, asked)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(asked.guesses_left, Some(9));
}

#[test]
fn guesses_come_back_one_by_one_and_are_written_down() {
    let mut kiosk = at_rest();
    for _ in 0..10 {
        let _ = guess(&mut kiosk, Err(Denial::NotKnown));
    }
    assert_eq!(kiosk.touch("4"), [], "no digit is taken for nothing");
    assert_eq!(kiosk.wait(Duration::from_mins(6)).send(Event::Ticked), [Effect::KeepBudget(1)]);
    assert_eq!(kiosk.touch("4"), [Effect::Prepare]);
    let _ = kiosk.wait(Duration::from_mins(54)).send(Event::Ticked);
    assert_eq!((kiosk.session.budget().left(), kiosk.session.budget().is_waiting()), (10, false));
}

/// T4, R19.
#[test]
fn after_a_restart_the_guesses_are_as_few_and_the_wait_begins_anew() {
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
fn what_is_not_the_persons_fault_costs_nothing() {
    for denial in [Denial::LoginDead, Denial::Network(Trouble::Name), Denial::Network(Trouble::Kisi)] {
        let mut kiosk = at_rest();
        assert!(guess(&mut kiosk, Err(denial)));
        assert_eq!(kiosk.session.budget().left(), 10, "{denial:?}");
    }
}

/// T5: the keypad is spent by ten thousand wrong PINs, badges still work.
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

// --- the end -------------------------------------------------------------------------------------

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

/// F31: 10,000 moments around the end of a session. An unlock is whole and inside it, or it is nothing.
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
fn an_agent_that_began_anew_has_nobody_signed_in() {
    let mut kiosk = opening();
    let request = kiosk.request();
    assert_eq!(kiosk.send(Event::AgentBegan), []);
    assert!(kiosk.is_at_rest());
    assert_eq!(kiosk.send(Event::UnlockAnswered(request, Outcome::Accepted)), [], "an answer of before");
    assert_eq!(kiosk.send(Event::DoorTouched(LOBBY)), []);
}

/// F19: Kisi counts what a person asks for, so no door of theirs can be tried meanwhile.
#[test]
fn after_too_many_requests_every_door_rests_for_a_moment() {
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
fn still_here_gives_the_whole_time_again_up_to_the_maximum() {
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
fn sign_out_forgets_and_leaves_nothing_on_the_pad() {
    let mut kiosk = opening();
    let session = kiosk.visit().session;
    assert_eq!(kiosk.send(Event::SignOutTouched), [Effect::Forget(session, Ended::SignedOut)]);
    assert!(kiosk.is_at_rest());
    assert_eq!(kiosk.send(Event::SignOutTouched), []);
}

/// Found by the random sequences: an unlock ran out of time while one's own badge was looked at.
#[test]
fn an_unlock_that_runs_out_of_time_during_a_check_is_over_after_it() {
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

/// State by event: these do nothing and ask for nothing.
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
        shown.push(format!("{event:?} {:?} {:?}", kiosk.session, Event::KeyPressed(Key::Char(c))));
        shown.push(format!("{:?}", kiosk.send(event)));
    }
    shown.push(format!("{:?}", Credential::Pin(Pin::parse("471147").unwrap())));
    let shown = shown.concat();
    assert!(!shown.contains("471147") && !shown.contains("D4") && !shown.contains("'4'"), "{shown}");
}

/// What somebody at a numeric keypad types: the keys far enough apart for a person.
fn keyed(kiosk: &mut Kiosk, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        let _ = kiosk.wait(ms(120));
        effects.extend(kiosk.send(match key {
            '\n' => Event::KeyPressed(Key::Enter),
            '<' => Event::KeyPressed(Key::Backspace),
            key => Event::KeyPressed(Key::Char(key)),
        }));
    }
    // The window ticks while keys wait for a verdict.
    let _ = kiosk.wait(ms(60));
    effects.extend(kiosk.send(Event::Ticked));
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
    assert_eq!(keyed(&mut kiosk, "12"), []);
    assert_eq!(kiosk.visit().typed(kiosk.now), Some((12, None)));
    let [Effect::Unlock(_, request, LOBBY)] = keyed(&mut kiosk, "<\n")[..] else { panic!() };
    assert_eq!(kiosk.visit().typed(kiosk.now), None);
    let _ = kiosk.send(Event::UnlockAnswered(request, refused()));
    let _ = kiosk.wait(ms(400));
    assert_eq!(keyed(&mut kiosk, "2\n"), [], "this one asks once more");
    assert!(matches!(keyed(&mut kiosk, "\n")[..], [Effect::Unlock(_, _, SERVER_ROOM)]));
}

/// R27: what looks like a badge number is no number of a door, however slowly it is typed.
#[test]
fn a_badge_number_typed_slowly_opens_no_door() {
    for badge in ["0012345671", "1001", "0001"] {
        let mut kiosk = signed_in();
        let _ = kiosk.wait(ms(500));
        assert_eq!(keyed(&mut kiosk, &format!("{badge}\n")), [], "{badge}");
        assert_eq!(kiosk.visit().attempt, Attempt::None);
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
    assert_eq!(kiosk.session.language(), Language::En, "whoever it was has left");

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
