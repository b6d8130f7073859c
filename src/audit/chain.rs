//! How records hold together: each hash covers the one before, and each is signed with a key that is then replaced by its
//! successor, from which it cannot be got back.

use sha2::{Digest, Sha256};

use super::Error;
use crate::{
    crypt::{self, Key, mac},
    hex,
};

/// A place between two records, and what is needed to go on from there.
#[derive(Clone)]
pub(super) struct Anchor {
    /// The record that comes next.
    pub(super) seq: u64,
    /// The hash of the one before.
    pub(super) hash: [u8; 32],
    /// Signs the next one. `None` where nobody has it at hand.
    pub(super) key: Option<Key>,
}

impl Anchor {
    /// Before the first record.
    pub(super) const BEGINNING: Self = Self { seq: 1, hash: [0; 32], key: None };

    /// Goes past one record. Returns its hash and its signature.
    pub(super) fn step(&mut self, encoded: &[u8]) -> ([u8; 32], Option<[u8; 32]>) {
        let hash: [u8; 32] = Sha256::new().chain_update(self.hash).chain_update(encoded).finalize().into();
        let signature = self.key.as_ref().map(|key| mac(key, b"vestibule/audit/record/v1", &hash));
        self.advance();
        self.hash = hash;
        (hash, signature)
    }

    /// Replaces the key by its successor.
    pub(super) fn advance(&mut self) {
        self.key = self.key.as_ref().map(|key| Key::new(mac(key, b"vestibule/audit/next/v1", &[])));
        self.seq += 1;
    }

    /// As it lies in the database: nobody else can change it. The key stays out of it.
    pub(super) fn seal(&self, with: &Key, purpose: &str) -> Result<Vec<u8>, Error> {
        let clear = [&self.seq.to_be_bytes()[..], &self.hash].concat();
        crypt::seal(with, purpose.as_bytes(), &clear).ok_or(Error::Randomness)
    }

    /// `None` when it was changed, or sealed by another kiosk. Versions before 3 of the directory kept the key in it.
    pub(super) fn open(sealed: &[u8], with: &Key, purpose: &str) -> Option<Self> {
        let clear = crypt::open(with, purpose.as_bytes(), sealed)?;
        let (seq, rest) = clear.split_first_chunk::<8>()?;
        let (hash, key) = rest.split_first_chunk::<32>()?;
        let key = <[u8; 32]>::try_from(key).ok().map(Key::new);
        Some(Self { seq: u64::from_be_bytes(*seq), hash: *hash, key })
    }
}

/// Where the log stands: the last record and its hash. Kept elsewhere, it shows that a tail was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last record.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, *hex::encode(&self.hash))
    }
}

impl std::str::FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (seq, digits) = text.trim().split_once(':').ok_or(Error::Head)?;
        let hash = *hex::decode(digits.as_bytes()).ok_or(Error::Head)?;
        Ok(Self { seq: seq.parse().map_err(|_| Error::Head)?, hash })
    }
}
