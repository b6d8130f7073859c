//! Another device key, and a directory that outlives its machine. How a backup is encrypted is `vault.rs`.

use std::{fs, io::Write, path::Path};

use rusqlite::{MAIN_DB, TransactionBehavior};
use zeroize::Zeroizing;

use super::{DeviceKey, Directory, Error, FILE, KeyPlace, make_private_folder, proof::put_meta, seal::DataKey};

/// The first bytes of a backup: what it is, and its version.
const MAGIC: &[u8; 16] = b"vestibule dir 1\n";

/// Everything that a directory is, its data key too. Never written but encrypted.
pub type Backup = Zeroizing<Vec<u8>>;

impl Directory {
    /// Wraps the data key with another device key, and forgets the old one: a systemd credential if there is a new one, else a
    /// new file. Cut short at any point, one of the two keys opens the directory.
    ///
    /// # Errors
    ///
    /// When a key cannot be written. The old one holds then.
    pub fn rekey(mut self, credentials: Option<&Path>) -> Result<KeyPlace, Error> {
        let is_new = |key: &DeviceKey| matches!(key.place(), KeyPlace::Credential(_)) && key.id() != self.key.id();
        // Before a key is made: whoever opens the directory meanwhile waits, and takes no key away that it does not know yet.
        let change = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let credential = DeviceKey::find(&self.folder, credentials)?.into_iter().find(is_new);
        let next = credential.map_or_else(|| DeviceKey::make_next(&self.folder), Ok)?;
        put_meta(&change, "key_id", &next.id())?;
        put_meta(&change, "data_key", &next.wrap(&self.data)?)?;
        change.commit()?;
        Ok(next.settle(&self.folder)?.place().clone())
    }

    /// Everything, at one point in time, for encryption.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn backup(&mut self) -> Result<Backup, Error> {
        // A copy in memory, as SQLite would write it: what is only in the write-ahead log is in it.
        let file = self.db.serialize(MAIN_DB)?;
        let mut backup = Backup::new(Vec::with_capacity(MAGIC.len() + 32 + file.len()));
        backup.extend_from_slice(MAGIC);
        backup.extend_from_slice(self.data.expose());
        backup.extend_from_slice(&file);
        Ok(backup)
    }
}

/// Makes a directory of a backup, in a folder that has none, with a new device key or a systemd credential.
///
/// # Errors
///
/// [`Error::NotEmpty`], [`Error::NoBackup`]; nothing is written then.
pub fn restore(backup: &Backup, folder: &Path, credentials: Option<&Path>) -> Result<Directory, Error> {
    make_private_folder(folder).map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
    let file = folder.join(FILE);
    if file.exists() {
        return Err(Error::NotEmpty { folder: folder.to_owned() });
    }
    let rest = backup.strip_prefix(MAGIC).ok_or(Error::NoBackup)?;
    let (data, image) = rest.split_at_checked(32).ok_or(Error::NoBackup)?;
    let data = DataKey::from_bytes(data).ok_or(Error::NoBackup)?;
    let key = DeviceKey::find(folder, credentials)?.into_iter().next();
    let key = key.map_or_else(|| DeviceKey::make(folder), Ok)?;
    // Complete under another name before it is the directory.
    let part = folder.join("directory.restoring");
    let written = fs::File::create(&part).and_then(|mut out| out.write_all(image).and_then(|()| out.sync_all()));
    written.map_err(|source| Error::File { file: part.clone(), source })?;
    {
        let db = rusqlite::Connection::open(&part)?;
        put_meta(&db, "key_id", &key.id())?;
        put_meta(&db, "data_key", &key.wrap(&data)?)?;
        let _: String = db.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    }
    fs::rename(&part, &file).map_err(|source| Error::File { file, source })?;
    Directory::open(folder, credentials, || super::Cost::SHIPPED)
}
