//! What a kiosk keeps of its fleet's settings, for while the database is away.

use jiff::Timestamp;

use crate::{
    agent::UnlockLimits,
    door::{DoorId, DoorRule},
    fleet::Welcome,
};

/// The fleet's limits, for while the database is away.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct KeptLimits {
    pub(super) per_hour: u32,
    pub(super) per_day: u32,
    pub(super) per_door: Vec<(u64, u32)>,
    pub(super) kiosks: u32,
    pub(super) offline_days: Option<u32>,
    /// Number of the newest record that the database has acknowledged.
    pub(super) acknowledged: u64,
    /// When an admin last said that a backup of the database was restored, in Unix time in ms; 0 for never.
    #[serde(default)]
    pub(super) restored: i64,
    /// When the database last answered before the connection was lost.
    #[serde(default)]
    pub(super) last_contact: Option<Timestamp>,
}

impl KeptLimits {
    pub(super) fn take(&mut self, welcome: &Welcome) {
        (self.per_hour, self.per_day) = (welcome.per_hour, welcome.per_day);
        self.per_door = welcome.per_door.iter().map(|(door, at_most)| (door.get(), *at_most)).collect();
        (self.kiosks, self.offline_days) = (welcome.kiosks, Some(welcome.offline_days));
    }

    /// The part of each limit that this kiosk allows by itself: divided by the kiosks of the site, at least 1.
    pub(super) fn share(&self) -> UnlockLimits {
        let part = |limit: u32| if limit == 0 { 0 } else { (limit / self.kiosks.max(1)).max(1) };
        let per_door = self.per_door.iter().map(|(door, limit)| (DoorRule::Id(DoorId::new(*door)), part(*limit)));
        UnlockLimits { per_hour: part(self.per_hour), per_day: part(self.per_day), per_door: per_door.collect() }
    }
}
