//! Hash chain with forward-secure signatures: each hash covers the previous one. After each signature the key is replaced
//! by a one-way derivation of itself, so that past keys cannot be recovered.

use sha2::{Digest, Sha256};

use super::Error;
use crate::{
    crypt::{self, Key, mac},
    hex,
};

/// A position between two records, with the state needed to continue the chain from there.
#[derive(Clone)]
pub(super) struct Anchor {
    /// Number of the next record.
    pub(super) seq: u64,
    /// Hash of the previous record; zeros before the first.
    pub(super) hash: [u8; 32],
    /// Signs the next record. `None` when the key is not available.
    pub(super) key: Option<Key>,
}

impl Anchor {
    /// Before the first record.
    pub(super) const BEGINNING: Self = Self { seq: 1, hash: [0; 32], key: None };

    /// Advances past one encoded record. Returns its hash, and its signature if the key is available.
    pub(super) fn step(&mut self, encoded: &[u8]) -> ([u8; 32], Option<[u8; 32]>) {
        let hash: [u8; 32] = Sha256::new().chain_update(self.hash).chain_update(encoded).finalize().into();
        let signature = self.key.as_ref().map(|key| mac(key, b"vestibule/audit/record/v1", &hash));
        self.advance();
        self.hash = hash;
        (hash, signature)
    }

    /// Steps to the next record: increments the number and derives the next key.
    pub(super) fn advance(&mut self) {
        self.key = self.key.as_ref().map(|key| Key::new(mac(key, b"vestibule/audit/next/v1", &[])));
        self.seq += 1;
    }

    /// Seals number and hash for the database, without the signing key.
    pub(super) fn seal(&self, with: &Key, purpose: &str) -> Result<Vec<u8>, Error> {
        let clear = [&self.seq.to_be_bytes()[..], &self.hash].concat();
        crypt::seal(with, purpose.as_bytes(), &clear).ok_or(Error::Randomness)
    }

    /// Opens a sealed anchor. `None` when it was changed or sealed with another key. Directories before version 3 kept the
    /// signing key in it.
    pub(super) fn open(sealed: &[u8], with: &Key, purpose: &str) -> Option<Self> {
        let clear = crypt::open(with, purpose.as_bytes(), sealed)?;
        let (seq, rest) = clear.split_first_chunk::<8>()?;
        let (hash, key) = rest.split_first_chunk::<32>()?;
        let key = <[u8; 32]>::try_from(key).ok().map(Key::new);
        Some(Self { seq: u64::from_be_bytes(*seq), hash: *hash, key })
    }
}

/// Number and hash of the last record. A copy kept elsewhere reveals that the end of the log was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last record, from 1; 0 for an empty log.
    pub seq: u64,
    /// SHA-256 over the previous hash and the encoded record.
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
