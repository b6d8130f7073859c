//! Reads single cells: e-mail addresses as people paste them, and badge numbers that a spreadsheet may have spoiled.

use crate::staff::BadgeProfile;

/// Characters of zero width that come along when an address is copied from a page or a mail.
const ZERO_WIDTH: [char; 9] =
    ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{61c}', '\u{feff}'];

/// Reads `a@b.de`, `<a@b.de>`, `Ada <a@b.de>` and `mailto:a@b.de`, without characters of zero width.
pub(super) fn address(cell: &str) -> Result<String, String> {
    let wrong = || format!("`{cell}` is not an e-mail address");
    let visible: String = cell.chars().filter(|c| !ZERO_WIDTH.contains(c)).collect();
    let mut text = visible.trim().trim_end_matches([';', ',']).trim_end();
    if let Some((_, rest)) = text.rsplit_once('<') {
        text = rest.strip_suffix('>').ok_or_else(wrong)?.trim();
    }
    if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        text = text.get(7..).unwrap_or_default();
    }
    if 1 < visible.matches('@').count() {
        return Err(format!("`{cell}` holds more than one address: keep the one that Kisi knows"));
    }
    let is_address = text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    let is_odd = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';' | '(' | ')');
    if is_address && !text.contains(is_odd) { Ok(text.to_owned()) } else { Err(wrong()) }
}

const AS_TEXT: &str = "format the column as text and enter the numbers again";
/// What a spreadsheet or a script writes for a value that it cannot show as a number.
const NO_NUMBERS: [&str; 9] = ["inf", "infinity", "nan", "true", "false", "wahr", "falsch", "vrai", "faux"];

/// What a spreadsheet made of a number, and how to get it back. `None` if the cell looks as it was typed.
///
/// # Source
///
/// Excel: numbers of 12 digits and more in scientific notation, the 16th digit and later as zero, `="…"` for text, and the
/// names of error values; each as saved to CSV.
pub(super) fn spoiled(cell: &str, profile: &BadgeProfile) -> Option<String> {
    if !profile.prefix.is_empty() && cell.starts_with(&profile.prefix) {
        return None;
    }
    let why = |what: &str, remedy: &str| Some(format!("`{cell}` {what}: {remedy}"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if let Some((mantissa, exponent)) = cell.split_once(['E', 'e']) {
        let has_mark = mantissa.contains(['.', ',']) || exponent.starts_with(['+', '-']);
        let digits = mantissa.replace(['.', ','], "");
        if has_mark && is_number(&digits) && is_number(exponent.trim_start_matches(['+', '-'])) {
            return why("is a number that a spreadsheet shortened, its digits are lost", AS_TEXT);
        }
    }
    if let Some(inner) = cell.strip_prefix('=') {
        return why("is a formula", &format!("write {}", inner.trim_matches('"')));
    }
    if let Some(inner) = cell.strip_prefix(['\'', '\u{2019}']) {
        return why("begins with an apostrophe", &format!("write {inner}"));
    }
    if let Some((whole, decimals)) = cell.rsplit_once(['.', ','])
        && is_number(whole)
        && is_number(decimals)
        && decimals.bytes().all(|c| c == b'0')
        && decimals.len() < 3
    {
        return why("is a decimal number", &format!("write {whole}, with the zeros that belong before it"));
    }
    // Spaces are no mistake: a badge may be written with them.
    let is_mark = |c: char| {
        matches!(c, '.' | ',' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}')
            && !profile.separators.contains(c)
    };
    let groups: Vec<&str> = cell.split(is_mark).collect();
    if let [first, rest @ ..] = &groups[..]
        && 1 < rest.len()
        && is_number(first)
        && first.len() <= 3
        && rest.iter().all(|group| is_number(group) && group.len() == 3)
    {
        return why("is a number with thousands separators", &format!("write {}", groups.concat()));
    }
    if cell.starts_with('#') || NO_NUMBERS.contains(&cell.to_lowercase().as_str()) {
        return why("is not a number: the spreadsheet could not show it", AS_TEXT);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_paste_them() {
        for cell in [
            "ada@example.com",
            " ada@example.com ",
            "<ada@example.com>",
            "Ada Lind <ada@example.com>",
            "\"Lind, Ada\" <ada@example.com>",
            "mailto:ada@example.com",
            "MAILTO:ada@example.com",
            "ada@example.com;",
            "ada\u{200b}@example.com",
            "\u{feff}ada@example.com\u{a0}",
        ] {
            assert_eq!(address(cell).as_deref(), Ok("ada@example.com"), "{cell:?}");
        }
        assert_eq!(address("admin+1@example.com").as_deref(), Ok("admin+1@example.com"));
        for cell in
            ["ada", "ada@", "@example.com", "ada@example", "a b@example.com", "Ada <ada@example.com", "a@b.de x", ""]
        {
            assert!(address(cell).is_err(), "{cell:?}");
        }
        assert!(address("a@b.de; c@d.de").unwrap_err().contains("more than one address"));
    }

    #[test]
    fn numbers_that_a_spreadsheet_spoiled_are_found() {
        for (cell, remedy) in [
            ("1.23457E+09", "format the column as text"),
            ("1,23457E+11", "format the column as text"),
            ("5E+15", "format the column as text"),
            ("12345678.0", "write 12345678"),
            ("12345678,00", "write 12345678"),
            ("=\"0012345678\"", "write 0012345678"),
            ("'0012345678", "write 0012345678"),
            ("\u{2019}0012345678", "write 0012345678"),
            ("12,345,678", "write 12345678"),
            ("12\u{a0}345\u{a0}678", "write 12345678"),
            ("12'345'678", "write 12345678"),
            ("########", "format the column as text"),
            ("#N/A", "format the column as text"),
            ("inf", "format the column as text"),
            ("WAHR", "format the column as text"),
        ] {
            let why = spoiled(cell, &BadgeProfile::plain()).unwrap_or_else(|| panic!("{cell}"));
            assert!(why.contains(remedy) && why.starts_with(&format!("`{cell}`")), "{why}");
        }
        for cell in
            ["0012345678", "04E12345", "34E3", "1234E5678", "E1234", "188,24910", "04:A3:2B:1C", "04 A3 2B 1C", ""]
        {
            assert_eq!(spoiled(cell, &BadgeProfile::plain()), None, "{cell}");
        }
    }
}
