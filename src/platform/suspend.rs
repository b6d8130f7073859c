//! Time that the machine spent suspended. The monotonic clock of timers stops meanwhile, but a session must still time out.

use std::time::Duration;

/// Total time that the machine has been suspended since boot, rounded down to 100 ms.
///
/// # Source
///
/// `clock_gettime(2)`: `CLOCK_BOOTTIME` is `CLOCK_MONOTONIC` plus the time that the system was suspended.
#[cfg(target_os = "linux")]
pub fn time_suspended() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    // Monotonic is read first: time between the two readings makes the difference larger, never negative.
    let awake = clock_gettime(ClockId::Monotonic);
    let all = clock_gettime(ClockId::Boottime);
    let nanos = |time: rustix::time::Timespec| i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    let asleep = u64::try_from(nanos(all) - nanos(awake)).unwrap_or_default();
    // Rounded down to 100 ms, which hides the time between the two readings.
    Duration::from_millis(asleep / 1_000_000 / 100 * 100)
}

/// Not available on this system: a session continues after a suspend.
#[cfg(not(target_os = "linux"))]
pub fn time_suspended() -> Duration {
    Duration::ZERO
}
