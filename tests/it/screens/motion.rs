//! What moves, and how often: the frames that the widgets of a scene ask for.

use std::time::{Duration, Instant};

use iced::{Event, Size, window};
use iced_test::{
    core::{clipboard, mouse, window::RedrawRequest},
    runtime::user_interface::{Cache, State, UserInterface},
};
use vestibule::{
    gallery::{SCENES, Scene},
    language::Language,
    screen::{
        colors::Colors,
        theme::{self, Panel},
    },
};

use crate::support::{
    headless::{STILL, now},
    scenes::staged,
};

const SIZE: Size = Size::new(1280.0, 800.0);

/// The frame that a scene asks for when it is drawn at each of these times after its first frame.
fn frames(scene: &Scene, motion: bool, times: &[u64]) -> Vec<Option<Duration>> {
    let stage = staged(scene);
    let panel = Panel { width_mm: Some(217.0), motion, ..STILL };
    let m = stage.metrics(SIZE, panel, Colors::DARK, Language::En);
    let mut renderer = iced::Renderer::new(theme::FONT, 16.into());
    let (mut cache, begin) = (Cache::default(), now());
    let mut asked = Vec::new();
    for time in times {
        let at: Instant = begin + Duration::from_millis(*time);
        let mut ui = UserInterface::build(stage.view(m), SIZE, cache, &mut renderer);
        let redraw = Event::Window(window::Event::RedrawRequested(at));
        let cursor = mouse::Cursor::Unavailable;
        let (updated, _) = ui.update(&[redraw], cursor, &mut renderer, &mut clipboard::Null, &mut Vec::new());
        let State::Updated { redraw_request, .. } = updated else { panic!("{}: not laid out", scene.name) };
        asked.push(match redraw_request {
            RedrawRequest::NextFrame => Some(Duration::ZERO),
            RedrawRequest::At(next) => Some(next - at),
            RedrawRequest::Wait => None,
        });
        cache = ui.into_cache();
    }
    asked
}

fn scene(name: &str) -> &'static Scene {
    Scene::named(name).unwrap()
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// At most 15 frames a second while something is sent, and for as long as it is.
#[test]
fn sending_asks_for_fifteen_frames_a_second() {
    for asked in frames(scene("06-sending"), true, &[0, 67, 1_000, 5_000]) {
        assert!(asked.is_some_and(|next| Duration::from_micros(66_600) < next), "{asked:?}");
    }
}

/// Outcomes move for the time that `face.md` gives them, then nothing does.
#[test]
fn outcomes_move_for_a_moment() {
    for (name, time) in [("07-accepted", 220), ("07-opened", 180), ("08-refused", 180), ("09-no-answer", 180)] {
        let asked = frames(scene(name), true, &[0, time - 20, time + 20, time + 40]);
        assert_eq!(asked, [Some(ms(0)), Some(ms(0)), None, None], "{name}");
    }
}

/// A check shows after 300 ms that it goes on, then 160 ms at each dot.
#[test]
fn a_check_walks_through_the_dots() {
    let asked = frames(scene("03-checking"), true, &[0, 100, 300, 460, 500]);
    assert_eq!(asked, [300, 200, 160, 160, 120].map(|time| Some(ms(time))));
}

/// At rest and on doors nothing moves; and nothing anywhere if the site turns motion off.
#[test]
fn nothing_else_moves() {
    for scene in SCENES {
        assert_eq!(frames(scene, false, &[0, 50, 400]), [None; 3], "{}", scene.name);
        let moves = ["03", "06", "07", "08", "09", "11", "12", "15", "17"].contains(&&scene.name[..2]);
        if !moves && scene.name != "13-desk-opened" {
            assert_eq!(frames(scene, true, &[0, 50, 400]), [None; 3], "{}", scene.name);
        }
    }
}
