//! The rules of a visit, one test each. The tests advance the time themselves.

mod ends;
mod entries;
mod guesses;
mod keypad;
mod lists;
mod scans;
mod technicians;
mod unlocks;
mod misdirected_touches;

use std::time::{Duration, Instant};

use super::{
    budget::BudgetRules,
    entry::Entry,
    reader::Key,
    rules::{BadgePolicy, KeyboardPolicy, ReaderRules, ScanEnd, SignInRules},
    visit::{Attempt, Welcome},
    *,
};
use crate::{
    door::{Code, Door, DoorList, DoorRule, DoorState, Outcome, Reason},
    language::Language,
    outage::Outage,
    staff::{BadgeProfile, Credential, Digit, Pin, Read, Scan},
};

const LOBBY: DoorId = DoorId::new(7);
const SERVER_ROOM: DoorId = DoorId::new(8);
const PLANNED: DoorId = DoorId::new(9);
const ELSEWHERE: DoorId = DoorId::new(99);
const ADA: &str = "0012345678";
const GRACE: &str = "0087654321";

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// No right to this door.
pub(super) fn refused() -> Outcome {
    Outcome::Refused(Reason::new(403, Code::new(Some("fcd8ef"))))
}

/// Usual rules of a site.
pub(super) fn rules() -> Rules {
    Rules {
        sign_in: SignInRules {
            pin: true,
            pin_digits: 6,
            badge: BadgePolicy::Alone,
            typed_badge: true,
            profile: BadgeProfile::plain(),
        },
        reader: ReaderRules { gap: ms(50), end: ScanEnd::Auto, are_keyboards_read: true },
        budget: BudgetRules { guesses: 10, refill: Duration::from_mins(6) },
        idle: Duration::from_secs(45),
        warning: Duration::from_secs(20),
        after_unlock: Duration::from_secs(8),
        max: Duration::from_mins(3),
        unlock_timeout: Duration::from_secs(8),
        confirm: vec![DoorRule::Name("Server room".to_owned())],
        follow: true,
        dim_after: Duration::ZERO,
        languages: vec![Language::En, Language::De],
        keyboard: KeyboardPolicy::Keypad,
        reception: false,
        are_unlocks_counted: false,
    }
}

fn welcome() -> Welcome {
    let door = |id, name: &str, state| Door {
        id,
        name: name.to_owned(),
        place: None,
        state,
        kisi_name: String::new(),
        allowance: None,
    };
    Welcome {
        name: "Ada".to_owned(),
        doors: vec![
            door(LOBBY, "Lobby", DoorState::Ready),
            door(SERVER_ROOM, "Server room", DoorState::Ready),
            door(PLANNED, "Planned", DoorState::NotSetUp),
        ],
        language: None,
        incomplete: false,
    }
}

/// A complete list of these doors.
fn list(doors: Vec<Door>) -> DoorList {
    DoorList { doors, incomplete: false }
}

/// A session and its time.
struct Kiosk {
    session: Session,
    now: Instant,
}

impl Kiosk {
    fn new(rules: Rules) -> Self {
        #[expect(clippy::disallowed_methods, reason = "any start will do, and an Instant cannot be made otherwise")]
        let now = Instant::now();
        Self { session: Session::new(rules), now }
    }

    fn send(&mut self, event: Event) -> Vec<Effect> {
        self.session.handle(event, self.now)
    }

    fn wait(&mut self, by: Duration) -> &mut Self {
        self.now += by;
        self
    }

    /// Ticks as the window does, until `by` has passed.
    fn idle(&mut self, by: Duration) -> Vec<Effect> {
        let until = self.now + by;
        let mut effects = Vec::new();
        while self.now < until {
            self.now = (self.now + ms(25)).min(until);
            effects.extend(self.send(Event::Ticked));
        }
        effects
    }

    fn touch(&mut self, digits: &str) -> Vec<Effect> {
        digits.chars().flat_map(|c| self.send(Event::DigitTouched(Digit::from_char(c).unwrap()))).collect()
    }

    /// Types as a reader does.
    fn scan(&mut self, text: &str) -> Vec<Effect> {
        let keys = text.chars().map(|c| if c == '\n' { Key::Enter } else { Key::typed(c) });
        keys.flat_map(|key| {
            self.now += ms(4);
            self.send(Event::KeyPressed(key))
        })
        .collect()
    }

    /// Answers the open check.
    fn answer(&mut self, answer: Result<Identity, Denial>) -> Vec<Effect> {
        let session = self.checking();
        self.send(Event::Identified(session, answer))
    }

    fn checking(&self) -> SessionId {
        let State::Checking { session, .. } = *self.session.state() else { panic!("nothing is checked") };
        session
    }

    fn visit(&self) -> &Visit {
        let State::SignedIn(visit) = self.session.state() else { panic!("nobody is signed in") };
        visit
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.session.state(), State::SignedOut { entry, .. } if entry.is_empty())
    }

    fn denial(&self) -> Option<Denial> {
        let State::SignedOut { denial, .. } = self.session.state() else { return None };
        denial.map(|(denial, _)| denial)
    }

    fn typed(&self) -> usize {
        let State::SignedOut { entry, .. } = self.session.state() else { panic!("no pad") };
        entry.digits()
    }

    /// The open request.
    fn request(&self) -> RequestId {
        let Attempt::Opening(request, ..) = self.visit().attempt else { panic!("no door is opening") };
        request
    }
}

fn at_rest() -> Kiosk {
    Kiosk::new(rules())
}

/// Ada is signed in, and touches count again after the change of the screen.
fn signed_in() -> Kiosk {
    let mut kiosk = at_rest();
    let _ = kiosk.touch("123456");
    let _ = kiosk.answer(Ok(Identity::Person(welcome())));
    let _ = kiosk.wait(ms(500));
    kiosk
}

/// Ada is signed in and has touched a door.
fn opening() -> Kiosk {
    let mut kiosk = signed_in();
    let _ = kiosk.send(Event::DoorTouched(LOBBY));
    kiosk
}

fn is_identify(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Identify(..)])
}
