//! The window finds its place on the screen: the whole of it, or a monitor that the site named.

use iced::{
    Point, Rectangle, Size, Subscription, Task,
    window::{self, Id, raw_window_handle::RawWindowHandle},
};

use super::{App, Message, monitor};
use crate::chain::Chain;

impl App {
    /// The window is there: it finds its place.
    pub(super) fn opened(&self, id: Id) -> Task<Message> {
        let measure = move || window::monitor_size(id).map(move |size| Message::Measured(id, size));
        let (name, is_whole) = (self.window.monitor.clone(), self.window.fullscreen);
        window::run(id, is_x11).then(move |is_x11| match &name {
            Some(name) if is_x11 => match monitor::find(name) {
                Ok(place) => window::scale_factor(id).map(move |scale| Message::Placed(id, place, scale)),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the window stays where it is");
                    measure()
                }
            },
            Some(_) => {
                tracing::warn!("display.monitor is for X11: elsewhere the compositor decides");
                measure()
            }
            // A compositor has given the whole screen already. Where the window is not whole, the panel is larger than it.
            None if is_x11 || !is_whole => measure(),
            None => Task::none(),
        })
    }

    /// Goes to the monitor that was asked for.
    pub(super) fn placed(&mut self, id: Id, place: Rectangle, scale: f32) -> Task<Message> {
        let (origin, size) = (place.position(), place.size());
        let logical = Size::new(size.width / scale, size.height / scale);
        self.window.panel.width = Some(logical.width);
        let origin = Point::new(origin.x / scale, origin.y / scale);
        if !self.window.fullscreen {
            return window::move_to(id, origin);
        }
        // A window that has a whole screen already is moved by nobody, and goes back to where it was.
        window::set_mode(id, window::Mode::Windowed)
            .chain(window::move_to(id, origin))
            .chain(window::resize(id, logical))
    }

    /// A window that is the whole screen follows it.
    pub(super) fn screens(&self) -> Subscription<Message> {
        if !self.window.fullscreen {
            return Subscription::none();
        }
        let name = self.window.monitor.clone();
        Subscription::run_with(name, |name| monitor::changes(name.as_deref())).map(Message::ScreenChanged)
    }

    /// So large is the monitor.
    pub(super) fn measured(&mut self, id: Id, size: Size) -> Task<Message> {
        if !self.window.fullscreen {
            self.window.panel.width = Some(size.width);
            return Task::none();
        }
        // On bare X11 nobody answers a request for the whole screen: the window takes it by itself. On Wayland the compositor
        // gives it, and winit answers a size that is asked for beside that without telling iced.
        Task::batch([window::move_to(id, Point::ORIGIN), window::resize(id, size)])
    }
}

fn is_x11(window: &dyn window::Window) -> bool {
    let handle = window.window_handle().map(|handle| handle.as_raw());
    matches!(handle, Ok(RawWindowHandle::Xlib(_) | RawWindowHandle::Xcb(_)))
}
