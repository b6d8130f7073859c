//! Code that depends on the operating system. Each module has a fallback for other systems.

pub mod backlight;
pub mod disk_space;
pub mod display;
pub mod hangup;
pub mod hardening;
pub mod interrupt;
pub mod monitor;
pub mod port_holder;
pub mod storage;
pub mod supervisor;
pub mod suspend;
pub mod time_zone;
