//! The device key: where it is stored, who may read it, and how it wraps the data key. `seal.rs` uses the data key.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    Error,
    seal::{DataKey, random},
};
use crate::{
    crypt::{self, Key, mac},
    hex, private_files,
};

/// Name of the systemd credential that holds the key, if there is one.
const CREDENTIAL: &str = "vestibule.key";
/// Name of the credential with the next key, until `vestibule-admin` renames it.
const NEXT_CREDENTIAL: &str = "vestibule.key.next";
/// Name of the key file, used when there is no credential.
pub(super) const FILE: &str = "device.key";
/// Name of the file with the next key during a rekey.
const NEXT: &str = "device.key.next";
/// HKDF label of the wrapping key. Older versions also bound it into the first wrapped data key.
const WRAP: &[u8] = b"vestibule/data-key/v1";

/// Where a device key is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// A systemd credential, encrypted by systemd, with the TPM if there is one.
    Credential(PathBuf),
    /// A file beside the directory. Somebody who takes the disk has both.
    File(PathBuf),
}

impl KeyPlace {
    /// Path of the credential or key file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Credential(path) | Self::File(path) => path,
        }
    }
}

/// The secret of this kiosk. It is never stored in the database or in a backup.
pub struct DeviceKey {
    key: Key,
    place: KeyPlace,
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceKey").field("place", &self.place).finish_non_exhaustive()
    }
}

impl DeviceKey {
    /// Reads every device key that exists, the preferred one first: systemd credentials, the key file, the next key file of
    /// an unfinished `rekey`. Within a transaction, so that no other process renames them meanwhile.
    ///
    /// # Errors
    ///
    /// When a key exists but cannot be read, is malformed, or can be read by other accounts.
    ///
    /// # Source
    ///
    /// `systemd.exec(5)`, `$CREDENTIALS_DIRECTORY`.
    pub(super) fn find(folder: &Path, credentials: Option<&Path>) -> Result<Vec<Self>, Error> {
        let sealed = credentials
            .into_iter()
            .flat_map(|folder| [CREDENTIAL, NEXT_CREDENTIAL].map(|name| KeyPlace::Credential(folder.join(name))));
        let files = [FILE, NEXT].map(|name| KeyPlace::File(folder.join(name)));
        let places = sealed.chain(files).filter(|place| place.path().exists());
        places.map(Self::read).collect()
    }

    /// Whether this is the credential with the next key, not renamed yet.
    pub(super) fn is_next_credential(&self) -> bool {
        matches!(&self.place, KeyPlace::Credential(file) if file.ends_with(NEXT_CREDENTIAL))
    }

    /// Creates a key file that only this account can read. Fails when there is one.
    pub(super) fn make(folder: &Path) -> Result<Self, Error> {
        Self::write(folder.join(FILE))
    }

    /// Creates the next key file beside the current one.
    pub(super) fn make_next(folder: &Path) -> Result<Self, Error> {
        let file = folder.join(NEXT);
        if file.exists() {
            // Left by a `rekey` that stopped before the directory used the key.
            fs::remove_file(&file).map_err(|source| Error::KeyFile { file: file.clone(), source })?;
        }
        Self::write(file)
    }

    /// Makes this key the only key file in the folder, or leaves none if it is a credential. Obsolete files are first
    /// renamed to a name that is never read. They are wiped once this key is on disk under its final name, so that a key
    /// which opens the directory survives an interruption. Only within a transaction, so that no other process does this.
    pub(super) fn settle(self, folder: &Path) -> Result<Self, Error> {
        let (file, next) = (folder.join(FILE), folder.join(NEXT));
        let old = |file: &Path| file.with_extension("old");
        let failed = |source| Error::KeyFile { file: self.place.path().to_owned(), source };
        let is_next = self.place == KeyPlace::File(next.clone());
        if is_next && !next.exists() && file.exists() {
            // Another process that opened the directory has done this. The file is the key, and must not be put away.
            return Ok(Self { place: KeyPlace::File(file), key: self.key });
        }
        let gone: &[&PathBuf] = match &self.place {
            KeyPlace::Credential(_) => &[&file, &next],
            KeyPlace::File(_) if is_next => &[&file],
            KeyPlace::File(_) => &[&next],
        };
        for file in gone.iter().filter(|file| file.exists()) {
            fs::rename(file, old(file)).map_err(failed)?;
        }
        if is_next {
            fs::rename(&next, &file).map_err(failed)?;
        }
        private_files::sync_folder(folder).map_err(failed)?;
        for file in [old(&file), old(&next)].iter().filter(|file| file.exists()) {
            wipe(file).and_then(|()| fs::remove_file(file)).map_err(failed)?;
        }
        Ok(Self { place: if is_next { KeyPlace::File(file) } else { self.place }, key: self.key })
    }

    fn write(file: PathBuf) -> Result<Self, Error> {
        let key = random()?;
        let failed = |source| Error::KeyFile { file: file.clone(), source };
        if file.exists() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        // Write under another name, then rename: an interruption leaves a partial file that is never read.
        let part = file.with_extension("part");
        if part.exists() {
            fs::remove_file(&part).map_err(failed)?;
        }
        let mut out = private_files::create_new(&part).map_err(failed)?;
        out.write_all(hex::encode(&*key).as_bytes()).and_then(|()| out.sync_all()).map_err(failed)?;
        fs::rename(&part, &file).map_err(failed)?;
        private_files::sync_folder(file.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        Ok(Self { key, place: KeyPlace::File(file) })
    }

    /// Reads a key of 32 bytes, or of 64 hexadecimal digits.
    fn read(place: KeyPlace) -> Result<Self, Error> {
        if let KeyPlace::File(file) = &place {
            check_access(file)?;
        }
        let failed = |source| Error::KeyFile { file: place.path().to_owned(), source };
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        let _ =
            fs::File::open(place.path()).and_then(|file| file.take(4096).read_to_end(&mut bytes)).map_err(failed)?;
        let key = match <[u8; 32]>::try_from(&bytes[..]) {
            Ok(key) => Some(Key::new(key)),
            Err(_) => hex::decode(bytes.trim_ascii()),
        };
        let not_a_key = || io::Error::new(io::ErrorKind::InvalidData, "expected a key of 32 bytes or 64 hex digits");
        Ok(Self { key: key.ok_or_else(|| failed(not_a_key()))?, place })
    }

    /// Where the key is stored.
    pub fn place(&self) -> &KeyPlace {
        &self.place
    }

    /// Identifies the key without revealing it, to notice a directory that was made with another key.
    pub(super) fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(mac(&self.key, b"vestibule/key-id/v1", &[]).get(..8).unwrap_or(&[0; 8]));
        id
    }

    /// Encrypts a data key, bound to its generation so that an older key cannot pass for the current one.
    pub(super) fn wrap(&self, generation: i64, data: &DataKey) -> Result<Vec<u8>, Error> {
        crypt::seal(&self.wrapping(), &purpose(generation), data.expose()).ok_or(Error::Sealing)
    }

    /// Decrypts a data key. `None` when it was changed, or wrapped with another device key or for another generation.
    pub(super) fn unwrap(&self, generation: i64, wrapped: &[u8]) -> Option<DataKey> {
        let open = |purpose: &[u8]| crypt::open(&self.wrapping(), purpose, wrapped);
        // Older versions did not bind generation 1.
        let unbound = || if generation == 1 { open(WRAP) } else { None };
        DataKey::from_bytes(&open(&purpose(generation)).or_else(unbound)?)
    }

    /// Encrypts the secrets of a fleet.
    pub(super) fn seal_fleet(&self, secrets: &[u8]) -> Result<Vec<u8>, Error> {
        crypt::seal(&self.wrapping(), FLEET, secrets).ok_or(Error::Sealing)
    }

    /// Decrypts the secrets of a fleet. `None` when they were changed, or sealed with another device key.
    pub(super) fn open_fleet(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        crypt::open(&self.wrapping(), FLEET, sealed)
    }

    fn wrapping(&self) -> Key {
        let mut key = Key::default();
        // 32 bytes are never too long for HKDF with SHA-256.
        let _ = Hkdf::<Sha256>::new(None, &*self.key).expand(WRAP, &mut *key);
        key
    }
}

/// What the secrets of a fleet are bound to.
const FLEET: &[u8] = b"vestibule/fleet/v1";

fn purpose(generation: i64) -> Vec<u8> {
    [&b"vestibule/data-key/v2"[..], &generation.to_be_bytes()].concat()
}

/// Overwrites an obsolete key with zeros, as far as the file system allows.
fn wipe(file: &Path) -> io::Result<()> {
    let mut out = fs::OpenOptions::new().write(true).open(file)?;
    let length = usize::try_from(out.metadata()?.len()).unwrap_or_default();
    out.write_all(&vec![0; length]).and_then(|()| out.sync_all())
}

/// Refuses a key file that other accounts can read or own.
#[cfg(unix)]
fn check_access(file: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(file).map_err(|source| Error::KeyFile { file: file.to_owned(), source })?;
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::KeyExposed { file: file.to_owned(), mode });
    }
    let (owner, us) = (found.uid(), private_files::account());
    if owner != us {
        return Err(Error::KeyOwner { file: file.to_owned(), owner, us });
    }
    Ok(())
}

/// Checks nothing: on this system the folder's permissions protect the file.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn check_access(_: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path, credentials: Option<&Path>) -> DeviceKey {
        DeviceKey::find(folder, credentials).unwrap().into_iter().next().unwrap()
    }

    #[test]
    fn a_made_key_is_found_again_and_is_private() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        assert!(DeviceKey::find(folder.path(), None).unwrap().is_empty());
        let made = DeviceKey::make(folder.path()).unwrap();
        assert_eq!(found(folder.path(), None).id(), made.id());
        let again = DeviceKey::make(folder.path());
        assert!(matches!(again, Err(Error::KeyFile { .. })), "a key is never overwritten");
    }

    /// A kill -9 during `rekey` once left an empty key file, and the directory could not be opened.
    #[test]
    fn a_partially_written_key_file_is_ignored() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        fs::write(folder.path().join("device.part"), "").unwrap();
        fs::write(folder.path().join("device.key.part"), "").unwrap();
        assert!(DeviceKey::find(folder.path(), None).unwrap().is_empty());
        let _ = DeviceKey::make(folder.path()).unwrap();
        let _ = DeviceKey::make_next(folder.path()).unwrap();
        assert_eq!(DeviceKey::find(folder.path(), None).unwrap().len(), 2);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    /// F43
    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let _ = DeviceKey::make(folder.path()).unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = DeviceKey::find(folder.path(), None).unwrap_err();
        assert!(error.to_string().contains("0644"), "{error}");
    }

    #[test]
    fn a_systemd_credential_comes_before_the_file() {
        let (folder, credentials) = (
            crate::private_files::temporary_folder("vestibule-").unwrap(),
            crate::private_files::temporary_folder("vestibule-").unwrap(),
        );
        let made = DeviceKey::make(folder.path()).unwrap();
        fs::write(credentials.path().join(CREDENTIAL), "ab".repeat(32)).unwrap();
        let found = found(folder.path(), Some(credentials.path()));
        assert_ne!(found.id(), made.id());
        assert_eq!(found.place(), &KeyPlace::Credential(credentials.path().join(CREDENTIAL)));
        assert_eq!(*found.key, [0xab; 32]);
        fs::write(credentials.path().join(CREDENTIAL), "not a key").unwrap();
        assert!(DeviceKey::find(folder.path(), Some(credentials.path())).is_err(), "no fall back to the file");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_of_another_account_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // Only root can change the owner of a file; `.ci/run` runs as root.
        }
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let _ = DeviceKey::make(folder.path()).unwrap();
        std::os::unix::fs::chown(folder.path().join(FILE), Some(4711), None).unwrap();
        let error = DeviceKey::find(folder.path(), None).unwrap_err();
        assert!(error.to_string().contains("4711"), "{error}");
    }

    #[test]
    fn a_wrapped_data_key_opens_with_its_device_key_and_as_it_was() {
        let folder = crate::private_files::temporary_folder("vestibule-").unwrap();
        let (device, other) = (DeviceKey::make(folder.path()).unwrap(), DeviceKey::make_next(folder.path()).unwrap());
        let data = DataKey::draw().unwrap();
        let mut wrapped = device.wrap(1, &data).unwrap();
        assert_eq!(device.unwrap(1, &wrapped).unwrap().expose(), data.expose());
        assert!(other.unwrap(1, &wrapped).is_none());
        assert!(device.unwrap(2, &wrapped).is_none(), "an older generation does not pass for a newer one");
        for at in 0..wrapped.len() {
            wrapped[at] ^= 1;
            assert!(device.unwrap(1, &wrapped).is_none(), "byte {at}");
            wrapped[at] ^= 1;
        }
    }
}
