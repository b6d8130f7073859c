//! The Kisi client, its contract with Kisi, and the simulator that stands in for Kisi.

mod contract;
mod documented;
mod generated;
mod kisi;
mod middleboxes;
mod simulator;
