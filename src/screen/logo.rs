//! The site's logo, where its name would stand.

use iced::{
    ContentFit, Element, Fill,
    widget::image::{Handle, Image},
};

/// A logo, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo(Handle);

impl Logo {
    /// Takes RGBA pixels, row by row.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        Self(Handle::from_rgba(width, height, pixels))
    }
}

/// Draws the logo, scaled down to fit its place.
pub(super) fn view<'a, Message: 'a>(logo: &Logo) -> Element<'a, Message> {
    Image::new(logo.0.clone()).width(Fill).height(Fill).content_fit(ContentFit::ScaleDown).into()
}
