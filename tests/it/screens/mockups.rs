//! The screens beside their mockups: edges of discs and tiles and the baselines of texts are within a millimeter.
//!
//! `cargo test mockups` writes one picture for each into `target/tmp/mockups`: the mockup, the program's own picture, and
//! the edges of both above each other (red: only in the mockup, green: only in the program, white: in both).

use std::{fs, ops::RangeInclusive, path::Path};

use iced::{Rectangle, Size};
use vestibule::{
    gallery::{PANELS, Scene},
    language::Language,
    screen::colors::Colors,
};

use crate::support::{
    headless::{Looked, draw_stage, look},
    scenes::{load, panel, save, staged},
};

/// How far an edge may be from that of the mockup, in mm.
const NEAR: f32 = 1.0;
/// How far away an edge is looked for, in mm.
const REACH: f32 = 1.5;
/// The least step of brightness that is an edge, of 255.
const STEP: i32 = 5;

/// A picture in gray.
struct Gray {
    width: i32,
    height: i32,
    pixels: Vec<i32>,
}

impl Gray {
    fn new(size: Size, rgba: &[u8]) -> Self {
        let pixels =
            rgba.chunks(4).map(|p| (i32::from(p[0]) * 2 + i32::from(p[1]) * 5 + i32::from(p[2])) / 8).collect();
        Self { width: whole(size.width), height: whole(size.height), pixels }
    }

    fn at(&self, x: i32, y: i32) -> i32 {
        let (x, y) = (x.clamp(0, self.width - 1), y.clamp(0, self.height - 1));
        self.pixels[usize::try_from(y * self.width + x).unwrap()]
    }

    /// Where a clear edge crosses a line: from `(x, y)`, at most `reach` pixels in direction `(dx, dy)` and against it. `None`
    /// if there is no edge.
    fn edge(&self, (x, y): (i32, i32), (dx, dy): (i32, i32), reach: i32) -> Option<i32> {
        let step = |at: i32| (self.at(x + dx * (at + 1), y + dy * (at + 1)) - self.at(x + dx * at, y + dy * at)).abs();
        nearest(-reach..=reach, 0, step, STEP)
    }

    /// The row below which the ink of a text ends, at most `reach` rows from `near`. `None` if there is no text.
    fn baseline(&self, place: Rectangle, near: i32, reach: i32) -> Option<i32> {
        let columns = whole(place.x)..whole(place.x + place.width);
        let paper = self.at(columns.start - 2, near);
        let ink = |row: i32| -> i32 { columns.clone().map(|x| (self.at(x, row) - paper).abs() / 8).sum() };
        nearest(near - reach..=near + reach, near, |row| ink(row) - ink(row + 1), 4 * STEP)
    }
}

/// Among places with at least a quarter of the greatest step, the nearest one. `None` if no step is as large as this.
fn nearest(places: RangeInclusive<i32>, to: i32, step: impl Fn(i32) -> i32, least: i32) -> Option<i32> {
    let greatest = places.clone().map(&step).max()?;
    let clear = places.filter(|at| greatest <= 4 * step(*at));
    clear.min_by_key(|at| (at - to).abs()).filter(|_| least <= greatest)
}

fn whole(value: f32) -> i32 {
    format!("{value:.0}").parse().unwrap()
}

fn mockup(name: &str) -> (Size, Vec<u8>) {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/screens/mockups/{name}.png")))
}

/// What was compared, how far it was off at most in mm, and what was farther off than allowed.
#[derive(Default)]
struct Compared {
    edges: usize,
    baselines: usize,
    farthest: f32,
    wrong: Vec<String>,
}

impl Compared {
    fn add(&mut self, what: &str, found: Option<i32>, own: Option<i32>, mm: f32) {
        let off = found.zip(own).map(|(found, own)| f32::from(i16::try_from((found - own).abs()).unwrap()) * mm);
        match off {
            Some(off) if off <= NEAR => self.farthest = self.farthest.max(off),
            off => self.wrong.push(format!("{what}: {off:?} mm")),
        }
    }

    /// The four sides of everything that has an edge.
    fn edges(&mut self, looked: &Looked, (mockup, own): (&Gray, &Gray), mm: f32) {
        let reach = whole(REACH / mm);
        for (surface, _) in &looked.surfaces {
            let Rectangle { x, y, width, height } = surface.drawn;
            let is_seen = surface.style.background.a != 0.0 || surface.style.border.width != 0.0;
            if !is_seen {
                continue;
            }
            let middle = (whole(x + width / 2.0), whole(y + height / 2.0));
            for (side, at, to) in [
                ("left", (whole(x), middle.1), (1, 0)),
                ("right", (whole(x + width), middle.1), (1, 0)),
                ("top", (middle.0, whole(y)), (0, 1)),
                ("bottom", (middle.0, whole(y + height)), (0, 1)),
            ] {
                let what = format!("the {side} of {:?}", surface.drawn);
                self.edges += 1;
                self.add(&what, mockup.edge(at, to, reach), own.edge(at, to, reach), mm);
            }
        }
    }

    /// The baselines of all texts but single digits on discs, whose discs were compared.
    fn baselines(&mut self, looked: &Looked, (mockup, own): (&Gray, &Gray), mm: f32) {
        /// From the baseline down to the lower end of a line, in em: a part of the line's spare height, and what letters
        /// reach below it.
        const DESCENT: f32 = 0.293;
        let reach = whole(REACH / mm);
        for (seen, bounds) in looked.labels.iter().filter(|(seen, _)| 1 < seen.content.chars().count()) {
            let bottom = bounds.y + bounds.height;
            let guess = whole(bottom - DESCENT * seen.size);
            let Some(at) = own.baseline(*bounds, guess, whole(0.35 * seen.size)) else { continue };
            self.baselines += 1;
            let what = format!("the baseline of `{}`", seen.content);
            self.add(&what, mockup.baseline(*bounds, at, reach), Some(at), mm);
        }
    }
}

/// The two pictures and the edges of both, side by side.
fn side_by_side(size: Size, mockup: &[u8], own: &[u8]) -> Vec<u8> {
    let (theirs, ours) = (Gray::new(size, mockup), Gray::new(size, own));
    let row = usize::try_from(4 * theirs.width).unwrap();
    let mut all = Vec::with_capacity(3 * mockup.len());
    for y in 0..theirs.height {
        let at = usize::try_from(y).unwrap() * row;
        all.extend_from_slice(&mockup[at..at + row]);
        all.extend_from_slice(&own[at..at + row]);
        for x in 0..theirs.width {
            let is_edge = |gray: &Gray| {
                let here = gray.at(x, y);
                STEP <= (here - gray.at(x + 1, y)).abs().max((here - gray.at(x, y + 1)).abs())
            };
            let light = |is_edge: bool| if is_edge { 255 } else { 0 };
            let (theirs, ours) = (is_edge(&theirs), is_edge(&ours));
            all.extend_from_slice(&[light(theirs), light(ours), light(theirs && ours), 255]);
        }
    }
    all
}

#[test]
fn edges_and_baselines_are_those_of_the_mockups() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mockups");
    fs::create_dir_all(&folder).unwrap();
    let mut wrong = Vec::new();
    for name in ["01-rest", "04-doors", "07-opened", "13-desk"] {
        let scene = Scene::named(name).unwrap();
        for (size_name, size, mm) in
            PANELS.into_iter().filter(|(name, ..)| ["1280x800", "1080x1920", "800x480"].contains(name))
        {
            let (their_size, theirs) = mockup(&format!("{name}-{size_name}"));
            assert_eq!(their_size, size);
            let (stage, panel) = (staged(scene), panel(scene, size, mm));
            let m = stage.metrics(size, panel, Colors::DARK, Language::En);
            let ours = draw_stage(&stage, m, size, Colors::DARK);
            let looked = look(stage.view(m), size);
            let grays = (&Gray::new(size, &theirs), &Gray::new(size, &ours));
            let mm = panel.width_mm.unwrap() / size.width;
            let mut compared = Compared::default();
            compared.edges(&looked, grays, mm);
            compared.baselines(&looked, grays, mm);
            let Compared { edges, baselines, farthest, wrong: far } = compared;
            println!("{name}-{size_name}: {edges} edges, {baselines} baselines, at most {farthest:.2} mm off");
            assert!(8 <= edges && 3 <= baselines, "{name}-{size_name}");
            wrong.extend(far.into_iter().map(|what| format!("{name}-{size_name}: {what}")));
            let three = Size::new(3.0 * size.width, size.height);
            save(&folder.join(format!("{name}-{size_name}.png")), three, &side_by_side(size, &theirs, &ours));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}
