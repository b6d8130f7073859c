//! What the configuration means for each part: the one place where a key of `kiosk.toml` meets what it changes.

mod face;

use std::{
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use self::face::{BadLogo, colors, labels, logo, window};
use crate::{
    agent,
    app::Start,
    audit::{self, Action, Log, Record},
    config::{self, Config},
    directory::{self, Cost, Directory, KeyPlace, Odds},
    door::PlaceId,
    enrol::Enroller,
    hex,
    kisi::{self, Client, Roots},
    screen::sign_in::Labels,
    secret::Secret,
    session::{
        budget::BudgetRules,
        rules::{BadgePolicy, Rules, SignInRules},
    },
    staff::Pin,
    status::Status,
};

/// For one person, over all their logins, their phone included.
///
/// # Source
///
/// Kisi OpenAPI document, rate limits.
pub const REQUESTS_PER_SECOND: usize = 5;

/// At a reception desk a session ends after this in any case. Our choice.
const SHIFT: Duration = Duration::from_hours(12);

/// Why a kiosk cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be read.
    #[error("the directory cannot be used")]
    Directory(#[source] directory::Error),
    /// The audit log cannot be used.
    #[error("the audit log cannot be used")]
    Audit(#[source] audit::Error),
    /// The audit log does not fit its head.
    #[error("the data of this kiosk was changed from outside, or is older than it should be: restore a backup")]
    Rollback(#[source] audit::Finding),
    /// Guessing would be too easy.
    #[error(
        "PINs of {digits} digits are too short for {people} people: raise sign_in.pin_digits to {needed} and issue new PINs, or set sign_in.pin to false"
    )]
    ShortPins {
        /// Of a PIN.
        digits: usize,
        /// Who have one.
        people: u32,
        /// Digits that would do.
        needed: usize,
    },
    /// The client cannot be made.
    #[error("the client cannot start")]
    Client(#[source] kisi::Error),
    /// The logo cannot be shown.
    #[error("`kiosk.logo` cannot be shown")]
    Logo(#[source] BadLogo),
    /// The agent has no thread.
    #[error("the agent cannot start")]
    Thread(#[source] io::Error),
}

/// Starts an agent on a directory, and says what the window shows.
///
/// # Errors
///
/// Any.
pub fn start(config: &Config, directory: Directory, client: Client) -> Result<Start, Error> {
    start_with(config, directory, client, &Status::default())
}

/// The same, where somebody watches.
///
/// # Errors
///
/// Any.
pub fn start_with(config: &Config, mut directory: Directory, client: Client, status: &Status) -> Result<Start, Error> {
    let odds = odds(config, directory.pins().map_err(Error::Directory)?);
    if config.sign_in.pin && !odds.are_good() {
        return Err(Error::ShortPins { digits: odds.digits, people: odds.people, needed: odds.digits_needed() });
    }
    if config.sign_in.badge != config::Badges::Alone {
        let forgotten = directory.forget_badge_copies().map_err(Error::Directory)?;
        if 0 < forgotten {
            tracing::info!(
                forgotten,
                "logins that a badge alone would open were forgotten: sign_in.badge is not \"alone\""
            );
        }
    }
    let guesses_left = directory.guesses_left().map_err(Error::Directory)?.unwrap_or(config.budget.guesses);
    // Of its own: what goes over the connections of the first one must not be kept by it.
    let again = again(config, &directory, client.anew().map_err(Error::Client)?, status.clone());
    let log = begin_log(config, &directory)?;
    let agent = agent::start(agent::Parts { status: status.clone(), ..agent(config, directory, log, client) }, again)
        .map_err(Error::Thread)?;
    let labels = Labels { logo: logo(config).map_err(Error::Logo)?, ..labels(config) };
    status.metrics().configured(&hash(config));
    status.metrics().guesses_left(guesses_left);
    status.change(|facts| {
        (facts.refused_config, facts.out_of_order, facts.config_hash) = (None, None, hash(config));
    });
    Ok(Start::Working { rules: Box::new(rules(config)), labels, agent, guesses_left })
}

/// Makes the parts of an agent that must begin anew, from what is on the disk.
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
    let cost = directory.cost();
    move || {
        let directory = Directory::open(&folder, credentials.as_deref(), || cost).map_err(Error::Directory)?;
        let log = begin_log(&config, &directory)?;
        Ok(agent::Parts { status: status.clone(), ..agent(&config, directory, log, client.clone()) })
    }
}

/// Opens the audit log of a directory: the same file, and a key of its own.
///
/// # Errors
///
/// When it cannot be read or written.
pub fn log(directory: &Directory) -> Result<Log, audit::Error> {
    Log::open(directory.folder(), directory.audit_key())
}

/// Opens the audit log, refuses one that does not fit what is known of it, and says what the last run left open.
///
/// # Errors
///
/// [`Error::Audit`] and [`Error::Rollback`].
pub fn begin_log(config: &Config, directory: &Directory) -> Result<Log, Error> {
    let mut log = log(directory).map_err(Error::Audit)?;
    if let Some(finding) = log.check_head().map_err(Error::Audit)? {
        return Err(Error::Rollback(finding));
    }
    let now = Timestamp::now();
    let mut records = vec![Record::new(now, Action::Start, env!("CARGO_PKG_VERSION"))];
    for intent in log.open_intents().map_err(Error::Audit)? {
        let Record { staff, person, door, door_name, .. } = intent.record;
        let unknown = Record::new(now, Action::Outcome, "unknown after restart").by(staff, &person);
        records.push(Record { door, door_name, of: Some(intent.seq), ..unknown });
    }
    // Named by a hash: names of doors and places are nobody's business.
    let configuration = hash(config);
    let before = log.last(Action::Configuration).map_err(Error::Audit)?;
    if before.is_none_or(|before| before.about != configuration) {
        records.push(Record::new(now, Action::Configuration, configuration));
    }
    for record in &records {
        let _ = log.append(record).map_err(Error::Audit)?;
    }
    Ok(log)
}

/// Names a configuration, and tells nothing of it.
pub fn hash(config: &Config) -> String {
    hex::encode(&Sha256::digest(format!("{config:?}"))).to_string()
}

/// What a guess is worth at this kiosk.
pub fn odds(config: &Config, people: u32) -> Odds {
    let BudgetRules { guesses, refill } = rules(config).budget;
    Odds { digits: config.sign_in.pin_digits, people, guesses, refill }
}

/// The cost of a PIN that takes this kiosk about a quarter of a second, measured here. Never below what a new directory would
/// get on a slow machine anyway.
#[expect(clippy::disallowed_methods, reason = "a measurement, which decides nothing about a visit")]
pub fn measured_cost() -> Cost {
    Cost::that_takes(&mut |hash| {
        let begin = Instant::now();
        hash();
        begin.elapsed()
    })
}

/// What the configuration means for the session.
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
            profile: config.badge.clone(),
        },
        budget: BudgetRules {
            guesses: config.budget.guesses,
            refill: Duration::from_mins(config.budget.refill_minutes.into()),
        },
        idle: config.display.reception.unwrap_or(config.session.idle),
        warning: config.session.warning,
        // At a desk an unlock is not the end of a visit, and a shift is long.
        after_unlock: config.display.reception.unwrap_or(config.session.after_unlock),
        max: config.display.reception.map_or(config.session.max, |_| SHIFT),
        unlock_timeout: Duration::from_secs(config.kisi.timeout_seconds),
        confirm: config.doors.confirm.clone(),
        follow: config.doors.follow,
        dim_after: config.display.dim_after,
        languages: config.kiosk.languages.clone(),
        reception: config.display.reception.is_some(),
        are_unlocks_counted: config.limits != config::Limits::default(),
    }
}

/// The digits of a PIN, for the one place that shows it.
pub fn digits(pin: &Pin) -> String {
    pin.expose().iter().map(|digit| char::from(*digit)).collect()
}

/// What the configuration means for the client.
pub fn client(config: &Config) -> kisi::Settings {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    kisi::Settings {
        base_url: config.kisi.base_url.clone(),
        proxy: given(&config.kisi.proxy),
        timeout: Duration::from_secs(config.kisi.timeout_seconds),
        per_second: REQUESTS_PER_SECOND,
        position: config.proximity.position(),
        integration_identifier: given(&config.kisi.integration_identifier),
        integration_contact: given(&config.kisi.integration_contact),
        roots: Roots::System,
    }
}

/// What the configuration means for enrolment.
///
/// # Errors
///
/// When the audit log cannot be opened.
pub fn enroller(
    config: &Config,
    directory: Directory,
    client: Client,
    admin: Secret<String>,
    pace: Duration,
) -> Result<Enroller, audit::Error> {
    let log = log(&directory)?;
    let odds = config.sign_in.pin.then(|| odds(config, 0));
    let badge_alone = config.sign_in.badge == config::Badges::Alone;
    let (kiosk, pin_digits) = (config.kiosk.name.clone(), config.sign_in.pin_digits);
    Ok(Enroller { directory, log, client, admin, kiosk, pin_digits, odds, badge_alone, pace })
}

/// What the configuration means for the agent.
pub fn agent(config: &Config, directory: Directory, log: Log, client: Client) -> agent::Parts {
    agent::Parts {
        directory,
        log,
        keep_days: config.audit.keep_days,
        client,
        places: config.kisi.places.iter().map(|id| PlaceId::new(*id)).collect(),
        hidden: config.doors.hide.clone(),
        names: config.display.names,
        badge_needs_pin: config.sign_in.badge == config::Badges::WithPin,
        looks_up_alone: false,
        status: Status::default(),
        proofs: Arc::default(),
        limits: agent::Limits {
            per_hour: config.limits.per_person_per_hour,
            per_day: config.limits.per_person_per_day,
            per_door: config.limits.per_door.clone(),
        },
    }
}
