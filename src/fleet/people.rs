//! The people of a fleet, as admins' machines read and change them.

use tokio_postgres::{Row, types::ToSql};

use super::{Connection, Error, TagKind, rows};
use crate::staff::{BadgeRow, LoginRow, PersonRows, PinRow, StaffId};

/// People in one answer of the database.
const PAGE: i32 = 5_000;

/// Somebody in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "columns of a list, which do not depend on each other")]
pub struct Listed {
    /// Their number in the fleet.
    pub staff: StaffId,
    /// Their e-mail address.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
    /// Kisi's id of their login.
    pub login_id: u64,
    /// How often they got a login.
    pub revision: i64,
    /// Whether they have a PIN.
    pub has_pin: bool,
    /// The end of each badge's number.
    pub badges: Vec<String>,
    /// Whether they are suspended.
    pub is_suspended: bool,
    /// Whether Kisi refused their login at its last use.
    pub is_refused: bool,
    /// Whether a badge opens their login without a PIN.
    pub opens_by_badge: bool,
    /// The sites where they sign in. Empty: at all of them.
    pub sites: Vec<String>,
}

impl Connection {
    /// A number for somebody new. It is never given again.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn next_staff(&self) -> Result<StaffId, Error> {
        let row = self.client().query_one("SELECT vestibule_api.next_staff()", &[]).await?;
        Ok(StaffId::new(row.try_get(0)?))
    }

    /// All rows of the person with this e-mail address, in whatever case it is written, and their version.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn person(&self, email: &str) -> Result<Option<(PersonRows, i64)>, Error> {
        let sql = format!(
            "SELECT {}, pin_tags, pin_generations, badge_tags, badge_hints, badge_generations, badge_sealed,
                    login_openers, login_revisions, login_generations, login_nonces, login_sealed
             FROM vestibule_api.person($1)",
            rows::PERSON
        );
        let row = self.client().query_opt(&sql, &[&email]).await?;
        row.as_ref().map(|row| Ok((whole(row)?, rows::version(row)?))).transpose()
    }

    /// Whose one of these tags is.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn owner(&self, kind: TagKind, tags: &[[u8; 32]]) -> Result<Option<(StaffId, String)>, Error> {
        let tags: Vec<&[u8]> = tags.iter().map(<[u8; 32]>::as_slice).collect();
        let sql = "SELECT staff, email FROM vestibule_api.owner($1, $2)";
        let row = self.client().query_opt(sql, &[&kind.name(), &tags]).await?;
        row.map(|row| Ok((StaffId::new(row.try_get(0)?), row.try_get(1)?))).transpose()
    }

    /// Writes all rows of a person in one transaction, in place of those that are there. Returns the new version. `expected`
    /// is the version that was read, or `None` for somebody new. Sites stay as they are. So do the language and Kisi's
    /// refusal, which kiosks note: only somebody new brings them along, and a new revision ends a refusal.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::Enrolled`], [`super::Refusal::TagTaken`] or
    /// [`super::Refusal::ChangedMeanwhile`]. Nothing is written then.
    pub async fn put(&self, rows: &PersonRows, expected: Option<i64>) -> Result<i64, Error> {
        let PersonRows { pins, badges, logins, .. } = rows;
        let (staff, login_id) = (rows.staff.get(), rows.login_id.cast_signed());
        let pin_tags: Vec<&[u8]> = pins.iter().map(|pin| pin.tag.as_slice()).collect();
        let pin_generations: Vec<i64> = pins.iter().map(|pin| pin.generation).collect();
        let badge_tags: Vec<&[u8]> = badges.iter().map(|badge| badge.tag.as_slice()).collect();
        let badge_hints: Vec<&str> = badges.iter().map(|badge| badge.hint.as_str()).collect();
        let badge_generations: Vec<i64> = badges.iter().map(|badge| badge.generation).collect();
        let badge_sealed: Vec<Option<&[u8]>> = badges.iter().map(|badge| badge.sealed.as_deref()).collect();
        let openers: Vec<&str> = logins.iter().map(|login| login.role.as_str()).collect();
        let revisions: Vec<i64> = logins.iter().map(|login| login.revision).collect();
        let generations: Vec<i64> = logins.iter().map(|login| login.generation).collect();
        let nonces: Vec<&[u8]> = logins.iter().map(|login| login.nonce.as_slice()).collect();
        let sealed: Vec<&[u8]> = logins.iter().map(|login| login.sealed.as_slice()).collect();
        let sql = "SELECT vestibule_api.put($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
        let asked: [&(dyn ToSql + Sync); 22] = [
            &staff,
            &rows.email,
            &rows.name,
            &rows.salt,
            &rows.revision,
            &login_id,
            &rows.is_suspended,
            &rows.proof,
            &rows.language,
            &rows.is_refused,
            &pin_tags,
            &pin_generations,
            &badge_tags,
            &badge_hints,
            &badge_generations,
            &badge_sealed,
            &openers,
            &revisions,
            &generations,
            &nonces,
            &sealed,
            &expected,
        ];
        Ok(self.client().query_one(sql, &asked).await?.try_get(0)?)
    }

    /// At which sites somebody signs in. Empty: at all of them, also those that are added later.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::Unknown`] when there is no such person or site.
    pub async fn set_sites(&self, email: &str, sites: &[String]) -> Result<(), Error> {
        let _ = self.client().query_one("SELECT vestibule_api.set_sites($1, $2)", &[&email, &sites]).await?;
        Ok(())
    }

    /// Removes a person with all rows that admins write. Kiosks learn of it as of any other change.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with [`super::Refusal::Unknown`] when there is no such person.
    pub async fn remove(&self, staff: StaffId) -> Result<(), Error> {
        let _ = self.client().query_one("SELECT vestibule_api.remove($1)", &[&staff.get()]).await?;
        Ok(())
    }

    /// Everybody, by number. Read in pages, so that a person who is enrolled or removed meanwhile may be missing.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn people(&self) -> Result<Vec<Listed>, Error> {
        let sql = "SELECT staff, email, name, login_id, has_pin, badge_hints, suspended, refused, opens_by_badge, sites, revision
                   FROM vestibule_api.people($1, $2)";
        let statement = self.client().prepare(sql).await?;
        let (mut people, mut after): (Vec<Listed>, i64) = (Vec::new(), 0);
        loop {
            let page = self.client().query(&statement, &[&after, &PAGE]).await?;
            let Some(last) = page.last() else { return Ok(people) };
            after = last.try_get(0)?;
            for row in &page {
                people.push(listed(row)?);
            }
        }
    }

    /// How many people have a PIN, and how many badges there are.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn counts(&self) -> Result<(u32, u32), Error> {
        let row = self.client().query_one("SELECT people_with_pin, badges FROM vestibule_api.counts()", &[]).await?;
        Ok((rows::count(row.try_get::<_, i64>(0)?)?, rows::count(row.try_get::<_, i64>(1)?)?))
    }
}

/// A person with all their rows.
fn whole(row: &Row) -> Result<PersonRows, Error> {
    let column = |index: usize| rows::WIDTH + index;
    let tags = |index: usize| rows::array::<&[u8]>(row, column(index));
    let generations = |index: usize| rows::array::<i64>(row, column(index));
    let pins = tags(0)?.into_iter().zip(generations(1)?);
    let pins = pins.map(|(tag, generation)| Ok(PinRow { tag: rows::bytes_32(tag)?, generation }));
    let (hints, sealed): (Vec<String>, Vec<Option<Vec<u8>>>) =
        (rows::array(row, column(3))?, rows::array(row, column(5))?);
    let badges = tags(2)?.into_iter().zip(hints).zip(generations(4)?).zip(sealed);
    let badges = badges.map(|(((tag, hint), generation), sealed)| {
        Ok(BadgeRow { tag: rows::bytes_32(tag)?, hint, generation, sealed })
    });
    let openers: Vec<String> = rows::array(row, column(6))?;
    let logins = openers.into_iter().zip(generations(7)?).zip(generations(8)?).zip(tags(9)?).zip(tags(10)?);
    let logins = logins.map(|((((role, revision), generation), nonce), sealed)| LoginRow {
        role,
        revision,
        generation,
        nonce: nonce.to_vec(),
        sealed: sealed.to_vec(),
    });
    let (pins, badges) = (pins.collect::<Result<_, Error>>()?, badges.collect::<Result<_, Error>>()?);
    Ok(PersonRows { pins, badges, logins: logins.collect(), ..rows::person(row)? })
}

fn listed(row: &Row) -> Result<Listed, Error> {
    Ok(Listed {
        staff: StaffId::new(row.try_get(0)?),
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        login_id: row.try_get::<_, i64>(3)?.cast_unsigned(),
        has_pin: row.try_get(4)?,
        badges: row.try_get(5)?,
        is_suspended: row.try_get(6)?,
        is_refused: row.try_get(7)?,
        opens_by_badge: row.try_get(8)?,
        sites: row.try_get(9)?,
        revision: row.try_get(10)?,
    })
}
