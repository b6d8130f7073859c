//! Checks the connection to Kisi and the clocks, more often during an outage. The screen at rest shows the result.

use std::time::Duration;

use jiff::Timestamp;
use tokio::{sync::watch, time::Instant};

use crate::{error_chain::Chain, kisi, outage::Outage, platform::suspend, status::Status};

/// Interval of the checks while Kisi answers. Our choice.
const WELL: Duration = Duration::from_mins(1);
/// First pause of the backoff during an outage; it doubles up to [`LONGEST`]. With one check that times out slowly it
/// stays below the 30 s in which a kiosk must recover (I9).
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15);
/// A clock that is off by this much is reported: the times in the audit log are of little use then.
const CLOCK: Duration = Duration::from_mins(5);
/// From this difference on no unlock is sent: its record would make no sense (F5).
const NO_CLOCK: Duration = Duration::from_hours(24);
/// Shortest interval between warm-ups of the connection, which key presses request.
const WARM: Duration = Duration::from_secs(5);
/// Smaller differences between the clocks are ignored: NTP causes them.
const JUMP: Duration = Duration::from_secs(2);

/// State of the connection to Kisi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connectivity {
    /// The current outage, if any.
    pub outage: Option<Outage>,
}

/// Keeps the state of the connection and of the clocks, and schedules the checks.
pub(super) struct ConnectivityMonitor {
    health: watch::Sender<Connectivity>,
    status: Status,
    /// Whether a check must prove that Kisi answers: at the start, and after a response that was not Kisi's. Another kind
    /// of request may pass where a person's request does not.
    is_doubtful: bool,
    /// Consecutive failed checks.
    failures: u32,
    /// When the next check is due. `None` while one is running.
    next: Option<Instant>,
    /// When the last check began.
    looked_at: Option<Instant>,
    /// Difference from Kisi's clock at the last check that received a time. Never negative.
    clock_off: Duration,
    /// Whether Kisi has sent its time at least once and the clock agreed the last time.
    is_clock_right: bool,
    /// Wall clock and monotonic clock at the last comparison.
    clocks: Clocks,
    asleep: Duration,
}

impl ConnectivityMonitor {
    pub(super) fn new(health: watch::Sender<Connectivity>, status: Status) -> Self {
        let now = Instant::now();
        Self {
            health,
            status,
            is_doubtful: true,
            failures: 0,
            next: Some(now),
            looked_at: None,
            clock_off: Duration::ZERO,
            is_clock_right: false,
            clocks: Clocks { wall: Timestamp::now(), steady: now },
            asleep: suspend::time_suspended(),
        }
    }

    /// When the next check is due. `None` while one is running.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Whether the last check found no server whose certificate is trusted.
    pub(super) fn is_unsafe(&self) -> bool {
        self.health.borrow().outage == Some(Outage::Unsafe)
    }

    /// Whether the clock is too wrong to record an unlock.
    pub(super) fn has_no_clock(&self) -> bool {
        NO_CLOCK <= self.clock_off
    }

    /// Whether the clock is known to agree with Kisi's.
    pub(super) fn has_right_clock(&self) -> bool {
        self.is_clock_right
    }

    /// Whether the last check is old enough for another request.
    pub(super) fn looked_long_ago(&self) -> bool {
        self.looked_at.is_none_or(|at| WARM <= at.elapsed())
    }

    /// Publishes the result of a check and schedules the next one.
    fn found(&mut self, outage: Option<Outage>) {
        // A single failed check may be a glitch: report an outage from the second one on.
        let is_sure = outage.is_none() || 0 < self.failures || matches!(outage, Some(Outage::Clock));
        if is_sure {
            self.say(outage);
        }
        let is_there = outage.is_none_or(|outage| outage == Outage::Clock);
        self.failures = if is_there { 0 } else { self.failures.saturating_add(1) };
        let pause = match self.failures {
            0 => WELL,
            failures => LONGEST.min(FIRST * 2_u32.pow(failures.min(8) - 1)),
        };
        // Jitter: many kiosks may lose their network together, and must not all retry at once.
        self.next = Some(Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0));
    }

    /// A request of a person has failed: shows the outage on the screen at rest at once, and checks again soon.
    pub(super) fn heard(&mut self, outage: Outage) {
        self.failures = self.failures.max(1);
        self.is_doubtful |= matches!(outage, Outage::Portal | Outage::Intercepted);
        self.say(Some(outage));
        let soon = Instant::now() + FIRST;
        self.next = self.next.map(|next| next.min(soon));
    }

    /// Difference from Kisi's clock at the last check that received a time.
    pub(super) fn clock_off(&self) -> Duration {
        self.clock_off
    }

    /// Returns a future that reads Kisi's time and measures how long that takes. Pass its output to [`Self::looked`].
    pub(super) fn look(
        &mut self,
        client: kisi::Client,
    ) -> impl Future<Output = (Result<Option<Timestamp>, kisi::Error>, Duration)> + use<> {
        self.next = None;
        self.looked_at = Some(Instant::now());
        let is_doubtful = self.is_doubtful;
        async move {
            let begin = Instant::now();
            let found = if is_doubtful { client.prove().await } else { client.time().await };
            (found, begin.elapsed())
        }
    }

    /// Handles the result of a check. Returns a note for the audit log when the clock became wrong or right.
    pub(super) fn looked(
        &mut self,
        found: Result<Option<Timestamp>, kisi::Error>,
        after: Duration,
        can_write: bool,
    ) -> Option<String> {
        if found.is_ok() {
            self.is_doubtful = false;
            self.status.metrics().answered(after, Timestamp::now());
        }
        let mut note = None;
        let outage = match found {
            _ if !can_write => Some(Outage::Disk),
            Ok(Some(there)) => {
                let off = Timestamp::now().duration_since(there).unsigned_abs();
                note = self.clock_is(off);
                (CLOCK <= off).then_some(Outage::Clock)
            }
            Ok(None) => None,
            Err(error) => {
                tracing::info!(error = %Chain(&error), "Kisi does not answer");
                error.outage()
            }
        };
        self.found(outage);
        note
    }

    /// Stores the difference from Kisi's clock. Returns a note when the clock became wrong or right.
    fn clock_is(&mut self, off: Duration) -> Option<String> {
        let (before, is_wrong) = (std::mem::replace(&mut self.clock_off, off), CLOCK <= off);
        self.is_clock_right = !is_wrong;
        self.status.metrics().clock_off(off);
        let note = if is_wrong { format!("{} s from Kisi's", off.as_secs()) } else { "right".to_owned() };
        (is_wrong != (CLOCK <= before)).then_some(note)
    }

    /// Compares both clocks with their last readings, to find suspends and jumps.
    pub(super) fn compare_clocks(&mut self, now: Clocks, asleep: Duration) -> ClockChange {
        let before = std::mem::replace(&mut self.clocks, now);
        let slept = asleep.saturating_sub(std::mem::replace(&mut self.asleep, asleep));
        if JUMP < slept {
            tracing::warn!(seconds = slept.as_secs(), "this machine was suspended");
        }
        let passed = i128::try_from((now.steady.duration_since(before.steady) + slept).as_nanos()).unwrap_or(i128::MAX);
        let jumped = now.wall.duration_since(before.wall).as_nanos() - passed;
        let jumped_by = (JUMP.as_nanos() < jumped.unsigned_abs()).then_some(jumped / 1_000_000_000);
        if let Some(seconds) = jumped_by {
            tracing::warn!(seconds, "the clock jumped");
        }
        ClockChange { slept: (JUMP < slept).then_some(slept), jumped_by }
    }

    fn say(&self, outage: Option<Outage>) {
        let changed = self.health.send_if_modified(|health| {
            let changed = health.outage != outage;
            health.outage = outage;
            changed
        });
        self.status.change(|facts| facts.outage = outage);
        match outage {
            Some(outage) if changed => tracing::warn!(outage = outage.name(), "no door can be opened from here"),
            None if changed => tracing::info!("doors can be opened again"),
            Some(_) | None => {}
        }
    }
}

/// Both clocks, read at once.
#[derive(Clone, Copy)]
pub(super) struct Clocks {
    pub(super) wall: Timestamp,
    pub(super) steady: Instant,
}

/// What happened to the clocks since the last comparison.
pub(super) struct ClockChange {
    /// How long the machine was suspended.
    pub(super) slept: Option<Duration>,
    /// Seconds by which the wall clock jumped. Negative if it was set back.
    pub(super) jumped_by: Option<i128>,
}

impl ClockChange {
    /// One text for the audit log per change.
    pub(super) fn notes(&self) -> Vec<String> {
        let slept = self.slept.map(|slept| format!("asleep for {} s", slept.as_secs()));
        let jumped = self.jumped_by.map(|seconds| format!("jumped by {seconds} s"));
        slept.into_iter().chain(jumped).collect()
    }
}
