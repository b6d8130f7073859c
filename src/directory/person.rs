//! People as the directory takes and gives them.

use crate::{
    secret::Secret,
    staff::{Badge, StaffId},
};

/// Somebody to enrol, with the login that was made for them.
#[derive(Debug)]
pub struct Enrolment<'a> {
    /// What they are found by.
    pub email: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// Kisi's id of the login.
    pub login_id: u64,
    /// The login.
    pub secret: &'a Secret<String>,
    /// Their badge.
    pub badge: Option<&'a Badge>,
    /// Issue a PIN of so many digits.
    pub pin_digits: Option<usize>,
    /// A badge alone signs in: keep a copy of the login that opens without a PIN.
    pub badge_alone: bool,
}

/// A row of the directory, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The row.
    pub id: StaffId,
    /// What they are found by.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Kisi's id of their login.
    pub login_id: u64,
    /// They have a PIN.
    pub has_pin: bool,
    /// The ends of their badge numbers.
    pub badges: Vec<String>,
}

/// Somebody who was found, with their login.
#[derive(Debug)]
pub struct Found {
    /// Who.
    pub staff: StaffId,
    /// What they are called.
    pub name: String,
    /// Opens doors.
    pub login: Secret<String>,
}
