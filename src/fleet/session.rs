//! What a kiosk asks the database for, by statements that are prepared once for each connection.

use tokio_postgres::{Row, Statement, types::ToSql};

use super::{Connection, Error};
use crate::{door::DoorId, staff::StaffId};

/// What somebody presented, as blind indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// A PIN.
    Pin([u8; 32]),
    /// A badge that signs in alone.
    Badge([u8; 32]),
    /// A badge, and the PIN that was asked for it.
    BadgeWithPin {
        /// The badge.
        badge: [u8; 32],
        /// The PIN.
        pin: [u8; 32],
    },
}

/// Somebody who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Their number in the fleet.
    pub staff: StaffId,
    /// Their e-mail address.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
    /// Salt of their seals.
    pub salt: Vec<u8>,
    /// Revision of their login.
    pub revision: i64,
    /// Grows with each change that a cache must notice.
    pub version: i64,
    /// Whether they are suspended. Then there is no login.
    pub is_suspended: bool,
    /// The language that they chose.
    pub language: Option<String>,
    /// Proves that their row belongs together.
    pub proof: Option<Vec<u8>>,
    /// Their login, once for each generation of the data key.
    pub logins: Vec<SealedLogin>,
}

/// A login, sealed with a data key of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLogin {
    /// Generation of the data key.
    pub generation: i32,
    /// Nonce of the seal.
    pub nonce: Vec<u8>,
    /// The sealed login.
    pub sealed: Vec<u8>,
}

/// An unlock that is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// Number of the kiosk's own audit record: asked again, it is the same intent.
    pub number: i64,
    /// Who asked.
    pub staff: StaffId,
    /// For which door.
    pub door: DoorId,
}

/// What the database says to an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intended {
    /// It is written. How many more the narrowest limit allows; `None` without a limit.
    Written(Option<i32>),
    /// A limit stops it: `hour`, `day` or `door`.
    Stopped(String),
}

/// What became of an unlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Kisi accepted it.
    Accepted,
    /// Nobody knows.
    Unknown,
    /// Kisi refused it.
    Refused,
    /// It was not sent.
    NotSent,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::NotSent => "not-sent",
        }
    }
}

/// A connection with the statements of a kiosk.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
    pay: Statement,
    look_up: Statement,
    intend: Statement,
    outcome: Statement,
    changed: Statement,
}

impl Session {
    /// Says hello, prepares the statements, and asks to be told of changes.
    pub(super) async fn begin(connection: Connection) -> Result<Self, Error> {
        let _ = connection.hello().await?;
        let client = connection.client();
        // All on their way at once: one round trip.
        let (pay, look_up, intend, outcome, changed) = futures_util::try_join!(
            client.prepare("SELECT vestibule_api.pay($1, $2, $3)"),
            client.prepare(
                "SELECT staff, email, name, salt, revision, version, suspended, language, proof, generation, nonce, sealed
                 FROM vestibule_api.look_up()"
            ),
            client.prepare("SELECT written, stopped_by, remaining FROM vestibule_api.intend($1, $2, $3)"),
            client.prepare("SELECT vestibule_api.outcome($1, $2)"),
            client.prepare("SELECT vestibule_api.changed($1, $2)"),
        )?;
        client.batch_execute("LISTEN vestibule_changes").await?;
        Ok(Self { connection, pay, look_up, intend, outcome, changed })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Pays for a guess, and looks up what was paid: two transactions, one round trip.
    pub(super) async fn sign_in(&self, guess: Guess) -> Result<Option<Found>, Error> {
        let (kind, tag, pin) = match &guess {
            Guess::Pin(tag) => ("pin", tag, None),
            Guess::Badge(tag) => ("badge", tag, None),
            Guess::BadgeWithPin { badge, pin } => ("badge-pin", badge, Some(pin.as_slice())),
        };
        let (client, tag) = (self.connection.client(), tag.as_slice());
        let guess: [&(dyn ToSql + Sync); 3] = [&kind, &tag, &pin];
        let (paid, rows) = futures_util::join!(client.query_one(&self.pay, &guess), client.query(&self.look_up, &[]));
        let _ = paid?;
        let rows = rows?;
        let Some(first) = rows.first() else { return Ok(None) };
        let logins = rows.iter().map(login).filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(Some(Found { logins, ..person(first)? }))
    }

    pub(super) async fn intend(&self, intent: Intent) -> Result<Intended, Error> {
        let (staff, door) = (intent.staff.get(), intent.door.get().cast_signed());
        let row = self.connection.client().query_one(&self.intend, &[&intent.number, &staff, &door]).await?;
        if row.try_get(0)? {
            return Ok(Intended::Written(row.try_get(2)?));
        }
        row.try_get::<_, Option<String>>(1)?.map(Intended::Stopped).ok_or(Error::Answer("no limit stops an intent"))
    }

    pub(super) async fn outcome(&self, number: i64, outcome: Outcome) -> Result<(), Error> {
        let _ = self.connection.client().query_one(&self.outcome, &[&number, &outcome.name()]).await?;
        Ok(())
    }

    pub(super) async fn changed(&self, staff: &[i64], versions: &[i64]) -> Result<Vec<StaffId>, Error> {
        let rows = self.connection.client().query(&self.changed, &[&staff, &versions]).await?;
        rows.iter().map(|row| Ok(StaffId::new(row.try_get(0)?))).collect()
    }
}

/// The person of a row, without logins.
fn person(row: &Row) -> Result<Found, Error> {
    Ok(Found {
        staff: StaffId::new(row.try_get(0)?),
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        salt: row.try_get(3)?,
        revision: row.try_get(4)?,
        version: row.try_get(5)?,
        is_suspended: row.try_get(6)?,
        language: row.try_get(7)?,
        proof: row.try_get(8)?,
        logins: Vec::new(),
    })
}

/// The login of a row. `None` for somebody who is suspended.
fn login(row: &Row) -> Result<Option<SealedLogin>, Error> {
    let Some(generation) = row.try_get(9)? else { return Ok(None) };
    Ok(Some(SealedLogin { generation, nonce: row.try_get(10)?, sealed: row.try_get(11)? }))
}
