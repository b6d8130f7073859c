//! Proximity to a door's reader: decodes its Bluetooth beacons and keeps their codes while they are fresh. Receiving the
//! beacons is not done here.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::door::DoorId;

/// Older codes are not used.
///
/// # Source
///
/// `kisi.md`, section 6: seen in a public program of Kisi's.
const FRESH: Duration = Duration::from_secs(5);
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
        let (value, _power) = rest.split_first_chunk::<4>()?;
        if !READERS.contains(reader) {
            return None;
        }
        let value = u32::from_be_bytes(*value);
        Some(Self { lock: u64::from(value >> 10), code: u16::try_from(value & 0x3ff).ok()? })
    }
}

/// The last code of each reader. A kiosk near a reader takes its proximity proofs from here.
#[derive(Debug, Default)]
pub struct Proofs {
    heard: HashMap<u64, (u16, Instant)>,
}

impl Proofs {
    /// Stores a received beacon.
    pub fn hear(&mut self, beacon: Beacon, now: Instant) {
        let _ = self.heard.insert(beacon.lock, (beacon.code, now));
    }

    /// The fresh code of the door's reader, which proves that the kiosk is near the door.
    pub fn of(&self, door: DoorId, now: Instant) -> Option<u16> {
        let (code, at) = self.heard.get(&(door.get() & ID_BITS))?;
        (now.saturating_duration_since(*at) < FRESH).then_some(*code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(reader: [u8; 16], lock: u32, code: u32) -> Vec<u8> {
        let value = (lock << 10) | code;
        [&HEAD[..], &reader, &value.to_be_bytes(), &[0xc5]].concat()
    }

    #[test]
    fn each_of_the_five_readers_is_read_and_no_other_beacon() {
        for reader in READERS {
            assert_eq!(Beacon::decode(&frame(reader, 107, 733)), Some(Beacon { lock: 107, code: 733 }));
        }
        assert_eq!(Beacon::decode(&frame([7; 16], 107, 733)), None);
        let whole = frame(READERS[0], 107, 733);
        for length in 0..22 {
            assert_eq!(Beacon::decode(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(READERS[0][..4], [0x6d, 0xfe, 0x20, 0x64]);
    }

    #[test]
    fn a_code_proves_its_own_door_for_five_seconds() {
        let now = tests_begin();
        let mut proofs = Proofs::default();
        proofs.hear(Beacon::decode(&frame(READERS[1], 107, 733)).unwrap(), now);
        let door = DoorId::new(107);
        assert_eq!(proofs.of(door, now), Some(733));
        assert_eq!(proofs.of(DoorId::new(108), now), None);
        assert_eq!(proofs.of(DoorId::new((1 << 22) + 107), now), Some(733), "a beacon has only 22 bits of the id");
        assert_eq!(proofs.of(door, now + Duration::from_millis(4_999)), Some(733));
        assert_eq!(proofs.of(door, now + Duration::from_secs(5)), None, "stale");
        proofs.hear(Beacon::decode(&frame(READERS[2], 107, 9)).unwrap(), now + Duration::from_secs(6));
        assert_eq!(proofs.of(door, now + Duration::from_secs(6)), Some(9), "the newest");
    }

    #[expect(clippy::disallowed_methods, reason = "any start time will do")]
    fn tests_begin() -> Instant {
        Instant::now()
    }
}
