//! A database that was restored from a backup.

use jiff::Timestamp;

use super::{Connection, Error};

/// That a backup was restored, as an admin said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    /// When they said it last, in Unix time in ms, by their clock. 0: never.
    pub at: i64,
    /// Proves that it was somebody with the fleet's data key.
    pub proof: Vec<u8>,
}

impl Connection {
    /// When an admin last changed something. `None` for never.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn last_act(&self) -> Result<Option<Timestamp>, Error> {
        let at: i64 = self.client().query_one("SELECT vestibule_api.last_act()", &[]).await?.try_get(0)?;
        let moment = Timestamp::from_millisecond(at).map_err(|_| Error::Answer("a moment out of range"))?;
        Ok((at != 0).then_some(moment))
    }

    /// Says that a backup was restored: kiosks trust the database again, and have three wrong guesses of each kind until more come back.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::Malformed`] when somebody said so with a later time.
    pub async fn say_restored(&self, restored: &Restored) -> Result<(), Error> {
        let Restored { at, proof } = restored;
        let _ = self.client().query_one("SELECT vestibule_api.restored($1, $2)", &[at, proof]).await?;
        Ok(())
    }
}
