//! Backup and restore of the directory. The caller encrypts and decrypts the backup.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use rusqlite::MAIN_DB;
use zeroize::Zeroizing;

use super::{
    DataKeys, DeviceKey, Directory, Error, FILE, KeyPlace, data_keys::put_wraps, integrity, key, meta::put_meta,
    seal::DataKey,
};
use crate::private_files;

/// First bytes of a backup, with the format version. Version 2 contains every generation of the data key.
const MAGIC: &[u8; 16] = b"vestibule dir 2\n";
const OLDER_MAGIC: &[u8; 16] = b"vestibule dir 1\n";

/// The whole directory with its data keys in clear. Encrypt it before writing it anywhere.
pub type Backup = Zeroizing<Vec<u8>>;

impl Directory {
    /// A consistent copy of the directory, for the caller to encrypt.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn backup(&mut self) -> Result<Backup, Error> {
        // The serialized image includes pages that are still in the write-ahead log only.
        let file = self.db.serialize(MAIN_DB)?;
        let keys = self.data.all();
        let mut backup = Backup::new(Vec::with_capacity(MAGIC.len() + 1 + 40 * keys.len() + file.len()));
        backup.extend_from_slice(MAGIC);
        backup.push(u8::try_from(keys.len()).unwrap_or(u8::MAX));
        for (generation, key) in keys {
            backup.extend_from_slice(&generation.to_be_bytes());
            backup.extend_from_slice(key.expose());
        }
        backup.extend_from_slice(&file);
        Ok(backup)
    }
}

/// Splits a backup into its data keys and the image of its database.
fn parts(backup: &[u8]) -> Option<(DataKeys, &[u8])> {
    if let Some(rest) = backup.strip_prefix(OLDER_MAGIC) {
        let (key, image) = rest.split_at_checked(32)?;
        return Some((DataKeys { generation: 1, current: DataKey::from_bytes(key)?, older: Vec::new() }, image));
    }
    let (count, mut rest) = backup.strip_prefix(MAGIC)?.split_first()?;
    let mut keys = Vec::new();
    for _ in 0..*count {
        let (generation, more) = rest.split_first_chunk::<8>()?;
        let (key, more) = more.split_at_checked(32)?;
        keys.push((i64::from_be_bytes(*generation), DataKey::from_bytes(key)?));
        rest = more;
    }
    let mut keys = keys.into_iter();
    let (generation, current) = keys.next()?;
    Some((DataKeys { generation, current, older: keys.collect() }, rest))
}

/// Checks that a directory can be restored into this folder.
///
/// # Errors
///
/// [`Error::NotEmpty`] when the folder holds a directory.
pub fn check_empty(folder: &Path) -> Result<(), Error> {
    if folder.join(FILE).exists() { Err(Error::NotEmpty { folder: folder.to_owned() }) } else { Ok(()) }
}

/// A restored directory in a staging folder. The data folder holds no directory until `finish` succeeds.
#[derive(Debug)]
pub struct Restored {
    /// Opened in `.restoring` inside the data folder.
    pub directory: Directory,
    folder: PathBuf,
    credentials: Option<PathBuf>,
}

impl Restored {
    /// Moves the directory and the files beside it into the data folder. No other process may have it open.
    ///
    /// # Errors
    ///
    /// When a file cannot be moved. The restore can then be repeated.
    pub fn finish(self) -> Result<Directory, Error> {
        self.directory.clear_old_pages()?;
        let Self { directory, folder, credentials } = self;
        let staging = directory.folder().to_owned();
        drop(directory);
        put_in_place(&staging, &folder).map_err(|source| Error::Folder { folder: folder.clone(), source })?;
        Directory::open_existing(&folder, credentials.as_deref())
    }
}

fn put_in_place(staging: &Path, folder: &Path) -> io::Result<()> {
    // Delete files that SQLite left of a directory that no longer exists.
    for left in ["-wal", "-shm", "-journal"] {
        match fs::remove_file(folder.join(format!("{FILE}{left}"))) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for entry in fs::read_dir(staging)? {
        let name = entry?.file_name();
        // The key file is already in the data folder.
        if !name.to_string_lossy().starts_with(FILE) && name != key::FILE {
            fs::rename(staging.join(&name), folder.join(&name))?;
        }
    }
    private_files::sync_folder(folder)?;
    fs::rename(staging.join(FILE), folder.join(FILE))?;
    private_files::sync_folder(folder)?;
    fs::remove_dir_all(staging)
}

/// Restores a backup into a folder without a directory, with the device key found there or a new one. All counters of
/// guesses start at 0, because the guesses used since the backup are unknown.
///
/// # Errors
///
/// [`Error::NotEmpty`], [`Error::NoBackup`]; nothing is written then.
pub fn restore(backup: &Backup, folder: &Path, credentials: Option<&Path>) -> Result<Restored, Error> {
    let failed = |source| Error::Folder { folder: folder.to_owned(), source };
    check_empty(folder)?;
    let (data, image) = parts(backup).ok_or(Error::NoBackup)?;
    private_files::make_folder(folder).map_err(failed)?;
    super::check_folder(folder)?;
    let staging = folder.join(".restoring");
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(failed)?;
    }
    private_files::make_folder(&staging).map_err(failed)?;
    let key = DeviceKey::find(folder, credentials)?.into_iter().next();
    let key = key.map_or_else(|| DeviceKey::make(folder), Ok)?;
    let write = |name: &str, bytes: &[u8]| {
        let file = staging.join(name);
        let mut out = private_files::create_new(&file)?;
        out.write_all(bytes).and_then(|()| out.sync_all())
    };
    if let KeyPlace::File(file) = key.place() {
        fs::read(file).map(Zeroizing::new).and_then(|bytes| write(key::FILE, &bytes)).map_err(failed)?;
    }
    write(FILE, image).map_err(failed)?;
    {
        let db = rusqlite::Connection::open(staging.join(FILE))?;
        // The MAC covers the wrapped keys, so renew it. A wrong MAC must stay wrong, and that of an older version does not
        // cover them.
        let is_proven = integrity::is_proven(&db, &data.current).unwrap_or(false);
        put_meta(&db, "key_id", &key.id())?;
        put_wraps(&db, &key, &data)?;
        if is_proven {
            integrity::prove(&db, &data.current)?;
        }
        let _: String = db.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    }
    let directory = Directory::open_existing(&staging, credentials)?;
    directory.counters().empty_budgets()?;
    Ok(Restored { directory, folder: folder.to_owned(), credentials: credentials.map(Path::to_owned) })
}
