//! A text that is as large as its place allows: never cut off, never smaller than it may be, never over something else.
//!
//! How tall letters are is measured from what was laid out: a label says its size to whoever operates on the widgets.

use iced::{
    Color, Element, Font, Length, Pixels, Rectangle, Size,
    advanced::{
        Layout, Widget,
        layout::{self, Limits, Node},
        mouse, renderer,
        text::{self, Wrapping, paragraph::Plain},
        widget::{self, Operation, Tree, tree},
    },
    alignment::Vertical,
};

use super::theme::{FONT, Grade};

type Paragraph = <iced::Renderer as text::Renderer>::Paragraph;

/// From one line to the next, in sizes of the letters.
const LINE: f32 = 1.2;
/// A size that does not fit is made smaller by this, until it fits.
const STEP: f32 = 0.94;

/// What a label says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What is read.
    pub content: String,
    /// The size that fitted, in pixels.
    pub size: f32,
    /// How much depends on it.
    pub grade: Grade,
    /// Of its own; otherwise that of the surface it stands on.
    pub color: Option<Color>,
}

/// A text in the largest size that fits.
#[expect(missing_debug_implementations, reason = "other widgets have none either")]
pub struct Label<'a> {
    content: text::Fragment<'a>,
    grade: Grade,
    format: Format,
    color: Option<Color>,
    width: Length,
    height: Length,
}

/// What decides how letters lie, besides their place.
#[derive(Clone, Copy, PartialEq)]
struct Format {
    /// The largest and the smallest size, in pixels.
    sizes: [f32; 2],
    font: Font,
    /// From one line to the next, in sizes of the letters.
    line: f32,
    align_x: text::Alignment,
    align_y: Vertical,
}

/// A text of this size, or down to the smaller one where its place is small.
pub fn label<'a>(content: impl text::IntoFragment<'a>, grade: Grade, sizes: [f32; 2]) -> Label<'a> {
    let format = Format { sizes, font: FONT, line: LINE, align_x: text::Alignment::Default, align_y: Vertical::Top };
    Label {
        content: content.into_fragment(),
        grade,
        format,
        color: None,
        width: Length::Shrink,
        height: Length::Shrink,
    }
}

impl Label<'_> {
    /// In another weight.
    #[must_use]
    pub fn font(self, font: Font) -> Self {
        Self { format: Format { font, ..self.format }, ..self }
    }

    /// With its lines so far apart, in sizes of the letters.
    #[must_use]
    pub fn line(self, line: f32) -> Self {
        Self { format: Format { line, ..self.format }, ..self }
    }

    /// In a colour of its own.
    #[must_use]
    pub fn color(self, color: Color) -> Self {
        Self { color: Some(color), ..self }
    }

    /// Takes so much place.
    #[must_use]
    pub fn width(self, width: impl Into<Length>) -> Self {
        Self { width: width.into(), ..self }
    }

    /// Takes so much place.
    #[must_use]
    pub fn height(self, height: impl Into<Length>) -> Self {
        Self { height: height.into(), ..self }
    }

    /// Where its lines begin.
    #[must_use]
    pub fn align_x(self, align_x: impl Into<text::Alignment>) -> Self {
        Self { format: Format { align_x: align_x.into(), ..self.format }, ..self }
    }

    /// Where in its place it stands.
    #[must_use]
    pub fn align_y(self, align_y: impl Into<Vertical>) -> Self {
        Self { format: Format { align_y: align_y.into(), ..self.format }, ..self }
    }

    /// In the middle of its place.
    #[must_use]
    pub fn center(self) -> Self {
        self.align_x(text::Alignment::Center).align_y(Vertical::Center)
    }

    fn text(&self, bounds: Size, size: f32, wrapping: Wrapping) -> text::Text<&str, Font> {
        let Format { font, line, align_x, align_y, .. } = self.format;
        text::Text {
            content: &self.content,
            bounds,
            size: Pixels(size),
            line_height: text::LineHeight::Relative(line),
            font,
            align_x,
            align_y,
            shaping: text::Shaping::default(),
            wrapping,
        }
    }

    /// Lays it out in the largest size that fits. Words are torn only where the smallest one does not.
    fn fit(&self, paragraph: &mut Plain<Paragraph>, most: Size) -> f32 {
        let [largest, smallest] = self.format.sizes;
        let mut size = largest;
        loop {
            let _ = paragraph.update(self.text(most, size, Wrapping::Word));
            let taken = paragraph.min_bounds();
            if taken.width <= most.width + 0.5 && taken.height <= most.height + 0.5 {
                return size;
            }
            if size <= smallest {
                let _ = paragraph.update(self.text(most, smallest, Wrapping::WordOrGlyph));
                return smallest;
            }
            size = (size * STEP).max(smallest);
        }
    }
}

#[derive(Default)]
struct State {
    paragraph: Plain<Paragraph>,
    size: f32,
    /// What the size was found for.
    fitted: Option<(String, Size, Format)>,
}

impl<Message> Widget<Message, iced::Theme, iced::Renderer> for Label<'_> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn size(&self) -> Size<Length> {
        Size::new(self.width, self.height)
    }

    fn layout(&mut self, tree: &mut Tree, _renderer: &iced::Renderer, limits: &Limits) -> Node {
        let state = tree.state.downcast_mut::<State>();
        layout::sized(limits, self.width, self.height, |limits| {
            let most = limits.max();
            let is_for_this = |(content, place, format): &(String, Size, Format)| {
                *content == *self.content && *place == most && *format == self.format
            };
            if !state.fitted.as_ref().is_some_and(is_for_this) {
                state.size = self.fit(&mut state.paragraph, most);
                state.fitted = Some((self.content.to_string(), most, self.format));
            }
            state.paragraph.min_bounds()
        })
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, _: &iced::Renderer, operation: &mut dyn Operation) {
        let State { size, paragraph, .. } = tree.state.downcast_ref::<State>();
        let bounds = layout.bounds();
        operation.text(None, bounds, &self.content);
        let mut seen = Seen { content: self.content.to_string(), size: *size, grade: self.grade, color: self.color };
        // What is drawn, which may be less than the place it has.
        let taken = paragraph.min_bounds();
        let drawn = Rectangle::new(anchor(bounds, taken, paragraph), taken);
        operation.custom(None, drawn, &mut seen);
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut iced::Renderer,
        _theme: &iced::Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let paragraph = tree.state.downcast_ref::<State>().paragraph.raw();
        let own = widget::text::Style { color: self.color };
        widget::text::draw(renderer, style, layout.bounds(), paragraph, own, viewport);
    }
}

fn anchor(bounds: Rectangle, taken: Size, paragraph: &Plain<Paragraph>) -> iced::Point {
    let free = (bounds.width - taken.width, bounds.height - taken.height);
    let x = match paragraph.align_x() {
        text::Alignment::Default | text::Alignment::Left | text::Alignment::Justified => 0.0,
        text::Alignment::Center => free.0 / 2.0,
        text::Alignment::Right => free.0,
    };
    let y = match paragraph.align_y() {
        Vertical::Top => 0.0,
        Vertical::Center => free.1 / 2.0,
        Vertical::Bottom => free.1,
    };
    iced::Point::new(bounds.x + x, bounds.y + y)
}

impl<'a, Message> From<Label<'a>> for Element<'a, Message> {
    fn from(label: Label<'a>) -> Self {
        Self::new(label)
    }
}
