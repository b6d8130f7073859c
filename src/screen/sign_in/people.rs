//! Screens on which a visit waits for somebody: a second person at a door, or the PIN of a person with a new badge.

use std::time::Duration;

use iced::{
    Center, Element, Fill,
    border::{self, Radius},
    widget::{container, row},
};

use super::{
    super::{
        colors::Tone,
        design::{BETWEEN_PEOPLE, PERSON, SIGN, SUPPORT_ICON, rest, scale, space as steps, stroke},
        emblem::{Picture, Shape, emblem, whole_seconds},
        icon::{Icon, icon},
        label::label,
        pad::LastKey,
        pill::pill,
        style::{self, PillLook},
        theme::{self, Importance, Metrics},
    },
    asking, square,
};
use crate::session::{Event, rules::Rules};

/// A door that needs two people waits for the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondPerson {
    /// The name of the door.
    pub door: String,
    /// The name of the person who is here.
    pub first: String,
    /// How long the door waits.
    pub left: Duration,
}

/// A badge that nobody has yet waits for the PIN of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBadge {
    /// The last digits of its number.
    pub ending: String,
}

/// Draws the screen that waits for a second person.
pub fn second_person<'a>(waits: &SecondPerson, rules: &Rules, m: Metrics) -> Element<'a, Event> {
    let back =
        pill(Icon::ChevronLeft, m.words.say("other-doors"), Event::OutcomeDismissed, PillLook::On(Tone::Plain), m);
    let disc = |style: container::Style, face: Element<'a, Event>| {
        let size = square(PERSON, m);
        container(face).center_x(size.width).center_y(size.height).style(move |_| style)
    };
    let radius = Radius::new(m.u(PERSON) / 2.0);
    let here = container::Style {
        background: Some(m.colors.good.into()),
        border: border::rounded(radius),
        ..container::Style::default()
    };
    let next = container::Style {
        border: border::rounded(radius).color(m.colors.accent).width(m.u(stroke::READY)),
        ..container::Style::default()
    };
    let size = scale::SECOND.size;
    let number = label("2", Importance::Optional, [m.u(size), m.u(size)]).font(theme::BOLD).color(m.colors.accent);
    let pair = row![
        disc(here, icon(Icon::Check, m.u(scale::READ.size), Some(m.colors.background))),
        style::area(m.colors.muted).width(m.u(BETWEEN_PEOPLE)).height(m.hairline()),
        disc(next, number.line(1.0).into()),
    ];
    let pair = pair.spacing(m.u(rest::BELOW_SIGN)).align_y(Center).into();
    let text = m.words.second_person(&waits.door);
    let note = m.words.second_waits(&waits.first, whole_seconds(waits.left));
    let note = label(note, Importance::Optional, m.support()).color(m.colors.muted).width(Fill).into();
    let last = if rules.sign_in.can_type_badge() { LastKey::Switch } else { LastKey::None };
    asking(rules, back, (pair, text), note, last, m)
}

/// Draws the screen on which a person adds a new badge.
pub fn new_badge<'a>(badge: &NewBadge, rules: &Rules, m: Metrics) -> Element<'a, Event> {
    let back = pill(Icon::X, m.words.say("not-now"), Event::BackTouched, PillLook::On(Tone::Plain), m);
    let look = (Shape::Disc, Picture::Icon(Icon::IdCard));
    let sign = emblem(look, (Tone::Plain, m.colors.background), m.u(SIGN), m);
    let note = label(m.words.badge_ending(&badge.ending), Importance::Optional, m.support());
    let note =
        row![icon(Icon::IdCard, m.u(SUPPORT_ICON), Some(m.colors.muted)), note.color(m.colors.muted).width(Fill)];
    let note = note.spacing(m.u(steps::TIGHT)).align_y(Center).into();
    asking(rules, back, (sign, m.words.say("new-badge")), note, LastKey::None, m)
}
