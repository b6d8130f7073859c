//! Settings of the window, the sign-in screen, the colors and the logo.

use std::{
    fs::File,
    io::{self, BufReader},
    path::PathBuf,
};

use crate::{
    app::{
        Window,
        night::{Hours, Night},
    },
    config::{self, Config},
    platform::backlight::Backlight,
    screen::{
        colors::Colors,
        logo::{BadPicture, Logo},
        qr::Code,
        sign_in::Labels,
        theme::Panel,
    },
    sound::Sound,
};

/// Why a logo cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum BadLogo {
    /// The file cannot be opened.
    #[error("`{}` cannot be read", file.display())]
    Read {
        /// The path that was opened.
        file: PathBuf,
        /// From the operating system.
        source: io::Error,
    },
    /// The picture cannot be shown.
    #[error("`{}` {picture}", file.display())]
    Picture {
        /// The path, for the message.
        file: PathBuf,
        /// What is wrong with it.
        picture: BadPicture,
    },
}

/// The settings of the kiosk's window, which people cannot close.
pub fn window(config: &Config) -> Window {
    let display = &config.display;
    Window {
        fullscreen: display.fullscreen,
        colors: colors(config),
        panel: Panel {
            width_mm: display.panel_width_mm.map(f32::from),
            width: None,
            is_desk: display.reception,
            motion: display.motion,
            clock_24h: display.clock_24h,
            outlines: display.outlines,
        },
        monitor: display.monitor.clone(),
        sound: config.sound.tones.then(|| sound(config)).flatten(),
        night: night(config),
        ..Window::default()
    }
}

fn sound(config: &Config) -> Option<Sound> {
    let part = |percent: u8| f32::from(percent) / 100.0;
    Sound::start(part(config.sound.volume), part(config.sound.night_volume))
}

/// What changes at night, if `display.night` is set.
fn night(config: &Config) -> Option<Night> {
    let (from, until) = config.display.night?;
    let colors = match config.display.theme {
        config::Theme::Dark | config::Theme::Light => {
            (with_accent(config, Colors::DARK), with_accent(config, Colors::NIGHT))
        }
        // Whoever needs the contrast needs it at night too: only a backlight is dimmed.
        config::Theme::Contrast => (colors(config), colors(config)),
    };
    let backlight = match Backlight::of_system() {
        Ok(backlight) => Some((backlight, config.display.night_brightness)),
        Err(error) => {
            tracing::info!(%error, "no backlight is lowered at night");
            None
        }
    };
    Some(Night::new(Hours { from, until }, colors, backlight))
}

/// The texts of the sign-in screen, without the logo.
pub fn labels(config: &Config) -> Labels {
    Labels {
        name: config.kiosk.name.clone(),
        location: config.kiosk.location.clone(),
        phone: config.kiosk.support_phone.clone(),
        help: Code::new(&config.kiosk.help_url),
        logo: None,
        samples: Vec::new(),
    }
}

/// The colors of the theme, with the site's accent color.
pub fn colors(config: &Config) -> Colors {
    let colors = match config.display.theme {
        config::Theme::Dark => Colors::DARK,
        config::Theme::Light => Colors::LIGHT,
        config::Theme::Contrast => Colors::CONTRAST,
    };
    with_accent(config, colors)
}

/// These colors with the site's accent.
fn with_accent(config: &Config, colors: Colors) -> Colors {
    match config.display.accent {
        None => colors,
        Some([red, green, blue]) => colors.with_accent(iced::Color::from_rgb8(red, green, blue)),
    }
}

/// Reads the logo, if one is configured.
///
/// # Errors
///
/// When it is not a readable PNG file, or is too large.
pub fn logo(config: &Config) -> Result<Option<Logo>, BadLogo> {
    let Some(path) = &config.kiosk.logo else { return Ok(None) };
    let file = File::open(path).map_err(|source| BadLogo::Read { file: path.clone(), source })?;
    let logo = Logo::decode(BufReader::new(file));
    logo.map(Some).map_err(|picture| BadLogo::Picture { file: path.clone(), picture })
}
