//! What a kiosk is told when it says that it is there.

use jiff::Timestamp;
use tokio_postgres::{Row, types::Type};

use super::{Connection, Error, Restored, rows, settings};
use crate::door::DoorId;

/// Number of this program's version, by which a fleet refuses programs that are too old.
const PROGRAM: i32 = 1;
/// The columns that [`read`] reads.
const HELLO: &str =
    "SELECT schema_version, generation::bigint, salt, cost, key_generations::bigint[], keys, shipped, chain, site, zone, kiosks,
            all_kiosks, per_hour, per_day, doors, door_limits, offline_days,
            (extract(epoch FROM now) * 1000)::bigint, ends_sessions, restored, restored_proof
     FROM vestibule_api.hello($1)";

/// The fleet, as one kiosk needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Version of the tables and functions.
    pub schema_version: i32,
    /// The newest data key.
    pub generation: i64,
    /// Salt of every PIN's hash, 16 bytes.
    pub salt: Vec<u8>,
    /// Argon2's memory in KiB, passes and lanes.
    pub cost: [u32; 3],
    /// The data keys by generation, the oldest first, each encrypted to this kiosk's recipient.
    pub keys: Vec<(i64, Vec<u8>)>,
    /// Number of the newest audit record of this kiosk in the database; 0 for none.
    pub shipped: u64,
    /// Hash of that record; 32 zeros for none.
    pub chain: Vec<u8>,
    /// Name of the kiosk's site.
    pub site: String,
    /// The site's time zone, at whose midnight the day of a limit begins.
    pub zone: String,
    /// Kiosks of this site, with this one and without expelled ones.
    pub kiosks: u32,
    /// Kiosks of all sites, without expelled ones.
    pub all_kiosks: u32,
    /// Unlocks of a person per hour; 0 for no limit.
    pub per_hour: u32,
    /// Unlocks of a person per day; 0 for no limit.
    pub per_day: u32,
    /// Doors with a limit of their own: unlocks of a person per day.
    pub per_door: Vec<(DoorId, u32)>,
    /// Days for which people sign in while the database is away.
    pub offline_days: u32,
    /// The database's time.
    pub now: Timestamp,
    /// Whether this kiosk ends sessions that others left open. Three do.
    pub ends_sessions: bool,
    /// That a backup was restored.
    pub restored: Restored,
}

impl Connection {
    /// A kiosk says that it is there, and is told what its fleet is like. One round trip.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when it is no kiosk of the fleet, or its program is too old.
    pub async fn hello(&self) -> Result<Welcome, Error> {
        read(&self.client().query_typed_one(HELLO, &[(&PROGRAM, Type::INT4)]).await?)
    }
}

fn read(row: &Row) -> Result<Welcome, Error> {
    let number = |index: usize| rows::count(row.try_get::<_, i32>(index)?);
    let (generations, wrapped): (Vec<i64>, Vec<Vec<u8>>) = (row.try_get(4)?, row.try_get(5)?);
    let shipped = rows::number(row.try_get(6)?)?;
    let now = Timestamp::from_millisecond(row.try_get(17)?).map_err(|_| Error::Answer("a moment out of range"))?;
    Ok(Welcome {
        schema_version: row.try_get(0)?,
        generation: row.try_get(1)?,
        salt: row.try_get(2)?,
        cost: rows::cost(row, 3)?,
        keys: generations.into_iter().zip(wrapped).collect(),
        shipped,
        chain: row.try_get(7)?,
        site: row.try_get(8)?,
        zone: row.try_get(9)?,
        kiosks: number(10)?,
        all_kiosks: number(11)?,
        per_hour: number(12)?,
        per_day: number(13)?,
        per_door: settings::doors(row, 14)?,
        offline_days: number(16)?,
        now,
        ends_sessions: row.try_get(18)?,
        restored: Restored { at: row.try_get(19)?, proof: row.try_get(20)? },
    })
}
