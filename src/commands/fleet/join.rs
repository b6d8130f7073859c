//! `fleet join`: a kiosk asks to be admitted.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use vestibule::{
    backup_encryption,
    fleet::{Account, Address, Connection, Error, JOIN_ROLE, JoinRequest, Membership, Welcome, WrappedKeys},
    secret::Secret,
    store::directory::Directory,
    wiring,
};

use super::{
    super::{Output, Site, failure::Failure, io, report::tell, runtime::Runtime},
    FleetError, KEY_FILE,
};

/// Pause between two looks whether the kiosk is admitted.
const AGAIN: Duration = Duration::from_secs(2);
/// The password of the role at which kiosks ask. It is no secret.
const JOIN_PASSWORD: &str = "join";

/// The arguments of `fleet join`.
pub(crate) struct Join {
    pub(crate) url: String,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) wait: Duration,
    /// Whether to ask with a new key.
    pub(crate) is_anew: bool,
}

impl Site {
    /// Shows a code, and returns when an admin has admitted this kiosk. After an interruption the code is the same.
    pub(crate) fn fleet_join(&self, join: Join, output: Output) -> Result<(), Failure> {
        let Join { url, ca, wait, is_anew } = join;
        let (address, ca): (Address, _) = (url.parse()?, ca.as_deref());
        if self.folder().join(KEY_FILE).exists() {
            return Err(FleetError::NotForKiosks(self.folder()).into());
        }
        drop(self.directory_or_new()?);
        let directory = self.directory_alone()?;
        let (people, copies) = (directory.list()?.len(), directory.copies()?.len());
        if copies < people {
            return Err(FleetError::HasPeople(people - copies).into());
        }
        let runtime = Runtime::new()?;
        let kept = directory.fleet_secrets()?.and_then(|bytes| Membership::from_bytes(&bytes));
        let mut membership = match kept {
            Some(kept) if kept.url == url && !is_anew => kept,
            Some(kept) if kept.keys.is_some() && !is_anew => return Err(FleetError::OtherFleet.into()),
            // What the kiosk has is given up only for a database that lets it ask.
            Some(kept) if kept.keys.is_some() => {
                let _ = runtime.wait(stranger(&address, ca))??;
                new_membership(&directory, url)?
            }
            Some(_) | None => new_membership(&directory, url)?,
        };
        let asked = |membership: &Membership| runtime.wait(welcome(&address, ca, membership))?;
        let mut welcome = asked(&membership)?;
        if welcome.is_none() {
            runtime.wait(ask(&address, ca, &membership.request))??;
            let code = membership.request.code();
            let text = format!(
                "\n    {code}\n\nRun on an admin's machine: vestibule fleet admit {code} --name NAME --site SITE"
            );
            output.result(&json!({"code": code.to_string()}), &text)?;
            tell("waiting until an admin admits this kiosk ...");
            #[expect(clippy::disallowed_methods, reason = "a command reads the clock for its own patience")]
            let begin = Instant::now();
            while welcome.is_none() {
                if wait < begin.elapsed() {
                    return Err(FleetError::NotAdmitted.into());
                }
                thread::sleep(AGAIN);
                welcome = asked(&membership)?;
            }
        }
        membership.keys = welcome.as_ref().map(WrappedKeys::from);
        let head = wiring::log(&directory)?.head()?;
        membership.own_records = head.map_or(0, |head| head.seq);
        membership.ca = ca.map(std::path::absolute).transpose().map_err(io("the file of --ca cannot be found"))?;
        directory.keep_fleet_secrets(&membership.to_bytes()?)?;
        let role = membership.request.role();
        output.result(&json!({"result": "joined", "role": role}), &format!("this kiosk is in the fleet, as {role}"))
    }
}

/// What a kiosk joins with. It is kept before anybody sees it.
pub(super) fn new_membership(directory: &Directory, url: String) -> Result<Membership, Failure> {
    let (identity, recipient) = backup_encryption::new_identity();
    let request = JoinRequest::new(recipient.to_string())?;
    let new = Membership { url, request, identity, ca: None, own_records: 0, keys: None };
    directory.keep_fleet_secrets(&new.to_bytes()?)?;
    // What an earlier fleet handed over is of no use in this one.
    directory.forget_all_copies()?;
    directory.keep_fleet_state(&[])?;
    Ok(new)
}

/// Leaves the request.
async fn ask(address: &Address, ca: Option<&Path>, request: &JoinRequest) -> Result<(), Failure> {
    request.leave(&stranger(address, ca).await?).await.map_err(Failure::from)
}

/// A connection of somebody who is not in the fleet.
async fn stranger(address: &Address, ca: Option<&Path>) -> Result<Connection, Failure> {
    let account = Account { role: JOIN_ROLE.to_owned(), password: Some(Secret::new(JOIN_PASSWORD.to_owned())) };
    Connection::open(address, ca, &account)
        .await
        .map_err(|error| if is_refused_login(&error) { FleetError::Closed.into() } else { error.into() })
}

/// What the kiosk is told once it is in: it can log in, and its private key opens the data key.
pub(super) async fn welcome(
    address: &Address,
    ca: Option<&Path>,
    membership: &Membership,
) -> Result<Option<Welcome>, Failure> {
    let connection = match Connection::open(address, ca, &membership.account()).await {
        Ok(connection) => connection,
        // A role that does not exist yet is refused like a wrong password.
        Err(error) if is_refused_login(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let welcome = connection.hello().await?;
    for (_, key) in &welcome.keys {
        let _ = backup_encryption::decrypt(key, membership.identity.expose()).map_err(FleetError::Identity)?;
    }
    let has_keys = !welcome.keys.is_empty();
    if has_keys { Ok(Some(welcome)) } else { Err(Error::Answer("no data key for this kiosk").into()) }
}

/// SQLSTATE of a role that may not log in, or whose password is wrong or not valid any more.
fn is_refused_login(error: &Error) -> bool {
    error.sql_state().is_some_and(|state| ["28P01", "28000"].contains(&state.code()))
}
