//! The window's settings from the configuration, and what the window shares with the rest of the program.

use std::sync::{Arc, atomic::AtomicBool};

use super::{Reloader, night::Night};
use crate::{
    readers::{Readers, Signal},
    screen::{colors::Colors, theme::Panel},
    session::feedback::Tone,
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
    /// What changes at night, if the site wants that.
    pub night: Option<Night>,
    /// The panel that the window is drawn on.
    pub panel: Panel,
    /// Plays feedback tones, if the site enables them.
    pub sound: Option<Sound>,
    /// Name of the X11 output to use (`display.monitor`).
    pub monitor: Option<String>,
    /// Badge readers with a wire of their own.
    pub readers: Readers,
}

impl Window {
    /// Plays a tone, and shows a result on the reader that the person used.
    pub(super) fn play(&self, tone: Tone, scanned_at: Option<String>, checked_at: &mut Option<String>) {
        if let Some(sound) = &self.sound {
            sound.play(tone, self.night.as_ref().is_some_and(Night::is_now));
        }
        let signal = match tone {
            Tone::Good => Signal::Accepted,
            Tone::Bad | Tone::Unknown => Signal::Refused,
            Tone::Key | Tone::Warning => return,
        };
        if let Some(reader) = scanned_at.or_else(|| checked_at.take()) {
            self.readers.signal(&reader, signal);
        }
    }

    /// The colors at this time of day.
    pub(super) fn colors(&self) -> Colors {
        self.night.as_ref().and_then(Night::colors).unwrap_or(self.colors)
    }

    /// Puts the states of the readers into the status.
    pub(super) fn report_readers(&self) {
        self.status.change(|facts| facts.readers = self.readers.states());
    }
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
            night: None,
            panel: Panel::default(),
            sound: None,
            monitor: None,
            readers: Readers::default(),
        }
    }
}
