//! Checks whether a stored login still works at Kisi.

use std::{error, time::Duration};

use crate::{
    kisi::Client,
    secret::Secret,
    store::directory::{Directory, Person},
};

/// Pause before each request: four per second. Kisi allows five (`kisi.md`, section 1.4).
const PACE: Duration = Duration::from_millis(250);

/// Result of checking a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Kisi accepts it.
    Works,
    /// It was deleted, evicted or expired.
    Dead,
    /// Only its owner's PIN opens it, so that checking it needs the admin key.
    NeedsAdmin,
}

/// Checks one login: with the admin key if given, otherwise with the login itself if a badge opens it.
///
/// # Errors
///
/// When the directory cannot be read or Kisi cannot be reached.
pub async fn login(
    client: &Client,
    directory: &Directory,
    person: &Person,
    admin: Option<&Secret<String>>,
) -> Result<Checked, Box<dyn error::Error + Send + Sync>> {
    if let Some(admin) = admin {
        tokio::time::sleep(PACE).await;
        let Some(user) = client.user(admin, &person.email).await? else { return Ok(Checked::Dead) };
        tokio::time::sleep(PACE).await;
        let logins = client.logins_of(admin, user.id).await?;
        let works = logins.iter().any(|login| login.id.get() == person.login_id);
        return Ok(if works { Checked::Works } else { Checked::Dead });
    }
    let Some(found) = directory.login_by_badge(person.id)? else { return Ok(Checked::NeedsAdmin) };
    tokio::time::sleep(PACE).await;
    match client.who_am_i(&found.login).await {
        Ok(_) => Ok(Checked::Works),
        Err(error) if error.is_dead_login() => Ok(Checked::Dead),
        Err(error) => Err(error.into()),
    }
}
