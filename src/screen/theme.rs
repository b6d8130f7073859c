//! What every screen is drawn with: fonts, the panel, and sizes in pixels computed from those of the design system.

use iced::{
    Font, Point, Rectangle, Size,
    font::{Family, Weight},
};

use super::{
    colors::Colors,
    design::{Form, Grid, LEAST_ROOM, Type, scale, stroke},
    icon,
    words::Words,
};

/// The bundled fonts: one in two weights, whose digits have equal width, and the icons. Licenses: `assets/fonts`.
pub static FONT_FILES: [&[u8]; 3] = [
    include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../assets/fonts/NotoSans-Bold.ttf"),
    icon::FONT_FILE,
];
/// For all text.
pub const FONT: Font = Font::with_name("Noto Sans");
/// For names, and for small text that stands out.
pub const BOLD: Font = Font { weight: Weight::Bold, family: Family::Name("Noto Sans"), ..FONT };

/// Height of a capital letter, in em.
///
/// # Source
///
/// `sCapHeight` of Noto Sans: 714 of 1000.
pub const CAPITAL: f32 = 0.714;

/// How important a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Nobody can use the kiosk without it.
    Essential,
    /// It only helps.
    Optional,
}

/// What the site configured about the panel, and what the window knows about it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of `[display]`")]
pub struct Panel {
    /// Width in millimeters. `None` if it is not configured.
    pub width_mm: Option<f32>,
    /// Width in logical pixels, if the window does not cover the whole panel.
    pub width: Option<f32>,
    /// Whether this is a reception desk, with more doors on a page.
    pub is_desk: bool,
    /// Whether animations run.
    pub motion: bool,
    /// Whether times have 24-hour format in every language.
    pub clock_24h: bool,
    /// Whether keys, tiles and pills have a line in the dark theme too, for a panel that swallows dark fills.
    pub outlines: bool,
}

impl Default for Panel {
    fn default() -> Self {
        Self { width_mm: None, width: None, is_desk: false, motion: true, clock_24h: true, outlines: false }
    }
}

/// Longer side, in millimeters, of a panel whose size is not configured: 10 inches, or 24 inches with at least 3000
/// pixels.
const USUAL: f32 = 217.0;
const USUAL_LARGE: (f32, f32) = (3_000.0, 527.0);
/// Pixels per millimeter of a monitor at a desk whose size is not configured: 24 inches with 1920 pixels.
const USUAL_DESK: f32 = 1920.0 / 527.0;
/// The panel of ten inches that larger ones are compared with, in millimeters, longer side first.
const TEN_INCHES: Size = Size::new(217.0, 135.6);
/// The fraction of a large panel's extra space that makes things larger. The rest is air and more doors.
const LARGER: f32 = 0.25;
/// Least room, in u, of the arrangement for ten inches and of that for large panels.
const TEN: Size = Size::new(190.0, 108.0);
const LARGE: Size = Size::new(320.0, 200.0);
/// An upright screen that is narrower than this, in u, is slim.
const SLIM: f32 = 150.0;

/// Sizes in logical pixels, computed from millimeters on the panel, with the colors and the texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// The site's theme.
    pub colors: Colors,
    /// The texts of the current language.
    pub words: &'static Words,
    /// Size of the window, in logical pixels.
    pub size: Size,
    /// What the site configured about the panel.
    pub panel: Panel,
    /// How the parts of a screen are arranged.
    pub form: Form,
    /// Pixels per design millimeter.
    unit: f32,
}

impl Metrics {
    /// Computes the sizes for a window.
    pub fn new(size: Size, panel: Panel, colors: Colors, words: &'static Words) -> Self {
        let (long, short) = (size.width.max(size.height), size.width.min(size.height));
        let pixels_per_mm = match panel.width_mm {
            Some(mm) => panel.width.unwrap_or(size.width) / mm,
            None if USUAL_LARGE.0 <= long => long / USUAL_LARGE.1,
            None if panel.is_desk => USUAL_DESK,
            None => long / USUAL,
        };
        let (long, short) = (long / pixels_per_mm, short / pixels_per_mm);
        let room = (long / LEAST_ROOM.0).min(short / LEAST_ROOM.1).min(1.0);
        let larger = (long / TEN_INCHES.width).min(short / TEN_INCHES.height) - 1.0;
        let larger = if panel.is_desk { 0.0 } else { LARGER * larger.max(0.0) };
        let unit = pixels_per_mm * room * (1.0 + larger);
        let has_room = |least: Size| least.width <= size.width / unit && least.height <= size.height / unit;
        let form = match () {
            () if panel.is_desk => Form::Desk,
            () if size.width < size.height && size.width / unit < SLIM => Form::Slim,
            () if size.width < size.height => Form::Upright,
            () if has_room(LARGE) => Form::Large,
            () if has_room(TEN) => Form::Ten,
            () => Form::Seven,
        };
        Self { colors, words, size, panel, form, unit }
    }

    /// The sizes of this arrangement, in u.
    pub(super) fn grid(&self) -> &'static Grid {
        self.form.grid()
    }

    /// Converts design millimeters to pixels.
    pub(super) fn u(&self, u: f32) -> f32 {
        u * self.unit
    }

    /// The window, in u.
    pub(super) fn room(&self) -> Size {
        Size::new(self.size.width / self.unit, self.size.height / self.unit)
    }

    /// Converts a place in u to pixels.
    pub(super) fn place(&self, x: f32, y: f32, width: f32, height: f32) -> Rectangle {
        Rectangle::new(Point::new(self.u(x), self.u(y)), Size::new(self.u(width.max(0.0)), self.u(height.max(0.0))))
    }

    /// Whether sentences are centered: on screens that are taller than wide.
    pub(super) fn is_upright(&self) -> bool {
        self.size.width < self.size.height
    }

    /// Font sizes of supporting text.
    pub(super) fn support(&self) -> [f32; 2] {
        self.optional(scale::SUPPORT)
    }

    /// Font sizes of optional text of this type.
    pub(super) fn optional(&self, font: Type) -> [f32; 2] {
        let least = if self.form == Form::Seven { scale::SUPPORT_LEAST } else { 1.0 } * scale::SUPPORT.size;
        [self.u(font.size), self.u(least.min(font.size))]
    }

    /// Font sizes of essential text of this type. Only where there is no room at all it becomes smaller than a title.
    pub(super) fn essential(&self, font: Type) -> [f32; 2] {
        [self.u(font.size), self.u(scale::SUPPORT.size.min(font.size))]
    }

    /// Width of a hairline.
    pub(super) fn hairline(&self) -> f32 {
        self.u(stroke::HAIRLINE).max(stroke::HAIRLINE_PIXELS)
    }

    /// Offset of the words on the dimmed screen in this minute: right and down.
    pub(super) fn drift(&self, minutes: u64) -> [f32; 2] {
        let step = |part: u64, steps: u16| {
            f32::from(u16::try_from(part % u64::from(steps)).unwrap_or_default()) / f32::from(steps)
        };
        let room = self.room();
        [step(minutes, 7) * self.u(room.width / 5.0), step(minutes / 7, 5) * self.u(room.height / 5.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{language::Language, screen::words::words};

    fn metrics(width: f32, height: f32, mm: Option<f32>) -> Metrics {
        let panel = Panel { width_mm: mm, ..Panel::default() };
        Metrics::new(Size::new(width, height), panel, Colors::DARK, words(Language::En))
    }

    /// The unit and the arrangement on the panels of `face.md`.
    #[test]
    fn every_panel_has_its_arrangement_and_unit() {
        for (width, height, mm, form, unit) in [
            (800.0, 480.0, 154.0, Form::Seven, 5.195),
            (1280.0, 800.0, 217.0, Form::Ten, 5.899),
            (1080.0, 1920.0, 194.0, Form::Upright, 6.166),
            (1920.0, 1080.0, 527.0, Form::Large, 4.724),
            (3840.0, 2160.0, 527.0, Form::Large, 9.447),
            (1280.0, 720.0, 223.0, Form::Ten, 5.74),
            (800.0, 1280.0, 136.0, Form::Slim, 5.88),
        ] {
            let m = metrics(width, height, Some(mm));
            assert_eq!(m.form, form, "{width}x{height}");
            assert!((m.u(1.0) - unit).abs() < 0.01, "{width}x{height}: {}", m.u(1.0));
        }
        let desk = Panel { is_desk: true, ..Panel::default() };
        let desk = Metrics::new(Size::new(1280.0, 800.0), desk, Colors::DARK, words(Language::En));
        assert_eq!((desk.form, format!("{:.2}", desk.u(1.0))), (Form::Desk, "3.64".to_owned()), "real millimeters");
        // On four inches there is no room: everything is smaller.
        assert!(metrics(800.0, 480.0, Some(87.0)).u(10.0) < 10.0 * 800.0 / 87.0);
    }
}
