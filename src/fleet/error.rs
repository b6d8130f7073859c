//! What goes wrong between this program and the database.

use std::{fmt, path::PathBuf, time::Duration};

use tokio_postgres::error::SqlState;

/// Why the fleet's database does not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the database is refused.
    #[error("`{url}` is no address of a fleet's database: {why}")]
    Address {
        /// The address, without a password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The certificates to trust cannot be read.
    #[error("the certificates in `{}` cannot be used", file.display())]
    Certificates {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no certificate to trust.
    #[error(
        "there is no certificate to trust: set `fleet.ca`, or --ca, to the file of the authority that signed the database's certificate"
    )]
    NoCertificates,
    /// The connection cannot be made.
    #[error("the fleet's database cannot be reached")]
    Connect(#[source] tokio_postgres::Error),
    /// No answer in time.
    #[error("the fleet's database did not answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// One of our functions refuses.
    #[error("{0}")]
    Refused(Refusal),
    /// The database refuses, or the connection broke.
    #[error("the fleet's database refuses")]
    Database(#[source] tokio_postgres::Error),
    /// The server is too old.
    #[error("PostgreSQL {0} is too old: a fleet needs 15 or newer")]
    OldServer(i32),
    /// Locks of a hostile kiosk would outlive its session.
    #[error(
        "`max_prepared_transactions` is {0}: a hostile kiosk could hold locks for ever. Set it to 0 and restart PostgreSQL"
    )]
    PreparedTransactions(i32),
    /// `init` where a fleet is.
    #[error("this database has a fleet already")]
    Exists,
    /// `init` on a server with a fleet in another database.
    #[error(
        "another database of this server has a fleet, or had one: roles belong to the whole server, so each fleet needs one of its own"
    )]
    OtherFleet,
    /// The role may not manage the fleet.
    #[error("this role is no admin of the fleet: its owner runs `GRANT vestibule_admin TO` it")]
    NotAnAdmin,
    /// There is no fleet in this database.
    #[error("this database has no fleet: run `vestibule fleet init`")]
    NoFleet,
    /// The database is newer than this program.
    #[error("the fleet's database has version {0}, which this program does not know: install a newer one")]
    NewerSchema(i32),
    /// What the database answered has another form than it should.
    #[error("the fleet's database answers something else than it should: {0}")]
    Answer(&'static str),
    /// No random numbers.
    #[error("the operating system returns no random numbers")]
    Random,
}

/// What somebody is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// A PIN.
    Pin,
    /// A badge.
    Badge,
}

impl TagKind {
    /// As the database calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Badge => "badge",
        }
    }
}

/// What one of the database's own functions says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// VK001
    NotAKiosk,
    /// VK003
    OldProgram,
    /// VK004, with what is malformed.
    Malformed(String),
    /// VK010
    Spent(Duration),
    /// VK011
    NothingPaid,
    /// VK020
    NotSeen,
    /// VK021
    Suspended,
    /// VK022
    OtherIntent,
    /// VK023, with what is missing.
    Unknown(String),
    /// VK030, with the number of the last record that is there.
    RecordsMissing(u64),
    /// VK031, with the number of the record.
    ChainBroken(u64),
    /// VK032, with the number of the record. Sending it again does not help: no record may have more than 8,192 bytes.
    RecordTooLong(u64),
    /// VK040: somebody has this e-mail address, or this number.
    Enrolled,
    /// VK041: a PIN or a badge is somebody else's.
    TagTaken(TagKind),
    /// VK042: somebody else changed or removed this person after they were read.
    ChangedMeanwhile,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKiosk => f.write_str("this is not a kiosk of the fleet, or not any more"),
            Self::OldProgram => f.write_str("this program is too old for the fleet"),
            Self::Malformed(what) | Self::Unknown(what) => f.write_str(what),
            Self::Spent(wait) => write!(f, "too many guesses: wait {} s", wait.as_secs()),
            Self::NothingPaid => f.write_str("nothing was paid"),
            Self::NotSeen => f.write_str("nobody who was here"),
            Self::Suspended => f.write_str("suspended"),
            Self::OtherIntent => f.write_str("another intent has this number"),
            Self::RecordsMissing(last) => write!(f, "records are missing after {last}"),
            Self::ChainBroken(at) => write!(f, "the chain of records breaks at {at}"),
            Self::RecordTooLong(at) => write!(f, "record {at} is too long for the fleet's database"),
            Self::Enrolled => f.write_str("somebody with this e-mail address is enrolled already"),
            Self::TagTaken(TagKind::Pin) => f.write_str("this PIN is somebody else's"),
            Self::TagTaken(TagKind::Badge) => f.write_str("this badge is somebody else's"),
            Self::ChangedMeanwhile => {
                f.write_str("another admin changed this person meanwhile, so this was not done, and a PIN that was printed for it does not work: look at the change, then try again")
            }
        }
    }
}

impl Refusal {
    /// By the SQLSTATE of our functions.
    fn of(error: &tokio_postgres::error::DbError) -> Option<Self> {
        let number = || error.detail().and_then(|detail| detail.parse::<u64>().ok()).unwrap_or_default();
        Some(match error.code().code() {
            "VK001" => Self::NotAKiosk,
            "VK003" => Self::OldProgram,
            "VK004" => Self::Malformed(error.message().to_owned()),
            "VK010" => Self::Spent(Duration::from_secs(number())),
            "VK011" => Self::NothingPaid,
            "VK020" => Self::NotSeen,
            "VK021" => Self::Suspended,
            "VK022" => Self::OtherIntent,
            "VK023" => Self::Unknown(error.message().to_owned()),
            "VK030" => Self::RecordsMissing(number()),
            "VK031" => Self::ChainBroken(number()),
            "VK032" => Self::RecordTooLong(number()),
            "VK040" => Self::Enrolled,
            "VK041" if error.detail() == Some(TagKind::Pin.name()) => Self::TagTaken(TagKind::Pin),
            "VK041" => Self::TagTaken(TagKind::Badge),
            "VK042" => Self::ChangedMeanwhile,
            _ => return None,
        })
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(found) => match Refusal::of(found) {
                Some(refusal) => Self::Refused(refusal),
                None if [SqlState::INVALID_SCHEMA_NAME, SqlState::UNDEFINED_FUNCTION].contains(found.code()) => {
                    Self::NoFleet
                }
                None if *found.code() == SqlState::INSUFFICIENT_PRIVILEGE
                    && found.message().contains("vestibule_api") =>
                {
                    Self::NotAnAdmin
                }
                None => Self::Database(error),
            },
            None => Self::Database(error),
        }
    }
}

impl Error {
    /// The SQLSTATE, if the database refused.
    pub fn sql_state(&self) -> Option<&SqlState> {
        if let Self::Connect(error) | Self::Database(error) = self { error.code() } else { None }
    }
}
