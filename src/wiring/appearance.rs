//! Settings of the window, the sign-in screen, the colors and the logo.

use std::{
    fs::File,
    io::{self, BufReader},
    path::PathBuf,
};

use crate::{
    app::Window,
    config::{self, Config},
    screen::{colors::Colors, logo::Logo, qr::Code, sign_in::Labels, theme::Panel},
    sound::Sound,
};

/// Maximum width and height of a logo, in pixels.
const LOGO: u32 = 2_000;

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
    /// The file is not a PNG, or a damaged one.
    #[error("`{}` is not a PNG file that can be read", file.display())]
    Png {
        /// The path, for the message.
        file: PathBuf,
        /// From the decoder.
        source: png::DecodingError,
    },
    /// The picture is too large. The limit bounds the memory that it takes.
    #[error("`{}` has {width} by {height} pixels, but must have at most 2000 by 2000", file.display())]
    Large {
        /// The path, for the message.
        file: PathBuf,
        /// Pixels, at most 2000.
        width: u32,
        /// Pixels, at most 2000.
        height: u32,
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
            is_desk: display.reception.is_some(),
            motion: display.motion,
            clock_24h: display.clock_24h,
        },
        monitor: display.monitor.clone(),
        sound: config.sound.tones.then(|| Sound::start(f32::from(config.sound.volume) / 100.0)).flatten(),
        ..Window::default()
    }
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
    let bad = |source| BadLogo::Png { file: path.clone(), source };
    let file = File::open(path).map_err(|source| BadLogo::Read { file: path.clone(), source })?;
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let (width, height) = decoder.read_header_info().map_err(bad)?.size();
    if LOGO < width.max(height) {
        return Err(BadLogo::Large { file: path.clone(), width, height });
    }
    let mut reader = decoder.read_info().map_err(bad)?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let frame = reader.next_frame(&mut pixels).map_err(bad)?;
    pixels.truncate(frame.buffer_size());
    let pixels = match frame.color_type {
        png::ColorType::GrayscaleAlpha => {
            let (pairs, _) = pixels.as_chunks::<2>();
            pairs.iter().flat_map(|[gray, alpha]| [*gray, *gray, *gray, *alpha]).collect()
        }
        png::ColorType::Grayscale | png::ColorType::Rgb | png::ColorType::Indexed | png::ColorType::Rgba => pixels,
    };
    Ok(Some(Logo::new(width, height, pixels)))
}
