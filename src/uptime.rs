//! Time in which this machine slept. The clock that the program waits by stands still meanwhile; a session must not.

use std::time::Duration;

/// How long the machine has been asleep since it was started. It only grows.
///
/// # Source
///
/// `clock_gettime(2)`: `CLOCK_BOOTTIME` is `CLOCK_MONOTONIC` with the time that the system is suspended.
#[cfg(target_os = "linux")]
pub fn asleep() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    // This order: what lies between the two readings makes the difference smaller, never larger.
    let awake = clock_gettime(ClockId::Monotonic);
    let all = clock_gettime(ClockId::Boottime);
    let nanos = |time: rustix::time::Timespec| i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    let asleep = u64::try_from(nanos(all) - nanos(awake)).unwrap_or_default();
    // Coarser than what lies between the two readings.
    Duration::from_millis(asleep / 1_000_000 / 100 * 100)
}

/// Not known here: a session goes on where it was.
#[cfg(not(target_os = "linux"))]
pub fn asleep() -> Duration {
    Duration::ZERO
}
