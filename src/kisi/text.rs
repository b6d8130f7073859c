//! Cleans names from the network so that they can be drawn. Layout is the screen's job.

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation;

/// Longer names are cut, in user-perceived characters.
///
/// # Source
///
/// `threats.md`, R43.
const MAX_GRAPHEMES: usize = 64;
/// Longer strings are cut before cleaning (R39). 64 user-perceived characters of nearly every script fit.
const MAX_BYTES: usize = 1_024;
/// More marks on one letter would reach into the line above or below. Our choice: Burmese syllables have up to five,
/// beside their letter.
const MAX_MARKS: usize = 6;
/// At most this many of them may be of a kind that stacks, such as accents. Vietnamese needs two, pointed Hebrew three.
const MAX_STACKED: usize = 3;
/// Combining classes from here on are placed above or below their letter.
///
/// # Source
///
/// Unicode Standard, section 4.3: classes 200 to 240.
const STACKS: u8 = 200;
const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

const SEPARATORS: [GeneralCategory; 2] = [GeneralCategory::LineSeparator, GeneralCategory::ParagraphSeparator];

/// Cleans a name: normal form C, no control or format characters (so no bidirectional overrides), single spaces, at most 64
/// user-perceived characters. Joiners stay between letters and pictures that they join. The result may be empty.
pub fn clean(raw: &str) -> String {
    let end = raw.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_BYTES).last();
    let raw = raw.get(..end.unwrap_or(0)).unwrap_or_default();
    let (mut marks, mut stacked) = (0, 0);
    let visible: Vec<char> = raw
        .nfc()
        .map(|c| if c.is_whitespace() || SEPARATORS.contains(&c.general_category()) { ' ' } else { c })
        .filter(|c| is_joiner(*c) || c.general_category_group() != GeneralCategoryGroup::Other)
        // A key cap around a digit needs both in one font.
        .filter(|c| c.general_category() != GeneralCategory::EnclosingMark)
        .filter(|c| {
            if is_joiner(*c) {
                return true;
            }
            let is_mark = c.general_category_group() == GeneralCategoryGroup::Mark;
            let is_stacked = is_mark && STACKS <= canonical_combining_class(*c);
            (marks, stacked) = if is_mark { (marks + 1, stacked + usize::from(is_stacked)) } else { (0, 0) };
            marks <= MAX_MARKS && stacked <= MAX_STACKED
        })
        .collect();
    let joined: String =
        visible.iter().enumerate().filter(|(at, c)| !is_joiner(**c) || joins(&visible, *at)).map(|(_, c)| *c).collect();
    let spaced = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced.graphemes(true).take(MAX_GRAPHEMES).collect()
}

fn is_joiner(c: char) -> bool {
    matches!(c, JOINER | NON_JOINER)
}

/// Whether the joiner there stands between two characters that it can join: letters and marks of scripts that are written
/// with joiners, or pictures.
fn joins(text: &[char], at: usize) -> bool {
    let is_joined = |c: &char| {
        let group = c.general_category_group();
        let is_letter = matches!(group, GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark);
        // Latin, Greek and Cyrillic letters have no joined forms.
        is_letter && '\u{530}' <= *c
            || group == GeneralCategoryGroup::Symbol
            || matches!(c, '\u{1f3fb}'..='\u{1f3ff}' | '\u{fe0f}')
    };
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    before.is_some_and(is_joined) && text.get(at + 1).is_some_and(is_joined)
}

/// What two names have in common that look the same: without case, joiners and letters of other scripts with the same
/// shape.
///
/// # Source
///
/// Unicode Technical Standard 39, section 4: skeletons.
pub(super) fn appearance(name: &str) -> String {
    let is_seen = |c: &char| !is_joiner(*c) && !matches!(c, '\u{fe00}'..='\u{fe0f}');
    let seen: String = name.chars().filter(is_seen).collect();
    let shapes: String = skeleton(&seen).collect();
    skeleton(&shapes.to_lowercase()).collect()
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
        check("1\u{fe0f}\u{20e3} Étage", "1\u{fe0f} Étage");
        check("\u{2067}abc\u{2069}\u{061c}", "abc");
    }

    /// Joiners and marks without which a word is another one or none.
    #[test]
    fn what_letters_need_stays() {
        for name in [
            "می\u{200c}خواهم",        // Persian
            "ශ\u{dca}\u{200d}රී",      // Sinhala
            "👨\u{200d}👩\u{200d}👧", // A family
            "🏳\u{fe0f}\u{200d}🌈",    // A flag
            "မြွှေ့",
            "လျှို့ဝှက်",
            "ကြွေး", // Burmese
            "ที่นี่",
            "ผู้ใหญ่",        // Thai
            "Phòng họp Ế", // Vietnamese
            "क्षत्रिय",
            "שָׁלוֹם", // Devanagari, pointed Hebrew
            "مُحَمَّد",
        ] {
            let composed: String = name.nfc().collect();
            assert_eq!(clean(name), composed, "{name}");
        }
        check("a\u{200d}b", "ab");
        check("\u{200d}م\u{200d}", "م");
        check("م\u{200c}\u{200c}م", "مم");
        check("م\u{200c} م", "م م");
    }

    #[test]
    fn stacked_marks_stay_within_their_line() {
        let tower = format!("e{}", "\u{301}".repeat(50));
        assert!(clean(&tower).chars().count() <= 1 + MAX_STACKED);
        let tower = format!("မ{}", "\u{103b}".repeat(50));
        assert!(clean(&tower).chars().count() <= 1 + MAX_MARKS);
        let broken_up = format!("e{}", "\u{301}\u{200d}".repeat(50));
        assert!(clean(&broken_up).chars().count() <= 1 + MAX_STACKED);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(clean(&"x".repeat(1_000_000)).len(), MAX_GRAPHEMES);
        assert_eq!(clean(&"ä".repeat(200)).chars().count(), MAX_GRAPHEMES);
        assert_eq!(clean(&"မြွှေ့".repeat(200)).graphemes(true).count(), 57, "the limit in bytes");
        assert!(clean(&"🚪".repeat(400)).len() <= MAX_BYTES);
    }

    #[test]
    fn names_that_look_the_same_have_the_same_appearance() {
        for (one, other) in
            [("Vault", "VAULT"), ("Haus", "Наus"), ("Lab 1", "Lab l"), ("می\u{200c}خ", "میخ"), ("🚪", "🚪\u{fe0f}")]
        {
            assert_eq!(appearance(one), appearance(other), "{one} {other}");
        }
        assert_ne!(appearance("会议室"), appearance("会議室"));
    }
}
