//! The outcome of a tap: an icon, words and a color, as large as fits.

use std::{borrow::Cow, time::Duration};

use iced::{
    Center, Color, Element, Fill,
    widget::{column, container, row},
};

use super::super::{
    icon::Icon,
    label::label,
    motion::emblem,
    press,
    theme::{self, Importance, Metrics},
};
use crate::{door::Outcome, session::Event};

/// The unlock is not answered yet.
pub(super) fn sending(name: Cow<'_, str>, height: f32, m: Metrics) -> Element<'_, Event> {
    view((Icon::Send, m.colors.accent), m.words.say("sending"), name, (String::new(), None), height, m)
}

/// The unlock is answered.
pub(super) fn done(
    name: Cow<'_, str>,
    (outcome, record): (Outcome, Option<u64>),
    rest: Option<Duration>,
    height: f32,
    m: Metrics,
) -> Element<'_, Event> {
    let again = rest.filter(|_| outcome.refusal().is_some()).map(|rest| m.words.again_in(rest));
    let advice = m.words.advice(outcome);
    let advice = again.map_or(advice.clone(), |again| format!("{advice} {again}."));
    // People who have to ask for help can quote the number of the audit record.
    let is_good = matches!(outcome, Outcome::Accepted | Outcome::Opened);
    let advice = (advice, record.filter(|_| !is_good));
    view((Icon::of_outcome(outcome), color(outcome, m)), m.words.outcome(outcome), name, advice, height, m)
}

fn color(outcome: Outcome, m: Metrics) -> Color {
    match outcome {
        Outcome::Accepted | Outcome::Opened => m.colors.good,
        Outcome::Refused(_) | Outcome::NotSent | Outcome::NotRecorded | Outcome::Limited | Outcome::WrongClock => {
            m.colors.bad
        }
        Outcome::StillClosed | Outcome::Unknown(_) => m.colors.warning,
    }
}

fn view(
    (picture, color): (Icon, Color),
    verdict: String,
    name: Cow<'_, str>,
    (advice, record): (String, Option<u64>),
    height: f32,
    m: Metrics,
) -> Element<'_, Event> {
    let align = if m.is_portrait() { iced::Alignment::Center } else { iced::Alignment::Start };
    let verdict = label(verdict, Importance::Essential, m.verdict(height))
        .font(theme::BOLD)
        .color(color)
        .width(Fill)
        .align_x(align);
    let name = label(name, Importance::Optional, m.read()).color(m.colors.muted).width(Fill).height(m.read()[0] * 1.3);
    let advice = label(advice, Importance::Essential, m.name()).color(m.colors.text).width(Fill);
    let record = record.map(|record| {
        label(format!("№ {record}"), Importance::Optional, m.small()).color(m.colors.muted).width(Fill).align_x(align)
    });
    let words = column![verdict, name.align_x(align), advice.align_x(align)].push(record);
    let words = words.spacing(m.gap()).width(Fill);
    let emblem = emblem(picture, color, m.emblem(height), m);
    let content: Element<'_, Event> = if m.is_portrait() {
        column![container(emblem).center_x(Fill), words].spacing(2.0 * m.margin()).align_x(Center).into()
    } else {
        row![emblem, words].spacing(2.0 * m.margin()).align_y(Center).into()
    };
    let content = container(content).max_width(m.view().width);
    let face = container(content).padding([m.margin(), 2.0 * m.margin()]).center(Fill);
    press::panel(face, m.tile_style(Some(color), false)).into()
}
