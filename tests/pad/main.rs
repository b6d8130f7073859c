//! The shipped window on a real display, with an agent that prints each credential and refuses it. The touchscreen
//! tests use it to see what fingers and readers typed.
//!
//! `pad [BUSY_MS] [updates|panics]`: the window is blocked for `BUSY_MS` at the fifth key of a scan. `updates` prints a
//! line for each message but heartbeats, after each of which iced redraws the window. `panics` makes it panic at the
//! first key.

use std::{io::Write, sync::atomic::AtomicUsize, sync::atomic::Ordering, thread, time::Duration};

use vestibule::{
    agent::{self, Port},
    app::{self, Message, Start, Window},
    config::{Config, SAMPLE},
    session::{Denial, Effect, Event, Presented},
    staff::Credential,
    testing, wiring,
};

fn main() -> iced::Result {
    let busy = std::env::args().nth(1).and_then(|ms| ms.parse().ok()).map_or(Duration::ZERO, Duration::from_millis);
    let (agent, port) = agent::channel();
    let _ = thread::spawn(move || print(port));
    let config = Config::parse(SAMPLE, "kiosk.toml".as_ref()).unwrap_or_else(|_| std::process::exit(2));
    let (mut rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    // Every PIN is refused, and the budget must not run out.
    rules.budget.guesses = u32::MAX;
    let says_updates = std::env::args().nth(2).is_some_and(|word| word == "updates");
    let panics = std::env::args().nth(2).is_some_and(|word| word == "panics");
    if panics {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
        vestibule::platform::supervisor::log_panics();
    }
    let keys = AtomicUsize::new(0);
    let update = move |app: &mut app::App, message: Message| {
        let is_key = matches!(message, Message::Session(Event::KeyPressed(_)));
        assert!(!panics || !is_key, "4711 is a secret");
        if is_key && keys.fetch_add(1, Ordering::Relaxed) == 4 {
            thread::sleep(busy);
        }
        if matches!(message, Message::Opened(_)) {
            say("open");
        }
        if says_updates && !matches!(message, Message::BeatBegan) {
            say("updated");
        }
        app.update(message)
    };
    let start = Start::Working { rules, labels, agent, guesses_left: u32::MAX };
    testing::application_with(start, Window::default(), update).run()
}

/// The agent: prints each credential and refuses it.
fn print(mut port: Port) {
    while let Some(effect) = port.blocking_recv() {
        if let Effect::Identify(session, Presented(credential), _) = effect {
            match credential {
                Credential::Pin(pin) => say(&format!("pin {}", pin.expose_text())),
                Credential::Badge(badge) => say(&format!("badge {}", badge.expose())),
                Credential::Technician(pin) => say(&format!("technician {}", pin.expose_text())),
                Credential::BadgeWithPin(badge, pin) => {
                    say(&format!("badge {} pin {}", badge.expose(), pin.expose_text()));
                }
            }
            port.say(Event::Identified(session, Err(Denial::NotKnown)));
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
