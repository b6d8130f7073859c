//! F56: one process, many visits, faults at random: memory, descriptors and threads stay where they were, and the audit log is whole.
//!
//! `VESTIBULE_SOAK=20000 cargo test soak -- --nocapture` is the long form; `VESTIBULE_PROGRAM=target/release/vestibule` has it soak
//! another build.

use std::{fmt, process::Command, thread, time::Duration};

use vestibule::{simulator::fault::Fault, staff::Badge};

use crate::{
    appliance::{free_port, get, number, until},
    headless::{Site, now},
    installed::Program,
    touchscreen::Touchscreen,
};

const VISITS: usize = 150;
/// Two people who take turns, with so many badges each: a badge that was just read is not read again.
const BADGES: usize = 40;
/// Memory settles within so many visits: fonts, pages of SQLite, connections.
const SETTLED: usize = 100;
/// What may come after that.
const GROWTH: f64 = 10e6;

/// What a process holds.
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
            "{visits:>6} visits: {:.1} MB, {descriptors} descriptors, {threads} threads, {work} pieces of work",
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

/// Sign-ins that came to an end, whichever.
fn sign_ins(at: &str) -> f64 {
    let (_, metrics) = get(&format!("{at}/metrics"));
    let lines = metrics.lines().filter(|line| line.starts_with("vestibule_sign_ins_total{"));
    lines.map(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap()).sum()
}

/// What a network and a cloud do on a bad day, in so little time that a visit does not wait for it.
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
    Fault { path: Some(path.to_owned()), ..fault.times(random.u32(1..4)) }
}

fn number_of(person: usize, badge: usize) -> String {
    format!("55{person:02}{badge:06}")
}

/// A site whose two people have many badges, and the address where its kiosk is watched.
fn site() -> (Site, String) {
    let site = Site::with(|world| world.unlimited = true, "");
    for (person, email) in ["ada@example.com", "grace@example.com"].into_iter().enumerate() {
        let _ = site.enrol(email, Some(&number_of(person, 0)), false);
        let mut directory = site.directory();
        let id = directory.person(email).unwrap().unwrap().id;
        for badge in 1..BADGES {
            let badge = Badge::read(&number_of(person, badge), &site.config.badge).unwrap();
            assert!(directory.give_badge(id, &badge).unwrap());
        }
    }
    let port = free_port();
    let config = format!(
        "[kisi]\nbase_url = \"{}\"\n[health]\nlisten = \"127.0.0.1:{port}\"\n[doors]\nfollow = false\n",
        site.config.kisi.base_url
    );
    std::fs::write(site.folder.path().join("kiosk.toml"), config).unwrap();
    (site, format!("http://127.0.0.1:{port}"))
}

/// One person after the other; some open a door.
fn visit(screen: &mut Touchscreen, index: usize, at: &str) {
    let before = sign_ins(at);
    let badge = number_of(index % 2, index / 2 % BADGES);
    screen.type_text(&format!("{badge}\n"), Duration::ZERO);
    let deadline = now() + Duration::from_secs(12);
    while sign_ins(at) <= before && now() < deadline {
        thread::sleep(Duration::from_millis(2));
    }
    if index.is_multiple_of(25) {
        // The first tile, where its number is.
        thread::sleep(Duration::from_millis(450));
        screen.tap(iced::Point::new(60.0, 200.0));
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn many_visits_leave_nothing_behind() {
    let visits = std::env::var("VESTIBULE_SOAK").map_or(VISITS, |visits| visits.parse().unwrap());
    let program = std::env::var("VESTIBULE_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_vestibule").to_owned());
    let (site, at) = site();
    let mut screen = Touchscreen::start(1280, 800);
    let mut command = Command::new(program);
    let _ = command.arg("--config").arg(site.folder.path().join("kiosk.toml")).arg("--data").arg(site.folder.path());
    let mut kiosk = Program::start(command.env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"));
    let _ = kiosk.expect("the window is open");
    let _ = until(&format!("{at}/readyz"), |status, _| status == 200);
    thread::sleep(Duration::from_millis(700));
    let mut random = fastrand::Rng::with_seed(56);
    let mut settled = None;
    for index in 0..visits {
        if index.is_multiple_of(10) {
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
    // Fails where a record does not verify.
    println!("{} records, all as they were written", site.audit().len());
}
