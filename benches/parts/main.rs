//! Time of single parts of the kiosk.
//!
//! `cargo bench --bench parts`; `-- frame` selects those with this word in their name.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark panics on failure")]

mod frame;
mod limits;
mod sign_in;

use criterion::{criterion_group, criterion_main};

criterion_group!(parts, sign_in::sign_in, limits::limits, frame::frame);
criterion_main!(parts);
