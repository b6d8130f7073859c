//! vestibule: a touchscreen kiosk that opens the doors a person may open with Kisi, in that person's own name.

pub mod chain;
pub mod hex;
pub mod crypt;
pub mod secret;
pub mod door;
pub mod origin;
pub mod proximity;
pub mod trouble;
pub mod uptime;
pub mod staff;
pub mod session;
pub mod config;
pub mod store;
pub mod kisi;
pub mod language;
pub mod vault;
pub mod private_files;
pub mod room;
pub mod screen;
pub mod status;
pub mod agent;
pub mod sound;
pub mod enrol;
pub mod wiring;
pub mod app;
pub mod demo;
pub mod simulator;

#[doc(hidden)]
pub use app::testing;
