//! Broken networks, full disks, killed processes, overload: what becomes of the kiosk, and of an unlock.

mod disk;
mod kill;
mod mutations;
mod network;
mod overload;
mod simulation;
mod unlock_outcomes;
