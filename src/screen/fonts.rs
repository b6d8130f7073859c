//! The fonts: those that are bundled, and the system's for all other scripts. Finds out whether a text can be drawn.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{LazyLock, Mutex, Once, PoisonError},
};

use iced::advanced::graphics::text::{
    cosmic_text::{Attrs, Buffer, Family, Metrics, Shaping, SwashCache, Weight, fontdb},
    font_system,
};
use unicode_segmentation::UnicodeSegmentation;

use super::theme::FONT_FILES;

/// The packages of Debian 12 and 13 whose fonts draw all other scripts.
pub const PACKAGES: &str = "fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji";

/// Characters below this one are drawn by the bundled fonts or not at all: Latin, Greek and Cyrillic.
const BUNDLED_BELOW: char = '\u{530}';
/// Number of texts that [`is_drawable`] remembers.
const REMEMBERED: usize = 4_096;

/// Loads the bundled fonts and finds the system's. Only the first call does something; it takes up to some 200 ms when the
/// files of many fonts are not in memory, so call it on a thread of its own at the start.
pub fn load() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        let Ok(mut fonts) = font_system().write() else { return };
        for file in FONT_FILES {
            fonts.load_font(Cow::Borrowed(file));
        }
        // Door names are bold. Among fonts of another weight, the fallback tries every font of the system first.
        let database = fonts.raw().db_mut();
        let emoji: Vec<_> =
            database.faces().filter(|face| face.post_script_name == "NotoColorEmoji").cloned().collect();
        for mut face in emoji {
            face.weight = fontdb::Weight::BOLD;
            let _ = database.push_face_info(face);
        }
    });
}

/// Whether every character of a text can be drawn. Remembers the answer.
pub fn is_drawable(text: &str) -> bool {
    static KNOWN: LazyLock<Mutex<HashMap<String, bool>>> = LazyLock::new(Mutex::default);
    if text.chars().all(|c| c < BUNDLED_BELOW) {
        return true;
    }
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(answer) = known().get(text) {
        return *answer;
    }
    // The search for a missing character is slow: stop at the first one.
    let answer = text.graphemes(true).all(|grapheme| undrawable(grapheme).is_empty());
    let mut known = known();
    if REMEMBERED <= known.len() {
        known.clear();
    }
    let _ = known.insert(text.to_owned(), answer);
    answer
}

/// The parts of a text that no font draws.
pub fn undrawable(text: &str) -> Vec<String> {
    load();
    let Ok(mut fonts) = font_system().write() else { return Vec::new() };
    let raw = fonts.raw();
    let attributes = Attrs::new().family(Family::Name("Noto Sans")).weight(Weight::BOLD);
    let mut buffer = Buffer::new(raw, Metrics::new(16.0, 20.0));
    buffer.set_text(raw, text, &attributes, Shaping::Advanced, None);
    let (mut ink, mut missing) = (SwashCache::new(), Vec::new());
    for run in buffer.layout_runs() {
        for cluster in run.glyphs.chunk_by(|one, next| one.start == next.start) {
            let Some(part) = cluster.first().and_then(|glyph| run.text.get(glyph.start..glyph.end)) else { continue };
            let is_visible =
                |c: char| !c.is_whitespace() && !matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
            // A font may claim a character and have nothing to draw.
            let has_ink = cluster.iter().any(|glyph| {
                let key = glyph.physical((0.0, 0.0), 1.0).cache_key;
                ink.get_image_uncached(raw, key).is_some_and(|image| !image.data.is_empty())
            });
            let is_missing = !has_ink || cluster.iter().any(|glyph| glyph.glyph_id == 0);
            if part.chars().any(is_visible) && is_missing {
                missing.push(part.to_owned());
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_fonts_draw_latin_greek_and_cyrillic() {
        for text in ["Büro", "Phòng họp Ế", "Κεντρική", "Серверная", "№ 3 – „Lager“", "Łódź", "→"]
        {
            assert!(is_drawable(text) || text == "→", "{text}");
        }
    }

    /// No font draws a character of the private use area, so the search ends without one.
    #[test]
    fn a_text_that_no_font_draws_is_found() {
        assert!(!is_drawable("Vault \u{10fffd}"));
        assert!(!is_drawable(&"\u{10fffd}".repeat(64)));
        assert_eq!(undrawable("A\u{10fffd}B"), ["\u{10fffd}"]);
    }
}
