//! Hears the Bluetooth beacons of Kisi's readers near the kiosk, by BlueZ. It listens only while somebody is signed in, and
//! for a minute after a door was shown that asks for its reader.

#[cfg(target_os = "linux")]
mod bluez;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

#[cfg(target_os = "linux")]
pub use self::bluez::{Bus, listen_to_all};
use crate::{
    door::DoorId,
    proximity::{Beacon, Proofs, When},
};

/// Time for which the kiosk listens after a visit with a door that asks for its reader: the next person may want the same
/// door.
const AFTERWARDS: Duration = Duration::from_mins(1);
/// Pause before Bluetooth is tried again after a fault.
const AGAIN: Duration = Duration::from_secs(3);

/// Whether to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Wish {
    /// Somebody is signed in.
    is_open: bool,
    /// A door that asks for its reader was shown: until then.
    until: Option<Instant>,
}

impl Wish {
    fn is_listen(&self) -> bool {
        self.is_open || self.until.is_some_and(|until| Instant::now() < until)
    }
}

/// What the listener does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenerState {
    /// There is none: `proximity.beacons` is off.
    Off,
    /// Nobody needs a reader now.
    Quiet,
    /// It listens with this adapter.
    Listening(String),
    /// It should listen and cannot, for this reason.
    Fault(String),
}

/// The readers near the kiosk. Clones share what is heard. The listener ends with the last of them.
#[derive(Clone)]
pub struct Nearby {
    ears: Ears,
    wish: watch::Sender<Wish>,
}

/// The listener's side.
#[derive(Clone)]
struct Ears {
    proofs: Arc<Mutex<Proofs>>,
    changed: Arc<Notify>,
    /// The doors whose readers are wanted have changed.
    asked: Arc<Notify>,
    state: watch::Sender<ListenerState>,
    /// Total time that the machine was suspended.
    asleep: fn() -> Duration,
}

impl fmt::Debug for Nearby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nearby").field("state", &*self.ears.state.borrow()).finish_non_exhaustive()
    }
}

impl Nearby {
    /// Without a listener. `asleep` returns the total time that the machine was suspended.
    pub fn new(asleep: fn() -> Duration) -> Self {
        let state = watch::Sender::new(ListenerState::Off);
        let ears = Ears { proofs: Arc::default(), changed: Arc::default(), asked: Arc::default(), state, asleep };
        Self { ears, wish: watch::Sender::default() }
    }

    /// Starts a thread that listens on the system's bus when it is needed.
    #[must_use]
    pub fn listening(self) -> Self {
        #[cfg(target_os = "linux")]
        return self.listening_on(Bus::System);
        #[cfg(not(target_os = "linux"))]
        {
            self.ears.fail("beacons can be heard on Linux only".to_owned());
            self
        }
    }

    /// Starts a thread that listens on this bus when it is needed.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn listening_on(self, bus: Bus) -> Self {
        let (ears, wish) = (self.ears.clone(), self.wish.subscribe());
        let _ = self.ears.state.send_replace(ListenerState::Quiet);
        let started = std::thread::Builder::new().name("beacons".to_owned()).spawn(move || {
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(listen(&bus, ears, wish)),
                Err(error) => ears.fail(error.to_string()),
            }
        });
        if let Err(error) = started {
            self.ears.fail(error.to_string());
        }
        self
    }

    /// A visit begins: its doors' readers are heard from now on. `needing`: those of the doors that ask for their reader.
    pub fn open(&self, doors: impl Iterator<Item = DoorId>, needing: impl Iterator<Item = DoorId>) {
        self.want(doors, needing);
        self.ears.asked.notify_one();
        self.wish.send_modify(|wish| wish.is_open = true);
    }

    /// The doors of the visit have changed.
    pub fn want(&self, doors: impl Iterator<Item = DoorId>, needing: impl Iterator<Item = DoorId>) {
        if self.ears.proofs().want(doors, needing) {
            self.ears.asked.notify_one();
        }
    }

    /// The visit has ended. `needs_reader`: whether it showed a door that asks for its reader.
    pub fn close(&self, needs_reader: bool) {
        self.wish.send_modify(|wish| {
            wish.is_open = false;
            if needs_reader {
                wish.until = Some(Instant::now() + AFTERWARDS);
            }
        });
    }

    /// Takes a received beacon.
    pub fn hear(&self, beacon: Beacon, signal: Option<i16>) {
        self.ears.hear(beacon, signal);
    }

    /// The fresh code of the door's reader.
    pub fn proof(&self, door: DoorId) -> Option<u16> {
        self.ears.proofs().of(door, self.ears.now())
    }

    /// The same, and until when it is fresh.
    pub fn proof_until(&self, door: DoorId) -> Option<(u16, Instant)> {
        let (proofs, now) = (self.ears.proofs(), self.ears.now());
        proofs.of(door, now).zip(proofs.fades(door, now).map(Instant::from_std))
    }

    /// When this door's reader stops being heard without a further beacon. `None` if it is not heard.
    pub fn fades(&self, door: DoorId) -> Option<Instant> {
        self.ears.proofs().fades(door, self.ears.now()).map(Instant::from_std)
    }

    /// Waits until a reader is heard that was not heard before, or none is heard any more.
    pub async fn changed(&self) {
        self.ears.changed.notified().await;
    }

    /// What the listener does.
    pub fn state(&self) -> ListenerState {
        self.ears.state.borrow().clone()
    }
}

impl Ears {
    fn proofs(&self) -> MutexGuard<'_, Proofs> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> When {
        When { steady: Instant::now().into_std(), asleep: (self.asleep)() }
    }

    fn is_wanted(&self, beacon: Beacon) -> bool {
        self.proofs().is_wanted(beacon)
    }

    fn lacks_one(&self) -> bool {
        self.proofs().lacks_one(self.now())
    }

    fn is_news(&self, beacon: Beacon) -> bool {
        self.proofs().is_news(beacon, self.now())
    }

    fn hear(&self, beacon: Beacon, signal: Option<i16>) {
        let now = self.now();
        if self.proofs().hear(beacon, signal, now) {
            self.changed.notify_one();
        }
    }

    /// Whatever was heard may be old.
    fn forget(&self) {
        self.proofs().forget();
        self.changed.notify_one();
    }

    fn tell(&self, state: ListenerState) {
        let before = self.state.send_replace(state.clone());
        if before == state {
            return;
        }
        match state {
            ListenerState::Fault(why) => tracing::warn!(why, "the beacons of readers cannot be heard"),
            ListenerState::Listening(adapter) => tracing::info!(adapter, "hears the beacons of readers"),
            ListenerState::Quiet => tracing::debug!("hears no beacons: nobody needs a reader"),
            ListenerState::Off => {}
        }
    }

    /// Listened until nobody needed it. A visit that was too short to find out changes nothing.
    fn rest(&self) {
        if matches!(&*self.state.borrow(), ListenerState::Listening(_)) {
            self.tell(ListenerState::Quiet);
        }
    }

    fn fail(&self, why: String) {
        self.forget();
        self.tell(ListenerState::Fault(why));
    }
}

/// Listens when it is wished, until the last [`Nearby`] is dropped.
#[cfg(target_os = "linux")]
async fn listen(bus: &Bus, ears: Ears, mut wish: watch::Receiver<Wish>) {
    // The last wish outlives its sender.
    while wish.wait_for(Wish::is_listen).await.is_ok() && wish.has_changed().is_ok() {
        match bluez::hear(bus, &ears, until_quiet(&mut wish)).await {
            Ok(()) => ears.rest(),
            Err(error) => {
                // The technician sees this until it works again.
                ears.fail(error.to_string());
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    () = until_quiet(&mut wish) => {}
                }
            }
        }
    }
}

/// Waits until nobody needs to listen.
#[cfg(target_os = "linux")]
async fn until_quiet(wish: &mut watch::Receiver<Wish>) {
    loop {
        let wished = *wish.borrow_and_update();
        if !wished.is_listen() {
            return;
        }
        let changed = match wished.until.filter(|_| !wished.is_open) {
            None => wish.changed().await,
            Some(end) => tokio::select! {
                changed = wish.changed() => changed,
                () = tokio::time::sleep_until(end) => return,
            },
        };
        if changed.is_err() {
            return;
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::proximity::FRESH;

    /// An unlock with a proof is not sent after that: a tap may have to wait for a connection.
    #[test]
    fn a_proof_is_good_until_its_code_is_not_fresh_any_more() {
        let (nearby, door) = (Nearby::new(|| Duration::ZERO), DoorId::new(107));
        nearby.want(std::iter::once(door), std::iter::empty());
        assert_eq!(nearby.proof_until(door), None);
        let before = Instant::now();
        let frame = crate::hex::decode::<23>(b"02156dfe2064518611ea8dfe4b73218bf9460001aeddc5").unwrap();
        nearby.hear(Beacon::decode(&*frame).unwrap(), None);
        let (proof, until) = nearby.proof_until(door).unwrap();
        assert_eq!(proof, 733);
        assert!((before + FRESH..=Instant::now() + FRESH).contains(&until));
    }

    /// A reload or a restart of the agent leaves no thread behind, listening or spinning, whatever was wished last.
    #[test]
    fn the_listener_ends_with_its_last_agent() {
        let wishes: [fn(&Nearby); 3] =
            [|nearby| nearby.open(std::iter::empty(), std::iter::empty()), |nearby| nearby.close(true), |_| ()];
        for wish in wishes {
            let nearby = Nearby::new(|| Duration::ZERO).listening_on(Bus::At("unix:path=/nonexistent".to_owned()));
            let thread = Arc::downgrade(&nearby.ears.proofs);
            wish(&nearby);
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(thread.strong_count(), 2, "it runs");
            drop(nearby);
            let ends = (0..300).any(|_| {
                std::thread::sleep(Duration::from_millis(10));
                thread.strong_count() == 0
            });
            assert!(ends, "the listener goes on");
        }
    }
}
