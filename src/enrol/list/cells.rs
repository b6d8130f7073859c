//! Reads single cells: e-mail addresses as people paste them, and badge numbers that a spreadsheet may have spoiled.

use crate::staff::{BadgeFormat, BadgeProfile};

/// Characters of zero width that come along when an address is copied from a page or a mail.
const ZERO_WIDTH: [char; 9] =
    ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{61c}', '\u{feff}'];

/// Without characters of zero width.
pub(super) fn without_zero_width(cell: &str) -> String {
    cell.chars().filter(|c| !ZERO_WIDTH.contains(c)).collect::<String>().trim().to_owned()
}

/// Without characters of zero width at the ends.
pub(super) fn trimmed(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || ZERO_WIDTH.contains(&c))
}

/// Reads `a@b.de`, `<a@b.de>`, `Ada <a@b.de>` and `mailto:a@b.de`, without characters of zero width.
pub(super) fn address(cell: &str) -> Result<String, String> {
    let wrong = || format!("`{cell}` is not an e-mail address");
    let visible = without_zero_width(cell);
    let mut text = visible.trim().trim_end_matches([';', ',']).trim_end();
    let mut before = "";
    if let Some((outside, rest)) = text.rsplit_once('<') {
        (before, text) = (outside.trim(), rest.strip_suffix('>').ok_or_else(wrong)?.trim());
    }
    for mark in ['\'', '"'] {
        text = text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark)).unwrap_or(text);
    }
    if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        text = text.get(7..).unwrap_or_default();
    }
    if 1 < text.matches('@').count() || (before.contains('@') && before != text) {
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
    let (what, remedy) = typed_as_text(cell)
        .or_else(|| shortened(cell))
        .or_else(|| with_marks(cell, profile))
        .or_else(|| date(cell, profile))
        .or_else(|| no_number(cell, profile))?;
    Some(format!("`{cell}` {what}: {remedy}"))
}

/// What is wrong with a cell, and the remedy.
type Spoiled = Option<(String, String)>;

#[expect(clippy::unnecessary_wraps, reason = "reads as a result where it is used")]
fn found(what: &str, remedy: &str) -> Spoiled {
    Some((what.to_owned(), remedy.to_owned()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
}

/// `="0012345678"` and `'0012345678`.
fn typed_as_text(cell: &str) -> Spoiled {
    if let Some(inner) = cell.strip_prefix('=') {
        return found("is a formula", &format!("write {}", inner.trim_matches('"')));
    }
    let inner = cell.strip_prefix(['\'', '\u{2019}'])?;
    found("begins with an apostrophe", &format!("write {inner}"))
}

/// `1.23457E+09`.
fn shortened(cell: &str) -> Spoiled {
    let (mantissa, exponent) = cell.split_once(['E', 'e'])?;
    let has_mark = mantissa.contains(['.', ',']) || exponent.starts_with(['+', '-']);
    let digits = mantissa.replace(['.', ','], "");
    let is_it = has_mark && is_number(&digits) && is_number(exponent.trim_start_matches(['+', '-', ' ']));
    is_it.then(|| found("is a number that a spreadsheet shortened, its digits are lost", AS_TEXT))?
}

/// Signs, decimals and thousands separators that do not belong to the badges of this site.
fn with_marks(cell: &str, profile: &BadgeProfile) -> Spoiled {
    let is_own = |c: char| profile.separators.contains(c);
    if let Some(inner) = cell.strip_prefix('-').or_else(|| cell.strip_prefix('(')?.strip_suffix(')'))
        && is_number(inner)
        && !is_own('-')
    {
        return found("is a negative number", &format!("write {inner}"));
    }
    if let Some((whole, decimals)) = cell.rsplit_once(['.', ','])
        && is_number(whole)
        && (decimals.is_empty() || is_number(decimals))
        && !cell.contains(is_own)
    {
        // `188,24910` is a facility code and a card number.
        if cell.contains(',') && whole.len() <= 3 && decimals.len() == 5 {
            return None;
        }
        if decimals.bytes().all(|c| c == b'0') || decimals.len() != 3 {
            return found("is a decimal number", &format!("write {whole}, with the zeros that belong before it"));
        }
        return found("is a number with a decimal or thousands separator", AS_TEXT);
    }
    // Spaces are no mistake: a badge may be written with them.
    let is_mark =
        |c: char| matches!(c, '.' | ',' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}') && !is_own(c);
    let whole = cell.strip_suffix(",00").or_else(|| cell.strip_suffix(".00")).unwrap_or(cell);
    let groups: Vec<&str> = whole.split(is_mark).collect();
    let [first, rest @ ..] = &groups[..] else { return None };
    let is_grouped = 1 < rest.len()
        && is_number(first)
        && first.len() <= 3
        && rest.iter().all(|group| is_number(group) && group.len() == 3);
    is_grouped.then(|| found("is a number with thousands separators", &format!("write {}", groups.concat())))?
}

/// `05.12.1999`, `12:34:56`, `12-Mrz` and `Jan-24`.
fn date(cell: &str, profile: &BadgeProfile) -> Spoiled {
    let parts: Vec<&str> = cell.split(['/', '.', ':']).collect();
    let is_own = cell.contains(|c: char| profile.separators.contains(c));
    let is_date = parts.len() == 3 && parts.iter().all(|part| is_number(part) && part.len() <= 4) && !is_own;
    let is_month = |text: &str| (3..=4).contains(&text.chars().count()) && text.chars().all(char::is_alphabetic);
    let is_day = cell
        .split_once('-')
        .is_some_and(|(one, two)| is_number(one) && is_month(two) || is_month(one) && is_number(two));
    let is_it = (is_date || is_day) && profile.format != BadgeFormat::Wiegand;
    is_it.then(|| found("is a date or a time", AS_TEXT))?
}

/// Error values, words, and more than one number.
fn no_number(cell: &str, profile: &BadgeProfile) -> Spoiled {
    let is_own = |c: char| profile.separators.contains(c);
    if let Some(mark) = cell.chars().find(|c| matches!(c, '"' | '`' | '@' | ';' | '|') && !is_own(*c)) {
        return found(&format!("holds `{mark}`"), "write one number and nothing else");
    }
    let is_word = NO_NUMBERS.contains(&cell.to_lowercase().as_str()) || cell.starts_with("Err:");
    let is_it = is_word || (cell.contains('#') && !is_own('#'));
    is_it.then(|| found("is not a number: the spreadsheet could not show it", AS_TEXT))?
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
            "'ada@example.com'",
            "ada@example.com<mailto:ada@example.com>",
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
            ("12345678.000", "write 12345678"),
            ("12345678.", "write 12345678"),
            ("12345678,5", "write 12345678"),
            ("12,345", "format the column as text"),
            ("1.2346E 09", "format the column as text"),
            ("-12345678", "write 12345678"),
            ("(12345678)", "write 12345678"),
            ("01/02/2024", "format the column as text"),
            ("05.12.1999", "format the column as text"),
            ("12:34:56", "format the column as text"),
            ("Jan-24", "format the column as text"),
            ("12-Mrz", "format the column as text"),
            ("Err:502", "format the column as text"),
            ("-#NV", "format the column as text"),
            ("0012345678;0012345679", "write one number"),
            ("`0012345678", "write one number"),
            ("ada@example.com", "write one number"),
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
