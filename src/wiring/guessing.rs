//! What guessing is worth at this kiosk, and what it costs.

use std::time::{Duration, Instant};

use super::rules;
use crate::{
    agent,
    config::{self, Config},
    directory::{BadgeOdds, Cost, Odds, Spray},
    session::budget::BudgetRules,
};

/// What a guess is worth at this kiosk.
pub fn odds(config: &Config, people: u32) -> Odds {
    let BudgetRules { guesses, refill } = rules(config).budget;
    Odds { digits: config.sign_in.pin_digits, people, guesses, refill }
}

/// What a guess at a badge number is worth, where a badge alone signs in.
pub fn badge_odds(config: &Config, badges: u32) -> Option<BadgeOdds> {
    let BudgetRules { guesses, refill } = badge_budget(config);
    let odds = BadgeOdds { numbers: config.badge_numbers, badges, guesses, refill };
    (config.sign_in.badge == config::Badges::Alone).then_some(odds)
}

/// What one PIN tried at many badges is worth, where a badge has a PIN.
pub fn spray(config: &Config, badges: u32) -> Spray {
    let BudgetRules { guesses, refill } = agent::TRIES;
    Spray { digits: config.sign_in.pin_digits, badges, guesses, refill }
}

/// What badges that nobody has cost.
pub(super) fn badge_budget(config: &Config) -> BudgetRules {
    BudgetRules {
        guesses: config.budget.badge_guesses,
        refill: Duration::from_secs(config.budget.badge_refill_seconds.into()),
    }
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
