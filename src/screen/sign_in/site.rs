//! Who runs the kiosk and how to get help: clock, name, code, phone number, languages; and the demo's sample staff.

use iced::{
    Center, Element, Fill, Rectangle,
    alignment::Vertical,
    widget::{Column, Row, column, container, row, space},
};

use super::{
    super::{
        design::{CODE, Form, TOUCHED, Type, rest, scale, space as steps, stroke},
        label::label,
        logo, press,
        qr::qr,
        style,
        theme::{self, Importance, Metrics},
    },
    Labels,
    frames::Frames,
};
use crate::{
    language::Language,
    session::{Event, rules::Rules},
};

/// The clock is touched on 20 mm, more than is drawn of it.
pub(super) fn identity_place(frames: &Frames, m: Metrics) -> Rectangle {
    let place = frames.identity;
    let more = (TOUCHED - place.height).max(0.0);
    m.place(place.x, place.y - more / 2.0, place.width, place.height + more)
}

/// The time, and the kiosk's name and location.
pub(super) fn identity<'a>(labels: &'a Labels, clock: &str, m: Metrics) -> Element<'a, Event> {
    let font = m.grid().clock;
    let time = label(clock.to_owned(), Importance::Optional, m.optional(font)).line(1.0).color(m.colors.muted);
    let support = |text: &'a str| label(text, Importance::Optional, m.support()).line(scale::SUPPORT.ratio());
    // Holding the clock asks for the technician's PIN.
    let hold = |face: Element<'a, Event>| {
        let face = column![space().width(m.u(TOUCHED)), container(face).height(Fill).align_y(Center)];
        press::hold(face.height(m.u(TOUCHED)), Event::ClockTouched, Event::ClockReleased, move |_| {
            style::bare(m.colors.text)
        })
    };
    if m.form == Form::Seven {
        let phone = (!labels.phone.is_empty())
            .then(|| support(&labels.phone).color(m.colors.muted).line(rest::TIGHT_LINE / scale::SUPPORT.size));
        let name = name(labels, Type { line: rest::TIGHT_LINE, ..scale::SUPPORT }, m);
        let code = labels.help.as_ref().map(|code| qr(code, m.u(TOUCHED), m.colors));
        let words = column![time, name].push(phone).width(Fill);
        return row![container(hold(words.into())).width(Fill)].push(code).spacing(m.u(steps::NEAR)).into();
    }
    let place = (!labels.location.is_empty()).then(|| support(&labels.location).color(m.colors.muted).width(Fill));
    let lines = column![name(labels, scale::TITLE, m)].push(place).width(Fill);
    let parts: Row<'_, Event> = if matches!(m.form, Form::Ten | Form::Desk) {
        let rule = style::area(m.colors.line).width(m.hairline()).height(m.u(rest::RULE));
        row![hold(time.into()), rule, lines]
    } else {
        row![lines, hold(time.into())]
    };
    parts.spacing(m.u(steps::APART)).align_y(Center).height(Fill).into()
}

/// The kiosk's name, or the site's logo in its place.
fn name(labels: &Labels, font: Type, m: Metrics) -> Element<'_, Event> {
    if let Some(logo) = &labels.logo {
        container(logo::view(logo)).height(m.u(steps::WIDE.min(rest::LOGO * font.size))).into()
    } else {
        let name = label(&labels.name, Importance::Optional, m.optional(font)).font(theme::BOLD);
        container(name.line(font.ratio()).width(Fill)).max_height(m.u(font.line)).into()
    }
}

/// The code of the help page, and the phone number.
pub(super) fn help(labels: &Labels, m: Metrics) -> Element<'_, Event> {
    let is_right = m.form == Form::Large;
    let align = if is_right { iced::Alignment::End } else { iced::Alignment::Start };
    let code = labels.help.as_ref().map(|code| qr(code, m.u(CODE), m.colors));
    let phone = (!labels.phone.is_empty()).then(|| {
        let title = label(m.words.say("help-title"), Importance::Optional, m.support()).line(scale::SUPPORT.ratio());
        let number = label(&labels.phone, Importance::Optional, m.optional(scale::TITLE));
        let number = number.line(scale::TITLE.ratio()).width(Fill).align_x(align);
        column![title.color(m.colors.muted).width(Fill).align_x(align), number].width(Fill)
    });
    let parts = row![].spacing(m.u(steps::APART)).align_y(Center).height(Fill);
    if is_right { parts.push(phone).push(code).into() } else { parts.push(code).push(phone).into() }
}

/// The place of the demo's sample staff: that of the help, and above it what is free of the sentence's.
pub(super) fn samples_place(labels: &Labels, frames: &Frames, m: Metrics) -> Rectangle {
    let lines = f32::from(u16::try_from(labels.samples.len() + 1).unwrap_or(u16::MAX));
    let usual = if m.form == Form::Seven { rest::TIGHT_LINE } else { scale::SUPPORT.line };
    let place = frames.help.unwrap_or(frames.say);
    let end = place.y + place.height;
    // Elsewhere keys or doors are above the help.
    let is_below_sentence = matches!(m.form, Form::Seven | Form::Ten | Form::Desk);
    let most = if is_below_sentence { frames.say.height } else { place.height + steps::NEAR };
    let height = (lines * usual).min(most);
    Rectangle { y: end - height, height, ..place }
}

/// The demo's sample staff. On seven inches there is no room for what each of them shows.
pub(super) fn samples_of(labels: &Labels, height: f32, m: Metrics) -> Column<'_, Event> {
    let lines = f32::from(u16::try_from(labels.samples.len() + 1).unwrap_or(u16::MAX));
    let line = height / lines;
    let size = scale::SUPPORT.size.min(line / scale::SUPPORT.ratio());
    let small = |text: &str| {
        let text = label(text.to_owned(), Importance::Optional, [m.u(size), m.u(size / 2.0)]).line(1.0).width(Fill);
        text.height(m.u(line)).align_y(Center)
    };
    let title = label(m.words.say("samples"), Importance::Optional, [m.u(size), m.u(size / 2.0)]).line(1.0);
    let title = title.font(theme::BOLD).width(Fill).height(m.u(line)).align_y(Center);
    let shown = |line: &'_ str| -> String {
        let short = line.split(" (").next().filter(|_| m.form == Form::Seven);
        short.unwrap_or(line).to_owned()
    };
    let lines = labels.samples.iter().map(|line| small(&shown(line)).color(m.colors.muted).into());
    column![title].extend(lines)
}

/// The languages, if there is a choice: words only, and a line below the spoken one.
pub(super) fn languages<'a>(rules: &Rules, m: Metrics) -> Element<'a, Event> {
    let is_small = m.form == Form::Seven;
    let is_upright = m.is_upright();
    let choice = |language: Language| -> Element<'a, Event> {
        let is_spoken = language == m.words.language();
        let name = if is_small { language.code().to_uppercase() } else { language.name().to_owned() };
        let color = if is_spoken { m.colors.text } else { m.colors.muted };
        let name = label(name, Importance::Optional, m.support()).line(scale::SUPPORT.ratio()).color(color);
        let name = name.font(if is_spoken { theme::BOLD } else { theme::FONT });
        let line = is_spoken.then_some(m.colors.accent);
        let style = container::Style { background: line.map(Into::into), ..container::Style::default() };
        let line = container(space()).width(Fill).height(m.u(stroke::UNDERLINE)).style(move |_| style);
        // As wide as the word, although its line fills that width.
        let drawn = column![
            space().height(m.u(rest::AROUND_LANGUAGE.0)),
            name,
            space().height(m.u(rest::AROUND_LANGUAGE.1)),
            line
        ]
        .width(iced::Shrink);
        let beside = m.u(rest::BESIDE_LANGUAGE);
        let (left, right) = if is_small { (beside, 0.0) } else { (beside, beside) };
        let face = container(drawn).padding(iced::Padding { left, right, ..iced::Padding::ZERO });
        let face = if is_small {
            container(face)
                .align_y(Vertical::Bottom)
                .padding(iced::Padding { bottom: m.u(rest::SEVEN.0), ..iced::Padding::ZERO })
        } else {
            container(face).align_y(Center)
        };
        let face = column![space().width(m.u(TOUCHED)), face.height(Fill)].width(iced::Shrink).height(m.u(TOUCHED));
        press::button(face, Some(Event::LanguageTouched(language)), move |touch| {
            style::bare(if touch == press::Touch::Down { m.colors.accent } else { m.colors.text })
        })
        .into()
    };
    let mut row = Row::new().height(Fill);
    for (index, language) in rules.languages.iter().enumerate() {
        if 0 < index && is_upright {
            row = row.push(space().width(Fill));
        }
        row = row.push(choice(*language));
    }
    row.into()
}
