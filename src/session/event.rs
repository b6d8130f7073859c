//! What goes into the session and what comes out: events, effects, and the ids that tie an answer to its question.

use super::{
    reader::Key,
    technician::{Report, Step},
    visit::Welcome,
};
use crate::{
    door::{Door, DoorId, Outcome},
    language::Language,
    staff::{Credential, Digit},
    trouble::Trouble,
};

/// Ties a session at the kiosk to the one the agent holds. Nobody else can make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct SessionId(pub(super) u64);

#[cfg(test)]
impl SessionId {
    /// For tests of what does not ask whose session it is.
    pub(crate) const TEST: Self = Self(u64::MAX);
}

/// Ties an answer to the question that is still open. An answer with another id is stale and ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct RequestId(pub(super) u64);

/// What happened.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Event {
    /// A digit of the pad was touched.
    DigitTouched(Digit),
    /// The pad's key that takes back was touched.
    BackTouched,
    /// The pad's key that ends a badge number was touched.
    EnterTouched,
    /// The key that changes between PIN and badge number was touched.
    SwitchTouched,
    /// The dim screen was touched.
    WakeTouched,
    /// A finger came down on the clock.
    ClockTouched,
    /// It is gone from there.
    ClockReleased,
    /// The technician chose what to do.
    StepTouched(Step),
    /// The configuration that was to be read is refused.
    ReloadRefused(String),
    /// A language was chosen.
    LanguageTouched(Language),
    /// A keyboard, or a reader that types like one, sent a key.
    KeyPressed(Key),
    /// A tile was tapped.
    DoorTouched(DoorId),
    /// So many pages on, or back.
    PageTurned(i64),
    /// The outcome was read: show the doors again.
    OutcomeDismissed,
    /// Look for a door by its name, or do not any more.
    FindTouched,
    /// A letter of a door's name.
    LetterTouched(char),
    /// "I'm still here" was touched, or any part of the screen that means nothing else.
    StillHereTouched,
    /// The sign-out button was touched.
    SignOutTouched,
    /// The agent answered who that was.
    Identified(SessionId, Result<Identity, Denial>),
    /// The agent found that a place is locked down, or counted anew: these are the doors now.
    DoorsListed(SessionId, Vec<Door>),
    /// The agent answered what became of an unlock.
    UnlockAnswered(RequestId, Outcome),
    /// The agent wrote this unlock down, under this number.
    UnlockRecorded(RequestId, u64),
    /// The agent looked at the door of an unlock that was accepted.
    LookedAt(RequestId, Outcome),
    /// The agent wrote down what the technician chose: do it.
    StepRecorded(SessionId, Step),
    /// The agent answers [`Effect::Ping`].
    Pong,
    /// The agent restarted and lost its session.
    AgentRestarted,
    /// The agent ended this session: the person was suspended or removed while it was open.
    Barred(SessionId),
    /// Time went by.
    Ticked,
}

/// What must be done about it. Effects of one answer are unordered.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Effect {
    /// Somebody begins to type: open the connection to Kisi meanwhile.
    Prepare,
    /// Find out who this is and open a session under this id.
    Identify(SessionId, #[cfg_attr(test, serde(skip))] Presented, Asked),
    /// Write down how many guesses are left.
    KeepBudget(u32),
    /// Remember what this person chose to read.
    KeepLanguage(SessionId, Language),
    /// Look whether places are locked down as a whole, which Kisi does not tell with the doors.
    CheckPlaces(SessionId),
    /// List the doors anew: one of them is gone.
    List(SessionId),
    /// Say anew how often each door may still be opened.
    Recount(SessionId),
    /// Look whether the door of this request opens.
    Follow(SessionId, RequestId, DoorId),
    /// Look once at a door of which nobody knows whether it opened, for the log.
    ReadBack(SessionId, DoorId),
    /// Open this door in this session.
    Unlock(SessionId, RequestId, DoorId),
    /// Write down what the technician chose. The answer is [`Event::StepRecorded`].
    Technician(SessionId, Step),
    /// Answer [`Event::Pong`], as a sign that the agent works.
    Ping,
    /// End the program. For the window, not for the agent.
    Leave,
    /// Read the configuration again. For the window, not for the agent.
    Reload,
    /// Forget this session and everything about it.
    Forget(SessionId, Ended),
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Ended {
    /// The person signed out.
    SignedOut,
    /// Nobody touched anything.
    Idle,
    /// It lasted as long as one may.
    Longest,
    /// Somebody else's badge, or one that nobody has.
    OtherBadge,
    /// It never began: nobody waits for the answer any more.
    Unfinished,
    /// The person was suspended or removed meanwhile.
    Barred,
}

/// What goes with the question who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Asked {
    /// The session whose own badge would keep it.
    pub current: Option<SessionId>,
    /// How many guesses are left after this one. Written down before anything is looked at.
    pub guesses_left: Option<u32>,
}

/// A credential on its way to the agent. It compares by nothing but its kind, and `Debug` hides it.
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
    /// The person who is signed in already.
    Same,
    /// The technician.
    Technician(Box<Report>),
    /// A badge that needs its PIN, by rule or because too many unknown badges were read. Said of every badge, known or not.
    NeedsPin,
}

/// Why a sign-in came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Denial {
    /// No such PIN or badge. The same words for both.
    NotKnown,
    /// The same wrong PIN as just before. The same words again, but it costs nothing.
    NotKnownAgain,
    /// No technician's PIN was ever issued.
    NoTechnician,
    /// What was scanned or typed is no badge number.
    NotRead,
    /// This person's Kisi login is dead.
    LoginDead,
    /// Kisi cannot be asked, or gives no list of doors.
    Network(Trouble),
    /// The kiosk itself cannot work.
    KioskFault,
    /// No answer came in time.
    TooSlow,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff::Pin;

    /// What crosses between window and agent is data and nothing else: all of it can be written out, so the agent could be a process
    /// of its own. A channel, a handle or an `Arc` in an effect or event does not compile here. Only the credential is left out:
    /// it is a secret on its way in.
    #[test]
    fn effects_and_events_are_plain_data() {
        let credential = Presented(Credential::Pin(Pin::parse("918273").unwrap()));
        let effect = Effect::Identify(SessionId(7), credential, Asked { current: None, guesses_left: Some(9) });
        let written = serde_json::to_value(&effect).unwrap();
        let asked = serde_json::json!({ "current": null, "guesses_left": 9 });
        assert_eq!(written, serde_json::json!({ "Identify": [7, asked] }));
        assert!(!written.to_string().contains("918273"));
        let event = Event::UnlockAnswered(RequestId(3), Outcome::Unknown(None));
        assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"UnlockAnswered":[3,{"Unknown":null}]}"#);
    }
}
