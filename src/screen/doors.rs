//! The doors screen: one large tile per door, the outcome of the last tap, and the time left.

mod find;
mod grid;
mod outcome;

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use iced::{
    Center, Color, Element, Fill, Length, Size,
    widget::{Column, Row, column, container, row, space},
};

use self::grid::{Grid, LINE, grid};
use super::{
    fonts,
    icon::{Icon, icon},
    label::label,
    motion::ring,
    press,
    theme::{self, Backdrop, Importance, Metrics},
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

/// Draws the screen.
pub fn view<'a>(visit: &'a Visit, rules: &'a Rules, warning: Warning, now: Instant, m: Metrics) -> Element<'a, Event> {
    let found: Vec<(usize, &Door)> = visit.found().collect();
    let doors: Vec<&Door> = found.iter().map(|(_, door)| *door).collect();
    let place = place(m);
    let grid = grid(&doors, place, m);
    let pages = doors.len().div_ceil(grid.on_page).max(1);
    let turned = usize::try_from(visit.page.rem_euclid(i64::try_from(pages).unwrap_or(1))).unwrap_or_default();
    // A typed number shows the page of its tile.
    let typed = visit.typed(now).and_then(|(number, _)| found.iter().position(|(known, _)| *known == number));
    let page = typed.map_or(turned, |index| index / grid.on_page);
    let on_page = found.into_iter().skip(page * grid.on_page).take(grid.on_page);
    let is_covered = matches!(visit.attempt, Attempt::Opening(..) | Attempt::Done(..));
    let body = match visit.attempt {
        Attempt::Opening(_, door, _) => outcome::sending(name_of(visit, door), place.height, m),
        Attempt::Done(door, outcome, _) => {
            let rest = visit.rest(door, now);
            outcome::done(name_of(visit, door), (outcome, visit.record), rest, place.height, m)
        }
        Attempt::None | Attempt::Asked(..) if visit.find.is_open => find::letters(visit, place, m),
        Attempt::None | Attempt::Asked(..) if visit.welcome.doors.is_empty() => no_doors(m),
        Attempt::None | Attempt::Asked(..) if doors.is_empty() => none_found(visit, m),
        Attempt::None | Attempt::Asked(..) => tiles(on_page.collect(), (visit, now), grid, m),
    };
    let turn = Turn { page, pages, is_covered, can_find: MANY < visit.welcome.doors.len() };
    let sign_out = sign_out(rules, m);
    let (turns, still_here) = (turns(turn, visit, m), still_here(warning, m));
    let is_alone = turn.pages < 2 && !turn.can_find && !is_covered;
    let hint = hint(visit, rules, is_alone || m.is_portrait(), m);
    let who = who(visit, warning, now, hint, m);
    let content = if m.is_portrait() {
        let foot = row![turns, space().width(Fill), still_here].spacing(m.gap()).height(m.target());
        column![row![who, sign_out].spacing(m.margin()).height(m.target()), container(body).height(Fill), foot]
    } else {
        let head =
            if is_typing(visit, warning, now) { row![who, sign_out] } else { row![who, turns, still_here, sign_out] };
        column![head.spacing(m.margin()).height(m.target()), container(body).height(Fill)]
    };
    let backdrop = if is_covered { Backdrop::Third } else { Backdrop::Second };
    container(content.spacing(m.margin()))
        .padding(m.margin())
        .width(Fill)
        .height(Fill)
        .style(move |_| m.page(backdrop))
        .into()
}

/// The area between the strips at the edges.
fn place(m: Metrics) -> Size {
    let strips = if m.is_portrait() { 2.0 } else { 1.0 };
    let height = m.size.height - 2.0 * m.margin() - strips * (m.target() + m.margin());
    Size::new(m.width(), height)
}

fn is_typing(visit: &Visit, warning: Warning, now: Instant) -> bool {
    warning.is_none() && (visit.typed(now).is_some() || visit.unread(now).is_some())
}

/// The greeting, the typed number, a badge that was not read, or the countdown.
fn who(visit: &Visit, warning: Warning, now: Instant, hint: Option<String>, m: Metrics) -> Element<'_, Event> {
    let said: Element<'_, Event> = if let Some((left, of)) = warning {
        let seconds = label(m.words.signing_out(left), Importance::Optional, m.medium()).color(m.colors.warning);
        let seconds = seconds.width(Fill).height(Fill).align_y(Center);
        row![ring(left, of, m.target(), m), seconds].spacing(m.margin()).align_y(Center).into()
    } else if let Some(denial) = visit.unread(now) {
        let said = label(m.words.denial(denial), Importance::Optional, m.medium()).color(m.colors.bad);
        said.width(Fill).height(Fill).align_y(Center).into()
    } else if let Some((number, door)) = visit.typed(now) {
        let name = door.map(|door| shown_name(door, number));
        let said = m.words.typed(number, name.as_deref());
        // Optional text: the tile shows it too.
        label(said, Importance::Optional, m.name())
            .color(m.colors.accent)
            .width(Fill)
            .height(Fill)
            .align_y(Center)
            .into()
    } else {
        let name = Some(visit.welcome.name.as_str()).filter(|name| fonts::is_drawable(name));
        let hello = m.words.hello(name.unwrap_or_default());
        let hello = label(hello.trim_end().to_owned(), Importance::Optional, m.name()).font(theme::BOLD);
        let hello = hello.width(Fill).height(Fill).align_y(Center);
        match hint {
            Some(hint) => {
                let hint = label(hint, Importance::Optional, m.small())
                    .color(m.colors.muted)
                    .width(Fill)
                    .height(m.small_line());
                column![hello, hint].into()
            }
            None => hello.into(),
        }
    };
    container(said).width(Fill).height(m.target()).into()
}

/// The hint below the greeting, if there is room.
fn hint(visit: &Visit, rules: &Rules, has_room: bool, m: Metrics) -> Option<String> {
    match visit {
        _ if visit.welcome.doors.is_empty() => None,
        _ if !visit.find.letters().is_empty() => Some(m.words.found(visit.find.letters(), visit.found().count())),
        _ if visit.welcome.incomplete => Some(m.words.say("incomplete")),
        _ if rules.reception => Some(m.words.say("type-a-name")),
        _ => has_room.then(|| m.words.say("tap-a-door")),
    }
}

/// What decides which page buttons are shown.
#[derive(Clone, Copy)]
struct Turn {
    page: usize,
    pages: usize,
    is_covered: bool,
    can_find: bool,
}

/// The page buttons, the search, or the way back to the doors: always in the same place.
fn turns<'a>(turn: Turn, visit: &Visit, m: Metrics) -> Element<'a, Event> {
    let quiet = move |pressed| m.quiet_style(pressed);
    let small = |picture: Icon, event: Event| -> Element<'a, Event> {
        let face = container(icon(picture, m.icon(m.read()), None)).center_x(m.target()).center_y(m.target());
        press::button(face, Some(event), quiet).into()
    };
    let mut parts = Row::new().spacing(m.gap()).align_y(Center);
    if turn.is_covered {
        if let Attempt::Done(..) = visit.attempt {
            let words = m.words.say("other-doors");
            parts = parts.push(button(Icon::ChevronLeft, words, Event::OutcomeDismissed, quiet, m));
        }
        return parts.into();
    }
    if visit.find.is_open || !visit.find.letters().is_empty() {
        return button(Icon::X, m.words.say("all-doors"), Event::FindTouched, quiet, m);
    }
    if turn.can_find {
        parts = parts.push(small(Icon::Search, Event::FindTouched));
    }
    if 1 < turn.pages {
        let page =
            label(m.words.page(turn.page + 1, turn.pages), Importance::Optional, m.small()).color(m.colors.muted);
        parts = parts.push(small(Icon::ChevronLeft, Event::PageTurned(-1)));
        parts = parts.push(small(Icon::ChevronRight, Event::PageTurned(1)));
        parts = parts.push(container(page.width(m.mm(10.0))));
    }
    parts.into()
}

/// The "I'm still here" button. Without a countdown its place stays empty.
fn still_here<'a>(warning: Warning, m: Metrics) -> Element<'a, Event> {
    match warning {
        Some(_) => {
            let style = move |pressed| m.urgent_style(pressed);
            button(Icon::Hand, m.words.say("still-here"), Event::StillHereTouched, style, m)
        }
        None => space().width(m.button().width).into(),
    }
}

fn sign_out<'a>(rules: &Rules, m: Metrics) -> Element<'a, Event> {
    let (picture, words) =
        if rules.reception { (Icon::LockKeyhole, "lock-screen") } else { (Icon::LogOut, "sign-out") };
    button(picture, m.words.say(words), Event::SignOutTouched, move |pressed| m.quiet_style(pressed), m)
}

/// A button with an icon and words.
fn button<'a>(
    picture: Icon,
    words: String,
    message: Event,
    style: impl Fn(bool) -> press::Style + 'a,
    m: Metrics,
) -> Element<'a, Event> {
    let words =
        label(words, Importance::Optional, m.medium()).font(theme::BOLD).width(Fill).height(Fill).align_y(Center);
    let face = row![icon(picture, m.icon(m.medium()) * 1.2, None), words].spacing(m.mm(1.6)).align_y(Center);
    let face = container(face).padding([0.0, m.mm(2.0)]).width(m.button().width).height(m.button().height);
    press::button(face, Some(message), style).into()
}

/// The tiles of a page.
fn tiles<'a>(
    doors: Vec<(usize, &'a Door)>,
    (visit, now): (&'a Visit, Instant),
    Grid { columns, height, .. }: Grid,
    m: Metrics,
) -> Element<'a, Event> {
    let mut places = visit.welcome.doors.iter().filter_map(|door| door.place.as_ref().map(|place| place.id));
    let first = places.next();
    let names_place = places.any(|place| Some(place) != first);
    // The door that a typed number or the search has selected.
    let typed = visit.typed(now).and_then(|(_, door)| door);
    let chosen = typed.or_else(|| visit.only_found()).map(|door| door.id);
    let mut rows = Column::new().spacing(m.gap());
    for in_row in doors.chunks(columns) {
        let mut tiles = Row::new().spacing(m.gap());
        for place in 0..columns {
            tiles = tiles.push(match in_row.get(place) {
                Some((number, door)) => {
                    tile(*number, door, (visit, now), (chosen == Some(door.id), names_place), height, m)
                }
                None => space().width(Fill).into(),
            });
        }
        rows = rows.push(tiles);
    }
    container(rows).center_y(Fill).into()
}

/// A tile: number, name and status.
fn tile<'a>(
    number: usize,
    door: &'a Door,
    (visit, now): (&'a Visit, Instant),
    (is_chosen, names_place): (bool, bool),
    height: f32,
    m: Metrics,
) -> Element<'a, Event> {
    let rest = visit.rest(door.id, now);
    let can_be_tried = door.can_be_tried() && rest.is_none();
    let is_asked = matches!(visit.attempt, Attempt::Asked(asked, _) if asked == door.id);
    let edge = match (is_asked, is_chosen) {
        (true, _) => Some(m.colors.warning),
        (false, true) => Some(m.colors.accent),
        (false, false) => None,
    };
    let color = if can_be_tried { m.colors.text } else { m.colors.muted };
    let name =
        label(shown_name(door, number), Importance::Essential, m.name()).font(theme::BOLD).line(LINE).color(color);
    let number = label(number.to_string(), Importance::Optional, m.medium()).color(m.colors.muted).width(m.mm(9.0));
    let top = row![number, name.width(Fill).height(Fill).align_y(Center)].spacing(m.gap()).height(Fill).align_y(Center);
    let face = column![top, status(door, is_asked, rest, names_place, m)].spacing(m.mm(0.4));
    let face = container(face).padding([m.gap(), 1.5 * m.gap()]).width(Fill).height(Length::Fixed(height));
    let message = can_be_tried.then_some(Event::DoorTouched(door.id));
    press::button(face, message, move |pressed| m.tile_style(edge, pressed)).into()
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

/// The line below the name: the door's state, or its place.
fn status(door: &Door, is_asked: bool, rest: Option<Duration>, names_place: bool, m: Metrics) -> Element<'_, Event> {
    let left = door
        .allowance
        .filter(|_| door.state.can_be_tried())
        .map(|allowance| m.words.allowance(allowance, m.panel.clock_24h));
    let (picture, words, color): (Option<Icon>, String, Color) = match rest {
        _ if is_asked => (Some(Icon::Hand), m.words.say("tap-again"), m.colors.warning),
        // While a door cannot be tapped, only the countdown matters.
        Some(rest) if door.state.can_be_tried() => (Some(Icon::Hourglass), m.words.again_in(rest), m.colors.muted),
        Some(_) | None => {
            let words = joined([m.words.state(door.state, m.panel.clock_24h), left.unwrap_or_default()]);
            (Icon::of_state(door.state), words, m.colors.muted)
        }
    };
    // There is only one line: the door's state matters more than its place.
    let place = door.place.as_ref().filter(|place| names_place && words.is_empty() && fonts::is_drawable(&place.name));
    let words = place.map_or(words, |place| place.name.clone());
    let words = label(words, Importance::Optional, m.small()).color(color).width(Fill).height(Fill).align_y(Center);
    let mut parts = Row::new().spacing(m.mm(1.2)).align_y(Center).height(m.small_line());
    if let Some(picture) = picture {
        parts = parts.push(icon(picture, m.icon(m.small()), Some(color)));
    }
    parts.push(words).into()
}

fn joined(said: [String; 2]) -> String {
    said.into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn none_found<'a>(visit: &Visit, m: Metrics) -> Element<'a, Event> {
    let found = label(m.words.found(visit.find.letters(), 0), Importance::Essential, m.read()).width(Fill);
    container(found.color(m.colors.muted).center()).center(Fill).into()
}

fn no_doors<'a>(m: Metrics) -> Element<'a, Event> {
    let text = column![
        label(m.words.say("no-doors"), Importance::Essential, m.read()).font(theme::BOLD).width(Fill).center(),
        label(m.words.say("no-doors-advice"), Importance::Essential, m.read())
            .color(m.colors.muted)
            .width(Fill)
            .center(),
    ];
    container(text.spacing(m.margin())).center(Fill).into()
}
