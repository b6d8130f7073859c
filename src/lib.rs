//! vestibule: a touchscreen kiosk that opens the doors a person may open with Kisi, in that person's own name.

pub mod error_chain;
pub mod hex;
pub mod crypt;
pub mod secret;
pub mod door;
pub mod base_url;
pub mod proximity;
pub mod outage;
pub mod staff;
pub mod session;
pub mod config;
pub mod store;
pub mod kisi;
pub mod language;
pub mod backup_encryption;
pub mod private_files;
pub mod readers;
pub mod beacons;
pub mod fleet;
pub mod platform;
pub mod screen;
pub mod status;
pub mod agent;
pub mod sound;
pub mod enrol;
pub mod reconcile;
pub mod wiring;
pub mod app;
pub mod demo;
pub mod gallery;
pub mod simulator;

#[doc(hidden)]
pub use app::testing;
