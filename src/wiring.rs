//! What the configuration means for each part: the one place where a key of `kiosk.toml` meets what it changes.

use std::{io, time::Duration};

use crate::{
    agent,
    app::Start,
    config::{self, Config},
    directory::{self, Directory},
    door::PlaceId,
    enrol::Enroller,
    kisi::{self, Client, Roots},
    screen::{qr::Code, sign_in::Labels},
    secret::Secret,
    session::{
        budget::BudgetRules,
        rules::{BadgePolicy, Rules, SignInRules},
    },
    staff::Pin,
};

/// Why a kiosk cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be read.
    #[error("the directory cannot be used")]
    Directory(#[source] directory::Error),
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
    let guesses_left = directory.guesses_left().map_err(Error::Directory)?.unwrap_or(config.budget.guesses);
    let agent = agent::start(agent(config, directory, client)).map_err(Error::Thread)?;
    Ok(Start::Working { rules: Box::new(rules(config)), labels: labels(config), agent, guesses_left })
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
        idle: config.session.idle,
        warning: config.session.warning,
        after_unlock: config.session.after_unlock,
        max: config.session.max,
        unlock_timeout: Duration::from_secs(config.kisi.timeout_seconds),
        confirm: config.doors.confirm.clone(),
    }
}

/// What the configuration means for the sign-in screen.
pub fn labels(config: &Config) -> Labels {
    Labels {
        name: config.kiosk.name.clone(),
        location: config.kiosk.location.clone(),
        phone: config.kiosk.support_phone.clone(),
        help: Code::new(&config.kiosk.help_url),
        samples: Vec::new(),
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
        integration_identifier: given(&config.kisi.integration_identifier),
        integration_contact: given(&config.kisi.integration_contact),
        roots: Roots::System,
    }
}

/// What the configuration means for enrolment.
pub fn enroller(
    config: &Config,
    directory: Directory,
    client: Client,
    admin: Secret<String>,
    pace: Duration,
) -> Enroller {
    Enroller {
        directory,
        client,
        admin,
        kiosk: config.kiosk.name.clone(),
        pin_digits: config.sign_in.pin_digits,
        badge_alone: config.sign_in.badge == config::Badges::Alone,
        pace,
    }
}

/// What the configuration means for the agent.
pub fn agent(config: &Config, directory: Directory, client: Client) -> agent::Parts {
    agent::Parts {
        directory,
        client,
        places: config.kisi.places.iter().map(|id| PlaceId::new(*id)).collect(),
        hidden: config.doors.hide.clone(),
        badge_needs_pin: config.sign_in.badge == config::Badges::WithPin,
    }
}
