//! The screen of a kiosk that cannot work: what is wrong, and whom to call.

use iced::{
    Center, Element, Fill, Rectangle,
    alignment::Vertical,
    widget::{column, row, space},
};

use super::{
    colors::Tone,
    design::{Form, PILL_ICON, outcome, scale, space as steps},
    doors::place_words,
    emblem::{Picture, Shape},
    icon::{Icon, icon},
    label::label,
    page::{Backdrop, Page},
    sheet::Sheet,
    style,
    theme::{self, Importance, Metrics},
};

/// The page behind the screen.
pub const PAGE: Page = Page::plain(Backdrop::First);

/// Draws the screen. `what` is the error for the technician. It never contains a secret.
pub fn view<'a, Message: 'a>(what: &'a str, phone: &'a str, m: Metrics) -> Element<'a, Message> {
    let (grid, room) = (m.grid(), m.room());
    let align = if m.is_upright() { iced::Alignment::Center } else { iced::Alignment::Start };
    let font = grid.message;
    let read = |text: String| {
        let text = label(text, Importance::Essential, m.essential(font)).line(font.ratio());
        text.width(Fill).align_x(align).balanced()
    };
    let call = (!phone.is_empty()).then(|| {
        let number = label(phone, Importance::Essential, m.essential(font)).line(font.ratio());
        let picture = icon(Icon::Phone, m.u(PILL_ICON), Some(m.colors.muted));
        column![space().height(m.u(steps::NEAR)), row![picture, number].spacing(m.u(steps::NEAR)).align_y(Center)]
    });
    let words = column![read(m.words.say("out-of-order")).font(theme::BOLD), read(m.words.say("use-a-card"))];
    let words = words.push(call).spacing(m.u(steps::NEAR)).align_x(align);
    let why = if m.form == Form::Seven { outcome::WHY.0 } else { outcome::WHY.1 } * scale::SUPPORT.line;
    let width = room.width - 2.0 * grid.margin;
    let bottom = room.height - grid.margin - why;
    let place = Rectangle { x: grid.margin, y: grid.margin, width, height: bottom - steps::APART - grid.margin };
    let what = label(what, Importance::Optional, m.support()).line(scale::SUPPORT.ratio()).color(m.colors.muted);
    let what = what.width(Fill).height(Fill).align_x(align).align_y(Vertical::Bottom);
    let rule = style::area(m.colors.line).height(m.hairline());
    let silhouette = ((Shape::Diamond, Picture::Mark('!')), (Tone::Warning, m.colors.background));
    let sheet = place_words(Sheet::new(m.size), place, silhouette, words, m)
        .with(m.place(grid.margin, bottom - steps::NEAR, width, steps::HAIR), rule)
        .with(m.place(grid.margin, bottom, width, why), what);
    sheet.into()
}
