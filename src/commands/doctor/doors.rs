//! Lists every door that this kiosk can never open for a person, why, and where to change it. Also compares the requests of
//! a visit with Kisi's rate limit.

use serde_json::json;
use vestibule::{
    enrol::access::{Access, Blocked, of_door, of_person},
    error_chain::Chain,
    kisi::{self, Client, PAGE, REQUESTS_PER_SECOND as LIMIT, Restriction},
    secret::Secret,
    store::directory::{Directory, Person, Standing},
};

use super::{Failure, Finding, Output, Severity, finding, say};

/// Requests of a visit besides the list of doors: the list of places, and the unlock.
const BESIDES: usize = 2;
/// The result of checking everybody's doors.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<(String, Blocked)>,
    /// The largest number of doors of one person.
    doors: usize,
    /// Number of people whose login only a PIN opens, so that it cannot be used here.
    unchecked: usize,
    failures: Vec<Finding>,
}

impl Table {
    /// Checks everybody's doors: with the admin key through groups and rights, otherwise with each login that a badge opens,
    /// which does not show groups.
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
                    table.failures.push(finding("doors", Severity::Unwell, format!("groups: {}", Chain(&error))));
                    return Ok(table);
                }
            },
        };
        for person in directory.list()? {
            if person.standing == Standing::Suspended {
                continue;
            }
            let found = match &access {
                Some((access, admin)) => by_groups(client, access, admin, &person).await,
                None => match directory.login_by_badge(person.id)? {
                    Some(found) => by_login(client, &found.login).await,
                    None => Ok(None),
                },
            };
            match found {
                Ok(Some(Doors { blocked, count, is_complete })) => {
                    table.doors = table.doors.max(count);
                    if !is_complete && 0 < count {
                        let text =
                            format!("{}: not all doors can be shown, Kisi's list has no clear end", person.email);
                        table.failures.push(finding("doors", Severity::Warning, text));
                    }
                    table.rows.extend(blocked.into_iter().map(|blocked| (person.email.clone(), blocked)));
                }
                Ok(None) => table.unchecked += 1,
                // The check of logins has already reported a deleted login.
                Err(error) if error.is_dead_login() => {}
                Err(error) => {
                    let text = format!("{}: {}", person.email, Chain(&error));
                    table.failures.push(finding("doors", Severity::Unwell, text));
                }
            }
        }
        Ok(table)
    }

    /// Prints one line per person and door.
    pub(super) fn print(&self, output: Output) -> Result<(), Failure> {
        let width = |text: fn(&(String, Blocked)) -> &str| {
            self.rows.iter().map(|row| text(row).chars().count()).max().unwrap_or_default()
        };
        let (people, doors) = (width(|row| &row.0), width(|row| &row.1.door));
        for (person, blocked) in &self.rows {
            let (door, why, at) = (&blocked.door, blocked.why(), blocked.place_to_change());
            if output == Output::Json {
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
                format!("{} not checked, since only a PIN opens their login: set VESTIBULE_ADMIN_KEY", self.unchecked);
            findings.push(finding("doors", Severity::Warning, text));
        }
        let requests = self.doors.div_ceil(PAGE).max(1) + BESIDES;
        let text = format!(
            "{requests} requests for a visit with {} doors and one unlock, of {LIMIT} a second that Kisi allows one person",
            self.doors
        );
        let health = if requests <= LIMIT { Severity::Well } else { Severity::Warning };
        findings.push(finding("rate limit", health, text));
        findings
    }
}

/// The doors of one person.
#[derive(Default)]
struct Doors {
    blocked: Vec<Blocked>,
    count: usize,
    /// Whether Kisi's list could be read to its end.
    is_complete: bool,
}

async fn by_groups(
    client: &Client,
    access: &Access,
    admin: &Secret<String>,
    person: &Person,
) -> Result<Option<Doors>, kisi::Error> {
    // Kisi does not know this person: the check of logins has reported that.
    let Some(user) = client.user(admin, &person.email).await? else { return Ok(Some(Doors::default())) };
    let rights = client.rights_of(admin, user.id).await?;
    let blocked = if user.is_enabled {
        access.blocked(&rights, jiff::Timestamp::now())
    } else {
        vec![of_person(Restriction::SwitchedOff)]
    };
    Ok(Some(Doors { blocked, count: access.count(&rights), is_complete: access.has_all_doors }))
}

async fn by_login(client: &Client, login: &Secret<String>) -> Result<Option<Doors>, kisi::Error> {
    let (doors, is_complete) = client.restrictions(login).await?;
    if doors.is_empty() {
        let blocked = vec![of_person(Restriction::NoRights)];
        return Ok(Some(Doors { blocked, count: 0, is_complete }));
    }
    let blocked = doors.iter().flat_map(of_door).collect();
    Ok(Some(Doors { blocked, count: doors.len(), is_complete }))
}
