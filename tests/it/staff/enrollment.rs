//! `vestibule staff` with the real commands, the real directory and a simulated Kisi.

use std::{
    fs,
    net::TcpListener,
    process::{Command, Output},
    time::Duration,
};

use serde_json::Value;
use vestibule::{
    enrol::{Candidate, Error, Summary},
    secret::Secret,
    simulator::fault::Fault,
    staff::{Credential, Pin},
    store::directory::{Cost, Directory, Error as DirectoryError},
    wiring,
};

use crate::support::{files::Files, headless::Site};

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_list_is_imported_once_and_a_second_run_creates_nothing() {
    let files = Files::new();
    let list = files.list("staff.csv", "email,name,badge\nada@example.com,Ada,\ngrace@example.com,,0012345678\n");
    let first = files.run(&["staff", "import", &list, "--pin"]);
    assert!(first.status.success(), "{}", errors(&first));
    let report = lines(&first);
    let pin = report[0].strip_prefix("row 2: ada@example.com enrolled, PIN ").unwrap();
    assert!(pin.len() == 6 && pin.chars().all(|c| c.is_ascii_digit()));
    assert!(report[1].starts_with("row 3: grace@example.com enrolled, PIN "));
    assert_eq!(report[2], "2 enrolled, 0 known already, 0 failed");
    let logins = files.site.kisi.with(|world| world.logins.len());

    let second = files.run(&["staff", "import", &list, "--pin"]);
    assert!(second.status.success());
    let report = lines(&second);
    assert_eq!(report[0], "row 2: ada@example.com unchanged");
    assert_eq!(report[2], "0 enrolled, 2 known already, 0 failed");
    assert_eq!(files.site.kisi.with(|world| world.logins.len()), logins, "no login was created twice");

    let list = lines(&files.run(&["staff", "list", "--json"]));
    let people: Vec<Value> = list.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(people.len(), 2);
    assert_eq!(
        (&people[0]["email"], &people[0]["name"], &people[0]["pin"]),
        (&"ada@example.com".into(), &"Ada".into(), &true.into())
    );
    assert_eq!(
        (&people[1]["name"], &people[1]["badges"][0]),
        (&"Grace Moreau".into(), &"..78".into()),
        "Kisi's name replaces an empty one"
    );
    files.site.kisi.with(|world| {
        let login = &world.logins[&people[0]["login_id"].as_u64().unwrap()];
        assert_eq!((login.kind, login.expire, login.name.as_deref()), ("device", false, Some("Lobby")));
        assert!(world.violations.is_empty());
    });
}

/// An import that fails at row 70 keeps rows 1 to 69 and reports where it stopped. The next run continues there.
#[tokio::test]
async fn an_import_that_stops_leaves_the_rows_before_done() {
    let site = Site::with(
        |world| {
            for _ in 0..80 {
                let _ = world.person_with_doors(1);
            }
        },
        "",
    );
    let emails: Vec<String> = site.kisi.with(|world| {
        world
            .people
            .values()
            .filter(|person| person.email.starts_with("person"))
            .map(|person| person.email.clone())
            .collect()
    });
    let candidates: Vec<Candidate> = emails
        .iter()
        .enumerate()
        .map(|(index, email)| Candidate { row: index + 1, email: email.clone(), name: String::new(), badge: None })
        .collect();
    let enroller = || {
        let (client, admin) = (site.client(), Secret::new(site.admin.clone()));
        // Badges instead of PINs, whose hash takes 2 s each in a debug build.
        wiring::enroller(&site.config, site.directory(), client, admin, Duration::ZERO).unwrap()
    };
    let badge = |candidates: &[Candidate]| -> Vec<Candidate> {
        let number = |row: usize| vestibule::staff::Badge::read(&format!("1000{row}"), &site.config.badge.profile);
        candidates.iter().map(|candidate| Candidate { badge: number(candidate.row), ..candidate.clone() }).collect()
    };
    let candidates = badge(&candidates);
    // Kisi fails at row 70.
    site.kisi.with(|world| {
        world.faults.push(Fault { times: Some(69), acts: true, ..Fault::default() }.at("POST", "/logins"));
        world.faults.push(Fault { cut_after: Some(0), status: Some(500), ..Fault::default() }.at("POST", "/logins"));
    });
    let mut failed = Vec::new();
    let summary = enroller()
        .import(&candidates, false, |candidate, done| {
            if let Err(error) = done {
                failed.push((candidate.row, error.to_string()));
            }
        })
        .await;
    assert_eq!(summary, Summary { enrolled: 69, known: 0, failed: 0, stopped_at: Some(70) });
    assert_eq!(failed.len(), 1);
    assert!(failed[0].0 == 70 && failed[0].1.contains("may have made a login"), "{failed:?}");
    assert_eq!(site.directory().list().unwrap().len(), 69);

    site.kisi.with(|world| world.faults.clear());
    let summary = enroller().import(&candidates, false, |_, _| {}).await;
    assert_eq!(summary, Summary { enrolled: 11, known: 69, failed: 0, stopped_at: None });
    let per_person = site.kisi.with(|world| {
        emails
            .iter()
            .map(|email| {
                let id = world.person_by_email(email).unwrap().id;
                world.logins.values().filter(|login| login.person == id).count()
            })
            .max()
    });
    assert_eq!(per_person, Some(1), "nobody has two logins of this kiosk");
}

#[test]
fn one_row_that_fails_does_not_stop_the_others() {
    let files = Files::new();
    let rows = "email,name,badge\nnobody@example.com,,00001111\nada@example.com,,00002222\ngrace@example.com,,\n";
    let output = files.run(&["staff", "import", &files.list("staff.csv", rows)]);
    assert_eq!(output.status.code(), Some(1));
    let report = lines(&output);
    assert_eq!(report[0], "row 2: nobody@example.com failed: Kisi knows nobody with this e-mail address");
    assert_eq!(report[1], "row 3: ada@example.com enrolled");
    assert_eq!(
        report[2],
        "row 4: grace@example.com failed: no PIN, and no badge that signs in alone: this person could never sign in"
    );
    assert_eq!(report[3], "1 enrolled, 0 known already, 2 failed");
}

#[test]
fn a_list_with_a_mistake_creates_no_login() {
    let files = Files::new();
    let list = files.list("staff.csv", "email,name,badge\nada@example.com,Ada,1111\nno address,,\n");
    let output = files.run(&["staff", "import", &list]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("row 3: `no address` is not an e-mail address"), "{}", errors(&output));
    assert!(errors(&output).contains("staff.csv"), "the file is named");
    files.site.kisi.with(|world| assert!(world.requests.is_empty()));
}

#[test]
fn somebody_is_added_with_a_badge_or_a_pin_and_is_then_known() {
    let files = Files::new();
    let output = files.run(&["staff", "add", "ada@example.com", "--badge", "0012345678", "--json"]);
    let report: Value = serde_json::from_str(&lines(&output)[0]).unwrap();
    assert_eq!((&report["result"], &report["pin"]), (&"enrolled".into(), &Value::Null));
    let output = files.run(&["staff", "add", "ada@example.com", "--badge", "0099999999"]);
    assert_eq!(lines(&output), ["ada@example.com badge given"]);
    let output = files.run(&["staff", "add", "grace@example.com", "--badge", "0012345678"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("badge ..78 belongs to ada@example.com already"), "{:?}", lines(&output));
    files.site.kisi.with(|world| assert_eq!(world.logins.len(), 2, "no login is created for a badge that is taken"));
    let output = files.run(&["staff", "add", "grace@example.com", "--badge", "1"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn somebody_with_a_badge_is_given_a_pin_later_without_a_new_login() {
    let files = Files::new();
    let _ = files.run(&["staff", "add", "ada@example.com", "--badge", "0012345678"]);
    let output = files.run(&["staff", "add", "ada@example.com", "--pin", "--json"]);
    let report: Value = serde_json::from_str(&lines(&output)[0]).unwrap();
    assert_eq!(report["result"], "PIN issued");
    files.site.kisi.with(|world| assert_eq!(world.logins.len(), 2, "the admin's and Ada's"));
    let directory = Directory::open(&files.folder.join("data"), None, || Cost::SHIPPED).unwrap();
    let pin = Pin::parse(report["pin"].as_str().unwrap()).unwrap();
    assert_eq!(directory.identify(&Credential::Pin(pin)).unwrap().unwrap().name, "Ada Lind");
    let output = files.run(&["staff", "add", "ada@example.com", "--pin"]);
    assert_eq!(lines(&output), ["ada@example.com unchanged"], "a PIN is issued once");
}

#[test]
fn a_badge_without_a_pin_is_refused_where_badges_need_one() {
    let files = Files::new();
    let text = format!("[kisi]\nbase_url = \"{}\"\n[sign_in]\nbadge = \"with-pin\"\n", files.site.kisi.base_url());
    fs::write(files.folder.join("kiosk.toml"), text).unwrap();
    let output = files.run(&["staff", "add", "ada@example.com", "--badge", "0012345678"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("could never sign in"), "{:?}", lines(&output));
    files.site.kisi.with(|world| assert!(world.requests.is_empty()));
}

#[test]
fn a_wrong_admin_key_stops_at_once_and_is_never_printed() {
    let files = Files::new();
    let list = files.list("staff.csv", "email,name,badge\nada@example.com,,00001111\ngrace@example.com,,00002222\n");
    let output =
        files.command(&["staff", "import", &list]).env("VESTIBULE_ADMIN_KEY", "canary-admin-key").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(lines(&output)[1].starts_with("stopped at row 2: 0 enrolled"), "{:?}", lines(&output));
    assert!(!errors(&output).contains("canary") && !lines(&output).concat().contains("canary"));
    files.site.kisi.with(|world| assert_eq!(world.requests.len(), 1));
}

/// T25, R36: proxy variables in the environment are ignored.
#[test]
fn a_proxy_in_the_environment_sees_no_connection() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let files = Files::new();
    let mut command = files.command(&["staff", "add", "ada@example.com", "--badge", "1111"]);
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let _ = command.env(name, &address);
    }
    assert!(command.output().unwrap().status.success());
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_broken_configuration_names_file_line_and_key_and_exits_with_2() {
    let files = Files::new();
    fs::write(files.folder.join("kiosk.toml"), "[session]\nidle_seconds = 4\n").unwrap();
    let output = files.run(&["staff", "add", "ada@example.com", "--pin"]);
    assert_eq!(output.status.code(), Some(2));
    let text = errors(&output);
    assert!(text.contains("kiosk.toml`, line 2: `session.idle_seconds` is `4`, but must be 10 to 600"), "{text}");
    let output = files
        .command(&["staff", "list"])
        .env("HOME", "/nonexistent")
        .args(["--config", "no/such/file"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "--config given twice is a usage error");
}

#[test]
fn an_enrollment_that_cannot_be_stored_leaves_no_login() {
    let site = Site::new();
    let _ = site.enrol("ada@example.com", Some("1111"), false);
    let candidate = Candidate {
        row: 0,
        email: "grace@example.com".to_owned(),
        name: String::new(),
        badge: vestibule::staff::Badge::read("2211", &site.config.badge.profile),
    };
    let (client, admin) = (site.client(), Secret::new(site.admin.clone()));
    let mut enroller = wiring::enroller(&site.config, site.directory(), client, admin, Duration::ZERO).unwrap();
    // The database refuses the row after the login was created.
    let file = site.folder.path().join("directory.sqlite");
    let sql = "CREATE UNIQUE INDEX refuses ON badges (hint)";
    rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(enroller.add(&candidate, false)).unwrap_err();
    assert!(matches!(error, Error::Directory(DirectoryError::Database(_))), "{error:?}");
    site.kisi.with(|world| assert!(world.logins.values().all(|login| login.person != 3), "it was deleted again"));
    assert_eq!(site.directory().list().unwrap().len(), 1);
}

#[test]
fn without_a_display_the_demo_says_so_in_one_line() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let output = command.arg("demo").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(errors(&output).lines().count(), 1, "{}", errors(&output));
    assert!(errors(&output).starts_with("vestibule: there is no display"));
    let output = command.env("DISPLAY", ":7654").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "no X server on that display");
}

#[test]
fn a_data_folder_without_its_key_is_refused_by_every_command() {
    let files = Files::new();
    let output = files.run(&["staff", "add", "ada@example.com", "--pin"]);
    assert!(output.status.success());
    fs::remove_file(files.folder.join("data/device.key")).unwrap();
    let output = files.run(&["staff", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("there is no device key for the directory"), "{}", errors(&output));
}
