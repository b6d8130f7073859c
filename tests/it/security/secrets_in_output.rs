//! No PIN, badge number or login secret of a visit reaches a log line, a `Debug` output, or the files on disk.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};
use vestibule::{
    app::Message,
    session::{Event, reader::Key},
    simulator::fault::Fault,
    staff::Digit,
};

use crate::support::headless::{Site, english};

/// A log writer whose output the test can read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// T16, I6, R56: PINs, badge numbers, login secrets and the admin key of whole visits are in no log line, `Debug`
/// output or file. The subscriber is global, so no other test of this binary may install one.
#[test]
fn no_secret_of_a_visit_is_in_log_debug_output_or_files() {
    const BADGE: &str = "CANARY0BADGE0NUMBER";
    let log = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace"))
        .with_writer(log.clone())
        .with_ansi(false)
        .without_time();
    // Other tests of this binary log into it too, which only adds text to search.
    subscriber.init();

    // 12-digit PINs: six digits could be in the log by chance.
    let site = Site::with(|_| {}, "[sign_in]\npin_digits = 12\n");
    let pin = site.enrol("ada@example.com", None, true);
    let _ = site.enrol("grace@example.com", Some(BADGE), false);
    let secrets: Vec<String> =
        site.kisi.with(|world| world.logins.values().map(|login| login.secret.clone()).collect());
    let mut shown = Vec::new();

    let mut kiosk = site.kiosk();
    let wrong: String = pin.chars().rev().collect::<String>().replace(&pin, "918273645546");
    for digits in [&wrong, &pin] {
        kiosk.type_pin(digits);
        shown.push(format!("{:?}", kiosk.app));
    }
    kiosk.wait(Duration::from_millis(450));
    for door in ["Main entrance", "Büro 2. Etage", "Café"] {
        kiosk.tap_door(door);
        kiosk.wait(Duration::from_millis(450));
        shown.push(format!("{:?}", kiosk.app));
    }
    kiosk.scan(BADGE);
    shown.push(format!("{:?}", kiosk.app));
    kiosk.wait(Duration::from_millis(450));
    site.kisi.with(|world| world.faults.push(Fault { cut_after: Some(0), ..Fault::default() }));
    kiosk.tap_door("Main entrance");
    kiosk.tap(&english().say("sign-out"));
    kiosk.type_pin(&pin);
    shown.push(format!("{:?} {:?}", kiosk.app, site.directory()));
    for c in pin.chars().chain(BADGE.chars()) {
        let digit = Digit::from_char(c).map(Event::DigitTouched);
        let key = Message::Session(Event::KeyPressed(Key::typed(c)));
        shown.push(format!("{:?} {key:?}", digit.map(Message::Session)));
    }

    let shown = shown.concat();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("signed in") && log.contains("answered"), "the log was captured");
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "at its finest level");
    let mut canaries = secrets;
    canaries.extend([pin.clone(), wrong, BADGE.to_owned(), site.admin.clone()]);
    for canary in &canaries {
        assert!(!log.contains(canary.as_str()), "in the log: {}", line_with(&log, canary));
        assert!(!shown.contains(canary.as_str()), "in a Debug output");
    }
    drop(kiosk);
    search_files(site.folder.path(), &canaries);
}

fn search_files(folder: &Path, canaries: &[String]) {
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        // SQLite deletes its -wal and -shm files once the agent has closed the database.
        let Ok(bytes) = fs::read(file.path()) else { continue };
        files += 1;
        for canary in canaries {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "in {}", file.path().display());
        }
    }
    assert!(2 <= files, "the database and the key were searched");
}

fn line_with<'a>(log: &'a str, canary: &str) -> &'a str {
    log.lines().find(|line| line.contains(canary)).unwrap_or_default()
}
