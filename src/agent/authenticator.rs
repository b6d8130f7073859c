//! Looks credentials up in the directory and charges wrong ones to their budgets. It runs outside the agent's task,
//! because hashing takes a quarter of a second and SQLite waits for disks.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use tokio::time;

pub(super) use self::fleet::Plan;
use super::audit_writer::Who;
use crate::{
    door::DoorList,
    error_chain::Chain,
    language::Language,
    session::{
        Denial,
        budget::{Budget, BudgetRules},
    },
    staff::{Badge, Credential, Pin, StaffId},
    status::metrics::Metrics,
    store::directory::{self, Directory, FoundPerson, Presented},
};

/// Budget of wrong PINs after one person's badge.
///
/// # Source
///
/// `threats.md`, R17.
pub const TRIES: BudgetRules = BudgetRules { guesses: 10, refill: Duration::from_mins(10) };
/// Budget of wrong technician PINs. Our choice: fewer than for a person (T23).
const TECHNICIAN: BudgetRules = BudgetRules { guesses: 5, refill: Duration::from_mins(15) };
/// Number of unknown badges that are remembered, so that each is charged once. Our choice.
const REMEMBERED: usize = 64;

/// The result of a lookup in the directory.
pub(super) enum LookedUp {
    Found(FoundPerson),
    /// The badge of the person who is signed in.
    Same,
    /// The badge needs its PIN, by rule or because the badge budget is empty.
    NeedsPin,
    Technician,
    Not(Denial),
    /// Unknown, and the last try of its budget is used up: the one for unknown badges, for this person's PIN or for the
    /// technician's PIN.
    LastTry,
}

/// The directory, and every budget of wrong entries except the keypad's.
pub(super) struct Authenticator {
    pub(super) directory: Directory,
    needs_pin: bool,
    /// Whether the doors of people's last visits are used.
    remembers: bool,
    /// In a fleet: whether the present sign-in may use a copy. Else always.
    uses_copies: bool,
    /// The repeat tag of the credential that the fleet was asked for last, and when.
    asked_last: Option<([u8; 32], Instant)>,
    /// Tag of the PIN that was refused last: repeating it costs no guess (R20).
    last_wrong: Option<[u8; 32]>,
    /// Budget of wrong PINs after a person's badge, with the number that was stored last. If the stored number differs,
    /// a command has changed it and the budget is restored from it.
    tries: HashMap<StaffId, (Budget, Option<u32>)>,
    badges: BadgeBudget,
    /// Tags of unknown badges, oldest first.
    unknown: VecDeque<[u8; 32]>,
    technician: Option<Budget>,
    /// Start of the refills of a restored budget, even if it is first used later (R17).
    began: Instant,
}

/// Budget of unknown badges. A lookup is charged on the disk before it runs (R21).
struct BadgeBudget {
    rules: BudgetRules,
    budget: Option<Budget>,
    /// The number on the disk. Never larger than the number left.
    kept: u32,
}

impl BadgeBudget {
    fn of(&mut self, directory: &Directory, now: Instant) -> Result<&mut Budget, directory::Error> {
        if self.budget.is_none() {
            let kept = directory.counters().badge_guesses_left()?;
            self.kept = kept.unwrap_or(u32::MAX);
            self.budget = Some(Budget::restored(self.rules, kept.unwrap_or(self.rules.guesses), now));
        }
        let rules = self.rules;
        let budget = self.budget.get_or_insert_with(|| Budget::restored(rules, 0, now));
        let _ = budget.refill(now);
        Ok(budget)
    }

    /// Charges one lookup. `false` when nothing is left.
    fn pay(&mut self, directory: &Directory, now: Instant) -> Result<bool, directory::Error> {
        let budget = self.of(directory, now)?;
        let (is_paid, left) = (budget.spend(now), budget.left());
        // A known badge is refunded in memory only. The next lookup then finds its charge on the disk already, so
        // usually nothing is written.
        if left < self.kept {
            directory.counters().keep_badge_guesses_left(left)?;
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
            remembers: true,
            uses_copies: true,
            asked_last: None,
            last_wrong: None,
            tries: HashMap::new(),
            badges: BadgeBudget { rules: badges, budget: None, kept: u32::MAX },
            unknown: VecDeque::with_capacity(REMEMBERED),
            technician: None,
            began: time::Instant::now().into_std(),
        }
    }

    /// Stores the number of lookups left after refills. While the agent runs, a difference of one is not stored: that
    /// is the lookup that a known badge was refunded in memory only.
    pub(super) fn keep_badge_budget(&mut self, now: Instant, is_end: bool) {
        let left = match self.badges.of(&self.directory, now) {
            Ok(budget) => budget.left(),
            Err(error) => return tracing::error!(error = %Chain(&error), "the badge budget cannot be read"),
        };
        if self.badges.kept.saturating_add(u32::from(!is_end)) < left {
            match self.directory.counters().keep_badge_guesses_left(left) {
                Ok(()) => self.badges.kept = left,
                Err(error) => tracing::error!(error = %Chain(&error), "the badge budget cannot be stored"),
            }
        }
    }

    /// Stores how many keypad guesses are left. Returns whether that worked.
    pub(super) fn keep_guesses(&self, left: u32) -> bool {
        let kept = self.directory.counters().keep_guesses_left(left);
        if let Err(error) = &kept {
            tracing::error!(error = %Chain(error), "the number of guesses left cannot be stored");
        }
        kept.is_ok()
    }

    /// Whether this person may still open doors here, with the login of their sign-in. `None` when the directory cannot
    /// be read.
    pub(super) fn may_open(&self, who: &Who) -> Option<bool> {
        let found = self.directory.open_revision(who.staff).map(|revision| revision == Some(who.revision));
        found.inspect_err(|error| tracing::error!(error = %Chain(error), "a person cannot be looked up")).ok()
    }

    /// Stores whether Kisi refuses this person's login. It does not lock anybody out: the next sign-in asks Kisi again.
    /// Returns whether it was another one before.
    pub(super) fn note_refused(&mut self, who: &Who, is_refused: bool) -> bool {
        let noted = self.directory.note_refused(who.staff, who.revision, is_refused);
        noted
            .inspect_err(|error| tracing::error!(error = %Chain(error), "the state of a login cannot be stored"))
            .unwrap_or(false)
    }

    /// Updates the metrics of enrolled people.
    pub(super) fn count_people(&self, metrics: &Metrics) {
        match self.directory.standings() {
            Ok(standings) => metrics.people(standings),
            Err(error) => tracing::error!(error = %Chain(&error), "people cannot be counted"),
        }
    }

    /// Checks that nobody changed the directory from outside, and logs it if somebody did.
    pub(super) fn check(&self) {
        if let Err(error) = self.directory.check() {
            tracing::error!(error = %Chain(&error), "the directory does not verify");
        }
    }

    /// Uses no doors of earlier visits, and deletes what is kept of them.
    pub(super) fn remember_no_doors(&mut self) {
        self.remembers = false;
        match self.directory.forget_last_doors() {
            Ok(0) => {}
            Ok(people) => tracing::info!(people, "the doors of people's last visits were deleted"),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the doors of people's last visits cannot be deleted");
            }
        }
    }

    /// The doors of this person's last visit. If they cannot be read, Kisi is asked as at a first visit.
    pub(super) fn last_doors(&self, found: &FoundPerson) -> Option<DoorList> {
        let last = self.remembers.then(|| self.directory.last_doors(found.staff, found.revision))?;
        let last = last.inspect_err(|error| {
            tracing::warn!(error = %Chain(error), "the doors of a person's last visit cannot be read");
        });
        last.ok().flatten()
    }

    /// Keeps the doors of a person's visit. If that fails, their next visit waits for Kisi.
    pub(super) fn keep_last_doors(&self, who: &Who, list: &DoorList) {
        if let Err(error) = self.directory.keep_last_doors(who.staff, who.revision, list) {
            tracing::warn!(error = %Chain(&error), "the doors of a visit cannot be kept");
        }
    }

    /// Stores the language that a person chose. If that fails, they choose it again next time.
    pub(super) fn keep_language(&mut self, staff: StaffId, language: Language) {
        if let Err(error) = self.directory.keep_language(staff, language) {
            tracing::warn!(error = %Chain(&error), "a language choice cannot be stored");
        }
    }

    /// Looks up a credential. `present` is the person who is signed in.
    pub(super) fn look_up(&mut self, presented: &Presented, present: Option<StaffId>, now: Instant) -> LookedUp {
        self.try_to(presented, present, now).unwrap_or_else(|error| LookedUp::Not(denial(&error)))
    }

    fn try_to(
        &mut self,
        presented: &Presented,
        present: Option<StaffId>,
        now: Instant,
    ) -> Result<LookedUp, directory::Error> {
        match &presented.credential {
            Credential::Pin(pin) => {
                let found = self.find(presented)?;
                let tag = matches!(found, LookedUp::Not(_)).then(|| self.directory.repeat_tag(pin));
                let again = tag.is_some() && self.last_wrong == tag;
                self.last_wrong = tag;
                Ok(if again { LookedUp::Not(Denial::NotKnownAgain) } else { found })
            }
            Credential::Badge(badge) => {
                self.last_wrong = None;
                // A person's own badge continues their session. If badges need a PIN, every other badge gets the same
                // answer.
                if present.is_some() && self.directory.staff_of(badge)? == present {
                    return Ok(LookedUp::Same);
                }
                if self.needs_pin {
                    return Ok(LookedUp::NeedsPin);
                }
                self.look_up_badge(badge, presented, now)
            }
            Credential::BadgeWithPin(badge, _) => {
                self.last_wrong = None;
                self.with_tries(badge, presented, now)
            }
            Credential::Technician(pin) => {
                self.last_wrong = None;
                self.technician(pin, now)
            }
        }
    }

    /// Each badge is charged before its lookup, except one that was unknown a moment ago. With an empty budget every
    /// badge asks for its PIN, known or not.
    fn look_up_badge(
        &mut self,
        badge: &Badge,
        presented: &Presented,
        now: Instant,
    ) -> Result<LookedUp, directory::Error> {
        let tag = self.directory.badge_repeat_tag(badge);
        let is_repeated = self.unknown.contains(&tag);
        let has_any = 0 < self.badges.of(&self.directory, now)?.left();
        if !has_any || !(is_repeated || self.badges.pay(&self.directory, now)?) {
            return Ok(LookedUp::NeedsPin);
        }
        let found = self.find(presented)?;
        match found {
            // The badge is enrolled, but opens only with its PIN: refund it and ask for the PIN.
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
                    // The badge was enrolled meanwhile.
                    self.unknown.retain(|unknown| *unknown != tag);
                } else {
                    self.badges.of(&self.directory, now)?.give_back();
                }
                Ok(found)
            }
        }
    }

    /// Whether the badge belongs to a person who is enrolled and not suspended.
    fn is_enrolled(&self, badge: &Badge) -> Result<bool, directory::Error> {
        let Some(staff) = self.directory.staff_of(badge)?.filter(|_| self.uses_copies) else { return Ok(false) };
        Ok(self.directory.open_revision(staff)?.is_some())
    }

    /// Wrong PINs for a badge use that person's budget, not the shared keypad budget.
    fn with_tries(&mut self, badge: &Badge, presented: &Presented, now: Instant) -> Result<LookedUp, directory::Error> {
        let Some(staff) = self.directory.staff_of(badge)? else { return self.find(presented) };
        let kept = self.directory.counters().tries_left(staff)?;
        let known = self.tries.remove(&staff).filter(|(_, written)| *written == kept).map(|(tries, _)| tries);
        let mut tries =
            known.unwrap_or_else(|| Budget::restored(TRIES, kept.unwrap_or(TRIES.guesses), self.began.min(now)));
        let keep = |left| self.directory.counters().keep_tries_left(staff, left);
        let found = paid(&mut tries, now, keep, || self.find(presented));
        let left = tries.left();
        let _ = self.tries.insert(staff, (tries, Some(left)));
        found
    }

    /// The technician's PIN has a budget of its own, which survives a restart.
    fn technician(&mut self, pin: &Pin, now: Instant) -> Result<LookedUp, directory::Error> {
        let kept = self.directory.counters().technician_tries()?.unwrap_or(TECHNICIAN.guesses);
        let began = self.began.min(now);
        let tries = self.technician.get_or_insert_with(|| Budget::restored(TECHNICIAN, kept, began));
        let keep = |left| self.directory.counters().keep_technician_tries(left);
        paid(tries, now, keep, || {
            Ok(match self.directory.is_technician(pin)? {
                Some(true) => LookedUp::Technician,
                Some(false) => LookedUp::Not(Denial::NotKnown),
                None => LookedUp::Not(Denial::NoTechnician),
            })
        })
    }

    /// Finds the person with this credential. A suspended person counts as unknown.
    fn find(&self, presented: &Presented) -> Result<LookedUp, directory::Error> {
        let found = self.directory.identify_presented(presented)?;
        let found = found.filter(|found| !found.is_suspended && self.uses_copies);
        Ok(found.map_or(LookedUp::Not(Denial::NotKnown), LookedUp::Found))
    }
}

/// Why a sign-in failed in the directory.
pub(super) fn denial(error: &directory::Error) -> Denial {
    tracing::error!(error = %Chain(error), "a sign-in failed");
    if matches!(error, directory::Error::Damaged { .. }) { Denial::LoginDead } else { Denial::KioskFault }
}

/// Charges a try on the disk before the lookup. A right PIN is refunded that one try.
fn paid(
    tries: &mut Budget,
    now: Instant,
    keep: impl Fn(u32) -> Result<(), directory::Error>,
    look: impl FnOnce() -> Result<LookedUp, directory::Error>,
) -> Result<LookedUp, directory::Error> {
    let _ = tries.refill(now);
    let is_paid = tries.spend(now);
    keep(tries.left())?;
    // Look up even without a try left, so that the time does not reveal it.
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

/// The kind of credential, as the audit log and the metrics name it.
pub(super) fn method(credential: &Credential) -> &'static str {
    match credential {
        Credential::Pin(_) => "pin",
        Credential::Badge(_) => "badge",
        Credential::BadgeWithPin(..) => "badge and pin",
        Credential::Technician(_) => "technician",
    }
}

mod fleet;
#[cfg(test)]
mod tests;
