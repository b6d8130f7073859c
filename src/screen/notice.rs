//! The kiosk cannot work: what is wrong, and whom to tell.

use iced::{
    Center, Element, Fill,
    widget::{column, container, text},
};

use super::theme::{self, Metrics, Page};

/// Draws the screen. `what` is for the technician; it never holds a secret.
pub fn view<'a, Message: 'a>(what: &'a str, phone: &'a str, m: Metrics) -> Element<'a, Message> {
    let help = if phone.is_empty() { String::new() } else { m.words.help(phone) };
    let text = column![
        text(m.words.say("out-of-order")).size(m.title()).font(theme::BOLD).center(),
        text(m.words.say("use-a-card")).size(m.body()).center(),
        text(help).size(m.body()).center(),
        text(what).size(m.small()).color(m.colors.muted).center(),
    ];
    let text = text.spacing(m.margin()).max_width(m.column()).align_x(Center);
    container(text).padding(m.margin()).center(Fill).style(move |_| m.page(Page::Notice)).into()
}
