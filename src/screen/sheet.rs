//! Places the parts of a screen at given rectangles. What is touched may reach beyond what is drawn, so it lies over its
//! neighbors' margins, which no row or column can do.

use iced::{
    Element, Event, Length, Rectangle, Size, Vector,
    advanced::{
        Clipboard, Layout, Shell, Widget,
        layout::{Limits, Node},
        mouse, overlay, renderer,
        widget::{Operation, Tree},
    },
};

/// Parts at their places, in pixels from the top left corner of the sheet. Later parts lie above earlier ones.
pub(super) struct Sheet<'a, Message> {
    size: Size,
    places: Vec<Rectangle>,
    parts: Vec<Element<'a, Message>>,
}

impl<'a, Message: 'a> Sheet<'a, Message> {
    pub(super) fn new(size: Size) -> Self {
        Self { size, places: Vec::new(), parts: Vec::new() }
    }

    /// Adds a part, which gets exactly this place.
    #[must_use]
    pub(super) fn with(mut self, place: Rectangle, part: impl Into<Element<'a, Message>>) -> Self {
        self.places.push(place);
        self.parts.push(part.into());
        self
    }

    /// Adds a part, if there is one.
    #[must_use]
    pub(super) fn with_some(self, place: Rectangle, part: Option<impl Into<Element<'a, Message>>>) -> Self {
        match part {
            Some(part) => self.with(place, part),
            None => self,
        }
    }
}

impl<Message> Widget<Message, iced::Theme, iced::Renderer> for Sheet<'_, Message> {
    fn children(&self) -> Vec<Tree> {
        self.parts.iter().map(Tree::new).collect()
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(&self.parts);
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Fixed(self.size.width), Length::Fixed(self.size.height))
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &iced::Renderer, _limits: &Limits) -> Node {
        let parts = self.parts.iter_mut().zip(&mut tree.children).zip(&self.places);
        let nodes = parts.map(|((part, tree), place)| {
            let limits = Limits::new(Size::ZERO, place.size());
            part.as_widget_mut().layout(tree, renderer, &limits).move_to(place.position())
        });
        Node::with_children(self.size, nodes.collect())
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &iced::Renderer,
        operation: &mut dyn Operation,
    ) {
        for ((part, tree), layout) in self.parts.iter_mut().zip(&mut tree.children).zip(layout.children()) {
            part.as_widget_mut().operate(tree, layout, renderer, operation);
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
        for ((part, tree), layout) in self.parts.iter_mut().zip(&mut tree.children).zip(layout.children()) {
            part.as_widget_mut().update(tree, event, layout, cursor, renderer, clipboard, shell, viewport);
        }
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &iced::Renderer,
    ) -> mouse::Interaction {
        let parts = self.parts.iter().zip(&tree.children).zip(layout.children());
        parts
            .map(|((part, tree), layout)| part.as_widget().mouse_interaction(tree, layout, cursor, viewport, renderer))
            .max()
            .unwrap_or_default()
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
        for ((part, tree), layout) in self.parts.iter().zip(&tree.children).zip(layout.children()) {
            part.as_widget().draw(tree, renderer, theme, style, layout, cursor, viewport);
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
        overlay::from_children(&mut self.parts, tree, layout, renderer, viewport, translation)
    }
}

impl<'a, Message: 'a> From<Sheet<'a, Message>> for Element<'a, Message> {
    fn from(sheet: Sheet<'a, Message>) -> Self {
        Self::new(sheet)
    }
}
