//! The site's logo, shown in place of its name.

use std::io::{BufRead, Seek};

use iced::{
    ContentFit, Element, Fill,
    widget::image::{Handle, Image},
};

/// Largest width and height, in pixels. Our choice: more than any panel shows.
const LARGEST: u32 = 2_000;

/// Why a picture cannot be a logo.
#[derive(Debug, thiserror::Error)]
pub enum BadPicture {
    /// It is not a PNG.
    #[error("is not a PNG file that can be read ({0})")]
    Png(#[from] png::DecodingError),
    /// It is too large.
    #[error("has {width} by {height} pixels, but must have at most 2000 by 2000")]
    Large {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
}

/// A logo, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo(Handle);

impl Logo {
    /// Decodes a PNG.
    ///
    /// # Errors
    ///
    /// When it is not a PNG, or is too large.
    pub fn decode(file: impl BufRead + Seek) -> Result<Self, BadPicture> {
        let mut decoder = png::Decoder::new(file);
        decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let (width, height) = decoder.read_header_info()?.size();
        if LARGEST < width.max(height) {
            return Err(BadPicture::Large { width, height });
        }
        let mut reader = decoder.read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().unwrap_or_default()];
        let frame = reader.next_frame(&mut pixels)?;
        pixels.truncate(frame.buffer_size());
        let pixels = match frame.color_type {
            png::ColorType::GrayscaleAlpha => {
                let (pairs, _) = pixels.as_chunks::<2>();
                pairs.iter().flat_map(|[gray, alpha]| [*gray, *gray, *gray, *alpha]).collect()
            }
            png::ColorType::Grayscale | png::ColorType::Rgb | png::ColorType::Indexed | png::ColorType::Rgba => pixels,
        };
        Ok(Self(Handle::from_rgba(width, height, pixels)))
    }
}

/// Draws the logo, scaled down to fit its place.
pub(super) fn view<'a, Message: 'a>(logo: &Logo) -> Element<'a, Message> {
    Image::new(logo.0.clone()).width(Fill).height(Fill).content_fit(ContentFit::ScaleDown).into()
}
