//! How it stands between the kiosk and Kisi, for the screen at rest: asked now and then, more often while something is wrong.

use std::time::Duration;

use jiff::Timestamp;
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{error_chain::Chain, kisi, outage::Outage, platform::suspend, status::Status};

/// While all is well, Kisi is asked so often whether it is there. Our choice.
const WELL: Duration = Duration::from_mins(1);
/// While something is wrong: after this, then doubling, to the longest. With a whole look that fails slowly it stays below the
/// 30 s in which a kiosk must be back (I9).
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15);
/// A clock that is so wrong is said. Times in the audit log are of little use then.
const CLOCK: Duration = Duration::from_mins(5);
/// And so wrong that nobody could make sense of a record: no unlock (F5).
const NO_CLOCK: Duration = Duration::from_hours(24);
/// Between two warm-ups that keys ask for.
const WARM: Duration = Duration::from_secs(5);
/// Between two readings of both clocks: less is the network's or NTP's.
const JUMP: Duration = Duration::from_secs(2);

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// What is wrong between here and Kisi.
    pub outage: Option<Outage>,
}

/// What the agent knows about its surroundings.
pub(super) struct ConnectivityMonitor {
    health: watch::Sender<Health>,
    status: Status,
    /// Looks that failed, one after the other.
    failures: u32,
    /// The next look. `None` while one is under way.
    next: Option<Instant>,
    /// When the last look began.
    looked_at: Option<Instant>,
    /// What the clock was found to be off, the last time that Kisi told.
    clock_off: Duration,
    /// Kisi told the time at least once, and the clock agreed the last time.
    is_clock_right: bool,
    /// Both clocks, when they were read last.
    clocks: Clocks,
    asleep: Duration,
}

impl ConnectivityMonitor {
    pub(super) fn new(health: watch::Sender<Health>, status: Status) -> Self {
        let now = Instant::now();
        Self {
            health,
            status,
            failures: 0,
            next: Some(now),
            looked_at: None,
            clock_off: Duration::ZERO,
            is_clock_right: false,
            clocks: Clocks { wall: Timestamp::now(), steady: now },
            asleep: suspend::time_suspended(),
        }
    }

    /// Until it is time for a look.
    pub(super) async fn wait(&self) {
        match self.next {
            Some(next) => time::sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    /// Whether the clock is so wrong that nothing can be written down with it.
    pub(super) fn has_no_clock(&self) -> bool {
        NO_CLOCK <= self.clock_off
    }

    /// Whether the clock is known to agree with Kisi's.
    pub(super) fn has_right_clock(&self) -> bool {
        self.is_clock_right
    }

    /// Whether the last look is so long ago that another one is worth a request.
    pub(super) fn looked_long_ago(&self) -> bool {
        self.looked_at.is_none_or(|at| WARM <= at.elapsed())
    }

    /// Takes what was found, says it, and decides when to look next.
    fn found(&mut self, outage: Option<Outage>) {
        // One look may fail without meaning anything: the banner waits for the second.
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
        // Many kiosks lose their network together: they do not come back together.
        self.next = Some(Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0));
    }

    /// Somebody was just told that it does not work: the screen at rest says so too, at once.
    pub(super) fn heard(&mut self, outage: Outage) {
        self.failures = self.failures.max(1);
        self.say(Some(outage));
        let soon = Instant::now() + FIRST;
        self.next = self.next.map(|next| next.min(soon));
    }

    /// What the kiosk's clock was off, the last time that Kisi told.
    pub(super) fn clock_off(&self) -> Duration {
        self.clock_off
    }

    /// Asks whether Kisi answers and what time it is, and how long that takes. Hand the result to [`Self::looked`].
    pub(super) fn look(
        &mut self,
        client: kisi::Client,
    ) -> impl Future<Output = (Result<Option<Timestamp>, kisi::Error>, Duration)> + use<> {
        self.next = None;
        self.looked_at = Some(Instant::now());
        async move {
            let begin = Instant::now();
            let found = client.time().await;
            (found, begin.elapsed())
        }
    }

    /// Takes the result of a look. Returns a note for the audit log when the clock became wrong or right.
    pub(super) fn looked(
        &mut self,
        found: Result<Option<Timestamp>, kisi::Error>,
        after: Duration,
        can_write: bool,
    ) -> Option<String> {
        if found.is_ok() {
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

    /// The kiosk's clock differs so much from Kisi's.
    fn clock_is(&mut self, off: Duration) -> Option<String> {
        let (before, is_wrong) = (std::mem::replace(&mut self.clock_off, off), CLOCK <= off);
        self.is_clock_right = !is_wrong;
        self.status.metrics().clock_off(off);
        let note = if is_wrong { format!("{} s from Kisi's", off.as_secs()) } else { "right".to_owned() };
        (is_wrong != (CLOCK <= before)).then_some(note)
    }

    /// Compares both clocks with what they were.
    pub(super) fn compare_clocks(&mut self, now: Clocks, asleep: Duration) -> ClockChange {
        let before = std::mem::replace(&mut self.clocks, now);
        let slept = asleep.saturating_sub(std::mem::replace(&mut self.asleep, asleep));
        if JUMP < slept {
            tracing::warn!(seconds = slept.as_secs(), "this machine was asleep");
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

/// What both clocks say about the time since they were read last.
pub(super) struct ClockChange {
    /// The machine was suspended for so long.
    pub(super) slept: Option<Duration>,
    /// The wall clock jumped by so many seconds.
    pub(super) jumped_by: Option<i128>,
}

impl ClockChange {
    /// For the audit log.
    pub(super) fn notes(&self) -> Vec<String> {
        let slept = self.slept.map(|slept| format!("asleep for {} s", slept.as_secs()));
        let jumped = self.jumped_by.map(|seconds| format!("jumped by {seconds} s"));
        slept.into_iter().chain(jumped).collect()
    }
}
