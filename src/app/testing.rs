//! Access to internals for tests and benchmarks. It is not part of the interface, and the program itself does not use
//! it.

use std::{borrow::Cow, sync::LazyLock};

use iced::{Color, Task};
use jiff::civil::DateTime;

use super::{App, Message, Mode, Start, Window, program};
use crate::{
    agent::{Handle, Parts},
    language::Language,
    readers::Readers,
    screen::{colors::Colors, theme::Panel, words::Words},
    session::State,
};

/// [`super::application`] with another `update` function, for tests that delay or observe messages.
pub fn application_with(
    start: Start,
    window: Window,
    update: impl Fn(&mut App, Message) -> Task<Message> + 'static,
) -> iced::Application<impl iced::Program<State = App, Message = Message, Theme = iced::Theme>> {
    program(start, window, update)
}

/// The color of the window.
pub fn background(app: &App) -> Color {
    app.style().background_color
}

/// The session's state. `None` when the kiosk is out of order.
pub fn state(app: &App) -> Option<&State> {
    app.state()
}

/// The window's agent and its generation.
pub fn agent(app: &App) -> Option<(&Handle, u64)> {
    match &app.mode {
        Mode::Working(kiosk) => Some((&kiosk.agent, app.generation)),
        Mode::Broken { .. } => None,
    }
}

/// Fixes the time on the screen, so that snapshots do not change.
pub fn fix_time(app: &mut App, time: DateTime) {
    (app.time, app.is_fixed) = (time, true);
}

/// Replaces the texts of every language, to test the layout with other lengths.
pub fn speak(app: &mut App, words: &'static Words) {
    app.words = Some(words);
}

/// Sets the colors and the panel.
pub fn paint(app: &mut App, colors: Colors, panel: Panel) {
    (app.window.colors, app.window.panel) = (colors, panel);
}

/// Replaces the readers with a wire of their own. They are not opened.
pub fn use_readers(app: &mut App, readers: Readers) {
    app.window.readers = readers;
}

/// Makes the agent run lookups on its own thread, so that the same events always give the same run.
pub fn with_inline_lookup(parts: Parts) -> Parts {
    Parts { inline_lookup: true, ..parts }
}

/// English texts, 40 % longer and with accents. A layout with room for them has room for a translation.
pub fn stretched_words() -> &'static Words {
    static STRETCHED: LazyLock<Words> = LazyLock::new(|| Words::transformed(Language::En, stretched));
    &STRETCHED
}

/// Doubles the vowels and adds letters until the text is 40 % longer.
fn stretched(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_alphabetic) {
        return text.into();
    }
    let double = |c: char| match c {
        'a' => "áà".to_owned(),
        'e' => "éè".to_owned(),
        'i' => "íì".to_owned(),
        'o' => "óò".to_owned(),
        'u' => "úù".to_owned(),
        'A' | 'E' | 'I' | 'O' | 'U' => format!("{c}{}", c.to_ascii_lowercase()),
        c => c.to_string(),
    };
    let doubled: String = text.chars().map(double).collect();
    let length = text.chars().count();
    let missing = (length + length * 2 / 5).saturating_sub(doubled.chars().count());
    let more: String = " émóòn".chars().cycle().take(missing).collect();
    format!("{doubled}{more}").into()
}
