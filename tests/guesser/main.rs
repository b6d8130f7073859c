//! The shipped session and agent without a window, typing wrong PINs as fast as they are answered. For the test that ends it
//! between the spending of a guess and its check.
//!
//! `guesser CONFIG DATA`: prints a line for each guess that was answered.

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use vestibule::{
    agent::Handle,
    app::Start,
    config::Config,
    directory::{Cost, Directory},
    kisi::Client,
    session::{Effect, Event, Session, SessionId},
    staff::Digit,
    wiring,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, config, data] = &arguments[..] else { return Err("guesser CONFIG DATA".into()) };
    let config = Config::load(Path::new(config))?;
    let directory = Directory::open(Path::new(data), None, || Cost::FLOOR)?;
    let client = Client::new(&wiring::client(&config))?;
    let Start::Working { rules, agent, guesses_left, .. } = wiring::start(&config, directory, client)? else {
        return Err("the kiosk does not start".into());
    };
    // Time enough for every guess, and not so much that one comes back.
    let mut now = begin();
    let mut session = Session::new(*rules).with_guesses(guesses_left, now);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for number in 0_u64.. {
        now += Duration::from_millis(1);
        let mut effects = Vec::new();
        for digit in format!("{:012}", 271_828_182_845 + number).chars() {
            let digit = Digit::from_char(digit).ok_or("no digit")?;
            effects.extend(session.handle(Event::DigitTouched(digit), now));
        }
        if !runtime.block_on(perform(&agent, &mut session, effects, now)) {
            return Ok(());
        }
        let mut out = std::io::stdout();
        writeln!(out, "answered").and_then(|()| out.flush())?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the beginning of this program's time")]
fn begin() -> Instant {
    Instant::now()
}

/// Has one guess looked at. Says whether one was left.
async fn perform(agent: &Handle, session: &mut Session, effects: Vec<Effect>, now: Instant) -> bool {
    let mut asked: Option<SessionId> = None;
    for effect in effects {
        match effect {
            Effect::Identify(id, presented, question) => {
                let answer = agent.identify(id, presented, question).await;
                for effect in session.handle(Event::Identified(id, answer), now) {
                    if let Effect::KeepBudget(left) = effect {
                        agent.keep_budget(left);
                    }
                }
                asked = Some(id);
            }
            Effect::KeepBudget(left) => agent.keep_budget(left),
            Effect::Prepare
            | Effect::CheckPlaces(_)
            | Effect::Recount(_)
            | Effect::Follow(..)
            | Effect::ReadBack(..)
            | Effect::Unlock(..)
            | Effect::Forget(..) => {}
        }
    }
    asked.is_some()
}
