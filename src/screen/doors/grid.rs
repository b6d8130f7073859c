//! The layout of the tiles: as many on a page as have names that can be read at arm's length.

use crate::door::Door;

use super::super::theme::Metrics;

/// The width of a bold letter, in em. Rather too wide than too narrow.
const LETTER: f32 = 0.57;
/// The line height of a name, in em. Smaller than in a sentence, so that more doors fit.
pub(super) const LINE: f32 = 1.1;
/// A name with more letters than the first, or a word with more than the second, does not count for the layout and is
/// drawn smaller.
const LONG: (usize, usize) = (26, 13);
/// The maximum height of a wide tile, as a fraction of its width.
const FLAT: f32 = 0.7;
/// The maximum number of columns, and of lines in a name. Our choice.
const MOST: (usize, usize) = (5, 3);

/// How tiles are laid out on a page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// Tiles in a row.
    pub(super) columns: usize,
    /// Tiles on a page.
    pub(super) on_page: usize,
    /// The height of a tile, in pixels.
    pub(super) height: f32,
}

/// The height of a tile without its name: the padding and the status line.
fn rest(m: Metrics) -> f32 {
    2.0 * m.gap() + m.small_line()
}

/// Lays out tiles for these doors in an area of this size.
pub(super) fn grid(doors: &[&Door], size: iced::Size, m: Metrics) -> Grid {
    let mut best: Option<(usize, Grid)> = None;
    for columns in 1..=MOST.0 {
        let width = (size.width - times(columns - 1) * m.gap()) / times(columns);
        let letters = whole((width - 4.0 * m.gap() - m.mm(9.0)) / (LETTER * m.read()[0]));
        let Some(lines) = lines(doors, letters).filter(|lines| *lines <= MOST.1) else { continue };
        let height = rest(m) + times(lines) * m.read()[0] * LINE;
        let height = height.max(m.target());
        let rows = whole((size.height + m.gap()) / (height + m.gap())).max(1);
        let pages = doors.len().div_ceil(columns * rows).max(1);
        // Spare height makes the tiles taller, up to a limit.
        let used = rows.min(doors.len().div_ceil(columns)).max(1);
        let free = (size.height - times(used - 1) * m.gap()) / times(used);
        let found = Grid { columns, on_page: columns * rows, height: free.min(m.mm(46.0).max(FLAT * width)) };
        if best.is_none_or(|(fewest, before)| (pages, is_flat(&found, size)) < (fewest, is_flat(&before, size))) {
            best = Some((pages, found));
        }
    }
    let narrow = Grid { columns: 1, on_page: 1, height: size.height };
    best.map_or(narrow, |(_, grid)| grid)
}

/// Whether the tiles look like strips. Of two layouts with equally many pages, the other one wins.
fn is_flat(grid: &Grid, size: iced::Size) -> bool {
    2.6 * grid.height < size.width / times(grid.columns)
}

/// How many lines the names need at this many letters per line. `None` if a word of usual length does not fit.
fn lines(doors: &[&Door], letters: usize) -> Option<usize> {
    let mut most = 1;
    for door in doors {
        let is_long = LONG.0 < door.name.chars().count();
        let (mut lines, mut used) = (1, 0);
        for word in door.name.split_whitespace().map(|word| word.chars().count()) {
            if letters < word && !is_long && word <= LONG.1 {
                return None;
            }
            if 0 < used && letters < used + 1 + word {
                (lines, used) = (lines + 1, word);
            } else {
                used += word + usize::from(0 < used);
            }
        }
        if !is_long {
            most = most.max(lines);
        }
    }
    (0 < letters).then_some(most)
}

fn times(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

fn whole(value: f32) -> usize {
    (0..64_u16).take_while(|count| f32::from(*count) + 1.0 <= value).count()
}

#[cfg(test)]
mod tests {
    use iced::Size;

    use super::*;
    use crate::{
        door::{DoorId, DoorState},
        language::Language,
        screen::{colors::Colors, theme::Panel, words::words},
    };

    fn check(names: &[&str], size: Size, expected: (usize, usize)) {
        let door = |name: &&str| Door {
            id: DoorId::new(1),
            name: (*name).to_owned(),
            place: None,
            state: DoorState::Ready,
            kisi_name: String::new(),
            allowance: None,
        };
        let doors: Vec<Door> = names.iter().map(door).collect();
        let m = Metrics::new(size, Panel::default(), Colors::DARK, words(Language::En));
        let grid = grid(&doors.iter().collect::<Vec<_>>(), Size::new(m.width(), size.height * 0.78), m);
        assert_eq!((grid.columns, grid.on_page), expected, "{names:?} in {size:?}: {grid:?}");
    }

    #[test]
    fn names_decide_how_many_tiles_are_on_a_page() {
        let wide = Size::new(1280.0, 800.0);
        check(&["Lobby", "Yard"], wide, (2, 8));
        check(&["Main entrance", "Yard", "Office"], wide, (2, 8));
        check(&["Delivery entrance", "Yard", "Office"], wide, (2, 6));
        check(&["A"; 30], wide, (4, 16));
        // A name that is too long for any tile does not count.
        check(&["Lobby", "Delivery entrance Speicherstrasse, rear courtyard, 2nd gate left"], wide, (2, 8));
        let high = Size::new(1080.0, 1920.0);
        check(&["Main entrance", "Yard", "Office"], high, (1, 7));
    }
}
