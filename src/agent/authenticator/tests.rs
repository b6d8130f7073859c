//! How wrong entries are charged, and when the budgets refill.

use super::*;
use crate::{
    secret::Secret,
    staff::BadgeProfile,
    store::directory::{Cost, Enrolment},
};

const NUMBER: &str = "0012345678";

fn badge(number: &str) -> Badge {
    Badge::read(number, &BadgeProfile::plain()).unwrap()
}

/// Enrolls Ada with a badge, and with a PIN if `needs_pin` is set.
fn enrolled(folder: &std::path::Path, needs_pin: bool) -> (Authenticator, Option<Pin>) {
    let mut directory = Directory::open(folder, None, || Cost::MINIMUM).unwrap();
    let person = Enrolment {
        email: "ada@example.com",
        name: "Ada Lind",
        login_id: 77,
        secret: &Secret::new("login".to_owned()),
        badge: Some(&badge(NUMBER)),
        pin_digits: needs_pin.then_some(6),
        badge_alone: !needs_pin,
        outbox_entry: None,
    };
    let pin = directory.enrol(&person).unwrap();
    (Authenticator::new(directory, needs_pin, BADGES), pin)
}

const BADGES: BudgetRules = BudgetRules { guesses: 20, refill: Duration::from_secs(30) };

fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// As the agent does: hashed, then looked up.
fn look_up(authenticator: &mut Authenticator, credential: &Credential, now: Instant) -> LookedUp {
    let again = match credential {
        Credential::Pin(pin) => Credential::Pin(copy(pin)),
        Credential::Badge(badge) => Credential::Badge(badge.clone()),
        Credential::BadgeWithPin(badge, pin) => Credential::BadgeWithPin(badge.clone(), copy(pin)),
        Credential::Technician(pin) => Credential::Technician(copy(pin)),
    };
    let presented = authenticator.directory.present(again).unwrap();
    authenticator.look_up(&presented, None, now)
}

fn copy(pin: &Pin) -> Pin {
    Pin::parse(std::str::from_utf8(pin.expose()).unwrap()).unwrap()
}

/// T6: ten wrong PINs after a person's badge lock them out for ten minutes, across a restart too.
#[test]
fn a_badge_whose_pin_was_guessed_at_works_again_after_ten_minutes() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, pin) = enrolled(folder.path(), true);
    let pin = pin.unwrap();
    let wrong = if pin.expose() == b"918273" { "827364" } else { "918273" };
    let with = |pin: Pin| Credential::BadgeWithPin(badge(NUMBER), pin);
    let now = start();
    for left in (0..10).rev() {
        let answer = look_up(&mut authenticator, &with(Pin::parse(wrong).unwrap()), now);
        assert_eq!(matches!(answer, LookedUp::LastTry), left == 0, "the last try is reported");
        assert!(matches!(answer, LookedUp::LastTry | LookedUp::Not(Denial::NotKnown)));
    }
    assert!(matches!(look_up(&mut authenticator, &with(copy(&pin)), now), LookedUp::Not(Denial::NotKnown)), "kept out");
    // After a restart the tries stay spent, and the wait starts over.
    let directory = authenticator.directory;
    let mut authenticator = Authenticator::new(directory, true, BADGES);
    assert!(matches!(look_up(&mut authenticator, &with(copy(&pin)), now), LookedUp::Not(Denial::NotKnown)));
    let later = now + TRIES.refill;
    assert!(
        matches!(look_up(&mut authenticator, &with(copy(&pin)), later), LookedUp::Found(_)),
        "T6: ten minutes later"
    );
    let ada = authenticator.directory.person("ada@example.com").unwrap().unwrap().id;
    assert_eq!(
        authenticator.directory.counters().tries_left(ada).unwrap(),
        Some(1),
        "a right PIN returns its own try and no other"
    );
}

fn unknown(number: u32) -> Credential {
    Credential::Badge(badge(&format!("9999{number:04}")))
}

/// B5, R21: the budget allows twenty unknown badges. Each is charged on the disk before its lookup, and a restart
/// refills nothing. With an empty budget every badge asks for its PIN, known or not.
#[test]
fn unknown_badges_are_charged_on_disk_and_a_restart_refills_nothing() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, _) = enrolled(folder.path(), false);
    let now = start();
    let own = Credential::Badge(badge(NUMBER));
    for number in 0..20 {
        assert!(matches!(look_up(&mut authenticator, &own, now), LookedUp::Found(_)), "a known badge costs nothing");
        let answer = look_up(&mut authenticator, &unknown(number), now);
        assert_eq!(matches!(answer, LookedUp::LastTry), number == 19, "the last try is reported");
        let kept = authenticator.directory.counters().badge_guesses_left().unwrap().unwrap();
        assert!(kept <= 19 - number, "{number}: {kept} on the disk");
    }
    for credential in [&own, &unknown(0), &unknown(77)] {
        assert!(matches!(look_up(&mut authenticator, credential, now), LookedUp::NeedsPin), "known or not");
    }
    let mut authenticator = Authenticator::new(authenticator.directory, false, BADGES);
    assert!(matches!(look_up(&mut authenticator, &own, now), LookedUp::NeedsPin), "a restart refills nothing");
    let later = now + BADGES.refill;
    assert!(matches!(look_up(&mut authenticator, &own, later), LookedUp::Found(_)), "T6: half a minute later");
    assert!(matches!(look_up(&mut authenticator, &unknown(99), later), LookedUp::LastTry));
    // Refilled lookups are stored.
    let much_later = later + 10 * BADGES.refill;
    authenticator.keep_badge_budget(much_later, false);
    assert_eq!(authenticator.directory.counters().badge_guesses_left().unwrap(), Some(10));
    // The end stores what known badges borrowed: restarts and reloads use up nothing.
    for _ in 0..30 {
        let at = start() + 20 * BADGES.refill;
        assert!(matches!(look_up(&mut authenticator, &own, at), LookedUp::Found(_)));
        authenticator.keep_badge_budget(at, true);
        authenticator = Authenticator::new(authenticator.directory, false, BADGES);
    }
}

/// B6: once the site requires PINs, a badge that used to open alone asks for its PIN, and that costs nothing.
#[test]
fn a_known_badge_whose_login_copy_was_deleted_asks_for_its_pin() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, _) = enrolled(folder.path(), false);
    let ada = authenticator.directory.person("ada@example.com").unwrap().unwrap();
    let _ = authenticator.directory.issue_pin(ada.id, 6, &mut |_| Ok(())).unwrap().unwrap();
    assert_eq!(authenticator.directory.forget_badge_copies().unwrap(), 1);
    for _ in 0..30 {
        let answer = look_up(&mut authenticator, &Credential::Badge(badge(NUMBER)), start());
        assert!(matches!(answer, LookedUp::NeedsPin));
    }
    assert!(
        matches!(look_up(&mut authenticator, &unknown(1), start()), LookedUp::Not(Denial::NotKnown)),
        "nothing was spent"
    );
    // A suspended person counts as unknown here too.
    let _ = authenticator.directory.suspend("ada@example.com", true).unwrap();
    let answer = look_up(&mut authenticator, &Credential::Badge(badge(NUMBER)), start());
    assert!(matches!(answer, LookedUp::Not(Denial::NotKnown)));
}

/// R17: after a restart tries refill on time, even if nobody signs in meanwhile.
#[test]
fn tries_refill_on_time_after_a_restart() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, _) = enrolled(folder.path(), false);
    let ada = authenticator.directory.person("ada@example.com").unwrap().unwrap();
    let pin = authenticator.directory.issue_pin(ada.id, 6, &mut |_| Ok(())).unwrap().unwrap();
    let technician = authenticator.directory.issue_technician_pin(&mut |_| Ok(())).unwrap();
    authenticator.directory.counters().keep_tries_left(ada.id, 0).unwrap();
    authenticator.directory.counters().keep_technician_tries(0).unwrap();
    let mut authenticator = Authenticator::new(authenticator.directory, false, BADGES);
    let after = |wait: Duration| start() + wait + Duration::from_secs(1);
    let own = Credential::BadgeWithPin(badge(NUMBER), copy(&pin));
    assert!(matches!(look_up(&mut authenticator, &own, after(TRIES.refill)), LookedUp::Found(_)));
    let answer = look_up(&mut authenticator, &Credential::Technician(technician), after(TECHNICIAN.refill));
    assert!(matches!(answer, LookedUp::Technician));
}

/// B6: ten wrong PINs and one foreign card shown 21 times left no way to sign in. The same card is charged once.
#[test]
fn an_unknown_badge_that_is_shown_repeatedly_is_charged_once() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, _) = enrolled(folder.path(), false);
    let now = start();
    for _ in 0..100 {
        assert!(matches!(look_up(&mut authenticator, &unknown(1), now), LookedUp::Not(Denial::NotKnown)));
    }
    assert_eq!(authenticator.directory.counters().badge_guesses_left().unwrap(), Some(19));
    assert!(matches!(look_up(&mut authenticator, &Credential::Badge(badge(NUMBER)), now), LookedUp::Found(_)));
    // A card that is given to a person meanwhile works at once.
    let ada = authenticator.directory.person("ada@example.com").unwrap().unwrap();
    let Credential::Badge(given) = unknown(1) else { panic!() };
    assert!(authenticator.directory.give_badge(ada.id, &given).unwrap());
    assert!(matches!(look_up(&mut authenticator, &unknown(1), now), LookedUp::Found(_)));
}

/// B6: with an empty badge budget a badge with its PIN still signs in, and wrong PINs use that person's tries.
#[test]
fn a_badge_that_asks_for_its_pin_draws_on_the_persons_tries() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, _) = enrolled(folder.path(), false);
    let now = start();
    let ada = authenticator.directory.person("ada@example.com").unwrap().unwrap();
    let pin = authenticator.directory.issue_pin(ada.id, 6, &mut |_| Ok(())).unwrap().unwrap();
    (0..20).for_each(|number| drop(look_up(&mut authenticator, &unknown(number), now)));
    let with = |pin: &Pin| Credential::BadgeWithPin(badge(NUMBER), copy(pin));
    let wrong = Pin::parse(if pin.expose() == b"918273" { "827364" } else { "918273" }).unwrap();
    assert!(matches!(look_up(&mut authenticator, &with(&wrong), now), LookedUp::Not(Denial::NotKnown)));
    assert_eq!(authenticator.directory.counters().tries_left(ada.id).unwrap(), Some(9));
    assert!(matches!(look_up(&mut authenticator, &with(&pin), now), LookedUp::Found(_)));
}

/// B8: `staff renew` restores a person's tries on the disk, and the running agent uses them.
#[test]
fn the_running_agent_uses_tries_that_a_command_restored() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, pin) = enrolled(folder.path(), true);
    let pin = pin.unwrap();
    let now = start();
    let with = |pin: &str| Credential::BadgeWithPin(badge(NUMBER), Pin::parse(pin).unwrap());
    let wrong = if pin.expose() == b"918273" { "827364" } else { "918273" };
    (0..10).for_each(|_| drop(look_up(&mut authenticator, &with(wrong), now)));
    let right = with(std::str::from_utf8(pin.expose()).unwrap());
    assert!(matches!(look_up(&mut authenticator, &right, now), LookedUp::Not(Denial::NotKnown)), "kept out");
    // Another process renews the login.
    let mut other = Directory::open(folder.path(), None, || Cost::MINIMUM).unwrap();
    let ada = other.person("ada@example.com").unwrap().unwrap();
    let outbox_entry = other.outbox().note_making(&ada.email).unwrap();
    let secret = Secret::new("another login".to_owned());
    let renewal =
        directory::Renewal { login_id: 78, secret: &secret, pin_digits: Some(6), badge_alone: false, outbox_entry };
    let new = other.renew(ada.id, &renewal, &mut |_| Ok(())).unwrap().unwrap();
    let new = with(std::str::from_utf8(new.expose()).unwrap());
    assert!(matches!(look_up(&mut authenticator, &new, now), LookedUp::Found(_)));
}

/// T34: a suspended person cannot sign in until resumed.
#[test]
fn a_suspended_person_cannot_sign_in_until_resumed() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (mut authenticator, _) = enrolled(folder.path(), false);
    let own = Credential::Badge(badge(NUMBER));
    let _ = authenticator.directory.suspend("ada@example.com", true).unwrap();
    assert!(matches!(look_up(&mut authenticator, &own, start()), LookedUp::Not(Denial::NotKnown)));
    let _ = authenticator.directory.suspend("ada@example.com", false).unwrap();
    assert!(matches!(look_up(&mut authenticator, &own, start()), LookedUp::Found(_)));
}
