//! The head of the log in its own file outside the database. It reveals that an older database was put back.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use rusqlite::{Connection, OptionalExtension};

use super::{
    Error, Finding, Head, anchor,
    signing::{KeyFile, Keys},
};
use crate::{
    crypt::{Key, KeyRing, mac},
    private_files,
};

/// The file in the data folder.
pub(super) const FILE: &str = "audit.head";
/// Length of the line in bytes. The file is overwritten in place and never grows: a power cut leaves the old or the new
/// head.
const WIDTH: usize = 200;
const LABEL: &[u8] = b"vestibule/audit/head/v1";

pub(super) fn head_of(db: &Connection) -> Result<Option<Head>, Error> {
    let sql = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1";
    let head = db
        .prepare_cached(sql)?
        .query_row([], |row| Ok(Head { seq: row.get::<_, i64>(0)?.cast_unsigned(), hash: row.get(1)? }));
    Ok(head.optional()?)
}

pub(super) fn put_head(folder: &Path, head: Head, key: &Key) -> Result<(), Error> {
    let file = folder.join(FILE);
    let proof = mac(key, LABEL, head.to_string().as_bytes());
    let line = format!("{head} {}", Head { seq: 0, hash: proof });
    let write = || {
        let mut out = private_files::open(&file)?;
        let is_new = out.metadata()?.len() == 0;
        out.write_all(format!("{line:WIDTH$}\n").as_bytes())?;
        // Sync only on creation. If a later write is lost, the older head that remains is still valid.
        if is_new { out.sync_all().and_then(|()| private_files::sync_folder(folder)) } else { Ok(()) }
    };
    write().map_err(|source| Error::File { file: file.clone(), source })
}

/// Reads the head file. `None` when it does not exist. An error when this kiosk did not write it.
pub(super) fn kept_head(folder: &Path, keys: &KeyRing) -> Result<Option<Head>, Error> {
    let file = folder.join(FILE);
    let line = match fs::read(&file) {
        Ok(line) => line,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::File { file, source }),
    };
    let read = || {
        let (text, proof) = std::str::from_utf8(&line).ok()?.lines().next()?.trim().split_once(' ')?;
        let (head, proof): (Head, Head) = (text.parse().ok()?, proof.parse().ok()?);
        let is_ours = keys.keys().any(|key| mac(key, LABEL, text.as_bytes()) == proof.hash);
        is_ours.then_some(head)
    };
    read().map(Some).ok_or(Error::Tampered)
}

/// Returns the signing keys if log, head and keys match. A record appended to a rolled-back log would hide the rollback.
///
/// # Errors
///
/// [`Error::Tampered`] when they do not match.
pub(super) fn keys_of_whole(db: &Connection, folder: &Path, keys: &KeyRing, signing: &KeyFile) -> Result<Keys, Error> {
    let signed = signing.read(keys).ok().map(|(signed, _)| signed);
    match head_finding(db, folder, keys, signed.as_ref())? {
        None => signed.ok_or(Error::Tampered),
        Some(_) => Err(Error::Tampered),
    }
}

/// The first mismatch between the log, its head and its signing keys. `signing` is `None` when the keys cannot be read.
pub(super) fn head_finding(
    db: &Connection,
    folder: &Path,
    keys: &KeyRing,
    signing: Option<&Keys>,
) -> Result<Option<Finding>, Error> {
    let last = head_of(db)?.map_or(0, |head| head.seq);
    let known = match kept_head(folder, keys) {
        Ok(Some(known)) => known,
        Ok(None) => {
            let begins = anchor(db, "next", keys)?.is_some_and(|next| next.seq == 1);
            return Ok((last != 0 || !begins).then_some(Finding::HeadMissing));
        }
        Err(_) => return Ok(Some(Finding::HeadChanged)),
    };
    if known.seq == 0 {
        return keys_finding(db, keys, signing);
    }
    let sql = "SELECT hash FROM audit WHERE seq = ?1";
    let hash: Option<[u8; 32]> =
        db.prepare_cached(sql)?.query_row([known.seq.cast_signed()], |row| row.get(0)).optional()?;
    Ok(match hash {
        Some(hash) if hash == known.hash => keys_finding(db, keys, signing)?,
        Some(_) => Some(Finding::Replaced(known.seq)),
        None => Some(Finding::Cut { last, known: known.seq }),
    })
}

/// Compares the keys with the log. A database and a head that were both rolled back match each other, but the keys are
/// ahead.
fn keys_finding(db: &Connection, keys: &KeyRing, signing: Option<&Keys>) -> Result<Option<Finding>, Error> {
    let last = anchor(db, "next", keys)?.map_or(0, |next| next.seq - 1);
    Ok(match signing {
        Some(signing) if signing.next_seq - 1 <= last => None,
        Some(signing) => Some(Finding::Cut { last, known: signing.next_seq - 1 }),
        None => Some(Finding::Keys),
    })
}
