//! What Prometheus reads. Labels are few and fixed: no name, no door, no number of anybody.

use std::time::Duration;

use prometheus::{
    Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
    core::Collector,
};

use crate::door::Outcome;

/// How long visits last, in seconds: up to the longest at a wall, and a shift at a desk.
const VISITS: [f64; 11] = [2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 180.0, 3_600.0, 43_200.0];
/// How long Kisi takes, in seconds: up to what is given up.
const ANSWERS: [f64; 9] = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 5.0, 8.0];
/// What may become of an unlock.
const OUTCOMES: [&str; 7] = ["accepted", "refused", "not_sent", "not_recorded", "limited", "wrong_clock", "unknown"];

/// Every number that is kept.
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
}

/// Makes one and has it read.
#[expect(clippy::expect_used, reason = "the names are written in this file, and a test makes them all")]
fn kept<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let made = made.expect("a name of a metric is malformed");
    registry.register(Box::new(made.clone())).expect("a metric is there twice");
    made
}

impl Metrics {
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let r = &registry;
        let gauge = |name: &str, help: &str| kept(r, Gauge::new(name, help));
        let number = |name: &str, help: &str| kept(r, IntGauge::new(name, help));
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            kept(r, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
        };
        let counters =
            |name: &str, help: &str, labels: &[&str]| kept(r, IntCounterVec::new(Opts::new(name, help), labels));
        let gauges = |name: &str, help: &str, labels: &[&str]| kept(r, IntGaugeVec::new(Opts::new(name, help), labels));
        let metrics = Self {
            round_trip: gauge(
                "vestibule_kisi_round_trip_seconds",
                "How long Kisi took when it was asked the time last.",
            ),
            answered_at: gauge(
                "vestibule_kisi_last_answer_timestamp_seconds",
                "When Kisi answered last, in Unix time.",
            ),
            clock_off: gauge("vestibule_clock_offset_seconds", "How far this clock is from Kisi's, either way."),
            unlocks: counters("vestibule_unlocks_total", "Taps on doors, by what became of them.", &["outcome"]),
            unlock_time: histogram("vestibule_unlock_seconds", "From the tap to what became of it.", &ANSWERS),
            sign_ins: counters("vestibule_sign_ins_total", "Sign-ins, by what became of them.", &["method", "result"]),
            visits: histogram("vestibule_session_seconds", "How long people were signed in.", &VISITS),
            guesses_left: number("vestibule_guesses_left", "Guesses that are left at the keypad."),
            orders: number("vestibule_agent_orders_waiting", "Orders that wait for the agent."),
            work: number("vestibule_agent_work_running", "Pieces of work that the agent waits for."),
            agent_starts: kept(r, IntCounter::new("vestibule_agent_restarts_total", "How often the agent began anew.")),
            config: gauges("vestibule_config_info", "The configuration that is in use, by its hash.", &["hash"]),
            config_is_current: number("vestibule_config_current", "0 while the newest configuration is refused."),
            works: number("vestibule_working", "0 while the screen says out of order."),
            people: gauges("vestibule_logins", "People who are enrolled, by how their login stands.", &["standing"]),
            registry,
        };
        metrics.begin();
        metrics
    }

    /// What did not happen yet is 0 rather than missing.
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
            tracing::warn!(%error, "nothing is known of the process");
        }
    }

    /// Everything in Prometheus' text format.
    ///
    /// # Errors
    ///
    /// When a collector gives nonsense.
    pub fn text(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Kisi answered, after so long.
    pub fn answered(&self, after: Duration, now: jiff::Timestamp) {
        self.round_trip.set(after.as_secs_f64());
        self.answered_at.set(now.as_duration().as_secs_f64());
    }

    /// This clock is so far from Kisi's.
    pub fn clock_off(&self, off: Duration) {
        self.clock_off.set(off.as_secs_f64());
    }

    /// A tap came to this, after so long.
    pub fn unlocked(&self, outcome: Outcome, after: Duration) {
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
        self.unlock_time.observe(after.as_secs_f64());
    }

    /// A sign-in came to this.
    pub fn signed_in(&self, method: &str, result: &str) {
        self.sign_ins.with_label_values(&[method, result]).inc();
    }

    /// Somebody was signed in for so long.
    pub fn visited(&self, long: Duration) {
        self.visits.observe(long.as_secs_f64());
    }

    /// So many guesses are left at the keypad.
    pub fn guesses_left(&self, left: u32) {
        self.guesses_left.set(left.into());
    }

    /// So much waits for the agent, and so much does the agent wait for.
    pub fn queued(&self, orders: usize, work: usize) {
        self.orders.set(i64::try_from(orders).unwrap_or(i64::MAX));
        self.work.set(i64::try_from(work).unwrap_or(i64::MAX));
    }

    /// The agent began anew.
    pub fn agent_restarted(&self) {
        self.agent_starts.inc();
    }

    /// This configuration is in use.
    pub fn configured(&self, hash: &str) {
        self.config.reset();
        self.config.with_label_values(&[hash]).set(1);
        self.config_is_current.set(1);
        self.works.set(1);
    }

    /// Another one was refused.
    pub fn config_refused(&self) {
        self.config_is_current.set(0);
    }

    /// The screen says that nothing works.
    pub fn out_of_order(&self) {
        self.works.set(0);
    }

    /// So many people are here: all is well, Kisi refused their login, or they are suspended.
    pub fn people(&self, active: u32, refused: u32, suspended: u32) {
        for (standing, count) in [("active", active), ("refused", refused), ("suspended", suspended)] {
            self.people.with_label_values(&[standing]).set(count.into());
        }
    }
}
