//! A person's rows, as one directory hands them to another. Nobody can use them without the data key.

use super::StaffId;

/// Somebody's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRows {
    /// Their number.
    pub staff: StaffId,
    /// Their e-mail address.
    pub email: String,
    /// Display name; may be empty.
    pub name: String,
    /// Salt of their seals, 16 bytes.
    pub salt: Vec<u8>,
    /// Counts the logins that they have had, from 1.
    pub revision: i64,
    /// Kisi's id of their login.
    pub login_id: u64,
    /// Whether they are suspended.
    pub is_suspended: bool,
    /// MAC over the fields above, with the data key.
    pub proof: Option<Vec<u8>>,
    /// Code of the language that they chose.
    pub language: Option<String>,
    /// Whether Kisi refused their login at its last use.
    pub is_refused: bool,
    /// Index of their PIN. Empty if they have none, or if it is not handed over.
    pub pins: Vec<PinRow>,
    /// Their badges, or those that are handed over.
    pub badges: Vec<BadgeRow>,
    /// The copies of their login, or those that are handed over.
    pub logins: Vec<LoginRow>,
}

/// A PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRow {
    /// Its blind index.
    pub tag: [u8; 32],
    /// Generation of the data key that made the index.
    pub generation: i64,
}

/// A badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeRow {
    /// Its blind index.
    pub tag: [u8; 32],
    /// The end of its number, for lists.
    pub hint: String,
    /// Generation of the data key that made the index.
    pub generation: i64,
    /// Its sealed number, by which a new data key indexes it.
    pub sealed: Option<Vec<u8>>,
}

/// A copy of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
    /// What opens it: `pin` or `device`.
    pub role: String,
    /// Revision of the login, which must be the person's.
    pub revision: i64,
    /// Generation of the data key that sealed it.
    pub generation: i64,
    /// Nonce of the seal, 24 bytes.
    pub nonce: Vec<u8>,
    /// The sealed login.
    pub sealed: Vec<u8>,
}
