//! What `doctor` asks the database for: the server, and what guessing costs.

use std::time::Duration;

use super::{Connection, Error, rows};

/// The state of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerState {
    /// Version of PostgreSQL, such as 150018.
    pub version: i32,
    /// `max_prepared_transactions`. Above 0, a lock can outlive the session that took it.
    pub prepared_transactions: i32,
    /// `max_connections`.
    pub connections: i32,
    /// `synchronous_standby_names`. Empty: nothing waits for a standby.
    pub standbys: String,
    /// Large objects, which only a hostile kiosk makes.
    pub large_objects: i64,
    /// How full the queue of notifications is, from 0 to 1.
    pub queue: f64,
}

/// Guesses of one kind, for each kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// `pin`, `badge` and others.
    pub kind: String,
    /// Guesses available at the start.
    pub holds: u32,
    /// Time until one more guess is available.
    pub refill: Duration,
}

/// What guessing costs in a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guesses {
    /// Kiosks, without expelled ones.
    pub kiosks: u32,
    /// People with a PIN who come in at the site where most do.
    pub pins_at_a_site: u32,
    /// By kind.
    pub rates: Vec<Rate>,
}

impl Connection {
    /// The state of the server.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn server_state(&self) -> Result<ServerState, Error> {
        let sql = "SELECT current_setting('server_version_num')::integer, current_setting('max_prepared_transactions')::integer,
                          current_setting('max_connections')::integer, current_setting('synchronous_standby_names'),
                          (SELECT count(*) FROM pg_largeobject_metadata), pg_notification_queue_usage()";
        let row = self.client().query_one(sql, &[]).await?;
        Ok(ServerState {
            version: row.try_get(0)?,
            prepared_transactions: row.try_get(1)?,
            connections: row.try_get(2)?,
            standbys: row.try_get(3)?,
            large_objects: row.try_get(4)?,
            queue: row.try_get(5)?,
        })
    }

    /// What guessing costs.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn guesses(&self) -> Result<Guesses, Error> {
        let sql = "SELECT kiosks, pins_at_a_site, kinds, holds, refill_ms FROM vestibule_api.guesses()";
        let row = self.client().query_one(sql, &[]).await?;
        let (kinds, holds): (Vec<String>, Vec<i32>) = (row.try_get(2)?, row.try_get(3)?);
        let refills: Vec<i64> = row.try_get(4)?;
        let rates = kinds.into_iter().zip(holds).zip(refills).map(|((kind, holds), refill)| {
            let refill = Duration::from_millis(rows::number(refill)?);
            Ok(Rate { kind, holds: rows::count(holds)?, refill })
        });
        Ok(Guesses {
            kiosks: rows::count(row.try_get::<_, i64>(0)?)?,
            pins_at_a_site: rows::count(row.try_get::<_, i64>(1)?)?,
            rates: rates.collect::<Result<_, Error>>()?,
        })
    }
}
