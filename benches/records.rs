//! F55: a kiosk with 5,000 people and a million audit records. Measures startup, sign-in, verification of the log, and
//! the memory that an export needs.
//!
//! `cargo bench --bench records`; `VESTIBULE_RECORDS=10000` is quicker. It fails when a goal is missed.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and prints its results"
)]

use std::{
    error::Error,
    fs,
    io::{self, Write},
    time::Instant,
};

use jiff::{SignedDuration, Timestamp};
use vestibule::{
    config::Config,
    door::DoorId,
    private_files::{temporary_folder, temporary_folder_in},
    secret::Secret,
    staff::{Badge, BadgeProfile, Credential, StaffId},
    store::audit::{Action, Format, Record},
    store::directory::{Cost, Directory, Enrolment},
    wiring,
};

const PEOPLE: u64 = 5_000;
/// Goals in seconds: startup, and sign-in including the PIN hash of 0.25 s.
const START: f64 = 3.0;
const SIGN_IN: f64 = 1.2;

fn main() -> Result<(), Box<dyn Error>> {
    let records: u64 = std::env::var("VESTIBULE_RECORDS").map_or(Ok(1_000_000), |records| records.parse())?;
    let config = Config::parse("", "kiosk.toml".as_ref())?;
    // On tmpfs: the time to write a million records to a disk is not measured.
    let memory = std::path::Path::new("/dev/shm");
    let folder =
        if memory.is_dir() { temporary_folder_in(memory, "vestibule-")? } else { temporary_folder("vestibule-")? };
    fill(folder.path(), records)?;
    let size = fs::metadata(folder.path().join("directory.sqlite"))?.len();
    println!("{PEOPLE} people, {records} records, {} MiB", size / 1_048_576);

    let begin = Instant::now();
    let directory = Directory::open(folder.path(), None, || Cost::MINIMUM)?;
    let log = wiring::begin_log(&config, &directory)?;
    let start = begin.elapsed().as_secs_f64();
    println!("start: {start:.3} s, goal {START} s");

    let begin = Instant::now();
    let badge = Badge::read("0000001000", &BadgeProfile::plain()).ok_or("no badge")?;
    assert!(directory.identify(&Credential::Badge(badge))?.is_some(), "somebody is found");
    let sign_in = begin.elapsed().as_secs_f64() + 0.25;
    println!("sign-in: {sign_in:.3} s with a hash of 0.25 s, goal {SIGN_IN} s");

    let before = resident()?;
    let begin = Instant::now();
    let verdict = log.verify(None, &[])?;
    assert!(verdict.finding.is_none(), "the log verifies");
    println!("verification: {:.1} s, {} MiB more", begin.elapsed().as_secs_f64(), resident()?.saturating_sub(before));
    let before = resident()?;
    let (begin, mut out) = (Instant::now(), Count(0));
    log.records().export(Format::JsonLines, &verdict, &mut out)?;
    let (time, grown) = (begin.elapsed().as_secs_f64(), resident()?.saturating_sub(before));
    println!("export: {:.1} s, {} MiB out, {grown} MiB more memory", time, out.0 / 1_048_576);
    if start <= START && sign_in <= SIGN_IN && grown < 16 { Ok(()) } else { Err("a goal is missed".into()) }
}

/// Enrolls the people and writes the records as the program does, four for each visit.
fn fill(folder: &std::path::Path, records: u64) -> Result<(), Box<dyn Error>> {
    let mut directory = Directory::open(folder, None, || Cost::MINIMUM)?;
    for person in 0..PEOPLE {
        let _ = directory.enrol(&Enrolment {
            email: &format!("p{person}@example.com"),
            name: "Ada Lind",
            login_id: person,
            secret: &Secret::new("0123456789abcdef".repeat(4)),
            badge: Badge::read(&format!("{:010}", 1_000 + person), &BadgeProfile::plain()).as_ref(),
            pin_digits: None,
            badge_alone: true,
            outbox_entry: None,
        })?;
    }
    let mut log = wiring::log(&directory)?;
    let begin = Timestamp::now().checked_sub(SignedDuration::from_hours(24 * 80))?;
    for visit in 0..records / 4 {
        let at = begin + SignedDuration::from_secs(i64::try_from(visit)? * 20);
        let who = StaffId::new(i64::try_from(visit % PEOPLE)? + 1);
        let email = format!("p{}@example.com", visit % PEOPLE);
        let by = |action, about: &str| Record::new(at, action, about).by(Some(who), &email);
        let _ = log.append(&by(Action::SignIn, "badge"))?;
        let intent = Record { door: Some(DoorId::new(101)), door_name: "Main".into(), ..by(Action::Intent, "badge") };
        let seq = log.append(&intent)?;
        let _ = log.append(&Record { of: Some(seq), ..by(Action::Outcome, "accepted") })?;
        let _ = log.append(&by(Action::SignOut, "signed out"))?;
    }
    Ok(())
}

/// A sink that counts the bytes.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Resident memory of this process, in MiB.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no size")?.parse::<u64>()? / 1024)
}
