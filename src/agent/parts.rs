//! The parts that an agent is built from.

use super::{Membership, UnlockLimits};
use crate::{
    beacons::Nearby,
    door::{DoorRule, PlaceId},
    kisi,
    session::budget::BudgetRules,
    staff::NameFormat,
    status::Status,
    store::audit,
    store::directory::Directory,
};

/// Everything an agent needs to start.
#[derive(Debug)]
pub struct Parts {
    /// Staff, their credentials and their logins.
    pub directory: Directory,
    /// The audit log.
    pub log: audit::Log,
    /// Age in days from which audit records are pruned.
    pub keep_days: u32,
    /// Client for Kisi's API.
    pub client: kisi::Client,
    /// Places whose doors are shown. Empty means all.
    pub places: Vec<PlaceId>,
    /// Doors that are not shown.
    pub hidden: Vec<DoorRule>,
    /// Every rule for single doors, of any kind.
    pub rules: Vec<DoorRule>,
    /// How the greeting writes a person's name.
    pub names: NameFormat,
    /// Whether a badge signs in only together with its PIN.
    pub badge_needs_pin: bool,
    /// Size and refill of the budget for lookups of unknown badges.
    pub badge_budget: BudgetRules,
    /// How often a person may open doors.
    pub limits: UnlockLimits,
    /// Whether lookups run on the agent's own thread, so that the same events always give the same run. Only tests set
    /// this: hashing takes a quarter of a second, and an unlock would wait for it.
    pub(crate) inline_lookup: bool,
    /// Whether each person's doors are kept, and shown at their next sign-in until Kisi has answered.
    pub remembers_doors: bool,
    /// Where the agent reports its state.
    pub status: Status,
    /// Membership of a fleet. The directory has the fleet's keys then.
    pub fleet: Option<Membership>,
    /// The readers near the kiosk.
    pub nearby: Nearby,
}
