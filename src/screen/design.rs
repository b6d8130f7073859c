//! The design system: every size of the face, in design millimeters (`u`). No other module of `screen` has a size of its
//! own. What they mean is in `assets/docs/face.md`.
//!
//! One `u` is one millimeter of the panel on seven and ten inches and at a desk, and more on larger panels.

mod grids;
mod parts;

pub use self::parts::{desk, only, outcome, pill, rest, shape, technician};

/// How the parts of a screen are arranged. The room on the panel decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// About seven inches, in landscape.
    Seven,
    /// About ten inches, in landscape.
    Ten,
    /// Less than about twelve inches, taller than wide.
    Slim,
    /// Larger, and taller than wide.
    Upright,
    /// About 20 inches and more, in landscape.
    Large,
    /// A reception desk, where people sit in front of the screen.
    Desk,
}

/// Font size and line height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// Font size, in u.
    pub size: f32,
    /// Line height, in u.
    pub line: f32,
}

const fn font(size: f32, line: f32) -> Type {
    Type { size, line }
}

/// Sizes that are the same everywhere.
pub mod scale {
    use super::{Type, font};

    /// Essential text: capitals of 7.3 mm span 0.7 degrees at 600 mm.
    ///
    /// # Source
    ///
    /// EN 301 549 V3.2.1, 5.1.4, for text that cannot be enlarged.
    pub const READ: Type = font(10.25, 12.5);
    /// Titles, the words on pills, and the least size of essential text where there is no room: capitals of 4.6 mm.
    pub const TITLE: Type = font(6.5, 8.0);
    /// Supporting text: capitals of 3.4 mm, 20 minutes of arc.
    ///
    /// # Source
    ///
    /// ISO 9241-303, 5.5.4: 16 at least, 20 to 22 preferred.
    pub const SUPPORT: Type = font(4.8, 6.0);
    /// Between the icon of a state and its words, in u.
    pub const STATE_GAP: f32 = 1.8;
    /// Between the parts of a section's heading, and between its sums, in u.
    pub const HEADING_GAP: f32 = 4.0;
    /// See above.
    pub const SUM_GAP: f32 = 5.0;
    /// Below a section's heading, in u.
    pub const BELOW_SECTION: f32 = 2.2;
    /// The icon of the search field, the space beside it, and the space before the caret, in u.
    pub const FIELD_ICON: f32 = 6.5;
    /// See above.
    pub const FIELD_GAP: f32 = 3.4;
    /// See above.
    pub const CARET_GAP: f32 = 0.6;
    /// How much smaller supporting text may be on seven inches.
    pub const SUPPORT_LEAST: f32 = 0.75;
    /// The greeting at a desk.
    pub const DESK_HELLO: Type = font(8.0, 9.4);
    /// The clock of the dimmed screen.
    pub const DIM_CLOCK: Type = font(24.0, 28.8);
    /// The answers to what is typed: a badge number, or the time until the keypad works again.
    pub const TYPED: Type = font(10.25, 12.5);
    /// OK on its key.
    pub const OK: Type = font(9.0, 9.0);
    /// The name of the only door.
    pub const ONLY_DOOR: Type = font(17.0, 19.0);
    /// The number of the second of two people.
    pub const SECOND: Type = font(8.5, 10.2);
}

/// Steps of space, in u.
pub mod space {
    /// Between lines that belong together.
    pub const HAIR: f32 = 1.0;
    /// Between an icon and its word.
    pub const TIGHT: f32 = 2.0;
    /// Between parts of a row.
    pub const NEAR: f32 = 3.0;
    /// Between groups.
    pub const APART: f32 = 5.0;
    /// Between blocks.
    pub const BLOCK: f32 = 8.0;
    /// Between columns.
    pub const WIDE: f32 = 12.0;
}

/// Strokes, in u, unless they say otherwise.
pub mod stroke {
    /// The edge of what cannot be touched, and rules.
    pub const HAIRLINE: f32 = 0.35;
    /// Least width of a hairline, in pixels.
    pub const HAIRLINE_PIXELS: f32 = 2.0;
    /// What a drawing leaves free at its edges, in pixels: the renderer redraws whole pixels only, and soft edges reach into
    /// the next one.
    pub const SOFT_PIXELS: f32 = 1.0;
    /// Least width of a ready tile's edge in the contrast theme, and of a pip's, in pixels.
    pub const READY_PIXELS: f32 = 3.0;
    /// See above.
    pub const PIP_PIXELS: f32 = 1.5;
    /// The edge of a ready tile in the contrast theme.
    pub const READY: f32 = 0.8;
    /// The edge of a chosen tile.
    pub const CHOSEN: f32 = 1.0;
    /// The edge of an empty dot.
    pub const DOT: f32 = 0.45;
    /// The edge of a pip.
    pub const PIP: f32 = 0.35;
    /// A ring, as a part of its side.
    pub const RING: f32 = 0.07;
    /// The ring of the countdown, as a part of its side.
    pub const COUNTDOWN: f32 = 0.09;
    /// The frame of an outcome in the contrast theme.
    pub const FRAME: f32 = 2.4;
    /// The bar of the time left.
    pub const BAR: f32 = 1.4;
    /// The line below the spoken language.
    pub const UNDERLINE: f32 = 0.7;
    /// The caret in the search field.
    pub const CARET: f32 = 0.6;
}

/// Least side of what is touched: 20 mm, and a little more, because rounding to whole pixels must not make it smaller.
pub const TOUCHED: f32 = 20.2;
/// Side of a small code.
pub const CODE: f32 = 22.0;
/// Radius of a code's corners, as a part of its side.
pub const CODE_RADIUS: f32 = 0.11;
/// Height of the field where a site's name, place and clock stand.
pub const IDENTITY: f32 = 15.0;
/// Side of the sign above a message at rest, and of the picture on it as a part of that.
pub const SIGN: f32 = 15.0;
/// Side of the picture on an outcome's silhouette, as a part of the silhouette's side.
pub const PICTURE: f32 = 0.557;
/// Size of a question or exclamation mark on a silhouette, as a part of its side.
pub const MARK: f32 = 0.615;
/// Height of a tile from which its number stands above its name.
pub const TALL: f32 = 44.0;
/// A tile may be this much lower than it needs to be: margins give way first.
pub const TILE_SPARE: f32 = 0.5;
/// Side of the discs of two people, and the line between them.
pub const PERSON: f32 = 20.0;
/// Length of the line between two people.
pub const BETWEEN_PEOPLE: f32 = 8.0;
/// Width of a stepper's page number, up to nine pages and with more.
pub const STEPPER_NUMBER: (f32, f32) = (10.4, 16.0);
/// Side of an icon on a pill.
pub const PILL_ICON: f32 = 7.4;
/// Side of an icon beside supporting text.
pub const SUPPORT_ICON: f32 = 5.6;
/// Side of the icon in the stepper.
pub const STEPPER_ICON: f32 = 8.0;
/// Diameter of a pip, and the space between two.
pub const PIP: (f32, f32) = (2.6, 1.1);
/// Most pips for an allowance; more are only a number.
pub const MOST_PIPS: u32 = 4;
/// Side of a ring on a pill of the countdown, as a part of the pill.
pub const COUNTDOWN_RING: f32 = 0.85;
/// Width of a technician's code, and of the column of names beside it.
pub const TECHNICIAN: (f32, f32) = (62.0, 36.0);
/// Height of a section's line at a desk, with the space around it.
pub const SECTION: f32 = 12.7;
/// Width of a desk's tile, at least; and its height, at least and at most.
pub const DESK_TILE: (f32, f32, f32) = (68.0, 20.0, 33.0);
/// The most room that the arrangements of seven and ten inches use. A larger panel has a margin around them.
pub const MOST_ROOM: (f32, f32) = (260.0, 160.0);
/// A panel with less room than this, in mm, has everything smaller.
pub const LEAST_ROOM: (f32, f32) = (150.0, 90.0);

/// How an outcome is arranged, in u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutcomeGrid {
    /// Side of the silhouette.
    pub emblem: f32,
    /// Between the silhouette and the words.
    pub gap: f32,
    /// The name of the door.
    pub door: Type,
    /// The verdict, and the space below it.
    pub verdict: (Type, f32),
    /// What to do.
    pub advice: Type,
    /// Free below, so that the words stand a little above the middle.
    pub below: f32,
    /// Most width of the words.
    pub width: f32,
}

/// How a tile is arranged, in u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TileGrid {
    /// Before its number, and above its content.
    pub padding: (f32, f32),
    /// Between number and name.
    pub gap: f32,
    /// Side of the number's disc, and font size of the number.
    pub number: (f32, f32),
    /// The name.
    pub name: Type,
    /// The line below it, and the space above that.
    pub state: (Type, f32),
    /// Side of the icon in that line.
    pub icon: f32,
    /// Radius of the corners.
    pub radius: f32,
}

impl Type {
    /// The line height, in em.
    pub const fn ratio(&self) -> f32 {
        self.line / self.size
    }
}

impl TileGrid {
    /// Beside the end of a name, in u: less than before its number, because few names end there.
    pub const fn right(&self) -> f32 {
        0.7 * self.padding.0
    }
}

/// How a keypad is arranged, in u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PadGrid {
    /// Width and height of the cell that is touched, where there is room.
    pub cell: (f32, f32),
    /// Side of the disc that is drawn.
    pub disc: f32,
    /// Font size of a digit.
    pub digit: f32,
    /// Side of the icon of a key without a disc.
    pub icon: f32,
    /// The word below that icon.
    pub word: Type,
    /// Between icon and word.
    pub gap: f32,
    /// Side of a PIN's dot, and the space between two.
    pub dot: (f32, f32),
}

/// The sizes of one arrangement, in u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// From the edge of the screen to what is drawn.
    pub margin: f32,
    /// Between tiles.
    pub gap: f32,
    /// How far what is touched in the header reaches beyond the margin, and how far below the header the tiles begin.
    pub head: (f32, f32),
    /// Height of a pill as it is drawn, and the space beside its words.
    pub pill: (f32, f32),
    /// The greeting.
    pub hello: Type,
    /// The clock at rest.
    pub clock: Type,
    /// What to do, at rest.
    pub prompt: Type,
    /// A message at rest, or a longer prompt.
    pub message: Type,
    /// The keypad.
    pub pad: PadGrid,
    /// Doors in a row.
    pub columns: usize,
    /// A tile with its number beside the name.
    pub tile: TileGrid,
    /// A tile with its number above the name.
    pub tall: TileGrid,
    /// Height of a tile, at most.
    pub most_tile: f32,
    /// An outcome.
    pub outcome: OutcomeGrid,
    /// The pill of the countdown: its height, its words and the words below.
    pub countdown: (f32, Type, Type),
}

impl Form {
    /// The sizes of this arrangement.
    pub const fn grid(self) -> &'static Grid {
        match self {
            Self::Seven => &grids::SEVEN,
            Self::Ten => &grids::TEN,
            Self::Slim => &grids::SLIM,
            Self::Upright => &grids::UPRIGHT,
            Self::Large => &grids::LARGE,
            Self::Desk => &grids::DESK,
        }
    }
}
