//! Badges to print: the number as a QR code, for optical readers.

use std::path::Path;

use qrcode::{Color, EcLevel, QrCode, render::svg};

use super::failure::CommandError;
use crate::arguments::PictureFormat;

/// Why a badge cannot be printed.
#[derive(Debug, thiserror::Error)]
pub(super) enum QrError {
    #[error("a printed badge needs at least 10 digits, but [badge] in the configuration does not allow that")]
    QrFormat,
    #[error("the file name must end in .svg or .png: rename it or pass --format")]
    QrFile,
}

impl CommandError for QrError {
    fn exit_code(&self) -> u8 {
        2
    }
}

/// Pixels per module in a PNG: a 16-digit number with its border is 464 pixels wide, 39 mm at 300 dpi.
const MODULE: usize = 16;
/// Width of the white border, in modules.
///
/// # Source
///
/// ISO/IEC 18004: a quiet zone of four.
const QUIET: usize = 4;

/// The picture format that the file extension stands for.
pub(super) fn format_of(file: &Path) -> Option<PictureFormat> {
    match file.extension()?.to_str()?.to_lowercase().as_str() {
        "svg" => Some(PictureFormat::Svg),
        "png" => Some(PictureFormat::Png),
        _ => None,
    }
}

/// Draws the QR code of a badge number, with error correction level Q.
pub(super) fn picture(number: &str, format: PictureFormat) -> Result<Vec<u8>, QrError> {
    let code = QrCode::with_error_correction_level(number, EcLevel::Q).map_err(|_| QrError::QrFormat)?;
    match format {
        PictureFormat::Svg => Ok(code.render::<svg::Color<'_>>().min_dimensions(400, 400).build().into_bytes()),
        PictureFormat::Png => png(&code).map_err(|_| QrError::QrFile),
    }
}

fn png(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.width() + 2 * QUIET;
    let side = modules * MODULE;
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.width());
        inside(x).zip(inside(y)).is_some_and(|at| code[at] == Color::Dark)
    };
    let pixels: Vec<u8> =
        (0..side * side).map(|at| if dark(at % side / MODULE, at / side / MODULE) { 0 } else { 255 }).collect();
    let pixels_wide = u32::try_from(side).unwrap_or(u32::MAX);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels_wide, pixels_wide);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(out)
}
