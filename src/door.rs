//! A door as the kiosk sees it, and what can become of a tap on it. How Kisi spells all this is `kisi/wire.rs`.

pub mod reason;

use jiff::civil::{DateTime, Time};

pub use self::reason::{Code, Reason, Refusal};

/// Kisi's id of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct DoorId(u64);

impl DoorId {
    /// Names the lock with this id at Kisi.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The id as Kisi writes it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// One door that Kisi lets a person open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Door {
    /// Kisi's id.
    pub id: DoorId,
    /// The name, cleaned and never empty.
    pub name: String,
    /// Where it is, when Kisi tells.
    pub place: Option<Place>,
    /// What was known about it when the list was read.
    pub state: DoorState,
    /// How often this person may still open it from here, where the site limits that.
    pub allowance: Option<Allowance>,
}

impl Door {
    /// Whether a tap makes sense now.
    pub fn can_be_tried(&self) -> bool {
        self.state.can_be_tried() && self.allowance.is_none_or(|allowance| 0 < allowance.left)
    }
}

/// How often a person may still open a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Allowance {
    /// So often.
    pub left: u32,
    /// Of so often.
    pub of: u32,
    /// When, by the kiosk's clock, it is more again. While nothing is left.
    pub again: Option<Time>,
}

/// Kisi's id of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct PlaceId(u64);

impl PlaceId {
    /// Names the place with this id at Kisi.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The id as Kisi writes it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A building or a floor of one, with doors.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Place {
    /// Kisi's id.
    pub id: PlaceId,
    /// The name, cleaned and never empty.
    pub name: String,
}

/// What a tile may say about its door before anybody taps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum DoorState {
    /// Nothing stands in the way.
    Ready,
    /// The door, or its whole place, is locked down: nobody can open it. Since when, by the kiosk's clock, where Kisi tells.
    LockedDown(Option<DateTime>),
    /// The door has no hardware yet.
    NotSetUp,
    /// It is open now, on a schedule or because somebody unlocked it.
    Open,
    /// Its controller does not answer. An attempt may still work.
    Offline,
    /// Kisi asks for a proof from the reader at the door.
    NeedsReader,
    /// Kisi asks where the kiosk is.
    NeedsPosition,
}

impl DoorState {
    /// Whether a tap makes sense. Where it is false, Kisi is known to refuse.
    pub fn can_be_tried(self) -> bool {
        match self {
            Self::Ready | Self::Open | Self::Offline => true,
            Self::LockedDown(_) | Self::NotSetUp | Self::NeedsReader | Self::NeedsPosition => false,
        }
    }
}

/// What became of one tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Outcome {
    /// Kisi took the command. Not yet: the door moved.
    Accepted,
    /// Kisi took the command, and the door's sensor says that it is open.
    Opened,
    /// Kisi took the command, but the door's sensor, which works, says that it is still closed.
    StillClosed,
    /// Kisi said no.
    Refused(Reason),
    /// Proven: not one byte of the request left the kiosk. Trying again is safe.
    NotSent,
    /// The kiosk cannot write down who wants it, so it sent nothing.
    NotRecorded,
    /// The kiosk's clock is so wrong that a record would say nothing, so it sent nothing.
    WrongClock,
    /// This person opened doors as often as the site allows, so the kiosk sent nothing.
    Limited,
    /// The request may have been carried out. Trying again may open the door twice. A fault at Kisi may say what it thinks is
    /// wrong; that proves nothing.
    Unknown(Option<Reason>),
}

impl Outcome {
    /// Why Kisi refused it, if it did.
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
