//! Retries: a failed read is retried up to twice, with backoff and jitter. An unlock is never retried.

use std::{future::Future, time::Duration};

use tokio::time::{self, Instant};

use super::Error;
use crate::error_chain::Chain;

/// Attempts per read, the first one included (R41).
const ATTEMPTS: u32 = 3;
/// Upper limit of the pause before the second attempt; it doubles per attempt. The pause is random between zero and the
/// limit, so that many kiosks whose network came back do not retry at the same moment.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Longest `Retry-After` that is honored. A longer one ends the retries, because a person is waiting at the door.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// No retry after this much time, unless Kisi sent `Retry-After`. Our choice.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs a read until it succeeds, fails for good, or the attempts are used up.
pub(super) async fn read<T, F: Future<Output = Result<T, Error>>>(ask: impl Fn() -> F) -> Result<T, Error> {
    let begin = Instant::now();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if ATTEMPTS <= attempt || !error.may_pass() {
            return Err(error);
        }
        let pause = match error.wait() {
            Some(wait) if LONGEST_WAIT < wait => return Err(error),
            Some(wait) => wait,
            None if PATIENCE < begin.elapsed() => return Err(error),
            None => pause(attempt),
        };
        tracing::info!(attempt, error = %Chain(&error), "retrying a request to Kisi");
        time::sleep(pause).await;
    }
}

/// A random pause up to the limit after this attempt, counted from 1.
fn pause(attempt: u32) -> Duration {
    LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.pow(attempt - 1)).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use reqwest::StatusCode;

    use super::*;
    use crate::door::Code;

    /// Number of attempts and total time of a read that always fails with this status.
    async fn asked(status: u16, wait: Option<u64>) -> (u32, Duration) {
        let (count, begin) = (Cell::new(0), Instant::now());
        let answer: Result<(), Error> = read(|| {
            count.set(count.get() + 1);
            let status = StatusCode::from_u16(status).unwrap();
            async move { Err(Error::from_status(status, Code::default(), wait.map(Duration::from_secs))) }
        })
        .await;
        assert!(answer.is_err());
        (count.get(), begin.elapsed())
    }

    /// F19, F20.
    #[tokio::test(start_paused = true)]
    async fn transient_errors_are_retried_twice_and_refusals_never() {
        for status in [429, 500, 502, 503, 504, 408] {
            let (count, time) = asked(status, None).await;
            assert_eq!(count, 3, "{status}");
            assert!(time < Duration::from_millis(700), "{status}: {time:?}");
        }
        for status in [400, 401, 403, 404, 422] {
            assert_eq!(asked(status, None).await, (1, Duration::ZERO), "{status}");
        }
    }

    /// F19.
    #[tokio::test(start_paused = true)]
    async fn retry_after_is_honored_up_to_ten_seconds() {
        let near = |(count, time): (u32, Duration), seconds| {
            count == 3 && time.as_secs() == seconds && time.subsec_millis() < 20
        };
        assert!(near(asked(429, Some(1)).await, 2));
        assert!(near(asked(429, Some(10)).await, 20));
        assert_eq!(asked(429, Some(3_600)).await, (1, Duration::ZERO), "a person waits at the door");
    }

    #[test]
    fn pauses_are_random_and_their_limit_doubles() {
        for attempt in 1..6 {
            let pauses: Vec<Duration> = (0..100).map(|_| pause(attempt)).collect();
            let most = LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.pow(attempt - 1));
            assert!(pauses.iter().all(|pause| *pause <= most), "{attempt}");
            assert!(pauses.iter().any(|pause| *pause < most / 4) && pauses.iter().any(|pause| most / 2 < *pause));
        }
    }
}
