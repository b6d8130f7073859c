//! Where the parts of the screens with a keypad stand.

use iced::{Point, Rectangle, Size};

use super::super::{
    design::{CODE, Form, Grid, IDENTITY, MOST_ROOM, TOUCHED, rest, space as steps},
    pad::Pad,
    theme::Metrics,
};

/// Places in u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frames {
    /// Name, place and clock.
    pub(super) identity: Rectangle,
    /// The sentence.
    pub(super) say: Rectangle,
    /// The code and the phone number. `None` where they stand beside the clock.
    pub(super) help: Option<Rectangle>,
    /// What is touched of the languages.
    pub(super) languages: Rectangle,
    /// The middle of what is typed, and the width for it.
    pub(super) typed: Rectangle,
    /// The keys, and what is touched of one.
    pub(super) keys: Point,
    pub(super) cell: Size,
    /// The lower edge of what is drawn.
    pub(super) bottom: f32,
}

/// What a screen has besides sentence and clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Has {
    pub(super) pad: bool,
    pub(super) languages: bool,
    pub(super) help: bool,
}

const fn rectangle(x: f32, y: f32, width: f32, height: f32) -> Rectangle {
    Rectangle { x, y, width, height }
}

impl Frames {
    pub(super) fn new(has: Has, m: Metrics) -> Self {
        let room = m.room();
        match m.form {
            Form::Seven => seven(room, has, m),
            // At a desk, people sign in at a screen like that of ten inches.
            Form::Ten | Form::Desk => {
                let used = Size::new(room.width.min(MOST_ROOM.0), room.height.min(MOST_ROOM.1));
                let mut frames = ten(used, has, m);
                let (x, y) = ((room.width - used.width) / 2.0, (room.height - used.height) / 2.0);
                frames.move_by(x, y);
                frames
            }
            Form::Slim | Form::Upright => upright(room, has, m),
            Form::Large => large(room, has, m),
        }
    }

    pub(super) fn pad(&self, is_ready: bool) -> Pad {
        Pad { cell: self.cell, is_ready }
    }

    fn move_by(&mut self, x: f32, y: f32) {
        let moved = |place: &mut Rectangle| *place = rectangle(place.x + x, place.y + y, place.width, place.height);
        for place in [&mut self.identity, &mut self.say, &mut self.languages, &mut self.typed] {
            moved(place);
        }
        self.help.iter_mut().for_each(moved);
        self.keys = Point::new(self.keys.x + x, self.keys.y + y);
        self.bottom += y;
    }
}

/// The keys are touched beyond the margin, so that their discs end at it.
fn overhang(grid: &Grid) -> (f32, f32) {
    ((grid.pad.cell.0 - grid.pad.disc) / 2.0, (grid.pad.cell.1 - grid.pad.disc) / 2.0)
}

/// Left: clock, name and place; the sentence; code and phone; languages. Right: what is typed above the keys.
fn ten(room: Size, has: Has, m: Metrics) -> Frames {
    let (grid, margin) = (m.grid(), m.grid().margin);
    let (beside, below) = overhang(grid);
    let (width, bottom) = (grid.pad.cell.0, room.height - margin);
    let height = ((bottom + below - margin - IDENTITY) / 4.0).clamp(TOUCHED, grid.pad.cell.1);
    let keys = Point::new(room.width - margin + beside - 3.0 * width, bottom + below - 4.0 * height);
    let left = if has.pad { keys.x - rest::BETWEEN.0 - margin } else { room.width - 2.0 * margin };
    let languages = rectangle(
        margin - rest::BESIDE_LANGUAGE,
        bottom + rest::BELOW_LANGUAGES - TOUCHED,
        left + rest::BESIDE_LANGUAGE,
        TOUCHED,
    );
    let above = if has.languages { languages.y + steps::HAIR } else { bottom };
    let help = has.help.then(|| rectangle(margin, above - CODE, left, CODE));
    let top = margin + IDENTITY;
    let end = help.map_or(above, |help| help.y);
    Frames {
        identity: rectangle(margin, margin, left, IDENTITY),
        say: rectangle(margin, top, left, end - top),
        help,
        languages,
        typed: rectangle(keys.x, margin, 3.0 * width, IDENTITY),
        keys,
        cell: Size::new(width, height),
        bottom,
    }
}

/// As on ten inches, but the code stands beside the clock and what is typed below the sentence.
fn seven(room: Size, has: Has, m: Metrics) -> Frames {
    let (up_to_words, up_to_dots, half, higher) = rest::SEVEN;
    let (grid, margin) = (m.grid(), m.grid().margin);
    let (beside, _) = overhang(grid);
    let (width, height) = (grid.pad.cell.0, (room.height / 4.0).clamp(TOUCHED, grid.pad.cell.1));
    let y = (room.height - 4.0 * height) / 2.0 - higher;
    let keys = Point::new(room.width - margin + beside - 3.0 * width, y.max(0.0));
    let left = if has.pad { keys.x - rest::BETWEEN.1 - margin } else { room.width - 2.0 * margin };
    let top = margin + TOUCHED;
    let typed = room.height - if has.languages { up_to_dots } else { margin + rest::DIGITS };
    Frames {
        identity: rectangle(margin, margin, left, TOUCHED),
        say: rectangle(margin, top, left, typed - rest::DIGITS - top),
        help: None,
        languages: rectangle(0.0, room.height - TOUCHED, left + margin + rest::BESIDE_LANGUAGE / 2.0, TOUCHED),
        typed: rectangle(margin, typed - half, left, 2.0 * half),
        keys,
        cell: Size::new(width, height),
        bottom: room.height - up_to_words,
    }
}

/// One centered column.
fn upright(room: Size, has: Has, m: Metrics) -> Frames {
    let ((typed_height, _), (usual_space, least)) = (rest::DOTS, rest::UPRIGHT_SPACE);
    let grid = m.grid();
    let margin = grid.margin;
    let bottom = room.height - margin;
    let drawn = if has.languages { rest::LANGUAGES } else { 0.0 };
    let languages = rectangle(
        margin - rest::BESIDE_LANGUAGE,
        bottom + rest::BELOW_LANGUAGES.min(margin) - TOUCHED,
        room.width - 2.0 * margin + 2.0 * rest::BESIDE_LANGUAGE,
        TOUCHED,
    );
    let say = if has.languages { rest::UPRIGHT_SAY.0 } else { rest::UPRIGHT_SAY.1 };
    let free = bottom - margin - IDENTITY - say - typed_height - drawn;
    // The code needs its height and two spaces. Where keys would become too small, it is left out.
    let has_help = has.help && 4.0 * TOUCHED + CODE + 2.0 * least * usual_space <= free;
    let help_height = if has_help { CODE } else { 0.0 };
    let spaces = if has_help { 2.0 } else { 1.0 };
    let space = ((free - help_height - 4.0 * grid.pad.cell.1) / spaces).clamp(least * usual_space, usual_space);
    let width = grid.pad.cell.0.min((room.width - 2.0 * margin) / 3.0).max(TOUCHED);
    let height = ((free - help_height - spaces * space) / 4.0).clamp(TOUCHED, grid.pad.cell.1);
    let above = bottom - drawn;
    let help = has_help.then(|| rectangle(margin, above - CODE, room.width - 2.0 * margin, CODE));
    let keys_end = help.map_or(above, |help| help.y - space);
    let keys = Point::new((room.width - 3.0 * width) / 2.0, keys_end - 4.0 * height);
    let typed = keys.y - space - typed_height;
    let top = margin + IDENTITY;
    Frames {
        identity: rectangle(margin, margin, room.width - 2.0 * margin, IDENTITY),
        // Digits are higher than dots.
        say: rectangle(margin, top + steps::TIGHT, room.width - 2.0 * margin, typed - top - 2.0 * steps::TIGHT),
        help,
        languages,
        typed: rectangle(keys.x, typed - rest::DIGITS, 3.0 * width, typed_height + 2.0 * rest::DIGITS),
        keys,
        cell: Size::new(width, height),
        bottom,
    }
}

/// A frame to the four corners, the sentence and the keys in the middle.
fn large(room: Size, has: Has, m: Metrics) -> Frames {
    let (typed_height, below_typed) = rest::DOTS;
    let (grid, margin) = (m.grid(), m.grid().margin);
    let cell = Size::new(grid.pad.cell.0, grid.pad.cell.1);
    let (top, bottom) = (margin + IDENTITY, room.height - margin);
    let middle = rectangle(0.0, top, room.width, bottom - CODE - top);
    let pad_width = if has.pad { 3.0 * cell.width } else { 0.0 };
    let x = (room.width - rest::SAY - pad_width) / 2.0;
    let height = typed_height + below_typed + 4.0 * cell.height;
    let y = middle.y + (middle.height - height) / 2.0;
    let keys = Point::new(x + rest::SAY, y + typed_height + below_typed);
    let half = (room.width - 2.0 * margin) / 2.0;
    Frames {
        identity: rectangle(margin, margin, room.width - 2.0 * margin, IDENTITY),
        say: rectangle(x, middle.y, rest::SAY - margin / 2.0, middle.height),
        help: has.help.then(|| rectangle(margin + half, bottom - CODE, half, CODE)),
        languages: rectangle(
            margin - rest::BESIDE_LANGUAGE,
            bottom + rest::BELOW_LANGUAGES - TOUCHED,
            half + rest::BESIDE_LANGUAGE,
            TOUCHED,
        ),
        typed: rectangle(keys.x, y - rest::DIGITS, 3.0 * cell.width, typed_height + 2.0 * rest::DIGITS),
        keys,
        cell,
        bottom,
    }
}
