//! Two programs in turns on one display: start, memory, processor at rest and while something is sent, touches, and a
//! person with 2,000 doors.

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use iced::Point;

use super::{
    DOOR, SIZE, STARTS, Shown, Site, line, median, memory, ms, processor, sign_in, started, touched,
    touchscreen::Touchscreen,
};

/// Measured seconds at rest and while something is sent, each turn.
const REST: Duration = Duration::from_secs(12);
const SENDING: Duration = Duration::from_secs(4);
/// Turns of each program for what is measured once a start.
const TURNS: usize = 5;

/// What one program took.
#[derive(Default)]
struct Taken {
    starts: Vec<f64>,
    memory: Vec<f64>,
    rest: Vec<f64>,
    sending: Vec<f64>,
    sending_still: Vec<f64>,
    touches: Vec<f64>,
    doors: Vec<f64>,
    frames: Vec<f64>,
}

/// The program before a change, from `VESTIBULE_BEFORE`, beside that of `VESTIBULE_PROGRAM`.
pub(super) fn pair(site: &Site) {
    let before = std::env::var_os("VESTIBULE_BEFORE").map(PathBuf::from).expect("VESTIBULE_BEFORE names a program");
    let programs = [before.canonicalize().unwrap(), super::program()];
    let mut taken = [Taken::default(), Taken::default()];
    let mut screen = Touchscreen::start(SIZE.0, SIZE.1);
    for program in &programs {
        drop(started(&screen, &mut site.command_of(program)));
    }
    for turn in 0..2 * STARTS {
        thread::sleep(Duration::from_millis(300));
        let (shown, start) = started(&screen, &mut site.command_of(&programs[turn % 2]));
        thread::sleep(Duration::from_secs(2));
        taken[turn % 2].starts.push(start);
        taken[turn % 2].memory.push(memory(shown.child.id()));
    }
    let many = Site::new(1_990);
    let moving = Site::new(0);
    moving.configure("motion = false", "motion = true");
    for turn in 0..2 * TURNS {
        let (program, taken) = (&programs[turn % 2], &mut taken[turn % 2]);
        let (shown, _) = started(&screen, &mut site.command_of(program));
        thread::sleep(Duration::from_secs(2));
        taken.rest.push(share(&shown, REST));
        touches(&mut screen, &mut taken.touches);
        taken.sending_still.push(sending(site, &shown, &mut screen, turn));
        drop(shown);
        let (shown, _) = started(&screen, &mut moving.command_of(program));
        thread::sleep(Duration::from_secs(2));
        taken.sending.push(sending(&moving, &shown, &mut screen, turn));
        drop(shown);
        let (shown, _) = started(&screen, &mut many.command_of(program));
        thread::sleep(Duration::from_secs(2));
        for index in 0..4 {
            screen.chord(&[1]);
            thread::sleep(Duration::from_millis(400));
            taken.doors.push(sign_in(&mut screen, index));
            thread::sleep(Duration::from_millis(600));
        }
        frames(&mut screen, &mut taken.frames);
        drop(shown);
        println!("turn {} of {}", turn + 1, 2 * TURNS);
    }
    println!("\n| what, median | before | now | ratio | |\n| --- | --- | --- | --- | --- |");
    let row = |what: &str, unit: &str, digits: usize, of: fn(&Taken) -> &Vec<f64>| {
        let [before, now] = [0, 1].map(|index| median(of(&taken[index]).clone()).0);
        let show = |value: f64| format!("{value:.digits$} {unit}");
        line(what, &show(before), &show(now), &format!("{:.2}", now / before), "");
    };
    row("start to first frame", "ms", 0, |taken| &taken.starts);
    row("memory at rest (PSS)", "MiB", 1, |taken| &taken.memory);
    row("processor at rest", "% of a core", 3, |taken| &taken.rest);
    row("processor while sending, without motion", "% of a core", 2, |taken| &taken.sending_still);
    row("processor while sending", "% of a core", 2, |taken| &taken.sending);
    row("touch to changed pixels", "ms", 1, |taken| &taken.touches);
    row("badge to 2,000 doors on screen", "ms", 1, |taken| &taken.doors);
    row("touch to frame with 2,000 doors", "ms", 1, |taken| &taken.frames);
}

/// The part of a core that a program takes, in percent.
fn share(shown: &Shown, time: Duration) -> f64 {
    let (before, begin) = (processor(shown.child.id()), Instant::now());
    thread::sleep(time);
    100.0 * (processor(shown.child.id()) - before) / begin.elapsed().as_secs_f64()
}

/// Signs somebody in, taps a door that Kisi takes its time to answer, and measures while the screen says so.
fn sending(site: &Site, shown: &Shown, screen: &mut Touchscreen, turn: usize) -> f64 {
    screen.chord(&[1]);
    thread::sleep(Duration::from_millis(400));
    let _ = sign_in(screen, turn);
    thread::sleep(Duration::from_secs(1));
    site.slow(u64::try_from(SENDING.as_millis()).unwrap() + 1_500);
    screen.tap(DOOR);
    thread::sleep(Duration::from_millis(600));
    let share = share(shown, SENDING);
    thread::sleep(Duration::from_millis(1_500));
    site.slow(0);
    share
}

fn touches(screen: &mut Touchscreen, times: &mut Vec<f64>) {
    let eye = screen.eye();
    // Six digits would be a PIN, and a check.
    for index in 0..5 {
        times.push(touched(screen, &eye));
        thread::sleep(Duration::from_millis(120 + 7 * index));
    }
}

/// Time from a touch on a tile to its changed pixels.
pub(super) fn frames(screen: &mut Touchscreen, times: &mut Vec<f64>) {
    let eye = screen.eye();
    for _ in 0..20 {
        let before = eye.pixel(DOOR);
        let begin = Instant::now();
        screen.press(0, DOOR);
        while eye.pixel(DOOR) == before && begin.elapsed() < Duration::from_secs(2) {}
        times.push(ms(begin));
        screen.slide(0, Point::new(640.0, 20.0));
        screen.lift(0, Point::new(640.0, 20.0));
        thread::sleep(Duration::from_millis(150));
    }
}

impl Site {
    /// A kiosk of this program on this site.
    pub(super) fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let _ = command.arg("--config").arg(self.folder.path().join("kiosk.toml"));
        let _ = command.arg("--data").arg(self.folder.path().join("data"));
        command
    }
}
