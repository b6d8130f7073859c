//! What holds for the whole fleet.

use std::fmt;

use tokio_postgres::Row;

use super::{Connection, Error, Refusal, rows};
use crate::door::DoorId;

/// Settings of the fleet, and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Version of the tables and functions.
    pub schema_version: i32,
    /// The newest data key.
    pub generation: i32,
    /// Unlocks of a person per hour; 0 for no limit.
    pub per_hour: i32,
    /// Unlocks of a person per day; 0 for no limit.
    pub per_day: i32,
    /// Days for which people sign in while the database is away.
    pub offline_days: i32,
    /// Days for which records are kept.
    pub keep_days: i32,
    /// People who are enrolled.
    pub people: i64,
    /// Doors with a limit of their own: unlocks of a person per day.
    pub per_door: Vec<(DoorId, u32)>,
    /// Salt of every PIN's hash, 16 bytes.
    pub salt: Vec<u8>,
    /// Argon2's memory in KiB, passes and lanes.
    pub cost: [u32; 3],
}

/// A setting to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Unlocks of a person per hour; 0 for no limit.
    PerHour(u32),
    /// Unlocks of a person per day; 0 for no limit.
    PerDay(u32),
    /// Days for which people sign in while the database is away, 0 to 90.
    OfflineDays(u32),
    /// Days for which records are kept, 1 to 3650.
    KeepDays(u32),
    /// The limit of one door.
    Door {
        /// The door.
        door: DoorId,
        /// Unlocks of a person per day there; 0 removes the limit.
        per_day: u32,
    },
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerHour(value) => write!(f, "--per-hour {value}"),
            Self::PerDay(value) => write!(f, "--per-day {value}"),
            Self::OfflineDays(value) => write!(f, "--offline-days {value}"),
            Self::KeepDays(value) => write!(f, "--keep-days {value}"),
            Self::Door { door, per_day } => write!(f, "--door {}={per_day}", door.get()),
        }
    }
}

impl Connection {
    /// Settings of the fleet, and its size.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn settings(&self) -> Result<Settings, Error> {
        let sql =
            "SELECT schema_version, generation, per_hour, per_day, offline_days, keep_days, people, doors, door_limits, salt, cost
                   FROM vestibule_api.settings()";
        let row = self.client().query_one(sql, &[]).await?;
        Ok(Settings {
            schema_version: row.try_get(0)?,
            generation: row.try_get(1)?,
            per_hour: row.try_get(2)?,
            per_day: row.try_get(3)?,
            offline_days: row.try_get(4)?,
            keep_days: row.try_get(5)?,
            people: row.try_get(6)?,
            per_door: doors(&row, 7)?,
            salt: row.try_get(9)?,
            cost: rows::cost(&row, 10)?,
        })
    }

    /// Changes these settings, all or none of them.
    ///
    /// # Errors
    ///
    /// As [`Self::set`].
    pub async fn set_all(&self, changes: &[Setting]) -> Result<(), Error> {
        self.client().batch_execute("BEGIN").await?;
        for change in changes {
            if let Err(error) = self.set(*change).await {
                self.client().batch_execute("ROLLBACK").await?;
                return Err(error);
            }
        }
        Ok(self.client().batch_execute("COMMIT").await?)
    }

    /// Changes a setting. Kiosks learn of it within a minute.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`Refusal::Malformed`] when it is out of range.
    pub async fn set(&self, change: Setting) -> Result<(), Error> {
        let (setting, door, value) = match change {
            Setting::PerHour(value) => ("per_hour", None, value),
            Setting::PerDay(value) => ("per_day", None, value),
            Setting::OfflineDays(value) => ("offline_days", None, value),
            Setting::KeepDays(value) => ("keep_days", None, value),
            Setting::Door { door, per_day } => ("door", Some(door.get().cast_signed()), per_day),
        };
        let value = i32::try_from(value);
        let value =
            value.map_err(|_| Error::Refused(Refusal::Malformed(format!("this number is too large for {setting}"))))?;
        let _ = self.client().query_one("SELECT vestibule_api.set($1, $2, $3)", &[&setting, &door, &value]).await?;
        Ok(())
    }
}

/// Limits of doors, from two columns.
pub(super) fn doors(row: &Row, index: usize) -> Result<Vec<(DoorId, u32)>, Error> {
    let (doors, limits): (Vec<i64>, Vec<i32>) = (row.try_get(index)?, row.try_get(index + 1)?);
    let pairs = doors.into_iter().zip(limits);
    pairs.map(|(door, limit)| Ok((DoorId::new(door.cast_unsigned()), rows::count(limit)?))).collect()
}
