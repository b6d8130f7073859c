//! The gallery of all screens.

use iced::Size;
use vestibule::{
    gallery::{self, THEMES},
    platform::display,
};

use super::{
    super::arguments::GalleryArguments,
    failure::{CommandError, Failure},
};

/// Why the gallery does not open.
#[derive(Debug, thiserror::Error)]
enum GalleryError {
    #[error("there is no display: set DISPLAY or WAYLAND_DISPLAY")]
    NoDisplay,
    #[error("the window cannot be opened")]
    Window(#[source] iced::Error),
}

impl CommandError for GalleryError {}

/// Shows every screen with sample data, until the window is closed.
pub(crate) fn gallery(arguments: GalleryArguments) -> Result<(), Failure> {
    if !display::is_there() {
        return Err(GalleryError::NoDisplay.into());
    }
    let theme = THEMES.iter().position(|(name, _)| *name == arguments.theme.name());
    let (width, height) = arguments.size;
    let start = gallery::Start {
        theme: theme.unwrap_or_default(),
        language: arguments.language,
        size: Size::new(width.into(), height.into()),
        width_mm: arguments.panel_width_mm.map(f32::from),
    };
    Ok(gallery::run(start).map_err(GalleryError::Window)?)
}
