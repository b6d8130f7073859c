//! Setup of the log's files when it is opened: creation, adoption after a restore or an upgrade, resealing after a rekey.

use std::{fs, path::Path};

use rusqlite::Connection;

use super::{
    Error, Head, anchor,
    hash_chain::Anchor,
    head::{self, kept_head, put_head},
    pending::{keep_pending, pending},
    put_anchor,
    signing::{KeyFile, Keys},
};
use crate::{crypt::KeyRing, private_files};

/// What is needed to set up a log's files inside the transaction that opens it.
pub(super) struct Beginning<'a> {
    pub(super) change: &'a Connection,
    pub(super) folder: &'a Path,
    pub(super) keys: &'a KeyRing,
    pub(super) signing: &'a KeyFile,
}

impl Beginning<'_> {
    /// Creates a log. The files are written before the rows, because rows without files count as tampering.
    ///
    /// Fails if the files belong to a log that had records: the database was emptied, and the files are the evidence.
    pub(super) fn create(&self) -> Result<(), Error> {
        let is_fresh = match kept_head(self.folder, self.keys) {
            Ok(head) => head.is_none_or(|head| head.seq == 0),
            // An empty file: its creation was interrupted.
            Err(_) => fs::metadata(self.folder.join(head::FILE)).is_ok_and(|file| file.len() == 0),
        };
        if !is_fresh || self.signing.read(self.keys).is_ok_and(|(keys, _)| keys.next_seq != 1) {
            return Err(Error::Tampered);
        }
        self.signing.write(&Keys::draw(1)?, &self.keys.current, true)?;
        put_head(self.folder, Head { seq: 0, hash: [0; 32] }, &self.keys.current)?;
        self.sync()?;
        put_anchor(self.change, "first", &Anchor::BEGINNING, &self.keys.current)?;
        put_anchor(self.change, "next", &Anchor::BEGINNING, &self.keys.current)
    }

    /// Draws new signing keys for the records from here on, and writes a new head.
    pub(super) fn after_restore(&self) -> Result<(), Error> {
        let next = anchor(self.change, "next", self.keys)?.ok_or(Error::Tampered)?;
        self.signing.write(&Keys::draw(next.seq)?, &self.keys.current, true)?;
        put_head(self.folder, Head { seq: next.seq - 1, hash: next.hash }, &self.keys.current)?;
        self.sync()
    }

    /// Reseals everything that an older key sealed, and rewrites anchors that still hold a signing key without it. Each
    /// item is written on its own, so that all of them open after an interruption. Returns `false` when an anchor was
    /// rewritten.
    pub(super) fn with_the_key_of_now(&self) -> Result<bool, Error> {
        let is_rekeyed = !self.keys.older.is_empty();
        let mut is_clean = true;
        for name in ["first", "next"] {
            if let Some(anchor) = anchor(self.change, name, self.keys)?
                && (is_rekeyed || anchor.key.is_some())
            {
                put_anchor(self.change, name, &anchor, &self.keys.current)?;
                is_clean = false;
            }
        }
        if !is_rekeyed {
            return Ok(is_clean);
        }
        if let Ok(Some((about, count))) = pending(self.change, self.keys) {
            keep_pending(self.change, &self.keys.current, &about, count)?;
        }
        if let Ok((keys, false)) = self.signing.read(self.keys) {
            self.signing.write(&keys, &self.keys.current, true)?;
        }
        if let Ok(Some(head)) = kept_head(self.folder, self.keys) {
            put_head(self.folder, head, &self.keys.current)?;
        }
        Ok(is_clean)
    }

    /// Moves the signing keys from the database, where directories before version 3 kept them, to the key file.
    pub(super) fn after_upgrade(&self) -> Result<(), Error> {
        let (Some(first), Some(next)) =
            (anchor(self.change, "first", self.keys)?, anchor(self.change, "next", self.keys)?)
        else {
            return Ok(());
        };
        // The anchor holds no key either, so the key file was deleted. Appending will fail with `Tampered`.
        let Some(key) = next.key.clone() else { return Ok(()) };
        let epoch = if first.key.is_some() { first.seq } else { 1 };
        let keys = Keys { epoch, first: first.key.clone(), next_seq: next.seq, next: key };
        self.signing.write(&keys, &self.keys.current, true)?;
        self.sync()
    }

    fn sync(&self) -> Result<(), Error> {
        private_files::sync_folder(self.folder).map_err(|source| Error::File { file: self.folder.to_owned(), source })
    }
}
