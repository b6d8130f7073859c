//! Where an output of an X11 screen lies. iced can put a window on a place, and knows no outputs.

use iced::{Point, Rectangle, Size};
use x11rb::{
    connection::Connection as _,
    errors::{ConnectError, ConnectionError, ReplyError},
    protocol::{randr::ConnectionExt as _, xproto::ConnectionExt as _},
};

/// Why an output is not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the X server cannot be asked")]
    Connect(#[from] ConnectError),
    #[error("the X server cannot be asked")]
    Ask(#[from] ConnectionError),
    #[error("the X server does not answer")]
    Answer(#[from] ReplyError),
    #[error("there is no output `{name}`, there are {}", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
}

/// The place of this output on the screen, in pixels.
pub(crate) fn find(name: &str) -> Result<Rectangle, Error> {
    let (server, screen) = x11rb::connect(None)?;
    let root = server.setup().roots.get(screen).map_or(x11rb::NONE, |screen| screen.root);
    let monitors = server.randr_get_monitors(root, true)?.reply()?.monitors;
    let mut known = Vec::new();
    for monitor in monitors {
        let called = String::from_utf8_lossy(&server.get_atom_name(monitor.name)?.reply()?.name).into_owned();
        if called == name {
            let origin = Point::new(f32::from(monitor.x), f32::from(monitor.y));
            return Ok(Rectangle::new(origin, Size::new(f32::from(monitor.width), f32::from(monitor.height))));
        }
        known.push(format!("`{called}`"));
    }
    Err(Error::Unknown { name: name.to_owned(), known })
}
