//! The kiosk on a real X server beside an equivalent page in Chromium's kiosk mode: startup, memory, processor time at
//! rest, touch latency; and for the kiosk alone: unlocks, long lists, memory after many visits. Prints a table.
//!
//! `cargo build --profile dist && VESTIBULE_PROGRAM=target/dist/vestibule cargo bench --profile dev --bench appliance`
//!
//! `-- fonts` compares start and memory with and without the fonts of the machine.
//! `-- pair` runs the program of `VESTIBULE_BEFORE` and that of `VESTIBULE_PROGRAM` in turns.
//! `-- doors` measures only the time from a badge or a PIN to the doors, with and without those of the last visit.
//! `-- beacons` measures only a visit with a thousand beacons a second.
//! `-- whole` measures only changes of the whole of a large screen, and `-- many` only a person with 2,000 doors.
//! `-- alone` measures only what Chromium has no equivalent of. Only the program has to be a release build, not this
//! benchmark. Without Chromium its column stays empty.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark reads the clock, prints its results, and panics on failure"
)]
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    clippy::allow_attributes,
    reason = "the tests use all of it"
)]

#[path = "../../tests/it/support/touchscreen.rs"]
mod touchscreen;
#[path = "../../tests/it/support/keyboard.rs"]
mod keyboard;
#[path = "../../tests/it/support/bluez.rs"]
mod bluez;

mod beacons;
mod doors;
mod pair;

/// Stands in for the test modules that `touchscreen.rs` imports.
mod support {
    pub(crate) use super::{bluez, keyboard};
    pub(crate) mod headless {
        pub(crate) fn now() -> std::time::Instant {
            std::time::Instant::now()
        }
    }
}

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use iced::Point;
use tempfile::TempDir;
use vestibule::{
    config::Config,
    enrol::{Candidate, Enrollment},
    kisi::Client,
    secret::Secret,
    simulator::{Simulator, fault::Fault, world::World},
    staff::Badge,
    store::directory::{Cost, Directory},
    wiring,
};

mod wire;

use self::{
    touchscreen::{Eye, Touchscreen},
    wire::Wire,
};

const SIZE: (u32, u32) = (1280, 800);
const STARTS: usize = 7;
const TOUCHES: usize = 60;
const TAPS: usize = 60;
const REST: Duration = Duration::from_mins(1);
const VISITS: usize = 1_000;
/// A point on a key beside its digit, the same in the page and in the kiosk.
const KEY: Point = Point::new(965.0, 260.0);
/// A point on the first door, where nothing is drawn at rest.
const DOOR: Point = Point::new(200.0, 250.0);
/// The same on 1920 by 1080, and a point that the keys, the doors and an outcome draw with different colors.
const LARGE_DOOR: Point = Point::new(300.0, 300.0);
const LARGE_KEY: Point = Point::new(1450.0, 300.0);

/// Measurements of the kiosk and of Chromium: milliseconds, MiB, percent of a core.
#[derive(Default)]
struct Numbers {
    start: f64,
    memory: f64,
    rest: f64,
    touch: (f64, f64),
    processes: usize,
}

/// A program on the screen. Dropping it kills all its processes.
struct Shown {
    child: Child,
}

impl Drop for Shown {
    fn drop(&mut self) {
        for process in processes(self.child.id()).into_iter().rev() {
            let _ = Command::new("kill").args(["-9", &process.to_string()]).stderr(Stdio::null()).status();
        }
        let _ = self.child.wait();
    }
}

/// A process and all its descendants.
fn processes(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    let mut at = 0;
    while at < all.len() {
        let children = fs::read_dir(format!("/proc/{}/task", all[at])).into_iter().flatten().flatten();
        for task in children {
            let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(text.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
        at += 1;
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Proportional set size over all processes, in MiB.
fn memory(root: u32) -> f64 {
    let of = |process: u32| {
        let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or_default().to_owned();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default()
    };
    processes(root).into_iter().map(of).sum::<f64>() / 1024.0
}

/// Processor time of all threads, in seconds.
fn processor(root: u32) -> f64 {
    let mut nanos = 0.0;
    for process in processes(root) {
        for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            nanos += text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or_default();
        }
    }
    nanos / 1e9
}

fn median(mut times: Vec<f64>) -> (f64, f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1])
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Starts a program and waits until the key is drawn. Returns the time in ms.
fn started(screen: &Touchscreen, command: &mut Command) -> (Shown, f64) {
    started_at(screen, command, KEY)
}

fn started_at(screen: &Touchscreen, command: &mut Command, key: Point) -> (Shown, f64) {
    let eye = screen.eye();
    let begin = Instant::now();
    let child = command
        .env("DISPLAY", screen.display())
        .env_remove("WAYLAND_DISPLAY")
        .env("VESTIBULE_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let shown = Shown { child };
    // The color of a key: lighter than its page, and not the white of a page that is still empty.
    let is_key = |pixel: &[u8]| {
        pixel[..3].iter().all(|part| (20..120).contains(part)) && pixel != eye.pixel(Point::new(4.0, 4.0))
    };
    while !is_key(&eye.pixel(key)) {
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "no key is drawn: {:?}, page {:?}",
            eye.pixel(key),
            eye.pixel(Point::new(4.0, 4.0))
        );
        thread::sleep(Duration::from_micros(500));
    }
    (shown, ms(begin))
}

fn numbers(what: &str, mut command: impl FnMut() -> Command) -> Numbers {
    let mut screen = Touchscreen::start(SIZE.0, SIZE.1);
    // Warm-up: the first start creates profiles and reads from the disk.
    drop(started(&screen, &mut command()));
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        thread::sleep(Duration::from_millis(300));
        starts.push(started(&screen, &mut command()).1);
    }
    let (start, ..) = median(starts);
    println!("{what}: started {STARTS} times");
    thread::sleep(Duration::from_millis(300));
    let (shown, _) = started(&screen, &mut command());
    let root = shown.child.id();
    thread::sleep(Duration::from_secs(10));
    let (memory, processes) = (memory(root), processes(root).len());
    let (before, begin) = (processor(root), Instant::now());
    thread::sleep(REST);
    let rest = 100.0 * (processor(root) - before) / begin.elapsed().as_secs_f64();
    println!("{what}: rested");
    let touch = touches(&mut screen);
    Numbers { start, memory, rest, touch, processes }
}

/// Time from a touch on a key to its changed pixels, in ms.
fn touched(screen: &mut Touchscreen, eye: &Eye) -> f64 {
    let before = eye.pixel(KEY);
    let begin = Instant::now();
    screen.press(0, KEY);
    while eye.pixel(KEY) == before {
        assert!(begin.elapsed() < Duration::from_secs(2), "the key does not change");
    }
    let taken = ms(begin);
    screen.lift(0, KEY);
    taken
}

/// Time from a touch to changed pixels beside the digit, in ms: median and maximum.
fn touches(screen: &mut Touchscreen) -> (f64, f64) {
    let eye = screen.eye();
    let mut times = Vec::new();
    for index in 0..TOUCHES {
        times.push(touched(screen, &eye));
        thread::sleep(Duration::from_millis(120 + index as u64 % 17));
        if index % 5 == 4 {
            // Escape clears the digits, so that no PIN is checked.
            screen.chord(&[1]);
            thread::sleep(Duration::from_millis(300));
        }
    }
    let (median, _, longest) = median(times);
    (median, longest)
}

/// A data folder with two people of many badges each, and a simulated Kisi in this process.
struct Site {
    folder: TempDir,
    kisi: Simulator,
    wire: Wire,
    /// Each person's PIN.
    pins: Vec<String>,
    /// The cost of a PIN hash in a new directory.
    cost: fn() -> Cost,
}

const BADGES: usize = 40;

fn badge(person: usize, badge: usize) -> String {
    format!("55{person:02}{badge:06}")
}

impl Site {
    /// Hashes cost next to nothing.
    fn new(doors: usize) -> Self {
        Self::with_cost(doors, || Cost::MINIMUM)
    }

    fn with_cost(doors: usize, cost: fn() -> Cost) -> Self {
        let mut world = if doors == 0 { World::sample().unwrap() } else { World::parse(&scene(doors)).unwrap() };
        world.unlimited = true;
        let admin = world.admin_key();
        let kisi = Simulator::start(world).unwrap();
        let wire = Wire::to(kisi.address());
        let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
        let text = format!(
            "[kisi]\nbase_url = \"{}\"\n[health]\nlisten = \"\"\n[doors]\nfollow = false\n[display]\ndim_after_seconds = 0\n\
             motion = false\n[sign_in]\nkeyboard = \"keypad\"\n[session]\nafter_unlock_seconds = 60\n",
            wire.base_url()
        );
        fs::write(folder.path().join("kiosk.toml"), &text).unwrap();
        let mut site = Self { folder, kisi, wire, pins: Vec::new(), cost };
        let config = Config::load(&site.folder.path().join("kiosk.toml")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (person, email) in ["ada@example.com", "grace@example.com"].into_iter().enumerate() {
            let client = Client::new(&wiring::client(&config)).unwrap();
            let mut enroller =
                wiring::enroller(&config, site.directory(), client, Secret::new(admin.clone()), Duration::ZERO)
                    .unwrap();
            let first = Badge::read(&badge(person, 0), &config.badge.profile);
            let candidate = Candidate { row: 0, email: email.to_owned(), name: String::new(), badge: first };
            let answer = runtime.block_on(enroller.add(&candidate, true)).unwrap();
            let Enrollment::Enrolled(Some(pin)) = answer else { panic!("no PIN was issued") };
            site.pins.push(pin.expose_text());
            let id = enroller.directory.person(email).unwrap().unwrap().id;
            for number in 1..BADGES {
                let badge = Badge::read(&badge(person, number), &config.badge.profile).unwrap();
                let _ = enroller.directory.give_badge(id, &badge).unwrap();
            }
        }
        site
    }

    fn directory(&self) -> Directory {
        Directory::open(&self.folder.path().join("data"), None, self.cost).unwrap()
    }

    fn command(&self) -> Command {
        self.command_of(&program())
    }

    /// Replaces a text in the configuration file.
    fn configure(&self, what: &str, with: &str) {
        let file = self.folder.path().join("kiosk.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(what), "{text}");
        fs::write(file, text.replace(what, with)).unwrap();
    }

    fn slow(&self, delay_ms: u64) {
        self.kisi.with(|world| {
            world.faults.clear();
            world.faults.push(Fault { delay_ms, ..Fault::default() });
        });
    }
}

fn scene(doors: usize) -> String {
    let mut text = include_str!("../../assets/simulator/sample.toml").to_owned();
    for door in 0..doors {
        let id = 10_000 + door;
        let _ = write!(text, "\n[[doors]]\nid = {id}\nname = \"Room {door}\"\nplace = 1\nonline = true\n");
    }
    text
}

fn program() -> PathBuf {
    let given = std::env::var_os("VESTIBULE_PROGRAM").map(PathBuf::from);
    let program = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_vestibule")));
    program.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// Time from the Enter of a scan to the first door, in ms.
fn sign_in(screen: &mut Touchscreen, index: usize) -> f64 {
    sign_in_at(screen, index, DOOR)
}

fn sign_in_at(screen: &mut Touchscreen, index: usize, door: Point) -> f64 {
    let eye = screen.eye();
    let before = eye.pixel(door);
    // Pages that follow each other differ by one or two steps everywhere.
    let is_drawn = |now: &[u8]| now.iter().zip(&before).any(|(now, before)| 4 < now.abs_diff(*before));
    screen.type_text(&badge(index % 2, index / 2 % BADGES), Duration::ZERO);
    let begin = Instant::now();
    screen.type_text("\n", Duration::ZERO);
    while !is_drawn(&eye.pixel(door)) {
        assert!(begin.elapsed() < Duration::from_secs(3), "no door is drawn");
    }
    ms(begin)
}

/// Time from lifting the finger off a door to the first byte of the unlock request, in ms.
fn tap(site: &Site, screen: &mut Touchscreen) -> f64 {
    let _ = site.wire.unlock();
    screen.press(0, DOOR);
    thread::sleep(Duration::from_millis(40));
    let begin = Instant::now();
    screen.lift(0, DOOR);
    loop {
        if let Some(arrived) = site.wire.unlock() {
            return (arrived - begin).as_secs_f64() * 1e3;
        }
        assert!(begin.elapsed() < Duration::from_secs(3), "no request");
        thread::sleep(Duration::from_millis(5));
    }
}

fn line(what: &str, ours: &str, theirs: &str, ratio: &str, goal: &str) {
    println!("| {what} | {ours} | {theirs} | {ratio} | {goal} |");
}

fn main() {
    let site = Site::new(0);
    let is = |mode: &str| std::env::args().any(|argument| argument == mode);
    if is("alone") {
        return alone(&site);
    }
    if is("pair") {
        return pair::pair(&site);
    }
    if is("beacons") {
        return beacons::beacons();
    }
    if is("doors") {
        return doors::doors();
    }
    if is("whole") {
        return whole_screens(&site);
    }
    if is("many") {
        return many();
    }
    if is("fonts") {
        return fonts(&site);
    }
    let ours = numbers("vestibule", || site.command());
    let theirs = chromium().map(|(profile, page)| {
        numbers("Chromium", || {
            let mut command = Command::new("chromium");
            let _ = command.args(["--kiosk", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]);
            let _ = command.args(["--disable-background-networking", "--disable-component-update", "--disable-quic"]);
            let _ = command.args(["--touch-events=enabled", "--window-size=1280,800", "--window-position=0,0"]);
            let _ = command.arg(format!("--user-data-dir={}", profile.path().display())).arg(&page);
            command
        })
    });
    println!("\n| what | vestibule | Chromium | ratio | goal |\n| --- | --- | --- | --- | --- |");
    let row = |what: &str, unit: &str, digits: usize, of: fn(&Numbers) -> f64, goal: &str| {
        let show = |value: f64| format!("{value:.digits$} {unit}");
        let (mine, other) = (of(&ours), theirs.as_ref().map(of));
        let ratio = other.map_or(String::new(), |other| format!("1 : {:.1}", other / mine));
        line(what, &show(mine), &other.map_or(String::new(), show), &ratio, goal);
    };
    row("start to first frame, median", "ms", 0, |n| n.start, "1 : 5");
    row("memory at rest (PSS)", "MiB", 1, |n| n.memory, "1 : 10");
    row("processes", "", 0, |n| n.processes as f64, "");
    row("processor at rest, clock showing", "% of a core", 3, |n| n.rest, "0.1 %");
    row("touch to changed pixels, median", "ms", 1, |n| n.touch.0, "33 ms");
    row("touch to changed pixels, longest", "ms", 1, |n| n.touch.1, "100 ms");
    alone(&site);
    let large = fs::metadata(program()).unwrap().len() as f64 / f64::from(1 << 20);
    line("program", &format!("{large:.1} MiB"), "", "", "25 MiB");
}

/// Start and memory with the fonts of this machine and without any, in turns.
fn fonts(site: &Site) {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let (config, empty) = (folder.path().join("fonts.conf"), folder.path().join("empty"));
    fs::create_dir(&empty).unwrap();
    fs::write(&config, format!("<fontconfig><dir>{}</dir></fontconfig>", empty.display())).unwrap();
    let screen = Touchscreen::start(SIZE.0, SIZE.1);
    let command = |has_fonts: bool| {
        let mut command = site.command();
        if !has_fonts {
            let _ = command.env("FONTCONFIG_FILE", &config);
        }
        command
    };
    drop(started(&screen, &mut command(true)));
    let mut found = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for turn in 0..4 * STARTS {
        thread::sleep(Duration::from_millis(300));
        let (shown, start) = started(&screen, &mut command(turn % 2 == 0));
        thread::sleep(Duration::from_secs(1));
        let (starts, sizes) = &mut found[turn % 2];
        starts.push(start);
        sizes.push(memory(shown.child.id()));
    }
    println!("| fonts | start to first frame, median | memory (PSS), median |\n| --- | --- | --- |");
    for (what, (starts, sizes)) in ["with", "without"].into_iter().zip(found) {
        println!("| {what} | {:.0} ms | {:.1} MiB |", median(starts).0, median(sizes).0);
    }
}

/// A temporary profile and the address of the page. `None` if Chromium is not installed.
fn chromium() -> Option<(TempDir, String)> {
    let is_there = Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/appliance/page.html");
    match is_there {
        Ok(status) if status.success() => Some((
            vestibule::private_files::temporary_folder("vestibule-").unwrap(),
            format!("file://{}", page.display()),
        )),
        _ => {
            println!("Chromium is not installed: its column stays empty");
            None
        }
    }
}

/// Measures what Chromium has no equivalent of.
fn alone(site: &Site) {
    let mut screen = Touchscreen::start(SIZE.0, SIZE.1);
    let (shown, _) = started(&screen, &mut site.command());
    thread::sleep(Duration::from_secs(2));
    let mut index = 0;
    for delay in [0, 20, 200] {
        site.slow(delay);
        let mut times = Vec::new();
        for _ in 0..30 {
            thread::sleep(Duration::from_millis(150));
            screen.chord(&[1]);
            thread::sleep(Duration::from_millis(150));
            times.push(sign_in(&mut screen, index));
            index += 1;
        }
        let (middle, high, _) = median(times);
        let what = format!("badge to doors on screen, Kisi at {delay} ms: median, 99th percentile");
        line(&what, &format!("{middle:.1} ms, {high:.1} ms"), "", "", "one round trip and one frame");
    }
    site.slow(0);
    let mut times = Vec::new();
    for _ in 0..TAPS {
        // The first Escape closes the outcome before.
        screen.chord(&[1]);
        thread::sleep(Duration::from_millis(200));
        screen.chord(&[1]);
        thread::sleep(Duration::from_millis(300));
        let _ = sign_in(&mut screen, index);
        index += 1;
        thread::sleep(Duration::from_millis(900));
        times.push(tap(site, &mut screen));
        thread::sleep(Duration::from_millis(600));
    }
    let (middle, high, _) = median(times);
    line(
        "touch to request on the wire, warm: median, 99th percentile",
        &format!("{middle:.1} ms, {high:.1} ms"),
        "",
        "",
        "2 ms, 10 ms",
    );
    let before = memory(shown.child.id());
    let mut after = [0.0; 2];
    for visit in 0..VISITS {
        screen.chord(&[1]);
        thread::sleep(Duration::from_millis(60));
        let _ = sign_in(&mut screen, index);
        index += 1;
        thread::sleep(Duration::from_millis(20));
        if visit == 99 {
            after[0] = memory(shown.child.id());
        }
    }
    after[1] = memory(shown.child.id());
    let figures = format!("{before:.1}, {:.1}, {:.1} MiB", after[0], after[1]);
    line("memory (PSS): before, after 100, after 1,000 visits", &figures, "", "", "no growth after 100");
    drop(shown);
    many();
    whole_screens(site);
}

/// Measures changes of the whole of a large screen: from a touch on a door to the field that says that it is being opened,
/// from Escape on that field to the doors, and from Escape among the doors to the keys at rest.
fn whole_screens(site: &Site) {
    let mut screen = Touchscreen::start(1920, 1080);
    let (_shown, _) = started_at(&screen, &mut site.command(), LARGE_KEY);
    thread::sleep(Duration::from_secs(2));
    let eye = screen.eye();
    let mut times: [Vec<f64>; 3] = Default::default();
    for index in 0..30 {
        let _ = sign_in_at(&mut screen, index, LARGE_DOOR);
        thread::sleep(Duration::from_millis(700));
        site.slow(300);
        screen.press(0, LARGE_DOOR);
        for (step, times) in times.iter_mut().enumerate() {
            thread::sleep(Duration::from_secs(1));
            let before = eye.pixel(LARGE_KEY);
            let begin = Instant::now();
            if step == 0 {
                screen.lift(0, LARGE_DOOR);
            } else {
                screen.chord(&[1]);
            }
            while eye.pixel(LARGE_KEY) == before {
                assert!(begin.elapsed() < Duration::from_secs(3), "step {step} changes nothing");
            }
            times.push(ms(begin));
        }
        site.slow(0);
        thread::sleep(Duration::from_millis(500));
    }
    for (what, times) in ["touch to the field of an outcome", "field to doors", "doors to rest"].into_iter().zip(times)
    {
        let (middle, _, longest) = median(times);
        let figures = format!("{middle:.1} ms, {longest:.1} ms");
        line(&format!("{what}, 1920 by 1080: median, longest"), &figures, "", "", "16 ms");
    }
}

/// Measures a person with 2,000 doors.
fn many() {
    let site = Site::new(1_990);
    let mut screen = Touchscreen::start(SIZE.0, SIZE.1);
    let (_shown, _) = started(&screen, &mut site.command());
    thread::sleep(Duration::from_secs(2));
    let mut times = Vec::new();
    for index in 0..8 {
        screen.chord(&[1]);
        thread::sleep(Duration::from_millis(400));
        times.push(sign_in(&mut screen, index));
        thread::sleep(Duration::from_millis(200));
    }
    let (middle, _, longest) = median(times);
    line("badge to 2,000 doors on screen: median, longest", &format!("{middle:.1} ms, {longest:.1} ms"), "", "", "");
    thread::sleep(Duration::from_millis(600));
    let mut frames = Vec::new();
    pair::frames(&mut screen, &mut frames);
    let (middle, _, longest) = median(frames);
    line(
        "touch to frame with 2,000 doors: median, longest",
        &format!("{middle:.1} ms, {longest:.1} ms"),
        "",
        "",
        "100 ms",
    );
}
