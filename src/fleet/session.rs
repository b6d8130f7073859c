//! What a kiosk asks the database for, by statements that are prepared once for each connection.

use jiff::Timestamp;
use tokio_postgres::{
    Row, Statement,
    types::{ToSql, Type},
};

use super::{Connection, Error, Welcome, rows};
use crate::{
    door::DoorId,
    staff::{LoginRow, PersonRows, StaffId},
};

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
    /// Their rows, without PINs and badges. Of the logins only the copies that the presented PIN or badge opens, and none if they are
    /// suspended.
    pub rows: PersonRows,
    /// Another one after each change that a cache must notice.
    pub version: i64,
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

/// An unlock that the kiosk sent without an answer of the database to its intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastIntent {
    /// What was intended.
    pub intent: Intent,
    /// When, by the kiosk's clock.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// Records of the kiosk's audit log, in order: at most 500, of at most 8,192 bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// Number of the first one.
    pub first: u64,
    /// Hash of the record before it; 32 zeros before record 1.
    pub before: [u8; 32],
    /// The records as they were hashed.
    pub records: Vec<Vec<u8>>,
    /// Hash of the last one.
    pub head: [u8; 32],
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

/// A connection with the statements of a visit. The others are sent as text: each that is prepared takes the server's memory.
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
    pub(super) async fn begin(connection: Connection) -> Result<(Self, Welcome), Error> {
        let welcome = connection.hello().await?;
        let client = connection.client();
        let look_up = format!(
            "SELECT {}, opened_by, login_revision, generation::bigint, nonce, sealed FROM vestibule_api.look_up()",
            rows::PERSON
        );
        // All on their way at once: one round trip.
        let (pay, look_up, intend, outcome, changed) = futures_util::try_join!(
            client.prepare("SELECT vestibule_api.pay($1, $2, $3)"),
            client.prepare(&look_up),
            client.prepare("SELECT written, stopped_by, remaining FROM vestibule_api.intend($1, $2, $3)"),
            client.prepare("SELECT vestibule_api.outcome($1, $2)"),
            client.prepare("SELECT vestibule_api.changed($1, $2)"),
        )?;
        client.batch_execute("LISTEN vestibule_changes").await?;
        Ok((Self { connection, pay, look_up, intend, outcome, changed }, welcome))
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
        let version = rows::version(first)?;
        Ok(Some(Found { rows: PersonRows { logins, ..rows::person(first)? }, version }))
    }

    pub(super) async fn intend(&self, intent: Intent) -> Result<Intended, Error> {
        let (staff, door) = (intent.staff.get(), intent.door.get().cast_signed());
        let row = self.connection.client().query_one(&self.intend, &[&intent.number, &staff, &door]).await?;
        if row.try_get(0)? {
            return Ok(Intended::Written(row.try_get(2)?));
        }
        row.try_get::<_, Option<String>>(1)?.map(Intended::Stopped).ok_or(Error::Answer("no limit stops an intent"))
    }

    pub(super) async fn intended(&self, past: &PastIntent) -> Result<(), Error> {
        let PastIntent { intent: Intent { number, staff, door }, at, outcome } = past;
        let (staff, door, at) = (staff.get(), door.get().cast_signed(), at.as_millisecond());
        let outcome = outcome.name();
        let sql = "SELECT vestibule_api.intended($1, $2, $3, to_timestamp($4 / 1000.0), $5)";
        let asked: [(&(dyn ToSql + Sync), Type); 5] = [
            (number, Type::INT8),
            (&staff, Type::INT8),
            (&door, Type::INT8),
            (&at, Type::INT8),
            (&outcome, Type::TEXT),
        ];
        let _ = self.connection.client().query_typed_one(sql, &asked).await?;
        Ok(())
    }

    pub(super) async fn outcome(&self, number: i64, outcome: Outcome) -> Result<(), Error> {
        let _ = self.connection.client().query_one(&self.outcome, &[&number, &outcome.name()]).await?;
        Ok(())
    }

    pub(super) async fn changed(&self, staff: &[i64], versions: &[i64]) -> Result<Vec<StaffId>, Error> {
        let rows = self.connection.client().query(&self.changed, &[&staff, &versions]).await?;
        rows.iter().map(|row| Ok(StaffId::new(row.try_get(0)?))).collect()
    }

    /// Returns the number of the newest record in the database.
    pub(super) async fn ship(&self, shipment: &Shipment) -> Result<u64, Error> {
        let out_of_range = || Error::Answer("the number of a record out of range");
        let first = i64::try_from(shipment.first).map_err(|_| out_of_range())?;
        let (before, head) = (shipment.before.as_slice(), shipment.head.as_slice());
        let sql = "SELECT vestibule_api.ship($1, $2, $3, $4)";
        let asked: [(&(dyn ToSql + Sync), Type); 4] = [
            (&first, Type::INT8),
            (&before, Type::BYTEA),
            (&shipment.records, Type::BYTEA_ARRAY),
            (&head, Type::BYTEA),
        ];
        let row = self.connection.client().query_typed_one(sql, &asked).await?;
        row.try_get::<_, i64>(0)?.try_into().map_err(|_| out_of_range())
    }

    pub(super) async fn note(
        &self,
        staff: StaffId,
        language: Option<&str>,
        is_refused: Option<bool>,
    ) -> Result<(), Error> {
        let staff = staff.get();
        let asked: [(&(dyn ToSql + Sync), Type); 3] =
            [(&staff, Type::INT8), (&language, Type::TEXT), (&is_refused, Type::BOOL)];
        let _ = self.connection.client().query_typed_one("SELECT vestibule_api.note($1, $2, $3)", &asked).await?;
        Ok(())
    }

    /// Ends kiosks' transactions that hold locks for longer than an honest one does.
    pub(super) async fn end_sessions(&self) -> Result<(), Error> {
        Ok(self.connection.client().batch_execute("SELECT vestibule_api.end_sessions()").await?)
    }

    /// Says hello again, and ends what other kiosks have left open, if that is this one's part.
    pub(super) async fn beat(&self) -> Result<Welcome, Error> {
        let welcome = self.connection.hello().await?;
        if welcome.ends_sessions {
            self.end_sessions().await?;
        }
        Ok(welcome)
    }

    /// Returns how many rows went.
    pub(super) async fn prune(&self) -> Result<u64, Error> {
        let row = self.connection.client().query_typed_one("SELECT vestibule_api.prune()", &[]).await?;
        rows::number(row.try_get(0)?)
    }
}

/// The login of a row. `None` for somebody who is suspended, or whose login this does not open.
fn login(row: &Row) -> Result<Option<LoginRow>, Error> {
    let column = |index: usize| rows::WIDTH + index;
    let Some(role) = row.try_get(column(0))? else { return Ok(None) };
    Ok(Some(LoginRow {
        role,
        revision: row.try_get(column(1))?,
        generation: row.try_get(column(2))?,
        nonce: row.try_get(column(3))?,
        sealed: row.try_get(column(4))?,
    }))
}
