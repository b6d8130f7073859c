//! Lists of doors that change in every way while fingers are on the glass: the shipped session, screens and widgets, with a
//! time of their own.

use std::time::{Duration, Instant};

use iced::{Event, Point, Size};
use iced_test::{
    core,
    runtime::user_interface::{Cache, UserInterface},
};
use vestibule::{
    config::Config,
    door::{Allowance, Door, DoorId, DoorList, DoorState, Place, PlaceId},
    language::Language,
    screen::{
        self, Moment, Shown,
        colors::Colors,
        sign_in::Labels,
        theme::{self, Metrics, Panel},
        words::words,
    },
    session::{Effect, Identity, Session, SessionId, State, visit::Welcome},
    staff::Digit,
    wiring,
};

use crate::support::headless::{STILL, lifted, look, moved, now, pressed};

/// Touches this soon after tiles have moved count for nothing.
const SETTLED: Duration = Duration::from_millis(400);

/// A window without a display.
struct Glass {
    session: Session,
    labels: Labels,
    now: Instant,
    size: Size,
    renderer: iced::Renderer,
    cache: Cache,
    /// Doors whose unlock was requested.
    opened: Vec<DoorId>,
}

impl Glass {
    /// Somebody has signed in, and sees these doors.
    fn new(list: DoorList, size: Size, is_desk: bool) -> (Self, SessionId) {
        let keys = if is_desk { "[display]\nreception = true\n" } else { "" };
        let config = Config::parse(keys, "kiosk.toml".as_ref()).unwrap();
        screen::fonts::load();
        let mut glass = Self {
            session: Session::new(wiring::rules(&config)),
            labels: wiring::labels(&config),
            now: now(),
            size,
            renderer: iced::Renderer::new(theme::FONT, 16.into()),
            cache: Cache::default(),
            opened: Vec::new(),
        };
        let asked: Vec<Effect> = Digit::ALL
            .into_iter()
            .take(6)
            .flat_map(|digit| glass.tell(vestibule::session::Event::DigitTouched(digit)))
            .collect();
        let session = asked
            .iter()
            .find_map(|effect| if let Effect::Identify(session, ..) = effect { Some(*session) } else { None });
        let session = session.unwrap();
        let welcome = Welcome { name: "Ada".into(), doors: list.doors, language: None, incomplete: list.incomplete };
        let _ = glass.tell(vestibule::session::Event::Identified(session, Ok(Identity::Person(welcome))));
        (glass, session)
    }

    fn tell(&mut self, event: vestibule::session::Event) -> Vec<Effect> {
        let effects = self.session.handle(event, self.now);
        let opened = effects
            .iter()
            .filter_map(|effect| if let Effect::Unlock(_, _, door) = effect { Some(*door) } else { None });
        self.opened.extend(opened);
        effects
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now = (self.now + Duration::from_millis(25)).min(until);
            drop(self.tell(vestibule::session::Event::Ticked));
        }
    }

    fn view<'a>(
        session: &'a Session,
        labels: &'a Labels,
        now: Instant,
        size: Size,
    ) -> iced::Element<'a, vestibule::session::Event> {
        let moment = Moment { now, today: jiff::civil::date(2026, 11, 25) };
        let time = jiff::civil::time(9, 41, 0, 0);
        let shown = Shown {
            session,
            labels,
            outage: None,
            is_reader_missing: false,
            diagnostics: None,
            moment,
            time,
            minutes: 7,
        };
        screen::view(
            shown,
            Metrics::new(
                size,
                Panel { is_desk: session.rules().reception, ..STILL },
                Colors::DARK,
                words(Language::En),
            ),
        )
    }

    fn touch(&mut self, event: &Event, at: Point) {
        let view = Self::view(&self.session, &self.labels, self.now, self.size);
        let mut ui = UserInterface::build(view, self.size, std::mem::take(&mut self.cache), &mut self.renderer);
        let (cursor, mut messages) = (core::mouse::Cursor::Available(at), Vec::new());
        let events = std::slice::from_ref(event);
        let _ = ui.update(events, cursor, &mut self.renderer, &mut core::clipboard::Null, &mut messages);
        self.cache = ui.into_cache();
        for message in messages {
            drop(self.tell(message));
        }
    }

    /// The names on the tile at this point. `None` if there is no tile.
    fn tile(&self, at: Point) -> Option<String> {
        let looked = look(Self::view(&self.session, &self.labels, self.now, self.size), self.size);
        let tiles =
            looked.surfaces.iter().filter(|(_, bounds)| bounds.contains(at) && bounds.width < self.size.width * 0.99);
        let area = |bounds: &core::Rectangle| bounds.width * bounds.height;
        let names = tiles.filter_map(|(_, bounds)| {
            let name = looked.texts.iter().find(|(text, at)| text.starts_with("Door ") && bounds.contains(at.center()));
            name.map(|(name, _)| (area(bounds), name.clone()))
        });
        names.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
    }

    /// The door that is shown under this name.
    fn named(&self, name: &str) -> Option<&Door> {
        let State::SignedIn(visit) = self.session.state() else { return None };
        visit.welcome.doors.iter().find(|door| door.name == name)
    }
}

fn door(id: u64, rng: &mut fastrand::Rng) -> Door {
    let place = rng.bool().then(|| {
        let place = rng.u64(1..4);
        Place { id: PlaceId::new(place), name: format!("Place {place}") }
    });
    let name = format!("Door {id}");
    Door { id: DoorId::new(id), kisi_name: name.clone(), name, place, state: DoorState::Remembered, allowance: None }
}

/// What Kisi lists in place of these doors.
fn changed(before: &[Door], rng: &mut fastrand::Rng) -> Vec<Door> {
    let mut doors = before.to_vec();
    for _ in 0..rng.usize(0..4) {
        let at = rng.usize(0..=doors.len());
        match rng.u8(..7) {
            0 => doors.insert(at, door(1_000 + rng.u64(..1_000), rng)),
            1 if at < doors.len() => drop(doors.remove(at)),
            2 if at < doors.len() => doors[at].name = format!("Door {} of old", rng.u64(..1_000)),
            3 => rng.shuffle(&mut doors),
            4 if 1 < doors.len() => {
                let (a, b) = (rng.usize(..doors.len()), rng.usize(..doors.len()));
                let name = doors[a].name.clone();
                doors[a].name = std::mem::replace(&mut doors[b].name, name);
            }
            5 if rng.u8(..8) == 0 => doors.clear(),
            6 => doors.iter_mut().for_each(|some| some.place = door(some.id.get(), rng).place),
            _ => {}
        }
    }
    let place = rng.u64(1..6);
    for door in &mut doors {
        let is_down = door.place.as_ref().is_some_and(|of| of.id.get() == place);
        door.state = match rng.u8(..8) {
            _ if is_down => DoorState::LockedDown(None),
            0 => DoorState::Open,
            1 => DoorState::Offline,
            2 => DoorState::NeedsReader,
            3 => DoorState::NotSetUp,
            _ => DoorState::Ready,
        };
        door.allowance = (rng.u8(..8) == 0).then_some(Allowance { left: 0, of: 3, again: None });
    }
    let mut seen = std::collections::HashSet::new();
    doors.retain(|door| seen.insert(door.id));
    doors
}

/// How long a finger stays on the glass.
fn held(rng: &mut fastrand::Rng) -> Duration {
    Duration::from_millis(match rng.u8(..5) {
        0 | 1 => rng.u64(20..200),
        2 | 3 => rng.u64(200..2_900),
        _ => rng.u64(2_900..5_000),
    })
}

/// One visit with one finger, which comes down at any moment and stays for any time.
fn visit(rng: &mut fastrand::Rng) -> (usize, usize) {
    let count = [rng.u64(0..3), rng.u64(2..12), rng.u64(2..40), 500][rng.choice([0, 1, 1, 1, 2, 2, 3]).unwrap()];
    let before: Vec<Door> = (1..=count).map(|id| door(id, rng)).collect();
    let after = changed(&before, rng);
    let size = [Size::new(1280.0, 800.0), Size::new(800.0, 480.0), Size::new(1080.0, 1920.0)][rng.usize(..3)];
    let is_desk = rng.u8(..4) == 0;
    let (mut glass, session) = Glass::new(DoorList { doors: before, incomplete: false }, size, is_desk);
    let mut lists = vec![(Duration::from_millis(rng.u64(0..2_500)), after.clone())];
    if rng.bool() {
        lists.push((Duration::from_millis(rng.u64(0..4_000)), changed(&after, rng)));
        lists.sort_by_key(|(at, _)| *at);
    }
    let at = Point::new(rng.f32() * size.width, rng.f32() * size.height);
    let down = Duration::from_millis(rng.u64(0..2_000));
    let held = held(rng);
    let up = down + held;
    let (mut passed, mut under, mut changed_at) = (Duration::ZERO, None, Duration::ZERO);
    let mut moments: Vec<(Duration, u8, Vec<Door>)> = lists.into_iter().map(|(at, doors)| (at, 2, doors)).collect();
    moments.push((down, 1, Vec::new()));
    moments.push((up, 3, Vec::new()));
    moments.sort_by_key(|(at, kind, _)| (*at, *kind));
    for (moment, kind, doors) in moments {
        glass.wait(moment.saturating_sub(passed));
        passed = moment;
        match kind {
            1 => {
                under = glass.tile(at).map(|name| (glass.named(&name).unwrap().clone(), name));
                glass.touch(&pressed(0, at), at);
            }
            2 => {
                let before = glass.tile(at);
                drop(
                    glass.tell(vestibule::session::Event::DoorsListed(session, DoorList { doors, incomplete: false })),
                );
                let is_down = down < moment && moment < up && moment.saturating_sub(down) < Duration::from_secs(3);
                if let (Some((_, name)), true) = (&under, is_down) {
                    assert_eq!(glass.tile(at).as_ref(), Some(name), "moved under the finger");
                }
                if before != glass.tile(at) {
                    changed_at = moment;
                }
            }
            _ => {
                if rng.bool() {
                    glass.touch(&moved(0, at), at);
                }
                glass.touch(&lifted(0, at), at);
            }
        }
    }
    let touched = under.as_ref().map(|(door, _)| door.id);
    assert!(
        glass.opened.iter().all(|door| Some(*door) == touched),
        "{touched:?} was touched, {:?} opened",
        glass.opened
    );
    assert!(glass.opened.len() <= 1);
    glass.wait(Duration::from_secs(4));
    // A tap that met a tile at rest opens its door: nothing is safe because nothing works.
    let is_quiet = SETTLED <= down && changed_at == Duration::ZERO && held < Duration::from_secs(2);
    let may_open = is_quiet && under.as_ref().is_some_and(|(door, _)| door.can_be_tried());
    (usize::from(may_open), glass.opened.len())
}

/// Doors are added, removed, renamed, reordered and locked down, 0 to 500 of them, with a finger down at any moment: no
/// tile moves under it, and no door opens that it did not press. `VESTIBULE_LISTS` sets the number of visits.
#[test]
fn no_list_moves_a_tile_under_a_finger_or_opens_another_door() {
    let visits = std::env::var("VESTIBULE_LISTS").ok().map_or(400, |visits| visits.parse().unwrap());
    let (mut may_open, mut opened) = (0, 0);
    for seed in 0..visits {
        let run = std::panic::catch_unwind(|| visit(&mut fastrand::Rng::with_seed(seed)));
        let (may, did) = run.unwrap_or_else(|_| panic!("seed {seed}"));
        (may_open, opened) = (may_open + may, opened + did);
    }
    println!("{visits} visits: {opened} doors opened, {may_open} taps met a tile at rest");
    assert!(0 < opened && may_open <= opened, "{may_open} taps met a tile at rest, {opened} doors opened");
}
