//! Proximity to a door's reader: decodes its Bluetooth beacons and keeps their codes while they are fresh. `beacons`
//! receives them.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use crate::door::DoorId;

/// Older codes are not used.
///
/// # Source
///
/// `kisi.md`, section 6: seen in a public program of Kisi's.
pub const FRESH: Duration = Duration::from_secs(5);
/// A beacon contains only the lower 22 bits of the lock's id.
const ID_BITS: u64 = 0x003f_ffff;
/// The UUIDs that Kisi's readers rotate through as iBeacons.
///
/// # Source
///
/// Kisi's guide to proximity proof.
const READERS: [[u8; 16]; 5] = [
    uuid(0x6dfe_2064_5186_11ea_8dfe_4b73_218b_f946),
    uuid(0x6f9e_62a8_5186_11ea_8ed0_4314_341d_01dd),
    uuid(0x71fb_9eb2_5186_11ea_b1f4_bb92_8fef_b7fd),
    uuid(0x73f7_89ec_5186_11ea_9973_8789_6ce8_2dd8),
    uuid(0x7468_9eac_5186_11ea_be2d_27ec_120c_3b0f),
];
/// The first bytes of an iBeacon in Apple's manufacturer data.
///
/// # Source
///
/// The usual iBeacon format. That Kisi uses it is assumed.
const HEAD: [u8; 2] = [0x02, 0x15];
/// The strengths that a receiver can report, in dBm.
///
/// # Source
///
/// Bluetooth Core Specification 5.4, volume 4, part E, 7.7.65.2: -127 to +20; 127 means that it is not known.
const SIGNALS: std::ops::RangeInclusive<i16> = -127..=20;
/// The same beacon again within this changes nothing.
const RECENT: Duration = Duration::from_millis(250);
/// A reader is looked for when it was not heard for this long. A listener begins a scan every two seconds.
const SOON: Duration = Duration::from_secs(3);
/// Readers that are kept where every reader counts. Our choice: anybody can send beacons of any number of them.
const MOST: usize = 200;

const fn uuid(value: u128) -> [u8; 16] {
    value.to_be_bytes()
}

/// A beacon of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beacon {
    /// The lower 22 bits of the lock's id.
    lock: u64,
    /// The code that Kisi requires as proof, 0 to 1023.
    code: u16,
}

impl Beacon {
    /// Decodes Apple's manufacturer data (company id 0x004C, not included). `None` for beacons that are not from a Kisi
    /// reader.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let rest = data.strip_prefix(&HEAD)?;
        let (reader, rest) = rest.split_first_chunk::<16>()?;
        let (value, power) = rest.split_first_chunk::<4>()?;
        let _ = power.first()?;
        if !READERS.contains(reader) {
            return None;
        }
        let value = u32::from_be_bytes(*value);
        Some(Self { lock: u64::from(value >> 10), code: u16::try_from(value & 0x3ff).ok()? })
    }

    /// The first beacon of a Kisi reader anywhere in these bytes. It is quick, and says nothing about whose data they are.
    pub fn find(bytes: &[u8]) -> Option<Self> {
        let mut begins = bytes.windows(HEAD.len()).enumerate().filter(|(_, window)| *window == HEAD);
        begins.find_map(|(at, _)| Self::decode(bytes.get(at..)?))
    }
}

/// An instant by the steady clock, and how long the machine has slept until then: that clock stands still meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The steady clock.
    pub steady: Instant,
    /// Total time suspended.
    pub asleep: Duration,
}

impl When {
    /// Whether something that was received then is fresh at this time.
    fn is_fresh(self, now: Self) -> bool {
        self.asleep == now.asleep && now.steady.saturating_duration_since(self.steady) < FRESH
    }
}

/// A reader that is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    code: u16,
    at: When,
    /// Strength of its last beacon in dBm. `None` if the receiver does not know it.
    ///
    /// It is for people who place a kiosk. It decides nothing: everybody can send a beacon with more power.
    pub signal: Option<i16>,
}

/// Which readers count.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// Those of these locks, by the lower bits of their id.
    Only(HashSet<u64>),
    /// Every one, for `doctor`. There is always room for these.
    All(HashSet<u64>),
}

/// The last code of each reader. A kiosk near a reader takes its proximity proofs from here.
#[derive(Debug)]
pub struct Proofs {
    wanted: Wanted,
    /// Of the wanted ones, those whose doors ask for them.
    needed: HashSet<u64>,
    heard: HashMap<u64, Heard>,
}

impl Default for Proofs {
    fn default() -> Self {
        Self { wanted: Wanted::Only(HashSet::new()), needed: HashSet::new(), heard: HashMap::new() }
    }
}

impl Proofs {
    /// Hears every reader, as far as there is room, and those of these doors in any case.
    pub fn of_all_readers(doors: impl Iterator<Item = DoorId>) -> Self {
        let known = doors.map(|door| door.get() & ID_BITS).collect();
        Self { wanted: Wanted::All(known), ..Self::default() }
    }

    /// Hears only the readers of these doors from now on. Doors whose beacons look the same have no proof. `needing`: those
    /// of the doors that ask for their reader. Returns whether others are wanted or needed than before.
    pub fn want(&mut self, doors: impl Iterator<Item = DoorId>, needing: impl Iterator<Item = DoorId>) -> bool {
        let (mut wanted, mut ambiguous) = (HashMap::new(), HashSet::new());
        for door in doors {
            let lock = door.get() & ID_BITS;
            if wanted.insert(lock, door).is_some_and(|other| other != door) {
                let _ = ambiguous.insert(lock);
            }
        }
        let wanted: HashSet<u64> = wanted.into_keys().filter(|lock| !ambiguous.contains(lock)).collect();
        self.heard.retain(|lock, _| wanted.contains(lock));
        let needed = needing.map(|door| door.get() & ID_BITS).filter(|lock| wanted.contains(lock)).collect();
        let before =
            (std::mem::replace(&mut self.wanted, Wanted::Only(wanted)), std::mem::replace(&mut self.needed, needed));
        before.0 != self.wanted || before.1 != self.needed
    }

    /// Whether this beacon's reader is wanted.
    pub fn is_wanted(&self, beacon: Beacon) -> bool {
        match &self.wanted {
            Wanted::Only(locks) => locks.contains(&beacon.lock),
            Wanted::All(_) => true,
        }
    }

    /// Whether a reader that a door asks for was not heard for so long that its code may run out soon.
    pub fn lacks_one(&self, now: When) -> bool {
        let is_near =
            |heard: &Heard| heard.at.is_fresh(now) && now.steady.saturating_duration_since(heard.at.steady) < SOON;
        self.needed.iter().any(|lock| !self.heard.get(lock).is_some_and(is_near))
    }

    /// Whether this beacon changes anything: its reader is wanted, and it or its code was not heard just now.
    pub fn is_news(&self, beacon: Beacon, now: When) -> bool {
        let is_recent =
            |heard: &Heard| heard.code == beacon.code && now.steady.saturating_duration_since(heard.at.steady) < RECENT;
        self.is_wanted(beacon)
            && !self.heard.get(&beacon.lock).is_some_and(|heard| is_recent(heard) && heard.at.asleep == now.asleep)
    }

    /// Stores a received beacon. `signal`: its strength, as the receiver reports it. Returns whether its reader was not
    /// heard before.
    pub fn hear(&mut self, beacon: Beacon, signal: Option<i16>, now: When) -> bool {
        let is_wanted = match &self.wanted {
            Wanted::Only(locks) => locks.contains(&beacon.lock),
            Wanted::All(known) => {
                self.heard.retain(|_, heard| heard.at.is_fresh(now));
                self.heard.len() < MOST || self.heard.contains_key(&beacon.lock) || known.contains(&beacon.lock)
            }
        };
        if !is_wanted {
            return false;
        }
        let signal = signal.filter(|signal| SIGNALS.contains(signal));
        let before = self.heard.insert(beacon.lock, Heard { code: beacon.code, at: now, signal });
        before.is_none_or(|before| !before.at.is_fresh(now))
    }

    /// The door's reader, while it is heard.
    pub fn reader(&self, door: DoorId, now: When) -> Option<&Heard> {
        self.heard.get(&(door.get() & ID_BITS)).filter(|heard| heard.at.is_fresh(now))
    }

    /// The fresh code of the door's reader, which proves that the kiosk is near the door.
    pub fn of(&self, door: DoorId, now: When) -> Option<u16> {
        Some(self.reader(door, now)?.code)
    }

    /// When this door's reader stops being heard without a further beacon.
    pub fn fades(&self, door: DoorId, now: When) -> Option<Instant> {
        Some(self.reader(door, now)?.at.steady + FRESH)
    }

    /// Every reader that is heard: the lower 22 bits of its lock's id, and its signal.
    pub fn readers(&self, now: When) -> Vec<(u64, Option<i16>)> {
        let fresh = self.heard.iter().filter(|(_, heard)| heard.at.is_fresh(now));
        let mut readers: Vec<_> = fresh.map(|(lock, heard)| (*lock, heard.signal)).collect();
        readers.sort_unstable();
        readers
    }

    /// Whether a reader with these lower bits may be this door's.
    pub fn is_of(lock: u64, door: DoorId) -> bool {
        door.get() & ID_BITS == lock
    }

    /// Forgets every code: the receiver does not work, or what it says may be old.
    pub fn forget(&mut self) {
        self.heard.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(reader: [u8; 16], lock: u32, code: u32) -> Vec<u8> {
        let value = (lock << 10) | code;
        [&HEAD[..], &reader, &value.to_be_bytes(), &[0xc5]].concat()
    }

    fn beacon(lock: u32, code: u32) -> Beacon {
        Beacon::decode(&frame(READERS[1], lock, code)).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "any start time will do")]
    fn begin() -> When {
        When { steady: Instant::now(), asleep: Duration::ZERO }
    }

    fn after(at: When, ms: u64) -> When {
        When { steady: at.steady + Duration::from_millis(ms), ..at }
    }

    fn wanting(doors: &[u64]) -> Proofs {
        let mut proofs = Proofs::default();
        assert_eq!(proofs.want(doors.iter().copied().map(DoorId::new), std::iter::empty()), !doors.is_empty());
        proofs
    }

    #[test]
    fn each_of_the_five_readers_is_read_and_no_other_beacon() {
        for reader in READERS {
            assert_eq!(Beacon::decode(&frame(reader, 107, 733)), Some(Beacon { lock: 107, code: 733 }));
        }
        assert_eq!(Beacon::decode(&frame([7; 16], 107, 733)), None);
        let whole = frame(READERS[0], 107, 733);
        for length in 0..23 {
            assert_eq!(Beacon::decode(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(READERS[0][..4], [0x6d, 0xfe, 0x20, 0x64]);
    }

    #[test]
    fn a_code_proves_its_own_door_for_five_seconds() {
        let now = begin();
        let mut proofs = wanting(&[107, 108]);
        assert!(proofs.hear(beacon(107, 733), None, now), "heard for the first time");
        let door = DoorId::new(107);
        assert_eq!(proofs.of(door, now), Some(733));
        assert_eq!(proofs.of(DoorId::new(108), now), None);
        assert_eq!(proofs.fades(door, now), Some(now.steady + FRESH));
        assert_eq!(proofs.of(door, after(now, 4_999)), Some(733));
        assert_eq!(proofs.of(door, after(now, 5_000)), None, "stale");
        assert_eq!(proofs.fades(door, after(now, 5_000)), None);
        assert!(proofs.hear(beacon(107, 9), None, after(now, 6_000)), "heard again");
        assert_eq!(proofs.of(door, after(now, 6_000)), Some(9));
        assert!(!proofs.hear(beacon(107, 10), None, after(now, 7_000)), "a rotated code is no other reader");
        assert_eq!(proofs.of(door, after(now, 7_000)), Some(10), "the newest");
    }

    /// The steady clock stands still while the machine sleeps.
    #[test]
    fn a_code_from_before_a_suspend_proves_nothing() {
        let now = begin();
        let mut proofs = wanting(&[107]);
        let _ = proofs.hear(beacon(107, 733), None, now);
        let slept = When { asleep: Duration::from_hours(8), ..after(now, 10) };
        assert_eq!(proofs.of(DoorId::new(107), slept), None);
        assert!(proofs.hear(beacon(107, 734), None, slept));
        assert_eq!(proofs.of(DoorId::new(107), slept), Some(734));
    }

    /// A beacon has only 22 bits of the id: it does not say for which of two doors it is.
    #[test]
    fn two_doors_whose_beacons_look_the_same_have_no_proof() {
        let (low, high, now) = (107, (1 << 22) + 107, begin());
        let mut proofs = wanting(&[high]);
        let _ = proofs.hear(beacon(107, 733), None, now);
        assert_eq!(proofs.of(DoorId::new(high), now), Some(733));
        assert!(proofs.want([low, high, low].into_iter().map(DoorId::new), std::iter::empty()));
        assert!(!proofs.hear(beacon(107, 733), None, now));
        assert_eq!((proofs.of(DoorId::new(low), now), proofs.of(DoorId::new(high), now)), (None, None));
    }

    /// A listener that hears only a part of everything hears everything again before a code runs out.
    #[test]
    fn a_reader_that_is_needed_is_looked_for_before_its_code_runs_out() {
        let now = begin();
        let mut proofs = Proofs::default();
        let doors = || [107, 108].into_iter().map(DoorId::new);
        assert!(proofs.want(doors(), std::iter::empty()));
        assert!(!proofs.lacks_one(now), "no door asks for its reader");
        assert!(proofs.want(doors(), std::iter::once(DoorId::new(107))), "one does now");
        assert!(proofs.lacks_one(now));
        let _ = proofs.hear(beacon(107, 733), None, now);
        assert!(!proofs.lacks_one(after(now, 2_999)) && proofs.lacks_one(after(now, 3_000)));
        let slept = When { asleep: Duration::from_secs(1), ..now };
        assert!(proofs.lacks_one(slept));
    }

    /// A reader may send a hundred beacons a second, and others many more.
    #[test]
    fn what_changes_nothing_is_told_quickly() {
        let now = begin();
        let mut proofs = wanting(&[107]);
        let whole = [b"\x01\x02\x02\x15".as_slice(), &frame(READERS[1], 107, 733), b"tail"].concat();
        assert_eq!(Beacon::find(&whole), Some(beacon(107, 733)));
        assert_eq!(Beacon::find(&whole[..whole.len() - 5]), None, "cut short");
        assert_eq!(Beacon::find(b"\x02\x15"), None);
        assert!(!proofs.is_news(beacon(108, 1), now), "of nobody's door");
        assert!(proofs.is_news(beacon(107, 733), now));
        let _ = proofs.hear(beacon(107, 733), None, now);
        assert!(!proofs.is_news(beacon(107, 733), after(now, 249)));
        assert!(proofs.is_news(beacon(107, 734), after(now, 1)), "a rotated code");
        assert!(proofs.is_news(beacon(107, 733), after(now, 250)), "heard again: it counts for longer");
        let slept = When { asleep: Duration::from_secs(1), ..now };
        assert!(proofs.is_news(beacon(107, 733), slept));
    }

    /// Anybody can send beacons of four million locks.
    #[test]
    fn readers_of_no_listed_door_take_no_room() {
        let now = begin();
        let mut proofs = wanting(&[107]);
        for lock in 0..10_000 {
            let _ = proofs.hear(beacon(lock, 1), None, now);
        }
        assert_eq!(proofs.readers(now), [(107, None)]);
        assert!(!proofs.want([107].into_iter().map(DoorId::new), std::iter::empty()), "as before");
        assert!(proofs.want([108].into_iter().map(DoorId::new), std::iter::empty()));
        assert_eq!(proofs.readers(now), [], "of an earlier visit");
        let mut all = Proofs::of_all_readers([4_000_000].into_iter().map(DoorId::new));
        for lock in 0..10_000 {
            let _ = all.hear(beacon(lock, 1), None, now);
        }
        assert_eq!(all.readers(now).len(), MOST);
        let _ = all.hear(beacon(4_000_000, 1), None, now);
        assert!(all.readers(now).contains(&(4_000_000, None)), "a known door's reader always has room");
        assert!(all.hear(beacon(9_999, 1), None, after(now, 5_000)), "there is room again");
        assert_eq!(all.readers(after(now, 5_000)).len(), 1);
    }

    /// A strength that no receiver can report is not shown, and none decides anything.
    #[test]
    fn no_signal_strength_makes_or_breaks_a_proof() {
        let now = begin();
        let mut proofs = wanting(&[107]);
        for (said, shown) in [
            (None, None),
            (Some(-60), Some(-60)),
            (Some(-127), Some(-127)),
            (Some(20), Some(20)),
            (Some(127), None),
            (Some(21), None),
            (Some(-128), None),
            (Some(i16::MIN), None),
            (Some(i16::MAX), None),
        ] {
            let _ = proofs.hear(beacon(107, 733), said, now);
            assert_eq!(proofs.readers(now), [(107, shown)], "{said:?}");
            assert_eq!(proofs.of(DoorId::new(107), now), Some(733), "{said:?}");
        }
    }
}
