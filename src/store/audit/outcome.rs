//! The outcome of an unlock as a record stores it. The text is hashed into the record and must never change.

use std::fmt;

use crate::door::{self, Reason};

/// The text of a refusal begins so.
const REFUSED: &str = "refused: ";

/// The outcome of an unlock, as a record stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnlockOutcome {
    /// Kisi accepted the command.
    Accepted,
    /// Kisi refused it.
    Refused(Reason),
    /// The request did not leave the kiosk.
    NotSent,
    /// The intent could not be recorded, so nothing was sent.
    NotRecorded,
    /// A limit of the site was reached, so nothing was sent.
    Limited,
    /// The clock was unusable, so nothing was sent.
    WrongClock,
    /// No clear answer. The reason is a hint from a server error.
    Unknown(Option<Reason>),
    /// The kiosk stopped between the intent and its outcome.
    UnknownAfterRestart,
}

impl From<door::Outcome> for UnlockOutcome {
    fn from(outcome: door::Outcome) -> Self {
        match outcome {
            door::Outcome::Accepted | door::Outcome::Opened | door::Outcome::StillClosed => Self::Accepted,
            door::Outcome::Refused(reason) => Self::Refused(reason),
            door::Outcome::NotSent => Self::NotSent,
            door::Outcome::NotRecorded => Self::NotRecorded,
            door::Outcome::Limited => Self::Limited,
            door::Outcome::WrongClock => Self::WrongClock,
            door::Outcome::Unknown(hint) => Self::Unknown(hint),
        }
    }
}

impl fmt::Display for UnlockOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(Reason { class, code, .. }) => write!(f, "{REFUSED}{class:?}, {code}"),
            Self::NotSent => f.write_str("not sent"),
            Self::NotRecorded => f.write_str("not recorded"),
            Self::Limited => f.write_str("limit"),
            Self::WrongClock => f.write_str("wrong clock"),
            Self::Unknown(None) => f.write_str("unknown"),
            Self::Unknown(Some(hint)) => write!(f, "unknown, {}", hint.code),
            Self::UnknownAfterRestart => f.write_str("unknown after restart"),
        }
    }
}

/// What a stored outcome says about the door. A text that this version does not know says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Kisi accepted the command.
    Accepted,
    /// Kisi refused it.
    Refused,
    /// Nothing was sent to Kisi.
    NotSent,
    /// The door may have opened.
    Unknown,
}

impl Said {
    /// Reads the text of a record. `None`: the outcome was never recorded.
    pub(super) fn of(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::Unknown };
        match Counting::of(text) {
            Counting::Accepted => Self::Accepted,
            Counting::Possible => Self::Unknown,
            Counting::Not if text.starts_with(REFUSED) => Self::Refused,
            Counting::Not => Self::NotSent,
        }
    }
}

/// How a stored outcome counts against limits. A text that this version does not know counts like an unknown outcome,
/// so that it cannot get around a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// Kisi accepted the command.
    Accepted,
    /// The door may have opened.
    Possible,
    /// Proven: the door did not open.
    Not,
}

impl Counting {
    /// Reads the text of a record.
    pub(super) fn of(text: &str) -> Self {
        let is = |outcome: UnlockOutcome| text == outcome.to_string();
        if is(UnlockOutcome::Accepted) {
            Self::Accepted
        } else if text.starts_with(REFUSED)
            || is(UnlockOutcome::NotSent)
            || is(UnlockOutcome::NotRecorded)
            || is(UnlockOutcome::Limited)
            || is(UnlockOutcome::WrongClock)
        {
            Self::Not
        } else {
            Self::Possible
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Code;

    /// The texts of versions that are in the field: a changed one would break the chain of every kiosk, or a limit.
    #[test]
    fn stored_texts_and_their_counting_never_change() {
        let reason = Reason::new(403, Code::new(Some("fcd8ef")));
        for (outcome, text, counting) in [
            (UnlockOutcome::Accepted, "accepted", Counting::Accepted),
            (UnlockOutcome::Refused(reason), "refused: Right, code fcd8ef", Counting::Not),
            (UnlockOutcome::NotSent, "not sent", Counting::Not),
            (UnlockOutcome::NotRecorded, "not recorded", Counting::Not),
            (UnlockOutcome::Limited, "limit", Counting::Not),
            (UnlockOutcome::WrongClock, "wrong clock", Counting::Not),
            (UnlockOutcome::Unknown(None), "unknown", Counting::Possible),
            (UnlockOutcome::Unknown(Some(reason)), "unknown, code fcd8ef", Counting::Possible),
            (UnlockOutcome::UnknownAfterRestart, "unknown after restart", Counting::Possible),
        ] {
            assert_eq!(outcome.to_string(), text);
            assert_eq!(Counting::of(text), counting, "{text}");
            let said = match counting {
                Counting::Accepted => Said::Accepted,
                Counting::Possible => Said::Unknown,
                Counting::Not if matches!(outcome, UnlockOutcome::Refused(_)) => Said::Refused,
                Counting::Not => Said::NotSent,
            };
            assert_eq!(Said::of(Some(text)), said, "{text}");
        }
        assert_eq!(Counting::of("opened by a later version"), Counting::Possible);
    }
}
