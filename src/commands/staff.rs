//! The `staff` commands: enrollment, PINs, badges and logins.

mod import;
mod revoke;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use vestibule::{
    config::{Badges, Config},
    enrol::{self, Candidate, Enroller, Enrollment, Error, Renewed},
    kisi::{self, Client},
    platform::storage::{self, Storage},
    secret::Secret,
    staff::Badge,
    store::directory::{self, Directory},
    wiring,
};

pub(crate) use self::import::Import;
use super::{
    Confirmation, Output, PinWish, Site,
    ask::{admin_key, captured, confirm, no_admin},
    failure::{CommandError, Failure},
    files::{is_standard, write},
    io,
    qr::QrError,
    report::{check_outputs, count, tell},
    runtime::wait,
};
use crate::arguments::PictureFormat;

/// Pause between two logins created by an import. Kisi asks for one second.
const PACE: Duration = Duration::from_secs(1);
/// Pause between two requests of one command. Kisi allows an admin five per second, shared with the dashboard.
pub(super) const SHORT_PACE: Duration = Duration::from_millis(220);
/// Length of a printed badge's number. Nobody guesses one of 10^16 numbers.
const QR_DIGITS: usize = 16;

/// Why a `staff` command failed.
#[derive(Debug, thiserror::Error)]
enum StaffError {
    #[error("the list `{}` is refused, and nothing was done", file.display())]
    List { file: PathBuf, source: enrol::list::Error },
    #[error("{email}")]
    Enrol { email: String, source: Error },
    #[error("{email} is not enrolled here")]
    NotEnrolled { email: String },
    #[error("{email}: the login was not renewed")]
    NotRenewed { email: String, source: kisi::Error },
    #[error("Kisi does not accept this admin key: no login was deleted after this")]
    AdminKey,
    #[error("`{}` lists no logins", file.display())]
    NoLogins { file: PathBuf },
    #[error("the badge number does not match [badge] in the configuration")]
    Badge,
    #[error("the list of people cannot be read from Kisi")]
    Kisi(#[source] kisi::Error),
    #[error("the e-mail address or the name contains a control character")]
    Hidden,
    #[error("line {line} of `{}` is not a JSON object with email and login_id", file.display())]
    Line { file: PathBuf, line: usize },
}

impl CommandError for StaffError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Badge | Self::Hidden | Self::List { .. } | Self::Line { .. } | Self::NoLogins { .. } => 2,
            Self::Enrol { .. }
            | Self::NotEnrolled { .. }
            | Self::NotRenewed { .. }
            | Self::AdminKey
            | Self::Kisi(_) => 1,
        }
    }
}

impl Site {
    pub(crate) fn staff_add(
        &self,
        email: String,
        name: String,
        badge: Option<String>,
        pins: PinWish,
        output: Output,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        if email.chars().chain(name.chars()).any(enrol::list::is_hidden) {
            return Err(StaffError::Hidden.into());
        }
        let badge =
            badge.map(|number| Badge::read(&number, &config.badge.profile).ok_or(StaffError::Badge)).transpose()?;
        if badge.is_some() {
            warn_of_badges_off(&config);
        }
        let mut enroller = self.new_enroller(&config, SHORT_PACE, output)?;
        let candidate = Candidate { row: 0, email, name, badge };
        let done = wait(enroller.add(&candidate, pins == PinWish::Issue))?;
        reported(output, &candidate, done)
    }

    pub(crate) fn staff_list(&self, output: Output) -> Result<(), Failure> {
        let people = self.directory()?.list()?;
        if people.is_empty() {
            tell("nobody is enrolled yet: run `vestibule staff add` or `vestibule staff import`");
        }
        people.iter().try_for_each(|person| output.person(person))
    }

    /// Issues a new PIN. Makes a new login if only the old PIN opens the present one.
    pub(crate) fn staff_pin(&self, email: &str, confirmation: Confirmation, output: Output) -> Result<(), Failure> {
        let config = self.config()?;
        let mut enroller = self.enroller_for(&config, email, output)?;
        confirm(confirmation, "The old PIN, if any, stops working. Issue a new one?")?;
        renewed(email, wait(enroller.new_pin(email))?, output)
    }

    /// Replaces somebody's login at Kisi by a new one.
    pub(crate) fn staff_renew(&self, email: &str, confirmation: Confirmation, output: Output) -> Result<(), Failure> {
        let config = self.config()?;
        let mut enroller = self.enroller_for(&config, email, output)?;
        let person = enroller.directory.person(email)?;
        if person.is_some_and(|person| person.has_pin) {
            confirm(confirmation, "A new login needs a new PIN: the old one stops working. Continue?")?;
        }
        renewed(email, wait(enroller.renew(email))?, output)
    }

    /// Removes somebody from the directory, then deletes their login at Kisi.
    pub(crate) fn staff_remove(&self, email: &str, confirmation: Confirmation, output: Output) -> Result<(), Failure> {
        let config = self.config()?;
        // An earlier removal may have been interrupted: this one completes it, although the person is gone here.
        confirm(confirmation, &format!("Remove {email} from this kiosk, and delete their login at Kisi?"))?;
        let mut enroller = self.enroller(&config, admin_key, SHORT_PACE)?;
        let left_over = wait(enroller.remove(email))?;
        let left_over = left_over.map_err(failed(email))?;
        output.done(email, "removed", false, left_over.as_ref())?;
        left_over.map_or(Ok(()), |_| Err(Failure::incomplete()))
    }

    /// Suspends or resumes somebody at this kiosk. Kisi is not involved, so no admin key is needed.
    pub(crate) fn staff_suspend(&self, email: &str, is_suspended: bool, output: Output) -> Result<(), Failure> {
        let config = self.config()?;
        let mut enroller = self.enroller(&config, no_admin, Duration::ZERO)?;
        let changed = enroller.suspend(email, is_suspended);
        let changed = changed.map_err(failed(email))?;
        let what = if is_suspended { "suspended" } else { "resumed" };
        let what = format!("{}{what}", if changed { "" } else { "was already " });
        output.result(&json!({"email": email, "result": what}), &format!("{email} {what}"))
    }

    /// Gives somebody one more badge: `number`, or one that is presented to the reader now.
    pub(crate) fn staff_badge(
        &self,
        email: String,
        number: Option<String>,
        capture: bool,
        output: Output,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        let badge = presented(&config, number, capture)?;
        let (candidate, done) = self.give(&config, &email, badge)?;
        reported(output, &candidate, done)
    }

    /// Takes one badge, or all badges, away from somebody.
    pub(crate) fn staff_badge_remove(
        &self,
        email: &str,
        number: Option<String>,
        all: bool,
        capture: bool,
        output: Output,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        let badge = if all { None } else { Some(presented(&config, number, capture)?) };
        let mut enroller = self.enroller(&config, no_admin, Duration::ZERO)?;
        let taken = enroller.take_badges(email, badge.as_ref());
        let taken = taken.map_err(failed(email))?;
        let lost = format!("{email} lost {}", count(taken, "badge", "badges"));
        output.result(&json!({"email": email, "result": "removed", "badges": taken}), &lost)?;
        let person = enroller.directory.person(email)?;
        if person.is_some_and(|person| person.badges.is_empty() && !person.has_pin) {
            tell(&format!("{email} has no PIN and no badge, so cannot sign in: run `vestibule staff pin {email}`"));
        }
        Ok(())
    }

    /// Gives somebody a badge with a new random number, and writes its picture to print.
    ///
    /// Writes the picture first, so that no badge is enrolled whose picture is lost (E28).
    pub(crate) fn staff_qr(
        &self,
        email: &str,
        out: &Path,
        format: Option<PictureFormat>,
        output: Output,
    ) -> Result<(), Failure> {
        check_outputs(output, out)?;
        let config = self.config()?;
        let digits = QR_DIGITS.min(config.badge.profile.max_length);
        let number = directory::random_digits(digits)?;
        let badge = Badge::read(&number, &config.badge.profile).filter(|_| 10 <= digits).ok_or(QrError::QrFormat)?;
        let format = format.or_else(|| super::qr::format_of(out)).ok_or(QrError::QrFile)?;
        let picture = super::qr::picture(&number, format)?;
        known(&self.directory()?, email)?;
        write(out, &picture, "the picture")?;
        let given = self.give(&config, email, badge);
        let given = given.and_then(|(_, done)| Ok(done.map_err(failed(email))?));
        if given.is_err() && !is_standard(out) {
            // Remove the picture of a badge that was not enrolled.
            fs::remove_file(out).map_err(io(format!("`{}` cannot be deleted: do not print it", out.display())))?;
        }
        let _ = given?;
        tell(&format!("{email} has one more badge. Print {} at least 25 mm wide", out.display()));
        output.json(&json!({"email": email, "result": "badge given", "file": out}))
    }

    /// Gives somebody one more badge. Returns the candidate and what came of it.
    fn give(
        &self,
        config: &Config,
        email: &str,
        badge: Badge,
    ) -> Result<(Candidate, Result<Enrollment, Error>), Failure> {
        warn_of_badges_off(config);
        let mut enroller = self.enroller(config, no_admin, Duration::ZERO)?;
        known(&enroller.directory, email)?;
        let candidate = Candidate { row: 0, email: email.to_owned(), name: String::new(), badge: Some(badge) };
        let done = wait(enroller.add(&candidate, false))?;
        Ok((candidate, done))
    }

    fn enroller_for(&self, config: &Config, email: &str, output: Output) -> Result<Enroller, Failure> {
        known(&self.directory()?, email)?;
        let enroller = self.enroller(config, admin_key, SHORT_PACE)?;
        Ok(Enroller { printer: output.printer(), ..enroller })
    }

    /// An enroller for commands that add people. Creates the directory if there is none.
    fn new_enroller(&self, config: &Config, pace: Duration, output: Output) -> Result<Enroller, Failure> {
        if let Storage::Forgotten(why) = storage::of(&self.folder()) {
            tell(&format!("warning: {why}: who is enrolled now is forgotten when the machine starts again"));
        }
        drop(self.directory_or_new()?);
        let enroller = self.enroller(config, admin_key, pace)?;
        Ok(Enroller { printer: output.printer(), ..enroller })
    }

    /// Locks logins and opens the directory, then asks for the admin key, so that other errors come before the prompt.
    pub(super) fn enroller(
        &self,
        config: &Config,
        admin: fn() -> Result<Secret<String>, Failure>,
        pace: Duration,
    ) -> Result<Enroller, Failure> {
        let client = Client::new(&wiring::client(config)).map_err(Failure::client)?;
        let directory = self.directory_alone()?;
        Self::check_no_fleet(&directory)?;
        wiring::enroller(config, directory, client, admin()?, pace).map_err(Failure::from)
    }
}

/// The badge from the command line, or with `capture` from the reader.
fn presented(config: &Config, number: Option<String>, capture: bool) -> Result<Badge, Failure> {
    let badge = if capture {
        Badge::scan(captured()?.expose(), &config.badge.profile)
    } else {
        Badge::read(&number.unwrap_or_default(), &config.badge.profile)
    };
    Ok(badge.ok_or(StaffError::Badge)?)
}

/// Prints the result for one person. An error is printed once: as JSON, or when the command ends.
fn reported(output: Output, candidate: &Candidate, done: Result<Enrollment, Error>) -> Result<(), Failure> {
    let printed = if output == Output::Json || done.is_ok() { output.row(candidate, &done) } else { Ok(()) };
    match done {
        Ok(_) => printed,
        Err(_) if output == Output::Json && printed.is_ok() => Err(Failure::incomplete()),
        // If enrollment and printing both fail, report why enrollment failed.
        Err(error) => Err(failed(&candidate.email)(error).into()),
    }
}

/// Names the person in an error of the enroller.
fn failed(email: &str) -> impl FnOnce(Error) -> StaffError {
    move |source| {
        if let Error::Directory(directory::Error::NotEnrolled { email }) = source {
            return StaffError::NotEnrolled { email };
        }
        StaffError::Enrol { email: email.to_owned(), source }
    }
}

/// Warns that a new badge has no effect while `sign_in.badge` is "off".
fn warn_of_badges_off(config: &Config) {
    if config.sign_in.badge == Badges::Off {
        tell("warning: sign_in.badge is \"off\" at this kiosk: no badge signs in here until you change it");
    }
}

/// Fails if nobody with this e-mail address is enrolled. Called before the prompt for the admin key.
fn known(directory: &Directory, email: &str) -> Result<(), Failure> {
    let unknown = || Failure::from(directory::Error::NotEnrolled { email: email.to_owned() });
    directory.person(email)?.map(|_| ()).ok_or_else(unknown)
}

fn renewed(email: &str, renewed: Result<Renewed, Error>, output: Output) -> Result<(), Failure> {
    if let Err(Error::Kisi(source)) = renewed {
        return Err(StaffError::NotRenewed { email: email.to_owned(), source }.into());
    }
    let Renewed { pin, left_over } = renewed.map_err(failed(email))?;
    output.done(email, "renewed", pin.is_some(), left_over.as_ref())?;
    left_over.map_or(Ok(()), |_| Err(Failure::incomplete()))
}
