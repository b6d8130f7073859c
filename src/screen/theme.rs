//! Sizes, fonts, how things look: with the colours, the only place with a number that is not 0 or 1.

use iced::{
    Border, Color, Font, Size,
    border::Radius,
    font::{Family, Weight},
    widget::container,
};

use super::{colors::Colors, press, words::Words};

/// The bundled typeface, in the two weights that are used. Licence: `assets/fonts/OFL.txt`.
pub const FONT_FILES: [&[u8]; 2] =
    [include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"), include_bytes!("../../assets/fonts/NotoSans-Bold.ttf")];
/// For everything that is read.
pub const FONT: Font = Font::with_name("Noto Sans");
/// For what is read first.
pub const BOLD: Font = Font { weight: Weight::Bold, family: Family::Name("Noto Sans"), ..FONT };

/// Sizes in logical pixels, all from one unit that the window decides; and the colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Of the site.
    pub colors: Colors,
    /// What is spoken.
    pub words: &'static Words,
    /// Of the window.
    pub size: Size,
    /// A sixteenth of the longer side or a tenth of the shorter one, whichever is smaller.
    unit: f32,
}

impl Metrics {
    /// Measures a window.
    pub fn new(size: Size, colors: Colors, words: &'static Words) -> Self {
        let (long, short) = (size.width.max(size.height), size.width.min(size.height));
        Self { colors, words, size, unit: (long / 16.0).min(short / 10.0).max(20.0) }
    }

    /// Whether it is higher than wide.
    pub fn is_portrait(&self) -> bool {
        self.size.width < self.size.height
    }

    /// Between things that belong together.
    pub fn gap(&self) -> f32 {
        self.unit * 0.16
    }

    /// Between a screen and its edge.
    pub fn margin(&self) -> f32 {
        self.unit * 0.4
    }

    /// The name of the kiosk or of a person.
    pub fn title(&self) -> f32 {
        self.unit * 0.56
    }

    /// Digits on keys, dots of a PIN.
    pub fn key_text(&self) -> f32 {
        self.unit * 0.5
    }

    /// What must be read.
    pub fn body(&self) -> f32 {
        self.unit * 0.36
    }

    /// What must be read, of so many characters: a long sentence is smaller, so that all of it is in its place.
    pub fn sentence(&self, length: usize) -> f32 {
        match length {
            ..=75 => self.body(),
            76..=100 => self.unit * 0.3,
            _ => self.unit * 0.26,
        }
    }

    /// What may be read.
    pub fn small(&self) -> f32 {
        self.unit * 0.27
    }

    /// The time on a dim screen.
    pub fn clock(&self) -> f32 {
        self.unit * 1.6
    }

    /// How far words on a dim screen lie to the right and down, in this minute.
    pub fn drift(&self, minutes: u64) -> [f32; 2] {
        let step = |part: u64, steps: u16| {
            f32::from(u16::try_from(part % u64::from(steps)).unwrap_or_default()) / f32::from(steps)
        };
        [step(minutes, 7) * self.unit * 3.0, step(minutes / 7, 5) * self.unit * 2.0]
    }

    /// A screen that is dim: black, whatever the theme.
    pub fn dim_style(&self) -> press::Style {
        self.surface(Color::BLACK, self.colors.faint, None)
    }

    /// A key of the pad.
    pub fn key(&self) -> Size {
        let width = if self.is_portrait() { 2.5 } else { 1.85 };
        Size::new(self.unit * width, self.unit * 1.7)
    }

    /// A button that is no key and no tile.
    pub fn button(&self) -> Size {
        Size::new(self.unit * 3.2, self.unit)
    }

    /// A language to choose.
    pub fn language(&self) -> Size {
        Size::new(self.unit * 1.85, self.unit * 0.8)
    }

    /// The line on which an entry stands, so that nothing moves when it comes.
    pub fn entry_height(&self) -> f32 {
        self.unit * 0.8
    }

    /// Two lines of a message, so that nothing moves when it comes.
    pub fn message_height(&self) -> f32 {
        self.unit * 1.15
    }

    /// The strip at the foot of the doors.
    pub fn footer_height(&self) -> f32 {
        self.unit * 1.5
    }

    /// The strip above the doors.
    pub fn header_height(&self) -> f32 {
        self.unit * 1.2
    }

    /// A dot of a PIN.
    pub fn dot(&self) -> f32 {
        self.unit * 0.3
    }

    /// The side of a code.
    pub fn code(&self) -> f32 {
        self.unit * 1.7
    }

    /// The widest line that is easy to read.
    pub fn column(&self) -> f32 {
        (self.unit * 8.6).min(self.size.width - 2.0 * self.margin())
    }

    /// The name of a door of so many characters. A long one is smaller, so that all of it is in its tile.
    pub fn door(&self, length: usize) -> f32 {
        self.unit
            * match length {
                ..=20 => 0.42,
                21..=40 => 0.32,
                _ => 0.26,
            }
    }

    /// How many tiles stand side by side and one above the other, at most, for so many doors.
    pub fn grid(&self, doors: usize) -> (usize, usize) {
        if self.is_portrait() { (if doors <= 4 { 1 } else { 2 }, 6) } else { (if doors <= 4 { 2 } else { 3 }, 3) }
    }

    /// The height of a tile, for so many rows in what is left of the window.
    pub fn tile_height(&self, rows: usize) -> f32 {
        let rows = f32::from(u16::try_from(rows.max(1)).unwrap_or(1));
        let free = self.size.height - self.header_height() - self.footer_height() - 4.0 * self.margin();
        ((free - (rows - 1.0) * self.gap()) / rows).min(self.unit * 2.6)
    }

    /// The corners of everything.
    pub fn radius(&self) -> f32 {
        self.unit * 0.18
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

    /// A button that is wanted now.
    pub fn urgent_style(&self, is_pressed: bool) -> press::Style {
        let Colors { accent, warning, background, .. } = self.colors;
        self.surface(if is_pressed { accent } else { warning }, background, None)
    }

    /// A tile, with a broad edge in the colour of what became of it.
    pub fn tile_style(&self, edge: Option<Color>, is_pressed: bool) -> press::Style {
        let mut style = self.raised(is_pressed, edge);
        if edge.is_some() {
            style.border.width = self.unit * 0.09;
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
        let width = if edge.is_some() { (self.unit * 0.04).max(2.0) } else { 0.0 };
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
    /// The same with an outcome.
    Outcome,
    /// The kiosk cannot work.
    Notice,
}

impl Metrics {
    /// The whole window.
    pub fn page(&self, page: Page) -> container::Style {
        let shade = match page {
            Page::SignIn | Page::Notice => 0.0,
            Page::Denial | Page::Doors => 1.0,
            Page::Checking | Page::Outcome => 2.0,
        };
        let Colors { background, text, .. } = self.colors;
        let shade = if background.b < 0.5 { shade } else { -shade };
        let background = Color { b: background.b + shade / 255.0, ..background };
        container::Style { background: Some(background.into()), text_color: Some(text), ..container::Style::default() }
    }

    /// How a dot of a PIN looks: full, or still empty.
    pub fn dot_style(&self, is_full: bool) -> container::Style {
        let Colors { muted, text, .. } = self.colors;
        let (width, radius) = ((self.dot() / 10.0).max(1.0), Radius::new(self.dot() / 2.0));
        let border = Border { color: muted, width, radius };
        container::Style { background: is_full.then(|| text.into()), border, ..container::Style::default() }
    }
}
