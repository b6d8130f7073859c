//! How the parts look: colors, edges and corners. A disc is a key, what is hollow cannot be touched, color is an outcome.

use iced::{
    Border, Color, Fill,
    border::Radius,
    widget::{Container, container, space},
};

use super::{
    colors::{Colors, Theme, Tone},
    design::stroke,
    press::{Style, Touch},
    theme::Metrics,
};

/// What a key is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyLook {
    /// It can be touched.
    Ready,
    /// It cannot be touched now.
    Hollow,
    /// It completes what is typed.
    Done,
}

/// What a pill is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PillLook {
    /// On a page of this tone.
    On(Tone),
    /// It leads on: the way out of a screen.
    Lead,
    /// It ends something.
    Danger,
    /// It must be touched now, or the visit ends.
    Urgent,
}

/// What a tile is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TileLook {
    /// The door can be opened.
    Ready,
    /// It cannot.
    Hollow,
    /// Its number was typed, or it is the only one that was found.
    Chosen,
    /// It asks to be touched again.
    Asks,
    /// The search leaves it out.
    Aside,
}

impl Metrics {
    /// Style of the dimmed screen: black in every theme.
    pub(super) fn dim_style(&self) -> Style {
        Style { background: Color::BLACK, text: self.colors.faint, border: Border::default() }
    }

    /// Style of the disc of a key.
    pub(super) fn key_style(&self, look: KeyLook, touch: Touch, side: f32) -> Style {
        let Colors { key, pressed, text, muted, background, .. } = self.colors;
        match look {
            KeyLook::Ready => self.filled(key, pressed, text, touch, side / 2.0),
            KeyLook::Done => lead(text, muted, background, touch, side / 2.0),
            KeyLook::Hollow => self.hollow(muted, side / 2.0),
        }
    }

    /// Style of a pill of this height.
    pub(super) fn pill_style(&self, look: PillLook, touch: Touch, height: f32) -> Style {
        let Colors { key, pressed, text, muted, background, bad, warning, theme, .. } = self.colors;
        let radius = height / 2.0;
        match look {
            PillLook::On(Tone::Plain) => self.filled(key, pressed, text, touch, radius),
            PillLook::On(tone) => {
                let fill = self.colors.field_pill(tone);
                let style = self.filled(fill, pressed, text, touch, radius);
                // On a field, only the contrast theme has a line.
                if theme == Theme::Contrast { style } else { edged(style.background, text, None, radius) }
            }
            PillLook::Danger => self.filled(key, pressed, bad, touch, radius),
            PillLook::Lead => lead(text, muted, background, touch, radius),
            PillLook::Urgent => {
                let fill = if touch == Touch::Down { self.colors.text } else { warning };
                edged(fill, background, None, radius)
            }
        }
    }

    /// Style of a tile.
    pub(super) fn tile_style(&self, look: TileLook, touch: Touch, radius: f32) -> Style {
        let Colors { surface, pressed, text, muted, line, faint, accent, warning, theme, .. } = self.colors;
        let edge = |color| Some((color, self.u(stroke::CHOSEN)));
        let fill = self.filled(surface, pressed, text, touch, radius);
        match look {
            TileLook::Ready if theme == Theme::Contrast => {
                edged(fill.background, text, Some((line, self.u(stroke::READY).max(stroke::READY_PIXELS))), radius)
            }
            TileLook::Ready => fill,
            TileLook::Hollow => self.hollow(muted, radius),
            TileLook::Chosen => edged(fill.background, text, edge(accent), radius),
            TileLook::Asks => edged(fill.background, text, edge(warning), radius),
            TileLook::Aside => edged(Color::TRANSPARENT, faint, None, radius),
        }
    }

    /// Style of the disc behind the number of a tile.
    pub(super) fn number_style(&self, look: TileLook, side: f32) -> Style {
        let Colors { disc, number, muted, faint, accent, background, theme, .. } = self.colors;
        let is_quiet = self.panel.is_desk && theme != Theme::Contrast;
        let (fill, text) = match look {
            TileLook::Ready | TileLook::Asks => (disc, if is_quiet { muted } else { number }),
            TileLook::Chosen => (accent, background),
            TileLook::Hollow => return self.hollow(muted, side / 2.0),
            TileLook::Aside => (Color::TRANSPARENT, faint),
        };
        edged(fill, text, None, side / 2.0)
    }

    /// Style of a pip in this color: an unlock that is left, or one that is used up.
    pub(super) fn pip_style(&self, is_left: bool, color: Color, side: f32) -> container::Style {
        let width = if is_left { 0.0 } else { self.u(stroke::PIP).max(stroke::PIP_PIXELS) };
        let border = Border { color, width, radius: Radius::new(side / 2.0) };
        container::Style { background: is_left.then(|| color.into()), border, ..container::Style::default() }
    }

    /// Style of the search field: what is typed into it has an edge of the accent.
    pub(super) fn field_style(&self, is_typed: bool, touch: Touch, height: f32) -> Style {
        let Colors { background, surface, text, muted, faint, accent, theme, .. } = self.colors;
        let fill = if theme == Theme::Dark { surface } else { background };
        let fill = if touch == Touch::Down { self.colors.pressed } else { fill };
        let (text, edge, width) =
            if is_typed { (text, accent, self.u(stroke::READY)) } else { (muted, faint, self.hairline()) };
        edged(fill, text, Some((edge, width)), height / 2.0)
    }

    /// What is hollow has a faint edge only.
    fn hollow(&self, text: Color, radius: f32) -> Style {
        let Colors { line, faint, theme, .. } = self.colors;
        let edge = if theme == Theme::Contrast { faint } else { line };
        edged(Color::TRANSPARENT, text, Some((edge, self.hairline())), radius)
    }

    /// A filled surface, with a line where the theme has one.
    fn filled(&self, fill: Color, pressed: Color, text: Color, touch: Touch, radius: f32) -> Style {
        let has_line = self.panel.outlines || self.colors.theme != Theme::Dark || !self.colors.has_bright_fills();
        let background = under(touch, fill, pressed);
        let edge = has_line.then(|| (self.colors.line, self.hairline()));
        edged(background, text, edge, radius)
    }
}

/// An area in one color.
pub(super) fn area<'a, Message: 'a>(color: Color) -> Container<'a, Message> {
    let style = container::Style { background: Some(color.into()), ..container::Style::default() };
    container(space()).width(Fill).height(Fill).style(move |_| style)
}

/// Style of something that can be touched but is only a word.
pub(super) fn bare(text: Color) -> Style {
    Style { background: Color::TRANSPARENT, text, border: Border::default() }
}

fn edged(background: Color, text: Color, edge: Option<(Color, f32)>, radius: f32) -> Style {
    let (color, width) = edge.unwrap_or((background, 0.0));
    Style { background, text, border: Border { color, width, radius: Radius::new(radius) } }
}

/// What leads on is filled with the color of text: it needs no line.
fn lead(fill: Color, pressed: Color, text: Color, touch: Touch, radius: f32) -> Style {
    edged(under(touch, fill, pressed), text, None, radius)
}

/// The fill of a surface that is touched like this.
fn under(touch: Touch, fill: Color, pressed: Color) -> Color {
    match touch {
        Touch::None => fill,
        Touch::Over => between(fill, pressed),
        Touch::Down => pressed,
    }
}

/// Half way from one color to the other, for what is under the mouse.
fn between(a: Color, b: Color) -> Color {
    let mix = |a: f32, b: f32| f32::midpoint(a, b);
    Color::from_rgb(mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b))
}
