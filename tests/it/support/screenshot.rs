//! The picture of a real display, compared with the one that the same screen has without a display.

use iced::Size;
use std::{path::PathBuf, process::Command};
use vestibule::{agent, app::Start, config::Config, wiring};

use crate::support::{headless::Kiosk, installed::Program, touchscreen::Touchscreen};

pub(crate) fn pad_program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_vestibule")).with_file_name("examples").join("pad")
}

/// The shipped window with an agent that prints each credential (`tests/pad`).
pub(crate) fn pad(screen: &Touchscreen, busy_ms: u64) -> Program {
    pad_with(screen, &[&busy_ms.to_string()])
}

/// The pad in one of its other modes.
pub(crate) fn pad_that(screen: &Touchscreen, mode: &str) -> Program {
    pad_with(screen, &["0", mode])
}

fn pad_with(screen: &Touchscreen, arguments: &[&str]) -> Program {
    let mut command = Command::new(pad_program());
    let _ = command.args(arguments).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY");
    let pad = Program::start(&mut command);
    let _ = pad.expect("open");
    let _ = screen.settled();
    pad
}

/// A headless kiosk, the reference for positions and pixels.
pub(crate) fn at_rest(size: Size) -> Kiosk {
    let (agent, _) = agent::channel();
    let config = Config::parse("", "kiosk.toml".as_ref()).unwrap();
    let (rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    Kiosk::new(Start::Working { rules, labels, agent, guesses_left: 10 }, size)
}

/// Waits until the screen matches but for 0.1 % of its pixels. The clock is ignored: the minute may differ.
#[track_caller]
pub(crate) fn assert_same(screen: &Touchscreen, expected: &Kiosk, what: &str) {
    let picture = expected.picture();
    let _ = screen.once(what, |screen| without_time(screen, &picture, expected) < 0.001);
}

/// Share of pixels that differ outside the reference's clock.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole pixels")]
pub(crate) fn without_time(screen: &[u8], expected: &[u8], kiosk: &Kiosk) -> f64 {
    let is_time = |text: &str| text.len() == 5 && text.as_bytes()[2] == b':';
    let texts = kiosk.bounds();
    let Some((_, at)) = texts.iter().find(|(text, _)| is_time(text)) else { return difference(screen, expected) };
    // A few pixels more, for digits of another width.
    let (left, right) = ((at.x - 4.0).floor() as usize, (at.x + at.width + 4.0).ceil() as usize);
    let (top, bottom) = (at.y.floor() as usize, (at.y + at.height).ceil() as usize);
    let (mut masked, width) = (screen.to_vec(), kiosk.width() as usize);
    for y in top..bottom {
        let row = 4 * (y * width + left)..4 * (y * width + right);
        masked[row.clone()].copy_from_slice(&expected[row]);
    }
    difference(&masked, expected)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a part of some pixels")]
pub(crate) fn difference(screen: &[u8], expected: &[u8]) -> f64 {
    assert_eq!(screen.len(), expected.len(), "pictures of different sizes");
    let far = |a: &[u8], b: &[u8]| a.iter().zip(b).take(3).any(|(a, b)| 8 < a.abs_diff(*b));
    let count = screen.chunks(4).zip(expected.chunks(4)).filter(|(a, b)| far(a, b)).count();
    count as f64 / (screen.len() / 4) as f64
}
