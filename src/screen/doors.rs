//! The doors screen: one tile per door, the outcome of the last tap, and the time left.

mod desk;
mod find;
mod grid;
mod head;
mod only;
mod outcome;

use std::{borrow::Cow, time::Duration};

use iced::{
    Center, Element, Fill, Rectangle, Size,
    widget::{column, container},
};

pub use self::desk::moved;
use self::grid::Grid;
pub(super) use self::{
    grid::{times, whole},
    outcome::place_words,
};
use super::{
    Moment,
    design::{Form, TOUCHED, scale, space},
    fonts,
    icon::Icon,
    label::label,
    page::{Backdrop, Page},
    sheet::Sheet,
    style::TileLook,
    theme::{self, Importance, Metrics},
    tile::{self, StateLine, Tile},
};
use crate::{
    door::{Door, DoorId},
    session::{
        Event,
        rules::Rules,
        visit::{Attempt, Visit},
    },
};

/// With more doors than this, people can search by name (`design.md`, section 2).
const MANY: usize = 24;

/// The time left and the length of the countdown, while it is shown.
pub type Warning = Option<(Duration, Duration)>;

/// What the screen shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The visit.
    pub visit: &'a Visit,
    /// The site's rules.
    pub rules: &'a Rules,
    /// The countdown, if it runs.
    pub warning: Warning,
    /// The time.
    pub moment: Moment,
}

/// The page behind the screen.
pub(super) fn page(visit: &Visit) -> Page {
    match visit.attempt {
        Attempt::Opening(..) => Page::plain(Backdrop::Third),
        Attempt::Done(_, outcome, _) => outcome::page(outcome),
        Attempt::None | Attempt::Asked(..) => Page::plain(Backdrop::Second),
    }
}

/// Draws the screen.
pub fn view(shown: Shown<'_>, m: Metrics) -> Element<'_, Event> {
    let visit = shown.visit;
    match visit.attempt {
        Attempt::Opening(_, door, _) => outcome::sending(shown, name_of(visit, door), m),
        Attempt::Done(door, outcome, _) => outcome::done(shown, (door, outcome), m),
        Attempt::None | Attempt::Asked(..) if m.form == Form::Desk => desk::view(shown, m),
        Attempt::None | Attempt::Asked(..) => wall(shown, m),
    }
}

/// The room for tiles below the header, in u. `has_foot`: buttons stand below them.
fn area(has_foot: bool, m: Metrics) -> Rectangle {
    let (grid, room) = (m.grid(), m.room());
    let top = grid.margin - grid.head.0 + TOUCHED + grid.head.1;
    let foot = if has_foot { TOUCHED + grid.gap - grid.head.0 } else { 0.0 };
    let size = Size::new(room.width - 2.0 * grid.margin, room.height - grid.margin - top - foot);
    Rectangle::new(iced::Point::new(grid.margin, top), size)
}

/// The screen on a wall.
fn wall(shown: Shown<'_>, m: Metrics) -> Element<'_, Event> {
    let visit = shown.visit;
    let found: Vec<(usize, &Door)> = visit.found().collect();
    let is_typing = visit.find.is_open;
    let names = || found.iter().map(|(_, door)| door.name.as_str());
    let can_find = MANY < visit.welcome.doors.len();
    let mut area = area(false, m);
    let mut grid = Grid::new(names(), area, m);
    let has_foot = m.is_upright() && (can_find || grid.on_page() < found.len() || is_typing);
    if has_foot {
        area = self::area(true, m);
        grid = Grid::new(names(), area, m);
    }
    let pages = found.len().div_ceil(grid.on_page()).max(1);
    // A typed number shows the page of its tile.
    let typed =
        visit.typed(shown.moment.now).and_then(|(number, _)| found.iter().position(|(known, _)| *known == number));
    let page = typed.map_or_else(|| turned(visit.page, pages), |index| index / grid.on_page());
    let turns = head::Turns { page, pages, can_find };
    let mut sheet = head::head(shown, turns, has_foot, m);
    let place = m.place(area.x, area.y, area.width, area.height);
    sheet = match found.as_slice() {
        _ if is_typing => sheet.with(place, find::letters(visit, area.size(), m)),
        [] if visit.welcome.doors.is_empty() => sheet.with(place, no_doors(m)),
        [] => sheet.with(place, none_found(visit, m)),
        [(number, door)] if visit.welcome.doors.len() == 1 => {
            sheet.with(place, only::door(shown, *number, door, area.size(), m))
        }
        all => {
            let on_page: Vec<_> = all.iter().skip(page * grid.on_page()).take(grid.on_page()).copied().collect();
            tiles(sheet, &on_page, shown, grid, m)
        }
    };
    sheet.into()
}

/// The page that is shown after so many turns forward or back.
fn turned(turns: i64, pages: usize) -> usize {
    usize::try_from(turns.rem_euclid(i64::try_from(pages).unwrap_or(1).max(1))).unwrap_or_default()
}

/// The tiles of a page.
fn tiles<'a>(
    mut sheet: Sheet<'a, Event>,
    doors: &[(usize, &'a Door)],
    shown: Shown<'a>,
    grid: Grid,
    m: Metrics,
) -> Sheet<'a, Event> {
    let size = grid.name_size(doors.iter().map(|(_, door)| door.name.as_str()), m);
    let names_place = has_places(shown.visit);
    for (index, (number, door)) in doors.iter().enumerate() {
        let mut tile = tile(*number, door, shown, names_place, m);
        tile.is_bold &= tile.look != TileLook::Hollow;
        tile.sizes = [m.u(size), m.u(scale::SUPPORT.size)];
        (tile.size, tile.is_tall) = (grid.tile, grid.is_tall);
        if tile.line.is_place && grid.needs_all(&door.name, size, m) {
            tile.line = StateLine::default();
        }
        sheet = sheet.with(grid.place(index, m), tile.draw(m));
    }
    sheet
}

/// Whether the doors are in more than one place.
fn has_places(visit: &Visit) -> bool {
    let mut places = visit.welcome.doors.iter().filter_map(|door| door.place.as_ref().map(|place| place.id));
    let first = places.next();
    places.any(|place| Some(place) != first)
}

/// The tile of a door, without its size.
fn tile<'a>(number: usize, door: &'a Door, shown: Shown<'a>, names_place: bool, m: Metrics) -> Tile<'a> {
    let Shown { visit, moment, .. } = shown;
    let rest = visit.rest(door.id, moment.now);
    let can_be_tried = door.can_be_tried() && rest.is_none();
    let is_asked = matches!(visit.attempt, Attempt::Asked(asked, _) if asked == door.id);
    let look = match (can_be_tried, is_asked) {
        (_, true) => TileLook::Asks,
        (_, false) if visit.chosen(moment.now) == Some(door.id) => TileLook::Chosen,
        (true, false) => TileLook::Ready,
        (false, false) => TileLook::Hollow,
    };
    Tile {
        door: door.id,
        number,
        name: shown_name(door, number),
        sizes: [0.0, 0.0],
        is_bold: true,
        look,
        line: state_line(door, is_asked, rest, names_place, (moment, m)),
        message: can_be_tried.then_some(Event::DoorTouched(door.id)),
        size: Size::ZERO,
        is_tall: false,
    }
}

/// The line below the name: the door's state, or its place.
fn state_line(
    door: &Door,
    is_asked: bool,
    rest: Option<Duration>,
    names_place: bool,
    (moment, m): (Moment, Metrics),
) -> StateLine {
    let (colors, in_24h) = (m.colors, m.panel.clock_24h);
    if is_asked {
        let picture = Some((Icon::Hand, colors.warning));
        return StateLine {
            picture,
            words: m.words.say("tap-again"),
            color: Some(colors.warning),
            ..StateLine::default()
        };
    }
    // While a door cannot be tapped, only the countdown matters.
    if let Some(rest) = rest.filter(|_| door.state.can_be_tried()) {
        let picture = Some((Icon::Hourglass, colors.muted));
        return StateLine { picture, words: m.words.again_in(rest), ..StateLine::default() };
    }
    let state = m.words.state(door.state, moment.today, in_24h);
    let left = door.allowance.filter(|_| door.state.can_be_tried()).map(|left| m.words.allowance(left, in_24h));
    let words = [state, left.unwrap_or_default()];
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|words| !words.is_empty()).collect();
    if !words.is_empty() {
        let picture = tile::picture(door.state, m);
        let pips = tile::pips(door).filter(|_| picture.is_none());
        return StateLine { picture, words: words.join(" · "), pips, ..StateLine::default() };
    }
    // There is only one line: the door's state matters more than its place.
    let place = door.place.as_ref().filter(|place| names_place && fonts::is_drawable(&place.name));
    let words = place.map(|place| place.name.clone()).unwrap_or_default();
    StateLine { words, is_place: true, ..StateLine::default() }
}

/// The door's name, or its number if no font draws the name.
fn shown_name(door: &Door, number: usize) -> Cow<'_, str> {
    if fonts::is_drawable(&door.name) { door.name.as_str().into() } else { number.to_string().into() }
}

/// The name of the door that was tapped. Empty if it is not on the list any more.
fn name_of(visit: &Visit, door: DoorId) -> Cow<'_, str> {
    let mut doors = visit.welcome.doors.iter().enumerate();
    let found = doors.find(|(_, known)| known.id == door);
    found.map_or(Cow::Borrowed(""), |(at, door)| shown_name(door, at + 1))
}

fn none_found<'a>(visit: &Visit, m: Metrics) -> Element<'a, Event> {
    let sizes = m.essential(scale::READ);
    let found = label(m.words.found(visit.find.letters(), 0), Importance::Essential, sizes).width(Fill);
    container(found.color(m.colors.muted).center()).center(Fill).into()
}

fn no_doors<'a>(m: Metrics) -> Element<'a, Event> {
    let sizes = m.essential(scale::READ);
    let text = column![
        label(m.words.say("no-doors"), Importance::Essential, sizes).font(theme::BOLD).width(Fill).center().balanced(),
        label(m.words.say("no-doors-advice"), Importance::Essential, sizes)
            .color(m.colors.muted)
            .width(Fill)
            .center()
            .balanced(),
    ];
    container(text.spacing(m.u(space::NEAR)).align_x(Center)).center(Fill).into()
}
