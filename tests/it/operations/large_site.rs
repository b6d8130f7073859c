//! A site with many people and records. `cargo bench --bench records` measures a large one.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use vestibule::{
    config::Config,
    door::DoorId,
    private_files::{temporary_folder, temporary_folder_in},
    secret::Secret,
    staff::{Badge, BadgeProfile, Credential, StaffId},
    store::{
        audit::{Action, Format, Record},
        directory::{Cost, Directory, Enrolment},
    },
    wiring,
};

const PEOPLE: u64 = 300;
const VISITS: u64 = 2_000;

fn badge(person: u64) -> Badge {
    Badge::read(&format!("{:010}", 1_000 + person), &BadgeProfile::plain()).unwrap()
}

/// Counts lines, and remembers the largest piece that it was handed.
#[derive(Default)]
struct Sink {
    lines: u64,
    largest: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines += u64::try_from(bytes.split(|byte| *byte == b'\n').count() - 1).unwrap();
        self.largest = self.largest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// F55: with hundreds of people and thousands of records, everybody is found, the kiosk starts, the log verifies, and
/// an export is written in pieces instead of collected in memory. The benchmark `records` does the same with 5,000
/// people and a million records.
#[test]
fn many_people_and_records_are_found_verified_and_exported_in_pieces() {
    let memory = std::path::Path::new("/dev/shm");
    let folder =
        if memory.is_dir() { temporary_folder_in(memory, "vestibule-") } else { temporary_folder("vestibule-") };
    let folder = folder.unwrap();
    let mut directory = Directory::open(folder.path(), None, || Cost::MINIMUM).unwrap();
    for person in 0..PEOPLE {
        let enrolled = directory.enrol(&Enrolment {
            email: &format!("p{person}@example.com"),
            name: "Ada Lind",
            login_id: person,
            secret: &Secret::new("0123456789abcdef".repeat(4)),
            badge: Some(&badge(person)),
            pin_digits: None,
            badge_alone: true,
            outbox_entry: None,
        });
        assert!(enrolled.unwrap().is_none());
    }
    let mut log = wiring::log(&directory).unwrap();
    let begin = Timestamp::now() - SignedDuration::from_hours(24);
    for visit in 0..VISITS {
        let at = begin + SignedDuration::from_secs(i64::try_from(visit).unwrap() * 20);
        let who = Some(StaffId::new(i64::try_from(visit % PEOPLE).unwrap() + 1));
        let by = |action, about: &str| Record::new(at, action, about).by(who, "p@example.com");
        let intent = Record { door: Some(DoorId::new(101)), ..by(Action::Intent, "badge") };
        let seq = log.append(&intent).unwrap();
        let _ = log.append(&Record { of: Some(seq), ..by(Action::Outcome, "accepted") }).unwrap();
    }
    drop((log, directory));

    let directory = Directory::open(folder.path(), None, || Cost::MINIMUM).unwrap();
    let config = Config::parse("", "kiosk.toml".as_ref()).unwrap();
    let log = wiring::begin_log(&config, &directory).unwrap();
    for person in [0, PEOPLE / 2, PEOPLE - 1] {
        let found = directory.identify(&Credential::Badge(badge(person))).unwrap().unwrap();
        assert_eq!(found.email, format!("p{person}@example.com"));
    }
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!(verdict.finding, None);
    assert!(2 * VISITS < verdict.records);
    let mut out = Sink::default();
    log.records().export(Format::JsonLines, &verdict, &mut out).unwrap();
    assert_eq!(out.lines, verdict.records + 1, "one line per record, and the verdict");
    assert!(out.largest < 4_096, "{} bytes at once", out.largest);
}
