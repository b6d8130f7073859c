//! Why somebody was not enrolled, renewed or removed, and what to do about it.

use crate::{directory, kisi};

/// Why a candidate was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kisi has nobody with this address.
    #[error("Kisi knows nobody with this e-mail address")]
    NotAtKisi,
    /// Without a PIN, and without a badge that signs in alone, nobody could sign in.
    #[error("no PIN, and no badge that signs in alone: this person could never sign in")]
    NoWayIn,
    /// The login of somebody who is enrolled cannot be sealed under a PIN, because it is kept under none that is at hand.
    #[error("a PIN cannot be issued to this person any more: their login was sealed for another way to sign in")]
    NoPinToIssue,
    /// Guessing would become too easy.
    #[error("a PIN of {digits} digits is too short for {people} people with one: raise sign_in.pin_digits to {needed}")]
    ShortPins {
        /// Of a PIN.
        digits: usize,
        /// People with a PIN, this one with them.
        people: u32,
        /// Digits that would do.
        needed: usize,
    },
    /// Guessing badge numbers would become too easy.
    #[error(
        "{numbers} different badge numbers (badge.numbers) are too few for {badges} badges: set sign_in.badge to \"with-pin\""
    )]
    FewBadgeNumbers {
        /// As declared.
        numbers: u64,
        /// With this one.
        badges: u32,
    },
    /// Kisi did not make the login.
    #[error("the login was not made")]
    Kisi(#[source] kisi::Error),
    /// Kisi may have made a login whose secret nobody has. It is noted, and looked for before the next one is made.
    #[error(
        "no clear answer: Kisi may have made a login that nobody can use; it is noted, and deleted by the next command"
    )]
    MayBeStray(#[source] kisi::Error),
    /// The directory refused it. A login that was made is deleted again, or noted for that.
    #[error("not written into the directory")]
    Directory(#[source] directory::Error),
    /// A login from before could not be looked for or deleted.
    #[error("a login of this kiosk from before could not be deleted at Kisi")]
    Leftover(#[source] kisi::Error),
}

impl Error {
    /// Whether the next candidate would fare the same.
    pub(super) fn stops_everything(&self) -> bool {
        match self {
            Self::NotAtKisi | Self::NoWayIn | Self::NoPinToIssue => false,
            Self::Kisi(kisi::Error::Refused { status, .. }) => *status == 401 || *status == 429,
            Self::ShortPins { .. }
            | Self::FewBadgeNumbers { .. }
            | Self::Kisi(_)
            | Self::MayBeStray(_)
            | Self::Leftover(_) => true,
            Self::Directory(error) => {
                !matches!(error, directory::Error::BadgeTaken { .. } | directory::Error::Enrolled { .. })
            }
        }
    }
}
