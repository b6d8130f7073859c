//! Every screen in every size and language: no text overlaps another or is cut off. And snapshots of a few screens.

use std::{fmt::Write, fs, thread};

use sha2::{Digest, Sha256};
use vestibule::{
    gallery::{PANELS, SCENES, Scene},
    language::Language,
    screen::colors::Colors,
};

use crate::support::{
    headless::{draw_stage, look},
    scenes::{check, panel, staged},
};

#[test]
fn every_screen_has_room_for_its_words_in_every_size() {
    thread::scope(|scope| {
        for (size_name, size, mm) in PANELS {
            for language in Language::ALL {
                let _ = scope.spawn(move || {
                    for scene in SCENES {
                        let stage = staged(scene);
                        let m = stage.metrics(size, panel(scene, size, mm), Colors::DARK, language);
                        let name = format!("{}-{size_name}-{}", scene.name, language.code());
                        check(&look(stage.view(m), size).texts, size, &name);
                    }
                });
            }
        }
    });
}

/// Snapshots of a few screens: `tests/it/screens/snapshots.txt` has the SHA-256 of their pixels. After an intended change look
/// at the pictures, then copy the hashes that this test prints.
#[test]
fn screens_match_their_snapshots() {
    let known = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/screens/snapshots.txt")).unwrap();
    let wanted = [
        ("01-rest", 0, Language::En, Colors::DARK),
        ("02-typing", 3, Language::De, Colors::LIGHT),
        ("04-doors", 1, Language::En, Colors::DARK),
        ("08-refused", 2, Language::Fr, Colors::LIGHT),
        ("09-no-answer", 3, Language::Es, Colors::CONTRAST),
        ("13-desk", 3, Language::En, Colors::LIGHT),
    ];
    let mut found = String::new();
    for (scene, size, language, colors) in wanted {
        let (size_name, size, mm) = PANELS[size];
        let scene = Scene::named(scene).unwrap();
        let stage = staged(scene);
        let m = stage.metrics(size, panel(scene, size, mm), colors, language);
        let hash = vestibule::hex::encode(&Sha256::digest(draw_stage(&stage, m, size, colors))).to_string();
        writeln!(found, "{}-{size_name}-{} {hash}", scene.name, language.code()).unwrap();
    }
    assert_eq!(known, found, "if the change is intended, tests/it/screens/snapshots.txt must be:\n{found}");
}
