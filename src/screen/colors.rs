//! Colors: three themes, and the site's accent. A test checks that every text is readable on its background.

use iced::{Color, color, theme::Palette};

/// Minimum contrast of text: in most themes, and in the high contrast theme.
///
/// # Source
///
/// WCAG 2.2, 1.4.3 (AA) and 1.4.6 (AAA): 4.5 to 1 and 7 to 1; 1.4.11: 3 to 1 for edges.
const READABLE: f32 = 4.5;
const HIGH: f32 = 7.0;

/// The colors of a theme. What each is for is in `assets/docs/face.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colors {
    /// Which theme it is.
    pub theme: Theme,
    /// Background of the page.
    pub background: Color,
    /// Background of tiles.
    pub surface: Color,
    /// Background of keys and pills.
    pub key: Color,
    /// The disc behind the number of a tile.
    pub disc: Color,
    /// The number on that disc.
    pub number: Color,
    /// What is under a finger.
    pub pressed: Color,
    /// Hairlines: rules, and the edges of what cannot be touched.
    pub line: Color,
    /// Essential text.
    pub text: Color,
    /// Optional text, and the names of doors that cannot be opened.
    pub muted: Color,
    /// Doors that the search leaves out, and the edge of the search field.
    pub faint: Color,
    /// Leads on: typed dots, the spoken language, the number that was typed, sending, the only door.
    pub accent: Color,
    /// Something was accepted.
    pub good: Color,
    /// Something was refused.
    pub bad: Color,
    /// Something needs attention.
    pub warning: Color,
    /// The page behind an outcome of this tone.
    pub good_field: Color,
    /// The page behind an outcome of this tone.
    pub bad_field: Color,
    /// The page behind an outcome of this tone.
    pub warning_field: Color,
}

/// A theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light text on a dark background.
    Dark,
    /// Dark text on a light background.
    Light,
    /// White on black, for people with low vision.
    Contrast,
}

/// What an outcome or a message is like. It decides the color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It is under way, or leads on.
    Plain,
    /// Accepted.
    Good,
    /// Refused, or not sent.
    Bad,
    /// Unknown, or in need of attention.
    Warning,
}

impl Colors {
    /// For a lobby without glaring light.
    pub const DARK: Self = Self {
        theme: Theme::Dark,
        background: color!(0x12, 0x12, 0x11),
        surface: color!(0x1f, 0x1f, 0x1d),
        key: color!(0x2a, 0x2a, 0x27),
        disc: color!(0x30, 0x30, 0x2c),
        number: color!(0xf6, 0xf4, 0xef),
        pressed: color!(0x40, 0x40, 0x3a),
        line: color!(0x3a, 0x3a, 0x35),
        text: color!(0xf6, 0xf4, 0xef),
        muted: color!(0xb3, 0xb0, 0xa8),
        faint: color!(0x84, 0x81, 0x7a),
        accent: color!(0x8f, 0xbc, 0xf7),
        good: color!(0x5f, 0xd0, 0x8f),
        bad: color!(0xff, 0x8f, 0x82),
        warning: color!(0xf2, 0xc4, 0x52),
        good_field: color!(0x11, 0x26, 0x1a),
        bad_field: color!(0x2e, 0x16, 0x14),
        warning_field: color!(0x2a, 0x22, 0x0e),
    };
    /// For a bright lobby.
    pub const LIGHT: Self = Self {
        theme: Theme::Light,
        background: color!(0xf2, 0xf0, 0xeb),
        surface: color!(0xff, 0xff, 0xff),
        key: color!(0xff, 0xff, 0xff),
        disc: color!(0xef, 0xec, 0xe5),
        number: color!(0x1a, 0x19, 0x16),
        pressed: color!(0xd9, 0xd5, 0xcb),
        line: color!(0xd3, 0xce, 0xc3),
        text: color!(0x1a, 0x19, 0x16),
        muted: color!(0x57, 0x54, 0x4c),
        faint: color!(0x6c, 0x69, 0x61),
        accent: color!(0x1c, 0x5a, 0xa6),
        good: color!(0x0f, 0x64, 0x36),
        bad: color!(0xa0, 0x22, 0x1a),
        warning: color!(0x71, 0x45, 0x00),
        good_field: color!(0xdc, 0xed, 0xe1),
        bad_field: color!(0xf8, 0xe2, 0xde),
        warning_field: color!(0xf6, 0xe9, 0xcc),
    };
    /// For people with low vision.
    pub const CONTRAST: Self = Self {
        theme: Theme::Contrast,
        background: color!(0x00, 0x00, 0x00),
        surface: color!(0x00, 0x00, 0x00),
        key: color!(0x00, 0x00, 0x00),
        disc: color!(0xff, 0xff, 0xff),
        number: color!(0x00, 0x00, 0x00),
        pressed: color!(0x40, 0x40, 0x40),
        line: color!(0xff, 0xff, 0xff),
        text: color!(0xff, 0xff, 0xff),
        muted: color!(0xe4, 0xe4, 0xe4),
        faint: color!(0x9a, 0x9a, 0x9a),
        accent: color!(0x8f, 0xcd, 0xff),
        good: color!(0x62, 0xe8, 0xa0),
        bad: color!(0xff, 0xa8, 0x9f),
        warning: color!(0xff, 0xd8, 0x66),
        good_field: color!(0x00, 0x00, 0x00),
        bad_field: color!(0x00, 0x00, 0x00),
        warning_field: color!(0x00, 0x00, 0x00),
    };
    /// The dark theme for a dark lobby with a panel whose brightness cannot be set.
    pub const NIGHT: Self = Self {
        background: color!(0x06, 0x06, 0x06),
        surface: color!(0x0f, 0x0f, 0x0e),
        key: color!(0x16, 0x16, 0x14),
        disc: color!(0x1a, 0x1a, 0x18),
        number: color!(0xb0, 0xae, 0xa9),
        pressed: color!(0x28, 0x28, 0x24),
        line: color!(0x2a, 0x2a, 0x26),
        text: color!(0xb0, 0xae, 0xa9),
        muted: color!(0x92, 0x90, 0x89),
        faint: color!(0x7c, 0x79, 0x73),
        accent: color!(0x74, 0x98, 0xc8),
        good: color!(0x4a, 0xa2, 0x70),
        bad: color!(0xd4, 0x77, 0x6c),
        warning: color!(0xb8, 0x95, 0x3e),
        good_field: color!(0x08, 0x13, 0x0d),
        bad_field: color!(0x18, 0x0b, 0x0a),
        warning_field: color!(0x16, 0x12, 0x07),
        ..Self::DARK
    };

    /// Whether keys stand out from the page by their fill.
    pub fn has_bright_fills(&self) -> bool {
        1.25 <= self.key.relative_contrast(self.background)
    }

    /// Uses the accent of a site, moved towards the color of text as far as it takes to be readable.
    #[must_use]
    pub fn with_accent(self, accent: Color) -> Self {
        let mut moved = accent;
        for step in 0..=20_u8 {
            moved = mixed(accent, self.text, f32::from(step) / 20.0);
            if [self.background, self.surface].iter().all(|behind| self.least() <= moved.relative_contrast(*behind)) {
                break;
            }
        }
        Self { accent: moved, ..self }
    }

    /// The minimum contrast of text in this theme.
    pub fn least(&self) -> f32 {
        match self.theme {
            Theme::Dark | Theme::Light => READABLE,
            Theme::Contrast => HIGH,
        }
    }

    /// The color of a tone: of its silhouette and its verdict.
    pub fn tone(&self, tone: Tone) -> Color {
        match tone {
            Tone::Plain => self.accent,
            Tone::Good => self.good,
            Tone::Bad => self.bad,
            Tone::Warning => self.warning,
        }
    }

    /// The page of a tone.
    pub fn field(&self, tone: Tone) -> Color {
        match tone {
            Tone::Plain => self.background,
            Tone::Good => self.good_field,
            Tone::Bad => self.bad_field,
            Tone::Warning => self.warning_field,
        }
    }

    /// A pill on the page of a tone: the page moved towards the text, or in the light theme towards white.
    pub fn field_pill(&self, tone: Tone) -> Color {
        match self.theme {
            Theme::Light => mixed(self.field(tone), Color::WHITE, 0.65),
            Theme::Dark | Theme::Contrast => mixed(self.field(tone), self.text, 0.1),
        }
    }

    /// The part of the bar of the time left that has passed.
    pub fn bar_track(&self, tone: Tone) -> Color {
        mixed(self.field(tone), self.tone(tone), 0.2)
    }

    /// The part of the ring on a pill of the countdown that has passed.
    pub fn ring_track(&self) -> Color {
        mixed(self.warning, self.background, 0.25)
    }

    /// The two colors of a code: paper and ink.
    pub fn code(&self) -> (Color, Color) {
        match self.theme {
            Theme::Dark => (self.text, self.background),
            Theme::Light | Theme::Contrast => (Color::WHITE, Color::BLACK),
        }
    }

    /// iced's own theme, for what iced draws itself.
    pub fn theme(&self) -> iced::Theme {
        let palette = Palette {
            background: self.background,
            text: self.text,
            primary: self.accent,
            success: self.good,
            warning: self.warning,
            danger: self.bad,
        };
        iced::Theme::custom("vestibule", palette)
    }
}

fn mixed(a: Color, b: Color, part: f32) -> Color {
    let mix = |a: f32, b: f32| a + (b - a) * part;
    Color::from_rgb(mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every color of text against what is behind it, and every edge against what is beside it.
    fn check(name: &str, colors: Colors) {
        let c = colors;
        let mut pairs = vec![
            ("prompt", c.text, c.background),
            ("key", c.text, c.key),
            ("name", c.text, c.surface),
            ("number", c.number, c.disc),
            ("under a finger", c.text, c.pressed),
            ("hint", c.muted, c.background),
            ("place", c.muted, c.surface),
            ("page number", c.muted, c.key),
            ("place under a finger", c.muted, c.pressed),
            ("typed", c.accent, c.background),
            ("chosen", c.accent, c.surface),
            ("number of the chosen door", c.background, c.accent),
            ("open", c.good, c.surface),
            ("the first of two people", c.background, c.good),
            ("locked down", c.bad, c.background),
            ("end", c.bad, c.key),
            ("hand", c.background, c.bad),
            ("offline", c.warning, c.surface),
            ("still here", c.background, c.warning),
            ("left out by the search", c.faint, c.background),
        ];
        for tone in [Tone::Good, Tone::Bad, Tone::Warning] {
            let (field, pill) = (c.field(tone), c.field_pill(tone));
            pairs.extend([
                ("verdict", c.tone(tone), field),
                ("picture on its silhouette", field, c.tone(tone)),
                ("advice", c.text, field),
                ("door, record, time left", c.muted, field),
                ("pill on a field", c.text, pill),
            ]);
        }
        if c.theme != Theme::Contrast {
            pairs.push(("number on a desk", c.muted, c.disc));
        }
        let (paper, ink) = c.code();
        pairs.push(("code", ink, paper));
        for (what, front, behind) in pairs {
            let contrast = front.relative_contrast(behind);
            assert!(c.least() <= contrast, "{name}, {what}: {contrast:.2}");
        }
        // A dimmed screen is black in every theme.
        assert!(3.0 <= c.faint.relative_contrast(Color::BLACK), "{name}: the time on a dim screen");
        assert!(1.1 <= c.line.relative_contrast(c.background), "{name}: hollow tiles stand out");
    }

    #[test]
    fn every_text_has_enough_contrast_in_every_theme_with_any_accent() {
        for (name, colors) in
            [("dark", Colors::DARK), ("light", Colors::LIGHT), ("contrast", Colors::CONTRAST), ("night", Colors::NIGHT)]
        {
            check(name, colors);
            for accent in [0x00_00_00_u32, 0xff_ff_ff, 0xff_00_00, 0x00_00_ff, 0x80_80_80, 0xff_ff_00, 0x12_17_1d] {
                let [_, r, g, b] = accent.to_be_bytes();
                check(&format!("{name} with #{accent:06x}"), colors.with_accent(Color::from_rgb8(r, g, b)));
            }
        }
        let readable = color!(0x7f, 0xc8, 0xff);
        assert_eq!(Colors::DARK.with_accent(readable).accent, readable, "what can be read stays as it is");
    }

    /// A key stands out from the page by its fill; where a fill does not, by its line.
    #[test]
    fn fills_stand_out_or_have_a_line() {
        assert!(Colors::DARK.has_bright_fills());
        for colors in [Colors::LIGHT, Colors::CONTRAST, Colors::NIGHT] {
            assert!(!colors.has_bright_fills());
            assert!(1.3 <= colors.line.relative_contrast(colors.background));
        }
    }
}
