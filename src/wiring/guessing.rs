//! Odds of guessing at this kiosk, and the budgets and hash cost that limit it.

use std::time::{Duration, Instant};

use super::rules;
use crate::{
    agent,
    config::{self, Config},
    session::budget::BudgetRules,
    store::directory::{BadgeOdds, Cost, Odds, Spray},
};

/// Odds of guessing a PIN, if `people` have one.
pub fn odds(config: &Config, people: u32) -> Odds {
    let BudgetRules { guesses, refill } = rules(config).budget;
    Odds { digits: config.sign_in.pin_digits, people, guesses, refill }
}

/// Odds of guessing a badge number. `None` unless a badge alone signs in.
pub fn badge_odds(config: &Config, badges: u32) -> Option<BadgeOdds> {
    let BudgetRules { guesses, refill } = badge_budget(config);
    let odds = BadgeOdds { numbers: config.badge.numbers, badges, guesses, refill };
    (config.sign_in.badge == config::Badges::Alone).then_some(odds)
}

/// Odds of trying one PIN at many known badges.
pub fn spray(config: &Config, badges: u32) -> Spray {
    let BudgetRules { guesses, refill } = agent::TRIES;
    Spray { digits: config.sign_in.pin_digits, badges, guesses, refill }
}

/// The budget for unknown badges.
pub(super) fn badge_budget(config: &Config) -> BudgetRules {
    BudgetRules {
        guesses: config.budget.badge_guesses,
        refill: Duration::from_secs(config.budget.badge_refill_seconds.into()),
    }
}

/// Measures the PIN hash cost that takes about a quarter of a second on this machine. Never below the minimum cost.
#[expect(clippy::disallowed_methods, reason = "a measurement that affects no visit")]
pub fn measured_cost() -> Cost {
    Cost::that_takes(&mut |hash| {
        let begin = Instant::now();
        hash();
        begin.elapsed()
    })
}
