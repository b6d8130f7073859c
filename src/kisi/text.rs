//! Cleans names from the network so that they can be drawn. Layout is the screen's job.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

/// Longer names are cut, in user-perceived characters.
///
/// # Source
///
/// `threats.md`, R43.
const MAX_GRAPHEMES: usize = 64;
/// Longer strings are cut before cleaning (R39).
const MAX_BYTES: usize = 256;
/// More combining marks on one letter would reach into the line above. Our choice.
const MAX_MARKS: usize = 3;
const SEPARATORS: [GeneralCategory; 2] = [GeneralCategory::LineSeparator, GeneralCategory::ParagraphSeparator];

/// Cleans a name: normal form C, no control or format characters (so no bidirectional overrides), single spaces, at most 64
/// user-perceived characters. The result may be empty.
pub fn clean(raw: &str) -> String {
    let end = raw.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_BYTES).last();
    let raw = raw.get(..end.unwrap_or(0)).unwrap_or_default();
    let mut marks = 0;
    let visible: String = raw
        .nfc()
        .map(|c| if c.is_whitespace() || SEPARATORS.contains(&c.general_category()) { ' ' } else { c })
        .filter(|c| c.general_category_group() != GeneralCategoryGroup::Other)
        .filter(|c| {
            let is_mark = c.general_category_group() == GeneralCategoryGroup::Mark;
            marks = if is_mark { marks + 1 } else { 0 };
            marks <= MAX_MARKS
        })
        .collect();
    let spaced = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced.graphemes(true).take(MAX_GRAPHEMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        assert_eq!(clean(raw), expected);
    }

    #[test]
    fn names_come_out_visible_and_in_order() {
        check("Büro", "Büro");
        check("Bu\u{308}ro", "Büro");
        check("  Main \t door\n", "Main door");
        check("Vault\u{202e}rood\u{200b}\u{feff}\u{7}", "Vaultrood");
        check("a\u{2028}b", "a b");
        check("\u{1b}[31mred", "[31mred");
        check("日本語の扉 🚪", "日本語の扉 🚪");
        check("\u{200f}\u{200e}", "");
    }

    #[test]
    fn stacked_marks_stay_within_their_line() {
        let tower = format!("e{}", "\u{301}".repeat(50));
        assert!(clean(&tower).chars().count() <= 1 + MAX_MARKS);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(clean(&"x".repeat(1_000_000)).len(), MAX_GRAPHEMES);
        assert_eq!(clean(&"ä".repeat(200)).chars().count(), MAX_GRAPHEMES);
        assert!(clean(&"🚪".repeat(200)).len() <= MAX_BYTES);
    }
}
