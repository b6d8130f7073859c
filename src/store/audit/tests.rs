//! Tests of the audit log: tampering, signing keys, pruning, exports.

use std::fs;

use super::{head::FILE as HEAD, *};
use crate::crypt;
use crate::store::FILE;

const KEY: [u8; 32] = [7; 32];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn open(folder: &Path) -> Log {
    Log::open(folder, KEY).unwrap()
}

/// A log of twelve records: a start, five unlocks with their outcomes, a sign-out.
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
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
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
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
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
    assert_eq!(finding(&log), None, "every change was undone");
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
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let log = filled(folder.path());
        sql(folder.path(), change);
        assert_eq!(finding(&log), Some(expected), "{change}");
    }
}

/// T35, T14: a database that is rolled back brings its old anchors along. Only the files outside reveal the rollback.
#[test]
fn a_rolled_back_database_does_not_match_the_head_file() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
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
    // C12: nothing is appended, because that would hide the rollback.
    let mut log = open(folder.path());
    assert!(matches!(log.append(&Record::new(at(95), Action::Start, "")), Err(Error::Tampered)));
    drop(log);
    // The head is deleted too: the check at the start and every append treat records without a head as tampering.
    fs::remove_file(folder.path().join(HEAD)).unwrap();
    let mut log = open(folder.path());
    assert_eq!(log.check_head().unwrap(), Some(Finding::HeadMissing));
    assert!(matches!(log.append(&Record::new(at(95), Action::Start, "")), Err(Error::Tampered)));
    assert!(matches!(finding(&log), Some(Finding::HeadMissing | Finding::Cut { last: 12, known: 13 })));
    assert_eq!(log.verify(None, &[journal]).unwrap().finding, Some(Finding::Cut { last: 12, known: 13 }));
    drop(log);
    // A forged head, and damaged ones.
    let forged = String::from_utf8(head.clone()).unwrap().replacen("13:", "12:", 1);
    for spoilt in [forged.as_str(), "", "\0\0\0\0", "13:"] {
        fs::write(folder.path().join(HEAD), spoilt).unwrap();
        let log = open(folder.path());
        assert_eq!(finding(&log), Some(Finding::Cut { last: 12, known: 13 }), "the keys reveal it too: {spoilt}");
        assert_eq!(log.check_head().unwrap(), Some(Finding::HeadChanged), "{spoilt}");
    }
}

/// A head is overwritten in place and never grows, so that a power cut leaves the old one or the new one.
#[test]
fn the_head_file_never_changes_its_size() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = open(folder.path());
    let size = || fs::metadata(folder.path().join(HEAD)).unwrap().len();
    let first = size();
    for n in 0..12 {
        let _ = log.append(&Record::new(at(n), Action::Start, "")).unwrap();
        assert_eq!(size(), first);
    }
    // An older head is still valid: the log continued after it.
    let old = fs::read(folder.path().join(HEAD)).unwrap();
    let _ = log.append(&Record::new(at(99), Action::Start, "")).unwrap();
    fs::write(folder.path().join(HEAD), old).unwrap();
    assert_eq!(log.check_head().unwrap(), None);
    let _ = log.append(&Record::new(at(100), Action::Start, "")).unwrap();
}

/// C10: an attacker re-signed 60 records with about 200 old keys from the write-ahead log. Now every byte of the data
/// folder, with the sealing key, yields the key of the next record and no older one.
#[test]
fn no_file_holds_a_signing_key_of_the_past() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = open(folder.path());
    for n in 0..200 {
        let _ = log.append(&Record::new(at(n), Action::Start, "0.1.0")).unwrap();
    }
    let (_, first) = log.first_key().unwrap().unwrap();
    log.forget_first_key().unwrap();
    for n in 200..260 {
        let _ = log.append(&Record::new(at(n), Action::Start, "0.1.0")).unwrap();
    }
    let signs: Vec<[u8; 32]> = (1..=260).map(|seq| *signing::advance(&Key::new(*first), 1, seq)).collect();
    let wal = fs::read(folder.path().join("directory.sqlite-wal")).unwrap();
    assert!(100_000 < wal.len(), "there is a write-ahead log to look into: {}", wal.len());
    let (key, mut opened) = (Key::new(KEY), 0);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for sign in &signs {
            assert!(memchr::memmem::find(&bytes, sign).is_none(), "{} holds a key in clear", path.display());
        }
        // An anchor's row is its name and the sealed bytes: 80 without a key, or 112 with one, as earlier versions wrote
        // it.
        for purpose in ["first", "next"] {
            for at in memchr::memmem::find_iter(&bytes, purpose) {
                for length in [80, 112] {
                    let Some(sealed) = bytes.get(at + purpose.len()..at + purpose.len() + length) else { continue };
                    let Some(clear) = crypt::open(&key, purpose.as_bytes(), sealed) else { continue };
                    opened += 1;
                    let found = signs.iter().any(|sign| clear.windows(32).any(|window| window == sign));
                    assert!(!found, "{} holds a key of the past at {at}", path.display());
                }
            }
        }
    }
    let (keys, _) = log.signing.read(&KEY.into()).unwrap();
    assert!(keys.first.is_none() && signs.iter().all(|sign| *sign != *keys.next), "only the next one");
    assert!(100 < opened, "sealed anchors were found and opened: {opened}");
    // The next record is signed, and the log verifies with the key that was taken away.
    let _ = log.append(&Record::new(at(300), Action::Start, "")).unwrap();
    let verdict = log.verify(Some((1, *first)), &[]).unwrap();
    assert_eq!((verdict.signatures, verdict.finding), (true, None));
}

/// C10: a crash between the record and the next key leaves keys that are one step behind. They catch up.
#[test]
fn keys_that_are_behind_catch_up_and_keys_that_are_missing_sign_nothing() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = filled(folder.path());
    let file = folder.path().join(signing::FILE);
    let behind = fs::read(&file).unwrap();
    for n in 0..3 {
        let _ = log.append(&Record::new(at(70 + n), Action::Start, "")).unwrap();
    }
    let ahead = fs::read(&file).unwrap();
    drop(log);
    fs::write(&file, behind).unwrap();
    let mut log = open(folder.path());
    let _ = log.append(&Record::new(at(80), Action::Start, "")).unwrap();
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.finding, verdict.signatures), (None, true));
    // The database is rolled back but its keys are not: they are ahead of it.
    fs::write(&file, ahead).unwrap();
    sql(folder.path(), "DELETE FROM audit WHERE seq > 14");
    assert!(matches!(log.append(&Record::new(at(90), Action::Start, "")), Err(Error::Tampered)));
    drop(log);
    for spoilt in [None, Some(""), Some("not keys")] {
        let _ = fs::remove_file(&file);
        if let Some(text) = spoilt {
            fs::write(&file, text).unwrap();
        }
        let mut log = open(folder.path());
        assert!(matches!(log.append(&Record::new(at(90), Action::Start, "")), Err(Error::Tampered)), "{spoilt:?}");
        assert!(finding(&log).is_some());
    }
}

/// C10: older logs kept their keys in the database. Opening one moves them to the key file and leaves none in the database.
#[test]
fn the_keys_of_an_older_log_move_out_of_the_database() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    drop(filled(folder.path()));
    // Write the anchors as earlier versions did.
    let keys = open(folder.path()).signing.read(&KEY.into()).unwrap().0;
    let key = Key::new(KEY);
    let db = Connection::open(folder.path().join(FILE)).unwrap();
    for (name, signs) in [("first", keys.first.clone().unwrap()), ("next", keys.next.clone())] {
        let at = anchor(&db, name, &KEY.into()).unwrap().unwrap();
        let clear = [&at.seq.to_be_bytes()[..], &at.hash, &signs[..]].concat();
        let sealed = crypt::seal(&key, name.as_bytes(), &clear).unwrap();
        let _ = db.execute("UPDATE audit_anchors SET sealed = ?2 WHERE name = ?1", params![name, sealed]).unwrap();
    }
    drop(db);
    fs::remove_file(folder.path().join(signing::FILE)).unwrap();
    let mut log = open(folder.path());
    let _ = log.append(&Record::new(at(99), Action::Start, "")).unwrap();
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.finding, verdict.signatures, verdict.records), (None, true, 13));
    let lengths: Vec<i64> = {
        let mut select = log.db.prepare("SELECT length(sealed) FROM audit_anchors").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(lengths, [80, 80], "no key in them");
}

/// C13: after a `rekey` the whole log is sealed with the new key, even if it is opened with both keys more than once.
#[test]
fn a_log_continues_with_another_key() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    drop(filled(folder.path()));
    let ring = || KeyRing { current: Key::new([8; 32]), older: vec![Key::new(KEY)] };
    for _ in 0..2 {
        let mut log = Log::open(folder.path(), ring()).unwrap();
        assert_eq!(log.check_head().unwrap(), None);
        let _ = log.append(&Record::new(at(70), Action::Rekey, "")).unwrap();
    }
    let log = Log::open(folder.path(), [8; 32]).unwrap();
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.finding, verdict.signatures, verdict.records), (None, true, 14));
    assert!(finding(&open(folder.path())).is_some(), "the old key opens nothing of it");
}

/// C14: a restored log has neither keys nor head. It continues with new ones.
#[test]
fn a_restored_log_continues_with_new_keys() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (_, old) = filled(folder.path()).first_key().unwrap().unwrap();
    for name in [HEAD, signing::FILE] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let mut log = Log::adopt(folder.path(), KEY).unwrap();
    let _ = log.append(&Record::new(at(99), Action::Restore, "")).unwrap();
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.finding, verdict.records), (None, 13));
    // The keys of the restored records are in no backup.
    assert_eq!((verdict.signatures, verdict.signed_from), (false, Some(13)));
    let (seq, key) = log.first_key().unwrap().unwrap();
    assert_eq!(seq, 13);
    assert_ne!(*key, *old);
    let verdict = log.verify(Some((13, *key)), &[]).unwrap();
    assert_eq!((verdict.finding, verdict.signed_from), (None, Some(13)));
    // A change to the first record is found with its key after that key was deleted here.
    log.forget_first_key().unwrap();
    sql(folder.path(), "UPDATE audit SET about = 'x' WHERE seq = 13");
    assert_eq!(log.verify(Some((13, *key)), &[]).unwrap().finding, Some(Finding::Changed(13)));
}

/// C11: a clock that was 200 days ahead pruned every record. A pass takes a day's worth at most.
#[test]
fn a_pruning_pass_deletes_at_most_one_day() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = open(folder.path());
    let day = 24 * 3_600;
    for hour in 0..(10 * 24) {
        let _ = log.append(&Record::new(at(hour * 3_600), Action::Start, "")).unwrap();
    }
    let (ahead, now) = (at(200 * day), at(200 * day));
    assert_eq!(log.prune(ahead, now).unwrap(), 24, "the first day");
    assert_eq!(log.last(Action::Prune).unwrap().unwrap().about, "24 records up to 24", "it is recorded");
    assert_eq!(log.prune(ahead, now).unwrap(), 24);
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.finding, verdict.signatures), (None, true));
}

#[test]
fn a_forged_anchor_blocks_new_records() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = filled(folder.path());
    sql(folder.path(), "UPDATE audit_anchors SET sealed = zeroblob(96) WHERE name = 'next'");
    assert!(matches!(log.append(&Record::new(at(99), Action::Start, "")), Err(Error::Tampered)));
}

#[test]
fn pruning_leaves_a_log_that_verifies_and_records_what_was_deleted() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
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
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = filled(folder.path());
    let (seq, key) = log.first_key().unwrap().unwrap();
    let key = (seq, *key);
    log.forget_first_key().unwrap();
    assert_eq!(log.first_key().unwrap(), None, "once");
    let verdict = log.verify(None, &[]).unwrap();
    assert_eq!((verdict.signatures, verdict.finding), (false, None));
    let _ = log.prune(at(20), at(100)).unwrap();
    let verdict = log.verify(Some(key), &[]).unwrap();
    assert_eq!((verdict.signatures, verdict.finding), (true, None));
    assert_eq!(log.verify(Some((1, [9; 32])), &[]).unwrap().finding, Some(Finding::Changed(6)), "another log's key");
}

#[test]
fn an_intent_without_an_outcome_is_known_after_a_restart() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = filled(folder.path());
    assert_eq!(log.open_intents().unwrap(), []);
    let seq = log.append(&Record::new(at(99), Action::Intent, "pin")).unwrap();
    drop(log);
    assert_eq!(open(folder.path()).open_intents().unwrap()[0].seq, seq);
}

/// T36
#[test]
fn hostile_names_are_one_inert_record_each() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = open(folder.path());
    let names = ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "two\nlines,\"quoted\"", "\u{1b}[31mred", "\t=1"];
    for name in names {
        let record = Record::new(at(1), Action::SignIn, "pin").by(None, name);
        let _ = log.append(&record).unwrap();
    }
    let verdict = log.verify(None, &[]).unwrap();
    let mut csv = Vec::new();
    log.records().export(Format::Csv { separator: b',' }, &verdict, &mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().count(), 1 + names.len(), "a line each: {csv}");
    for row in csv::Reader::from_reader(csv.as_bytes()).records() {
        let row = row.unwrap();
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
        assert!(row.iter().all(|cell| !cell.chars().any(char::is_control)), "{row:?}");
    }
    let mut json = Vec::new();
    log.records().export(Format::JsonLines, &verdict, &mut json).unwrap();
    let lines: Vec<serde_json::Value> =
        String::from_utf8(json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[4]["person"], names[4], "JSON keeps it as it was");
    assert_eq!(lines[7]["verified"], true);
}

#[test]
fn a_report_counts_what_was_asked_and_what_was_accepted_in_a_period() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let mut log = filled(folder.path());
    let intent = Record {
        door_name: "Archive".into(),
        ..Record::new(at(50), Action::Intent, "badge").by(None, "grace@example.com")
    };
    let seq = log.append(&intent).unwrap();
    let _ = log.append(&Record { of: Some(seq), ..Record::new(at(51), Action::Outcome, "refused") }).unwrap();
    let lines = log.records().report(By::Person, at(0), at(100)).unwrap();
    let line = |what: &str, asked, accepted| Line { what: what.to_owned(), asked, accepted };
    assert_eq!(lines, [line("ada@example.com", 5, 5), line("grace@example.com", 1, 0)]);
    assert_eq!(log.records().report(By::Door, at(15), at(45)).unwrap(), [line("Main entrance", 3, 3)]);
}
