//! A kiosk whose program is hostile: it has its own credentials, and speaks any SQL in any order on all connections that it gets (T41).

use std::thread;

use vestibule::{
    door::DoorId,
    fleet::{Connection, Error, Intended, Intent, JOIN_ROLE, Setting},
    staff::{PersonRows, StaffId},
};

use super::hostile_statements::{ALLOWED, REFUSED, REFUSED_TO_STRANGERS};
use crate::support::{
    headless::now,
    postgres::{Member, Postgres, recipient},
};

/// Guesses that a bucket of PINs holds.
const GUESSES: usize = 10;
/// A person's unlocks in an hour, in the test of limits.
const LIMIT: usize = 5;
/// A kiosk ships its first record.
const SHIP: &str = "SELECT vestibule_api.ship(1, decode(repeat('00', 32), 'hex'), ARRAY['a']::bytea[], sha256(decode(repeat('00', 32), 'hex') || 'a'))";
/// Everything that is not the first kiosk's own, as one checksum.
const OF_OTHERS: &str = "SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM (
    SELECT 'staff' || s::text FROM vestibule.staff s UNION ALL SELECT 'tag' || t::text FROM vestibule.tags t
    UNION ALL SELECT 'login' || l::text FROM vestibule.logins l UNION ALL SELECT 'sites' || s::text FROM vestibule.staff_sites s
    UNION ALL SELECT 'site' || s::text FROM vestibule.sites s UNION ALL SELECT 'fleet' || f::text FROM vestibule.fleet f
    UNION ALL SELECT 'door' || d::text FROM vestibule.door_limits d UNION ALL SELECT 'rate' || r::text FROM vestibule.rates r
    UNION ALL SELECT 'last' || l::text FROM vestibule.last_staff l UNION ALL SELECT 'version' || last_value FROM vestibule.versions
    UNION ALL SELECT 'act' || a::text FROM vestibule.acts a UNION ALL SELECT 'admin' || a::text FROM vestibule.admins a
    UNION ALL SELECT 'key' || k::text FROM vestibule.wrapped_keys k UNION ALL SELECT 'kiosk' || k::text FROM vestibule.kiosks k
    UNION ALL SELECT 'join' || j::text FROM vestibule.join_requests j
    UNION ALL SELECT 'audit' || a::text FROM vestibule.audit a WHERE kiosk <> 1
    UNION ALL SELECT 'intent' || i::text FROM vestibule.intents i WHERE kiosk <> 1
    UNION ALL SELECT 'head' || h::text FROM vestibule.heads h WHERE kiosk <> 1
    UNION ALL SELECT 'contact' || c::text FROM vestibule.contacts c WHERE kiosk <> 1
    UNION ALL SELECT 'seen' || s::text FROM vestibule.seen s WHERE kiosk <> 1
    UNION ALL SELECT 'bucket' || b::text FROM vestibule.buckets b WHERE kiosk <> 1
    UNION ALL SELECT 'payment' || p::text FROM vestibule.payments p WHERE kiosk <> 1
    UNION ALL SELECT 'try' || t::text FROM vestibule.tries t
    UNION ALL SELECT 'habit' || h::text FROM vestibule.habits h WHERE staff <> 1
    UNION ALL SELECT 'role' || r::text FROM pg_roles r UNION ALL SELECT 'function' || p.oid || p.proacl::text FROM pg_proc p
) AS all_of_it (x)";
/// What is the first kiosk's own, as one checksum.
const OWN: &str = "SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM (
    SELECT 'audit' || a::text FROM vestibule.audit a UNION ALL SELECT 'intent' || i::text FROM vestibule.intents i
    UNION ALL SELECT 'head' || h::text FROM vestibule.heads h UNION ALL SELECT 'habit' || h::text FROM vestibule.habits h
) AS all_of_it (x)";

/// A fleet with 20 people. Persons with odd numbers may come in at `HQ`, the others at `Plant`. The first kiosk is hostile.
struct Fleet {
    db: Postgres,
    evil: Member,
    other: Member,
}

impl Fleet {
    fn new() -> Self {
        let db = Postgres::with_fleet();
        db.run(db.owner().add_site("Plant", "Asia/Tokyo")).unwrap();
        db.in_fleet(
            "INSERT INTO vestibule.staff (id, email, name, salt, revision, login_id, everywhere)
                 SELECT n, 'person' || n || '@example.com', 'Person ' || n, substr(sha256(('s' || n)::bytea), 1, 16), 1, n, false
                 FROM generate_series(1, 20) n;
             INSERT INTO vestibule.staff_sites SELECT n, 2 - n % 2 FROM generate_series(1, 20) n;
             INSERT INTO vestibule.tags (kind, tag, staff, generation) SELECT kind, sha256((kind || ' ' || n)::bytea), n, 1
                 FROM generate_series(1, 20) n, unnest(ARRAY['pin', 'badge']) kind;
             INSERT INTO vestibule.logins SELECT n, opener, 1, 1, substr(sha256(('n' || n)::bytea), 1, 24), sha256(('login' || n)::bytea)
                 FROM generate_series(1, 20) n, unnest(ARRAY['pin', 'device']) opener",
        );
        let (evil, other) = (db.admit(2, "HQ"), db.admit(3, "Plant"));
        Self { db, evil, other }
    }

    fn connect(&self, member: &Member) -> Session<'_> {
        Session { fleet: self, connection: self.db.connect(&member.role, &member.password).unwrap() }
    }

    /// Guesses that the hostile kiosk has left.
    fn guesses(&self) -> usize {
        let sql = format!(
            "SELECT floor(extract(epoch FROM now() + holds * refill - greatest(full_at, now())) / extract(epoch FROM refill))
             FROM vestibule.buckets JOIN vestibule.rates USING (kind) JOIN vestibule.kiosks k ON k.id = kiosk
             WHERE role = '{}' AND kind = 'pin'",
            self.evil.role
        );
        self.db.value(&sql).parse().unwrap()
    }

    fn refill(&self) {
        self.db.in_fleet(
            "UPDATE vestibule.buckets SET full_at = clock_timestamp(); TRUNCATE vestibule.payments, vestibule.tries",
        );
    }
}

/// A connection of a kiosk.
struct Session<'a> {
    fleet: &'a Fleet,
    connection: Connection,
}

impl Session<'_> {
    /// Runs statements. Returns the SQLSTATE, or nothing when they work.
    fn run(&self, sql: &str) -> Option<String> {
        let done = self.fleet.db.run(self.connection.client().simple_query(sql));
        done.err().map(|error| error.code().map_or_else(|| "closed".to_owned(), |code| code.code().to_owned()))
    }

    /// Number of rows.
    fn rows(&self, sql: &str) -> usize {
        self.fleet.db.run(self.connection.client().query(sql, &[])).unwrap().len()
    }

    /// Pays for a PIN and looks it up. Returns how many people it finds.
    fn sign_in(&self, person: u32) -> usize {
        assert_eq!(self.run(&format!("SELECT vestibule_api.pay('pin', sha256('pin {person}'))")), None);
        self.rows("SELECT staff FROM vestibule_api.look_up()")
    }
}

#[test]
fn no_statement_reads_lists_changes_or_forges_what_is_not_its_own() {
    let fleet = Fleet::new();
    let (evil, other) = (fleet.connect(&fleet.evil), fleet.connect(&fleet.other));
    assert_eq!((evil.sign_in(1), other.sign_in(2)), (1, 1));
    assert_eq!(other.run("SELECT vestibule_api.intend(1, 2, 7)"), None);
    assert_eq!(other.run(SHIP), None);
    assert_eq!(other.run("SELECT vestibule_api.note(2, 'de', true)"), None);
    let (before, own) = (fleet.db.value(OF_OTHERS), fleet.db.value(OWN));
    let tables = fleet.db.value("SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'vestibule'");
    let reads = tables.split(' ').flat_map(|table| {
        [format!("SELECT * FROM vestibule.{table} LIMIT 1"), format!("SELECT count(*) FROM ONLY vestibule.{table}")]
    });
    let statements =
        REFUSED.iter().map(|sql| sql.replace("{other}", &fleet.other.role).replace("{self}", &fleet.evil.role));
    let (mut tried, mut got_through) = (0, Vec::new());
    for sql in reads.chain(statements) {
        let is_refused = evil.run(&sql).is_some();
        let _ = evil.run("ROLLBACK");
        let is_refused_inside = evil.run(&format!("BEGIN; SAVEPOINT s; {sql}; COMMIT")).is_some();
        let _ = evil.run("ROLLBACK");
        if !is_refused || !is_refused_inside {
            got_through.push(sql);
        }
        tried += 1;
    }
    println!("{tried} hostile statements, each alone and in a transaction");
    assert!(200 <= tried, "{tried}");
    assert_eq!(got_through, Vec::<String>::new());
    assert_eq!((fleet.db.value(OF_OTHERS), fleet.db.value(OWN)), (before, own), "something has changed");
    // It is told nothing about people by what everybody may read.
    for view in [
        "pg_stat_activity",
        "pg_stat_ssl",
        "pg_stats",
        "pg_settings",
        "pg_cursors",
        "pg_prepared_statements",
        "pg_roles",
    ] {
        let sql =
            format!("SELECT count(*) FROM {view} AS v WHERE v::text LIKE '%example.com%' OR v::text LIKE '%Person %'");
        let row = fleet.db.run(evil.connection.client().query_one(&sql, &[])).unwrap();
        assert!(row.get::<_, i64>(0) <= 1, "{view}: only its own query");
    }
    assert_eq!(other.run("SELECT 1"), None, "nobody else was disturbed");
}

/// What is paid is committed before it is answered.
#[test]
fn no_guess_is_free() {
    let fleet = Fleet::new();
    let evil = fleet.connect(&fleet.evil);
    let pay = "SELECT vestibule_api.pay('pin', sha256('pin 1'))";
    let look = "SELECT * FROM vestibule_api.look_up()";
    for one in [
        format!("BEGIN; {pay}; {look}; ROLLBACK"),
        format!("BEGIN; SAVEPOINT s; {pay}; RELEASE s; {look}; COMMIT"),
        "SELECT vestibule_api.pay('pin', sha256('pin 1')), vestibule_api.look_up()".to_owned(),
        "DO $$ BEGIN PERFORM vestibule_api.pay('pin', sha256('pin 1')); PERFORM vestibule_api.look_up(); END $$"
            .to_owned(),
        format!("{pay}; {look}"),
    ] {
        assert_eq!(evil.run(&one).as_deref(), Some("VK011"), "{one}");
        let _ = evil.run("ROLLBACK");
    }
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        assert_eq!(evil.run(&format!("BEGIN ISOLATION LEVEL {level}; {pay}")).as_deref(), Some("VK002"));
        let _ = evil.run("ROLLBACK");
    }
    // What another session has not committed yet.
    let second = fleet.connect(&fleet.evil);
    assert_eq!(evil.run(&format!("BEGIN; {pay}")), None);
    let answer = second.run(&format!("SET lock_timeout = 0; {look}"));
    assert!(["VK011", "55P03"].contains(&answer.as_deref().unwrap_or_default()), "{answer:?}");
    let _ = evil.run("ROLLBACK");

    fleet.refill();
    assert_eq!(evil.sign_in(1), 1);
    assert_eq!(fleet.guesses(), GUESSES, "a hit gives its own guess back");
    assert_eq!(evil.run(look).as_deref(), Some("VK011"), "once for each payment");
    assert_eq!(evil.sign_in(2), 0, "somebody of another site");
    fleet.refill();
    for n in 0..GUESSES - 1 {
        assert_eq!(evil.run(&format!("SELECT vestibule_api.pay('pin', sha256('miss {n}'))")), None);
    }
    assert_eq!(evil.sign_in(1), 1);
    assert_eq!(fleet.guesses(), 1, "and no other");
    // An old payment is none: it would tell when somebody gets that PIN.
    fleet.refill();
    assert_eq!(evil.run(pay), None);
    fleet.db.in_fleet("UPDATE vestibule.payments SET at = at - interval '31 s'");
    assert_eq!(evil.run(look).as_deref(), Some("VK011"));
}

/// On all connections that it gets, at once.
#[test]
fn fifty_connections_get_no_more_guesses_and_no_more_unlocks_than_one() {
    let fleet = Fleet::new();
    let open = || fleet.db.connect(&fleet.evil.role, &fleet.evil.password);
    let opened: Vec<_> = (0..50).filter_map(|_| open().ok()).collect();
    assert_eq!(opened.len(), 3, "a kiosk has three connections");
    drop(opened);
    let storm = |sql: fn(usize, usize) -> String, members: &[&Member]| {
        let begin = now();
        while 0 < fleet
            .db
            .value("SELECT count(*) FROM pg_stat_activity WHERE usename ~ '^kiosk_'")
            .parse::<u32>()
            .unwrap()
        {
            assert!(begin.elapsed().as_secs() < 10, "earlier sessions do not end");
        }
        let sessions: Vec<_> = members.iter().flat_map(|member| (0..3).map(|_| fleet.connect(member))).collect();
        thread::scope(|scope| {
            let of = |(index, session)| {
                let session: &Session<'_> = session;
                scope.spawn(move || (0..20).filter(|n| session.run(&sql(index, *n)).is_none()).count())
            };
            let running: Vec<_> = sessions.iter().enumerate().map(of).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        })
    };
    let guess = |index: usize, n: usize| format!("SELECT vestibule_api.pay('pin', sha256('miss {index} {n}'))");
    assert_eq!(storm(guess, &[&fleet.evil]), GUESSES);

    // One person's limit, over 17 kiosks and 51 connections.
    let more: Vec<Member> = (10..26).map(|number| fleet.db.admit(number, "HQ")).collect();
    let all: Vec<&Member> = more.iter().chain([&fleet.evil]).collect();
    fleet.refill();
    fleet.db.in_fleet("UPDATE vestibule.fleet SET per_hour = 5");
    for member in &all {
        assert_eq!(fleet.connect(member).sign_in(1), 1);
    }
    let unlock = |index: usize, n: usize| format!("SELECT vestibule_api.intend({}, 1, 7)", index * 100 + n);
    let _ = storm(unlock, &all);
    let written: usize = fleet.db.value("SELECT count(*) FROM vestibule.intents").parse().unwrap();
    assert_eq!(written, LIMIT);
}

/// What it locks, and leaves open, does not stand before an admin.
#[test]
fn an_open_transaction_stops_no_admin_and_is_ended() {
    let fleet = Fleet::new();
    let (evil, member) = (fleet.connect(&fleet.evil), fleet.db.admit(4, "HQ"));
    let (lobby, owner) = (fleet.connect(&member), fleet.db.owner());
    let link = fleet.db.link(&member);
    assert_eq!((evil.sign_in(1), evil.sign_in(3), lobby.sign_in(1), lobby.sign_in(3)), (1, 1, 1, 1));
    fleet.db.in_fleet("UPDATE vestibule.fleet SET per_hour = 5");
    let holds = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; BEGIN; SELECT vestibule_api.hello(1);
        SELECT vestibule_api.note(1, 'en', true); SELECT vestibule_api.pay('badge-pin', sha256('badge 1'), sha256('pin 1'));
        SELECT vestibule_api.intend(77, 1, 7); SELECT pg_advisory_lock(1)";
    assert_eq!(evil.run(holds), None);
    assert_eq!(
        lobby.run("SELECT vestibule_api.intend(78, 1, 7)").as_deref(),
        Some("55P03"),
        "it waits, and not for long"
    );
    let begin = now();
    fleet.db.suspend(1, true);
    fleet.db.run(owner.set_sites("PERSON1@example.com", &["hq".to_owned()])).unwrap();
    fleet.db.run(owner.set(Setting::PerHour(6))).unwrap();
    let (rows, version) = fleet.db.run(owner.person("person1@example.com")).unwrap().unwrap();
    let renewed = PersonRows { revision: 2, ..rows };
    let _ = fleet.db.run(owner.put(&renewed, Some(version))).unwrap();
    assert!(begin.elapsed().as_millis() < 1_000, "an admin waits for a kiosk: {:?}", begin.elapsed());
    assert_eq!(lobby.run("SELECT vestibule_api.intend(79, 1, 7)").as_deref(), Some("VK021"));
    assert_eq!(
        evil.run("SELECT vestibule_api.intend(80, 1, 7)").as_deref(),
        Some("VK021"),
        "in the open transaction too"
    );
    // Also when it is removed.
    fleet.db.run(owner.remove(StaffId::new(1))).unwrap();
    assert_eq!(evil.run("ROLLBACK; BEGIN; SELECT vestibule_api.hello(1); SELECT vestibule_api.intend(81, 3, 7)"), None);
    let intent = |number| Intent { number, staff: StaffId::new(3), door: DoorId::new(7) };
    let (begin, held) = (now(), fleet.db.run(link.intend(intent(90))));
    assert!(held.is_err() && begin.elapsed().as_millis() < 1_200, "{held:?} after {:?}", begin.elapsed());
    assert!(link.is_up(), "a lock is no reason to reconnect");
    thread::sleep(std::time::Duration::from_millis(10_200));
    // The link finds the lock, has the session ended that holds it, and asks again.
    let (begin, done) = (now(), fleet.db.run(link.intend(intent(91))));
    assert!(matches!(done, Ok(Intended::Written(_))) && begin.elapsed().as_millis() < 1_200, "{done:?}");
    assert!(evil.run("SELECT 1").is_some(), "it is ended after 10 s");
}

/// What its own functions take, with whatever arguments, concerns what is its own. Old records of a kiosk that is there stay, too.
#[test]
fn what_a_hostile_kiosk_is_allowed_to_send_changes_nothing_of_others() {
    let fleet = Fleet::new();
    let (evil, other) = (fleet.connect(&fleet.evil), fleet.connect(&fleet.other));
    assert_eq!((evil.sign_in(1), other.sign_in(2)), (1, 1));
    assert_eq!(other.run("SELECT vestibule_api.hello(1); SELECT vestibule_api.intend(1, 2, 7)"), None);
    assert_eq!(other.run(SHIP), None);
    assert_eq!(other.run("SELECT vestibule_api.note(2, 'de', true)"), None);
    fleet.db.in_fleet(
        "UPDATE vestibule.audit SET at = at - interval '400 days'; UPDATE vestibule.seen SET at = at - interval '89 days'
             WHERE kiosk = 2; INSERT INTO vestibule.tries VALUES (sha256('badge 2'), clock_timestamp() - interval '1 hour')",
    );
    let before = fleet.db.value(OF_OTHERS);
    let mut taken = 0;
    for sql in ALLOWED {
        taken += usize::from(evil.run(sql).is_none());
        let _ = evil.run("ROLLBACK");
        let _ = evil.run(&format!("BEGIN; SAVEPOINT s; {sql}; ROLLBACK TO s; {sql}; COMMIT"));
        let _ = evil.run("ROLLBACK");
        assert_eq!(fleet.db.value(OF_OTHERS), before, "{sql}");
    }
    println!("{taken} of {} were taken", ALLOWED.len());
    assert!(ALLOWED.len() <= taken + 6, "{taken} of {} were taken", ALLOWED.len());
    // It has shipped what is its own, and the other's chain goes on.
    assert_eq!(fleet.db.value("SELECT count(DISTINCT kiosk) FROM vestibule.heads WHERE 0 < number"), "2");
    let next = "SELECT vestibule_api.ship(2, sha256(decode(repeat('00', 32), 'hex') || 'a'), ARRAY['b']::bytea[],
                    sha256(sha256(decode(repeat('00', 32), 'hex') || 'a') || 'b'))";
    // Pruning, left open, holds nothing that another one needs.
    fleet.db.in_fleet("UPDATE vestibule.audit SET at = at - interval '400 days'");
    assert_eq!(evil.run("BEGIN; SELECT vestibule_api.prune()"), None);
    assert_eq!(other.sign_in(2), 1);
    for sql in [
        next,
        "SELECT vestibule_api.hello(1); SELECT vestibule_api.prune()",
        "SELECT vestibule_api.pay('badge-pin', sha256('badge 2'), sha256('pin 2'))",
        "SELECT vestibule_api.intended(1, 2, 7, now(), 'accepted')",
        "SELECT vestibule_api.intend(2, 2, 7)",
    ] {
        assert_eq!(other.run(sql), None, "{sql}");
    }
    fleet.db.suspend(2, true);
}

#[test]
fn a_stranger_at_the_door_can_only_ask_to_join() {
    let fleet = Fleet::new();
    let closed = fleet.db.connect(JOIN_ROLE, "join");
    assert!(matches!(closed, Err(Error::Connect(_))), "joining is closed");
    fleet.db.run(fleet.db.owner().open_joining(15)).unwrap();
    let stranger = Session { fleet: &fleet, connection: fleet.db.connect(JOIN_ROLE, "join").unwrap() };
    for sql in REFUSED_TO_STRANGERS {
        assert!(stranger.run(sql).is_some(), "{sql}");
    }
    let verifier = format!("SCRAM-SHA-256$4096:{}==${}=:{}=", "A".repeat(22), "B".repeat(43), "C".repeat(43));
    let ask = |n: u32| stranger.run(&format!("SELECT vestibule_api.request_join('{}', '{verifier}')", recipient(n)));
    assert_eq!((100..150).filter(|n| ask(*n).is_none()).count(), 32, "as many as may wait");
    fleet.db.in_fleet("ALTER ROLE vestibule_join VALID UNTIL '-infinity'");
    assert!(matches!(fleet.db.connect(JOIN_ROLE, "join"), Err(Error::Connect(_))));
}
