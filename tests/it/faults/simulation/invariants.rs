//! The invariants of the simulation, checked from outside: the actions of the test, the requests Kisi saw, the files on
//! disk.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tempfile::TempDir;
use vestibule::{
    door::{DoorId, Outcome},
    session::{Denial, Effect, Event, Identity, RequestId, Session, SessionId, State},
    simulator::world::World,
    staff::Credential,
    staff::NameFormat,
    store::audit::{self, Log},
    store::directory::{Cost, Directory},
};

use super::{Staff, Tally, Template, readers::Readers};

/// Maximum age of an unlock when Kisi sees it: the client's timeout, the session's grace period and one step of this
/// test.
const WAY: Duration = Duration::from_secs(11);

/// A tap for which the session requested an unlock.
struct Tap {
    session: SessionId,
    request: RequestId,
    staff: usize,
    door: DoorId,
    at: Instant,
    /// Number of unlock requests that Kisi saw for this tap.
    posts: u32,
    outcome: Option<Outcome>,
}

/// Who is signed in, derived from the test's actions and not from the session's own timers.
struct Visitor {
    session: SessionId,
    staff: usize,
    since: Instant,
    touched: Instant,
}

pub(super) struct Watch<'a> {
    template: &'a Template,
    disk: Connection,
    folder: std::path::PathBuf,
    /// Owner of the presented credential. `None`: it belongs to nobody.
    presents: Option<usize>,
    asked: HashMap<SessionId, Option<usize>>,
    paid: HashMap<SessionId, u32>,
    visitor: Option<Visitor>,
    taps: Vec<Tap>,
    /// Index of the first tap since the last restart.
    first_tap: usize,
    /// Unlocks that Kisi saw, in order: e-mail address and door.
    posts: Vec<(&'a str, DoorId)>,
    /// Wrong guesses that were charged to the budget and answered.
    wrong: u32,
    began: Instant,
    pub(super) readers: Readers,
    /// Unlocks with a proof that Kisi saw.
    proofs: u64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(template: &'a Template, folder: &TempDir) -> Self {
        let disk = Connection::open(folder.path().join("directory.sqlite")).unwrap();
        Self {
            template,
            disk,
            folder: folder.path().to_owned(),
            presents: None,
            asked: HashMap::new(),
            paid: HashMap::new(),
            visitor: None,
            taps: Vec::new(),
            first_tap: 0,
            posts: Vec::new(),
            wrong: 0,
            began: tokio::time::Instant::now().into_std(),
            readers: Readers::default(),
            proofs: 0,
        }
    }

    fn staff(&self, index: usize) -> &'a Staff {
        &self.template.staff[index]
    }

    pub(super) fn presents(&mut self, who: Option<usize>) {
        self.presents = who;
    }

    /// Tracks when the visit must end: at sign-out, at the idle limit (which a touch restarts), or at the maximum
    /// length.
    pub(super) fn before(&mut self, event: &Event, state: &State, now: Instant) {
        let session = &self.template.config.session;
        let is_over = |visitor: &Visitor| session.max <= now - visitor.since || session.idle <= now - visitor.touched;
        let signs_out = matches!(event, Event::SignOutTouched) && matches!(state, State::SignedIn(_));
        if self.visitor.as_ref().is_some_and(is_over) || signs_out {
            self.visitor = None;
        }
        if let (Some(visitor), false) = (&mut self.visitor, matches!(event, Event::Ticked)) {
            visitor.touched = now;
        }
        if let Event::UnlockAnswered(request, outcome) = event
            && let Some(tap) = self.taps[self.first_tap..].iter_mut().find(|tap| tap.request == *request)
        {
            assert!(tap.outcome.is_none(), "two answers for one tap");
            tap.outcome = Some(*outcome);
        }
        if let Event::Identified(session, Err(Denial::NotKnown)) = event
            && self.paid.contains_key(session)
        {
            self.wrong += 1;
        }
    }

    /// The person signed in is the owner of the credential and sees exactly their own doors.
    pub(super) fn after(&mut self, event: &Event, state: &State, now: Instant) {
        if let Event::DoorsListed(_, list) = event {
            self.readers.check(&list.doors);
        }
        // Another badge may have waited for this one: then its check begins at once.
        let (
            Event::Identified(id, Ok(Identity::Person(welcome))),
            State::SignedIn(visit) | State::Checking { visit: Some(visit), .. },
        ) = (event, state)
        else {
            return;
        };
        if visit.session != *id {
            return;
        }
        let who = self.asked[id].expect("signed in with a credential that belongs to nobody");
        let staff = self.staff(who);
        assert_eq!(welcome.name, NameFormat::First.of(&staff.name), "somebody else is signed in");
        // Doors are renamed, which may change their order.
        let doors: BTreeSet<DoorId> = welcome.doors.iter().map(|door| door.id).collect();
        assert_eq!(doors, staff.doors.iter().copied().collect(), "somebody else's doors");
        self.visitor = Some(Visitor { session: *id, staff: who, since: now, touched: now });
    }

    /// I1: the session requests an unlock only while somebody is signed in, and only for a door on that session's list.
    pub(super) fn effect(&mut self, effect: &Effect, now: Instant) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other effects have no rule here")]
        match effect {
            Effect::Identify(session, presented, asked) => {
                // A badge may have waited for the check of another one.
                let who = match &presented.0 {
                    Credential::Badge(badge) => {
                        self.template.staff.iter().position(|staff| staff.badge == badge.expose())
                    }
                    Credential::Pin(_) | Credential::BadgeWithPin(..) | Credential::Technician(_) => self.presents,
                };
                let _ = self.asked.insert(*session, who);
                let _ = asked.guesses_left.map(|left| self.paid.insert(*session, left));
            }
            Effect::Unlock(session, request, door) => {
                let visitor = self.visitor.as_ref().expect("I1: an unlock without a session");
                assert_eq!(visitor.session, *session, "I1: an unlock of another session");
                assert!(self.staff(visitor.staff).doors.contains(door), "I1: a door that was not shown");
                let (staff, posts, outcome) = (visitor.staff, 0, None);
                let tap = Tap { session: *session, request: *request, staff, door: *door, at: now, posts, outcome };
                self.taps.push(tap);
            }
            _ => {}
        }
    }

    /// I1, I2, I3: each unlock that Kisi saw belongs to one recent tap of that person and has an intent in the audit
    /// log.
    pub(super) fn sees(&mut self, world: &mut World) {
        let now = tokio::time::Instant::now().into_std();
        self.readers.note(world);
        let requests = std::mem::take(&mut world.requests);
        let mut seen = 0;
        for request in requests.iter().filter(|request| request.path.ends_with("/unlock")) {
            let login = request.login.and_then(|id| world.logins.get(&id)).expect("an unlock with no login");
            let email = &world.people[&login.person].email;
            let who = self.template.staff.iter().position(|staff| staff.email == email).unwrap();
            let id = request.path.trim_start_matches("/locks/").trim_end_matches("/unlock").parse().unwrap();
            let door = DoorId::new(id);
            let tap = self.taps.iter_mut().rev().find(|tap| tap.posts == 0 && tap.staff == who && tap.door == door);
            let tap = tap.expect("I2: Kisi saw an unlock without a tap, or two for one tap");
            assert!(now - tap.at <= WAY, "R50: an unlock arrived late: {:?}", now - tap.at);
            tap.posts += 1;
            let proof = request.body.as_ref().and_then(|body| body.pointer("/lock/proximity_proof"));
            self.readers.check_proof(door, proof, tap.at);
            self.proofs += u64::from(proof.is_some_and(|proof| !proof.is_null()));
            self.posts.push((self.template.staff[who].email, door));
            seen += 1;
        }
        if 0 < seen {
            let intents = "SELECT count(*) FROM audit WHERE action = 'unlock-intent'";
            let intents: i64 = self.disk.query_row(intents, [], |row| row.get(0)).unwrap();
            assert!(self.posts.len() <= usize::try_from(intents).unwrap(), "I3: an unlock without an intent record");
        }
    }

    /// The latest tap of this run, if its session has ended.
    pub(super) fn last_over(&self, state: &State) -> Option<(SessionId, RequestId, DoorId)> {
        let live = state.visit().map(|visit| visit.session);
        let tap = self.taps[self.first_tap..].last().filter(|tap| live != Some(tap.session))?;
        Some((tap.session, tap.request, tap.door))
    }

    /// Forgets what a kill ends, and checks the guess budget on disk.
    pub(super) fn ends(&mut self, session: &Session) {
        self.visitor = None;
        self.asked.clear();
        self.paid.clear();
        self.first_tap = self.taps.len();
        self.check_budget(session);
    }

    /// I4: the cost of a guess is on disk before the guess is answered.
    fn check_budget(&self, session: &Session) {
        let directory = Directory::open(&self.folder, None, || Cost::MINIMUM).unwrap();
        let kept = directory.counters().guesses_left().unwrap().unwrap_or(u32::MAX);
        let most = self.template.config.budget.guesses;
        let passed = tokio::time::Instant::now().into_std() - self.began;
        let refilled = u32::try_from(passed.as_secs() / 360).unwrap();
        assert!(self.wrong <= most + refilled, "T1: {} wrong guesses were answered", self.wrong);
        // The session may have deducted one guess that the agent has not yet written.
        let left = session.budget().left();
        assert!(kept.min(most) <= left + 1, "I4: {kept} guesses on disk, {left} in the session");
    }

    /// I3, I8: the audit log verifies, each intent has one outcome, and it holds the unlocks that Kisi saw, in their
    /// order.
    pub(super) fn check_log(&self) {
        let directory = Directory::open(&self.folder, None, || Cost::MINIMUM).unwrap();
        let log = Log::open(&self.folder, directory.audit_key()).unwrap();
        assert_eq!(log.check_head().unwrap(), None);
        let verdict = log.verify(None, &[]).unwrap();
        assert_eq!(verdict.finding, None, "I8");
        let mut out = Vec::new();
        log.records().export(audit::Format::JsonLines, &verdict, &mut out).unwrap();
        let records: Vec<serde_json::Value> =
            String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |action: &str| records.iter().filter(|record| record["action"] == action).collect::<Vec<_>>();
        let (intents, outcomes) = (of("unlock-intent"), of("unlock-outcome"));
        let open: Vec<u64> = log.open_intents().unwrap().iter().map(|intent| intent.seq).collect();
        for intent in &intents {
            let seq = intent["seq"].as_u64().unwrap();
            let answers = outcomes.iter().filter(|outcome| outcome["of"] == seq).count();
            // An intent that was pending at the end has no outcome; the next start would record one.
            assert!(answers == 1 || (answers == 0 && open.contains(&seq)), "intent {seq} has {answers} outcomes");
        }
        let mut left = intents.iter();
        for (email, door) in &self.posts {
            let is_it = |intent: &&&serde_json::Value| {
                intent["person"] == *email && intent["door"].as_u64() == Some(door.get())
            };
            assert!(left.by_ref().any(|intent| is_it(&intent)), "I3: an unlock of {email} without an intent record");
        }
    }

    /// R46: a tap reported as not sent never reached Kisi; one reported as accepted or refused reached it once.
    pub(super) fn count(&self, tally: &mut Tally) {
        tally.proofs += self.proofs;
        for tap in &self.taps {
            tally.taps += 1;
            tally.posts += u64::from(tap.posts);
            match tap.outcome {
                Some(Outcome::NotSent | Outcome::NotRecorded | Outcome::Limited | Outcome::WrongClock) => {
                    assert_eq!(tap.posts, 0, "R46: not sent, but Kisi saw it");
                    tally.not_sent += 1;
                }
                Some(Outcome::Accepted | Outcome::Opened | Outcome::StillClosed) => {
                    assert_eq!(tap.posts, 1, "R46: accepted, but Kisi never saw it");
                    tally.accepted += 1;
                }
                Some(Outcome::Refused(_)) => {
                    assert_eq!(tap.posts, 1, "R46: refused, but Kisi never saw it");
                    tally.refused += 1;
                }
                Some(Outcome::Unknown(_)) | None => tally.unknown += 1,
            }
        }
    }
}
