//! The layout of the tiles on a wall: a fixed number of columns, and as many rows as make the fewest pages. All names on a
//! page have one size.

use iced::{Rectangle, Size};

use super::super::{
    design::{Form, TALL, TILE_SPARE, TOUCHED, TileGrid, scale},
    fonts,
    theme::Metrics,
};

/// How tiles are laid out on a page. Lengths in u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) tile: Size,
    /// The top left corner of the first tile.
    pub(super) at: (f32, f32),
    /// Whether numbers stand above names.
    pub(super) is_tall: bool,
}

impl Grid {
    /// Lays out tiles for doors with these names in an area, in u.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>, area: Rectangle, m: Metrics) -> Self {
        let (grid, columns) = (m.grid(), m.grid().columns);
        let width = (area.width - times(columns - 1) * grid.gap) / times(columns);
        let letters = (width - beside(&grid.tile, false)) / (fonts::LETTER * grid.tile.name.size);
        let (mut count, mut lines) = (0_usize, 1);
        for name in names {
            count += 1;
            lines = lines.max(fonts::estimated_lines(name, letters));
        }
        let least = least(&grid.tile, lines);
        let most_rows = whole((area.height + grid.gap + TILE_SPARE) / (least + grid.gap)).max(1);
        let pages = |rows: usize| count.div_ceil(columns * rows).max(1);
        let rows = (1..=most_rows).find(|rows| pages(*rows) == pages(most_rows)).unwrap_or(1);
        let height = ((area.height - times(rows - 1) * grid.gap) / times(rows)).min(grid.most_tile);
        let used = times(rows) * (height + grid.gap) - grid.gap;
        let down = if m.form == Form::Large { (area.height - used) / 2.0 } else { 0.0 };
        let at = (area.x, area.y + down);
        Self { columns, rows, tile: Size::new(width, height), at, is_tall: TALL <= height }
    }

    /// Tiles on a page.
    pub(super) fn on_page(&self) -> usize {
        self.columns * self.rows
    }

    /// The place of a tile on its page, in pixels.
    pub(super) fn place(&self, index: usize, m: Metrics) -> Rectangle {
        let gap = m.grid().gap;
        let (column, row) = (times(index % self.columns), times(index / self.columns));
        let (x, y) = (self.at.0 + column * (self.tile.width + gap), self.at.1 + row * (self.tile.height + gap));
        m.place(x, y, self.tile.width, self.tile.height)
    }

    /// The size of all names on a page, in u.
    pub(super) fn name_size<'a>(&self, names: impl Iterator<Item = &'a str> + Clone, m: Metrics) -> f32 {
        let grid = if self.is_tall { &m.grid().tall } else { &m.grid().tile };
        let width = self.tile.width - beside(grid, self.is_tall);
        let usual = names.filter(|name| !fonts::is_long(name));
        let mut size = grid.name.size;
        while scale::TITLE.size < size {
            let most = self.lines(grid, size);
            let fits = |name: &str| fonts::lines(name, width / size).is_some_and(|lines| lines <= most);
            if usual.clone().all(fits) {
                return size;
            }
            size *= fonts::STEP;
        }
        scale::TITLE.size
    }

    /// How many lines of a name of this size stand above a line of state.
    fn lines(&self, grid: &TileGrid, size: f32) -> usize {
        let above = if self.is_tall { grid.number.0 + grid.gap } else { 0.0 };
        let free = self.tile.height - 2.0 * grid.padding.1 - above - grid.state.0.line - grid.state.1;
        whole(free / (grid.name.line * size / grid.name.size)).max(1)
    }

    /// Whether this name needs the line of state too.
    pub(super) fn needs_all(&self, name: &str, size: f32, m: Metrics) -> bool {
        let grid = if self.is_tall { &m.grid().tall } else { &m.grid().tile };
        let width = self.tile.width - beside(grid, self.is_tall);
        fonts::lines(name, width / size).is_none_or(|lines| self.lines(grid, size) < lines)
    }
}

/// What stands beside a name in its tile, in u.
fn beside(grid: &TileGrid, is_tall: bool) -> f32 {
    grid.padding.0 + grid.right() + if is_tall { 0.0 } else { grid.number.0 + grid.gap }
}

/// The height that a tile needs for a name of so many lines and its state.
fn least(grid: &TileGrid, lines: usize) -> f32 {
    let text = times(lines) * grid.name.line + grid.state.0.line + grid.state.1;
    (text + 2.0 * grid.padding.1).max(TOUCHED)
}

pub(in super::super) fn times(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// The whole part of a small number that is not negative.
pub(in super::super) fn whole(value: f32) -> usize {
    (0..512_u16).take_while(|count| f32::from(*count) + 1.0 <= value).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        language::Language,
        screen::{colors::Colors, theme::Panel, words::words},
    };

    fn check(names: &[&str], size: Size, mm: f32, expected: (usize, usize, bool)) {
        let panel = Panel { width_mm: Some(mm), ..Panel::default() };
        let m = Metrics::new(size, panel, Colors::DARK, words(Language::En));
        let area = super::super::area(false, m);
        let grid = Grid::new(names.iter().copied(), area, m);
        assert_eq!((grid.columns, grid.rows, grid.is_tall), expected, "{names:?} in {size:?}: {grid:?}");
    }

    #[test]
    fn rows_are_as_few_as_make_the_fewest_pages() {
        let ten = Size::new(1280.0, 800.0);
        check(&["Lobby", "Yard"], ten, 217.0, (2, 1, true));
        check(&["Lobby"; 6], ten, 217.0, (2, 3, false));
        check(&["Lobby"; 8], ten, 217.0, (2, 4, false));
        // Two pages in any case: larger tiles.
        check(&["Lobby"; 9], ten, 217.0, (2, 3, false));
        // A name of two lines needs a higher tile. One that is too long for any does not count.
        check(&["Goods and parcel lobby"; 8], ten, 217.0, (2, 2, true));
        check(&["Delivery entrance Speicherstrasse, rear courtyard"; 8], ten, 217.0, (2, 4, false));
        check(&["Lobby"; 6], Size::new(800.0, 480.0), 154.0, (2, 3, false));
        check(&["Lobby"; 6], Size::new(1080.0, 1920.0), 194.0, (1, 6, false));
        check(&["Lobby"; 6], Size::new(1920.0, 1080.0), 527.0, (3, 2, true));
        check(&["Lobby"; 30], Size::new(1920.0, 1080.0), 527.0, (3, 5, false));
    }
}
