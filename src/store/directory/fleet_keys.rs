//! The keys of a fleet. In a kiosk of a fleet, and on the machine of its admin, they take the place of the directory's own
//! ones for everything that belongs to people.

use zeroize::Zeroizing;

use super::{Cost, Directory, data_keys::DataKeys, seal::DataKey};

/// What makes the rows of a fleet's people.
#[derive(Debug)]
pub struct FleetKeys {
    data: DataKeys,
    salt: Vec<u8>,
    cost: Cost,
}

impl FleetKeys {
    /// From the data keys with their generations, the salt of every PIN and the cost of its hash. `None` without a key, with
    /// one that is no key, and for a cost below the minimum.
    pub fn new(keys: Vec<(i64, Zeroizing<Vec<u8>>)>, salt: Vec<u8>, cost: Cost) -> Option<Self> {
        let keys = keys.into_iter().map(|(generation, bytes)| Some((generation, DataKey::from_bytes(&bytes)?)));
        let mut keys = keys.collect::<Option<Vec<_>>>()?;
        keys.sort_by_key(|(generation, _)| std::cmp::Reverse(*generation));
        let mut keys = keys.into_iter();
        let (generation, current) = keys.next()?;
        let data = DataKeys { generation, current, older: keys.collect() };
        (salt.len() == 16 && cost.is_enough()).then_some(Self { data, salt, cost })
    }
}

/// What people's rows are made with.
#[derive(Clone, Copy)]
pub(super) struct PeopleKeys<'a> {
    /// Seal and index.
    pub(super) data: &'a DataKeys,
    /// Of every PIN's hash.
    pub(super) salt: &'a [u8],
    /// Of a PIN's hash.
    pub(super) cost: Cost,
}

impl Directory {
    /// The keys of the fleet, or the directory's own.
    pub(super) fn people(&self) -> PeopleKeys<'_> {
        match &self.fleet {
            Some(fleet) => PeopleKeys { data: &fleet.keys.data, salt: &fleet.keys.salt, cost: fleet.keys.cost },
            None => PeopleKeys { data: &self.data, salt: &self.salt, cost: self.cost },
        }
    }
}
