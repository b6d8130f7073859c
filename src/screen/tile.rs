//! A tile: the number of a door on a disc, which is the key to type, then its name and one line about its state, both on
//! one left edge.

use std::borrow::Cow;

use iced::{
    Center, Color, Element, Fill, Length, Padding, Size,
    widget::{Row, column, container, row, space},
};

use super::{
    design::{MOST_PIPS, PIP, TileGrid, scale},
    icon::{Icon, icon},
    label::label,
    press::{self, Press, Touch},
    style::TileLook,
    theme::{self, Importance, Metrics},
};
use crate::{
    door::{Allowance, Door, DoorId, DoorState},
    session::Event,
};

/// What the line below the name says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct StateLine {
    pub(super) picture: Option<(Icon, Color)>,
    pub(super) words: String,
    /// Unlocks that are left, and how many the limit allows.
    pub(super) pips: Option<(u32, u32)>,
    /// The color of the words, if it is not the usual one.
    pub(super) color: Option<Color>,
    /// Whether it says only where the door is: it gives way to a second line of the name.
    pub(super) is_place: bool,
}

/// The icon for a door's state, in its color.
pub(super) fn picture(state: DoorState, m: Metrics) -> Option<(Icon, Color)> {
    let (picture, color) = match state {
        DoorState::Ready | DoorState::Remembered => return None,
        DoorState::LockedDown(_) => (Icon::LockKeyhole, m.colors.bad),
        DoorState::NotSetUp => (Icon::Wrench, m.colors.muted),
        DoorState::Open => (Icon::DoorOpen, m.colors.good),
        DoorState::Offline => (Icon::Unplug, m.colors.warning),
        DoorState::NeedsReader => (Icon::SmartphoneNfc, m.colors.muted),
        DoorState::NeedsPosition => (Icon::MapPinOff, m.colors.muted),
    };
    Some((picture, color))
}

/// The pips of an allowance that is not used up.
pub(super) fn pips(door: &Door) -> Option<(u32, u32)> {
    let Allowance { left, of, again } = door.allowance?;
    (again.is_none() && 0 < left && of <= MOST_PIPS).then_some((left, of))
}

/// A tile to draw.
pub(super) struct Tile<'a> {
    pub(super) door: DoorId,
    pub(super) number: usize,
    pub(super) name: Cow<'a, str>,
    /// Font sizes of the name, in pixels.
    pub(super) sizes: [f32; 2],
    pub(super) is_bold: bool,
    pub(super) look: TileLook,
    pub(super) line: StateLine,
    pub(super) message: Option<Event>,
    /// Width and height, in u.
    pub(super) size: Size,
    /// Whether the number stands above the name.
    pub(super) is_tall: bool,
}

impl<'a> Tile<'a> {
    pub(super) fn draw(self, m: Metrics) -> Element<'a, Event> {
        let grid = if self.is_tall { &m.grid().tall } else { &m.grid().tile };
        let (look, size, is_tall, message) = (self.look, self.size, self.is_tall, self.message.clone());
        let door = self.door;
        let number = number(self.number, look, grid.number, m);
        let taken = if self.is_tall { grid.number.0 + grid.gap } else { 0.0 };
        let most = size.height - 2.0 * grid.padding.1 - taken;
        let text = self.text(grid, most, m);
        let face: Element<'_, Event> = if is_tall {
            column![number, space().height(Fill), text].into()
        } else {
            row![number, text].spacing(m.u(grid.gap)).align_y(Center).height(Fill).into()
        };
        let (left, right) = (m.u(grid.padding.0), m.u(grid.right()));
        let padding = Padding { left, right, ..Padding::from([m.u(grid.padding.1), 0.0]) };
        let face = container(face).padding(padding).width(m.u(size.width)).height(m.u(size.height));
        let radius = m.u(grid.radius);
        surface(face, (door, message), move |touch| m.tile_style(look, touch, radius)).hovers(m.panel.is_desk).into()
    }

    /// Name and state, one above the other.
    fn text(self, grid: &TileGrid, most: f32, m: Metrics) -> Element<'a, Event> {
        let has_line = !self.line.words.is_empty();
        let line_height = if has_line { grid.state.0.line + grid.state.1 } else { 0.0 };
        let color = match self.look {
            TileLook::Hollow => m.colors.muted,
            TileLook::Aside => m.colors.faint,
            TileLook::Ready | TileLook::Chosen | TileLook::Asks => m.colors.text,
        };
        let font = if self.is_bold { theme::BOLD } else { theme::FONT };
        let name = label(self.name, Importance::Essential, self.sizes).font(font).color(color);
        let name = name.line(grid.name.ratio()).width(Fill);
        let name = container(name).max_height(m.u((most - line_height).max(grid.name.line / 2.0)));
        let mut lines = column![name].spacing(m.u(grid.state.1));
        if has_line {
            lines = lines.push(state(&self.line, self.look, grid, m));
        }
        lines.width(Fill).into()
    }
}

/// What is pressed to open a door. The session hears of fingers on it, so that no list moves it under one.
pub(super) fn surface<'a>(
    face: impl Into<Element<'a, Event>>,
    (door, message): (DoorId, Option<Event>),
    style: impl Fn(Touch) -> press::Style + 'a,
) -> Press<'a, Event> {
    press::button(face, message, style).watched(Event::DoorHeld(door), Event::DoorReleased(door))
}

/// The number of a door on its disc: side of the disc, and font size.
pub(super) fn number<'a>(number: usize, look: TileLook, (disc, font): (f32, f32), m: Metrics) -> Element<'a, Event> {
    let (disc, font) = (m.u(disc), m.u(font));
    let weight = if look == TileLook::Chosen { theme::BOLD } else { theme::FONT };
    let digits = label(number.to_string(), Importance::Optional, [font, font / 2.0]).line(1.0).font(weight).center();
    press::panel(container(digits).center_x(disc).center_y(disc), m.number_style(look, disc)).into()
}

fn state<'a>(line: &StateLine, look: TileLook, grid: &TileGrid, m: Metrics) -> Element<'a, Event> {
    let is_aside = look == TileLook::Aside;
    let words_color = if is_aside { m.colors.faint } else { line.color.unwrap_or(m.colors.muted) };
    let font = grid.state.0;
    let mut parts = Row::new().spacing(m.u(scale::STATE_GAP)).align_y(Center);
    if let Some((picture, color)) = line.picture {
        let color = if is_aside { m.colors.faint } else { color };
        parts = parts.push(icon(picture, m.u(grid.icon), Some(color)));
    }
    if let Some((left, of)) = line.pips {
        let color = if is_aside { m.colors.faint } else { m.colors.text };
        let side = m.u(PIP.0);
        let pip = |index: u32| -> Element<'a, Event> {
            let edge = if index < left { color } else { words_color };
            let pip = container(space().width(Length::Fixed(side)).height(Length::Fixed(side)));
            pip.style(move |_| m.pip_style(index < left, edge, side)).into()
        };
        parts = parts.push(Row::with_children((0..of).map(pip)).spacing(m.u(PIP.1)));
    }
    let words = label(line.words.clone(), Importance::Optional, m.optional(font)).color(words_color);
    parts.push(words.line(font.ratio()).width(Fill)).into()
}
