//! Letter keys to search for a door, for people with many doors and no keyboard. Only letters that lead to a door are
//! shown.

use iced::{
    Element, Fill, Size,
    widget::{Column, Row, container, space},
};

use super::{
    super::{
        design::{TOUCHED, space as steps},
        label::label,
        press,
        style::KeyLook,
        theme::{Importance, Metrics},
    },
    grid::times,
};
use crate::session::{Event, visit::Visit};

/// Maximum number of columns. Our choice.
const COLUMNS: usize = 12;

/// Draws the letters as large as fits in this area, in u.
pub(super) fn letters<'a>(visit: &Visit, size: Size, m: Metrics) -> Element<'a, Event> {
    let letters: Vec<char> = visit.find.next(&visit.welcome.doors).into_iter().collect();
    let sides = (1..=COLUMNS).map(|columns| {
        let rows = times(letters.len().div_ceil(columns).max(1));
        (columns, Size::new(size.width / times(columns), size.height / rows))
    });
    let shorter = |key: &Size| key.width.min(key.height);
    let best = sides.max_by(|(_, a), (_, b)| shorter(a).total_cmp(&shorter(b)));
    let (columns, key) = best.unwrap_or((1, size));
    let key = Size::new(key.width, key.height.min(2.0 * TOUCHED));
    let rows = letters.chunks(columns).map(|in_row| {
        let keys = in_row.iter().map(|letter| letter_key(*letter, key, m));
        let rest = (in_row.len()..columns).map(|_| space().width(Fill).into());
        Row::with_children(keys.chain(rest)).into()
    });
    Column::with_children(rows).into()
}

/// A letter on a disc.
fn letter_key<'a>(letter: char, key: Size, m: Metrics) -> Element<'a, Event> {
    let disc = key.width.min(key.height) - steps::HAIR;
    let font = m.grid().pad.digit.min(disc / 2.0);
    let face = label(letter.to_uppercase().to_string(), Importance::Essential, [m.u(font), m.u(font)]).line(1.0);
    let face = container(face).center_x(m.u(key.width)).center_y(m.u(key.height));
    let inset = [m.u(key.height - disc) / 2.0, m.u(key.width - disc) / 2.0];
    press::key(face, Event::LetterTouched(letter), move |touch| m.key_style(KeyLook::Ready, touch, m.u(disc)))
        .inset(inset)
        .into()
}
