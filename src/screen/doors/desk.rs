//! The doors at a reception desk: sections by place with counts, a search in the header, and what the search finds stays
//! where it is.

mod plan;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use iced::{
    Center, Element, Fill, Size,
    widget::{Row, container, row, space, tooltip},
};

use self::plan::{Plan, Section};
use super::{
    super::{
        colors::Tone,
        design::{SECTION, SUPPORT_ICON, TOUCHED, desk as sizes, scale, space as steps, stroke},
        fonts,
        icon::{Icon, icon},
        label::label,
        pill::{self, pill, stepper},
        press,
        sheet::Sheet,
        style::{self, PillLook, TileLook},
        theme::{self, Importance, Metrics},
        tile::StateLine,
    },
    Shown,
    grid::times,
    head, turned,
};
use crate::{
    door::{Door, DoorState},
    session::{Event, reader::Move, visit::Visit},
};

/// How long the mouse rests on a tile until the whole name is shown.
const HOVER: Duration = Duration::from_millis(400);

/// What a key does that moves among the doors as they are laid out. Only doors that the search finds can be chosen: first
/// that at the top of the page. `None` if there is none, or no other page.
pub fn moved(visit: &Visit, to: Move, now: Instant, m: Metrics) -> Option<Event> {
    let doors = &visit.welcome.doors;
    let plan = Plan::new(doors, m);
    let hits = hits(visit);
    let page = shown_page(visit, now, &plan, hits.as_ref());
    if let Move::Pages(turns) = to {
        let turns = i64::from(turns) + page.turned;
        return (1 < plan.pages.len()).then_some(Event::PageTurned(turns));
    }
    let is_hit = |index: &usize| hits.as_ref().is_none_or(|hits| hits.contains(index));
    let chosen = visit.chosen(now).and_then(|from| doors.iter().position(|door| door.id == from)).filter(is_hit);
    let choose = |index: usize| doors.get(index).map(|door| Event::DoorFocused(door.id));
    // The rows that have a hit, each hit with its column.
    let rows = plan.pages.iter().flatten().map(|line| line.hits(is_hit));
    let rows: Vec<Vec<(usize, usize)>> = rows.filter(|row| !row.is_empty()).collect();
    let order: Vec<usize> = rows.iter().flatten().map(|(_, door)| *door).collect();
    let Some(index) = chosen else {
        let on_page = order.iter().find(|index| plan.page_of(**index) == Some(page.index));
        return choose(*on_page.or_else(|| order.first())?);
    };
    let at = order.iter().position(|door| *door == index)?;
    let place = |row: &Vec<(usize, usize)>| row.iter().find(|(_, door)| *door == index).map(|(column, _)| *column);
    let (row, column) = rows.iter().enumerate().find_map(|(number, row)| Some((number, place(row)?)))?;
    let nearest = |row: Option<usize>| {
        rows.get(row?)?.iter().min_by_key(|(other, _)| other.abs_diff(column)).map(|(_, door)| *door)
    };
    let to = match to {
        Move::Left => at.checked_sub(1).and_then(|at| order.get(at)).copied(),
        Move::Right => order.get(at + 1).copied(),
        Move::Up => nearest(row.checked_sub(1)),
        Move::Down => nearest(row.checked_add(1)),
        Move::Pages(_) => None,
    };
    choose(to.unwrap_or(index))
}

/// The doors that the search finds, by their place on the list. `None` without a search.
fn hits(visit: &Visit) -> Option<BTreeSet<usize>> {
    (!visit.find.letters().is_empty()).then(|| visit.found().filter_map(|(number, _)| number.checked_sub(1)).collect())
}

/// Draws the screen.
pub(super) fn view(shown: Shown<'_>, m: Metrics) -> Element<'_, Event> {
    let visit = shown.visit;
    let doors = &visit.welcome.doors;
    let plan = Plan::new(doors, m);
    let hits = hits(visit);
    let page = shown_page(visit, shown.moment.now, &plan, hits.as_ref());
    let count = hits.as_ref().map_or(doors.len(), BTreeSet::len);
    let mut sheet = header(shown, count, (page, plan.pages.len()), m);
    let area = super::area(false, m);
    let place = m.place(area.x, area.y, area.width, area.height);
    if doors.is_empty() {
        sheet = sheet.with(place, super::no_doors(m));
    } else if visit.find.is_open {
        sheet = sheet.with(place, super::find::letters(visit, area.size(), m));
    } else {
        sheet = tiles(sheet, shown, &plan, (page.index, hits.as_ref()), m);
    }
    sheet.into()
}

/// A page that is shown.
#[derive(Clone, Copy)]
struct Page {
    index: usize,
    /// How many pages the shown one is after the one that turns alone lead to: where a door is chosen, that door's is shown.
    turned: i64,
}

/// The page of the chosen door; else that of the first hit, or the first page, and what was turned since.
fn shown_page(visit: &Visit, now: Instant, plan: &Plan<'_>, hits: Option<&BTreeSet<usize>>) -> Page {
    let number = |page: usize| i64::try_from(page).unwrap_or_default();
    let first = hits.and_then(|hits| plan.page_of(*hits.first()?)).unwrap_or_default();
    let by_turns = turned(visit.page.saturating_add(number(first)), plan.pages.len());
    let chosen = visit.pointed(now).and_then(|chosen| plan.doors.iter().position(|door| door.id == chosen));
    let index = chosen.and_then(|index| plan.page_of(index)).unwrap_or(by_turns);
    Page { index, turned: number(index) - number(by_turns) }
}

fn header(shown: Shown<'_>, count: usize, (page, pages): (Page, usize), m: Metrics) -> Sheet<'_, Event> {
    let (grid, room) = (m.grid(), m.room());
    let (top, width) = (grid.margin - grid.head.0, room.width - 2.0 * grid.margin);
    let field = width * sizes::FIELD_PART;
    let side = (width - field) / 2.0;
    let needed = if 1 < pages { pill::stepper_width(pages) + steps::NEAR } else { 0.0 } + sizes::LOCK;
    let has_field = sizes::FIELD <= field && needed <= side;
    let mut controls = Row::new().align_y(Center);
    if !has_field {
        let spare = m.u((steps::NEAR - pill::round_margin(m)).max(0.0));
        let search: Element<'_, Event> = if shown.visit.find.is_open || !shown.visit.find.letters().is_empty() {
            pill(Icon::X, m.words.say("all-doors"), Event::FindTouched, PillLook::On(Tone::Plain), m).into()
        } else {
            pill::round(Icon::Search, Event::FindTouched, PillLook::On(Tone::Plain), m)
        };
        controls = controls.push(search).push(space().width(spare));
    }
    if 1 < pages {
        controls =
            controls.push(stepper((page.index + 1, pages), page.turned, m)).push(space().width(m.u(steps::NEAR)));
    }
    let controls = controls.push(head::sign_out(shown.rules, Tone::Plain, m));
    let place = |x: f32, width: f32| m.place(x, top, width, TOUCHED);
    let sheet = Sheet::new(m.size);
    if !has_field {
        let row = row![container(greeting(shown, m)).width(Fill), controls].align_y(Center);
        return sheet.with(place(grid.margin, width), row);
    }
    let left = grid.margin + side;
    sheet
        .with(place(grid.margin, side - steps::NEAR), greeting(shown, m))
        .with(place(left, field), search(shown, count, m))
        .with(place(left + field, side), container(controls).width(Fill).align_x(iced::Right))
}

/// The greeting, or what takes its place.
fn greeting(shown: Shown<'_>, m: Metrics) -> Element<'_, Event> {
    let visit = shown.visit;
    let now = shown.moment.now;
    if shown.warning.is_some() || visit.unread(now).is_some() || visit.typed(now).is_some() || visit.welcome.incomplete
    {
        return head::left(shown, false, m);
    }
    let name = Some(visit.welcome.name.as_str()).filter(|name| fonts::is_drawable(name));
    let hello = m.words.hello(name.unwrap_or_default()).trim_end().to_owned();
    let hello = label(hello, Importance::Optional, m.optional(scale::DESK_HELLO)).font(theme::BOLD);
    hello.width(Fill).height(m.u(TOUCHED)).align_y(Center).into()
}

/// The search field shows what is typed. Keys go there from anywhere; touching it clears it.
fn search(shown: Shown<'_>, count: usize, m: Metrics) -> Element<'_, Event> {
    let (visit, now) = (shown.visit, shown.moment.now);
    let typed = visit.typed(now).map_or_else(|| visit.find.letters().to_owned(), |(number, _)| number.to_string());
    let is_typed = !typed.is_empty();
    let height = m.grid().pill.0;
    let words = if is_typed { typed } else { m.words.say("search-field") };
    let words = label(words, Importance::Optional, m.optional(scale::TITLE));
    let caret = is_typed.then(|| style::area(m.colors.accent).width(m.u(stroke::CARET)).height(m.u(steps::BLOCK)));
    let end = (!visit.find.letters().is_empty())
        .then(|| label(m.words.doors(count), Importance::Optional, m.support()).color(m.colors.muted));
    let text = row![words].push(caret).spacing(m.u(scale::CARET_GAP)).align_y(Center).width(Fill);
    let face = row![icon(Icon::Search, m.u(scale::FIELD_ICON), Some(m.colors.muted)), text].push(end);
    let face = face.spacing(m.u(scale::FIELD_GAP)).align_y(Center);
    let face = container(face).padding([0.0, m.u(sizes::BESIDE)]).width(Fill).center_y(m.u(TOUCHED));
    let message = (!visit.find.letters().is_empty()).then_some(Event::FindTouched);
    let inset = m.u(TOUCHED - height) / 2.0;
    press::button(face, message, move |touch| m.field_style(is_typed, touch, m.u(height)))
        .inset(iced::Padding::from([inset, 0.0]))
        .into()
}

fn tiles<'a>(
    mut sheet: Sheet<'a, Event>,
    shown: Shown<'a>,
    plan: &Plan<'a>,
    (page, hits): (usize, Option<&BTreeSet<usize>>),
    m: Metrics,
) -> Sheet<'a, Event> {
    let (area, size) = (super::area(false, m), plan.tile(page));
    let gap = m.grid().gap;
    let has_names = plan.sections.iter().any(|section| section.name.is_some());
    let mut y = area.y;
    let mut last = None;
    for line in plan.pages.get(page).map(Vec::as_slice).unwrap_or_default() {
        if last != Some(line.section) {
            if has_names && let Some(section) = plan.sections.get(line.section) {
                // The gap below the last row is part of the heading's space.
                y += SECTION - if last.is_some() { gap } else { 0.0 };
                let top = y - scale::SUPPORT.line - scale::BELOW_SECTION;
                let place = m.place(area.x, top, area.width, scale::SUPPORT.line);
                sheet = sheet.with(place, heading(section, plan, m));
            }
            last = Some(line.section);
        }
        for (column, index) in line.doors.iter().enumerate() {
            let Some(door) = plan.doors.get(*index) else { continue };
            let x = area.x + times(column) * (size.width + gap);
            let is_hit = hits.map(|hits| hits.contains(index));
            let place = m.place(x, y, size.width, size.height);
            sheet = sheet.with(place, tile(*index, door, shown, (size, is_hit), m));
        }
        y += size.height + gap;
    }
    sheet
}

/// A tile at a desk. Ready doors have no second line, so odd ones show.
fn tile<'a>(
    index: usize,
    door: &'a Door,
    shown: Shown<'a>,
    (size, is_hit): (Size, Option<bool>),
    m: Metrics,
) -> Element<'a, Event> {
    let mut tile = super::tile(index + 1, door, shown, false, m);
    if tile.line.is_place {
        tile.line = StateLine::default();
    }
    tile.is_bold = is_hit == Some(true);
    if is_hit == Some(false) && tile.look != TileLook::Chosen {
        (tile.look, tile.message) = (TileLook::Aside, None);
    }
    tile.size = size;
    let grid = &m.grid().tile;
    let width = size.width - grid.padding.0 - grid.right() - grid.number.0 - grid.gap;
    let lines = if tile.line.words.is_empty() { 2 } else { 1 };
    tile.sizes = [m.u(grid.name.size), m.u(scale::SUPPORT.size)];
    let is_whole = fonts::lines(&tile.name, width / grid.name.size).is_some_and(|needed| needed <= lines);
    let tile = tile.draw(m);
    if is_whole {
        return tile;
    }
    // The name is drawn smaller: the mouse shows it in full size.
    let whole = label(door.name.clone(), Importance::Optional, m.optional(scale::TITLE));
    let style = container::Style {
        background: Some(m.colors.pressed.into()),
        text_color: Some(m.colors.text),
        ..container::Style::default()
    };
    let whole = container(whole).padding(m.u(steps::TIGHT)).max_width(m.u(2.0 * size.width)).style(move |_| style);
    tooltip(tile, whole, tooltip::Position::Bottom).delay(HOVER).into()
}

/// The name of a place, how many doors it has, and how many of them are not as usual.
fn heading<'a>(section: &Section<'_>, plan: &Plan<'_>, m: Metrics) -> Element<'a, Event> {
    let support = |text: String| label(text, Importance::Optional, m.support()).line(scale::SUPPORT.ratio());
    let name = section.name.filter(|name| fonts::is_drawable(name)).map(str::to_owned);
    let name = support(name.unwrap_or_else(|| m.words.say("other-doors"))).font(theme::BOLD);
    let count = support(m.words.doors(section.doors.len())).color(m.colors.muted);
    let doors = || section.doors.iter().filter_map(|index| plan.doors.get(*index));
    let kinds = [
        (Icon::LockKeyhole, m.colors.bad, "sum-locked", doors().filter(|door| is_locked(door)).count()),
        (
            Icon::Unplug,
            m.colors.warning,
            "sum-offline",
            doors().filter(|door| door.state == DoorState::Offline).count(),
        ),
        (
            Icon::Wrench,
            m.colors.muted,
            "sum-not-set-up",
            doors().filter(|door| door.state == DoorState::NotSetUp).count(),
        ),
    ];
    let mut sums = Row::new().spacing(m.u(scale::SUM_GAP)).align_y(Center);
    for (picture, color, key, count) in kinds.into_iter().filter(|(.., count)| 0 < *count) {
        let words = support(m.words.sum(key, count)).color(m.colors.muted);
        let sum = row![icon(picture, m.u(SUPPORT_ICON), Some(color)), words];
        sums = sums.push(sum.spacing(m.u(scale::STATE_GAP)).align_y(Center));
    }
    row![name, count, space().width(Fill), sums].spacing(m.u(scale::HEADING_GAP)).align_y(Center).into()
}

fn is_locked(door: &Door) -> bool {
    matches!(door.state, DoorState::LockedDown(_))
}
