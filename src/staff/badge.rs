//! Badge numbers: normalizes the different spellings of a card's number. A number that does not fit is rejected, never cut.

use std::fmt;

/// The format of a site's badge numbers, as its readers type them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeProfile {
    /// Characters that the reader types before the number.
    pub prefix: String,
    /// Characters that the reader types after the number.
    pub suffix: String,
    /// Characters that the reader types between digits; they are removed, and so are spaces.
    pub separators: String,
    /// Smallest number of characters, without separators.
    pub min_length: usize,
    /// Largest number of characters, without separators.
    pub max_length: usize,
    /// The characters of a number.
    pub format: BadgeFormat,
    /// What readers that send text send, if it is not the number itself.
    pub sends: Option<UidForm>,
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
            sends: None,
            leading_zeros: true,
        }
    }
}

/// How the UID of a card is written. Its bytes are in the order in which the card sends them, or in reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UidForm {
    /// A decimal number instead of hexadecimal digits.
    pub is_decimal: bool,
    /// The last byte first.
    pub is_reversed: bool,
}

impl UidForm {
    /// Hexadecimal digits in the card's own order, as Kisi lists them.
    pub const HEX: Self = Self { is_decimal: false, is_reversed: false };
    /// All forms, by their names in the configuration.
    pub const ALL: [(&str, Self); 4] = [
        ("hex", Self::HEX),
        ("hex-reversed", Self { is_decimal: false, is_reversed: true }),
        ("decimal", Self { is_decimal: true, is_reversed: false }),
        ("decimal-reversed", Self { is_decimal: true, is_reversed: true }),
    ];

    /// Writes a UID. A decimal number has as many digits as the largest UID of that length: ten for four bytes.
    pub fn write(self, uid: &[u8]) -> String {
        let mut bytes = uid.to_vec();
        if self.is_reversed {
            bytes.reverse();
        }
        if !self.is_decimal || 16 < bytes.len() {
            return base16ct::upper::encode_string(&bytes);
        }
        let number = |bytes: &[u8]| bytes.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        let digits = number(&vec![0xff; bytes.len()]).to_string().len();
        format!("{:0digits$}", number(&bytes))
    }

    /// Reads a UID. `None` if the text is not one of four, seven or ten bytes.
    ///
    /// # Source
    ///
    /// ISO/IEC 14443-3, section 6.5.4: single, double and triple size UIDs.
    fn read(self, text: &str) -> Option<Vec<u8>> {
        const SIZES: [usize; 3] = [4, 7, 10];
        let mut bytes = if self.is_decimal {
            let all = text.parse::<u128>().ok().filter(|_| text.bytes().all(|c| c.is_ascii_digit()))?.to_be_bytes();
            let zeros = all.iter().take_while(|byte| **byte == 0).count();
            let size = SIZES.into_iter().find(|size| all.len() - zeros <= *size)?;
            all.get(all.len() - size..)?.to_vec()
        } else {
            let bytes = base16ct::mixed::decode_vec(text).ok()?;
            SIZES.contains(&bytes.len()).then_some(bytes)?
        };
        if self.is_reversed {
            bytes.reverse();
        }
        Some(bytes)
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
        let body = framed(raw, profile)?;
        match profile.sends {
            None => Self::normal(body, profile),
            Some(form) => Self::of_uid(&form.read(&without_separators(body, profile))?, profile),
        }
    }

    /// The number of a card by its UID, in the format of the profile. `None` if it does not match the profile. With
    /// [`BadgeFormat::Wiegand`] it is no UID: do not ask.
    pub fn of_uid(uid: &[u8], profile: &BadgeProfile) -> Option<Self> {
        let is_decimal = profile.format == BadgeFormat::Decimal;
        Self::normal(&UidForm { is_decimal, is_reversed: false }.write(uid), profile)
    }

    /// The number of a 26-bit card.
    pub fn of_wiegand(facility: u8, number: u16) -> Self {
        Self(format!("{facility}-{number}"))
    }

    /// The number of a card by its UID in hexadecimal digits. `None` if that is not one of four, seven or ten bytes.
    pub fn of_hex_uid(digits: &str, profile: &BadgeProfile) -> Option<Self> {
        Self::of_uid(&UidForm::HEX.read(digits)?, profile)
    }

    /// Parses a number written or typed by a person, with or without the reader's prefix and suffix. It is the number
    /// itself, whatever readers send.
    pub fn read(raw: &str, profile: &BadgeProfile) -> Option<Self> {
        framed(raw, profile).and_then(|body| Self::normal(body, profile)).or_else(|| Self::normal(raw.trim(), profile))
    }

    /// Restores a number that was stored in its normalized form.
    pub fn kept(number: &str) -> Option<Self> {
        (1..=Self::MAX_LENGTH).contains(&number.len()).then(|| Self(number.to_owned()))
    }

    /// Normalizes a number. `None` if it does not match the profile.
    pub fn normal(body: &str, profile: &BadgeProfile) -> Option<Self> {
        let digits = without_separators(body, profile);
        let length = digits.chars().count();
        if length < profile.min_length.max(1) || profile.max_length < length {
            return None;
        }
        let fits = |fits: fn(&char) -> bool| digits.chars().all(|c| fits(&c));
        let number = match profile.format {
            BadgeFormat::AsRead if fits(char::is_ascii_graphic) => digits,
            BadgeFormat::Decimal if fits(char::is_ascii_digit) => digits,
            BadgeFormat::Hex if fits(char::is_ascii_hexdigit) => digits.to_ascii_uppercase(),
            BadgeFormat::Wiegand => return wiegand(body.trim()).map(Self),
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

/// What is between the reader's prefix and suffix.
fn framed<'a>(raw: &'a str, profile: &BadgeProfile) -> Option<&'a str> {
    raw.trim().strip_prefix(profile.prefix.as_str())?.strip_suffix(profile.suffix.as_str())
}

fn without_separators(text: &str, profile: &BadgeProfile) -> String {
    text.chars().filter(|c| *c != ' ' && !profile.separators.contains(*c)).collect()
}

/// Parses facility code and card number. `None` if they do not fit into 8 and 16 bits, or if it is not certain where one
/// ends: `01024910` is card 24910 of facility 10, or the decimal number that facility 15 and card 41870 form together.
fn wiegand(text: &str) -> Option<String> {
    let (facility, number) = if let Some((facility, number)) = text.split_once([',', '-', ':', '/', ';', ' ']) {
        (digits(facility)?, digits(number.trim_start())?)
    } else {
        let both = digits(text)?;
        // Two columns have eight digits, or fewer where the reader drops zeros.
        let fits = |at: &usize| {
            let columns =
                text.split_at_checked(*at).and_then(|(facility, number)| Some((digits(facility)?, digits(number)?)));
            columns.is_some_and(|(facility, number)| facility <= 0xff && number <= 0xffff)
        };
        if text.len() <= 8 && (1..=3).any(|at| fits(&at)) {
            return None;
        }
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
        check(&profile(), "12 45", Some("1245"));
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
        for raw in ["188,24910", "188-24910", "188:24910", "188 24910", "188, 24910", "0012345678"] {
            check(&profile, raw, Some("188-24910"));
        }
        // One column or two? `16699999` cannot be two.
        check(&profile, "16699999", Some("254-53855"));
        for raw in
            ["256,1", "1,65536", "188,24910,1", "188,+5", "-1,5", "12345678", "01024910", "1024910", "24910", "188910"]
        {
            check(&profile, raw, None);
        }
    }

    /// One card: UID 04 AB 12 FF, as a reader types it, as another one does, and as Kisi's list has it.
    #[test]
    fn radix_and_byte_order_make_one_number_of_one_card() {
        let decimal = UidForm { is_decimal: true, is_reversed: false };
        let hex = UidForm { is_decimal: false, is_reversed: false };
        let typed = [
            (hex, "04AB12FF"),
            (hex, "04 ab 12 ff"),
            (UidForm { is_reversed: true, ..hex }, "FF12AB04"),
            (decimal, "78320383"),
            (decimal, "0078320383"),
            (UidForm { is_reversed: true, ..decimal }, "4279413508"),
        ];
        for (form, text) in typed {
            for (format, number) in [(BadgeFormat::Hex, "04AB12FF"), (BadgeFormat::Decimal, "0078320383")] {
                let profile = BadgeProfile { format, sends: Some(form), ..BadgeProfile::plain() };
                assert_eq!(Badge::scan(text, &profile).as_ref().map(Badge::expose), Some(number), "{text} {form:?}");
                let uid = Badge::of_uid(&[0x04, 0xab, 0x12, 0xff], &profile);
                assert_eq!(uid.as_ref().map(Badge::expose), Some(number));
                assert_eq!(Badge::read(number, &BadgeProfile { sends: None, ..profile }), uid, "as a list has it");
            }
        }
        let profile = BadgeProfile { format: BadgeFormat::Hex, sends: Some(hex), ..BadgeProfile::plain() };
        for text in ["04AB12F", "04AB12FF00", "04AB12GG", "", "04AB12FF04AB12FF"] {
            assert_eq!(Badge::scan(text, &profile), None, "{text}");
        }
        let seven = [0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6];
        let reversed = UidForm { is_decimal: true, is_reversed: true };
        assert_eq!(reversed.write(&seven).len(), 17);
        assert_eq!(reversed.read(&reversed.write(&seven)).as_deref(), Some(&seven[..]));
    }

    #[test]
    fn debug_shows_two_characters() {
        assert_eq!(format!("{:?}", Badge::read("0012345678", &profile()).unwrap()), "Badge(..78)");
    }
}
