//! The sign-in screen: keypad, badge prompt, and the last refusal.

use std::time::Duration;

use iced::{
    Center, Element, Fill,
    widget::{Column, Row, column, container, row, space},
};

use super::{
    icon::{Icon, icon},
    label::label,
    logo::{self, Logo},
    press,
    qr::{Code, qr},
    theme::{self, Backdrop, Importance, Metrics},
};
use crate::{
    language::Language,
    outage::Outage,
    session::{
        Event, State,
        entry::Entry,
        rules::{BadgePolicy, Rules},
    },
    staff::{Digit, Pin},
};

/// The kiosk's name, logo and contacts, from `[kiosk]` in `kiosk.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// The kiosk's name.
    pub name: String,
    /// Where the kiosk is. May be empty.
    pub location: String,
    /// The support phone number. May be empty.
    pub phone: String,
    /// QR code of the help page.
    pub help: Option<Code>,
    /// The site's logo, shown instead of the name.
    pub logo: Option<Logo>,
    /// Sample staff of the demo, one line each.
    pub samples: Vec<String>,
}

/// What the sign-in screen shows besides the session's state.
#[derive(Debug, Clone, Copy)]
pub struct AtRest<'a> {
    /// How long the keypad stays locked, if no guess is left.
    pub wait: Option<Duration>,
    /// What is wrong between the kiosk and Kisi, if anything.
    pub outage: Option<Outage>,
    /// Whether a badge reader does not work.
    pub is_reader_missing: bool,
    /// The kiosk's time of day, formatted.
    pub clock: &'a str,
}

/// Draws the screen.
pub fn view<'a>(
    state: &'a State,
    rules: &'a Rules,
    labels: &'a Labels,
    said: AtRest<'_>,
    m: Metrics,
) -> Element<'a, Event> {
    let has_pad = rules.sign_in.pin
        || rules.sign_in.can_type_badge()
        || matches!(state, State::SignedOut { entry: Entry::PinOf(..) | Entry::Technician(_), .. });
    let pad: Element<'_, Event> = if has_pad { keypad(state, rules, m).into() } else { space().into() };
    let backdrop = if let State::SignedOut { denial, .. } = state {
        if denial.is_some() || said.wait.is_some() { Backdrop::Second } else { Backdrop::First }
    } else {
        Backdrop::Third
    };
    let (about, foot) = (about(labels, said, backdrop, m), languages(rules, m));
    let entry = entry(state, rules, labels, said, m);
    let page: Element<'_, Event> = if m.is_portrait() {
        column![about, entry, pad, foot].spacing(m.margin()).align_x(Center).into()
    } else {
        row![column![about, entry, foot].spacing(m.margin()), pad].spacing(m.margin()).align_y(Center).into()
    };
    let page = container(page).max_width(m.view().width).max_height(m.view().height);
    container(page).padding(m.margin()).center(Fill).style(move |_| m.page(backdrop)).into()
}

/// The time, and the kiosk's name, location, phone number and help code.
fn about<'a>(labels: &'a Labels, said: AtRest<'_>, backdrop: Backdrop, m: Metrics) -> Element<'a, Event> {
    let time = label(said.clock.to_owned(), Importance::Optional, m.clock()).font(theme::BOLD).color(m.colors.muted);
    let name: Element<'_, Event> = match &labels.logo {
        Some(logo) => logo::view(logo),
        None => label(&labels.name, Importance::Optional, m.medium())
            .font(theme::BOLD)
            .width(Fill)
            .height(Fill)
            .align_y(Center)
            .into(),
    };
    let small = |text: &'a str| {
        label(text, Importance::Optional, m.small())
            .color(m.colors.muted)
            .width(Fill)
            .height(m.small_line())
            .align_y(Center)
    };
    let mut lines = column![name].width(Fill);
    if !labels.location.is_empty() {
        lines = lines.push(small(&labels.location));
    }
    if !labels.phone.is_empty() {
        let picture = icon(Icon::Phone, m.icon(m.small()), Some(m.colors.muted));
        lines = lines.push(row![picture, small(&labels.phone)].spacing(m.mm(1.0)).align_y(Center));
    }
    // Holding the clock asks for the technician's PIN.
    let time = press::hold(
        container(time.height(Fill).align_y(Center)).height(Fill),
        Event::ClockTouched,
        Event::ClockReleased,
        move |_| m.hidden_style(backdrop),
    );
    let mut parts = row![time, lines].spacing(m.margin()).height(m.code());
    if let Some(code) = &labels.help {
        parts = parts.push(qr(code, m.code()));
    }
    parts.into()
}

/// The prompt or the refusal, and what was typed. Each has a fixed place, so that nothing moves.
fn entry<'a>(
    state: &'a State,
    rules: &'a Rules,
    labels: &'a Labels,
    said: AtRest<'_>,
    m: Metrics,
) -> Column<'a, Event> {
    let (prompt, typed): (String, Element<'_, Event>) = match state {
        State::SignedOut { entry: Entry::BadgeNumber(number), .. } => {
            let digits = label(number.digits(), Importance::Essential, m.key_text()).font(theme::BOLD);
            (m.words.say("prompt-number"), digits.height(Fill).align_y(Center).into())
        }
        State::SignedOut { entry: Entry::PinOf(_, pin), .. } => {
            (m.words.say("prompt-pin-of-badge"), dots(pin.len(), rules.sign_in.pin_digits, m).into())
        }
        State::SignedOut { entry: Entry::Technician(pin), .. } => {
            (m.words.say("prompt-technician"), dots(pin.len(), Pin::TECHNICIAN_DIGITS, m).into())
        }
        State::SignedOut { entry: Entry::Pin(pin), .. } => {
            let typed: Element<'_, Event> =
                if rules.sign_in.pin { dots(pin.len(), rules.sign_in.pin_digits, m).into() } else { space().into() };
            (prompt(rules, m), typed)
        }
        State::Checking { .. } | State::SignedIn(_) | State::Technician(_) => (m.words.say("checking"), space().into()),
    };
    let align = if m.is_portrait() { iced::Alignment::Center } else { iced::Alignment::Start };
    let message = message(state, rules, said, m);
    let is_quiet = message.is_none();
    let (sentence, color) = message.map_or((prompt, m.colors.text), |message| (message, m.colors.bad));
    let sentence = label(sentence, Importance::Essential, m.read()).color(color);
    let sentence = sentence.width(Fill).height(Fill).align_x(align).align_y(Center);
    let mut parts = column![sentence];
    if is_quiet && !labels.samples.is_empty() {
        parts = parts.push(samples(labels, m));
    }
    let typed = container(typed).height(m.entry_height()).center_y(m.entry_height());
    parts.push(typed).spacing(m.gap()).align_x(align).width(Fill)
}

/// The message that replaces the prompt, if there is one.
fn message(state: &State, rules: &Rules, said: AtRest<'_>, m: Metrics) -> Option<String> {
    match (state, said.wait, said.outage) {
        (State::SignedOut { denial: Some((denial, _)), .. }, _, _) => Some(m.words.denial(*denial)),
        (State::SignedOut { entry: Entry::Pin(_) | Entry::BadgeNumber(_), .. }, Some(wait), _) => {
            Some(m.words.too_many_guesses(wait, rules.sign_in.badge != BadgePolicy::Off))
        }
        (State::SignedOut { entry, .. }, _, Some(outage)) if entry.is_empty() => Some(m.words.network(outage)),
        (State::SignedOut { entry, .. }, None, None)
            if said.is_reader_missing && rules.sign_in.badge != BadgePolicy::Off && entry.is_empty() =>
        {
            Some(m.words.say(if rules.sign_in.pin { "reader-missing-pin" } else { "reader-missing" }))
        }
        _ => None,
    }
}

fn prompt(rules: &Rules, m: Metrics) -> String {
    match (rules.sign_in.pin, rules.sign_in.badge) {
        (true, BadgePolicy::Off) => m.words.say("prompt-pin"),
        (true, BadgePolicy::Alone | BadgePolicy::WithPin) => m.words.say("prompt"),
        (false, _) => m.words.say("prompt-badge"),
    }
}

/// The demo's sample staff.
fn samples(labels: &Labels, m: Metrics) -> Column<'_, Event> {
    let title = label(m.words.say("samples"), Importance::Optional, m.small()).font(theme::BOLD).color(m.colors.accent);
    let lines =
        labels.samples.iter().map(|line| label(line, Importance::Optional, m.small()).color(m.colors.muted).into());
    column![title].extend(lines)
}

/// One dot for each digit of a PIN. Which digit it was is never drawn.
fn dots<'a>(typed: usize, digits: usize, m: Metrics) -> Row<'a, Event> {
    let side = m.dot(digits, m.width() / 2.0);
    Row::with_children((0..digits).map(|place| {
        let dot = container(space().width(side).height(side));
        dot.style(move |_| m.dot_style(place < typed, side)).into()
    }))
    .spacing(side)
}

fn keypad<'a>(state: &State, rules: &'a Rules, m: Metrics) -> Column<'a, Event> {
    let [zero, digits @ ..] = Digit::ALL;
    let rows = digits
        .chunks(3)
        .map(|three| Row::with_children(three.iter().map(|digit| digit_key(*digit, m))).spacing(m.gap()).into());
    let last =
        row![named_key(Icon::Delete, "back", Event::BackTouched, m), digit_key(zero, m), end_key(state, rules, m)];
    Column::with_children(rows).push(last.spacing(m.gap())).spacing(m.gap())
}

/// The key that ends a badge number, or switches to typing one. It has the same place in every state.
fn end_key<'a>(state: &State, rules: &'a Rules, m: Metrics) -> Element<'a, Event> {
    if let State::SignedOut { entry: Entry::BadgeNumber(_), .. } = state {
        let face =
            label(m.words.say("enter"), Importance::Essential, m.key_text()).font(theme::BOLD).width(Fill).center();
        key(face, Event::EnterTouched, m)
    } else if rules.sign_in.can_type_badge() {
        named_key(Icon::IdCard, "type-badge", Event::SwitchTouched, m)
    } else {
        space().width(m.key().width).height(m.key().height).into()
    }
}

fn digit_key<'a>(digit: Digit, m: Metrics) -> Element<'a, Event> {
    let digit_face =
        label(char::from(digit.ascii()).to_string(), Importance::Essential, m.key_text()).font(theme::BOLD);
    let face = container(digit_face).center_x(m.key().width).center_y(m.key().height);
    press::key(face, Event::DigitTouched(digit), move |pressed| m.key_style(pressed)).into()
}

/// A key with a picture and its name.
fn named_key<'a>(picture: Icon, name: &str, event: Event, m: Metrics) -> Element<'a, Event> {
    let name = label(m.words.say(name), Importance::Optional, m.small()).width(Fill).center();
    let face = column![icon(picture, m.icon(m.read()), None), name].spacing(m.mm(0.6)).align_x(Center);
    key(face, event, m)
}

fn key<'a>(face: impl Into<Element<'a, Event>>, event: Event, m: Metrics) -> Element<'a, Event> {
    let face = container(face).padding([0.0, m.gap()]).center_x(m.key().width).center_y(m.key().height);
    press::key(face, event, move |pressed| m.quiet_style(pressed)).into()
}

/// The language buttons, if there is a choice.
fn languages<'a>(rules: &Rules, m: Metrics) -> Element<'a, Event> {
    if rules.languages.len() < 2 {
        return space().into();
    }
    let choice = |language: Language| {
        let is_spoken = language == m.words.language();
        let name = label(language.code().to_uppercase(), Importance::Essential, m.read());
        let name = name.font(if is_spoken { theme::BOLD } else { theme::FONT });
        let face = container(name).center_x(Fill).center_y(m.target());
        press::button(face, Some(Event::LanguageTouched(language)), move |pressed| m.choice_style(is_spoken, pressed))
    };
    let choices = rules.languages.iter().map(|language| choice(*language).into());
    container(Row::with_children(choices).spacing(m.gap())).max_width(m.mm(130.0)).into()
}
