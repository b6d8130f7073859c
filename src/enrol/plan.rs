//! What enrolling a list would do, without doing it: nothing is sent to Kisi and the directory is only read.

use super::{Candidate, Error};
use crate::store::directory::{self, Directory};

/// What enrolling a candidate would do.
#[derive(Debug)]
pub enum Plan {
    /// Make a login at Kisi.
    Enroll,
    /// Issue a PIN to somebody who is enrolled.
    IssuePin,
    /// Give one more badge to somebody who is enrolled.
    GiveBadge,
    /// Nothing: the person is enrolled and lacks nothing.
    Nothing,
    /// Fail, as far as that can be known without Kisi.
    Fail(Error),
}

/// How people will be enrolled.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Whether people who are new, or who have no PIN, get one.
    pub with_pin: bool,
    /// Whether a badge alone signs in.
    pub badge_alone: bool,
}

/// Finds out what enrolling each candidate would do. Without a directory, everybody is new.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn plan(
    directory: Option<&Directory>,
    candidates: &[Candidate],
    rules: Rules,
) -> Result<Vec<Plan>, directory::Error> {
    candidates.iter().map(|candidate| one(directory, candidate, rules)).collect()
}

fn one(directory: Option<&Directory>, candidate: &Candidate, rules: Rules) -> Result<Plan, directory::Error> {
    let person = directory.map(|directory| directory.person(&candidate.email)).transpose()?.flatten();
    let owner = match (directory, &candidate.badge) {
        (Some(directory), Some(badge)) => directory.owner_of(badge)?.map(|owner| (owner, badge.hint().to_owned())),
        (None, _) | (_, None) => None,
    };
    let is_theirs = owner.as_ref().is_some_and(|(owner, _)| owner.eq_ignore_ascii_case(&candidate.email));
    if let Some((owner, hint)) = owner.filter(|_| !is_theirs) {
        return Ok(Plan::Fail(Error::Directory(directory::Error::BadgeTaken { hint, owner })));
    }
    Ok(match person {
        None if !(rules.with_pin || candidate.badge.is_some() && rules.badge_alone) => Plan::Fail(Error::NoWayIn),
        None => Plan::Enroll,
        Some(person) if rules.with_pin && !person.has_pin => Plan::IssuePin,
        Some(_) if candidate.badge.is_some() && !is_theirs => Plan::GiveBadge,
        Some(_) => Plan::Nothing,
    })
}
