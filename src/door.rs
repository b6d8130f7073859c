//! A door as the kiosk sees it, and the possible outcomes of a tap. Kisi's JSON is in `kisi/wire.rs`.

pub mod reason;
mod rule;

use jiff::civil::{DateTime, Time};

pub use self::{
    reason::{Code, Reason, Refusal},
    rule::DoorRule,
};

/// Kisi's id of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct DoorId(u64);

impl DoorId {
    /// Wraps the id that Kisi gave the lock.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The id as Kisi writes it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A door that Kisi lists for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Door {
    /// Kisi's id.
    pub id: DoorId,
    /// The name on the tile: cleaned, never empty, and different from that of other doors of the place.
    pub name: String,
    /// Kisi's name, cleaned and never empty. Several doors may share it.
    pub kisi_name: String,
    /// The door's place, if Kisi reports one.
    pub place: Option<Place>,
    /// The state when the list was read.
    pub state: DoorState,
    /// How many unlocks the tightest limit of the site leaves this person. `None` without a limit.
    pub allowance: Option<Allowance>,
}

impl Door {
    /// Whether a tap can succeed: the state allows it and the limit is not used up.
    pub fn can_be_tried(&self) -> bool {
        self.state.can_be_tried() && self.allowance.is_none_or(|allowance| 0 < allowance.left)
    }
}

/// A person's doors, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct DoorList {
    /// The doors.
    pub doors: Vec<Door>,
    /// Kisi lists more doors than the kiosk shows, or some that could not be read.
    pub incomplete: bool,
}

/// What is left of a person's limit of unlocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Allowance {
    /// Unlocks left.
    pub left: u32,
    /// Unlocks that the limit allows.
    pub of: u32,
    /// Local time at which another unlock is allowed. `None` while some are left.
    pub again: Option<Time>,
}

/// Kisi's id of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct PlaceId(u64);

impl PlaceId {
    /// Wraps the id that Kisi gave the place.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The id as Kisi writes it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A place at Kisi: a building, or a floor of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Place {
    /// Kisi's id.
    pub id: PlaceId,
    /// The name, cleaned and never empty.
    pub name: String,
}

/// The state of a door that its tile shows before a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum DoorState {
    /// Nothing prevents an unlock.
    Ready,
    /// Not known yet: the door is from an earlier visit, and Kisi has not listed it in this one.
    Remembered,
    /// The door or its whole place is locked down: nobody can open it. With the start in local time, if Kisi reports it.
    LockedDown(Option<DateTime>),
    /// The door has no hardware yet.
    NotSetUp,
    /// The door is unlocked now, by a schedule or by another unlock.
    Open,
    /// The controller is offline. An unlock may still work.
    Offline,
    /// Kisi requires a proximity proof from the door's reader.
    NeedsReader,
    /// Kisi requires the kiosk's position, and none is configured.
    NeedsPosition,
}

impl DoorState {
    /// Whether an unlock can succeed. If false, Kisi would refuse it.
    pub fn can_be_tried(self) -> bool {
        match self {
            Self::Ready | Self::Remembered | Self::Open | Self::Offline => true,
            Self::LockedDown(_) | Self::NotSetUp | Self::NeedsReader | Self::NeedsPosition => false,
        }
    }
}

/// The outcome of one tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Outcome {
    /// Kisi accepted the command. Whether the door moved is not known.
    Accepted,
    /// Kisi accepted the command, and the door's sensor reports that it is open.
    Opened,
    /// Kisi accepted the command, but the door's sensor, which is known to work, reports that it is still closed.
    StillClosed,
    /// Kisi refused the command.
    Refused(Reason),
    /// The request certainly did not leave the kiosk. A retry is safe.
    NotSent,
    /// Nothing was sent, because the attempt could not be recorded or the person could not be checked.
    NotRecorded,
    /// Nothing was sent, because the kiosk's clock is too wrong for a useful record.
    WrongClock,
    /// Nothing was sent, because the person has used up the site's limit of unlocks.
    Limited,
    /// The request may have been executed. A retry may open the door twice. The reason is only a hint: Kisi's code may name
    /// a cause, but it does not prove that the door stayed closed.
    Unknown(Option<Reason>),
}

impl Outcome {
    /// The class of Kisi's refusal. `None` for other outcomes.
    pub fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Refused(reason) => Some(reason.class),
            Self::Accepted
            | Self::Opened
            | Self::StillClosed
            | Self::NotSent
            | Self::NotRecorded
            | Self::Limited
            | Self::WrongClock
            | Self::Unknown(_) => None,
        }
    }
}
