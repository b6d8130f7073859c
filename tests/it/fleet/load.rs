//! The short form of the benchmark `fleet`.

#[path = "../../../benches/fleet/load.rs"]
mod bench;

use std::time::Duration;

use self::bench::{Figures, Size, measure};

/// Times are printed and not asserted, except those that a kiosk waits for anyway.
#[test]
fn twenty_kiosks_sign_people_in_hear_of_a_suspension_and_are_back_after_a_crash() {
    let size = Size { kiosks: 20, people: 2_000, rate: 20.0, load: Duration::from_secs(5), pairs: 100 };
    let Figures { few, many, connected, sign_ins, intents, failures, memory, suspension, accepting, back } =
        measure(&size);
    println!("{connected:?} {accepting:?} {memory:?} {suspension:?} {back:?}");
    assert_eq!((few.len(), many.len()), (size.pairs, size.pairs));
    assert!((60..=140).contains(&sign_ins.len()), "{} sign-ins in 5 s at 20 a second", sign_ins.len());
    assert!(40 <= intents.len(), "{} intents", intents.len());
    assert_eq!(failures, 0);
    assert_eq!(memory.len(), 20, "a backend for each kiosk");
    assert!(memory.iter().all(|kib| (500..16_384).contains(kib)), "{memory:?} KiB");
    assert_eq!((suspension.len(), back.len()), (20, 20));
    assert!(suspension[19] < Duration::from_secs(2), "{suspension:?}");
    assert!(accepting <= back[19] && back[19] < accepting + Duration::from_secs(20), "{back:?}");
}
