//! The technician's screen: the report, the last taps, a QR code with the diagnostics, and the actions.

use iced::{
    Center, Element, Fill,
    widget::{Column, Row, column, container, row, space},
};

use super::{
    icon::{Icon, icon},
    label::label,
    press,
    qr::{Code, qr},
    theme::{self, Backdrop, Importance, Metrics},
};
use crate::session::{
    Event,
    technician::{ActionResult, CheckKind, HealthCheck, Technician, TechnicianAction},
};

/// Draws the screen. The code holds [`HealthReport::diagnostics`](crate::session::technician::HealthReport).
pub fn view<'a>(technician: &'a Technician, code: Option<&'a Code>, m: Metrics) -> Element<'a, Event> {
    let (sentence, color) = match &technician.said {
        None => (m.words.say("technician"), m.colors.text),
        Some(ActionResult::GuessesRestored) => (m.words.say("guesses-restored"), m.colors.good),
        Some(ActionResult::Reloading) => (m.words.say("checking"), m.colors.good),
        Some(ActionResult::AsksToLeave) => (m.words.say("leave-again"), m.colors.warning),
        Some(ActionResult::Refused(why)) => (why.clone(), m.colors.warning),
    };
    let title = label(sentence, Importance::Optional, m.medium()).font(theme::BOLD).color(color).width(Fill);
    let title = title.height(m.target()).align_y(Center);
    let facts = technician.report.facts.iter().map(|fact| line(fact, m));
    let last = technician.report.last.iter().map(|last| small(last.clone(), m.colors.muted, m));
    let lines = Column::with_children(facts).extend(last).spacing(m.mm(0.6)).width(Fill).clip(true);
    let side = (m.size.height * 0.45).min(m.size.width * 0.45);
    let code = code.map_or_else(|| space().into(), |code| qr(code, side));
    let about: Element<'_, Event> = if m.is_portrait() {
        column![lines, container(code).center_x(Fill)].spacing(m.margin()).into()
    } else {
        row![lines, code].spacing(m.margin()).into()
    };
    let page = column![title, container(about).height(Fill), steps(m)].spacing(m.margin());
    container(page).padding(m.margin()).style(move |_| m.page(Backdrop::Second)).into()
}

fn line(fact: &HealthCheck, m: Metrics) -> Element<'_, Event> {
    let (picture, color) =
        if fact.is_good { (Icon::Check, m.colors.good) } else { (Icon::TriangleAlert, m.colors.warning) };
    let name = m.words.say(match fact.what {
        CheckKind::Network => "about-network",
        CheckKind::Clock => "about-clock",
        CheckKind::Logins => "about-logins",
        CheckKind::Disk => "about-disk",
        CheckKind::Readers => "about-readers",
        CheckKind::Configuration => "about-configuration",
        CheckKind::Version => "about-version",
    });
    let name = small(format!("{name}: {}", fact.value), m.colors.text, m);
    row![icon(picture, m.icon(m.small()), Some(color)), name].spacing(m.mm(1.2)).align_y(Center).into()
}

fn small<'a>(text: String, color: iced::Color, m: Metrics) -> Element<'a, Event> {
    label(text, Importance::Optional, m.small()).color(color).width(Fill).height(m.small_line()).align_y(Center).into()
}

/// The action buttons: in one row, or two by two.
fn steps<'a>(m: Metrics) -> Element<'a, Event> {
    let button = |picture: Icon, key: &str, event: Event| -> Element<'a, Event> {
        let words = label(m.words.say(key), Importance::Optional, m.medium()).font(theme::BOLD);
        let words = words.width(Fill).height(Fill).align_y(Center);
        let face = row![icon(picture, m.icon(m.medium()), None), words].spacing(m.mm(1.2)).align_y(Center);
        let face = container(face).padding([0.0, m.mm(1.6)]).width(Fill).height(m.target());
        press::button(face, Some(event), move |pressed| m.quiet_style(pressed)).into()
    };
    let mut all = [
        button(Icon::Hourglass, "restore-guesses", Event::TechnicianActionChosen(TechnicianAction::RestoreGuesses)),
        button(Icon::Wrench, "reload", Event::TechnicianActionChosen(TechnicianAction::Reload)),
        button(Icon::Unplug, "leave", Event::TechnicianActionChosen(TechnicianAction::Leave)),
        button(Icon::LogOut, "done", Event::SignOutTouched),
    ]
    .into_iter();
    let in_row = if m.is_portrait() { 2 } else { 4 };
    let mut rows = Column::new().spacing(m.gap());
    for _ in 0..4 / in_row {
        rows = rows.push(Row::with_children(all.by_ref().take(in_row)).spacing(m.gap()));
    }
    rows.into()
}
