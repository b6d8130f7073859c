//! Badge numbers: normalizes the different spellings of a card's number. A number that does not fit is rejected, never cut.

use std::fmt;

/// The format of a site's badge numbers, as its readers type them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeProfile {
    /// Characters that the reader types before the number.
    pub prefix: String,
    /// Characters that the reader types after the number.
    pub suffix: String,
    /// Characters that the reader types between digits; they are removed.
    pub separators: String,
    /// Smallest number of characters, without separators.
    pub min_length: usize,
    /// Largest number of characters, without separators.
    pub max_length: usize,
    /// The characters of a number.
    pub format: BadgeFormat,
    /// Whether leading zeros count. If false, because a reader drops them, 0012 and 12 are the same badge.
    pub leading_zeros: bool,
}

impl BadgeProfile {
    /// Accepts 4 to 64 printable ASCII characters.
    pub fn plain() -> Self {
        Self {
            prefix: String::new(),
            suffix: String::new(),
            separators: String::new(),
            min_length: 4,
            max_length: Badge::MAX_LENGTH,
            format: BadgeFormat::AsRead,
            leading_zeros: true,
        }
    }
}

/// The characters of a badge number, and its normalized form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadgeFormat {
    /// Printable ASCII without spaces, unchanged.
    AsRead,
    /// Decimal digits.
    Decimal,
    /// Hexadecimal digits, in upper case.
    Hex,
    /// Facility code and card number of a 26-bit card: `188,24910`, or the decimal number that both form together.
    ///
    /// # Source
    ///
    /// pagemac.com, "HID data formats", H10301: 8 and 16 bits.
    Wiegand,
}

/// A badge number: an identifier, not a secret, but never logged in full. `Debug` shows its last two characters.
///
/// # Source
///
/// `threats.md`, R25 and R56.
#[derive(Clone, PartialEq, Eq)]
pub struct Badge(String);

impl Badge {
    /// Largest number of characters.
    pub const MAX_LENGTH: usize = 64;

    /// Parses the input of a reader. `None` if it does not match the profile; without prefix or suffix the scan is
    /// incomplete.
    pub fn scan(raw: &str, profile: &BadgeProfile) -> Option<Self> {
        let body = raw.trim().strip_prefix(profile.prefix.as_str())?.strip_suffix(profile.suffix.as_str())?;
        Self::normal(body, profile)
    }

    /// Parses a number written or typed by a person, with or without the reader's prefix and suffix.
    pub fn read(raw: &str, profile: &BadgeProfile) -> Option<Self> {
        let raw = raw.trim();
        Self::scan(raw, profile).or_else(|| Self::normal(raw, profile))
    }

    /// Restores a number that was stored in its normalized form.
    pub fn kept(number: &str) -> Option<Self> {
        (1..=Self::MAX_LENGTH).contains(&number.len()).then(|| Self(number.to_owned()))
    }

    /// Normalizes a number. `None` if it does not match the profile.
    fn normal(body: &str, profile: &BadgeProfile) -> Option<Self> {
        let digits: String = body.chars().filter(|c| !profile.separators.contains(*c)).collect();
        let length = digits.chars().count();
        if length < profile.min_length.max(1) || profile.max_length < length {
            return None;
        }
        let fits = |fits: fn(&char) -> bool| digits.chars().all(|c| fits(&c));
        let number = match profile.format {
            BadgeFormat::AsRead if fits(char::is_ascii_graphic) => digits,
            BadgeFormat::Decimal if fits(char::is_ascii_digit) => digits,
            BadgeFormat::Hex if fits(char::is_ascii_hexdigit) => digits.to_ascii_uppercase(),
            BadgeFormat::Wiegand => return wiegand(&digits).map(Self),
            BadgeFormat::AsRead | BadgeFormat::Decimal | BadgeFormat::Hex => return None,
        };
        if profile.leading_zeros {
            return Some(Self(number));
        }
        // A number of nothing but zeros is rejected.
        Some(number.trim_start_matches('0')).filter(|number| !number.is_empty()).map(|number| Self(number.to_owned()))
    }

    /// Returns the whole number, for a lookup. Search for this name in review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last two characters, so that a person can tell two badges apart. Empty for numbers shorter than four characters.
    pub fn hint(&self) -> &str {
        let from = self.0.len().saturating_sub(2);
        if from < 2 { "" } else { self.0.get(from..).unwrap_or_default() }
    }
}

impl fmt::Debug for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Badge(..{})", self.hint())
    }
}

/// Parses facility code and card number from either spelling. `None` if they do not fit into 8 and 16 bits.
fn wiegand(text: &str) -> Option<String> {
    let (facility, number) = if let Some((facility, number)) = text.split_once([',', '-', ':', '/', ';']) {
        (digits(facility)?, digits(number)?)
    } else {
        let both = digits(text)?;
        (both >> 16, both & 0xffff)
    };
    (facility <= 0xff && number <= 0xffff).then(|| format!("{facility}-{number}"))
}

fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> BadgeProfile {
        BadgeProfile { prefix: "%B".into(), suffix: "?".into(), max_length: 10, ..BadgeProfile::plain() }
    }

    #[track_caller]
    fn check(profile: &BadgeProfile, raw: &str, expected: Option<&str>) {
        assert_eq!(Badge::read(raw, profile).as_ref().map(Badge::expose), expected, "{raw}");
    }

    #[test]
    fn badge_is_read_as_the_profile_says_or_not_at_all() {
        check(&profile(), "%B00123?", Some("00123"));
        check(&BadgeProfile { format: BadgeFormat::Decimal, ..profile() }, "00123", Some("00123"));
        check(&BadgeProfile { format: BadgeFormat::Hex, ..profile() }, "04ab12ff", Some("04AB12FF"));
        check(&BadgeProfile { format: BadgeFormat::Decimal, ..profile() }, "04ab12ff", None);
        check(&profile(), "123", None);
        check(&profile(), "12 45", None);
        assert_eq!(Badge::scan("00123?", &profile()), None, "a scan without its prefix is incomplete");
    }

    /// T18: if the number were cut to 32 bits, two different cards could become one.
    #[test]
    fn a_number_of_56_bits_is_refused_where_32_are_expected() {
        let profile = BadgeProfile { format: BadgeFormat::Hex, max_length: 8, ..BadgeProfile::plain() };
        check(&profile, "04A1B2C3D4E5F6", None);
        check(&profile, "A1B2C3D4", Some("A1B2C3D4"));
        check(&BadgeProfile { format: BadgeFormat::Wiegand, ..BadgeProfile::plain() }, "16777216", None);
    }

    #[test]
    fn one_card_is_one_number_however_it_is_written() {
        let profile = BadgeProfile { format: BadgeFormat::Hex, separators: ":- ".into(), ..BadgeProfile::plain() };
        for raw in ["04:a1:b2:c3", "04-A1-B2-C3", "04 a1 b2 c3", "04A1B2C3"] {
            check(&profile, raw, Some("04A1B2C3"));
        }
        let profile = BadgeProfile { format: BadgeFormat::Decimal, leading_zeros: false, ..BadgeProfile::plain() };
        for raw in ["0012345678", "12345678", "000000012345678"] {
            check(&profile, raw, Some("12345678"));
        }
        check(&profile, "0000", None);
        let profile = BadgeProfile { format: BadgeFormat::Wiegand, ..BadgeProfile::plain() };
        for raw in ["188,24910", "188-24910", "188:24910", "12345678", "0012345678"] {
            check(&profile, raw, Some("188-24910"));
        }
        for raw in ["256,1", "1,65536", "188,24910,1", "188,+5", "-1,5"] {
            check(&profile, raw, None);
        }
    }

    #[test]
    fn debug_shows_two_characters() {
        assert_eq!(format!("{:?}", Badge::read("0012345678", &profile()).unwrap()), "Badge(..78)");
    }
}
