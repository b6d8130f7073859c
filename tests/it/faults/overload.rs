//! Overload and bad timing: idle connections, exhausted descriptors, held keys, spent budgets, reloads during a visit.
//! None of them stops the kiosk, aborts an unlock, or keeps a person signed in who was suspended or removed.

use std::{fs, net::TcpStream, process::Command, thread, time::Duration};

use iced::Size;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit, setrlimit};
use serde_json::Value;
use vestibule::{
    app::Message,
    session::{Event, State, reader::Key},
    simulator::fault::Fault,
    store::audit::Action,
    testing, wiring,
};

use crate::support::{
    files::Files,
    headless::{BADGE, Kiosk, Site, english},
    health::{get, number, until, watched},
    installed::Program,
    touchscreen::Touchscreen,
};

const GRACE: &str = "grace@example.com";

fn process(program: &Program) -> Pid {
    Pid::from_raw(program.child.id().cast_signed()).unwrap()
}

/// D17: 1,000 idle connections to `health.listen` used up the kiosk's file descriptors. Now at most 8 are accepted at a
/// time, an idle one is closed after 5 s, and sign-in works meanwhile.
#[test]
fn a_thousand_idle_connections_do_not_exhaust_descriptors() {
    let all = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: all.maximum, ..all }).unwrap();
    let (installed, at) = watched();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(800, 480);
    // With fewer descriptors than there are connections.
    let inner = installed.command(&[]);
    let mut command = Command::new("sh");
    let _ = command.args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    let kiosk = Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = kiosk.expect("the window is open");
    let _ = screen.settled();
    let address = at.trim_start_matches("http://").to_owned();
    let idle: Vec<TcpStream> = (0..1_000).map(|_| TcpStream::connect(&address).unwrap()).collect();
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    let _ = kiosk.expect("signed out");
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    // Still open on this side, closed by the kiosk.
    let metrics = until(&format!("{at}/metrics"), |status, _| status == 200);
    assert!(number(&metrics, "process_open_fds") < 64.0, "{metrics}");
    drop(idle);
    // A client that stalls within its request is disconnected too.
    let mut slow = TcpStream::connect(&address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    let _ = std::io::Write::write(&mut slow, b"GET /hea").unwrap();
    let begin = crate::support::headless::now();
    let _ = std::io::Read::read(&mut slow, &mut [0; 16]);
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    // So is one that stays idle after its answer.
    let mut idle = TcpStream::connect(&address).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    let _ = std::io::Write::write(&mut idle, b"GET /healthz HTTP/1.1\r\nHost: kiosk\r\n\r\n").unwrap();
    let begin = crate::support::headless::now();
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut idle, &mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 200") && begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    assert_eq!(get(&format!("{at}/healthz")).0, 200);
}

/// D17: without free descriptors the previous person's connections were kept for the next one. Now nobody can sign in
/// until the kiosk can open new connections.
#[test]
fn without_new_connections_nobody_is_signed_in() {
    let (installed, _) = watched();
    let _ = installed.import("badges.csv", &[]);
    let mut screen = Touchscreen::start(800, 480);
    let kiosk = installed.open(&screen);
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    let before = getrlimit(Resource::Nofile);
    // Open descriptors stay open, but no new one can be opened.
    let scarce = Rlimit { current: Some(3), maximum: before.maximum };
    let _ = prlimit(Some(process(&kiosk)), Resource::Nofile, scarce).unwrap();
    let _ = kiosk.expect("there are no new connections: nobody can sign in");
    // The same badge within five seconds is one presentation.
    thread::sleep(Duration::from_millis(5_100));
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let lines = kiosk.until("there are no new connections: nobody can sign in");
    assert!(lines.iter().all(|line| !line.contains("signed in")), "{lines:?}");
    thread::sleep(Duration::from_millis(5_100));
    let _ = prlimit(Some(process(&kiosk)), Resource::Nofile, before).unwrap();
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
}

/// D20: every stray key at rest sent an `OPTIONS` request.
#[test]
fn a_held_key_sends_one_warm_up_in_five_seconds() {
    let site = Site::new();
    let _ = site.enrol(GRACE, Some(BADGE), false);
    let mut kiosk = site.kiosk();
    kiosk.wait(Duration::from_millis(300));
    let asked = || site.kisi.with(|world| world.requests.iter().filter(|request| request.method == "OPTIONS").count());
    let before = asked();
    for _ in 0..30 {
        kiosk.send(Message::Session(Event::KeyPressed(Key::typed('5'))));
        kiosk.wait(Duration::from_millis(80));
    }
    assert!(asked() - before <= 1, "{} for 30 keys", asked() - before);
}

/// D18: `staff suspend` and `staff remove` did not end an open visit, which may last up to 12 hours at a desk.
#[test]
fn a_person_suspended_or_removed_during_a_visit_cannot_open_doors() {
    for is_removed in [false, true] {
        let site = Site::with(|_| {}, "[display]\nreception = true\n");
        let _ = site.enrol(GRACE, Some(BADGE), false);
        let mut kiosk = site.kiosk();
        kiosk.scan(BADGE);
        assert!(kiosk.shows("Hello Grace"), "{:?}", kiosk.texts());
        // As a command in another process would.
        let mut directory = site.directory();
        if is_removed {
            directory.remove(GRACE).unwrap();
        } else {
            let _ = directory.suspend(GRACE, true).unwrap();
        }
        kiosk.wait(Duration::from_millis(450));
        kiosk.tap_door("Bike store");
        kiosk.wait(Duration::from_millis(200));
        assert!(kiosk.shows(&english().say("login-dead")), "{:?}", kiosk.texts());
        assert!(matches!(testing::state(&kiosk.app), Some(State::SignedOut { .. })));
        site.kisi.with(|world| assert_eq!(world.unlocks(), 0));
        assert_eq!(site.records_once(Action::SignOut, 1), ["suspended or removed"]);
        assert_eq!(site.records(Action::Refusal), ["suspended or removed"], "the tapped door is audited too");
        assert_eq!(site.records(Action::Intent).len(), 0);
    }
}

/// B9: `/metrics` reported ten guesses when none was left.
#[test]
fn metrics_report_spent_guesses() {
    let site = Site::new();
    let _ = site.enrol("ada@example.com", None, true);
    let status = vestibule::status::Status::default();
    let start = wiring::start_with(&site.config, site.directory(), site.client(), &status).unwrap();
    let mut kiosk = Kiosk::new(start, crate::support::headless::WIDE);
    let left = || number(&status.metrics().text(None).unwrap(), "vestibule_guesses_left");
    assert!((left() - 10.0).abs() < 0.1);
    for (spent, pin) in ["918273", "827364", "736455", "645546"].into_iter().enumerate() {
        kiosk.type_pin(pin);
        let expected = 9.0 - f64::from(u32::try_from(spent).unwrap());
        assert!((left() - expected).abs() < 0.1, "{spent}: {}", left());
    }
}

/// B6: when a passer-by has spent the budgets of the keypad and of unknown badges, a badge still signs in with its PIN.
#[test]
fn a_passer_by_cannot_lock_out_a_badge_with_its_pin() {
    let site = Site::new();
    let pin = site.enrol(GRACE, Some(BADGE), true);
    let directory = site.directory();
    directory.counters().keep_guesses_left(0).unwrap();
    directory.counters().keep_badge_guesses_left(0).unwrap();
    drop(directory);
    let mut kiosk = site.kiosk();
    for number in ["9999000001", BADGE] {
        kiosk.scan(number);
        let is_asked = matches!(
            testing::state(&kiosk.app),
            Some(State::SignedOut { entry: vestibule::session::entry::Entry::PinOf(..), .. })
        );
        assert!(is_asked, "{number}: must ask for a PIN, known or not: {:?}", kiosk.texts());
        kiosk.type_pin("918273");
        assert!(kiosk.shows(&english().say("not-known")), "{:?}", kiosk.texts());
        kiosk.wait(Duration::from_millis(5_050));
    }
    kiosk.scan(BADGE);
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Hello Grace"), "{:?}", kiosk.texts());
}

fn records(files: &Files) -> usize {
    let output = files.run(&["audit", "verify", "--json"]);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["finding"], Value::Null);
    usize::try_from(verdict["records"].as_u64().unwrap()).unwrap()
}

fn badge_copies(files: &Files) -> i64 {
    let db = rusqlite::Connection::open(files.folder.join("data/directory.sqlite")).unwrap();
    db.query_row("SELECT count(*) FROM logins WHERE role = 'device'", [], |row| row.get(0)).unwrap()
}

fn files_of_grace() -> (Files, String) {
    let files = Files::new();
    drop(
        vestibule::store::directory::Directory::open(&files.folder.join("data"), None, || {
            vestibule::store::directory::Cost::MINIMUM
        })
        .unwrap(),
    );
    assert!(files.run(&["staff", "add", GRACE, "--badge", BADGE, "--pin"]).status.success());
    let config = fs::read_to_string(files.folder.join("kiosk.toml")).unwrap() + "[health]\nlisten = \"\"\n";
    fs::write(files.folder.join("kiosk.toml"), &config).unwrap();
    (files, config)
}

fn open(files: &Files, screen: &Touchscreen) -> Program {
    let mut command = files.command(&[]);
    Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"))
}

/// D19: a refused reload deleted logins and wrote audit records before it was refused. A missing logo wrote one every
/// 10 s.
#[test]
fn a_configuration_that_is_refused_changes_nothing_on_the_disk() {
    let (files, good) = files_of_grace();
    let refused = good.clone() + "[sign_in]\nbadge = \"with-pin\"\n[kiosk]\nlogo = \"no-such-logo.png\"\n";
    let file = files.folder.join("kiosk.toml");
    let screen = Touchscreen::start(800, 480);
    let kiosk = open(&files, &screen);
    let _ = kiosk.expect("the window is open");
    thread::sleep(Duration::from_millis(500));
    let before = (records(&files), badge_copies(&files));
    fs::write(&file, &refused).unwrap();
    for _ in 0..3 {
        kill_process(process(&kiosk), Signal::HUP).unwrap();
        assert!(kiosk.expect("the previous one stays in use").contains("no-such-logo.png"));
    }
    assert_eq!((records(&files), badge_copies(&files)), before);
    drop(kiosk);
    // A start with it fails too, and is retried every 10 s.
    let kiosk = open(&files, &screen);
    let _ = kiosk.expect("no-such-logo.png");
    let _ = kiosk.expect("the previous one stays in use");
    let _ = kiosk.expect("the previous one stays in use");
    assert_eq!((records(&files), badge_copies(&files)), before);
    fs::write(&file, &good).unwrap();
    let _ = kiosk.expect("the configuration was reloaded");
}

/// D19: a reload right after a sign-out aborted an unlock in progress or recorded two outcomes for it.
#[test]
fn a_reload_waits_for_the_unlock_of_somebody_who_left() {
    let (files, _) = files_of_grace();
    let size = Size::new(800.0, 480.0);
    let client = vestibule::kisi::Client::new(&wiring::client(&files.site.config)).unwrap();
    let directory = vestibule::store::directory::Directory::open_existing(&files.folder.join("data"), None).unwrap();
    let (door, sign_out) = {
        let mut twin = Kiosk::new(wiring::start(&files.site.config, directory, client).unwrap(), size);
        twin.scan(BADGE);
        (twin.find("Main entrance").unwrap(), twin.find(&english().say("sign-out")).unwrap())
    };
    thread::sleep(Duration::from_millis(300));
    let slow = Fault { path: Some("/locks/101/unlock".into()), delay_ms: 2_500, ..Fault::default() };
    files.site.kisi.with(|world| {
        world.requests.clear();
        world.faults.push(slow);
    });
    let mut screen = Touchscreen::start(800, 480);
    let kiosk = open(&files, &screen);
    let _ = kiosk.expect("the window is open");
    let _ = screen.settled();
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
    thread::sleep(Duration::from_millis(700));
    screen.tap(door);
    let _ = kiosk.expect("unlock requested");
    thread::sleep(Duration::from_millis(150));
    screen.tap(sign_out);
    let _ = kiosk.expect("signed out");
    kill_process(process(&kiosk), Signal::HUP).unwrap();
    let lines = kiosk.until("the configuration was reloaded");
    let at = |text: &str| lines.iter().position(|line| line.contains(text));
    assert!(at("outcome=Accepted").is_some(), "its outcome comes first: {lines:#?}");
    let asked =
        files.site.kisi.with(|world| world.requests.iter().filter(|request| request.path.ends_with("/unlock")).count());
    assert_eq!(asked, 1);
    thread::sleep(Duration::from_millis(500));
    let output = files.run(&["audit", "export", "--format", "jsonl"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let outcomes: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["action"] == "unlock-outcome")
        .collect();
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(outcomes[0]["about"], "accepted");
    // The kiosk works after the reload.
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    let _ = kiosk.expect("signed in");
}

/// D19: after a reload in the middle of a scan, the remaining digits were read as a complete badge number of another
/// person.
#[test]
fn a_reload_in_the_middle_of_a_scan_signs_in_nobody_else() {
    let (files, _) = files_of_grace();
    let tail = &BADGE[4..];
    let _ = files.run(&["staff", "add", "ada@example.com", "--badge", tail]);
    let sign_out = {
        let client = vestibule::kisi::Client::new(&wiring::client(&files.site.config)).unwrap();
        let directory =
            vestibule::store::directory::Directory::open_existing(&files.folder.join("data"), None).unwrap();
        let start = wiring::start(&files.site.config, directory, client).unwrap();
        let mut twin = Kiosk::new(start, Size::new(800.0, 480.0));
        twin.scan(BADGE);
        twin.find(&english().say("sign-out")).unwrap()
    };
    thread::sleep(Duration::from_millis(300));
    let mut screen = Touchscreen::start(800, 480);
    let kiosk = open(&files, &screen);
    let _ = kiosk.expect("the window is open");
    let _ = screen.settled();
    let records = || {
        let output = files.run(&["audit", "export", "--format", "jsonl"]);
        let lines = String::from_utf8(output.stdout).unwrap();
        let records = lines.lines().map(|line| serde_json::from_str(line).unwrap());
        records.filter(|record: &Value| record["action"] == "sign-in").collect::<Vec<_>>()
    };
    for round in 0..8 {
        let before = records().len();
        kill_process(process(&kiosk), Signal::HUP).unwrap();
        thread::sleep(Duration::from_millis(15 * round));
        // On a busy machine a scan may be torn, as with a slow reader: scan again.
        let mut scans = 0;
        while records().len() == before && scans < 3 {
            screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(16));
            thread::sleep(Duration::from_secs(1));
            scans += 1;
        }
        let _ = kiosk.until("signed in");
        screen.tap(sign_out);
        let _ = kiosk.until("signed out");
    }
    let signed_in = records();
    assert_eq!(signed_in.len(), 8 + 1, "8 scans and that of the twin");
    assert!(signed_in.iter().all(|record| record["person"] == "grace@example.com"), "{signed_in:?}");
}
