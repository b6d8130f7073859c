//! Time to lay out and draw a whole screen: 1280 by 800 at rest, with 9 doors, with 2,000; and 1920 by 1080 at rest, with
//! its discs, and with an outcome, whose field fills the screen. The real window redraws only what has changed; the
//! `appliance` benchmark measures that.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use iced::Size;
use iced_test::{
    Simulator,
    core::{self, renderer::Headless as _},
    runtime::{user_interface::Cache, user_interface::UserInterface},
};
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
const LARGE: Size = Size::new(1920.0, 1080.0);

pub(crate) fn frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    let rest = kiosk();
    load_fonts(&rest);
    let mut renderer = iced::Renderer::new(theme::FONT, 16.into());
    let _ = group.bench_function("at rest", |bencher| bencher.iter(|| draw(&rest, SIZE, &mut renderer)));
    for count in [9, 2_000] {
        let mut kiosk = kiosk();
        sign_in(&mut kiosk, count);
        let _ = group.bench_function(BenchmarkId::new("doors", count), |bencher| {
            bencher.iter(|| draw(&kiosk, SIZE, &mut renderer));
        });
    }
    let _ = group.bench_function("at rest, 1920 by 1080", |bencher| bencher.iter(|| draw(&rest, LARGE, &mut renderer)));
    let mut kiosk = self::kiosk();
    sign_in(&mut kiosk, 9);
    open(&mut kiosk);
    let _ =
        group.bench_function("outcome, 1920 by 1080", |bencher| bencher.iter(|| draw(&kiosk, LARGE, &mut renderer)));
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

fn draw(kiosk: &App, size: Size, renderer: &mut iced::Renderer) {
    let mut ui = UserInterface::build(kiosk.view(), size, Cache::default(), renderer);
    let style = core::renderer::Style { text_color: Colors::DARK.text };
    ui.draw(renderer, &Colors::DARK.theme(), &style, core::mouse::Cursor::Unavailable);
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole pixels")]
    let pixels = Size::new(size.width as u32, size.height as u32);
    let _ = black_box(renderer.screenshot(pixels, 1.0, Colors::DARK.background));
}
