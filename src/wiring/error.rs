//! Why a kiosk cannot start.

use std::io;

use super::BadLogo;
use crate::{kisi, store::audit, store::directory};

/// Why a kiosk cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be read.
    #[error("the directory cannot be used")]
    Directory(#[source] directory::Error),
    /// The audit log cannot be used.
    #[error("the audit log cannot be used")]
    Audit(#[source] audit::Error),
    /// The audit log does not match its head.
    #[error("the data of this kiosk was changed from outside, or rolled back to an older state: restore a backup")]
    Rollback(#[source] audit::Finding),
    /// The PINs are too short for the number of people (R2).
    #[error(
        "PINs of {digits} digits are too short for {people} people: raise sign_in.pin_digits to {needed} and issue new PINs, or set sign_in.pin to false"
    )]
    ShortPins {
        /// Configured number of digits.
        digits: usize,
        /// People with a PIN.
        people: u32,
        /// Number of digits that is enough.
        needed: usize,
    },
    /// There are too few badge numbers for the enrolled badges.
    #[error(
        "{numbers} different badge numbers are too few for {badges} badges: set sign_in.badge to \"with-pin\", or use cards with longer numbers and set badge.numbers to {needed} or more"
    )]
    FewBadgeNumbers {
        /// `badge.numbers`
        numbers: u64,
        /// Enrolled badges.
        badges: u32,
        /// Number of badge numbers that is enough.
        needed: u64,
    },
    /// The configuration names a fleet, or the directory has people of one, and this machine did not join.
    #[error("this machine is not in the fleet: run `vestibule fleet join`, and let an admin admit it")]
    NotJoined,
    /// The fleet's keys cannot be opened.
    #[error("the fleet's keys on this kiosk are damaged: run `vestibule fleet join --anew`")]
    FleetKeys,
    /// The fleet's address cannot be used.
    #[error("`fleet.url` cannot be used")]
    Fleet(#[source] crate::fleet::Error),
    /// The HTTP client for Kisi cannot be created.
    #[error("the client cannot start")]
    Client(#[source] kisi::Error),
    /// The logo cannot be shown.
    #[error("`kiosk.logo` cannot be shown")]
    Logo(#[source] BadLogo),
    /// The operating system did not create the agent's thread.
    #[error("the agent cannot start")]
    Thread(#[source] io::Error),
}
