//! The sign-in screen: keypad, prompt, and the last refusal; who runs the kiosk, and how to get help.

mod frames;
mod people;
mod site;

use std::time::Duration;

use iced::{
    Center, Element, Fill, Size,
    alignment::Vertical,
    widget::{column, container, row, space},
};

pub use self::people::{NewBadge, SecondPerson, new_badge, second_person};
use self::{
    frames::{Frames, Has},
    site::{help, identity, identity_place, languages, samples_of, samples_place},
};
use super::{
    colors::Tone,
    design::{Form, SIGN, Type, rest, scale, space as steps},
    emblem::{Picture, Shape, emblem},
    icon::Icon,
    label::{Label, label},
    logo::Logo,
    pad::{self, LastKey},
    page::{Backdrop, Page},
    qr::Code,
    sheet::Sheet,
    theme::{Importance, Metrics},
};
use crate::{
    outage::Outage,
    session::{
        Denial, Event, State,
        entry::Entry,
        rules::{BadgePolicy, Rules},
    },
    staff::Pin,
};

/// The page behind a screen that waits for a second person or offers a new badge.
pub const PEOPLES_PAGE: Page = Page::plain(Backdrop::Third);

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
    let has = Has {
        pad: has_pad(state, rules),
        languages: 1 < rules.languages.len(),
        help: labels.help.is_some() || !labels.phone.is_empty() || !labels.samples.is_empty(),
    };
    let frames = Frames::new(has, m);
    let is_locked = said.wait.is_some() && is_ordinary(state);
    let message = message(state, rules, said, m);
    let mut sheet = Sheet::new(m.size);
    let mut say = frames.say;
    if message.is_none() && !labels.samples.is_empty() {
        let samples = samples_place(labels, &frames, m);
        if say.y < samples.y {
            say.height = say.height.min(samples.y - say.y);
        }
        sheet = sheet
            .with(m.place(samples.x, samples.y, samples.width, samples.height), samples_of(labels, samples.height, m));
    } else if let Some(place) = frames.help {
        sheet = sheet.with(m.place(place.x, place.y, place.width, place.height), help(labels, m));
    }
    let sentence = if let Some((sign, text)) = message {
        let font = m.grid().message;
        // A sentence of three lines matters more than its sign.
        let has_room = SIGN + steps::NEAR + 3.0 * font.line <= say.height;
        message_lines(has_room.then_some(sign), text, font, m)
    } else {
        let (text, font) = prompt(state, rules, m);
        container(sentence(text, font, m)).width(Fill).height(Fill).align_y(Vertical::Center).into()
    };
    sheet = sheet
        .with(m.place(say.x, say.y, say.width, say.height), sentence)
        .with(identity_place(&frames, m), identity(labels, said.clock, m));
    if has.pad {
        let is_ready = !is_locked && matches!(state, State::SignedOut { .. });
        let keys = frames.pad(is_ready).keys(has_typed(state), last_key(state, rules), m);
        let typed = frames.typed;
        let (width, height) = (3.0 * frames.cell.width, 4.0 * frames.cell.height);
        sheet = sheet
            .with(m.place(typed.x, typed.y, typed.width, typed.height), typed_line(state, rules, said, m))
            .with(m.place(frames.keys.x, frames.keys.y, width, height), keys);
    }
    if has.languages {
        let place = frames.languages;
        sheet = sheet.with(m.place(place.x, place.y, place.width, place.height), languages(rules, m));
    }
    sheet.into()
}

fn has_pad(state: &State, rules: &Rules) -> bool {
    rules.sign_in.pin
        || rules.sign_in.can_type_badge()
        || matches!(state, State::SignedOut { entry: Entry::PinOf(..) | Entry::Technician(_), .. })
}

/// Whether the entry is one that uses up guesses.
fn is_ordinary(state: &State) -> bool {
    matches!(state, State::SignedOut { entry: Entry::Pin(_) | Entry::BadgeNumber(_), .. })
}

fn has_typed(state: &State) -> bool {
    matches!(state, State::SignedOut { entry, .. } if 0 < entry.digits())
}

/// The key that completes a badge number, or switches to typing one. It has the same place in every state.
fn last_key(state: &State, rules: &Rules) -> LastKey {
    if let State::SignedOut { entry: Entry::BadgeNumber(_), .. } = state {
        LastKey::Done
    } else if rules.sign_in.can_type_badge() {
        LastKey::Switch
    } else {
        LastKey::None
    }
}

/// A message below its sign, in the middle of its place.
fn message_lines<'a>(sign: Option<(Shape, Picture, Tone)>, text: String, font: Type, m: Metrics) -> Element<'a, Event> {
    let sign = sign.map(|(shape, picture, tone)| emblem((shape, picture), (tone, m.colors.background), m.u(SIGN), m));
    let gap = if m.form == Form::Seven { steps::TIGHT } else { rest::BELOW_SIGN };
    let lines = column![].push(sign).push(sentence(text, font, m).lead()).spacing(m.u(gap)).align_x(align(m));
    container(lines).width(Fill).height(Fill).align_y(Vertical::Center).into()
}

/// An essential sentence on balanced lines.
fn sentence<'a>(text: String, font: Type, m: Metrics) -> Label<'a> {
    let words = label(text, Importance::Essential, m.essential(font)).line(font.ratio()).balanced();
    words.width(Fill).align_x(align(m))
}

fn align(m: Metrics) -> iced::Alignment {
    if m.is_upright() { iced::Alignment::Center } else { iced::Alignment::Start }
}

/// The prompt and its type.
fn prompt(state: &State, rules: &Rules, m: Metrics) -> (String, Type) {
    let (prompt, message) = (m.grid().prompt, m.grid().message);
    match state {
        State::SignedOut { entry: Entry::BadgeNumber(_), .. } => (m.words.say("prompt-number"), message),
        State::SignedOut { entry: Entry::PinOf(..), .. } => (m.words.say("prompt-pin-of-badge"), prompt),
        State::SignedOut { entry: Entry::Technician(_), .. } => (m.words.say("prompt-technician"), message),
        State::SignedOut { entry: Entry::Pin(_), .. } => {
            let key = match (rules.sign_in.pin, rules.sign_in.badge) {
                (true, BadgePolicy::Off) => "prompt-pin",
                (true, BadgePolicy::Alone | BadgePolicy::WithPin) => "prompt",
                (false, _) => "prompt-badge",
            };
            (m.words.say(key), prompt)
        }
        State::Checking { .. } | State::SignedIn(_) | State::Technician(_) => (m.words.say("checking"), prompt),
    }
}

/// What stands over the keys: dots, a typed badge number, or the time until the keypad works again.
fn typed_line<'a>(state: &'a State, rules: &'a Rules, said: AtRest<'_>, m: Metrics) -> Element<'a, Event> {
    let big = |text: String| label(text, Importance::Essential, m.essential(scale::TYPED)).line(1.0);
    let digits = rules.sign_in.pin_digits;
    let typed: Element<'_, Event> = match (state, said.wait) {
        (State::SignedOut { entry: Entry::Pin(_) | Entry::BadgeNumber(_), .. }, Some(wait)) => {
            let again = label(m.words.say("typing-again"), Importance::Optional, m.support()).color(m.colors.muted);
            row![again, big(m.words.minutes(wait))].spacing(m.u(rest::WAIT)).align_y(Center).into()
        }
        (State::SignedOut { entry: Entry::BadgeNumber(number), .. }, None) => big(number.digits().to_owned()).into(),
        (State::SignedOut { entry: Entry::PinOf(_, pin), .. }, _) => pad::dots(pin.len(), digits, false, m),
        (State::SignedOut { entry: Entry::Technician(pin), .. }, _) => {
            pad::dots(pin.len(), Pin::TECHNICIAN_DIGITS, false, m)
        }
        (State::SignedOut { entry: Entry::Pin(pin), .. }, None) if rules.sign_in.pin => {
            pad::dots(pin.len(), digits, false, m)
        }
        (State::SignedOut { .. }, None) => space().into(),
        (State::Checking { .. } | State::SignedIn(_) | State::Technician(_), _) => pad::dots(digits, digits, true, m),
    };
    let align = if m.form == Form::Seven { iced::Alignment::Start } else { iced::Alignment::Center };
    container(typed).width(Fill).height(Fill).align_x(align).align_y(Center).into()
}

/// The message that replaces the prompt, if there is one, with its sign.
fn message(state: &State, rules: &Rules, said: AtRest<'_>, m: Metrics) -> Option<((Shape, Picture, Tone), String)> {
    const REFUSED: Shape = Shape::Octagon;
    let warning = |icon| (Shape::Diamond, Picture::Icon(icon), Tone::Warning);
    let has_badges = rules.sign_in.badge != BadgePolicy::Off;
    match (state, said.wait, said.outage) {
        (State::SignedOut { denial: Some((denial, _)), .. }, _, _) => {
            let sign = match denial {
                Denial::NotKnown | Denial::NotKnownAgain | Denial::LoginDead | Denial::NoTechnician => {
                    (REFUSED, Picture::Icon(Icon::X), Tone::Bad)
                }
                Denial::Network(_) | Denial::NotHere => warning(Icon::Unplug),
                Denial::Spent(_) => (REFUSED, Picture::Icon(Icon::Hand), Tone::Bad),
                Denial::NotRead | Denial::KeyStuck | Denial::StillThere => warning(Icon::IdCard),
                Denial::KioskFault | Denial::TooSlow => (Shape::Diamond, Picture::Mark('!'), Tone::Warning),
            };
            Some((sign, m.words.denial(*denial)))
        }
        (State::SignedOut { entry: Entry::Pin(_) | Entry::BadgeNumber(_), .. }, Some(_), _) => {
            Some(((REFUSED, Picture::Icon(Icon::Hand), Tone::Bad), m.words.too_many_guesses(has_badges)))
        }
        (State::SignedOut { entry, .. }, _, Some(outage)) if entry.is_empty() => {
            Some((warning(Icon::Unplug), m.words.network(outage)))
        }
        (State::SignedOut { entry, .. }, None, None) if said.is_reader_missing && has_badges && entry.is_empty() => {
            let key = if rules.sign_in.pin { "reader-missing-pin" } else { "reader-missing" };
            Some((warning(Icon::IdCard), m.words.say(key)))
        }
        _ => None,
    }
}

/// Lays out a sentence with a keypad, without the kiosk's name, for a visit that waits for somebody.
fn asking<'a>(
    rules: &Rules,
    top: impl Into<Element<'a, Event>>,
    (mark, text): (Element<'a, Event>, String),
    note: Element<'a, Event>,
    last: LastKey,
    m: Metrics,
) -> Element<'a, Event> {
    let frames = Frames::new(Has { pad: true, languages: false, help: false }, m);
    let font = m.grid().message;
    let lines = column![mark, sentence(text, font, m).lead()].spacing(m.u(rest::BELOW_SIGN)).align_x(align(m));
    let lines = container(lines).width(Fill).height(Fill).align_y(Vertical::Center);
    let (say, typed) = (frames.say, frames.typed);
    let note_height = scale::SUPPORT.line;
    let has_room = m.form != Form::Seven;
    let say_height = say.height - if has_room { note_height } else { 0.0 };
    let (width, height) = (3.0 * frames.cell.width, 4.0 * frames.cell.height);
    let dots = container(pad::dots(0, rules.sign_in.pin_digits, false, m));
    let is_left = m.form == Form::Seven;
    let dots = dots.width(Fill).height(Fill).align_x(if is_left { iced::Left } else { Center.into() }).align_y(Center);
    let mut sheet = Sheet::new(m.size)
        .with(identity_place(&frames, m), top)
        .with(m.place(say.x, say.y, say.width, say_height), lines)
        .with(m.place(typed.x, typed.y, typed.width, typed.height), dots)
        .with(m.place(frames.keys.x, frames.keys.y, width, height), frames.pad(true).keys(false, last, m));
    if has_room {
        let y = if m.is_upright() { typed.y - note_height } else { frames.bottom - note_height };
        sheet = sheet.with(m.place(say.x, y, say.width, note_height), note);
    }
    sheet.into()
}

/// The size of the place for a disc with a person in it.
fn square(side: f32, m: Metrics) -> Size {
    Size::new(m.u(side), m.u(side))
}
