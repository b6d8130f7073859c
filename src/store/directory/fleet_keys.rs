//! The keys of a fleet. In a kiosk of a fleet, and on the machine of its admin, they take the place of the directory's own
//! ones for everything that belongs to people.

use subtle::ConstantTimeEq;
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
        keys.sort_unstable_by_key(|(generation, _)| std::cmp::Reverse(*generation));
        let mut keys = keys.into_iter();
        let (generation, current) = keys.next()?;
        let data = DataKeys { generation, current, older: keys.collect() };
        (salt.len() == 16 && cost.is_enough()).then_some(Self { data, salt, cost })
    }
}

/// What an admin's machine proves when a backup of the fleet's database was restored at this time, in Unix time in ms.
fn restored_proof(key: &DataKey, at: i64) -> [u8; 32] {
    key.proof(b"vestibule/fleet-restored/v1", &at.to_be_bytes())
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
    /// Proves with the fleet's newest data key that its database was restored from a backup at this time, in Unix time in ms.
    /// `None` without a fleet.
    pub fn prove_restored(&self, at: i64) -> Option<[u8; 32]> {
        self.fleet.as_ref().map(|fleet| restored_proof(&fleet.keys.data.current, at))
    }

    /// Whether somebody with one of the fleet's data keys said so.
    pub fn is_restored(&self, at: i64, proof: &[u8]) -> bool {
        let keys = self.fleet.iter().flat_map(|fleet| fleet.keys.data.all());
        let mut proofs = keys.map(|(_, key)| restored_proof(key, at));
        proofs.any(|known| known.as_slice().ct_eq(proof).into())
    }

    /// The keys of the fleet, or the directory's own.
    pub(super) fn people(&self) -> PeopleKeys<'_> {
        match &self.fleet {
            Some(fleet) => PeopleKeys { data: &fleet.keys.data, salt: &fleet.keys.salt, cost: fleet.keys.cost },
            None => PeopleKeys { data: &self.data, salt: &self.salt, cost: self.cost },
        }
    }
}
