//! Silhouettes: what became of a tap is told by its outline alone. And what moves: the arc of what is being sent, the
//! silhouette when it appears, the gap in the dots of a check. Nothing moves at rest, or anywhere if the site turns motion
//! off.

use std::time::{Duration, Instant};

use iced::{
    Animation, Color, Element, Event, Point, Radians, Rectangle, Renderer, Theme, Vector,
    animation::Easing,
    mouse,
    widget::{
        Action,
        canvas::{
            Cache, Canvas, Frame, Geometry, LineCap, LineJoin, Path, Program, Stroke, Text,
            path::{Arc, Builder},
        },
    },
    window,
};

use super::{
    colors::Tone,
    design::{MARK, PICTURE, pill, shape, stroke},
    icon::{self, Icon},
    theme::{self, Metrics},
};
use crate::door::Outcome;

/// How long the silhouette of an outcome grows.
const GROWTH: Duration = Duration::from_millis(180);
/// How long the arc takes to become a ring when a tap is accepted.
const CLOSING: Duration = Duration::from_millis(220);
/// While it is sent: time for one turn of the arc, and between two pictures of it, which makes 15 a second.
const TURN: Duration = Duration::from_millis(1_600);
const PICTURE_TIME: Duration = Duration::from_micros(66_667);

/// An outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A ring that is not closed yet: sending.
    OpenRing,
    /// A closed ring: accepted.
    Ring,
    /// A full disc: the door opened.
    Disc,
    /// An octagon: refused.
    Octagon,
    /// Only the edge of one: nothing was sent.
    HollowOctagon,
    /// A diamond: nobody knows.
    Diamond,
}

impl Shape {
    fn is_hollow(self) -> bool {
        matches!(self, Self::OpenRing | Self::Ring | Self::HollowOctagon)
    }
}

/// What is drawn on a silhouette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture {
    /// An icon.
    Icon(Icon),
    /// A mark of punctuation.
    Mark(char),
}

/// What an outcome looks like. Success, refusal, nothing sent and uncertainty differ in outline, not only in color.
pub(super) fn look(outcome: Outcome) -> (Shape, Picture, Tone) {
    match outcome {
        Outcome::Accepted => (Shape::Ring, Picture::Icon(Icon::Check), Tone::Good),
        Outcome::Opened => (Shape::Disc, Picture::Icon(Icon::DoorOpen), Tone::Good),
        Outcome::Refused(_) => (Shape::Octagon, Picture::Icon(Icon::X), Tone::Bad),
        Outcome::NotSent | Outcome::NotRecorded | Outcome::Limited | Outcome::WrongClock => {
            (Shape::HollowOctagon, Picture::Icon(Icon::Unplug), Tone::Bad)
        }
        Outcome::StillClosed | Outcome::Unknown(_) => (Shape::Diamond, Picture::Mark('?'), Tone::Warning),
    }
}

/// Draws a silhouette with this side, in the color of its tone on the page of that tone.
pub(super) fn emblem<'a, Message: 'a>(
    (shape, picture): (Shape, Picture),
    (tone, behind): (Tone, Color),
    side: f32,
    m: Metrics,
) -> Element<'a, Message> {
    let color = m.colors.tone(tone);
    let on = if shape.is_hollow() { color } else { behind };
    Canvas::new(Emblem { shape, picture, color, on, track: m.colors.line, moves: m.panel.motion })
        .width(side)
        .height(side)
        .into()
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Emblem {
    shape: Shape,
    picture: Picture,
    color: Color,
    on: Color,
    track: Color,
    moves: bool,
}

/// The animation of a silhouette.
#[derive(Default)]
struct Motion {
    cache: Cache,
    /// What is drawn, since when, and its animation.
    drawn: Option<(Emblem, Instant, Animation<bool>)>,
    now: Option<Instant>,
}

impl Motion {
    fn part(&self, from: f32) -> f32 {
        match (&self.drawn, self.now) {
            (Some((emblem, _, animation)), Some(now)) if emblem.moves => animation.interpolate(from, 1.0, now),
            (Some(_) | None, _) => 1.0,
        }
    }

    /// The part of a turn that the arc has made.
    fn turned(&self) -> f32 {
        match (&self.drawn, self.now) {
            (Some((emblem, since, _)), Some(now)) if emblem.moves => {
                now.saturating_duration_since(*since).as_secs_f32() / TURN.as_secs_f32()
            }
            (Some(_) | None, _) => 0.0,
        }
    }
}

impl<Message> Program<Message> for Emblem {
    type State = Motion;

    fn update(
        &self,
        motion: &mut Motion,
        event: &Event,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        let Event::Window(window::Event::RedrawRequested(now)) = event else { return None };
        if motion.drawn.as_ref().is_none_or(|(drawn, ..)| drawn != self) {
            let time = if self.shape == Shape::Ring { CLOSING } else { GROWTH };
            let growth = Animation::new(false).duration(time).easing(Easing::EaseOutCubic).go(true, *now);
            motion.drawn = Some((*self, *now, growth));
            motion.cache.clear();
        }
        if !self.moves {
            return None;
        }
        let was_drawn = motion.now.replace(*now);
        let is_growing = motion.drawn.as_ref().is_some_and(|(_, _, growth)| growth.is_animating(*now));
        if self.shape == Shape::OpenRing {
            motion.cache.clear();
            return Some(Action::request_redraw_at(*now + PICTURE_TIME));
        }
        if is_growing || was_drawn.is_some_and(|before| was_growing(motion, before)) {
            motion.cache.clear();
        }
        is_growing.then(Action::request_redraw)
    }

    fn draw(
        &self,
        motion: &Motion,
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let geometry = motion.cache.draw(renderer, bounds.size(), |frame| {
            let side = inside(frame);
            match self.shape {
                Shape::OpenRing => {
                    ring(frame, side, self.track, (0.0, 1.0));
                    ring(frame, side, self.color, (motion.turned(), shape::ARC));
                }
                Shape::Ring => {
                    let closed = motion.part(shape::ARC);
                    ring(frame, side, self.track, (0.0, 1.0));
                    ring(frame, side, self.color, (0.0, closed));
                }
                Shape::Disc | Shape::Octagon | Shape::HollowOctagon | Shape::Diamond => {
                    let scale = motion.part(shape::SMALL);
                    frame.translate(Vector::new(side * (1.0 - scale) / 2.0, side * (1.0 - scale) / 2.0));
                    frame.scale(scale);
                    silhouette(frame, self.shape, side, self.color);
                }
            }
            self.draw_picture(frame, side);
        });
        vec![geometry]
    }
}

impl Emblem {
    fn draw_picture(&self, frame: &mut Frame, side: f32) {
        let center = Point::new(side / 2.0, side / 2.0);
        frame.fill_text(match self.picture {
            Picture::Icon(icon) => icon::drawn(icon, PICTURE * side, center, self.on),
            Picture::Mark(mark) => Text {
                content: mark.to_string(),
                position: center,
                color: self.on,
                size: (MARK * side).into(),
                line_height: 1.0.into(),
                font: theme::BOLD,
                align_x: iced::alignment::Horizontal::Center.into(),
                align_y: iced::alignment::Vertical::Center,
                ..Text::default()
            },
        });
    }
}

/// Leaves the edges of a square drawing free. Returns the side of what is left.
fn inside(frame: &mut Frame) -> f32 {
    frame.translate(Vector::new(stroke::SOFT_PIXELS, stroke::SOFT_PIXELS));
    frame.width() - 2.0 * stroke::SOFT_PIXELS
}

fn was_growing(motion: &Motion, before: Instant) -> bool {
    motion.drawn.as_ref().is_some_and(|(_, _, growth)| growth.is_animating(before))
}

/// Strokes a part of a ring, from a part of the turn on.
fn ring(frame: &mut Frame, side: f32, color: Color, (from, part): (f32, f32)) {
    let width = stroke::RING * side;
    let (center, radius) = (Point::new(side / 2.0, side / 2.0), (side - width) / 2.0);
    let path = if 1.0 <= part {
        Path::circle(center, radius)
    } else {
        let start = std::f32::consts::TAU * (from.fract() - 1.0 / 4.0);
        let end = start + std::f32::consts::TAU * part;
        Path::new(|path| path.arc(Arc { center, radius, start_angle: Radians(start), end_angle: Radians(end) }))
    };
    let stroke = Stroke::default().with_width(width).with_color(color).with_line_cap(LineCap::Round);
    frame.stroke(&path, stroke);
}

/// Fills a silhouette, or strokes its edge if it is hollow.
fn silhouette(frame: &mut Frame, shape: Shape, side: f32, color: Color) {
    let (corners, rounding): (&[(f32, f32)], f32) = match shape {
        Shape::Octagon | Shape::HollowOctagon => (&shape::OCTAGON.0, shape::OCTAGON.1),
        Shape::Diamond => (&shape::DIAMOND.0, shape::DIAMOND.1),
        Shape::Disc | Shape::Ring | Shape::OpenRing => {
            frame.fill(&Path::circle(Point::new(side / 2.0, side / 2.0), side / 2.0), color);
            return;
        }
    };
    let path = Path::new(|path: &mut Builder| {
        let mut corners = corners.iter().map(|(x, y)| Point::new(x * side, y * side));
        if let Some(first) = corners.next() {
            path.move_to(first);
        }
        corners.for_each(|corner| path.line_to(corner));
        path.close();
    });
    if shape != Shape::HollowOctagon {
        frame.fill(&path, color);
    }
    let stroke = Stroke::default().with_width(rounding * side).with_color(color).with_line_join(LineJoin::Round);
    frame.stroke(&path, stroke);
}

/// The seconds left, on a pill of the countdown: digits in a ring that shrinks once a second.
pub(super) fn countdown<'a, Message: 'a>(left: Duration, of: Duration, side: f32, m: Metrics) -> Element<'a, Message> {
    let seconds = whole_seconds(left);
    let part = (seconds / of.as_secs_f32().max(1.0)).min(1.0);
    Canvas::new(Countdown { seconds, part, color: m.colors.background, track: m.colors.ring_track() })
        .width(side)
        .height(side)
        .into()
}

/// The seconds of a countdown. It ends at 1, never at 0.
pub(super) fn whole_seconds(left: Duration) -> f32 {
    left.as_secs_f32().ceil().max(1.0)
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Countdown {
    seconds: f32,
    part: f32,
    color: Color,
    track: Color,
}

impl<Message> Program<Message> for Countdown {
    type State = Still<Self>;

    fn update(
        &self,
        still: &mut Still<Self>,
        _event: &Event,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        still.show(*self);
        None
    }

    fn draw(
        &self,
        still: &Still<Self>,
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let geometry = still.cache.draw(renderer, bounds.size(), |frame| {
            let side = inside(frame);
            let width = stroke::COUNTDOWN * side;
            let center = Point::new(side / 2.0, side / 2.0);
            let radius = (side - width) / 2.0;
            let stroked = |color| Stroke::default().with_width(width).with_color(color);
            frame.stroke(&Path::circle(center, radius), stroked(self.track));
            let start = -std::f32::consts::FRAC_PI_2;
            let end = start + std::f32::consts::TAU * self.part;
            let arc = Path::new(|path| {
                path.arc(Arc { center, radius, start_angle: Radians(start), end_angle: Radians(end) });
            });
            frame.stroke(&arc, stroked(self.color));
            frame.fill_text(Text {
                content: format!("{}", self.seconds),
                position: center,
                color: self.color,
                size: (pill::SECONDS * side).into(),
                line_height: 1.0.into(),
                font: theme::BOLD,
                align_x: iced::alignment::Horizontal::Center.into(),
                align_y: iced::alignment::Vertical::Center,
                ..Text::default()
            });
        });
        vec![geometry]
    }
}

/// A picture that is drawn again only when what it shows has changed.
struct Still<T> {
    cache: Cache,
    shown: Option<T>,
}

impl<T> Default for Still<T> {
    fn default() -> Self {
        Self { cache: Cache::default(), shown: None }
    }
}

impl<T: PartialEq> Still<T> {
    fn show(&mut self, what: T) {
        if self.shown.as_ref() != Some(&what) {
            self.cache.clear();
            self.shown = Some(what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In gray, outcomes are told apart by their outlines; two of a kind differ in what is on them.
    #[test]
    fn every_kind_of_outcome_has_an_outline_of_its_own() {
        let outcomes = [Outcome::Accepted, Outcome::Opened, Outcome::NotSent, Outcome::Unknown(None)];
        let mut shapes: Vec<Shape> = outcomes.into_iter().map(|outcome| look(outcome).0).collect();
        shapes.extend([Shape::OpenRing, Shape::Octagon]);
        for (index, shape) in shapes.iter().enumerate() {
            assert!(!shapes.iter().skip(index + 1).any(|other| other == shape), "{shape:?} twice");
        }
    }
}
