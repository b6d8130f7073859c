//! A kiosk joins the fleet by a code, and is expelled (T45, T46).

use vestibule::fleet::{Error, JOIN_ROLE, JoinRequest, Refusal, WaitingKiosk};

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
    assert!(matches!(&no_site, Error::Refused(Refusal::Unknown(what)) if what == "no such site"), "{no_site:?}");
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
    assert!(matches!(&twice, Err(error) if error.sql_state().is_some_and(|code| code.code() == "23505")), "{twice:?}");
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
