//! The technician at the agent's side: what is reported, and that every step is written down.

use std::time::Duration;

use jiff::Timestamp;

use super::{audit_writer::AuditWriter, authenticator::Authenticator};
use crate::{
    chain::Chain,
    room,
    session::technician::{Fact, Report, What},
    status::Status,
    trouble::Trouble,
};

/// Characters of a hash that are enough to tell two apart by eye.
const SHORT: usize = 12;

/// Where the report comes from.
pub(super) struct Diagnostics<'a> {
    pub(super) status: &'a Status,
    pub(super) audit: &'a AuditWriter,
    pub(super) authenticator: &'a Authenticator,
    /// What the kiosk's clock was off, the last time that Kisi told.
    pub(super) clock_off: Duration,
    /// Deprecations that Kisi announced in its answers.
    pub(super) announced: Vec<String>,
}

impl Diagnostics<'_> {
    /// What the technician sees.
    pub(super) fn report(&self) -> Report {
        let facts =
            vec![self.network(), self.clock(), self.logins(), self.disk(), self.configuration(), self.version()];
        let last = self.audit.last_outcomes();
        let lines = facts.iter().map(|fact| format!("{:?}: {}", fact.what, fact.value));
        let at = format!("At: {:.0}", Timestamp::now());
        let head = self.audit.head().unwrap_or_default();
        let lines = lines.chain([at, format!("Audit head: {head}")]).collect::<Vec<_>>();
        Report { facts, last, diagnostics: format!("vestibule\n{}", lines.join("\n")) }
    }

    fn network(&self) -> Fact {
        let trouble = self.status.facts().trouble.filter(|trouble| *trouble != Trouble::Disk);
        let value = trouble.map_or("ok", Trouble::name).to_owned();
        Fact { what: What::Network, value, is_good: trouble.is_none() }
    }

    fn clock(&self) -> Fact {
        let off = self.clock_off.as_secs();
        let trouble = self.status.facts().trouble;
        Fact { what: What::Clock, value: format!("± {off} s"), is_good: trouble != Some(Trouble::Clock) }
    }

    fn logins(&self) -> Fact {
        let directory = &self.authenticator.directory;
        let (value, is_good) = match directory.check().and_then(|()| directory.standings()) {
            Ok([active, 0, suspended]) => (format!("{}", active + suspended), true),
            Ok([active, refused, suspended]) => (format!("{}, {refused} ✗", active + refused + suspended), false),
            Err(error) => (Chain(&error).to_string(), false),
        };
        Fact { what: What::Logins, value, is_good }
    }

    fn disk(&self) -> Fact {
        let is_written = self.status.facts().trouble != Some(Trouble::Disk);
        let (value, has_room) = match room::used(self.audit.folder()) {
            Ok(used) => (format!("{used} %"), used < room::FULL),
            Err(error) => (error.to_string(), true),
        };
        Fact { what: What::Disk, value, is_good: is_written && has_room }
    }

    fn configuration(&self) -> Fact {
        let facts = self.status.facts();
        let hash: String = facts.config_hash.chars().take(SHORT).collect();
        let is_good = facts.refused_config.is_none();
        Fact { what: What::Configuration, value: facts.refused_config.unwrap_or(hash), is_good }
    }

    /// Of the program, and what Kisi announced that it will not bear with for ever.
    fn version(&self) -> Fact {
        let mut said = self.announced.clone();
        let is_good = said.is_empty();
        said.insert(0, env!("CARGO_PKG_VERSION").to_owned());
        Fact { what: What::Version, value: said.join(". "), is_good }
    }
}
