//! Turns the configuration into the settings of the session, the agent, the client, enrollment and the window.

mod appearance;
mod doors;
mod error;
mod fleet;
mod guessing;
mod readers;

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use self::{
    appearance::{BadLogo, colors, labels, logo, window},
    doors::all_door_rules,
    error::Error,
    fleet::{cost, enter_fleet, fleet_access},
    guessing::{badge_odds, measured_cost, odds, spray},
    readers::{devices, nearby, osdp_keys, readers},
};
use self::{
    doors::{door_rules, unlock_limits},
    guessing::badge_budget,
};
use crate::{
    agent,
    app::Start,
    config::{self, Config},
    door::PlaceId,
    enrol::{Enroller, PinPrinter},
    hex,
    kisi::{self, Client, Roots},
    screen::sign_in::Labels,
    secret::Secret,
    session::{
        budget::BudgetRules,
        rules::{BadgePolicy, KeyboardPolicy, ReaderRules, Rules, ScanEnd, SignInRules},
    },
    status::Status,
    store::audit::{self, Action, Log, Record, UnlockOutcome},
    store::directory::{Directory, KeyPlace},
};

/// Maximum length of a session at a reception desk. Our choice.
const SHIFT: Duration = Duration::from_hours(12);

/// Starts an agent on a directory, without a health endpoint. Returns what the window needs.
///
/// # Errors
///
/// Any.
pub fn start(config: &Config, directory: Directory, client: Client) -> Result<Start, Error> {
    start_with(config, directory, client, &Status::default())
}

/// As `start`, with a status for the health endpoint.
///
/// # Errors
///
/// Any.
pub fn start_with(config: &Config, mut directory: Directory, client: Client, status: &Status) -> Result<Start, Error> {
    let face = Appearance::of(config, &directory, &client)?;
    // All checks have passed. From here on, files are written.
    forget_badge_copies(config, &mut directory)?;
    let again = again(config, &directory, face.client, status.clone());
    let log = begin_log(config, &directory)?;
    let parts = agent(config, directory, log, client)?;
    let agent = agent::start(agent::Parts { status: status.clone(), ..parts }, again).map_err(Error::Thread)?;
    announce(config, status, face.guesses_left);
    Ok(Start::Working { rules: Box::new(rules(config)), labels: face.labels, agent, guesses_left: face.guesses_left })
}

/// Prepares a kiosk that replaces a running one. Writes and changes nothing until [`agent::Handle::begin`].
///
/// # Errors
///
/// Any. The running kiosk keeps running.
pub fn prepare(config: &Config, directory: Directory, client: Client, status: &Status) -> Result<Start, Error> {
    let face = Appearance::of(config, &directory, &client)?;
    let mut again = again(config, &directory, face.client, status.clone());
    drop(directory);
    let (config, status) = (config.clone(), status.clone());
    let (said, rules, guesses_left) = (status.clone(), Box::new(rules(&config)), face.guesses_left);
    let make = move || {
        let parts = again()?;
        announce(&config, &said, guesses_left);
        Ok::<_, Error>(parts)
    };
    let agent = agent::prepare(status, make).map_err(Error::Thread)?;
    Ok(Start::Working { rules, labels: face.labels, agent, guesses_left })
}

/// The parts of a kiosk whose creation can fail. Creating them changes nothing.
struct Appearance {
    labels: Labels,
    guesses_left: u32,
    /// A separate client for agents that start later: it must not share connections, whose buffers keep logins.
    client: Client,
}

impl Appearance {
    fn of(config: &Config, directory: &Directory, client: &Client) -> Result<Self, Error> {
        let odds = odds(config, directory.pins().map_err(Error::Directory)?);
        if config.sign_in.pin && !odds.are_good() {
            return Err(Error::ShortPins { digits: odds.digits, people: odds.people, needed: odds.digits_needed() });
        }
        if let Some(odds) = badge_odds(config, directory.badges().map_err(Error::Directory)?)
            && !odds.are_good()
        {
            let (numbers, badges) = (odds.possible(), odds.badges);
            return Err(Error::FewBadgeNumbers { numbers, badges, needed: 1_000 * u64::from(badges) });
        }
        let labels = Labels { logo: logo(config).map_err(Error::Logo)?, ..labels(config) };
        let client = client.reconnected().map_err(Error::Client)?;
        let guesses_left = directory
            .counters()
            .guesses_left()
            .map_err(Error::Directory)?
            .unwrap_or(u32::MAX)
            .min(config.budget.guesses);
        let _ = writable_log(directory)?;
        Ok(Self { labels, guesses_left, client })
    }
}

/// Publishes the hash of the new configuration, and clears earlier errors from the status.
fn announce(config: &Config, status: &Status, guesses_left: u32) {
    let hash = hash(config);
    status.metrics().configured(&hash);
    status.metrics().guesses_left(guesses_left);
    status.change(|facts| {
        (facts.refused_config, facts.out_of_order, facts.config_hash) = (None, None, hash);
    });
}

/// Deletes the copies of logins that open without a PIN, unless `sign_in.badge` is "alone": with them, a stolen disk gives
/// these logins without guessing a PIN (R12).
fn forget_badge_copies(config: &Config, directory: &mut Directory) -> Result<(), Error> {
    if config.sign_in.badge == config::Badges::Alone {
        return Ok(());
    }
    let forgotten = directory.forget_badge_copies().map_err(Error::Directory)?;
    if 0 < forgotten {
        tracing::info!(
            forgotten,
            "copies of logins that open without a PIN were deleted: sign_in.badge is not \"alone\""
        );
    }
    Ok(())
}

/// Returns a function that makes the parts of an agent from the files: for a restart, and for a replacement.
fn again(
    config: &Config,
    directory: &Directory,
    client: Client,
    status: Status,
) -> impl FnMut() -> Result<agent::Parts, Error> + use<> {
    let (config, folder) = (config.clone(), directory.folder().to_owned());
    let credentials = match directory.key_place() {
        KeyPlace::Credential(file) => file.parent().map(Path::to_owned),
        KeyPlace::File(_) => None,
    };
    move || {
        let mut directory = Directory::open_existing(&folder, credentials.as_deref()).map_err(Error::Directory)?;
        forget_badge_copies(&config, &mut directory)?;
        let log = begin_log(&config, &directory)?;
        let parts = agent(&config, directory, log, client.clone())?;
        Ok(agent::Parts { status: status.clone(), ..parts })
    }
}

/// Opens the audit log of a directory, which is in the same database but has its own key. Creates it only if the directory
/// never had one: a log that is missing later was deleted.
///
/// # Errors
///
/// [`Error::Audit`] when it cannot be read or written, or is missing. [`Error::Directory`] when its creation cannot be
/// noted.
pub fn log(directory: &Directory) -> Result<Log, Error> {
    let (folder, keys) = (directory.folder(), directory.audit_key());
    if directory.has_log().map_err(Error::Directory)? {
        return Log::open_existing(folder, keys).map_err(Error::Audit);
    }
    let log = Log::open(folder, keys).map_err(Error::Audit)?;
    directory.note_log().map_err(Error::Directory)?;
    Ok(log)
}

/// Opens the audit log for writing, and refuses one that does not match its head: a new record would hide a rollback (C12).
///
/// # Errors
///
/// [`Error::Audit`] and [`Error::Rollback`].
pub fn writable_log(directory: &Directory) -> Result<Log, Error> {
    let log = log(directory)?;
    match log.check_head().map_err(Error::Audit)? {
        None => Ok(log),
        Some(finding) => Err(Error::Rollback(finding)),
    }
}

/// As `writable_log`, at the start of a kiosk. Also records what the last run left open, and deletes unused data keys.
///
/// # Errors
///
/// [`Error::Audit`] and [`Error::Rollback`].
pub fn begin_log(config: &Config, directory: &Directory) -> Result<Log, Error> {
    let mut log = writable_log(directory)?;
    directory.forget_unused_keys().map_err(Error::Directory)?;
    let now = Timestamp::now();
    let mut records = vec![Record::new(now, Action::Start, env!("CARGO_PKG_VERSION"))];
    // Record refusals that the last run had counted but not recorded.
    match log.pending() {
        Ok(None) => {}
        Ok(Some((about, count))) => records.insert(0, Record { count, ..Record::new(now, Action::Refusal, about) }),
        // The count is lost. Record the gap and start anyway.
        Err(audit::Error::Tampered) => {
            records.insert(0, Record::new(now, Action::Gap, "counted refusals cannot be read"));
        }
        Err(error) => return Err(Error::Audit(error)),
    }
    for intent in log.open_intents().map_err(Error::Audit)? {
        let Record { staff, person, door, door_name, .. } = intent.record;
        let unknown =
            Record::new(now, Action::Outcome, UnlockOutcome::UnknownAfterRestart.to_string()).by(staff, &person);
        records.push(Record { door, door_name, of: Some(intent.seq), ..unknown });
    }
    // Record a hash only: the configuration contains names of doors and places.
    let configuration = hash(config);
    let before = log.last(Action::Configuration).map_err(Error::Audit)?;
    if before.is_none_or(|before| before.about != configuration) {
        records.push(Record::new(now, Action::Configuration, configuration));
    }
    for record in &records {
        let _ = log.append(record).map_err(Error::Audit)?;
    }
    log.keep_pending(None).map_err(Error::Audit)?;
    Ok(log)
}

/// SHA-256 of a configuration in hexadecimal. Identifies it without revealing it.
fn hash(config: &Config) -> String {
    hex::encode(&Sha256::digest(format!("{config:?}"))).to_string()
}

/// The settings of the session.
pub fn rules(config: &Config) -> Rules {
    Rules {
        sign_in: SignInRules {
            pin: config.sign_in.pin,
            pin_digits: config.sign_in.pin_digits,
            badge: match config.sign_in.badge {
                config::Badges::Alone => BadgePolicy::Alone,
                config::Badges::WithPin => BadgePolicy::WithPin,
                config::Badges::Off => BadgePolicy::Off,
            },
            typed_badge: config.sign_in.typed_badge,
            profile: config.badge.profile.clone(),
        },
        reader: reader_rules(config),
        budget: BudgetRules {
            guesses: config.budget.guesses,
            refill: Duration::from_mins(config.budget.refill_minutes.into()),
        },
        idle: config.display.reception().unwrap_or(config.session.idle),
        warning: config.session.warning,
        // At a reception desk an unlock does not end the visit.
        after_unlock: config.display.reception().unwrap_or(config.session.after_unlock),
        max: config.display.reception().map_or(config.session.max, |_| SHIFT),
        unlock_timeout: Duration::from_secs(config.kisi.timeout_seconds),
        confirm: door_rules(&config.doors.confirm),
        follow: config.doors.follow,
        dim_after: config.display.dim_after,
        languages: config.kiosk.languages.clone(),
        keyboard: match (config.display.reception(), config.sign_in.keyboard) {
            (Some(_), _) | (None, config::Keyboard::Desk) => KeyboardPolicy::Desk,
            (None, config::Keyboard::Keypad) => KeyboardPolicy::Keypad,
            (None, config::Keyboard::Readers) => KeyboardPolicy::Readers,
        },
        reception: config.display.reception,
        are_unlocks_counted: config.limits != config::Limits::default(),
    }
}

/// How readers that type like a keyboard send a badge.
fn reader_rules(config: &Config) -> ReaderRules {
    ReaderRules {
        gap: config.badge.gap,
        end: match config.badge.end {
            config::ScanEnd::Auto => ScanEnd::Auto,
            config::ScanEnd::Enter => ScanEnd::Enter,
            config::ScanEnd::Tab => ScanEnd::Tab,
            config::ScanEnd::None => ScanEnd::Silence,
        },
        are_keyboards_read: !config.readers.iter().any(|reader| matches!(reader, config::Reader::Keyboard { .. })),
    }
}

/// The settings of the client.
pub fn client(config: &Config) -> kisi::Settings {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    kisi::Settings {
        base_url: config.kisi.base_url.clone(),
        proxy: config.kisi.proxy.clone(),
        timeout: Duration::from_secs(config.kisi.timeout_seconds),
        per_second: kisi::REQUESTS_PER_SECOND,
        position: config.proximity.position(),
        integration_identifier: given(&config.kisi.integration_identifier),
        integration_contact: given(&config.kisi.integration_contact),
        roots: Roots::System,
    }
}

/// An enroller with the settings for enrollment.
///
/// # Errors
///
/// When the audit log cannot be opened, or does not match its head.
pub fn enroller(
    config: &Config,
    directory: Directory,
    client: Client,
    admin: Secret<String>,
    pace: Duration,
) -> Result<Enroller, Error> {
    let log = writable_log(&directory)?;
    let odds = config.sign_in.pin.then(|| odds(config, 0));
    let badge_odds = badge_odds(config, 0);
    let badge_alone = config.sign_in.badge == config::Badges::Alone;
    let (kiosk, pin_digits) = (config.kiosk.name.clone(), config.sign_in.pin_digits);
    let printer = PinPrinter::default();
    Ok(Enroller { directory, log, client, admin, kiosk, pin_digits, odds, badge_odds, badge_alone, pace, printer })
}

/// The parts and settings of the agent.
///
/// # Errors
///
/// Those of [`enter_fleet`].
pub fn agent(config: &Config, mut directory: Directory, log: Log, client: Client) -> Result<agent::Parts, Error> {
    let fleet = enter_fleet(config, &mut directory)?;
    Ok(agent::Parts {
        directory,
        fleet,
        log,
        keep_days: config.audit.keep_days,
        client,
        places: config.kisi.places.iter().map(|id| PlaceId::new(*id)).collect(),
        hidden: door_rules(&config.doors.hide),
        rules: all_door_rules(config),
        names: config.display.names,
        badge_needs_pin: config.sign_in.badge == config::Badges::WithPin,
        badge_budget: badge_budget(config),
        inline_lookup: false,
        remembers_doors: config.doors.remember,
        status: Status::default(),
        nearby: readers::nearby(config),
        limits: unlock_limits(config),
    })
}
