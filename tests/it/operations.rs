//! Running a kiosk: commands, health, reload, upgrades, and long runs.

mod appliance;
mod command_line;
mod first_day;
mod large_site;
mod machine;
mod reconcile;
mod soak;
mod upgrade;
