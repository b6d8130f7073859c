//! The directory as the agent asks it: who is this, and what did that cost. It runs beside the agent's task, because hashing
//! takes a quarter of a second and SQLite waits for disks.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    chain::Chain,
    directory::{self, Directory, Found},
    session::{
        Denial,
        budget::{Budget, BudgetRules},
    },
    staff::{Badge, Credential, StaffId},
};

/// Wrong PINs for one person's badge: so many, then one more after each ten minutes.
///
/// # Source
///
/// `threats-and-faults.md`, R17.
const TRIES: BudgetRules = BudgetRules { guesses: 10, refill: Duration::from_mins(10) };
/// Badges that nobody has. A visitor's own card at the reader must not keep people out for long. Our choice (R21).
const UNKNOWN_BADGES: BudgetRules = BudgetRules { guesses: 20, refill: Duration::from_secs(30) };

/// What a credential came to, here.
pub(super) enum LookedUp {
    Found(Found),
    /// The badge of the session that is open.
    Same,
    /// A badge that needs its PIN.
    NeedsPin,
    Not(Denial),
}

/// The directory, and what wrong entries cost apart from the guesses at the keypad.
pub(super) struct Desk {
    pub(super) directory: Directory,
    needs_pin: bool,
    /// A tag of the PIN that was refused last.
    last_wrong: Option<[u8; 32]>,
    tries: HashMap<StaffId, Budget>,
    badges: Budget,
}

impl Desk {
    pub(super) fn new(directory: Directory, needs_pin: bool) -> Self {
        Self { directory, needs_pin, last_wrong: None, tries: HashMap::new(), badges: Budget::full(UNKNOWN_BADGES) }
    }

    /// Writes down how many guesses at the keypad are left. Says whether that is on the disk.
    pub(super) fn keep_guesses(&self, left: u32) -> bool {
        let kept = self.directory.keep_guesses_left(left);
        if let Err(error) = &kept {
            tracing::error!(error = %Chain(error), "the guesses that are left cannot be written down");
        }
        kept.is_ok()
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
        }
    }

    /// Paid on the disk before it is looked at; a right PIN returns its own try and no other.
    fn with_tries(
        &mut self,
        badge: &Badge,
        credential: &Credential,
        now: Instant,
    ) -> Result<LookedUp, directory::Error> {
        let Some(staff) = self.directory.staff_of(badge)? else { return self.find(credential) };
        let kept = self.directory.tries_left(staff)?.unwrap_or(TRIES.guesses);
        let tries = self.tries.entry(staff).or_insert_with(|| Budget::restored(TRIES, kept, now));
        let _ = tries.refill(now);
        let paid = tries.spend(now);
        self.directory.keep_tries_left(staff, tries.left())?;
        // The work is done in any case: nobody can tell by the time that it is not looked at.
        let found = self.find(credential)?;
        if !paid {
            return Ok(LookedUp::Not(Denial::NotKnown));
        }
        if let (LookedUp::Found(_), Some(tries)) = (&found, self.tries.get_mut(&staff)) {
            tries.give_back();
            self.directory.keep_tries_left(staff, tries.left())?;
        }
        Ok(found)
    }

    /// Somebody who is suspended is nobody.
    fn find(&self, credential: &Credential) -> Result<LookedUp, directory::Error> {
        let found = self.directory.identify(credential)?.filter(|found| !found.is_suspended);
        Ok(found.map_or(LookedUp::Not(Denial::NotKnown), LookedUp::Found))
    }
}

/// How a credential signs in, as the audit log calls it.
pub(super) fn method(credential: &Credential) -> &'static str {
    match credential {
        Credential::Pin(_) => "pin",
        Credential::Badge(_) => "badge",
        Credential::BadgeWithPin(..) => "badge and pin",
    }
}
