//! Making a fleet, and who may connect to it how.

use std::path::Path;

use vestibule::{
    fleet::{self, Account, Address, Connection, Error, FirstKey, VERSION},
    secret::Secret,
};

use crate::support::postgres::{Postgres, recipient};

/// What a new fleet begins with.
fn first(recipient: &str) -> FirstKey<'_> {
    FirstKey { salt: [7; 16], cost: [65_536, 3, 4], recipient, wrapped: b"wrapped" }
}

/// Once by somebody who owns the database and is no superuser, as on a managed server. Afterwards they have no more rights than
/// an admin.
#[test]
fn an_owner_of_the_database_makes_a_fleet_and_keeps_no_right_over_its_tables() {
    let db = Postgres::start();
    db.on_server("CREATE ROLE dba LOGIN CREATEROLE; ALTER DATABASE fleet OWNER TO dba");
    db.in_fleet("ALTER SCHEMA public OWNER TO dba");
    let mut dba = db.as_admin("dba");
    db.run(fleet::init(&mut dba, &first(&recipient(1)))).unwrap();
    let settings = db.run(dba.settings()).unwrap();
    assert_eq!((settings.schema_version, settings.generation, settings.people), (VERSION, 1, 0));
    assert_eq!(db.run(dba.own_keys()).unwrap(), [(1, b"wrapped".to_vec())]);
    for table in ["fleet", "staff", "logins", "buckets"] {
        let error = db.run(dba.client().simple_query(&format!("SELECT * FROM vestibule.{table}"))).unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{table}: {error}");
    }
    assert!(matches!(db.run(fleet::init(&mut dba, &first(&recipient(1)))), Err(Error::Exists)));
    assert_eq!(db.run(fleet::upgrade(&mut dba)).unwrap(), VERSION);
    assert_eq!(db.run(dba.settings()).unwrap(), settings);
}

/// By name, so that a new function is looked at before somebody may call it.
#[test]
fn each_role_may_execute_its_functions_and_no_other() {
    let db = Postgres::with_fleet();
    let kiosk = db.admit(2, "HQ").role;
    let may = |role: &str| {
        db.value(&format!(
            "SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc WHERE pronamespace IN ('vestibule'::regnamespace, 'vestibule_api'::regnamespace)
             AND has_function_privilege('{role}', oid, 'EXECUTE')"
        ))
    };
    assert_eq!(may(&kiosk), "changed end_sessions hello intend intended look_up note outcome pay prune ship");
    assert_eq!(may("vestibule_join"), "request_join");
    assert_eq!(
        may("vestibule_admin"),
        "add_site admit adopt chain close counts end_sessions expel exposed guesses join_requests kiosks last_act next_staff open_joining own_keys owner people person \
         prune_all put records remove restored set set_sites settings sites"
    );
    // A kiosk has no right to any table or sequence, and each function takes its names from the catalog alone.
    let relations = format!(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'vestibule'::regnamespace AND CASE relkind WHEN 'r' THEN
             has_table_privilege('{kiosk}', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
             WHEN 'S' THEN has_sequence_privilege('{kiosk}', oid, 'USAGE, SELECT, UPDATE') ELSE false END"
    );
    assert_eq!(db.value(&relations), "0");
    let unsafe_ones = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'vestibule_api'::regnamespace
                       AND NOT (prosecdef AND proconfig @> ARRAY['search_path=pg_catalog, pg_temp'])";
    assert_eq!(db.value(unsafe_ones), "0");
}

#[test]
fn what_cannot_be_a_fleet_is_refused_and_left_as_it_was() {
    let db = Postgres::start_with("max_prepared_transactions = 5");
    let mut owner = db.owner();
    let made = db.run(fleet::init(&mut owner, &first(&recipient(1))));
    assert!(matches!(made, Err(Error::PreparedTransactions(5))), "{made:?}");
    for asked in [db.run(owner.settings()).map(drop), db.run(owner.sites()).map(drop)] {
        assert!(matches!(asked, Err(Error::NoFleet)), "{asked:?}");
    }
    assert!(matches!(db.run(fleet::upgrade(&mut owner)), Err(Error::NoFleet)));
    assert_eq!(db.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'vestibule%'"), "0");
    // A database of a newer version.
    let db = Postgres::with_fleet();
    db.in_fleet("UPDATE vestibule.fleet SET schema_version = 99");
    assert!(matches!(db.run(fleet::upgrade(&mut db.owner())), Err(Error::NewerSchema(99))));
}

/// A role that may not make roles fails as a whole: no half of a fleet is left.
#[test]
fn a_fleet_is_made_as_a_whole_or_not() {
    let db = Postgres::start();
    db.on_server("CREATE ROLE weak LOGIN; ALTER DATABASE fleet OWNER TO weak");
    let mut weak = db.as_admin("weak");
    let made = db.run(fleet::init(&mut weak, &first(&recipient(1))));
    assert!(made.as_ref().is_err_and(|error| error.sql_state().is_some_and(|code| code.code() == "42501")), "{made:?}");
    assert_eq!(db.value("SELECT to_regnamespace('vestibule') IS NULL"), "t");
}

/// The server's certificate, its name and channel binding are checked, whatever the address says.
#[test]
fn nobody_between_kiosk_and_database_gets_a_password() {
    let db = Postgres::with_fleet();
    let kiosk = db.admit(2, "HQ");
    assert!(db.connect(&kiosk.role, &kiosk.password).is_ok());
    let open = |url: String, ca: &Path, password: &str| {
        let account = Account { role: kiosk.role.clone(), password: Some(Secret::new(password.to_owned())) };
        db.run(Connection::open(&url.parse::<Address>().unwrap(), Some(ca), &account)).map(drop)
    };
    let other = Postgres::start();
    let (ours, theirs) = (db.ca(), other.ca());
    let by_number = db.url().replace("localhost", "127.0.0.1");
    for (url, ca, password, why) in [
        (db.url(), &theirs, kiosk.password.as_str(), "another authority"),
        (by_number, &ours, &kiosk.password, "another name"),
        (format!("{}?sslmode=disable&channel_binding=disable", db.url()), &theirs, &kiosk.password, "weakened"),
        (db.url(), &ours, "wrong", "another password"),
    ] {
        let opened = open(url, ca, password);
        assert!(matches!(opened, Err(Error::Connect(_))), "{why}: {opened:?}");
        assert!(!format!("{opened:?}").contains(&kiosk.password), "{why}");
    }
    let missing = open(db.url(), Path::new("/nonexistent/ca.crt"), &kiosk.password);
    assert!(missing.unwrap_err().to_string().contains("/nonexistent/ca.crt"));
    // Without TLS, and from the outside by trust: the server has no such line, and the kiosk would not ask.
    let used = "SELECT version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = session_user";
    let session = db.connect(&kiosk.role, &kiosk.password).unwrap();
    let version: String = db.run(session.client().query_one(used, &[])).unwrap().get(0);
    assert_eq!(version, "TLSv1.3");
}
