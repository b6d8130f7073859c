//! The screen of a kiosk that cannot work: what is wrong, and whom to call.

use iced::{
    Center, Element, Fill,
    widget::{column, container, row},
};

use super::{
    icon::{Icon, icon},
    label::label,
    theme::{self, Backdrop, Importance, Metrics},
};

/// Draws the screen. `what` is the error for the technician. It never contains a secret.
pub fn view<'a, Message: 'a>(what: &'a str, phone: &'a str, m: Metrics) -> Element<'a, Message> {
    let align = if m.is_portrait() { iced::Alignment::Center } else { iced::Alignment::Start };
    let read = |text: String| label(text, Importance::Essential, m.read()).width(Fill).align_x(align);
    let help = (!phone.is_empty()).then(|| read(m.words.help(phone)));
    let words = column![read(m.words.say("out-of-order")).font(theme::BOLD), read(m.words.say("use-a-card"))];
    let words = words.push(help).spacing(m.margin());
    let picture = icon(Icon::TriangleAlert, m.emblem(m.size.height) * 0.6, Some(m.colors.warning));
    let said: Element<'_, Message> = if m.is_portrait() {
        column![picture, words].spacing(2.0 * m.margin()).align_x(Center).into()
    } else {
        row![picture, words].spacing(2.0 * m.margin()).align_y(Center).into()
    };
    let what = label(what, Importance::Optional, m.small()).color(m.colors.muted);
    let what = what.width(Fill).height(m.size.height * 0.2).align_x(align).align_y(iced::alignment::Vertical::Bottom);
    let text = column![container(said).center_y(Fill), what].spacing(m.margin()).max_width(m.view().width);
    container(text).padding(2.0 * m.margin()).center_x(Fill).style(move |_| m.page(Backdrop::First)).into()
}
