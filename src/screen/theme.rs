//! Sizes in millimeters, fonts and styles of all screens. The colors are in `colors.rs`.

use iced::{
    Border, Color, Font, Size,
    border::Radius,
    font::{Family, Weight},
    widget::container,
};

use super::{colors::Colors, icon, press, words::Words};

/// The bundled fonts: one in two weights, whose digits have equal width, and the icons. Licenses: `assets/fonts`.
pub static FONT_FILES: [&[u8]; 3] = [
    include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../assets/fonts/NotoSans-Bold.ttf"),
    icon::FONT_FILE,
];
/// For all text.
pub const FONT: Font = Font::with_name("Noto Sans");
/// For text that stands out.
pub const BOLD: Font = Font { weight: Weight::Bold, family: Family::Name("Noto Sans"), ..FONT };

/// Height of a capital letter, in em.
///
/// # Source
///
/// `sCapHeight` of Noto Sans: 714 of 1000.
pub const CAPITAL: f32 = 0.714;
/// Font size of essential text, in millimeters: capitals of 7.3 mm span 0.7 degrees at 600 mm.
///
/// # Source
///
/// EN 301 549 V3.2.1, 5.1.4, for text that cannot be enlarged.
const READ: f32 = 10.25;
/// Font size of essential text that has no room, such as a name of 64 letters: capitals of 4.6 mm.
const TIGHT: f32 = 6.5;
/// Font size of optional text: capitals of 3.4 mm, 20 minutes of arc.
///
/// # Source
///
/// ISO 9241-303, 5.5.4: 16 at least, 20 to 22 preferred.
const SMALL: f32 = 4.8;
/// Minimum side of a touch target, in millimeters.
const TARGET: f32 = 20.0;
/// The smallest panel with room for everything, in millimeters, longer side first.
const LEAST: Size = Size::new(150.0, 90.0);
/// Longer side, in millimeters, of a panel whose size is not configured: 10 inches, or 24 inches with at least 3000
/// pixels.
const USUAL: f32 = 217.0;
const USUAL_LARGE: (f32, f32) = (3_000.0, 527.0);
/// The fraction of a large panel's extra space that makes things larger.
const LARGER: f32 = 0.3;
/// The scale at a reception desk, where a mouse and a keyboard are at hand.
const DESK: f32 = 0.6;

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
}

impl Default for Panel {
    fn default() -> Self {
        Self { width_mm: None, width: None, is_desk: false, motion: true, clock_24h: true }
    }
}

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
    /// Pixels per millimeter, scaled up on a large panel and down on one that is too small.
    mm: f32,
}

impl Metrics {
    /// Computes the sizes for a window.
    pub fn new(size: Size, panel: Panel, colors: Colors, words: &'static Words) -> Self {
        let (long, short) = (size.width.max(size.height), size.width.min(size.height));
        let pixels_per_mm = match panel.width_mm {
            Some(mm) => panel.width.unwrap_or(size.width) / mm,
            None if USUAL_LARGE.0 <= long => long / USUAL_LARGE.1,
            None => long / USUAL,
        };
        let room = (long / LEAST.width).min(short / LEAST.height) / pixels_per_mm;
        // A large panel uses some of its extra space for larger things, and most of it for more of them.
        let scale = if room < 1.0 { room } else { 1.0 + LARGER * (room - 1.0) };
        let scale = if panel.is_desk { scale.min(1.0) * DESK } else { scale };
        Self { colors, words, size, panel, mm: pixels_per_mm * scale }
    }

    /// Converts millimeters to pixels.
    pub(super) fn mm(&self, mm: f32) -> f32 {
        mm * self.mm
    }

    /// Whether the window is taller than wide.
    pub fn is_portrait(&self) -> bool {
        self.size.width < self.size.height
    }

    /// Space between things that belong together.
    pub fn gap(&self) -> f32 {
        self.mm(1.0)
    }

    /// Margin at the edges of a screen.
    pub fn margin(&self) -> f32 {
        self.mm(2.0)
    }

    /// Width of the window without its margins.
    pub fn width(&self) -> f32 {
        self.size.width - 2.0 * self.margin()
    }

    /// Largest and smallest font size of essential text.
    pub fn read(&self) -> [f32; 2] {
        [self.mm(READ), self.mm(TIGHT)]
    }

    /// Font sizes of optional text.
    pub fn small(&self) -> [f32; 2] {
        [self.mm(SMALL), self.mm(SMALL) * 0.75]
    }

    /// Font sizes of an optional name, and of the words on a button.
    pub fn medium(&self) -> [f32; 2] {
        [self.mm(TIGHT), self.mm(SMALL) * 0.75]
    }

    /// Font sizes of names and sentences that may be smaller where room is short.
    pub fn name(&self) -> [f32; 2] {
        [self.mm(READ), self.mm(SMALL)]
    }

    /// Height of a line of optional text.
    pub fn small_line(&self) -> f32 {
        self.mm(SMALL) * 1.2
    }

    /// Font sizes of the word for an outcome, in a place of this height.
    pub fn verdict(&self, height: f32) -> [f32; 2] {
        [(height * 0.18).min(self.width() * 0.14).clamp(self.mm(READ), self.mm(20.0)), self.mm(READ)]
    }

    /// Font sizes of the digits on keys.
    pub fn key_text(&self) -> [f32; 2] {
        [self.mm(13.0), self.mm(READ)]
    }

    /// Font sizes of the clock at rest.
    pub fn clock(&self) -> [f32; 2] {
        [self.mm(13.5), self.mm(READ)]
    }

    /// Font sizes of the clock on the dimmed screen.
    pub fn dim_clock(&self) -> [f32; 2] {
        [self.mm(24.0), self.mm(READ)]
    }

    /// Offset of the words on the dimmed screen in this minute: right and down.
    pub fn drift(&self, minutes: u64) -> [f32; 2] {
        let step = |part: u64, steps: u16| {
            f32::from(u16::try_from(part % u64::from(steps)).unwrap_or_default()) / f32::from(steps)
        };
        [step(minutes, 7) * self.mm(40.0), step(minutes / 7, 5) * self.mm(26.0)]
    }

    /// Style of the dimmed screen: black in every theme.
    pub fn dim_style(&self) -> press::Style {
        self.surface(Color::BLACK, self.colors.faint, None)
    }

    /// Maximum size of a screen's content, which is centered on a larger screen.
    pub fn view(&self) -> Size {
        let (long, short) = (self.mm(220.0), self.mm(128.0));
        if self.is_portrait() { Size::new(short, long) } else { Size::new(long, short) }
    }

    /// Minimum side of a touch target.
    pub fn target(&self) -> f32 {
        self.mm(TARGET + 0.2)
    }

    /// Size of a keypad key: in landscape four rows fill the height, in portrait three columns the width.
    pub fn key(&self) -> Size {
        let (columns, rows) = (3.0, 4.0);
        if self.is_portrait() {
            let width = (self.width() - (columns - 1.0) * self.gap()) / columns;
            Size::new(width.min(self.mm(34.0)), (self.size.height * 0.107).clamp(self.target(), self.mm(26.0)))
        } else {
            let whole = self.size.height.min(self.view().height) - 2.0 * self.margin();
            let height = ((whole - (rows - 1.0) * self.gap()) / rows).min(self.mm(30.0));
            let width = self.size.width.min(self.view().width) * 0.128;
            Size::new(width.clamp(self.target(), self.mm(30.0)), height)
        }
    }

    /// Size of a button that is neither a key nor a tile.
    pub fn button(&self) -> Size {
        Size::new(self.mm(42.0).min(self.width() * 0.38), self.target())
    }

    /// Height of the line for what is typed. It is always kept free, so that nothing moves.
    pub fn entry_height(&self) -> f32 {
        self.mm(READ * 1.25)
    }

    /// Side of a PIN's dot, for this many digits in a line of this width.
    pub fn dot(&self, digits: usize, width: f32) -> f32 {
        let digits = f32::from(u16::try_from(digits.max(1)).unwrap_or(1));
        self.mm(4.6).min(width / (2.0 * digits))
    }

    /// Side of a QR code.
    pub fn code(&self) -> f32 {
        self.mm(22.0)
    }

    /// Side of an icon beside a text of this size.
    pub fn icon(&self, size: [f32; 2]) -> f32 {
        size[0]
    }

    /// Side of an outcome's icon, in a place of this height.
    pub fn emblem(&self, height: f32) -> f32 {
        (height * 0.4).min(self.width() * 0.35).min(self.mm(52.0))
    }

    /// Corner radius of every surface.
    pub fn radius(&self) -> f32 {
        self.mm(2.2)
    }

    /// Style of keypad keys.
    pub fn key_style(&self, is_pressed: bool) -> press::Style {
        self.raised(is_pressed, None)
    }

    /// Style of a secondary button.
    pub fn quiet_style(&self, is_pressed: bool) -> press::Style {
        self.choice_style(true, is_pressed)
    }

    /// Style of one of several choices: the current one stands out.
    pub fn choice_style(&self, is_chosen: bool, is_pressed: bool) -> press::Style {
        let Colors { pressed, background, text, muted, .. } = self.colors;
        let edge = is_chosen.then_some(muted);
        self.surface(if is_pressed { pressed } else { background }, if is_chosen { text } else { muted }, edge)
    }

    /// Style of something that can be touched but must not look like it.
    pub fn hidden_style(&self, backdrop: Backdrop) -> press::Style {
        let background = self.page_color(backdrop);
        self.surface(background, self.colors.text, None)
    }

    /// Style of the button that must be touched now.
    pub fn urgent_style(&self, is_pressed: bool) -> press::Style {
        let Colors { accent, warning, background, .. } = self.colors;
        self.surface(if is_pressed { accent } else { warning }, background, None)
    }

    /// Style of a tile, with a broad edge in this color, if any.
    pub fn tile_style(&self, edge: Option<Color>, is_pressed: bool) -> press::Style {
        let mut style = self.raised(is_pressed, edge);
        if edge.is_some() {
            style.border.width = self.mm(1.0);
        }
        style
    }

    fn raised(&self, is_pressed: bool, edge: Option<Color>) -> press::Style {
        let Colors { pressed, surface, text, line, .. } = self.colors;
        // An invisible line needs no border.
        let edge = edge.or((line != surface).then_some(line));
        self.surface(if is_pressed { pressed } else { surface }, text, edge)
    }

    fn surface(&self, background: Color, text: Color, edge: Option<Color>) -> press::Style {
        let width = if edge.is_some() { self.mm(0.4).max(2.0) } else { 0.0 };
        let radius = Radius::new(self.radius());
        press::Style { background, text, border: Border { color: edge.unwrap_or(background), width, radius } }
    }
}

/// Which of three imperceptibly different backgrounds a page has. Pages that follow each other must differ.
///
/// The software renderer redraws only the bounds of widgets that changed. Some letters reach a pixel beyond their
/// bounds, and that pixel would stay. A change of the background redraws the whole window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backdrop {
    /// The background of the theme.
    First,
    /// One step of 255 away from it.
    Second,
    /// Two steps of 255 away from it.
    Third,
}

impl Metrics {
    /// Style of the whole window.
    pub fn page(&self, backdrop: Backdrop) -> container::Style {
        let (background, text) = (self.page_color(backdrop), self.colors.text);
        container::Style { background: Some(background.into()), text_color: Some(text), ..container::Style::default() }
    }

    fn page_color(&self, backdrop: Backdrop) -> Color {
        let shade = match backdrop {
            Backdrop::First => 0.0,
            Backdrop::Second => 1.0,
            Backdrop::Third => 2.0,
        };
        let background = self.colors.background;
        let shade = if background.b < 0.5 { shade } else { -shade };
        Color { b: background.b + shade / 255.0, ..background }
    }

    /// Style of a PIN's dot.
    pub fn dot_style(&self, is_full: bool, side: f32) -> container::Style {
        let Colors { muted, text, .. } = self.colors;
        let (width, radius) = ((side / 10.0).max(1.0), Radius::new(side / 2.0));
        let border = Border { color: muted, width, radius };
        container::Style { background: is_full.then(|| text.into()), border, ..container::Style::default() }
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

    /// From seven inches on, a designed millimeter is at least a real one.
    #[test]
    fn sizes_in_millimeters_hold_on_every_panel() {
        for (width, height, mm) in [(800.0, 480.0, 154.0), (1280.0, 800.0, 217.0), (1080.0, 1920.0, 194.0)] {
            let pixels_per_mm = width / mm;
            let m = metrics(width, height, Some(mm));
            assert!(20.0 <= m.key().width / pixels_per_mm && 20.0 <= m.key().height / pixels_per_mm, "{width}");
            assert!(7.3 <= CAPITAL * m.read()[0] / pixels_per_mm, "{width}");
        }
        // On four inches there is no room: everything is smaller.
        assert!(CAPITAL * metrics(800.0, 480.0, Some(87.0)).read()[0] / (800.0 / 87.0) < 7.0);
        // On a large panel things are larger, but less so than the panel is.
        let (ten, thirty) = (metrics(1920.0, 1080.0, Some(220.0)), metrics(1920.0, 1080.0, Some(660.0)));
        let (ten, thirty) = (ten.read()[0] * 220.0, thirty.read()[0] * 660.0);
        assert!(1.2 < thirty / ten && thirty / ten < 2.0, "{}", thirty / ten);
    }
}
