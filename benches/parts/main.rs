//! What single parts of the kiosk cost.
//!
//! `cargo bench --bench parts`; with `-- frame` behind it only those whose name has the word.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark ends with what it cannot do")]

mod frame;
mod limits;
mod sign_in;

use criterion::{criterion_group, criterion_main};

criterion_group!(parts, sign_in::sign_in, limits::limits, frame::frame);
criterion_main!(parts);
