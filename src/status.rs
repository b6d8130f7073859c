//! How the program is doing, for those who watch it from outside: systemd, Prometheus, the technician. Agent and window write
//! it down; it holds nothing about a person.

pub mod metrics;
pub mod server;
pub mod supervisor;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use self::metrics::Metrics;
use crate::trouble::Trouble;

/// A window or an agent that was not heard of for so long stands still.
///
/// # Source
///
/// `threats-and-faults.md`, R58.
pub const STILL: Duration = Duration::from_secs(20);

/// How the program is doing. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    metrics: Metrics,
    facts: Mutex<Facts>,
    /// When window and agent were both heard of last.
    beat: Mutex<Instant>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { metrics: Metrics::new(), facts: Mutex::default(), beat: Mutex::new(Instant::now()) }
    }
}

/// What is so or not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// What is wrong between here and Kisi, or with the disk.
    pub trouble: Option<Trouble>,
    /// Why the newest configuration is not in use. The one before is.
    pub refused_config: Option<String>,
    /// Why the kiosk does not work at all.
    pub out_of_order: Option<String>,
    /// Names the configuration that is in use.
    pub config_hash: String,
}

impl Status {
    /// What is counted and measured.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What is so now.
    pub fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// Something is otherwise.
    pub fn change(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.lock());
    }

    /// The window drew and the agent answered.
    pub fn beat(&self) {
        *self.0.beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        supervisor::alive();
    }

    /// How long neither was heard of.
    pub fn silence(&self) -> Duration {
        self.0.beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
