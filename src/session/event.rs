//! What goes into the session and what comes out: events, effects, and the ids that match an answer to its question.

use std::time::Duration;

use super::{
    reader::Key,
    technician::{HealthReport, TechnicianAction},
    visit::Welcome,
};
use crate::{
    door::{DoorId, DoorList, Outcome},
    language::Language,
    outage::Outage,
    staff::{Credential, Digit, Scan},
};

/// Identifies a session both here and in the agent. Only the session's own code can create one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct SessionId(pub(super) u64);

#[cfg(test)]
impl RequestId {
    /// An id for tests of code that does not ask whose request it is.
    pub(crate) const TEST: Self = Self(u64::MAX);
}

#[cfg(test)]
impl SessionId {
    /// For tests in which the session does not matter.
    pub(crate) const TEST: Self = Self(u64::MAX);
}

/// Matches an answer to its open question. An answer with another id is stale and ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct RequestId(pub(super) u64);

/// An input of the session: a touch, a key, a message from the agent, or a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Event {
    /// A digit of the pad was touched.
    DigitTouched(Digit),
    /// The delete key of the pad was touched.
    BackTouched,
    /// The key of the pad that ends a badge number was touched.
    EnterTouched,
    /// The key that switches between PIN and badge number was touched.
    SwitchTouched,
    /// The dim screen was touched.
    WakeTouched,
    /// A finger came down on the clock.
    ClockTouched,
    /// The finger left the clock.
    ClockReleased,
    /// The technician chose an action.
    TechnicianActionChosen(TechnicianAction),
    /// The configuration was refused at a reload, for this reason.
    ReloadRefused(String),
    /// A language was chosen.
    LanguageTouched(Language),
    /// A keyboard, or a reader that types like one, sent a key.
    KeyPressed(Key),
    /// A reader with a wire of its own read a badge.
    Scanned(Scan),
    /// A tile was tapped.
    DoorTouched(DoorId),
    /// A finger came down on a tile.
    DoorHeld(DoorId),
    /// The finger has left the tile. After [`Self::DoorTouched`] if it was a tap.
    DoorReleased(DoorId),
    /// A key moved to this door.
    DoorFocused(DoorId),
    /// Turn this many pages forward, or back if negative.
    PageTurned(i64),
    /// The outcome was closed: show the doors again.
    OutcomeDismissed,
    /// The button that opens or closes the search was touched.
    FindTouched,
    /// A letter was touched in the search.
    LetterTouched(char),
    /// "I'm still here" was touched.
    StillHereTouched,
    /// The sign-out button was touched.
    SignOutTouched,
    /// The agent answered whose credential it is.
    Identified(SessionId, Result<Identity, Denial>),
    /// The agent sent the list of doors again: Kisi listed them after the doors of an earlier visit were shown, a place is
    /// locked down, a door is gone, a reader is heard or not heard any more, or the allowances have changed.
    DoorsListed(SessionId, DoorList),
    /// The doors of an earlier visit are shown, and Kisi does not list them now.
    DoorsNotListed(SessionId, Denial),
    /// The agent reported the outcome of an unlock.
    UnlockAnswered(RequestId, Outcome),
    /// The agent wrote this unlock to the audit log as the record with this number.
    UnlockRecorded(RequestId, u64),
    /// The agent reported what became of a door after its unlock was accepted.
    DoorSensorRead(RequestId, Outcome),
    /// The agent wrote the technician's action to the audit log: carry it out.
    TechnicianActionRecorded(SessionId, TechnicianAction),
    /// The agent restarted and lost its session.
    AgentRestarted,
    /// The agent ended this session: the person was suspended or removed while it was open.
    AccessRevoked(SessionId),
    /// Time passed.
    Ticked,
}

/// An action for the caller to carry out. The effects of one event are unordered.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Effect {
    /// Somebody begins to type: open the connection to Kisi now.
    Prepare,
    /// Find out who this is and open a session under this id.
    Identify(SessionId, #[cfg_attr(test, serde(skip))] Presented, Asked),
    /// Store how many guesses are left.
    KeepBudget(u32),
    /// Store the language that this person chose.
    KeepLanguage(SessionId, Language),
    /// Check whether whole places are locked down. Kisi's list of doors does not say so.
    CheckPlaces(SessionId),
    /// Load the list of doors again: one of them is gone.
    List(SessionId),
    /// Send the doors again with their current allowances.
    Recount(SessionId),
    /// Watch whether the door of this request opens.
    Follow(SessionId, RequestId, DoorId),
    /// Read this door's state once, for the audit log: the outcome of its unlock is unknown.
    ReadBack(SessionId, DoorId),
    /// Unlock this door in this session.
    Unlock(SessionId, RequestId, DoorId),
    /// Write the technician's action to the audit log. The answer is [`Event::TechnicianActionRecorded`].
    Technician(SessionId, TechnicianAction),
    /// Complete the heartbeat of a window that works: the agent works too. From the window, not from the session.
    Beat,
    /// End the program. For the window, not for the agent.
    Leave,
    /// Read the configuration again. For the window, not for the agent.
    Reload,
    /// Forget this session and everything about it.
    Forget(SessionId, Ended),
}

impl Effect {
    /// The answer that ends the waiting when no agent can carry this out. Nothing was sent. `None` if nobody waits.
    pub fn refusal(&self) -> Option<Event> {
        if let Self::Identify(session, ..) = self {
            Some(Event::Identified(*session, Err(Denial::KioskFault)))
        } else if let Self::Unlock(_, request, _) = self {
            Some(Event::UnlockAnswered(*request, Outcome::NotSent))
        } else {
            None
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Ended {
    /// The person signed out.
    SignedOut,
    /// Nobody touched anything for the idle time.
    Idle,
    /// It reached the maximum length.
    Longest,
    /// Another person's badge was scanned, or an unknown one.
    OtherBadge,
    /// It never began: the answer of the check came too late or not at all.
    Unfinished,
    /// The person was suspended or removed during the session.
    AccessRevoked,
    /// The doors of an earlier visit were shown, and Kisi did not list them.
    NotListed,
}

/// Parameters of [`Effect::Identify`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Asked {
    /// The session that is open. Its owner's own badge continues it.
    pub current: Option<SessionId>,
    /// Guesses left after this one. They are stored before the credential is checked.
    pub guesses_left: Option<u32>,
    /// The reader of the badge, if it has a wire of its own. For the audit log.
    pub reader: Option<String>,
}

/// A credential on its way to the agent. Comparison looks only at its kind, and `Debug` hides it.
#[derive(Debug)]
pub struct Presented(pub Credential);

impl PartialEq for Presented {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.0) == std::mem::discriminant(&other.0)
    }
}

impl Eq for Presented {}

/// Who the agent found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Identity {
    /// A person, now signed in.
    Person(Welcome),
    /// The person who is already signed in.
    Same,
    /// The technician.
    Technician(Box<HealthReport>),
    /// The badge needs its PIN, by rule or because too many unknown badges were read. The answer does not depend on
    /// whether the badge is known.
    NeedsPin,
}

/// Why a sign-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Denial {
    /// No such PIN or badge. The screen shows the same text for both.
    NotKnown,
    /// The same wrong PIN as just before. The screen shows the same text, but it costs no guess (R20).
    NotKnownAgain,
    /// No technician PIN has been issued.
    NoTechnician,
    /// The scanned or typed text is not a badge number.
    NotRead,
    /// A scan was not read because a key is held down.
    KeyStuck,
    /// The badge was read again and has not been away since.
    StillThere,
    /// The person's Kisi login must be renewed, or the person was suspended or removed.
    LoginDead,
    /// Kisi cannot be reached, or does not send the list of doors.
    Network(Outage),
    /// The fleet's list of staff cannot be reached, and nobody who signed in here lately has this PIN or badge.
    NotHere,
    /// The fleet's list of staff takes no further guess from this kiosk for this long.
    Spent(Duration),
    /// The kiosk itself cannot work.
    KioskFault,
    /// No answer came in time.
    TooSlow,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff::Pin;

    /// Effects and events are plain data, so the agent could be a process of its own. A channel, a handle or an `Arc`
    /// in one of them does not compile here. Only the credential is left out: it is a secret on its way in.
    #[test]
    fn effects_and_events_are_plain_data() {
        let credential = Presented(Credential::Pin(Pin::parse("918273").unwrap()));
        let effect = Effect::Identify(SessionId(7), credential, Asked { guesses_left: Some(9), ..Asked::default() });
        let written = serde_json::to_value(&effect).unwrap();
        let asked = serde_json::json!({ "current": null, "guesses_left": 9, "reader": null });
        assert_eq!(written, serde_json::json!({ "Identify": [7, asked] }));
        assert!(!written.to_string().contains("918273"));
        let event = Event::UnlockAnswered(RequestId(3), Outcome::Unknown(None));
        assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"UnlockAnswered":[3,{"Unknown":null}]}"#);
    }
}
