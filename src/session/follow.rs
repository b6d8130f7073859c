//! The effects that follow the answer to an unlock: watch the door, reload the list, recount the allowances.

use super::{Effect, RequestId, SessionId, rules::Rules};
use crate::door::{DoorId, Outcome, Refusal};

/// All effects that this outcome calls for, unordered.
pub(super) fn after(
    request: RequestId,
    door: DoorId,
    outcome: Outcome,
    session: SessionId,
    rules: &Rules,
) -> Vec<Effect> {
    let look = match outcome {
        Outcome::Accepted if rules.follow => Some(Effect::Follow(session, request, door)),
        Outcome::Refused(reason) if reason.class == Refusal::Gone => Some(Effect::List(session)),
        // Only for the audit log: the outcome stays unknown, because "not unlocked" proves nothing (R47).
        Outcome::Unknown(_) => Some(Effect::ReadBack(session, door)),
        Outcome::Accepted
        | Outcome::Opened
        | Outcome::StillClosed
        | Outcome::Refused(_)
        | Outcome::NotSent
        | Outcome::NotRecorded
        | Outcome::Limited
        | Outcome::WrongClock => None,
    };
    look.into_iter().chain(rules.are_unlocks_counted.then_some(Effect::Recount(session))).collect()
}
