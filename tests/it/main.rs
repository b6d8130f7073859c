//! One binary for all integration tests, grouped by topic. `tests/README.md` says what is where.
#![cfg(test)]

mod support;
mod client;
mod screens;
mod visits;
mod staff;
mod faults;
mod security;
mod operations;
mod fleet;
mod architecture;
