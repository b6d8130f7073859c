//! `vestibule doctor`: what is well here, what is not, and what to do about it.

mod doors;
mod network;

use std::{env, path::Path, time::Duration};

use serde_json::json;
use vestibule::{
    chain::Chain,
    config::{Badges, Config},
    directory::{Cost, Directory, ErrandKind, KeyPlace, Odds, Standing},
    enrol::check::{self, Checked},
    kisi::Client,
    room,
    secret::Secret,
    wiring,
};

use super::{Site, report::say, runtime};
use crate::Failure;

/// More people than this want longer PINs (R3).
const MANY: u32 = 50;
/// How long those are.
const LONG_PIN: usize = 8;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    /// It works, but somebody should know.
    Warning,
    Unwell,
}

struct Finding {
    about: &'static str,
    health: Health,
    text: String,
}

fn finding(about: &'static str, health: Health, text: impl Into<String>) -> Finding {
    Finding { about, health, text: text.into() }
}

impl Site {
    pub(crate) fn doctor(&self, json: bool) -> Result<(), Failure> {
        let config = self.config()?;
        let directory = self.directory()?;
        let odds = wiring::odds(&config, directory.pins().map_err(Failure::Directory)?);
        let mut findings =
            vec![key(directory.key_place()), pins(&config, &odds), hash(directory.cost()), badges(&config)];
        findings.push(audit_log(&directory)?);
        findings.push(disk(directory.folder()));
        findings.extend(errands(&directory)?);
        let runtime = runtime()?;
        let client = Client::new(&wiring::client(&config)).map_err(Failure::Client)?;
        findings.extend(runtime.block_on(network::network(&config, &client)));
        let admin = env::var("VESTIBULE_ADMIN_KEY").ok().filter(|key| !key.is_empty()).map(Secret::new);
        // Without a way to Kisi nothing can be said of logins and doors, and each would take its time to fail.
        let is_reached = findings.iter().any(|finding| finding.about == "HTTP" && finding.health == Health::Well);
        let mut table = doors::Table::default();
        if is_reached {
            findings.extend(runtime.block_on(logins(&client, &directory, admin.as_ref()))?);
            table = runtime.block_on(doors::Table::read(&client, &directory, admin.as_ref()))?;
            findings.extend(table.findings());
        }
        findings.extend(client.announced().into_iter().map(|text| finding("API", Health::Warning, text)));
        for finding in &findings {
            report(finding, json)?;
        }
        table.print(json)?;
        chances(&odds, json)?;
        if findings.iter().any(|finding| finding.health == Health::Unwell) { Err(Failure::Unwell) } else { Ok(()) }
    }
}

fn audit_log(directory: &Directory) -> Result<Finding, Failure> {
    let log = wiring::log(directory).map_err(Failure::Audit)?;
    let verdict = log.verify(None, &[]).map_err(Failure::Audit)?;
    Ok(match &verdict.finding {
        None => finding("audit log", Health::Well, format!("{} records, all as they were written", verdict.records)),
        Some(found) => finding("audit log", Health::Unwell, found.to_string()),
    })
}

/// The log must be written before a door opens: a full disk opens none (F39).
fn disk(folder: &Path) -> Finding {
    match room::used(folder) {
        Err(error) => finding("disk", Health::Warning, format!("cannot be asked: {error}")),
        Ok(used) if used < room::FULL => finding("disk", Health::Well, format!("{used} % used")),
        Ok(used) => finding("disk", Health::Unwell, format!("{used} % used: full, no door opens. Make room")),
    }
}

fn report(Finding { about, health, text }: &Finding, json: bool) -> Result<(), Failure> {
    let health = match health {
        Health::Well => "ok",
        Health::Warning => "warning",
        Health::Unwell => "BAD",
    };
    if json {
        return say(&json!({"about": about, "health": health.to_lowercase(), "text": text}).to_string());
    }
    say(&format!("{health:<8} {about:<12} {text}"))
}

/// Where the device key lies, and how strong that is.
fn key(place: &KeyPlace) -> Finding {
    match place {
        KeyPlace::Credential(_) => finding(
            "device key",
            Health::Well,
            "a systemd credential. `systemd-creds list` says `secure` where a TPM or the host's key protects it",
        ),
        KeyPlace::File(file) => finding(
            "device key",
            Health::Warning,
            format!(
                "the file {}: a stolen disk opens every login that a badge opens. Use a systemd credential, then `vestibule rekey`",
                file.display()
            ),
        ),
    }
}

fn pins(config: &Config, odds: &Odds) -> Finding {
    let Odds { digits, people, .. } = odds;
    let text = format!("{people} people with PINs of {digits} digits");
    if !config.sign_in.pin {
        return finding("PINs", Health::Well, "no PIN signs in alone");
    }
    if !odds.are_good() {
        let needed = odds.digits_needed();
        return finding("PINs", Health::Unwell, format!("{text}: too short, the kiosk does not start. Use {needed}"));
    }
    if MANY < *people && *digits < LONG_PIN {
        return finding("PINs", Health::Warning, format!("{text}: use {LONG_PIN} digits, or badge with PIN"));
    }
    finding("PINs", Health::Well, text)
}

/// What a guess costs somebody who has the data key.
fn hash(Cost { memory_kib, passes, lanes }: Cost) -> Finding {
    let text =
        format!("Argon2id, {} MiB, {passes} passes, {lanes} lanes, as measured on this machine", memory_kib / 1024);
    finding("PIN hash", Health::Well, text)
}

fn badges(config: &Config) -> Finding {
    match config.sign_in.badge {
        Badges::Alone => finding(
            "badges",
            Health::Warning,
            "a badge alone signs in: a convenience, clonable. sign_in.badge = \"with-pin\" asks for the PIN too",
        ),
        Badges::WithPin => finding("badges", Health::Well, "a badge needs its PIN"),
        Badges::Off => finding("badges", Health::Well, "no badge signs in"),
    }
}

/// The chance that guessing hits anybody.
fn chances(odds: &Odds, json: bool) -> Result<(), Failure> {
    let one_person = Odds { people: 1, guesses: 10, refill: Duration::from_mins(10), ..*odds };
    for (how, odds) in [("PIN alone, anybody", *odds), ("badge with PIN, one person", one_person)] {
        let hours = |hours: u64| odds.chance(odds.guesses_in(Duration::from_hours(hours)));
        let (one, hour, day, year) = (odds.chance(1.0), hours(1), hours(24), hours(365 * 24));
        if json {
            say(&json!({"odds": how, "guess": one, "hour": hour, "day": day, "year": year}).to_string())?;
        } else {
            let percent = |chance: f64| format!("{:.5} %", 100.0 * chance);
            say(&format!(
                "odds     {how}: one guess {}, an hour {}, a day {}, a year {}",
                percent(one),
                percent(hour),
                percent(day),
                percent(year)
            ))?;
        }
    }
    Ok(())
}

fn errands(directory: &Directory) -> Result<Vec<Finding>, Failure> {
    let errands = directory.errands().map_err(Failure::Directory)?;
    if errands.is_empty() {
        return Ok(vec![finding("at Kisi", Health::Well, "nothing is left to be done")]);
    }
    let text = |errand: &vestibule::directory::Errand| match errand.kind {
        ErrandKind::Delete(login) => format!("login {login} of {} must still be deleted", errand.email),
        ErrandKind::Make => format!("a login of {} may have been made that nobody can use", errand.email),
    };
    let next = "the next `vestibule staff` command with the admin key does it";
    Ok(errands.iter().map(|errand| finding("at Kisi", Health::Warning, format!("{}: {next}", text(errand)))).collect())
}

/// Every login: by the admin's list if the key is at hand, else each with its own, where a badge opens it.
async fn logins(
    client: &Client,
    directory: &Directory,
    admin: Option<&Secret<String>>,
) -> Result<Vec<Finding>, Failure> {
    let people = directory.list().map_err(Failure::Directory)?;
    let mut findings = Vec::new();
    let (mut well, mut unchecked) = (0_usize, 0_usize);
    for person in &people {
        if person.standing == Standing::Suspended {
            findings.push(finding("suspended", Health::Well, person.email.clone()));
        }
        match check::login(client, directory, person, admin).await {
            Ok(Checked::Works) => well += 1,
            Ok(Checked::NeedsAdmin) => unchecked += 1,
            Ok(Checked::Dead) => {
                let text = format!("{0}: Kisi does not know it any more. `vestibule staff renew {0}`", person.email);
                findings.push(finding("login", Health::Unwell, text));
            }
            Err(error) => {
                findings.push(finding("login", Health::Unwell, format!("{}: {}", person.email, Chain(&*error))));
            }
        }
    }
    let text = format!("{well} of {} work", people.len());
    findings.push(finding("logins", Health::Well, text));
    if 0 < unchecked {
        let text = format!("{unchecked} open with their PIN only: set VESTIBULE_ADMIN_KEY to check them");
        findings.push(finding("logins", Health::Warning, text));
    }
    Ok(findings)
}
