//! Kiosks of a fleet under load, by the shipped link, and what is measured of them. For the benchmark and its short form among
//! the tests.

use std::{
    collections::HashMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc::UnboundedReceiver, task::JoinHandle, time};
use vestibule::{
    door::DoorId,
    fleet::{Guess, Intended, Intent, Link, LinkEvent, Outcome},
    staff::{PersonRows, StaffId},
};

use crate::support::{
    headless::now,
    postgres::{Postgres, person, tag},
};

/// Longest wait for all kiosks.
const WAIT: Duration = Duration::from_mins(3);
/// Kiosks that connect at the same time while the fleet is built. All at once they would take each other's time until each
/// attempt is given up.
const AT_ONCE: usize = 20;
/// Lookups before the comparison begins.
const WARM_UP: usize = 100;
/// Somebody who signs in only to be suspended.
const SUSPENDED: i64 = 1;

/// How large the fleet is, and what it does.
pub(crate) struct Size {
    pub(crate) kiosks: u32,
    pub(crate) people: i64,
    /// Sign-ins per second, over all kiosks.
    pub(crate) rate: f64,
    /// For how long the load is measured.
    pub(crate) load: Duration,
    /// Lookups in each of the two databases that are compared.
    pub(crate) pairs: usize,
}

impl Size {
    /// People in the small database of the comparison.
    pub(crate) fn few(&self) -> i64 {
        (self.people / 100).max(10)
    }

    /// Between two people at one kiosk, on average.
    fn pause(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.kiosks) / self.rate)
    }
}

/// What was measured. Lists of times are sorted.
pub(crate) struct Figures {
    /// Lookups among few people.
    pub(crate) few: Vec<Duration>,
    /// Lookups among all people.
    pub(crate) many: Vec<Duration>,
    /// Until all kiosks were connected for the first time, some at once.
    pub(crate) connected: Duration,
    pub(crate) sign_ins: Vec<Duration>,
    pub(crate) intents: Vec<Duration>,
    /// Answers that were errors during the load.
    pub(crate) failures: u32,
    /// Private memory of each kiosk's backend, in KiB.
    pub(crate) memory: Vec<u32>,
    /// Until each kiosk knew that somebody is suspended. Without those that did not hear of it.
    pub(crate) suspension: Vec<Duration>,
    /// From the crash to the first answer of the new server.
    pub(crate) accepting: Duration,
    /// From the crash to each kiosk's new connection. Without those that did not come back.
    pub(crate) back: Vec<Duration>,
}

/// What all kiosks note.
#[derive(Default)]
struct Notes {
    is_measured: AtomicBool,
    sign_ins: Mutex<Vec<Duration>>,
    intents: Mutex<Vec<Duration>>,
    failures: AtomicU32,
    /// When each kiosk connected, by its number. The first time since it was emptied.
    connected: Mutex<HashMap<u32, Instant>>,
    /// When each kiosk was told to forget [`SUSPENDED`].
    told: Mutex<HashMap<u32, Instant>>,
}

impl Notes {
    fn answered<T, E: std::fmt::Display>(&self, times: &Mutex<Vec<Duration>>, begin: Instant, answer: &Result<T, E>) {
        if !self.is_measured.load(Relaxed) {
            return;
        }
        match answer {
            Ok(_) => times.lock().unwrap().push(begin.elapsed()),
            Err(_) => _ = self.failures.fetch_add(1, Relaxed),
        }
    }
}

/// A kiosk: a link, and the versions of the people that it has copies of.
struct Kiosk {
    id: u32,
    link: Link,
    held: Mutex<HashMap<StaffId, i64>>,
    /// Number of its last audit record.
    number: AtomicI64,
    notes: Arc<Notes>,
}

impl Kiosk {
    async fn sign_in(&self, id: i64) -> Option<PersonRows> {
        let begin = now();
        let answer = self.link.sign_in(badge(id)).await;
        self.notes.answered(&self.notes.sign_ins, begin, &answer);
        // Whoever was enrolled is found.
        let found = answer.ok()?.expect("somebody is found");
        let _ = self.held.lock().unwrap().insert(found.rows.staff, found.version);
        Some(found.rows)
    }

    /// Somebody signs in, opens a door, and leaves.
    async fn serve(&self, id: i64, step: Duration) {
        let Some(rows) = self.sign_in(id).await else { return };
        time::sleep(step).await;
        let number = 1 + self.number.fetch_add(1, Relaxed);
        let begin = now();
        let answer = self.link.intend(Intent { number, staff: rows.staff, door: DoorId::new(101) }).await;
        self.notes.answered(&self.notes.intents, begin, &answer);
        if matches!(answer, Ok(Intended::Written(_))) {
            time::sleep(step).await;
            let outcome = self.link.outcome(number, Outcome::Accepted).await;
            if outcome.is_err() && self.notes.is_measured.load(Relaxed) {
                let _ = self.notes.failures.fetch_add(1, Relaxed);
            }
        }
    }

    /// One person after another, for ever.
    async fn work(self: Arc<Self>, people: i64, pause: Duration) {
        let mut next = time::Instant::now() + pause.mul_f64(fastrand::f64());
        loop {
            time::sleep_until(next).await;
            self.serve(fastrand::i64(SUSPENDED + 1..=people), pause / 10).await;
            next += pause.mul_f64(0.5 + fastrand::f64());
        }
    }

    async fn beat(self: Arc<Self>) {
        time::sleep(Duration::from_mins(1).mul_f64(fastrand::f64())).await;
        loop {
            let _ = self.link.beat().await;
            time::sleep(Duration::from_mins(1)).await;
        }
    }

    /// Compares its copies whenever somebody may have changed, as a kiosk does.
    async fn listen(self: Arc<Self>, mut events: UnboundedReceiver<LinkEvent>) {
        while let Some(event) = events.recv().await {
            match event {
                LinkEvent::Up(_) => {
                    let _ = self.notes.connected.lock().unwrap().entry(self.id).or_insert_with(now);
                }
                LinkEvent::Changed => {}
                LinkEvent::Down => continue,
            }
            let held: Vec<(StaffId, i64)> =
                self.held.lock().unwrap().iter().map(|(id, version)| (*id, *version)).collect();
            for gone in self.link.changed(&held).await.unwrap_or_default() {
                let _ = self.held.lock().unwrap().remove(&gone);
                if gone == StaffId::new(SUSPENDED) {
                    let _ = self.notes.told.lock().unwrap().entry(self.id).or_insert_with(now);
                }
            }
        }
    }
}

/// The kiosks, and the tasks that they live in.
struct Fleet {
    kiosks: Vec<Arc<Kiosk>>,
    tasks: Vec<JoinHandle<()>>,
    notes: Arc<Notes>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Fleet {
    /// Admits the kiosks and connects them. Returns how long connecting took.
    fn connect(db: &Postgres, size: &Size) -> (Self, Duration) {
        let notes = Arc::<Notes>::default();
        let mut fleet = Self { kiosks: Vec::new(), tasks: Vec::new(), notes: Arc::clone(&notes) };
        let members: Vec<_> = (1..=size.kiosks).map(|id| db.admit(1 + id, "HQ")).collect();
        let begin = now();
        for (id, member) in (1..).zip(&members) {
            let (link, events) = db.link_by(member, &db.url());
            let (held, number) = (Mutex::default(), AtomicI64::new(0));
            let kiosk = Arc::new(Kiosk { id, link, held, number, notes: Arc::clone(&notes) });
            fleet.tasks.push(db.spawn(Arc::clone(&kiosk).listen(events)));
            fleet.kiosks.push(kiosk);
            fleet.wait_until_connecting_are_at_most(AT_ONCE);
        }
        fleet.wait_until_connecting_are_at_most(0);
        (fleet, begin.elapsed())
    }

    fn begin(&mut self, db: &Postgres, size: &Size) {
        for kiosk in &self.kiosks {
            self.tasks.push(db.spawn(Arc::clone(kiosk).work(size.people, size.pause())));
            self.tasks.push(db.spawn(Arc::clone(kiosk).beat()));
        }
    }

    fn wait_until_connecting_are_at_most(&self, count: usize) {
        let begin = now();
        while self.notes.connected.lock().unwrap().len() + count < self.kiosks.len() {
            assert!(begin.elapsed() < WAIT, "the kiosks do not connect");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until every kiosk has noted a moment, and returns these. Fewer if some have not after [`WAIT`].
    fn wait_for_all(&self, moments: &Mutex<HashMap<u32, Instant>>) -> Vec<Instant> {
        let begin = now();
        while moments.lock().unwrap().len() < self.kiosks.len() && begin.elapsed() < WAIT {
            thread::sleep(Duration::from_millis(10));
        }
        moments.lock().unwrap().values().copied().collect()
    }

    /// Runs the load. Returns the times of sign-ins and intents, and the number of failures.
    fn measure(&self, load: Duration) -> (Vec<Duration>, Vec<Duration>, u32) {
        let notes = &self.notes;
        notes.is_measured.store(true, Relaxed);
        thread::sleep(load);
        notes.is_measured.store(false, Relaxed);
        let take = |times: &Mutex<Vec<Duration>>| sorted(std::mem::take(&mut *times.lock().unwrap()));
        (take(&notes.sign_ins), take(&notes.intents), notes.failures.load(Relaxed))
    }

    /// Suspends somebody whom every kiosk has a copy of. Returns after how long each of them knew.
    fn suspend(&self, db: &Postgres) -> Vec<Duration> {
        for kiosk in &self.kiosks {
            let begin = now();
            while db.run(kiosk.sign_in(SUSPENDED)).is_none() {
                assert!(begin.elapsed() < WAIT, "nobody can sign in");
            }
        }
        let begin = now();
        db.suspend(SUSPENDED, true);
        since(begin, self.wait_for_all(&self.notes.told))
    }

    /// Kills the server and starts it again. Returns after how long it answered, and each kiosk was connected.
    fn crash(&self, db: &Postgres) -> (Duration, Vec<Duration>) {
        self.notes.connected.lock().unwrap().clear();
        let begin = now();
        db.crash_and_restart();
        let accepting = begin.elapsed();
        (accepting, since(begin, self.wait_for_all(&self.notes.connected)))
    }
}

/// Runs everything.
pub(crate) fn measure(size: &Size) -> Figures {
    let db = Postgres::with_fleet_and(&format!("max_connections = {}", size.kiosks + 100));
    enrol(&db, size.people);
    let (few, many) = compare(&db, size);
    // What is acknowledged is on the disk.
    db.on_server("ALTER SYSTEM SET fsync = on");
    db.on_server("SELECT pg_reload_conf()");
    let (mut fleet, connected) = Fleet::connect(&db, size);
    fleet.begin(&db, size);
    thread::sleep(size.pause().min(size.load));
    let (sign_ins, intents, failures) = fleet.measure(size.load);
    let memory = memory(db.process());
    let suspension = fleet.suspend(&db);
    let (accepting, back) = fleet.crash(&db);
    Figures { few, many, connected, sign_ins, intents, failures, memory, suspension, accepting, back }
}

/// Looks up people in a small database and in this one, in turns.
fn compare(large: &Postgres, size: &Size) -> (Vec<Duration>, Vec<Duration>) {
    let small = Postgres::with_fleet();
    enrol(&small, size.few());
    let databases = [(&small, size.few()), (large, size.people)];
    let links = databases.map(|(db, people)| (db, db.link(&db.admit(100_000, "HQ")), people));
    let mut times = [Vec::new(), Vec::new()];
    for pair in 0..WARM_UP + size.pairs {
        // The one that goes first changes.
        for turn in [pair % 2, 1 - pair % 2] {
            let (db, link, people) = &links[turn];
            let guess = badge(fastrand::i64(SUSPENDED + 1..=*people));
            let begin = now();
            let found = db.run(link.sign_in(guess));
            let took = begin.elapsed();
            assert!(found.unwrap().is_some());
            if WARM_UP <= pair {
                times[turn].push(took);
            }
        }
    }
    let [few, many] = times;
    (sorted(few), sorted(many))
}

/// Enrols as many of the people that [`person`] makes, by the owner's SQL.
fn enrol(db: &Postgres, people: i64) {
    let logins = |role: &str| {
        format!(
            "INSERT INTO vestibule.logins SELECT id, '{role}', 1, 1, substring(sha256('nonce') FOR 24), sha256('{role}')
             FROM vestibule.staff"
        )
    };
    for sql in [
        format!(
            "INSERT INTO vestibule.staff (id, email, name, salt, revision, login_id, proof)
             SELECT n, 'person' || n || '@example.com', 'Person ' || n, substring(sha256('salt') FOR 16), 1, 1000 + n, 'proof'
             FROM generate_series(1, {people}) AS n"
        ),
        "INSERT INTO vestibule.tags SELECT 'pin', sha256(convert_to('pin ' || id, 'UTF8')), id, 1, NULL, NULL FROM vestibule.staff"
            .to_owned(),
        "INSERT INTO vestibule.tags SELECT 'badge', sha256(convert_to('badge ' || id, 'UTF8')), id, 1, '…' || id, 'number'
         FROM vestibule.staff"
            .to_owned(),
        logins("device"),
        logins("pin"),
        "INSERT INTO vestibule.habits SELECT id, NULL, NULL, 1 FROM vestibule.staff".to_owned(),
        format!("UPDATE vestibule.last_staff SET id = {people}"),
        "VACUUM ANALYZE".to_owned(),
    ] {
        db.in_fleet(&sql);
    }
    let (rows, _) = db.run(db.owner().person(&person(people).email)).unwrap().unwrap();
    assert_eq!(rows, person(people), "as an admin's machine enrols people");
}

/// Private memory in KiB of the kiosks' backends, sorted.
fn memory(server: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap();
    let is_kiosk = |process: &&str| {
        fs::read_to_string(format!("/proc/{process}/cmdline")).is_ok_and(|line| line.contains("kiosk_"))
    };
    let mut all: Vec<u32> = children.split_whitespace().filter(is_kiosk).map(private).collect();
    all.sort_unstable();
    all
}

fn private(process: &str) -> u32 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    lines.map(|line| line.split_whitespace().nth(1).unwrap().parse::<u32>().unwrap()).sum()
}

fn badge(id: i64) -> Guess {
    Guess::Badge(tag(&format!("badge {id}")))
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort_unstable();
    times
}

fn since(begin: Instant, moments: Vec<Instant>) -> Vec<Duration> {
    sorted(moments.into_iter().map(|moment| moment.saturating_duration_since(begin)).collect())
}
