//! Unlocks over a bad network: latency, stalls, resets, sliced answers, no route. The outcome never claims more than is
//! known, and Kisi never sees more unlock requests than there were taps.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use iced_test::futures::futures::executor::block_on;
use vestibule::{
    app::Message,
    door::Outcome,
    kisi::{Client, Login, Settings},
    secret::Secret,
    session::{Event, State, visit::Attempt},
    simulator::{Simulator as Kisi, fault::Fault},
    store::audit::Action,
    testing,
};

use crate::support::kisi::runtime as tokio_runtime;

use crate::support::{
    fault_proxy::{End, NetworkFaults, Proxy, Way},
    headless::{Kiosk, Site, english, now},
    kisi::{KIOSK, LOBBY},
    network_namespace::{ip, is_inside, loopback},
    tls::{Server, plain, sample},
};

/// Time between two touches: more than the 400 ms in which the kiosk drops touches meant for the previous screen.
const REACH: Duration = Duration::from_millis(450);

/// A client that reaches the simulated Kisi through the fault proxy over an open connection.
struct Bench {
    kisi: Kisi,
    proxy: Proxy,
    client: Client,
    login: Login,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new() -> Self {
        let (mut world, admin) = sample();
        world.unlimited = true;
        let kisi = Kisi::start(world).unwrap();
        let proxy = Proxy::start(kisi.address());
        let client = client(&proxy.base_url());
        let runtime = tokio_runtime();
        let login = runtime.block_on(client.create_login(&Secret::new(admin), KIOSK, "ada@example.com")).unwrap();
        Self { kisi, proxy, client, login, runtime }
    }

    fn unlock(&self) -> (Outcome, Duration) {
        let begin = now();
        let outcome = self.runtime.block_on(self.client.unlock(&self.login.secret, LOBBY));
        (outcome, begin.elapsed())
    }

    /// Number of unlock requests that Kisi received.
    fn asked(&self) -> usize {
        self.kisi.with(|world| world.requests.iter().filter(|request| request.path.ends_with("/unlock")).count())
    }
}

/// A client with the shipped unlock timeout of 8 s.
fn client(base_url: &str) -> Client {
    Client::new(&Settings { timeout: Duration::from_secs(8), ..plain(base_url) }).unwrap()
}

/// D22: an unlock could be sent later than 2 s after the tap, because on a cold connection the deadline was checked
/// before DNS, TCP and TLS instead of after them.
#[test]
fn a_slow_handshake_counts_towards_the_unlock_deadline() {
    let (world, admin) = sample();
    let server = Server::start(world);
    let runtime = tokio_runtime();
    let login = runtime.block_on(server.client().create_login(&Secret::new(admin), KIOSK, "ada@example.com")).unwrap();
    let proxy = Proxy::start(server.simulator.address());
    let port = proxy.base_url().rsplit(':').next().unwrap().to_owned();
    let settings = Settings {
        base_url: format!("https://localhost:{port}"),
        timeout: Duration::from_secs(8),
        ..server.settings()
    };
    let asked = || {
        server.simulator.with(|world| world.requests.iter().filter(|request| request.path.ends_with("/unlock")).count())
    };
    for (millis, is_sent) in [(200, true), (2_300, false), (900, true)] {
        proxy.set(NetworkFaults { latency: Duration::from_millis(millis), ..NetworkFaults::default() });
        let (cold, before, begin) = (Client::new(&settings).unwrap(), asked(), now());
        let outcome = runtime.block_on(async {
            let by = tokio::time::Instant::now() + Duration::from_secs(2);
            cold.unlock_near(&login.secret, LOBBY, None, by).await
        });
        if is_sent {
            assert_eq!((outcome, asked() - before), (Outcome::Accepted, 1), "{millis} ms");
        } else {
            assert_eq!(outcome, Outcome::NotSent, "{millis} ms");
            assert!(begin.elapsed() < Duration::from_millis(2_500), "{:?}", begin.elapsed());
            // Anything still in transit has arrived by now.
            thread::sleep(Duration::from_secs(5));
            assert_eq!(asked() - before, 0, "{millis} ms: nothing is sent after two seconds");
        }
    }
}

/// F6, R38: an answer within 8 s decides the outcome; without one the outcome is `Unknown` at the timeout.
#[test]
fn an_unlock_waits_for_its_answer_until_the_deadline() {
    let bench = Bench::new();
    for (millis, accepted) in [(100, true), (1_000, true), (4_000, true), (30_000, false)] {
        let latency = Duration::from_millis(millis);
        bench.proxy.set(NetworkFaults { latency, ..NetworkFaults::default() });
        let (outcome, took) = bench.unlock();
        assert_eq!(outcome == Outcome::Accepted, accepted, "{millis} ms: {outcome:?}");
        assert!(accepted || matches!(outcome, Outcome::Unknown(None)), "{outcome:?}");
        assert!(took < Duration::from_millis(8_500), "{millis} ms: {took:?}");
    }
    assert_eq!(bench.asked(), 4);
}

/// F7: an answer that stalls after its headers is `Accepted` by its status; one that stalls in its status line is
/// `Unknown`.
#[test]
fn an_answer_that_stalls_after_its_head_is_accepted() {
    let bench = Bench::new();
    let _ = (bench.proxy.answered(), bench.unlock());
    let whole = bench.proxy.answered();
    bench.proxy.set(NetworkFaults { after: Some((Way::Down, whole - 5, End::Stall)), ..NetworkFaults::default() });
    let (outcome, took) = bench.unlock();
    assert_eq!(outcome, Outcome::Accepted);
    assert!((4..8).contains(&took.as_secs()), "it waits for the body once: {took:?}");
    bench.proxy.set(NetworkFaults { after: Some((Way::Down, 10, End::Stall)), ..NetworkFaults::default() });
    assert!(matches!(bench.unlock().0, Outcome::Unknown(None)), "the status line is incomplete");
    assert_eq!(bench.asked(), 3);
}

/// F8, F9, T28: a reset or close before, within or after the request is `Unknown`, and nothing is sent twice.
#[test]
fn a_reset_is_unknown_wherever_it_comes_and_nothing_is_sent_twice() {
    let bench = Bench::new();
    let mut taps = 0;
    for bytes in [0, 1, 20, 100, 200] {
        for end in [End::Reset, End::Close] {
            bench.proxy.set(NetworkFaults { after: Some((Way::Up, bytes, end)), ..NetworkFaults::default() });
            let (outcome, took) = bench.unlock();
            taps += 1;
            assert!(matches!(outcome, Outcome::Unknown(None)), "{bytes} {end:?}: {outcome:?}");
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
    }
    let before = bench.asked();
    bench.proxy.set(NetworkFaults { after: Some((Way::Down, 0, End::Reset)), ..NetworkFaults::default() });
    assert!(matches!(bench.unlock().0, Outcome::Unknown(None)));
    assert_eq!((bench.asked(), bench.kisi.with(|world| world.unlocks())), (before + 1, 1), "Kisi carried it out once");
    assert!(bench.asked() <= taps + 1);
    bench.proxy.set(NetworkFaults::default());
    assert_eq!(bench.unlock().0, Outcome::Accepted, "usable again at once");
}

/// F2: when every connection is reset on accept, Kisi receives no unlock.
#[test]
fn a_reset_on_accept_sends_no_unlock() {
    let bench = Bench::new();
    bench.proxy.set(NetworkFaults { refuse: true, ..NetworkFaults::default() });
    thread::sleep(Duration::from_millis(50));
    for _ in 0..5 {
        // A connection that was established before its reset may have carried bytes: in doubt `Unknown` (R48).
        assert!(matches!(bench.unlock().0, Outcome::NotSent | Outcome::Unknown(None)));
    }
    assert_eq!(bench.asked(), 0);
}

/// F11: an answer that arrives one byte every 10 ms is accepted.
#[test]
fn an_answer_byte_by_byte_is_accepted() {
    let bench = Bench::new();
    bench.proxy.set(NetworkFaults { slice: Some(Duration::from_millis(10)), ..NetworkFaults::default() });
    assert_eq!(bench.unlock().0, Outcome::Accepted);
}

/// F12: 1,000 races between an unlock and the server closing the pooled connection. No unlock is repeated.
#[test]
fn a_pooled_connection_that_closes_repeats_no_unlock() {
    let bench = Bench::new();
    let done = AtomicBool::new(false);
    let (mut accepted, mut unknown, mut not_sent) = (0, 0, 0);
    thread::scope(|scope| {
        let _ = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                bench.proxy.set(NetworkFaults { close: true, ..NetworkFaults::default() });
                thread::sleep(Duration::from_micros(2_000 + fastrand::u64(0..8_000)));
            }
        });
        for _ in 0..1_000 {
            match bench.unlock().0 {
                Outcome::Accepted => accepted += 1,
                Outcome::Unknown(None) => unknown += 1,
                Outcome::NotSent => not_sent += 1,
                other @ (Outcome::Opened
                | Outcome::StillClosed
                | Outcome::Refused(_)
                | Outcome::NotRecorded
                | Outcome::WrongClock
                | Outcome::Limited
                | Outcome::Unknown(Some(_))) => panic!("{other:?}"),
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let (asked, carried_out) = (bench.asked(), bench.kisi.with(|world| world.unlocks()));
    println!("1000 races: {accepted} accepted, {unknown} unknown, {not_sent} not sent; Kisi saw {asked}");
    assert!(0 < accepted && 0 < unknown, "the race never happened");
    assert!(asked <= 1_000 - not_sent && accepted <= carried_out, "{asked} {carried_out}");
}

/// F3: when SYNs get no reply, the connect timeout of 3 s ends in `NotSent`.
#[test]
fn a_swallowed_syn_sends_no_unlock() {
    if !is_inside(module_path!(), "a_swallowed_syn_sends_no_unlock") {
        return;
    }
    loopback("up");
    ip(&["route", "add", "192.0.2.1", "dev", "lo"]);
    let client = client("https://192.0.2.1");
    let begin = now();
    let outcome = tokio_runtime().block_on(client.unlock(&Secret::new("canary".to_owned()), LOBBY));
    assert_eq!(outcome, Outcome::NotSent);
    assert!((2..4).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

/// F29: a name with a dead IPv6 address and a working IPv4 address connects within 1 s.
#[test]
fn a_broken_ipv6_costs_less_than_a_second() {
    if !is_inside(module_path!(), "a_broken_ipv6_costs_less_than_a_second") {
        return;
    }
    loopback("up");
    ip(&["-6", "route", "add", "2001:db8::1", "dev", "lo"]);
    let hosts = tempfile::NamedTempFile::new().unwrap();
    fs::write(hosts.path(), "2001:db8::1 localhost\n127.0.0.1 localhost\n").unwrap();
    let mount = Command::new("mount").arg("--bind").arg(hosts.path()).arg("/etc/hosts").status();
    assert!(mount.unwrap().success(), "mount");
    let kisi = Kisi::start(sample().0).unwrap();
    let client = client(&format!("http://localhost:{}", kisi.address().port()));
    let begin = now();
    assert!(tokio_runtime().block_on(client.time()).unwrap().is_some());
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

/// F9, R47, and F6 in part: without an answer the kiosk tells the person to look at the door, and reads the lock back
/// once.
#[test]
fn an_unlock_without_an_answer_shows_no_answer() {
    let mut site = Site::new();
    let proxy = Proxy::start(site.kisi.address());
    site.config.kisi.base_url = proxy.base_url();
    let pin = site.enrol("ada@example.com", None, true);
    let mut kiosk = site.kiosk();
    kiosk.type_pin(&pin);
    kiosk.wait(REACH);
    proxy.set(NetworkFaults { after: Some((Way::Down, 0, End::Reset)), ..NetworkFaults::default() });
    drop(kiosk.app.update(Message::Session(Event::DoorTouched(LOBBY))));
    assert!(kiosk.shows(&english().say("sending")), "F6: progress at once");
    let said = until_answered(&kiosk);
    proxy.set(NetworkFaults::default());
    for message in said {
        drop(kiosk.app.update(message));
    }
    assert!(kiosk.shows(&english().advice(Outcome::Unknown(None))));
    kiosk.wait(Duration::from_millis(500));
    let asked = |suffix: &str| {
        site.kisi.with(|world| world.requests.iter().filter(|request| request.path.ends_with(suffix)).count())
    };
    assert_eq!((asked("/locks/101/unlock"), asked("/locks/101")), (1, 1));
    assert_eq!(site.records_once(Action::Outcome, 1), ["unknown"]);
}

/// The agent's events up to the answer of an unlock, before the app gets them.
fn until_answered(kiosk: &Kiosk) -> Vec<Message> {
    let (agent, generation) = testing::agent(&kiosk.app).unwrap();
    let mut said = Vec::new();
    loop {
        let event = block_on(agent.events().recv()).unwrap();
        let is_answer = matches!(event, Event::UnlockAnswered(..));
        said.push(Message::Agent(generation, event));
        if is_answer {
            return said;
        }
    }
}

/// F32: an answer after the sign-out is audited for its own person and not shown to the next one.
#[test]
fn an_answer_after_the_sign_out_is_recorded_for_its_person_and_not_shown() {
    let site = Site::new();
    let ada = site.enrol("ada@example.com", None, true);
    let grace = site.enrol("grace@example.com", None, true);
    let mut kiosk: Kiosk = site.kiosk();
    kiosk.type_pin(&ada);
    kiosk.wait(REACH);
    let late = Fault { answer_delay_ms: 1_500, ..Fault::default() };
    site.kisi.with(|world| world.faults = vec![late.at("POST", "/locks/")]);
    drop(kiosk.app.update(Message::Session(Event::DoorTouched(LOBBY))));
    kiosk.tap(&english().say("sign-out"));
    kiosk.type_pin(&grace);
    assert!(kiosk.shows("Hello Grace"), "{:?}", kiosk.texts());
    let _ = site.records_once(Action::Outcome, 1);
    kiosk.wait(Duration::from_millis(100));
    let Some(State::SignedIn(visit)) = testing::state(&kiosk.app) else { panic!() };
    assert_eq!(visit.attempt, Attempt::None, "not shown to Grace");
    let outcomes: Vec<_> = site.audit().into_iter().filter(|record| record["action"] == "unlock-outcome").collect();
    let [outcome] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((outcome["person"].as_str(), outcome["about"].as_str()), (Some("ada@example.com"), Some("accepted")));
}

/// Open descriptors and threads of this process.
fn held() -> (usize, usize) {
    let count = |of: &str| fs::read_dir(format!("/proc/self/{of}")).unwrap().count();
    (count("fd"), count("task"))
}

/// F28: while the network flaps, open descriptors and threads do not grow beyond those of the first half.
///
/// `VESTIBULE_FLAPS=1800` is the long form: one flap every 2 s, for at least an hour.
#[test]
fn a_network_that_flaps_leaks_no_descriptors_or_threads() {
    if !is_inside(module_path!(), "a_network_that_flaps_leaks_no_descriptors_or_threads") {
        return;
    }
    loopback("up");
    let long = std::env::var("VESTIBULE_FLAPS").ok().map(|flaps| flaps.parse::<u32>().unwrap());
    let (flaps, period) = long.map_or((40, Duration::from_millis(50)), |flaps| (flaps, Duration::from_secs(2)));
    let mut site = Site::new();
    let proxy = Proxy::start(site.kisi.address());
    site.kisi.with(|world| world.unlimited = true);
    site.config.kisi.base_url = proxy.base_url();
    let pin = site.enrol("ada@example.com", None, true);
    let mut kiosk = site.kiosk();
    let mut flap = |flap: u32| {
        proxy.set(NetworkFaults { refuse: flap.is_multiple_of(2), ..NetworkFaults::default() });
        kiosk.tap("1");
        kiosk.tap(&english().say("back"));
        if flap % 8 == 1 {
            kiosk.type_pin(&pin);
            kiosk.wait(period);
            if !kiosk.is_at_rest() {
                kiosk.tap(&english().say("sign-out"));
            }
        }
        kiosk.wait(period);
        held()
    };
    // The blocking thread pool for PIN hashing grows during the first half.
    let first = (0..flaps / 2).map(&mut flap).fold((0, 0), |most, now| (most.0.max(now.0), most.1.max(now.1)));
    let _ = (flaps / 2..flaps).map(&mut flap).count();
    // A connection in transit briefly holds four sockets: one of the kiosk, two of the proxy, one of Kisi. Leaked ones
    // stay.
    let mut last = held();
    for _ in 0..200 {
        if last.0 > first.0 || last.1 > first.1 {
            kiosk.wait(Duration::from_millis(100));
            last = held();
        }
    }
    println!("{flaps} flaps: at most {first:?} descriptors and threads in the first half, {last:?} after the second");
    assert!(last.0 <= first.0 && last.1 <= first.1, "{first:?}, then {last:?}");
    proxy.set(NetworkFaults::default());
    let back = |kiosk: &Kiosk| !kiosk.texts().iter().any(|text| text.contains("door service"));
    let _ = kiosk.wait_for(Duration::from_secs(30), back);
}
