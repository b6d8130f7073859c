//! The questions of `assets/docs/face.md`, as far as a test can answer them: in the light and the dark theme.

use std::collections::BTreeSet;

use iced::{Rectangle, Size};
use vestibule::{
    gallery::{SCENES, Scene, Stage},
    language::Language,
    screen::{
        colors::Colors,
        design::Form,
        theme::{Metrics, Panel},
    },
    testing,
};

use crate::support::{
    headless::{Looked, draw_stage, english, look},
    scenes::{panel, staged},
};

const TEN: Size = Size::new(1280.0, 800.0);
const THEMES: [Colors; 2] = [Colors::DARK, Colors::LIGHT];

fn metrics(scene: &Scene, stage: &Stage, colors: Colors) -> Metrics {
    stage.metrics(TEN, panel(scene, TEN, 217.0), colors, Language::En)
}

fn looked(name: &str, colors: Colors) -> Looked {
    let scene = Scene::named(name).unwrap();
    let stage = staged(scene);
    look(stage.view(metrics(scene, &stage, colors)), TEN)
}

fn place(looked: &Looked, text: &str) -> Rectangle {
    let found = looked.labels.iter().find(|(seen, _)| seen.content == text);
    found.unwrap_or_else(|| panic!("`{text}` is not on the screen")).1
}

/// 2: on the walls nothing but the bar of the time left is nearer to an edge than the margin.
#[test]
fn only_the_bar_is_nearer_to_the_edge_than_the_margin() {
    for colors in THEMES {
        // The countdown's pill is 2.5 u higher, as the mockups have it; the dimmed screen has no margin.
        let walls = SCENES.iter().filter(|scene| !scene.is_desk && !scene.name.starts_with("10"));
        for scene in walls {
            let stage = staged(scene);
            let m = metrics(scene, &stage, colors);
            let picture = draw_stage(&stage, m, TEN, colors);
            let pixel = |x: usize, y: usize| &picture[4 * (y * 1280 + x)..4 * (y * 1280 + x) + 3];
            // The margin is 8 u, which are 47 pixels. Some strokes reach a pixel further.
            let (margin, page) = (44, pixel(2, 2).to_vec());
            // Keys and languages are words without an edge; their letters stay within the margin too.
            for y in 0..800 - 9 {
                for x in (0..margin).chain(1280 - margin..1280) {
                    assert_eq!(pixel(x, y), page, "{}: {x}, {y}", scene.name);
                }
            }
            for x in 0..1280 {
                for y in (0..margin).chain(800 - margin..800 - 9) {
                    assert_eq!(pixel(x, y), page, "{}: {x}, {y}", scene.name);
                }
            }
        }
    }
}

/// 3: clock, sentence, code and languages begin at one x.
#[test]
fn the_left_column_begins_at_one_x() {
    let looked = looked("01-rest", Colors::DARK);
    let begins = ["09:41", english().say("prompt").as_str(), "English"].map(|text| place(&looked, text).x);
    assert!(begins.iter().all(|x| (x - begins[0]).abs() < 1.0), "{begins:?}");
}

/// 4: name and state start at one x in every tile.
#[test]
fn name_and_state_start_at_one_x() {
    let looked = looked("04-doors", Colors::DARK);
    // An icon of 5.6 u and a space of 1.8 u stand before the words of a state.
    let (unit, icon) = (TEN.width / 217.0, 5.6 + 1.8);
    for (name, state, before) in [
        ("Main entrance", "Harbour House", 0.0),
        ("Loading bay", "May not answer", icon),
        ("Café", "Open already", icon),
        ("Bike store", "Locked since 24 Nov", icon),
        ("Archive", "Only at the reader", icon),
    ] {
        let begins = place(&looked, state).x - before * unit;
        assert!((begins - place(&looked, name).x).abs() < 1.0, "{state}");
    }
}

/// 5: nothing hollow can be touched, and what can be touched is filled or only words.
#[test]
fn nothing_hollow_reacts() {
    for colors in THEMES {
        for scene in SCENES {
            let stage = staged(scene);
            let looked = look(stage.view(metrics(scene, &stage, colors)), TEN);
            for (surface, bounds) in &looked.surfaces {
                let is_hollow = surface.style.background.a == 0.0 && surface.style.border.width != 0.0;
                assert!(!(is_hollow && surface.is_target), "{}: {bounds:?}", scene.name);
            }
        }
    }
}

/// `display.outlines` draws a line around every filled key, tile and pill of the dark theme. Without it there is none.
#[test]
fn outlines_draw_a_line_around_what_is_filled() {
    let (colors, mut lines) = (Colors::DARK, [0; 2]);
    for scene in SCENES.iter().filter(|scene| !scene.name.contains("dim")) {
        for (outlines, lines) in [false, true].into_iter().zip(&mut lines) {
            let stage = staged(scene);
            let panel = Panel { outlines, ..panel(scene, TEN, 217.0) };
            let looked = look(stage.view(stage.metrics(TEN, panel, colors, Language::En)), TEN);
            let filled = looked.surfaces.iter().map(|(surface, _)| surface.style);
            let filled = filled.filter(|style| [colors.key, colors.surface].contains(&style.background));
            // What is chosen or asks has an edge of its own.
            let plain =
                filled.filter(|style| ![colors.accent, colors.warning, colors.faint].contains(&style.border.color));
            for style in plain {
                assert_eq!(0.0 < style.border.width, outlines, "{}: {style:?}", scene.name);
                *lines += 1;
            }
        }
    }
    assert!(200 < lines[0] && lines[0] == lines[1], "{lines:?}");
}

/// 7: in gray, outcomes are told apart by their outlines: any two differ in a tenth of the pixels that one of them fills.
#[test]
fn outcomes_are_told_apart_in_gray() {
    /// Where the silhouettes of ten inches are.
    const PLACE: (usize, usize, usize) = (47, 298, 307);
    for colors in THEMES {
        let outline = |name: &str| {
            let scene = Scene::named(name).unwrap();
            let stage = staged(scene);
            let picture = draw_stage(&stage, metrics(scene, &stage, colors), TEN, colors);
            let gray = |x: usize, y: usize| {
                let at = 4 * (y * 1280 + x);
                picture[at..at + 3].iter().map(|part| i32::from(*part)).sum::<i32>() / 3
            };
            let page = gray(20, 400);
            let (left, top, side) = PLACE;
            let rows = top..top + side;
            rows.flat_map(|y| (left..left + side).map(move |x| (x, y)))
                .map(|(x, y)| 40 < (gray(x, y) - page).abs())
                .collect::<Vec<bool>>()
        };
        let names = ["06-sending", "07-accepted", "07-opened", "08-refused", "09-no-answer", "09-not-sent"];
        let outlines = names.map(outline);
        for (index, one) in outlines.iter().enumerate() {
            for (other, two) in outlines.iter().enumerate().skip(index + 1) {
                let differ = one.iter().zip(two).filter(|(a, b)| a != b).count();
                let filled = one.iter().chain(two).filter(|is| **is).count();
                assert!(filled < 20 * differ, "{} and {}: {differ} of {filled}", names[index], names[other]);
            }
        }
    }
}

/// 8: from rest to checking, no part moves: only dots, words and fills change.
#[test]
fn nothing_moves_from_rest_to_checking() {
    let places = |name: &str| {
        let looked = looked(name, Colors::DARK);
        let surfaces: Vec<Rectangle> = looked.surfaces.iter().map(|(_, bounds)| *bounds).collect();
        let labels: BTreeSet<String> =
            looked.labels.iter().map(|(seen, bounds)| format!("{} {bounds:?}", seen.content)).collect();
        (surfaces, labels)
    };
    let (rest, checking) = (places("01-rest"), places("03-checking"));
    assert_eq!(rest.0, checking.0);
    let differs: Vec<&String> = rest.1.symmetric_difference(&checking.1).collect();
    assert_eq!(differs.len(), 2, "the sentence alone: {differs:?}");
}

/// 9: the way out has one place in all scenes of a visit.
#[test]
fn the_way_out_never_moves() {
    for (is_desk, key) in [(false, "sign-out"), (true, "lock-screen")] {
        let words = english().say(key);
        let mut places = BTreeSet::new();
        let visits = SCENES.iter().filter(|scene| scene.is_desk == is_desk && ("04".."11").contains(&&scene.name[..2]));
        let visits: Vec<_> =
            visits.chain(SCENES.iter().filter(|scene| is_desk && scene.name.starts_with("13"))).collect();
        for scene in visits.into_iter().filter(|scene| scene.name != "13-desk-rest") {
            let stage = staged(scene);
            let looked = look(stage.view(metrics(scene, &stage, Colors::DARK)), TEN);
            let Rectangle { x, y, width, height } = place(&looked, &words);
            let _ = places.insert(format!("{x:.1} {y:.1} {width:.1} {height:.1}"));
        }
        assert_eq!(places.len(), 1, "{places:?}");
    }
}

/// 10: with texts that are 40 % longer, no text on ten inches is smaller than 4.8 u.
#[test]
fn stretched_texts_on_ten_inches_are_large_enough() {
    for scene in SCENES.iter().filter(|scene| !scene.is_desk) {
        let stage = staged(scene);
        let panel = panel(scene, TEN, 217.0);
        let m = stage.metrics_with(TEN, panel, Colors::DARK, testing::stretched_words());
        assert_eq!(m.form, Form::Ten);
        let unit = TEN.width / 217.0;
        for (seen, _) in look(stage.view(m), TEN).labels {
            assert!(4.79 <= seen.size / unit, "{}: `{}` has {:.2} u", scene.name, seen.content, seen.size / unit);
        }
    }
}
