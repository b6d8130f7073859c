//! Arguments of `gallery`.

use clap::{Args, ValueEnum};
use vestibule::language::Language;

/// The keys of the gallery's window.
pub(super) const HELP: &str = "Keys:
  Right, Left  next and previous screen
  Down, Up     next and previous language
  t            next theme
  s            texts that are 40 % longer, as a translation may be
  q            quit

Example:
  vestibule gallery --theme light --language de --size 1080x1920";

/// Arguments of `gallery`.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct GalleryArguments {
    /// Theme to begin with
    #[arg(long, default_value = "dark")]
    pub(crate) theme: GalleryTheme,
    /// Language to begin with: en, de, fr or es
    #[arg(long, default_value = "en", value_parser = language)]
    pub(crate) language: Language,
    /// Width and height of the window in pixels, each from 200 to 8000
    #[arg(long, default_value = "1280x800", value_parser = size, value_name = "WIDTHxHEIGHT")]
    pub(crate) size: (u16, u16),
    /// Width of the panel in millimeters, 50 to 3000 [default: that of a usual panel with this size]
    #[arg(long, value_name = "MM", value_parser = clap::value_parser!(u16).range(50..=3000))]
    pub(crate) panel_width_mm: Option<u16>,
}

/// `--theme` of the gallery.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GalleryTheme {
    /// Light text on a dark background
    Dark,
    /// Dark text on a light background
    Light,
    /// High contrast
    Contrast,
    /// The dark theme of `display.night` without a backlight that can be set
    Night,
}

impl GalleryTheme {
    /// Its name among the gallery's themes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "contrast",
            Self::Night => "night",
        }
    }
}

fn language(code: &str) -> Result<Language, String> {
    Language::of_code(code).ok_or_else(|| {
        let codes = Language::ALL.map(Language::code).join(", ");
        format!("must be one of {codes}")
    })
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let is_usual = |side: &u16| (200..=8_000).contains(side);
    sides
        .filter(|(width, height)| is_usual(width) && is_usual(height))
        .ok_or_else(|| "must be WIDTHxHEIGHT, each from 200 to 8000, such as 1280x800".to_owned())
}
