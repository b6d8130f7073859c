//! Whether a guesser can tell a wrong PIN, an unknown badge and a suspended person apart by timing (T7). Prints Welch's
//! t for each pair, of the directory's check and of the agent's answer, and fails when a pair can be told apart.
//!
//! `cargo bench --bench refusals [-- SAMPLES AGENT_SAMPLES]`: by default 2,000 and 200 samples of each kind, 10
//! minutes.
//!
//! # Source
//!
//! The threshold of 4.5: Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?".

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark reads the clock and prints its results"
)]

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use vestibule::{
    app::Start,
    config::Config,
    kisi::Client,
    secret::Secret,
    session::{Asked, Effect, Event, Presented, Session, SessionId},
    staff::{Badge, BadgeProfile, Credential, Digit, Pin},
    store::directory::{Cost, Directory, Enrolment},
    wiring,
};

const KINDS: [&str; 4] = ["wrong PIN", "suspended person's PIN", "unknown badge", "suspended person's badge"];
const THRESHOLD: f64 = 4.5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let samples = numbers.first().copied().unwrap_or(2_000);
    let agent_samples = numbers.get(1).copied().unwrap_or(200);
    let folder = vestibule::private_files::temporary_folder("vestibule-")?;
    let mut directory = Directory::open(folder.path(), None, || Cost::MINIMUM)?;
    let pins = enrol(&mut directory, 50)?;

    let mut times: [Vec<f64>; 4] = Default::default();
    for number in 0..samples {
        for kind in order() {
            let credential = credential(kind, number, &pins);
            let begin = begin();
            let found = directory.identify(&credential)?.filter(|found| !found.is_suspended);
            times[kind].push(begin.elapsed().as_secs_f64());
            assert!(found.is_none(), "{} signs in", KINDS[kind]);
        }
    }
    let mut told_apart = report("the directory's check", &times);

    drop(directory);
    let times = agent(folder.path(), agent_samples, &pins)?;
    told_apart |= report("the agent's answer", &times);
    if told_apart { Err("two kinds of refusal can be told apart".into()) } else { Ok(()) }
}

/// The kinds in random order, so that none always follows the same other.
fn order() -> [usize; 4] {
    let mut kinds = [0, 1, 2, 3];
    fastrand::shuffle(&mut kinds);
    kinds
}

/// Enrolls this many people with a PIN and a badge and suspends the first two. Returns their PINs.
fn enrol(directory: &mut Directory, people: u64) -> Result<[String; 2], Box<dyn std::error::Error>> {
    let mut pins = Vec::new();
    for person in 0..people {
        let email = format!("p{person}@example.com");
        let pin = directory.enrol(&Enrolment {
            email: &email,
            name: "",
            login_id: person,
            secret: &Secret::new("0123456789abcdef".repeat(4)),
            badge: Badge::read(&format!("{:010}", 1_000 + person), &BadgeProfile::plain()).as_ref(),
            pin_digits: Some(12),
            badge_alone: true,
            outbox_entry: None,
        })?;
        pins.extend(pin.map(|pin| pin.expose_text()));
    }
    for email in ["p0@example.com", "p1@example.com"] {
        let _ = directory.suspend(email, true)?;
    }
    pins.truncate(2);
    pins.try_into().map_err(|_| "no PIN".into())
}

/// Wrong PINs and unknown badges are never repeated, and the two suspended PINs alternate: a repeated PIN takes another
/// path through the code.
fn credential(kind: usize, number: usize, pins: &[String; 2]) -> Credential {
    let badge = |number: String| {
        Credential::Badge(Badge::read(&number, &BadgeProfile::plain()).unwrap_or_else(|| unreachable!()))
    };
    let typed = |digits: &str| Credential::Pin(Pin::parse(digits).unwrap_or_default());
    match kind {
        0 => typed(&format!("{:012}", 314_159_265_358 + 7_919 * number)),
        1 => typed(&pins[number % 2]),
        2 => badge(format!("99{number:08}")),
        _ => badge("0000001000".to_owned()),
    }
}

/// Measures the agent's answers, with its minimum answer time. Kisi is unreachable: no refusal gets that far.
fn agent(
    folder: &std::path::Path,
    samples: usize,
    pins: &[String; 2],
) -> Result<[Vec<f64>; 4], Box<dyn std::error::Error>> {
    let config = Config::parse("[kisi]\nbase_url = \"http://127.0.0.1:9\"\n", "kiosk.toml".as_ref())?;
    let runtime = Runtime::new()?;
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut rest = samples;
    while 0 < rest {
        // One agent for each kind, because repeated refusals of one kind are counted in one audit record and every
        // agent has to write alike. New agents after 20 samples, because after 20 unknown badges the next is refused
        // without a lookup.
        let agents = [(); 4].map(|()| {
            let directory = Directory::open(folder, None, || Cost::MINIMUM)?;
            wiring::start(&config, directory, Client::new(&wiring::client(&config))?)
                .map_err(Box::<dyn std::error::Error>::from)
        });
        let mut ready = Vec::new();
        for start in agents {
            let Start::Working { rules, agent, .. } = start? else { return Err("the kiosk does not start".into()) };
            ready.push((id(Session::new(*rules))?, agent));
        }
        for number in 0..rest.min(20) {
            for kind in order() {
                let (session, agent) = &ready[kind];
                let presented = Presented(credential(kind, rest + number, pins));
                // Timers have a resolution of 1 ms that starts with the agent. Without this random pause all 20 samples
                // of an agent would fall on the same fraction of a millisecond.
                thread::sleep(Duration::from_micros(fastrand::u64(..3_000)));
                let begin = begin();
                agent.send(Effect::Identify(*session, presented, Asked::default()));
                let answer = runtime.block_on(agent.events().recv());
                times[kind].push(begin.elapsed().as_secs_f64());
                assert!(matches!(answer, Some(Event::Identified(_, Err(_)))), "{}: {answer:?}", KINDS[kind]);
            }
        }
        rest -= rest.min(20);
    }
    Ok(times)
}

/// Only a session creates session ids.
fn id(mut session: Session) -> Result<SessionId, Box<dyn std::error::Error>> {
    let mut effects = Vec::new();
    for _ in 0..6 {
        effects.extend(session.handle(Event::DigitTouched(Digit::D7), begin()));
    }
    let asked = effects.iter().find_map(|effect| if let Effect::Identify(id, ..) = effect { Some(*id) } else { None });
    asked.ok_or_else(|| "nothing is asked".into())
}

fn begin() -> Instant {
    Instant::now()
}

/// Prints the statistics of each kind and pair. Returns whether any pair can be told apart.
fn report(what: &str, times: &[Vec<f64>; 4]) -> bool {
    println!("{what}, {} of each:", times[0].len());
    for (kind, times) in KINDS.iter().zip(times) {
        let (mean, deviation) = moments(times);
        let mut sorted = times.clone();
        sorted.sort_by(f64::total_cmp);
        let milliseconds = |seconds: f64| format!("{:8.3} ms", 1e3 * seconds);
        println!(
            "  {kind:<24} mean {} median {} deviation {}",
            milliseconds(mean),
            milliseconds(sorted[sorted.len() / 2]),
            milliseconds(deviation)
        );
    }
    let mut told_apart = false;
    for (a, b) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        let ((mean_a, deviation_a), (mean_b, deviation_b)) = (moments(&times[a]), moments(&times[b]));
        let t = (mean_a - mean_b)
            / (deviation_a.powi(2) / count(&times[a]) + deviation_b.powi(2) / count(&times[b])).sqrt();
        println!("  {} against {}: t = {t:+.2}", KINDS[a], KINDS[b]);
        told_apart |= THRESHOLD <= t.abs();
    }
    told_apart
}

fn count(times: &[f64]) -> f64 {
    f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX))
}

fn moments(times: &[f64]) -> (f64, f64) {
    let count = count(times);
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance.sqrt())
}
