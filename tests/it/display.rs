//! The shipped program on a real display: fast hands, a badge while the window is busy, and a whole visit.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use iced::{Point, Size};
use serde_json::{Value, json};
use vestibule::{
    agent,
    app::Start,
    config::Config,
    directory::{Cost, Directory},
    kisi::Client,
    screen::{theme, words},
    wiring,
};

use crate::{
    headless::{BADGE, Kiosk, now},
    touchscreen::Touchscreen,
};

/// PINs in the short form. `VESTIBULE_HANDS=1000` is the long one.
const PINS: usize = 100;
/// The finger before lifts so long after the next one came down,
const OVERLAP: Duration = Duration::from_millis(25);
/// and so long after that comes the next: twelve keys a second.
const REST: Duration = Duration::from_millis(58);

/// A program of ours with its output, line by line. It is ended when dropped.
struct Program {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            let _ = thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        Self { child, lines }
    }

    /// The next line that contains this, within ten seconds.
    #[track_caller]
    fn expect(&self, text: &str) -> String {
        let deadline = now() + Duration::from_secs(20);
        let mut before = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(now())) {
            if line.contains(text) {
                return line;
            }
            before.push(line);
        }
        panic!("no line with `{text}`, but {before:#?}");
    }

    fn exit_code(&mut self) -> Option<i32> {
        let deadline = now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(now() < deadline, "the program did not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shipped window with an agent that prints what it is asked.
fn pad(screen: &Touchscreen, busy_ms: u64) -> Program {
    let folder = PathBuf::from(env!("CARGO_BIN_EXE_vestibule"));
    let program = folder.with_file_name("examples").join("pad");
    let pad = Program::start(
        Command::new(program).arg(busy_ms.to_string()).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"),
    );
    let _ = pad.expect("open");
    thread::sleep(Duration::from_millis(700));
    pad
}

/// A kiosk without a display, to know where things are and how they look.
fn at_rest(size: Size) -> Kiosk {
    let (agent, _) = agent::channel();
    let config = Config::parse("", "kiosk.toml".as_ref()).unwrap();
    let (rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    Kiosk::new(Start::Working { rules, labels, agent, guesses_left: 10 }, size)
}

/// Random PINs, the same in every run.
fn pins(count: usize) -> Vec<String> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut digit = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + u8::try_from(state % 10).unwrap())
    };
    (0..count).map(|_| (0..6).map(|_| digit()).collect()).collect()
}

#[test]
fn fast_hands_with_two_fingers_that_overlap_arrive_digit_for_digit() {
    let count = std::env::var("VESTIBULE_HANDS").ok().and_then(|count| count.parse().ok()).unwrap_or(PINS);
    let kiosk = at_rest(Size::new(1280.0, 800.0));
    let keys: Vec<Point> = (0..10).map(|digit| kiosk.find(&digit.to_string()).unwrap()).collect();
    let mut screen = Touchscreen::start(1280, 800);
    let pad = pad(&screen, 0);
    let mut wrong = Vec::new();
    for pin in pins(count) {
        let mut down: Option<(u32, Point)> = None;
        for (index, digit) in pin.chars().enumerate() {
            let (finger, at) =
                (u32::try_from(index % 2).unwrap(), keys[usize::try_from(digit.to_digit(10).unwrap()).unwrap()]);
            screen.press(finger, at);
            thread::sleep(OVERLAP);
            if let Some((finger, at)) = down.replace((finger, at)) {
                screen.lift(finger, at);
            }
            thread::sleep(REST);
        }
        if let Some((finger, at)) = down {
            screen.lift(finger, at);
        }
        let arrived = pad.expect("pin ");
        if arrived != format!("pin {pin}") {
            wrong.push((pin, arrived));
        }
    }
    println!("{count} PINs at 12 keys a second, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_long_badge_typed_while_the_window_is_busy_arrives_whole() {
    let mut screen = Touchscreen::start(1280, 800);
    let pad = pad(&screen, 400);
    let badge = "0123456789ABCDEF0123456789abcdef01234567";
    screen.type_text(&format!("{badge}\n"), Duration::from_millis(4));
    assert_eq!(pad.expect("badge "), format!("badge {badge}"));
}

/// Where iced alone would leave a window of 1024x768: every pixel of the screen is the kiosk's, at every size.
#[test]
fn the_kiosk_has_the_whole_screen_without_a_window_manager() {
    for (width, height) in [(800, 480), (1920, 1080), (1080, 1920)] {
        let screen = Touchscreen::start(width, height);
        let _pad = pad(&screen, 0);
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "sizes of screens")]
        let expected = at_rest(Size::new(width as f32, height as f32)).picture();
        assert_same(&screen.picture(), &expected, &format!("{width}x{height}"));
    }
}

/// Equal but for a pixel here and there.
#[track_caller]
fn assert_same(screen: &[u8], expected: &[u8], what: &str) {
    let different = difference(screen, expected);
    assert!(different < 0.001, "{what}: {:.2} % of the pixels differ", different * 100.0);
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a part of some pixels")]
fn difference(screen: &[u8], expected: &[u8]) -> f64 {
    assert_eq!(screen.len(), expected.len(), "pictures of different sizes");
    let far = |a: &[u8], b: &[u8]| a.iter().zip(b).take(3).any(|(a, b)| 8 < a.abs_diff(*b));
    let count = screen.chunks(4).zip(expected.chunks(4)).filter(|(a, b)| far(a, b)).count();
    count as f64 / (screen.len() / 4) as f64
}

/// How many pixels have the colour of a warning.
fn warning_pixels(picture: &[u8]) -> usize {
    let [red, green, blue, _] = theme::WARNING.into_rgba8();
    picture.chunks(4).filter(|pixel| pixel[..3] == [red, green, blue]).count()
}

/// `vestibule simulate`, and what it printed.
struct Simulated {
    _program: Program,
    base_url: String,
    admin: String,
    http: reqwest::blocking::Client,
}

impl Simulated {
    fn start() -> Self {
        let program =
            Program::start(Command::new(env!("CARGO_BIN_EXE_vestibule")).args(["simulate", "--listen", "127.0.0.1:0"]));
        let base_url = program.expect("base_url").split_whitespace().last().unwrap().to_owned();
        let admin = program.expect("admin key").split_whitespace().last().unwrap().to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
        Self { _program: program, base_url, admin, http }
    }

    /// Kisi's own event log, as Kisi lets it be read.
    fn unlocks(&self) -> Vec<Value> {
        thread::sleep(Duration::from_millis(1_100)); // One request a second.
        let ask = json!({"event_set": {"event_type": "lock.unlock"}});
        let request = self.http.post(format!("{}/event_sets", self.base_url));
        let answer = request.header("Authorization", format!("KISI-LOGIN {}", self.admin)).json(&ask).send().unwrap();
        let set: Value = answer.json().unwrap();
        set["events"].as_array().unwrap().clone()
    }
}

/// A kiosk that is installed as the README says: a file, a folder, a list of staff.
struct Installed {
    folder: tempfile::TempDir,
    simulated: Simulated,
}

impl Installed {
    fn new() -> Self {
        let (folder, simulated) = (tempfile::tempdir().unwrap(), Simulated::start());
        let text = format!(
            // Long PINs: six digits are in any log by chance.
            "[kisi]\nbase_url = \"{}\"\n[sign_in]\npin_digits = 12\n[session]\nidle_seconds = 10\nwarning_seconds = 6\n",
            simulated.base_url
        );
        fs::write(folder.path().join("kiosk.toml"), text).unwrap();
        fs::write(folder.path().join("pins.csv"), "email,name,badge\nada@example.com,,\n").unwrap();
        fs::write(folder.path().join("badges.csv"), format!("email,name,badge\ngrace@example.com,,{BADGE}\n")).unwrap();
        Self { folder, simulated }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let _ =
            command.args(arguments).arg("--config").arg(self.path("kiosk.toml")).arg("--data").arg(self.path("data"));
        command
    }

    /// Imports a list, and returns the report of its one row.
    fn import(&self, list: &str, more: &[&str]) -> Value {
        let mut command = self.command(&["staff", "import", "--json"]);
        let output =
            command.args(more).arg(self.path(list)).env("VESTIBULE_ADMIN_KEY", &self.simulated.admin).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(output.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap()
    }

    /// The id of somebody's login, as `staff list` tells.
    fn login(&self, email: &str) -> u64 {
        let output = self.command(&["staff", "list", "--json"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let people = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        people.into_iter().find(|person| person["email"] == email).unwrap()["login_id"].as_u64().unwrap()
    }

    /// The same kiosk without a display, on the same files: where things are and how they look.
    fn twin(&self) -> Kiosk {
        let config = Config::load(&self.path("kiosk.toml")).unwrap();
        let directory = Directory::open(&self.path("data"), None, || Cost::SHIPPED).unwrap();
        let client = Client::new(&wiring::client(&config)).unwrap();
        Kiosk::new(wiring::start(&config, directory, client).unwrap(), Size::new(1280.0, 800.0))
    }
}

/// The whole job, on real input: two people, their own doors, an unlock each in their own name, and the end by itself.
#[test]
fn a_visit_on_a_real_touchscreen_from_the_list_of_staff_to_the_sign_out() {
    let installed = Installed::new();
    let pin = installed.import("pins.csv", &["--pin"])["pin"].as_str().unwrap().to_owned();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(1280, 800);
    let mut command = installed.command(&[]);
    let kiosk = Program::start(
        command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY").env("VESTIBULE_LOG", "trace"),
    );
    let _ = kiosk.expect("the window is open");
    thread::sleep(Duration::from_millis(700));
    let mut twin = installed.twin();
    assert_same(&screen.picture(), &twin.picture(), "at rest");

    // Ada types her PIN with a finger.
    for digit in pin.chars() {
        screen.tap(twin.find(&digit.to_string()).unwrap());
    }
    let mut log = vec![kiosk.expect("signed in")];
    thread::sleep(Duration::from_millis(700));
    twin.type_pin(&pin);
    let ada = [
        "Main entrance",
        "Büro 2. Etage",
        "Server room",
        "Bike store",
        "Loading bay",
        "Café",
        "Archive",
        "Roof terrace",
        "Studio (planned)",
    ];
    assert_eq!(twin.doors(), ada);
    assert_same(&screen.picture(), &twin.picture(), "Ada's doors and no other");
    screen.tap(twin.find("Server room").unwrap());
    log.push(kiosk.expect("unlock answered"));
    let events = installed.simulated.unlocks();
    assert_eq!(events.len(), 1);
    check_event(&events[0], "ada@example.com", 103, installed.login("ada@example.com"));
    log.push(kiosk.expect("signed out"));

    // Grace scans her badge.
    twin.tap(words::SIGN_OUT);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    log.push(kiosk.expect("signed in"));
    thread::sleep(Duration::from_millis(700));
    twin.scan(BADGE);
    assert_eq!(twin.doors(), ["Main entrance", "Büro 2. Etage", "Bike store", "Café"]);
    assert_same(&screen.picture(), &twin.picture(), "Grace's doors and no other");
    screen.tap(twin.find("Bike store").unwrap());
    log.push(kiosk.expect("unlock answered"));
    let events = installed.simulated.unlocks();
    assert_eq!(events.len(), 2);
    check_event(&events[1], "grace@example.com", 104, installed.login("grace@example.com"));

    // Nobody touches it any more.
    thread::sleep(Duration::from_secs(2));
    assert!(10_000 < warning_pixels(&screen.picture()), "a warning with its button");
    log.push(kiosk.expect("signed out"));
    thread::sleep(Duration::from_millis(500));
    assert_same(&screen.picture(), &installed.twin().picture(), "nothing of the visit is left");

    // And nothing of it was in a log at its finest.
    log.extend(kiosk.lines.try_iter());
    let log = log.concat();
    assert!(!log.contains(&pin) && !log.contains(BADGE), "a PIN or a badge number in the log");
}

#[track_caller]
fn check_event(event: &Value, email: &str, door: u64, login: u64) {
    assert_eq!((&event["type"], &event["success"]), (&json!("lock.unlock"), &json!(true)));
    assert_eq!((&event["actor_email"], &event["object_id"]), (&json!(email), &json!(door)));
    assert_eq!((&event["authenticated_by_type"], &event["authenticated_by_id"]), (&json!("Login"), &json!(login)));
}

#[test]
fn a_visit_that_is_left_alone_warns_before_it_ends() {
    let installed = Installed::new();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(800, 480);
    let kiosk = Program::start(installed.command(&[]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = kiosk.expect("the window is open");
    thread::sleep(Duration::from_millis(700));
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    thread::sleep(Duration::from_secs(1));
    assert_eq!(warning_pixels(&screen.picture()), 0);
    thread::sleep(Duration::from_secs(5));
    assert!(2_000 < warning_pixels(&screen.picture()));
    let _ = kiosk.expect("signed out");
}

/// T21, in part: what a person can do with keys, fingers and a window manager's request.
#[test]
fn the_kiosk_cannot_be_closed_and_says_when_its_display_is_gone() {
    let installed = Installed::new();
    let mut screen = Touchscreen::start(1280, 800);
    let mut kiosk =
        Program::start(installed.command(&[]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = kiosk.expect("the window is open");
    thread::sleep(Duration::from_millis(700));
    screen.ask_to_close();
    screen.chord(&[56, 62]); // Alt+F4
    screen.chord(&[29, 16]); // Ctrl+Q
    screen.chord(&[1]); // Escape
    screen.press(0, Point::new(640.0, 5.0));
    for y in 1..40_u8 {
        screen.slide(0, Point::new(640.0, f32::from(y) * 15.0));
    }
    screen.lift(0, Point::new(640.0, 600.0));
    thread::sleep(Duration::from_millis(500));
    assert!(kiosk.child.try_wait().unwrap().is_none(), "it is still there");
    assert_same(&screen.picture(), &installed.twin().picture(), "and looks as before");
    screen.pull_the_plug();
    let code = kiosk.exit_code();
    assert!(code != Some(0), "{code:?}");
}

#[test]
fn the_demo_enrols_its_staff_shows_how_they_sign_in_and_ends_with_its_window() {
    let mut screen = Touchscreen::start(1920, 1080);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let mut demo = Program::start(
        command.args(["demo", "--windowed"]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"),
    );
    let line = demo.expect("Ada Lind: PIN");
    let is_pin = |word: &&str| word.len() == 6 && word.chars().all(|c| c.is_ascii_digit());
    let pin = line.split_whitespace().find(is_pin).unwrap_or_else(|| panic!("{line}"));
    let _ = demo.expect("Grace Moreau: badge 0012345678");
    thread::sleep(Duration::from_millis(2_500));
    let rest = screen.picture();
    // Without a window manager the window lies at the top left, as large as it asked to be.
    let window = at_rest(Size::new(1280.0, 800.0));
    for digit in pin.chars() {
        screen.tap(window.find(&digit.to_string()).unwrap());
    }
    let _ = demo.expect("signed in");
    thread::sleep(Duration::from_millis(500));
    assert!(0.05 < difference(&screen.picture(), &rest), "the doors are shown");
    screen.ask_to_close();
    assert_eq!(demo.exit_code(), Some(0));
}

#[test]
fn a_broken_configuration_is_said_on_the_screen() {
    let installed = Installed::new();
    fs::write(installed.path("kiosk.toml"), "[kiosk]\nnmae = \"Lobby\"\n").unwrap();
    let screen = Touchscreen::start(1280, 800);
    let mut kiosk =
        Program::start(installed.command(&[]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    assert!(kiosk.expect("is not a key").contains("line 2: `kiosk.nmae`"));
    let _ = kiosk.expect("the window is open");
    thread::sleep(Duration::from_millis(700));
    assert!(kiosk.child.try_wait().unwrap().is_none());
    let rest = at_rest(Size::new(1280.0, 800.0)).picture();
    assert!(0.02 < difference(&screen.picture(), &rest), "not the keypad");
}
