//! Legibility and target sizes, measured from the widgets: height of capitals, side of keys, contrast.

use std::{collections::BTreeSet, thread};

use iced::{Color, Rectangle, Size};
use vestibule::{
    app::Start,
    language::Language,
    screen::{
        colors::Colors,
        theme::{CAPITAL, Importance, Panel},
        words::words,
    },
    session::Event,
    testing,
};

use crate::support::{
    headless::{Kiosk, Looked, STILL},
    scenes::{SCENES, give, kiosk},
};

/// The panels: name, size in pixels, width in mm, and minimum height in mm of the capitals of essential text. Seven
/// inches have no room for long sentences at full size.
const PANELS: [(&str, Size, f32, f32); 5] = [
    ("7 inches", Size::new(800.0, 480.0), 154.0, 4.6),
    ("10 inches", Size::new(1280.0, 800.0), 217.0, 7.3),
    ("10 inches, high", Size::new(800.0, 1280.0), 136.0, 7.3),
    ("15 inches, high", Size::new(1080.0, 1920.0), 194.0, 7.3),
    ("24 inches", Size::new(3840.0, 2160.0), 527.0, 7.3),
];
/// Names with more characters than this may be set smaller. Otherwise essential text has 0.7 degrees at 600 mm, because
/// nobody can enlarge a screen on the wall (EN 301 549, 5.1.4).
const LONG: usize = 26;
/// Minimum side of a touch target, in mm.
const TARGET: f32 = 20.0;
/// Minimum height of the capitals of optional text, in mm: 0.24 degrees at 600 mm.
const MAY: f32 = 2.5;
/// Minimum contrast of text, to 1: in the usual themes, and in the high-contrast theme.
const CONTRAST: [f32; 2] = [4.5, 7.0];

#[test]
fn every_screen_has_letters_that_can_be_read_and_keys_that_can_be_hit() {
    let mut wrong = BTreeSet::new();
    thread::scope(|scope| {
        let panels = PANELS.map(|(name, size, mm, least)| {
            scope.spawn(move || {
                let mut wrong = BTreeSet::new();
                for language in Language::ALL {
                    for (scene, prepare) in SCENES {
                        let mut kiosk = kiosk(size);
                        give(&mut kiosk, Event::LanguageTouched(language));
                        prepare(&mut kiosk);
                        kiosk.paint(Colors::DARK, Panel { width_mm: Some(mm), ..STILL });
                        let what = format!("{name}, {}, {scene}", language.code());
                        measure(&kiosk.look(), size, mm / size.width, least, &what, &mut wrong);
                    }
                }
                wrong
            })
        });
        wrong.extend(panels.into_iter().flat_map(|panel| panel.join().unwrap()));
    });
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), Vec::from_iter(wrong).join("\n"));
}

fn measure(looked: &Looked, size: Size, mm: f32, least: f32, what: &str, wrong: &mut BTreeSet<String>) {
    let window = Rectangle::with_size(size).expand(0.5);
    for (surface, bounds) in &looked.surfaces {
        let (width, height) = (bounds.width * mm, bounds.height * mm);
        if surface.is_target && width.min(height) < TARGET {
            let _ = wrong.insert(format!("{what}: a target of {width:.1} by {height:.1} mm"));
        }
        if !bounds.is_within(&window) {
            let _ = wrong.insert(format!("{what}: a surface leaves the window: {bounds:?}"));
        }
    }
    assert!(!looked.labels.is_empty(), "{what}");
    for (seen, bounds) in &looked.labels {
        let capital = seen.size * CAPITAL * mm;
        let least = match seen.grade {
            Importance::Essential if seen.content.chars().count() <= LONG => least,
            Importance::Essential if what.contains("doors") || what.contains("asks") => 4.0,
            Importance::Essential => least,
            Importance::Optional => MAY,
        };
        if capital < least {
            let _ = wrong.insert(format!("{what}: `{}` has capitals of {capital:.2} mm", seen.content));
        }
        if !bounds.is_within(&window) {
            let _ = wrong.insert(format!("{what}: `{}` leaves the window: {bounds:?}", seen.content));
        }
    }
}

/// The out-of-order screen is legible and fits on every panel, with one of the longest configuration errors.
#[test]
fn a_kiosk_that_cannot_work_says_so_in_letters_that_can_be_read() {
    let what = "the configuration is refused: `/etc/vestibule/kiosk.toml`, line 64: `session.idle_secs` is not a key; known \
                keys: `after_unlock_seconds`, `idle_seconds`, `max_seconds`, `warning_seconds`";
    let mut wrong = BTreeSet::new();
    for (name, size, mm, least) in PANELS {
        let start = Start::Broken { what: what.to_owned(), phone: "+49 40 1234567".to_owned() };
        let mut kiosk = Kiosk::new(start, size);
        kiosk.paint(Colors::DARK, Panel { width_mm: Some(mm), ..STILL });
        let looked = kiosk.look();
        assert!(kiosk.shows(what) && kiosk.shows("Help: +49 40 1234567"), "{name}");
        measure(&looked, size, mm / size.width, least, name, &mut wrong);
        crate::support::scenes::check(&looked.texts, size, name);
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// With texts 40 % longer than the English ones, nothing overlaps, leaves the window or becomes too small.
#[test]
fn texts_that_are_40_percent_longer_have_room() {
    let mut wrong = BTreeSet::new();
    for (name, size, mm, _) in PANELS {
        for (scene, prepare) in SCENES {
            let mut kiosk = kiosk(size);
            prepare(&mut kiosk);
            kiosk.paint(Colors::DARK, Panel { width_mm: Some(mm), ..STILL });
            testing::speak(&mut kiosk.app, testing::stretched_words());
            let looked = kiosk.look();
            let what = format!("{name}, stretched, {scene}");
            measure(&looked, size, mm / size.width, 3.4, &what, &mut wrong);
            crate::support::scenes::check(&looked.texts, size, &what);
        }
    }
    for key in ["prompt", "still-here", "unknown-advice", "sign-out", "network-name"] {
        let (before, after) =
            (words(Language::En).say(key).chars().count(), testing::stretched_words().say(key).chars().count());
        assert!(before + before * 2 / 5 <= after, "{key}: {before} letters became {after}");
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), Vec::from_iter(wrong).join("\n"));
}

/// Every text has enough contrast to its background, in every theme.
#[test]
fn every_text_stands_out_from_what_is_behind_it() {
    for (name, colors, least) in [
        ("dark", Colors::DARK, CONTRAST[0]),
        ("light", Colors::LIGHT, CONTRAST[0]),
        ("contrast", Colors::CONTRAST, CONTRAST[1]),
    ] {
        // The dimmed screen is dark on purpose.
        for (scene, prepare) in SCENES.into_iter().filter(|(scene, _)| !scene.contains("dim")) {
            let size = Size::new(1280.0, 800.0);
            let mut kiosk = kiosk(size);
            prepare(&mut kiosk);
            kiosk.paint(colors, STILL);
            let looked = kiosk.look();
            for (seen, bounds) in &looked.labels {
                let (front, behind) = pair(&looked, seen.color, *bounds, colors);
                let contrast = front.relative_contrast(behind);
                assert!(least <= contrast, "{name}, {scene}: `{}` has {contrast:.2} to 1", seen.content);
            }
        }
    }
}

/// The color of a text, and that of the smallest surface behind it.
fn pair(looked: &Looked, own: Option<Color>, bounds: Rectangle, colors: Colors) -> (Color, Color) {
    let center = bounds.center();
    let below = looked.surfaces.iter().filter(|(_, surface)| surface.contains(center));
    let below = below.min_by(|(_, a), (_, b)| a.area().total_cmp(&b.area()));
    let (text, behind) =
        below.map_or((colors.text, colors.background), |(surface, _)| (surface.style.text, surface.style.background));
    (own.unwrap_or(text), behind)
}
