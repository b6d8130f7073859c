//! The site's rules, as the session needs them. `config.rs` reads them from `kiosk.toml`.

use std::time::Duration;

use super::budget::BudgetRules;
use crate::{
    door::DoorRule,
    language::Language,
    staff::{BadgeFormat, BadgeProfile},
};

/// The rules that the site configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Which credentials are accepted, and in which format.
    pub sign_in: SignInRules,
    /// How readers that type like a keyboard send a badge.
    pub reader: ReaderRules,
    /// Limits for wrong guesses at the keypad.
    pub budget: BudgetRules,
    /// A session ends after this time without a touch.
    pub idle: Duration,
    /// The countdown covers this last part of a session.
    pub warning: Duration,
    /// After an accepted unlock the session ends this soon, unless somebody touches the screen.
    pub after_unlock: Duration,
    /// A session ends after this in any case.
    pub max: Duration,
    /// The client's timeout for an unlock.
    pub unlock_timeout: Duration,
    /// Names of doors that must be tapped twice.
    pub confirm: Vec<DoorRule>,
    /// Whether to watch the door after an accepted unlock.
    pub follow: bool,
    /// The screen at rest dims after this. Zero means never.
    pub dim_after: Duration,
    /// Languages of the screen. The first one is the default.
    pub languages: Vec<Language>,
    /// What a keyboard may do.
    pub keyboard: KeyboardPolicy,
    /// Whether this is a reception desk, whose button says "Lock" instead of "Sign out".
    pub reception: bool,
    /// Whether the site limits how often people open doors, so that tiles show what is left.
    pub are_unlocks_counted: bool,
}

impl Rules {
    /// The default language.
    pub fn language(&self) -> Language {
        self.languages.first().copied().unwrap_or(Language::En)
    }
}

/// What keys typed by a person do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyboardPolicy {
    /// Nothing: only scans of badge readers count.
    Readers,
    /// Digits, Enter, Backspace, Escape, plus and minus, as a numeric keypad has them.
    Keypad,
    /// Letters too: they search for a door by name.
    Desk,
}

/// How readers that type like a keyboard send a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderRules {
    /// Keys closer together than this come from a reader. 20 to 500 ms.
    pub gap: Duration,
    /// What follows the last digit.
    pub end: ScanEnd,
    /// Whether keyboards are read at all. Not where a reader has an input device of its own.
    pub are_keyboards_read: bool,
}

impl ReaderRules {
    /// A scan that ends with silence is over after 150 ms, or after three gaps if that is longer.
    ///
    /// # Source
    ///
    /// `threats.md`, R28.
    pub fn silence(&self) -> Duration {
        Duration::from_millis(150).max(3 * self.gap)
    }
}

/// What follows the last digit of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanEnd {
    /// Enter, Tab, or nothing but silence: each scan for itself.
    Auto,
    /// Enter. A scan without it was cut short.
    Enter,
    /// Tab. A scan without it was cut short.
    Tab,
    /// Silence. A scan with Enter or Tab in it is not read.
    Silence,
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

/// Which credentials this kiosk accepts, and in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRules {
    /// Whether a PIN alone signs in.
    pub pin: bool,
    /// How many digits a PIN has. The last one ends the entry.
    pub pin_digits: usize,
    /// Whether a badge signs in alone, with its PIN, or not at all.
    pub badge: BadgePolicy,
    /// Whether a badge number may be typed on the pad.
    pub typed_badge: bool,
    /// Format of the badge numbers.
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
