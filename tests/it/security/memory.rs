//! After visits the memory of the real process holds no PIN and no login, and a crash leaves no core dump.

use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    os::unix::process::ExitStatusExt,
    thread,
    time::Duration,
};

use vestibule::{
    config::Config,
    kisi::Client,
    store::directory::{Cost, Directory},
    wiring,
};

use crate::support::{
    files::Files,
    headless::{BADGE, Kiosk, WIDE, english},
    installed::Program,
    screenshot::{assert_same, difference},
    touchscreen::Touchscreen,
};

/// All writable mappings of a process (heap, stacks, buffers), as root could dump them.
fn memory(pid: u32) -> Vec<(String, Vec<u8>)> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut mem = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, rest) = line.split_once('-').unwrap();
        let from = u64::from_str_radix(from, 16).unwrap();
        let until = u64::from_str_radix(rest.split_once(' ').unwrap().0, 16).unwrap();
        let mut bytes = vec![0; usize::try_from(until - from).unwrap()];
        let _ = mem.seek(SeekFrom::Start(from)).unwrap();
        // A mapping of a device cannot be read.
        if mem.read_exact(&mut bytes).is_ok() {
            found.push((line.to_owned(), bytes));
        }
    }
    found
}

fn hits(memory: &[(String, Vec<u8>)], canary: &str) -> Vec<String> {
    let is_in = |bytes: &[u8]| memchr::memmem::find(bytes, canary.as_bytes()).is_some();
    memory.iter().filter(|(_, bytes)| is_in(bytes)).map(|(line, _)| line.clone()).collect()
}

/// Enrolls Ada with a PIN (returned) and Grace with a badge.
fn enrolled() -> (Files, String) {
    let files = Files::new();
    let text = format!(
        // 12-digit PINs: six digits could be in memory by chance.
        "[kisi]\nbase_url = \"{}\"\n[sign_in]\npin_digits = 12\n",
        files.site.kisi.base_url()
    );
    fs::write(files.folder.join("kiosk.toml"), text).unwrap();
    let pins = files.list("pins.csv", "email,name,badge\nada@example.com,,\n");
    let badges = files.list("badges.csv", &format!("email,name,badge\ngrace@example.com,,{BADGE}\n"));
    let output = files.run(&["staff", "import", &pins, "--pin", "--json"]);
    let row: serde_json::Value = serde_json::from_slice(output.stdout.split(|b| *b == b'\n').next().unwrap()).unwrap();
    let pin = row["pin"].as_str().unwrap().to_owned();
    assert!(files.run(&["staff", "import", &badges]).status.success());
    (files, pin)
}

/// T15, T16, T33, I5, I6, R34: after the sign-out no login, admin key or PIN is in memory, files, log, environment or
/// arguments, and a crash dumps no core.
#[test]
fn after_the_sign_out_no_pin_and_no_login_is_left_in_memory_files_or_log() {
    let (files, pin) = enrolled();
    let mut canaries: Vec<String> =
        files.site.kisi.with(|world| world.logins.values().map(|login| login.secret.clone()).collect());
    canaries.push(files.site.admin.clone());

    let mut screen = Touchscreen::start(1280, 800);
    let mut command = files.command(&[]);
    let _ = command.env_remove("VESTIBULE_ADMIN_KEY").env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY");
    let mut kiosk = Program::start(command.env("VESTIBULE_LOG", "trace"));
    let mut log = kiosk.until("the window is open");
    let rest = screen.settled();
    let config = Config::load(&files.folder.join("kiosk.toml")).unwrap();
    let directory = Directory::open(&files.folder.join("data"), None, || Cost::MINIMUM).unwrap();
    let client = Client::new(&wiring::client(&config)).unwrap();
    let mut twin = Kiosk::new(wiring::start(&config, directory, client).unwrap(), WIDE);

    for digit in pin.chars() {
        screen.tap(twin.find(&digit.to_string()).unwrap());
    }
    log.extend(kiosk.until("signed in"));
    // During the visit the login is in memory: this shows that the search finds one.
    let secret_of_ada = files.site.kisi.with(|world| {
        let ada = world.person_by_email("ada@example.com").unwrap().id;
        world.logins.values().find(|login| login.person == ada).unwrap().secret.clone()
    });
    assert!(!hits(&memory(kiosk.child.id()), &secret_of_ada).is_empty(), "the search sees a login that is in use");
    twin.type_pin(&pin);
    assert_same(&screen, &twin, "her doors");
    screen.tap(twin.find("Server room").unwrap());
    log.extend(kiosk.until("answered"));
    screen.tap(twin.find(&english().say("sign-out")).unwrap());
    log.extend(kiosk.until("signed out"));
    screen.type_text(&format!("{BADGE}\n"), Duration::from_millis(4));
    log.extend(kiosk.until("signed in"));
    let _ = screen.once("doors", |picture| 0.05 < difference(picture, &rest));
    screen.tap(twin.find(&english().say("sign-out")).unwrap());
    log.extend(kiosk.until("signed out"));
    thread::sleep(Duration::from_millis(1_500));

    // The audit head in the log matches the audit log.
    let journal = files.list("journal", &log.join("\n"));
    assert!(log.iter().any(|line| line.contains("audit head")));
    let verified = files.run(&["audit", "verify", "--head", &journal]);
    assert!(verified.status.success(), "{verified:?}");
    canaries.push(pin);
    let (pid, log) = (kiosk.child.id(), log.concat());
    let memory = memory(pid);
    let process = ["environ", "cmdline"].map(|name| fs::read(format!("/proc/{pid}/{name}")).unwrap()).concat();
    for canary in &canaries {
        let kind = &canary[..3];
        assert!(!log.contains(canary.as_str()), "{kind}... in the log");
        assert!(memchr::memmem::find(&process, canary.as_bytes()).is_none(), "{kind}... in environment or arguments");
        for file in fs::read_dir(files.folder.join("data")).unwrap() {
            let file = file.unwrap().path();
            let found = memchr::memmem::find(&fs::read(&file).unwrap(), canary.as_bytes());
            assert!(found.is_none(), "{kind}... in {}", file.display());
        }
        assert_eq!(hits(&memory, canary), Vec::<String>::new(), "{kind}... in memory");
    }
    no_core_dump(&mut kiosk);
}

/// Aborts the kiosk and asserts that it dumps no core.
fn no_core_dump(kiosk: &mut Program) {
    let pid = kiosk.child.id();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "no core dump");
    let status = std::process::Command::new("kill").args(["-ABRT", &pid.to_string()]).status().unwrap();
    assert!(status.success());
    assert!(!kiosk.child.wait().unwrap().core_dumped());
}
