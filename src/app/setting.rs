//! How the window behaves, as far as the site decides it.

use std::sync::{Arc, atomic::AtomicBool};

use super::Again;
use crate::{
    screen::{colors::Colors, theme::Panel},
    sound::Sound,
    status::Status,
};

/// How the window behaves.
#[derive(Debug, Clone)]
pub struct Window {
    /// The whole screen, without frame and pointer.
    pub fullscreen: bool,
    /// Somebody may close it. Otherwise nobody may but the technician.
    pub may_close: bool,
    /// Set when it was closed by somebody who may.
    pub left: Arc<AtomicBool>,
    /// Where it says how it is doing.
    pub status: Status,
    /// How the kiosk begins anew, with the configuration of then.
    pub again: Option<Again>,
    /// The theme of the site.
    pub colors: Colors,
    /// What the window is drawn on.
    pub panel: Panel,
    /// Where tones are wanted.
    pub sound: Option<Sound>,
    /// The output to be on, by its name on X11.
    pub monitor: Option<String>,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            fullscreen: true,
            may_close: false,
            left: Arc::default(),
            status: Status::default(),
            again: None,
            colors: Colors::DARK,
            panel: Panel::default(),
            sound: None,
            monitor: None,
        }
    }
}
