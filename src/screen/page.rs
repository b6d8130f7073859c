//! The page behind a screen. The window has its color: a rectangle of the window's size would be filled again for each touch.

use iced::Color;

use super::colors::{Colors, Tone};

/// What the page behind a screen looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The field of an outcome has its color.
    pub(super) tone: Tone,
    pub(super) backdrop: Backdrop,
}

/// Which of three imperceptibly different colors a page has. Pages that follow each other must differ.
///
/// The software renderer redraws only the bounds of widgets that changed. Some letters reach a pixel beyond their
/// bounds, and that pixel would stay. A change of the window's color redraws all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backdrop {
    /// The color of the tone.
    First,
    /// One step of 255 away from it.
    Second,
    /// Two steps of 255 away from it.
    Third,
}

impl Page {
    /// A page without an outcome.
    pub(super) const fn plain(backdrop: Backdrop) -> Self {
        Self { tone: Tone::Plain, backdrop }
    }

    /// Its color in a theme.
    pub fn color(self, colors: &Colors) -> Color {
        let shade = match self.backdrop {
            Backdrop::First => 0.0,
            Backdrop::Second => 1.0,
            Backdrop::Third => 2.0,
        };
        let field = colors.field(self.tone);
        let shade = if colors.text.b > field.b { shade } else { -shade };
        Color { b: field.b + shade / 255.0, ..field }
    }
}
