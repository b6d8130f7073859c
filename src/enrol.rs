//! Enrollment: makes a login at Kisi on behalf of each person, and seals it in the directory. The admin key is used and not
//! stored. The command line is in `commands`.

pub mod access;
pub mod check;
pub mod list;
mod error;
mod fleet;
mod new_fleet;
mod logins;
pub mod plan;
pub mod proposal;

use std::{fmt, io, time::Duration};

pub use self::{
    error::Error,
    fleet::FleetPeople,
    logins::Renewed,
    new_fleet::{MakeFleetError, make_fleet},
};

use crate::{
    error_chain::Chain,
    kisi::Client,
    secret::Secret,
    staff::{Badge, Pin, StaffId},
    store::audit::{self, Action, Log, Record},
    store::directory::{self, BadgeOdds, Directory, Enrolment, Odds, Person},
};

/// Somebody to enroll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Row in the list, from 1 including the header. 0 if there is no list.
    pub row: usize,
    /// E-mail address of the person's account at Kisi.
    pub email: String,
    /// Name for the greeting; empty takes the name at Kisi.
    pub name: String,
    /// Badge to give them.
    pub badge: Option<Badge>,
}

/// Result of enrolling a candidate.
#[derive(Debug, PartialEq, Eq)]
pub enum Enrollment {
    /// A new login was made and sealed. The PIN cannot be shown again.
    Enrolled(Option<Pin>),
    /// The person was already enrolled and got a PIN, which cannot be shown again.
    PinIssued(Pin),
    /// The person was already enrolled and got one more badge.
    BadgeGiven,
    /// The person was already enrolled and lacks nothing.
    Unchanged,
}

/// Totals of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Number of logins made.
    pub enrolled: usize,
    /// Number of people who were already enrolled, with or without a new PIN or badge.
    pub known: usize,
    /// Number of rows that failed without stopping the import.
    pub failed: usize,
    /// The row whose error stopped the import. Rows before it are done.
    pub stopped_at: Option<usize>,
}

impl Summary {
    /// Whether everybody on the list is enrolled now.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.stopped_at.is_none()
    }
}

/// The person whose PIN is about to be issued, for the line that shows it.
#[derive(Debug, Clone, Copy)]
pub struct Issued<'a> {
    /// Row in the list; 0 if there is no list.
    pub row: usize,
    /// E-mail address.
    pub email: &'a str,
    /// What the command does: `enrolled`, `PIN issued` or `renewed`.
    pub what: &'static str,
}

/// Shows one PIN.
type Print = dyn FnMut(Issued<'_>, &Pin) -> io::Result<()> + Send;

/// Prints each PIN before it is issued. If that fails, the PIN is not issued. The default prints nothing.
pub struct PinPrinter(Box<Print>);

impl PinPrinter {
    /// Prints with this function, which must flush its output before it returns.
    pub fn new(print: impl FnMut(Issued<'_>, &Pin) -> io::Result<()> + Send + 'static) -> Self {
        Self(Box::new(print))
    }

    fn print(&mut self, issued: Issued<'_>, pin: &Pin) -> io::Result<()> {
        (self.0)(issued, pin)
    }
}

impl Default for PinPrinter {
    fn default() -> Self {
        Self::new(|_, _| Ok(()))
    }
}

impl fmt::Debug for PinPrinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinPrinter(..)")
    }
}

/// Makes, renews and deletes logins, and issues PINs and badges.
#[derive(Debug)]
pub struct Enroller {
    /// Stores people and their sealed logins.
    pub directory: Directory,
    /// Records every change.
    pub log: Log,
    /// Sends requests to Kisi.
    pub client: Client,
    /// The admin key, which makes and deletes logins. Never written to a file.
    pub admin: Secret<String>,
    /// Name of the logins at Kisi.
    pub kiosk: String,
    /// Number of digits of a new PIN.
    pub pin_digits: usize,
    /// Limits the number of PINs, where a PIN alone signs in.
    pub odds: Option<Odds>,
    /// Limits the number of badges, where a badge alone signs in.
    pub badge_odds: Option<BadgeOdds>,
    /// Whether a badge alone signs in.
    pub badge_alone: bool,
    /// Pause between two requests. Kisi's limit of five per second is shared with the admin's dashboard.
    pub pace: Duration,
    /// Prints PINs before they are issued.
    pub printer: PinPrinter,
}

impl Enroller {
    /// Enrolls one person. Somebody who is already enrolled keeps their login and gets the badge or PIN that they lack.
    ///
    /// # Errors
    ///
    /// Any. After [`Error::Directory`], a login that was made is deleted again, or noted for deletion.
    pub async fn add(&mut self, candidate: &Candidate, with_pin: bool) -> Result<Enrollment, Error> {
        if let Some(person) = self.directory.person(&candidate.email).map_err(Error::Directory)? {
            return self.add_to(&person, candidate, with_pin);
        }
        if !(with_pin || candidate.badge.is_some() && self.badge_alone) {
            return Err(Error::NoWayIn);
        }
        if with_pin {
            self.check_odds()?;
        }
        if candidate.badge.is_some() {
            self.check_badge_odds()?;
        }
        // Check the badge before making a login, which would otherwise have to be deleted again.
        if let Some(badge) = &candidate.badge
            && let Some(owner) = self.directory.owner_of(badge).map_err(Error::Directory)?
        {
            let hint = badge.hint().to_owned();
            return Err(Error::Directory(directory::Error::BadgeTaken { hint, owner }));
        }
        let _ = self.drain_outbox().await?;
        let (outbox_entry, login) = self.make_login(&candidate.email).await?;
        let name = [candidate.name.as_str(), &login.name, &candidate.email].into_iter().find(|name| !name.is_empty());
        let person = Enrolment {
            email: &candidate.email,
            name: name.unwrap_or_default(),
            login_id: login.id.get(),
            secret: &login.secret,
            badge: candidate.badge.as_ref(),
            pin_digits: with_pin.then_some(self.pin_digits),
            badge_alone: self.badge_alone,
            outbox_entry: Some(outbox_entry),
        };
        let (printer, issued) =
            (&mut self.printer, Issued { row: candidate.row, email: &candidate.email, what: "enrolled" });
        let written = self.directory.enrol_and_show(&person, &mut |pin| printer.print(issued, pin));
        match written {
            Ok(pin) => {
                let how = if pin.is_some() { "with a PIN" } else { "by badge" };
                self.record(Action::Enrol, &candidate.email, &format!("{how}, {}", audit::login_text(login.id.get())));
                Ok(Enrollment::Enrolled(pin))
            }
            Err(error) => Err(self.discard(outbox_entry, login.id, error).await),
        }
    }

    /// Gives an enrolled person the badge or PIN that they lack. Makes no login.
    fn add_to(&mut self, person: &Person, candidate: &Candidate, with_pin: bool) -> Result<Enrollment, Error> {
        let is_new = match &candidate.badge {
            Some(badge) => {
                if self.directory.owner_of(badge).map_err(Error::Directory)?.is_none() {
                    self.check_badge_odds()?;
                }
                self.directory.give_badge(person.id, badge).map_err(Error::Directory)?
            }
            None => false,
        };
        if is_new {
            self.record(Action::BadgeGiven, &person.email, "");
        }
        if with_pin && !person.has_pin {
            return self.issue_pin(person, candidate.row).map(Enrollment::PinIssued);
        }
        Ok(if is_new { Enrollment::BadgeGiven } else { Enrollment::Unchanged })
    }

    /// Issues a PIN, which replaces an existing one.
    fn issue_pin(&mut self, person: &Person, row: usize) -> Result<Pin, Error> {
        if !person.has_pin {
            self.check_odds()?;
        }
        let (printer, issued) = (&mut self.printer, Issued { row, email: &person.email, what: "PIN issued" });
        let pin = self.directory.issue_pin(person.id, self.pin_digits, &mut |pin| printer.print(issued, pin));
        let pin = pin.map_err(Error::Directory)?;
        let pin = pin.ok_or(Error::NoPinToIssue)?;
        self.record(Action::PinIssued, &person.email, "");
        Ok(pin)
    }

    /// Refuses one more PIN if there would be fewer than 1000 possible PINs per person (R2).
    fn check_odds(&self) -> Result<(), Error> {
        let Some(odds) = self.odds else { return Ok(()) };
        let odds = Odds { people: self.directory.pins().map_err(Error::Directory)? + 1, ..odds };
        if odds.are_good() {
            return Ok(());
        }
        Err(Error::ShortPins { digits: odds.digits, people: odds.people, needed: odds.digits_needed() })
    }

    /// Refuses one more badge if there would be fewer than 1000 numbers per badge. Only if `badge.numbers` is set.
    fn check_badge_odds(&self) -> Result<(), Error> {
        let Some(odds) = self.badge_odds else { return Ok(()) };
        let odds = BadgeOdds { badges: self.directory.badges().map_err(Error::Directory)? + 1, ..odds };
        if odds.are_good() {
            return Ok(());
        }
        Err(Error::FewBadgeNumbers { numbers: odds.possible(), badges: odds.badges })
    }

    /// Writes an audit record of a change. Only logs a failure, because the change is already made.
    fn record(&mut self, action: Action, email: &str, about: &str) {
        let staff: Option<StaffId> = self.directory.person(email).ok().flatten().map(|person| person.id);
        let record = Record::new(jiff::Timestamp::now(), action, about).by(staff, email);
        if let Err(error) = self.log.append(&record) {
            tracing::error!(action = action.name(), error = %Chain(&error), "the audit log cannot be written");
        }
    }

    /// Enrolls a list row by row and reports each row when it is done. A second run does only what is missing.
    ///
    /// Stops at the first error that the next row would have too.
    pub async fn import(
        &mut self,
        candidates: &[Candidate],
        with_pin: bool,
        mut report: impl FnMut(&Candidate, &Result<Enrollment, Error>),
    ) -> Summary {
        let mut summary = Summary::default();
        let mut was_asked = false;
        for candidate in candidates {
            if std::mem::take(&mut was_asked) {
                tokio::time::sleep(self.pace).await;
            }
            let done = self.add(candidate, with_pin).await;
            report(candidate, &done);
            match done {
                Ok(Enrollment::Enrolled(_)) => {
                    summary.enrolled += 1;
                    was_asked = true;
                }
                Ok(Enrollment::PinIssued(_) | Enrollment::BadgeGiven | Enrollment::Unchanged) => summary.known += 1,
                Err(error) if error.stops_everything() => {
                    summary.stopped_at = Some(candidate.row);
                    return summary;
                }
                Err(error) => {
                    summary.failed += 1;
                    was_asked = !matches!(error, Error::NoWayIn | Error::NoPinToIssue);
                }
            }
        }
        summary
    }
}
