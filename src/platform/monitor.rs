//! Finds an X11 output by its name and watches for layout changes. iced can move a window but does not know outputs.

use std::{env, thread};

use futures_util::stream::{self, Stream};
use iced::{Point, Rectangle, Size};
use tokio::sync::mpsc;
use x11rb::{
    connection::Connection as _,
    errors::{ConnectError, ConnectionError, ReplyError},
    protocol::{
        randr::{ConnectionExt as _, NotifyMask},
        xproto::ConnectionExt as _,
    },
    rust_connection::RustConnection,
};

/// Why an output cannot be located.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot connect to the X server")]
    Connect(#[from] ConnectError),
    #[error("cannot send a request to the X server")]
    Ask(#[from] ConnectionError),
    #[error("a request to the X server failed")]
    Answer(#[from] ReplyError),
    #[error("display.monitor: there is no output `{name}`, use one of {}", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
}

/// Returns the area of this output in pixels of the X screen.
pub(crate) fn find(name: &str) -> Result<Rectangle, Error> {
    let (server, screen) = x11rb::connect(None)?;
    let root = server.setup().roots.get(screen).map_or(x11rb::NONE, |screen| screen.root);
    find_on(&server, root, Some(name))
}

/// Like [`find`] on an open connection. Without a name it returns the first output.
fn find_on(server: &RustConnection, root: u32, name: Option<&str>) -> Result<Rectangle, Error> {
    let monitors = server.randr_get_monitors(root, true)?.reply()?.monitors;
    let mut known = Vec::new();
    for monitor in monitors {
        let called = String::from_utf8_lossy(&server.get_atom_name(monitor.name)?.reply()?.name).into_owned();
        if name.is_none_or(|name| called == name) {
            let origin = Point::new(f32::from(monitor.x), f32::from(monitor.y));
            return Ok(Rectangle::new(origin, Size::new(f32::from(monitor.width), f32::from(monitor.height))));
        }
        known.push(format!("`{called}`"));
    }
    Err(Error::Unknown { name: name.unwrap_or_default().to_owned(), known })
}

/// Yields the area of this output, or of the first one, after each layout change. Yields nothing on Wayland, where the
/// compositor resizes the window.
pub(crate) fn changes(name: Option<&str>) -> impl Stream<Item = Rectangle> + use<> {
    let name = name.map(str::to_owned);
    let (told, changes) = mpsc::channel(1);
    let watch = move || {
        if let Err(error) = watch(name.as_deref(), &told) {
            tracing::debug!(%error, "cannot watch for layout changes of the screen");
        }
    };
    if env::var_os("WAYLAND_DISPLAY").is_none() {
        // The thread ends when the X server does, and so does the program.
        drop(thread::Builder::new().name("screen".to_owned()).spawn(watch));
    }
    stream::unfold(changes, async |mut changes| Some((changes.recv().await?, changes)))
}

fn watch(name: Option<&str>, told: &mpsc::Sender<Rectangle>) -> Result<(), Error> {
    let (server, screen) = x11rb::connect(None)?;
    let root = server.setup().roots.get(screen).map_or(x11rb::NONE, |screen| screen.root);
    let _ = server.randr_select_input(root, NotifyMask::SCREEN_CHANGE)?;
    server.flush()?;
    loop {
        let _ = server.wait_for_event()?;
        // Drain the queue: one layout change causes several events.
        while server.poll_for_event()?.is_some() {}
        match find_on(&server, root, name) {
            Ok(place) if told.blocking_send(place).is_err() => return Ok(()),
            Ok(_) => {}
            // The output is unplugged. It may come back, so keep watching.
            Err(error) => tracing::warn!(%error, "cannot locate the output; waiting for the next layout change"),
        }
    }
}
