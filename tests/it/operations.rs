//! Running a kiosk: commands, health, reload, upgrades, and long runs.

mod appliance;
mod command_line;
mod large_site;
mod soak;
mod upgrade;
