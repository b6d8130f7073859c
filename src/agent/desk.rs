//! The directory as the agent asks it: who is this, and what did that cost. It runs beside the agent's task, because hashing
//! takes a quarter of a second and SQLite waits for disks.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    chain::Chain,
    directory::{self, Directory, Found},
    language::Language,
    session::{
        Denial,
        budget::{Budget, BudgetRules},
    },
    staff::{Badge, Credential, Pin, StaffId},
};

/// Wrong PINs for one person's badge: so many, then one more after each ten minutes.
///
/// # Source
///
/// `threats-and-faults.md`, R17.
const TRIES: BudgetRules = BudgetRules { guesses: 10, refill: Duration::from_mins(10) };
/// Wrong PINs of the technician's. Our choice: fewer than of anybody's (T23).
const TECHNICIAN: BudgetRules = BudgetRules { guesses: 5, refill: Duration::from_mins(15) };
/// Badges that nobody has. A visitor's own card at the reader must not keep people out for long. Our choice (R21).
const UNKNOWN_BADGES: BudgetRules = BudgetRules { guesses: 20, refill: Duration::from_secs(30) };

/// What a credential came to, here.
pub(super) enum LookedUp {
    Found(Found),
    /// The badge of the session that is open.
    Same,
    /// A badge that needs its PIN.
    NeedsPin,
    Technician,
    Not(Denial),
    /// Not known, and that was the last try at this badge's PIN.
    LastTry,
}

/// The directory, and what wrong entries cost apart from the guesses at the keypad.
pub(super) struct Desk {
    pub(super) directory: Directory,
    needs_pin: bool,
    /// A tag of the PIN that was refused last.
    last_wrong: Option<[u8; 32]>,
    tries: HashMap<StaffId, Budget>,
    badges: Budget,
    technician: Option<Budget>,
}

impl Desk {
    pub(super) fn new(directory: Directory, needs_pin: bool) -> Self {
        Self {
            directory,
            needs_pin,
            last_wrong: None,
            tries: HashMap::new(),
            badges: Budget::full(UNKNOWN_BADGES),
            technician: None,
        }
    }

    /// Writes down how many guesses at the keypad are left. Says whether that is on the disk.
    pub(super) fn keep_guesses(&self, left: u32) -> bool {
        let kept = self.directory.keep_guesses_left(left);
        if let Err(error) = &kept {
            tracing::error!(error = %Chain(error), "the guesses that are left cannot be written down");
        }
        kept.is_ok()
    }

    /// Remembers what somebody chose to read. Where it cannot be written they choose again.
    pub(super) fn keep_language(&mut self, staff: StaffId, language: Language) {
        if let Err(error) = self.directory.keep_language(staff, language) {
            tracing::warn!(error = %Chain(&error), "a language cannot be written down");
        }
    }

    /// Who this is. `present` is who is signed in.
    pub(super) fn look_up(&mut self, credential: &Credential, present: Option<StaffId>, now: Instant) -> LookedUp {
        match self.try_to(credential, present, now) {
            Ok(looked_up) => looked_up,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a sign-in failed");
                let is_theirs = matches!(error, directory::Error::Damaged { .. });
                LookedUp::Not(if is_theirs { Denial::LoginDead } else { Denial::KioskFault })
            }
        }
    }

    fn try_to(
        &mut self,
        credential: &Credential,
        present: Option<StaffId>,
        now: Instant,
    ) -> Result<LookedUp, directory::Error> {
        match credential {
            Credential::Pin(pin) => {
                let found = self.find(credential)?;
                let tag = matches!(found, LookedUp::Not(_)).then(|| self.directory.repeat_tag(pin));
                let again = tag.is_some() && self.last_wrong == tag;
                self.last_wrong = tag;
                Ok(if again { LookedUp::Not(Denial::NotKnownAgain) } else { found })
            }
            Credential::Badge(badge) => {
                self.last_wrong = None;
                // A badge in a session keeps it if it is that person's. Where badges need their PIN, nothing else is told.
                if present.is_some() && self.directory.staff_of(badge)? == present {
                    return Ok(LookedUp::Same);
                }
                if self.needs_pin {
                    return Ok(LookedUp::NeedsPin);
                }
                let _ = self.badges.refill(now);
                if self.badges.left() == 0 {
                    return Ok(LookedUp::Not(Denial::TooManyBadges));
                }
                let found = self.find(credential)?;
                if matches!(found, LookedUp::Not(_)) {
                    let _ = self.badges.spend(now);
                }
                Ok(found)
            }
            Credential::BadgeWithPin(badge, _) => {
                self.last_wrong = None;
                self.with_tries(badge, credential, now)
            }
            Credential::Technician(pin) => {
                self.last_wrong = None;
                self.technician(pin, now)
            }
        }
    }

    /// Guesses at the PIN of a badge are its own, not everybody's.
    fn with_tries(
        &mut self,
        badge: &Badge,
        credential: &Credential,
        now: Instant,
    ) -> Result<LookedUp, directory::Error> {
        let Some(staff) = self.directory.staff_of(badge)? else { return self.find(credential) };
        let kept = self.directory.tries_left(staff)?.unwrap_or(TRIES.guesses);
        let mut tries = self.tries.remove(&staff).unwrap_or_else(|| Budget::restored(TRIES, kept, now));
        let keep = |left| self.directory.keep_tries_left(staff, left);
        let found = paid(&mut tries, now, keep, || self.find(credential));
        let _ = self.tries.insert(staff, tries);
        found
    }

    /// The technician's PIN has a budget of its own, which survives a restart.
    fn technician(&mut self, pin: &Pin, now: Instant) -> Result<LookedUp, directory::Error> {
        let kept = self.directory.technician_tries()?.unwrap_or(TECHNICIAN.guesses);
        let tries = self.technician.get_or_insert_with(|| Budget::restored(TECHNICIAN, kept, now));
        let keep = |left| self.directory.keep_technician_tries(left);
        paid(tries, now, keep, || {
            Ok(match self.directory.is_technician(pin)? {
                Some(true) => LookedUp::Technician,
                Some(false) => LookedUp::Not(Denial::NotKnown),
                None => LookedUp::Not(Denial::NoTechnician),
            })
        })
    }

    /// Somebody who is suspended is nobody.
    fn find(&self, credential: &Credential) -> Result<LookedUp, directory::Error> {
        let found = self.directory.identify(credential)?.filter(|found| !found.is_suspended);
        Ok(found.map_or(LookedUp::Not(Denial::NotKnown), LookedUp::Found))
    }
}

/// A try is paid on the disk before it is looked at; a right PIN returns its own and no other.
fn paid(
    tries: &mut Budget,
    now: Instant,
    keep: impl Fn(u32) -> Result<(), directory::Error>,
    look: impl FnOnce() -> Result<LookedUp, directory::Error>,
) -> Result<LookedUp, directory::Error> {
    let _ = tries.refill(now);
    let is_paid = tries.spend(now);
    keep(tries.left())?;
    // The work is done in any case: nobody can tell by the time that it is not looked at.
    match look()? {
        found @ (LookedUp::Found(_) | LookedUp::Technician) if is_paid => {
            tries.give_back();
            keep(tries.left())?;
            Ok(found)
        }
        LookedUp::Found(_) | LookedUp::Technician => Ok(LookedUp::Not(Denial::NotKnown)),
        LookedUp::Not(Denial::NotKnown) if is_paid && tries.left() == 0 => Ok(LookedUp::LastTry),
        found @ (LookedUp::Same | LookedUp::NeedsPin | LookedUp::Not(_) | LookedUp::LastTry) => Ok(found),
    }
}

/// How a credential signs in, as the audit log calls it.
pub(super) fn method(credential: &Credential) -> &'static str {
    match credential {
        Credential::Pin(_) => "pin",
        Credential::Badge(_) => "badge",
        Credential::BadgeWithPin(..) => "badge and pin",
        Credential::Technician(_) => "technician",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        directory::{Cost, Enrolment},
        secret::Secret,
        staff::BadgeProfile,
    };

    const NUMBER: &str = "0012345678";

    fn badge(number: &str) -> Badge {
        Badge::read(number, &BadgeProfile::plain()).unwrap()
    }

    /// Ada, with a badge, and a PIN if it is needed.
    fn desk(folder: &std::path::Path, needs_pin: bool) -> (Desk, Option<Pin>) {
        let mut directory = Directory::open(folder, None, || Cost::FLOOR).unwrap();
        let person = Enrolment {
            email: "ada@example.com",
            name: "Ada Lind",
            login_id: 77,
            secret: &Secret::new("login".to_owned()),
            badge: Some(&badge(NUMBER)),
            pin_digits: needs_pin.then_some(6),
            badge_alone: !needs_pin,
            errand: None,
        };
        let pin = directory.enrol(&person).unwrap();
        (Desk::new(directory, needs_pin), pin)
    }

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// T6: ten wrong PINs for somebody's badge keep them out for ten minutes, not for good, and survive a restart.
    #[test]
    fn a_badge_whose_pin_was_guessed_at_works_again_after_ten_minutes() {
        let folder = tempfile::tempdir().unwrap();
        let (mut desk, pin) = desk(folder.path(), true);
        let pin = pin.unwrap();
        let copy = |pin: &Pin| Pin::parse(std::str::from_utf8(pin.expose()).unwrap()).unwrap();
        let wrong = if pin.expose() == b"918273" { "827364" } else { "918273" };
        let with = |pin: Pin| Credential::BadgeWithPin(badge(NUMBER), pin);
        let now = start();
        for left in (0..10).rev() {
            let answer = desk.look_up(&with(Pin::parse(wrong).unwrap()), None, now);
            assert_eq!(matches!(answer, LookedUp::LastTry), left == 0, "the last one is said to the log");
            assert!(matches!(answer, LookedUp::LastTry | LookedUp::Not(Denial::NotKnown)));
        }
        assert!(matches!(desk.look_up(&with(copy(&pin)), None, now), LookedUp::Not(Denial::NotKnown)), "kept out");
        // The program starts again: what was spent is spent, and the wait begins anew.
        let directory = desk.directory;
        let mut desk = Desk::new(directory, true);
        assert!(matches!(desk.look_up(&with(copy(&pin)), None, now), LookedUp::Not(Denial::NotKnown)));
        let later = now + TRIES.refill;
        assert!(matches!(desk.look_up(&with(copy(&pin)), None, later), LookedUp::Found(_)), "T6: ten minutes later");
        let ada = desk.directory.person("ada@example.com").unwrap().unwrap().id;
        assert_eq!(desk.directory.tries_left(ada).unwrap(), Some(1), "a right PIN returns its own try and no other");
    }

    /// R21: a visitor's card at the reader closes nothing for long, and cannot be tried for ever.
    #[test]
    fn badges_that_nobody_has_are_read_twenty_times_and_then_one_each_half_minute() {
        let folder = tempfile::tempdir().unwrap();
        let (mut desk, _) = desk(folder.path(), false);
        let now = start();
        for number in 0..20 {
            let unknown = Credential::Badge(badge(&format!("99990{number:02}")));
            assert!(matches!(desk.look_up(&unknown, None, now), LookedUp::Not(Denial::NotKnown)));
        }
        let own = Credential::Badge(badge(NUMBER));
        assert!(matches!(desk.look_up(&own, None, now), LookedUp::Not(Denial::TooManyBadges)), "known or not");
        let later = now + UNKNOWN_BADGES.refill;
        assert!(matches!(desk.look_up(&own, None, later), LookedUp::Found(_)));
        assert!(matches!(desk.look_up(&own, None, later), LookedUp::Found(_)), "a known badge costs nothing");
    }

    /// T34
    #[test]
    fn somebody_who_is_suspended_is_nobody_until_they_are_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut desk, _) = desk(folder.path(), false);
        let own = Credential::Badge(badge(NUMBER));
        let _ = desk.directory.suspend("ada@example.com", true).unwrap();
        assert!(matches!(desk.look_up(&own, None, start()), LookedUp::Not(Denial::NotKnown)));
        let _ = desk.directory.suspend("ada@example.com", false).unwrap();
        assert!(matches!(desk.look_up(&own, None, start()), LookedUp::Found(_)));
    }
}
