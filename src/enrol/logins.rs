//! The life cycle of logins: makes, renews and deletes them, and cleans up logins that a crash or a lost response left at
//! Kisi.

use std::time::Duration;

use super::{Enroller, Error, Issued, error::is_conflict};
use crate::{
    kisi::{self, Device, LoginId},
    staff::{Badge, Pin},
    store::audit::{self, Action},
    store::directory::{self, OutboxEntry, OutboxId, OutboxKind, Person, Renewal},
};

/// Exponential backoff after a 429, as Kisi asks for. A 429 means that no login was made.
const BACKOFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Result of a renewal.
#[derive(Debug)]
pub struct Renewed {
    /// The PIN that replaces the old one. It cannot be shown again.
    pub pin: Option<Pin>,
    /// Why the old login is not yet deleted at Kisi. It is noted for deletion.
    pub left_over: Option<Error>,
}

impl Enroller {
    /// Replaces somebody's login. A person with a PIN also gets a new PIN: sealing the login needs a PIN, and the old one is
    /// unknown.
    ///
    /// Makes and stores the new login before it deletes the old one, so that one of them works after an interruption.
    ///
    /// # Errors
    ///
    /// Any. The old login still works then.
    pub async fn renew(&mut self, email: &str) -> Result<Renewed, Error> {
        let person = self.enrolled(email)?;
        self.renew_with(&person, person.has_pin).await
    }

    async fn renew_with(&mut self, person: &Person, with_pin: bool) -> Result<Renewed, Error> {
        let _ = self.drain_outbox().await?;
        let (outbox_entry, login) = self.make_login(&person.email).await?;
        let renewal = Renewal {
            login_id: login.id.get(),
            secret: &login.secret,
            pin_digits: with_pin.then_some(self.pin_digits),
            badge_alone: self.badge_alone,
            outbox_entry,
        };
        let (printer, issued) = (&mut self.printer, Issued { row: 0, email: &person.email, what: "renewed" });
        let written = self.directory.renew(person.id, &renewal, &mut |pin| printer.print(issued, pin));
        match written {
            Ok(pin) => {
                let before = audit::earlier_login_text(person.login_id);
                self.record(Action::Renew, &person.email, &format!("{}, {before}", audit::login_text(login.id.get())));
                Ok(Renewed { pin, left_over: self.drain_outbox().await.err() })
            }
            Err(error) => Err(self.discard(outbox_entry, login.id, error).await),
        }
    }

    /// Removes somebody from the directory, then deletes their login at Kisi. Returns the error of the deletion, which is
    /// retried by the next command.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`]. Nobody was removed then.
    pub async fn remove(&mut self, email: &str) -> Result<Option<Error>, Error> {
        let is_left_over =
            |entries: Vec<OutboxEntry>| entries.iter().any(|entry| entry.email.eq_ignore_ascii_case(email));
        match self.enrolled(email) {
            Ok(person) => {
                self.directory.remove(&person.email).map_err(Error::Directory)?;
                self.record(Action::Remove, &person.email, &audit::earlier_login_text(person.login_id));
            }
            // An earlier command removed the person but could not delete the login.
            Err(_) if self.directory.outbox().entries().is_ok_and(is_left_over) => {}
            Err(error) => return Err(error),
        }
        Ok(self.drain_outbox().await.err())
    }

    /// Takes one badge (`only`) or all badges away from somebody. Returns how many.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`]
    pub fn take_badges(&mut self, email: &str, only: Option<&Badge>) -> Result<usize, Error> {
        let taken = self.directory.take_badges(email, only).map_err(Error::Directory)?;
        let about = if taken == 1 { String::new() } else { format!("{taken} badges") };
        self.record(Action::BadgeTaken, email, &about);
        Ok(taken)
    }

    /// Issues a new PIN to somebody. Makes a new login too, if no badge opens the present one.
    ///
    /// # Errors
    ///
    /// Any. The old PIN still works then.
    pub async fn new_pin(&mut self, email: &str) -> Result<Renewed, Error> {
        let person = self.enrolled(email)?;
        if person.opens_by_badge {
            let pin = self.issue_pin(&person, 0)?;
            return Ok(Renewed { pin: Some(pin), left_over: None });
        }
        if !person.has_pin {
            self.check_odds()?;
        }
        self.renew_with(&person, true).await
    }

    /// Suspends or resumes somebody at this kiosk. Kisi is not involved: their phone and cards keep working. Returns whether
    /// this changed anything.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`]
    pub fn suspend(&mut self, email: &str, is_suspended: bool) -> Result<bool, Error> {
        // It is true whatever another admin changed meanwhile.
        let mut attempts = 0;
        let changed = loop {
            match self.directory.suspend(email, is_suspended) {
                Err(error) if is_conflict(&error) && attempts < 10 => attempts += 1,
                changed => break changed.map_err(Error::Directory)?,
            }
        };
        if changed {
            self.record(if is_suspended { Action::Suspend } else { Action::Resume }, email, "");
        }
        Ok(changed)
    }

    /// Drains the outbox: deletes logins that are no longer used here, and finds and deletes logins that Kisi may have made
    /// without a response. Returns how many entries are done.
    ///
    /// # Errors
    ///
    /// [`Error::Leftover`] at the first entry that fails. It stays in the outbox.
    pub async fn drain_outbox(&self) -> Result<usize, Error> {
        let entries = self.directory.outbox().entries().map_err(Error::Directory)?;
        for entry in &entries {
            self.run(entry).await?;
            self.directory.outbox().done(entry.id).map_err(Error::Directory)?;
        }
        Ok(entries.len())
    }

    async fn run(&self, entry: &OutboxEntry) -> Result<(), Error> {
        match entry.kind {
            OutboxKind::Delete(login) => self.delete(LoginId::new(login)).await,
            OutboxKind::Make => {
                let Some(user) = self.client.user(&self.admin, &entry.email).await.map_err(Error::Leftover)? else {
                    return Ok(()); // The account at Kisi is gone, and its logins with it.
                };
                let kept = self.directory.person(&entry.email).map_err(Error::Directory)?.map(|person| person.login_id);
                let logins = self.client.logins_of(&self.admin, user.id).await.map_err(Error::Leftover)?;
                let ours = logins.iter().filter(|login| login.model.as_ref() == Some(&self.model()));
                for stray in ours.filter(|login| Some(login.id.get()) != kept) {
                    self.delete(stray.id).await?;
                }
                Ok(())
            }
        }
    }

    /// Deletes a login at Kisi. A 404 counts as deleted.
    async fn delete(&self, login: LoginId) -> Result<(), Error> {
        tokio::time::sleep(self.pace).await;
        match self.client.delete_login(&self.admin, login).await {
            Ok(()) | Err(kisi::Error::Refused { status: 404, .. }) => Ok(()),
            Err(error) => Err(Error::Leftover(error)),
        }
    }

    fn enrolled(&self, email: &str) -> Result<Person, Error> {
        let person = self.directory.person(email).map_err(Error::Directory)?;
        person.ok_or_else(|| Error::Directory(directory::Error::NotEnrolled { email: email.to_owned() }))
    }

    /// The device model of this kiosk's logins, which distinguishes kiosks with the same name.
    fn model(&self) -> String {
        format!("kiosk {}", self.directory.name())
    }

    /// Makes a login. Notes it in the outbox first. The entry stays until the caller has stored the login.
    pub(super) async fn make_login(&self, email: &str) -> Result<(OutboxId, kisi::Login), Error> {
        let outbox_entry = self.directory.outbox().note_making(email).map_err(Error::Directory)?;
        match self.ask_for_login(email).await {
            Ok(login) => Ok((outbox_entry, login)),
            Err(error @ Error::MayBeStray(_)) => Err(error),
            Err(error) => {
                self.directory.outbox().done(outbox_entry).map_err(Error::Directory)?;
                Err(error)
            }
        }
    }

    async fn ask_for_login(&self, email: &str) -> Result<kisi::Login, Error> {
        let mut waits = BACKOFF.into_iter();
        let model = self.model();
        let device = Device { name: &self.kiosk, model: &model };
        loop {
            match self.client.create_login(&self.admin, device, email).await {
                Ok(login) => return Ok(login),
                Err(kisi::Error::Refused { status: 404, .. }) => return Err(Error::NotAtKisi),
                Err(error) if error.is_dead_login() => return Err(Error::AdminKey),
                Err(error @ kisi::Error::Refused { status: 429, .. }) => match waits.next() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(Error::Kisi(error)),
                },
                Err(
                    error @ (kisi::Error::Unclear(_)
                    | kisi::Error::Failed { .. }
                    | kisi::Error::NotKisi { .. }
                    | kisi::Error::Malformed { .. }
                    | kisi::Error::TooLarge { .. }),
                ) => return Err(Error::MayBeStray(error)),
                Err(error) => return Err(Error::Kisi(error)),
            }
        }
    }

    /// Deletes a login that could not be stored. If Kisi does not delete it, it stays in the outbox.
    pub(super) async fn discard(&self, outbox_entry: OutboxId, login: LoginId, why: directory::Error) -> Error {
        let noted = self.directory.outbox().note_stray(outbox_entry, login.get());
        if self.delete(login).await.is_ok() {
            let _ = self.directory.outbox().done(outbox_entry);
        } else if let Err(error) = noted {
            tracing::error!(login = login.get(), %error, "an unused login stays at Kisi: delete it there");
        }
        Error::Directory(why)
    }
}
