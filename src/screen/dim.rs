//! Nobody has been there for a while: the time and the name, faint and never long in one place. Any touch wakes it.

use iced::{
    Center, Element, Fill, Padding,
    widget::{column, container, text},
};

use super::{
    press,
    sign_in::Labels,
    theme::{self, Metrics},
};
use crate::session::Event;

/// Draws the screen. `minutes` count on: the words drift with them, against burn-in.
pub fn view(labels: &Labels, clock: String, minutes: u64, m: Metrics) -> Element<'_, Event> {
    let words = column![
        text(clock).size(m.clock()).font(theme::BOLD).color(m.colors.faint),
        text(&labels.name).size(m.body()).color(m.colors.faint),
    ];
    let [right, down] = m.drift(minutes);
    let drifted = Padding { top: down, left: right, ..Padding::ZERO };
    let face = container(container(words.align_x(Center)).padding(drifted)).center(Fill);
    press::key(face, Event::WakeTouched, move |_| m.dim_style()).into()
}
