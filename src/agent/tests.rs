//! What the agent does when it breaks, and when its clocks do.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    audit::{Action, Log},
    directory::Cost,
    kisi::{Roots, Settings},
    staff::{NameFormat, Pin},
    uptime,
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
        directory: Directory::open(folder, None, || Cost::FLOOR).unwrap(),
        log: Log::open(folder, KEY).unwrap(),
        keep_days: 90,
        client: kisi::Client::new(&settings).unwrap(),
        places: Vec::new(),
        hidden: Vec::new(),
        names: NameFormat::Full,
        badge_needs_pin: false,
        limits: Limits::default(),
        looks_up_alone: false,
        proofs: Arc::default(),
        status: Status::default(),
    }
}

/// What the clock records say.
fn clocks(folder: &Path) -> Option<String> {
    Log::open(folder, KEY).unwrap().last(Action::Clock).unwrap().map(|record| record.about)
}

/// F34: the agent is back within 3 s, answers, and what it had written down is there.
#[tokio::test]
async fn an_agent_that_panics_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let again = move || Ok::<_, std::fmt::Error>(parts(&path));
    let handle = start(parts(folder.path()), again).unwrap();
    let pin = || Presented(Credential::Pin(Pin::parse("918273").unwrap()));
    let mut health = handle.health();
    for life in 1..=3 {
        handle.keep_budget(7);
        let open = handle.identify(SessionId::TEST, pin(), Asked::default());
        handle.order(Order::Break);
        assert_eq!(open.await, Err(Denial::KioskFault), "whoever waits is told");
        let back = health.wait_for(|health| health.lives == life);
        let _ = tokio::time::timeout(Duration::from_secs(3), back).await.unwrap().unwrap();
        let answer = handle.identify(SessionId::TEST, pin(), Asked { guesses_left: Some(6), ..Asked::default() }).await;
        assert_eq!(answer, Err(Denial::NotKnown), "it works again");
        let directory = Directory::open(folder.path(), None, || Cost::FLOOR).unwrap();
        assert_eq!(directory.guesses_left().unwrap(), Some(6));
    }
}

/// F45, F46: nothing waits by the clock on the wall, but the log says when it was not to be trusted.
#[tokio::test]
async fn a_clock_that_jumps_and_a_machine_that_slept_are_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let (said, _) = watch::channel(Health::default());
    let mut agent = Agent::new(parts(folder.path()), said);
    let (wall, steady) = (Timestamp::now(), time::Instant::now());
    let second = Duration::from_secs(1);
    let mut at = |walls: i64, steadies: u32, asleep: u64| {
        let now = (wall + SignedDuration::from_secs(walls), steady + second * steadies);
        agent.compare_clocks(now, uptime::asleep() + Duration::from_secs(asleep));
        clocks(folder.path())
    };
    assert_eq!(at(60, 60, 0), None);
    assert_eq!(at(121, 120, 0), None, "NTP corrects by a little");
    assert_eq!(at(181 + 3_600, 180, 0).as_deref(), Some("jumped by 3600 s"));
    assert_eq!(at(241, 240, 0).as_deref(), Some("jumped by -3600 s"), "and back");
    let night = 8 * 3_600;
    assert_eq!(at(301 + night, 300, 8 * 3_600).as_deref(), Some("asleep for 28800 s"), "no jump: the machine slept");
}

/// F46: what lies between the clocks is what the kernel says. A time namespace can move one of them.
#[cfg(target_os = "linux")]
#[test]
fn time_asleep_is_read_from_the_kernel() {
    const INSIDE: &str = "VESTIBULE_INSIDE_TIME";
    if std::env::var_os(INSIDE).is_some() {
        println!("asleep for {} s", uptime::asleep().as_secs());
        return;
    }
    let test = "agent::tests::time_asleep_is_read_from_the_kernel";
    let mut command = std::process::Command::new("unshare");
    let _ = command.args(["--time", "--boottime", "28800", "--fork"]).arg(std::env::current_exe().unwrap());
    let output = command.args([test, "--exact", "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let asleep = uptime::asleep().as_secs() + 28_800;
    assert!(said.contains(&format!("asleep for {asleep} s")), "{asleep}: {said}");
}
