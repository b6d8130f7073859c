//! Colours, sizes, fonts: the only place with a number that is not 0 or 1.

use iced::{
    Border, Color, Font, Size,
    border::Radius,
    color,
    font::{Family, Weight},
    theme::Palette,
    widget::container,
};

use super::press;

/// The bundled typeface, in the two weights that are used. Licence: `assets/fonts/OFL.txt`.
pub const FONT_FILES: [&[u8]; 2] =
    [include_bytes!("../../assets/fonts/NotoSans-Regular.ttf"), include_bytes!("../../assets/fonts/NotoSans-Bold.ttf")];
/// For everything that is read.
pub const FONT: Font = Font::with_name("Noto Sans");
/// For what is read first.
pub const BOLD: Font = Font { weight: Weight::Bold, family: Family::Name("Noto Sans"), ..FONT };

/// Behind everything.
pub const BACKGROUND: Color = color!(0x12, 0x17, 0x1d);
/// Keys, tiles, cards.
pub const SURFACE: Color = color!(0x20, 0x29, 0x33);
/// The same under a finger.
pub const PRESSED: Color = color!(0x3a, 0x4b, 0x5e);
/// What must be read.
pub const TEXT: Color = color!(0xf3, 0xf6, 0xf8);
/// What may be read.
pub const MUTED: Color = color!(0xae, 0xba, 0xc6);
/// What leads on.
pub const ACCENT: Color = color!(0x6c, 0xb6, 0xff);
/// Something was accepted.
pub const GOOD: Color = color!(0x4f, 0xd1, 0x8b);
/// Something was refused.
pub const BAD: Color = color!(0xff, 0x8a, 0x80);
/// Something needs a look.
pub const WARNING: Color = color!(0xf5, 0xc2, 0x5c);

/// iced's own theme, for what iced draws itself.
pub fn theme() -> iced::Theme {
    let palette =
        Palette { background: BACKGROUND, text: TEXT, primary: ACCENT, success: GOOD, warning: WARNING, danger: BAD };
    iced::Theme::custom("vestibule", palette)
}

/// Sizes in logical pixels, all from one unit that the window decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Of the window.
    pub size: Size,
    /// A sixteenth of the longer side or a tenth of the shorter one, whichever is smaller.
    unit: f32,
}

impl Metrics {
    /// Measures a window.
    pub fn new(size: Size) -> Self {
        let (long, short) = (size.width.max(size.height), size.width.min(size.height));
        Self { size, unit: (long / 16.0).min(short / 10.0).max(20.0) }
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

    /// What may be read.
    pub fn small(&self) -> f32 {
        self.unit * 0.27
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
        self.surface(if is_pressed { PRESSED } else { SURFACE }, TEXT, None)
    }

    /// A button that stands back.
    pub fn quiet_style(&self, is_pressed: bool) -> press::Style {
        self.surface(if is_pressed { PRESSED } else { BACKGROUND }, TEXT, Some(MUTED))
    }

    /// A button that is wanted now.
    pub fn urgent_style(&self, is_pressed: bool) -> press::Style {
        self.surface(if is_pressed { ACCENT } else { WARNING }, BACKGROUND, None)
    }

    /// A tile, with an edge in the colour of what became of it.
    pub fn tile_style(&self, edge: Option<Color>, is_pressed: bool) -> press::Style {
        self.surface(if is_pressed { PRESSED } else { SURFACE }, TEXT, edge)
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

/// The whole window.
pub fn page(page: Page) -> container::Style {
    let shade = match page {
        Page::SignIn | Page::Notice => 0.0,
        Page::Denial | Page::Doors => 1.0,
        Page::Checking | Page::Outcome => 2.0,
    };
    let background = Color { b: BACKGROUND.b + shade / 255.0, ..BACKGROUND };
    container::Style { background: Some(background.into()), text_color: Some(TEXT), ..container::Style::default() }
}

/// A dot of a PIN: full, or still empty.
pub fn dot(size: f32, is_full: bool) -> container::Style {
    let border = Border { color: MUTED, width: (size / 10.0).max(1.0), radius: Radius::new(size / 2.0) };
    container::Style { background: is_full.then(|| TEXT.into()), border, ..container::Style::default() }
}
