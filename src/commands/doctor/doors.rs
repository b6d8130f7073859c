//! Lists every door that this kiosk can never open for a person, why, and where to change it. Also compares the requests of
//! a visit with Kisi's rate limit.

use std::{collections::BTreeMap, path::Path};

use serde_json::json;
use vestibule::{
    config::Config,
    door::{Door, DoorId, DoorState},
    enrol::access::{Access, Blocked, of_door, of_person},
    error_chain::Chain,
    kisi::{self, Client, PAGE, REQUESTS_PER_SECOND as LIMIT, RestrictedDoor, Restriction},
    screen::fonts,
    secret::Secret,
    store::{
        directory::{Directory, Person, Standing},
        door_memory::{DoorMemory, Unmatched},
    },
    wiring,
};

use super::{Failure, Finding, Output, Severity, beacons, count, finding, say};

/// Requests of a visit besides the list of doors: the list of places, and the unlock.
const BESIDES: usize = 2;
/// Characters that a finding about a name lists at most.
const CODES: usize = 8;

/// The result of checking everybody's doors.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<(String, Blocked)>,
    /// The largest number of doors of one person.
    doors: usize,
    /// Number of people whose login only a PIN opens, so that it cannot be used here.
    unchecked: usize,
    failures: Vec<Finding>,
    /// Every door that could be read, by id.
    seen: BTreeMap<DoorId, Door>,
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
        if let Some((access, _)) = &access {
            table.see(access.doors());
        }
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
                Ok(Some(Doors { blocked, count, is_complete, listed })) => {
                    table.see(&listed);
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

    fn see(&mut self, doors: &[RestrictedDoor]) {
        self.seen.extend(doors.iter().map(|door| {
            let (name, kisi_name) = (door.name.clone(), door.name.clone());
            let door = Door { id: door.id, name, kisi_name, place: None, state: DoorState::Ready, allowance: None };
            (door.id, door)
        }));
    }

    /// Every door that could be read.
    pub(super) fn doors(&self) -> impl Iterator<Item = DoorId> {
        self.seen.keys().copied()
    }

    /// Which readers are heard, and what difference that makes.
    pub(super) fn readers(&mut self, heard: &beacons::Heard, is_read: bool) -> Vec<Finding> {
        let knows_all = is_read && self.unchecked == 0 && self.failures.is_empty();
        beacons::findings(heard, &mut self.rows, &self.seen, knows_all)
    }

    /// One finding per rule in `kiosk.toml` that matches no door, or that depends on the order of equal names.
    pub(super) fn rules(&self, config: &Config, folder: &Path) -> Vec<Finding> {
        let rules = wiring::all_door_rules(config);
        if self.seen.is_empty() || rules.is_empty() {
            return Vec::new();
        }
        let doors: Vec<Door> = self.seen.values().cloned().collect();
        let memory = match DoorMemory::open(folder) {
            Ok(mut memory) => memory.note(&rules, &doors).map(|()| memory),
            Err(error) => Err(error),
        };
        let memory = match memory {
            Ok(memory) => memory,
            Err(error) => {
                return vec![finding("door rules", Severity::Warning, format!("cannot be remembered: {error}"))];
            }
        };
        let unmatched = memory.unmatched(&rules, &doors);
        if unmatched.is_empty() {
            return vec![finding("door rules", Severity::Well, "every rule for a door matches")];
        }
        let ids = |doors: &[(DoorId, String)]| {
            let ids: Vec<String> = doors.iter().map(|(id, name)| format!("id:{} ({name})", id.get())).collect();
            ids.join(", ")
        };
        let said = |Unmatched { rule, renamed, similar }: &Unmatched| {
            if !renamed.is_empty() {
                let text = format!(
                    "\"{rule}\" was renamed at Kisi, so the rule does not mean this door now: write {}",
                    ids(renamed)
                );
                return finding("door rules", Severity::Unwell, text);
            }
            let text = if !similar.is_empty() {
                format!("\"{rule}\" matches no door: perhaps {}", ids(similar))
            } else if let Some(numbered) = self.numbered(rule) {
                format!("\"{rule}\" depends on the order of equal names: write {}", ids(&numbered))
            } else {
                format!("\"{rule}\" matches none of {} that could be read", count(doors.len(), "door", "doors"))
            };
            // The door may be one of a person whose login only a PIN opens.
            finding("door rules", if self.unchecked == 0 { Severity::Unwell } else { Severity::Warning }, text)
        };
        unmatched.iter().map(said).collect()
    }

    /// One finding per door whose name no font of this machine draws.
    pub(super) fn names(&self) -> Vec<Finding> {
        let missing = |door: &Door| {
            let parts = fonts::undrawable(&door.name);
            let codes: Vec<String> =
                parts.concat().chars().map(|c| format!("U+{:04X}", u32::from(c))).take(CODES).collect();
            (!codes.is_empty()).then(|| {
                let (id, name) = (door.id.get(), &door.name);
                let text = format!(
                    "door {id} \"{name}\" has letters that no font here draws ({}): its tile shows a number. Run `apt \
                     install {}`, or change the name at Kisi",
                    codes.join(" "),
                    fonts::PACKAGES
                );
                finding("names", Severity::Warning, text)
            })
        };
        self.seen.values().filter_map(missing).collect()
    }

    /// The doors of the name before a number that tells equal names apart, such as `Vault (2)`.
    fn numbered(&self, rule: &str) -> Option<Vec<(DoorId, String)>> {
        let (name, number) = rule.strip_suffix(')')?.rsplit_once(" (")?;
        let _: u32 = number.parse().ok()?;
        let doors: Vec<_> = self.seen.values().filter(|door| door.kisi_name == name).collect();
        (1 < doors.len()).then(|| doors.into_iter().map(|door| (door.id, door.name.clone())).collect())
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
    /// The doors as the person's login lists them. Empty with the admin key, which lists all doors at once.
    listed: Vec<RestrictedDoor>,
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
    let (count, is_complete) = (access.count(&rights), access.has_all_doors);
    Ok(Some(Doors { blocked, count, is_complete, listed: Vec::new() }))
}

async fn by_login(client: &Client, login: &Secret<String>) -> Result<Option<Doors>, kisi::Error> {
    let (doors, is_complete) = client.restrictions(login).await?;
    if doors.is_empty() {
        let blocked = vec![of_person(Restriction::NoRights)];
        return Ok(Some(Doors { blocked, is_complete, ..Doors::default() }));
    }
    let blocked = doors.iter().flat_map(of_door).collect();
    Ok(Some(Doors { blocked, count: doors.len(), is_complete, listed: doors }))
}
