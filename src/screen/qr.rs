//! A QR code, drawn from quads.

use iced::{
    Color, Element, Length, Point, Rectangle, Size,
    advanced::{
        Layout, Widget,
        layout::{self, Node},
        mouse, renderer,
        widget::Tree,
    },
    border,
};

use super::{colors::Colors, design::CODE_RADIUS};

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

/// Draws a code on a square of this side, with the paper and the ink of the theme.
pub fn qr<'a, Message: 'a>(code: &'a Code, side: f32, colors: Colors) -> Element<'a, Message> {
    let (paper, ink) = colors.code();
    Element::new(Picture { code, side, paper, ink })
}

struct Picture<'a> {
    code: &'a Code,
    side: f32,
    paper: Color,
    ink: Color,
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
        let module = bounds.width / f32::from(self.code.side + 2 * QUIET);
        let mut fill = |bounds: Rectangle, radius: f32, color: Color| {
            let quad = renderer::Quad { bounds, border: border::rounded(radius), ..renderer::Quad::default() };
            renderer::Renderer::fill_quad(renderer, quad, color);
        };
        fill(bounds, CODE_RADIUS * bounds.width, self.paper);
        // Edges on whole pixels: a code with blurred edges is hard to read.
        let edge = |from: f32, at: u16| (from + f32::from(at + QUIET) * module).round();
        for (x, y) in &self.code.dark {
            let place = Point::new(edge(bounds.x, *x), edge(bounds.y, *y));
            let size = Size::new(edge(bounds.x, x + 1) - place.x, edge(bounds.y, y + 1) - place.y);
            fill(Rectangle::new(place, size), 0.0, self.ink);
        }
    }
}
