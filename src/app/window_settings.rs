//! The window's settings from the configuration, and what the window shares with the rest of the program.

use std::sync::{Arc, atomic::AtomicBool};

use super::Reloader;
use crate::{
    screen::{colors::Colors, theme::Panel},
    sound::Sound,
    status::Status,
};

/// The window's settings and shared handles.
#[derive(Debug, Clone)]
pub struct Window {
    /// Whether the window covers the screen, without a frame and a pointer.
    pub fullscreen: bool,
    /// Whether a close request ends the program. If not, only the technician can end it.
    pub may_close: bool,
    /// Set when the program is ended on purpose. If the window ends without it, the display was lost.
    pub closed_on_purpose: Arc<AtomicBool>,
    /// Receives the window's heartbeat.
    pub status: Status,
    /// Reloads the configuration. `None` where that is not possible.
    pub again: Option<Reloader>,
    /// The site's theme.
    pub colors: Colors,
    /// The panel that the window is drawn on.
    pub panel: Panel,
    /// Plays feedback tones, if the site enables them.
    pub sound: Option<Sound>,
    /// Name of the X11 output to use (`display.monitor`).
    pub monitor: Option<String>,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            fullscreen: true,
            may_close: false,
            closed_on_purpose: Arc::default(),
            status: Status::default(),
            again: None,
            colors: Colors::DARK,
            panel: Panel::default(),
            sound: None,
            monitor: None,
        }
    }
}
