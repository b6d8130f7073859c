//! The fleet's tables and functions: making them, and bringing older ones up to date.

use tokio_postgres::Transaction;

use super::{Connection, Error};

/// Each step brings the database from the version before to its own. All that are needed run in one transaction.
const STEPS: [&str; 1] = [include_str!("schema/1.sql")];
/// Version of the tables and functions that this program knows.
pub const VERSION: i32 = 1;
/// Grants what the steps need, for whoever is no superuser.
const END: &str = "RESET ROLE; REVOKE vestibule_owner, vestibule_keeper FROM CURRENT_USER";

/// What a new fleet begins with.
#[derive(Debug)]
pub struct FirstKey<'a> {
    /// Salt of every PIN's hash.
    pub salt: [u8; 16],
    /// Argon2's memory in KiB, passes and lanes.
    pub cost: [i32; 3],
    /// The age recipient of the admin who makes it.
    pub recipient: &'a str,
    /// The data key, encrypted to that recipient.
    pub wrapped: &'a [u8],
}

/// Makes a fleet in this database, in one transaction. Whoever runs it becomes an admin.
///
/// # Errors
///
/// [`Error::Exists`], [`Error::OldServer`], [`Error::PreparedTransactions`], or what the database says.
pub async fn init(connection: &mut Connection, first: &FirstKey<'_>) -> Result<(), Error> {
    let change = connection.client_mut().transaction().await?;
    let version: i32 = number(&change, "server_version_num").await?;
    if version < 150_000 {
        return Err(Error::OldServer(version / 10_000));
    }
    let prepared = number(&change, "max_prepared_transactions").await?;
    if 0 < prepared {
        return Err(Error::PreparedTransactions(prepared));
    }
    let exists = change.query_one("SELECT to_regnamespace('vestibule') IS NOT NULL", &[]).await?;
    if exists.try_get(0)? {
        return Err(Error::Exists);
    }
    let other = change.query_one("SELECT to_regrole('vestibule_owner') IS NOT NULL", &[]).await?;
    if other.try_get(0)? {
        return Err(Error::OtherFleet);
    }
    for step in STEPS {
        change.batch_execute(step).await?;
    }
    change.batch_execute("GRANT vestibule_admin TO CURRENT_USER; SET ROLE vestibule_owner").await?;
    let fleet = "INSERT INTO vestibule.fleet (schema_version, oldest_program, generation, salt, cost) VALUES ($1, 1, 1, $2, $3)";
    let cost: &[i32] = &first.cost;
    let _ = change.execute(fleet, &[&VERSION, &first.salt.as_slice(), &cost]).await?;
    let admin = "INSERT INTO vestibule.admins VALUES (session_user, $1, 1, $2)";
    let _ = change.execute(admin, &[&first.recipient, &first.wrapped]).await?;
    change.batch_execute(END).await?;
    change.commit().await?;
    Ok(())
}

/// Brings the database to [`VERSION`], in one transaction. Returns the version that it had.
///
/// # Errors
///
/// [`Error::NoFleet`], [`Error::NewerSchema`], or what the database says.
pub async fn upgrade(connection: &mut Connection) -> Result<i32, Error> {
    let change = connection.client_mut().transaction().await?;
    let row = change.query_one("SELECT schema_version FROM vestibule_api.settings()", &[]).await?;
    let had: i32 = row.try_get(0)?;
    if VERSION < had {
        return Err(Error::NewerSchema(had));
    }
    let done = usize::try_from(had).unwrap_or_default();
    if done < STEPS.len() {
        change.batch_execute("GRANT vestibule_owner, vestibule_keeper TO CURRENT_USER").await?;
        for step in STEPS.iter().skip(done) {
            change.batch_execute(step).await?;
        }
        change.batch_execute(END).await?;
    }
    change.commit().await?;
    Ok(had)
}

/// A setting of the server that is a number.
async fn number(change: &Transaction<'_>, setting: &str) -> Result<i32, Error> {
    let row = change.query_one("SELECT current_setting($1)", &[&setting]).await?;
    let text: String = row.try_get(0)?;
    text.parse().map_err(|_| Error::Answer("a setting is no number"))
}
