//! The tile of somebody's only door: it fills the screen.

use iced::{
    Element, Fill, Size,
    widget::{column, container, row, space},
};

use super::{
    super::{
        design::{
            only::{LEAD, NUMBER, PADDING, RADIUS},
            scale, space as steps,
        },
        icon::{Icon, icon},
        label::label,
        press,
        style::TileLook,
        theme::{self, Importance, Metrics},
        tile,
    },
    Shown,
};
use crate::{door::Door, session::Event};

pub(super) fn door<'a>(shown: Shown<'a>, number: usize, door: &'a Door, size: Size, m: Metrics) -> Element<'a, Event> {
    let tile = super::tile(number, door, shown, true, m);
    let look = tile.look;
    let is_small = size.height < 3.0 * LEAD.0;
    let padding = if is_small { PADDING / 2.0 } else { PADDING };
    let name = label(tile.name, Importance::Essential, m.essential(scale::ONLY_DOOR));
    let name = name.font(if look == TileLook::Hollow { theme::FONT } else { theme::BOLD });
    let color = if look == TileLook::Hollow { m.colors.muted } else { m.colors.text };
    let name = name.line(scale::ONLY_DOOR.ratio()).color(color).width(Fill);
    let picture = tile.line.picture.map(|(picture, color)| icon(picture, m.u(scale::TITLE.size), Some(color)));
    let words = label(tile.line.words, Importance::Optional, m.optional(scale::TITLE));
    let words = words.color(tile.line.color.unwrap_or(m.colors.muted)).width(Fill);
    let state = row![].push(picture).push(words).spacing(m.u(steps::TIGHT)).align_y(iced::Center);
    let below = size.height - 2.0 * padding - NUMBER.0 - steps::TIGHT - scale::TITLE.line - steps::TIGHT;
    let text = column![container(name).max_height(m.u(below)), state].spacing(m.u(steps::TIGHT)).width(Fill);
    let leads = tile.message.is_some();
    let lead = leads.then(|| {
        let disc = m.u(LEAD.0);
        let style = m.number_style(TileLook::Chosen, disc);
        let picture = icon(Icon::LockOpen, disc * LEAD.1, Some(m.colors.background));
        press::panel(container(picture).center_x(disc).center_y(disc), style)
    });
    let foot = row![text].push(lead).spacing(m.u(steps::APART)).align_y(iced::alignment::Vertical::Bottom);
    let number = tile::number(tile.number, look, NUMBER, m);
    let face = column![number, space().height(Fill), foot];
    let face = container(face).padding(m.u(padding)).width(Fill).height(m.u(size.height));
    tile::surface(face, (door.id, tile.message), move |touch| m.tile_style(look, touch, m.u(RADIUS))).into()
}
