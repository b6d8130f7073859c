//! Placement of the window: the whole screen, or the monitor that `display.monitor` names.

use iced::{
    Point, Rectangle, Size, Subscription, Task,
    window::{self, Id, raw_window_handle::RawWindowHandle},
};

use super::{App, Message};
use crate::{error_chain::Chain, platform::monitor};

impl App {
    /// Places the window once it is open.
    pub(super) fn opened(&self, id: Id) -> Task<Message> {
        let measure = move || window::monitor_size(id).map(move |size| Message::Measured(id, size));
        let (name, is_whole) = (self.window.monitor.clone(), self.window.fullscreen);
        window::run(id, is_x11).then(move |is_x11| match &name {
            Some(name) if is_x11 => match monitor::find(name) {
                Ok(place) => window::scale_factor(id).map(move |scale| Message::Placed(id, place, scale)),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "cannot find display.monitor; the window uses the default monitor");
                    measure()
                }
            },
            Some(_) => {
                tracing::warn!("display.monitor is ignored: it works on X11 only");
                measure()
            }
            // A Wayland compositor has made the window fullscreen already. A smaller window still has to learn the
            // panel's width.
            None if is_x11 || !is_whole => measure(),
            None => Task::none(),
        })
    }

    /// Moves the window to the monitor that `display.monitor` names. `place` is in physical pixels.
    pub(super) fn placed(&mut self, id: Id, place: Rectangle, scale: f32) -> Task<Message> {
        let (origin, size) = (place.position(), place.size());
        let logical = Size::new(size.width / scale, size.height / scale);
        self.window.panel.width = Some(logical.width);
        let origin = Point::new(origin.x / scale, origin.y / scale);
        if !self.window.fullscreen {
            return window::move_to(id, origin);
        }
        // A fullscreen window does not move: leave fullscreen first, or it goes back to where it was.
        window::set_mode(id, window::Mode::Windowed)
            .chain(window::move_to(id, origin))
            .chain(window::resize(id, logical))
    }

    /// Lets a fullscreen window follow changes of the screen layout.
    pub(super) fn screens(&self) -> Subscription<Message> {
        if !self.window.fullscreen {
            return Subscription::none();
        }
        let name = self.window.monitor.clone();
        Subscription::run_with(name, |name| monitor::changes(name.as_deref())).map(Message::ScreenChanged)
    }

    /// Takes the monitor's size, in logical pixels.
    pub(super) fn measured(&mut self, id: Id, size: Size) -> Task<Message> {
        if !self.window.fullscreen {
            self.window.panel.width = Some(size.width);
            return Task::none();
        }
        // On X11 without a window manager nothing handles the fullscreen request, so the window resizes itself. On
        // Wayland the compositor resizes it, and winit answers an extra resize request without telling iced.
        Task::batch([window::move_to(id, Point::ORIGIN), window::resize(id, size)])
    }
}

fn is_x11(window: &dyn window::Window) -> bool {
    let handle = window.window_handle().map(|handle| handle.as_raw());
    matches!(handle, Ok(RawWindowHandle::Xlib(_) | RawWindowHandle::Xcb(_)))
}
