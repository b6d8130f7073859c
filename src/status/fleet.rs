//! The kiosk's fleet in the metrics and in `/readyz`. Nothing of this is exported by a kiosk without a fleet.

use std::time::Duration;

use jiff::Timestamp;
use prometheus::{Gauge, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, proto::MetricFamily};

use super::collectors::Makes;
use crate::session::technician::FleetStanding;

/// Buckets for a look-up in the database, in seconds, up to the 0.9 s after which it is given up.
const LOOK_UPS: [f64; 9] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.9];

/// What the kiosk knows about its fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetState {
    /// How the kiosk stands to the database.
    pub standing: FleetStanding,
    /// When the database last answered. `None`: never.
    pub last_contact: Option<Timestamp>,
    /// Audit records that the database does not have yet.
    pub unshipped: u64,
    /// People who can sign in from a copy.
    pub copies: u32,
}

/// What answered a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInSource {
    /// A copy on this kiosk.
    Copy,
    /// The database.
    Database,
    /// Nothing: there is no copy, and the database did not answer.
    Silent,
}

impl SignInSource {
    const ALL: [Self; 3] = [Self::Copy, Self::Database, Self::Silent];

    const fn label(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Database => "database",
            Self::Silent => "silent",
        }
    }
}

/// The metrics of a kiosk in a fleet.
#[derive(Debug)]
pub struct FleetMetrics {
    registry: Registry,
    standing: IntGaugeVec,
    last_contact: Gauge,
    unshipped: IntGauge,
    copies: IntGauge,
    sign_ins: IntCounterVec,
    look_ups: Histogram,
    unlocks_alone: IntCounter,
}

impl FleetMetrics {
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let make = Makes(&registry);
        let metrics = Self {
            standing: make.gauges(
                "vestibule_fleet_standing",
                "1 for the state of the connection to the fleet's database, 0 for every other state.",
                &["standing"],
            ),
            last_contact: make.gauge(
                "vestibule_fleet_last_contact_timestamp_seconds",
                "Unix time of the last answer of the fleet's database. 0 if there was none.",
            ),
            unshipped: make.number(
                "vestibule_fleet_records_unshipped",
                "Audit records that the fleet's database does not have yet.",
            ),
            copies: make.number("vestibule_fleet_copies", "People who can sign in while the database is away."),
            sign_ins: make.counters("vestibule_fleet_sign_ins_total", "Sign-ins, by what answered them.", &["source"]),
            look_ups: make.histogram(
                "vestibule_fleet_look_up_seconds",
                "Time until the fleet's database said who somebody is, or until the kiosk gave up.",
                &LOOK_UPS,
            ),
            unlocks_alone: make.counter(
                "vestibule_fleet_unlocks_alone_total",
                "Unlocks that Kisi accepted and that the kiosk sent without asking the fleet's database.",
            ),
            registry,
        };
        for source in SignInSource::ALL {
            metrics.sign_ins.with_label_values(&[source.label()]).inc_by(0);
        }
        metrics
    }

    /// Counts a sign-in.
    pub fn signed_in(&self, from: SignInSource) {
        self.sign_ins.with_label_values(&[from.label()]).inc();
    }

    /// Records how long a look-up in the database took.
    pub fn looked_up(&self, after: Duration) {
        self.look_ups.observe(after.as_secs_f64());
    }

    /// Counts an unlock that Kisi accepted and that the database was not asked about.
    pub fn opened_alone(&self) {
        self.unlocks_alone.inc();
    }

    /// Everything, with the gauges as in this state.
    pub(super) fn gather(&self, state: &FleetState) -> Vec<MetricFamily> {
        for standing in FleetStanding::ALL {
            let is_this = i64::from(standing == state.standing);
            self.standing.with_label_values(&[standing.name().replace(' ', "_").as_str()]).set(is_this);
        }
        self.last_contact.set(state.last_contact.map_or(0.0, |at| at.as_duration().as_secs_f64()));
        self.unshipped.set(i64::try_from(state.unshipped).unwrap_or(i64::MAX));
        self.copies.set(state.copies.into());
        self.registry.gather()
    }
}
