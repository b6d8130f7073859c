//! Unlocks with their outcomes, and whose login was which: what Kisi's history is compared with.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Error, Records, outcome::Said};
use crate::door::DoorId;

/// What stands before the id of a login in a record.
const LOGIN: &str = "login ";
/// What stands before the id of the login that a renewal or a removal ended.
const EARLIER: &str = "earlier login ";

/// An unlock that somebody asked for at this kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlock {
    /// Name of the kiosk in its fleet. Empty for this one.
    pub kiosk: String,
    /// Number of its record.
    pub record: u64,
    /// When it was asked for, by the kiosk's clock.
    pub at: Timestamp,
    /// The person's e-mail address then.
    pub person: String,
    /// The door.
    pub door: DoorId,
    /// The door's name then; may be empty.
    pub door_name: String,
    /// What became of it.
    pub said: Said,
}

/// How the record of an enrolment or a renewal names the login that was made.
pub fn login_text(id: u64) -> String {
    format!("{LOGIN}{id}")
}

/// How the record of a renewal or a removal names the login that it ended.
pub fn earlier_login_text(id: u64) -> String {
    format!("{EARLIER}{id}")
}

/// Whose login was which, as a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginOwner {
    /// Kisi's id of the login.
    pub login: u64,
    /// The person's e-mail address then.
    pub person: String,
    /// Since when the records name every login of this person. `None`: as far back as this one.
    pub since: Option<Timestamp>,
}

impl Records<'_> {
    /// The unlocks from `from` to before `until`, oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn unlocks(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Unlock>, Error> {
        let sql = "SELECT intent.seq, intent.at, intent.person, intent.door, intent.door_name, outcome.about
            FROM audit intent LEFT JOIN audit outcome ON outcome.of = intent.seq AND outcome.action = 'unlock-outcome'
            WHERE intent.action = 'unlock-intent' AND intent.door IS NOT NULL
                  AND julianday(intent.at) >= julianday(?1) AND julianday(intent.at) < julianday(?2)
            ORDER BY julianday(intent.at), intent.seq";
        let mut select = self.0.prepare(sql)?;
        let mut rows = select.query(params![from.to_string(), until.to_string()])?;
        let mut unlocks = Vec::new();
        while let Some(row) = rows.next()? {
            let record = row.get::<_, i64>(0)?.cast_unsigned();
            let at: String = row.get(1)?;
            let outcome: Option<String> = row.get(5)?;
            unlocks.push(Unlock {
                kiosk: String::new(),
                record,
                at: at.parse().map_err(|_| Error::Unreadable { seq: record })?,
                person: row.get(2)?,
                door: DoorId::new(row.get::<_, i64>(3)?.cast_unsigned()),
                door_name: row.get(4)?,
                said: Said::of(outcome.as_deref()),
            });
        }
        Ok(unlocks)
    }

    /// The oldest record that the log still has: its number and its time. Records of the future were written while the clock
    /// was wrong, and say nothing about when the log begins. `None` if there is no other.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn oldest(&self, now: Timestamp) -> Result<Option<(u64, Timestamp)>, Error> {
        let past = format!("julianday(at) <= julianday('{now}')");
        self.found(&format!("SELECT seq, at FROM audit WHERE {past} ORDER BY seq LIMIT 1"))
    }

    /// The last time that records may have been lost: a directory was restored from a backup, or records could not be
    /// written. `None` if that never happened.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn last_loss(&self) -> Result<Option<Timestamp>, Error> {
        let last =
            self.found("SELECT seq, at FROM audit WHERE action IN ('restore', 'gap') ORDER BY seq DESC LIMIT 1")?;
        Ok(last.map(|(_, at)| at))
    }

    /// The number and the time of the record that the query finds.
    fn found(&self, sql: &str) -> Result<Option<(u64, Timestamp)>, Error> {
        let found = self.0.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
        let Some((seq, at)) = found.optional()? else { return Ok(None) };
        let seq = seq.cast_unsigned();
        at.parse().map(|at| Some((seq, at))).map_err(|_| Error::Unreadable { seq })
    }

    /// The logins that records name: those that enrolments and renewals made, and those that renewals and removals ended.
    /// Records of older versions name none.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn logins(&self) -> Result<Vec<LoginOwner>, Error> {
        let sql = "SELECT seq, at, about, person, action FROM audit WHERE action IN ('enrol', 'renew', 'remove') ORDER BY seq";
        let mut select = self.0.prepare(sql)?;
        let mut rows = select.query([])?;
        let (mut logins, mut unnamed) = (Vec::new(), HashMap::new());
        while let Some(row) = rows.next()? {
            let (seq, at): (i64, String) = (row.get(0)?, row.get(1)?);
            let (about, person, action): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
            let at: Timestamp = at.parse().map_err(|_| Error::Unreadable { seq: seq.cast_unsigned() })?;
            // The login that an older version made is named by nobody, or only when it ends.
            let is_named = about.split(", ").any(|part| part.starts_with(LOGIN));
            if action != "remove" && !is_named {
                let _ = unnamed.insert(person.to_lowercase(), at);
            }
            for part in about.split(", ") {
                let (id, since) = match (part.strip_prefix(EARLIER), part.strip_prefix(LOGIN)) {
                    (Some(id), _) => (id, unnamed.get(&person.to_lowercase()).copied()),
                    (None, Some(id)) => (id, Some(at)),
                    (None, None) => continue,
                };
                logins.extend(id.parse().ok().map(|login| LoginOwner { login, person: person.clone(), since }));
            }
        }
        Ok(logins)
    }
}
