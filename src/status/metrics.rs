//! Prometheus metrics. Labels are few and fixed, and never name a person or a door.

use std::time::Duration;

use prometheus::{Gauge, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::{
    collectors::{Makes, kept},
    fleet::{FleetMetrics, FleetState},
};
use crate::door::Outcome;
use crate::store::directory::Standings;

/// Buckets for the length of visits, in seconds: up to the longest at a wall kiosk, then up to a shift at a reception desk.
const VISITS: [f64; 11] = [2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 180.0, 3_600.0, 43_200.0];
/// Buckets for the time from a tap to its outcome, in seconds, up to the default timeout.
const ANSWERS: [f64; 9] = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 5.0, 8.0];
/// Values of the label `outcome`.
const OUTCOMES: [&str; 7] = ["accepted", "refused", "not_sent", "not_recorded", "limited", "wrong_clock", "unknown"];

/// Every metric of the program.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    round_trip: Gauge,
    answered_at: Gauge,
    clock_off: Gauge,
    unlocks: IntCounterVec,
    unlock_time: Histogram,
    sign_ins: IntCounterVec,
    visits: Histogram,
    guesses_left: IntGauge,
    orders: IntGauge,
    work: IntGauge,
    agent_starts: IntCounter,
    config: IntGaugeVec,
    config_is_current: IntGauge,
    works: IntGauge,
    people: IntGaugeVec,
    fleet: FleetMetrics,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let make = Makes(&registry);
        let metrics = Self {
            round_trip: make
                .gauge("vestibule_kisi_round_trip_seconds", "Round trip of the last connectivity check with Kisi."),
            answered_at: make.gauge(
                "vestibule_kisi_last_answer_timestamp_seconds",
                "Unix time of the last successful connectivity check.",
            ),
            clock_off: make
                .gauge("vestibule_clock_offset_seconds", "Absolute difference between this clock and Kisi's."),
            unlocks: make.counters("vestibule_unlocks_total", "Unlocks, by outcome.", &["outcome"]),
            unlock_time: make.histogram("vestibule_unlock_seconds", "Time from the tap to its outcome.", &ANSWERS),
            sign_ins: make.counters("vestibule_sign_ins_total", "Sign-in attempts, by result.", &["method", "result"]),
            visits: make.histogram("vestibule_session_seconds", "Length of sessions.", &VISITS),
            guesses_left: make.number("vestibule_guesses_left", "Guesses left in the keypad budget."),
            orders: make.number("vestibule_agent_orders_waiting", "Commands queued for the agent."),
            work: make.number("vestibule_agent_work_running", "Tasks that the agent is running."),
            agent_starts: make.counter("vestibule_agent_restarts_total", "Number of agent restarts."),
            config: make.gauges("vestibule_config_info", "The hash of the configuration in use.", &["hash"]),
            config_is_current: make.number("vestibule_config_current", "0 while the newest configuration is rejected."),
            works: make.number("vestibule_working", "0 while the screen shows out of order."),
            people: make.gauges("vestibule_logins", "Enrolled people, by the state of their login.", &["standing"]),
            fleet: FleetMetrics::new(),
            registry,
        };
        metrics.begin();
        metrics
    }

    /// Initializes the counters, so that an outcome that has not occurred yet is 0 instead of missing.
    fn begin(&self) {
        for outcome in OUTCOMES {
            self.unlocks.with_label_values(&[outcome]).inc_by(0);
        }
        self.config_is_current.set(1);
        let build = Opts::new("vestibule_build_info", "The version of the program.")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        kept(&self.registry, IntGauge::with_opts(build)).set(1);
        #[cfg(target_os = "linux")]
        if let Err(error) =
            self.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
        {
            tracing::warn!(%error, "process metrics are not available");
        }
    }

    /// Renders all metrics in Prometheus' text format. Those of a fleet only if there is one.
    ///
    /// # Errors
    ///
    /// When a metric cannot be encoded.
    pub fn text(&self, fleet: Option<&FleetState>) -> prometheus::Result<String> {
        let mut families = self.registry.gather();
        families.extend(fleet.into_iter().flat_map(|state| self.fleet.gather(state)));
        TextEncoder::new().encode_to_string(&families)
    }

    /// The metrics of a fleet.
    pub fn fleet(&self) -> &FleetMetrics {
        &self.fleet
    }

    /// Records a successful connectivity check: its round trip and its time.
    pub fn answered(&self, after: Duration, now: jiff::Timestamp) {
        self.round_trip.set(after.as_secs_f64());
        self.answered_at.set(now.as_duration().as_secs_f64());
    }

    /// Records the absolute difference between this clock and Kisi's.
    pub fn clock_off(&self, off: Duration) {
        self.clock_off.set(off.as_secs_f64());
    }

    /// Counts the outcome of an unlock that was sent, and the time since the tap.
    pub fn unlocked(&self, outcome: Outcome, after: Duration) {
        self.unlock_stopped(outcome);
        self.unlock_time.observe(after.as_secs_f64());
    }

    /// Counts the outcome of an unlock that the kiosk did not send.
    pub fn unlock_stopped(&self, outcome: Outcome) {
        let name = match outcome {
            Outcome::Accepted | Outcome::Opened | Outcome::StillClosed => "accepted",
            Outcome::Refused(_) => "refused",
            Outcome::NotSent => "not_sent",
            Outcome::NotRecorded => "not_recorded",
            Outcome::Limited => "limited",
            Outcome::WrongClock => "wrong_clock",
            Outcome::Unknown(_) => "unknown",
        };
        self.unlocks.with_label_values(&[name]).inc();
    }

    /// Counts a sign-in attempt.
    pub fn signed_in(&self, method: &str, result: &str) {
        self.sign_ins.with_label_values(&[method, result]).inc();
    }

    /// Records the length of a session.
    pub fn visited(&self, long: Duration) {
        self.visits.observe(long.as_secs_f64());
    }

    /// Sets the number of guesses left in the keypad budget.
    pub fn guesses_left(&self, left: u32) {
        self.guesses_left.set(left.into());
    }

    /// Sets the number of the agent's queued commands and running tasks.
    pub fn queued(&self, orders: usize, work: usize) {
        self.orders.set(i64::try_from(orders).unwrap_or(i64::MAX));
        self.work.set(i64::try_from(work).unwrap_or(i64::MAX));
    }

    /// Counts a restart of the agent.
    pub fn agent_restarted(&self) {
        self.agent_starts.inc();
    }

    /// A configuration with this hash came into use, and the kiosk works.
    pub fn configured(&self, hash: &str) {
        self.config.reset();
        self.config.with_label_values(&[hash]).set(1);
        self.config_is_current.set(1);
        self.works.set(1);
    }

    /// The newest configuration was rejected.
    pub fn config_refused(&self) {
        self.config_is_current.set(0);
    }

    /// The screen shows "out of order".
    pub fn out_of_order(&self) {
        self.works.set(0);
    }

    /// Sets the number of enrolled people: with a working login, with a login that Kisi refused, and suspended.
    pub fn people(&self, Standings { active, refused, suspended }: Standings) {
        for (standing, count) in [("active", active), ("refused", refused), ("suspended", suspended)] {
            self.people.with_label_values(&[standing]).set(count.into());
        }
    }
}
