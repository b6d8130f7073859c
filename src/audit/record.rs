//! One record of the audit log: what happened, to whom, at which door. Never a PIN, a badge number or a login.

use jiff::Timestamp;

use crate::{door::DoorId, staff::StaffId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The kiosk started.
    Start,
    /// Somebody signed in.
    SignIn,
    /// Somebody did not; or several did not, counted.
    Refusal,
    /// No guess, or no try at a badge's PIN, is left.
    BudgetSpent,
    /// An unlock is about to be sent.
    Intent,
    /// What became of it.
    Outcome,
    /// The door was looked at after an unlock.
    Seen,
    /// A session ended.
    SignOut,
    /// Somebody was enrolled.
    Enrol,
    /// Somebody got a new PIN.
    PinIssued,
    /// Somebody got one more badge.
    BadgeGiven,
    /// A badge was taken away from somebody.
    BadgeTaken,
    /// Somebody got a new login.
    Renew,
    /// Somebody was removed.
    Remove,
    /// Somebody may not sign in any more.
    Suspend,
    /// Somebody may sign in again.
    Resume,
    /// The configuration is another than at the last start.
    Configuration,
    /// The device key was replaced.
    Rekey,
    /// A backup was written.
    Backup,
    /// The directory came from a backup.
    Restore,
    /// Old records were taken out.
    Prune,
    /// The clock jumped, is wrong or right again, or the machine slept.
    Clock,
    /// So many records could not be written before this one.
    Gap,
    /// The technician did something.
    Technician,
}

impl Action {
    const ALL: [Self; 24] = [
        Self::Start,
        Self::SignIn,
        Self::Refusal,
        Self::BudgetSpent,
        Self::Intent,
        Self::Outcome,
        Self::Seen,
        Self::SignOut,
        Self::Enrol,
        Self::PinIssued,
        Self::BadgeGiven,
        Self::BadgeTaken,
        Self::Renew,
        Self::Remove,
        Self::Suspend,
        Self::Resume,
        Self::Configuration,
        Self::Rekey,
        Self::Backup,
        Self::Restore,
        Self::Prune,
        Self::Clock,
        Self::Gap,
        Self::Technician,
    ];

    /// As the log writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::SignIn => "sign-in",
            Self::Refusal => "refusal",
            Self::BudgetSpent => "budget-spent",
            Self::Intent => "unlock-intent",
            Self::Outcome => "unlock-outcome",
            Self::Seen => "door-seen",
            Self::SignOut => "sign-out",
            Self::Enrol => "enrol",
            Self::PinIssued => "pin-issued",
            Self::BadgeGiven => "badge-given",
            Self::BadgeTaken => "badge-taken",
            Self::Renew => "renew",
            Self::Remove => "remove",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Configuration => "configuration",
            Self::Rekey => "rekey",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Prune => "prune",
            Self::Clock => "clock",
            Self::Gap => "gap",
            Self::Technician => "technician",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When, by the clock of the kiosk.
    pub at: Timestamp,
    /// What happened.
    pub action: Action,
    /// To whom.
    pub staff: Option<StaffId>,
    /// Their e-mail address, which outlives them in the directory. Empty when nobody is known.
    pub person: String,
    /// At which door.
    pub door: Option<DoorId>,
    /// What the door was called.
    pub door_name: String,
    /// How, why, or with which result.
    pub about: String,
    /// Of an outcome: the record of its intent.
    pub of: Option<u64>,
    /// How often, if it is more than one.
    pub count: u32,
}

impl Record {
    /// Something that happened once, to nobody in particular.
    pub fn new(at: Timestamp, action: Action, about: impl Into<String>) -> Self {
        let (person, door_name) = (String::new(), String::new());
        Self { at, action, staff: None, person, door: None, door_name, about: about.into(), of: None, count: 1 }
    }

    /// The same, with whom it happened to.
    #[must_use]
    pub fn by(self, staff: Option<StaffId>, person: &str) -> Self {
        Self { staff, person: person.to_owned(), ..self }
    }

    /// Every field with its length before it: no two records look alike.
    pub(super) fn encode(&self, seq: u64) -> Vec<u8> {
        let optional = |value: Option<u64>| value.map_or(Vec::new(), |value| value.to_be_bytes().to_vec());
        let fields: [Vec<u8>; 10] = [
            seq.to_be_bytes().to_vec(),
            self.at.to_string().into_bytes(),
            self.action.name().as_bytes().to_vec(),
            optional(self.staff.map(|staff| staff.get().cast_unsigned())),
            self.person.as_bytes().to_vec(),
            optional(self.door.map(DoorId::get)),
            self.door_name.as_bytes().to_vec(),
            self.about.as_bytes().to_vec(),
            optional(self.of),
            self.count.to_be_bytes().to_vec(),
        ];
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(&field);
        }
        bytes
    }
}

/// A record with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Counts records, from 1.
    pub seq: u64,
    /// What was written.
    pub record: Record,
    /// Over this record and the one before.
    pub hash: [u8; 32],
    pub(super) mac: [u8; 32],
}
