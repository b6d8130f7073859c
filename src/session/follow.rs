//! What is to be done once an unlock is answered: look at the door, and count.

use super::{Effect, RequestId, SessionId, rules::Rules};
use crate::door::{DoorId, Outcome, Refusal};

/// Everything, in no order.
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
        // It informs the log, and changes nothing: "not unlocked" proves nothing (R47).
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
