//! Icons from the bundled icon font. Each has text beside it, except the page arrows, the search button and the only door.

use iced::{
    Color, Element, Font, Length, Point,
    widget::{
        canvas, container,
        text::{LineHeight, Shaping, Text},
    },
};

use super::trace::trace;
use crate::door::DoorState;

/// The bundled icons. License: `assets/fonts/Lucide-ISC.txt`.
pub const FONT_FILE: &[u8] = include_bytes!("../../assets/fonts/lucide-subset.ttf");
const FONT: Font = Font::with_name("lucide");

/// An icon.
///
/// # Source
///
/// Lucide 1.62, `codepoints.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Lucide's")]
pub enum Icon {
    Check,
    ChevronLeft,
    ChevronRight,
    Delete,
    DoorOpen,
    Hand,
    Hourglass,
    IdCard,
    LockKeyhole,
    LockOpen,
    LogOut,
    MapPinOff,
    Phone,
    Power,
    Question,
    RefreshCw,
    Search,
    Send,
    SmartphoneNfc,
    TriangleAlert,
    Unplug,
    Wrench,
    X,
}

impl Icon {
    /// All icons, for tests.
    pub const ALL: [Self; 23] = [
        Self::Check,
        Self::ChevronLeft,
        Self::ChevronRight,
        Self::Delete,
        Self::DoorOpen,
        Self::Hand,
        Self::Hourglass,
        Self::IdCard,
        Self::LockKeyhole,
        Self::LockOpen,
        Self::LogOut,
        Self::MapPinOff,
        Self::Phone,
        Self::Power,
        Self::Question,
        Self::RefreshCw,
        Self::Search,
        Self::Send,
        Self::SmartphoneNfc,
        Self::TriangleAlert,
        Self::Unplug,
        Self::Wrench,
        Self::X,
    ];

    /// The icon's character in the font.
    pub const fn character(self) -> char {
        match self {
            Self::Check => '\u{e06c}',
            Self::ChevronLeft => '\u{e06e}',
            Self::ChevronRight => '\u{e06f}',
            Self::Delete => '\u{e0ae}',
            Self::DoorOpen => '\u{e3d6}',
            Self::Hand => '\u{e1d7}',
            Self::Hourglass => '\u{e296}',
            Self::IdCard => '\u{e617}',
            Self::LockKeyhole => '\u{e531}',
            Self::LockOpen => '\u{e10c}',
            Self::LogOut => '\u{e10e}',
            Self::MapPinOff => '\u{e2a6}',
            Self::Phone => '\u{e133}',
            Self::Power => '\u{e140}',
            Self::Question => '\u{e082}',
            Self::RefreshCw => '\u{e145}',
            Self::Search => '\u{e151}',
            Self::Send => '\u{e152}',
            Self::SmartphoneNfc => '\u{e3c4}',
            Self::TriangleAlert => '\u{e193}',
            Self::Unplug => '\u{e45d}',
            Self::Wrench => '\u{e1b1}',
            Self::X => '\u{e1b2}',
        }
    }

    /// The icon for a door's state. `None` for a door that is ready.
    pub fn of_state(state: DoorState) -> Option<Self> {
        match state {
            DoorState::Ready | DoorState::Remembered => None,
            DoorState::LockedDown(_) => Some(Self::LockKeyhole),
            DoorState::NotSetUp => Some(Self::Wrench),
            DoorState::Open => Some(Self::DoorOpen),
            DoorState::Offline => Some(Self::Unplug),
            DoorState::NeedsReader => Some(Self::SmartphoneNfc),
            DoorState::NeedsPosition => Some(Self::MapPinOff),
        }
    }
}

/// Draws an icon in a square with this side.
pub fn icon<'a, Message: 'a>(icon: Icon, side: f32, color: Option<Color>) -> Element<'a, Message> {
    let character = icon.character().to_string();
    let background = Some(trace(&character, color).into());
    let icon = Text::new(character)
        .font(FONT)
        .size(side)
        .line_height(LineHeight::Relative(1.0))
        .shaping(Shaping::Basic)
        .width(Length::Fixed(side))
        .height(Length::Fixed(side))
        .color_maybe(color);
    container(icon).style(move |_| container::Style { background, ..container::Style::default() }).into()
}

/// An icon in a drawing, around this point.
pub(super) fn drawn(icon: Icon, side: f32, center: Point, color: Color) -> canvas::Text {
    canvas::Text {
        content: icon.character().to_string(),
        position: center,
        color,
        size: side.into(),
        line_height: LineHeight::Relative(1.0),
        font: FONT,
        align_x: iced::alignment::Horizontal::Center.into(),
        align_y: iced::alignment::Vertical::Center,
        shaping: Shaping::Basic,
        ..canvas::Text::default()
    }
}
