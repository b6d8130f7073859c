//! `kill -9` at random points: no guess is given back, no unlock is sent twice or without a record, and no person is
//! left without a login or with two.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use iced::Size;
use jiff::Timestamp;
use vestibule::{
    simulator::world::World,
    staff::{Badge, BadgeProfile, Credential},
    store::audit::{By, Log},
    store::directory::{Cost, Directory, OutboxEntry},
};

use crate::support::{
    files::Files,
    headless::{BADGE, Kiosk, now},
    installed::Program,
    screenshot::difference,
    touchscreen::Touchscreen,
};

/// Kills per test by default. `VESTIBULE_KILLS=1000` is the long form.
const KILLS: usize = 16;

fn robot() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_vestibule")).with_file_name("examples").join("robot")
}

fn kills() -> usize {
    std::env::var("VESTIBULE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap())
}

/// Random times, the same in every run unless `VESTIBULE_SEED` is set.
struct Random(fastrand::Rng);

impl Random {
    fn new() -> Self {
        let seed = std::env::var("VESTIBULE_SEED").map_or(1, |seed| seed.parse().unwrap());
        Self(fastrand::Rng::with_seed(seed))
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.0.f64())
    }
}

/// T3, I4: after a kill the disk holds no more guesses than were left unanswered, and at most the one in progress is
/// lost.
#[test]
fn a_kill_between_spending_and_checking_gives_no_guess_back() {
    let files = Files::new();
    let text = format!(
        "[kisi]\nbase_url = \"{}\"\n[sign_in]\npin_digits = 12\n[budget]\nguesses = 100\nrefill_minutes = 15\n",
        files.site.kisi.base_url()
    );
    fs::write(files.folder.join("kiosk.toml"), text).unwrap();
    let data = files.folder.join("data");
    let directory = Directory::open(&data, None, || Cost::MINIMUM).unwrap();
    let robot = robot();
    let (mut random, mut in_flight) = (Random::new(), 0);
    for round in 0..kills() {
        directory.counters().keep_guesses_left(100).unwrap();
        let mut child = Command::new(&robot)
            .args([files.folder.join("kiosk.toml"), data.clone()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let heard = thread::spawn(move || output.lines().map_while(Result::ok).count());
        // A guess takes 0.7 s. It is charged and hashed in the first tenth of that: every second kill aims there.
        thread::sleep(random.up_to(Duration::from_millis(if round % 2 == 0 { 900 } else { 100 })));
        child.kill().unwrap();
        let _ = child.wait().unwrap();
        let answered = u32::try_from(heard.join().unwrap()).unwrap();
        let left = directory.counters().guesses_left().unwrap().unwrap();
        assert!(left <= 100 - answered, "round {round}: {answered} answered, {left} left");
        assert!(100 - answered - 1 <= left, "round {round}: at most the one that was under way is lost");
        in_flight += 100 - answered - left;
    }
    println!("{} kills, {in_flight} of them while a guess was under way, 0 guesses given back", kills());
    assert!(0 < in_flight, "no kill hit a guess in progress");
}

/// One person's logins, on this kiosk and at Kisi.
struct State {
    /// The login that the directory opens by this person's badge.
    kept: Option<String>,
    /// The logins of this kiosk at Kisi.
    at_kisi: Vec<String>,
    outbox: Vec<OutboxEntry>,
}

fn state(files: &Files, email: &str, badge: &str) -> State {
    let directory = Directory::open(&files.folder.join("data"), None, || Cost::MINIMUM).unwrap();
    let badge = Badge::read(badge, &BadgeProfile::plain()).unwrap();
    let found = directory.identify(&Credential::Badge(badge)).unwrap();
    let at_kisi = files.site.kisi.with(|world| {
        let person = world.person_by_email(email).unwrap().id;
        let ours = world.logins.values().filter(|login| login.person == person && login.device_model.is_some());
        ours.map(|login| login.secret.clone()).collect()
    });
    let outbox = directory.outbox().entries().unwrap().into_iter().filter(|entry| entry.email == email).collect();
    State { kept: found.map(|found| found.login.expose().clone()), at_kisi, outbox }
}

/// Runs a command and kills it after this time. `None`: waits for its end.
fn run_and_kill(command: &mut Command, after: Option<Duration>) -> Duration {
    let begin: Instant = now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    if let Some(after) = after {
        thread::sleep(after);
        let _ = child.kill();
    }
    let _ = child.wait().unwrap();
    begin.elapsed()
}

/// The commands that are killed: name, arguments, and whether the person is enrolled once the command has completed.
const CUT: [(&str, &[&str], bool); 4] = [
    ("import", &["staff", "import", "LIST"], true),
    ("renew", &["staff", "renew", "grace@example.com", "--yes"], true),
    ("remove", &["staff", "remove", "grace@example.com", "--yes"], false),
    ("rekey", &["rekey", "--yes"], true),
];

#[test]
fn a_kill_anywhere_leaves_one_working_login_or_a_note_of_what_is_left_to_do() {
    const EMAIL: &str = "grace@example.com";
    let files = Files::new();
    let list = files.list("grace.csv", &format!("email,name,badge\n{EMAIL},,{BADGE}\n"));
    let _ = Directory::open(&files.folder.join("data"), None, || Cost::MINIMUM).unwrap();
    let arguments =
        |cut: &[&'static str]| -> Vec<String> { cut.iter().map(|word| word.replace("LIST", &list)).collect() };
    let command = |words: &[&'static str]| {
        let words = arguments(words);
        files.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let prepare = |name: &str| {
        let _ = run_and_kill(&mut command(&["staff", "import", "LIST"]), None);
        if name == "import" {
            let _ = run_and_kill(&mut command(&["staff", "remove", "grace@example.com", "--yes"]), None);
        }
    };
    let mut times = Vec::new();
    for (name, words, _) in CUT {
        prepare(name);
        times.push(run_and_kill(&mut command(words), None));
    }
    let (mut random, mut noted) = (Random::new(), 0);
    for round in 0..kills() {
        let ((name, words, stays), time) = (CUT[round % CUT.len()], times[round % CUT.len()]);
        prepare(name);
        let before = state(&files, EMAIL, BADGE);
        assert_eq!((before.at_kisi.len(), before.outbox.len()), (usize::from(name != "import"), 0), "{round}");
        let _ = run_and_kill(&mut command(words), Some(random.up_to(time)));
        let after = state(&files, EMAIL, BADGE);
        // One working login, or none yet. Any other login at Kisi is in the outbox.
        let is_known = after.kept.iter().all(|kept| after.at_kisi.contains(kept));
        assert!(is_known, "{name}, round {round}: the kept login works");
        assert!(name == "remove" || name == "import" || after.kept.is_some(), "{name}, round {round}: nobody is lost");
        let more = after.at_kisi.len() - usize::from(after.kept.is_some());
        assert!(more == 0 || !after.outbox.is_empty(), "{name}, round {round}: {more} logins without a note");
        noted += usize::from(!after.outbox.is_empty());
        // The next command with the admin key repairs it.
        let _ = run_and_kill(&mut command(words), None);
        let settled = state(&files, EMAIL, BADGE);
        assert_eq!(settled.outbox, [], "{name}, round {round}");
        assert_eq!(settled.at_kisi.len(), usize::from(settled.kept.is_some()), "{name}, round {round}");
        assert!(name == "rekey" || settled.kept.is_some() == stays, "{name}, round {round}");
    }
    println!("{} kills, {noted} of them left a note, 0 logins lost, 0 strays without a note", kills());
}

/// F33, I2, I3, I8: kills at random moments of visits. No unlock is sent twice or before its intent is written, and the
/// next start records an unknown outcome for each intent without one.
#[test]
fn a_kill_during_visits_leaves_no_unlock_without_a_record_and_none_sent_twice() {
    const EMAIL: &str = "grace@example.com";
    let files = Files::new();
    let data = files.folder.join("data");
    let _ = Directory::open(&data, None, || Cost::MINIMUM).unwrap();
    let _ = run_and_kill(&mut files.command(&["staff", "add", EMAIL, "--badge", BADGE]), None);
    files.site.kisi.with(|world| world.latency = Duration::from_millis(4));
    let (mut random, mut unknown, mut visits) = (Random::new(), 0, 0);
    for round in 0..kills() {
        let before = files.site.kisi.with(|world| unlocks_asked(world));
        let mut child = Command::new(robot())
            .args([files.folder.join("kiosk.toml"), data.clone()])
            .args([BADGE, "101"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let heard = thread::spawn(move || output.lines().map_while(Result::ok).collect::<Vec<_>>());
        thread::sleep(Duration::from_millis(40) + random.up_to(Duration::from_millis(400)));
        child.kill().unwrap();
        let _ = child.wait().unwrap();
        let heard = heard.join().unwrap();
        let taps = heard.iter().filter(|line| *line == "tap").count();
        visits += taps;
        thread::sleep(Duration::from_millis(20)); // Let requests in transit arrive.
        let asked = files.site.kisi.with(|world| unlocks_asked(world)) - before;
        assert!(asked <= taps, "round {round}: {taps} taps, {asked} requests");

        // The next start records the open intents as unknown.
        let directory = Directory::open(&data, None, || Cost::MINIMUM).unwrap();
        let log = Log::open(&data, directory.audit_key()).unwrap();
        let open = log.open_intents().unwrap().len();
        assert!(open <= 1, "round {round}: one attempt at a time");
        unknown += open;
        let client = vestibule::kisi::Client::new(&vestibule::wiring::client(&files.site.config)).unwrap();
        let start = vestibule::wiring::start(&files.site.config, directory, client).unwrap();
        assert_eq!(log.open_intents().unwrap(), [], "round {round}: unknown after restart");
        let verdict = log.verify(None, &[]).unwrap();
        assert_eq!(verdict.finding, None, "round {round}");
        drop(start);
    }
    // Kisi never saw more unlocks than there are intents.
    let directory = Directory::open(&data, None, || Cost::MINIMUM).unwrap();
    let log = Log::open(&data, directory.audit_key()).unwrap();
    let written = log.records().report(By::Person, Timestamp::UNIX_EPOCH, Timestamp::MAX).unwrap()[0].asked;
    let asked = files.site.kisi.with(|world| unlocks_asked(world));
    assert!(u64::try_from(asked).unwrap() <= written, "{asked} requests, {written} intents");
    assert!(0 < visits);
    agrees_with_kisi(&files);
    println!(
        "{} kills in {visits} visits, {unknown} unlocks unknown after restart, 0 sent twice or unrecorded",
        kills()
    );
}

/// F33: the same with the installed program: its window, badge scans and touches.
#[test]
fn a_kill_of_the_running_kiosk_comes_back_signed_out_with_every_unlock_accounted_for() {
    const EMAIL: &str = "grace@example.com";
    let (files, size) = (Files::new(), Size::new(800.0, 480.0));
    let data = files.folder.join("data");
    let directory = || Directory::open(&data, None, || Cost::MINIMUM).unwrap();
    drop(directory());
    let _ = run_and_kill(&mut files.command(&["staff", "add", EMAIL, "--badge", BADGE]), None);
    let client = || vestibule::kisi::Client::new(&vestibule::wiring::client(&files.site.config)).unwrap();
    let twin = || Kiosk::new(vestibule::wiring::start(&files.site.config, directory(), client()).unwrap(), size);
    let (rest, door) = {
        let mut twin = twin();
        let rest = twin.picture();
        twin.scan(BADGE);
        (rest, twin.find("Main entrance").unwrap())
    };
    files.site.kisi.with(|world| {
        world.requests.clear();
        world.latency = Duration::from_millis(15);
    });
    let mut screen = Touchscreen::start(800, 480);
    let rounds = std::env::var("VESTIBULE_KILLS").map_or(4, |kills| kills.parse().unwrap());
    let (mut random, mut taps, mut unknown) = (Random::new(), 0, 0);
    for round in 0..rounds {
        let mut command = files.command(&[]);
        let mut kiosk = Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
        let _ = kiosk.expect("the window is open");
        thread::sleep(Duration::from_millis(500));
        assert!(difference(&screen.picture(), &rest) < 0.01, "round {round}: signed out, at rest");
        screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
        if round % 4 == 0 {
            thread::sleep(random.up_to(Duration::from_millis(600)));
        } else {
            thread::sleep(Duration::from_millis(650));
            screen.tap(door);
            taps += 1;
            thread::sleep(random.up_to(Duration::from_millis(60)));
        }
        kiosk.child.kill().unwrap();
        let _ = kiosk.child.wait().unwrap();
        let log = Log::open(&data, directory().audit_key()).unwrap();
        let open = log.open_intents().unwrap().len();
        assert!(open <= 1, "round {round}: one attempt at a time");
        unknown += open;
        let asked = files.site.kisi.with(|world| unlocks_asked(world));
        assert!(asked <= taps, "round {round}: {taps} taps, {asked} requests");
    }
    drop(twin());
    let log = Log::open(&data, directory().audit_key()).unwrap();
    assert_eq!(log.open_intents().unwrap(), [], "the next start closes every open intent");
    assert_eq!(log.verify(None, &[]).unwrap().finding, None);
    let report = log.records().report(By::Person, Timestamp::UNIX_EPOCH, Timestamp::MAX).unwrap();
    let asked = files.site.kisi.with(|world| unlocks_asked(world));
    let written = report.iter().map(|line| line.asked).sum::<u64>();
    assert!(u64::try_from(asked).unwrap() <= written, "{asked} requests, {written} intents");
    agrees_with_kisi(&files);
    println!("{rounds} kills of the kiosk, {taps} taps, {asked} unlocks, {unknown} unknown after restart, 0 twice");
}

/// Kisi's history explains what a kill left unknown: `audit reconcile` finds nothing wrong, and every unlock that Kisi made.
fn agrees_with_kisi(files: &Files) {
    let made = files.site.kisi.with(|world| world.events.iter().filter(|event| event.kind == "lock.unlock").count());
    let output = files.run(&["audit", "reconcile", "--json"]);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let lines: Vec<serde_json::Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let summary = lines.last().unwrap();
    let unlocked = lines.iter().filter(|line| line["unlocked"] == true).count();
    assert_eq!(usize::try_from(summary["agreed"].as_u64().unwrap()).unwrap() + unlocked, made, "{text}");
}

fn unlocks_asked(world: &World) -> usize {
    world.requests.iter().filter(|request| request.path.ends_with("/unlock")).count()
}
