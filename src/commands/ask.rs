//! Questions that commands ask: for a confirmation, a badge, or Kisi's admin key.

use std::{env, fs, io::IsTerminal};

use vestibule::{language::Language, secret::Secret};

use super::{
    Confirmation, credentials,
    failure::{CommandError, Failure},
    io,
    report::tell,
};

/// File name of the admin key in `$CREDENTIALS_DIRECTORY`. `vestibule-admin` puts it there for one command.
const ADMIN_CREDENTIAL: &str = "vestibule.admin-key";

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("nothing was done: confirm on a terminal, or pass --yes")]
    NotConfirmed,
    #[error("nothing was done")]
    Declined,
    #[error("the input ended before every question was answered")]
    NoAnswer,
}

impl CommandError for AnswerError {}

/// Asks for a confirmation, unless `--yes` was given. Fails if standard input is not a terminal.
pub(super) fn confirm(confirmation: Confirmation, question: &str) -> Result<(), Failure> {
    if confirmation == Confirmation::Given {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(AnswerError::NotConfirmed.into());
    }
    loop {
        tell(&format!("{question} [y/N]"));
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).map_err(io("the answer cannot be read"))?;
        match Language::yes_or_no(&answer) {
            Some(true) => return Ok(()),
            Some(false) => return Err(AnswerError::Declined.into()),
            None if read == 0 || answer.trim().is_empty() => return Err(AnswerError::Declined.into()),
            None => tell("answer y or n"),
        }
    }
}

/// Reads a badge number from the terminal without echo, or from standard input.
pub(super) fn captured() -> Result<Secret<String>, Failure> {
    let failed = "the badge cannot be read";
    if std::io::stdin().is_terminal() {
        let typed =
            rpassword::prompt_password("Present the badge to the reader (press Enter if the reader does not): ");
        return typed.map(Secret::new).map_err(io(failed));
    }
    let mut typed = String::new();
    let _ = std::io::stdin().read_line(&mut typed).map_err(io(failed))?;
    Ok(Secret::new(typed))
}

/// Stands in for the admin key in commands that send nothing to Kisi.
#[expect(clippy::unnecessary_wraps, reason = "it stands in for the key that can fail")]
pub(super) fn no_admin() -> Result<Secret<String>, Failure> {
    Ok(Secret::new(String::new()))
}

/// The admin key: from a credential, from `VESTIBULE_ADMIN_KEY`, or from a prompt without echo. It is never an argument,
/// because every process can read those.
pub(super) fn admin_key() -> Result<Secret<String>, Failure> {
    if let Some(key) = given_admin_key()? {
        return Ok(key);
    }
    let key = rpassword::prompt_password("Kisi admin key (not stored): ");
    let key = key.map(zeroize::Zeroizing::new).map_err(io("cannot ask for the admin key: set VESTIBULE_ADMIN_KEY"))?;
    Ok(bare(&key))
}

/// The password of a role of the fleet's database: from `VESTIBULE_FLEET_PASSWORD`, or from a prompt without echo.
pub(super) fn fleet_password(role: &str) -> Result<Secret<String>, Failure> {
    if let Ok(password) = env::var("VESTIBULE_FLEET_PASSWORD") {
        return Ok(Secret::new(password));
    }
    let password = rpassword::prompt_password(format!("Password of {role} (not stored): "));
    password.map(Secret::new).map_err(io("cannot ask for the password: set VESTIBULE_FLEET_PASSWORD"))
}

/// The admin key from a credential or `VESTIBULE_ADMIN_KEY`, without a prompt.
pub(super) fn given_admin_key() -> Result<Option<Secret<String>>, Failure> {
    if let Some(file) = credentials().map(|folder| folder.join(ADMIN_CREDENTIAL)).filter(|file| file.exists()) {
        let key = zeroize::Zeroizing::new(
            fs::read_to_string(&file).map_err(io(format!("`{}` cannot be read", file.display())))?,
        );
        return Ok(Some(bare(&key)));
    }
    let key = env::var("VESTIBULE_ADMIN_KEY").ok().map(zeroize::Zeroizing::new).map(|key| bare(&key));
    Ok(key.filter(|key| !key.expose().is_empty()))
}

/// The key without what comes along when it is copied: spaces, line ends, and the scheme of an example request.
fn bare(key: &str) -> Secret<String> {
    const SCHEME: &str = "KISI-LOGIN";
    // A key has no spaces inside: a line end there comes from a mail that was wrapped.
    let visible: zeroize::Zeroizing<String> =
        key.chars().filter(|c| !matches!(c, '\n' | '\r' | '\u{200b}' | '\u{feff}' | '"')).collect::<String>().into();
    let key = visible.trim();
    let key = key.strip_prefix("Authorization:").unwrap_or(key).trim();
    let (scheme, rest) = key.split_at_checked(SCHEME.len()).unwrap_or_default();
    let key = if scheme.eq_ignore_ascii_case(SCHEME) { rest.trim_start_matches([':', ' ']) } else { key };
    Secret::new(key.trim().to_owned())
}
