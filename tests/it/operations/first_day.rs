//! An admin's first day at the command line: copied keys, lists from a shell, commands that destroy something, mistakes in
//! arguments, and what scripts read.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use age::secrecy::ExposeSecret;
use serde_json::Value;
use vestibule::simulator::fault::Fault;

use crate::support::files::Files;

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    out(&output)
}

fn enrolled() -> Files {
    let files = Files::new();
    let _ = ok(files.run(&["staff", "add", ADA, "--pin"]));
    let _ = ok(files.run(&["staff", "add", GRACE, "--badge", "0012345678"]));
    files
}

/// The program without `--config` and `--data`, in an empty folder.
fn elsewhere(files: &Files, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let _ = command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    let _ = command.env_clear().env("HOME", folder.path()).env("VESTIBULE_ADMIN_KEY", &files.site.admin);
    command.output().unwrap()
}

/// A key is read as it comes out of a mail, a file or an example request.
#[test]
fn a_copied_admin_key_is_read() {
    let files = Files::new();
    let key = files.site.admin.clone();
    for (number, copied) in [
        format!(" {key} "),
        format!("{key}\n"),
        format!("{key}\r\n"),
        format!("KISI-LOGIN {key}"),
        format!("kisi-login: {key}\n"),
    ]
    .iter()
    .enumerate()
    {
        let badge = format!("100000000{number}");
        let mut command = files.command(&["staff", "import", "--from-kisi", "--yes", "--json"]);
        let output = command.env("VESTIBULE_ADMIN_KEY", copied).output().unwrap();
        assert!(!err(&output).contains("does not accept"), "{copied:?} {badge}: {}", err(&output));
        assert!(out(&output).contains(ADA), "{copied:?}: {}", err(&output));
    }
}

/// After a theft, `staff revoke` works on any machine: without a configuration, from PowerShell's files, with blank lines.
#[test]
fn logins_are_revoked_from_any_machine_and_any_shell() {
    let files = enrolled();
    let list = ok(files.run(&["staff", "list", "--json"]));
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(list.replace('\n', "\r\n\r\n").encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let file = files.folder.join("logins.jsonl");
    fs::write(&file, utf16).unwrap();
    let file = file.to_str().unwrap();
    let refused = files.run(&["staff", "revoke", file]);
    assert_eq!(refused.status.code(), Some(1), "it asks, and there is no terminal");
    assert!(err(&refused).contains("pass --yes"), "{}", err(&refused));
    let said = ok(files.run(&["staff", "revoke", file, "--yes", "--json"]));
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line["result"] == "deleted"), "{said}");

    // Without a configuration the list is read before anything is asked, and an empty one is a mistake.
    let empty = files.list("empty.jsonl", "\u{feff}\n\n");
    let output = elsewhere(&files, &["staff", "revoke", &empty, "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("lists no logins"), "{}", err(&output));
}

/// The admin key is tried once, not once per login.
#[test]
fn a_wrong_admin_key_stops_a_revocation_at_once() {
    let files = enrolled();
    let list = files.list("logins.jsonl", &ok(files.run(&["staff", "list", "--json"])));
    files.site.kisi.with(|world| world.requests.clear());
    let mut command = files.command(&["staff", "revoke", &list, "--yes"]);
    let output = command.env("VESTIBULE_ADMIN_KEY", "wrong").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("Kisi does not accept this admin key"), "{}", err(&output));
    files.site.kisi.with(|world| assert_eq!(world.requests.len(), 1));
}

/// Commands that destroy something ask, and without a terminal and `--yes` they do nothing.
#[test]
fn commands_that_destroy_something_ask() {
    let files = enrolled();
    let before = ok(files.run(&["staff", "list", "--json"]));
    for arguments in [&["staff", "remove", ADA][..], &["rekey"], &["audit", "take-key"]] {
        let output = files.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains("nothing was done: confirm on a terminal, or pass --yes"), "{}", err(&output));
    }
    assert_eq!(ok(files.run(&["staff", "list", "--json"])), before);
    assert!(ok(files.run(&["audit", "take-key", "--yes"])).contains(':'), "the key is still there");
}

/// Wrong usage and configuration exit with 2, everything else that fails with 1.
#[test]
fn mistakes_in_arguments_exit_with_two() {
    let files = enrolled();
    let wrong = files.list("wrong.csv", "name,badge\nAda,1\n");
    let no_key = files.list("key.txt", "not a key");
    for arguments in [
        &["backup", "--to", "bogus", "--out", "-"][..],
        &["backup", "--to", "age1qqqq", "--out", "x", "--json", "--nonsense"],
        &["audit", "verify", "--head", "foo"],
        &["audit", "verify", "--first-key", &no_key],
        &["staff", "import", &wrong],
        &["staff", "revoke", &wrong],
        &["staff", "add", "x\u{1b}@example.com", "--pin"],
        &["staff", "qr", ADA, "--out", "-", "--format", "svg", "--json"],
        &["restore", "-", "--identity", "-"],
        &["simulate", "--scene", &wrong],
    ] {
        let output = files.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
        assert_eq!(err(&output).lines().filter(|line| line.starts_with("vestibule: ")).count().max(1), 1, "said once");
    }
    for arguments in [&["demo"][..], &[]] {
        let output = elsewhere(&files, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains("there is no display"), "{}", err(&output));
    }
}

/// A command names a missing file once, in its own words, and prints no log line before or after it.
#[test]
fn errors_name_the_person_and_are_said_once() {
    let files = enrolled();
    for arguments in [
        &["staff", "pin", "x@example.com", "--yes"][..],
        &["staff", "renew", "x@example.com", "--yes"],
        &["staff", "suspend", "x@example.com"],
        &["staff", "badge", "x@example.com", "12345678"],
        &["staff", "remove", "x@example.com", "--yes"],
    ] {
        let output = files.run(arguments);
        assert_eq!(err(&output), "vestibule: x@example.com is not enrolled here\n", "{arguments:?}");
        assert_eq!((out(&output).as_str(), output.status.code()), ("", Some(1)), "{arguments:?}");
    }
    let output = files.run(&["staff", "add", "nobody@example.com", "--pin"]);
    assert_eq!(out(&output), "");
    assert_eq!(err(&output), "vestibule: nobody@example.com: Kisi knows nobody with this e-mail address\n");
    let output = files.run(&["staff", "add", "nobody@example.com", "--pin", "--json"]);
    let line: Value = serde_json::from_str(&out(&output)).unwrap();
    assert!(line["error"].as_str().unwrap().contains("knows nobody"), "{line}");
    assert!(!err(&output).contains("knows nobody"), "{}", err(&output));

    // Kisi is away: nothing listens at its address.
    let config = files.folder.join("kiosk.toml");
    let text = fs::read_to_string(&config).unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fs::write(&config, format!("[kisi]\nbase_url = \"http://{nobody}\"\n")).unwrap();
    let output = files.run(&["staff", "renew", GRACE, "--yes"]);
    assert!(err(&output).starts_with("vestibule: grace@example.com: the login was not renewed: "), "{}", err(&output));
    assert_eq!(err(&output).lines().count(), 1, "no line of the log: {}", err(&output));
    fs::write(&config, text).unwrap();
    files.site.kisi.with(|world| world.faults = vec![Fault::refuse(401, "afc496")]);
    let output = files.run(&["staff", "add", "juergen@example.com", "--pin"]);
    assert_eq!(err(&output), "vestibule: juergen@example.com: Kisi does not accept this admin key\n");
}

/// An identity file may hold several keys, as `age` allows; the one that fits opens the backup.
#[test]
fn a_backup_is_restored_with_any_of_several_identities() {
    let files = enrolled();
    let (fits, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let backup = files.folder.join("backup.age");
    let to = fits.to_public().to_string();
    let said = ok(files.run(&["backup", "--to", &to, "--out", backup.to_str().unwrap(), "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["recipient"], to.as_str());
    let text = |identity: &age::x25519::Identity| identity.to_string().expose_secret().to_owned();
    let keys = files.list("keys.txt", &format!("# old\r\n{}\r\n# new\n {}\n", text(&other), text(&fits)));
    fs::remove_dir_all(files.folder.join("data")).unwrap();
    let said = ok(files.run(&["restore", backup.to_str().unwrap(), "--identity", &keys, "--yes", "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["restored"], 2);
}

/// `--json` on every command that reports or changes: each line is one JSON object.
#[test]
fn every_command_reports_to_scripts() {
    let files = enrolled();
    let badge = files.folder.join("badge.svg");
    for arguments in [
        &["staff", "suspend", ADA, "--json"][..],
        &["staff", "resume", ADA, "--json"],
        &["staff", "badge", GRACE, "4711471147", "--json"],
        &["staff", "badge", GRACE, "4711471147", "--remove", "--json"],
        &["staff", "qr", ADA, "--out", badge.to_str().unwrap(), "--json"],
        &["technician", "pin", "--yes", "--json"],
        &["technician", "pin", "--keep", "--json"],
        &["staff", "pin", ADA, "--yes", "--json"],
        &["staff", "renew", GRACE, "--yes", "--json"],
        &["staff", "list", "--json"],
        &["audit", "verify", "--json"],
        &["audit", "export", "--format", "jsonl"],
        &["rekey", "--yes", "--json"],
        &["audit", "take-key", "--yes", "--json"],
        &["staff", "remove", ADA, "--yes", "--json"],
    ] {
        let said = ok(files.run(arguments));
        assert!(!said.is_empty(), "{arguments:?}");
        for line in said.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{arguments:?}: {line}");
        }
    }
}

/// Empty results and single things are said in words.
#[test]
fn empty_results_and_singulars_are_said() {
    let files = Files::new();
    let _ = ok(files.run(&["setup", "--make-directory"]));
    let output = files.run(&["staff", "list"]);
    assert!(output.status.success() && err(&output).starts_with("nobody is enrolled yet: run `vestibule staff add`"));
    let output = files.run(&["audit", "report", "--by", "person"]);
    assert!(output.status.success() && err(&output).contains("no unlocks in this time"), "{}", err(&output));
    let _ = ok(files.run(&["staff", "add", ADA, "--pin"]));
    assert!(ok(files.run(&["audit", "verify"])).starts_with("1 record, "));
    assert!(
        out(&files.run(&["doctor"])).contains("1 person with a PIN of 6 digits"),
        "{}",
        out(&files.run(&["doctor"]))
    );
}

/// `audit export --excel`: a byte order mark, and the separator of the locale, so that umlauts and columns survive.
#[test]
fn the_audit_log_opens_in_excel() {
    let files = enrolled();
    let export = |locale: &str, excel: bool| {
        let mut command = files.command(if excel { &["audit", "export", "--excel"] } else { &["audit", "export"] });
        let output = command.env_remove("LC_ALL").env_remove("LC_NUMERIC").env("LANG", locale).output().unwrap();
        out(&output)
    };
    assert!(export("de_DE.UTF-8", true).starts_with("\u{feff}seq;at;action;"));
    assert!(export("fr_FR", true).starts_with("\u{feff}seq;at;action;"));
    assert!(export("en_US.UTF-8", true).starts_with("\u{feff}seq,at,action,"));
    assert!(export("de_CH.UTF-8", true).starts_with("\u{feff}seq,at,action,"));
    assert!(export("C", true).starts_with("\u{feff}seq,at,action,"));
    assert!(export("de_DE.UTF-8", false).starts_with("seq,at,action,"));
}

/// Every command shows an example in its help and its man page.
#[test]
fn every_command_has_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let program = || Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let _ = ok(program().arg("man").arg(folder.path()).output().unwrap());
    let mut pages = 0;
    for page in fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap();
        let name = page.file_name().into_string().unwrap();
        let text = fs::read_to_string(page.path()).unwrap();
        if name.contains("-help") {
            continue;
        }
        pages += 1;
        assert!(text.contains("Example:"), "{name}");
        let words: Vec<&str> = name.trim_end_matches(".1").split('-').skip(1).collect();
        // `take-key` is one word.
        let words = words.join(" ").replace("take key", "take-key");
        let help = ok(program().args(words.split_whitespace()).arg("--help").output().unwrap());
        assert!(help.contains("Example:\n  vestibule"), "{words}: {help}");
    }
    assert!(28 <= pages, "{pages}");
}
