//! Where an output of an X11 screen lies, and when that changes. iced can put a window on a place, and knows no outputs.

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
    find_on(&server, root, Some(name))
}

/// The same, or without a name the first output.
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

/// Whenever the screen is another: where this output lies now, or the first. On Wayland the compositor tells the window itself.
pub(super) fn changes(name: Option<&str>) -> impl Stream<Item = Rectangle> + use<> {
    let name = name.map(str::to_owned);
    let (told, changes) = mpsc::channel(1);
    let watch = move || {
        if let Err(error) = watch(name.as_deref(), &told) {
            tracing::debug!(%error, "changes of the screen are not heard of");
        }
    };
    if env::var_os("WAYLAND_DISPLAY").is_none() {
        // Ends with the X server, as the program does.
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
        // What came meanwhile is the same change.
        while server.poll_for_event()?.is_some() {}
        match find_on(&server, root, name) {
            Ok(place) if told.blocking_send(place).is_err() => return Ok(()),
            Ok(_) => {}
            // It is away. It may come back.
            Err(error) => tracing::warn!(%error, "no monitor"),
        }
    }
}
