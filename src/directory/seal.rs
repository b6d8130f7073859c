//! The device key, and what is made with it: sealed logins and blind indexes. How a PIN becomes slow to guess is `pin.rs`.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::Error;
use crate::{
    secret::Secret,
    staff::{Badge, Pin, StaffId},
};

/// The systemd credential that holds the key, if there is one.
const CREDENTIAL: &str = "vestibule.key";
/// The file that holds it otherwise.
const FILE: &str = "device.key";
/// In every sealed record: what it means may change some day.
const VERSION: u8 = 1;

/// 256 random bits.
type Key = Zeroizing<[u8; 32]>;

/// What a PIN becomes after the slow hash. As secret as the PIN.
pub(super) type Stretched = Zeroizing<[u8; 32]>;

/// The secret of this kiosk. It is in no database and in no backup of one.
pub struct DeviceKey(Key);

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKey(..)")
    }
}

/// Which key opens a copy of a login.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    /// Device key and PIN together.
    Pin(&'a Stretched),
    /// The device key alone. Made only where a badge alone signs in.
    Device,
}

impl Role<'_> {
    /// As the database calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pin(_) => "pin",
            Self::Device => "device",
        }
    }
}

/// Whose login is sealed, and which one. None of it can be exchanged without the seal breaking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) staff: StaffId,
    /// Random, 16 bytes, of this person.
    pub(super) salt: &'a [u8],
    /// Counts the logins this person has had.
    pub(super) revision: i64,
}

/// A sealed login as the database keeps it.
pub(super) struct Sealed {
    pub(super) nonce: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

impl DeviceKey {
    /// Finds the key: a systemd credential if there is one, else a file in the data folder.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is no key, or its file is open to others. `None` when there is no key at all.
    ///
    /// # Source
    ///
    /// `systemd.exec(5)`, `$CREDENTIALS_DIRECTORY`.
    pub(super) fn find(folder: &Path, credentials: Option<&Path>) -> Result<Option<Self>, Error> {
        let credential = credentials.map(|folder| folder.join(CREDENTIAL)).filter(|file| file.exists());
        if let Some(file) = credential {
            return Self::read(&file).map(Some);
        }
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(None);
        }
        check_mode(&file)?;
        Self::read(&file).map(Some)
    }

    /// Makes a key file that nobody else can read. Only for a kiosk that has none.
    pub(super) fn make(folder: &Path) -> Result<Self, Error> {
        let file = folder.join(FILE);
        let key = Self(random()?);
        let failed = |source| Error::KeyFile { file: file.clone(), source };
        let hex =
            Zeroizing::new(key.0.iter().fold(String::with_capacity(64), |hex, byte| hex + &format!("{byte:02x}")));
        let mut options = fs::OpenOptions::new();
        let _ = options.write(true).create_new(true);
        #[cfg(unix)]
        let _ = std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&file).map_err(failed)?;
        out.write_all(hex.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(key)
    }

    /// 32 bytes, or 64 hexadecimal digits.
    fn read(file: &Path) -> Result<Self, Error> {
        let failed = |source| Error::KeyFile { file: file.to_owned(), source };
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        let _ = fs::File::open(file).and_then(|file| file.take(4096).read_to_end(&mut bytes)).map_err(failed)?;
        let mut key = Key::default();
        if bytes.len() == key.len() {
            key.copy_from_slice(&bytes);
            return Ok(Self(key));
        }
        let not_a_key =
            || failed(io::Error::new(io::ErrorKind::InvalidData, "it is not a key of 64 hexadecimal digits"));
        let digits = bytes.trim_ascii();
        if digits.len() != 2 * key.len() {
            return Err(not_a_key());
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| not_a_key())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| not_a_key())?;
        }
        Ok(Self(key))
    }

    /// Names the key without telling anything about it, so that a directory made with another one is noticed.
    pub(super) fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(self.mac(b"vestibule/key-id/v1", &[]).get(..8).unwrap_or(&[0; 8]));
        id
    }

    /// The blind index of a PIN. Unique in the directory.
    ///
    /// # Source
    ///
    /// `threats-and-faults.md`, "Construction".
    pub(super) fn pin_tag(&self, stretched: &Stretched) -> [u8; 32] {
        self.mac(b"vestibule/pin-index/v1", &**stretched)
    }

    /// The blind index of a badge number. Without the device key nobody can try out numbers.
    pub(super) fn badge_tag(&self, badge: &Badge) -> [u8; 32] {
        self.mac(b"vestibule/badge-index/v1", badge.expose().as_bytes())
    }

    /// Recognises a PIN within one run of the program. Kept in memory only.
    pub(super) fn repeat_tag(&self, pin: &Pin) -> [u8; 32] {
        self.mac(b"vestibule/repeat/v1", pin.expose())
    }

    fn mac(&self, purpose: &[u8], data: &[u8]) -> [u8; 32] {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*self.0) else { return [0; 32] };
        mac.update(purpose);
        mac.update(data);
        mac.finalize().into_bytes().into()
    }

    /// Seals a login secret.
    pub(super) fn seal(&self, role: Role<'_>, of: Subject<'_>, secret: &Secret<String>) -> Result<Sealed, Error> {
        let nonce: Zeroizing<[u8; 24]> = random()?;
        let payload = Payload { msg: secret.expose().as_bytes(), aad: &associated_data(role, of) };
        let bytes = self.cipher(role, of).encrypt(&XNonce::from(*nonce), payload).map_err(|_| Error::Sealing)?;
        Ok(Sealed { nonce: nonce.to_vec(), bytes })
    }

    /// Opens a sealed login. `None` when it was sealed with another key, for another person, role or revision, or was changed.
    pub(super) fn open(&self, role: Role<'_>, of: Subject<'_>, sealed: &Sealed) -> Option<Secret<String>> {
        let nonce: [u8; 24] = sealed.nonce.as_slice().try_into().ok()?;
        let payload = Payload { msg: &sealed.bytes, aad: &associated_data(role, of) };
        let bytes = self.cipher(role, of).decrypt(&XNonce::from(nonce), payload).ok()?;
        match String::from_utf8(bytes) {
            Ok(secret) => Some(Secret::new(secret)),
            Err(error) => {
                error.into_bytes().zeroize();
                None
            }
        }
    }

    /// The key of one copy: from the device key, this person's salt, and the PIN if it takes one.
    fn cipher(&self, role: Role<'_>, of: Subject<'_>) -> XChaCha20Poly1305 {
        let id = of.staff.get().to_be_bytes();
        let (label, stretched): (&[u8], &[u8]) = match role {
            Role::Pin(stretched) => (b"vestibule/kek/v1", &**stretched),
            Role::Device => (b"vestibule/kek-device/v1", &[]),
        };
        let mut key = Key::default();
        // 32 bytes are never too long for HKDF with SHA-256.
        let _ = Hkdf::<Sha256>::new(Some(of.salt), &*self.0).expand_multi_info(&[label, &id, stretched], &mut *key);
        XChaCha20Poly1305::new(&(*key).into())
    }
}

/// Role, version, person and revision, each with its length before it.
fn associated_data(role: Role<'_>, of: Subject<'_>) -> Vec<u8> {
    let (id, revision) = (of.staff.get().to_be_bytes(), of.revision.to_be_bytes());
    let fields: [&[u8]; 4] = [role.name().as_bytes(), &[VERSION], &id, &revision];
    let mut data = Vec::with_capacity(64);
    for field in fields {
        data.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        data.extend_from_slice(field);
    }
    data
}

/// Random bytes of the operating system.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
}

/// A key that others can read is no secret.
fn check_mode(file: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        let failed = |source| Error::KeyFile { file: file.to_owned(), source };
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(file).map_err(failed)?) & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::KeyExposed { file: PathBuf::from(file), mode });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &[u8] = b"sixteen bytes...";

    fn subject(staff: i64, revision: i64) -> Subject<'static> {
        Subject { staff: StaffId::new(staff), salt: SALT, revision }
    }

    #[test]
    fn a_seal_opens_only_for_the_same_key_role_person_and_revision() {
        let key = DeviceKey(Zeroizing::new([7; 32]));
        let (stretched, other) = (Stretched::new([1; 32]), Stretched::new([2; 32]));
        let secret = Secret::new("login-secret".to_owned());
        let sealed = key.seal(Role::Pin(&stretched), subject(1, 1), &secret).unwrap();
        let open = |key: &DeviceKey, role, of| key.open(role, of, &sealed).map(|secret| secret.expose().clone());

        assert_eq!(open(&key, Role::Pin(&stretched), subject(1, 1)).as_deref(), Some("login-secret"));
        assert_eq!(open(&key, Role::Pin(&other), subject(1, 1)), None, "another PIN");
        assert_eq!(open(&key, Role::Device, subject(1, 1)), None, "another role");
        assert_eq!(open(&key, Role::Pin(&stretched), subject(2, 1)), None, "another person");
        assert_eq!(open(&key, Role::Pin(&stretched), subject(1, 2)), None, "another revision");
        assert_eq!(
            open(&DeviceKey(Zeroizing::new([8; 32])), Role::Pin(&stretched), subject(1, 1)),
            None,
            "another kiosk"
        );
    }

    #[test]
    fn every_changed_byte_breaks_the_seal() {
        let key = DeviceKey(Zeroizing::new([7; 32]));
        let mut sealed = key.seal(Role::Device, subject(1, 1), &Secret::new("login-secret".to_owned())).unwrap();
        for at in 0..sealed.bytes.len() {
            sealed.bytes[at] ^= 1;
            assert!(key.open(Role::Device, subject(1, 1), &sealed).is_none(), "byte {at}");
            sealed.bytes[at] ^= 1;
        }
        assert!(key.open(Role::Device, subject(1, 1), &sealed).is_some());
    }

    #[test]
    fn a_made_key_is_found_again_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        assert!(DeviceKey::find(folder.path(), None).unwrap().is_none());
        let made = DeviceKey::make(folder.path()).unwrap();
        assert_eq!(DeviceKey::find(folder.path(), None).unwrap().unwrap().id(), made.id());
        let again = DeviceKey::make(folder.path());
        assert!(matches!(again, Err(Error::KeyFile { .. })), "a key is never overwritten");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let _ = DeviceKey::make(folder.path()).unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = DeviceKey::find(folder.path(), None).unwrap_err();
        assert!(error.to_string().contains("0644"), "{error}");
    }

    #[test]
    fn a_systemd_credential_comes_before_the_file() {
        let (folder, credentials) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let made = DeviceKey::make(folder.path()).unwrap();
        fs::write(credentials.path().join(CREDENTIAL), "ab".repeat(32)).unwrap();
        let found = DeviceKey::find(folder.path(), Some(credentials.path())).unwrap().unwrap();
        assert_ne!(found.id(), made.id());
        assert_eq!(found.id(), DeviceKey(Zeroizing::new([0xab; 32])).id());
        fs::write(credentials.path().join(CREDENTIAL), "not a key").unwrap();
        assert!(DeviceKey::find(folder.path(), Some(credentials.path())).is_err(), "no fall back to the file");
    }
}
