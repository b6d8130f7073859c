//! What boxes between the kiosk and Kisi really send: proxies, filters, captive portals, load balancers and gateways. Each
//! file in `middleboxes/` is one response, byte for byte; `corpus.txt` has the expected results and the sources.

use std::{fs, path::Path, sync::Mutex, thread, time::Duration};

use vestibule::{
    door::Outcome,
    kisi::{Client, Settings},
    outage::Outage,
    secret::Secret,
    session::Denial,
    store::audit::Action,
    store::directory::Standing,
};

use crate::support::{
    files::Files,
    headless::{Site, english},
    kisi::{LOBBY, runtime},
    raw_server::RawServer,
    tls::plain,
};

/// One response and what the kiosk makes of it.
struct Case {
    name: String,
    bytes: &'static [u8],
    /// The outage at sign-in and in the list of doors.
    outage: Outage,
    /// Whether an unlock counts as accepted: its body is Kisi's, whole or cut.
    is_accepted: bool,
    /// The outage of the check without a person, which `doctor` runs.
    by_itself: Outage,
}

/// Parses `name | list and sign-in | unlock | doctor | source`.
fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/client/middleboxes");
    let table = fs::read_to_string(folder.join("corpus.txt")).unwrap();
    let outage = |name: &str| {
        let all = [Outage::Proxy, Outage::Portal, Outage::Intercepted, Outage::NoAnswer, Outage::Kisi];
        all.into_iter().find(|outage| outage.name() == name).unwrap_or_else(|| panic!("{name}"))
    };
    let case = |line: &str| {
        let [name, list, unlock, doctor, _source] = line.split(" | ").collect::<Vec<_>>()[..] else { panic!("{line}") };
        let bytes = fs::read(folder.join(format!("{name}.http"))).unwrap();
        assert!(["accepted", "unknown"].contains(&unlock), "{line}");
        Case {
            name: name.to_owned(),
            bytes: bytes.leak(),
            outage: outage(list),
            is_accepted: unlock == "accepted",
            by_itself: outage(doctor),
        }
    };
    let cases: Vec<Case> = table.lines().filter(|line| !line.starts_with('#')).map(case).collect();
    assert_eq!(cases.len(), fs::read_dir(&folder).unwrap().count() - 1, "every file has its line");
    assert!(30 <= cases.len());
    cases
}

/// Runs a check on every case, several at once, and reports all failures together.
fn for_each_case(check: impl Fn(&Case) -> Result<(), String> + Sync) {
    let (cases, failures) = (Mutex::new(corpus()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        // Most of the time is spent waiting.
        for _ in 0..8 {
            let _ = scope.spawn(|| {
                loop {
                    let Some(case) = cases.lock().unwrap().pop() else { return };
                    if let Err(why) = check(&case) {
                        failures.lock().unwrap().push(format!("{}: {why}", case.name));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, actual: T, expected: T) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{what}: {actual:?}, expected {expected:?}")) }
}

/// A list and an unlock: no response of a box is an empty list, a dead login, a refusal, or an accepted unlock.
#[test]
fn a_box_in_between_is_never_taken_for_kisi() {
    for_each_case(|case| {
        let server = RawServer::start(case.bytes);
        let client = Client::new(&Settings { timeout: Duration::from_secs(8), ..plain(&server.base_url()) }).unwrap();
        let secret = Secret::new("canary".to_owned());
        runtime().block_on(async {
            let error = client.doors(&secret).await.err().ok_or("the list was taken for Kisi's")?;
            expect("list", error.outage(), Some(case.outage))?;
            expect("login", error.is_dead_login(), false)?;
            let expected = if case.is_accepted { Outcome::Accepted } else { Outcome::Unknown(None) };
            expect("unlock", client.unlock(&secret, LOBBY).await, expected)?;
            let deleted = client.delete_login(&secret, vestibule::kisi::LoginId::new(77)).await;
            // An empty 204 is all that Kisi sends after a deletion.
            expect("deletion", deleted.is_ok(), case.name == "connectivity-204")?;
            let made = client.create_login(&secret, crate::support::kisi::KIOSK, "ada@example.com").await;
            expect("new login", made.is_ok(), false)
        })
    });
}

/// The whole kiosk: the person is told that the network is at fault, the screen at rest keeps saying so, and the login is
/// not marked as refused.
#[test]
fn nobody_is_sent_to_reception_because_of_a_box_in_between() {
    for_each_case(|case| {
        let mut site = Site::new();
        let pin = site.enrol("ada@example.com", None, true);
        let server = RawServer::start(case.bytes);
        site.config.kisi.base_url = server.base_url();
        let mut kiosk = site.kiosk();
        kiosk.type_pin(&pin);
        let said = english().denial(Denial::Network(case.outage));
        expect("sign-in", kiosk.shows(&said), true).map_err(|why| format!("{why}, but {:?}", kiosk.texts()))?;
        kiosk.wait(Duration::from_secs(9));
        let notices = [case.outage, case.by_itself].map(|outage| english().network(outage));
        let is_shown = notices.iter().any(|notice| kiosk.shows(notice));
        expect("at rest", is_shown, true).map_err(|why| format!("{why}, but {:?}", kiosk.texts()))?;
        let person = site.directory().person("ada@example.com").unwrap().unwrap();
        expect("standing", person.standing, Standing::Active)?;
        let refusals = site.records(Action::Refusal);
        expect("audit", refusals, vec![format!("pin: {}", case.outage.name())])
    });
}

/// `doctor` names the box, checks no login through it, and fails.
#[test]
fn doctor_names_a_box_in_between() {
    for_each_case(|case| {
        let files = Files::new();
        let _ = files.site.enrol("ada@example.com", None, true);
        let server = RawServer::start(case.bytes);
        fs::write(files.folder.join("kiosk.toml"), format!("[kisi]\nbase_url = \"{}\"\n", server.base_url())).unwrap();
        let data = files.folder.to_str().unwrap().to_owned();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let config = files.folder.join("kiosk.toml");
        let _ = command.args(["doctor", "--data", &data, "--config"]).arg(config).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        expect("exit code", output.status.code(), Some(1))?;
        let about = if case.by_itself == Outage::Proxy { "proxy" } else { "HTTP" };
        let line = format!("BAD      {about:<12} {}: ", case.by_itself.name());
        expect("doctor", said.contains(&line), true).map_err(|why| format!("{why}, but {said}"))?;
        expect("logins", said.contains("ok       logins"), false)
    });
}
