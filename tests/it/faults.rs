//! Broken networks, full disks, killed processes and overload: their effect on the kiosk and on an unlock.

mod disk;
mod kill;
mod mutations;
mod network;
mod overload;
mod simulation;
mod unlock_outcomes;
