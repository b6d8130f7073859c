//! Pills: buttons with an icon and words, and the two arrows around a page number. What is touched is higher than what is
//! drawn.

use iced::{
    Center, Element, Fill, Padding, Size,
    widget::{container, row, space},
};

use super::{
    colors::Tone,
    design::{PILL_ICON, STEPPER_ICON, STEPPER_NUMBER, TOUCHED, pill as sizes, scale},
    icon::{Icon, icon},
    label::label,
    press::{self, Press},
    sheet::Sheet,
    style::{self, PillLook},
    theme::{self, Importance, Metrics},
};
use crate::session::Event;

/// A pill as wide as its words, or as wide as it may be.
pub(super) fn pill<'a>(picture: Icon, words: String, message: Event, look: PillLook, m: Metrics) -> Press<'a, Event> {
    let words = label(words, Importance::Optional, m.optional(scale::TITLE)).font(theme::BOLD);
    let face = row![icon(picture, m.u(PILL_ICON), None), words].spacing(m.u(sizes::GAP)).align_y(Center);
    let face = container(face).padding([0.0, m.u(m.grid().pill.1)]).center_y(m.u(TOUCHED));
    pressed(face, message, look, m)
}

/// A pill with words in the middle of this width.
pub(super) fn wide<'a>(picture: Icon, words: String, message: Event, look: PillLook, m: Metrics) -> Press<'a, Event> {
    let words = label(words, Importance::Optional, m.optional(scale::TITLE)).font(theme::BOLD);
    let face = row![icon(picture, m.u(PILL_ICON), None), words].spacing(m.u(sizes::GAP)).align_y(Center);
    let face = container(face).padding([0.0, m.u(sizes::BESIDE)]).center_x(Fill).center_y(m.u(TOUCHED));
    pressed(face, message, look, m)
}

/// A round pill with an icon. It reaches beyond its drawn edge on all sides.
pub(super) fn round<'a>(picture: Icon, message: Event, look: PillLook, m: Metrics) -> Element<'a, Event> {
    let (side, height) = (m.u(TOUCHED), m.u(m.grid().pill.0));
    let face = container(icon(picture, m.u(PILL_ICON), None)).center_x(side).center_y(side);
    press::button(face, Some(message), move |touch| m.pill_style(look, touch, height))
        .inset((side - height) / 2.0)
        .hovers(m.panel.is_desk)
        .into()
}

/// How far a round pill reaches beyond its drawn edge, in u.
pub(super) fn round_margin(m: Metrics) -> f32 {
    (TOUCHED - m.grid().pill.0) / 2.0
}

fn pressed<'a>(face: impl Into<Element<'a, Event>>, message: Event, look: PillLook, m: Metrics) -> Press<'a, Event> {
    let height = m.u(m.grid().pill.0);
    let inset = (m.u(TOUCHED) - height) / 2.0;
    press::button(face, Some(message), move |touch| m.pill_style(look, touch, height))
        .inset(Padding::from([inset, 0.0]))
        .hovers(m.panel.is_desk)
}

/// The page number between two arrows. `turned`: how far the shown page is from the visit's own.
pub(super) fn stepper<'a>((page, pages): (usize, usize), turned: i64, m: Metrics) -> Element<'a, Event> {
    let (target, height) = (TOUCHED, m.grid().pill.0);
    let width = stepper_width(pages);
    let arrow = |picture: Icon, pages: i64| -> Element<'a, Event> {
        let face = container(icon(picture, m.u(STEPPER_ICON), None)).center_x(m.u(target)).center_y(m.u(target));
        let inset = m.u(target - height) / 2.0;
        let style = move |touch| {
            let mut style = m.pill_style(PillLook::On(Tone::Plain), touch, m.u(height));
            if touch == press::Touch::None {
                // The pill behind both arrows is drawn once.
                style = style::bare(style.text);
            }
            style
        };
        press::button(face, Some(Event::PageTurned(turned + pages)), style).inset(inset).hovers(m.panel.is_desk).into()
    };
    let behind = m.pill_style(PillLook::On(Tone::Plain), press::Touch::None, m.u(height));
    let back = press::panel(space().width(Fill).height(Fill), behind);
    let number = label(m.words.page(page, pages), Importance::Optional, m.support()).color(m.colors.muted);
    let number = number.width(Fill).height(Fill).center();
    let top = (target - height) / 2.0;
    Sheet::new(Size::new(m.u(width), m.u(target)))
        .with(m.place(0.0, top, width, height), back)
        .with(m.place(target, 0.0, width - 2.0 * target, target), number)
        .with(m.place(0.0, 0.0, target, target), arrow(Icon::ChevronLeft, -1))
        .with(m.place(width - target, 0.0, target, target), arrow(Icon::ChevronRight, 1))
        .into()
}

/// Width of the stepper, in u.
pub(super) fn stepper_width(pages: usize) -> f32 {
    2.0 * TOUCHED + if pages < 10 { STEPPER_NUMBER.0 } else { STEPPER_NUMBER.1 }
}
