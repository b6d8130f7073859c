//! Code that depends on the operating system. Each module has a fallback for other systems.

pub mod disk_space;
pub mod display;
pub mod hangup;
pub mod hardening;
pub mod monitor;
pub mod supervisor;
pub mod suspend;
