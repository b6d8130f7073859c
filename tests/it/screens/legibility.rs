//! Legibility and target sizes, measured from the widgets: height of capitals, side of keys, contrast.

use std::{collections::BTreeSet, thread};

use iced::{Color, Rectangle, Size};
use vestibule::{
    app::Start,
    gallery::{PANELS, SCENES, THEMES},
    language::Language,
    screen::{
        colors::Colors,
        theme::{CAPITAL, Importance, Panel},
        words::words,
    },
    testing,
};

use crate::support::{
    headless::{Kiosk, Looked, STILL, look},
    scenes::{panel, staged},
};

/// Names with more characters than this may be set smaller. Otherwise essential text has 0.7 degrees at 600 mm, because
/// nobody can enlarge a screen on the wall (EN 301 549, 5.1.4).
const LONG: usize = 26;
/// Minimum side of a touch target, in mm.
const TARGET: f32 = 20.0;
/// Minimum height of the capitals of optional text, in mm: 0.24 degrees at 600 mm.
const MAY: f32 = 2.5;

/// Minimum height of the capitals of essential text, in mm, on a panel of this size: seven inches have no room for long
/// sentences at full size, and a desk is read at a desk.
fn least(size: Size, is_desk: bool) -> f32 {
    if is_desk || size == Size::new(800.0, 480.0) { 4.6 } else { 7.3 }
}

#[test]
fn every_screen_has_letters_that_can_be_read_and_keys_that_can_be_hit() {
    let mut wrong = BTreeSet::new();
    thread::scope(|scope| {
        let panels = PANELS.map(|(name, size, mm)| {
            scope.spawn(move || {
                let mut wrong = BTreeSet::new();
                for language in Language::ALL {
                    for scene in SCENES {
                        let stage = staged(scene);
                        let panel = panel(scene, size, mm);
                        let m = stage.metrics(size, panel, Colors::DARK, language);
                        let what = format!("{name}, {}, {}", language.code(), scene.name);
                        let (mm, least) = (panel.width_mm.unwrap() / size.width, least(size, scene.is_desk));
                        measure(&look(stage.view(m), size), size, mm, least, &what, &mut wrong);
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
    for (name, size, mm) in PANELS {
        let start = Start::Broken { what: what.to_owned(), phone: "+49 40 1234567".to_owned() };
        let mut kiosk = Kiosk::new(start, size);
        kiosk.paint(Colors::DARK, Panel { width_mm: Some(mm), ..STILL });
        let looked = kiosk.look();
        assert!(kiosk.shows(what) && kiosk.shows("+49 40 1234567"), "{name}");
        measure(&looked, size, mm / size.width, least(size, false), name, &mut wrong);
        crate::support::scenes::check(&looked.texts, size, name);
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// With texts 40 % longer than the English ones, nothing overlaps, leaves the window or becomes too small.
#[test]
fn texts_that_are_40_percent_longer_have_room() {
    let mut wrong = BTreeSet::new();
    for (name, size, mm) in PANELS {
        for scene in SCENES {
            let stage = staged(scene);
            let panel = panel(scene, size, mm);
            let m = stage.metrics_with(size, panel, Colors::DARK, testing::stretched_words());
            let looked = look(stage.view(m), size);
            let what = format!("{name}, stretched, {}", scene.name);
            measure(&looked, size, panel.width_mm.unwrap() / size.width, 3.4, &what, &mut wrong);
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
    for (name, colors) in THEMES {
        // The dimmed screen is dark on purpose.
        for scene in SCENES.iter().filter(|scene| !scene.name.contains("dim")) {
            let size = Size::new(1280.0, 800.0);
            let stage = staged(scene);
            let m = stage.metrics(size, panel(scene, size, 217.0), colors, Language::En);
            let looked = look(stage.view(m), size);
            for (seen, bounds) in &looked.labels {
                let (front, behind) = pair(&looked, seen.color, *bounds, (colors.text, stage.page().color(&colors)));
                let contrast = front.relative_contrast(behind);
                assert!(
                    colors.least() <= contrast,
                    "{name}, {}: `{}` has {contrast:.2} to 1",
                    scene.name,
                    seen.content
                );
            }
        }
    }
}

/// The color of a text, and that of the smallest surface behind it. `page`: the same of the page.
fn pair(looked: &Looked, own: Option<Color>, bounds: Rectangle, page: (Color, Color)) -> (Color, Color) {
    let center = bounds.center();
    let is_filled = |style: &vestibule::screen::press::Style| style.background.a != 0.0;
    let below =
        looked.surfaces.iter().filter(|(surface, _)| is_filled(&surface.style) && surface.drawn.contains(center));
    let below = below.min_by(|(_, a), (_, b)| a.area().total_cmp(&b.area()));
    let (text, behind) = below.map_or(page, |(surface, _)| (surface.style.text, surface.style.background));
    (own.unwrap_or(text), behind)
}
