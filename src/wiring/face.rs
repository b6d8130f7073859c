//! What the configuration means for what is seen.

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

/// The longest side of a logo, in pixels.
const LOGO: u32 = 2_000;

/// Why a logo cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum BadLogo {
    /// It cannot be read.
    #[error("`{}` cannot be read", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no PNG, or a broken one.
    #[error("`{}` is not a PNG file that can be read", file.display())]
    Png {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: png::DecodingError,
    },
    /// It would take too much memory.
    #[error("`{}` has {width} by {height} pixels, but must have at most 2000 by 2000", file.display())]
    Large {
        /// Which file.
        file: PathBuf,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
}

/// What the configuration means for the window, which nobody may close.
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

/// What the configuration means for the sign-in screen.
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

/// What the configuration means for the colours.
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

/// Reads the logo, if there is one.
///
/// # Errors
///
/// When it is no picture that can be shown.
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
