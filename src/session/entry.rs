//! What stands on the pad: digits of a PIN or a badge number, and when they are finished. How keys become digits is `reader.rs`.

use super::rules::SignInRules;
use crate::staff::{Badge, Credential, Digit, Pin};

/// The digits on the pad.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// A PIN that says who it is.
    Pin(Pin),
    /// A badge number, typed.
    BadgeNumber(Number),
    /// The PIN of a badge that was read before.
    PinOf(Badge, Pin),
    /// The technician's PIN.
    Technician(Pin),
}

/// A badge number as far as it was typed. `Debug` hides it.
#[derive(Default, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// The digits, for the screen that shows them.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Number(..)")
    }
}

impl Entry {
    /// The empty pad that this kiosk shows at rest.
    pub(super) fn empty(rules: &SignInRules) -> Self {
        if !rules.pin && rules.can_type_badge() { Self::BadgeNumber(Number::default()) } else { Self::Pin(Pin::new()) }
    }

    /// The other empty pad, if this kiosk has one.
    pub(super) fn switched(&self, rules: &SignInRules) -> Self {
        match self {
            Self::Pin(_) if rules.can_type_badge() => Self::BadgeNumber(Number::default()),
            Self::Pin(_) | Self::BadgeNumber(_) | Self::PinOf(..) | Self::Technician(_) => Self::empty(rules),
        }
    }

    /// Whether nothing was typed or scanned yet.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Pin(pin) => pin.is_empty(),
            Self::BadgeNumber(number) => number.0.is_empty(),
            // Whoever held the clock is there.
            Self::PinOf(..) | Self::Technician(_) => false,
        }
    }

    /// Takes a digit, as far as there is room and this kiosk takes any.
    pub(super) fn push(&mut self, digit: Digit, rules: &SignInRules) {
        match self {
            Self::Pin(_) if !rules.pin => {}
            Self::Pin(pin) | Self::PinOf(_, pin) if pin.len() < rules.pin_digits => {
                let _ = pin.push(digit);
            }
            Self::BadgeNumber(number) if number.0.len() < rules.profile.max_length => {
                number.0.push(char::from(digit.ascii()));
            }
            Self::Technician(pin) => {
                let _ = pin.push(digit);
            }
            Self::Pin(_) | Self::PinOf(..) | Self::BadgeNumber(_) => {}
        }
    }

    /// Takes the last digit back.
    pub(super) fn pop(&mut self) {
        match self {
            Self::Pin(pin) | Self::PinOf(_, pin) | Self::Technician(pin) => pin.pop(),
            Self::BadgeNumber(number) => {
                let _ = number.0.pop();
            }
        }
    }

    /// Whether the last digit of a PIN was typed. A badge number is finished by its own key.
    pub(super) fn is_finished(&self, rules: &SignInRules) -> bool {
        match self {
            Self::Pin(pin) | Self::PinOf(_, pin) => rules.pin_digits <= pin.len(),
            Self::Technician(pin) => Pin::TECHNICIAN_DIGITS <= pin.len(),
            Self::BadgeNumber(_) => false,
        }
    }

    /// What the finished entry presents. `None` when it is no PIN and no badge number.
    pub(super) fn into_credential(self, rules: &SignInRules) -> Option<Credential> {
        match self {
            Self::Pin(pin) => Some(Credential::Pin(pin)),
            Self::Technician(pin) => Some(Credential::Technician(pin)),
            Self::PinOf(badge, pin) => Some(Credential::BadgeWithPin(badge, pin)),
            Self::BadgeNumber(number) => Badge::read(&number.0, &rules.profile).map(Credential::Badge),
        }
    }
}
