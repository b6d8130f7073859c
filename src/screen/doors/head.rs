//! The header: the greeting or what takes its place, the search, the pages, and the way out, always at the right.

use std::time::Duration;

use iced::{
    Center, Element, Fill, Padding,
    widget::{Row, column, container, row, space},
};

use super::{
    super::{
        colors::Tone,
        design::{COUNTDOWN_RING, Form, TOUCHED, pill as sizes, scale, space as steps},
        emblem, fonts,
        icon::Icon,
        label::label,
        pill::{self, pill, stepper},
        press,
        sheet::Sheet,
        style::PillLook,
        theme::{self, Importance, Metrics},
    },
    Shown, shown_name,
};
use crate::session::{Event, rules::Rules};

/// What decides which page buttons are shown.
#[derive(Clone, Copy)]
pub(super) struct Turns {
    pub(super) page: usize,
    pub(super) pages: usize,
    pub(super) can_find: bool,
}

impl Turns {
    fn has_buttons(self, shown: Shown<'_>, m: Metrics) -> bool {
        // On seven inches, the countdown needs the room.
        if m.form == Form::Seven && shown.warning.is_some() {
            return false;
        }
        self.can_find || 1 < self.pages || shown.visit.find.is_open || !shown.visit.find.letters().is_empty()
    }
}

/// A page with its header. `has_foot`: search and pages stand below the tiles.
pub(super) fn head(shown: Shown<'_>, turns: Turns, has_foot: bool, m: Metrics) -> Sheet<'_, Event> {
    let (grid, room) = (m.grid(), m.room());
    let top = grid.margin - grid.head.0;
    let width = room.width - 2.0 * grid.margin;
    let is_alone = has_foot || !turns.has_buttons(shown, m);
    let left = container(left(shown, is_alone, m)).width(Fill);
    let mut row = row![left].align_y(Center);
    if !is_alone {
        row = row.push(buttons(shown, turns, m));
    }
    let row = row.push(sign_out(shown.rules, Tone::Plain, m));
    let sheet = Sheet::new(m.size).with(m.place(grid.margin, top, width, TOUCHED), row);
    if !has_foot {
        return sheet;
    }
    let y = room.height - grid.margin - TOUCHED + grid.head.0;
    sheet.with(m.place(grid.margin, y, width, TOUCHED), buttons(shown, turns, m))
}

/// The search and the pages, each followed by the space to the next part.
fn buttons(shown: Shown<'_>, turns: Turns, m: Metrics) -> Row<'_, Event> {
    let (visit, plain) = (shown.visit, PillLook::On(Tone::Plain));
    let near = || space().width(m.u(steps::NEAR));
    if visit.find.is_open || !visit.find.letters().is_empty() {
        let all = pill(Icon::X, m.words.say("all-doors"), Event::FindTouched, plain, m);
        return row![all, near()];
    }
    let mut row = Row::new().align_y(Center);
    if turns.can_find {
        let spare = m.u((steps::NEAR - pill::round_margin(m)).max(0.0));
        row = row.push(pill::round(Icon::Search, Event::FindTouched, plain, m)).push(space().width(spare));
    }
    if 1 < turns.pages {
        row = row.push(stepper((turns.page + 1, turns.pages), 0, m)).push(near());
    }
    row
}

/// The way out: a person signs out, a desk is locked.
pub(super) fn sign_out<'a>(rules: &Rules, tone: Tone, m: Metrics) -> Element<'a, Event> {
    let (picture, words) =
        if rules.reception { (Icon::LockKeyhole, "lock-screen") } else { (Icon::LogOut, "sign-out") };
    pill(picture, m.words.say(words), Event::SignOutTouched, PillLook::On(tone), m).into()
}

/// The countdown, a badge that was not read, the typed number, or the greeting. `is_alone`: only the way out is beside it.
pub(super) fn left(shown: Shown<'_>, is_alone: bool, m: Metrics) -> Element<'_, Event> {
    let Shown { visit, rules, warning, moment } = shown;
    let sentence = |text: String, color| {
        let label = label(text, Importance::Optional, m.optional(m.grid().hello)).color(color);
        label.width(Fill).height(m.u(TOUCHED)).align_y(Center).into()
    };
    if let Some((left, of)) = warning {
        return countdown(left, of, is_alone, m);
    }
    if let Some(denial) = visit.unread(moment.now) {
        return sentence(m.words.denial(denial), m.colors.text);
    }
    if let Some((number, door)) = visit.typed(moment.now) {
        let name = door.map(|door| shown_name(door, number));
        // Optional text: the tile shows it too.
        return sentence(m.words.typed(number, name.as_deref()), m.colors.text);
    }
    let name = Some(visit.welcome.name.as_str()).filter(|name| fonts::is_drawable(name));
    let hello = m.words.hello(name.unwrap_or_default()).trim_end().to_owned();
    let font = m.grid().hello;
    let hello = label(hello, Importance::Optional, m.optional(font)).line(font.ratio()).width(Fill);
    let hint = hint(shown, rules, is_alone, m).map(|hint| {
        label(hint, Importance::Optional, m.support()).line(scale::SUPPORT.ratio()).color(m.colors.muted).width(Fill)
    });
    let lines = column![container(hello).max_height(m.u(font.line))].push(hint);
    container(lines).height(m.u(TOUCHED)).align_y(Center).into()
}

/// The hint below the greeting.
fn hint(shown: Shown<'_>, rules: &Rules, is_alone: bool, m: Metrics) -> Option<String> {
    let visit = shown.visit;
    match visit.welcome.doors.as_slice() {
        [] => None,
        _ if !visit.find.letters().is_empty() => Some(m.words.found(visit.find.letters(), visit.found().count())),
        _ if visit.welcome.incomplete => Some(m.words.say("incomplete")),
        _ if rules.reception => Some(m.words.say("type-a-name")),
        // Beside other buttons a small panel has no room for what a person finds without it.
        _ if !is_alone && m.form == Form::Seven => None,
        [_] => Some(m.words.say("tap-the-door")),
        _ => Some(m.words.say("tap-a-door")),
    }
}

/// Ring, words and button of the countdown are one pill.
fn countdown<'a>(left: Duration, of: Duration, is_alone: bool, m: Metrics) -> Element<'a, Event> {
    let (height, what, why) = m.grid().countdown;
    let (target, ring) = (TOUCHED, COUNTDOWN_RING * height);
    let spare = (height - ring) / 2.0;
    let line = |text: String, font: super::super::design::Type| {
        label(text, Importance::Optional, m.optional(font)).line(font.ratio()).width(Fill)
    };
    let words = column![
        container(line(m.words.say("still-here"), what).font(theme::BOLD)).max_height(m.u(what.line)),
        line(m.words.signing_out(left), why)
    ];
    // A slim screen has no room for the ring: the words say the seconds too.
    let ring = (m.form != Form::Slim).then(|| emblem::countdown(left, of, m.u(ring), m));
    let before = if ring.is_some() { spare } else { steps::BLOCK };
    let face = row![].push(ring).push(words).spacing(m.u(sizes::COUNTDOWN.0)).align_y(Center);
    let padding = Padding { left: m.u(before), right: m.u(sizes::COUNTDOWN.1), ..Padding::ZERO };
    let face = container(face).padding(padding).width(Fill).center_y(m.u(target));
    let inset = m.u(target - height) / 2.0;
    let pressed = press::button(face, Some(Event::StillHereTouched), move |touch| {
        m.pill_style(PillLook::Urgent, touch, m.u(height))
    });
    let pressed = pressed.inset(Padding::from([inset, 0.0]));
    // As wide as a tile, where there is room.
    let columns = super::grid::times(m.grid().columns);
    let width = (m.room().width - 2.0 * m.grid().margin - (columns - 1.0) * m.grid().gap) / columns;
    let width = if is_alone && matches!(m.form, Form::Ten | Form::Large) { m.u(width).into() } else { Fill };
    row![container(pressed).width(width), space().width(m.u(steps::NEAR))].into()
}
