//! The unlocks of a kiosk beside Kisi's history: the real command, a real log, and a history over HTTP.

use std::{
    fs,
    process::{Command, Output, Stdio},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use vestibule::{
    door::{DoorId, Outcome},
    secret::Secret,
    simulator::{
        fault::Fault,
        world::{Event, World},
    },
    store::audit::{Action, Log, Record, earlier_login_text, login_text},
};

use crate::support::{
    headless::{BADGE, Site},
    kisi::runtime,
    network_namespace::{is_inside, loopback},
};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
/// Longer than touches are ignored after a change of the screen.
const REACH: Duration = Duration::from_millis(450);

fn run(site: &Site, arguments: &[&str]) -> Output {
    let config = site.folder.path().join("kiosk.toml");
    fs::write(&config, format!("[kisi]\nbase_url = \"{}\"\n", site.kisi.base_url())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let command = command.args(arguments).arg("--config").arg(config).arg("--data").arg(site.folder.path());
    command.env("VESTIBULE_ADMIN_KEY", &site.admin).stdin(Stdio::null()).output().unwrap()
}

/// What `audit reconcile --json` prints, and its exit code. The last line is the summary.
fn reconcile(site: &Site) -> (Vec<Value>, Option<i32>) {
    let output = run(site, &["audit", "reconcile", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, output.status.code())
}

/// Signs Grace in by badge and taps these doors, each once.
fn visit(site: &Site, doors: &[&str]) {
    let mut kiosk = site.kiosk();
    kiosk.scan(BADGE);
    for door in doors {
        kiosk.wait(REACH);
        kiosk.tap_door(door);
        kiosk.wait(Duration::from_secs(1));
        kiosk.tap("Other doors");
    }
}

/// Unlocks a door with a login that was read from somewhere.
fn steal(site: &Site, (_, secret): &(u64, String), door: u64) -> Outcome {
    runtime().block_on(site.client().unlock(&Secret::new(secret.clone()), DoorId::new(door)))
}

/// Kisi's id of the login that a kiosk has for this person, and its secret.
fn login_of(site: &Site, email: &str) -> (u64, String) {
    site.kisi.with(|world| {
        let person = world.person_by_email(email).unwrap().id;
        let login = world.logins.values().find(|login| login.person == person && login.kind == "device").unwrap();
        (login.id, login.secret.clone())
    })
}

#[test]
fn what_this_kiosk_did_agrees_and_what_others_do_with_its_logins_is_named() {
    let site = Site::with(|world| world.unlimited = true, "");
    let _ = site.enrol(GRACE, Some(BADGE), false);
    let _ = site.enrol(ADA, None, true);
    visit(&site, &["Main entrance", "Bike store"]);
    let (lines, code) = reconcile(&site);
    assert_eq!((lines.len(), code), (1, Some(0)), "{lines:?}");
    assert_eq!((&lines[0]["agreed"], &lines[0]["foreign"]), (&2.into(), &0.into()));

    // Kisi carries it out, and its answer is lost.
    let unlock = Fault { cut_after: Some(0), times: Some(1), ..Fault::default() }.at("POST", "/locks/101/unlock");
    site.kisi.with(|world| world.faults.push(unlock));
    visit(&site, &["Main entrance"]);
    let (lines, code) = reconcile(&site);
    assert_eq!(code, Some(0), "{lines:?}");
    assert_eq!((&lines[0]["finding"], &lines[0]["unlocked"]), (&"resolved".into(), &true.into()));
    assert_eq!(lines[0]["person"], GRACE);

    let stolen = login_of(&site, ADA);
    let login = stolen.0;
    assert_eq!(steal(&site, &stolen, 101), Outcome::Accepted);
    let output = run(&site, &["audit", "reconcile"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("NOT BY THIS KIOSK")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains(ADA) && line.contains(&format!("login {login}, unlocked")), "{line}");
    assert!(line.ends_with("run `vestibule staff renew ada@example.com`"), "{line}");
    assert_eq!(output.status.code(), Some(1));
    let about = site.records(Action::Reconcile);
    assert_eq!(about.last().unwrap(), "2 agreed, 1 resolved, 0 pending, 0 missing, 1 foreign");

    // The command that it names ends it: the thief's next unlock does nothing, and earlier ones still belong to Ada.
    assert!(run(&site, &["staff", "renew", ADA, "--yes"]).status.success());
    let before = site.kisi.with(|world| world.unlocks());
    assert!(matches!(steal(&site, &stolen, 101), Outcome::Refused(_)));
    assert_eq!(site.kisi.with(|world| world.unlocks()), before);
    let (lines, code) = reconcile(&site);
    let foreign = lines.iter().find(|line| line["finding"] == "foreign").unwrap();
    assert_eq!((&foreign["person"], &foreign["login_id"], code), (&ADA.into(), &login.into(), Some(1)));
    assert!(foreign["revoke"].as_str().unwrap().contains(&format!("\"login_id\":{login}")), "{foreign}");
}

/// Every way in which a kiosk does not learn what became of an unlock. Kisi's history tells.
#[test]
fn what_a_cut_a_silence_and_a_broken_answer_hid_is_in_kisis_history() {
    for (fault, is_unlocked) in [
        (Fault { cut_after: Some(10), ..Fault::default() }, true),
        (Fault { cut_after: Some(0), reset: true, ..Fault::default() }, true),
        (Fault { status: Some(502), acts: true, ..Fault::default() }, true),
        (Fault { body: Some("<html>".to_owned()), acts: true, ..Fault::default() }, true),
        (Fault { never: true, acts: true, ..Fault::default() }, true),
        (Fault { status: Some(503), ..Fault::default() }, false),
    ] {
        let site = Site::with(|world| world.unlimited = true, "");
        let _ = site.enrol(GRACE, Some(BADGE), false);
        let fault = Fault { times: Some(1), ..fault }.at("POST", "/locks/101/unlock");
        let what = format!("{fault:?}");
        site.kisi.with(|world| world.faults.push(fault));
        visit(&site, &["Main entrance"]);
        assert!(site.records_once(Action::Outcome, 1)[0].starts_with("unknown"), "{what}");
        let (lines, code) = reconcile(&site);
        assert_eq!(code, Some(0), "{what}: {lines:?}");
        let summary = lines.last().unwrap();
        if is_unlocked {
            assert_eq!((&lines[0]["finding"], &lines[0]["unlocked"]), (&"resolved".into(), &true.into()), "{what}");
        } else {
            // Kisi's history may be late: nothing is said about it for five minutes.
            assert_eq!((&summary["pending"], lines.len()), (&1.into(), 1), "{what}");
        }
    }
}

/// The network swallows the request, or the answer to it, and everything else. Afterwards Kisi's history tells.
#[test]
fn what_fell_into_a_black_hole_is_in_kisis_history() {
    if !is_inside(module_path!(), "what_fell_into_a_black_hole_is_in_kisis_history") {
        return;
    }
    for (is_asked, before_the_hole) in [(true, 300), (false, 0)] {
        loopback("up");
        let site = Site::new();
        let _ = site.enrol(GRACE, Some(BADGE), false);
        let slow = Fault { answer_delay_ms: 1_500, times: Some(1), ..Fault::default() };
        site.kisi.with(|world| world.faults.push(slow.at("POST", "/locks/101/unlock")));
        let mut kiosk = site.kiosk();
        kiosk.scan(BADGE);
        kiosk.wait(REACH);
        if is_asked {
            let hole = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(before_the_hole));
                loopback("down");
            });
            kiosk.tap_door("Main entrance");
            hole.join().unwrap();
        } else {
            loopback("down");
            kiosk.tap_door("Main entrance");
        }
        assert!(kiosk.shows("No answer"), "{:?}", kiosk.texts());
        loopback("up");
        drop(kiosk);
        assert_eq!(site.kisi.with(|world| world.unlocks()), u64::from(is_asked));
        let (lines, code) = reconcile(&site);
        assert_eq!(code, Some(0), "{lines:?}");
        let summary = lines.last().unwrap();
        let resolved = lines.iter().filter(|line| line["unlocked"] == true).count();
        assert_eq!(
            (resolved, summary["pending"].as_u64()),
            (usize::from(is_asked), Some(u64::from(!is_asked))),
            "{lines:?}"
        );
    }
}

#[test]
fn a_history_that_cannot_be_read_is_no_clean_one() {
    let site = Site::with(|world| world.unlimited = true, "");
    let _ = site.enrol(GRACE, Some(BADGE), false);
    visit(&site, &["Main entrance"]);
    let event = r#"{"id":1,"status":"finished","cursor":null,"events":[{"uuid":"a","type":"lock.unlock"}]}"#;
    let anonymous = r#"{"id":1,"status":"finished","cursor":null,"events":[
        {"uuid":"a","type":"lock.unlock","created_at":"2026-11-01T08:00:00Z","success":true,"object_id":101},
        {"uuid":"b","type":"lock.unlock","created_at":"2026-11-01T08:00:00Z","success":true,"authenticated_by_id":1}]}"#;
    for (status, body, says) in [
        (200, r#"{"id":1,"status":"failed","cursor":null}"#, "did not send its history"),
        (200, event, "1 of Kisi's events cannot be read"),
        (200, anonymous, "2 of Kisi's events cannot be read"),
        (200, "[]", "is not Kisi's"),
    ] {
        let fault = Fault { status: Some(status), body: Some(body.to_owned()), ..Fault::default() };
        site.kisi.with(|world| world.faults = vec![fault.at("POST", "/event_sets")]);
        let output = run(&site, &["audit", "reconcile"]);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(text.contains(says), "{body}: {text}");
        assert_eq!(output.status.code(), Some(1), "{body}: {text}");
    }
    site.kisi.with(|world| world.faults = vec![Fault::refuse(401, "000000").at("POST", "/event_sets")]);
    assert_eq!(reconcile(&site), (Vec::new(), Some(1)), "no admin's key");
    // Kisi takes its time.
    site.kisi.with(|world| (world.faults, world.switches.event_polls) = (Vec::new(), 3));
    let (lines, code) = reconcile(&site);
    assert_eq!((&lines[0]["agreed"], code), (&1.into(), Some(0)), "{lines:?}");
}

/// A log whose beginning was pruned does not know the unlocks before it. Nothing of that time, nor what a wrong clock may put
/// there, is called a theft. An earlier login still belongs to its person, although the record that made it is pruned.
#[test]
fn a_pruned_beginning_makes_no_theft_and_hides_none() {
    const EARLIER: u64 = 999_001;
    let site = Site::new();
    let begin = Timestamp::now() - SignedDuration::from_hours(48);
    let directory = site.directory();
    let mut log = Log::open(directory.folder(), directory.audit_key()).unwrap();
    let hours = |n: i64| SignedDuration::from_hours(n);
    let texts = [(-30, Action::Enrol, login_text(EARLIER)), (0, Action::Renew, earlier_login_text(EARLIER))];
    for (at, action, about) in texts {
        let _ = log.append(&Record::new(begin + hours(at), action, about).by(None, ADA)).unwrap();
    }
    assert_eq!(log.prune(begin - hours(1), Timestamp::now()).unwrap(), 1);
    drop((log, directory));
    let _ = site.enrol(ADA, Some(BADGE), false);
    site.kisi.with(|world| {
        let event = |minutes: i64, door: u64| Event {
            kind: "lock.unlock",
            at: begin + SignedDuration::from_mins(minutes),
            actor: world.person_by_email(ADA).map(|person| person.id),
            login: Some(EARLIER),
            object: ("Lock", door),
            object_name: String::new(),
            error_code: None,
            uuid: uuid::Uuid::new_v4(),
        };
        // Before the first record; by a clock that is five minutes ahead of the kiosk's; and a theft.
        let events = [event(-1, 101), event(5, 101), event(11, 101), event(13, 102)];
        world.events.extend(events);
    });
    let (lines, code) = reconcile(&site);
    let thefts: Vec<_> = lines.iter().filter(|line| line["finding"] == "foreign").collect();
    assert_eq!((thefts.len(), code), (1, Some(1)), "{lines:?}");
    assert_eq!((&thefts[0]["person"], &thefts[0]["door"]), (&ADA.into(), &102.into()));
    assert!(thefts[0]["revoke"].as_str().unwrap().contains(&format!("\"login_id\":{EARLIER}")), "{lines:?}");
}

/// The advised command goes into a shell as it stands.
#[test]
fn the_advised_command_names_the_person_whatever_the_address_contains() {
    for email in ["o'neil@example.com", "a$(touch here)b@example.com", "a;b&c`d@example.com"] {
        let site = Site::with(
            |world| world.people.values_mut().find(|person| person.email == ADA).unwrap().email = email.to_owned(),
            "",
        );
        let _ = site.enrol(email, Some(BADGE), false);
        assert_eq!(steal(&site, &login_of(&site, email), 101), Outcome::Accepted);
        let (lines, _) = reconcile(&site);
        let command = lines[0]["revoke"].as_str().unwrap_or_else(|| panic!("{lines:?}"));
        let script = format!("vestibule() {{ printf '%s\\n' \"$@\"; }}; {command}");
        let output = Command::new("sh").args(["-c", &script]).current_dir(site.folder.path()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("staff\nrenew\n{email}\n"), "{command}");
    }
}

/// Somebody who changes the log could hide a theft, or make one up.
#[test]
fn a_log_that_does_not_verify_is_not_compared() {
    let site = Site::new();
    let _ = site.enrol(GRACE, Some(BADGE), false);
    visit(&site, &["Main entrance"]);
    let db = rusqlite::Connection::open(site.folder.path().join("directory.sqlite")).unwrap();
    assert_eq!(db.execute("UPDATE audit SET door = 102 WHERE action = 'unlock-intent'", []).unwrap(), 1);
    drop(db);
    let output = run(&site, &["audit", "reconcile"]);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(text.contains("the audit log does not verify"), "{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let is_asked = |world: &mut World| world.requests.iter().any(|request| request.path.contains("event_sets"));
    assert!(!site.kisi.with(is_asked), "it asks nothing");
}

/// The clock was ahead when the kiosk was set up. That hides no theft of today.
#[test]
fn a_record_of_the_future_hides_no_theft() {
    let site = Site::with(|world| world.unlimited = true, "");
    let directory = site.directory();
    let mut log = Log::open(directory.folder(), directory.audit_key()).unwrap();
    let ahead = Timestamp::now() + SignedDuration::from_hours(40 * 24);
    let _ = log.append(&Record::new(ahead, Action::Reconcile, "")).unwrap();
    let _ = log.append(&Record::new(Timestamp::now() - SignedDuration::from_hours(1), Action::Reconcile, "")).unwrap();
    drop((log, directory));
    let _ = site.enrol(ADA, Some(BADGE), false);
    assert_eq!(steal(&site, &login_of(&site, ADA), 101), Outcome::Accepted);
    let (lines, code) = reconcile(&site);
    assert_eq!((lines[0]["finding"].as_str(), code), (Some("foreign"), Some(1)), "{lines:?}");
}

/// A renewal by an older version names no login: what was done with the login before it may be of an unknown one.
#[test]
fn an_earlier_login_is_known_only_since_the_record_that_made_it() {
    let site = Site::new();
    let directory = site.directory();
    let mut log = Log::open(directory.folder(), directory.audit_key()).unwrap();
    let at = |hours: i64| "2026-11-01T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours);
    let named = format!("{}, {}", login_text(778), earlier_login_text(777));
    for (hours, action, about) in
        [(0, Action::Enrol, String::new()), (1, Action::Renew, String::new()), (2, Action::Renew, named)]
    {
        let _ = log.append(&Record::new(at(hours), action, about).by(None, ADA)).unwrap();
    }
    let since: Vec<_> = log.records().logins().unwrap().iter().map(|login| (login.login, login.since)).collect();
    assert_eq!(since, [(778, Some(at(2))), (777, Some(at(1)))]);
}
