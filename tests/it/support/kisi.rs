//! What tests of the client have in common.

use vestibule::{door::DoorId, kisi::Device};

pub(crate) const LOBBY: DoorId = DoorId::new(101);

pub(crate) const KIOSK: Device<'_> = Device { name: "Lobby", model: "kiosk" };

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
