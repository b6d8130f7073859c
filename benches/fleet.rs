//! A fleet on one PostgreSQL: 1,000 kiosks with people's pauses and 100,000 people. Measures lookups, intents, the memory of
//! the database's backends, reconnecting after a crash, how soon a suspension arrives, and lookups among few and many people.
//!
//! `cargo bench --bench fleet`. It needs PostgreSQL, which it starts by itself. Settings, with their defaults:
//! `VESTIBULE_KIOSKS=1000 VESTIBULE_PEOPLE=100000 VESTIBULE_RATE=100` (sign-ins per second over all kiosks)
//! `VESTIBULE_SECONDS=60` (of the measured load) `VESTIBULE_PAIRS=3000` (lookups that are compared).
//!
//! It prints goals and does not fail when one is missed: they hold for a machine that does nothing else.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark reads the clock, prints its results, and panics on failure"
)]
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    clippy::allow_attributes,
    reason = "the tests use all of it"
)]

#[path = "fleet/load.rs"]
mod load;
#[path = "../tests/it/support/postgres.rs"]
mod postgres;

/// Stands in for the test modules that `load.rs` and `postgres.rs` import.
mod support {
    pub(crate) use super::postgres;
    pub(crate) mod headless {
        pub(crate) fn now() -> std::time::Instant {
            std::time::Instant::now()
        }
    }
}

use std::{fmt::Debug, str::FromStr, time::Duration};

use self::load::{Figures, Size};

fn main() {
    let size = Size {
        kiosks: setting("VESTIBULE_KIOSKS", 1_000),
        people: setting("VESTIBULE_PEOPLE", 100_000),
        rate: setting("VESTIBULE_RATE", 100.0),
        load: Duration::from_secs(setting("VESTIBULE_SECONDS", 60)),
        pairs: setting("VESTIBULE_PAIRS", 3_000),
    };
    println!("{} kiosks, {} people, {} sign-ins per second wanted", size.kiosks, size.people, size.rate);
    let Figures { few, many, connected, sign_ins, intents, failures, memory, suspension, accepting, back } =
        load::measure(&size);
    let (few, many) = (median(&few), median(&many));
    println!(
        "lookup, {} and {} people, in turns, without waiting for the disk: {} and {}, ratio {:.2}, goal 1.2",
        size.few(),
        size.people,
        ms(few),
        ms(many),
        many.as_secs_f64() / few.as_secs_f64()
    );
    println!("all kiosks connect for the first time, 20 at once: {:.1} s", connected.as_secs_f64());
    println!("sign-ins per second: {:.1}", f64::from(u32::try_from(sign_ins.len()).unwrap()) / size.load.as_secs_f64());
    for (what, times) in [("lookup", &sign_ins), ("intent", &intents)] {
        println!(
            "{what}, median and 99th percentile: {} and {}, goal 2 and 20 ms",
            ms(median(times)),
            ms(percentile(times, 99))
        );
    }
    println!("answers that failed under load: {failures}");
    println!(
        "private memory of a kiosk's backend, median and largest: {:.2} and {:.2} MiB, goal 4 MiB",
        mib(memory[memory.len() / 2]),
        mib(memory[memory.len() - 1])
    );
    println!(
        "a suspension reached {} of {} kiosks, the last one after {}, half of them after {}, goal 2 s",
        suspension.len(),
        size.kiosks,
        ms(percentile(&suspension, 100)),
        ms(median(&suspension))
    );
    println!(
        "crash restart: the server answers after {:.1} s; {} of {} links are up again, after {:.1} s (median), {:.1} s (99th percentile), {:.1} s (the last), goal 20 s",
        accepting.as_secs_f64(),
        back.len(),
        size.kiosks,
        median(&back).as_secs_f64(),
        percentile(&back, 99).as_secs_f64(),
        percentile(&back, 100).as_secs_f64()
    );
}

/// A setting from the environment.
fn setting<T: FromStr<Err: Debug>>(name: &str, default: T) -> T {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|error| panic!("{name}: {error:?}")))
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn mib(kib: u32) -> f64 {
    f64::from(kib) / 1024.0
}

fn median(sorted: &[Duration]) -> Duration {
    percentile(sorted, 50)
}

/// The time that this part of the times does not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted[rank.saturating_sub(1)]
}
