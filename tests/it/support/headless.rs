//! Test harness: the shipped window, agent and client without a display, driven by synthetic touches and keys.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use iced::{Event, Point, Size, touch};
use iced_test::{
    Simulator,
    core::{self, renderer::Headless as _},
    futures::futures::{StreamExt, executor::block_on},
    runtime::{self, task, user_interface::Cache, user_interface::UserInterface},
};
use tempfile::TempDir;
use vestibule::{
    agent::Connectivity,
    app::{App, Message, Start, Window},
    config::{Config, SAMPLE},
    door::DoorState,
    enrol::{Candidate, Enrollment},
    gallery::Stage,
    kisi::Client,
    language::Language,
    screen::{
        colors::Colors,
        icon::Icon,
        label::DrawnText,
        press::Surface,
        theme::{self, Metrics, Panel},
        words::{Words, words},
    },
    secret::Secret,
    session::{self, State},
    simulator::{Simulator as Kisi, world::World},
    staff::{Badge, Pin},
    store::audit,
    store::directory::{Cost, Directory},
    testing, wiring,
};

use crate::support::{keyboard, tls::sample};

/// Longer than the agent takes for any answer.
const ANSWER: Duration = Duration::from_secs(30);
pub(crate) const WIDE: Size = Size::new(1280.0, 800.0);
/// Grace's badge.
pub(crate) const BADGE: &str = "0012345678";

/// The shipped program's fonts, for iced's test renderer.
pub(crate) fn settings() -> core::Settings {
    core::Settings {
        fonts: theme::FONT_FILES.map(std::borrow::Cow::Borrowed).to_vec(),
        default_font: theme::FONT,
        ..core::Settings::default()
    }
}

/// A site: a simulated Kisi over HTTP, a configuration and a data folder. Enrolls staff and starts kiosks.
pub(crate) struct Site {
    pub(crate) kisi: Arc<Kisi>,
    pub(crate) config: Config,
    pub(crate) folder: TempDir,
    pub(crate) admin: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(|_| {}, "")
    }

    /// With a changed world and these lines in `kiosk.toml`.
    pub(crate) fn with(change: impl FnOnce(&mut World), keys: &str) -> Self {
        let (mut world, admin) = sample();
        change(&mut world);
        Self::at(Arc::new(Kisi::start(world).unwrap()), admin, keys)
    }

    /// Another kiosk with these lines in `kiosk.toml`, at the same Kisi.
    pub(crate) fn beside(&self, keys: &str) -> Self {
        Self::at(Arc::clone(&self.kisi), self.admin.clone(), keys)
    }

    fn at(kisi: Arc<Kisi>, admin: String, keys: &str) -> Self {
        let mut config = Config::parse(keys, Path::new("kiosk.toml")).unwrap();
        assert!(SAMPLE.contains("base_url"));
        config.kisi.base_url = kisi.base_url();
        // Without `doors.follow` a tap ends with its answer. Tests of what follows set it in `keys`.
        config.doors.follow = keys.contains("follow");
        Self { kisi, config, folder: vestibule::private_files::temporary_folder("vestibule-").unwrap(), admin }
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::open(self.folder.path(), None, || Cost::MINIMUM).unwrap()
    }

    /// Every record of the audit log, which must verify.
    pub(crate) fn audit(&self) -> Vec<serde_json::Value> {
        let directory = self.directory();
        let log = audit::Log::open(directory.folder(), directory.audit_key()).unwrap();
        let verdict = log.verify(None, &[]).unwrap();
        assert_eq!(verdict.finding, None);
        let mut out = Vec::new();
        log.records().export(audit::Format::JsonLines, &verdict, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The `about` texts of the records with this action.
    pub(crate) fn records(&self, action: audit::Action) -> Vec<String> {
        let records = self.audit().into_iter().filter(|record| record["action"] == action.name());
        records.map(|record| record["about"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Like `records`, but waits up to 2 s for `count` of them: the agent answers before it writes some records.
    pub(crate) fn records_once(&self, action: audit::Action, count: usize) -> Vec<String> {
        for _ in 0..80 {
            let records = self.records(action);
            if count <= records.len() {
                return records;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        self.records(action)
    }

    /// Whether the disk holds this number of guesses within 1 s: a returned guess is written after the answer.
    pub(crate) fn has_guesses(&self, left: u32) -> bool {
        let is_so = || self.directory().counters().guesses_left().unwrap() == Some(left);
        (0..40).any(|_| {
            is_so() || {
                std::thread::sleep(Duration::from_millis(25));
                false
            }
        })
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&wiring::client(&self.config)).unwrap()
    }

    /// Enrolls a person with the real code. Returns the PIN, or an empty string without `with_pin`.
    pub(crate) fn enrol(&self, email: &str, badge: Option<&str>, with_pin: bool) -> String {
        let badge = badge.map(|number| Badge::read(number, &self.config.badge.profile).unwrap());
        let candidate = Candidate { row: 0, email: email.to_owned(), name: String::new(), badge };
        let (client, admin) = (self.client(), Secret::new(self.admin.clone()));
        let mut enroller = wiring::enroller(&self.config, self.directory(), client, admin, Duration::ZERO).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match runtime.block_on(enroller.add(&candidate, with_pin)).unwrap() {
            Enrollment::Enrolled(pin) => pin.as_ref().map(Pin::expose_text).unwrap_or_default(),
            done @ (Enrollment::PinIssued(_) | Enrollment::BadgeGiven | Enrollment::Unchanged) => panic!("{done:?}"),
        }
    }

    /// Starts an agent on the data folder, for a window to use.
    pub(crate) fn start(&self) -> Start {
        wiring::start(&self.config, self.directory(), self.client()).unwrap()
    }

    pub(crate) fn kiosk(&self) -> Kiosk {
        Kiosk::new(self.start(), WIDE)
    }
}

/// The English screen texts.
pub(crate) fn english() -> &'static Words {
    words(Language::En)
}

/// A panel without animations, so that screenshots are reproducible.
pub(crate) const STILL: Panel =
    Panel { width_mm: None, width: None, is_desk: false, motion: false, clock_24h: true, outlines: false };

/// The window settings of these tests.
pub(crate) fn window() -> Window {
    Window { panel: STILL, ..Window::default() }
}

/// A running kiosk.
pub(crate) struct Kiosk {
    pub(crate) app: App,
    size: Size,
    renderer: iced::Renderer,
    health: Connectivity,
    colors: Colors,
    /// Widget state kept between event batches, such as which finger is down where.
    cache: Cache,
    /// Whether to wait for Kisi's list where the doors of the last visit are shown.
    pub(crate) awaits_lists: bool,
}

impl Kiosk {
    pub(crate) fn new(start: Start, size: Size) -> Self {
        Self::with(start, size, Colors::DARK)
    }

    pub(crate) fn with(start: Start, size: Size, colors: Colors) -> Self {
        let mut app = App::new(start, Window { colors, ..window() });
        testing::fix_time(&mut app, jiff::civil::date(2026, 11, 24).at(9, 41, 0, 0));
        let kiosk = Self {
            health: Connectivity::default(),
            colors,
            app,
            size,
            renderer: iced::Renderer::new(theme::FONT, 16.into()),
            cache: Cache::default(),
            awaits_lists: true,
        };
        drop(kiosk.simulator()); // Loads the fonts.
        kiosk
    }

    /// Replaces the kiosk by one that was newly started.
    pub(crate) fn restart(&mut self, start: Start) {
        *self = Self::new(start, self.size);
    }

    /// In pixels.
    pub(crate) fn width(&self) -> f32 {
        self.size.width
    }

    /// Switches to these colors and this panel.
    pub(crate) fn paint(&mut self, colors: Colors, panel: Panel) {
        self.colors = colors;
        testing::paint(&mut self.app, colors, panel);
    }

    /// Applies a message and every message that follows from it, until the app awaits no answer of the agent.
    pub(crate) fn send(&mut self, message: Message) {
        self.update(message);
        let begin = now();
        while self.waits() && begin.elapsed() < ANSWER {
            std::thread::sleep(Duration::from_millis(1));
            self.hear();
        }
    }

    /// Waits for this long in real time, with a tick at least every 20 ms.
    pub(crate) fn wait(&mut self, time: Duration) {
        let until = now() + time;
        while now() < until {
            std::thread::sleep(Duration::from_millis(20).min(until.saturating_duration_since(now())));
            self.send(Message::Session(session::Event::Ticked));
            self.hear();
        }
    }

    /// Waits until the condition holds, at most this long. Returns the time it took.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, at_most: Duration, mut is_shown: impl FnMut(&Self) -> bool) -> Duration {
        let begin = now();
        while !is_shown(self) {
            assert!(begin.elapsed() < at_most, "not within {at_most:?}: {:?}", self.texts());
            self.wait(Duration::from_millis(20));
        }
        begin.elapsed()
    }

    /// Takes a message, and every message that its tasks bring.
    fn update(&mut self, message: Message) {
        let Some(mut stream) = task::into_stream(self.app.update(message)) else { return };
        while let Some(action) = block_on(stream.next()) {
            if let runtime::Action::Output(message) = action {
                self.update(message);
            }
        }
    }

    /// Whether somebody on the screen waits for the agent's answer.
    fn waits(&self) -> bool {
        let Some(state) = testing::state(&self.app) else { return false };
        state.awaits_agent() || (self.awaits_lists && self.remembers())
    }

    /// Whether the doors of the last visit are shown, and Kisi has not listed them yet.
    pub(crate) fn remembers(&self) -> bool {
        let Some(State::SignedIn(visit)) = testing::state(&self.app) else { return false };
        visit.welcome.doors.iter().any(|door| door.state == DoorState::Remembered)
    }

    /// Delivers a changed health report and the agent's events, as the window's subscriptions do.
    fn hear(&mut self) {
        let Some((agent, generation)) = testing::agent(&self.app) else { return };
        let (health, events) = (*agent.health().borrow(), agent.events());
        let said: Vec<_> = std::iter::from_fn(|| events.try_recv()).collect();
        if health != std::mem::replace(&mut self.health, health) {
            self.update(Message::Connectivity(health));
        }
        for event in said {
            self.update(Message::Agent(generation, event));
        }
    }

    fn simulator(&self) -> Simulator<'_, Message> {
        Simulator::with_size(settings(), self.size, self.app.view())
    }

    /// Passes events to the widgets as one batch, with the cursor at the last touch, as iced's shell does.
    pub(crate) fn batch(&mut self, events: &[Event]) {
        let position = events.iter().rev().find_map(touched);
        let cursor = position.map_or(core::mouse::Cursor::Unavailable, core::mouse::Cursor::Available);
        let (mut messages, cache) = (Vec::new(), std::mem::take(&mut self.cache));
        let mut ui = UserInterface::build(self.app.view(), self.size, cache, &mut self.renderer);
        let _ = ui.update(events, cursor, &mut self.renderer, &mut core::clipboard::Null, &mut messages);
        self.cache = ui.into_cache();
        for message in messages {
            self.send(message);
        }
    }

    /// The mouse pointer that is shown at a position.
    pub(crate) fn pointer_at(&mut self, at: Point) -> core::mouse::Interaction {
        let cache = std::mem::take(&mut self.cache);
        let mut ui = UserInterface::build(self.app.view(), self.size, cache, &mut self.renderer);
        let moved = Event::Mouse(iced::mouse::Event::CursorMoved { position: at });
        let cursor = core::mouse::Cursor::Available(at);
        let (state, _) = ui.update(&[moved], cursor, &mut self.renderer, &mut core::clipboard::Null, &mut Vec::new());
        self.cache = ui.into_cache();
        match state {
            runtime::user_interface::State::Updated { mouse_interaction, .. } => mouse_interaction,
            runtime::user_interface::State::Outdated => panic!("the layout changed under the pointer"),
        }
    }

    /// Center of a text on the screen.
    pub(crate) fn find(&self, text: &str) -> Option<Point> {
        Some(self.simulator().find(text).ok()?.visible_bounds()?.center())
    }

    /// Every text on the screen.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.bounds().into_iter().map(|(text, _)| text).collect()
    }

    /// Every non-empty text on the screen, with its bounds.
    pub(crate) fn bounds(&self) -> Vec<(String, core::Rectangle)> {
        self.look().texts
    }

    /// Texts, labels and surfaces of the current screen.
    pub(crate) fn look(&self) -> Looked {
        look(self.app.view(), self.size)
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// Touches a text with one finger.
    #[track_caller]
    pub(crate) fn tap(&mut self, text: &str) {
        let at = self.find(text).unwrap_or_else(|| panic!("`{text}` is not on the screen"));
        self.batch(&[pressed(0, at), lifted(0, at)]);
    }

    /// Taps a door by name. Leaves an outcome and turns pages as needed.
    #[track_caller]
    pub(crate) fn tap_door(&mut self, name: &str) {
        let back = english().say("other-doors");
        if self.shows(&back) {
            self.tap(&back);
            self.wait(Duration::from_millis(450));
        }
        self.turn_to(name);
        self.tap(name);
    }

    /// Turns pages until this door is shown.
    #[track_caller]
    pub(crate) fn turn_to(&mut self, name: &str) {
        while !self.shows(name) {
            self.tap(&Icon::ChevronRight.character().to_string());
            self.wait(Duration::from_millis(450));
        }
    }

    /// Holds a finger on the clock until the keypad asks for the technician's PIN, which takes 3 s.
    pub(crate) fn hold_the_clock(&mut self) {
        let clock = self.find("09:41").unwrap();
        self.batch(&[pressed(0, clock)]);
        let prompt = english().say("prompt-technician");
        let held = self.wait_for(Duration::from_secs(5), |kiosk| kiosk.shows(&prompt));
        assert!(Duration::from_millis(2_900) < held, "{held:?}");
        self.batch(&[lifted(0, clock)]);
    }

    pub(crate) fn type_pin(&mut self, pin: &str) {
        for digit in pin.chars() {
            self.tap(&digit.to_string());
        }
    }

    /// Types a badge number as a reader does, ending with Enter, in one batch.
    pub(crate) fn scan(&mut self, number: &str) {
        self.press_keys(&format!("{number}\n"));
    }

    /// Presses the keys that a US keyboard has for these characters, in one batch.
    pub(crate) fn press_keys(&mut self, text: &str) {
        let event = |c: char, stroke| Event::Keyboard(keyboard::event(stroke, Some(&c.to_string())));
        let events = text.chars().flat_map(|c| keyboard::main_row(c).into_iter().map(move |stroke| event(c, stroke)));
        self.batch(&events.collect::<Vec<_>>());
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(testing::state(&self.app), Some(State::SignedOut { .. }))
    }

    /// The names of the doors on the session's list.
    pub(crate) fn doors(&self) -> Vec<String> {
        match testing::state(&self.app) {
            Some(State::SignedIn(visit)) => visit.welcome.doors.iter().map(|door| door.name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// Screenshot: RGBA, row by row.
    pub(crate) fn picture(&self) -> Vec<u8> {
        self.draw(Cache::default()).0
    }

    /// Screenshot with the keys under the fingers pressed.
    pub(crate) fn picture_under_fingers(&mut self) -> Vec<u8> {
        let cache = std::mem::take(&mut self.cache);
        let (picture, cache) = self.draw(cache);
        self.cache = cache;
        picture
    }

    /// Screenshot with the mouse at a position, where it came this long ago.
    pub(crate) fn picture_under_mouse(&mut self, at: Point, ago: Duration) -> Vec<u8> {
        let (cursor, clipboard) = (core::mouse::Cursor::Available(at), &mut core::clipboard::Null);
        let mut renderer = iced::Renderer::new(theme::FONT, 16.into());
        let mut ui = UserInterface::build(self.app.view(), self.size, Cache::default(), &mut renderer);
        let moved = Event::Mouse(iced::mouse::Event::CursorMoved { position: at });
        let _ = ui.update(&[moved], cursor, &mut renderer, clipboard, &mut Vec::new());
        std::thread::sleep(ago);
        let redraw = Event::Window(iced::window::Event::RedrawRequested(now()));
        let _ = ui.update(&[redraw], cursor, &mut renderer, clipboard, &mut Vec::new());
        let style = core::renderer::Style { text_color: self.colors.text };
        ui.draw(&mut renderer, &self.colors.theme(), &style, cursor);
        renderer.screenshot(pixels(self.size), 1.0, testing::background(&self.app))
    }

    fn draw(&self, cache: Cache) -> (Vec<u8>, Cache) {
        draw(self.app.view(), self.size, (self.colors, testing::background(&self.app)), cache)
    }
}

/// Screenshot of a view (RGBA, row by row), and its widget state.
fn draw<'a, T: 'a>(
    view: impl Into<core::Element<'a, T, iced::Theme, iced::Renderer>>,
    size: Size,
    (colors, background): (Colors, iced::Color),
    cache: Cache,
) -> (Vec<u8>, Cache) {
    let mut renderer = iced::Renderer::new(theme::FONT, 16.into());
    let mut ui = UserInterface::build(view, size, cache, &mut renderer);
    let redraw = Event::Window(iced::window::Event::RedrawRequested(now()));
    let cursor = core::mouse::Cursor::Unavailable;
    let _ = ui.update(&[redraw], cursor, &mut renderer, &mut core::clipboard::Null, &mut Vec::new());
    let style = core::renderer::Style { text_color: colors.text };
    ui.draw(&mut renderer, &colors.theme(), &style, cursor);
    let cache = ui.into_cache();
    (renderer.screenshot(pixels(size), 1.0, background), cache)
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole pixels")]
fn pixels(size: Size) -> Size<u32> {
    Size::new(size.width as u32, size.height as u32)
}

/// What a widget operation collects from the widgets of a view.
#[derive(Default)]
pub(crate) struct Looked {
    /// Every non-empty text, with the space laid out for it.
    pub(crate) texts: Vec<(String, core::Rectangle)>,
    /// How each text is drawn, with the bounds of its letters.
    pub(crate) labels: Vec<(DrawnText, core::Rectangle)>,
    /// Touch targets and other surfaces with a background of their own.
    pub(crate) surfaces: Vec<(Surface, core::Rectangle)>,
}

impl core::widget::Operation for Looked {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn core::widget::Operation)) {
        operate(self);
    }

    fn text(&mut self, _: Option<&core::widget::Id>, bounds: core::Rectangle, text: &str) {
        if !text.is_empty() {
            self.texts.push((text.to_owned(), bounds));
        }
    }

    fn custom(&mut self, _: Option<&core::widget::Id>, bounds: core::Rectangle, state: &mut dyn std::any::Any) {
        if let Some(seen) = state.downcast_ref::<DrawnText>().filter(|seen| !seen.content.is_empty()) {
            self.labels.push((seen.clone(), bounds));
        }
        if let Some(surface) = state.downcast_ref::<Surface>() {
            self.surfaces.push((*surface, bounds));
        }
    }
}

/// Screenshot of a scene without fingers on it.
pub(crate) fn draw_stage(stage: &Stage, m: Metrics, size: Size, colors: Colors) -> Vec<u8> {
    load_fonts();
    draw(stage.view(m), size, (colors, stage.page().color(&colors)), Cache::default()).0
}

/// Loads the fonts of the program.
fn load_fonts() {
    vestibule::screen::fonts::load();
}

/// Screenshot of a single element.
pub(crate) fn draw_alone(element: iced::Element<'_, ()>, size: Size) -> Vec<u8> {
    load_fonts();
    draw(element, size, (Colors::DARK, Colors::DARK.background), Cache::default()).0
}

/// Lays out a view at this size and collects what its widgets report.
pub(crate) fn look<'a, T: 'a>(
    view: impl Into<core::Element<'a, T, iced::Theme, iced::Renderer>>,
    size: Size,
) -> Looked {
    load_fonts();
    let mut looked = Looked::default();
    let mut renderer = iced::Renderer::new(theme::FONT, 16.into());
    let mut ui = UserInterface::build(view, size, Cache::default(), &mut renderer);
    ui.operate(&renderer, &mut looked);
    looked
}

#[expect(clippy::disallowed_methods, reason = "tests wait in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn pressed(finger: u64, position: Point) -> Event {
    Event::Touch(touch::Event::FingerPressed { id: touch::Finger(finger), position })
}

pub(crate) fn moved(finger: u64, position: Point) -> Event {
    Event::Touch(touch::Event::FingerMoved { id: touch::Finger(finger), position })
}

pub(crate) fn lifted(finger: u64, position: Point) -> Event {
    Event::Touch(touch::Event::FingerLifted { id: touch::Finger(finger), position })
}

fn touched(event: &Event) -> Option<Point> {
    let Event::Touch(
        touch::Event::FingerPressed { position, .. }
        | touch::Event::FingerMoved { position, .. }
        | touch::Event::FingerLifted { position, .. }
        | touch::Event::FingerLost { position, .. },
    ) = event
    else {
        return None;
    };
    Some(*position)
}
