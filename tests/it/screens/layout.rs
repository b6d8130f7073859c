//! Every screen in every size and language: no text overlaps another or is cut off. And snapshots of a few screens.
//!
//! `VESTIBULE_PICTURES=- cargo test every_screen` saves all of them in `target/tmp/pictures`.
//! `VESTIBULE_PICTURES=-800x480-de` saves those whose name contains this; separate several by commas.

use std::{fmt::Write, fs, path::Path, thread};

use iced::Size;
use sha2::{Digest, Sha256};
use vestibule::{language::Language, screen::colors::Colors, session::Event};

use crate::support::{
    headless::{Kiosk, STILL},
    scenes::{SCENES, SIZES, check, give, kiosk, save},
};

#[test]
fn every_screen_has_room_for_its_words_in_every_size() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&folder).unwrap();
    let wanted = std::env::var("VESTIBULE_PICTURES").unwrap_or_default();
    thread::scope(|scope| {
        for (size_name, size) in SIZES {
            for language in Language::ALL {
                let (wanted, folder) = (&wanted, &folder);
                let _ = scope.spawn(move || {
                    for (name, prepare) in SCENES {
                        let mut kiosk = kiosk(size);
                        give(&mut kiosk, Event::LanguageTouched(language));
                        prepare(&mut kiosk);
                        let name = format!("{name}-{size_name}-{}", language.code());
                        check(&kiosk.bounds(), size, &name);
                        if wanted.split(',').any(|part| !part.is_empty() && name.contains(part)) {
                            draw(&mut kiosk, size, folder, &name);
                        }
                    }
                });
            }
        }
    });
    println!("pictures: {}", folder.display());
}

/// Saves the screen in every theme.
fn draw(kiosk: &mut Kiosk, size: Size, folder: &Path, name: &str) {
    for (theme, colors) in [("dark", Colors::DARK), ("light", Colors::LIGHT), ("contrast", Colors::CONTRAST)] {
        kiosk.paint(colors, STILL);
        save(&folder.join(format!("{name}-{theme}.png")), size, &kiosk.picture());
    }
}

/// Snapshots of a few screens: `tests/it/screens/snapshots.txt` has the SHA-256 of their pixels. After an intended change look
/// at the pictures, then copy the hashes that this test prints.
#[test]
fn screens_match_their_snapshots() {
    let known = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/screens/snapshots.txt")).unwrap();
    let wanted = [
        ("01-rest", 0, Language::En, Colors::DARK),
        ("03-entry", 3, Language::De, Colors::LIGHT),
        ("09-doors-9", 1, Language::En, Colors::DARK),
        ("14-refused", 2, Language::Fr, Colors::LIGHT),
        ("15-unknown", 3, Language::Es, Colors::CONTRAST),
    ];
    let mut found = String::new();
    for (scene, size, language, colors) in wanted {
        let (size_name, size) = SIZES[size];
        let (_, prepare) = SCENES.into_iter().find(|(name, _)| *name == scene).unwrap();
        let mut kiosk = kiosk(size);
        give(&mut kiosk, Event::LanguageTouched(language));
        prepare(&mut kiosk);
        kiosk.paint(colors, STILL);
        let hash = vestibule::hex::encode(&Sha256::digest(kiosk.picture())).to_string();
        writeln!(found, "{scene}-{size_name}-{} {hash}", language.code()).unwrap();
    }
    assert_eq!(known, found, "if the change is intended, tests/it/screens/snapshots.txt must be:\n{found}");
}
