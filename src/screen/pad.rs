//! The keypad: discs to touch, and above them the dots or the number that is typed.

use std::time::{Duration, Instant};

use iced::{
    Center, Color, Element, Event as IcedEvent, Padding, Point, Rectangle, Renderer, Size, Theme, Vector, mouse,
    widget::{
        Action, Column, Row,
        canvas::{Cache, Canvas, Geometry, Path, Program, Stroke},
        column, container, space,
    },
    window,
};

use super::{
    colors::Colors,
    design::{scale, stroke},
    icon::{Icon, icon},
    label::label,
    press,
    style::{self, KeyLook},
    theme::{self, Importance, Metrics},
};
use crate::{session::Event, staff::Digit};

/// A check that takes longer than this shows that it goes on.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long the gap stays at a dot.
const STEP: Duration = Duration::from_millis(160);

/// A keypad for one screen: the size of its cells depends on the room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pad {
    /// What is touched of a key, in u.
    pub(super) cell: Size,
    /// Whether keys can be touched now.
    pub(super) is_ready: bool,
}

/// What the last key of the pad does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastKey {
    /// Nothing: there is none.
    None,
    /// Switches between PIN and badge number.
    Switch,
    /// Completes a badge number.
    Done,
}

impl Pad {
    /// Draws the twelve keys.
    pub(super) fn keys<'a>(self, has_typed: bool, last: LastKey, m: Metrics) -> Element<'a, Event> {
        let [zero, digits @ ..] = Digit::ALL;
        let rows =
            digits.chunks(3).map(|three| Row::with_children(three.iter().map(|digit| self.digit(*digit, m))).into());
        let last_key = match last {
            LastKey::None => space().width(m.u(self.cell.width)).height(m.u(self.cell.height)).into(),
            LastKey::Switch => self.named(Icon::IdCard, "type-badge", self.is_ready, Event::SwitchTouched, m),
            LastKey::Done => self.done(m),
        };
        let delete = self.named(Icon::Delete, "back", self.is_ready && has_typed, Event::BackTouched, m);
        Column::with_children(rows).push(Row::from_vec(vec![delete, self.digit(zero, m), last_key])).into()
    }

    fn digit<'a>(self, digit: Digit, m: Metrics) -> Element<'a, Event> {
        let size = m.u(m.grid().pad.digit);
        let digit_face = label(char::from(digit.ascii()).to_string(), Importance::Essential, [size, size]).line(1.0);
        let look = if self.is_ready { KeyLook::Ready } else { KeyLook::Hollow };
        self.key(digit_face, Event::DigitTouched(digit), look, m)
    }

    fn done<'a>(self, m: Metrics) -> Element<'a, Event> {
        let sizes = m.essential(scale::OK);
        let ok = label(m.words.say("enter"), Importance::Optional, sizes).font(theme::BOLD);
        let look = if self.is_ready { KeyLook::Done } else { KeyLook::Hollow };
        self.key(ok, Event::EnterTouched, look, m)
    }

    /// A key whose disc is drawn in the middle of the cell that is touched.
    fn key<'a>(
        self,
        face: impl Into<Element<'a, Event>>,
        event: Event,
        look: KeyLook,
        m: Metrics,
    ) -> Element<'a, Event> {
        let cell = Size::new(m.u(self.cell.width), m.u(self.cell.height));
        let disc = m.u(self.disc(m));
        let face = container(face).center_x(cell.width).center_y(cell.height);
        let inset = Padding::from([(cell.height - disc) / 2.0, (cell.width - disc) / 2.0]);
        let style = move |touch| m.key_style(look, touch, disc);
        // What is hollow cannot be touched.
        let key =
            if look == KeyLook::Hollow { press::button(face, None, style) } else { press::key(face, event, style) };
        key.inset(inset).into()
    }

    /// The disc keeps its distance to the next one if the cells are lower than usual.
    fn disc(self, m: Metrics) -> f32 {
        let usual = m.grid().pad;
        (usual.disc + (self.cell.height - usual.cell.1).min(self.cell.width - usual.cell.0).min(0.0)).min(usual.disc)
    }

    /// A key with an icon over a word, without a disc. It is muted while it does nothing.
    fn named<'a>(self, picture: Icon, name: &str, is_ready: bool, event: Event, m: Metrics) -> Element<'a, Event> {
        let pad = m.grid().pad;
        let Colors { text, muted, pressed, .. } = m.colors;
        let color = if is_ready { text } else { muted };
        let word = label(m.words.say(name), Importance::Optional, m.optional(pad.word));
        let word = word.line(pad.word.ratio()).color(color).width(iced::Fill).align_x(Center);
        let face = column![icon(picture, m.u(pad.icon), Some(color)), word].spacing(m.u(pad.gap)).align_x(Center);
        let (width, height) = (m.u(self.cell.width), m.u(self.cell.height));
        let face = container(face).center_x(width).center_y(height);
        let radius = height / 2.0;
        press::key(face, event, move |touch| {
            let mut style = style::bare(color);
            if touch == press::Touch::Down && is_ready {
                style.background = pressed;
                style.border.radius = radius.into();
            }
            style
        })
        .into()
    }
}

/// One dot for each digit of a PIN. Which digit it was is never drawn. During a check a gap walks through them.
pub(super) fn dots<'a>(typed: usize, digits: usize, checks: bool, m: Metrics) -> Element<'a, Event> {
    let (side, gap) = m.grid().pad.dot;
    let colors = m.colors;
    let width = stroke::DOT.max(stroke::HAIRLINE_PIXELS / m.u(1.0));
    let dots = Dots {
        typed,
        digits,
        checks: checks && m.panel.motion,
        side: m.u(side),
        gap: m.u(gap),
        colors,
        edge: m.u(width),
    };
    let count = f32::from(u16::try_from(digits).unwrap_or(u16::MAX));
    let width = count * dots.side + (count - 1.0).max(0.0) * dots.gap;
    Canvas::new(dots).width(width + 2.0 * stroke::SOFT_PIXELS).height(dots.side + 2.0 * stroke::SOFT_PIXELS).into()
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Dots {
    typed: usize,
    digits: usize,
    checks: bool,
    side: f32,
    gap: f32,
    edge: f32,
    colors: Colors,
}

#[derive(Default)]
struct Walk {
    cache: Cache,
    drawn: Option<Dots>,
    /// When the check began, and the dot that is missing now.
    since: Option<Instant>,
    missing: Option<usize>,
}

impl Program<Event> for Dots {
    type State = Walk;

    fn update(
        &self,
        walk: &mut Walk,
        event: &IcedEvent,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Event>> {
        let IcedEvent::Window(window::Event::RedrawRequested(now)) = event else { return None };
        if walk.drawn != Some(*self) {
            (walk.drawn, walk.since, walk.missing) = (Some(*self), self.checks.then_some(*now), None);
            walk.cache.clear();
        }
        let since = walk.since?;
        let waited = now.saturating_duration_since(since);
        let steps = waited.checked_sub(PATIENCE).map(|walked| walked.as_millis() / STEP.as_millis());
        let missing = steps.and_then(|steps| usize::try_from(steps).ok()).map(|steps| steps % self.digits.max(1));
        if walk.missing != missing {
            walk.missing = missing;
            walk.cache.clear();
        }
        let next = match steps {
            None => PATIENCE,
            Some(steps) => PATIENCE + STEP * u32::try_from(steps + 1).unwrap_or(u32::MAX),
        };
        Some(Action::request_redraw_at(since + next))
    }

    fn draw(
        &self,
        walk: &Walk,
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let geometry = walk.cache.draw(renderer, bounds.size(), |frame| {
            frame.translate(Vector::new(stroke::SOFT_PIXELS, stroke::SOFT_PIXELS));
            let Colors { accent, line, muted, .. } = self.colors;
            let disc = |index: usize, side: f32| {
                let x = f32::from(u16::try_from(index).unwrap_or(u16::MAX)) * (self.side + self.gap);
                Path::circle(Point::new(x + self.side / 2.0, self.side / 2.0), side / 2.0)
            };
            for index in 0..self.digits {
                let fill: Option<Color> = match index {
                    _ if walk.missing == Some(index) => Some(line),
                    _ if index < self.typed => Some(accent),
                    _ => None,
                };
                if let Some(color) = fill {
                    frame.fill(&disc(index, self.side), color);
                } else {
                    let edge = Stroke::default().with_width(self.edge).with_color(muted);
                    frame.stroke(&disc(index, self.side - self.edge), edge);
                }
            }
        });
        vec![geometry]
    }
}
