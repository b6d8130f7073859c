//! Sizes in millimetres, fonts, how things look: with the colours, the only place with a number that is not 0 or 1.

use iced::{
    Border, Color, Font, Size,
    border::Radius,
    font::{Family, Weight},
    widget::container,
};

use super::{colors::Colors, icon, press, words::Words};

/// The bundled typefaces: one in two weights, whose digits are all of one width, and one of icons. Licences: `assets/fonts`.
pub const FONT_FILES: [&[u8]; 3] = [
    include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../assets/fonts/NotoSans-Bold.ttf"),
    icon::FONT_FILE,
];
/// For everything that is read.
pub const FONT: Font = Font::with_name("Noto Sans");
/// For what is read first.
pub const BOLD: Font = Font { weight: Weight::Bold, family: Family::Name("Noto Sans"), ..FONT };

/// The height of a capital letter, in sizes of a text.
///
/// # Source
///
/// `sCapHeight` of Noto Sans: 714 of 1000.
pub const CAPITAL: f32 = 0.714;
/// What must be read, in millimetres: capitals of 7.3 mm are seen under 0.7 degrees at 600 mm.
///
/// # Source
///
/// EN 301 549 V3.2.1, 5.1.4, text that nobody can enlarge.
const READ: f32 = 10.25;
/// What must be read and has no room for it, such as a name of 64 letters: capitals of 4.6 mm.
const TIGHT: f32 = 6.5;
/// What may be read: capitals of 3.4 mm, 20 minutes of arc.
///
/// # Source
///
/// ISO 9241-303, 5.5.4: 16 at least, 20 to 22 preferred.
const SMALL: f32 = 4.8;
/// The least side of what is touched, in millimetres.
const TARGET: f32 = 20.0;
/// The smallest panel on which all of this has its place, the longer side first.
const LEAST: Size = Size::new(150.0, 90.0);
/// The longer side of a panel of which nobody said how large it is: one of ten inches; one of 24 where it has at least so many
/// pixels.
const USUAL: f32 = 217.0;
const USUAL_LARGE: (f32, f32) = (3_000.0, 527.0);
/// The part of the room that a panel has more than the smallest, by which things are larger on it.
const LARGER: f32 = 0.3;
/// How much smaller everything is at a desk, where a mouse and a keyboard are at hand.
const DESK: f32 = 0.6;

/// How much depends on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Nobody can use the kiosk without.
    Must,
    /// It helps.
    May,
}

/// What the site decided of the panel, and what the window knows of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel {
    /// How wide it is, in millimetres. `None`: nobody said.
    pub width_mm: Option<f32>,
    /// How wide it is, in logical pixels, where the window is not the whole of it.
    pub width: Option<f32>,
    /// A reception desk: more doors at once.
    pub is_desk: bool,
    /// Things move.
    pub motion: bool,
    /// The time of day in 24 hours for everybody.
    pub clock_24h: bool,
}

impl Default for Panel {
    fn default() -> Self {
        Self { width_mm: None, width: None, is_desk: false, motion: true, clock_24h: true }
    }
}

/// Sizes in logical pixels, all of them from millimetres of the panel; and the colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Of the site.
    pub colors: Colors,
    /// What is spoken.
    pub words: &'static Words,
    /// Of the window.
    pub size: Size,
    /// Whether things move.
    pub motion: bool,
    /// Whether times are in 24 hours for everybody.
    pub clock_24h: bool,
    /// One millimetre. On a large panel, which has the room, it is more than one; on one that is too small, less.
    mm: f32,
}

impl Metrics {
    /// Measures a window.
    pub fn new(size: Size, panel: Panel, colors: Colors, words: &'static Words) -> Self {
        let (long, short) = (size.width.max(size.height), size.width.min(size.height));
        let pixels_per_mm = match panel.width_mm {
            Some(mm) => panel.width.unwrap_or(size.width) / mm,
            None if USUAL_LARGE.0 <= long => long / USUAL_LARGE.1,
            None => long / USUAL,
        };
        let room = (long / LEAST.width).min(short / LEAST.height) / pixels_per_mm;
        // What a large panel has more of is for larger things, and mostly for more of them.
        let scale = if room < 1.0 { room } else { 1.0 + LARGER * (room - 1.0) };
        let scale = if panel.is_desk { scale.min(1.0) * DESK } else { scale };
        Self { colors, words, size, motion: panel.motion, clock_24h: panel.clock_24h, mm: pixels_per_mm * scale }
    }

    /// So many millimetres.
    pub(super) fn mm(&self, mm: f32) -> f32 {
        mm * self.mm
    }

    /// Whether it is higher than wide.
    pub fn is_portrait(&self) -> bool {
        self.size.width < self.size.height
    }

    /// Between things that belong together.
    pub fn gap(&self) -> f32 {
        self.mm(1.0)
    }

    /// Between a screen and its edge.
    pub fn margin(&self) -> f32 {
        self.mm(2.0)
    }

    /// The width between the edges.
    pub fn width(&self) -> f32 {
        self.size.width - 2.0 * self.margin()
    }

    /// The largest and the smallest size of what must be read.
    pub fn read(&self) -> [f32; 2] {
        [self.mm(READ), self.mm(TIGHT)]
    }

    /// Of what may be read.
    pub fn small(&self) -> [f32; 2] {
        [self.mm(SMALL), self.mm(SMALL) * 0.75]
    }

    /// Of a name that may be read, and of the words on a button beside their icon.
    pub fn medium(&self) -> [f32; 2] {
        [self.mm(TIGHT), self.mm(SMALL) * 0.75]
    }

    /// Of what is large where there is room, and may be read.
    pub fn name(&self) -> [f32; 2] {
        [self.mm(READ), self.mm(SMALL)]
    }

    /// The height of a line of what may be read.
    pub fn small_line(&self) -> f32 {
        self.mm(SMALL) * 1.2
    }

    /// What became of a tap, in a word or two, in a place of this height.
    pub fn verdict(&self, height: f32) -> [f32; 2] {
        [(height * 0.18).min(self.width() * 0.14).clamp(self.mm(READ), self.mm(20.0)), self.mm(READ)]
    }

    /// Digits on keys.
    pub fn key_text(&self) -> [f32; 2] {
        [self.mm(13.0), self.mm(READ)]
    }

    /// The time at rest.
    pub fn clock(&self) -> [f32; 2] {
        [self.mm(13.5), self.mm(READ)]
    }

    /// The time on a dim screen.
    pub fn dim_clock(&self) -> [f32; 2] {
        [self.mm(24.0), self.mm(READ)]
    }

    /// How far words on a dim screen lie to the right and down, in this minute.
    pub fn drift(&self, minutes: u64) -> [f32; 2] {
        let step = |part: u64, steps: u16| {
            f32::from(u16::try_from(part % u64::from(steps)).unwrap_or_default()) / f32::from(steps)
        };
        [step(minutes, 7) * self.mm(40.0), step(minutes / 7, 5) * self.mm(26.0)]
    }

    /// A screen that is dim: black, whatever the theme.
    pub fn dim_style(&self) -> press::Style {
        self.surface(Color::BLACK, self.colors.faint, None)
    }

    /// More than this nobody looks over at once: what is alone on a large screen stands in the middle of it.
    pub fn view(&self) -> Size {
        let (long, short) = (self.mm(220.0), self.mm(128.0));
        if self.is_portrait() { Size::new(short, long) } else { Size::new(long, short) }
    }

    /// The least side of what is touched.
    pub fn target(&self) -> f32 {
        self.mm(TARGET + 0.2)
    }

    /// A key of the pad: four rows of them fill a screen that is wide, three columns one that is high.
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

    /// A button that is no key and no tile.
    pub fn button(&self) -> Size {
        Size::new(self.mm(42.0).min(self.width() * 0.38), self.target())
    }

    /// The line on which an entry stands, so that nothing moves when it comes.
    pub fn entry_height(&self) -> f32 {
        self.mm(READ * 1.25)
    }

    /// A dot of a PIN, of so many, in a line of this width.
    pub fn dot(&self, digits: usize, width: f32) -> f32 {
        let digits = f32::from(u16::try_from(digits.max(1)).unwrap_or(1));
        self.mm(4.6).min(width / (2.0 * digits))
    }

    /// The side of a code.
    pub fn code(&self) -> f32 {
        self.mm(22.0)
    }

    /// The side of an icon beside a text of this size.
    pub fn icon(&self, size: [f32; 2]) -> f32 {
        size[0]
    }

    /// The side of the picture of an outcome, in a place of this height.
    pub fn emblem(&self, height: f32) -> f32 {
        (height * 0.4).min(self.width() * 0.35).min(self.mm(52.0))
    }

    /// The corners of everything.
    pub fn radius(&self) -> f32 {
        self.mm(2.2)
    }

    /// Keys of the pad.
    pub fn key_style(&self, is_pressed: bool) -> press::Style {
        self.raised(is_pressed, None)
    }

    /// A button that stands back.
    pub fn quiet_style(&self, is_pressed: bool) -> press::Style {
        let Colors { pressed, background, text, muted, .. } = self.colors;
        self.surface(if is_pressed { pressed } else { background }, text, Some(muted))
    }

    /// One of several: the one that holds stands out.
    pub fn choice_style(&self, is_chosen: bool, is_pressed: bool) -> press::Style {
        let Colors { pressed, background, text, muted, .. } = self.colors;
        let edge = is_chosen.then_some(muted);
        self.surface(if is_pressed { pressed } else { background }, if is_chosen { text } else { muted }, edge)
    }

    /// Something that can be touched and does not look so.
    pub fn hidden_style(&self, page: Page) -> press::Style {
        let background = self.page_color(page);
        self.surface(background, self.colors.text, None)
    }

    /// A button that is wanted now.
    pub fn urgent_style(&self, is_pressed: bool) -> press::Style {
        let Colors { accent, warning, background, .. } = self.colors;
        self.surface(if is_pressed { accent } else { warning }, background, None)
    }

    /// A tile, with a broad edge in the colour of what is said of it.
    pub fn tile_style(&self, edge: Option<Color>, is_pressed: bool) -> press::Style {
        let mut style = self.raised(is_pressed, edge);
        if edge.is_some() {
            style.border.width = self.mm(1.0);
        }
        style
    }

    fn raised(&self, is_pressed: bool, edge: Option<Color>) -> press::Style {
        let Colors { pressed, surface, text, line, .. } = self.colors;
        // A line that nobody can see is none.
        let edge = edge.or((line != surface).then_some(line));
        self.surface(if is_pressed { pressed } else { surface }, text, edge)
    }

    fn surface(&self, background: Color, text: Color, edge: Option<Color>) -> press::Style {
        let width = if edge.is_some() { self.mm(0.4).max(2.0) } else { 0.0 };
        let radius = Radius::new(self.radius());
        press::Style { background, text, border: Border { color: edge.unwrap_or(background), width, radius } }
    }
}

/// What a page shows, as far as everything is drawn anew when it changes.
///
/// The software renderer draws anew only what lies in the bounds of something that changed. Some letters reach a pixel out of
/// theirs, and that pixel stays. A background that nobody can tell from the one before is drawn anew as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Nobody is signed in.
    SignIn,
    /// The same with a refusal.
    Denial,
    /// While the agent looks for a person.
    Checking,
    /// Somebody is signed in.
    Doors,
    /// What becomes of a tap.
    Outcome,
    /// The kiosk cannot work.
    Notice,
    /// For whoever services it.
    Technician,
}

impl Metrics {
    /// The whole window.
    pub fn page(&self, page: Page) -> container::Style {
        let (background, text) = (self.page_color(page), self.colors.text);
        container::Style { background: Some(background.into()), text_color: Some(text), ..container::Style::default() }
    }

    fn page_color(&self, page: Page) -> Color {
        let shade = match page {
            Page::SignIn | Page::Notice => 0.0,
            Page::Denial | Page::Doors | Page::Technician => 1.0,
            Page::Checking | Page::Outcome => 2.0,
        };
        let background = self.colors.background;
        let shade = if background.b < 0.5 { shade } else { -shade };
        Color { b: background.b + shade / 255.0, ..background }
    }

    /// How a dot of a PIN looks: full, or still empty.
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

    /// A millimetre is never less than one, on any panel from seven inches on.
    #[test]
    fn what_is_said_in_millimetres_is_so_on_the_panel() {
        for (width, height, mm) in [(800.0, 480.0, 154.0), (1280.0, 800.0, 217.0), (1080.0, 1920.0, 194.0)] {
            let pixels_per_mm = width / mm;
            let m = metrics(width, height, Some(mm));
            assert!(20.0 <= m.key().width / pixels_per_mm && 20.0 <= m.key().height / pixels_per_mm, "{width}");
            assert!(7.3 <= CAPITAL * m.read()[0] / pixels_per_mm, "{width}");
        }
        // One of four inches has no such place: everything is smaller.
        assert!(CAPITAL * metrics(800.0, 480.0, Some(87.0)).read()[0] / (800.0 / 87.0) < 7.0);
        // On a large one things are larger, but not as much larger as it is.
        let (ten, thirty) = (metrics(1920.0, 1080.0, Some(220.0)), metrics(1920.0, 1080.0, Some(660.0)));
        let (ten, thirty) = (ten.read()[0] * 220.0, thirty.read()[0] * 660.0);
        assert!(1.2 < thirty / ten && thirty / ten < 2.0, "{}", thirty / ten);
    }
}
