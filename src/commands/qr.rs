//! A badge to print: a QR code that an optical reader types.

use std::path::Path;

use qrcode::{Color, EcLevel, QrCode, render::svg};

use crate::Failure;

/// Pixels of a module in a PNG: 50 mm wide at 300 dpi, about.
const MODULE: usize = 16;
/// White modules around the code.
///
/// # Source
///
/// ISO/IEC 18004: a quiet zone of four.
const QUIET: usize = 4;

/// The picture in the format that the file's name asks for.
pub(super) fn picture(number: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    let code = QrCode::with_error_correction_level(number, EcLevel::Q).map_err(|_| Failure::QrFormat)?;
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => Ok(code.render::<svg::Color<'_>>().min_dimensions(400, 400).build().into_bytes()),
        Some("png") => png(&code).map_err(|_| Failure::QrFile),
        Some(_) | None => Err(Failure::QrFile),
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
