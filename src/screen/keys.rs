//! The root widget of every screen: it receives the keys that no other widget captured, and hides the pointer.
//!
//! iced's keyboard subscription has a channel of 100 events and drops what does not fit. A badge reader can fill it
//! while the window is busy. A widget is called for every key.

use iced::{
    Element, Event, Length, Rectangle, Size, Vector,
    advanced::{
        Clipboard, Layout, Shell, Widget,
        layout::{self, Node},
        mouse, overlay, renderer,
        widget::{Operation, Tree},
    },
    keyboard::{self, key::Named},
};

use crate::session::reader::Key;

/// The root widget of a screen, made by [`root`].
#[expect(missing_debug_implementations, reason = "an element has none either")]
pub struct Root<'a, Message> {
    content: Element<'a, Message>,
    on_key: Box<dyn Fn(Key) -> Message + 'a>,
    hides_pointer: bool,
}

/// Wraps a screen and sends the keys that it did not capture.
pub fn root<'a, Message>(
    content: impl Into<Element<'a, Message>>,
    hides_pointer: bool,
    on_key: impl Fn(Key) -> Message + 'a,
) -> Root<'a, Message> {
    Root { content: content.into(), on_key: Box::new(on_key), hides_pointer }
}

/// What a key means to the kiosk. Auto-repeat, chords, and keys that write anything but one ASCII character mean
/// nothing.
fn meaning(event: &keyboard::Event) -> Option<Key> {
    let keyboard::Event::KeyPressed { key, modifiers, text, repeat: false, .. } = event else { return None };
    if modifiers.control() || modifiers.alt() || modifiers.logo() {
        return None;
    }
    match key {
        keyboard::Key::Named(Named::Enter) => Some(Key::Enter),
        keyboard::Key::Named(Named::Tab) => Some(Key::Tab),
        keyboard::Key::Named(Named::Backspace) => Some(Key::Backspace),
        keyboard::Key::Named(Named::Escape) => Some(Key::Escape),
        keyboard::Key::Named(_) => None,
        keyboard::Key::Character(_) | keyboard::Key::Unidentified => {
            let mut written = text.as_ref()?.chars();
            let first = written.next().filter(char::is_ascii_graphic)?;
            written.next().is_none().then_some(Key::Char(first))
        }
    }
}

impl<Message> Widget<Message, iced::Theme, iced::Renderer> for Root<'_, Message> {
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
        renderer: &iced::Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        if let Some(child) = tree.children.first_mut() {
            let content = self.content.as_widget_mut();
            content.update(child, event, layout, cursor, renderer, clipboard, shell, viewport);
        }
        if !shell.is_event_captured()
            && let Event::Keyboard(event) = event
            && let Some(key) = meaning(event)
        {
            shell.publish((self.on_key)(key));
            shell.capture_event();
        }
    }

    /// Hides the pointer even if a child asks for one. With `mouse_area` the child would win.
    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &iced::Renderer,
    ) -> mouse::Interaction {
        match tree.children.first() {
            Some(child) if !self.hides_pointer => {
                self.content.as_widget().mouse_interaction(child, layout, cursor, viewport, renderer)
            }
            Some(_) | None => mouse::Interaction::Hidden,
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut iced::Renderer,
        theme: &iced::Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        if let Some(child) = tree.children.first() {
            self.content.as_widget().draw(child, renderer, theme, style, layout, cursor, viewport);
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

impl<'a, Message: 'a> From<Root<'a, Message>> for Element<'a, Message> {
    fn from(root: Root<'a, Message>) -> Self {
        Self::new(root)
    }
}
