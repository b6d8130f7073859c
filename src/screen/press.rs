//! A surface to press. It follows each finger by its id and uses the position in that finger's own event.
//!
//! iced's own button judges every touch of a batch by the last position of any of them: two quick taps on 1 and 2 read
//! 2, 2. It also lets one finger's lift end another's press. Both are wrong for a keypad.

use iced::{
    Border, Color, Element, Event, Length, Padding, Point, Rectangle, Size, Vector,
    advanced::{
        Clipboard, Layout, Shell, Widget,
        layout::{self, Node},
        mouse, overlay, renderer,
        widget::{Operation, Tree, tree},
    },
    touch,
};

/// When a press counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// When the finger comes down: a key.
    Down,
    /// When the finger is lifted on the surface: a door. Sliding off cancels.
    Up,
}

/// What touches a surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Nothing.
    None,
    /// The mouse is over it.
    Over,
    /// A finger, or a button of the mouse, presses it.
    Down,
}

/// How a press surface looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Background of the surface. What is hollow is transparent.
    pub background: Color,
    /// Color of the content's text.
    pub text: Color,
    /// Border of the surface.
    pub border: Border,
}

/// What a surface reports to widget operations, for tests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// Whether it can be pressed.
    pub is_target: bool,
    /// Its look while it is not pressed.
    pub style: Style,
    /// What is drawn of it. The bounds that are reported beside this are what is touched.
    pub drawn: Rectangle,
}

/// A surface to press. Its content decides its size. What is drawn of it may be smaller.
#[expect(missing_debug_implementations, reason = "an element has none either")]
pub struct Press<'a, Message> {
    content: Element<'a, Message>,
    message: Option<Message>,
    /// Sent when a finger comes down on the surface.
    held: Option<Message>,
    /// Sent when a finger leaves the surface, lifted or not.
    released: Option<Message>,
    when: When,
    style: Box<dyn Fn(Touch) -> Style + 'a>,
    /// From the edges of what is touched to those of what is drawn.
    inset: Padding,
    /// Whether the mouse changes the look when it is over the surface.
    hovers: bool,
}

impl<Message> Press<'_, Message> {
    /// Draws the surface this much smaller than it is.
    #[must_use]
    pub(super) fn inset(self, inset: impl Into<Padding>) -> Self {
        Self { inset: inset.into(), ..self }
    }

    /// Shows where the mouse is.
    #[must_use]
    pub(super) fn hovers(self, hovers: bool) -> Self {
        Self { hovers, ..self }
    }

    /// Sends one message when a finger comes down, and one after it has left, besides the surface's own.
    #[must_use]
    pub(super) fn watched(self, held: Message, released: Message) -> Self {
        Self { held: Some(held), released: Some(released), ..self }
    }

    fn drawn(&self, bounds: Rectangle) -> Rectangle {
        let Padding { top, right, bottom, left } = self.inset;
        let size = Size::new((bounds.width - left - right).max(0.0), (bounds.height - top - bottom).max(0.0));
        Rectangle::new(Point::new(bounds.x + left, bounds.y + top), size)
    }
}

/// A key: acts when the finger comes down.
pub fn key<'a, Message>(
    content: impl Into<Element<'a, Message>>,
    message: Message,
    style: impl Fn(Touch) -> Style + 'a,
) -> Press<'a, Message> {
    Press { when: When::Down, ..button(content, Some(message), style) }
}

/// A surface to hold: sends one message when a finger comes down, and one when it leaves.
pub fn hold<'a, Message>(
    content: impl Into<Element<'a, Message>>,
    down: Message,
    gone: Message,
    style: impl Fn(Touch) -> Style + 'a,
) -> Press<'a, Message> {
    Press { released: Some(gone), ..key(content, down, style) }
}

/// A button: acts when the finger is lifted on it. Without a message it cannot be pressed.
pub fn button<'a, Message>(
    content: impl Into<Element<'a, Message>>,
    message: Option<Message>,
    style: impl Fn(Touch) -> Style + 'a,
) -> Press<'a, Message> {
    let (content, style) = (content.into(), Box::new(style));
    Press { content, message, held: None, released: None, when: When::Up, style, inset: Padding::ZERO, hovers: false }
}

/// A surface that cannot be pressed.
pub fn panel<'a, Message>(content: impl Into<Element<'a, Message>>, style: Style) -> Press<'a, Message> {
    button(content, None, move |_| style)
}

/// A finger or the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointer {
    Finger(touch::Finger),
    Mouse,
}

/// A finger on the surface, and what the surface meant when it came down.
#[derive(Debug)]
struct Pressed<Message> {
    by: Pointer,
    meant: Option<Message>,
}

#[derive(Debug)]
struct State<Message> {
    /// What presses the surface now. There can be several fingers.
    down: Vec<Pressed<Message>>,
    /// The mouse's last own position. The cursor that iced passes may be a finger's.
    mouse: Option<Point>,
    /// Whether the mouse is over the surface.
    is_under_mouse: bool,
}

impl<Message> Default for State<Message> {
    fn default() -> Self {
        Self { down: Vec::new(), mouse: None, is_under_mouse: false }
    }
}

impl<Message> State<Message> {
    /// Ends the press of this pointer. `None` if it pressed nothing.
    fn lift(&mut self, pointer: Pointer) -> Option<Pressed<Message>> {
        let at = self.down.iter().position(|pressed| pressed.by == pointer)?;
        Some(self.down.swap_remove(at))
    }

    /// Whether something presses what this message means.
    fn is_pressed(&self, message: Option<&Message>) -> bool
    where
        Message: PartialEq,
    {
        self.down.iter().any(|pressed| pressed.meant.as_ref() == message)
    }
}

impl<Message: Clone + PartialEq> Press<'_, Message> {
    fn went_down(&self, state: &mut State<Message>, pointer: Pointer, shell: &mut Shell<'_, Message>) {
        // One finger opens a door. A second one on the same tile changes nothing.
        if self.when == When::Down || !state.is_pressed(self.message.as_ref()) {
            state.down.push(Pressed { by: pointer, meant: self.message.clone() });
            let first = self.message.as_ref().filter(|_| self.when == When::Down);
            for message in self.held.iter().chain(first) {
                shell.publish(message.clone());
            }
        }
        shell.request_redraw();
    }

    fn went_up(&self, state: &mut State<Message>, pointer: Pointer, is_over: bool, shell: &mut Shell<'_, Message>) {
        let Some(pressed) = state.lift(pointer) else { return };
        shell.request_redraw();
        // The screen may have changed below the finger: what it did not press, it does not choose.
        let chosen = self.message.as_ref().filter(|message| pressed.meant.as_ref() == Some(message));
        if let Some(message) = chosen.filter(|_| self.when == When::Up && is_over) {
            shell.publish(message.clone());
        }
        self.say_gone(shell);
    }

    fn slid(&self, state: &mut State<Message>, pointer: Pointer, is_over: bool, shell: &mut Shell<'_, Message>) {
        if !is_over && state.lift(pointer).is_some() {
            shell.request_redraw();
            self.say_gone(shell);
        }
    }

    fn moved_over(&self, state: &mut State<Message>, is_over: bool, shell: &mut Shell<'_, Message>) {
        if self.hovers && std::mem::replace(&mut state.is_under_mouse, is_over) != is_over {
            shell.request_redraw();
        }
    }

    fn say_gone(&self, shell: &mut Shell<'_, Message>) {
        if let Some(released) = &self.released {
            shell.publish(released.clone());
        }
    }
}

impl<Message: Clone + PartialEq + 'static> Widget<Message, iced::Theme, iced::Renderer> for Press<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State<Message>>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::<Message>::default())
    }

    fn children(&self) -> Vec<Tree> {
        vec![Tree::new(&self.content)]
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(std::slice::from_ref(&self.content));
    }

    fn size(&self) -> Size<Length> {
        self.content.as_widget().size()
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &iced::Renderer, limits: &layout::Limits) -> Node {
        match tree.children.first_mut() {
            Some(child) => self.content.as_widget_mut().layout(child, renderer, limits),
            None => Node::new(Size::ZERO),
        }
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &iced::Renderer,
        operation: &mut dyn Operation,
    ) {
        let drawn = self.drawn(layout.bounds());
        let mut surface = Surface { is_target: self.message.is_some(), style: (self.style)(Touch::None), drawn };
        operation.custom(None, layout.bounds(), &mut surface);
        if let Some(child) = tree.children.first_mut() {
            self.content.as_widget_mut().operate(child, layout, renderer, operation);
        }
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _renderer: &iced::Renderer,
        _clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        _viewport: &Rectangle,
    ) {
        let state = tree.state.downcast_mut::<State<Message>>();
        let bounds = layout.bounds();
        match *event {
            Event::Touch(touch::Event::FingerPressed { id, position }) if bounds.contains(position) => {
                self.went_down(state, Pointer::Finger(id), shell);
            }
            Event::Touch(touch::Event::FingerMoved { id, position }) => {
                self.slid(state, Pointer::Finger(id), bounds.contains(position), shell);
            }
            Event::Touch(touch::Event::FingerLifted { id, position }) => {
                self.went_up(state, Pointer::Finger(id), bounds.contains(position), shell);
            }
            Event::Touch(touch::Event::FingerLost { id, .. }) => {
                self.went_up(state, Pointer::Finger(id), false, shell);
            }
            Event::Mouse(mouse::Event::CursorMoved { position }) => {
                state.mouse = Some(position);
                self.slid(state, Pointer::Mouse, bounds.contains(position), shell);
                self.moved_over(state, bounds.contains(position), shell);
            }
            Event::Mouse(mouse::Event::CursorLeft) => self.moved_over(state, false, shell),
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) if is_over(state, bounds, cursor) => {
                self.went_down(state, Pointer::Mouse, shell);
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                let is_over = is_over(state, bounds, cursor);
                self.went_up(state, Pointer::Mouse, is_over, shell);
            }
            Event::Touch(_) | Event::Mouse(_) | Event::Keyboard(_) | Event::Window(_) | Event::InputMethod(_) => {}
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut iced::Renderer,
        theme: &iced::Theme,
        _style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let state = tree.state.downcast_ref::<State<Message>>();
        let touch = match (&self.message, state.is_pressed(self.message.as_ref()), state.is_under_mouse) {
            (Some(_), true, _) => Touch::Down,
            (Some(_), false, true) => Touch::Over,
            (None, ..) | (Some(_), false, false) => Touch::None,
        };
        let Style { background, text, border } = (self.style)(touch);
        if background.a != 0.0 || border.width != 0.0 {
            let quad = renderer::Quad { bounds: self.drawn(layout.bounds()), border, ..renderer::Quad::default() };
            renderer::Renderer::fill_quad(renderer, quad, background);
        }
        if let Some(child) = tree.children.first() {
            let style = renderer::Style { text_color: text };
            self.content.as_widget().draw(child, renderer, theme, &style, layout, cursor, viewport);
        }
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &iced::Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, Message, iced::Theme, iced::Renderer>> {
        let child = tree.children.first_mut()?;
        self.content.as_widget_mut().overlay(child, layout, renderer, viewport, translation)
    }
}

/// Whether the mouse is over the surface: by its last own position or, if it never moved, by iced's cursor.
fn is_over<Message>(state: &State<Message>, bounds: Rectangle, cursor: mouse::Cursor) -> bool {
    state.mouse.or(cursor.position()).is_some_and(|position| bounds.contains(position))
}

impl<'a, Message: Clone + PartialEq + 'static> From<Press<'a, Message>> for Element<'a, Message> {
    fn from(press: Press<'a, Message>) -> Self {
        Self::new(press)
    }
}
