//! The technician at the agent's side: what is reported, and that every step is written down.

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::Agent;
use crate::{
    audit::Action,
    chain::Chain,
    room,
    session::{
        Denial, Identity, SessionId,
        technician::{Fact, Report, Step, What},
    },
    trouble::Trouble,
};

/// Characters of a hash that are enough to tell two apart by eye.
const SHORT: usize = 12;

impl Agent {
    /// Lets the technician in, if they are still waited for.
    pub(super) fn technician_came(
        &mut self,
        session: SessionId,
        asked: bool,
        reply: oneshot::Sender<Result<Identity, Denial>>,
    ) {
        if !asked {
            return;
        }
        self.technician = Some(session);
        tracing::warn!("the technician came");
        self.book.note(Action::Technician, "in");
        let _ = reply.send(Ok(Identity::Technician(Box::new(self.report()))));
    }

    /// Writes a step down. Says whether a technician is there to take it.
    pub(super) fn technician_does(&mut self, session: SessionId, step: Step) -> bool {
        let is_there = self.technician == Some(session);
        if is_there {
            tracing::warn!(step = step.name(), "the technician");
            self.book.note(Action::Technician, step.name());
        }
        is_there
    }

    pub(super) fn technician_left(&mut self, session: SessionId) {
        if self.technician.take_if(|id| *id == session).is_some() {
            tracing::info!("the technician left");
            self.book.note(Action::Technician, "out");
        }
    }

    fn report(&self) -> Report {
        let facts =
            vec![self.network(), self.clock(), self.logins(), self.disk(), self.configuration(), self.version()];
        let last = self.book.last_outcomes();
        let lines = facts.iter().map(|fact| format!("{:?}: {}", fact.what, fact.value));
        let at = format!("At: {:.0}", Timestamp::now());
        let head = self.book.head().unwrap_or_default();
        let lines = lines.chain([at, format!("Audit head: {head}")]).collect::<Vec<_>>();
        Report { facts, last, diagnostics: format!("vestibule\n{}", lines.join("\n")) }
    }

    fn network(&self) -> Fact {
        let trouble = self.status.facts().trouble.filter(|trouble| *trouble != Trouble::Disk);
        let value = trouble.map_or("ok", Trouble::name).to_owned();
        Fact { what: What::Network, value, is_good: trouble.is_none() }
    }

    fn clock(&self) -> Fact {
        let off = self.surroundings.clock_off.as_secs();
        let trouble = self.status.facts().trouble;
        Fact { what: What::Clock, value: format!("± {off} s"), is_good: trouble != Some(Trouble::Clock) }
    }

    fn logins(&self) -> Fact {
        let desk = self.desk();
        let (value, is_good) = match desk.directory.check().and_then(|()| desk.directory.standings()) {
            Ok([active, 0, suspended]) => (format!("{}", active + suspended), true),
            Ok([active, refused, suspended]) => (format!("{}, {refused} ✗", active + refused + suspended), false),
            Err(error) => (Chain(&error).to_string(), false),
        };
        Fact { what: What::Logins, value, is_good }
    }

    fn disk(&self) -> Fact {
        let is_written = self.status.facts().trouble != Some(Trouble::Disk);
        let (value, has_room) = match room::used(self.book.folder()) {
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
        let mut said = self.client.announced();
        let is_good = said.is_empty();
        said.insert(0, env!("CARGO_PKG_VERSION").to_owned());
        Fact { what: What::Version, value: said.join(". "), is_good }
    }
}
