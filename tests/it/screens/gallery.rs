//! The gallery on a real window: the same pictures as the tests draw, and the keys that step through them.

use std::{process::Command, time::Duration};

use iced::Size;
use vestibule::{
    gallery::{SCENES, Scene},
    language::Language,
    screen::{colors::Colors, theme::Panel},
};

use crate::support::{
    codes::{DOWN, LEFT, Q, RIGHT, T},
    headless::{STILL, draw_stage},
    installed::Program,
    scenes::staged,
    screenshot::difference,
    touchscreen::Touchscreen,
};

const SIZE: Size = Size::new(800.0, 480.0);

fn drawn(scene: &Scene, language: Language, colors: Colors) -> Vec<u8> {
    let stage = staged(scene);
    let m = stage.metrics(SIZE, Panel { width_mm: (!scene.is_desk).then_some(154.0), ..STILL }, colors, language);
    draw_stage(&stage, m, SIZE, colors)
}

#[test]
fn the_gallery_steps_through_scenes_languages_and_themes_by_key() {
    let screen = Touchscreen::start(800, 480);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let command = command.args(["gallery", "--size", "800x480", "--language", "de", "--theme", "light"]);
    let mut gallery = Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let mut screen = screen;
    let shows = |screen: &Touchscreen, scene: &Scene, language, colors, what: &str| {
        let picture = drawn(scene, language, colors);
        let _ = screen.once(what, |screen| difference(screen, &picture) < 0.002);
    };
    let press = |screen: &mut Touchscreen, key: i32| {
        std::thread::sleep(Duration::from_millis(150));
        screen.chord(&[key]);
    };
    shows(&screen, &SCENES[0], Language::De, Colors::LIGHT, "the first scene");
    screen.focus();
    press(&mut screen, RIGHT);
    shows(&screen, &SCENES[1], Language::De, Colors::LIGHT, "the next scene");
    press(&mut screen, DOWN);
    shows(&screen, &SCENES[1], Language::Fr, Colors::LIGHT, "the next language");
    press(&mut screen, T);
    shows(&screen, &SCENES[1], Language::Fr, Colors::CONTRAST, "the next theme");
    press(&mut screen, LEFT);
    press(&mut screen, LEFT);
    shows(&screen, SCENES.last().unwrap(), Language::Fr, Colors::CONTRAST, "the list goes round");
    press(&mut screen, Q);
    assert_eq!(gallery.exit_code(), Some(0));
}

/// A window that goes from scene to scene and from language to language shows what a window shows that has just opened
/// there: nothing of the scene before stays behind. A rounded corner that is drawn in two parts may differ in a pixel.
#[test]
fn nothing_of_the_scene_before_stays_on_the_window() {
    let mut screen = Touchscreen::start(800, 480);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let command = command.args(["gallery", "--size", "800x480"]);
    let _gallery = Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = screen.settled();
    screen.focus();
    let mut language = Language::En;
    let languages = Language::ALL;
    for scene in SCENES {
        for turn in 0..2 {
            let what = format!("{} in {language:?} and nothing else", scene.name);
            // What moves has no last picture.
            if !["03-checking", "06-sending"].contains(&scene.name) {
                let picture = drawn(scene, language, Colors::DARK);
                let _ = screen.once(&what, |screen| difference(screen, &picture) < 3.0 / (800.0 * 480.0));
            }
            std::thread::sleep(Duration::from_millis(50));
            if turn == 0 {
                screen.chord(&[DOWN]);
                let at = languages.iter().position(|other| *other == language).unwrap();
                language = languages[(at + 1) % languages.len()];
            } else {
                screen.chord(&[RIGHT]);
            }
        }
    }
}

/// Wrong arguments are named with what is allowed.
#[test]
fn wrong_arguments_of_the_gallery_are_named() {
    for (arguments, said) in [
        (["--size", "800"], "must be WIDTHxHEIGHT, each from 200 to 8000"),
        (["--size", "100x9000"], "must be WIDTHxHEIGHT, each from 200 to 8000"),
        (["--language", "tlh"], "must be one of en, de, fr, es"),
        (["--theme", "pink"], "dark, light, contrast, night"),
        (["--panel-width-mm", "20"], "20 is not in 50..=3000"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let output = command.arg("gallery").args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && error.contains(said), "{arguments:?}: {error}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let output = command.arg("gallery").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no display"));
}
