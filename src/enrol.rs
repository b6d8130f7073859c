//! Enrolment: for each person a login is made at Kisi, on that person's behalf, and sealed here. The admin key is used and
//! forgotten. Who types the commands is `main.rs`.

pub mod access;
pub mod check;
pub mod csv;
mod error;
mod life;
pub mod proposal;

use std::{fmt, io, time::Duration};

pub use self::{error::Error, life::Renewed};

use crate::{
    audit::{Action, Log, Record},
    chain::Chain,
    directory::{self, BadgeOdds, Directory, Enrolment, Odds, Person},
    kisi::Client,
    secret::Secret,
    staff::{Badge, Pin, StaffId},
};

/// Somebody to enrol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where the list has them, counted from 1 with the header; 0 outside a list.
    pub row: usize,
    /// As Kisi knows it.
    pub email: String,
    /// What they are called here; empty takes Kisi's name.
    pub name: String,
    /// Their badge.
    pub badge: Option<Badge>,
}

/// What became of a candidate.
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    /// A login was made and sealed. The PIN is shown nowhere again.
    Enrolled(Option<Pin>),
    /// Was enrolled before, and has a PIN now. It is shown nowhere again.
    PinIssued(Pin),
    /// Was enrolled before, and has one more badge now.
    BadgeGiven,
    /// Was enrolled before. Nothing was made.
    Unchanged,
}

/// How a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Logins made.
    pub enrolled: usize,
    /// Nothing to do, or only a badge.
    pub known: usize,
    /// Refused, one by one.
    pub failed: usize,
    /// The row at which it stopped, if it did. The rows before are done.
    pub stopped_at: Option<usize>,
}

impl Summary {
    /// Whether everybody of the list is enrolled now.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.stopped_at.is_none()
    }
}

/// A PIN that is about to be issued, for whoever hands it out.
#[derive(Debug, Clone, Copy)]
pub struct Issued<'a> {
    /// Where the list has the person; 0 outside a list.
    pub row: usize,
    /// The person.
    pub email: &'a str,
    /// What is done: enrolled, a PIN issued, renewed.
    pub what: &'static str,
}

/// Prints a PIN.
type Print = dyn FnMut(Issued<'_>, &Pin) -> io::Result<()> + Send;

/// Prints each PIN before it is issued: one that could not be printed is not. By default nobody sees it but the caller.
pub struct PinPrinter(Box<Print>);

impl PinPrinter {
    /// By this, which must have flushed what it wrote.
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

/// What enrolment works with.
#[derive(Debug)]
pub struct Enroller {
    /// Where people are written down.
    pub directory: Directory,
    /// Where it is written down that they were.
    pub log: Log,
    /// The way to Kisi.
    pub client: Client,
    /// Makes logins. Never written anywhere.
    pub admin: Secret<String>,
    /// What logins are called at Kisi.
    pub kiosk: String,
    /// Of a PIN.
    pub pin_digits: usize,
    /// What a guess is worth, where a PIN alone signs in.
    pub odds: Option<Odds>,
    /// What a guess at a badge number is worth, where a badge alone signs in.
    pub badge_odds: Option<BadgeOdds>,
    /// A badge alone signs in.
    pub badge_alone: bool,
    /// Between two requests: the admin's five a second are shared with the dashboard.
    pub pace: Duration,
    /// Prints PINs before they are issued.
    pub printer: PinPrinter,
}

impl Enroller {
    /// Enrols one person, once: somebody who is enrolled keeps their login.
    ///
    /// # Errors
    ///
    /// Any; nothing is half done after [`Error::Directory`].
    pub async fn add(&mut self, candidate: &Candidate, with_pin: bool) -> Result<Done, Error> {
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
        // Before a login is made: one that cannot be written down would have to be deleted again.
        if let Some(badge) = &candidate.badge
            && let Some(owner) = self.directory.owner_of(badge).map_err(Error::Directory)?
        {
            let hint = badge.hint().to_owned();
            return Err(Error::Directory(directory::Error::BadgeTaken { hint, owner }));
        }
        let _ = self.settle().await?;
        let (errand, login) = self.make_login(&candidate.email).await?;
        let name = [candidate.name.as_str(), &login.name, &candidate.email].into_iter().find(|name| !name.is_empty());
        let person = Enrolment {
            email: &candidate.email,
            name: name.unwrap_or_default(),
            login_id: login.id.get(),
            secret: &login.secret,
            badge: candidate.badge.as_ref(),
            pin_digits: with_pin.then_some(self.pin_digits),
            badge_alone: self.badge_alone,
            errand: Some(errand),
        };
        let (printer, issued) =
            (&mut self.printer, Issued { row: candidate.row, email: &candidate.email, what: "enrolled" });
        let written = self.directory.enrol_and_show(&person, &mut |pin| printer.print(issued, pin));
        match written {
            Ok(pin) => {
                let about = if pin.is_some() { "with a PIN" } else { "by badge" };
                self.record(Action::Enrol, &candidate.email, about);
                Ok(Done::Enrolled(pin))
            }
            Err(error) => Err(self.discard(errand, login.id, error).await),
        }
    }

    /// Gives somebody who is enrolled what they lack. No login is made.
    fn add_to(&mut self, person: &Person, candidate: &Candidate, with_pin: bool) -> Result<Done, Error> {
        let is_new = match &candidate.badge {
            Some(badge) if self.directory.owner_of(badge).map_err(Error::Directory)?.is_none() => {
                self.check_badge_odds()?;
                self.directory.give_badge(person.id, badge).map_err(Error::Directory)?
            }
            Some(badge) => self.directory.give_badge(person.id, badge).map_err(Error::Directory)?,
            None => false,
        };
        if is_new {
            self.record(Action::BadgeGiven, &person.email, "");
        }
        if with_pin && !person.has_pin {
            return self.issue_pin(person, candidate.row).map(Done::PinIssued);
        }
        Ok(if is_new { Done::BadgeGiven } else { Done::Unchanged })
    }

    /// Issues a PIN, in place of one that there may be.
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

    /// One more PIN must leave guessing hopeless.
    fn check_odds(&self) -> Result<(), Error> {
        let Some(odds) = self.odds else { return Ok(()) };
        let odds = Odds { people: self.directory.pins().map_err(Error::Directory)? + 1, ..odds };
        if odds.are_good() {
            return Ok(());
        }
        Err(Error::ShortPins { digits: odds.digits, people: odds.people, needed: odds.digits_needed() })
    }

    /// One more badge must leave guessing hopeless, where the site said how many numbers there are.
    fn check_badge_odds(&self) -> Result<(), Error> {
        let Some(odds) = self.badge_odds else { return Ok(()) };
        let odds = BadgeOdds { badges: self.directory.badges().map_err(Error::Directory)? + 1, ..odds };
        if odds.are_good() {
            return Ok(());
        }
        Err(Error::FewBadgeNumbers { numbers: odds.possible(), badges: odds.badges })
    }

    /// Writes down what was done. What cannot be written is said: it is done already.
    fn record(&mut self, action: Action, email: &str, about: &str) {
        let staff: Option<StaffId> = self.directory.person(email).ok().flatten().map(|person| person.id);
        let record = Record::new(jiff::Timestamp::now(), action, about).by(staff, email);
        if let Err(error) = self.log.append(&record) {
            tracing::error!(action = action.name(), error = %Chain(&error), "the audit log cannot be written");
        }
    }

    /// Enrols a list, row by row, and reports each row as soon as it is done. Running it again does only what is missing.
    ///
    /// Stops at the first failure that the next row would meet too.
    pub async fn import(
        &mut self,
        candidates: &[Candidate],
        with_pin: bool,
        mut report: impl FnMut(&Candidate, &Result<Done, Error>),
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
                Ok(Done::Enrolled(_)) => {
                    summary.enrolled += 1;
                    was_asked = true;
                }
                Ok(Done::PinIssued(_) | Done::BadgeGiven | Done::Unchanged) => summary.known += 1,
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
