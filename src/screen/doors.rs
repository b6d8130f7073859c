//! Somebody is signed in: one big button for each door, what became of the last one, and how long there is.

use std::time::{Duration, Instant};

use iced::{
    Center, Color, Element, Fill, Length,
    widget::{Column, Row, column, container, row, space, text},
};

use super::{
    press,
    theme::{self, Metrics, Page},
};
use crate::{
    door::{Door, Outcome},
    session::{
        Event,
        visit::{Attempt, Visit},
    },
};

/// Draws the screen. `warning` is how long there is, once that is said.
pub fn view(visit: &Visit, warning: Option<Duration>, now: Instant, m: Metrics) -> Element<'_, Event> {
    let doors = &visit.welcome.doors;
    let (columns, rows) = m.grid(doors.len());
    let on_page = columns * rows;
    let pages = doors.len().div_ceil(on_page).max(1);
    let page = usize::try_from(visit.page.rem_euclid(i64::try_from(pages).unwrap_or(1))).unwrap_or_default();
    let rows = rows.min(doors.len().div_ceil(columns));
    let places = doors.iter().filter_map(|door| door.place.as_ref().map(|place| place.id));
    let names_place = places.collect::<std::collections::HashSet<_>>().len() > 1;
    let tiles = doors.iter().enumerate().skip(page * on_page).take(on_page);
    let tiles: Vec<Element<'_, Event>> =
        tiles.map(|(index, door)| tile(index + 1, door, (visit, now), names_place, (rows, m))).collect();
    let body = if doors.is_empty() { no_doors(m) } else { grid(tiles, columns, m) };
    let shown = if matches!(visit.attempt, Attempt::Done(..)) { Page::Outcome } else { Page::Doors };
    let page = column![
        header(visit, m),
        container(body).height(Fill),
        footer(visit, (warning, now), (pages > 1).then_some((page + 1, pages)), m),
    ];
    container(page.spacing(m.margin()))
        .padding(m.margin())
        .width(Fill)
        .height(Fill)
        .style(move |_| m.page(shown))
        .into()
}

fn header(visit: &Visit, m: Metrics) -> Element<'_, Event> {
    let hello =
        text(m.words.hello(&visit.welcome.name)).size(m.title()).font(theme::BOLD).wrapping(text::Wrapping::None);
    let hint = if visit.welcome.incomplete { m.words.say("incomplete") } else { m.words.say("tap-a-door") };
    let hint = if visit.welcome.doors.is_empty() { String::new() } else { hint };
    let left = container(column![hello, text(hint).size(m.small()).color(m.colors.muted)]).width(Fill).clip(true);
    let style = move |pressed| m.quiet_style(pressed);
    let sign_out = button(m.words.say("sign-out"), Event::SignOutTouched, style, m);
    row![left, sign_out].spacing(m.margin()).height(m.header_height()).align_y(Center).into()
}

fn grid(tiles: Vec<Element<'_, Event>>, columns: usize, m: Metrics) -> Element<'_, Event> {
    let mut rows = Vec::new();
    let mut tiles = tiles.into_iter().peekable();
    while tiles.peek().is_some() {
        let mut in_row: Vec<Element<'_, Event>> = tiles.by_ref().take(columns).collect();
        while in_row.len() < columns {
            in_row.push(space().width(Fill).into());
        }
        rows.push(Row::with_children(in_row).spacing(m.gap()).into());
    }
    Column::with_children(rows).spacing(m.gap()).into()
}

/// Number, name, place, and what is known of the door: before a tap its state, then what became of it.
fn tile<'a>(
    number: usize,
    door: &'a Door,
    (visit, now): (&'a Visit, Instant),
    names_place: bool,
    (rows, m): (usize, Metrics),
) -> Element<'a, Event> {
    let rest = visit.rest(door.id, now);
    let (status, edge) = status(door, visit.attempt, rest, m);
    // What a keypad has chosen.
    let is_typed = visit.typed(now).and_then(|(_, typed)| typed).is_some_and(|typed| typed.id == door.id);
    let edge = if is_typed { Some(m.colors.accent) } else { edge };
    let place = door.place.as_ref().filter(|_| names_place).map_or("", |place| place.name.as_str());
    let can_be_tried = door.can_be_tried() && rest.is_none();
    let name = text(&door.name).size(m.door(door.name.chars().count())).font(theme::BOLD);
    let name = if can_be_tried { name } else { name.color(m.colors.muted) };
    let top = row![
        text(number.to_string()).size(m.small()).color(m.colors.muted),
        text(place).size(m.small()).color(m.colors.muted).width(Fill).align_x(iced::Alignment::End),
    ];
    // What became of a tap is told by its words and its size, not by its colour alone.
    let status = match edge {
        Some(edge) => text(status).size(m.body()).font(theme::BOLD).color(edge),
        None => text(status).size(m.small()).color(m.colors.muted),
    };
    let face = column![top, container(name).height(Fill).center_y(Fill), status];
    let face = container(face).padding(m.gap()).width(Fill).height(m.tile_height(rows)).clip(true);
    let message = can_be_tried.then_some(Event::DoorTouched(door.id));
    press::button(face, message, move |pressed| m.tile_style(edge, pressed)).into()
}

fn status(door: &Door, attempt: Attempt, rest: Option<Duration>, m: Metrics) -> (String, Option<Color>) {
    match attempt {
        Attempt::Asked(asked, _) if asked == door.id => (m.words.say("tap-again"), Some(m.colors.warning)),
        Attempt::Opening(_, opening, _) if opening == door.id => (m.words.say("sending"), Some(m.colors.accent)),
        Attempt::Done(done, outcome, _) if done == door.id => {
            let again = rest.filter(|_| outcome.refusal().is_some()).map(|rest| m.words.again_in(rest));
            (joined([m.words.outcome(outcome), again.unwrap_or_default()]), Some(color(outcome, m)))
        }
        Attempt::None | Attempt::Asked(..) | Attempt::Opening(..) | Attempt::Done(..) => {
            // One line: while a door rests, for how long is all there is to say.
            if let Some(rest) = rest.filter(|_| door.state.can_be_tried()) {
                return (m.words.again_in(rest), None);
            }
            let left =
                door.allowance.filter(|_| door.state.can_be_tried()).map(|allowance| m.words.allowance(allowance));
            (joined([m.words.state(door.state), left.unwrap_or_default()]), None)
        }
    }
}

fn joined(said: [String; 2]) -> String {
    said.into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn color(outcome: Outcome, m: Metrics) -> Color {
    match outcome {
        Outcome::Accepted | Outcome::Opened => m.colors.good,
        Outcome::Refused(_) | Outcome::NotSent | Outcome::NotRecorded | Outcome::Limited | Outcome::WrongClock => {
            m.colors.bad
        }
        Outcome::StillClosed | Outcome::Unknown(_) => m.colors.warning,
    }
}

fn no_doors<'a>(m: Metrics) -> Element<'a, Event> {
    let text = column![
        text(m.words.say("no-doors")).size(m.title()).font(theme::BOLD),
        text(m.words.say("no-doors-advice")).size(m.body()).color(m.colors.muted),
    ];
    container(text.spacing(m.gap()).align_x(Center)).center(Fill).into()
}

/// Left what happened, right what can be done. The strip is always there, so that nothing moves.
fn footer(
    visit: &Visit,
    (warning, now): (Option<Duration>, Instant),
    page: Option<(usize, usize)>,
    m: Metrics,
) -> Element<'_, Event> {
    let typed = visit.typed(now).map(|(number, door)| m.words.typed(number, door.map(|door| door.name.as_str())));
    let said: Element<'_, Event> = match visit.attempt {
        _ if typed.is_some() => text(typed.unwrap_or_default()).size(m.body()).color(m.colors.accent).into(),
        Attempt::Done(_, outcome, _) => {
            let said = m.words.advice(outcome);
            let size = m.sentence(said.chars().count());
            text(said).size(size).color(color(outcome, m)).into()
        }
        Attempt::None | Attempt::Asked(..) | Attempt::Opening(..) => space().into(),
    };
    let countdown: Element<'_, Event> = match warning {
        Some(left) => text(m.words.signing_out(left)).size(m.small()).color(m.colors.warning).into(),
        None => space().into(),
    };
    let left = column![said, countdown].width(Fill);
    let mut parts = Row::new().push(left).spacing(m.margin()).height(m.footer_height()).align_y(Center);
    if let Some((page, pages)) = page {
        let style = move |pressed| m.quiet_style(pressed);
        parts = parts.push(button(m.words.page(page, pages), Event::PageTurned(1), style, m));
    }
    if warning.is_some() {
        let style = move |pressed| m.urgent_style(pressed);
        parts = parts.push(button(m.words.say("still-here"), Event::StillHereTouched, style, m));
    }
    parts.into()
}

fn button<'a>(
    label: String,
    message: Event,
    style: impl Fn(bool) -> press::Style + 'a,
    m: Metrics,
) -> Element<'a, Event> {
    let face = container(text(label).size(m.small()).font(theme::BOLD).center());
    let face = face.center_x(Length::Fixed(m.button().width)).center_y(m.button().height);
    press::button(face, Some(message), style).into()
}
