//! Sign-in: from the first digit or scan to the agent's answer, and what it costs.

use std::time::{Duration, Instant};

use super::{
    Asked, CHECK, DENIAL, Denial, Effect, Ended, Identity, Presented, Session, SessionId, State,
    entry::{Entry, ReadBadge},
    reader::Unread,
    rules::BadgePolicy,
    state::ENTRY,
    visit::Visit,
};
use crate::{
    language::Language,
    staff::{Badge, Credential, Digit, Scan},
};

/// A card is still there until it has not been read for this long: some readers repeat a card every 2 to 3 s (R28).
const AWAY: Duration = Duration::from_secs(5);

impl Session {
    pub(super) fn digit(&mut self, digit: Digit, now: Instant) -> Vec<Effect> {
        let State::SignedOut { entry, denial, clears_at } = &mut self.state else { return Vec::new() };
        // No guess is left. The PINs of a badge and of the technician have their own budgets.
        if self.budget.left() == 0 && !matches!(entry, Entry::PinOf(..) | Entry::Technician(_)) {
            return Vec::new();
        }
        let begins = entry.is_empty();
        entry.push(digit, &self.rules.sign_in);
        if entry.is_empty() {
            return Vec::new();
        }
        *denial = None;
        *clears_at = Some(now + ENTRY);
        if entry.is_finished(&self.rules.sign_in) {
            return self.finish(now);
        }
        if begins { vec![Effect::Prepare] } else { Vec::new() }
    }

    pub(super) fn back(&mut self, now: Instant) -> Vec<Effect> {
        if let State::SignedOut { entry, clears_at, .. } = &mut self.state {
            entry.pop();
            *clears_at = (!entry.is_empty()).then_some(now + ENTRY);
        }
        Vec::new()
    }

    pub(super) fn enter(&mut self, now: Instant) -> Vec<Effect> {
        if let State::SignedOut { entry: Entry::BadgeNumber(number), .. } = &self.state
            && !number.digits().is_empty()
        {
            return self.finish(now);
        }
        Vec::new()
    }

    pub(super) fn switch(&mut self, now: Instant) -> Vec<Effect> {
        if let State::SignedOut { entry, denial, clears_at } = &mut self.state {
            *entry = entry.switched(&self.rules.sign_in);
            *denial = None;
            *clears_at = Some(now + ENTRY);
        }
        Vec::new()
    }

    pub(super) fn escape(&mut self, now: Instant) -> Vec<Effect> {
        // The first Escape only closes the outcome or the search.
        if let State::SignedIn(visit) = &mut self.state
            && visit.step_back(&self.rules, now)
        {
            return Vec::new();
        }
        if matches!(self.state, State::SignedIn(_)) {
            return self.sign_out(Ended::SignedOut);
        }
        // A keyboard does nothing on any other screen.
        if let State::SignedOut { denial, .. } = self.state {
            self.state = State::rest(&self.rules, denial);
        }
        Vec::new()
    }

    /// Asks the agent about the complete entry.
    fn finish(&mut self, now: Instant) -> Vec<Effect> {
        let State::SignedOut { entry, .. } = &mut self.state else { return Vec::new() };
        let entry = std::mem::replace(entry, Entry::empty(&self.rules.sign_in));
        let reader = entry.reader();
        match entry.into_credential(&self.rules.sign_in) {
            Some(Credential::Badge(badge)) if self.rules.sign_in.badge == BadgePolicy::WithPin => {
                self.present_badge(ReadBadge { badge, reader: None }, now)
            }
            Some(credential @ (Credential::BadgeWithPin(..) | Credential::Technician(_))) => {
                self.identify(credential, None, Asked { reader, ..Asked::default() }, now)
            }
            Some(credential) => self.guess(credential, now),
            None => self.deny(Denial::NotRead, now),
        }
    }

    /// A badge at a reader with a wire of its own.
    pub(super) fn scanned_by(&mut self, scan: &Scan, now: Instant) -> Vec<Effect> {
        self.presented(scan.badge(&self.rules.sign_in.profile), Some(scan.reader.clone()), now)
    }

    /// A badge at a reader. `badge`: `None` if it cannot be read. `reader`: its name, if it has one.
    pub(super) fn presented(&mut self, badge: Option<Badge>, reader: Option<String>, now: Instant) -> Vec<Effect> {
        if self.rules.sign_in.badge == BadgePolicy::Off || self.is_technicians() {
            return Vec::new();
        }
        let Some(badge) = badge else { return self.unread(Unread::Garbled, now) };
        if let State::Checking { next: Some(_), .. } = &self.state {
            // Two are before this one, who must badge again.
            return Vec::new();
        }
        let read = ReadBadge { badge, reader };
        if self.is_still_there(&read.badge, now) {
            // Nobody should wonder why nothing happens.
            if let State::SignedOut { entry, denial: denial @ None, .. } = &mut self.state
                && entry.is_empty()
            {
                *denial = Some((Denial::StillThere, now + DENIAL));
            }
            return Vec::new();
        }
        if let State::Checking { next, .. } = &mut self.state {
            // The screen says "one moment".
            *next = Some(read);
            return Vec::new();
        }
        self.present_badge(read, now)
    }

    /// Whether this badge has been lying on a reader since it was presented.
    fn is_still_there(&mut self, badge: &Badge, now: Instant) -> bool {
        self.present.retain(|(_, at)| now.saturating_duration_since(*at) < AWAY);
        if let Some((_, at)) = self.present.iter_mut().find(|(before, _)| before == badge) {
            *at = now;
            return true;
        }
        self.present.push((badge.clone(), now));
        false
    }

    /// Says that a scan was not read. It changes nothing else in a visit.
    pub(super) fn unread(&mut self, why: Unread, now: Instant) -> Vec<Effect> {
        if self.rules.sign_in.badge == BadgePolicy::Off {
            return Vec::new();
        }
        let denial = match why {
            Unread::Garbled => Denial::NotRead,
            Unread::KeyStuck => Denial::KeyStuck,
        };
        match &mut self.state {
            // What is typed stays: it may be noise on a line.
            State::SignedOut { entry, denial: said, .. } if !entry.is_empty() => *said = Some((denial, now + DENIAL)),
            State::SignedOut { .. } => return self.deny(denial, now),
            State::SignedIn(visit) => visit.say_unread(denial, now),
            State::Checking { .. } | State::Technician(_) => {}
        }
        Vec::new()
    }

    /// The turn of somebody whose badge was read while another one was checked.
    pub(super) fn next_badge(&mut self, next: Option<ReadBadge>, now: Instant) -> Vec<Effect> {
        let next = next.filter(|_| !self.is_technicians());
        next.map_or_else(Vec::new, |read| self.present_badge(read, now))
    }

    /// A badge at rest starts a visit. During a visit its owner's own badge continues it, and any other badge ends it.
    fn present_badge(&mut self, read: ReadBadge, now: Instant) -> Vec<Effect> {
        let before = std::mem::replace(&mut self.state, State::rest(&self.rules, None));
        let visit = if let State::SignedIn(visit) = before { Some(visit) } else { None };
        if visit.is_none() && self.rules.sign_in.badge == BadgePolicy::WithPin {
            self.state = State::with_badge(read, now);
            return vec![Effect::Prepare];
        }
        let current = visit.as_ref().map(|visit| visit.session);
        let ReadBadge { badge, reader } = read;
        self.identify(Credential::Badge(badge), visit, Asked { current, guesses_left: None, reader }, now)
    }

    /// Identifies a typed entry that names a person by itself. The guess is spent first (R15).
    fn guess(&mut self, credential: Credential, now: Instant) -> Vec<Effect> {
        if !self.budget.spend(now) {
            return Vec::new();
        }
        let asked = Asked { guesses_left: Some(self.budget.left()), ..Asked::default() };
        self.identify(credential, None, asked, now)
    }

    /// Returns the guess if the entry was correct or repeated the last wrong PIN.
    fn settle(&mut self, answer: &Result<Identity, Denial>) -> Option<Effect> {
        match answer {
            Ok(_) | Err(Denial::LoginDead | Denial::Network(_) | Denial::NotKnownAgain) => {}
            Err(
                Denial::NoTechnician
                | Denial::NotKnown
                | Denial::NotRead
                | Denial::KeyStuck
                | Denial::StillThere
                | Denial::NotHere
                | Denial::Spent(_)
                | Denial::KioskFault
                | Denial::TooSlow,
            ) => return None,
        }
        self.budget.give_back();
        Some(Effect::KeepBudget(self.budget.left()))
    }

    /// Asks the agent who this is.
    fn identify(&mut self, credential: Credential, visit: Option<Visit>, asked: Asked, now: Instant) -> Vec<Effect> {
        let session = SessionId(self.next_id());
        let badge = match &credential {
            Credential::Badge(badge) => Some(ReadBadge { badge: badge.clone(), reader: asked.reader.clone() }),
            Credential::Pin(_) | Credential::BadgeWithPin(..) | Credential::Technician(_) => None,
        };
        let (until, is_paid) = (now + CHECK, asked.guesses_left.is_some());
        self.state = State::Checking { session, until, visit, badge, is_paid, next: None };
        vec![Effect::Identify(session, Presented(credential), asked)]
    }

    pub(super) fn identified(
        &mut self,
        session: SessionId,
        answer: Result<Identity, Denial>,
        now: Instant,
    ) -> Vec<Effect> {
        let is_asked = matches!(&self.state, State::Checking { session: asked, .. } if *asked == session);
        if !is_asked {
            // A stale answer: nobody waits for the session that the agent opened. Or the agent answered twice.
            let is_technicians = matches!(&self.state, State::Technician(open) if open.session == session);
            let is_live = is_technicians || self.state.visit().is_some_and(|visit| visit.session == session);
            return if is_live { Vec::new() } else { vec![Effect::Forget(session, Ended::Unfinished)] };
        }
        let before = std::mem::replace(&mut self.state, State::rest(&self.rules, None));
        let State::Checking { visit, badge, is_paid, next, .. } = before else { return Vec::new() };
        let paid_back = if is_paid { self.settle(&answer) } else { None };
        let mut effects: Vec<Effect> = paid_back.into_iter().collect();
        if let (Err(Denial::Spent(wait)), true) = (&answer, is_paid) {
            self.budget.empty(now + *wait);
            effects.push(Effect::KeepBudget(0));
        }
        effects.extend(visit.iter().map(|visit| Effect::Forget(visit.session, Ended::OtherBadge)));
        match (answer, visit, badge) {
            (Ok(Identity::Person(welcome)), _, _) => {
                effects.extend(self.greet_in(session, welcome.language, now));
                self.state = State::SignedIn(Visit::begin(session, welcome, &self.rules, now));
                effects.push(Effect::CheckPlaces(session));
            }
            (Ok(Identity::Same), Some(mut visit), _) => {
                visit.touch(&self.rules, now);
                // Catch up on what expired during the lookup.
                visit.expire(now);
                self.state = State::SignedIn(visit);
                return self.next_badge(next, now);
            }
            (Ok(Identity::Technician(report)), ..) => self.technician_came(session, *report, now),
            (Ok(Identity::NeedsPin), _, Some(read)) => self.state = State::with_badge(read, now),
            (Ok(Identity::Same | Identity::NeedsPin), _, _) => effects.extend(self.deny(Denial::KioskFault, now)),
            // No denial: the screen shows how long the keypad is locked.
            (Err(_), _, _) if is_paid && self.budget.left() == 0 => {}
            (Err(denial), _, _) => effects.extend(self.deny(denial, now)),
        }
        effects.extend(self.next_badge(next, now));
        effects
    }

    /// Uses the language that this person chose just now, else the one from an earlier visit.
    fn greet_in(&mut self, session: SessionId, before: Option<Language>, now: Instant) -> Option<Effect> {
        match (self.language, before) {
            (Some((chosen, _)), before) if before != Some(chosen) => Some(Effect::KeepLanguage(session, chosen)),
            (None, Some(before)) if self.rules.languages.contains(&before) => {
                self.language = Some((before, now));
                None
            }
            (Some(_) | None, _) => None,
        }
    }

    /// Ends whatever is open, and shows this refusal at rest.
    pub(super) fn deny(&mut self, denial: Denial, now: Instant) -> Vec<Effect> {
        self.state = State::rest(&self.rules, Some((denial, now + DENIAL)));
        Vec::new()
    }
}
