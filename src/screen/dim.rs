//! The dimmed screen: the time and the name, faint and moving against burn-in. Any touch wakes it.

use iced::{
    Center, Element, Fill, Padding,
    widget::{column, container},
};

use super::{
    design::scale,
    label::label,
    press,
    sign_in::Labels,
    theme::{Importance, Metrics},
};
use crate::session::Event;

/// Draws the screen. The words drift with `minutes`, against burn-in.
pub fn view<'a>(labels: &'a Labels, clock: &str, minutes: u64, m: Metrics) -> Element<'a, Event> {
    let words = column![
        label(clock.to_owned(), Importance::Optional, m.optional(scale::DIM_CLOCK)).color(m.colors.faint),
        label(&labels.name, Importance::Optional, m.optional(scale::TITLE)).color(m.colors.faint),
    ];
    let [right, down] = m.drift(minutes);
    let drifted = Padding { top: down, left: right, ..Padding::ZERO };
    let face = container(container(words.align_x(Center)).padding(drifted)).center(Fill);
    press::key(face, Event::WakeTouched, move |_| m.dim_style()).into()
}
