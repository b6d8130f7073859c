//! The status of the program, for systemd, Prometheus and the technician. The agent and the window update it. It contains no
//! personal data.

mod collectors;
pub mod fleet;
pub mod metrics;
pub mod server;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use self::{fleet::FleetState, metrics::Metrics};
use crate::{outage::Outage, platform::supervisor, readers::ReaderState};

/// Without a heartbeat for this long, the window or the agent counts as hung.
///
/// # Source
///
/// `threats.md`, R58.
pub const STILL: Duration = Duration::from_secs(20);

/// The status of the program. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    metrics: Metrics,
    facts: Mutex<Facts>,
    /// Time of the last heartbeat: the window has drawn and the agent has answered.
    beat: Mutex<Instant>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { metrics: Metrics::new(), facts: Mutex::default(), beat: Mutex::new(Instant::now()) }
    }
}

/// The current state, for `/readyz` and the technician's screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The current outage: between the kiosk and Kisi, or of the disk.
    pub outage: Option<Outage>,
    /// Why the newest configuration was rejected. The previous one stays in use.
    pub refused_config: Option<String>,
    /// Why the kiosk shows "out of order".
    pub out_of_order: Option<String>,
    /// Hash of the configuration in use. Empty before the first start.
    pub config_hash: String,
    /// The kiosk's fleet. `None` without one.
    pub fleet: Option<FleetState>,
    /// The badge readers with a wire of their own.
    pub readers: Vec<ReaderState>,
}

impl Status {
    /// The Prometheus metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// A copy of the current state.
    pub fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// Changes the current state.
    pub fn change(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.lock());
    }

    /// Records a heartbeat and feeds the systemd watchdog. Called by the agent when the window's heartbeat reaches it.
    pub fn beat(&self) {
        *self.0.beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        supervisor::alive();
    }

    /// Time since the last heartbeat.
    pub fn silence(&self) -> Duration {
        self.0.beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
