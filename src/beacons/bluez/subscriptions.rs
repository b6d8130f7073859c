//! Which signals of BlueZ the bus sends to the kiosk.
//!
//! Each message costs time, and in a busy office almost all of them are of phones and headphones. So the bus sends all of
//! them at the beginning of a visit, while the reader of a door that asks for it is not heard, and in one scan of five.
//! Otherwise it sends what is new, what happens to the adapter, and the changes of devices that were heard as readers of
//! wanted doors.

use std::collections::HashSet;

use zbus::{
    Connection, MatchRule, OwnedObjectPath, Proxy, fdo::DBusProxy, match_rule::Builder, message::Type,
    names::OwnedUniqueName,
};

use super::OBJECTS;

const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// After a visit has begun or its doors have changed, the bus sends everything for this many scans, and later in one of as many. A scan takes
/// two seconds.
const SCANS: u32 = 5;
/// Most devices that are followed. With more of them the bus sends everything. dbus-daemon allows 512 rules.
const MOST: usize = 32;

/// The match rules of the connection that hears.
pub(super) struct Subscriptions {
    /// Calls on this connection wait for no answer: answers queue up behind the signals.
    bus: Proxy<'static>,
    /// Only BlueZ's signals, whatever they are about.
    everything: String,
    owner: OwnedUniqueName,
    /// Devices that are readers of wanted doors.
    devices: HashSet<OwnedObjectPath>,
    is_everything: bool,
    /// Scans since a visit has begun or its doors have changed.
    scans: u32,
}

impl Subscriptions {
    /// Subscribes to everything that BlueZ sends.
    pub(super) async fn begin(heard: &Connection, owner: OwnedUniqueName) -> Result<Self, zbus::Error> {
        let everything = signals(&owner).build()?;
        let bus = DBusProxy::new(heard).await?;
        bus.add_match_rule(everything.clone()).await.map_err(|error| zbus::Error::FDO(Box::new(error)))?;
        let everything = everything.to_string();
        let bus = bus.into_inner();
        Ok(Self { bus, everything, owner, devices: HashSet::new(), is_everything: true, scans: 0 })
    }

    /// What is sent at all times: devices that come and go, and what happens to this adapter.
    pub(super) async fn always(&self, adapter: &OwnedObjectPath) -> Result<(), zbus::Error> {
        self.add(&signals(&self.owner).interface(OBJECTS).build()?.to_string()).await?;
        self.add(&self.changes_of(adapter)?).await
    }

    /// A visit begins, or its doors have changed: any device may be a reader of theirs.
    pub(super) async fn begin_anew(&mut self) -> Result<(), zbus::Error> {
        for device in std::mem::take(&mut self.devices) {
            self.remove(&self.changes_of(&device)?).await?;
        }
        self.scans = 0;
        self.set_everything(true).await
    }

    /// Another scan begins. `lacks_one`: a reader that a door asks for is not heard.
    pub(super) async fn next_scan(&mut self, lacks_one: bool) -> Result<(), zbus::Error> {
        self.scans = self.scans.saturating_add(1);
        let is_turn = self.scans < SCANS || self.scans.is_multiple_of(SCANS);
        self.set_everything(is_turn || lacks_one || self.devices.len() == MOST).await
    }

    /// Whether this device is followed.
    pub(super) fn follows(&self, device: &str) -> bool {
        self.devices.iter().any(|followed| followed.as_str() == device)
    }

    /// This device is the reader of a wanted door.
    pub(super) async fn follow(&mut self, device: OwnedObjectPath) -> Result<(), zbus::Error> {
        if self.devices.len() < MOST && !self.devices.contains(&device) {
            self.add(&self.changes_of(&device)?).await?;
            let _ = self.devices.insert(device);
        }
        Ok(())
    }

    async fn set_everything(&mut self, is_everything: bool) -> Result<(), zbus::Error> {
        if is_everything != self.is_everything {
            self.is_everything = is_everything;
            if is_everything {
                self.add(&self.everything).await?;
            } else {
                self.remove(&self.everything).await?;
            }
        }
        Ok(())
    }

    fn changes_of(&self, path: &OwnedObjectPath) -> Result<String, zbus::Error> {
        Ok(signals(&self.owner).interface(PROPERTIES).path(path.as_ref()).build()?.to_string())
    }

    async fn add(&self, rule: &str) -> Result<(), zbus::Error> {
        self.bus.call_noreply("AddMatch", &rule).await
    }

    async fn remove(&self, rule: &str) -> Result<(), zbus::Error> {
        self.bus.call_noreply("RemoveMatch", &rule).await
    }
}

/// Signals of this sender.
fn signals(owner: &OwnedUniqueName) -> Builder<'static> {
    MatchRule::builder().msg_type(Type::Signal).sender(owner.clone())
}
