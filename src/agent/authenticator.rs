//! The directory as the agent asks it: who is this, and what did that cost. It runs beside the agent's task, because hashing
//! takes a quarter of a second and SQLite waits for disks.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use tokio::time;

use super::audit_writer::Who;
use crate::{
    error_chain::Chain,
    language::Language,
    session::{
        Denial,
        budget::{Budget, BudgetRules},
    },
    staff::{Badge, Credential, Pin, StaffId},
    status::metrics::Metrics,
    store::directory::{self, Directory, Found},
};

/// Wrong PINs for one person's badge: so many, then one more after each ten minutes.
///
/// # Source
///
/// `threats.md`, R17.
pub const TRIES: BudgetRules = BudgetRules { guesses: 10, refill: Duration::from_mins(10) };
/// Wrong PINs of the technician's. Our choice: fewer than of anybody's (T23).
const TECHNICIAN: BudgetRules = BudgetRules { guesses: 5, refill: Duration::from_mins(15) };
/// So many different badges that nobody has are remembered, so that each costs once. Our choice.
const REMEMBERED: usize = 64;

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
pub(super) struct Authenticator {
    pub(super) directory: Directory,
    needs_pin: bool,
    /// A tag of the PIN that was refused last.
    last_wrong: Option<[u8; 32]>,
    /// Tries at the PIN of somebody's badge, and what was written down of them last: a command may have written another number.
    tries: HashMap<StaffId, (Budget, Option<u32>)>,
    badges: BadgeBudget,
    /// Tags of badges that nobody had, the oldest first.
    unknown: VecDeque<[u8; 32]>,
    technician: Option<Budget>,
    /// What was written down comes back from here on, asked for or not.
    began: Instant,
}

/// Lookups of badges that nobody has: paid on the disk before the look.
struct BadgeBudget {
    rules: BudgetRules,
    budget: Option<Budget>,
    /// What is on the disk: never more than what is left.
    kept: u32,
}

impl BadgeBudget {
    fn of(&mut self, directory: &Directory, now: Instant) -> Result<&mut Budget, directory::Error> {
        if self.budget.is_none() {
            let kept = directory.badge_guesses_left()?;
            self.kept = kept.unwrap_or(u32::MAX);
            self.budget = Some(Budget::restored(self.rules, kept.unwrap_or(self.rules.guesses), now));
        }
        let rules = self.rules;
        let budget = self.budget.get_or_insert_with(|| Budget::restored(rules, 0, now));
        let _ = budget.refill(now);
        Ok(budget)
    }

    /// Pays for one look. `false` when nothing is left.
    fn pay(&mut self, directory: &Directory, now: Instant) -> Result<bool, directory::Error> {
        let budget = self.of(directory, now)?;
        let (is_paid, left) = (budget.spend(now), budget.left());
        // A right badge returns what it cost in memory only, so that the next one finds it paid for: usually nothing is written.
        if left < self.kept {
            directory.keep_badge_guesses_left(left)?;
            self.kept = left;
        }
        Ok(is_paid)
    }
}

impl Authenticator {
    pub(super) fn new(directory: Directory, needs_pin: bool, badges: BudgetRules) -> Self {
        Self {
            directory,
            needs_pin,
            last_wrong: None,
            tries: HashMap::new(),
            badges: BadgeBudget { rules: badges, budget: None, kept: u32::MAX },
            unknown: VecDeque::with_capacity(REMEMBERED),
            technician: None,
            began: time::Instant::now().into_std(),
        }
    }

    /// Writes down looks at badges that came back since the last one was paid: all of them at the end, before that only when it is
    /// more than the one that each right badge borrows.
    pub(super) fn keep_badge_budget(&mut self, now: Instant, is_end: bool) {
        let left = match self.badges.of(&self.directory, now) {
            Ok(budget) => budget.left(),
            Err(error) => return tracing::error!(error = %Chain(&error), "the badge budget cannot be read"),
        };
        if self.badges.kept.saturating_add(u32::from(!is_end)) < left {
            match self.directory.keep_badge_guesses_left(left) {
                Ok(()) => self.badges.kept = left,
                Err(error) => tracing::error!(error = %Chain(&error), "the badge budget cannot be written down"),
            }
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

    /// Whether this person may still open doors here, with the login that they signed in with. `None` when that cannot be found
    /// out.
    pub(super) fn may_open(&self, who: &Who) -> Option<bool> {
        let found = self.directory.open_revision(who.staff).map(|revision| revision == Some(who.revision));
        found.inspect_err(|error| tracing::error!(error = %Chain(error), "a person cannot be looked up")).ok()
    }

    /// Notes whether Kisi refuses this person's login. It concerns one person, never the kiosk: the next sign-in asks Kisi again.
    pub(super) fn note_refused(&mut self, who: &Who, is_refused: bool) {
        if let Err(error) = self.directory.note_refused(who.staff, who.revision, is_refused) {
            tracing::error!(error = %Chain(&error), "a refused login cannot be noted");
        }
    }

    /// Reports how many people are enrolled.
    pub(super) fn count_people(&self, metrics: &Metrics) {
        match self.directory.standings() {
            Ok(standings) => metrics.people(standings),
            Err(error) => tracing::error!(error = %Chain(&error), "people cannot be counted"),
        }
    }

    /// Verifies the directory against its proof.
    pub(super) fn check(&self) {
        if let Err(error) = self.directory.check() {
            tracing::error!(error = %Chain(&error), "the directory does not verify");
        }
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
                self.look_up_badge(badge, credential, now)
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

    /// Every badge is paid for before it is looked up, except one that was looked up a moment ago and that nobody had. When
    /// nothing is left every badge asks for its PIN, known or not.
    fn look_up_badge(
        &mut self,
        badge: &Badge,
        credential: &Credential,
        now: Instant,
    ) -> Result<LookedUp, directory::Error> {
        let tag = self.directory.badge_repeat_tag(badge);
        let is_repeated = self.unknown.contains(&tag);
        let has_any = 0 < self.badges.of(&self.directory, now)?.left();
        if !has_any || !(is_repeated || self.badges.pay(&self.directory, now)?) {
            return Ok(LookedUp::NeedsPin);
        }
        let found = self.find(credential)?;
        match found {
            // Known, and opened by its PIN only: it was enrolled when that was asked for.
            LookedUp::Not(Denial::NotKnown) if !is_repeated && self.is_enrolled(badge)? => {
                self.badges.of(&self.directory, now)?.give_back();
                Ok(LookedUp::NeedsPin)
            }
            LookedUp::Not(Denial::NotKnown) if is_repeated => Ok(found),
            LookedUp::Not(Denial::NotKnown) => {
                let is_last = self.badges.of(&self.directory, now)?.left() == 0;
                if self.unknown.len() == REMEMBERED {
                    let _ = self.unknown.pop_front();
                }
                self.unknown.push_back(tag);
                Ok(if is_last { LookedUp::LastTry } else { found })
            }
            LookedUp::Found(_)
            | LookedUp::Same
            | LookedUp::NeedsPin
            | LookedUp::Technician
            | LookedUp::Not(_)
            | LookedUp::LastTry => {
                if is_repeated {
                    // Enrolled since then.
                    self.unknown.retain(|unknown| *unknown != tag);
                } else {
                    self.badges.of(&self.directory, now)?.give_back();
                }
                Ok(found)
            }
        }
    }

    /// Whether this is the badge of somebody who may sign in.
    fn is_enrolled(&self, badge: &Badge) -> Result<bool, directory::Error> {
        let Some(staff) = self.directory.staff_of(badge)? else { return Ok(false) };
        Ok(self.directory.open_revision(staff)?.is_some())
    }

    /// Wrong PINs for a badge use that person's budget, not the shared keypad budget.
    fn with_tries(
        &mut self,
        badge: &Badge,
        credential: &Credential,
        now: Instant,
    ) -> Result<LookedUp, directory::Error> {
        let Some(staff) = self.directory.staff_of(badge)? else { return self.find(credential) };
        let kept = self.directory.tries_left(staff)?;
        let known = self.tries.remove(&staff).filter(|(_, written)| *written == kept).map(|(tries, _)| tries);
        let mut tries =
            known.unwrap_or_else(|| Budget::restored(TRIES, kept.unwrap_or(TRIES.guesses), self.began.min(now)));
        let keep = |left| self.directory.keep_tries_left(staff, left);
        let found = paid(&mut tries, now, keep, || self.find(credential));
        let left = tries.left();
        let _ = self.tries.insert(staff, (tries, Some(left)));
        found
    }

    /// The technician's PIN has a budget of its own, which survives a restart.
    fn technician(&mut self, pin: &Pin, now: Instant) -> Result<LookedUp, directory::Error> {
        let kept = self.directory.technician_tries()?.unwrap_or(TECHNICIAN.guesses);
        let began = self.began.min(now);
        let tries = self.technician.get_or_insert_with(|| Budget::restored(TECHNICIAN, kept, began));
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
mod tests;
