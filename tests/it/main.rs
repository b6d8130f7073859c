//! One binary for all integration tests.
#![cfg(test)]

mod contract;
mod kisi;
mod simulator;
mod tidy;
mod tls;
