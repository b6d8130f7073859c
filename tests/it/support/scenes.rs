//! Every screen of the kiosk, as scenes that are drawn and measured.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::BufReader,
    path::Path,
    thread,
    time::Duration,
};

use iced::{Rectangle, Size};
use vestibule::{
    agent,
    app::{Message, Start},
    config::Config,
    gallery::{self, Scene, Stage},
    screen::{colors::Colors, theme::Panel},
    session::{Denial, Event, Identity, State, visit::Welcome},
    staff::Digit,
    testing, wiring,
};

use crate::support::headless::{Kiosk, STILL, now};

/// A kiosk whose agent never answers, with these lines in its configuration: the test gives the answers.
pub(crate) fn desk_or_wall(size: Size, keys: &str) -> Kiosk {
    let (agent, port) = agent::channel();
    std::mem::forget(port);
    let text = "[kiosk]\nname = \"Harbour House\"\nlocation = \"Lobby, ground floor\"\nsupport_phone = \"+49 40 1234567\"\n\
                help_url = \"https://example.com/door-help\"\n[doors]\nconfirm = [\"Server room\"]\n[display]\ndim_after_seconds = 1\n";
    let config = Config::parse(&format!("{text}{keys}"), "kiosk.toml".as_ref()).unwrap();
    let (rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    Kiosk::new(Start::Working { rules, labels, agent, guesses_left: 10 }, size)
}

/// Applies an event and drops what it asks the agent for.
pub(crate) fn give(kiosk: &mut Kiosk, event: Event) {
    drop(kiosk.app.update(Message::Session(event)));
}

pub(crate) fn type_digits(kiosk: &mut Kiosk, count: usize) {
    for digit in Digit::ALL.into_iter().cycle().skip(1).take(count) {
        give(kiosk, Event::DigitTouched(digit));
    }
}

pub(crate) fn answer(kiosk: &mut Kiosk, answer: Result<Identity, Denial>) {
    let Some(State::Checking { session, .. }) = testing::state(&kiosk.app) else { panic!("no check is pending") };
    let session = *session;
    give(kiosk, Event::Identified(session, answer));
}

pub(crate) fn signed_in(kiosk: &mut Kiosk, count: u64) {
    type_digits(kiosk, 6);
    let welcome =
        Welcome { name: "Ada".to_owned(), doors: gallery::sample::doors(count), language: None, incomplete: false };
    answer(kiosk, Ok(Identity::Person(welcome)));
    thread::sleep(Duration::from_millis(420));
}

/// A scene of the gallery.
pub(crate) fn staged(scene: &Scene) -> Stage {
    scene.stage(now()).unwrap()
}

/// The panel of this width for a scene, without animations. A desk has a monitor of this size.
pub(crate) fn panel(scene: &Scene, size: Size, mm: f32) -> Panel {
    Panel { width_mm: Some(if scene.is_desk { gallery::desk_width(size) } else { mm }), ..STILL }
}

/// Asserts that no text overlaps another or leaves the window.
pub(crate) fn check(texts: &[(String, Rectangle)], size: Size, what: &str) {
    let window = Rectangle::with_size(size);
    for (index, (text, bounds)) in texts.iter().enumerate() {
        assert!(bounds.is_within(&window), "{what}: `{text}` is cut off");
        for (other, others) in &texts[index + 1..] {
            let shared = bounds.intersection(others).map_or(0.0, |shared| shared.width.min(shared.height));
            assert!(shared < 1.0, "{what}: `{text}` and `{other}` overlap: {bounds:?} {others:?}");
        }
    }
}

/// Saves a picture, without transparency.
pub(crate) fn save(file: &Path, size: Size, picture: &[u8]) {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole pixels")]
    let mut encoder = png::Encoder::new(fs::File::create(file).unwrap(), size.width as u32, size.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = picture.chunks(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

/// The picture with the colors of its theme and its 64 most frequent ones only, so that its file is small. Others become the
/// nearest of these.
pub(crate) fn few_colors(picture: &[u8], colors: Colors) -> Vec<u8> {
    let Colors { muted, accent, good, bad, warning, .. } = colors;
    let kept = [muted, accent, good, bad, warning].map(|color| {
        let [red, green, blue, _] = color.into_rgba8();
        [red, green, blue]
    });
    let mut counts: BTreeMap<[u8; 3], usize> = BTreeMap::new();
    for pixel in picture.chunks(4) {
        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
    }
    let mut frequent: Vec<([u8; 3], usize)> = counts.iter().map(|(color, count)| (*color, *count)).collect();
    frequent.sort_by_key(|(color, count)| (std::cmp::Reverse(*count), *color));
    frequent.truncate(64);
    frequent.extend(kept.into_iter().filter(|color| counts.contains_key(color)).map(|color| (color, 0)));
    let far =
        |a: &[u8; 3], b: &[u8; 3]| -> u32 { a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum() };
    let nearest =
        |color: &[u8; 3]| frequent.iter().map(|(known, _)| *known).min_by_key(|known| far(known, color)).unwrap();
    let known: BTreeMap<[u8; 3], [u8; 3]> = counts.keys().map(|color| (*color, nearest(color))).collect();
    let mapped = picture.chunks(4).flat_map(|pixel| {
        let [red, green, blue] = known[&[pixel[0], pixel[1], pixel[2]]];
        [red, green, blue, 255]
    });
    mapped.collect()
}

/// Saves a picture of at most 256 colors with a palette.
pub(crate) fn save_indexed(file: &Path, size: Size, picture: &[u8]) {
    let colors: BTreeSet<&[u8]> = picture.chunks(4).map(|pixel| &pixel[..3]).collect();
    let palette: Vec<u8> = colors.iter().flat_map(|color| color.iter().copied()).collect();
    let places: BTreeMap<&[u8], u8> = (0..=u8::MAX).zip(colors).map(|(place, color)| (color, place)).collect();
    let pixels: Vec<u8> = picture.chunks(4).map(|pixel| places[&pixel[..3]]).collect();
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole pixels")]
    let mut encoder = png::Encoder::new(fs::File::create(file).unwrap(), size.width as u32, size.height as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

/// Loads a picture as RGBA.
pub(crate) fn load(file: &Path) -> (Size, Vec<u8>) {
    let mut decoder = png::Decoder::new(BufReader::new(fs::File::open(file).unwrap()));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(frame.color_type, png::ColorType::Rgba, "{}", file.display());
    let side = |pixels: u32| f32::from(u16::try_from(pixels).unwrap());
    (Size::new(side(frame.width), side(frame.height)), pixels)
}
