//! Makes the renderer redraw all of a text that changes.

use std::hash::{DefaultHasher, Hash, Hasher};

use iced::Color;

/// Color of an invisible rectangle around a text. It is another one for another text, so the renderer draws all of its
/// place again: iced's software renderer redraws only the lines of the text before and after, and letters reach past
/// tight lines and their soft edges into the next pixel. Their remains stayed on the screen.
///
/// # Source
///
/// `iced_graphics` 0.14, `text::Text::visible_bounds`; `iced_tiny_skia` 0.14, `Layer::damage`.
pub(super) fn trace(content: &str, color: Option<Color>) -> Color {
    let mut hasher = DefaultHasher::new();
    (content, color.map(Color::into_rgba8)).hash(&mut hasher);
    let [r, g, b, ..] = hasher.finish().to_le_bytes().map(|byte| f32::from(byte) / 255.0);
    Color { r, g, b, a: 0.0 }
}
