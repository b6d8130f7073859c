//! One seed of the simulation: random visits, faults, kills and restarts of a kiosk without a window.

use std::{collections::HashSet, fs, time::Duration};

use tempfile::TempDir;
use tokio::{
    task::{JoinHandle, yield_now},
    time::{self, Instant},
};
use vestibule::{
    agent::{self, Handle},
    beacons::Nearby,
    door::{DoorId, Outcome},
    kisi::Client,
    private_files::temporary_folder_in,
    session::{Effect, Event, Session, State, reader::Key, visit::Attempt},
    simulator::{Simulator as Kisi, world::World},
    staff::Digit,
    store::directory::{Cost, Directory},
    testing, wiring,
};

use super::{Tally, Template, fault, invariants::Watch, readers::change_a_door, step};
use crate::support::histories::{Histories, LATER};

pub(super) struct Run<'a> {
    template: &'a Template,
    rng: fastrand::Rng,
    folder: TempDir,
    kisi: Kisi,
    server: JoinHandle<()>,
    watch: Watch<'a>,
    tally: Tally,
    life: Life,
    is_settled: bool,
}

/// One run of the program, from its start to its kill.
struct Life {
    session: Session,
    agent: Handle,
    task: JoinHandle<()>,
    nearby: Nearby,
}

impl Life {
    fn begin(template: &Template, folder: &TempDir, kisi: &Kisi) -> Self {
        let mut config = template.config.clone();
        config.kisi.base_url = kisi.base_url();
        let directory = Directory::open(folder.path(), None, || Cost::MINIMUM).unwrap();
        let left = directory.counters().guesses_left().unwrap().unwrap_or(config.budget.guesses);
        let log = wiring::begin_log(&config, &directory).unwrap();
        let client = Client::new(&wiring::client(&config)).unwrap();
        let parts = testing::with_inline_lookup(wiring::agent(&config, directory, log, client).unwrap());
        let nearby = parts.nearby.clone();
        let (agent, mut port) = agent::channel();
        let task = tokio::spawn(async move { agent::run(parts, &mut port).await });
        let session = Session::new(wiring::rules(&config)).with_guesses(left, Instant::now().into_std());
        Self { session, agent, task, nearby }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(template: &'a Template, seed: u64) -> Self {
        // On tmpfs where there is one: disk faults are tested in `disk`.
        let memory = std::path::Path::new("/dev/shm");
        let memory = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = temporary_folder_in(&memory, "vestibule-").unwrap();
        for entry in fs::read_dir(template.site.folder.path()).unwrap() {
            let from = entry.unwrap().path();
            let _ = fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
        }
        let (kisi, serve) = Kisi::here(template.world.clone()).unwrap();
        let server = tokio::spawn(serve);
        let life = Life::begin(template, &folder, &kisi);
        let (rng, watch) = (fastrand::Rng::with_seed(seed), Watch::new(template, &folder));
        Self { template, rng, folder, kisi, server, watch, tally: Tally::default(), life, is_settled: true }
    }

    pub(super) async fn all(mut self, visits: u64) -> Tally {
        for _ in 0..visits {
            self.visit().await;
            self.tally.visits += 1;
        }
        self.recover().await;
        self.end().await;
        self.watch.check_log();
        self.compare_histories().await;
        self.watch.count(&mut self.tally);
        self.server.abort();
        self.tally
    }

    /// One visit: sign-in, one to five random steps, and in two of three cases a sign-out.
    async fn visit(&mut self) {
        if self.rng.u8(..4) == 0 {
            self.disturb();
        }
        self.sign_in().await;
        for _ in 0..self.rng.u8(1..6) {
            match self.rng.u8(..20) {
                0..=8 => self.tap().await,
                9 => {
                    // A double tap.
                    self.tap().await;
                    self.tap().await;
                }
                10 => self.give(Event::StillHereTouched),
                11 => self.give(Event::SignOutTouched),
                12 => self.sign_in().await,
                13 => self.disturb(),
                15 => self.give(Event::OutcomeDismissed),
                14 if self.rng.u8(..4) == 0 => self.crash().await,
                _ => {}
            }
            self.pass().await;
        }
        if self.rng.u8(..3) < 2 {
            self.give(Event::SignOutTouched);
            self.haunt().await;
        } else {
            self.pass().await;
        }
    }

    /// Compares the audit log with Kisi's history, before and after somebody else uses this kiosk's logins.
    async fn compare_histories(&mut self) {
        let doors: Vec<DoorId> = self.template.staff.iter().flat_map(|staff| staff.doors.clone()).collect();
        let directory = Directory::open(self.folder.path(), None, || Cost::MINIMUM).unwrap();
        let ours: Vec<u64> = directory.list().unwrap().into_iter().map(|person| person.login_id).collect();
        drop(directory);
        let logins = self.kisi.with(|world| {
            (world.requests, world.faults, world.refused_connections) = (Vec::new(), Vec::new(), 0);
            let of_kiosk = world.logins.values().filter(|login| ours.contains(&login.id));
            of_kiosk.map(|login| (login.id, login.secret.clone())).collect::<Vec<_>>()
        });
        let thefts: Vec<(u64, String, DoorId)> = (0..self.rng.u8(..4))
            .map(|_| {
                let (login, secret) = logins[self.rng.usize(..logins.len())].clone();
                (login, secret, doors[self.rng.usize(..doors.len())])
            })
            .collect();
        let (folder, base_url) = (self.folder.path().to_owned(), self.kisi.base_url());
        let histories = Histories { folder, base_url, admin: self.template.site.admin.clone() };
        // In real time: the paused clock would let no request out.
        let before = tokio::task::spawn_blocking({
            let histories = histories.clone();
            move || histories.check(0)
        });
        let before = before.await.unwrap();
        let events = self.kisi.with(|world| {
            world.clock.advance(LATER);
            unlocks(world)
        });
        let stolen: HashSet<u64> = thefts.iter().map(|(login, ..)| *login).collect();
        let thief = histories.clone();
        let steal = move || thefts.iter().for_each(|(_, secret, door)| thief.steal(secret, *door));
        tokio::task::spawn_blocking(steal).await.unwrap();
        let events = self.kisi.with(|world| unlocks(world)) - events;
        let after = tokio::task::spawn_blocking(move || histories.check(events)).await.unwrap();
        assert!(after.foreign.iter().all(|foreign| stolen.contains(&foreign.event.login.get())), "another login");
        self.tally.compared += u64::try_from(before.agreed + before.resolved.len()).unwrap();
        self.tally.foreign += u64::try_from(events).unwrap();
    }

    /// Adds a random fault. In one of three cases it clears the earlier ones first.
    fn disturb(&mut self) {
        let fault = fault(&mut self.rng);
        let (clears, refuses) = (self.rng.u8(..3) == 0, self.rng.u8(..6) == 0);
        let count = self.rng.u32(1..5);
        self.kisi.with(|world| {
            if clears {
                world.faults.clear();
            }
            world.faults.retain(|fault| fault.times != Some(0));
            world.faults.push(fault);
            world.refused_connections = if refuses { count } else { 0 };
        });
        if self.rng.bool() {
            self.kisi.with(|world| {
                change_a_door(world, &mut self.rng);
                self.watch.readers.note(world);
            });
        }
        self.tally.faults += 1;
    }

    async fn sign_in(&mut self) {
        let who = self.rng.usize(..self.template.staff.len());
        let staff = &self.template.staff[who];
        match self.rng.u8(..30) {
            0 => self.type_pin(&staff.pin.clone(), Some(who)),
            1 => {
                let wrong = format!("{:06}", self.rng.u32(..1_000_000));
                let hit = self.template.staff.iter().position(|staff| staff.pin == wrong);
                self.type_pin(&wrong, hit);
            }
            2 => self.scan("0099999999", None).await,
            _ => self.scan(staff.badge, Some(who)).await,
        }
        self.settle_or_not().await;
    }

    fn type_pin(&mut self, pin: &str, who: Option<usize>) {
        self.watch.presents(who);
        for digit in pin.chars() {
            self.give(Event::DigitTouched(Digit::from_char(digit).unwrap()));
        }
    }

    async fn scan(&mut self, badge: &str, who: Option<usize>) {
        self.watch.presents(who);
        for c in badge.chars() {
            time::advance(Duration::from_millis(5)).await;
            self.give(Event::KeyPressed(Key::typed(c)));
        }
        self.give(Event::KeyPressed(Key::Enter));
    }

    /// Taps a door: mostly one that is shown, sometimes one of another person, as if the tiles had just changed.
    async fn tap(&mut self) {
        let who = self.rng.usize(..self.template.staff.len());
        let doors = &self.template.staff[who].doors;
        let mut shown: Vec<DoorId> = Vec::new();
        if let State::SignedIn(visit) = self.life.session.state() {
            shown.extend(visit.welcome.doors.iter().map(|door| door.id));
        }
        if self.rng.u8(..4) != 0 {
            // Past the 400 ms in which the session ignores touches.
            time::advance(Duration::from_millis(450)).await;
        }
        let doors = if shown.is_empty() || self.rng.u8(..8) == 0 { doors } else { &shown };
        let door = doors[self.rng.usize(..doors.len())];
        self.give(Event::DoorTouched(door));
        self.settle_or_not().await;
    }

    /// Requests an unlock for a session that has ended, which the window never does. The agent must answer `NotSent`.
    async fn haunt(&mut self) {
        let Some((session, request, door)) = self.watch.last_over(self.life.session.state()) else { return };
        self.settle().await;
        self.life.agent.send(Effect::Unlock(session, request, door));
        for _ in 0..120 {
            yield_now().await;
        }
        let said: Vec<Event> = std::iter::from_fn(|| self.life.agent.events().try_recv()).collect();
        let refused = |event: &Event| matches!(event, Event::UnlockAnswered(of, Outcome::NotSent) if *of == request);
        assert!(said.iter().any(refused), "the session has ended: {said:?}");
        // Pass on the other events that arrived meanwhile.
        for event in said.into_iter().filter(|event| !refused(event)) {
            self.give(event);
        }
    }

    async fn end(&mut self) {
        self.life.task.abort();
        assert!((&mut self.life.task).await.is_err_and(|error| error.is_cancelled()), "the agent panicked");
        self.kisi.with(|world| self.watch.sees(world));
    }

    /// Kills the program at this point and restarts it.
    async fn crash(&mut self) {
        self.end().await;
        self.watch.ends(&self.life.session);
        self.life = Life::begin(self.template, &self.folder, &self.kisi);
        assert!(matches!(self.life.session.state(), State::SignedOut { .. }), "signed out after a restart");
        self.tally.crashes += 1;
    }

    /// I9: 30 s after the last fault the banner is gone, a badge signs in and a door unlocks.
    async fn recover(&mut self) {
        self.kisi.with(|world| {
            world.faults.clear();
            world.refused_connections = 0;
            world.places.clone_from(&self.template.world.places);
            for (id, door) in &self.template.world.doors {
                if let Some(changed) = world.doors.get_mut(id) {
                    (changed.online, changed.reader, changed.configured) = (door.online, door.reader, door.configured);
                }
            }
        });
        for _ in 0..6 {
            time::advance(Duration::from_secs(5)).await;
            self.settle().await;
            self.give(Event::Ticked);
        }
        self.give(Event::SignOutTouched);
        self.settle().await;
        assert_eq!(self.life.agent.health().borrow().outage, None, "the banner is gone");
        self.scan(self.template.staff[1].badge, Some(1)).await;
        self.settle().await;
        assert!(matches!(self.life.session.state(), State::SignedIn(_)), "{:?}", self.life.session.state());
        time::advance(Duration::from_millis(500)).await;
        let before = self.kisi.with(|world| world.unlocks());
        self.give(Event::DoorTouched(self.template.staff[1].doors[0]));
        self.settle().await;
        assert_eq!(self.kisi.with(|world| world.unlocks()), before + 1, "a door unlocks");
    }

    async fn pass(&mut self) {
        // While work is pending, time advances by at most 500 ms at once.
        let most = if self.is_settled { Duration::MAX } else { Duration::from_millis(500) };
        time::advance(step(&mut self.rng).min(most)).await;
        let doors = &self.template.staff[self.rng.usize(..self.template.staff.len())].doors;
        self.watch.readers.send(doors, &self.life.nearby, &mut self.rng);
        self.settle_or_not().await;
        self.give(Event::Ticked);
    }

    /// In one of four cases the next step starts before the work of this one has finished.
    async fn settle_or_not(&mut self) {
        if self.rng.u8(..4) == 0 {
            for _ in 0..self.rng.u8(..30) {
                yield_now().await;
            }
            self.is_settled = false;
            self.hear();
        } else {
            self.settle().await;
        }
    }

    /// Runs until no task makes progress without the clock advancing.
    async fn settle(&mut self) {
        self.is_settled = true;
        for _ in 0..3 {
            for _ in 0..40 {
                yield_now().await;
            }
            self.hear();
        }
        // A list that waits for an outcome may be newer than the one that is shown.
        if let State::SignedIn(visit) = self.life.session.state()
            && !matches!(visit.attempt, Attempt::Opening(..) | Attempt::Done(..))
        {
            self.watch.readers.check(&visit.welcome.doors);
        }
    }

    fn hear(&mut self) {
        self.kisi.with(|world| self.watch.sees(world));
        while let Some(event) = self.life.agent.events().try_recv() {
            self.give(event);
        }
        assert!(!self.life.task.is_finished(), "the agent ended by itself");
    }

    fn give(&mut self, event: Event) {
        let now = Instant::now().into_std();
        self.watch.before(&event, self.life.session.state(), now);
        let effects = self.life.session.handle(event.clone(), now);
        self.watch.after(&event, self.life.session.state(), now);
        for effect in effects {
            // One's own badge continues a visit, whose doors were listed before.
            if matches!(effect, Effect::Identify(..)) && self.life.session.state().visit().is_none() {
                self.kisi.with(|world| self.watch.readers.begin(world));
            }
            self.watch.effect(&effect, now);
            self.life.agent.send(effect);
        }
    }
}

/// Number of events in Kisi's history that are unlocks.
fn unlocks(world: &World) -> usize {
    world.events.iter().filter(|event| event.kind == "lock.unlock").count()
}
