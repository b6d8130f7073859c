//! The report on the technician's screen.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use super::{audit_writer::AuditWriter, authenticator::Authenticator};
use crate::{
    beacons::ListenerState,
    error_chain::Chain,
    outage::Outage,
    platform::disk_space,
    readers::ReaderState,
    session::technician::{CheckKind, FleetReport, FleetStanding, HealthCheck, HealthReport},
    status::{Status, fleet::FleetState},
    store::directory::Standings,
};

/// Length of a shortened hash, enough to compare by eye.
const SHORT: usize = 12;

/// The sources of the report.
pub(super) struct Diagnostics<'a> {
    pub(super) status: &'a Status,
    pub(super) audit: &'a AuditWriter,
    pub(super) authenticator: &'a Authenticator,
    /// Difference from Kisi's clock at the last check that received a time.
    pub(super) clock_off: Duration,
    /// What the listener to readers' beacons does.
    pub(super) beacons: ListenerState,
    /// Deprecations announced in Kisi's responses, one text each.
    pub(super) announced: Vec<String>,
}

impl Diagnostics<'_> {
    /// Builds the report: checks, last unlock outcomes, and the text of the QR code.
    pub(super) fn report(&self) -> HealthReport {
        let fleet = self.status.facts().fleet;
        let mut facts = vec![self.network(), self.clock(), self.logins()];
        facts.extend(fleet.as_ref().map(check_of_fleet));
        facts.push(self.disk());
        facts.extend(self.readers());
        facts.extend(self.beacons());
        facts.extend([self.configuration(), self.version()]);
        let last = self.audit.last_outcomes();
        let lines = facts.iter().map(|fact| format!("{:?}: {}", fact.what, fact.value));
        let at = format!("At: {:.0}", Timestamp::now());
        let head = self.audit.head().unwrap_or_default();
        let lines = lines.chain([at, format!("Audit head: {head}")]).collect::<Vec<_>>();
        HealthReport {
            facts,
            fleet: fleet.as_ref().map(fleet_report),
            last,
            diagnostics: format!("vestibule\n{}", lines.join("\n")),
        }
    }

    fn network(&self) -> HealthCheck {
        let outage = self.status.facts().outage.filter(|outage| *outage != Outage::Disk);
        let value = outage.map_or("ok", Outage::name).to_owned();
        HealthCheck { what: CheckKind::Network, value, is_good: outage.is_none() }
    }

    fn clock(&self) -> HealthCheck {
        let off = self.clock_off.as_secs();
        let outage = self.status.facts().outage;
        HealthCheck { what: CheckKind::Clock, value: format!("± {off} s"), is_good: outage != Some(Outage::Clock) }
    }

    fn logins(&self) -> HealthCheck {
        let directory = &self.authenticator.directory;
        let (value, is_good) = match directory.check().and_then(|()| directory.standings()) {
            Ok(Standings { active, refused: 0, suspended }) => (format!("{}", active + suspended), true),
            Ok(Standings { active, refused, suspended }) => {
                (format!("{}, {refused} ✗", active + refused + suspended), false)
            }
            Err(error) => (Chain(&error).to_string(), false),
        };
        HealthCheck { what: CheckKind::Logins, value, is_good }
    }

    fn disk(&self) -> HealthCheck {
        let is_written = self.status.facts().outage != Some(Outage::Disk);
        let (value, has_room) = match disk_space::used(self.audit.folder()) {
            Ok(used) => (format!("{used} %"), used < disk_space::FULL),
            Err(error) => (error.to_string(), true),
        };
        HealthCheck { what: CheckKind::Disk, value, is_good: is_written && has_room }
    }

    /// The readers that do not work, else how many do. `None` if none has a wire of its own.
    fn readers(&self) -> Option<HealthCheck> {
        let readers = self.status.facts().readers;
        let faults: Vec<String> = readers.iter().filter_map(ReaderState::trouble).collect();
        let (value, is_good) =
            if faults.is_empty() { (readers.len().to_string(), true) } else { (faults.join(". "), false) };
        (!readers.is_empty()).then_some(HealthCheck { what: CheckKind::Readers, value, is_good })
    }

    /// What hears the beacons of readers. `None` if nothing does.
    fn beacons(&self) -> Option<HealthCheck> {
        let (value, is_good) = match self.beacons.clone() {
            ListenerState::Off => return None,
            ListenerState::Quiet => ("ok".to_owned(), true),
            ListenerState::Listening(adapter) => (adapter, true),
            ListenerState::Fault(why) => (why, false),
        };
        Some(HealthCheck { what: CheckKind::Beacons, value, is_good })
    }

    fn configuration(&self) -> HealthCheck {
        let facts = self.status.facts();
        let hash: String = facts.config_hash.chars().take(SHORT).collect();
        let is_good = facts.refused_config.is_none();
        HealthCheck { what: CheckKind::Configuration, value: facts.refused_config.unwrap_or(hash), is_good }
    }

    /// The program's version, and the operations that Kisi will remove.
    fn version(&self) -> HealthCheck {
        let mut said = self.announced.clone();
        let is_good = said.is_empty();
        said.insert(0, env!("CARGO_PKG_VERSION").to_owned());
        HealthCheck { what: CheckKind::Version, value: said.join(". "), is_good }
    }
}

/// The fleet, as the code with the diagnostics says it.
fn check_of_fleet(fleet: &FleetState) -> HealthCheck {
    let FleetState { standing, last_contact, unshipped, copies } = fleet;
    let contact = last_contact.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"));
    let value =
        format!("{}, last contact {contact}, {copies} copies, {unshipped} records not shipped", standing.name());
    let is_good = matches!(standing, FleetStanding::Connected | FleetStanding::Comparing);
    HealthCheck { what: CheckKind::Fleet, value, is_good }
}

/// The fleet, for the screen.
fn fleet_report(fleet: &FleetState) -> FleetReport {
    let FleetState { standing, last_contact, unshipped, .. } = *fleet;
    let last_contact = last_contact.map(|at| TimeZone::system().to_datetime(at).strftime("%d. %H:%M").to_string());
    FleetReport { standing, last_contact: last_contact.unwrap_or_default(), unshipped }
}
