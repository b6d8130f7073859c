//! The fonts: those that are bundled, and the system's for all other scripts. Finds out whether a text can be drawn.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{LazyLock, Mutex, Once, PoisonError},
};

use iced::advanced::graphics::text::{
    cosmic_text::{Attrs, Buffer, Family, FontSystem, Metrics, Shaping, SwashCache, Weight, fontdb},
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

/// Answers about texts that are remembered, because the next screen asks them again.
struct Memory<T>(LazyLock<Mutex<HashMap<String, T>>>);

impl<T: Copy> Memory<T> {
    const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    fn get(&self, text: &str, find: impl FnOnce(&str) -> T) -> T {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = known().get(text) {
            return *answer;
        }
        let answer = find(text);
        let mut known = known();
        if REMEMBERED <= known.len() {
            known.clear();
        }
        let _ = known.insert(text.to_owned(), answer);
        answer
    }
}

/// Whether every character of a text can be drawn.
pub fn is_drawable(text: &str) -> bool {
    static KNOWN: Memory<bool> = Memory::new();
    // The search for a missing character is slow: stop at the first one.
    text.chars().all(|c| c < BUNDLED_BELOW)
        || KNOWN.get(text, |text| text.graphemes(true).all(|grapheme| undrawable(grapheme).is_empty()))
}

/// Width of a name in the bold font on one line, in em.
pub fn width(text: &str) -> f32 {
    static KNOWN: Memory<f32> = Memory::new();
    KNOWN.get(text, |text| {
        load();
        let Ok(mut fonts) = font_system().write() else { return 0.0 };
        let buffer = laid_out(fonts.raw(), text);
        buffer.layout_runs().map(|run| run.line_w).fold(0.0, f32::max) / MEASURED
    })
}

/// How many lines a name needs in a place of this width, in em. `None` if a word is wider than that.
pub fn lines(text: &str, place: f32) -> Option<usize> {
    const SPACE: f32 = 0.26;
    if width(text) <= place {
        return Some(1);
    }
    let (mut lines, mut used) = (1, 0.0);
    for word in text.split_whitespace().map(width) {
        if place < word {
            return None;
        }
        if 0.0 < used && place < used + SPACE + word {
            (lines, used) = (lines + 1, word);
        } else {
            used += word + if 0.0 < used { SPACE } else { 0.0 };
        }
    }
    Some(lines)
}

/// The width of a bold letter, in em. Rather too wide than too narrow.
pub(super) const LETTER: f32 = 0.57;
/// The factor by which the size of all names of a page is reduced until they fit.
pub(super) const STEP: f32 = 0.96;
/// A name with more letters than the first, or a word with more than the second, does not count for the layout of a page
/// and is drawn smaller alone.
const LONG: (usize, usize) = (26, 13);

/// Whether a name is drawn smaller alone.
pub(super) fn is_long(name: &str) -> bool {
    LONG.0 < name.chars().count() || name.split_whitespace().any(|word| LONG.1 < word.chars().count())
}

/// How many lines a name needs where so many letters are in a line: one or two. Long names count as one. Measures nothing,
/// for thousands of names.
pub(super) fn estimated_lines(name: &str, letters: f32) -> usize {
    let length = u16::try_from(name.chars().count()).unwrap_or(u16::MAX);
    if usize::from(length) <= LONG.0 && letters < f32::from(length) { 2 } else { 1 }
}

/// Font size, in pixels, at which texts are measured.
const MEASURED: f32 = 100.0;

fn laid_out(fonts: &mut FontSystem, text: &str) -> Buffer {
    let attributes = Attrs::new().family(Family::Name("Noto Sans")).weight(Weight::BOLD);
    let mut buffer = Buffer::new(fonts, Metrics::new(MEASURED, MEASURED));
    buffer.set_text(fonts, text, &attributes, Shaping::Advanced, None);
    buffer
}

/// The parts of a text that no font draws.
pub fn undrawable(text: &str) -> Vec<String> {
    load();
    let Ok(mut fonts) = font_system().write() else { return Vec::new() };
    let raw = fonts.raw();
    let buffer = laid_out(raw, text);
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
