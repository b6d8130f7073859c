//! Entries on the pad: PINs and badge numbers, and when they are complete. `reader.rs` turns keys into digits.

use super::rules::SignInRules;
use crate::staff::{Badge, Credential, Digit, Pin};

/// The digits on the pad.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// A PIN that identifies the person by itself.
    Pin(Pin),
    /// A typed badge number.
    BadgeNumber(Number),
    /// The PIN for a badge that was read before.
    PinOf(ReadBadge, Pin),
    /// The technician's PIN.
    Technician(Pin),
}

/// A badge that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBadge {
    /// Its number.
    pub badge: Badge,
    /// The name of the reader, if it has a wire of its own.
    pub reader: Option<String>,
}

/// A badge number that is being typed. `Debug` hides it.
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

    /// The empty pad after the switch key. PIN and badge number alternate where both can be typed.
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
            // A scanned badge or a held clock counts as input before the first digit.
            Self::PinOf(..) | Self::Technician(_) => false,
        }
    }

    /// The reader of the badge whose PIN is asked for.
    pub(super) fn reader(&self) -> Option<String> {
        if let Self::PinOf(read, _) = self { read.reader.clone() } else { None }
    }

    /// How many digits were typed.
    pub fn digits(&self) -> usize {
        match self {
            Self::Pin(pin) | Self::PinOf(_, pin) | Self::Technician(pin) => pin.len(),
            Self::BadgeNumber(number) => number.0.len(),
        }
    }

    /// Appends a digit if there is room and this kiosk takes such entries.
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

    /// Deletes the last digit.
    pub(super) fn pop(&mut self) {
        match self {
            Self::Pin(pin) | Self::PinOf(_, pin) | Self::Technician(pin) => pin.pop(),
            Self::BadgeNumber(number) => {
                let _ = number.0.pop();
            }
        }
    }

    /// Whether a PIN has all its digits. A badge number is never finished by itself: its own key ends it.
    pub(super) fn is_finished(&self, rules: &SignInRules) -> bool {
        match self {
            Self::Pin(pin) | Self::PinOf(_, pin) => rules.pin_digits <= pin.len(),
            Self::Technician(pin) => Pin::TECHNICIAN_DIGITS <= pin.len(),
            Self::BadgeNumber(_) => false,
        }
    }

    /// Converts the finished entry into a credential. `None` if it is not a valid badge number.
    pub(super) fn into_credential(self, rules: &SignInRules) -> Option<Credential> {
        match self {
            Self::Pin(pin) => Some(Credential::Pin(pin)),
            Self::Technician(pin) => Some(Credential::Technician(pin)),
            Self::PinOf(read, pin) => Some(Credential::BadgeWithPin(read.badge, pin)),
            Self::BadgeNumber(number) => Badge::read(&number.0, &rules.profile).map(Credential::Badge),
        }
    }
}
