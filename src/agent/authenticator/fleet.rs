//! Sign-in at a kiosk of a fleet: whether a copy serves or the database is asked, and taking in what it answers.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Authenticator;
use crate::{
    agent::asking::{Answer, Standing, Window},
    staff::{Credential, StaffId},
    store::directory::{self, Index, Presented},
};

/// What is presented again within this is not asked for again: a card that is held to the reader would spend every guess.
/// Our choice: the time in which the fleet gives a guess for badges back.
const REPEATED: Duration = Duration::from_secs(30);

/// How a sign-in goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) enum Plan {
    /// The directory knows. With indexes, the database is asked afterwards.
    Here(Vec<Index>),
    /// The database must be asked first.
    Ask(Vec<Index>),
    /// Nobody can say who this is.
    Nowhere,
}

impl Authenticator {
    /// Whether the database must be asked for this credential. `window`: how the kiosk stands to it, and for how long copies
    /// serve.
    pub(in crate::agent) fn plan(
        &mut self,
        presented: &Presented,
        present: Option<StaffId>,
        (standing, offline): Window,
        now: Instant,
    ) -> Result<Plan, directory::Error> {
        self.uses_copies = true;
        match &presented.credential {
            // The technician is known here alone.
            Credential::Technician(_) => return Ok(Plan::Here(Vec::new())),
            Credential::Badge(badge) => {
                let is_same = present.is_some() && self.directory.staff_of(badge)? == present;
                // The kiosk asks for the PIN of every badge then, known or not.
                let needs_pin = self.needs_pin || self.badges.of(&self.directory, now)?.left() == 0;
                if is_same || needs_pin {
                    return Ok(Plan::Here(Vec::new()));
                }
            }
            Credential::Pin(_) | Credential::BadgeWithPin(..) => {}
        }
        if standing == Standing::Doubted {
            self.uses_copies = false;
            return Ok(Plan::Nowhere);
        }
        let wall = Timestamp::now();
        let since = wall.checked_sub(offline).unwrap_or(Timestamp::MIN);
        let may_serve = since < wall;
        let indexes = self.directory.indexes(presented);
        if may_serve && self.directory.holds(presented, since, wall)? {
            return Ok(Plan::Here(if standing == Standing::Current { indexes } else { Vec::new() }));
        }
        self.uses_copies = false;
        let tag = self.tag_of(&presented.credential);
        let is_repeated = self.asked_last.is_some_and(|(asked, at)| Some(asked) == tag && now < at + REPEATED);
        Ok(if is_repeated { Plan::Here(Vec::new()) } else { Plan::Ask(indexes) })
    }

    /// What recognizes a credential that is presented again. `None` where that is no accident: each badge has tries of its
    /// own, and its PIN is typed by a person.
    fn tag_of(&self, credential: &Credential) -> Option<[u8; 32]> {
        match credential {
            Credential::Pin(pin) => Some(self.directory.repeat_tag(pin)),
            Credential::Badge(badge) => Some(self.directory.badge_repeat_tag(badge)),
            Credential::BadgeWithPin(..) | Credential::Technician(_) => None,
        }
    }

    /// Takes in what the database answered. Only then the directory knows this person.
    pub(in crate::agent) fn learn(
        &mut self,
        presented: &Presented,
        answer: Answer,
        now: Instant,
    ) -> Result<(), directory::Error> {
        let (index, found) = match answer {
            Answer::Found(index, found) => (index, found),
            Answer::Unknown => {
                self.asked_last = self.tag_of(&presented.credential).map(|tag| (tag, now));
                return Ok(());
            }
            Answer::Spent(_) | Answer::Silent => return Ok(()),
        };
        self.asked_last = None;
        if found.rows.is_suspended {
            return self.directory.forget_copies(&[found.rows.staff]);
        }
        let mut rows = found.rows;
        (rows.pins, rows.badges) = self.directory.tags_of(presented, rows.staff, index)?;
        self.directory.keep_copy(&rows, found.version, Timestamp::now())?;
        self.uses_copies = true;
        Ok(())
    }
}
