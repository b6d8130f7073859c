//! What a badge reader with a wire of its own has read.

use std::fmt;

use super::{Badge, BadgeFormat, BadgeProfile};

/// One badge presented to one reader.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Scan {
    /// The reader's name, for the audit log.
    pub reader: String,
    /// What it read.
    pub read: Read,
}

/// What a reader has read, not validated yet. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Read {
    /// Text as the reader sends it, with its prefix and suffix.
    Text(String),
    /// A number in the form that the site configured.
    Number(String),
    /// Facility code and card number of a 26-bit card.
    Wiegand(u8, u16),
    /// Something that is no badge number.
    Garbled,
}

impl Scan {
    /// The badge. `None` if it does not match the profile.
    pub fn badge(&self, profile: &BadgeProfile) -> Option<Badge> {
        match &self.read {
            Read::Text(text) => Badge::scan(text, profile),
            // A UID is no facility code and card number.
            Read::Number(_) if profile.format == BadgeFormat::Wiegand => None,
            Read::Number(number) => Badge::normal(number, profile),
            Read::Wiegand(facility, number) => {
                let both = (u32::from(*facility) << 16) | u32::from(*number);
                match profile.format {
                    BadgeFormat::Wiegand | BadgeFormat::AsRead => Some(Badge::of_wiegand(*facility, *number)),
                    BadgeFormat::Decimal => Badge::normal(&format!("{both:010}"), profile),
                    BadgeFormat::Hex => Badge::normal(&format!("{both:06X}"), profile),
                }
            }
            Read::Garbled => None,
        }
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan({}, {:?})", self.reader, self.read)
    }
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Number(_) => "Number(..)",
            Self::Wiegand(..) => "Wiegand(..)",
            Self::Garbled => "Garbled",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_of_26_bits_is_one_number_in_each_format() {
        let scan = Scan { reader: "osdp".to_owned(), read: Read::Wiegand(188, 24_910) };
        for (format, number) in [
            (BadgeFormat::Wiegand, "188-24910"),
            (BadgeFormat::AsRead, "188-24910"),
            (BadgeFormat::Decimal, "0012345678"),
            (BadgeFormat::Hex, "BC614E"),
        ] {
            let badge = scan.badge(&BadgeProfile { format, ..BadgeProfile::plain() });
            assert_eq!(badge.as_ref().map(Badge::expose), Some(number), "{format:?}");
        }
        // The program's own hyphen is none of the separators, and a short number is whole.
        let profile = BadgeProfile { separators: "-".to_owned(), ..BadgeProfile::plain() };
        let short = Scan { read: Read::Wiegand(1, 5), ..scan.clone() };
        assert_eq!(short.badge(&profile).as_ref().map(Badge::expose), Some("1-5"));
        // A UID is never read as a card of 26 bits.
        let uid = Scan { read: Read::Number("04199999".to_owned()), ..scan.clone() };
        assert_eq!(uid.badge(&BadgeProfile { format: BadgeFormat::Wiegand, ..BadgeProfile::plain() }), None);
        assert_eq!(format!("{scan:?}"), "Scan(osdp, Wiegand(..))");
    }
}
