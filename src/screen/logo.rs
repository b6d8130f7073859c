//! The site's logo, where its name would stand.

use iced::{
    ContentFit, Element, Fill,
    widget::image::{Handle, Image},
};

/// A picture: red, green, blue and alpha, a row after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo(Handle);

impl Logo {
    /// Takes pixels.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        Self(Handle::from_rgba(width, height, pixels))
    }
}

/// As large as its place allows.
pub(super) fn view<'a, Message: 'a>(logo: &Logo) -> Element<'a, Message> {
    Image::new(logo.0.clone()).width(Fill).height(Fill).content_fit(ContentFit::ScaleDown).into()
}
