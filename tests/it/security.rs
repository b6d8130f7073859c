//! Secrets in output, files and memory; what a person at the kiosk must not be able to do.

mod hardening;
mod memory;
mod secrets_in_output;
