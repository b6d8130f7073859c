//! The kiosk cannot work: what is wrong, and whom to tell.

use iced::{
    Center, Element, Fill,
    widget::{column, container, text},
};

use super::{
    theme::{self, Metrics, Page},
    words,
};

/// Draws the screen. `what` is for the technician; it never holds a secret.
pub fn view<'a, Message: 'a>(what: &'a str, phone: &'a str, m: Metrics) -> Element<'a, Message> {
    let help = if phone.is_empty() { String::new() } else { words::help(phone) };
    let text = column![
        text(words::OUT_OF_ORDER).size(m.title()).font(theme::BOLD).center(),
        text(words::USE_A_CARD).size(m.body()).center(),
        text(help).size(m.body()).center(),
        text(what).size(m.small()).color(m.colors.muted).center(),
    ];
    let text = text.spacing(m.margin()).max_width(m.column()).align_x(Center);
    container(text).padding(m.margin()).center(Fill).style(move |_| m.page(Page::Notice)).into()
}
