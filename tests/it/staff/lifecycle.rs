//! The lifecycle of people, logins and keys with the real commands: `staff renew`, `remove`, `suspend`, `revoke`,
//! `badge` and `qr`, `doctor`, `rekey`, `backup`, `restore` and `audit verify`.

use std::{
    fs,
    io::Write,
    process::{Output, Stdio},
};

use age::secrecy::ExposeSecret;
use serde_json::Value;
use vestibule::{
    simulator::fault::Fault,
    staff::{Badge, BadgeProfile, Credential, Pin},
    store::audit::Log,
    store::directory::{Cost, Directory},
};

use crate::support::files::Files;

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const BADGE: &str = "0012345678";

#[track_caller]
fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(line: &str) -> Value {
    serde_json::from_str(line.lines().next().unwrap()).unwrap()
}

impl Files {
    fn directory(&self) -> Directory {
        Directory::open(&self.folder.join("data"), None, || Cost::MINIMUM).unwrap()
    }

    /// A directory with the cheapest PIN hash, Ada with a PIN (returned), and Grace with a badge.
    fn enrolled() -> (Self, String) {
        let files = Self::new();
        drop(files.directory());
        let pin = json(&ok(files.run(&["staff", "add", ADA, "--pin", "--json"])))["pin"].as_str().unwrap().to_owned();
        let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
        (files, pin)
    }

    /// The secrets of this person's logins at Kisi that were created for a kiosk.
    fn logins(&self, email: &str) -> Vec<String> {
        self.site.kisi.with(|world| {
            let person = world.person_by_email(email).unwrap().id;
            let logins = world.logins.values().filter(|login| login.person == person && login.device_model.is_some());
            logins.map(|login| login.secret.clone()).collect()
        })
    }

    fn opens(&self, credential: &Credential) -> Option<String> {
        self.directory().identify(credential).unwrap().map(|found| found.login.expose().clone())
    }

    /// Action and person of each audit record, in order.
    fn log(&self) -> Vec<String> {
        let lines = ok(self.run(&["audit", "export", "--format", "jsonl"]));
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| Some(format!("{} {}", line["action"].as_str()?, line["person"].as_str()?))).collect()
    }
}

fn pin(digits: &str) -> Credential {
    Credential::Pin(Pin::parse(digits).unwrap())
}

fn badge(number: &str) -> Credential {
    Credential::Badge(Badge::read(number, &BadgeProfile::plain()).unwrap())
}

#[test]
fn a_renewed_login_replaces_the_old_one_with_a_new_pin() {
    let (files, old_pin) = Files::enrolled();
    let (ada, grace) = (files.logins(ADA), files.logins(GRACE));
    let refused = files.run(&["staff", "renew", ADA]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("--yes"), "a new PIN needs --yes");
    assert_eq!(files.logins(ADA), ada);

    let renewed = json(&ok(files.run(&["staff", "renew", ADA, "--yes", "--json"])));
    let new_pin = renewed["pin"].as_str().unwrap();
    let now = files.logins(ADA);
    assert_eq!(now.len(), 1, "one login at Kisi");
    assert_ne!(now, ada);
    assert_eq!(files.opens(&pin(new_pin)), Some(now[0].clone()));
    assert_eq!(files.opens(&pin(&old_pin)), None);
    // A login sealed for a badge needs no new PIN, so nothing is asked or printed.
    assert_eq!(json(&ok(files.run(&["staff", "renew", GRACE, "--json"])))["pin"], Value::Null);
    assert_ne!(files.logins(GRACE), grace);
    assert_eq!(files.opens(&badge(BADGE)), Some(files.logins(GRACE)[0].clone()));
    assert_eq!(files.log()[2..], ["renew ada@example.com", "renew grace@example.com"]);
}

/// T8, R1, R5: no command accepts a chosen PIN, so none can reveal that a PIN is already in use.
#[test]
fn a_pin_cannot_be_chosen() {
    let (files, _) = Files::enrolled();
    for wish in [["staff", "add", ADA, "--pin=123457"], ["staff", "pin", ADA, "123457"]] {
        assert_eq!(files.run(&wish).status.code(), Some(2), "{wish:?}");
    }
    let issued = json(&ok(files.run(&["staff", "pin", GRACE, "--yes", "--json"])));
    assert_eq!(files.opens(&pin(issued["pin"].as_str().unwrap())), Some(files.logins(GRACE)[0].clone()));
    assert_eq!(files.opens(&badge(BADGE)), Some(files.logins(GRACE)[0].clone()), "the badge still works");
}

#[test]
fn a_login_that_cannot_be_deleted_is_noted_and_deleted_by_the_next_command() {
    let (files, old_pin) = Files::enrolled();
    // Deleting the login at Kisi fails.
    files.site.kisi.with(|world| {
        world.faults.push(Fault { path: Some("/logins/".into()), status: Some(503), ..Fault::default() });
    });
    let removed = files.run(&["staff", "remove", ADA, "--yes"]);
    assert!(!removed.status.success(), "the exit code reports it too");
    assert!(text(&removed.stdout).contains("still at Kisi"), "{}", text(&removed.stdout));
    assert_eq!(files.opens(&pin(&old_pin)), None, "removed locally at once");
    assert_eq!(files.logins(ADA).len(), 1);
    let doctor = files.run(&["doctor"]);
    assert!(text(&doctor.stdout).contains("must still be deleted"), "{}", text(&doctor.stdout));
    files.site.kisi.with(|world| world.faults.clear());
    let _ = ok(files.run(&["staff", "add", ADA, "--pin"]));
    assert_eq!(files.logins(ADA).len(), 1, "enrolled again, with one login");
    assert_eq!(files.directory().outbox().entries().unwrap(), []);
}

/// T34: `staff suspend` takes effect at once and shows in `staff list`; `staff resume` undoes it. Both are audited.
#[test]
fn a_suspended_person_cannot_sign_in_until_resumed() {
    let (files, _) = Files::enrolled();
    assert!(ok(files.run(&["staff", "suspend", GRACE])).contains("suspended"));
    assert!(files.directory().identify(&badge(BADGE)).unwrap().unwrap().is_suspended);
    assert!(ok(files.run(&["staff", "list"])).contains("suspended"));
    assert!(ok(files.run(&["staff", "suspend", GRACE])).contains("already"));
    assert!(ok(files.run(&["staff", "resume", GRACE])).contains("resumed"));
    assert!(!files.directory().identify(&badge(BADGE)).unwrap().unwrap().is_suspended);
    assert_eq!(files.log()[2..], ["suspend grace@example.com", "resume grace@example.com"]);
}

/// T13, R35: after a theft `staff revoke` deletes every login with only the exported list and the admin key.
#[test]
fn every_login_of_a_stolen_kiosk_is_revoked_from_the_list_that_was_kept_elsewhere() {
    let (files, _) = Files::enrolled();
    let list = files.list("elsewhere.jsonl", &ok(files.run(&["staff", "list", "--json"])));
    fs::remove_dir_all(files.folder.join("data")).unwrap();
    assert_eq!((files.logins(ADA).len(), files.logins(GRACE).len()), (1, 1));
    let said = ok(files.run(&["staff", "revoke", &list, "--yes"]));
    assert_eq!(said.matches("deleted").count(), 2, "{said}");
    assert_eq!((files.logins(ADA).len(), files.logins(GRACE).len()), (0, 0));
    assert!(ok(files.run(&["staff", "revoke", &list, "--yes"])).contains("gone already"), "a second run is harmless");
    let broken = files.list("broken.jsonl", "{\"email\": \"ada@example.com\"}\n");
    let refused = files.run(&["staff", "revoke", &broken, "--yes"]);
    assert!(text(&refused.stderr).contains("line 1 of"), "{}", text(&refused.stderr));
}

/// T18: two spellings of one number are the same badge, and a second owner is refused.
#[test]
fn a_badge_that_another_person_has_is_refused_however_it_is_written() {
    let (files, _) = Files::enrolled();
    let config = fs::read_to_string(files.folder.join("kiosk.toml")).unwrap();
    fs::write(
        files.folder.join("kiosk.toml"),
        format!("{config}[badge]\nformat = \"decimal\"\nleading_zeros = false\n"),
    )
    .unwrap();
    let _ = ok(files.run(&["staff", "badge", GRACE, "0055555"]));
    let refused = files.run(&["staff", "badge", ADA, "55555"]);
    assert!(text(&refused.stderr).contains("belongs to grace@example.com already"), "{}", text(&refused.stderr));
    let both = files.list("both.csv", "email,name,badge\nada@example.com,,777777\njuergen@example.com,,00777777\n");
    let refused = files.run(&["staff", "import", &both]);
    assert!(!refused.status.success(), "also within one list");
}

#[test]
fn a_badge_is_captured_from_what_the_reader_types() {
    let (files, _) = Files::enrolled();
    let mut command = files.command(&["staff", "badge", ADA, "--capture"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"0077777777\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(ok(output).contains("badge given"));
    assert_eq!(files.opens(&badge("0077777777")), Some(files.logins(ADA)[0].clone()));
}

#[test]
fn a_printed_badge_reads_as_the_number_that_signs_in() {
    let (files, _) = Files::enrolled();
    let (svg, png) = (files.folder.join("ada.svg"), files.folder.join("ada.png"));
    let _ = ok(files.run(&["staff", "qr", ADA, "--out", svg.to_str().unwrap()]));
    assert!(fs::read_to_string(&svg).unwrap().contains("<svg"));
    assert!(
        !files.run(&["staff", "qr", ADA, "--out", svg.to_str().unwrap()]).status.success(),
        "nothing is overwritten"
    );
    let _ = ok(files.run(&["staff", "qr", ADA, "--out", png.to_str().unwrap()]));
    // Decode the QR code as an optical reader would.
    let mut reader = png::Decoder::new(std::io::BufReader::new(fs::File::open(&png).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let side = usize::try_from(frame.width).unwrap();
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| pixels[y * side + x]);
    let (_, number) = prepared.detect_grids()[0].decode().unwrap();
    assert_eq!(number.len(), 16);
    assert_eq!(files.opens(&badge(&number)), Some(files.logins(ADA)[0].clone()));
}

#[test]
fn people_and_cards_of_kisi_are_proposed_and_enrolled_once_confirmed() {
    let files = Files::new();
    drop(files.directory());
    let proposed = files.run(&["staff", "import", "--from-kisi"]);
    assert!(!proposed.status.success(), "fails without --yes");
    let proposal = text(&proposed.stdout);
    assert!(proposal.contains("ada@example.com  Ada Lind"), "{proposal}");
    assert_eq!(files.directory().list().unwrap(), [], "and nobody was enrolled");
    let carried = proposal.lines().filter(|line| line.contains("badge ..")).count();
    assert!(0 < carried, "{proposal}");
    let enrolled = files.run(&["staff", "import", "--from-kisi", "--yes"]);
    let said = text(&enrolled.stdout);
    assert_eq!(files.directory().list().unwrap().len(), carried, "those with a badge: {said}");
    assert!(said.contains("no PIN, and no badge"), "the others are named: {said}");
}

#[test]
fn rekey_and_restore_keep_every_login_and_are_audited() {
    let (files, ada_pin) = Files::enrolled();
    let _ = ok(files.run(&["rekey", "--yes"]));
    let identity = age::x25519::Identity::generate();
    let key = files.list("age.key", identity.to_string().expose_secret());
    let out = files.folder.join("kiosk.age");
    let _ = ok(files.run(&["backup", "--to", &identity.to_public().to_string(), "--out", out.to_str().unwrap()]));
    assert!(fs::read(&out).unwrap().starts_with(b"age-encryption.org/v1"));
    let lost = files.folder.join("lost");
    fs::rename(files.folder.join("data"), &lost).unwrap();
    let said = ok(files.run(&["restore", out.to_str().unwrap(), "--identity", &key, "--yes"]));
    assert!(said.contains("restored 2 people"), "{said}");
    assert_eq!(files.opens(&pin(&ada_pin)), Some(files.logins(ADA)[0].clone()));
    assert_eq!(files.log()[2..], ["rekey ", "restore "]);
    assert!(ok(files.run(&["audit", "verify"])).contains("the hashes agree; signatures were checked from record"));
    let again = files.run(&["restore", out.to_str().unwrap(), "--identity", &key]);
    assert!(text(&again.stderr).contains("already"), "{}", text(&again.stderr));
}

/// T14, T35: after yesterday's database was put back, `audit verify` reports that the log was cut, and the kiosk does
/// not start. Changed records are tested in `audit::tests`.
#[test]
fn a_rolled_back_database_is_detected() {
    let (files, _) = Files::enrolled();
    let data = files.folder.join("data");
    let yesterday = fs::read(data.join("directory.sqlite")).unwrap();
    let wal = fs::read(data.join("directory.sqlite-wal")).ok();
    let _ = ok(files.run(&["staff", "suspend", GRACE]));
    fs::write(data.join("directory.sqlite"), &yesterday).unwrap();
    match wal {
        Some(wal) => fs::write(data.join("directory.sqlite-wal"), wal).unwrap(),
        None => drop(fs::remove_file(data.join("directory.sqlite-wal"))),
    }
    let _ = fs::remove_file(data.join("directory.sqlite-shm"));
    let verified = files.run(&["audit", "verify"]);
    assert!(!verified.status.success());
    assert!(text(&verified.stderr).contains("the log was cut"), "{}", text(&verified.stderr));
    let directory = files.directory();
    let log = Log::open(directory.folder(), directory.audit_key()).unwrap();
    assert!(log.check_head().unwrap().is_some(), "so the kiosk does not start");
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let (files, _) = Files::enrolled();
    let well = ok(files.run(&["doctor"]));
    for expected in [
        "1 person with a PIN of 6 digits",
        "a stolen disk includes it",
        "26-bit badge numbers within seconds",
        "clonable",
        "2 of 2 checked, 2 of them work",
        "s from Kisi's",
        "answers",
        "ok       DNS          127.0.0.1 is 127.0.0.1",
        "ok       TCP          1 of 1 addresses",
        "% used",
        "of 5 a second",
        "odds",
    ] {
        assert!(well.contains(expected), "no `{expected}` in {well}");
    }
    files.site.kisi.with(|world| {
        let grace = world.person_by_email(GRACE).unwrap().id;
        world.logins.retain(|_, login| login.person != grace);
    });
    for admin in ["", files.site.admin.as_str()] {
        let output = files.command(&["doctor", "--json"]).env("VESTIBULE_ADMIN_KEY", admin).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stdout).contains("vestibule staff renew grace@example.com"), "{}", text(&output.stdout));
        assert!(text(&output.stdout).lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    }
}

/// F2, F5: `doctor` tells a wrong clock from a network that refuses connections.
#[test]
fn the_doctor_finds_a_wrong_clock_and_a_network_that_does_not_work() {
    let (files, _) = Files::enrolled();
    let date = vec![("Date".to_owned(), "Tue, 01 Jan 2019 00:00:00 GMT".to_owned())];
    files.site.kisi.with(|world| {
        world.faults.push(Fault { headers: date, ..Fault::default() });
    });
    let output = files.run(&["doctor"]);
    assert!(!output.status.success());
    assert!(text(&output.stdout).contains("s from Kisi's: set it"), "{}", text(&output.stdout));
    files.site.kisi.with(|world| world.refused_connections = 1_000);
    let output = files.run(&["doctor"]);
    assert!(text(&output.stdout).contains("BAD      HTTP         "), "{}", text(&output.stdout));
}

/// R2, T1: once 1,000 people have a 6-digit PIN, the next one is refused and no login is created.
#[test]
fn pins_too_short_for_the_number_of_people_are_refused() {
    let files = Files::new();
    drop(files.directory());
    let file = files.folder.join("data").join("directory.sqlite");
    let _ = ok(files.run(&["staff", "add", ADA, "--pin"]));
    // Insert 999 more people as rows. Their integrity proofs are not checked here.
    let directory = files.directory();
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO staff (id, email, name, salt, revision, login_id) SELECT i, 'p' || i, '', randomblob(16), 1, i FROM n;
         INSERT INTO pins (tag, staff_id) SELECT randomblob(32), id FROM staff WHERE id > 1;",
    )
    .unwrap();
    assert_eq!(directory.pins().unwrap(), 1_000);
    let odds = |people| vestibule::store::directory::Odds {
        digits: 6,
        people,
        guesses: 10,
        refill: std::time::Duration::from_mins(6),
    };
    assert!(odds(1_000).are_good() && !odds(1_001).are_good());
    let client = files.site.client();
    let admin = vestibule::secret::Secret::new(files.site.admin.clone());
    let pace = std::time::Duration::ZERO;
    let mut enroller = vestibule::wiring::enroller(&files.site.config, directory, client, admin, pace).unwrap();
    let candidate = vestibule::enrol::Candidate { row: 0, email: GRACE.to_owned(), name: String::new(), badge: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(enroller.add(&candidate, true)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a PIN of 6 digits is too short for 1001 people with one: raise sign_in.pin_digits to 7"
    );
    assert!(files.logins(GRACE).is_empty(), "and no login was created");
}

/// `doctor` lists every person and door that can never work, why, and where to change it: from Kisi's groups with the
/// admin key, from the locks alone without it.
#[test]
fn the_doctor_lists_every_person_and_door_that_can_never_work() {
    let (files, _) = Files::enrolled();
    let blocked = |admin: &str| -> Vec<(String, String, String, String)> {
        let output = files.command(&["doctor", "--json"]).env("VESTIBULE_ADMIN_KEY", admin).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        let said = text(&output.stdout);
        let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let rows = lines.filter(|line| line["about"] == "door").map(|line| {
            let of = |key: &str| line[key].as_str().unwrap().to_owned();
            (of("person"), of("door"), of("why"), of("where"))
        });
        rows.collect()
    };
    let has = |rows: &[(String, String, String, String)], person: &str, door: &str, why: &str, at: &str| {
        rows.iter().any(|row| row.0 == person && row.1 == door && row.2.contains(why) && row.3.contains(at))
    };
    let without = blocked("");
    assert!(has(&without, ADA, "Archive", "proof from its reader", "reader restriction"), "{without:?}");
    // Grace's rights come only from a group with app access off.
    files.site.kisi.with(|world| {
        let grace = world.person_by_email(GRACE).unwrap().id;
        for right in world.rights.iter_mut().filter(|right| right.person == grace) {
            right.group = 15;
        }
    });
    let rows = blocked(&files.site.admin);
    for (door, why, at) in [
        ("Archive", "proof from its reader", "door \"Archive\", reader restriction"),
        ("Roof terrace", "position", "[proximity] in kiosk.toml"),
        ("Studio (planned)", "not configured", "hardware"),
        ("Loading bay", "offline", "controller"),
    ] {
        assert!(has(&rows, ADA, door, why, at), "{door}: {rows:?}");
    }
    assert!(has(&rows, GRACE, "Büro 2. Etage", "app access is off", "group \"No apps\""), "{rows:?}");
    assert!(!rows.iter().any(|row| row.1 == "Main entrance"), "{rows:?}");
    let table = files.command(&["doctor"]).env("VESTIBULE_ADMIN_KEY", &files.site.admin).output().unwrap();
    assert!(text(&table.stdout).contains("never    ada@example.com"), "{}", text(&table.stdout));
}
