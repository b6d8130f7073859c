//! One record of the audit log: what happened, to whom, at which door. It never contains a PIN, a badge number or a login.

use jiff::Timestamp;

use crate::{door::DoorId, staff::StaffId};

/// The kind of event that a record describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The kiosk started.
    Start,
    /// Somebody signed in.
    SignIn,
    /// A sign-in or an unlock was refused. Repeated sign-in refusals share one record with a count.
    Refusal,
    /// The guesses at the keypad, or the tries at a badge's PIN, are used up.
    BudgetSpent,
    /// An unlock is about to be sent.
    Intent,
    /// The result of an unlock.
    Outcome,
    /// The door's sensor was read after an unlock.
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
    /// Somebody was suspended from signing in.
    Suspend,
    /// A suspension was lifted.
    Resume,
    /// The configuration differs from the last recorded one.
    Configuration,
    /// The device key was replaced.
    Rekey,
    /// A backup was written.
    Backup,
    /// The directory was restored from a backup.
    Restore,
    /// Old records were pruned.
    Prune,
    /// The clock jumped, became wrong or right, or the machine was suspended.
    Clock,
    /// Earlier records or counted refusals were lost; `count` says how many, if known.
    Gap,
    /// The technician signed in or out, or used a function of the service screen.
    Technician,
    /// The unlocks were compared with Kisi's history.
    Reconcile,
    /// A kiosk was expelled from the fleet.
    Expel,
}

impl Action {
    const ALL: [Self; 26] = [
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
        Self::Reconcile,
        Self::Expel,
    ];

    /// The name in the database and in exports. It is hashed into each record and must never change.
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
            Self::Reconcile => "reconcile",
            Self::Expel => "expel",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// Longest text of a record, in bytes. With three of them it fits into 8,192 bytes, which a fleet's database takes.
const LONGEST: usize = 2_000;

/// The contents of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Time of the event, by the kiosk's clock.
    pub at: Timestamp,
    /// The kind of event.
    pub action: Action,
    /// The person it concerns. `None` when nobody was identified.
    pub staff: Option<StaffId>,
    /// Their e-mail address, kept after they are removed from the directory. Empty when nobody was identified.
    pub person: String,
    /// The door it concerns.
    pub door: Option<DoorId>,
    /// Name of the door at that time. May be empty.
    pub door_name: String,
    /// Details: method, reason or result.
    pub about: String,
    /// For an outcome, the number of its intent record.
    pub of: Option<u64>,
    /// Number of events that this record stands for, usually 1.
    pub count: u32,
}

impl Record {
    /// A record of one event, without person or door.
    pub fn new(at: Timestamp, action: Action, about: impl Into<String>) -> Self {
        let (person, door_name) = (String::new(), String::new());
        Self { at, action, staff: None, person, door: None, door_name, about: about.into(), of: None, count: 1 }
    }

    /// Sets the person it concerns.
    #[must_use]
    pub fn by(self, staff: Option<StaffId>, person: &str) -> Self {
        Self { staff, person: person.to_owned(), ..self }
    }

    /// The record with its texts cut to 2,000 bytes, so that nothing that Kisi or somebody else sends can stop the shipping.
    pub(super) fn bounded(&self) -> Self {
        let cut = |text: &str| text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default().to_owned();
        let (person, door_name, about) = (cut(&self.person), cut(&self.door_name), cut(&self.about));
        Self { person, door_name, about, ..self.clone() }
    }

    /// The record without control characters, for output: a hostile kiosk may write what it likes into its records.
    pub(super) fn on_one_line(&self) -> Self {
        let clean = |text: &str| text.replace(char::is_control, "\u{fffd}");
        let (person, door_name, about) = (clean(&self.person), clean(&self.door_name), clean(&self.about));
        Self { person, door_name, about, ..self.clone() }
    }

    /// Encodes every field with a length prefix, so that different records never encode alike.
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

    /// The record with this number that was encoded so. `None` if it says nothing that this version can read.
    pub(super) fn decode(seq: u64, encoded: &[u8]) -> Option<Self> {
        let mut rest = encoded;
        let mut fields: [&[u8]; 10] = [&[]; 10];
        for field in &mut fields {
            let (length, after) = rest.split_first_chunk()?;
            (*field, rest) = after.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
        }
        let [number, at, action, staff, person, door, door_name, about, of, count] = fields;
        let text = |field| std::str::from_utf8(field).ok();
        let optional = |field: &[u8]| match field {
            [] => Some(None),
            field => Some(Some(u64::from_be_bytes(field.try_into().ok()?))),
        };
        let record = Self {
            at: text(at)?.parse().ok()?,
            action: Action::from_name(text(action)?)?,
            staff: optional(staff)?.map(|staff| StaffId::new(staff.cast_signed())),
            person: text(person)?.to_owned(),
            door: optional(door)?.map(DoorId::new),
            door_name: text(door_name)?.to_owned(),
            about: text(about)?.to_owned(),
            of: optional(of)?,
            count: u32::from_be_bytes(count.try_into().ok()?),
        };
        (rest.is_empty() && number == seq.to_be_bytes()).then_some(record)
    }
}

/// A stored record with its position in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Number of the record, from 1.
    pub seq: u64,
    /// The contents.
    pub record: Record,
    /// SHA-256 over the previous record's hash and this record.
    pub hash: [u8; 32],
    pub(super) mac: [u8; 32],
}
