//! The technician's screen: the report, the last taps, a QR code with the diagnostics, and the actions.

use iced::{
    Center, Element, Fill, Rectangle,
    widget::{Column, Row, column, container, row, space},
};

use super::{
    Moment,
    colors::Tone,
    design::{Form, SUPPORT_ICON, TECHNICIAN, TOUCHED, scale, space as steps, technician as sizes},
    icon::{Icon, icon},
    label::label,
    pill,
    qr::{Code, qr},
    sheet::Sheet,
    style::{self, PillLook},
    theme::{Importance, Metrics},
};
use crate::session::{
    Event,
    technician::{ActionResult, CheckKind, FleetReport, HealthCheck, Technician, TechnicianAction},
};

/// Draws the screen. The code holds [`HealthReport::diagnostics`](crate::session::technician::HealthReport).
pub fn view<'a>(technician: &'a Technician, code: Option<&'a Code>, moment: Moment, m: Metrics) -> Element<'a, Event> {
    let (sentence, color) = match &technician.said {
        None => (m.words.say("technician"), m.colors.text),
        Some(ActionResult::GuessesRestored) => (m.words.say("guesses-restored"), m.colors.text),
        Some(ActionResult::Reloading) => (m.words.say("checking"), m.colors.text),
        Some(ActionResult::AsksToLeave) => (m.words.say("leave-again"), m.colors.warning),
        Some(ActionResult::Refused(why)) => (why.clone(), m.colors.warning),
    };
    let (grid, room) = (m.grid(), m.room());
    let width = room.width - 2.0 * grid.margin;
    let title = label(sentence, Importance::Optional, m.optional(scale::READ))
        .line(scale::READ.ratio())
        .color(color)
        .width(Fill);
    let left = technician.until.saturating_duration_since(moment.now);
    let closes = label(m.words.closes_in(left), Importance::Optional, m.support()).color(m.colors.muted);
    let head = row![container(title).max_height(m.u(TOUCHED)), closes].spacing(m.u(steps::BLOCK)).align_y(Center);
    let head = head.height(Fill);
    let top = grid.margin - grid.head.0;
    let (actions, height) = actions(m);
    let actions_top = room.height - grid.margin + grid.head.0 - height;
    let body = top + TOUCHED + sizes::AROUND.0;
    let place = Rectangle { x: grid.margin, y: body, width, height: actions_top - sizes::AROUND.1 - body };
    let sheet = Sheet::new(m.size)
        .with(m.place(grid.margin, top, width, TOUCHED), head)
        .with(m.place(grid.margin, actions_top, width, height), actions);
    let sheet = about(sheet, technician, code, place, m);
    sheet.into()
}

/// The report, and the code beside or below it.
fn about<'a>(
    sheet: Sheet<'a, Event>,
    technician: &'a Technician,
    code: Option<&'a Code>,
    place: Rectangle,
    m: Metrics,
) -> Sheet<'a, Event> {
    let kept = if m.is_upright() { place.height / 2.0 } else { place.height };
    let count = super::doors::times(technician.report.facts.len());
    // More lines than usual move together.
    let line_height = fact_height(m).min((kept - steps::TIGHT) / count.max(1.0));
    let last_height = scale::SUPPORT.line + sizes::LAST;
    let facts = technician.report.facts.iter();
    let facts = facts.map(|fact| line(fact, technician.report.fleet.as_ref(), line_height, m));
    let free = kept - count * line_height - steps::TIGHT;
    let last = technician.report.last.iter().take(super::doors::whole(free / last_height)).map(|last| {
        let line = label(last, Importance::Optional, m.support()).color(m.colors.muted).width(Fill);
        line.height(m.u(last_height)).align_y(Center).into()
    });
    let lines =
        Column::with_children(facts).push(space().height(m.u(steps::TIGHT))).extend(last).width(Fill).clip(true);
    let Some(code) = code else { return sheet.with(m.place(place.x, place.y, place.width, place.height), lines) };
    if m.is_upright() {
        let side = TECHNICIAN.0.min(place.width).min(place.height / 2.0);
        let rest = place.height - side - steps::APART;
        return sheet.with(m.place(place.x, place.y, place.width, rest), lines).with(
            m.place(place.x + (place.width - side) / 2.0, place.y + rest + steps::APART, side, side),
            qr(code, m.u(side), m.colors),
        );
    }
    let side = TECHNICIAN.0.min(place.height).min(place.width * sizes::CODE);
    let rest = place.width - side - steps::BLOCK;
    sheet
        .with(m.place(place.x, place.y, rest, place.height), lines)
        .with(m.place(place.x + place.width - side, place.y, side, side), qr(code, m.u(side), m.colors))
}

/// One line of the report, with a rule below.
fn line<'a>(fact: &'a HealthCheck, fleet: Option<&FleetReport>, height: f32, m: Metrics) -> Element<'a, Event> {
    let (picture, color) =
        if fact.is_good { (Icon::Check, m.colors.good) } else { (Icon::TriangleAlert, m.colors.warning) };
    let name = m.words.say(match fact.what {
        CheckKind::Network => "about-network",
        CheckKind::Clock => "about-clock",
        CheckKind::Logins => "about-logins",
        CheckKind::Fleet => "about-fleet",
        CheckKind::Disk => "about-disk",
        CheckKind::Readers => "about-readers",
        CheckKind::Beacons => "about-beacons",
        CheckKind::Configuration => "about-configuration",
        CheckKind::Version => "about-version",
    });
    let small = |text: String, color| {
        label(text, Importance::Optional, m.support()).line(scale::SUPPORT.ratio()).color(color).width(Fill)
    };
    let name = small(name, m.colors.muted).width(m.u(TECHNICIAN.1));
    let value = match fleet.filter(|_| fact.what == CheckKind::Fleet) {
        Some(fleet) => m.words.fleet(fleet, m.form != Form::Seven),
        None => fact.value.clone(),
    };
    let parts = row![icon(picture, m.u(SUPPORT_ICON), Some(color)), name, small(value, m.colors.text)];
    let parts = parts.spacing(m.u(steps::NEAR)).align_y(Center);
    let rule = style::area(m.colors.line).height(m.hairline());
    column![container(parts).center_y(m.u(height)), rule].into()
}

/// Height of a line of the report, in u.
fn fact_height(m: Metrics) -> f32 {
    scale::SUPPORT.line + if m.form == Form::Seven { sizes::FACT.0 } else { sizes::FACT.1 }
}

/// The actions: in one row, or two by two; and their height in u.
fn actions<'a>(m: Metrics) -> (Element<'a, Event>, f32) {
    let button = |picture: Icon, key: &str, event: Event, look: PillLook| -> Element<'a, Event> {
        pill::wide(picture, m.words.say(key), event, look, m).into()
    };
    let plain = PillLook::On(Tone::Plain);
    let chosen = Event::TechnicianActionChosen;
    let mut all = [
        button(Icon::Hourglass, "restore-guesses", chosen(TechnicianAction::RestoreGuesses), plain),
        button(Icon::RefreshCw, "reload", chosen(TechnicianAction::Reload), plain),
        button(Icon::Power, "leave", chosen(TechnicianAction::Leave), PillLook::Danger),
        button(Icon::Check, "done", Event::SignOutTouched, PillLook::Lead),
    ]
    .into_iter();
    let in_row = if m.is_upright() { 2 } else { 4 };
    let mut rows = Column::new();
    let mut height = 0.0;
    for _ in 0..4 / in_row {
        rows = rows.push(Row::with_children(all.by_ref().take(in_row)).spacing(m.u(steps::NEAR)));
        height += TOUCHED;
    }
    (rows.into(), height)
}
