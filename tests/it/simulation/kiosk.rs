//! One seed: a kiosk that is used, disturbed, killed and started again, without a window.

use std::{fs, future::Future, time::Duration};

use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, yield_now},
    time::{self, Instant},
};
use vestibule::{
    agent::{self, Handle, Parts},
    directory::{Cost, Directory},
    door::{DoorId, Outcome},
    kisi::Client,
    private_files::temporary_folder_in,
    session::{Effect, Event, Session, State, reader::Key},
    simulator::Simulator as Kisi,
    staff::Digit,
    wiring,
};

use super::{Tally, Template, fault, rules::Watch, step};

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

/// The program, from its start to its end.
struct Life {
    session: Session,
    agent: Handle,
    task: JoinHandle<()>,
    said: mpsc::UnboundedSender<Event>,
    heard: mpsc::UnboundedReceiver<Event>,
}

impl Life {
    fn begin(template: &Template, folder: &TempDir, kisi: &Kisi) -> Self {
        let mut config = template.config.clone();
        config.kisi.base_url = kisi.base_url();
        let directory = Directory::open(folder.path(), None, || Cost::FLOOR).unwrap();
        let left = directory.guesses_left().unwrap().unwrap_or(config.budget.guesses);
        let log = wiring::begin_log(&config, &directory).unwrap();
        let client = Client::new(&wiring::client(&config)).unwrap();
        let parts = Parts { looks_up_alone: true, ..wiring::agent(&config, directory, log, client) };
        let (agent, mut orders, health) = agent::channel();
        let task = tokio::spawn(async move { agent::run(parts, &mut orders, health).await });
        let (said, heard) = mpsc::unbounded_channel();
        let session = Session::new(wiring::rules(&config)).with_guesses(left, Instant::now().into_std());
        Self { session, agent, task, said, heard }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(template: &'a Template, seed: u64) -> Self {
        // In memory where there is such a place: what the disk does is the business of other tests.
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
        self.watch.count(&mut self.tally);
        self.server.abort();
        self.tally
    }

    /// Somebody comes, does this and that, and goes or does not.
    async fn visit(&mut self) {
        if self.rng.u8(..4) == 0 {
            self.disturb();
        }
        self.sign_in().await;
        for _ in 0..self.rng.u8(1..6) {
            match self.rng.u8(..20) {
                0..=8 => self.tap().await,
                9 => {
                    // Two fingers, or one that trembles.
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

    /// A fault, or an end of all of them.
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
            self.give(Event::KeyPressed(Key::Char(c)));
        }
        self.give(Event::KeyPressed(Key::Enter));
    }

    /// Any door of anybody: the tiles may have changed under the finger.
    async fn tap(&mut self) {
        let who = self.rng.usize(..self.template.staff.len());
        let doors = &self.template.staff[who].doors;
        let shown: Vec<DoorId> = match self.life.session.state() {
            State::SignedIn(visit) => visit.welcome.doors.iter().map(|door| door.id).collect(),
            State::SignedOut { .. } | State::Checking { .. } | State::Technician(_) => Vec::new(),
        };
        if self.rng.u8(..4) != 0 {
            // What a finger needs from another place.
            time::advance(Duration::from_millis(450)).await;
        }
        let doors = if shown.is_empty() || self.rng.u8(..8) == 0 { doors } else { &shown };
        let door = doors[self.rng.usize(..doors.len())];
        self.give(Event::DoorTouched(door));
        self.settle_or_not().await;
    }

    /// An order that the window never gives: for a session that is over. Nothing may come of it.
    async fn haunt(&mut self) {
        let Some((session, request, door)) = self.watch.last_over(self.life.session.state()) else { return };
        self.settle().await;
        let answer = self.life.agent.unlock(session, request, door);
        self.settle().await;
        assert_eq!(time::timeout(Duration::from_secs(1), answer).await, Ok(Outcome::NotSent), "a session that is over");
    }

    async fn end(&mut self) {
        self.life.task.abort();
        assert!((&mut self.life.task).await.is_err_and(|error| error.is_cancelled()), "the agent panicked");
        self.kisi.with(|world| self.watch.sees(world));
    }

    /// The program is gone, wherever it was, and starts again.
    async fn crash(&mut self) {
        self.end().await;
        self.watch.ends(&self.life.session);
        self.life = Life::begin(self.template, &self.folder, &self.kisi);
        assert!(matches!(self.life.session.state(), State::SignedOut { .. }), "signed out after a restart");
        self.tally.crashes += 1;
    }

    /// I9: the faults are over. Within half a minute everything works without anybody's help.
    async fn recover(&mut self) {
        self.kisi.with(|world| {
            world.faults.clear();
            world.refused_connections = 0;
        });
        for _ in 0..6 {
            time::advance(Duration::from_secs(5)).await;
            self.settle().await;
            self.give(Event::Ticked);
        }
        self.give(Event::SignOutTouched);
        self.settle().await;
        assert_eq!(self.life.agent.health().borrow().trouble, None, "the banner is gone");
        self.scan(self.template.staff[1].badge, Some(1)).await;
        self.settle().await;
        assert!(matches!(self.life.session.state(), State::SignedIn(_)), "{:?}", self.life.session.state());
        time::advance(Duration::from_millis(500)).await;
        let before = self.kisi.with(|world| world.unlocks());
        self.give(Event::DoorTouched(self.template.staff[1].doors[0]));
        self.settle().await;
        assert_eq!(self.kisi.with(|world| world.unlocks()), before + 1, "and a door opens");
    }

    async fn pass(&mut self) {
        // Nothing stands still for long while something is under way.
        let most = if self.is_settled { Duration::MAX } else { Duration::from_millis(500) };
        time::advance(step(&mut self.rng).min(most)).await;
        self.settle_or_not().await;
        self.give(Event::Ticked);
    }

    /// Sometimes the next thing happens before the last one is over.
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

    /// Until nothing happens any more without time.
    async fn settle(&mut self) {
        self.is_settled = true;
        for _ in 0..3 {
            for _ in 0..40 {
                yield_now().await;
            }
            self.hear();
        }
    }

    fn hear(&mut self) {
        self.kisi.with(|world| self.watch.sees(world));
        while let Ok(event) = self.life.heard.try_recv() {
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
            self.watch.effect(&effect, now);
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let agent = self.life.agent.clone();
        match effect {
            Effect::Technician(..) => {}
            Effect::Prepare => agent.prepare(),
            Effect::KeepLanguage(session, language) => agent.keep_language(session, language),
            Effect::KeepBudget(left) => agent.keep_budget(left),
            Effect::Forget(session, why) => agent.forget(session, why),
            Effect::ReadBack(session, door) => agent.read_back(session, door),
            Effect::Identify(session, presented, asked) => {
                let answer = agent.identify(session, presented, asked);
                self.later(async move { Some(Event::Identified(session, answer.await)) });
            }
            Effect::CheckPlaces(session) => {
                let doors = agent.check_places(session);
                self.later(async move { Some(Event::DoorsListed(session, doors.await?)) });
            }
            Effect::List(session) => {
                let doors = agent.list(session);
                self.later(async move { Some(Event::DoorsListed(session, doors.await?)) });
            }
            Effect::Recount(session) => {
                let doors = agent.recount(session);
                self.later(async move { Some(Event::DoorsListed(session, doors.await?)) });
            }
            Effect::Follow(session, request, door) => {
                let seen = agent.follow(session, door);
                self.later(async move { Some(Event::LookedAt(request, seen.await)) });
            }
            Effect::Unlock(session, request, door) => {
                let answer = agent.unlock(session, request, door);
                self.later(async move { Some(Event::UnlockAnswered(request, answer.await)) });
            }
        }
    }

    fn later(&self, event: impl Future<Output = Option<Event>> + Send + 'static) {
        let said = self.life.said.clone();
        drop(tokio::spawn(async move {
            if let Some(event) = event.await {
                let _ = said.send(event);
            }
        }));
    }
}
