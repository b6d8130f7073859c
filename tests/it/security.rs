//! Secrets in output, files and memory; attacks by a person at the kiosk.

mod hardening;
mod memory;
mod secrets_in_output;
