//! The signing keys of the log. They are kept in a small file that is overwritten in place, not in SQLite: its write-ahead
//! log retains replaced pages, and an old key would allow past records to be re-signed.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

use super::{Error, hash_chain::Anchor};
use crate::{
    crypt::{self, Key, KeyRing},
    private_files,
};

/// The file in the data folder.
pub(super) const FILE: &str = "audit.keys";
const PURPOSE: &[u8] = b"vestibule/audit/keys/v1";
/// Plaintext length: epoch, whether `first` is known, `first`, number of `next`, `next`.
const CLEAR: usize = 8 + 1 + 32 + 8 + 32;
/// Sealed length: nonce, plaintext, tag.
const SEALED: usize = 24 + CLEAR + 16;
/// Attempts to take the lock and the pause between them, 5 s in all. A writer needs milliseconds; a suspended one must not
/// block this process for long.
const PATIENCE: (u32, Duration) = (5_000, Duration::from_millis(1));

/// The signing keys. `next` is replaced by its successor after each record.
pub(super) struct Keys {
    /// Number of the record that `first` signs.
    pub(super) epoch: u64,
    /// `None` after `audit take-key` deleted it.
    pub(super) first: Option<Key>,
    /// Number of the record that `next` signs.
    pub(super) next_seq: u64,
    pub(super) next: Key,
}

impl Keys {
    /// Draws new keys for a log whose next record is `seq`.
    pub(super) fn draw(seq: u64) -> Result<Self, Error> {
        let mut key = Key::default();
        getrandom::fill(&mut *key).map_err(|_| Error::Randomness)?;
        Ok(Self { epoch: seq, first: Some(key.clone()), next_seq: seq, next: key })
    }

    /// Derives the key of record `seq` from `next`. `None` for an earlier record, whose key was overwritten.
    pub(super) fn of(&self, seq: u64) -> Option<Key> {
        (self.next_seq <= seq).then(|| advance(&self.next, self.next_seq, seq))
    }

    /// Derives the key of record `seq` from `first`. `None` when that key was deleted or signs only later records.
    pub(super) fn first_of(&self, seq: u64) -> Option<Key> {
        let first = self.first.as_ref().filter(|_| self.epoch <= seq)?;
        Some(advance(first, self.epoch, seq))
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut clear = Zeroizing::new(Vec::with_capacity(CLEAR));
        clear.extend_from_slice(&self.epoch.to_be_bytes());
        clear.push(u8::from(self.first.is_some()));
        clear.extend_from_slice(self.first.as_ref().map_or(&[0; 32][..], |key| &key[..]));
        clear.extend_from_slice(&self.next_seq.to_be_bytes());
        clear.extend_from_slice(&self.next[..]);
        clear
    }

    fn decode(clear: &[u8]) -> Option<Self> {
        let (epoch, rest) = clear.split_first_chunk::<8>()?;
        let (is_known, rest) = rest.split_first()?;
        let (first, rest) = rest.split_first_chunk::<32>()?;
        let (next_seq, next) = rest.split_first_chunk::<8>()?;
        Some(Self {
            epoch: u64::from_be_bytes(*epoch),
            first: (*is_known == 1).then(|| Key::new(*first)),
            next_seq: u64::from_be_bytes(*next_seq),
            next: Key::new(next.try_into().ok()?),
        })
    }
}

/// Derives the key of record `to` from the key of record `from`.
pub(super) fn advance(key: &Key, from: u64, to: u64) -> Key {
    let mut at = Anchor { seq: from, hash: [0; 32], key: Some(key.clone()) };
    while at.seq < to {
        at.advance();
    }
    at.key.unwrap_or_default()
}

/// The open key file. It is also the lock that writing processes take in turn.
#[derive(Debug)]
pub(super) struct KeyFile {
    file: File,
    path: PathBuf,
}

/// Holds the lock: no other process writes a record until this is dropped.
pub(super) struct Turn<'a>(&'a File);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl KeyFile {
    /// Opens or creates the key file. The second value says whether it had any contents.
    pub(super) fn open(folder: &Path) -> Result<(Self, bool), Error> {
        let path = folder.join(FILE);
        let opened = private_files::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((length, file)) => Ok((Self { file, path }, 0 < length)),
            Err(source) => Err(Error::File { file: path, source }),
        }
    }

    /// Takes the lock. Fails when another process holds it for 5 s.
    pub(super) fn lock(&self) -> Result<Turn<'_>, Error> {
        for _ in 0..PATIENCE.0 {
            match self.file.try_lock() {
                Ok(()) => return Ok(Turn(&self.file)),
                Err(TryLockError::WouldBlock) => thread::sleep(PATIENCE.1),
                Err(TryLockError::Error(source)) => return Err(self.failed(source)),
            }
        }
        Err(self.failed(std::io::ErrorKind::ResourceBusy.into()))
    }

    /// The keys, and whether they are sealed with the ring's current key.
    pub(super) fn read(&self, with: &KeyRing) -> Result<(Keys, bool), Error> {
        let mut sealed = Vec::with_capacity(SEALED);
        let mut file = &self.file;
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(4096).read_to_end(&mut sealed));
        let _ = read.map_err(|source| self.failed(source))?;
        let opened = with.keys().enumerate().find_map(|(at, key)| Some((at, crypt::open(key, PURPOSE, &sealed)?)));
        let (at, clear) = opened.ok_or(Error::Tampered)?;
        Ok((Keys::decode(&clear).ok_or(Error::Tampered)?, at == 0))
    }

    /// Overwrites the keys in place. Syncs the file if `is_synced`.
    pub(super) fn write(&self, keys: &Keys, with: &Key, is_synced: bool) -> Result<(), Error> {
        let sealed = crypt::seal(with, PURPOSE, &keys.encode()).ok_or(Error::Randomness)?;
        let mut file = &self.file;
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&sealed));
        let synced = written.and_then(|()| if is_synced { self.file.sync_all() } else { Ok(()) });
        synced.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::File { file: self.path.clone(), source }
    }
}
