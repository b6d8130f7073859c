//! How the files of a log come to be there: made, taken over from a backup or an older version, or sealed with another key.

use std::{fs, path::Path};

use rusqlite::Connection;

use super::{
    Error, Head, anchor,
    chain::Anchor,
    head::{self, kept_head, put_head},
    pending::{keep_pending, pending},
    put_anchor,
    signing::{KeyFile, Keys},
};
use crate::{crypt::KeyRing, private_files};

/// How the files of a log come to be there when it is opened.
pub(super) struct Beginning<'a> {
    pub(super) change: &'a Connection,
    pub(super) folder: &'a Path,
    pub(super) keys: &'a KeyRing,
    pub(super) signing: &'a KeyFile,
}

impl Beginning<'_> {
    /// A new log. The files come before the rows: rows without them would look like somebody else's work.
    ///
    /// Files of a log that had records are somebody's evidence: a database that was emptied does not begin again over them.
    pub(super) fn anew(&self) -> Result<(), Error> {
        let is_fresh = match kept_head(self.folder, self.keys) {
            Ok(head) => head.is_none_or(|head| head.seq == 0),
            // Cut short while it was made.
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

    /// New keys, from the next record on.
    pub(super) fn after_restore(&self) -> Result<(), Error> {
        let next = anchor(self.change, "next", self.keys)?.ok_or(Error::Tampered)?;
        self.signing.write(&Keys::draw(next.seq)?, &self.keys.current, true)?;
        put_head(self.folder, Head { seq: next.seq - 1, hash: next.hash }, &self.keys.current)?;
        self.sync()
    }

    /// What lies under an older key is sealed with the one of now, and anchors that hold a signing key are rewritten without it.
    /// Each piece by itself: cut short anywhere, each still opens. Says whether the database was free of such keys before.
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

    /// The version before kept the signing keys in the database. They move into their file.
    pub(super) fn after_upgrade(&self) -> Result<(), Error> {
        let (Some(first), Some(next)) =
            (anchor(self.change, "first", self.keys)?, anchor(self.change, "next", self.keys)?)
        else {
            return Ok(());
        };
        // Without its key nothing can be appended: the file of keys was taken away.
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
