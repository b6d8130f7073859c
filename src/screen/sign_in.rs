//! Nobody is signed in: keypad, badge prompt, and what went wrong last.

use std::time::Duration;

use iced::{
    Center, Element, Fill, Length,
    widget::{Column, Row, column, container, row, space, text},
};

use super::{
    press,
    qr::{Code, qr},
    theme::{self, Metrics, Page},
};
use crate::{
    language::Language,
    session::{
        Event, State,
        entry::Entry,
        rules::{BadgePolicy, Rules},
    },
    staff::Digit,
    trouble::Trouble,
};

/// What this kiosk says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// What it is called.
    pub name: String,
    /// Where it hangs; may be empty.
    pub location: String,
    /// Whom to call; may be empty.
    pub phone: String,
    /// Where help is.
    pub help: Option<Code>,
    /// Sample staff of the demo, a line each.
    pub samples: Vec<String>,
}

/// What is said above the keypad while nothing else is.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// How long there is no guess at the keypad.
    pub wait: Option<Duration>,
    /// What is wrong between here and Kisi.
    pub trouble: Option<Trouble>,
    /// Hour and minute by the kiosk's clock.
    pub clock: (i8, i8),
}

/// Hour and minute, as they are shown.
pub fn clock((hour, minute): (i8, i8)) -> String {
    format!("{hour:02}:{minute:02}")
}

/// Draws the screen.
pub fn view<'a>(state: &'a State, rules: &'a Rules, labels: &'a Labels, said: Said, m: Metrics) -> Element<'a, Event> {
    let has_pad = rules.sign_in.pin
        || rules.sign_in.can_type_badge()
        || matches!(state, State::SignedOut { entry: Entry::PinOf(..), .. });
    let pad: Element<'_, Event> = if has_pad { keypad(state, rules, m).into() } else { space().into() };
    let page: Element<'_, Event> = if m.is_portrait() {
        column![
            column![about(labels, said, m), entry(state, rules, said, m)].spacing(m.margin()).align_x(Center),
            space().height(Fill),
            pad,
            space().height(Fill),
            column![languages(rules, m), foot(labels, m)].spacing(m.margin()).align_x(Center),
        ]
        .align_x(Center)
        .into()
    } else {
        let left = column![
            about(labels, said, m),
            space().height(Fill),
            entry(state, rules, said, m),
            space().height(Fill),
            column![languages(rules, m), foot(labels, m)].spacing(m.margin()),
        ];
        row![left.width(Fill), pad].spacing(m.margin()).align_y(Center).into()
    };
    let shown = match state {
        State::SignedOut { .. } if said.wait.is_some() => Page::Denial,
        State::SignedOut { denial: Some(_), .. } => Page::Denial,
        State::SignedOut { denial: None, .. } => Page::SignIn,
        State::Checking { .. } | State::SignedIn(_) => Page::Checking,
    };
    container(page).padding(m.margin()).center_x(Fill).height(Fill).style(move |_| m.page(shown)).into()
}

/// Name and place of the kiosk, and the time.
fn about(labels: &Labels, said: Said, m: Metrics) -> Row<'_, Event> {
    let name = text(&labels.name).size(m.title()).font(theme::BOLD);
    let location = text(&labels.location).size(m.small()).color(m.colors.muted);
    let time = text(clock(said.clock)).size(m.title()).color(m.colors.muted);
    row![container(column![name, location]).width(Fill), time].spacing(m.margin())
}

/// What to do, what was typed, what went wrong. Each has its place, so that nothing moves.
fn entry<'a>(state: &'a State, rules: &'a Rules, said: Said, m: Metrics) -> Column<'a, Event> {
    let (prompt, typed): (String, Element<'_, Event>) = match state {
        State::SignedOut { entry: Entry::BadgeNumber(number), .. } => {
            (m.words.say("prompt-number"), text(number.digits()).size(m.key_text()).font(theme::BOLD).into())
        }
        State::SignedOut { entry: Entry::PinOf(_, pin), .. } => {
            (m.words.say("prompt-pin-of-badge"), dots(pin.len(), rules.sign_in.pin_digits, m).into())
        }
        State::SignedOut { entry: Entry::Pin(pin), .. } => {
            let typed: Element<'_, Event> =
                if rules.sign_in.pin { dots(pin.len(), rules.sign_in.pin_digits, m).into() } else { space().into() };
            (prompt(rules, m), typed)
        }
        State::Checking { .. } | State::SignedIn(_) => (m.words.say("checking"), space().into()),
    };
    let message = match (state, said.wait, said.trouble) {
        (State::SignedOut { denial: Some((denial, _)), .. }, _, _) => m.words.denial(*denial),
        (State::SignedOut { entry: Entry::Pin(_) | Entry::BadgeNumber(_), .. }, Some(wait), _) => {
            m.words.too_many_guesses(wait, rules.sign_in.badge != BadgePolicy::Off)
        }
        (State::SignedOut { .. }, _, Some(trouble)) => m.words.network(trouble),
        (State::SignedOut { denial: None, .. } | State::Checking { .. } | State::SignedIn(_), _, _) => String::new(),
    };
    let length = message.chars().count();
    let align = if m.is_portrait() { iced::Alignment::Center } else { iced::Alignment::Start };
    column![
        text(prompt).size(m.body()),
        container(typed).height(m.entry_height()).center_y(m.entry_height()),
        container(text(message).size(m.sentence(length)).color(m.colors.bad).align_x(align))
            .height(m.message_height())
            .max_width(m.column()),
    ]
    .spacing(m.gap())
    .align_x(align)
}

fn prompt(rules: &Rules, m: Metrics) -> String {
    match (rules.sign_in.pin, rules.sign_in.badge) {
        (true, BadgePolicy::Off) => m.words.say("prompt-pin"),
        (true, BadgePolicy::Alone | BadgePolicy::WithPin) => m.words.say("prompt"),
        (false, _) => m.words.say("prompt-badge"),
    }
}

/// One dot for each digit of a PIN. Which digit it was is never drawn.
fn dots<'a>(typed: usize, digits: usize, m: Metrics) -> Row<'a, Event> {
    Row::with_children((0..digits).map(|place| {
        let dot = container(space().width(m.dot()).height(m.dot()));
        dot.style(move |_| m.dot_style(place < typed)).into()
    }))
    .spacing(m.dot())
}

fn keypad<'a>(state: &State, rules: &'a Rules, m: Metrics) -> Column<'a, Event> {
    let [zero, digits @ ..] = Digit::ALL;
    let rows = digits
        .chunks(3)
        .map(|three| Row::with_children(three.iter().map(|digit| digit_key(*digit, m))).spacing(m.gap()).into());
    let last = row![text_key(m.words.say("back"), Event::BackTouched, m), digit_key(zero, m), end_key(state, rules, m)];
    Column::with_children(rows).push(last.spacing(m.gap())).spacing(m.gap())
}

/// The key that ends a badge number, or begins one. It keeps its place in every state.
fn end_key<'a>(state: &State, rules: &'a Rules, m: Metrics) -> Element<'a, Event> {
    match state {
        State::SignedOut { entry: Entry::BadgeNumber(_), .. } => text_key(m.words.say("enter"), Event::EnterTouched, m),
        State::SignedOut { .. } | State::Checking { .. } | State::SignedIn(_) if rules.sign_in.can_type_badge() => {
            text_key(m.words.say("type-badge"), Event::SwitchTouched, m)
        }
        State::SignedOut { .. } | State::Checking { .. } | State::SignedIn(_) => {
            space().width(m.key().width).height(m.key().height).into()
        }
    }
}

fn digit_key<'a>(digit: Digit, m: Metrics) -> Element<'a, Event> {
    let label = text(char::from(digit.ascii())).size(m.key_text()).font(theme::BOLD);
    let face = container(label).center_x(m.key().width).center_y(m.key().height);
    press::key(face, Event::DigitTouched(digit), move |pressed| m.key_style(pressed)).into()
}

fn text_key<'a>(label: String, event: Event, m: Metrics) -> Element<'a, Event> {
    let face = container(text(label).size(m.small()).center()).center_x(m.key().width).center_y(m.key().height);
    press::key(face, event, move |pressed| m.quiet_style(pressed)).into()
}

/// What else the screen speaks. Each language is called as it calls itself.
fn languages<'a>(rules: &Rules, m: Metrics) -> Element<'a, Event> {
    if rules.languages.len() < 2 {
        return space().into();
    }
    let choice = |language: Language| {
        let is_spoken = language == m.words.language();
        let name = text(language.name()).size(m.small()).font(if is_spoken { theme::BOLD } else { theme::FONT });
        let face = container(name).center_x(m.language().width).center_y(m.language().height);
        press::button(face, Some(Event::LanguageTouched(language)), move |pressed| m.choice_style(is_spoken, pressed))
    };
    Row::with_children(rules.languages.iter().map(|language| choice(*language).into())).spacing(m.gap()).into()
}

/// Help, and what the demo shows.
fn foot(labels: &Labels, m: Metrics) -> Element<'_, Event> {
    let mut parts = Row::new().spacing(m.margin()).align_y(iced::Alignment::End);
    if let Some(code) = &labels.help {
        parts = parts.push(qr(code, m.code()));
    }
    let mut lines = Column::new();
    if !labels.samples.is_empty() {
        lines = lines.push(text(m.words.say("samples")).size(m.small()).font(theme::BOLD).color(m.colors.accent));
        lines = lines.extend(labels.samples.iter().map(|line| text(line).size(m.small()).color(m.colors.muted).into()));
    }
    if !labels.phone.is_empty() {
        lines = lines.push(text(m.words.help(&labels.phone)).size(m.small()).color(m.colors.muted));
    }
    container(parts.push(lines)).width(Length::Shrink).into()
}
