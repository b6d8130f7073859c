//! The kiosk cannot work: what is wrong, and whom to tell.

use iced::{
    Center, Element, Fill,
    widget::{column, container},
};

use super::{
    icon::{Icon, icon},
    label::label,
    theme::{self, Grade, Metrics, Page},
};

/// Draws the screen. `what` is for the technician; it never holds a secret.
pub fn view<'a, Message: 'a>(what: &'a str, phone: &'a str, m: Metrics) -> Element<'a, Message> {
    let help = if phone.is_empty() { String::new() } else { m.words.help(phone) };
    let read = |text: String| label(text, Grade::Must, m.read()).width(Fill).align_x(Center);
    let text = column![
        icon(Icon::TriangleAlert, m.emblem(m.size.height) * 0.6, Some(m.colors.warning)),
        read(m.words.say("out-of-order")).font(theme::BOLD),
        read(m.words.say("use-a-card")),
        read(help),
        label(what, Grade::May, m.small()).color(m.colors.muted).width(Fill).align_x(Center),
    ];
    let text = text.spacing(m.margin()).align_x(Center);
    container(text).padding(2.0 * m.margin()).center(Fill).style(move |_| m.page(Page::Notice)).into()
}
