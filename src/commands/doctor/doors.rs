//! Every person and door that can never work, why, and where in Kisi to change it; and how much of Kisi's rate limit a sign-in
//! takes.

use serde_json::json;
use vestibule::{
    chain::Chain,
    directory::{Directory, Person, Standing},
    enrol::access::{Access, Blocked, of_door, of_person},
    kisi::{self, Bar, Client, PAGE},
    secret::Secret,
    wiring::REQUESTS_PER_SECOND as LIMIT,
};

use super::{Failure, Finding, Health, finding, say};

/// The list of places, and the unlock.
const BESIDES: usize = 2;
/// What was found about everybody's doors.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<(String, Blocked)>,
    /// The most doors that anybody has.
    doors: usize,
    /// People whose doors cannot be asked for.
    unchecked: usize,
    failures: Vec<Finding>,
}

impl Table {
    /// With an admin's key by groups; else with each login that a badge opens, which tells less.
    pub(super) async fn read(
        client: &Client,
        directory: &Directory,
        admin: Option<&Secret<String>>,
    ) -> Result<Self, Failure> {
        let mut table = Self::default();
        let access = match admin {
            None => None,
            Some(admin) => match Access::read(client, admin).await {
                Ok(access) => Some((access, admin)),
                Err(error) => {
                    table.failures.push(finding("doors", Health::Unwell, format!("groups: {}", Chain(&error))));
                    return Ok(table);
                }
            },
        };
        for person in directory.list().map_err(Failure::Directory)? {
            if person.standing == Standing::Suspended {
                continue;
            }
            let found = match &access {
                Some((access, admin)) => by_groups(client, access, admin, &person).await,
                None => match directory.login_by_badge(person.id).map_err(Failure::Directory)? {
                    Some(found) => by_login(client, &found.login).await,
                    None => Ok(None),
                },
            };
            match found {
                Ok(Some((blocked, doors))) => {
                    table.doors = table.doors.max(doors);
                    table.rows.extend(blocked.into_iter().map(|blocked| (person.email.clone(), blocked)));
                }
                Ok(None) => table.unchecked += 1,
                // A dead login was reported already.
                Err(kisi::Error::Refused { status: 401, .. }) => {}
                Err(error) => {
                    let text = format!("{}: {}", person.email, Chain(&error));
                    table.failures.push(finding("doors", Health::Unwell, text));
                }
            }
        }
        Ok(table)
    }

    /// A line each.
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        let width = |text: fn(&(String, Blocked)) -> &str| {
            self.rows.iter().map(|row| text(row).chars().count()).max().unwrap_or_default()
        };
        let (people, doors) = (width(|row| &row.0), width(|row| &row.1.door));
        for (person, blocked) in &self.rows {
            let (door, why, at) = (&blocked.door, blocked.why(), blocked.place_to_change());
            if json {
                let row = json!({"about": "door", "health": "warning", "person": person, "door": door, "why": why, "where": at});
                say(&row.to_string())?;
            } else {
                say(&format!("never    {person:people$}  {door:doors$}  {why}. {at}"))?;
            }
        }
        Ok(())
    }

    pub(super) fn findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.failures);
        if 0 < self.unchecked {
            let text =
                format!("{} people open with their PIN only: set VESTIBULE_ADMIN_KEY to check them", self.unchecked);
            findings.push(finding("doors", Health::Warning, text));
        }
        let requests = self.doors.div_ceil(PAGE).max(1) + BESIDES;
        let text = format!(
            "{requests} requests for a visit with {} doors and one unlock, of {LIMIT} a second that Kisi takes from one person",
            self.doors
        );
        let health = if requests <= LIMIT { Health::Well } else { Health::Warning };
        findings.push(finding("rate limit", health, text));
        findings
    }
}

type Found = Option<(Vec<Blocked>, usize)>;

async fn by_groups(
    client: &Client,
    access: &Access,
    admin: &Secret<String>,
    person: &Person,
) -> Result<Found, kisi::Error> {
    // Somebody whom Kisi does not know has a dead login, which is reported.
    let Some(user) = client.user(admin, &person.email).await? else { return Ok(Some((Vec::new(), 0))) };
    let rights = client.rights_of(admin, user.id).await?;
    if !user.is_enabled {
        return Ok(Some((vec![of_person(Bar::SwitchedOff)], access.count(&rights))));
    }
    Ok(Some((access.blocked(&rights, jiff::Timestamp::now()), access.count(&rights))))
}

async fn by_login(client: &Client, login: &Secret<String>) -> Result<Found, kisi::Error> {
    let doors = client.bars(login).await?;
    if doors.is_empty() {
        return Ok(Some((vec![of_person(Bar::NoRights)], 0)));
    }
    Ok(Some((doors.iter().flat_map(of_door).collect(), doors.len())))
}
