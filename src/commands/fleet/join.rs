//! `fleet join`: a kiosk asks to be admitted.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use vestibule::{
    backup_encryption,
    fleet::{Account, Address, Connection, Error, JOIN_ROLE, JoinRequest, Membership},
    secret::Secret,
};

use super::{
    super::{Output, Site, failure::Failure, report::tell, runtime},
    FleetError,
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
        let directory = self.directory_alone()?;
        let kept = directory.fleet_secrets()?.filter(|_| !is_anew);
        let membership = match kept.and_then(|bytes| Membership::from_bytes(&bytes)) {
            Some(kept) if kept.url == url => kept,
            Some(_) => return Err(FleetError::OtherFleet.into()),
            None => {
                let (identity, recipient) = backup_encryption::new_identity();
                let request = JoinRequest::new(recipient.to_string())?;
                let new = Membership { url, request, identity };
                directory.keep_fleet_secrets(&new.to_bytes()?)?;
                new
            }
        };
        let runtime = runtime()?;
        let welcome = || runtime.block_on(welcome(&address, ca, &membership));
        if !welcome()? {
            runtime.block_on(ask(&address, ca, &membership.request))?;
            let code = membership.request.code();
            let text = format!(
                "\n    {code}\n\nRun on an admin's machine: vestibule fleet admit {code} --name NAME --site SITE"
            );
            output.result(&json!({"code": code.to_string()}), &text)?;
            tell("waiting until an admin admits this kiosk ...");
            #[expect(clippy::disallowed_methods, reason = "a command reads the clock for its own patience")]
            let begin = Instant::now();
            while !welcome()? {
                if wait < begin.elapsed() {
                    return Err(FleetError::NotAdmitted.into());
                }
                thread::sleep(AGAIN);
            }
        }
        let role = membership.request.role();
        output.result(&json!({"result": "joined", "role": role}), &format!("this kiosk is in the fleet, as {role}"))
    }
}

/// Leaves the request.
async fn ask(address: &Address, ca: Option<&Path>, request: &JoinRequest) -> Result<(), Failure> {
    let account = Account { role: JOIN_ROLE.to_owned(), password: Some(Secret::new(JOIN_PASSWORD.to_owned())) };
    match Connection::open(address, ca, &account).await {
        Ok(stranger) => request.leave(&stranger).await.map_err(Failure::from),
        Err(error) if is_refused_login(&error) => Err(FleetError::Closed.into()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the kiosk is in: it can log in, and its private key opens the data key.
async fn welcome(address: &Address, ca: Option<&Path>, membership: &Membership) -> Result<bool, Failure> {
    let connection = match Connection::open(address, ca, &membership.account()).await {
        Ok(connection) => connection,
        // A role that does not exist yet is refused like a wrong password.
        Err(error) if is_refused_login(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let keys = connection.hello().await?.keys;
    for (_, key) in &keys {
        let _ = backup_encryption::decrypt(key, membership.identity.expose()).map_err(FleetError::Identity)?;
    }
    if keys.is_empty() { Err(Error::Answer("no data key for this kiosk").into()) } else { Ok(true) }
}

/// SQLSTATE of a role that may not log in, or whose password is wrong or not valid any more.
fn is_refused_login(error: &Error) -> bool {
    error.sql_state().is_some_and(|state| ["28P01", "28000"].contains(&state.code()))
}
