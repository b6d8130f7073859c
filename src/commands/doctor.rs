//! `vestibule doctor`: checks everything, and says for each problem what to do.

mod beacons;
mod credential;
mod doors;
mod fleet;
mod machine;
mod network;

use std::{path::Path, time::Duration};

use serde_json::json;
use vestibule::{
    config::{Badges, Config},
    enrol::check::{self, Checked},
    error_chain::Chain,
    kisi::Client,
    platform::disk_space,
    readers::{self, Device},
    secret::Secret,
    store::directory::{BadgeOdds, Cost, Directory, KeyPlace, Odds, OutboxKind, Spray, Standing},
    wiring,
};

use super::{
    Output, Site,
    ask::given_admin_key,
    failure::{CommandError, Failure},
    report::{count, outdated_text, records, say},
    runtime::Runtime,
};

/// The output names the failed checks.
#[derive(Debug, thiserror::Error)]
#[error("some checks failed: see the output")]
struct ChecksFailed;

impl CommandError for ChecksFailed {}

/// With more people than this, PINs should be longer (R3).
const MANY: u32 = 50;
/// Recommended number of PIN digits for more than [`MANY`] people (R3).
const LONG_PIN: usize = 8;

/// Result of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Well,
    /// Works, but needs attention. Does not change the exit code.
    Warning,
    Unwell,
}

struct Finding {
    about: &'static str,
    health: Severity,
    text: String,
}

fn finding(about: &'static str, health: Severity, text: impl Into<String>) -> Finding {
    Finding { about, health, text: text.into() }
}

impl Site {
    pub(crate) fn doctor(&self, output: Output) -> Result<(), Failure> {
        let config = self.config()?;
        let directory = self.directory()?;
        let is_fleet = self.people.is_set();
        let guessing = Guessing::of(&config, &directory)?;
        let guessing = if is_fleet { fleet::guessing(self, guessing)? } else { guessing };
        let mut findings = vec![
            key(directory.key_place()),
            pins(&config, &guessing.pins),
            hash(directory.cost()),
            badges(&config, guessing.badges),
        ];
        if is_fleet {
            findings.extend(fleet::findings(self)?);
        } else {
            findings.push(stolen_disk(&config, directory.key_place(), &guessing.pins));
        }
        let outdated = directory.outdated()?;
        if !outdated.is_empty() {
            findings.push(finding("data key", Severity::Warning, outdated_text(outdated)));
        }
        findings.push(audit_log(&directory)?);
        findings.extend(logo(&config));
        findings.push(disk(directory.folder()));
        let runtime = Runtime::new()?;
        if !is_fleet {
            findings.extend(machine::machine(&config, directory.folder()));
            findings.extend(readers(&config, directory.folder()));
            findings.extend(runtime.wait(fleet::of_this_kiosk(&config, &directory))??);
        }
        findings.extend(outbox(&directory)?);
        let client = Client::new(&wiring::client(&config)).map_err(Failure::client)?;
        findings.extend(runtime.wait(network::network(&config, &client))?);
        let admin = given_admin_key()?;
        // Skip logins and doors if Kisi cannot be reached: each request would wait for its timeout.
        let is_reached = findings.iter().any(|finding| finding.about == "HTTP" && finding.health == Severity::Well);
        let mut table = doors::Table::default();
        if is_reached {
            findings.extend(runtime.wait(logins(&client, &directory, admin.as_ref()))??);
            table = runtime.wait(doors::Table::read(&client, &directory, admin.as_ref()))??;
        }
        if !is_fleet && let Some(heard) = runtime.wait(beacons::listen(&config, table.doors()))? {
            findings.extend(table.readers(&heard, is_reached));
        }
        if is_reached {
            findings.extend(table.findings());
            findings.extend(table.rules(&config, directory.folder()));
            findings.extend(table.names());
        }
        findings.extend(client.announced().into_iter().map(|text| finding("API", Severity::Warning, text)));
        for finding in &findings {
            report(finding, output)?;
        }
        table.print(output)?;
        guessing.print(output)?;
        if findings.iter().any(|finding| finding.health == Severity::Unwell) {
            Err(ChecksFailed.into())
        } else {
            Ok(())
        }
    }
}

/// Says when the logo cannot be shown.
fn logo(config: &Config) -> Option<Finding> {
    let error = wiring::logo(config).err()?;
    Some(finding("logo", Severity::Unwell, format!("`kiosk.logo` cannot be shown: {}", Chain(&error))))
}

fn audit_log(directory: &Directory) -> Result<Finding, Failure> {
    let log = match wiring::log(directory) {
        Ok(log) => log,
        Err(error) => return Ok(finding("audit log", Severity::Unwell, Chain(&error).to_string())),
    };
    let verdict = log.verify(None, &[])?;
    Ok(match &verdict.finding {
        None if !verdict.signatures && verdict.signed_from.is_some() => finding(
            "audit log",
            Severity::Well,
            format!(
                "{} records; signatures were checked from record {} on: earlier records came with a backup",
                verdict.records,
                verdict.signed_from.unwrap_or_default()
            ),
        ),
        None if !verdict.signatures => finding(
            "audit log",
            Severity::Warning,
            format!(
                "{} records; the hashes agree, signatures were not checked because `take-key` removed the first key: run \
                 `vestibule audit verify --first-key FILE`",
                verdict.records
            ),
        ),
        None => finding("audit log", Severity::Well, format!("{}, none changed or missing", records(verdict.records))),
        Some(found) => finding("audit log", Severity::Unwell, found.to_string()),
    })
}

/// How full the disk is. On a full disk no audit record can be written, so no door opens (F39).
fn disk(folder: &Path) -> Finding {
    match disk_space::used(folder) {
        Err(error) => finding("disk", Severity::Warning, format!("the usage cannot be read: {error}")),
        Ok(used) if used < disk_space::FULL => finding("disk", Severity::Well, format!("{used} % used")),
        Ok(used) => finding("disk", Severity::Unwell, format!("{used} % used: once full, no door opens. Free space")),
    }
}

/// The readers with a wire of their own, and what reads badges where there is none.
fn readers(config: &Config, folder: &Path) -> Vec<Finding> {
    let devices = wiring::devices(config, folder);
    if devices.is_empty() && config.sign_in.badge != Badges::Off {
        let text = "badges come from any keyboard: whoever plugs one in can type badge numbers. [[reader]] names the \
                    reader by its device";
        return vec![finding("reader", Severity::Warning, text)];
    }
    let of = |device: &Device| match readers::check(device) {
        Ok(()) => finding("reader", Severity::Well, format!("{device}: {}", device.protection())),
        Err(why) => finding("reader", Severity::Unwell, format!("{device}: {why}")),
    };
    devices.iter().map(of).collect()
}

fn report(Finding { about, health, text }: &Finding, output: Output) -> Result<(), Failure> {
    let health = match health {
        Severity::Well => "ok",
        Severity::Warning => "warning",
        Severity::Unwell => "BAD",
    };
    if output == Output::Json {
        return say(&json!({"about": about, "health": health.to_lowercase(), "text": text}).to_string());
    }
    say(&format!("{health:<8} {about:<12} {text}"))
}

/// Where the device key is stored, and how well that protects it.
fn key(place: &KeyPlace) -> Finding {
    match place {
        KeyPlace::Credential(file) => credential::finding_of(file),
        KeyPlace::File(file) => finding(
            "device key",
            Severity::Warning,
            format!(
                "the file {}: a stolen disk includes it. Create a systemd credential, then run `vestibule rekey`",
                file.display()
            ),
        ),
    }
}

fn pins(config: &Config, odds: &Odds) -> Finding {
    let Odds { digits, people, .. } = odds;
    let people_with =
        if *people == 1 { "1 person with a PIN".to_owned() } else { format!("{people} people with PINs") };
    let text = format!("{people_with} of {digits} digits");
    if !config.sign_in.pin {
        return finding("PINs", Severity::Well, "a PIN alone does not sign in");
    }
    if !odds.are_good() {
        let needed = odds.digits_needed();
        return finding("PINs", Severity::Unwell, format!("{text}: too short, the kiosk does not start. Use {needed}"));
    }
    if MANY < *people && *digits < LONG_PIN {
        return finding("PINs", Severity::Warning, format!("{text}: use {LONG_PIN} digits, or badges with PIN"));
    }
    finding("PINs", Severity::Well, text)
}

/// The cost of one PIN guess for somebody who has the data key.
fn hash(Cost { memory_kib, passes, lanes }: Cost) -> Finding {
    let text =
        format!("Argon2id, {} MiB, {passes} passes, {lanes} lanes, as measured on this machine", memory_kib / 1024);
    finding("PIN hash", Severity::Well, text)
}

fn badges(config: &Config, odds: Option<BadgeOdds>) -> Finding {
    match config.sign_in.badge {
        Badges::Alone => {
            let text =
                "a badge alone signs in: convenient, but clonable. sign_in.badge = \"with-pin\" also asks for the PIN";
            let Some(odds) = odds else { return finding("badges", Severity::Warning, text) };
            let (badges, possible) = (odds.badges, odds.possible());
            if !odds.are_good() {
                let text = format!(
                    "{badges} badges of {possible} numbers (badge.numbers): too few, the kiosk does not start. {text}"
                );
                return finding("badges", Severity::Unwell, text);
            }
            if odds.most_badges() < badges {
                let text = format!(
                    "{badges} badges, and badge.numbers does not say how many numbers there are: with 26-bit cards \
                     ({possible} numbers), more than {} badges are easy to guess. {text}",
                    odds.most_badges()
                );
                return finding("badges", Severity::Warning, text);
            }
            finding("badges", Severity::Warning, text)
        }
        Badges::WithPin => finding("badges", Severity::Well, "a badge signs in only with its PIN"),
        Badges::Off => finding("badges", Severity::Well, "badges are off"),
    }
}

/// What a thief can recover who has the disk and the device key: a key file on the disk, or a machine that unseals the
/// credential.
fn stolen_disk(config: &Config, place: &KeyPlace, odds: &Odds) -> Finding {
    let has_key = match place {
        KeyPlace::File(_) => "this disk",
        KeyPlace::Credential(_) => "this disk and the key that seals its credential",
    };
    // A guess takes a quarter of a second on one core (R9).
    let hours = odds.possible() * 0.25 / 3_600.0;
    let badges =
        if config.sign_in.badge == Badges::Alone { "has at once every login that a badge opens, " } else { "" };
    let text = format!(
        "a thief with {has_key} {badges}finds 26-bit badge numbers within seconds and all PINs of {} digits within about \
         {hours:.0} core-hours. After a theft, revoke the logins and replace cards and PINs",
        odds.digits
    );
    finding("theft", Severity::Warning, text)
}

/// The odds of guessing at this kiosk: PINs, badge numbers, and one PIN at many badges.
struct Guessing {
    pins: Odds,
    badges: Option<BadgeOdds>,
    spray: Spray,
}

impl Guessing {
    fn of(config: &Config, directory: &Directory) -> Result<Self, Failure> {
        let badges = directory.badges()?;
        Ok(Self {
            pins: wiring::odds(config, directory.pins()?),
            badges: wiring::badge_odds(config, badges),
            spray: wiring::spray(config, badges),
        })
    }

    /// Prints the chance that guessing finds anybody: with one guess, and when guessing for an hour, a day and a year.
    fn print(&self, output: Output) -> Result<(), Failure> {
        let pin = |odds: &Odds, hours| odds.chance(odds.guesses_in(Duration::from_hours(hours)));
        chances("PIN alone, anybody", self.pins.chance(1.0), |hours| pin(&self.pins, hours), output)?;
        let one_person = Odds { people: 1, guesses: 10, refill: Duration::from_mins(10), ..self.pins };
        chances("badge with PIN, one person", one_person.chance(1.0), |hours| pin(&one_person, hours), output)?;
        let spray = self.spray;
        let badges = |number: u32| if number == 1 { "1 badge".to_owned() } else { format!("{number} badges") };
        let how = format!("one PIN at each known badge, {}", badges(spray.badges));
        chances(&how, spray.chance(1.0), |hours| spray.chance_in(Duration::from_hours(hours)), output)?;
        let Some(odds) = self.badges else { return Ok(()) };
        let assumed = if odds.numbers.is_none() { " (assumed)" } else { "" };
        let how = format!("badge alone, {} of {} numbers{assumed}", badges(odds.badges), odds.possible());
        chances(&how, odds.chance(1.0), |hours| odds.chance_in(Duration::from_hours(hours)), output)
    }
}

fn chances(how: &str, one: f64, in_hours: impl Fn(u64) -> f64, output: Output) -> Result<(), Failure> {
    let (hour, day, year) = (in_hours(1), in_hours(24), in_hours(365 * 24));
    if output == Output::Json {
        return say(&json!({"odds": how, "guess": one, "hour": hour, "day": day, "year": year}).to_string());
    }
    let percent = |chance: f64| format!("{:.5} %", 100.0 * chance);
    say(&format!(
        "odds     {how}: one guess {}, an hour {}, a day {}, a year {}",
        percent(one),
        percent(hour),
        percent(day),
        percent(year)
    ))
}

fn outbox(directory: &Directory) -> Result<Vec<Finding>, Failure> {
    let entries = directory.outbox().entries()?;
    if entries.is_empty() {
        return Ok(vec![finding("at Kisi", Severity::Well, "no unfinished work")]);
    }
    let text = |entry: &vestibule::store::directory::OutboxEntry| match entry.kind {
        OutboxKind::Delete(login) => format!("login {login} of {} must still be deleted", entry.email),
        OutboxKind::Make => format!("a login of {} that nobody can use may exist", entry.email),
    };
    let next = "the next `vestibule staff` command with the admin key deletes it";
    Ok(entries.iter().map(|entry| finding("at Kisi", Severity::Warning, format!("{}: {next}", text(entry)))).collect())
}

/// Checks every login: with the admin key if it is given, otherwise with the login itself, if a badge opens it.
async fn logins(
    client: &Client,
    directory: &Directory,
    admin: Option<&Secret<String>>,
) -> Result<Vec<Finding>, Failure> {
    let people = directory.list()?;
    let mut findings = Vec::new();
    let (mut well, mut unchecked) = (0_usize, 0_usize);
    for person in &people {
        if person.standing == Standing::Suspended {
            findings.push(finding("suspended", Severity::Well, person.email.clone()));
        }
        match check::login(client, directory, person, admin).await {
            Ok(Checked::Works) => well += 1,
            Ok(Checked::NeedsAdmin) => unchecked += 1,
            Ok(Checked::Dead) => {
                let text = format!("{0}: deleted or expired at Kisi. Run `vestibule staff renew {0}`", person.email);
                findings.push(finding("login", Severity::Unwell, text));
            }
            Err(error) => {
                findings.push(finding("login", Severity::Unwell, format!("{}: {}", person.email, Chain(&*error))));
            }
        }
    }
    let checked = people.len() - unchecked;
    let works = if checked == 0 { String::new() } else { format!(", {well} of them work") };
    let text = format!("{checked} of {} checked{works}", people.len());
    findings.push(finding("logins", Severity::Well, text));
    if 0 < unchecked {
        let text = format!("{unchecked} not checked, since only a PIN opens them: set VESTIBULE_ADMIN_KEY");
        findings.push(finding("logins", Severity::Warning, text));
    }
    Ok(findings)
}
