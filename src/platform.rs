//! What depends on the operating system, each with its fallback beside it.

pub mod disk_space;
pub mod display;
pub mod hangup;
pub mod hardening;
pub mod monitor;
pub mod supervisor;
pub mod suspend;
