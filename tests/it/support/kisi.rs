//! Constants and a runtime for tests of the client.

use vestibule::{door::DoorId, kisi::Device};

pub(crate) const LOBBY: DoorId = DoorId::new(101);

pub(crate) const KIOSK: Device<'_> = Device { name: "Lobby", model: "kiosk" };

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
