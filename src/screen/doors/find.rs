//! Letter keys to search for a door, for people with many doors and no keyboard. Only letters that lead to a door are
//! shown.

use iced::{
    Element, Fill, Size,
    widget::{Column, Row, container, space},
};

use super::super::{
    label::label,
    press,
    theme::{self, Importance, Metrics},
};
use crate::session::{Event, visit::Visit};

/// Maximum number of columns. Our choice.
const COLUMNS: u16 = 12;

/// Draws the letters as large as fits.
pub(super) fn letters<'a>(visit: &Visit, size: Size, m: Metrics) -> Element<'a, Event> {
    let letters: Vec<char> = visit.find.next(&visit.welcome.doors).into_iter().collect();
    let sides = (1..=COLUMNS).map(|columns| {
        let rows = f32::from(u16::try_from(letters.len().div_ceil(columns.into())).unwrap_or(u16::MAX).max(1));
        let width = (size.width + m.gap()) / f32::from(columns) - m.gap();
        (columns, Size::new(width, (size.height + m.gap()) / rows - m.gap()))
    });
    let shorter = |key: &Size| key.width.min(key.height);
    let best = sides.max_by(|(_, a), (_, b)| shorter(a).total_cmp(&shorter(b)));
    let (columns, key) = best.map_or((1, size), |(columns, key)| (usize::from(columns), key));
    let height = key.height.min(2.0 * m.target());
    let rows = letters.chunks(columns).map(|in_row| {
        let keys = in_row.iter().map(|letter| letter_key(*letter, height, m));
        let rest = (in_row.len()..columns).map(|_| space().width(Fill).into());
        Row::with_children(keys.chain(rest)).spacing(m.gap()).into()
    });
    Column::with_children(rows).spacing(m.gap()).into()
}

fn letter_key<'a>(letter: char, height: f32, m: Metrics) -> Element<'a, Event> {
    let face = label(letter.to_uppercase().to_string(), Importance::Essential, m.key_text()).font(theme::BOLD);
    let face = container(face).center_x(Fill).center_y(height);
    press::key(face, Event::LetterTouched(letter), move |pressed| m.key_style(pressed)).into()
}
