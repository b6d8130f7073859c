//! What a sign-in costs besides the slow hash, with 10 people in the directory and with 100,000, side by side in one run.
//!
//! `cargo bench --bench lookup`
//!
//! A badge that signs in alone is found without the hash: the same rows, the same proof, the same seal as for a PIN.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark reads the clock and prints what it saw"
)]

use std::time::Instant;

use rusqlite::Connection;
use vestibule::{
    directory::{Cost, Directory, Enrolment},
    secret::Secret,
    staff::{Badge, BadgeProfile, Credential},
};

const LOOKUPS: usize = 2_000;
/// The goal, in milliseconds.
const GOAL: f64 = 2.0;

struct Site {
    people: u64,
    directory: Directory,
    _folder: tempfile::TempDir,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sites = [site(10)?, site(100_000)?];
    let mut times: [Vec<f64>; 2] = Default::default();
    for number in 0..LOOKUPS {
        for (site, times) in sites.iter().zip(&mut times) {
            let badge =
                Badge::read(&format!("{:010}", 1_000 + number % 10), &BadgeProfile::plain()).ok_or("no badge")?;
            let begin = begin();
            let found = site.directory.identify(&Credential::Badge(badge))?;
            times.push(1e3 * begin.elapsed().as_secs_f64());
            assert!(found.is_some());
        }
    }
    let mut medians = Vec::new();
    for (site, times) in sites.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let (median, high) = (times[LOOKUPS / 2], times[LOOKUPS * 99 / 100]);
        println!("{:>7} people: median {median:.3} ms, 99th percentile {high:.3} ms", site.people);
        medians.push(median);
    }
    println!("ratio {:.2}, goal {GOAL} ms", medians[1] / medians[0]);
    if medians[1] <= GOAL { Ok(()) } else { Err("the goal is missed".into()) }
}

/// Ten people as the program enrols them; the others as rows of the same size, of which nobody is ever found.
fn site(people: u64) -> Result<Site, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut directory = Directory::open(folder.path(), None, || Cost::FLOOR)?;
    for person in 0..10 {
        let _ = directory.enrol(&Enrolment {
            email: &format!("p{person}@example.com"),
            name: "Ada Lind",
            login_id: person,
            secret: &Secret::new("0123456789abcdef".repeat(4)),
            badge: Badge::read(&format!("{:010}", 1_000 + person), &BadgeProfile::plain()).as_ref(),
            pin_digits: None,
            badge_alone: true,
            errand: None,
        })?;
    }
    Connection::open(folder.path().join("directory.sqlite"))?.execute_batch(&format!(
        "BEGIN;
         WITH RECURSIVE n (i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < {people})
         INSERT INTO staff (id, email, name, salt, revision, login_id, proof)
         SELECT i, 'x' || i || '@example.com', 'Somebody', randomblob(16), 1, i, randomblob(32) FROM n WHERE i <= {people};
         INSERT INTO badges (tag, hint, staff_id) SELECT randomblob(32), '00', id FROM staff WHERE id > 10;
         INSERT INTO pins (tag, staff_id) SELECT randomblob(32), id FROM staff WHERE id > 10;
         INSERT INTO logins (staff_id, role, revision, nonce, sealed)
         SELECT id, 'device', 1, randomblob(24), randomblob(80) FROM staff WHERE id > 10;
         COMMIT;"
    ))?;
    Ok(Site { people, directory, _folder: folder })
}

fn begin() -> Instant {
    Instant::now()
}
