//! Pictures of the scenes.
//!
//! `VESTIBULE_PICTURES=docs cargo test pictures` draws those of `assets/docs/screens` anew, after a change of a screen.
//! `VESTIBULE_PICTURES=04-doors-800x480-de cargo test pictures` saves those whose name contains this, in any size, language
//! and theme, in `target/tmp/pictures`; separate several by commas.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use iced::Size;
use vestibule::{
    gallery::{PANELS, SCENES, Scene, THEMES},
    language::Language,
    screen::{colors::Colors, theme::Panel},
};

use crate::support::{
    headless::{STILL, draw_stage},
    scenes::{few_colors, load, panel, save, save_indexed, staged},
};

/// A picture to draw.
struct Picture {
    file: PathBuf,
    scene: &'static Scene,
    size: Size,
    panel: Panel,
    language: Language,
    colors: Colors,
}

impl Picture {
    fn draw(&self) -> Vec<u8> {
        let stage = staged(self.scene);
        let m = stage.metrics(self.size, self.panel, self.colors, self.language);
        draw_stage(&stage, m, self.size, self.colors)
    }
}

/// Does something with each picture, half of them on each thread. Returns what it found.
fn each(pictures: &[Picture], act: impl Fn(&Picture) -> Option<String> + Sync) -> Vec<String> {
    thread::scope(|scope| {
        let halves = pictures.chunks(pictures.len().div_ceil(2).max(1));
        let halves: Vec<_> =
            halves.map(|half| scope.spawn(|| half.iter().filter_map(&act).collect::<Vec<_>>())).collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    })
}

fn wanted() -> String {
    std::env::var("VESTIBULE_PICTURES").unwrap_or_default()
}

/// The pictures of the documentation: a panel of ten inches, and at a desk a monitor of 24 inches, both drawn smaller.
fn of_documentation() -> Vec<Picture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/docs/screens");
    let themes = THEMES.into_iter().filter(|(name, _)| *name != "night");
    let pictures = themes.flat_map(|(theme, colors)| {
        let folder = folder.clone();
        screens().map(move |scene| {
            let (size, mm) =
                if scene.is_desk { (Size::new(1280.0, 720.0), 527.0) } else { (Size::new(800.0, 500.0), 217.0) };
            let file = folder.join(format!("{}-{theme}.png", scene.name));
            Picture { file, scene, size, panel: Panel { width_mm: Some(mm), ..STILL }, language: Language::En, colors }
        })
    });
    pictures.collect()
}

/// One scene of every screen, without those that show another state of it.
fn screens() -> impl Iterator<Item = &'static Scene> {
    let is_variant = |name: &str| SCENES.iter().any(|scene| name.starts_with(&format!("{}-", scene.name)));
    SCENES.iter().filter(move |scene| scene.name == "13-desk-search" || !is_variant(scene.name))
}

/// The documentation shows every screen in every theme, as it is drawn now.
#[test]
fn the_documentation_shows_every_screen() {
    let pictures = of_documentation();
    let is_to_draw = wanted().split(',').any(|part| part == "docs");
    let differs = each(&pictures, |picture| {
        let drawn = few_colors(&picture.draw(), picture.colors);
        if is_to_draw {
            save_indexed(&picture.file, picture.size, &drawn);
        }
        let is_so = picture.file.exists() && load(&picture.file) == (picture.size, drawn);
        (!is_so).then(|| picture.file.display().to_string())
    });
    let files = fs::read_dir(pictures[0].file.parent().unwrap()).unwrap().count();
    assert_eq!(files, pictures.len(), "other files in `assets/docs/screens`");
    let command = "VESTIBULE_PICTURES=docs cargo test pictures";
    assert!(differs.is_empty(), "not as drawn now; `{command}` draws them:\n{}", differs.join("\n"));
}

#[test]
fn wanted_pictures_are_saved() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&folder).unwrap();
    let wanted = wanted();
    let is_wanted =
        |name: &str| wanted.split(',').any(|part| !part.is_empty() && part != "docs" && name.contains(part));
    let mut pictures = Vec::new();
    for scene in SCENES {
        for (size_name, size, mm) in PANELS {
            for language in Language::ALL {
                for (theme, colors) in THEMES {
                    let name = format!("{}-{size_name}-{}-{theme}", scene.name, language.code());
                    if is_wanted(&name) {
                        let (file, panel) = (folder.join(format!("{name}.png")), panel(scene, size, mm));
                        pictures.push(Picture { file, scene, size, panel, language, colors });
                    }
                }
            }
        }
    }
    let missing = each(&pictures, |picture| {
        save(&picture.file, picture.size, &picture.draw());
        (!picture.file.exists()).then(|| picture.file.display().to_string())
    });
    assert_eq!(missing, Vec::<String>::new());
    println!("{} pictures: {}", pictures.len(), folder.display());
}
