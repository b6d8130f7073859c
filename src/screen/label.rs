//! A text in the largest size that fits its place, between a maximum and a minimum.
//!
//! A label reports the size it chose to widget operations, so that tests can measure it.
//!
//! A sentence of several lines can be balanced: its lines get the narrowest width that keeps their number. Its first clause
//! can be bold.

use iced::{
    Color, Element, Font, Length, Pixels, Rectangle, Size,
    advanced::{
        Layout, Widget,
        layout::{self, Limits, Node},
        mouse, renderer,
        text::{self, Paragraph as _, Span, Wrapping},
        widget::{self, Operation, Tree, tree},
    },
    alignment::Vertical,
};

use super::{
    theme::{BOLD, FONT, Importance},
    trace::trace,
};

type Paragraph = <iced::Renderer as text::Renderer>::Paragraph;

/// The usual line height, in em.
const LINE: f32 = 1.2;
/// The least line height of scripts whose letters reach further above and below, in em. Measured with Debian's Noto fonts:
/// Burmese and Thai need a quarter of an em above the usual line, Arabic below it.
const TALL_LINE: f32 = 1.5;
/// How far letters reach past their lines at most, in em. Noto Sans has 0.29 em below its line of writing, of which a line
/// of 1.0 em leaves 0.11.
const INK: f32 = 0.25;
/// The factor by which a size that does not fit is reduced.
const STEP: f32 = 0.94;
/// How often the width of balanced lines is halved: to less than a pixel on any screen.
const BALANCING: u32 = 12;

/// What a label reports to widget operations.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnText {
    /// The text.
    pub content: String,
    /// The size that fitted, in pixels.
    pub size: f32,
    /// Tests require larger letters for essential text.
    pub grade: Importance,
    /// Its own color. `None`: that of the surface below it.
    pub color: Option<Color>,
}

/// A text in the largest size that fits.
#[expect(missing_debug_implementations, reason = "other widgets have none either")]
pub struct Label<'a> {
    content: text::Fragment<'a>,
    grade: Importance,
    format: Format,
    color: Option<Color>,
    width: Length,
    height: Length,
}

/// What decides the layout of the text, besides its place.
#[derive(Clone, Copy, PartialEq)]
struct Format {
    /// The largest and the smallest size, in pixels.
    sizes: [f32; 2],
    font: Font,
    /// The line height, in em.
    line: f32,
    align_x: text::Alignment,
    align_y: Vertical,
    is_balanced: bool,
    /// Length in bytes of the clause at the beginning that is bold, on lines of its own.
    lead: usize,
}

/// A text in the first of these sizes or, if it does not fit, in a smaller one down to the second.
pub fn label<'a>(content: impl text::IntoFragment<'a>, grade: Importance, sizes: [f32; 2]) -> Label<'a> {
    let (align_x, align_y) = (text::Alignment::Default, Vertical::Top);
    let format = Format { sizes, font: FONT, line: LINE, align_x, align_y, is_balanced: false, lead: 0 };
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
    /// Sets the font.
    #[must_use]
    pub fn font(self, font: Font) -> Self {
        Self { format: Format { font, ..self.format }, ..self }
    }

    /// Sets the line height, in em.
    #[must_use]
    pub fn line(self, line: f32) -> Self {
        Self { format: Format { line, ..self.format }, ..self }
    }

    /// Sets the color.
    #[must_use]
    pub fn color(self, color: Color) -> Self {
        Self { color: Some(color), ..self }
    }

    /// Sets the width of its place.
    #[must_use]
    pub fn width(self, width: impl Into<Length>) -> Self {
        Self { width: width.into(), ..self }
    }

    /// Sets the height of its place.
    #[must_use]
    pub fn height(self, height: impl Into<Length>) -> Self {
        Self { height: height.into(), ..self }
    }

    /// Sets the horizontal alignment.
    #[must_use]
    pub fn align_x(self, align_x: impl Into<text::Alignment>) -> Self {
        Self { format: Format { align_x: align_x.into(), ..self.format }, ..self }
    }

    /// Sets the vertical alignment.
    #[must_use]
    pub fn align_y(self, align_y: impl Into<Vertical>) -> Self {
        Self { format: Format { align_y: align_y.into(), ..self.format }, ..self }
    }

    /// Centers the text in its place.
    #[must_use]
    pub fn center(self) -> Self {
        self.align_x(text::Alignment::Center).align_y(Vertical::Center)
    }

    /// Balances the lines.
    #[must_use]
    pub fn balanced(self) -> Self {
        Self { format: Format { is_balanced: true, ..self.format }, ..self }
    }

    /// Makes the first clause bold, or all of a text that has only one.
    #[must_use]
    pub fn lead(self) -> Self {
        match first_clause(&self.content) {
            Some(lead) => Self { format: Format { lead, ..self.format }, ..self },
            None => self.font(BOLD),
        }
    }

    /// Lays out the text with this size in these bounds.
    fn paragraph(&self, bounds: Size, size: f32, wrapping: Wrapping) -> Paragraph {
        let Format { font, line, align_x, align_y, lead, .. } = self.format;
        let line = if is_tall(&self.content) { line.max(TALL_LINE) } else { line };
        let text = text::Text {
            content: &*self.content,
            bounds,
            size: Pixels(size),
            line_height: text::LineHeight::Relative(line),
            font,
            align_x,
            align_y,
            shaping: text::Shaping::default(),
            wrapping,
        };
        match self.content.split_at_checked(lead) {
            Some((first, rest)) if !first.is_empty() => {
                let first: Span<'_, (), Font> = Span::new(format!("{first}\n")).font(BOLD);
                Paragraph::with_spans(text.with_content(&[first, Span::new(rest.trim_start())][..]))
            }
            Some(_) | None => Paragraph::with_text(text),
        }
    }

    /// Lays out the text in the largest size that fits, and returns that size. Words break only if not even the
    /// smallest fits.
    fn fit(&self, most: Size) -> (Paragraph, f32) {
        let (mut paragraph, size, wrapping) = self.fitted(most);
        if self.format.is_balanced && wrapping == Wrapping::Word {
            paragraph = self.balance(paragraph, size);
        }
        // iced 0.14 places a line from right to left in the width that was offered, and draws it in the width that it took.
        if is_rtl(&paragraph) {
            paragraph = self.paragraph(paragraph.min_bounds(), size, wrapping);
        }
        (paragraph, size)
    }

    fn fitted(&self, most: Size) -> (Paragraph, f32, Wrapping) {
        let [largest, smallest] = self.format.sizes;
        let mut size = largest;
        loop {
            let paragraph = self.paragraph(most, size, Wrapping::Word);
            let taken = paragraph.min_bounds();
            if taken.width <= most.width + 0.5 && taken.height <= most.height + 0.5 {
                return (paragraph, size, Wrapping::Word);
            }
            if size <= smallest {
                let paragraph = self.paragraph(most, smallest, Wrapping::WordOrGlyph);
                return (paragraph, smallest, Wrapping::WordOrGlyph);
            }
            size = (size * STEP).max(smallest);
        }
    }

    /// Narrows the lines as far as their number stays.
    fn balance(&self, fitted: Paragraph, size: f32) -> Paragraph {
        let (count, height) = (lines(&fitted), fitted.min_bounds().height + 1.0);
        let (mut narrow, mut wide, mut best) = (0.0, fitted.min_bounds().width, fitted);
        for _ in 0..BALANCING {
            let width = f32::midpoint(narrow, wide);
            let tried = self.paragraph(Size::new(width, height * 2.0), size, Wrapping::Word);
            if lines(&tried) <= count && tried.min_bounds().width <= width + 0.5 {
                (wide, best) = (width, tried);
            } else {
                narrow = width;
            }
        }
        best
    }
}

/// Length in bytes of the first of several clauses.
fn first_clause(text: &str) -> Option<usize> {
    let ends =
        [". ", ": ", "? ", "! ", "… "].into_iter().filter_map(|end| Some(text.find(end)? + end.trim_end().len()));
    ends.min()
}

fn lines(paragraph: &Paragraph) -> usize {
    paragraph.buffer().layout_runs().count()
}

#[derive(Default)]
struct State {
    paragraph: Paragraph,
    size: f32,
    /// What the size was computed for.
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
                (state.paragraph, state.size) = self.fit(most);
                state.fitted = Some((self.content.to_string(), most, self.format));
            }
            state.paragraph.min_bounds()
        })
    }

    fn operate(&mut self, tree: &mut Tree, layout: Layout<'_>, _: &iced::Renderer, operation: &mut dyn Operation) {
        let State { size, paragraph, .. } = tree.state.downcast_ref::<State>();
        let bounds = aligned(layout.bounds(), paragraph);
        operation.text(None, bounds, &self.content);
        let mut seen =
            DrawnText { content: self.content.to_string(), size: *size, grade: self.grade, color: self.color };
        // What is drawn may be smaller than its place.
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
        let State { paragraph, size, .. } = tree.state.downcast_ref::<State>();
        let (bounds, own) = (aligned(layout.bounds(), paragraph), widget::text::Style { color: self.color });
        let taken = paragraph.min_bounds();
        let ink = Rectangle::new(anchor(bounds, taken, paragraph), taken).expand(INK * size);
        let quad = renderer::Quad { bounds: ink, ..renderer::Quad::default() };
        let color = trace(&self.content, Some(self.color.unwrap_or(style.text_color)));
        renderer::Renderer::fill_quad(renderer, quad, color);
        widget::text::draw(renderer, style, bounds, paragraph, own, viewport);
    }
}

/// Whether the letters are taller than those of Latin, Greek, Cyrillic, Armenian, Georgian and the Han scripts.
fn is_tall(text: &str) -> bool {
    let is_tall = |c| matches!(c, '\u{590}'..='\u{109f}' | '\u{1200}'..='\u{139f}' | '\u{1780}'..='\u{18af}' | '\u{a880}'..='\u{abff}');
    text.chars().any(is_tall)
}

/// Whether the text begins at the right.
fn is_rtl(paragraph: &Paragraph) -> bool {
    paragraph.buffer().layout_runs().any(|run| run.rtl)
}

/// The place of a text: without an alignment of its own, a text from right to left stands at the right.
fn aligned(bounds: Rectangle, paragraph: &Paragraph) -> Rectangle {
    if paragraph.align_x() == text::Alignment::Default && is_rtl(paragraph) {
        let width = paragraph.min_bounds().width.min(bounds.width);
        return Rectangle { x: bounds.x + bounds.width - width, width, ..bounds };
    }
    bounds
}

fn anchor(bounds: Rectangle, taken: Size, paragraph: &Paragraph) -> iced::Point {
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
