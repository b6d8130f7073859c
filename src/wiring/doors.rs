//! The rules for single doors in the configuration.

use crate::{agent::UnlockLimits, config::Config, door::DoorRule, kisi};

/// Parses rules for single doors. Names are compared as they are shown, so they are cleaned as Kisi's are. The
/// configuration was checked, so every rule parses.
pub(super) fn door_rules<'a>(rules: impl IntoIterator<Item = &'a String>) -> Vec<DoorRule> {
    rules.into_iter().filter_map(|rule| DoorRule::parse(&kisi::clean(rule))).collect()
}

/// Every rule for single doors in the configuration.
pub fn all_door_rules(config: &Config) -> Vec<DoorRule> {
    let rules = config.doors.confirm.iter().chain(&config.doors.hide).chain(config.limits.per_door.keys());
    let mut rules = door_rules(rules);
    rules.sort();
    rules.dedup();
    rules
}

/// How often a person may open doors.
pub(super) fn unlock_limits(config: &Config) -> UnlockLimits {
    let per_door = config.limits.per_door.iter();
    let parsed = |(rule, at_most): (&String, &u32)| Some((DoorRule::parse(&kisi::clean(rule))?, *at_most));
    UnlockLimits {
        per_hour: config.limits.per_person_per_hour,
        per_day: config.limits.per_person_per_day,
        per_door: per_door.filter_map(parsed).collect(),
    }
}
