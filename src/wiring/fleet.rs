//! The fleet that a kiosk joined: its keys for the directory, and how the agent reaches its database.

use super::Error;
use crate::{
    agent, backup_encryption,
    config::{Config, Offline},
    fleet::{self, Access, Membership},
    store::directory::{Cost, Directory, FleetKeys},
};

/// Uses the fleet's keys for people, if this kiosk joined one. Returns how the agent reaches its database.
///
/// # Errors
///
/// [`Error::NotJoined`] when the configuration names a fleet, or there are people of one, and this machine is not in it.
/// [`Error::Fleet`] and [`Error::FleetKeys`] when what it kept of the fleet cannot be used.
pub fn enter_fleet(config: &Config, directory: &mut Directory) -> Result<Option<agent::Membership>, Error> {
    let kept = directory.fleet_secrets().map_err(Error::Directory)?;
    let joined = kept.and_then(|kept| Membership::from_bytes(&kept)).filter(|joined| joined.keys.is_some());
    let Some(joined) = joined else {
        let has_copies = !directory.copies().map_err(Error::Directory)?.is_empty();
        return if config.fleet.url.is_empty() && !has_copies { Ok(None) } else { Err(Error::NotJoined) };
    };
    let keys = fleet_keys(&joined).ok_or(Error::FleetKeys)?;
    directory.enter_fleet(keys, None);
    let access = fleet_access(config, &joined).map_err(Error::Fleet)?;
    let (offline_days, is_offline_allowed) = (config.fleet.offline_days, config.fleet.offline == Offline::Allow);
    let own_records = joined.own_records;
    Ok(Some(agent::Membership { access, offline_days, is_offline_allowed, own_records }))
}

/// How a kiosk that joined reaches its fleet's database: the configuration's word goes before what it joined with.
///
/// # Errors
///
/// [`fleet::Error::Address`]
pub fn fleet_access(config: &Config, joined: &Membership) -> Result<Access, fleet::Error> {
    let url = if config.fleet.url.is_empty() { &joined.url } else { &config.fleet.url };
    let ca = config.fleet.ca.clone().or_else(|| joined.ca.clone());
    Ok(Access { address: url.parse()?, ca, account: joined.account() })
}

/// The fleet's keys, opened with the kiosk's identity. `None` when one does not open.
fn fleet_keys(joined: &Membership) -> Option<FleetKeys> {
    let kept = joined.keys.as_ref()?;
    let identity = joined.identity.expose();
    let open = |(generation, wrapped): &(i64, Vec<u8>)| {
        Some((*generation, backup_encryption::decrypt(wrapped, identity).ok()?))
    };
    FleetKeys::new(kept.keys.iter().map(open).collect::<Option<_>>()?, kept.salt.clone(), cost(kept.cost))
}

/// The cost of a PIN's hash, as the fleet's database has it.
pub fn cost([memory_kib, passes, lanes]: [u32; 3]) -> Cost {
    Cost { memory_kib, passes, lanes }
}
