//! What an agent is made of.

use std::sync::{Arc, Mutex};

use super::Limits;
use crate::{
    door::PlaceId, kisi, proximity::Proofs, session::budget::BudgetRules, staff::NameFormat, status::Status,
    store::audit, store::directory::Directory,
};

/// What the agent works with.
#[derive(Debug)]
pub struct Parts {
    /// Staff, their credentials and their logins.
    pub directory: Directory,
    /// The audit log.
    pub log: audit::Log,
    /// Days after which records are pruned.
    pub keep_days: u32,
    /// The way to Kisi.
    pub client: kisi::Client,
    /// Places whose doors are shown. Empty means all.
    pub places: Vec<PlaceId>,
    /// Names of doors that are not shown.
    pub hidden: Vec<String>,
    /// How people are greeted.
    pub names: NameFormat,
    /// A badge signs in only together with a PIN.
    pub badge_needs_pin: bool,
    /// How many lookups of unknown badges there are, and how fast they come back.
    pub badge_budget: BudgetRules,
    /// How often people may open doors.
    pub limits: Limits,
    /// Look people up on the agent's own thread, so that the same events always make the same run. A kiosk does not: hashing takes
    /// a quarter of a second, for which an unlock would wait.
    pub(crate) inline_lookup: bool,
    /// Where the agent reports its state.
    pub status: Status,
    /// What readers near the kiosk broadcast. Without a receiver it stays empty.
    pub proofs: Arc<Mutex<Proofs>>,
}
