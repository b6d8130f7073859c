//! The window: turns messages into session events, carries out effects, and draws the state. It is the session's only
//! source of time.

pub mod night;
mod window_placement;
mod reload;
mod timers;
mod window_settings;
#[doc(hidden)]
pub mod testing;

use std::time::{Duration, Instant};

use iced::{
    Element, Rectangle, Size, Task,
    widget::responsive,
    window::{self, Id},
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use self::timers::minutes;
pub use self::{
    reload::{Reloaded, Reloader},
    window_settings::Window,
};
use crate::{
    agent::{Connectivity, Handle},
    language::Language,
    platform::supervisor,
    platform::suspend,
    readers::ReaderState,
    screen::{
        self, Moment, Shown,
        design::Form,
        keys, notice,
        qr::Code,
        sign_in::Labels,
        theme::{self, Metrics},
        words::{Words, words},
    },
    session::{Effect, Event, Session, State, reader::Key, rules::Rules},
};

/// The smallest size of a window that is not fullscreen: that of the smallest panel.
const SMALLEST: Size = Size::new(800.0, 480.0);
/// During a visit the window gets a tick every 100 ms. A gap longer than this is a stall (R50).
const STOOD_STILL: Duration = Duration::from_secs(2);
/// After a stall, queued input arrives within this time.
const SETTLE: Duration = Duration::from_millis(400);
/// Logical size of a window that is not fullscreen.
const WINDOW: Size = Size::new(1280.0, 800.0);

/// What the window starts with.
#[derive(Debug, Clone)]
pub enum Start {
    /// A kiosk that can work.
    Working {
        /// The site's rules.
        rules: Box<Rules>,
        /// Name, location, support phone and logo.
        labels: Labels,
        /// The agent that carries out the session's effects.
        agent: Handle,
        /// Keypad guesses that were left when the program ended.
        guesses_left: u32,
    },
    /// A kiosk that cannot work: the window shows why.
    Broken {
        /// The error, for the technician.
        what: String,
        /// The support phone number.
        phone: String,
    },
}

/// A message to the window.
#[derive(Debug, Clone)]
pub enum Message {
    /// A person did something, or time passed.
    Session(Event),
    /// An event from the agent of this generation.
    Agent(u64, Event),
    /// The state of the connection to Kisi changed.
    Connectivity(Connectivity),
    /// A reader with a wire of its own was plugged in, was lost, or was opened.
    Readers(Vec<ReaderState>),
    /// The window opened.
    Opened(Id),
    /// The logical size of the monitor, if known.
    Measured(Id, Option<Size>),
    /// The area of the configured monitor in physical pixels, and how many of them make a logical pixel.
    Placed(Id, Rectangle, f32),
    /// The displayed time changed.
    MinuteBegan,
    /// Somebody asked to close the window.
    CloseRequested,
    /// The screen layout changed. The monitor's new area, in physical pixels.
    ScreenChanged(Rectangle),
    /// A heartbeat is due.
    BeatBegan,
    /// A reload of the configuration was requested.
    ReloadAsked,
    /// The kiosk with the new configuration, or why that was refused.
    Reloaded(Result<Reloaded, String>),
}

/// The state of the program.
#[derive(Debug)]
pub struct App {
    mode: Mode,
    window: Window,
    now: Instant,
    /// Local time for the clock on the screen.
    time: DateTime,
    /// Whether `time` is fixed, for snapshots.
    is_fixed: bool,
    /// Texts that replace every language, for tests.
    words: Option<&'static Words>,
    /// After an event-loop stall, door taps and Enter are ignored until this instant: they were queued during the stall
    /// (R50).
    ignore_input_until: Instant,
    /// Whether to reload the configuration once nobody uses the kiosk and no reload is under way.
    wants_reload: bool,
    /// Whether a reload is under way. The next one waits for it, so that the newest configuration is the last one applied.
    is_reloading: bool,
    /// The reader of the last badge, which shows whether somebody was signed in.
    reader: Option<String>,
    /// Increases with each reload. Events from the agent of an earlier generation are dropped.
    generation: u64,
}

#[derive(Debug)]
enum Mode {
    Working(Box<WorkingKiosk>),
    Broken { what: String, phone: String },
}

#[derive(Debug)]
struct WorkingKiosk {
    session: Session,
    labels: Labels,
    agent: Handle,
    health: Connectivity,
    /// Unlocks sent to the agent and not answered yet. A reload waits for them.
    open_unlocks: usize,
    /// QR code of the technician's report.
    diagnostics: Option<Code>,
}

/// Builds the program for `main` and the tests.
pub fn application(
    start: Start,
    window: Window,
) -> iced::Application<impl iced::Program<State = App, Message = Message, Theme = iced::Theme>> {
    program(start, window, App::update)
}

fn program(
    start: Start,
    window: Window,
    update: impl Fn(&mut App, Message) -> Task<Message> + 'static,
) -> iced::Application<impl iced::Program<State = App, Message = Message, Theme = iced::Theme>> {
    let settings = window::Settings {
        size: WINDOW,
        fullscreen: window.fullscreen,
        decorations: !window.fullscreen,
        // Not resizable also means not fullscreen for some window managers.
        resizable: true,
        exit_on_close_request: false,
        min_size: Some(SMALLEST),
        ..window::Settings::default()
    };
    let [regular, bold, icons] = theme::FONT_FILES;
    iced::application(move || App::new(start.clone(), window.clone()), update, App::view)
        .title("vestibule")
        .theme(|app: &App| app.window.colors().theme())
        .style(|app: &App, _| app.style())
        .subscription(App::subscription)
        .font(regular)
        .font(bold)
        .font(icons)
        .default_font(theme::FONT)
        .window(settings)
}

impl App {
    /// Creates the program in its first state.
    pub fn new(start: Start, window: Window) -> Self {
        let now = now();
        let mode = Mode::new(start, now);
        let mut app = Self {
            mode,
            window,
            now,
            time: time(),
            is_fixed: false,
            words: None,
            ignore_input_until: now,
            wants_reload: false,
            is_reloading: false,
            reader: None,
            generation: 0,
        };
        app.window.report_readers();
        // Start the timer that dims the screen.
        drop(app.send(Event::Ticked));
        app
    }

    /// Handles one message.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        self.tick();
        match message {
            Message::Session(Event::DoorTouched(_) | Event::KeyPressed(Key::Enter))
                if self.now < self.ignore_input_until =>
            {
                self.send(Event::Ticked)
            }
            Message::Opened(id) => {
                tracing::info!("the window is open");
                supervisor::ready();
                self.opened(id)
            }
            Message::ScreenChanged(place) => window::latest()
                .and_then(move |id| window::scale_factor(id).map(move |scale| Message::Placed(id, place, scale))),
            Message::Placed(id, place, scale) => self.placed(id, place, scale),
            Message::Measured(id, Some(size)) => self.measured(id, size),
            Message::Measured(_, None) | Message::MinuteBegan => Task::none(),
            Message::CloseRequested => {
                if self.window.may_close {
                    self.leave()
                } else {
                    Task::none()
                }
            }
            Message::ReloadAsked => {
                self.wants_reload = true;
                self.reload_when_alone()
            }
            Message::Reloaded(begun) => self.reloaded(begun),
            Message::BeatBegan => {
                match &self.mode {
                    Mode::Working(kiosk) => kiosk.agent.send(Effect::Beat),
                    // A broken kiosk has no agent.
                    Mode::Broken { .. } => self.window.status.beat(),
                }
                Task::none()
            }
            Message::Agent(generation, _) if generation != self.generation => Task::none(),
            Message::Session(event) | Message::Agent(_, event) => self.send(event),
            Message::Readers(states) => {
                self.window.status.change(|facts| facts.readers = states);
                Task::none()
            }
            Message::Connectivity(health) => {
                if let Mode::Working(kiosk) = &mut self.mode {
                    kiosk.health = health;
                }
                Task::none()
            }
        }
    }

    /// Reads the clocks, and changes what depends on them alone.
    fn tick(&mut self) {
        let before = self.now;
        self.now = now();
        if !self.is_fixed {
            self.time = time();
        }
        if let Some(night) = &mut self.window.night {
            night.tick(self.time.time());
        }
        let is_signed_in = matches!(self.state(), Some(State::SignedIn(_)));
        if is_signed_in && STOOD_STILL < self.now.saturating_duration_since(before) {
            tracing::warn!("the window stalled: door taps queued during the stall are ignored");
            self.ignore_input_until = self.now + SETTLE;
        }
    }

    fn send(&mut self, event: Event) -> Task<Message> {
        let Mode::Working(kiosk) = &mut self.mode else { return Task::none() };
        let before = kiosk.session.feedback(self.now);
        let scanned_at = if let Event::Scanned(scan) = &event { Some(scan.reader.clone()) } else { None };
        if let Event::UnlockAnswered(..) = event {
            kiosk.open_unlocks = kiosk.open_unlocks.saturating_sub(1);
        } else if let Event::AgentRestarted = event {
            // The restarted agent does not answer them.
            kiosk.open_unlocks = 0;
        }
        let effects = kiosk.session.handle(event, self.now);
        kiosk.keep_diagnostics();
        if let Some(tone) = before.to(kiosk.session.feedback(self.now)) {
            // A scan that is refused at once, or the badge that was checked.
            self.window.play(tone, scanned_at, &mut self.reader);
        }
        let mut tasks = Vec::new();
        for effect in effects {
            if let Effect::Identify(_, _, asked) = &effect {
                self.reader.clone_from(&asked.reader);
            }
            tasks.extend(self.perform(effect));
        }
        tasks.push(self.reload_when_alone());
        Task::batch(tasks)
    }

    /// Sends an effect to the agent, except those that only the window can carry out.
    fn perform(&mut self, effect: Effect) -> Option<Task<Message>> {
        if let Effect::Leave = effect {
            return Some(self.leave());
        }
        if let Effect::Reload = effect {
            // `send` reloads once all effects are carried out.
            self.wants_reload = true;
            return None;
        }
        if let Mode::Working(kiosk) = &mut self.mode {
            kiosk.open_unlocks += usize::from(matches!(effect, Effect::Unlock(..)));
            kiosk.agent.send(effect);
        }
        None
    }

    /// The color of the window: that of the page.
    fn style(&self) -> iced::theme::Style {
        let page = match &self.mode {
            Mode::Broken { .. } => notice::PAGE,
            Mode::Working(kiosk) => screen::page(&kiosk.session, self.now),
        };
        let colors = self.window.colors();
        iced::theme::Style { background_color: page.color(&colors), text_color: colors.text }
    }

    /// Draws the screen of the current state.
    pub fn view(&self) -> Element<'_, Message> {
        let language = match &self.mode {
            Mode::Working(kiosk) => kiosk.session.language(),
            Mode::Broken { .. } => Language::En,
        };
        let words = self.words.unwrap_or_else(|| words(language));
        let (panel, colors) = (self.window.panel, self.window.colors());
        let page = responsive(move |size| {
            let m = Metrics::new(size, panel, colors, words);
            keys::root(self.page(m), self.window.fullscreen, move |key| Message::Session(self.key(key, m))).into()
        });
        page.into()
    }

    /// What a key means: at a desk, some keys move among the doors as they are laid out. While it is not clear whether a badge
    /// reader types, every key is its own.
    fn key(&self, key: Key, m: Metrics) -> Event {
        let pressed = Event::KeyPressed(key);
        let (Key::Move(to), Mode::Working(kiosk)) = (key, &self.mode) else { return pressed };
        let Some(State::SignedIn(visit)) = self.state().filter(|_| m.form == Form::Desk) else { return pressed };
        if kiosk.session.hears_keys() {
            return pressed;
        }
        screen::doors::moved(visit, to, self.now, m).unwrap_or(pressed)
    }

    fn page(&self, metrics: Metrics) -> Element<'_, Message> {
        match &self.mode {
            Mode::Broken { what, phone } => notice::view(what, phone, metrics),
            Mode::Working(kiosk) => {
                let shown = Shown {
                    session: &kiosk.session,
                    labels: &kiosk.labels,
                    outage: kiosk.health.outage,
                    is_reader_missing: self.window.readers.is_one_missing(),
                    diagnostics: kiosk.diagnostics.as_ref(),
                    moment: Moment { now: self.now, today: self.time.date() },
                    time: self.time.time(),
                    minutes: minutes(self.time),
                };
                screen::view(shown, metrics).map(Message::Session)
            }
        }
    }

    fn state(&self) -> Option<&State> {
        match &self.mode {
            Mode::Working(kiosk) => Some(kiosk.session.state()),
            Mode::Broken { .. } => None,
        }
    }
}

fn time() -> DateTime {
    TimeZone::system().to_datetime(Timestamp::now())
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now() -> Instant {
    // Suspended time counts, so that nobody is still signed in after a suspend.
    Instant::now() + suspend::time_suspended()
}
