//! The shipped window on a real display, with an agent that prints each credential and refuses it. The touchscreen
//! tests use it to see what fingers and readers typed.
//!
//! `pad [BUSY_MS] [updates|panics|visits|desk]`: the window is blocked for `BUSY_MS` at the fifth key of a scan. `updates` prints a
//! line for each message but heartbeats, after each of which iced redraws the window. `panics` makes it panic at the
//! first key. `visits` lets every badge of ten decimal digits in, for keys of a keypad and names typed at a desk: it
//! prints doors that are unlocked and visits that end. `desk` is the same at a reception desk.

use std::{io::Write, sync::atomic::AtomicUsize, sync::atomic::Ordering, thread, time::Duration};

use vestibule::{
    agent::{self, Port},
    app::{self, Message, Start, Window},
    config::{Config, SAMPLE},
    door::{Door, DoorId, DoorState, Outcome},
    screen::theme::Panel,
    session::{Denial, Effect, Event, Identity, Presented, rules::KeyboardPolicy, visit::Welcome},
    staff::Credential,
    testing, wiring,
};

fn main() -> iced::Result {
    let busy = std::env::args().nth(1).and_then(|ms| ms.parse().ok()).map_or(Duration::ZERO, Duration::from_millis);
    let (agent, port) = agent::channel();
    let is_desk = std::env::args().nth(2).is_some_and(|word| word == "desk");
    let has_visits = is_desk || std::env::args().nth(2).is_some_and(|word| word == "visits");
    let _ = thread::spawn(move || print(port, has_visits));
    let config = Config::parse(SAMPLE, "kiosk.toml".as_ref()).unwrap_or_else(|_| std::process::exit(2));
    let (mut rules, labels) = (Box::new(wiring::rules(&config)), wiring::labels(&config));
    // Every PIN is refused, and the budget must not run out.
    rules.budget.guesses = u32::MAX;
    if has_visits {
        rules.keyboard = KeyboardPolicy::Desk;
        rules.reception = is_desk;
        // Persons in a test are quicker than others.
        rules.reader.gap = Duration::from_millis(35);
    }
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
    let window = Window { panel: Panel { is_desk, ..Panel::default() }, ..Window::default() };
    testing::application_with(start, window, update).run()
}

/// The agent: prints each credential and refuses it.
fn print(mut port: Port, has_visits: bool) {
    while let Some(effect) = port.blocking_recv() {
        if let Effect::Unlock(_, request, door) = effect {
            say(&format!("unlock {}", door.get()));
            port.say(Event::UnlockAnswered(request, Outcome::Accepted));
        } else if let Effect::Forget(..) = effect {
            say("ended");
        } else if let Effect::Identify(session, Presented(credential), _) = effect {
            let is_let_in = matches!(&credential, Credential::Badge(badge)
                if has_visits && badge.expose().len() == 10 && badge.expose().bytes().all(|c| c.is_ascii_digit()));
            match credential {
                Credential::Pin(pin) => say(&format!("pin {}", pin.expose_text())),
                Credential::Badge(badge) => say(&format!("badge {}", badge.expose())),
                Credential::Technician(pin) => say(&format!("technician {}", pin.expose_text())),
                Credential::BadgeWithPin(badge, pin) => {
                    say(&format!("badge {} pin {}", badge.expose(), pin.expose_text()));
                }
            }
            let answer = if is_let_in { Ok(Identity::Person(welcome())) } else { Err(Denial::NotKnown) };
            port.say(Event::Identified(session, answer));
        }
    }
}

/// Twelve doors. The id of a door is its number.
fn welcome() -> Welcome {
    let names =
        ["Büro", "Étage", "Año", "Łódź", "Großer Saal", "Lobby", "Lab", "Gym", "Roof", "Yard", "Depot", "Vault"];
    let door = |(index, name): (usize, &str)| Door {
        id: DoorId::new(u64::try_from(index).unwrap_or_default() + 1),
        name: name.to_owned(),
        place: None,
        state: DoorState::Ready,
        kisi_name: String::new(),
        allowance: None,
    };
    let doors = names.into_iter().enumerate().map(door).collect();
    Welcome { name: "Ada".to_owned(), doors, language: None, incomplete: false }
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
