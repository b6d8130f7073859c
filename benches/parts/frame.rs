//! Time to lay out and draw a whole screen: 1280 by 800 at rest, with 9 doors, with 2,000; and 1920 by 1080 at rest, with
//! its discs, and with an outcome, whose field fills the screen. Drawn with the processor, into a buffer that stays, as the
//! window does. The window redraws only what has changed; the `appliance` benchmark measures that.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use iced::{Rectangle, Size, advanced::graphics::Viewport};
use iced_test::{
    Simulator, core,
    runtime::{user_interface::Cache, user_interface::UserInterface},
};
use tiny_skia::{Mask, Pixmap};
use vestibule::{
    agent,
    app::{App, Message, Start, Window},
    config::Config,
    door::{Door, DoorId, DoorState, Outcome},
    screen::{colors::Colors, theme},
    session::{
        Event, Identity, State,
        visit::{Attempt, Welcome},
    },
    staff::Digit,
    testing, wiring,
};

const SIZE: Size = Size::new(1280.0, 800.0);

pub(crate) fn frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    let rest = kiosk();
    load_fonts(&rest);
    let mut small = Canvas::new(1280, 800);
    let mut large = Canvas::new(1920, 1080);
    let _ = group.bench_function("at rest", |bencher| bencher.iter(|| small.draw(&rest)));
    for count in [9, 2_000] {
        let mut kiosk = kiosk();
        sign_in(&mut kiosk, count);
        let _ = group.bench_function(BenchmarkId::new("doors", count), |bencher| {
            bencher.iter(|| small.draw(&kiosk));
        });
    }
    let _ = group.bench_function("at rest, 1920 by 1080", |bencher| bencher.iter(|| large.draw(&rest)));
    let mut kiosk = self::kiosk();
    sign_in(&mut kiosk, 9);
    open(&mut kiosk);
    let _ = group.bench_function("outcome, 1920 by 1080", |bencher| bencher.iter(|| large.draw(&kiosk)));
    group.finish();
}

/// A kiosk whose agent never answers: the benchmark gives the answers.
fn kiosk() -> App {
    let (agent, port) = agent::channel();
    std::mem::forget(port);
    let config = Config::parse("", "kiosk.toml".as_ref()).unwrap();
    let (rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    App::new(Start::Working { rules, labels, agent, guesses_left: 10 }, Window::default())
}

fn sign_in(kiosk: &mut App, count: u64) {
    for digit in Digit::ALL.into_iter().cycle().take(6) {
        drop(kiosk.update(Message::Session(Event::DigitTouched(digit))));
    }
    let Some(State::Checking { session, .. }) = testing::state(kiosk) else { panic!("no check is pending") };
    let session = *session;
    let door = |number| Door {
        id: DoorId::new(number),
        name: format!("Room {number}"),
        place: None,
        state: DoorState::Ready,
        kisi_name: String::new(),
        allowance: None,
    };
    let doors = (1..=count).map(door).collect();
    let welcome = Welcome { name: "Ada".to_owned(), doors, language: None, incomplete: false };
    drop(kiosk.update(Message::Session(Event::Identified(session, Ok(Identity::Person(welcome))))));
    assert!(matches!(testing::state(kiosk), Some(State::SignedIn(_))), "nobody is signed in");
}

fn load_fonts(kiosk: &App) {
    let fonts = theme::FONT_FILES.map(std::borrow::Cow::Borrowed).to_vec();
    let settings = core::Settings { fonts, default_font: theme::FONT, ..core::Settings::default() };
    drop(Simulator::with_size(settings, SIZE, kiosk.view()));
}

/// Opens the first door.
fn open(kiosk: &mut App) {
    // Touches just after the sign-in are ignored.
    std::thread::sleep(std::time::Duration::from_millis(500));
    drop(kiosk.update(Message::Session(Event::DoorTouched(DoorId::new(1)))));
    let Some(State::SignedIn(visit)) = testing::state(kiosk) else { panic!("nobody is signed in") };
    let Attempt::Opening(request, ..) = visit.attempt else { panic!("{:?}", visit.attempt) };
    drop(kiosk.update(Message::Session(Event::UnlockAnswered(request, Outcome::Opened))));
}

/// What a window keeps from one frame to the next.
struct Canvas {
    size: Size<u32>,
    renderer: iced::Renderer,
    pixels: Pixmap,
    clip: Mask,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        let (pixels, clip) = (Pixmap::new(width, height).unwrap(), Mask::new(width, height).unwrap());
        Self { size: Size::new(width, height), renderer: iced::Renderer::new(theme::FONT, 16.into()), pixels, clip }
    }

    fn draw(&mut self, kiosk: &App) {
        let viewport = Viewport::with_physical_size(self.size, 1.0);
        let size = viewport.logical_size();
        let mut ui = UserInterface::build(kiosk.view(), size, Cache::default(), &mut self.renderer);
        let style = core::renderer::Style { text_color: Colors::DARK.text };
        ui.draw(&mut self.renderer, &Colors::DARK.theme(), &style, core::mouse::Cursor::Unavailable);
        let all = [Rectangle::with_size(size)];
        let background = testing::background(kiosk);
        self.renderer.draw(&mut self.pixels.as_mut(), &mut self.clip, &viewport, &all, background);
        let _ = black_box(self.pixels.data());
    }
}
