//! Proposes candidates from Kisi: its people and the numbers of their cards. An admin confirms them.

use super::{Candidate, Enroller};
use crate::{
    kisi::{self, Card},
    staff::{Badge, BadgeFormat, BadgeProfile},
};

/// One person of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The person, with the first card that fits, if any.
    pub candidate: Candidate,
    /// Number of their cards that are not proposed: only one is, and its number must fit this kiosk's readers.
    pub left_out: usize,
}

/// Reads from Kisi all people, or those with access to one place, and their cards.
///
/// Kisi does not document how a USB reader types a card's number, so the badge profile decides. If it is wrong, capture the
/// badge with `vestibule staff badge --capture`.
///
/// # Errors
///
/// When Kisi cannot be reached or refuses the admin key.
pub async fn from_kisi(
    enroller: &Enroller,
    place: Option<u64>,
    profile: &BadgeProfile,
) -> Result<Vec<Proposed>, kisi::Error> {
    let mut people = enroller.client.users(&enroller.admin, place).await?;
    tokio::time::sleep(enroller.pace).await;
    let cards = enroller.client.cards(&enroller.admin).await?;
    people.sort_by_key(|person| (person.name.to_lowercase(), person.email.clone()));
    let proposed = people.into_iter().enumerate().map(|(at, person)| {
        let theirs: Vec<&Card> = cards.iter().filter(|card| card.user == person.id).collect();
        let badge = theirs.iter().find_map(|card| number(card, profile));
        let left_out = theirs.len() - usize::from(badge.is_some());
        let candidate = Candidate { row: at + 1, email: person.email, name: person.name, badge };
        Proposed { candidate, left_out }
    });
    Ok(proposed.collect())
}

/// The card's number as this kiosk's readers type it, if it fits the badge profile.
fn number(card: &Card, profile: &BadgeProfile) -> Option<Badge> {
    let wiegand = card.wiegand.map(|(facility, number)| match profile.format {
        BadgeFormat::Wiegand => format!("{facility}-{number}"),
        BadgeFormat::AsRead | BadgeFormat::Decimal | BadgeFormat::Hex => format!("{facility:03}{number:05}"),
    });
    let uid = card.uid.as_deref().filter(|_| profile.sends.is_some());
    // Kisi lists a UID as hexadecimal digits, whatever readers make of it.
    uid.and_then(|uid| Badge::of_hex_uid(uid, profile)).or_else(|| {
        [card.uid.as_deref(), wiegand.as_deref()].into_iter().flatten().find_map(|number| Badge::read(number, profile))
    })
}
