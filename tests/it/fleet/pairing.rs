//! A kiosk joins the fleet by a code, and is expelled (T45, T46).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use vestibule::{
    fleet::{Account, Connection, Error, JOIN_ROLE, JoinRequest, Refusal, WaitingKiosk},
    secret::Secret,
};

use crate::support::postgres::{Postgres, recipient};

const HELLO: &str = "SELECT generation, keys FROM vestibule_api.hello(1)";

#[test]
fn a_kiosk_joins_by_its_code_and_nobody_needs_a_secret() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    assert!(matches!(db.connect(JOIN_ROLE, "join"), Err(Error::Connect(_))), "joining is closed");
    db.run(owner.open_joining(15)).unwrap();
    let request = JoinRequest::new(recipient(2)).unwrap();
    let stranger = db.connect(JOIN_ROLE, "join").unwrap();
    db.run(request.leave(&stranger)).unwrap();
    db.run(request.leave(&stranger)).unwrap();
    let early = db.connect(&request.role(), request.password.expose());
    assert!(matches!(early, Err(Error::Connect(_))), "nobody has admitted it yet");

    let waiting = db.run(owner.waiting()).unwrap();
    let found: Vec<&WaitingKiosk> = waiting.iter().filter(|kiosk| kiosk.code() == request.code()).collect();
    assert_eq!(found, [&WaitingKiosk::from(&request)]);
    let no_site = db.run(owner.admit(found[0], "Lobby", "Nowhere", (1, b"key"))).unwrap_err();
    assert!(
        matches!(&no_site, Error::Refused(Refusal::Unknown(what)) if what == "no such site: Nowhere"),
        "{no_site:?}"
    );
    assert_eq!(db.run(owner.admit(found[0], "Lobby", "hq", (1, b"key"))).unwrap(), request.role());
    assert_eq!(db.run(owner.waiting()).unwrap(), []);

    let kiosk = db.connect(&request.role(), request.password.expose()).unwrap();
    let row = db.run(kiosk.client().query_one(HELLO, &[])).unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, Vec<Vec<u8>>>(1)), (1, vec![b"key".to_vec()]));
    let listed = db.run(owner.kiosks()).unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].site.as_str()), (1, "Lobby", "HQ"));
    assert!(listed[0].is_connected && listed[0].last_contact.is_some() && listed[0].expelled.is_none());
    // Another one of this name would be mistaken for it.
    let other = JoinRequest::new(recipient(3)).unwrap();
    let twice = db.run(owner.admit(&(&other).into(), "LOBBY", "HQ", (1, b"key")));
    assert!(matches!(&twice, Err(Error::Refused(Refusal::Malformed(why))) if why.contains("LOBBY")), "{twice:?}");
}

/// A database that lies about a key, or a stranger who copies one, has another code.
#[test]
fn what_a_liar_shows_has_another_code() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    db.run(owner.open_joining(15)).unwrap();
    let stranger = db.connect(JOIN_ROLE, "join").unwrap();
    let request = JoinRequest::new(recipient(2)).unwrap();
    db.run(request.leave(&stranger)).unwrap();
    // The same key with a verifier of the stranger's: the first one stays.
    let copied = JoinRequest::new(recipient(2)).unwrap();
    db.run(copied.leave(&stranger)).unwrap();
    let waiting = db.run(owner.waiting()).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].code(), request.code());
    assert_ne!(copied.code(), request.code());
    db.in_fleet(&format!("UPDATE vestibule.join_requests SET verifier = '{}'", copied.verifier));
    assert!(db.run(owner.waiting()).unwrap().iter().all(|kiosk| kiosk.code() != request.code()));
}

/// After `expel` has returned, nothing that the kiosk holds is accepted: no new connection, no open one, no open transaction.
#[test]
fn an_expelled_kiosk_has_nothing_left() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    let (stolen, honest) = (db.admit(2, "HQ"), db.admit(3, "HQ"));
    db.in_fleet("INSERT INTO vestibule.staff VALUES (1, 'ada@example.com', 'Ada', substr(sha256('x'), 1, 16), 1, 1)");
    db.in_fleet(
        "INSERT INTO vestibule.staff VALUES (2, 'grace@example.com', 'Grace', substr(sha256('y'), 1, 16), 1, 2)",
    );
    db.in_fleet("INSERT INTO vestibule.staff_sites SELECT id, 1 FROM vestibule.staff");
    db.in_fleet(
        "INSERT INTO vestibule.tags VALUES ('badge', sha256('badge 1'), 1, 1), ('badge', sha256('badge 2'), 2, 1)",
    );
    let thief = db.connect(&stolen.role, &stolen.password).unwrap();
    let other = db.connect(&honest.role, &honest.password).unwrap();
    let sign_in = |connection: &vestibule::fleet::Connection, person: u32| {
        let _ = db
            .run(
                connection
                    .client()
                    .simple_query(&format!("SELECT vestibule_api.pay('badge', sha256('badge {person}'))")),
            )
            .unwrap();
        db.run(connection.client().query("SELECT email FROM vestibule_api.look_up()", &[])).unwrap().len()
    };
    assert_eq!((sign_in(&thief, 1), sign_in(&other, 2)), (1, 1));
    let _ = db.run(thief.client().simple_query("BEGIN; SELECT vestibule_api.hello(1)")).unwrap();
    let exposed = db.run(owner.expel("kiosk 2")).unwrap();
    let only_ada = (stolen.role.clone(), vec!["ada@example.com".to_owned()]);
    assert_eq!(exposed, only_ada, "only those whose rows it got");
    assert!(db.run(thief.client().simple_query("SELECT 1")).is_err(), "its session has ended");
    assert!(matches!(db.connect(&stolen.role, &stolen.password), Err(Error::Connect(_))));
    assert!(db.run(other.client().simple_query("SELECT 1")).is_ok());
    // Again, as after a command that was cut off.
    assert_eq!(db.run(owner.expel("Kiosk 2")).unwrap(), only_ada);
    let nobody = db.run(owner.expel("Kiosk 9"));
    assert!(matches!(nobody, Err(Error::Refused(Refusal::Unknown(_)))), "{nobody:?}");
    // Its name is free for the kiosk that replaces it.
    let next = JoinRequest::new(recipient(5)).unwrap();
    let _ = db.run(owner.admit(&(&next).into(), "Kiosk 2", "HQ", (1, b"key"))).unwrap();
    let listed = db.run(owner.kiosks()).unwrap();
    assert_eq!(listed.iter().map(|kiosk| kiosk.expelled.is_some()).collect::<Vec<_>>(), [false, false, true]);
}

/// A kiosk, or a stranger while joining is open, may change its own role, and holds the role's row as long as it likes.
#[test]
fn no_role_that_changes_itself_stops_an_admin() {
    let db = Postgres::with_fleet();
    let (thief, stolen) = (db.admit(2, "HQ"), db.owner());
    let is_stopped = Arc::new(AtomicBool::new(false));
    let begin = |role: String, password: String, sql: &'static str| {
        let (url, ca, is_stopped) = (db.url(), db.ca(), Arc::clone(&is_stopped));
        db.spawn(async move {
            while !is_stopped.load(Ordering::Relaxed) {
                let account = Account { role: role.clone(), password: Some(Secret::new(password.clone())) };
                let Ok(session) = Connection::open(&url.parse().unwrap(), Some(&ca), &account).await else { continue };
                while session.client().batch_execute(sql).await.is_ok() {}
            }
        })
    };
    // The password stays the same, so that it can come back.
    let change: &'static str =
        format!("BEGIN; ALTER ROLE CURRENT_USER PASSWORD '{}'; SELECT pg_sleep(0.02); COMMIT", thief.password).leak();
    let hold: &'static str =
        format!("BEGIN; ALTER ROLE CURRENT_USER PASSWORD '{}'; SELECT pg_sleep(60); COMMIT", thief.password).leak();
    let mut attackers: Vec<_> =
        [change, change, hold].map(|sql| begin(thief.role.clone(), thief.password.clone(), sql)).into();
    std::thread::sleep(Duration::from_secs(1));
    let (role, _) = db.run(stolen.expel("Kiosk 2")).unwrap();
    assert_eq!(role, thief.role);
    assert!(db.connect(&thief.role, &thief.password).is_err(), "it is cut off");

    db.run(stolen.open_joining(15)).unwrap();
    let stranger = "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'join'; ALTER ROLE CURRENT_USER SET statement_timeout = '50ms'; SELECT pg_sleep(60)";
    attackers.extend([stranger, stranger].map(|sql| begin("vestibule_join".to_owned(), "join".to_owned(), sql)));
    std::thread::sleep(Duration::from_secs(1));
    db.run(stolen.open_joining(15)).unwrap();
    is_stopped.store(true, Ordering::Relaxed);
    attackers.iter().for_each(tokio::task::JoinHandle::abort);
    // What they made of the role is gone, and so is a list that they filled.
    db.on_server("ALTER ROLE vestibule_join PASSWORD 'mine'");
    db.on_server("ALTER ROLE vestibule_join SET statement_timeout = '1ms'");
    db.on_server("ALTER ROLE vestibule_join CONNECTION LIMIT 0");
    let full = "INSERT INTO vestibule.join_requests (public_key, verifier) SELECT 'age1' || lpad(translate(n::text, '0123456789', 'qpzry9x8gf'), 58, 'q'), 'x' FROM generate_series(1, 32) AS n";
    db.in_fleet(full);
    db.run(stolen.open_joining(15)).unwrap();
    let request = JoinRequest::new(recipient(9)).unwrap();
    let honest = db.connect("vestibule_join", "join").unwrap();
    db.run(request.leave(&honest)).unwrap();
    assert_eq!(db.run(stolen.waiting()).unwrap().len(), 1);
    // Its sessions end with the time.
    db.on_server("ALTER ROLE vestibule_join VALID UNTIL '-infinity'");
    db.in_fleet("SELECT vestibule_api.end_sessions()");
    assert!(db.run(honest.client().simple_query("SELECT 1")).is_err(), "a session outlives the time");
}

#[test]
fn names_of_sites_and_kiosks_can_be_told_apart_and_stay_on_their_line() {
    let db = Postgres::with_fleet();
    let owner = db.owner();
    for name in ["", " ", "HQ ", " HQ", "H\nQ", "H\u{1b}Q", "HQ\u{200b}", "HQ\u{202e}", "H\u{a0}Q", &"x".repeat(101)] {
        let refused = db.run(owner.add_site(name, "UTC"));
        assert!(matches!(refused, Err(Error::Refused(Refusal::Malformed(_)))), "{name:?}: {refused:?}");
    }
    for name in ["Nürnberg 2", "東京", "It's \"ours\"; DROP TABLE", &"é".repeat(100)] {
        db.run(owner.add_site(name, "UTC")).unwrap();
    }
    let again = db.run(owner.add_site("nürnberg 2", "UTC"));
    assert!(matches!(&again, Err(Error::Refused(Refusal::Malformed(why))) if why.contains("already")), "{again:?}");
    let _ = db.admit(2, "HQ");
    let request = JoinRequest::new(recipient(7)).unwrap();
    let admit =
        |name: &str, site: &str| db.run(owner.admit(&WaitingKiosk::from(&request), name, site, (1, b"wrapped")));
    for (name, site, words) in [
        ("kiosk 2", "HQ", "has the name"),
        ("Ki\tosk", "HQ", "nothing invisible"),
        ("Desk", "Nowhere", "no such site: Nowhere"),
    ] {
        let refused = admit(name, site).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
    let role = admit("Desk", "HQ").unwrap();
    let again = admit("Desk 2", "HQ").unwrap_err().to_string();
    assert!(again.contains("--anew"), "{again}");
    // An expelled kiosk is named by its role where another one has its name.
    let _ = db.run(owner.expel("Desk")).unwrap();
    let other = JoinRequest::new(recipient(8)).unwrap();
    let live = db.run(owner.admit(&WaitingKiosk::from(&other), "Desk", "HQ", (1, b"wrapped"))).unwrap();
    assert_eq!(db.run(owner.expel(&role)).unwrap().0, role);
    assert_eq!(db.value(&format!("SELECT expelled IS NULL FROM vestibule.kiosks WHERE role = '{live}'")), "t");
}
