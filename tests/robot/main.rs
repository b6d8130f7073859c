//! The shipped session and agent without a window, as fast as they answer. The tests in `kill` kill it.
//!
//! `robot CONFIG DATA` types wrong PINs and prints a line for each answered guess. `robot CONFIG DATA BADGE DOOR`
//! repeats visits: it signs in with the badge, unlocks the door and signs out. It prints a line before each tap and
//! after each answer.

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use vestibule::{
    agent::Handle,
    app::Start,
    config::Config,
    door::DoorId,
    kisi::Client,
    session::{Event, Session, State, reader::Key},
    staff::Digit,
    store::directory::{Cost, Directory},
    wiring,
};

type Failure = Box<dyn std::error::Error>;

struct Robot {
    session: Session,
    agent: Handle,
    now: Instant,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (config, data) = (arguments.first().ok_or("CONFIG")?, arguments.get(1).ok_or("DATA")?);
    let config = Config::load(Path::new(config))?;
    let directory = Directory::open(Path::new(data), None, || Cost::MINIMUM)?;
    let client = Client::new(&wiring::client(&config))?;
    let Start::Working { rules, agent, guesses_left, .. } = wiring::start(&config, directory, client)? else {
        return Err("the kiosk does not start".into());
    };
    let now = begin();
    let mut robot = Robot { session: Session::new(*rules).with_guesses(guesses_left, now), agent, now };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    match (arguments.get(2), arguments.get(3)) {
        (Some(badge), Some(door)) => runtime.block_on(robot.visit(badge, DoorId::new(door.parse()?))),
        _ => runtime.block_on(robot.guess()),
    }
}

impl Robot {
    async fn guess(&mut self) -> Result<(), Failure> {
        for number in 0_u64.. {
            // Too little time for the refill of a guess.
            self.now += Duration::from_millis(1);
            let before = self.session.budget().left();
            for digit in format!("{:012}", 271_828_182_845 + number).chars() {
                self.send(Event::DigitTouched(Digit::from_char(digit).ok_or("no digit")?)).await;
            }
            if before == 0 {
                return Ok(());
            }
            say("answered")?;
        }
        Ok(())
    }

    async fn visit(&mut self, badge: &str, door: DoorId) -> Result<(), Failure> {
        loop {
            self.now += Duration::from_secs(3);
            for c in badge.chars() {
                self.now += Duration::from_millis(5);
                self.send(Event::KeyPressed(Key::typed(c))).await;
            }
            self.send(Event::KeyPressed(Key::Enter)).await;
            if !matches!(self.session.state(), State::SignedIn(_)) {
                return Err("nobody is signed in".into());
            }
            self.now += Duration::from_secs(1);
            say("tap")?;
            self.send(Event::DoorTouched(door)).await;
            say("answered")?;
            self.send(Event::SignOutTouched).await;
        }
    }

    /// Handles an event and every event that follows from it, until no answer is awaited.
    async fn send(&mut self, event: Event) {
        let (mut next, events) = (Some(event), self.agent.events());
        while let Some(event) = next {
            self.session.handle(event, self.now).into_iter().for_each(|effect| self.agent.send(effect));
            next = if self.session.state().awaits_agent() { events.recv().await } else { events.try_recv() };
        }
    }
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

#[expect(clippy::disallowed_methods, reason = "the only reading of the clock")]
fn begin() -> Instant {
    Instant::now()
}
