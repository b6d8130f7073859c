//! Where the doors are at a desk: in sections, rows and pages.

use iced::Size;

use super::super::{
    super::{
        design::{DESK_TILE, SECTION, desk as sizes},
        theme::Metrics,
    },
    area,
    grid::{times, whole},
};
use crate::door::Door;

/// Doors of one place.
pub(super) struct Section<'a> {
    pub(super) name: Option<&'a str>,
    /// Where on the list they are.
    pub(super) doors: Vec<usize>,
}

/// A row of tiles: its section, and where on the list its doors are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) section: usize,
    pub(super) doors: Vec<usize>,
}

impl Line {
    /// The columns and doors that the search finds.
    pub(super) fn hits(&self, is_hit: impl Fn(&usize) -> bool) -> Vec<(usize, usize)> {
        self.doors.iter().copied().enumerate().filter(|(_, door)| is_hit(door)).collect()
    }
}

/// All doors, in sections and pages.
pub(super) struct Plan<'a> {
    pub(super) doors: &'a [Door],
    pub(super) sections: Vec<Section<'a>>,
    pub(super) pages: Vec<Vec<Line>>,
    /// Width of a tile, and its height on each page, in u.
    width: f32,
    heights: Vec<f32>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(doors: &'a [Door], m: Metrics) -> Self {
        let area = area(false, m);
        let sections = sections(doors);
        let has_names = sections.iter().any(|section| section.name.is_some());
        let gap = m.grid().gap;
        let most = whole((area.width + gap) / (DESK_TILE.0 + gap)).max(1);
        let split = |columns| pages(&sections, columns, has_names, area.height, gap);
        let rows = |columns| split(columns).iter().map(Vec::len).collect::<Vec<_>>();
        // As few columns as make equally many rows: names have more room.
        let fewest = rows(most);
        let columns = (1..=most).find(|columns| rows(*columns) == fewest).unwrap_or(most);
        let pages = split(columns);
        let heights = pages.iter().map(|page| row_height(page, has_names, area.height, gap));
        let heights: Vec<f32> = heights.map(|height| height.clamp(DESK_TILE.1, DESK_TILE.2)).collect();
        let width = (area.width - times(columns - 1) * gap) / times(columns);
        Self { doors, sections, pages, width, heights }
    }

    /// The size of the tiles of a page: on no page higher than on the first.
    pub(super) fn tile(&self, page: usize) -> Size {
        let height = |page: usize| self.heights.get(page).copied().unwrap_or(DESK_TILE.1);
        Size::new(self.width, height(page).min(height(0)))
    }

    pub(super) fn page_of(&self, index: usize) -> Option<usize> {
        self.pages.iter().position(|page| page.iter().any(|line| line.doors.contains(&index)))
    }
}

/// Groups doors by place, in the order in which the places come first.
fn sections(doors: &[Door]) -> Vec<Section<'_>> {
    let mut sections: Vec<(Option<crate::door::PlaceId>, Section<'_>)> = Vec::new();
    for (index, door) in doors.iter().enumerate() {
        let place = door.place.as_ref();
        let id = place.map(|place| place.id);
        match sections.iter_mut().find(|(known, _)| *known == id) {
            Some((_, section)) => section.doors.push(index),
            None => sections.push((id, Section { name: place.map(|place| place.name.as_str()), doors: vec![index] })),
        }
    }
    sections.into_iter().map(|(_, section)| section).collect()
}

/// Fills pages with rows.
fn pages(sections: &[Section<'_>], columns: usize, has_names: bool, height: f32, gap: f32) -> Vec<Vec<Line>> {
    let mut pages: Vec<Vec<Line>> = vec![Vec::new()];
    for (section, Section { doors, .. }) in sections.iter().enumerate() {
        for in_row in doors.chunks(columns) {
            let line = Line { section, doors: in_row.to_vec() };
            let Some(page) = pages.last_mut() else { continue };
            page.push(line.clone());
            // The lower margin gives way a little first.
            if 1 < page.len() && row_height(page, has_names, height + sizes::SPARE, gap) < DESK_TILE.1 {
                let _ = page.pop();
                pages.push(vec![line]);
            }
        }
    }
    pages
}

/// How high the tiles of a page can be.
fn row_height(page: &[Line], has_names: bool, height: f32, gap: f32) -> f32 {
    let sections = page.chunk_by(|a, b| a.section == b.section).count();
    let headers = if has_names { times(sections) * SECTION } else { times(sections.saturating_sub(1)) * gap };
    let rows = times(page.len());
    (height - headers - (rows - times(sections)) * gap) / rows.max(1.0)
}
