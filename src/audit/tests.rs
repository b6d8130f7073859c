//! What the log finds, and what it keeps.

use super::*;

const KEY: [u8; 32] = [7; 32];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn open(folder: &Path) -> Log {
    Log::open(folder, KEY).unwrap()
}

/// A log of a sign-in and its unlocks, twelve records.
fn filled(folder: &Path) -> Log {
    let mut log = open(folder);
    let _ = log.append(&Record::new(at(0), Action::Start, "0.1.0")).unwrap();
    for n in 0..5 {
        let by = |record: Record| record.by(Some(StaffId::new(n + 1)), "ada@example.com");
        let intent = by(Record::new(at(10 * n), Action::Intent, "pin"));
        let intent = Record { door: Some(DoorId::new(101)), door_name: "Main entrance".into(), ..intent };
        let seq = log.append(&intent).unwrap();
        let outcome = Record { of: Some(seq), ..by(Record::new(at(10 * n + 1), Action::Outcome, "accepted")) };
        let _ = log.append(&outcome).unwrap();
    }
    let _ = log.append(&Record::new(at(60), Action::SignOut, "idle")).unwrap();
    log
}

fn finding(log: &Log) -> Option<Finding> {
    log.verify(None, &[]).unwrap().finding
}

fn sql(folder: &Path, text: &str) {
    Connection::open(folder.join(FILE)).unwrap().execute_batch(text).unwrap();
}

#[test]
fn an_untouched_log_is_whole_and_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let mut log = open(folder.path());
    let _ = log.append(&Record::new(at(70), Action::Start, "")).unwrap();
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.records, verdict.finding, verdict.signatures), (13, None, true));
    assert_eq!(verdict.head, log.head().unwrap());
}

/// T35: every byte of every record.
#[test]
fn every_flipped_byte_of_a_record_is_found_at_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let log = filled(folder.path());
    let mut tried = 0;
    for (column, blob) in [
        ("at", false),
        ("action", false),
        ("person", false),
        ("door_name", false),
        ("about", false),
        ("hash", true),
        ("mac", true),
    ] {
        for seq in 1..=12_u64 {
            let read = format!("SELECT CAST({column} AS BLOB) FROM audit WHERE seq = {seq}");
            let original: Vec<u8> = log.db.query_row(&read, [], |row| row.get(0)).unwrap();
            let kind = if blob { "BLOB" } else { "TEXT" };
            let write = format!("UPDATE audit SET {column} = CAST(?1 AS {kind}) WHERE seq = {seq}");
            for byte in 0..original.len() {
                let mut changed = original.clone();
                changed[byte] ^= 1;
                let _ = log.db.execute(&write, [&changed]).unwrap();
                assert_eq!(finding(&log), Some(Finding::Changed(seq)), "{column} of {seq}, byte {byte}");
                tried += 1;
            }
            let _ = log.db.execute(&write, [&original]).unwrap();
        }
    }
    for column in ["staff", "door", "of", "count"] {
        sql(folder.path(), &format!("UPDATE audit SET {column} = coalesce({column}, 0) + 1 WHERE seq = 3"));
        assert_eq!(finding(&log), Some(Finding::Changed(3)), "{column}");
        let null = if column == "count" { "1".to_owned() } else { format!("nullif({column} - 1, 0)") };
        sql(folder.path(), &format!("UPDATE audit SET {column} = {null} WHERE seq = 3"));
    }
    assert!(1_000 < tried, "{tried}");
    assert_eq!(finding(&log), None, "and nothing is left of it");
}

/// T35
#[test]
fn swapped_missing_and_cut_records_are_found() {
    for (change, expected) in [
        (
            "UPDATE audit SET seq = 99 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 99",
            Finding::Changed(4),
        ),
        ("DELETE FROM audit WHERE seq = 4", Finding::Missing(4)),
        ("DELETE FROM audit WHERE seq = 1", Finding::Missing(1)),
        ("DELETE FROM audit WHERE seq = 12", Finding::Cut { last: 11, known: 12 }),
        ("DELETE FROM audit WHERE seq > 3", Finding::Cut { last: 3, known: 12 }),
        ("DELETE FROM audit", Finding::Cut { last: 0, known: 12 }),
        ("DELETE FROM audit_anchors WHERE name = 'first'", Finding::Beginning),
        (
            "UPDATE audit_anchors SET sealed = (SELECT sealed FROM audit_anchors WHERE name = 'next')",
            Finding::Beginning,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = filled(folder.path());
        sql(folder.path(), change);
        assert_eq!(finding(&log), Some(expected), "{change}");
    }
}

/// T35, T14: the anchor that would allow a shorter log is put back too. Only the head outside knows better.
#[test]
fn a_file_of_yesterday_is_found_by_the_head_outside() {
    let folder = tempfile::tempdir().unwrap();
    let log = filled(folder.path());
    log.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let yesterday = fs::read(folder.path().join(FILE)).unwrap();
    drop(log);
    let mut log = open(folder.path());
    let _ = log.append(&Record::new(at(90), Action::Suspend, "")).unwrap();
    let journal = log.head().unwrap().unwrap();
    drop(log);
    let head = fs::read(folder.path().join(HEAD)).unwrap();

    fs::write(folder.path().join(FILE), &yesterday).unwrap();
    assert_eq!(finding(&open(folder.path())), Some(Finding::Cut { last: 12, known: 13 }));
    // The head is taken away as well: the one in the journal knows.
    fs::remove_file(folder.path().join(HEAD)).unwrap();
    let log = open(folder.path());
    assert_eq!(finding(&log), None, "nothing on this disk knows better");
    assert_eq!(log.verify(None, &[journal]).unwrap().finding, Some(Finding::Cut { last: 12, known: 13 }));
    drop(log);
    // It goes on from there: the thirteenth record is another one.
    let mut log = open(folder.path());
    let _ = log.append(&Record::new(at(95), Action::Start, "")).unwrap();
    fs::write(folder.path().join(HEAD), head).unwrap();
    assert_eq!(finding(&log), Some(Finding::Replaced(13)));
    let forged = fs::read_to_string(folder.path().join(HEAD)).unwrap().replacen("13:", "12:", 1);
    fs::write(folder.path().join(HEAD), forged).unwrap();
    assert_eq!(finding(&log), Some(Finding::HeadChanged));
    assert_eq!(log.check_head().unwrap(), Some(Finding::HeadChanged));
    for spoilt in ["", "\0\0\0\0", "13:"] {
        fs::write(folder.path().join(HEAD), spoilt).unwrap();
        assert_eq!(log.check_head().unwrap(), None, "a power cut keeps no kiosk from starting");
    }
}

#[test]
fn nothing_is_written_after_an_anchor_that_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = filled(folder.path());
    sql(folder.path(), "UPDATE audit_anchors SET sealed = zeroblob(96) WHERE name = 'next'");
    assert!(matches!(log.append(&Record::new(at(99), Action::Start, "")), Err(Error::Tampered)));
}

#[test]
fn pruning_leaves_a_log_that_verifies_and_says_what_went() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = filled(folder.path());
    assert_eq!(log.prune(at(20), at(100)).unwrap(), 5);
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.records, verdict.finding, verdict.signatures), (8, None, true));
    assert_eq!(log.last(Action::Prune).unwrap().unwrap().about, "5 records up to 5");
    sql(folder.path(), "UPDATE audit SET about = 'refused' WHERE seq = 7");
    assert_eq!(finding(&log), Some(Finding::Changed(7)));
    assert!(matches!(log.prune(at(50), at(101)), Err(Error::Tampered)), "a changed part is not taken out of sight");
}

#[test]
fn the_first_key_can_be_taken_away_and_still_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = filled(folder.path());
    let key = log.take_first_key().unwrap().unwrap();
    assert_eq!(log.take_first_key().unwrap(), None, "once");
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.signatures, verdict.finding), (false, None));
    let _ = log.prune(at(20), at(100)).unwrap();
    let verdict = log.verify(Some(key), &[]).unwrap();
    assert_eq!((verdict.signatures, verdict.finding), (true, None));
    assert_eq!(log.verify(Some([9; 32]), &[]).unwrap().finding, Some(Finding::Changed(6)), "another log's key");
}

#[test]
fn an_intent_without_an_outcome_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = filled(folder.path());
    assert_eq!(log.open_intents().unwrap(), []);
    let seq = log.append(&Record::new(at(99), Action::Intent, "pin")).unwrap();
    drop(log);
    assert_eq!(open(folder.path()).open_intents().unwrap()[0].seq, seq);
}

/// T36
#[test]
fn hostile_names_are_one_inert_record_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    let names = ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "two\nlines,\"quoted\"", "\u{1b}[31mred", "\t=1"];
    for name in names {
        let record = Record::new(at(1), Action::SignIn, "pin").by(None, name);
        let _ = log.append(&record).unwrap();
    }
    let verdict = log.verify(None, &[]).unwrap();
    let mut csv = Vec::new();
    log.export(Format::Csv, &verdict, &mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().count(), 1 + names.len(), "a line each: {csv}");
    for row in csv::Reader::from_reader(csv.as_bytes()).records() {
        let row = row.unwrap();
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
        assert!(row.iter().all(|cell| !cell.chars().any(char::is_control)), "{row:?}");
    }
    let mut json = Vec::new();
    log.export(Format::JsonLines, &verdict, &mut json).unwrap();
    let lines: Vec<serde_json::Value> =
        String::from_utf8(json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[4]["person"], names[4], "JSON keeps it as it was");
    assert_eq!(lines[7]["verified"], true);
}

#[test]
fn a_report_counts_what_was_asked_and_what_was_accepted_in_a_period() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = filled(folder.path());
    let intent = Record {
        door_name: "Archive".into(),
        ..Record::new(at(50), Action::Intent, "badge").by(None, "grace@example.com")
    };
    let seq = log.append(&intent).unwrap();
    let _ = log.append(&Record { of: Some(seq), ..Record::new(at(51), Action::Outcome, "refused") }).unwrap();
    let lines = log.report(By::Person, at(0), at(100)).unwrap();
    let line = |what: &str, asked, accepted| Line { what: what.to_owned(), asked, accepted };
    assert_eq!(lines, [line("ada@example.com", 5, 5), line("grace@example.com", 1, 0)]);
    assert_eq!(log.report(By::Door, at(15), at(45)).unwrap(), [line("Main entrance", 3, 3)]);
}
