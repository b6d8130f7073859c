//! Network faults between the kiosk and Kisi: answers cut at every byte, lost packets, no name server, a wrong clock.
//! And how the kiosk reports each.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    thread,
    time::Duration,
};

use vestibule::{
    door::{Outcome, Refusal},
    kisi::{Client, Settings},
    outage::Outage,
    secret::Secret,
    simulator::{Simulator as Kisi, fault::Fault},
    store::audit::Action,
};

use crate::support::{
    fault_proxy::{NetworkFaults, Proxy},
    headless::{Kiosk, Site, english, now},
    kisi::{KIOSK, LOBBY, runtime},
    network_namespace::{is_inside, loopback, mount},
    tls::{Certificate, Server, plain, sample},
};

/// T29, R50, F27: an unlock that the network swallowed must not arrive once the network is back, although the kernel
/// would retransmit its bytes. By then the kiosk has given it up and closed the connection.
///
/// `VESTIBULE_BLACK_HOLE=60` is the long form: 60 s without a network instead of 12 s.
#[test]
fn an_unlock_that_fell_into_a_black_hole_does_not_arrive_later() {
    if !is_inside(module_path!(), "an_unlock_that_fell_into_a_black_hole_does_not_arrive_later") {
        return;
    }
    let long = std::env::var("VESTIBULE_BLACK_HOLE").map_or(12, |seconds| seconds.parse().unwrap());
    let hole = Duration::from_secs(long);
    loopback("up");
    let (world, admin) = sample();
    let kisi = Kisi::start(world).unwrap();
    let client = Client::new(&plain(&kisi.base_url())).unwrap();
    let runtime = runtime();
    let login = runtime.block_on(client.create_login(&Secret::new(admin), KIOSK, "ada@example.com")).unwrap();
    assert_eq!(runtime.block_on(client.unlock(&login.secret, LOBBY)), Outcome::Accepted, "the connection is warm");

    loopback("down");
    let begin = now();
    let outcome = runtime.block_on(client.unlock(&login.secret, LOBBY));
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}: it may have been sent");
    assert!(begin.elapsed() < Duration::from_secs(10), "given up at its deadline");
    thread::sleep(hole.saturating_sub(begin.elapsed()));
    loopback("up");
    // The kernel would retransmit at growing intervals, none of which is longer than the outage.
    let until = now() + hole + Duration::from_secs(3);
    while now() < until {
        kisi.with(|world| assert_eq!(world.unlocks(), 1, "a late unlock"));
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(100)).await });
    }
    assert_eq!(runtime.block_on(client.unlock(&login.secret, LOBBY)), Outcome::Accepted, "usable again by itself");
    kisi.with(|world| assert_eq!(world.unlocks(), 2));
    println!("black hole of {long} s, then {} s: 0 late unlocks", hole.as_secs() + 3);
}

/// F10: an answer that is cut at any byte. The unlock is sent once, and its outcome is `Unknown` until the cut lies
/// behind the status line and headers.
#[test]
fn an_answer_that_is_cut_at_any_byte_is_unknown_until_its_head_is_there() {
    let (world, admin) = sample();
    let kisi = Kisi::start(world).unwrap();
    let client = Client::new(&plain(&kisi.base_url())).unwrap();
    let runtime = runtime();
    let login = runtime.block_on(client.create_login(&Secret::new(admin), KIOSK, "ada@example.com")).unwrap();
    for (refuse, whole) in [(false, None), (true, Some(Refusal::Right))] {
        let (mut accepted_from, mut taps) = (None, 0);
        for bytes in 0..400 {
            let before = kisi.with(|world| {
                let refused = Fault::refuse(403, "fcd8ef");
                let fault = if refuse { refused } else { Fault::default() };
                world.faults = vec![Fault { path: Some("/locks/101/unlock".into()), cut_after: Some(bytes), ..fault }];
                world.requests.len()
            });
            let outcome = runtime.block_on(client.unlock(&login.secret, LOBBY));
            taps += 1;
            let asked = kisi.with(|world| world.requests.len()) - before;
            assert_eq!(asked, 1, "one tap, one request, {bytes} bytes");
            let is_told = match (outcome, whole) {
                (Outcome::Accepted, None) => true,
                // A refusal with a cut body is still a refusal. Its reason then comes from the status.
                (Outcome::Refused(reason), Some(class)) => reason.class == class || reason.class == Refusal::Other,
                (Outcome::Unknown(_), _) => false,
                other => panic!("{other:?} after {bytes} bytes"),
            };
            match accepted_from {
                None if is_told => accepted_from = Some(bytes),
                Some(from) => assert!(is_told, "known from byte {from} on, but not at {bytes}"),
                None => {}
            }
        }
        let from = accepted_from.unwrap();
        assert!((60..300).contains(&from), "the headers end at byte {from}");
        println!("{taps} cuts: unknown below {from} bytes, known from there");
    }
}

/// F1, F2, F4, F5, F20, F21, R46: each network fault has its own diagnosis, so that support knows whom to send.
#[test]
fn each_network_fault_has_its_own_diagnosis() {
    let runtime = runtime();
    let secret = Secret::new("canary".to_owned());
    let outage = |client: &Client| runtime.block_on(client.doors(&secret)).unwrap_err().outage();
    let over_tls = |certificate| {
        let server = Server::with(certificate, sample().0);
        outage(&server.client())
    };
    assert_eq!(over_tls(Certificate::Expired), Some(Outage::Clock));
    assert_eq!(over_tls(Certificate::WrongName), Some(Outage::Unsafe));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(&plain(&format!("http://{nobody}"))).unwrap();
    assert_eq!(outage(&client), Some(Outage::Unreachable), "refused");

    // A proxy that is not there, and one that refuses every CONNECT.
    let keeper = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = keeper.local_addr().unwrap();
    let _ = thread::spawn(move || {
        for mut stream in keeper.incoming().flatten() {
            let _ =
                (stream.read(&mut [0; 1024]), stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
        }
    });
    for proxy in [nobody, closed] {
        let proxy = vestibule::base_url::Proxy::parse(&format!("http://{proxy}"));
        let client = Client::new(&Settings { proxy, ..plain("https://kisi.invalid") }).unwrap();
        assert_eq!(outage(&client), Some(Outage::Proxy));
        assert_eq!(runtime.block_on(client.unlock(&secret, LOBBY)), Outcome::NotSent, "R46: a proxy CONNECT");
    }

    let kisi = Kisi::start(sample().0).unwrap();
    let client = Client::new(&plain(&kisi.base_url())).unwrap();
    let html = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    for (fault, expected) in [
        (
            Fault { status: Some(200), headers: html, body: Some("<html>".into()), ..Fault::default() },
            Outage::Intercepted,
        ),
        (Fault { status: Some(511), ..Fault::default() }, Outage::Portal),
        (Fault { status: Some(503), ..Fault::default() }, Outage::Kisi),
        (Fault { status: Some(200), body: Some("[".into()), ..Fault::default() }, Outage::Intercepted),
        (Fault { cut_after: Some(0), ..Fault::default() }, Outage::NoAnswer),
    ] {
        kisi.with(|world| world.faults = vec![Fault { path: Some("/locks".into()), ..fault }]);
        assert_eq!(outage(&client), Some(expected));
    }
}

/// F1: a failed DNS lookup is reported within 3 s. The network namespace has no name server, so no query leaves this
/// machine.
#[test]
fn a_failed_dns_lookup_is_reported_within_three_seconds() {
    if !is_inside(module_path!(), "a_failed_dns_lookup_is_reported_within_three_seconds") {
        return;
    }
    let client = Client::new(&plain("https://kisi.invalid")).unwrap();
    let begin = now();
    let error = runtime().block_on(client.doors(&Secret::new("canary".to_owned()))).unwrap_err();
    assert_eq!(error.outage(), Some(Outage::Name), "{}", vestibule::error_chain::Chain(&error));
    assert!(begin.elapsed() < Duration::from_secs(3));
}

/// F27, F1, F2, I9: the screen at rest shows the outage, and removes the notice within 30 s after the network is back.
#[test]
fn an_outage_is_shown_at_rest_and_clears_by_itself() {
    let mut site = Site::new();
    let pin = site.enrol("ada@example.com", None, true);
    site.kisi.with(|world| world.unlimited = true);
    let proxy = Proxy::start(site.kisi.address());
    site.config.kisi.base_url = proxy.base_url();
    let mut kiosk = site.kiosk();
    kiosk.wait(Duration::from_millis(300));
    assert!(kiosk.shows(&english().say("prompt")) && !kiosk.shows(&english().network(Outage::Unreachable)));

    proxy.set(NetworkFaults { refuse: true, ..NetworkFaults::default() });
    kiosk.type_pin(&pin);
    assert!(kiosk.shows(&english().network(Outage::NoAnswer)) || kiosk.shows(&english().network(Outage::Unreachable)));
    kiosk.wait(Duration::from_secs(9));
    let says = |kiosk: &Kiosk| kiosk.texts().iter().any(|text| text.starts_with("The door service"));
    assert!(says(&kiosk), "the notice outlasts the refusal: {:?}", kiosk.texts());

    proxy.set(NetworkFaults::default());
    let took = kiosk.wait_for(Duration::from_secs(30), |kiosk| !says(kiosk));
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Hello Ada"), "back after {took:?}");
}

/// A kiosk behind a proxy that inspects TLS says "not secure" until the proxy's CA is installed, and takes it within 30 s
/// without anybody signing in.
#[test]
fn an_installed_ca_is_taken_while_nobody_signs_in() {
    if !is_inside(module_path!(), "an_installed_ca_is_taken_while_nobody_signs_in") {
        return;
    }
    loopback("up");
    let server = Server::start(sample().0);
    let certificates = tempfile::tempdir().unwrap();
    let bundle = certificates.path().join("ca-certificates.crt");
    fs::write(&bundle, Server::start(sample().0).pem).unwrap();
    mount(&["--bind", certificates.path().to_str().unwrap()], Path::new("/etc/ssl/certs"));
    let mut site = Site::new();
    site.config.kisi.base_url = server.settings().base_url;
    let mut kiosk = site.kiosk();
    let is_unsafe = |kiosk: &Kiosk| kiosk.shows(&english().network(Outage::Unsafe));
    let _ = kiosk.wait_for(Duration::from_secs(10), is_unsafe);
    kiosk.wait(Duration::from_secs(20));
    assert!(is_unsafe(&kiosk));
    server.simulator.with(|world| assert_eq!(world.requests.len(), 0));
    fs::write(&bundle, &server.pem).unwrap();
    let took = kiosk.wait_for(Duration::from_secs(30), |kiosk| !is_unsafe(kiosk));
    println!("the CA was taken after {} ms", took.as_millis());
}

/// F5: with a clock that is far from Kisi's, sign-in works but unlocks are refused, because a record would have no
/// valid time.
#[test]
fn a_wrong_clock_is_shown_and_blocks_unlocks() {
    let site = Site::new();
    let pin = site.enrol("ada@example.com", None, true);
    let date = |text: &str| vec![("Date".to_owned(), text.to_owned())];
    let tell = |text: &str| {
        let headers = date(text);
        site.kisi.with(|world| {
            world.faults = vec![Fault { headers, ..Fault::default() }];
        });
    };
    tell("Thu, 01 Jan 1970 00:00:00 GMT");
    let mut kiosk = site.kiosk();
    let _ = kiosk.wait_for(Duration::from_secs(5), |kiosk| kiosk.shows(&english().network(Outage::Clock)));
    kiosk.type_pin(&pin);
    assert!(kiosk.shows("Hello Ada"));
    kiosk.wait(Duration::from_millis(450));
    kiosk.tap_door("Main entrance");
    assert!(kiosk.shows(&english().advice(Outcome::WrongClock)));
    site.kisi.with(|world| {
        assert_eq!(world.unlocks(), 0);
        world.faults.clear();
    });
    // The next key at rest triggers a check that finds the clock right again.
    kiosk.tap(&english().say("sign-out"));
    kiosk.tap("1");
    kiosk.wait(Duration::from_millis(300));
    kiosk.tap(&english().say("back"));
    let _ = kiosk.wait_for(Duration::from_secs(5), |kiosk| !kiosk.shows(&english().network(Outage::Clock)));
    kiosk.type_pin(&pin);
    kiosk.wait(Duration::from_millis(450));
    kiosk.tap_door("Main entrance");
    assert!(kiosk.shows("Accepted"));
    let said: Vec<String> = site.records_once(Action::Clock, 2);
    assert!(said.len() == 2 && said[0].ends_with("s from Kisi's") && said[1] == "right", "{said:?}");
}
