//! The command line must not lose a key or a PIN, leave a change half done, overwrite a file that it cannot read, or
//! print a secret. The tests use the real program, real files, and full outputs (`/dev/full`).

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use age::secrecy::ExposeSecret;
use serde_json::Value;
use vestibule::{
    simulator::fault::Fault,
    staff::{Badge, BadgeProfile, Credential, Pin},
    store::directory::{Cost, Directory},
};

use crate::support::files::Files;

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const BADGE: &str = "0012345678";

fn text(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

#[track_caller]
fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

#[track_caller]
fn refused(output: Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", text(&output));
    text(&output)
}

impl Files {
    /// A directory with the cheapest PIN hash.
    fn with_directory() -> Self {
        let files = Self::new();
        drop(files.opened());
        files
    }

    fn opened(&self) -> Directory {
        Directory::open(&self.folder.join("data"), None, || Cost::MINIMUM).unwrap()
    }

    fn to_full(&self, arguments: &[&str]) -> Output {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        self.command(arguments).stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
    }

    fn is_enrolled(&self, email: &str) -> bool {
        self.opened().person(email).unwrap().is_some()
    }

    fn by_pin(&self, pin: &str) -> bool {
        self.opened().identify(&Credential::Pin(Pin::parse(pin).unwrap())).unwrap().is_some()
    }

    fn by_badge(&self) -> bool {
        let badge = Badge::read(BADGE, &BadgeProfile::plain()).unwrap();
        self.opened().identify(&Credential::Badge(badge)).unwrap().is_some()
    }

    fn records(&self, action: &str) -> usize {
        let log = ok(self.run(&["audit", "export", "--format", "jsonl"]));
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["action"] == action).count()
    }

    /// Number of logins at Kisi that were created for kiosks.
    fn logins_at_kisi(&self) -> usize {
        self.site.kisi.with(|world| world.logins.values().filter(|login| login.device_model.is_some()).count())
    }

    fn pin_of(output: Output) -> String {
        let said: Value = serde_json::from_str(ok(output).lines().next().unwrap()).unwrap();
        said["pin"].as_str().unwrap().to_owned()
    }

    fn answer(&self, arguments: &[&str], answers: &[&str]) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all((answers.join("\n") + "\n").as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A2: in an existing `--data` folder of mode 0755 the database got mode 0644. Tested with umask 000.
#[test]
fn files_are_private_whatever_the_umask_is() {
    let files = Files::new();
    let data = files.folder.join("data");
    let shell = |words: &str| {
        let program = env!("CARGO_BIN_EXE_vestibule");
        let config = files.folder.join("kiosk.toml");
        let line =
            format!("umask 000; '{program}' {words} --config '{}' --data '{}'", config.display(), data.display());
        Command::new("sh").args(["-c", &line]).env("VESTIBULE_ADMIN_KEY", &files.site.admin).output().unwrap()
    };
    let _ = ok(shell(&format!("staff add {GRACE} --badge {BADGE}")));
    let _ = ok(shell(&format!("staff qr {GRACE} --out '{}'", files.folder.join("badge.svg").display())));
    let recipient = age::x25519::Identity::generate().to_public();
    let _ = ok(shell(&format!("backup --to {recipient} --out '{}'", files.folder.join("backup.age").display())));
    let mut seen = 0;
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        seen += 1;
    }
    assert!(4 < seen, "{seen} files");
    assert_eq!(mode(&data), 0o700);
    for made in ["badge.svg", "backup.age"] {
        assert_eq!(mode(&files.folder.join(made)), 0o600, "{made}");
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let said = refused(shell("staff list"), 1);
    assert!(said.contains("0755") && said.contains(&format!("chmod 700 {}", data.display())), "{said}");
}

/// A1: `doctor` accepted a configuration that sent logins to a proxy in clear text, and printed the proxy's password.
#[test]
fn a_proxy_gets_no_login_in_clear_and_its_password_is_shown_nowhere() {
    let files = Files::with_directory();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let proxy = format!("http://kiosk:canary@{}", listener.local_addr().unwrap());
    let config = |base: &str| {
        let text = format!("[kisi]\nbase_url = \"{base}\"\nproxy = \"{proxy}\"\n");
        fs::write(files.folder.join("kiosk.toml"), text).unwrap();
    };
    config(&files.site.kisi.base_url());
    for arguments in [&["doctor"][..], &["staff", "add", ADA, "--pin"]] {
        let said = refused(files.run(arguments), 2);
        assert!(said.contains("line 2 and line 3: `kisi.base_url` and `kisi.proxy`"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    assert!(listener.accept().is_err(), "nothing was sent to the proxy");
    config("https://api.kisi.io");
    let said = text(&files.run(&["doctor"]));
    assert!(said.contains("proxy") && said.contains("***@127.0.0.1") && !said.contains("canary"), "{said}");
}

/// C16: `staff remove` of one person deleted a login that a running `staff import` had just created for another.
#[test]
fn two_commands_that_change_logins_wait_for_each_other() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let list = files.list("ada.csv", &format!("email,name,badge\n{ADA},,\n"));
    files.site.kisi.with(|world| world.latency = Duration::from_millis(700));
    let mut import = files.command(&["staff", "import", &list, "--pin", "--json"]);
    let import = import.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(350));
    let removed = files.run(&["staff", "remove", GRACE, "--yes"]);
    let said = ok(removed);
    assert!(said.contains("waiting for another command that changes logins: process"), "{said}");
    assert!(said.contains("vestibule staff import"), "it names the other command: {said}");
    let pin = Files::pin_of(import.wait_with_output().unwrap());
    assert!(files.by_pin(&pin), "the PIN that was printed works");
    assert_eq!(files.logins_at_kisi(), 1, "and its login is at Kisi");
    // The lock is free again.
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
}

/// E26: a pasted private key ended up in the audit log, and backups that failed left records.
#[test]
fn a_backup_is_recorded_after_it_is_written_and_a_private_key_is_refused_unrepeated() {
    let files = Files::with_directory();
    let identity = age::x25519::Identity::generate();
    let (key, recipient) = (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string());
    let out = files.folder.join("backup.age");
    let out = out.to_str().unwrap();
    for pasted in [key.clone(), key.to_lowercase()] {
        let said = refused(files.run(&["backup", "--to", &pasted, "--out", out]), 2);
        assert!(said.contains("private key") && !said.to_uppercase().contains(&key[20..]), "{said}");
    }
    let said = refused(files.run(&["backup", "--to", "ada@example.com", "--out", out]), 2);
    assert!(said.contains("is not an age recipient"), "{said}");
    fs::write(out, "there is something already").unwrap();
    let _ = refused(files.run(&["backup", "--to", &recipient, "--out", out]), 1);
    let _ = refused(files.run(&["backup", "--to", &recipient, "--out", "/no/such/folder/b.age"]), 1);
    let _ = refused(files.to_full(&["backup", "--to", &recipient, "--out", "-"]), 1);
    assert_eq!(files.records("backup"), 0, "a failed backup leaves no record");
    for entry in fs::read_dir(files.folder.join("data")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(memchr::memmem::find(&bytes, &key.as_bytes()[20..]).is_none());
    }
    fs::remove_file(out).unwrap();
    let _ = ok(files.run(&["backup", "--to", &recipient, "--out", out]));
    assert_eq!(files.records("backup"), 1);
    // With `--out -` only the backup goes to stdout.
    let piped = files.run(&["backup", "--to", &recipient, "--out", "-"]);
    assert!(piped.status.success() && piped.stdout.starts_with(b"age-encryption.org"), "{}", text(&piped));
}

/// E29: `audit take-key > /dev/full` lost the key for good, and PINs were issued that nobody saw.
#[test]
fn keys_and_pins_that_cannot_be_printed_are_not_issued() {
    let files = Files::with_directory();
    let pin = Files::pin_of(files.run(&["staff", "add", ADA, "--pin", "--json"]));
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let _ = refused(files.to_full(&["audit", "take-key", "--yes"]), 1);
    // /dev/null also stands for a closed stdout: the Rust runtime opens it in its place.
    for command in
        [&["audit", "take-key", "--yes"][..], &["technician", "pin", "--yes"], &["staff", "pin", ADA, "--yes"]]
    {
        let null = File::options().write(true).open("/dev/null").unwrap();
        let output =
            files.command(command).stdout(null).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert!(refused(output, 1).contains("standard output is /dev/null"), "{command:?}");
    }
    let key = ok(files.run(&["audit", "take-key", "--yes"]));
    assert_eq!(key.trim().len(), 2 + 64, "the key was kept and is printed now: {key}");
    assert!(refused(files.run(&["audit", "take-key", "--yes"]), 1).contains("already taken"));

    let logins = files.logins_at_kisi();
    let said = refused(files.to_full(&["staff", "add", "juergen@example.com", "--pin"]), 1);
    assert!(said.contains("could not be printed, so it was not issued"), "{said}");
    assert!(!files.is_enrolled("juergen@example.com"));
    assert_eq!(files.logins_at_kisi(), logins, "no login is left at Kisi");
    let _ = refused(files.to_full(&["staff", "pin", ADA, "--yes"]), 1);
    assert!(files.by_pin(&pin), "the old PIN still works");
    let _ = refused(files.to_full(&["staff", "renew", ADA, "--yes"]), 1);
    assert!(files.by_pin(&pin) && files.logins_at_kisi() == logins);
    let _ = refused(files.to_full(&["technician", "pin"]), 1);
    assert!(!files.opened().has_technician().unwrap());
    let list = files.list("more.csv", "email,name,badge\njuergen@example.com,,\n");
    let _ = refused(files.to_full(&["staff", "import", &list, "--pin"]), 1);
    assert!(!files.is_enrolled("juergen@example.com"));
    assert_eq!((files.records("enrol"), files.records("pin-issued")), (2, 0), "no record of what was not issued");
}

/// E28: `staff qr --out` with an existing file gave the person the badge and then failed, so that nobody had its
/// picture, and no command could remove the badge.
#[test]
fn staff_qr_gives_the_badge_only_after_writing_its_picture() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let badges = || files.opened().person(GRACE).unwrap().unwrap().badges.len();
    let there = files.folder.join("there.svg");
    fs::write(&there, "something else").unwrap();
    for out in [there.to_str().unwrap(), "/no/such/folder/badge.svg"] {
        let _ = refused(files.run(&["staff", "qr", GRACE, "--out", out]), 1);
        assert_eq!(badges(), 1, "{out}");
    }
    assert_eq!(fs::read_to_string(&there).unwrap(), "something else");
    let _ = refused(files.run(&["staff", "qr", GRACE, "--out", "badge.txt"]), 2);
    let _ = refused(files.to_full(&["staff", "qr", GRACE, "--out", "-", "--format", "png"]), 1);
    assert_eq!(badges(), 1);
    let nobody = files.folder.join("nobody.png");
    let _ = refused(files.run(&["staff", "qr", "nobody@example.com", "--out", nobody.to_str().unwrap()]), 1);
    assert!(!nobody.exists(), "no picture without a badge");
    let piped = files.run(&["staff", "qr", GRACE, "--out", "-", "--format", "png"]);
    assert!(piped.status.success() && piped.stdout.starts_with(b"\x89PNG"), "{}", text(&piped));
    assert_eq!(badges(), 2);

    assert!(files.by_badge());
    assert!(ok(files.run(&["staff", "badge", GRACE, BADGE, "--remove"])).contains("lost 1 badge"));
    assert!(!files.by_badge());
    let said = refused(files.run(&["staff", "badge", GRACE, BADGE, "--remove"]), 1);
    assert!(said.contains("no such badge"), "{said}");
    let said = ok(files.run(&["staff", "badge", GRACE, "--remove", "--all"]));
    assert!(said.contains("lost 1 badge") && said.contains("cannot sign in"), "{said}");
    assert_eq!((badges(), files.records("badge-taken")), (0, 2));
    for wrong in [
        &["staff", "badge", GRACE, "--remove"][..],
        &["staff", "badge", GRACE, "--all"],
        &["staff", "badge", GRACE, BADGE, "--remove", "--all"],
    ] {
        let _ = refused(files.run(wrong), 2);
    }
}

/// E30: a mistyped `--data` silently created a new directory with a new key, even for commands that only read.
#[test]
fn a_mistyped_data_path_creates_no_directory() {
    let files = Files::new();
    for words in [
        &["staff", "list"][..],
        &["staff", "pin", ADA, "--yes"],
        &["staff", "renew", ADA, "--yes"],
        &["staff", "remove", ADA, "--yes"],
        &["staff", "badge", ADA, BADGE],
        &["staff", "suspend", ADA],
        &["staff", "qr", ADA, "--out", "x.svg"],
        &["technician", "pin"],
        &["audit", "verify"],
        &["audit", "export"],
        &["audit", "take-key", "--yes"],
        &["audit", "report", "--by", "door"],
        &["doctor"],
        &["rekey", "--yes"],
    ] {
        let said = refused(files.run(words), 1);
        assert!(said.contains("there is no directory in"), "{words:?}: {said}");
        assert!(!files.folder.join("data").exists(), "{words:?} created one");
    }
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let _ = refused(files.run(&["backup", "--to", &recipient, "--out", "x.age"]), 1);
    assert!(!files.folder.join("data").exists());
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    assert!(files.folder.join("data").exists());
}

/// E31, E32: conflicting flags are a usage error. Giving a badge while `sign_in.badge = "off"` prints a warning.
#[test]
fn conflicting_flags_are_a_usage_error() {
    let files = Files::with_directory();
    let list = files.list("staff.csv", &format!("email,name,badge\n{GRACE},,{BADGE}\n"));
    for wrong in [
        &["staff", "import", &list, "--place", "1"][..],
        &["staff", "import", "--from-kisi", "--check"],
        &["staff", "import", &list, "--from-kisi"],
        &["staff", "import"],
        &["staff", "badge", GRACE, BADGE, "--capture"],
        &["technician", "pin", "--yes", "--keep"],
    ] {
        let said = refused(files.run(wrong), 2);
        assert!(
            said.contains("Usage") || said.contains("cannot be used") || said.contains("required"),
            "{wrong:?}: {said}"
        );
    }
    assert!(!files.is_enrolled(GRACE));
    let config = files.folder.join("kiosk.toml");
    let with_off = fs::read_to_string(&config).unwrap() + "[sign_in]\nbadge = \"off\"\n";
    fs::write(&config, with_off).unwrap();
    let said = ok(files.run(&["staff", "import", &list, "--pin"]));
    assert!(said.contains("warning: sign_in.badge is \"off\""), "{said}");
    let out = files.folder.join("badge.svg");
    for words in [&["staff", "badge", GRACE, "0087654321"][..], &["staff", "qr", GRACE, "--out", out.to_str().unwrap()]]
    {
        let said = ok(files.run(words));
        assert!(said.contains("warning: sign_in.badge is \"off\""), "{words:?}: {said}");
    }
}

/// C12: an admin command on a rolled-back database wrote a matching audit head, which hid the rollback.
#[test]
fn no_command_writes_to_a_rolled_back_store() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let data = files.folder.join("data");
    let database = data.join("directory.sqlite");
    drop(rusqlite::Connection::open(&database).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
    let yesterday = fs::read(&database).unwrap();
    let _ = ok(files.run(&["staff", "suspend", GRACE]));
    for beside in ["directory.sqlite-wal", "directory.sqlite-shm"] {
        let _ = fs::remove_file(data.join(beside));
    }
    fs::write(&database, yesterday).unwrap();
    let head = fs::read(data.join("audit.head")).unwrap();
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let backup = files.folder.join("b.age");
    let put_back = || {
        for words in [
            &["staff", "suspend", GRACE][..],
            &["staff", "add", ADA, "--pin"],
            &["staff", "badge", GRACE, "4711471147"],
            &["staff", "remove", GRACE, "--yes"],
            &["technician", "pin"],
            &["backup", "--to", &recipient, "--out", backup.to_str().unwrap()],
            &["audit", "take-key", "--yes"],
            &["rekey", "--yes"],
        ] {
            let said = refused(files.run(words), 1);
            assert!(said.contains("changed from outside"), "{words:?}: {said}");
        }
        let said = refused(files.run(&["audit", "verify"]), 1);
        assert!(said.contains("the log was cut") || said.contains("`audit.head` is missing"), "{said}");
    };
    put_back();
    assert_eq!(fs::read(data.join("audit.head")).unwrap(), head, "the audit head still shows the rollback");
    // The same with the audit head deleted.
    fs::remove_file(data.join("audit.head")).unwrap();
    put_back();
    assert!(files.is_enrolled(GRACE) && !files.is_enrolled(ADA), "nobody was changed");
}

/// C14: `restore` brought people back without a warning, and with full guess budgets.
#[test]
fn a_restore_is_confirmed_and_says_who_stays_suspended() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let _ = ok(files.run(&["staff", "suspend", GRACE]));
    let identity = age::x25519::Identity::generate();
    let (backup, key) = (files.folder.join("backup.age"), files.folder.join("key.txt"));
    fs::write(&key, identity.to_string().expose_secret()).unwrap();
    let _ = ok(files.run(&["backup", "--to", &identity.to_public().to_string(), "--out", backup.to_str().unwrap()]));
    let other = files.folder.join("other");
    let restore = |yes: &[&str], input: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let _ = command.args(["restore", "-", "--identity"]).arg(&key).arg("--data").arg(&other).args(yes);
        command.stdin(input).output().unwrap()
    };
    let from = || Stdio::from(File::open(&backup).unwrap());
    assert!(refused(restore(&[], from()), 1).contains("--yes"));
    assert!(!other.exists());
    let said = ok(restore(&["--yes"], from()));
    assert!(said.contains(&format!("{GRACE} is suspended, as in the backup")), "{said}");
    let restored = Directory::open(&other, None, || Cost::MINIMUM).unwrap();
    assert_eq!(
        (restored.counters().guesses_left().unwrap(), restored.counters().badge_guesses_left().unwrap()),
        (Some(0), Some(0))
    );
    let mut verify = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let said = ok(verify.args(["audit", "verify", "--data"]).arg(&other).output().unwrap());
    assert!(said.contains("signatures were checked from record 3 on"), "{said}");
}

/// E33: after `take-key`, `verify` says what was checked and what was not, and `doctor` warns.
#[test]
fn after_take_key_verify_says_that_signatures_were_not_checked() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let key = files.folder.join("first.key");
    fs::write(&key, ok(files.run(&["audit", "take-key", "--yes"]))).unwrap();
    let said = ok(files.run(&["audit", "verify"]));
    assert!(said.contains("the hashes agree; signatures were not checked"), "{said}");
    assert!(!said.contains("as it was written"), "{said}");
    let said = ok(files.run(&["audit", "verify", "--first-key", key.to_str().unwrap()]));
    assert!(said.contains("every record is as it was written"), "{said}");
    let said = text(&files.run(&["doctor"]));
    let line = said.lines().find(|line| line.contains("audit log")).unwrap();
    assert!(line.starts_with("warning") && line.contains("signatures were not checked"), "{line}");
}

/// E33: `doctor` names every person and door that no kiosk can serve, with the admin key and without it: access
/// switched off, no rights, expired rights, an admin's doors. It does not report unchecked logins as working.
#[test]
fn doctor_names_everybody_whom_no_kiosk_can_serve() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", ADA, "--pin"]));
    for (email, number) in [(GRACE, BADGE), ("juergen@example.com", "4711471147"), ("nadia@example.com", "4711471148")]
    {
        let _ = ok(files.run(&["staff", "add", email, "--badge", number]));
    }
    let yesterday: jiff::Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    files.site.kisi.with(|world| {
        let id = |email: &str| world.person_by_email(email).unwrap().id;
        let (grace, juergen) = (id(GRACE), id("juergen@example.com"));
        world.people.get_mut(&grace).unwrap().access_enabled = false;
        for right in world.rights.iter_mut().filter(|right| right.person == juergen) {
            right.until = Some(yesterday);
        }
    });
    let doctor = |admin: bool| {
        let mut command = files.command(&["doctor"]);
        if !admin {
            let _ = command.env_remove("VESTIBULE_ADMIN_KEY");
        }
        text(&command.output().unwrap())
    };
    let said = doctor(true);
    let has = |parts: &[&str]| said.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(has(&["never", GRACE, "every door", "switched off"]), "{said}");
    assert!(has(&["never", "juergen@example.com", "right has ended"]), "{said}");
    assert!(has(&["never", "nadia@example.com", "every door", "no right to any door"]), "{said}");
    assert!(has(&["4 of 4 checked, 4 of them work"]), "{said}");
    // For an admin both forms print the same rows.
    files.site.kisi.with(|world| {
        let grace = world.person_by_email(GRACE).unwrap().id;
        let grace = world.people.get_mut(&grace).unwrap();
        (grace.access_enabled, grace.admin) = (true, true);
    });
    let rows = |said: &str| -> Vec<String> {
        let rows = said.lines().filter(|line| line.starts_with("never") && line.contains(GRACE));
        rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let (with, without) = (rows(&doctor(true)), rows(&doctor(false)));
    assert!(!with.is_empty());
    assert_eq!(with, without);
    // A login that was not checked is not reported as working.
    for email in [ADA, GRACE, "juergen@example.com", "nadia@example.com"] {
        let _ = ok(files.run(&["staff", "remove", email, "--yes"]));
    }
    let config = files.folder.join("kiosk.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + "[sign_in]\nbadge = \"with-pin\"\n").unwrap();
    let _ = ok(files.run(&["staff", "add", ADA, "--pin"]));
    let said = doctor(false);
    assert!(said.contains("0 of 1 checked") && !said.contains("0 of 1 work"), "{said}");
}

/// When Kisi's list of doors has no clear end, `doctor` says that not all doors can be shown.
#[test]
fn doctor_says_when_not_all_doors_can_be_shown() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let repeated = Fault { body: Some(r#"[{"id": 1}, {"id": 2}]"#.to_owned()), ..Fault::default() };
    files.site.kisi.with(|world| {
        world.switches.no_range = true;
        // Only for her: without a login Kisi refuses, which `doctor` checks first.
        let person = world.person_by_email(GRACE).map(|person| person.id);
        world.faults = vec![Fault { person, ..repeated.at("GET", "/locks") }];
    });
    let said = text(&files.command(&["doctor"]).env_remove("VESTIBULE_ADMIN_KEY").output().unwrap());
    assert!(said.contains("grace@example.com: not all doors can be shown"), "{said}");
}

/// B5: `doctor` prints the odds of guessing badge numbers beside those of PINs. A `badge.numbers` that is too small is
/// refused by `staff badge`, by `doctor` and at startup.
#[test]
fn doctor_prints_badge_odds_and_too_few_numbers_are_refused() {
    let files = Files::with_directory();
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", BADGE]));
    let said = text(&files.run(&["doctor"]));
    for line in [
        "PIN alone, anybody",
        "badge with PIN, one person",
        "one PIN at each known badge, 1 badge",
        "badge alone, 1 badge of 65536 numbers (assumed)",
    ] {
        assert!(said.contains(&format!("odds     {line}: one guess")), "no `{line}`: {said}");
    }
    assert!(said.contains("core-hours") && said.contains("replace cards"), "a stolen disk: {said}");
    let mut directory = files.opened();
    let grace = directory.person(GRACE).unwrap().unwrap().id;
    for number in 0..65 {
        let badge = Badge::read(&format!("9{number:07}"), &BadgeProfile::plain()).unwrap();
        assert!(directory.give_badge(grace, &badge).unwrap());
    }
    drop(directory);
    let said = text(&files.run(&["doctor"]));
    assert!(said.contains("66 badges, and badge.numbers does not say"), "{said}");
    let config = files.folder.join("kiosk.toml");
    let declared = fs::read_to_string(&config).unwrap() + "[badge]\nnumbers = 65536\n";
    fs::write(&config, declared).unwrap();
    let said = refused(files.run(&["staff", "badge", GRACE, "0087654321"]), 1);
    assert!(said.contains("65536 different badge numbers (badge.numbers) are too few for 67 badges"), "{said}");
    let said = refused(files.run(&["doctor"]), 1);
    assert!(said.contains("66 badges of 65536 numbers") && said.contains("does not start"), "{said}");
    let config = vestibule::config::Config::load(&config).unwrap();
    let client = vestibule::kisi::Client::new(&vestibule::wiring::client(&config)).unwrap();
    let error = vestibule::wiring::start(&config, files.opened(), client).unwrap_err().to_string();
    assert!(error.contains("65536 different badge numbers are too few for 66 badges"), "{error}");
}

/// E27: `setup` overwrote a configuration that it could not read with the defaults.
#[test]
fn setup_does_not_overwrite_a_configuration_it_cannot_read() {
    let files = Files::with_directory();
    let config = files.folder.join("kiosk.toml");
    for (bad, why) in [
        (b"# B\xfcro\n[kiosk]\nname = \"Annex\"\n".to_vec(), "line 1 is not UTF-8 text"),
        (b"[kiosk]\nname = \"Annex\n".to_vec(), "is not a kiosk configuration"),
        (b"[kiosk]\nnmae = \"Annex\"\n".to_vec(), "is not a key"),
    ] {
        fs::write(&config, &bad).unwrap();
        let output = files.answer(&["setup"], &["A"; 20]);
        assert!(!output.status.success() && text(&output).contains(why), "{}", text(&output));
        assert_eq!(fs::read(&config).unwrap(), bad, "the file is unchanged");
    }
}

/// E27: `setup` repeats a question after a wrong answer, keeps existing values, and shows the changes before it writes
/// them.
#[test]
fn setup_asks_again_and_keeps_what_was_there() {
    let files = Files::with_directory();
    let config = files.folder.join("kiosk.toml");
    let good = format!("# Site\n[kisi]\nbase_url = \"{}\"\n", files.site.kisi.base_url());
    fs::write(&config, &good).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o640)).unwrap();
    let list =
        files.list("staff.csv", &format!("email,name,badge\n{GRACE},,{BADGE}\nnobody@example.com,,4711471199\n"));
    let answers = [
        "", // Keeps the name.
        &"x".repeat(61),
        "Back door",
        "+49 40 1234567",
        "http://api.kisi.io", // Without TLS.
        "",
        "maybe",
        "alone",
        "wide",
        "30 cm",
        "perhaps",
        "y",
        "",
        "/no/such/list.csv",
        &list,
        "nein",
    ];
    let output = files.answer(&["setup"], &answers);
    let said = text(&output);
    for asked_again in [
        "at most 60 characters",
        "`kisi.base_url`",
        "`sign_in.badge` is `maybe`",
        "is not a width",
        "neither yes nor no",
        "/no/such/list.csv` cannot be read",
    ] {
        assert!(said.contains(asked_again), "no `{asked_again}`: {said}");
    }
    assert!(
        said.contains("  location = \"Back door\"") && said.contains("  panel_width_mm = 300"),
        "what will change: {said}"
    );
    assert!(said.contains("grace@example.com enrolled") && !said.contains("PIN issued"), "`nein` is no: {said}");
    assert!(
        said.contains("was not imported completely") && said.contains("ok       HTTP"),
        "a failed import skips no later step: {said}"
    );
    assert_eq!(output.status.code(), Some(1), "the exit code reports the failure");
    assert_eq!(fs::read_to_string(files.folder.join("kiosk.toml.bak")).unwrap(), good);
    let written = vestibule::config::Config::load(&config).unwrap();
    assert_eq!((written.kiosk.location.as_str(), written.display.panel_width_mm), ("Back door", Some(300)));
    assert_eq!(mode(&config), 0o640, "the file mode is kept");
    // Second run: nothing changes, and the technician PIN is kept unless a new one is requested.
    let before = fs::read(&config).unwrap();
    let said = text(&files.answer(&["setup"], &["", "", "", "", "", "", "", ""]));
    assert!(said.contains("stays as it is") && said.contains("it was kept"), "{said}");
    assert_eq!(fs::read(&config).unwrap(), before);
    let said = text(&files.answer(&["setup"], &["", "", "", "", "", "", "y", ""]));
    assert!(said.contains("PIN of the technician: "), "{said}");
    // Declined: nothing is written.
    let output = files.answer(&["setup"], &["Another name", "", "", "", "", "", "non"]);
    assert!(!output.status.success() && text(&output).contains("nothing was done"), "{}", text(&output));
    assert_eq!(fs::read(&config).unwrap(), before);
}

/// D25: control characters in names from Kisi or a list never reach the terminal: they are refused or escaped.
#[test]
fn names_do_not_reach_the_terminal_with_escape_sequences() {
    let files = Files::with_directory();
    let list = files.list("hostile.csv", "email,name,badge\ngrace@example.com,Gr\u{1b}[2Jace,\n");
    let said = refused(files.run(&["staff", "import", &list, "--pin"]), 2);
    assert!(said.contains("row 2: the name holds the control character U+001B") && !said.contains('\u{1b}'), "{said}");
    let said = refused(files.run(&["staff", "add", GRACE, "--name", "\u{1b}]0;x\u{7}", "--pin"]), 2);
    assert!(!said.contains('\u{1b}'), "{said}");
    let said = refused(files.run(&["staff", "remove", "\u{1b}[31mnobody", "--yes"]), 1);
    assert!(!said.contains('\u{1b}') && said.contains("\\u001b"), "{said}");
    // A name that an older version accepted.
    files.site.kisi.with(|world| world.faults.push(Fault { path: Some("/nothing".into()), ..Fault::default() }));
    let mut directory = files.opened();
    let person = vestibule::store::directory::Enrolment {
        email: GRACE,
        name: "Gr\u{1b}[2Jace\u{202e}",
        login_id: 1,
        secret: &vestibule::secret::Secret::new("login".to_owned()),
        badge: None,
        pin_digits: None,
        badge_alone: true,
        outbox_entry: None,
    };
    let _ = directory.enrol(&person).unwrap();
    drop(directory);
    let said = ok(files.run(&["staff", "list"]));
    assert!(said.contains("Gr\\u001b[2Jace\\u202e") && !said.contains('\u{1b}'), "{said}");
    let line = ok(files.run(&["staff", "list", "--json"]));
    let read: Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!(read["name"], "Gr\u{1b}[2Jace\u{202e}");
    assert!(!line.contains('\u{1b}') && !line.contains('\u{202e}'));
}
