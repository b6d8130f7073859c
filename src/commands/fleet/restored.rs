//! `fleet restored`: goes on with a database that was restored from a backup, after what was taken away since is taken away again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use vestibule::{
    fleet::Restored,
    store::{
        audit::{Action, Log, Record},
        directory::{self, Directory},
    },
    wiring,
};

use super::{
    super::{
        Confirmation, Output, Site,
        ask::confirm,
        failure::Failure,
        report::{say, tell},
    },
    Admin, Database, FleetError,
};

/// The clocks of this machine and of the database may differ by this much.
const CLOCKS: SignedDuration = SignedDuration::from_mins(10);
/// What the database may not know any more, of what this machine did.
const CHANGES: [Action; 10] = [
    Action::Configuration,
    Action::Enrol,
    Action::PinIssued,
    Action::BadgeGiven,
    Action::BadgeTaken,
    Action::Renew,
    Action::Remove,
    Action::Suspend,
    Action::Resume,
    Action::Expel,
];

/// How much of the command is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restoring {
    /// Everything: kiosks trust the database again.
    Whole,
    /// Only what this machine took away.
    Reapply,
}

/// What an earlier run of this command records of somebody whom it suspended.
const MARK: &str = "restored";

/// What was done since the backup, by person and by kiosk.
#[derive(Default)]
struct Since {
    /// In order, by e-mail address in lower case. What came before an earlier run of this command is left out.
    people: BTreeMap<String, Vec<Action>>,
    /// Names and roles of kiosks.
    expelled: Vec<String>,
    /// Settings of the fleet.
    settings: Vec<String>,
}

impl Since {
    fn of(records: Vec<Record>) -> Self {
        let mut since = Self::default();
        for Record { action, person, about, .. } in records {
            if action == Action::Expel {
                since.expelled.push(about);
            } else if person.is_empty() {
                since.settings.push(about);
            } else {
                let done = since.people.entry(person.to_lowercase()).or_default();
                if action == Action::Suspend && about == MARK {
                    done.clear();
                } else {
                    done.push(action);
                }
            }
        }
        since.people.retain(|_, done| !done.is_empty());
        since
    }
}

/// Whether somebody must not sign in until it was done again: the backup has a PIN, a badge, a login or sites that were taken away,
/// or they were suspended and not let in again.
fn takes_away(done: &[Action]) -> bool {
    let last = |action: Action| done.iter().rposition(|done| *done == action);
    let is_suspended = last(Action::Suspend).is_some_and(|at| last(Action::Resume).is_none_or(|resumed| resumed < at));
    let taken = [Action::PinIssued, Action::BadgeTaken, Action::Renew, Action::Remove, Action::Configuration];
    is_suspended || taken.into_iter().any(|action| done.contains(&action))
}

impl Site {
    pub(crate) fn fleet_restored(
        &self,
        database: &Database,
        (backup, restoring): (Timestamp, Restoring),
        confirmation: Confirmation,
        output: Output,
    ) -> Result<(), Failure> {
        let admin = Admin::open(database)?;
        let site = self.clone().of_fleet(Some(database.clone()));
        let mut directory = site.directory_alone()?;
        let mut log = wiring::writable_log(&directory)?;
        if let Some(finding) = log.verify(None, &[])?.finding {
            return Err(FleetError::Log(finding).into());
        }
        let question = match restoring {
            Restoring::Reapply => "What this machine took away since then is taken away again. Do it?",
            Restoring::Whole => {
                "What this machine took away since then is taken away again, and kiosks trust the database again. What other admins changed since the backup is lost until each of them has run `vestibule fleet restored --reapply`. Have they?"
            }
        };
        confirm(confirmation, question)?;
        let from = backup.saturating_sub(CLOCKS).unwrap_or(backup);
        let since = Since::of(log.records().since(from, &CHANGES)?);
        if since.people.is_empty() && since.expelled.is_empty() && since.settings.is_empty() {
            tell(&format!("this machine's audit log has nothing that was changed since {from}"));
        }
        expel_again(&admin, &since.expelled, output)?;
        for (email, done) in &since.people {
            take_away_again(&mut directory, &mut log, (email, done), output)?;
        }
        for about in &since.settings {
            output.result(&json!({"done_since": about}), &format!("{about} since the backup: do it again"))?;
        }
        if restoring == Restoring::Reapply {
            return Ok(());
        }
        let at = Timestamp::now().as_millisecond();
        let proof = directory.prove_restored(at).ok_or(FleetError::NoFleet)?.to_vec();
        admin.run(admin.connection.say_restored(&Restored { at, proof }))?;
        let text = "kiosks trust the database again within a minute, and have three wrong guesses of each kind until more come back";
        output.result(&json!({"restored": Timestamp::from_millisecond(at).unwrap_or_default()}), text)?;
        tell(
            "Whose logins kiosks got between the backup and now is not known: before somebody steals a kiosk, renew the logins that matter",
        );
        Ok(())
    }
}

/// Expels the kiosks that were expelled since the backup. A record has name and role.
fn expel_again(admin: &Admin, expelled: &[String], output: Output) -> Result<(), Failure> {
    for kiosk in admin.run(admin.connection.kiosks())? {
        let is_expelled = |about: &String| about.split(' ').next_back() == Some(kiosk.role.as_str());
        if kiosk.expelled.is_none() && expelled.iter().any(is_expelled) {
            let _ = admin.run(admin.connection.expel(&kiosk.role))?;
            output.result(&json!({"expelled": kiosk.name}), &format!("{} is expelled again", kiosk.name))?;
        }
    }
    Ok(())
}

/// Suspends somebody from whom something was taken away since the backup, and says what is left to do.
fn take_away_again(
    directory: &mut Directory,
    log: &mut Log,
    (email, done): (&str, &[Action]),
    output: Output,
) -> Result<(), Failure> {
    let names: Vec<&str> = done.iter().map(|action| action.name()).collect();
    let names = names.join(", ");
    let mut is_suspended = false;
    let mut is_there = directory.person(email)?.is_some();
    if is_there && takes_away(done) {
        match directory.suspend(email, true) {
            Ok(changed) => is_suspended = changed,
            Err(directory::Error::NotEnrolled { .. }) => is_there = false,
            Err(error) => return Err(error.into()),
        }
    }
    // Also if they were suspended before: what was done until now is not looked at again.
    let staff = directory.person(email)?.map(|person| person.id);
    let _ = log.append(&Record::new(Timestamp::now(), Action::Suspend, MARK).by(staff, email))?;
    let line = json!({"email": email, "suspended": is_suspended, "enrolled": is_there, "done_since": names});
    let state = match (is_there, is_suspended) {
        (false, _) => "not enrolled in the backup",
        (true, true) => "suspended now",
        (true, false) => "as in the backup",
    };
    if output == Output::Json {
        output.json(&line)
    } else {
        say(&format!("{email}: {names} since the backup; {state}. Do it again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lost_something_since_the_backup_is_suspended() {
        use Action::{BadgeGiven, BadgeTaken, Enrol, Renew, Resume, Suspend};
        for (done, is_suspended) in [
            (&[Suspend][..], true),
            (&[Suspend, Resume], false),
            (&[Resume, Suspend], true),
            (&[Enrol, BadgeGiven], false),
            (&[BadgeGiven, BadgeTaken], true),
            (&[Suspend, Resume, Renew], true),
            (&[Action::Configuration], true),
        ] {
            assert_eq!(takes_away(done), is_suspended, "{done:?}");
        }
    }

    /// The command is run by each admin, and again after an interruption. What was done again since is not undone.
    #[test]
    fn what_came_before_an_earlier_run_is_not_looked_at_again() {
        let record =
            |action, about: &str| Record::new(Timestamp::UNIX_EPOCH, action, about).by(None, "Ada@example.com");
        let issued = record(Action::PinIssued, "");
        let (mark, resumed) = (record(Action::Suspend, MARK), record(Action::Resume, ""));
        let people = |records: &[&Record]| Since::of(records.iter().map(|record| (*record).clone()).collect()).people;
        assert!(takes_away(&people(&[&issued])["ada@example.com"]));
        assert!(people(&[&issued, &mark]).is_empty());
        assert!(!takes_away(&people(&[&issued, &mark, &resumed])["ada@example.com"]));
        assert!(takes_away(&people(&[&issued, &mark, &resumed, &issued])["ada@example.com"]));
    }
}
