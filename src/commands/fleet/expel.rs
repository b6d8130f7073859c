//! `fleet expel`: cuts off a kiosk, and renews the logins that it may hold.

use serde_json::json;
use vestibule::{
    enrol::{self, Enroller, Renewed},
    error_chain::Chain,
    store::audit::Action,
};

use super::{
    super::{
        Confirmation, Output, Site,
        ask::{admin_key, confirm},
        failure::Failure,
        report::{count, say, tell},
        runtime::Runtime,
        staff::SHORT_PACE,
    },
    Admin, Database,
};

/// Whether the logins that the kiosk may hold are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewals {
    /// With Kisi's admin key.
    Make,
    /// Only list the people.
    List,
}

impl Site {
    /// Expels first, whatever the rest needs: the database accepts nothing from the kiosk before anybody is asked for a key.
    pub(crate) fn fleet_expel(
        &self,
        database: &Database,
        name: &str,
        (renewals, confirmation): (Renewals, Confirmation),
        output: Output,
    ) -> Result<(), Failure> {
        let (role, exposed) = {
            let admin = Admin::open(database)?;
            let question = format!("{name} is cut off from the fleet, and must join again to come back. Expel it?");
            confirm(confirmation, &question)?;
            admin.run(admin.connection.expel(name))?
        };
        let site = self.clone().of_fleet(Some(database.clone()));
        output.result(
            &json!({"expelled": name, "role": role, "exposed": exposed}),
            &format!("{name} ({role}) is expelled: the database accepts nothing from it any more"),
        )?;
        let recorded = site.record_expulsion(name, &role);
        site.renew_exposed(&exposed, renewals, output).and(recorded)
    }

    fn renew_exposed(&self, exposed: &[String], renewals: Renewals, output: Output) -> Result<(), Failure> {
        if exposed.is_empty() {
            tell("nobody signed in there whose login is still the same");
            return Ok(());
        }
        tell(&format!("it may hold the logins of {}, who signed in there", count(exposed.len(), "person", "people")));
        if renewals == Renewals::List {
            if output == Output::Text {
                exposed.iter().try_for_each(|email| say(email))?;
            }
            tell("their logins are the same still: run this command again without --no-renew");
            return Ok(());
        }
        let config = self.config()?;
        let enroller = self.enroller(&config, admin_key, SHORT_PACE)?;
        renew_all(Enroller { printer: output.printer(), ..enroller }, exposed, output)
    }

    /// For `fleet restored`. The kiosk is cut off, whether it is recorded or not.
    fn record_expulsion(&self, name: &str, role: &str) -> Result<(), Failure> {
        self.record_change((Action::Expel, ""), &format!("{name} {role}")).map_err(|error| {
            tell(&format!(
                "warning: the expulsion is not in this machine's audit log, so `fleet restored` would not repeat it: {}",
                Chain(error.error())
            ));
            Failure::incomplete()
        })
    }
}

/// Renews the logins of these people, one after the other. One that fails is left for the next run.
fn renew_all(mut enroller: Enroller, exposed: &[String], output: Output) -> Result<(), Failure> {
    let runtime = Runtime::new()?;
    let has_cards = |email: &&String| {
        enroller.directory.person(email).is_ok_and(|person| person.is_some_and(|person| !person.badges.is_empty()))
    };
    let cards: Vec<&str> = exposed.iter().filter(has_cards).map(String::as_str).collect();
    if !cards.is_empty() {
        // First: whoever interrupts this and runs it again is told about the rest only.
        tell(&format!("the kiosk may give away badge numbers, too. Replace the cards of {}", cards.join(", ")));
        output.json(&json!({"cards": cards}))?;
    }
    let (mut left, mut is_clean) = (Vec::new(), true);
    for (at, email) in exposed.iter().enumerate() {
        match runtime.wait(enroller.renew(email))? {
            Ok(Renewed { pin, left_over }) => {
                is_clean &= left_over.is_none();
                output.done(email, "renewed", pin.is_some(), left_over.as_ref())?;
            }
            Err(error) => {
                let why = Chain(&error).to_string();
                output.result(
                    &json!({"email": email, "result": "failed", "pin": null, "error": why}),
                    &format!("{email} NOT renewed: {why}"),
                )?;
                left.push(email.as_str());
                if matches!(error, enrol::Error::AdminKey) {
                    left.extend(exposed.iter().skip(at + 1).map(String::as_str));
                    break;
                }
            }
        }
    }
    let renewed = exposed.len() - left.len();
    output.json(&json!({"renewed": renewed, "left": left, "cards": cards}))?;
    tell(&format!("{} renewed. Hand out the new PINs", count(renewed, "login", "logins")));
    if !left.is_empty() {
        tell(&format!("still to be renewed: {}. Run this command again", left.join(", ")));
    }
    if left.is_empty() && is_clean { Ok(()) } else { Err(Failure::incomplete()) }
}
