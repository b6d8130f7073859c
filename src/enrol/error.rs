//! Errors of enrollment, renewal and removal.

use crate::{fleet, kisi, store::directory};

/// Why somebody was not enrolled, renewed or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kisi has no account with this e-mail address.
    #[error("Kisi knows nobody with this e-mail address")]
    NotAtKisi,
    /// The person would have neither a PIN nor a badge that signs in by itself.
    #[error("no PIN, and no badge that signs in alone: this person could never sign in")]
    NoWayIn,
    /// The directory cannot open the login without a PIN, so it cannot seal it for a new PIN.
    #[error("this login cannot be sealed for a new PIN: run `vestibule staff pin` to make a new login with a PIN")]
    NoPinToIssue,
    /// One more PIN would make guessing too easy.
    #[error("a PIN of {digits} digits is too short for {people} people with one: raise sign_in.pin_digits to {needed}")]
    ShortPins {
        /// Configured number of digits.
        digits: usize,
        /// People with a PIN, including this one.
        people: u32,
        /// Number of digits that is enough.
        needed: usize,
    },
    /// One more badge would make guessing too easy.
    #[error(
        "{numbers} different badge numbers (badge.numbers) are too few for {badges} badges: set sign_in.badge to \"with-pin\""
    )]
    FewBadgeNumbers {
        /// `badge.numbers`
        numbers: u64,
        /// Badges, including this one.
        badges: u32,
    },
    /// Kisi answered 401 to the admin key.
    #[error("Kisi does not accept this admin key")]
    AdminKey,
    /// Kisi refused to make the login, or could not be reached.
    #[error("the login was not made")]
    Kisi(#[source] kisi::Error),
    /// Kisi may have made a login, but its secret was lost. It is noted, and the next command looks for it and deletes it.
    #[error(
        "no clear answer: Kisi may have made a login that nobody can use; the next `vestibule staff` command deletes it"
    )]
    MayBeStray(#[source] kisi::Error),
    /// The directory failed. A login that was made is deleted again, or noted for deletion.
    #[error("the directory was not changed")]
    Directory(#[source] directory::Error),
    /// A login that an earlier command noted for deletion could not be found or deleted.
    #[error("an earlier login of this kiosk could not be deleted at Kisi")]
    Leftover(#[source] kisi::Error),
}

impl Error {
    /// Whether the next candidate would have the same error, so that an import stops.
    pub(super) fn stops_everything(&self) -> bool {
        match self {
            Self::NotAtKisi | Self::NoWayIn | Self::NoPinToIssue => false,
            Self::Kisi(kisi::Error::Refused { status, .. }) => *status == 429,
            Self::AdminKey
            | Self::ShortPins { .. }
            | Self::FewBadgeNumbers { .. }
            | Self::Kisi(_)
            | Self::MayBeStray(_)
            | Self::Leftover(_) => true,
            Self::Directory(error) => {
                !matches!(error, directory::Error::BadgeTaken { .. } | directory::Error::Enrolled { .. })
                    && !is_conflict(error)
            }
        }
    }
}

/// Whether another admin of the fleet changed the same person at the same time.
pub(super) fn is_conflict(error: &directory::Error) -> bool {
    let directory::Error::Fleet(source) = error else { return false };
    matches!(source.downcast_ref(), Some(fleet::Error::Refused(fleet::Refusal::ChangedMeanwhile)))
}
