//! One binary for all integration tests.
#![cfg(test)]

mod appliance;
mod command_line;
mod contract;
mod desk;
mod disk;
mod display;
mod enrolment;
mod face;
mod faults;
mod gui;
mod hands;
mod hardened;
mod headless;
mod installed;
mod kill;
mod kisi;
mod life;
mod measures;
mod memory;
mod mutations;
mod overload;
mod pictures;
mod sentences;
mod silence;
mod simulation;
mod simulator;
mod soak;
mod stories;
mod technician;
mod tidy;
mod tls;
mod touchscreen;
mod toxic;
mod upgrade;
mod wire;
