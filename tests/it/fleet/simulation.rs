//! Simulation of three kiosks of a fleet: shipped session, agent, client and directory, a real PostgreSQL, and Kisi over
//! sockets, on a paused clock that only the test advances. People sign in wherever they like and leave, Kisi fails, each
//! kiosk's way to the database breaks in its own way or the database goes away for all, people are suspended and resumed, and
//! kiosks are killed. In the end everything comes back, and the invariants of a fleet are checked.
//!
//! By default 6 seeds run. `VESTIBULE_FLEETS=1000 cargo test three_kiosks -- --nocapture` runs that many, and
//! `VESTIBULE_FLEET_SEED=17` repeats seed 17. Answers of the database arrive in real time, so a seed is repeated nearly, not exactly (T47).

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    task::{JoinHandle, yield_now},
    time::{self, Instant},
};
use vestibule::{
    agent::{self, Handle},
    config::Config,
    door::{DoorId, Outcome},
    kisi::Client,
    private_files::temporary_folder_in,
    session::{Effect, Event, Identity, Session, reader::Key, technician::FleetStanding},
    simulator::{Simulator as Kisi, fault::Fault, world::World},
    staff::Digit,
    status::Status,
    store::{
        audit::{Head, Log},
        directory::{Cost, Directory},
    },
    testing, wiring,
};

use crate::support::{
    fault_proxy::{End, NetworkFaults, Proxy, Way},
    fleet::Fleet,
    headless::Site,
    postgres::Postgres,
};

const KIOSKS: usize = 3;
const STEPS: usize = 40;
/// Unlocks per person and day. The share of each kiosk is 1.
const LIMIT: u64 = 4;
const PEOPLE: [(&str, &str); 3] =
    [("ada@example.com", "0011111111"), ("grace@example.com", "0022222222"), ("juergen@example.com", "0033333333")];

/// What every seed of a worker begins with: a server, a fleet whose database is copied, and the folders of its kiosks.
struct Template<'a> {
    fleet: Fleet<'a>,
    db: &'a Postgres,
    kiosks: Vec<Site>,
    pins: Vec<String>,
    world: World,
    /// Each person by Kisi's number, and the doors that they may open.
    people: HashMap<u64, usize>,
    doors: Vec<DoorId>,
}

impl<'a> Template<'a> {
    fn new(db: &'a Postgres, kisi: &'a Site) -> Self {
        let fleet = Fleet::new(db, kisi);
        // The cheapest hash: the simulation spends its time elsewhere.
        db.in_fleet(&format!("UPDATE vestibule.fleet SET per_day = {LIMIT}, cost = '{{19456,2,1}}'"));
        let names = ["Lobby", "Garage", "Workshop"];
        let kiosks = names.map(|name| fleet.kiosk(name, "")).into();
        let pins = PEOPLE.iter().map(|(email, badge)| fleet.enrol(email, Some(badge))).collect();
        db.on_server("CREATE DATABASE pristine TEMPLATE fleet");
        let mut world = kisi.kisi.with(|world| world.clone());
        world.requests.clear();
        let login_of = |email: &str| {
            fleet.people(&["list"]).iter().find(|one| one["email"] == email).unwrap()["login_id"].as_u64().unwrap()
        };
        let people =
            PEOPLE.iter().enumerate().map(|(at, (email, _))| (world.logins[&login_of(email)].person, at)).collect();
        let doors = [101, 102, 103].map(DoorId::new).into();
        Self { fleet, db, kiosks, pins, world, people, doors }
    }

    /// The database as it was in the beginning.
    fn begin(&self) {
        self.db.on_server("DROP DATABASE fleet WITH (FORCE)");
        self.db.on_server("CREATE DATABASE fleet TEMPLATE pristine");
        // Rights on a database are not copied with it.
        self.db.on_server("REVOKE ALL ON DATABASE fleet FROM PUBLIC");
        self.db.on_server("GRANT CONNECT ON DATABASE fleet TO vestibule_kiosk, vestibule_admin, vestibule_join");
    }
}

/// A kiosk and its way to the database.
struct Kiosk {
    config: Config,
    folder: TempDir,
    proxy: Proxy,
    /// Whether the proxy passes everything on.
    is_clear: bool,
    life: Life,
    /// Who is signed in.
    present: Option<usize>,
    /// People whose suspension this kiosk has heard of.
    cut: [bool; 3],
}

/// One run of the program.
struct Life {
    session: Session,
    agent: Handle,
    task: JoinHandle<()>,
    status: Status,
}

impl Life {
    fn begin(config: &Config, folder: &Path) -> Self {
        let directory = Directory::open(folder, None, || Cost::MINIMUM).unwrap();
        let left = directory.counters().guesses_left().unwrap().unwrap_or(config.budget.guesses);
        let log = wiring::begin_log(config, &directory).unwrap();
        let client = Client::new(&wiring::client(config)).unwrap();
        let parts = testing::with_inline_lookup(wiring::agent(config, directory, log, client).unwrap());
        let status = parts.status.clone();
        let (agent, mut port) = agent::channel();
        let task = tokio::spawn(async move { agent::run(parts, &mut port).await });
        let session = Session::new(wiring::rules(config)).with_guesses(left, Instant::now().into_std());
        Self { session, agent, task, status }
    }

    fn is_connected(&self) -> bool {
        self.status.facts().fleet.is_some_and(|fleet| fleet.standing == FleetStanding::Connected)
    }
}

/// Event counts, over all seeds.
#[derive(Debug, Default)]
struct Tally {
    sign_ins: u64,
    accepted: u64,
    limited: u64,
    offline: u64,
    kills: u64,
    faults: u64,
    suspensions: u64,
}

struct Run<'a> {
    template: &'a Template<'a>,
    rng: fastrand::Rng,
    kisi: Kisi,
    kiosks: Vec<Kiosk>,
    suspended: [bool; 3],
    is_away: bool,
    tally: Tally,
}

impl<'a> Run<'a> {
    fn new(template: &'a Template<'a>, seed: u64) -> (Self, JoinHandle<()>) {
        template.begin();
        let (kisi, serve) = Kisi::here(template.world.clone()).unwrap();
        let server = tokio::spawn(serve);
        let target: SocketAddr = format!("127.0.0.1:{}", template.db.port()).parse().unwrap();
        let kiosk = |site: &Site| {
            let memory = Path::new("/dev/shm");
            let memory = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
            let folder = temporary_folder_in(&memory, "vestibule-").unwrap();
            for entry in fs::read_dir(site.folder.path()).unwrap() {
                let from = entry.unwrap().path();
                let _ = fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
            }
            let proxy = Proxy::start(target);
            let mut config = site.config.clone();
            config.kisi.base_url = kisi.base_url();
            config.fleet.url =
                format!("{}/fleet", proxy.base_url().replace("http://127.0.0.1", "postgres://localhost"));
            let life = Life::begin(&config, folder.path());
            Kiosk { config, folder, proxy, is_clear: true, life, present: None, cut: [false; 3] }
        };
        let kiosks = template.kiosks.iter().map(kiosk).collect();
        let rng = fastrand::Rng::with_seed(seed);
        (Self { template, rng, kisi, kiosks, suspended: [false; 3], is_away: false, tally: Tally::default() }, server)
    }

    async fn all(mut self) -> Tally {
        self.until_connected().await;
        for _ in 0..STEPS {
            let at = self.rng.usize(..KIOSKS);
            match self.rng.u8(..40) {
                0..=19 => self.visit(at).await,
                20..=27 => self.tap(at),
                28..=29 => self.give(at, Event::SignOutTouched),
                30..=33 => self.disturb(at),
                34 => self.database_goes_or_comes(),
                35..=36 => self.suspend_or_resume().await,
                37 => self.kill(at).await,
                38 => self.trouble_at_kisi(),
                _ => time::advance(Duration::from_secs(self.rng.u64(20..90))).await,
            }
            time::advance(Duration::from_millis(self.rng.u64(20..900))).await;
            self.settle().await;
            (0..KIOSKS).for_each(|at| self.give(at, Event::Ticked));
        }
        self.recover().await;
        self.check().await;
        self.tally
    }

    /// Somebody signs in, and taps doors, sometimes before the last outcome is gone.
    async fn visit(&mut self, at: usize) {
        self.sign_in(at).await;
        for _ in 0..self.rng.u8(..4) {
            self.tap(at);
            self.settle().await;
            time::advance(Duration::from_millis(self.rng.u64(450..4_500))).await;
            self.settle().await;
        }
    }

    async fn sign_in(&mut self, at: usize) {
        let who = self.rng.usize(..PEOPLE.len());
        self.give(at, Event::SignOutTouched);
        self.settle().await;
        self.tally.sign_ins += 1;
        if self.rng.u8(..6) == 0 {
            for digit in self.template.pins[who].clone().chars() {
                self.give(at, Event::DigitTouched(Digit::from_char(digit).unwrap()));
            }
        } else {
            for c in PEOPLE[who].1.chars() {
                time::advance(Duration::from_millis(5)).await;
                self.give(at, Event::KeyPressed(Key::typed(c)));
            }
            self.give(at, Event::KeyPressed(Key::Enter));
        }
        self.settle().await;
        // Past what a silent database costs, and the touches that are ignored after a change of the screen.
        time::advance(Duration::from_secs(1)).await;
        self.settle().await;
        time::advance(Duration::from_millis(450)).await;
    }

    fn tap(&mut self, at: usize) {
        let door = self.template.doors[self.rng.usize(..self.template.doors.len())];
        self.give(at, Event::DoorTouched(door));
    }

    /// The kiosk's own way to the database breaks, or is mended.
    fn disturb(&mut self, at: usize) {
        let none = NetworkFaults::default();
        let bytes = self.rng.usize(..2_000);
        let way = if self.rng.bool() { Way::Up } else { Way::Down };
        let faults = match self.rng.u8(..9) {
            0 => NetworkFaults { refuse: true, ..none },
            1 => NetworkFaults { close: true, ..none },
            2 => NetworkFaults { after: Some((way, bytes, End::Stall)), ..none },
            3 => NetworkFaults { after: Some((way, bytes, End::Close)), ..none },
            4 => NetworkFaults { after: Some((way, bytes, End::Reset)), ..none },
            _ => none,
        };
        self.kiosks[at].is_clear = !faults.refuse && faults.after.is_none();
        self.kiosks[at].proxy.set(faults);
        self.tally.faults += 1;
    }

    fn database_goes_or_comes(&mut self) {
        self.is_away = !self.is_away;
        self.template.db.on_server(&format!("ALTER DATABASE fleet ALLOW_CONNECTIONS {}", !self.is_away));
        if self.is_away {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'kiosk_%'";
            self.template.db.on_server(sql);
        }
        self.tally.faults += 1;
    }

    async fn suspend_or_resume(&mut self) {
        if self.is_away {
            return;
        }
        let who = self.rng.usize(..PEOPLE.len());
        let is_suspended = !self.suspended[who];
        let command = if is_suspended { "suspend" } else { "resume" };
        let _ = self.template.fleet.people(&[command, PEOPLE[who].0]);
        self.suspended[who] = is_suspended;
        if !is_suspended {
            self.kiosks.iter_mut().for_each(|kiosk| kiosk.cut[who] = false);
            return;
        }
        self.tally.suspensions += 1;
        // A notification is heard of at once or a little later, and then the copies are compared.
        for _ in 0..6 {
            time::advance(Duration::from_millis(250)).await;
            self.settle().await;
        }
        for kiosk in &mut self.kiosks {
            let is_known = kiosk.life.is_connected() && kiosk.is_clear;
            kiosk.cut[who] |= is_known;
        }
    }

    async fn kill(&mut self, at: usize) {
        let kiosk = &mut self.kiosks[at];
        kiosk.life.task.abort();
        assert!((&mut kiosk.life.task).await.is_err_and(|error| error.is_cancelled()), "the agent panicked");
        kiosk.life = Life::begin(&kiosk.config, kiosk.folder.path());
        kiosk.present = None;
        self.tally.kills += 1;
    }

    fn trouble_at_kisi(&mut self) {
        let any = Fault { path: Some("/locks/".to_owned()), ..Fault::default() };
        let fault = match self.rng.u8(..4) {
            0 => Fault { never: true, ..any },
            1 => Fault { status: Some(500), acts: self.rng.bool(), ..any },
            2 => Fault { cut_after: Some(self.rng.usize(..200)), ..any },
            _ => Fault { status: Some(403), ..any },
        };
        self.kisi.with(|world| world.faults.push(fault.times(1)));
        self.tally.faults += 1;
    }

    /// Runs until no task makes progress without the clock advancing. The database answers in real time.
    async fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..200 {
            for _ in 0..40 {
                yield_now().await;
            }
            thread::sleep(Duration::from_millis(2));
            (0..KIOSKS).for_each(|at| self.hear(at));
            let answered: usize = self.kiosks.iter().map(|kiosk| kiosk.proxy.answered_so_far()).sum();
            quiet = if answered == 0 { quiet + 1 } else { 0 };
            if quiet == 4 {
                return;
            }
        }
    }

    fn hear(&mut self, at: usize) {
        while let Some(event) = self.kiosks[at].life.agent.events().try_recv() {
            self.notice(at, &event);
            self.give(at, event);
        }
        assert!(!self.kiosks[at].life.task.is_finished(), "the agent ended by itself");
    }

    fn notice(&mut self, at: usize, event: &Event) {
        let kiosk = &mut self.kiosks[at];
        #[expect(clippy::wildcard_enum_match_arm, reason = "only what an invariant speaks of")]
        match event {
            Event::Identified(_, Ok(Identity::Person(welcome))) => {
                let is = |(email, _): &(&str, &str)| email.starts_with(&welcome.name.to_lowercase().replace('ü', "ue"));
                kiosk.present = PEOPLE.iter().position(is);
                assert!(kiosk.present.is_some(), "{}", welcome.name);
            }
            Event::UnlockAnswered(_, Outcome::Accepted | Outcome::Opened) => {
                let who = kiosk.present.unwrap();
                assert!(!kiosk.cut[who], "G4: a kiosk that knows of the suspension of {} opened a door", PEOPLE[who].0);
                self.tally.accepted += 1;
            }
            Event::UnlockAnswered(_, Outcome::Limited) => self.tally.limited += 1,
            _ => {}
        }
    }

    fn give(&mut self, at: usize, event: Event) {
        let life = &mut self.kiosks[at].life;
        for effect in life.session.handle(event, Instant::now().into_std()) {
            if !matches!(effect, Effect::Leave | Effect::Reload) {
                life.agent.send(effect);
            }
        }
    }

    async fn until_connected(&mut self) {
        for _ in 0..60 {
            if self.kiosks.iter().all(|kiosk| kiosk.life.is_connected()) {
                return;
            }
            time::advance(Duration::from_millis(500)).await;
            self.settle().await;
        }
        let standing: Vec<_> = self.kiosks.iter().map(|kiosk| kiosk.life.status.facts().fleet).collect();
        panic!("not every kiosk is connected within 30 s: {standing:?}");
    }

    /// Everything comes back: every kiosk is connected, and every record is shipped.
    async fn recover(&mut self) {
        self.kisi.with(|world| world.faults.clear());
        self.kiosks.iter().for_each(|kiosk| kiosk.proxy.set(NetworkFaults::default()));
        if self.is_away {
            self.database_goes_or_comes();
        }
        self.until_connected().await;
        (0..KIOSKS).for_each(|at| self.give(at, Event::SignOutTouched));
        for _ in 0..40 {
            time::advance(Duration::from_secs(20)).await;
            self.settle().await;
            let local: u64 = self.kiosks.iter().map(Kiosk::newest).sum();
            if self.template.db.value("SELECT sum(number) FROM vestibule.heads") == local.to_string() {
                return;
            }
        }
        let there = self.template.db.value("SELECT string_agg(number::text, ' ' ORDER BY kiosk) FROM vestibule.heads");
        let here: Vec<_> = self.kiosks.iter().map(|kiosk| (kiosk.newest(), kiosk.life.status.facts().fleet)).collect();
        panic!("not every record is shipped within minutes: {there} of {here:?}");
    }

    async fn check(&mut self) {
        for kiosk in &mut self.kiosks {
            kiosk.life.task.abort();
            let _ = (&mut kiosk.life.task).await;
        }
        let db = self.template.db;
        // G7: each kiosk's chain is there, whole, with its own hashes.
        let heads = db.value("SELECT number || ':' || encode(hash, 'hex') FROM vestibule.heads ORDER BY kiosk");
        for (kiosk, head) in self.kiosks.iter().zip(heads.lines()) {
            let log = kiosk.log();
            assert_eq!(log.verify(None, &[]).unwrap().finding, None);
            // An agent that ends records the refusals that it has counted.
            let (there, last): (Head, _) = (head.parse().unwrap(), log.head().unwrap().unwrap().seq);
            assert!(last <= there.seq + 1, "G7: {} of {last} records arrived", there.seq);
            assert_eq!(log.hash_of(there.seq).unwrap(), Some(there.hash), "G7: the chain arrived as it is");
        }
        let counted = "SELECT count(*) FROM vestibule.audit";
        assert_eq!(
            db.value(counted),
            db.value("SELECT sum(number - first_number) FROM vestibule.heads"),
            "G7: each once"
        );
        self.tally.offline = db.value("SELECT count(*) FROM vestibule.intents WHERE offline").parse().unwrap();
        // G2: the limit, and at most a share of it at each kiosk while that was alone.
        let used = "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM vestibule.intents
                    WHERE (result IS NULL OR result IN ('accepted', 'unknown')) AND offline = @ GROUP BY staff) AS used";
        let [online, alone] =
            ["false", "true"].map(|offline| db.value(&used.replace('@', offline)).parse::<u64>().unwrap());
        assert!(online <= LIMIT && alone <= 3, "G2: {online} of {LIMIT}, and {alone} alone");
        self.check_unlocks();
        // G6
        let logins = self.kisi.with(|world| world.logins.len());
        assert_eq!(logins, self.template.world.logins.len(), "G6: nobody got another login");
    }

    /// G1: every unlock that Kisi accepted has its intent, and every intent that is said to be accepted its unlock.
    fn check_unlocks(&self) {
        let mut unlocks: BTreeMap<(usize, u64), [i64; 3]> = BTreeMap::new();
        self.kisi.with(|world| {
            for event in world.events.iter().filter(|event| event.kind == "lock.unlock" && event.error_code.is_none()) {
                let who = event.actor.and_then(|actor| self.template.people.get(&actor));
                if let Some(who) = who {
                    unlocks.entry((*who, event.object.1)).or_default()[0] += 1;
                }
            }
        });
        let sql = "SELECT email, door, count(*) FILTER (WHERE result = 'accepted'), count(*) FILTER (WHERE result = 'unknown')
                   FROM vestibule.intents JOIN vestibule.staff ON staff.id = staff GROUP BY email, door";
        for line in self.template.db.value(sql).lines() {
            let fields: Vec<&str> = line.split('|').collect();
            let who = PEOPLE.iter().position(|(email, _)| *email == fields[0]).unwrap();
            let count = unlocks.entry((who, fields[1].parse().unwrap())).or_default();
            (count[1], count[2]) = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
        }
        for ((who, door), [opened, accepted, unknown]) in unlocks {
            let person = PEOPLE[who].0;
            assert!(
                accepted <= opened && opened <= accepted + unknown,
                "G1: {person} opened {door} {opened} times, and the database has {accepted} accepted and {unknown} unknown"
            );
        }
    }
}

impl Kiosk {
    fn log(&self) -> Log {
        let directory = Directory::open(self.folder.path(), None, || Cost::MINIMUM).unwrap();
        Log::open(self.folder.path(), directory.audit_key()).unwrap()
    }

    fn newest(&self) -> u64 {
        self.log().head().unwrap().map_or(0, |head| head.seq)
    }
}

/// Prints its seed when the run panics.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("repeat this run with VESTIBULE_FLEET_SEED={}", self.0);
        }
    }
}

#[test]
fn three_kiosks_and_a_database_that_goes_away_break_no_invariant() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (one, long) = (number("VESTIBULE_FLEET_SEED"), number("VESTIBULE_FLEETS"));
    let seeds = one.map_or(0..long.unwrap_or(6), |seed| seed..seed + 1);
    let (next, tallies) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            let _ = scope.spawn(|| {
                let (db, kisi) = (Postgres::start(), Site::with(|world| world.unlimited = true, ""));
                let template = Template::new(&db, &kisi);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seeds.end <= seed {
                        return;
                    }
                    let named = Named(seed);
                    let tally = one_run(&template, seed);
                    drop(named);
                    let mut tallies = tallies.lock().unwrap();
                    tallies.push(tally);
                    if tallies.len() % 50 == 0 {
                        println!("{} seeds are done", tallies.len());
                    }
                }
            });
        }
    });
    let tallies = tallies.into_inner().unwrap();
    let sum = |count: fn(&Tally) -> u64| tallies.iter().map(count).sum::<u64>();
    println!(
        "{} seeds: {} sign-ins, {} accepted, {} limited, {} while the database was away, {} kills, {} faults, {} suspensions",
        tallies.len(),
        sum(|tally| tally.sign_ins),
        sum(|tally| tally.accepted),
        sum(|tally| tally.limited),
        sum(|tally| tally.offline),
        sum(|tally| tally.kills),
        sum(|tally| tally.faults),
        sum(|tally| tally.suspensions)
    );
    assert!(
        sum(|tally| tally.accepted) > 0 && (one.is_some() || sum(|tally| tally.offline) > 0),
        "too little was tried"
    );
}

fn one_run(template: &Template<'_>, seed: u64) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    fastrand::seed(seed);
    runtime.block_on(async {
        // tokio does not advance a paused clock by itself while a blocking task runs, so keep one running.
        let (held, release) = std::sync::mpsc::channel::<()>();
        let holder = tokio::task::spawn_blocking(move || release.recv());
        let (run, server) = Run::new(template, seed);
        let tally = run.all().await;
        server.abort();
        drop(held);
        let _ = holder.await;
        tally
    })
}
