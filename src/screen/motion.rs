//! Animations: the icon of an outcome grows when it appears, and a ring shows the time left. Nothing moves at rest, or
//! anywhere if the site turns motion off.

use std::time::{Duration, Instant};

use iced::{
    Animation, Background, Border, Color, Element, Event, Length, Point, Radians, Rectangle, Renderer, Size, Theme,
    advanced::{
        Clipboard, Layout, Shell, Widget,
        layout::{self, Node},
        mouse, renderer,
        widget::{Tree, tree},
    },
    animation::Easing,
    border::Radius,
    widget::{
        canvas::{Canvas, Frame, Geometry, Path, Program, Stroke, path::Arc},
        container, stack,
    },
    window,
};

use super::{
    icon::{Icon, icon},
    label::label,
    theme::{self, Importance, Metrics},
};

/// How long the icon of an outcome grows.
const GROWTH: Duration = Duration::from_millis(220);
/// The fraction of its size at which the icon starts.
const SMALL: f32 = 0.55;

/// An icon on a disc of this color, which grows when it appears.
pub fn emblem<'a, Message: 'a>(picture: Icon, color: Color, side: f32, m: Metrics) -> Element<'a, Message> {
    let face = icon(picture, side * 0.58, Some(m.colors.surface));
    Element::new(Emblem { face, picture, color, side, moves: m.panel.motion })
}

struct Emblem<'a, Message> {
    face: Element<'a, Message>,
    picture: Icon,
    color: Color,
    side: f32,
    moves: bool,
}

#[derive(Default)]
struct State {
    /// The icon that grows, and its animation.
    growth: Option<(Icon, Animation<bool>)>,
    now: Option<Instant>,
}

impl State {
    fn part(&self) -> f32 {
        match (&self.growth, self.now) {
            (Some((_, growth)), Some(now)) => growth.interpolate(SMALL, 1.0, now),
            (Some(_) | None, _) => 1.0,
        }
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Emblem<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.face)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.face));
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Fixed(self.side), Length::Fixed(self.side))
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &layout::Limits) -> Node {
        let Some(child) = tree.children.first_mut() else { return Node::new(Size::ZERO) };
        let face = self.face.as_widget_mut().layout(child, renderer, limits);
        let free = (self.side - face.size().width) / 2.0;
        Node::with_children(Size::new(self.side, self.side), vec![face.move_to(Point::new(free, free))])
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        _layout: Layout<'_>,
        _cursor: mouse::Cursor,
        _renderer: &Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _viewport: &Rectangle,
    ) {
        let Event::Window(window::Event::RedrawRequested(now)) = event else { return };
        let state = tree.state.downcast_mut::<State>();
        state.now = Some(*now);
        if self.moves && state.growth.as_ref().is_none_or(|(picture, _)| *picture != self.picture) {
            let growth = Animation::new(false).duration(GROWTH).easing(Easing::EaseOutCubic).go(true, *now);
            state.growth = Some((self.picture, growth));
        }
        if state.growth.as_ref().is_some_and(|(_, growth)| growth.is_animating(*now)) {
            shell.request_redraw();
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let side = self.side * tree.state.downcast_ref::<State>().part();
        let center = layout.bounds().center();
        let bounds = Rectangle::new(Point::new(center.x - side / 2.0, center.y - side / 2.0), Size::new(side, side));
        let border = Border { radius: Radius::new(side / 2.0), ..Border::default() };
        let quad = renderer::Quad { bounds, border, ..renderer::Quad::default() };
        renderer::Renderer::fill_quad(renderer, quad, Background::Color(self.color));
        if let (Some(child), Some(face)) = (tree.children.first(), layout.children().next()) {
            self.face.as_widget().draw(child, renderer, theme, style, face, cursor, viewport);
        }
    }
}

/// The seconds left, in a ring that shrinks. With motion off it shrinks once a second.
pub fn ring<'a, Message: 'a>(left: Duration, of: Duration, side: f32, m: Metrics) -> Element<'a, Message> {
    let seconds = left.as_secs_f32().ceil().max(1.0);
    let part = if m.panel.motion { left.as_secs_f32() } else { seconds } / of.as_secs_f32().max(1.0);
    let digits =
        label(format!("{seconds}"), Importance::Essential, m.read()).font(theme::BOLD).color(m.colors.warning).center();
    let digits = container(digits).center(side);
    let (color, behind) = (m.colors.warning, m.colors.pressed);
    stack![Canvas::new(Ring { part: part.min(1.0), color, behind }).width(side).height(side), digits].into()
}

struct Ring {
    part: f32,
    color: Color,
    behind: Color,
}

impl<Message> Program<Message> for Ring {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        _theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let mut frame = Frame::new(renderer, bounds.size());
        let width = bounds.width * 0.07;
        let radius = (bounds.width - width) / 2.0;
        let center = frame.center();
        frame.stroke(&Path::circle(center, radius), Stroke::default().with_width(width).with_color(self.behind));
        let top = Radians(-std::f32::consts::FRAC_PI_2);
        let end_angle = Radians(top.0 + std::f32::consts::TAU * self.part);
        let arc = Path::new(|path| path.arc(Arc { center, radius, start_angle: top, end_angle }));
        frame.stroke(&arc, Stroke::default().with_width(width).with_color(self.color));
        vec![frame.into_geometry()]
    }
}
