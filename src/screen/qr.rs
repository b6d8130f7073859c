//! A QR code, drawn from quads.

use iced::{
    Color, Element, Length, Point, Rectangle, Size,
    advanced::{
        Layout, Widget,
        layout::{self, Node},
        mouse, renderer,
        widget::Tree,
    },
};

/// Width of the light margin, in modules. Readers need it (ISO/IEC 18004).
const QUIET: u16 = 4;

/// A QR code, encoded once and drawn often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    side: u16,
    dark: Vec<(u16, u16)>,
}

impl Code {
    /// Encodes a text. `None` when it is too long for a code, or empty.
    pub fn new(text: &str) -> Option<Self> {
        let code = qrcode::QrCode::new(text).ok().filter(|_| !text.is_empty())?;
        let side = u16::try_from(code.width()).ok()?;
        let dark = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
        let dark = dark.filter(|(x, y)| code[(usize::from(*x), usize::from(*y))] == qrcode::Color::Dark).collect();
        Some(Self { side, dark })
    }
}

/// Draws a code on a square of this side.
pub fn qr<'a, Message: 'a>(code: &'a Code, side: f32) -> Element<'a, Message> {
    Element::new(Picture { code, side })
}

struct Picture<'a> {
    code: &'a Code,
    side: f32,
}

impl<Message> Widget<Message, iced::Theme, iced::Renderer> for Picture<'_> {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fixed(self.side), Length::Fixed(self.side))
    }

    fn layout(&mut self, _tree: &mut Tree, _renderer: &iced::Renderer, limits: &layout::Limits) -> Node {
        layout::atomic(limits, self.side, self.side)
    }

    fn draw(
        &self,
        _tree: &Tree,
        renderer: &mut iced::Renderer,
        _theme: &iced::Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _viewport: &Rectangle,
    ) {
        let bounds = layout.bounds();
        // Whole pixels: a code with blurred edges is hard to read.
        let module = (bounds.width / f32::from(self.code.side + 2 * QUIET)).floor().max(1.0);
        let side = module * f32::from(self.code.side + 2 * QUIET);
        let mut fill = |at: Point, side: f32, color: Color| {
            let bounds = Rectangle::new(at, Size::new(side, side));
            renderer::Renderer::fill_quad(renderer, renderer::Quad { bounds, ..renderer::Quad::default() }, color);
        };
        fill(bounds.position(), side, Color::WHITE);
        for (x, y) in &self.code.dark {
            let (x, y) = (f32::from(x + QUIET) * module, f32::from(y + QUIET) * module);
            fill(Point::new(bounds.x + x, bounds.y + y), module, Color::BLACK);
        }
    }
}
