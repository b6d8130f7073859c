//! Makes Prometheus' collectors and registers them.

use prometheus::{
    Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, core::Collector,
};

/// Registers the collector and returns it.
#[expect(clippy::expect_used, reason = "all names are literals in this file, and a test registers them all")]
pub(super) fn kept<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let made = made.expect("a metric name is invalid");
    registry.register(Box::new(made.clone())).expect("a metric is registered twice");
    made
}

/// Makes collectors and registers them here.
pub(super) struct Makes<'a>(pub(super) &'a Registry);

impl Makes<'_> {
    pub(super) fn gauge(&self, name: &str, help: &str) -> Gauge {
        kept(self.0, Gauge::new(name, help))
    }

    pub(super) fn number(&self, name: &str, help: &str) -> IntGauge {
        kept(self.0, IntGauge::new(name, help))
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        kept(self.0, IntCounter::new(name, help))
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        kept(self.0, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        kept(self.0, IntCounterVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        kept(self.0, IntGaugeVec::new(Opts::new(name, help), labels))
    }
}
