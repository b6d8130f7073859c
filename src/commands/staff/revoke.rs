//! `staff revoke`: deletes the logins of a list at Kisi, after a kiosk was stolen. Needs neither a data folder nor a
//! configuration.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vestibule::{
    config::{self, Config},
    enrol::list::{Encoding, decode},
    error_chain::Chain,
    kisi::{self, Client, LoginId},
    wiring,
};

use super::{SHORT_PACE, StaffError};
use crate::commands::{
    Confirmation, Output, Site,
    ask::{admin_key, confirm},
    failure::Failure,
    files::read,
    report::{count, say},
    runtime::Runtime,
};

/// A login to delete, from a line of `staff list --json`.
struct Listed {
    email: String,
    login: u64,
}

impl Site {
    pub(crate) fn staff_revoke(&self, file: &Path, confirmation: Confirmation, output: Output) -> Result<(), Failure> {
        let config = match Config::find(self.config.as_deref()) {
            // The machine may be any: without a configuration, Kisi's own address is used.
            Err(config::Error::Missing { .. }) => Config::parse("", &PathBuf::from("kiosk.toml"))?,
            found => found?,
        };
        let logins = listed(file, &read(file)?)?;
        let client = Client::new(&wiring::client(&config)).map_err(Failure::client)?;
        confirm(
            confirmation,
            &format!("Delete {} at {}?", count(logins.len(), "login", "logins"), config.kisi.base_url),
        )?;
        let admin = admin_key()?;
        let runtime = Runtime::new()?;
        let mut is_complete = true;
        for Listed { email, login } in logins {
            let deleted = runtime.wait(async {
                tokio::time::sleep(SHORT_PACE).await;
                client.delete_login(&admin, LoginId::new(login)).await
            })?;
            let (result, error) = match deleted {
                Ok(()) => ("deleted", None),
                Err(kisi::Error::Refused { status: 404, .. }) => ("gone already", None),
                // The next one would fail too.
                Err(error) if error.is_dead_login() => return Err(StaffError::AdminKey.into()),
                Err(error) => ("NOT deleted", Some(Chain(&error).to_string())),
            };
            is_complete &= error.is_none();
            if output == Output::Json {
                say(&json!({"email": email, "login_id": login, "result": result, "error": error}).to_string())?;
            } else {
                let more = error.map_or(String::new(), |error| format!(": {error}"));
                say(&format!("{email}: login {login} {result}{more}"))?;
            }
        }
        if is_complete { Ok(()) } else { Err(Failure::incomplete()) }
    }
}

/// Reads one JSON object per line, in UTF-8 or UTF-16. Skips blank lines.
fn listed(file: &Path, bytes: &[u8]) -> Result<Vec<Listed>, Failure> {
    let text = decode(bytes, Encoding::Unicode)
        .map_err(|source| StaffError::List { file: file.to_owned(), source: source.into() })?;
    let parsed = |line: &str| {
        let person: Value = serde_json::from_str(line).ok()?;
        Some(Listed { email: person.get("email")?.as_str()?.to_owned(), login: person.get("login_id")?.as_u64()? })
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let logins = lines
        .map(|(at, line)| parsed(line).ok_or_else(|| StaffError::Line { file: file.to_owned(), line: at + 1 }))
        .collect::<Result<Vec<_>, _>>()?;
    if logins.is_empty() { Err(StaffError::NoLogins { file: file.to_owned() }.into()) } else { Ok(logins) }
}
