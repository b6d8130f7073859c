//! The outcome of a tap fills the screen: a silhouette, words and a field of one color, told apart across a lobby.

use std::{borrow::Cow, time::Duration};

use iced::{
    Border, Center, Color, Element, Fill, Rectangle,
    alignment::Vertical,
    widget::{column, container, row, space},
};

use super::{
    super::{
        colors::{Theme, Tone},
        design::{Form, OutcomeGrid, TOUCHED, outcome as sizes, scale, stroke},
        emblem::{self, Picture, Shape, emblem, whole_seconds},
        icon::Icon,
        label::label,
        page::{Backdrop, Page},
        pill::pill,
        sheet::Sheet,
        style::{self, PillLook},
        theme::{self, Importance, Metrics},
    },
    Shown, Warning,
    head::sign_out,
    name_of,
};
use crate::{
    door::{DoorId, Outcome},
    session::Event,
};

/// Height of the line below: the time left, and the number of the record.
const FOOT: f32 = scale::SUPPORT.line;

/// What is drawn.
struct Result<'a> {
    silhouette: (Shape, Picture),
    tone: Tone,
    verdict: (String, Color),
    door: Cow<'a, str>,
    advice: String,
    /// The number of the audit record, for people who have to ask for help.
    record: Option<u64>,
    /// The way back to the doors, and the time left with it.
    is_done: bool,
    countdown: Warning,
}

/// The unlock is not answered yet.
pub(super) fn sending<'a>(shown: Shown<'a>, door: Cow<'a, str>, m: Metrics) -> Element<'a, Event> {
    let result = Result {
        silhouette: (Shape::OpenRing, Picture::Icon(Icon::Send)),
        tone: Tone::Plain,
        verdict: (m.words.say("sending"), m.colors.text),
        door,
        advice: String::new(),
        record: None,
        is_done: false,
        countdown: None,
    };
    view(shown, result, m)
}

/// The page behind the answer.
pub(super) fn page(outcome: Outcome) -> Page {
    let (.., tone) = emblem::look(outcome);
    Page { tone, backdrop: if outcome == Outcome::Opened { Backdrop::Second } else { Backdrop::First } }
}

/// The unlock is answered.
pub(super) fn done(shown: Shown<'_>, (door, outcome): (DoorId, Outcome), m: Metrics) -> Element<'_, Event> {
    let visit = shown.visit;
    let rest = visit.rest(door, shown.moment.now);
    let again = rest.filter(|_| outcome.refusal().is_some()).map(|rest| m.words.again_in(rest));
    let advice = m.words.advice(outcome);
    let advice = again.map_or(advice.clone(), |again| format!("{advice} {again}."));
    let is_good = matches!(outcome, Outcome::Accepted | Outcome::Opened);
    let (shape, picture, tone) = emblem::look(outcome);
    // The bar is full at the beginning of the countdown that an unlock starts.
    let ends_soon = is_good || outcome == Outcome::StillClosed;
    let countdown =
        shown.warning.map(|(left, of)| (left, if ends_soon { of.min(shown.rules.after_unlock) } else { of }));
    let result = Result {
        silhouette: (shape, picture),
        tone,
        verdict: (m.words.outcome(outcome), m.colors.tone(tone)),
        door: name_of(visit, door),
        advice,
        record: visit.record.filter(|_| !is_good),
        is_done: true,
        countdown,
    };
    view(shown, result, m)
}

fn view<'a>(shown: Shown<'a>, result: Result<'a>, m: Metrics) -> Element<'a, Event> {
    let (grid, room, tone) = (m.grid(), m.room(), result.tone);
    let head = grid.margin - grid.head.0;
    let width = room.width - 2.0 * grid.margin;
    let back = result
        .is_done
        .then(|| pill(Icon::ChevronLeft, m.words.say("other-doors"), Event::OutcomeDismissed, PillLook::On(tone), m));
    let row = row![].push(back).push(space().width(Fill)).push(sign_out(shown.rules, tone, m)).align_y(Center);
    let mut sheet = Sheet::new(m.size);
    if has_frame(tone, m) {
        let border = Border { color: m.colors.tone(tone), width: m.u(stroke::FRAME), ..Border::default() };
        let frame = container(space()).style(move |_| container::Style { border, ..container::Style::default() });
        sheet = sheet.with(Rectangle::with_size(m.size), frame.width(Fill).height(Fill));
    }
    sheet = sheet.with(m.place(grid.margin, head, width, TOUCHED), row);
    let support = |text: String| {
        label(text, Importance::Optional, m.support()).line(scale::SUPPORT.ratio()).color(m.colors.muted).width(Fill)
    };
    let foot = |x: f32, width: f32| m.place(x, room.height - grid.margin - FOOT, width, FOOT);
    let (left_part, right_part) = (sizes::LEFT * width, (1.0 - sizes::LEFT) * width);
    let record = result.record.map(|record| support(format!("№ {record}")).align_x(iced::Right));
    let has_foot = record.is_some() || result.countdown.is_some();
    sheet = sheet.with_some(foot(grid.margin + left_part, right_part), record);
    if let Some((left, of)) = result.countdown {
        sheet = sheet.with(foot(grid.margin, left_part), support(m.words.signing_out(left)));
        sheet = bar(sheet, tone, (left, of), m);
    }
    let top = head + TOUCHED;
    let place = Rectangle { x: grid.margin, y: top, width, height: room.height - grid.margin - top };
    let place = Rectangle { height: place.height - grid.outcome.below, ..place };
    // Long words leave the foot free.
    let kept = if has_foot { FOOT } else { 0.0 };
    let place = Rectangle { y: place.y + kept, height: place.height - 2.0 * kept, ..place };
    let silhouette = (result.silhouette, (tone, m.colors.field(tone)));
    sheet = place_words(sheet, place, silhouette, words(result.door, result.verdict, result.advice, m), m);
    sheet.into()
}

/// In the contrast theme the field is black: a frame has its color.
fn has_frame(tone: Tone, m: Metrics) -> bool {
    m.colors.theme == Theme::Contrast && tone != Tone::Plain
}

/// The time left as a bar on the lower edge. It steps once a second.
fn bar(sheet: Sheet<'_, Event>, tone: Tone, (left, of): (Duration, Duration), m: Metrics) -> Sheet<'_, Event> {
    let room = m.room();
    let part = (whole_seconds(left) / of.as_secs_f32().max(1.0)).min(1.0);
    // It takes the whole lower side of a frame: inside it, it could not be seen.
    let height = if has_frame(tone, m) { stroke::FRAME } else { stroke::BAR };
    let place = |width: f32| m.place(0.0, room.height - height, width, height);
    sheet
        .with(place(room.width), style::area(m.colors.bar_track(tone)))
        .with(place(room.width * part), style::area(m.colors.tone(tone)))
}

/// Silhouette and words: side by side, or below each other on a screen that is taller than wide.
pub(in super::super) fn place_words<'a, Message: 'a>(
    sheet: Sheet<'a, Message>,
    place: Rectangle,
    (silhouette, behind): ((Shape, Picture), (Tone, Color)),
    words: iced::widget::Column<'a, Message>,
    m: Metrics,
) -> Sheet<'a, Message> {
    let OutcomeGrid { gap, emblem: side, width, .. } = m.grid().outcome;
    if m.is_upright() {
        let side = side.min(place.width * sizes::UPRIGHT.0).min(place.height * sizes::UPRIGHT.1);
        let words = words.width(Fill).align_x(Center);
        let all = column![emblem(silhouette, behind, m.u(side), m), words].spacing(m.u(gap)).align_x(Center);
        let all = container(all).center_x(Fill).center_y(Fill);
        return sheet.with(m.place(place.x, place.y, place.width, place.height), all);
    }
    let width = (place.width - side - gap).min(if m.form == Form::Large { width } else { f32::INFINITY });
    let x = if m.form == Form::Large { place.x + (place.width - side - gap - width) / 2.0 } else { place.x };
    let y = place.y + (place.height - side) / 2.0;
    let words = container(words.width(Fill)).height(Fill).align_y(Vertical::Center);
    sheet
        .with(m.place(x, y, side, side), emblem(silhouette, behind, m.u(side), m))
        .with(m.place(x + side + gap, place.y, width, place.height), words)
}

/// The name of the door, the verdict, and what to do.
fn words(
    door: Cow<'_, str>,
    (verdict, color): (String, Color),
    advice: String,
    m: Metrics,
) -> iced::widget::Column<'_, Event> {
    let OutcomeGrid { door: of, verdict: (font, below), advice: then, .. } = m.grid().outcome;
    let align = if m.is_upright() { iced::Alignment::Center } else { iced::Alignment::Start };
    let door = label(door, Importance::Optional, m.optional(of)).line(of.ratio()).color(m.colors.muted);
    let door = container(door.width(Fill).align_x(align)).max_height(m.u(of.line));
    let verdict = label(verdict, Importance::Essential, m.essential(font)).font(theme::BOLD).color(color);
    let verdict = container(verdict.line(font.ratio()).width(Fill).align_x(align)).max_height(m.u(font.line));
    let advice = (!advice.is_empty()).then(|| {
        let advice = label(advice, Importance::Essential, m.essential(then)).line(then.ratio());
        advice.color(m.colors.text).width(Fill).align_x(align).balanced()
    });
    let gap = advice.is_some().then(|| space().height(m.u(below)));
    column![door, verdict].push(gap).push(advice)
}
