//! Time of a sign-in without the slow hash, with 10 and 100,000 people in the directory. The goal is 2 ms.
//!
//! It uses a badge that signs in alone, which needs no hash but the same rows, integrity proof and seal as a PIN.

use criterion::{BenchmarkId, Criterion};
use rusqlite::Connection;
use tempfile::TempDir;
use vestibule::{
    secret::Secret,
    staff::{Badge, BadgeProfile, Credential},
    store::directory::{Cost, Directory, Enrolment},
};

pub(crate) fn sign_in(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sign-in without the hash");
    for people in [10, 100_000] {
        let (_folder, directory) = site(people);
        let mut numbers = (0..10).cycle();
        let _ = group.bench_function(BenchmarkId::new("people", people), |bencher| {
            bencher.iter(|| directory.identify(&Credential::Badge(badge(numbers.next().unwrap()))).unwrap().unwrap());
        });
    }
    group.finish();
}

fn badge(person: u64) -> Badge {
    Badge::read(&format!("{:010}", 1_000 + person), &BadgeProfile::plain()).unwrap()
}

/// Ten people enrolled by the program. The others are rows of the same size that are never looked up.
fn site(people: u64) -> (TempDir, Directory) {
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let mut directory = Directory::open(folder.path(), None, || Cost::MINIMUM).unwrap();
    for person in 0..10 {
        let _ = directory
            .enrol(&Enrolment {
                email: &format!("p{person}@example.com"),
                name: "Ada Lind",
                login_id: person,
                secret: &Secret::new("0123456789abcdef".repeat(4)),
                badge: Some(&badge(person)),
                pin_digits: None,
                badge_alone: true,
                outbox_entry: None,
            })
            .unwrap();
    }
    let rows = format!(
        "BEGIN;
         WITH RECURSIVE n (i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < {people})
         INSERT INTO staff (id, email, name, salt, revision, login_id, proof)
         SELECT i, 'x' || i || '@example.com', 'Somebody', randomblob(16), 1, i, randomblob(32) FROM n WHERE i <= {people};
         INSERT INTO badges (tag, hint, staff_id) SELECT randomblob(32), '00', id FROM staff WHERE id > 10;
         INSERT INTO pins (tag, staff_id) SELECT randomblob(32), id FROM staff WHERE id > 10;
         INSERT INTO logins (staff_id, role, revision, nonce, sealed)
         SELECT id, 'device', 1, randomblob(24), randomblob(80) FROM staff WHERE id > 10;
         COMMIT;"
    );
    Connection::open(folder.path().join("directory.sqlite")).unwrap().execute_batch(&rows).unwrap();
    (folder, directory)
}
