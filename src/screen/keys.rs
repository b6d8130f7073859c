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
        widget::{Operation, Tree, tree},
    },
    keyboard::{
        self, Modifiers,
        key::{Code, Named, NativeCode, Physical},
    },
    window,
};

use crate::session::reader::{Key, Move};

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

/// Reads keys by their place on the keyboard, so that layout, Caps Lock and `NumLock` have no influence on a number.
#[derive(Debug, Default)]
pub struct Keyboard {
    held: Vec<Code>,
    /// A key that repeats, or that two keyboards hold down.
    repeating: Option<Physical>,
}

impl Keyboard {
    /// What a key means to the kiosk.
    pub fn heard(&mut self, event: &keyboard::Event) -> Option<Key> {
        match event {
            keyboard::Event::KeyPressed { key, physical_key, modifiers, text, repeat: false, .. } => match physical_key
            {
                Physical::Code(code) => self.pressed(Some(*code), *modifiers, text.as_deref()),
                Physical::Unidentified(NativeCode::Unidentified) => software_key(key, text.as_deref()),
                Physical::Unidentified(_) => self.pressed(None, *modifiers, text.as_deref()),
            },
            keyboard::Event::KeyReleased { physical_key, .. } if self.repeating == Some(*physical_key) => {
                self.repeating = None;
                Some(Key::Repeat(false))
            }
            keyboard::Event::KeyReleased { physical_key: Physical::Code(code), .. } => {
                self.held.retain(|held| held != code);
                (is_shift(*code) && !self.has_shift()).then_some(Key::Shift(false))
            }
            // Said once, not at each repetition.
            keyboard::Event::KeyPressed { physical_key, .. } => {
                let before = self.repeating.replace(*physical_key);
                (before != Some(*physical_key)).then_some(Key::Repeat(true))
            }
            keyboard::Event::KeyReleased { .. } | keyboard::Event::ModifiersChanged(_) => None,
        }
    }

    /// Forgets the keys that are held: a window without focus does not hear when they are released.
    pub fn left(&mut self) -> Vec<Key> {
        let is_repeating = self.repeating.take().is_some();
        let is_shifted = std::mem::take(&mut self.held).into_iter().any(is_shift);
        let up = [(is_repeating, Key::Repeat(false)), (is_shifted, Key::Shift(false))];
        up.into_iter().filter(|(is_down, _)| *is_down).map(|(_, key)| key).collect()
    }

    fn pressed(&mut self, code: Option<Code>, modifiers: Modifiers, text: Option<&str>) -> Option<Key> {
        if let Some(code) = code.filter(|code| is_shift(*code) || is_chord(*code) || *code == Code::AltRight) {
            self.held.retain(|held| *held != code);
            self.held.push(code);
            return is_shift(code).then_some(Key::Shift(true));
        }
        // Locks write nothing. Without this, a person who presses one in a badge number could not go on.
        if let Some(Code::NumLock | Code::CapsLock | Code::ScrollLock) = code {
            return None;
        }
        if modifiers.control() || modifiers.alt() || modifiers.logo() || self.held.iter().any(|code| is_chord(*code)) {
            return Some(Key::Chord);
        }
        Some(match code {
            Some(Code::Enter | Code::NumpadEnter) => Key::Enter,
            Some(Code::Tab) => Key::Tab,
            Some(Code::Backspace) => Key::Backspace,
            Some(Code::Escape) => Key::Escape,
            Some(Code::ArrowLeft) => Key::Move(Move::Left),
            Some(Code::ArrowRight) => Key::Move(Move::Right),
            Some(Code::ArrowUp) => Key::Move(Move::Up),
            Some(Code::ArrowDown) => Key::Move(Move::Down),
            Some(Code::PageUp) => Key::Move(Move::Pages(-1)),
            Some(Code::PageDown) => Key::Move(Move::Pages(1)),
            Some(_) | None => {
                // With AltGr, a US keyboard writes nothing.
                let is_plain = !self.held.contains(&Code::AltRight);
                let us = code.filter(|_| is_plain).and_then(|code| us(code, self.has_shift()));
                let mut written = text.unwrap_or_default().chars();
                let first = written.next().filter(|c| !c.is_control());
                Key::Char { us, text: first.filter(|_| written.next().is_none()) }
            }
        })
    }

    fn has_shift(&self) -> bool {
        self.held.iter().any(|code| is_shift(*code))
    }
}

/// A key that has no code at all. No hardware sends it, but software that types does.
fn software_key(key: &keyboard::Key, text: Option<&str>) -> Option<Key> {
    match key {
        keyboard::Key::Named(Named::Enter) => Some(Key::Enter),
        keyboard::Key::Named(Named::Tab) => Some(Key::Tab),
        keyboard::Key::Named(Named::Backspace) => Some(Key::Backspace),
        keyboard::Key::Named(Named::Escape) => Some(Key::Escape),
        keyboard::Key::Named(_) | keyboard::Key::Character(_) | keyboard::Key::Unidentified => {
            let text = text?.chars().next().filter(|c| !c.is_control());
            Some(Key::Char { us: text.filter(char::is_ascii), text })
        }
    }
}

fn is_shift(code: Code) -> bool {
    matches!(code, Code::ShiftLeft | Code::ShiftRight)
}

/// On many layouts the right Alt key is `AltGr`, with which people write letters.
fn is_chord(code: Code) -> bool {
    matches!(code, Code::ControlLeft | Code::ControlRight | Code::AltLeft | Code::SuperLeft | Code::SuperRight)
}

/// What a US keyboard writes with this key.
///
/// # Source
///
/// USB HID Usage Tables 1.5, section 10, "Keyboard/Keypad Page": usages 0x04 to 0x38, and 0x54 to 0x63 for the keypad.
fn us(code: Code, is_shifted: bool) -> Option<char> {
    US.iter().find(|(known, ..)| *known == code).map(|(_, plain, shifted)| if is_shifted { *shifted } else { *plain })
}

const US: [(Code, char, char); 64] = [
    (Code::KeyA, 'a', 'A'),
    (Code::KeyB, 'b', 'B'),
    (Code::KeyC, 'c', 'C'),
    (Code::KeyD, 'd', 'D'),
    (Code::KeyE, 'e', 'E'),
    (Code::KeyF, 'f', 'F'),
    (Code::KeyG, 'g', 'G'),
    (Code::KeyH, 'h', 'H'),
    (Code::KeyI, 'i', 'I'),
    (Code::KeyJ, 'j', 'J'),
    (Code::KeyK, 'k', 'K'),
    (Code::KeyL, 'l', 'L'),
    (Code::KeyM, 'm', 'M'),
    (Code::KeyN, 'n', 'N'),
    (Code::KeyO, 'o', 'O'),
    (Code::KeyP, 'p', 'P'),
    (Code::KeyQ, 'q', 'Q'),
    (Code::KeyR, 'r', 'R'),
    (Code::KeyS, 's', 'S'),
    (Code::KeyT, 't', 'T'),
    (Code::KeyU, 'u', 'U'),
    (Code::KeyV, 'v', 'V'),
    (Code::KeyW, 'w', 'W'),
    (Code::KeyX, 'x', 'X'),
    (Code::KeyY, 'y', 'Y'),
    (Code::KeyZ, 'z', 'Z'),
    (Code::Digit1, '1', '!'),
    (Code::Digit2, '2', '@'),
    (Code::Digit3, '3', '#'),
    (Code::Digit4, '4', '$'),
    (Code::Digit5, '5', '%'),
    (Code::Digit6, '6', '^'),
    (Code::Digit7, '7', '&'),
    (Code::Digit8, '8', '*'),
    (Code::Digit9, '9', '('),
    (Code::Digit0, '0', ')'),
    (Code::Space, ' ', ' '),
    (Code::Minus, '-', '_'),
    (Code::Equal, '=', '+'),
    (Code::BracketLeft, '[', '{'),
    (Code::BracketRight, ']', '}'),
    (Code::Backslash, '\\', '|'),
    (Code::Semicolon, ';', ':'),
    (Code::Quote, '\'', '"'),
    (Code::Backquote, '`', '~'),
    (Code::Comma, ',', '<'),
    (Code::Period, '.', '>'),
    (Code::Slash, '/', '?'),
    // The keypad means its digits with NumLock on and off, and with Shift.
    (Code::NumpadDivide, '/', '/'),
    (Code::NumpadMultiply, '*', '*'),
    (Code::NumpadSubtract, '-', '-'),
    (Code::NumpadAdd, '+', '+'),
    (Code::Numpad1, '1', '1'),
    (Code::Numpad2, '2', '2'),
    (Code::Numpad3, '3', '3'),
    (Code::Numpad4, '4', '4'),
    (Code::Numpad5, '5', '5'),
    (Code::Numpad6, '6', '6'),
    (Code::Numpad7, '7', '7'),
    (Code::Numpad8, '8', '8'),
    (Code::Numpad9, '9', '9'),
    (Code::Numpad0, '0', '0'),
    (Code::NumpadDecimal, '.', '.'),
    (Code::NumpadEqual, '=', '='),
];

impl<Message> Widget<Message, iced::Theme, iced::Renderer> for Root<'_, Message> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Keyboard>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Keyboard::default())
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
        let keyboard = tree.state.downcast_mut::<Keyboard>();
        let keys = match event {
            Event::Keyboard(event) => keyboard.heard(event).into_iter().collect(),
            Event::Window(window::Event::Unfocused) => keyboard.left(),
            Event::Mouse(_) | Event::Window(_) | Event::Touch(_) | Event::InputMethod(_) => Vec::new(),
        };
        if keys.is_empty() || shell.is_event_captured() {
            return;
        }
        for key in keys {
            shell.publish((self.on_key)(key));
        }
        shell.capture_event();
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
