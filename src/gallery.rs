//! The gallery: a window that steps through every scene, for designers and translators. The tests of the screens draw the
//! same scenes.

pub mod sample;
pub mod scenes;
mod stage;

use std::time::Instant;

use iced::{
    Element, Event, Size, Subscription, Task, event,
    keyboard::{self, Key, key::Named},
    widget::responsive,
};

pub use self::{
    scenes::{SCENES, Scene},
    stage::Stage,
};
use crate::{
    language::Language,
    screen::{
        colors::Colors,
        theme::{self, Panel},
        words::{Words, words},
    },
};

/// The panels that scenes are drawn for: size in pixels, and width in millimeters.
pub const PANELS: [(&str, Size, f32); 6] = [
    ("800x480", Size::new(800.0, 480.0), 154.0),
    ("1280x800", Size::new(1280.0, 800.0), 217.0),
    ("1080x1920", Size::new(1080.0, 1920.0), 194.0),
    ("1920x1080", Size::new(1920.0, 1080.0), 527.0),
    ("3840x2160", Size::new(3840.0, 2160.0), 527.0),
    ("800x1280", Size::new(800.0, 1280.0), 136.0),
];
/// Width in millimeters of a panel of one of these sizes at a desk: monitors with 92 dots per inch.
pub fn desk_width(size: Size) -> f32 {
    size.width / if 3_000.0 <= size.width { 3_840.0 } else { 1_920.0 } * 527.0
}

/// The themes.
pub const THEMES: [(&str, Colors); 4] =
    [("dark", Colors::DARK), ("light", Colors::LIGHT), ("contrast", Colors::CONTRAST), ("night", Colors::NIGHT)];

/// What the gallery begins with.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Place in [`THEMES`].
    pub theme: usize,
    /// The language of the screens.
    pub language: Language,
    /// Size of the window in pixels.
    pub size: Size,
    /// Width of the panel in millimeters. `None`: that of the panel with this size in [`PANELS`], or not known.
    pub width_mm: Option<f32>,
}

/// The gallery's window.
struct Gallery {
    start: Start,
    scene: usize,
    theme: usize,
    language: Language,
    /// Texts that are 40 % longer than the English ones.
    stretched: bool,
    now: Instant,
    stage: Option<Stage>,
}

/// What happens in the gallery.
#[derive(Debug, Clone)]
enum Message {
    Pressed(Key),
    /// Touches in a scene do nothing.
    Ignored,
}

/// Opens the window. Returns when it is closed.
///
/// # Errors
///
/// When no window can be opened.
pub fn run(start: Start) -> iced::Result {
    let [regular, bold, icons] = theme::FONT_FILES;
    iced::application(move || Gallery::new(start), Gallery::update, Gallery::view)
        .title(Gallery::title)
        .theme(|gallery: &Gallery| gallery.colors().theme())
        .style(|gallery: &Gallery, _| gallery.style())
        .subscription(|_| keys())
        .font(regular)
        .font(bold)
        .font(icons)
        .default_font(theme::FONT)
        .window_size(start.size)
        .run()
}

fn keys() -> Subscription<Message> {
    event::listen_with(|event, _, _| match event {
        Event::Keyboard(keyboard::Event::KeyPressed { key, .. }) => Some(Message::Pressed(key)),
        Event::Keyboard(_) | Event::Mouse(_) | Event::Window(_) | Event::Touch(_) | Event::InputMethod(_) => None,
    })
}

/// The item of a list that is so many steps further on. The list goes round.
fn turned(at: usize, steps: isize, count: usize) -> usize {
    at.checked_add_signed(steps).map_or(count.saturating_sub(1), |at| if at < count { at } else { 0 })
}

impl Gallery {
    fn new(start: Start) -> Self {
        let Start { theme, language, .. } = start;
        // Scenes have a time of their own, which begins here.
        let now = crate::app::now();
        let stage = SCENES.first().and_then(|scene| scene.stage(now));
        Self { start, scene: 0, theme, language, stretched: false, now, stage }
    }

    fn title(&self) -> String {
        let name = SCENES.get(self.scene).map_or("", |scene| scene.name);
        let (theme, _) = THEMES.get(self.theme).copied().unwrap_or(("", Colors::DARK));
        let language = if self.stretched { "+40 %" } else { self.language.code() };
        format!("{name}, {theme}, {language} ({}/{})", self.scene + 1, SCENES.len())
    }

    fn colors(&self) -> Colors {
        THEMES.get(self.theme).map_or(Colors::DARK, |(_, colors)| *colors)
    }

    fn style(&self) -> iced::theme::Style {
        let colors = self.colors();
        let page = self.stage.as_ref().map(|stage| stage.page().color(&colors));
        iced::theme::Style { background_color: page.unwrap_or(colors.background), text_color: colors.text }
    }

    fn update(&mut self, message: Message) -> Task<Message> {
        let Message::Pressed(key) = message else { return Task::none() };
        match key.as_ref() {
            Key::Named(Named::ArrowRight | Named::Space | Named::PageDown) => self.step(1),
            Key::Named(Named::ArrowLeft | Named::Backspace | Named::PageUp) => self.step(-1),
            Key::Named(Named::ArrowDown) => self.speak(1),
            Key::Named(Named::ArrowUp) => self.speak(-1),
            Key::Named(Named::Tab) | Key::Character("t") => self.theme = turned(self.theme, 1, THEMES.len()),
            Key::Character("s") => self.stretched = !self.stretched,
            Key::Named(Named::Escape) | Key::Character("q") => return iced::exit(),
            Key::Named(_) | Key::Character(_) | Key::Unidentified => {}
        }
        Task::none()
    }

    fn step(&mut self, steps: isize) {
        self.scene = turned(self.scene, steps, SCENES.len());
        self.stage = SCENES.get(self.scene).and_then(|scene| scene.stage(self.now));
    }

    fn speak(&mut self, steps: isize) {
        let at = Language::ALL.iter().position(|language| *language == self.language).unwrap_or_default();
        let next = turned(at, steps, Language::ALL.len());
        self.language = Language::ALL.get(next).copied().unwrap_or(Language::En);
    }

    fn words(&self) -> &'static Words {
        if self.stretched { crate::app::testing::stretched_words() } else { words(self.language) }
    }

    fn view(&self) -> Element<'_, Message> {
        let Some(stage) = &self.stage else { return iced::widget::space().into() };
        responsive(move |size| {
            let width_mm = self.start.width_mm.or_else(|| width_mm(size, stage.session().rules().reception));
            let m = stage.metrics_with(size, Panel { width_mm, ..Panel::default() }, self.colors(), self.words());
            stage.view(m).map(|_| Message::Ignored)
        })
        .into()
    }
}

/// The width of a panel with this size. `None` if it is none of [`PANELS`].
fn width_mm(size: Size, is_desk: bool) -> Option<f32> {
    if is_desk {
        return Some(desk_width(size));
    }
    PANELS.iter().find(|(_, panel, _)| *panel == size).map(|(.., mm)| *mm)
}
