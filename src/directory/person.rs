//! People as the directory takes and gives them.

use super::ErrandId;
use crate::{
    language::Language,
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
    /// The note that the login was about to be made. It goes with this.
    pub errand: Option<ErrandId>,
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
    /// Whether they may sign in.
    pub standing: Standing,
    /// A badge alone opens their login.
    pub opens_by_badge: bool,
}

/// Whether somebody may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They may.
    Active,
    /// Nobody signs in as this person until they are resumed.
    Suspended,
    /// Kisi refused their login when it was used last: it must be renewed.
    Refused,
}

/// Somebody who was found, with their login.
#[derive(Debug)]
pub struct Found {
    /// Who.
    pub staff: StaffId,
    /// Their e-mail address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Counts their logins: a renewal replaces one.
    pub revision: i64,
    /// They may not sign in.
    pub is_suspended: bool,
    /// What they chose to read.
    pub language: Option<Language>,
    /// Opens doors.
    pub login: Secret<String>,
}
