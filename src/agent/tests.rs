//! How the agent handles panics, clock faults, and people who are suspended during a visit.

use std::path::Path;

use jiff::SignedDuration;

use super::*;
use crate::{
    door::Outcome,
    kisi::{Roots, Settings},
    session::{Asked, Denial, Presented, RequestId, budget::BudgetRules},
    staff::{Credential, NameFormat, Pin},
    store::audit::{Log, Record},
    store::directory::{Cost, Directory},
};

const KEY: [u8; 32] = [7; 32];

fn parts(folder: &Path) -> Parts {
    let settings = Settings {
        base_url: "http://127.0.0.1:9".to_owned(),
        proxy: None,
        timeout: Duration::from_secs(1),
        per_second: 5,
        position: None,
        integration_identifier: None,
        integration_contact: None,
        roots: Roots::System,
    };
    Parts {
        fleet: None,
        directory: Directory::open(folder, None, || Cost::MINIMUM).unwrap(),
        log: Log::open(folder, KEY).unwrap(),
        keep_days: 90,
        client: kisi::Client::new(&settings).unwrap(),
        places: Vec::new(),
        hidden: Vec::new(),
        rules: Vec::new(),
        names: NameFormat::Full,
        badge_needs_pin: false,
        badge_budget: BudgetRules { guesses: 20, refill: Duration::from_secs(30) },
        limits: UnlockLimits::default(),
        inline_lookup: false,
        remembers_doors: true,
        nearby: crate::beacons::Nearby::new(|| Duration::ZERO),
        status: Status::default(),
    }
}

/// Text of the last clock record.
fn clocks(folder: &Path) -> Option<String> {
    Log::open(folder, KEY).unwrap().last(Action::Clock).unwrap().map(|record| record.about)
}

/// F34: after a panic the agent answers again within 3 s, and everything it had stored is kept.
#[tokio::test]
async fn an_agent_that_panics_restarts() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let path = folder.path().to_owned();
    let again = move || Ok::<_, std::fmt::Error>(parts(&path));
    let handle = start(parts(folder.path()), again).unwrap();
    let pin = || Presented(Credential::Pin(Pin::parse("918273").unwrap()));
    let events = handle.events();
    for _ in 1..=3 {
        handle.send(Effect::KeepBudget(7));
        handle.send(Effect::Identify(SessionId::TEST, pin(), Asked::default()));
        handle.command(Command::Panic);
        let told = tokio::time::timeout(Duration::from_secs(3), events.recv()).await.unwrap();
        assert!(matches!(told, Some(Event::AgentRestarted)), "the window is told: {told:?}");
        let asked = Asked { guesses_left: Some(6), ..Asked::default() };
        handle.send(Effect::Identify(SessionId::TEST, pin(), asked));
        let answer = tokio::time::timeout(Duration::from_secs(3), events.recv()).await.unwrap();
        let Some(Event::Identified(SessionId::TEST, answer)) = answer else { panic!("{answer:?}") };
        assert_eq!(answer, Err(Denial::NotKnown), "the restarted agent answers");
        let directory = Directory::open(folder.path(), None, || Cost::MINIMUM).unwrap();
        assert_eq!(directory.counters().guesses_left().unwrap(), Some(6));
    }
}

/// F45, F46: no timer uses the wall clock, but the audit log records when it jumped.
#[tokio::test]
async fn clock_jumps_and_suspends_are_recorded() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (_handle, port) = channel();
    let (mut agent, _) = Agent::new(parts(folder.path()), &port);
    let (wall, steady) = (Timestamp::now(), time::Instant::now());
    let second = Duration::from_secs(1);
    let mut at = |walls: i64, steadies: u32, asleep: u64| {
        let now = Clocks { wall: wall + SignedDuration::from_secs(walls), steady: steady + second * steadies };
        agent.compare_clocks(now, suspend::time_suspended() + Duration::from_secs(asleep));
        clocks(folder.path())
    };
    assert_eq!(at(60, 60, 0), None);
    assert_eq!(at(121, 120, 0), None, "NTP corrects by a little");
    assert_eq!(at(181 + 3_600, 180, 0).as_deref(), Some("jumped by 3600 s"));
    assert_eq!(at(241, 240, 0).as_deref(), Some("jumped by -3600 s"), "and back");
    let night = 8 * 3_600;
    assert_eq!(at(301 + night, 300, 8 * 3_600).as_deref(), Some("asleep for 28800 s"), "no jump: the machine slept");
}

/// C11: at the start, before Kisi's time is known, a clock 200 days ahead pruned every record.
#[tokio::test]
async fn nothing_is_pruned_before_the_clock_agrees_with_kisis() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (_handle, port) = channel();
    let mut parts = parts(folder.path());
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    for day in [200, 150, 100] {
        let _ = parts.log.append(&Record::new(Timestamp::now() - days(day), Action::Start, "")).unwrap();
    }
    let (mut agent, _) = Agent::new(parts, &port);
    let records = || Log::open(folder.path(), KEY).unwrap().verify(None, &[]).unwrap().records;
    agent.chores(0);
    assert_eq!(records(), 3, "Kisi's time is not known yet");
    agent.looked(Ok(Some(Timestamp::now() - days(200))), Duration::ZERO);
    agent.chores(0);
    let written = records();
    assert!(3 <= written, "the clock is 200 days off: nothing is pruned");
    agent.looked(Ok(Some(Timestamp::now())), Duration::ZERO);
    agent.chores(0);
    let last = Log::open(folder.path(), KEY).unwrap().last(Action::Prune).unwrap().unwrap();
    assert_eq!(last.about, "1 records up to 1", "a day's worth");
}

/// D18: at a reception desk a visit may last twelve hours. A person who is suspended is signed out within a minute,
/// even without a tap.
#[tokio::test]
async fn a_visit_of_somebody_who_was_suspended_ends_by_itself() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (handle, port) = channel();
    let mut parts = parts(folder.path());
    let person = crate::store::directory::Enrolment {
        email: "ada@example.com",
        name: "Ada",
        login_id: 7,
        secret: &crate::secret::Secret::new("login".to_owned()),
        badge: None,
        pin_digits: None,
        badge_alone: true,
        outbox_entry: None,
    };
    let _ = parts.directory.enrol(&person).unwrap();
    let staff = parts.directory.person("ada@example.com").unwrap().unwrap().id;
    let (mut agent, _) = Agent::new(parts, &port);
    let who = Who { staff, revision: 1, email: "ada@example.com".to_owned(), how: "badge".to_owned() };
    agent.visit = Some(Visit::new(SessionId::TEST, who, Secret::new("login".to_owned()), visit::Lists::default()));
    agent.chores(1);
    assert!(agent.visit.is_some());
    let mut other = Directory::open(folder.path(), None, || Cost::MINIMUM).unwrap();
    let _ = other.suspend("ada@example.com", true).unwrap();
    agent.chores(2);
    assert!(agent.visit.is_none());
    let said = std::iter::from_fn(|| handle.events().try_recv()).collect::<Vec<_>>();
    assert!(matches!(said[..], [Event::AccessRevoked(SessionId::TEST)]), "{said:?}");
    let last = Log::open(folder.path(), KEY).unwrap().last(Action::SignOut).unwrap().unwrap();
    assert_eq!(last.about, "suspended or removed");
}

/// An unlock that the kiosk stops itself is counted too, and not only written to the audit log.
#[tokio::test]
async fn an_unlock_that_is_not_sent_is_counted() {
    let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
    let (handle, port) = channel();
    let (mut agent, _) = Agent::new(parts(folder.path()), &port);
    agent.unlock(SessionId::TEST, RequestId::TEST, DoorId::new(7), time::Instant::now());
    let said = handle.events().try_recv();
    assert!(matches!(said, Some(Event::UnlockAnswered(RequestId::TEST, Outcome::NotSent))), "{said:?}");
    let metrics = agent.status.metrics().text(None).unwrap();
    assert!(metrics.contains("vestibule_unlocks_total{outcome=\"not_sent\"} 1"), "{metrics}");
    assert!(metrics.contains("vestibule_unlock_seconds_count 0"), "only those that were sent take time: {metrics}");
}

/// F46: the suspended time comes from the kernel. A time namespace shifts one of its clocks.
#[cfg(target_os = "linux")]
#[test]
fn suspended_time_is_read_from_the_kernel() {
    const INSIDE: &str = "VESTIBULE_INSIDE_TIME";
    if std::env::var_os(INSIDE).is_some() {
        println!("asleep for {} s", suspend::time_suspended().as_secs());
        return;
    }
    let test = "agent::tests::suspended_time_is_read_from_the_kernel";
    let mut command = std::process::Command::new("unshare");
    let _ = command.args(["--time", "--boottime", "28800", "--fork"]).arg(std::env::current_exe().unwrap());
    let output = command.args([test, "--exact", "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let asleep = suspend::time_suspended().as_secs() + 28_800;
    assert!(said.contains(&format!("asleep for {asleep} s")), "{asleep}: {said}");
}
