//! What the site decided, as the session needs it. How `kiosk.toml` spells it is `config.rs`.

use std::time::Duration;

use super::budget::BudgetRules;
use crate::{
    language::Language,
    staff::{BadgeFormat, BadgeProfile},
};

/// What the site decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What may be presented.
    pub sign_in: SignInRules,
    /// What wrong guesses cost.
    pub budget: BudgetRules,
    /// A session without a touch ends after this.
    pub idle: Duration,
    /// The last part of it warns.
    pub warning: Duration,
    /// After an unlock it ends after this.
    pub after_unlock: Duration,
    /// And after this in any case.
    pub max: Duration,
    /// The client's limit for an unlock.
    pub unlock_timeout: Duration,
    /// Names of doors that ask once more.
    pub confirm: Vec<String>,
    /// After an unlock the door is looked at.
    pub follow: bool,
    /// At rest the screen dims after this. Zero: never.
    pub dim_after: Duration,
    /// What the screen can speak. The first one is spoken unless somebody chooses.
    pub languages: Vec<Language>,
    /// What a keyboard may do.
    pub keyboard: KeyboardPolicy,
    /// A reception desk, which locks rather than signs out.
    pub reception: bool,
    /// How often people open doors is limited, and said.
    pub are_unlocks_counted: bool,
}

impl Rules {
    /// What is spoken unless somebody chooses.
    pub fn language(&self) -> Language {
        self.languages.first().copied().unwrap_or(Language::En)
    }
}

/// What keys do that no badge reader typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyboardPolicy {
    /// Nothing: only scans of badge readers count.
    Readers,
    /// Digits, Enter, Backspace, Escape, plus and minus, as a numeric keypad has them.
    Keypad,
    /// Letters too, which look for a door.
    Desk,
}

/// Whether and how badges sign a person in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadgePolicy {
    /// The badge number alone signs in: convenient, and clonable.
    Alone,
    /// The badge number says who it is, the PIN proves it.
    WithPin,
    /// Badges are not read.
    Off,
}

/// What may be presented at this kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRules {
    /// A PIN alone signs in.
    pub pin: bool,
    /// How many digits a PIN has. The last one ends the entry.
    pub pin_digits: usize,
    /// What a badge is good for.
    pub badge: BadgePolicy,
    /// A badge number may be typed on the pad.
    pub typed_badge: bool,
    /// How badge numbers look.
    pub profile: BadgeProfile,
}

impl SignInRules {
    /// Whether badge numbers can be typed on the pad, which has digits only.
    pub fn can_type_badge(&self) -> bool {
        let digits_suffice = match self.profile.format {
            BadgeFormat::AsRead | BadgeFormat::Decimal | BadgeFormat::Wiegand => true,
            BadgeFormat::Hex => false,
        };
        self.typed_badge && self.badge != BadgePolicy::Off && digits_suffice
    }
}
