//! The Kisi client against the simulator over real TLS. Assertions are about the requests that arrived.

use vestibule::{
    door::{Code, Door, DoorId, DoorState, Outcome, Reason, Refusal},
    error_chain::Chain,
    kisi::{Client, Device, Error, Login},
    secret::Secret,
    simulator::{fault::Fault, world::World},
};

use crate::support::tls::{Certificate, Server, plain, sample};

const LOBBY: DoorId = DoorId::new(101);
const KIOSK: Device<'_> = Device { name: "Lobby", model: "kiosk" };

/// A server with the changed sample scene, a client, and a login of this person.
async fn with_login(email: &str, change: impl FnOnce(&mut World)) -> (Server, Client, Login) {
    let (mut world, admin) = sample();
    change(&mut world);
    let server = Server::start(world);
    let client = server.client();
    let login = client.create_login(&Secret::new(admin), KIOSK, email).await.unwrap();
    server.simulator.with(|world| world.requests.clear());
    (server, client, login)
}

/// A server with a person who has this many doors, and the list that the client read.
async fn doors_of(count: u64, change: impl FnOnce(&mut World)) -> (Server, Result<vestibule::kisi::Doors, Error>) {
    let (mut world, admin) = sample();
    let email = world.person_with_doors(count);
    change(&mut world);
    let server = Server::start(world);
    let client = server.client();
    let login = client.create_login(&Secret::new(admin), KIOSK, &email).await.unwrap();
    server.simulator.with(|world| world.requests.clear());
    let list = client.doors(&login.secret).await;
    (server, list)
}

/// F23: lists of 0 to 2,000 doors are read completely in the fewest pages.
#[tokio::test]
async fn lists_of_every_length_are_read_completely() {
    for (count, pages) in [(0, 1), (1, 1), (50, 1), (250, 1), (251, 2), (2_000, 8)] {
        let (server, list) = doors_of(count, |_| {}).await;
        let list = list.unwrap();
        assert_eq!(list.doors.len(), usize::try_from(count).unwrap());
        assert!(!list.truncated, "{count}");
        assert!(list.doors.is_sorted_by(|a, b| a.name < b.name), "{count}");
        server.simulator.with(|world| assert_eq!(world.requests.len(), pages, "{count}"));
    }
}

/// Without a range header, a page is the last one only when it is shorter than the first: a server may send fewer items
/// than it was asked for.
#[tokio::test]
async fn lists_without_a_range_end_at_a_page_that_is_shorter_than_the_first() {
    for (count, cap, pages) in [
        (0, None, 1),
        (3, None, 2),
        (249, None, 2),
        (250, None, 2),
        (251, None, 2),
        (180, Some(100), 2),
        (200, Some(100), 3),
        (99, Some(100), 2),
        (901, Some(100), 10),
    ] {
        let change = |world: &mut World| (world.switches.no_range, world.switches.page_cap) = (true, cap);
        let (server, list) = doors_of(count, change).await;
        let list = list.unwrap();
        assert_eq!(list.doors.len(), usize::try_from(count).unwrap(), "{count} {cap:?}");
        assert!(!list.truncated, "{count} {cap:?}");
        server.simulator.with(|world| assert_eq!(world.requests.len(), pages, "{count} {cap:?}"));
    }
}

/// A list is reported as incomplete when its end cannot be known: a server that repeats its first page, and one whose
/// small pages do not reach the end within the page limit.
#[tokio::test]
async fn a_list_whose_end_cannot_be_known_is_incomplete() {
    let (_server, list) =
        doors_of(1_100, |world| (world.switches.no_range, world.switches.page_cap) = (true, Some(100))).await;
    let list = list.unwrap();
    assert_eq!((list.doors.len(), list.truncated), (1_000, true));
    let repeated = Fault { body: Some(r#"[{"id": 1}, {"id": 2}]"#.to_owned()), ..Fault::default() }.at("GET", "/locks");
    let (_server, list) = doors_of(1, |world| world.faults = vec![repeated]).await;
    let list = list.unwrap();
    assert_eq!((list.doors.len(), list.truncated), (2, true));
}

/// F25, R39: with a wrong total or endless paging the client stops, after 10 pages at most.
#[tokio::test]
async fn a_server_that_lies_about_the_total_is_left_after_what_there_is() {
    let (server, list) = doors_of(300, |world| world.switches.lying_total = Some(1_000_000)).await;
    let list = list.unwrap();
    assert_eq!(list.doors.len(), 300);
    server.simulator.with(|world| assert!(world.requests.len() <= 4, "{}", world.requests.len()));
    let (_server, list) = doors_of(300, |world| world.switches.lying_total = Some(1)).await;
    assert_eq!(list.unwrap().doors.len(), 250, "the client trusts the total");
    let (server, list) = doors_of(10_000, |_| {}).await;
    let list = list.unwrap();
    assert!(list.truncated);
    assert_eq!(list.doors.len(), 2_000);
    server.simulator.with(|world| assert!(world.requests.len() <= 10));
}

#[tokio::test]
async fn limits_that_the_server_enforces_are_kept() {
    let (_server, list) = doors_of(251, |world| world.switches.strict_limit = true).await;
    assert_eq!(list.unwrap().doors.len(), 251);
}

/// F24, F26, T30, R43: equal, empty and bidirectional names are numbered, replaced and cleaned, and the order is
/// stable.
#[tokio::test]
async fn doors_come_in_order_with_names_that_can_be_drawn_and_told_apart() {
    let (_server, client, login) = with_login("juergen@example.com", |_| {}).await;
    let list = client.doors(&login.secret).await.unwrap();
    let names: Vec<&str> = list.doors.iter().map(|door| door.name.as_str()).collect();
    assert_eq!(names, ["Main entrance", "Café", "Cellar", "Door 204", "Lab A", "Meeting room", "Meeting room (2)"]);
    assert_eq!(login.name, "Jürgen Weiß");
}

/// A number never makes a name that another door has by itself, and names of other letters with the same shape are told
/// apart too.
#[tokio::test]
async fn no_two_doors_look_the_same() {
    let names = ["Vault", "Vault", "Vault (2)", "vault", "V\u{430}ult", "Vault (3)"];
    let doors: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(id, name)| format!(r#"{{"id": {}, "name": "{name}", "order_id": {id}, "place_id": 1}}"#, id + 1))
        .collect();
    let list = Fault { body: Some(format!("[{}]", doors.join(","))), ..Fault::default() }.at("GET", "/locks").times(1);
    let (_server, list) = doors_of(0, |world| {
        let nothing = Fault { body: Some("[]".to_owned()), ..Fault::default() }.at("GET", "/locks");
        world.faults = vec![list, nothing];
    })
    .await;
    let shown: Vec<String> = list.unwrap().doors.into_iter().map(|door| door.name).collect();
    assert_eq!(shown, ["Vault", "Vault (4)", "Vault (2)", "vault (5)", "V\u{430}ult (6)", "Vault (3)"]);
}

/// A page that ends before its own total leaves the list incomplete.
#[tokio::test]
async fn a_list_that_ends_before_its_total_is_incomplete() {
    let (_server, list) = doors_of(100, |world| world.switches.lying_total = Some(180)).await;
    let list = list.unwrap();
    assert_eq!((list.doors.len(), list.truncated), (100, true));
}

#[tokio::test]
async fn every_state_of_a_door_reaches_its_tile() {
    let (_server, client, login) = with_login("ada@example.com", |_| {}).await;
    let list = client.doors(&login.secret).await.unwrap();
    let state = |id| list.doors.iter().find(|door| door.id == DoorId::new(id)).map(|door| door.state);
    let expected = [
        (101, DoorState::Ready),
        (105, DoorState::Offline),
        (106, DoorState::Open),
        (107, DoorState::NeedsReader),
        (108, DoorState::NeedsPosition),
        (109, DoorState::NotSetUp),
    ];
    for (id, wanted) in expected {
        assert_eq!(state(id), Some(wanted), "{id}");
    }
}

/// T26, F4, I7, R42: with a wrong name, an expired certificate or an unknown issuer, no request reaches the server.
#[tokio::test]
async fn no_byte_of_a_login_reaches_a_server_whose_certificate_is_wrong() {
    let other = Server::start(sample().0);
    for (what, certificate) in
        [("name", Certificate::WrongName), ("date", Certificate::Expired), ("issuer", Certificate::Good)]
    {
        let server = Server::with(certificate, sample().0);
        let mut settings = server.settings();
        if what == "issuer" {
            settings.roots = other.settings().roots;
        }
        let client = Client::new(&settings).unwrap();
        let secret = Secret::new("canary".to_owned());
        assert!(matches!(client.doors(&secret).await, Err(Error::Unreachable(_))), "{what}");
        assert_eq!(client.unlock(&secret, LOBBY).await, Outcome::NotSent, "{what}");
        server.simulator.with(|world| {
            assert_eq!(world.connections, 0, "{what}");
            assert_eq!(world.requests.len(), 0, "{what}");
        });
    }
}

/// F58: a new leaf and a new intermediate certificate under the same root are accepted.
#[tokio::test]
async fn a_new_certificate_under_the_same_root_is_accepted() {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let trusted = params.self_signed(&key).unwrap().der().to_vec();
    let root = rcgen::Issuer::new(params, key);
    for certificate in ["of yesterday", "of today"] {
        let server = Server::under(&root, &trusted, sample().0);
        assert!(server.client().time().await.is_ok(), "{certificate}");
        server.simulator.with(|world| assert_eq!(world.connections, 1, "{certificate}"));
    }
}

/// T27, R37: a base URL with credentials, a query or another scheme is refused, and http except to loopback.
#[test]
fn addresses_that_would_send_a_login_in_clear_or_elsewhere_are_refused_before_anything_is_sent() {
    let refused = [
        "http://api.kisi.io",
        "http://192.168.0.10:9080",
        "http://localhost.example.com",
        "https://user:secret@api.kisi.io",
        "https://api.kisi.io/?key=1",
        "ftp://127.0.0.1",
        "api.kisi.io",
        "",
    ];
    for address in refused {
        let error = Client::new(&plain(address)).unwrap_err();
        assert!(error.to_string().starts_with("`kisi.base_url` is `"), "{address}: {error}");
    }
    for address in ["https://api.kisi.io", "https://api.kisi.io/", "http://127.0.0.1:9080", "http://[::1]:9080"] {
        assert!(Client::new(&plain(address)).is_ok(), "{address}");
    }
}

/// T24, F14, I7, R36: no redirect is followed; the other server sees no connection.
#[tokio::test]
async fn no_redirect_is_followed_to_another_host_port_or_scheme() {
    let other = Server::start(sample().0);
    let port = other.simulator.address().port();
    for status in [301, 302, 303, 307, 308] {
        for location in [format!("https://localhost:{port}/locks"), format!("http://127.0.0.1:{port}/locks")] {
            let (server, client, login) = with_login("ada@example.com", |_| {}).await;
            let headers = vec![("Location".to_owned(), location)];
            let fault = Fault { status: Some(status), headers, path: Some("/locks".into()), ..Fault::default() };
            server.simulator.with(|world| world.faults.push(fault));
            assert!(matches!(client.doors(&login.secret).await, Err(Error::NotKisi { status: s, .. }) if s == status));
            assert_eq!(client.unlock(&login.secret, LOBBY).await, Outcome::Unknown(None));
        }
    }
    other.simulator.with(|world| assert_eq!((world.connections, world.requests.len()), (0, 0)));
}

#[tokio::test]
async fn integration_headers_are_sent_with_every_request() {
    let (world, admin) = sample();
    let server = Server::start(world);
    let mut settings = server.settings();
    settings.integration_identifier = Some("vestibule".to_owned());
    settings.integration_contact = Some("access@example.com".to_owned());
    let client = Client::new(&settings).unwrap();
    let login = client.create_login(&Secret::new(admin), KIOSK, "ada@example.com").await.unwrap();
    let _ = client.doors(&login.secret).await.unwrap();
    let _ = client.unlock(&login.secret, LOBBY).await;
    let wanted = Some(("vestibule".to_owned(), "access@example.com".to_owned()));
    server.simulator.with(|world| assert!(world.requests.iter().all(|request| request.partner == wanted)));

    settings.integration_contact = Some("zwei\nzeilen".to_owned());
    let error = Client::new(&settings).unwrap_err();
    assert!(error.to_string().contains("kisi.integration_contact"), "{error}");
}

#[tokio::test]
async fn a_login_is_made_for_one_person_on_behalf_and_never_expires() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    server.simulator.with(|world| {
        let made = &world.logins[&login.id.get()];
        assert_eq!((made.kind, made.expire, made.name.as_deref()), ("device", false, Some("Lobby")));
        assert_eq!(made.secret, *login.secret.expose());
        assert!(world.violations.is_empty());
    });
    let identity = client.who_am_i(&login.secret).await.unwrap();
    assert_eq!((identity.id, identity.name.as_str()), (login.id, "Ada Lind"));
}

#[tokio::test]
async fn a_deleted_login_is_dead_and_cannot_be_deleted_twice() {
    let (world, admin) = sample();
    let server = Server::start(world);
    let (client, admin) = (server.client(), Secret::new(admin));
    let login = client.create_login(&admin, KIOSK, "ada@example.com").await.unwrap();
    client.delete_login(&admin, login.id).await.unwrap();
    assert!(client.who_am_i(&login.secret).await.unwrap_err().is_dead_login());
    assert_eq!(client.unlock(&login.secret, LOBBY).await.refusal(), Some(Refusal::Login));
    assert!(matches!(client.delete_login(&admin, login.id).await, Err(Error::Refused { status: 404, .. })));
}

#[tokio::test]
async fn logins_for_strangers_and_by_people_who_may_not_are_refused() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    let stranger = client.create_login(&login.secret, KIOSK, "nobody@example.com").await;
    assert!(matches!(stranger, Err(Error::Refused { status: 403 | 404, .. })));
    let other = client.create_login(&login.secret, KIOSK, "grace@example.com").await;
    assert!(matches!(other, Err(Error::Refused { status: 403, .. })));
    server.simulator.with(|world| assert_eq!(world.logins.len(), 2, "the admin's and Ada's"));
}

#[tokio::test]
async fn an_unlock_opens_one_door_once_in_that_persons_name() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    assert_eq!(client.unlock(&login.secret, LOBBY).await, Outcome::Accepted);
    server.simulator.with(|world| {
        assert_eq!(world.doors[&101].unlocks, 1);
        assert_eq!(world.unlocks(), 1);
        let event = world.events.last().unwrap();
        assert_eq!((event.kind, event.actor, event.login), ("lock.unlock", Some(2), Some(login.id.get())));
        assert_eq!((event.object, event.error_code.as_deref()), (("Lock", 101), None));
    });
}

fn reason(status: u16, code: &str) -> Reason {
    Reason::new(status, Code::new(Some(code)))
}

/// F16, F18: each refusal has its reason, and no door unlocks.
#[tokio::test]
async fn an_unlock_that_is_refused_says_why() {
    let expected = [
        ("sam@example.com", 101, Refusal::Suspended),
        ("lena@example.com", 101, Refusal::Later),
        ("lena@example.com", 201, Refusal::Right),
        ("nadia@example.com", 101, Refusal::Right),
        ("ned@example.com", 102, Refusal::Never),
        ("tara@example.com", 102, Refusal::Never),
        ("pia@example.com", 102, Refusal::Never),
        ("carlos@example.com", 102, Refusal::Later),
        ("ada@example.com", 106, Refusal::Open),
        ("ada@example.com", 107, Refusal::Prove),
        ("ada@example.com", 108, Refusal::Prove),
        ("ada@example.com", 424_242, Refusal::Gone),
    ];
    for (email, door, refusal) in expected {
        let (server, client, login) = with_login(email, |_| {}).await;
        let outcome = client.unlock(&login.secret, DoorId::new(door)).await;
        assert_eq!(outcome.refusal(), Some(refusal), "{email} at {door}");
        server.simulator.with(|world| assert_eq!(world.unlocks(), 0, "{email} at {door}"));
    }
}

/// F20: after a 5xx, a 408, a cut or a foreign answer the outcome is `Unknown`, whatever code it has. One request is
/// sent.
#[tokio::test]
async fn an_unlock_without_an_explicit_answer_is_unknown_and_is_never_repeated() {
    let cut = |after, reset| Fault { cut_after: Some(after), reset, ..Fault::default() };
    let html = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
    let faults = [
        ("503", Fault::refuse(503, "fac001"), Outcome::Unknown(Some(reason(503, "fac001")))),
        ("500", Fault { status: Some(500), ..Fault::default() }, Outcome::Unknown(None)),
        ("408", Fault { status: Some(408), ..Fault::default() }, Outcome::Unknown(None)),
        ("no answer at all", cut(0, false), Outcome::Unknown(None)),
        ("reset", cut(0, true), Outcome::Unknown(None)),
        ("half a status line", cut(8, false), Outcome::Unknown(None)),
        (
            "a foreign HTML page",
            Fault { headers: html, body: Some("<html>".into()), ..Fault::default() },
            Outcome::Unknown(None),
        ),
        ("never", Fault { never: true, ..Fault::default() }, Outcome::Unknown(None)),
        ("429", Fault { status: Some(429), ..Fault::default() }, Outcome::Refused(reason(429, ""))),
        ("an unknown code", Fault::refuse(403, "abcdef"), Outcome::Refused(reason(403, "abcdef"))),
        ("no body", Fault { status: Some(403), ..Fault::default() }, Outcome::Unknown(None)),
        ("a cut body", cut(170, false), Outcome::Accepted),
    ];
    for (what, fault, expected) in faults {
        let (server, client, login) = with_login("ada@example.com", |_| {}).await;
        server.simulator.with(|world| world.faults.push(Fault { path: Some("/locks/101/unlock".into()), ..fault }));
        assert_eq!(client.unlock(&login.secret, LOBBY).await, expected, "{what}");
        server.simulator.with(|world| {
            assert_eq!(world.requests.len(), 1, "{what}");
            assert_eq!(
                world.unlocks() == 1,
                ["never", "no answer at all", "reset", "half a status line", "a cut body"].contains(&what),
                "{what}"
            );
        });
    }
}

#[tokio::test]
async fn a_refused_connection_sends_nothing() {
    let (server, _, login) = with_login("ada@example.com", |_| {}).await;
    let settings = server.settings();
    drop(server);
    let client = Client::new(&settings).unwrap();
    assert_eq!(client.unlock(&login.secret, LOBBY).await, Outcome::NotSent);
}

/// F12: when the server has closed an idle connection, the client reconnects and sends the request once.
#[tokio::test]
async fn a_connection_closed_while_idle_is_reopened() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    let close = vec![("Connection".to_owned(), "close".to_owned())];
    server.simulator.with(|world| world.faults.push(Fault { headers: close, times: Some(1), ..Fault::default() }));
    let _ = client.doors(&login.secret).await.unwrap();
    assert_eq!(client.unlock(&login.secret, LOBBY).await, Outcome::Accepted);
    server.simulator.with(|world| assert_eq!(world.unlocks(), 1));
}

/// The warm-up, the lists and the unlock share one connection, and the warm-up carries no `Authorization`.
///
/// F13: the test server offers h2 in ALPN but speaks only HTTP/1.1. This passes only with a client that has no HTTP/2,
/// so no GOAWAY or `REFUSED_STREAM` can occur.
#[tokio::test]
async fn a_warm_connection_serves_the_list_and_the_unlock() {
    let (server, _, login) = with_login("ada@example.com", |_| {}).await;
    let client = server.client();
    let before = server.simulator.with(|world| world.connections);
    let _ = client.time().await.unwrap();
    let warm = server.simulator.with(|world| world.connections);
    assert_eq!(warm, before + 1);
    let _ = client.doors(&login.secret).await.unwrap();
    let _ = client.places_locked_down(&login.secret).await.unwrap();
    assert_eq!(client.unlock(&login.secret, LOBBY).await, Outcome::Accepted);
    server.simulator.with(|world| {
        assert_eq!(world.connections, warm, "no new connection");
        let warming = &world.requests[0];
        assert_eq!(
            (warming.method.as_str(), warming.has_authorization),
            ("OPTIONS", false),
            "the warm-up is anonymous"
        );
    });
}

/// T31, R39: an endless, malformed, deeply nested or cut list is an error.
#[tokio::test]
async fn an_answer_that_is_not_a_list_is_an_error() {
    let html = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    let text = |body: &str| Fault { body: Some(body.to_owned()), ..Fault::default() };
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let list = |fault: Fault| async {
        let (server, client, login) = with_login("ada@example.com", |_| {}).await;
        server.simulator.with(|world| world.faults.push(fault.at("GET", "/locks")));
        client.doors(&login.secret).await
    };
    assert!(matches!(
        list(Fault { endless: true, ..Fault::default() }).await,
        Err(Error::TooLarge { limit: 1_048_576 })
    ));
    assert!(matches!(list(Fault { headers: html, ..text("<html>") }).await, Err(Error::NotKisi { status: 200, .. })));
    assert!(matches!(list(text("{}")).await, Err(Error::NotKisi { .. })));
    assert!(matches!(list(text("[")).await, Err(Error::Malformed { operation: "GET /locks", .. })));
    assert!(matches!(list(text("")).await, Err(Error::Malformed { .. })));
    assert!(matches!(list(text(&deep)).await, Err(Error::Malformed { .. })));
    assert!(matches!(list(Fault { cut_after: Some(400), ..Fault::default() }).await, Err(Error::Unclear(_))));
    assert!(matches!(list(Fault::refuse(403, "fcd8ff")).await, Err(Error::Refused { status: 403, .. })));
}

/// F22: unreadable items are dropped and counted, and the others kept.
#[tokio::test]
async fn items_that_cannot_be_read_are_dropped_and_counted() {
    let body = r#"[{"id": 1, "name": "A"}, {"name": "no id"}, {"id": 2, "online": "yes"}, null, 7, {"id": 1, "name": "A"}, {"id": 3}]"#;
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    let fault = Fault { body: Some(body.to_owned()), ..Fault::default() };
    server.simulator.with(|world| world.faults.push(fault.at("GET", "/locks").times(1)));
    server.simulator.with(|world| world.switches.no_range = true);
    let nothing = Fault { body: Some("[]".to_owned()), ..Fault::default() };
    server.simulator.with(|world| world.faults.push(nothing.at("GET", "/locks")));
    let list = client.doors(&login.secret).await.unwrap();
    let ids: Vec<u64> = list.doors.iter().map(|door: &Door| door.id.get()).collect();
    assert_eq!((ids.as_slice(), list.dropped), (&[1, 3][..], 4));
}

/// F11: an answer in slices of 1 byte is accepted.
#[tokio::test]
async fn an_answer_in_slices_of_one_byte_is_accepted() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    server.simulator.with(|world| world.faults.push(Fault { slice_ms: Some(1), ..Fault::default() }));
    assert_eq!(client.unlock(&login.secret, LOBBY).await, Outcome::Accepted);
}

#[tokio::test]
async fn no_error_contains_a_secret_an_address_or_a_body() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    let body = r#"{"id": "canary-in-body", "secret": 5}"#;
    server.simulator.with(|world| {
        world.faults.push(Fault { body: Some(body.to_owned()), ..Fault::default() }.at("POST", "/logins"));
        world.faults.push(Fault { cut_after: Some(0), ..Fault::default() });
    });
    let admin = Secret::new("canary-admin-key".to_owned());
    let made = client.create_login(&admin, KIOSK, "ada@example.com").await.unwrap_err();
    let listed = client.doors(&login.secret).await.unwrap_err();
    let broken = client.doors(&Secret::new("canary\nsecret".to_owned())).await.unwrap_err();
    assert!(matches!(broken, Error::Secret));
    for error in [&made, &listed, &broken] {
        let shown = format!("{} {error:?}", Chain(error));
        for canary in ["canary", login.secret.expose(), "localhost"] {
            assert!(!shown.contains(canary), "{canary}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_lockdown_of_a_place_is_reported_even_if_its_locks_do_not_show_it() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    assert_eq!(client.places_locked_down(&login.secret).await.unwrap(), [].into());
    server.simulator.with(|world| {
        let now = world.clock.now();
        world.places.get_mut(&1).unwrap().locked_down_since = Some(now);
    });
    let places = client.places_locked_down(&login.secret).await.unwrap();
    assert_eq!(places.keys().map(|place| place.get()).collect::<Vec<_>>(), [1]);
    assert!(places.values().all(Option::is_some), "and since when");
    assert_eq!(client.unlock(&login.secret, LOBBY).await.refusal(), Some(Refusal::LockedDown));
    let state = |doors: &[Door]| doors.iter().find(|door| door.id == LOBBY).unwrap().state;
    assert_eq!(state(&client.doors(&login.secret).await.unwrap().doors), DoorState::Ready);
    server.simulator.with(|world| world.switches.mirror_lock_down = true);
    assert!(matches!(state(&client.doors(&login.secret).await.unwrap().doors), DoorState::LockedDown(Some(_))));
}

/// F19, F20, R41: the server sees a read at most three times and an unlock once, whatever `Retry-After` says. The rate
/// limit is tested in `kisi::rate_limit`.
#[tokio::test]
async fn a_read_is_retried_and_an_unlock_is_not() {
    let (server, client, login) = with_login("ada@example.com", |world| world.unlimited = true).await;
    let asked = |path: &str| {
        server.simulator.with(|world| world.requests.iter().filter(|request| request.path == path).count())
    };
    for (header, reads) in [("", 3), ("1", 3), ("3600", 1), ("abc", 3), ("-1", 3)] {
        let headers = vec![("Retry-After".to_owned(), header.to_owned())];
        server.simulator.with(|world| {
            world.requests.clear();
            world.faults = vec![Fault { status: Some(429), headers, ..Fault::default() }];
        });
        assert!(matches!(client.doors(&login.secret).await, Err(Error::Refused { status: 429, .. })));
        assert_eq!(asked("/locks"), reads, "{header}");
        let Outcome::Refused(reason) = client.unlock(&login.secret, LOBBY).await else { panic!() };
        assert_eq!(asked("/locks/101/unlock"), 1, "{header}");
        let again = if header == "3600" { 60 } else { 2 };
        assert_eq!(
            (reason.class, reason.again_in()),
            (Refusal::TooFast, Some(std::time::Duration::from_secs(again))),
            "{header}"
        );
    }
    server.simulator.with(|world| world.faults = vec![Fault { status: Some(503), ..Fault::default() }.times(2)]);
    assert!(client.doors(&login.secret).await.is_ok(), "the third attempt is answered");
}

/// F59: `Deprecation` and `Sunset` headers are collected for the technician screen.
#[tokio::test]
async fn deprecation_and_sunset_headers_are_collected() {
    let (server, client, login) = with_login("ada@example.com", |_| {}).await;
    assert_eq!(client.announced(), Vec::<String>::new());
    let headers = vec![
        ("Deprecation".to_owned(), "@1767225600".to_owned()),
        ("Sunset".to_owned(), "Fri, 01 Jan 2027 00:00:00 GMT".to_owned()),
    ];
    server.simulator.with(|world| world.faults = vec![Fault { headers, ..Fault::default() }]);
    let _ = client.reconnected().unwrap().doors(&login.secret).await.unwrap();
    let said = "GET /locks: deprecated since @1767225600, to be removed on Fri, 01 Jan 2027 00:00:00 GMT";
    assert_eq!(client.announced(), [said], "shared by reconnected clients");
}

/// F20, F21: the reachability probe (`OPTIONS`) counts 4xx and 500 as reachable, but not redirects, HTML with 200, 502
/// to 504 and 511.
#[tokio::test]
async fn a_probe_that_is_refused_counts_as_reachable() {
    let (server, client, _) = with_login("ada@example.com", |_| {}).await;
    for (status, is_there) in [
        (200, true),
        (204, true),
        (302, false),
        (403, true),
        (404, true),
        (405, true),
        (407, false),
        (451, false),
        (500, true),
        (501, true),
        (502, false),
        (503, false),
        (504, false),
        (511, false),
    ] {
        let fault = Fault { status: Some(status), ..Fault::default() };
        server.simulator.with(|world| world.faults = vec![fault.clone()]);
        assert_eq!(client.time().await.is_ok(), is_there, "{status}");
        assert!(client.prove().await.is_err(), "{status}: without Kisi's error body nothing is proven");
        let headers = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
        server.simulator.with(|world| world.faults = vec![Fault { headers, body: Some("<p>".into()), ..fault }]);
        assert!(client.time().await.is_err(), "{status}: a page of a box in between");
    }
    server.simulator.with(|world| world.faults.clear());
    assert!(client.prove().await.unwrap().is_some());
}
