//! Colors: three themes, and the site's accent. A test checks that every text is readable on its background.

use iced::{Color, color, theme::Palette};

/// Minimum contrast of text: in most themes, and in the high contrast theme.
///
/// # Source
///
/// WCAG 2.2, 1.4.3 (AA) and 1.4.6 (AAA): 4.5 to 1 and 7 to 1; 1.4.11: 3 to 1 for edges.
const READABLE: f32 = 4.5;
const HIGH: f32 = 7.0;

/// The colors of a theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colors {
    /// Background of the page.
    pub background: Color,
    /// Background of keys and tiles.
    pub surface: Color,
    /// Background of keys and tiles under a finger.
    pub pressed: Color,
    /// Border of keys and tiles, where the background alone does not set them apart.
    pub line: Color,
    /// Essential text.
    pub text: Color,
    /// Optional text.
    pub muted: Color,
    /// Text on the dimmed screen.
    pub faint: Color,
    /// Marks what is chosen or under way.
    pub accent: Color,
    /// Something was accepted.
    pub good: Color,
    /// Something was refused.
    pub bad: Color,
    /// Something needs attention.
    pub warning: Color,
}

impl Colors {
    /// For a lobby without glaring light.
    pub const DARK: Self = Self {
        background: color!(0x12, 0x17, 0x1d),
        surface: color!(0x20, 0x29, 0x33),
        pressed: color!(0x3a, 0x4b, 0x5e),
        line: color!(0x20, 0x29, 0x33),
        text: color!(0xf3, 0xf6, 0xf8),
        muted: color!(0xae, 0xba, 0xc6),
        faint: color!(0x5a, 0x66, 0x73),
        accent: color!(0x6c, 0xb6, 0xff),
        good: color!(0x4f, 0xd1, 0x8b),
        bad: color!(0xff, 0x8a, 0x80),
        warning: color!(0xf5, 0xc2, 0x5c),
    };
    /// For a bright lobby.
    pub const LIGHT: Self = Self {
        background: color!(0xee, 0xf1, 0xf4),
        surface: color!(0xff, 0xff, 0xff),
        pressed: color!(0xd3, 0xdd, 0xe7),
        line: color!(0xc4, 0xcd, 0xd6),
        text: color!(0x12, 0x18, 0x1e),
        muted: color!(0x4a, 0x56, 0x62),
        faint: color!(0x5a, 0x66, 0x73),
        accent: color!(0x0a, 0x58, 0xa6),
        good: color!(0x0c, 0x62, 0x36),
        bad: color!(0xa1, 0x1d, 0x15),
        warning: color!(0x74, 0x47, 0x00),
    };
    /// For people with low vision.
    pub const CONTRAST: Self = Self {
        background: color!(0x00, 0x00, 0x00),
        surface: color!(0x0d, 0x0d, 0x0d),
        pressed: color!(0x40, 0x40, 0x40),
        line: color!(0xff, 0xff, 0xff),
        text: color!(0xff, 0xff, 0xff),
        muted: color!(0xe2, 0xe2, 0xe2),
        faint: color!(0x9a, 0x9a, 0x9a),
        accent: color!(0x7f, 0xc8, 0xff),
        good: color!(0x62, 0xe8, 0xa0),
        bad: color!(0xff, 0xa8, 0x9f),
        warning: color!(0xff, 0xd8, 0x66),
    };

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
    fn least(&self) -> f32 {
        if *self == (Self { accent: self.accent, ..Self::CONTRAST }) { HIGH } else { READABLE }
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

    /// Every text against its background, and every edge against what is beside it.
    fn check(name: &str, colors: Colors) {
        let Colors { background, surface, pressed, line, text, muted, faint, accent, good, bad, warning } = colors;
        let pairs = [
            ("text", text, background),
            ("key", text, surface),
            ("pressed key", text, pressed),
            ("hint", muted, background),
            ("place", muted, surface),
            ("typed", accent, background),
            ("sending", accent, surface),
            ("accepted", good, surface),
            ("advice, accepted", good, background),
            ("refused", bad, surface),
            ("advice, refused", bad, background),
            ("no answer", warning, surface),
            ("countdown", warning, background),
            ("still here", background, warning),
            ("still here, pressed", background, accent),
        ];
        for (what, front, behind) in pairs {
            let contrast = front.relative_contrast(behind);
            assert!(colors.least() <= contrast, "{name}, {what}: {contrast:.2}");
        }
        for (what, edge) in [("accent", accent), ("good", good), ("bad", bad), ("warning", warning)] {
            assert!(3.0 <= edge.relative_contrast(background), "{name}: the edge {what}");
        }
        // A dimmed screen is black in every theme.
        assert!(3.0 <= faint.relative_contrast(Color::BLACK), "{name}: the time on a dim screen");
        assert!(1.1 <= line.relative_contrast(background), "{name}: tiles and keys stand out");
    }

    #[test]
    fn every_text_has_enough_contrast_in_every_theme_with_any_accent() {
        for (name, colors) in [("dark", Colors::DARK), ("light", Colors::LIGHT), ("contrast", Colors::CONTRAST)] {
            check(name, colors);
            for accent in [0x00_00_00_u32, 0xff_ff_ff, 0xff_00_00, 0x00_00_ff, 0x80_80_80, 0xff_ff_00, 0x12_17_1d] {
                let [_, r, g, b] = accent.to_be_bytes();
                check(&format!("{name} with #{accent:06x}"), colors.with_accent(Color::from_rgb8(r, g, b)));
            }
        }
        let readable = color!(0x7f, 0xc8, 0xff);
        assert_eq!(Colors::DARK.with_accent(readable).accent, readable, "what can be read stays as it is");
    }
}
