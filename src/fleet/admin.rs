//! What admins' machines ask the database for.

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::{Row, error::SqlState};

use super::{Code, Connection, Error, Refusal, pairing::JoinRequest};
use crate::staff::{PersonRows, StaffId};

/// A moment as milliseconds, which needs no second type of timestamps.
const MILLISECONDS: &str = "(extract(epoch FROM";

/// Pause before it is looked again whether sessions have ended.
const AGAIN: Duration = Duration::from_millis(100);

/// A site of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Its time zone, at whose midnight the day of a limit begins.
    pub zone: String,
    /// Kiosks there, without expelled ones.
    pub kiosks: i64,
}

/// A kiosk of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kiosk {
    /// Its name.
    pub name: String,
    /// Its site's name.
    pub site: String,
    /// Its role in the database.
    pub role: String,
    /// Number of its program's version. `None` until its first contact.
    pub program: Option<i32>,
    /// Its last contact.
    pub last_contact: Option<Timestamp>,
    /// Number of its newest audit record in the database.
    pub records: i64,
    /// Whether it is connected now.
    pub is_connected: bool,
    /// When it was expelled.
    pub expelled: Option<Timestamp>,
}

/// A kiosk that asks to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingKiosk {
    /// Its public key: an age recipient.
    pub recipient: String,
    /// The verifier of its password.
    pub verifier: String,
}

impl WaitingKiosk {
    /// The code that the kiosk shows.
    pub fn code(&self) -> Code {
        Code::of(&self.recipient, &self.verifier)
    }
}

impl From<&JoinRequest> for WaitingKiosk {
    fn from(request: &JoinRequest) -> Self {
        Self { recipient: request.recipient.clone(), verifier: request.verifier.clone() }
    }
}

impl Connection {
    /// Adds a site.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when there is no such time zone.
    pub async fn add_site(&self, name: &str, zone: &str) -> Result<(), Error> {
        let _ = self.client().query_one("SELECT vestibule_api.add_site($1, $2)", &[&name, &zone]).await?;
        Ok(())
    }

    /// All sites, by name.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn sites(&self) -> Result<Vec<Site>, Error> {
        let rows = self.client().query("SELECT name, zone, kiosks FROM vestibule_api.sites()", &[]).await?;
        let read = |row: &Row| Ok(Site { name: row.try_get(0)?, zone: row.try_get(1)?, kiosks: row.try_get(2)? });
        rows.iter().map(read).collect()
    }

    /// All kiosks: first those of the fleet, then those that were expelled.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn kiosks(&self) -> Result<Vec<Kiosk>, Error> {
        let sql = format!(
            "SELECT name, site, role::text, program, {MILLISECONDS} last_contact) * 1000)::bigint, records, connected,
                    {MILLISECONDS} expelled) * 1000)::bigint FROM vestibule_api.kiosks()"
        );
        let rows = self.client().query(&sql, &[]).await?;
        let read = |row: &Row| {
            Ok(Kiosk {
                name: row.try_get(0)?,
                site: row.try_get(1)?,
                role: row.try_get(2)?,
                program: row.try_get(3)?,
                last_contact: moment(row, 4)?,
                records: row.try_get(5)?,
                is_connected: row.try_get(6)?,
                expelled: moment(row, 7)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The data keys, wrapped to each admin: the generation and the encrypted key, the oldest first.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn own_keys(&self) -> Result<Vec<(i32, Vec<u8>)>, Error> {
        let rows = self.client().query("SELECT generation, wrapped FROM vestibule_api.own_keys()", &[]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Lets kiosks ask to join for this number of minutes. The database allows at most 60.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn open_joining(&self, minutes: i32) -> Result<(), Error> {
        self.until_unlocked(async || {
            self.client().query_one("SELECT vestibule_api.open_joining($1)", &[&minutes]).await.map(drop)
        })
        .await
    }

    /// The kiosks that asked to join in the last 15 minutes.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn waiting(&self) -> Result<Vec<WaitingKiosk>, Error> {
        let rows = self.client().query("SELECT public_key, verifier FROM vestibule_api.join_requests()", &[]).await?;
        let read = |row: &Row| Ok(WaitingKiosk { recipient: row.try_get(0)?, verifier: row.try_get(1)? });
        rows.iter().map(read).collect()
    }

    /// Admits a kiosk, with the data key encrypted to its public key. Returns its role.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when there is no such site.
    pub async fn admit(
        &self,
        kiosk: &WaitingKiosk,
        name: &str,
        site: &str,
        (generation, wrapped): (i32, &[u8]),
    ) -> Result<String, Error> {
        let sql = "SELECT vestibule_api.admit($1, $2, $3, $4, $5, $6)";
        let WaitingKiosk { recipient, verifier } = kiosk;
        let row = self.client().query_one(sql, &[recipient, verifier, &name, &site, &generation, &wrapped]).await?;
        Ok(row.try_get(0)?)
    }

    /// Notes that the kiosk with this role holds the rows of everybody, and that numbers up to `last` are given.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn adopt(&self, role: &str, last: StaffId) -> Result<(), Error> {
        let sql = "SELECT vestibule_api.adopt($1::text::name, $2)";
        let _ = self.client().query_one(sql, &[&role, &last.get()]).await?;
        Ok(())
    }

    /// Puts somebody of the first kiosk, or what this kiosk has of somebody who was put by an interrupted attempt. Returns the
    /// version.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::Enrolled`] when somebody else has the number or the e-mail address.
    pub async fn put_adopted(&self, rows: &PersonRows) -> Result<i64, Error> {
        let taken = match self.put(rows, None).await {
            Err(taken @ Error::Refused(Refusal::Enrolled)) => taken,
            put => return put,
        };
        let Some((known, version)) = self.person(&rows.email).await?.filter(|(known, _)| known.staff == rows.staff)
        else {
            return Err(taken);
        };
        // What kiosks note is not put.
        let known = PersonRows { language: rows.language.clone(), is_refused: rows.is_refused, ..known };
        if known == *rows { Ok(version) } else { self.put(rows, Some(version)).await }
    }

    /// The e-mail addresses of the people whose logins the kiosk with this role may hold: it got them, and they are the same still.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn exposed(&self, role: &str) -> Result<Vec<String>, Error> {
        let exposed = "SELECT email FROM vestibule_api.exposed($1::text::name) ORDER BY email";
        let rows = self.client().query(exposed, &[&role]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Expels a kiosk, by its name or its role, and returns when it has no session any more. Returns its role, and the e-mail addresses of the people whose logins
    /// it may still hold.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when there is no such kiosk. [`Error::Answer`] when a session does not end.
    pub async fn expel(&self, name: &str) -> Result<(String, Vec<String>), Error> {
        // In a transaction of its own: from here on it is refused.
        let role: String = self.client().query_one("SELECT vestibule_api.expel($1)", &[&name]).await?.try_get(0)?;
        self.until_unlocked(async || {
            let closed = self.client().query_one("SELECT vestibule_api.close($1::text::name)", &[&role]).await;
            closed.map(drop)
        })
        .await?;
        for _ in 0..100 {
            let _ = self.client().query_one("SELECT vestibule_api.end_sessions()", &[]).await?;
            let left = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1::text::name";
            if self.client().query_one(left, &[&role]).await?.try_get::<_, i64>(0)? == 0 {
                let emails = self.exposed(&role).await?;
                return Ok((role, emails));
            }
            tokio::time::sleep(AGAIN).await;
        }
        Err(Error::Answer("a session of the expelled kiosk does not end"))
    }

    /// Does this again while somebody holds the row of a role that it changes: a role may change its own password. Each attempt ends
    /// their sessions.
    async fn until_unlocked(&self, change: impl AsyncFn() -> Result<(), tokio_postgres::Error>) -> Result<(), Error> {
        let mut attempts = 0;
        loop {
            let Err(error) = change().await else { return Ok(()) };
            attempts += 1;
            // The second: somebody changed the row between reading and writing it.
            let is_held = [SqlState::LOCK_NOT_AVAILABLE, SqlState::INTERNAL_ERROR];
            if attempts == 100 || !error.code().is_some_and(|code| is_held.contains(code)) {
                return Err(error.into());
            }
            tokio::time::sleep(AGAIN / 10).await;
        }
    }
}

fn moment(row: &Row, index: usize) -> Result<Option<Timestamp>, Error> {
    let at: Option<i64> = row.try_get(index)?;
    at.map(|at| Timestamp::from_millisecond(at).map_err(|_| Error::Answer("a moment out of range"))).transpose()
}
