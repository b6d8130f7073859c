//! Soak tests (F56): one process serves many visits with random faults. Memory, descriptors and threads stay flat, and
//! the audit log verifies. One test runs the program with its window. The other runs the shipped session, agent,
//! client, directory and audit log without a window, for more visits in the same time.
//!
//! `VESTIBULE_SOAK=20000 cargo test soak -- --nocapture` is the long form. `VESTIBULE_PROGRAM=target/dist/vestibule`
//! selects another build for the test with the window.

use std::{fmt, fs, process::Command, thread, time::Duration};

use vestibule::{
    app::Message,
    config::Config,
    door::DoorId,
    kisi::{Client, Roots, Settings},
    session::{Event, reader::Key},
    simulator::fault::Fault,
    staff::Badge,
    status::Status,
    store::audit::Action,
    wiring,
};

use crate::support::{
    headless::{Kiosk, Site, WIDE, now},
    health::{free_port, get, number, until},
    installed::Program,
    touchscreen::Touchscreen,
};

const VISITS: usize = 150;
const PEOPLE: usize = 60;
/// Grace's id in the sample scene.
const GRACE: u64 = 3;
/// Visits after which memory has settled: fonts, SQLite pages, connections.
const SETTLED: usize = 100;
/// Allowed memory growth after that, in bytes.
const GROWTH: f64 = 10e6;

/// Resources of a process.
#[derive(Clone, Copy)]
struct Held {
    visits: usize,
    memory: f64,
    descriptors: f64,
    threads: f64,
    work: f64,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { visits, memory, descriptors, threads, work } = self;
        write!(
            f,
            "{visits:>6} visits: {:.1} MB, {descriptors} descriptors, {threads} threads, {work} tasks",
            memory / 1e6
        )
    }
}

fn held(at: &str, visits: usize) -> Held {
    let (_, metrics) = get(&format!("{at}/metrics"));
    let of = |name: &str| number(&metrics, name);
    Held {
        visits,
        memory: of("process_resident_memory_bytes"),
        descriptors: of("process_open_fds"),
        threads: of("process_threads"),
        work: of("vestibule_agent_work_running"),
    }
}

/// Number of answered sign-ins, whatever the result.
fn sign_ins(at: &str) -> f64 {
    let (_, metrics) = get(&format!("{at}/metrics"));
    let lines = metrics.lines().filter(|line| line.starts_with("vestibule_sign_ins_total{"));
    lines.map(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap()).sum()
}

/// A random fault of Kisi or the network, short enough not to stall a visit.
fn fault(random: &mut fastrand::Rng) -> Fault {
    let any = Fault::default();
    let fault = match random.u8(..7) {
        0 => Fault { status: Some([500, 502, 503, 504][random.usize(..4)]), ..any },
        1 => Fault { status: Some([401, 403, 404, 429][random.usize(..4)]), ..any },
        2 => Fault { delay_ms: random.u64(..300), ..any },
        3 => Fault { answer_delay_ms: random.u64(..300), ..any },
        4 => Fault { cut_after: Some(random.usize(..400)), reset: random.bool(), ..any },
        5 => Fault { status: Some(200), body: Some("{".to_owned()), ..any },
        _ => Fault { slice_ms: Some(1), ..any },
    };
    let path = ["/locks", "/login", ""][random.usize(..3)];
    Fault { path: Some(path.to_owned()), ..fault.times(random.u32(1..3)) }
}

fn number_of(person: usize) -> String {
    format!("55{person:08}")
}

fn email(person: usize) -> String {
    format!("p{person}@example.com")
}

/// A site with this many copies of Grace, each with a badge.
fn site_of(people: usize) -> Site {
    let site = Site::with(
        |world| {
            world.unlimited = true;
            let (grace, rights) = (world.people[&GRACE].clone(), world.rights.clone());
            for person in 0..people {
                let id = 1_000 + u64::try_from(person).unwrap();
                let mut like = grace.clone();
                (like.id, like.email) = (id, email(person));
                let _ = world.people.insert(id, like);
                let hers = rights.iter().filter(|right| right.person == GRACE);
                world.rights.extend(hers.cloned().map(|mut right| {
                    (right.id, right.person) = (10 * id + right.id, id);
                    right
                }));
            }
        },
        "",
    );
    for person in 0..people {
        let _ = site.enrol(&email(person), Some(&number_of(person)), false);
    }
    site
}

/// A site of 60 people with a configuration file, and the base URL of its health endpoints.
fn site() -> (Site, String) {
    let site = site_of(PEOPLE);
    let port = free_port();
    let config = format!(
        "[kisi]\nbase_url = \"{}\"\n[health]\nlisten = \"127.0.0.1:{port}\"\n[doors]\nfollow = false\n",
        site.config.kisi.base_url
    );
    fs::write(site.folder.path().join("kiosk.toml"), config).unwrap();
    (site, format!("http://127.0.0.1:{port}"))
}

/// One visit by badge. Every fortieth taps a door.
fn visit(screen: &mut Touchscreen, index: usize, at: &str) {
    let before = sign_ins(at);
    let badge = number_of(index % PEOPLE);
    screen.type_at_once(&format!("{badge}\n"));
    let deadline = now() + Duration::from_secs(12);
    while sign_ins(at) <= before && now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    if index.is_multiple_of(40) {
        // The number on the first tile.
        thread::sleep(Duration::from_millis(450));
        screen.tap(iced::Point::new(120.0, 160.0));
        thread::sleep(Duration::from_millis(100));
    }
}

/// Resources of this process, which holds the kiosk without its window and the simulated Kisi.
fn held_here(visits: usize, status: &Status) -> Held {
    let count = |folder: &str| f64::from(u32::try_from(fs::read_dir(folder).unwrap().count()).unwrap());
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    let work = number(&status.metrics().text(None).unwrap(), "vestibule_agent_work_running");
    let (descriptors, threads) = (count("/proc/self/fd"), count("/proc/self/task"));
    Held { visits, memory: 4_096.0 * pages, descriptors, threads, work }
}

/// The same, once no work runs. Work that was under way may still wait for Kisi; work that leaks never ends.
fn held_at_rest(visits: usize, status: &Status) -> Held {
    let deadline = now() + Duration::from_mins(1);
    while 0.0 < held_here(visits, status).work && now() < deadline {
        thread::sleep(Duration::from_millis(100));
    }
    held_here(visits, status)
}

/// A client without a rate limit that does not load the system certificates.
fn eager(config: &Config) -> Client {
    let root = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.der().to_vec();
    Client::new(&Settings { per_second: 1_000_000, roots: Roots::Only(root), ..wiring::client(config) }).unwrap()
}

/// F56, without a window.
#[test]
fn many_visits_without_a_window_leak_nothing() {
    const PEOPLE_HERE: usize = 20;
    let visits = std::env::var("VESTIBULE_SOAK").map_or(VISITS, |visits| visits.parse().unwrap());
    let site = site_of(PEOPLE_HERE);
    let mut directory = site.directory();
    for person in 0..PEOPLE_HERE {
        let id = directory.person(&email(person)).unwrap().unwrap().id;
        for more in 1..40 {
            let badge = Badge::read(&number_of(person + PEOPLE_HERE * more), &site.config.badge.profile).unwrap();
            assert!(directory.give_badge(id, &badge).unwrap());
        }
    }
    let status = Status::default();
    let client = eager(&site.config);
    let start = wiring::start_with(&site.config, site.directory(), client, &status).unwrap();
    let mut kiosk = Kiosk::new(start, WIDE);
    let mut random = fastrand::Rng::with_seed(57);
    let (mut settled, mut signed_in) = (None, 0);
    for index in 0..visits {
        if index.is_multiple_of(50) {
            let fault = fault(&mut random);
            site.kisi.with(|world| {
                world.requests.clear();
                world.events.clear();
                world.faults.clear();
                world.faults.push(fault);
            });
        }
        for c in number_of(index % (40 * PEOPLE_HERE)).chars() {
            kiosk.send(Message::Session(Event::KeyPressed(Key::typed(c))));
        }
        kiosk.send(Message::Session(Event::KeyPressed(Key::Enter)));
        signed_in += usize::from(!kiosk.is_at_rest());
        if index.is_multiple_of(100) {
            kiosk.wait(Duration::from_millis(450));
            kiosk.send(Message::Session(Event::DoorTouched(DoorId::new(101))));
        }
        if index == SETTLED || index.is_multiple_of((visits / 10).max(1)) {
            let now = held_here(index, &status);
            println!("{now}");
            if index == SETTLED {
                settled = Some(now);
            }
        }
    }
    kiosk.send(Message::Session(Event::SignOutTouched));
    let (before, after) = (settled.unwrap(), held_at_rest(visits, &status));
    let metrics = status.metrics().text(None).unwrap();
    println!("{after}, {signed_in} signed in, {}", number(&metrics, "vestibule_unlock_seconds_count"));
    assert!(visits * 9 / 10 < signed_in, "{signed_in} of {visits}");
    assert!(after.memory - before.memory < GROWTH, "{before} then {after}");
    assert!((after.descriptors - before.descriptors).abs() <= 8.0, "{before} then {after}");
    assert!(after.work < 1.0, "{after}");
    assert!(number(&metrics, "vestibule_agent_restarts_total") < 1.0);
    drop(kiosk);
    // `audit` fails if the log does not verify.
    let records = site.audit();
    println!("{} records, all as they were written", records.len());
    let count = |action: Action| records.iter().filter(|record| record["action"] == action.name()).count();
    assert_eq!(count(Action::SignIn), count(Action::SignOut), "every sign-in has its sign-out");
}

/// F56, with the window of the program.
#[test]
fn many_visits_leak_nothing() {
    let visits = std::env::var("VESTIBULE_SOAK").map_or(VISITS, |visits| visits.parse().unwrap());
    let program = std::env::var("VESTIBULE_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_vestibule").to_owned());
    let (site, at) = site();
    let mut screen = Touchscreen::start(800, 480);
    let mut command = Command::new(program);
    let _ = command.arg("--config").arg(site.folder.path().join("kiosk.toml")).arg("--data").arg(site.folder.path());
    let mut kiosk = Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = kiosk.expect("the window is open");
    let _ = until(&format!("{at}/readyz"), |status, _| status == 200);
    let _ = screen.settled();
    let mut random = fastrand::Rng::with_seed(56);
    let mut settled = None;
    for index in 0..visits {
        // A fault costs a second or more. The long form has fewer of them per visit, but still hundreds.
        if index.is_multiple_of(if visits == VISITS { 10 } else { 60 }) {
            let fault = (random.u8(..3) != 0).then(|| fault(&mut random));
            site.kisi.with(|world| {
                world.requests.clear();
                world.faults.clear();
                world.faults.extend(fault);
            });
        }
        visit(&mut screen, index, &at);
        if index == SETTLED || index.is_multiple_of((visits / 10).max(1)) {
            let now = held(&at, index);
            println!("{now}");
            if index == SETTLED {
                settled = Some(now);
            }
            let _ = kiosk.lines.try_iter().count();
        }
    }
    site.kisi.with(|world| world.faults.clear());
    thread::sleep(Duration::from_secs(3));
    let (before, after) = (settled.unwrap(), held(&at, visits));
    println!("{after}, {} sign-ins, {} unlocks", sign_ins(&at), site.kisi.with(|world| world.unlocks()));
    assert!(after.memory - before.memory < GROWTH, "{before} then {after}");
    assert!((after.descriptors - before.descriptors).abs() <= 6.0, "{before} then {after}");
    assert!((after.threads - before.threads).abs() <= 2.0, "{before} then {after}");
    let (_, metrics) = get(&format!("{at}/metrics"));
    assert!(number(&metrics, "vestibule_agent_restarts_total") < 1.0);
    assert!(kiosk.child.try_wait().unwrap().is_none(), "the same process");
    drop(kiosk);
    // `audit` fails if the log does not verify.
    println!("{} records, all as they were written", site.audit().len());
}
