//! How it stands between the kiosk and Kisi, for the screen at rest: asked now and then, more often while something is wrong.

use std::time::Duration;

use jiff::Timestamp;
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use super::{Agent, done::Done};
use crate::{
    audit::Action,
    chain::Chain,
    kisi,
    session::{RequestId, SessionId},
    status::Status,
    trouble::Trouble,
    uptime,
};

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
    pub trouble: Option<Trouble>,
    /// How often the agent had to begin anew. Sessions from before are over.
    pub lives: u64,
    /// The session that the agent ended last, because its person was suspended or removed.
    pub barred: Option<SessionId>,
    /// The record of the unlock that was asked for last: what is read out on the phone when it did not work.
    pub record: Option<(RequestId, u64)>,
}

/// What the agent knows about its surroundings.
pub(super) struct Surroundings {
    said: watch::Sender<Health>,
    status: Status,
    /// Looks that failed, one after the other.
    failures: u32,
    /// The next look. `None` while one is under way.
    next: Option<Instant>,
    /// When the last look began.
    looked_at: Option<Instant>,
    /// What the clock was found to be off, the last time that Kisi told.
    pub(super) clock_off: Duration,
    /// Kisi told the time at least once, and the clock agreed the last time.
    is_clock_right: bool,
    /// Both clocks, when they were read last.
    clocks: (Timestamp, Instant),
    asleep: Duration,
}

impl Surroundings {
    pub(super) fn new(said: watch::Sender<Health>, status: Status) -> Self {
        let now = Instant::now();
        Self {
            said,
            status,
            failures: 0,
            next: Some(now),
            looked_at: None,
            clock_off: Duration::ZERO,
            is_clock_right: false,
            clocks: (Timestamp::now(), now),
            asleep: uptime::asleep(),
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

    /// This session was ended from here.
    pub(super) fn barred(&self, session: SessionId) {
        self.said.send_modify(|health| health.barred = Some(session));
    }

    /// Takes what was found, says it, and decides when to look next.
    pub(super) fn found(&mut self, trouble: Option<Trouble>) {
        // One look may fail without meaning anything: the banner waits for the second.
        let is_sure = trouble.is_none() || 0 < self.failures || matches!(trouble, Some(Trouble::Clock));
        if is_sure {
            self.say(trouble);
        }
        let is_there = trouble.is_none_or(|trouble| trouble == Trouble::Clock);
        self.failures = if is_there { 0 } else { self.failures.saturating_add(1) };
        let pause = match self.failures {
            0 => WELL,
            failures => LONGEST.min(FIRST * 2_u32.pow(failures.min(8) - 1)),
        };
        // Many kiosks lose their network together: they do not come back together.
        self.next = Some(Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0));
    }

    /// Somebody was just told that it does not work: the screen at rest says so too, at once.
    pub(super) fn heard(&mut self, trouble: Trouble) {
        self.failures = self.failures.max(1);
        self.say(Some(trouble));
        let soon = Instant::now() + FIRST;
        self.next = self.next.map(|next| next.min(soon));
    }

    /// This is the record of that unlock.
    pub(super) fn recorded(&self, request: RequestId, record: u64) {
        self.said.send_modify(|health| health.record = Some((request, record)));
    }

    fn say(&self, trouble: Option<Trouble>) {
        let changed = self.said.send_if_modified(|health| {
            let changed = health.trouble != trouble;
            health.trouble = trouble;
            changed
        });
        self.status.change(|facts| facts.trouble = trouble);
        match trouble {
            Some(trouble) if changed => tracing::warn!(trouble = trouble.name(), "no door can be opened from here"),
            None if changed => tracing::info!("doors can be opened again"),
            Some(_) | None => {}
        }
    }
}

impl Agent {
    /// Asks whether Kisi is there, and what time it is.
    pub(super) fn look(&mut self) {
        self.surroundings.next = None;
        self.surroundings.looked_at = Some(Instant::now());
        let client = self.client.clone();
        let _ = self.work.spawn(async move {
            let begin = Instant::now();
            let found = client.time().await;
            Done::Looked(found, begin.elapsed())
        });
    }

    /// The login of the last session went over the old connections, and may still lie in their buffers. Says whether there are new
    /// ones: without, nobody is signed in.
    pub(super) fn reconnect(&mut self) -> bool {
        let client = self.client.anew();
        self.is_fresh = client.is_ok();
        match client {
            Ok(client) => self.client = client,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "there are no new connections: nobody can sign in");
            }
        }
        self.look();
        self.is_fresh
    }

    pub(super) fn looked(&mut self, found: Result<Option<Timestamp>, kisi::Error>, after: Duration) {
        if found.is_ok() {
            self.status.metrics().answered(after, Timestamp::now());
        }
        let trouble = match found {
            _ if !self.book.can_write() => Some(Trouble::Disk),
            Ok(Some(there)) => self.clock_is(Timestamp::now().duration_since(there).unsigned_abs()),
            Ok(None) => None,
            Err(error) => {
                tracing::info!(error = %Chain(&error), "Kisi does not answer");
                error.trouble()
            }
        };
        self.surroundings.found(trouble);
    }

    /// The clock differs so much from Kisi's.
    fn clock_is(&mut self, off: Duration) -> Option<Trouble> {
        let (before, is_wrong) = (self.surroundings.clock_off, CLOCK <= off);
        self.surroundings.clock_off = off;
        self.surroundings.is_clock_right = !is_wrong;
        self.status.metrics().clock_off(off);
        if is_wrong != (CLOCK <= before) {
            let about = if is_wrong { format!("{} s from Kisi's", off.as_secs()) } else { "right".to_owned() };
            self.book.note(Action::Clock, &about);
        }
        is_wrong.then_some(Trouble::Clock)
    }

    /// Compares the clocks with what they were: a jump is written down, and after a sleep every connection is dead.
    pub(super) fn read_clocks(&mut self) {
        let now = (Timestamp::now(), Instant::now());
        self.compare_clocks(now, uptime::asleep());
    }

    pub(super) fn compare_clocks(&mut self, now: (Timestamp, Instant), asleep: Duration) {
        let (wall, steady) = std::mem::replace(&mut self.surroundings.clocks, now);
        let slept = asleep.saturating_sub(std::mem::replace(&mut self.surroundings.asleep, asleep));
        if JUMP < slept {
            tracing::warn!(seconds = slept.as_secs(), "this machine was asleep");
            self.book.note(Action::Clock, &format!("asleep for {} s", slept.as_secs()));
            let _ = self.reconnect();
        }
        let passed = i128::try_from((now.1.duration_since(steady) + slept).as_nanos()).unwrap_or(i128::MAX);
        let jumped = now.0.duration_since(wall).as_nanos() - passed;
        if JUMP.as_nanos() < jumped.unsigned_abs() {
            let seconds = jumped / 1_000_000_000;
            tracing::warn!(seconds, "the clock jumped");
            self.book.note(Action::Clock, &format!("jumped by {seconds} s"));
        }
    }
}
