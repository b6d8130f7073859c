//! The technician's screen: how to open it, what it shows and what it can do. Holding the clock asks for a PIN of its
//! own, which can be typed on the touchscreen only. The screen closes after two minutes.

use std::time::{Duration, Instant};

use super::{Effect, Ended, Session, SessionId, State, entry::Entry};
use crate::staff::Pin;

/// How long the clock must be held (`design.md`, section 2).
pub const HOLD: Duration = Duration::from_secs(3);
/// How long the screen stays open (`design.md`, section 2).
pub const STAY: Duration = Duration::from_mins(2);
/// A half-typed technician PIN is cleared after this. It has more digits than others, so this is longer. Our choice.
const ENTRY: Duration = Duration::from_secs(20);

/// What the technician can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum TechnicianAction {
    /// Reload the configuration.
    Reload,
    /// Restore all guesses at the keypad (R18).
    RestoreGuesses,
    /// Stop the kiosk until somebody starts it.
    Leave,
}

impl TechnicianAction {
    /// The name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::RestoreGuesses => "guesses restored",
            Self::Leave => "leave",
        }
    }
}

/// What a line of the report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum CheckKind {
    /// The connection to Kisi.
    Network,
    /// How far the clock is off.
    Clock,
    /// The directory and its logins.
    Logins,
    /// The fleet's database. The screen says it in words, from [`HealthReport::fleet`].
    Fleet,
    /// How full the disk is.
    Disk,
    /// The badge readers with a wire of their own.
    Readers,
    /// What hears the beacons of the doors' readers.
    Beacons,
    /// Which configuration is in use.
    Configuration,
    /// The program's version.
    Version,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct HealthCheck {
    /// What it is about.
    pub what: CheckKind,
    /// The value to show, such as `31 %`.
    pub value: String,
    /// Whether no action is needed.
    pub is_good: bool,
}

/// How a kiosk stands to the database of its fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum FleetStanding {
    /// Connected, and the copies of people are up to date.
    Connected,
    /// Connected, and the copies are being compared.
    Comparing,
    /// Not connected: copies serve.
    Away,
    /// The database lost records that it had acknowledged: nobody signs in.
    RolledBack,
}

impl FleetStanding {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Connected, Self::Comparing, Self::Away, Self::RolledBack];

    /// The name in logs and in `/readyz`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Comparing => "comparing",
            Self::Away => "away",
            Self::RolledBack => "rolled back",
        }
    }
}

/// What the screen says about the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct FleetReport {
    /// How the kiosk stands to the database.
    pub standing: FleetStanding,
    /// Local time of its last answer. Empty if there was none.
    pub last_contact: String,
    /// Audit records that the database does not have yet.
    pub unshipped: u64,
}

/// What the agent reports when the technician signs in. It names no person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct HealthReport {
    /// Each subject once.
    pub facts: Vec<HealthCheck>,
    /// The fleet, if the kiosk is in one.
    pub fleet: Option<FleetReport>,
    /// The last taps, one line each: time, door, outcome.
    pub last: Vec<String>,
    /// All of it as one text, for the QR code.
    pub diagnostics: String,
}

/// The technician is signed in.
#[derive(Debug, PartialEq, Eq)]
pub struct Technician {
    /// The session that the agent opened for the technician.
    pub session: SessionId,
    /// When the screen closes.
    pub until: Instant,
    /// As of the sign-in.
    pub report: HealthReport,
    /// The result of the last action, if there was one.
    pub said: Option<ActionResult>,
}

/// The result of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionResult {
    /// The guesses were restored.
    GuessesRestored,
    /// A second touch will stop the kiosk.
    AsksToLeave,
    /// The configuration is being reloaded.
    Reloading,
    /// The configuration was refused for this reason. The old one stays in use.
    Refused(String),
}

impl Session {
    /// A finger came down on the clock.
    pub(super) fn hold_clock(&mut self, now: Instant) -> Vec<Effect> {
        if matches!(self.state, State::SignedOut { .. }) {
            self.held_until = Some(now + HOLD);
        }
        Vec::new()
    }

    /// The finger left the clock.
    pub(super) fn let_clock_go(&mut self) -> Vec<Effect> {
        self.held_until = None;
        Vec::new()
    }

    /// Once the clock was held long enough, the pad takes the technician's PIN.
    pub(super) fn expire_hold(&mut self, now: Instant) {
        if self.held_until.take_if(|until| *until <= now).is_some() {
            let (entry, clears_at) = (Entry::Technician(Pin::new()), Some(now + ENTRY));
            self.state = State::SignedOut { entry, denial: None, clears_at };
        }
    }

    /// Whether keyboards and readers are ignored: the technician's PIN is typed, or the technician's screen is open.
    pub(super) fn is_technicians(&self) -> bool {
        matches!(self.state, State::Technician(_) | State::SignedOut { entry: Entry::Technician(_), .. })
    }

    pub(super) fn technician_came(&mut self, session: SessionId, report: HealthReport, now: Instant) {
        self.state = State::Technician(Technician { session, until: now + STAY, report, said: None });
    }

    pub(super) fn step_touched(&mut self, step: TechnicianAction) -> Vec<Effect> {
        let State::Technician(technician) = &mut self.state else { return Vec::new() };
        let mut effects = vec![Effect::Technician(technician.session, step)];
        match step {
            TechnicianAction::Reload => technician.said = Some(ActionResult::Reloading),
            TechnicianAction::RestoreGuesses => {
                technician.said = Some(ActionResult::GuessesRestored);
                self.budget.restore_all();
                effects.push(Effect::KeepBudget(self.budget.left()));
            }
            TechnicianAction::Leave if technician.said == Some(ActionResult::AsksToLeave) => {}
            TechnicianAction::Leave => {
                technician.said = Some(ActionResult::AsksToLeave);
                return Vec::new();
            }
        }
        effects
    }

    /// Carries out an action, now that it is in the audit log.
    pub(super) fn step_recorded(&mut self, session: SessionId, step: TechnicianAction) -> Vec<Effect> {
        match (&self.state, step) {
            (State::Technician(technician), TechnicianAction::Reload) if technician.session == session => {
                vec![Effect::Reload]
            }
            (State::Technician(technician), TechnicianAction::Leave) if technician.session == session => {
                vec![Effect::Leave]
            }
            (_, TechnicianAction::Reload | TechnicianAction::RestoreGuesses | TechnicianAction::Leave) => Vec::new(),
        }
    }

    /// Shows why the configuration was refused at a reload.
    pub(super) fn reload_refused(&mut self, why: String) -> Vec<Effect> {
        if let State::Technician(technician) = &mut self.state {
            technician.said = Some(ActionResult::Refused(why));
        }
        Vec::new()
    }

    pub(super) fn technician_leaves(&mut self, why: Ended) -> Vec<Effect> {
        let State::Technician(technician) = &self.state else { return Vec::new() };
        let effects = vec![Effect::Forget(technician.session, why)];
        self.state = State::rest(&self.rules, None);
        effects
    }
}
