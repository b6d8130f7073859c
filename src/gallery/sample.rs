//! Sample doors and reports.

use jiff::civil::{DateTime, date};

use crate::{
    door::{Allowance, Door, DoorId, DoorState, Place, PlaceId},
    session::technician::{CheckKind, FleetReport, FleetStanding, HealthCheck, HealthReport},
};

/// A lockdown of the day before, and one of today.
const YESTERDAY: DateTime = date(2026, 11, 24).at(14, 10, 0, 0);
const TODAY: DateTime = date(2026, 11, 25).at(14, 10, 0, 0);

fn door(number: u64, name: &str, place: (u64, &str), state: DoorState) -> Door {
    Door {
        id: DoorId::new(100 + number),
        name: name.to_owned(),
        kisi_name: name.to_owned(),
        place: Some(Place { id: PlaceId::new(place.0), name: place.1.to_owned() }),
        state,
        allowance: None,
    }
}

/// Six doors of two places, each in another state.
pub(super) fn six() -> Vec<Door> {
    let (house, annex) = ((1, "Harbour House"), (2, "Annex"));
    let mut doors = vec![
        door(1, "Main entrance", house, DoorState::Ready),
        door(2, "Büro 2. Etage", house, DoorState::Ready),
        door(3, "Loading bay", house, DoorState::Offline),
        door(4, "Café", house, DoorState::Open),
        door(5, "Bike store", annex, DoorState::LockedDown(Some(YESTERDAY))),
        door(6, "Archive", annex, DoorState::NeedsReader),
    ];
    if let Some(door) = doors.get_mut(1) {
        door.allowance = Some(Allowance { left: 2, of: 4, again: None });
    }
    doors
}

/// Any number of doors, with names of every length and all states.
pub fn doors(count: u64) -> Vec<Door> {
    let names = [
        "Main entrance",
        "Büro 2. Etage",
        "Server room",
        "Bike store",
        "Loading bay",
        "Café",
        "Archive",
        "Roof terrace",
        "Studio (planned)",
        "Delivery entrance Speicherstraße, rear courtyard, 2nd gate left",
    ];
    let states = [
        DoorState::Ready,
        DoorState::Ready,
        DoorState::Ready,
        DoorState::LockedDown(Some(YESTERDAY)),
        DoorState::Offline,
        DoorState::Open,
        DoorState::NeedsReader,
        DoorState::NeedsPosition,
        DoorState::NotSetUp,
    ];
    let numbers = (1..=count).zip(names.iter().cycle()).zip(states.iter().cycle());
    let sample = |((number, name), state): ((u64, &&str), &DoorState)| {
        let place = if (number - 1) / 6 % 2 == 0 { (1, "Harbour House") } else { (2, "Annex") };
        let mut door = door(number, name, place, *state);
        door.allowance = (number == 2).then_some(Allowance { left: 2, of: 4, again: None });
        door
    };
    numbers.map(sample).collect()
}

/// The doors of the first of two places.
const HOUSE: [&str; 36] = [
    "Main entrance",
    "Side entrance",
    "Lobby gate left",
    "Lobby gate right",
    "Reception",
    "Mail room",
    "Loading bay",
    "Goods lift",
    "Bike store",
    "Car park",
    "Car park barrier",
    "Café",
    "Kitchen",
    "Office 1 north",
    "Office 1 south",
    "Office 2 north",
    "Office 2 south",
    "Office 3 north",
    "Office 3 south",
    "Office 4 north",
    "Office 4 south",
    "Meeting 1.1",
    "Meeting 1.2",
    "Meeting 2.1",
    "Meeting 2.2",
    "Print room",
    "Server room",
    "Switch room",
    "Archive",
    "Cleaners",
    "Stair A",
    "Stair B",
    "Roof terrace",
    "First aid",
    "Plant room",
    "Cellar",
];
/// The doors of the second.
const ANNEX: [&str; 24] = [
    "Annex entrance",
    "Annex gate",
    "Delivery entrance, rear courtyard",
    "Workshop",
    "Studio 1",
    "Studio 2",
    "Studio 3",
    "Photo lab",
    "Store 1",
    "Store 2",
    "Store 3",
    "Cold store",
    "Lab A",
    "Lab B",
    "Lab C",
    "Clean room",
    "Gas store",
    "Office 1",
    "Office 2",
    "Meeting room",
    "Tea kitchen",
    "Bike shed",
    "Stair",
    "Cellar",
];

/// Sixty doors of two places.
pub(super) fn sixty() -> Vec<Door> {
    let state = |number: u64| match number {
        7 => DoorState::Offline,
        9 | 52 => DoorState::LockedDown(Some(TODAY)),
        12 | 37 => DoorState::Open,
        29 | 53 => DoorState::NeedsReader,
        33 => DoorState::NeedsPosition,
        42 => DoorState::NotSetUp,
        _ => DoorState::Ready,
    };
    let named =
        HOUSE.iter().map(|name| ((1, "Harbour House"), name)).chain(ANNEX.iter().map(|name| ((2, "Annex"), name)));
    let doors = (1..).zip(named).map(|(number, (place, name))| {
        let mut door = door(number, name, place, state(number));
        door.allowance = (number == 27).then_some(Allowance { left: 2, of: 4, again: None });
        door
    });
    doors.collect()
}

/// Lines about the sample staff, as the demo shows them.
pub(super) fn staff() -> Vec<String> {
    let lines = [
        "Ada Lind: PIN 482913 (many doors)",
        "Grace Okafor: badge 0012345678 (office doors)",
        "Jürgen Maier: PIN 905417 (two places)",
        "Nadia Petrova: PIN 117206 (no door)",
    ];
    lines.map(str::to_owned).to_vec()
}

/// A technician's report with something to see to.
pub(super) fn report() -> HealthReport {
    let fact = |what, value: &str, is_good| HealthCheck { what, value: value.to_owned(), is_good };
    let facts = vec![
        fact(CheckKind::Network, "84 ms", true),
        fact(CheckKind::Clock, "± 0 s", true),
        fact(CheckKind::Logins, "241, 2 ✗", false),
        fact(CheckKind::Disk, "31 %", true),
        fact(CheckKind::Configuration, "0a1b2c3d4e5f", true),
        fact(CheckKind::Version, env!("CARGO_PKG_VERSION"), true),
    ];
    let last = ["Main entrance: accepted", "Server room: refused: NotYours, fcd8ef", "Loading bay: unknown"];
    let last = last.into_iter().map(|line| format!("24. 09:41  {line}")).collect();
    let diagnostics = format!("vestibule\nNetwork: 84 ms\nClock: 0 s\nAudit head: 4711:{}", "5f".repeat(32));
    HealthReport { facts, fleet: None, last, diagnostics }
}

/// The same at a kiosk of a fleet whose database is away.
pub(super) fn report_of_fleet() -> HealthReport {
    let mut report = report();
    let what = CheckKind::Fleet;
    report.facts.insert(3, HealthCheck { what, value: FleetStanding::Away.name().to_owned(), is_good: false });
    let last_contact = "24. 09:12".to_owned();
    report.fleet = Some(FleetReport { standing: FleetStanding::Away, last_contact, unshipped: 37 });
    report
}
