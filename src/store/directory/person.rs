//! Types of people: to enroll, listed, and found at a sign-in.

use super::OutboxId;
use crate::{
    language::Language,
    secret::Secret,
    staff::{Badge, StaffId},
};

/// A person to enroll, with the login that was created for them.
#[derive(Debug)]
pub struct Enrolment<'a> {
    /// E-mail address. Unique, regardless of case.
    pub email: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Kisi's id of the login.
    pub login_id: u64,
    /// Secret of the login.
    pub secret: &'a Secret<String>,
    /// Their badge.
    pub badge: Option<&'a Badge>,
    /// Number of digits of the PIN to issue. `None` issues no PIN.
    pub pin_digits: Option<usize>,
    /// Keep a copy of the login that opens with a badge alone.
    pub badge_alone: bool,
    /// The outbox entry that was written before the login was created. Enrolling deletes it.
    pub outbox_entry: Option<OutboxId>,
}

/// A person as listed, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Row id in the directory.
    pub id: StaffId,
    /// E-mail address. Unique, regardless of case.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Kisi's id of their login.
    pub login_id: u64,
    /// Whether they have a PIN.
    pub has_pin: bool,
    /// The last two digits of each badge number.
    pub badges: Vec<String>,
    /// Whether they may sign in.
    pub standing: Standing,
    /// Whether a badge alone opens their login.
    pub opens_by_badge: bool,
}

/// Whether somebody may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They may sign in.
    Active,
    /// They cannot sign in until the suspension is lifted.
    Suspended,
    /// Kisi refused their login at its last use: it must be renewed.
    Refused,
}

/// A person found by PIN or badge, with their opened login.
#[derive(Debug)]
pub struct FoundPerson {
    /// Row id in the directory.
    pub staff: StaffId,
    /// Their e-mail address.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Revision of the login: 1 at first, increased by each renewal.
    pub revision: i64,
    /// Whether they are suspended. If so, the caller must refuse them.
    pub is_suspended: bool,
    /// The language they chose, if any.
    pub language: Option<Language>,
    /// Secret of their login at Kisi.
    pub login: Secret<String>,
}

/// How many people there are, by the state of their login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standings {
    /// Can sign in.
    pub active: u32,
    /// Kisi refused their login.
    pub refused: u32,
    /// Blocked at this kiosk.
    pub suspended: u32,
}
