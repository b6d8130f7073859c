//! Everything made with the data key: sealed logins, blind indexes and MACs. `pin.rs` hashes PINs; `key.rs` wraps the data
//! key.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::Hmac;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::Error;
use crate::{
    crypt::{self, Key, mac, streaming_mac},
    secret::Secret,
    staff::{Badge, Pin, StaffId},
};

/// Format version, bound into every sealed login.
const VERSION: u8 = 1;

/// Argon2id hash of a PIN. As secret as the PIN.
pub(super) type PinHash = Zeroizing<[u8; 32]>;

/// Seals and indexes everything in the directory. It is stored wrapped with the device key, so that the device key can be
/// replaced.
pub(super) struct DataKey(Key);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Which key opens a copy of a login.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    /// Needs the data key and the PIN.
    Pin(&'a PinHash),
    /// Needs the data key only. Such a copy exists only where a badge alone signs in.
    DeviceKeyOnly,
}

impl Role<'_> {
    /// Value in the database column `role`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pin(_) => "pin",
            Self::DeviceKeyOnly => "device",
        }
    }
}

/// The person and revision that a sealed login is bound to. It does not open with others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) staff: StaffId,
    /// Random, 16 bytes, one per person.
    pub(super) salt: &'a [u8],
    /// Number of the person's login: 1 at first, increased by each renewal.
    pub(super) revision: i64,
}

/// A sealed login as stored in the database.
pub(super) struct Sealed {
    pub(super) nonce: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

impl DataKey {
    /// Draws a new key.
    pub(super) fn draw() -> Result<Self, Error> {
        Ok(Self(random()?))
    }

    /// Takes an unwrapped key. `None` unless it has 32 bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Key::default();
        key.copy_from_slice(bytes.get(..).filter(|bytes| bytes.len() == 32)?);
        Some(Self(key))
    }

    /// A copy, to keep as an older generation.
    pub(super) fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    /// The raw key, for wrapping and backups. Search for this name in reviews.
    pub(super) fn expose(&self) -> &[u8] {
        &*self.0
    }

    /// The blind index of a PIN. Unique in the directory.
    ///
    /// # Source
    ///
    /// `threats.md`, "Construction".
    pub(super) fn pin_tag(&self, stretched: &PinHash) -> [u8; 32] {
        mac(&self.0, b"vestibule/pin-index/v1", &**stretched)
    }

    /// The tag of the technician's PIN. Its label differs from that of the PIN index, so no person's tag equals it.
    pub(super) fn technician_tag(&self, stretched: &PinHash) -> [u8; 32] {
        mac(&self.0, b"vestibule/technician/v1", &**stretched)
    }

    /// The blind index of a badge number. Numbers cannot be tested against it without the key.
    pub(super) fn badge_tag(&self, badge: &Badge) -> [u8; 32] {
        mac(&self.0, b"vestibule/badge-index/v1", badge.expose().as_bytes())
    }

    /// Seals a badge number, bound to its owner, so that a new data key can index it.
    pub(super) fn seal_badge(&self, staff: StaffId, badge: &Badge) -> Result<Vec<u8>, Error> {
        let key = self.derive(b"vestibule/badge-number/v1");
        crypt::seal(&key, &staff.get().to_be_bytes(), badge.expose().as_bytes()).ok_or(Error::Sealing)
    }

    /// Opens a sealed badge number. `None` when it was changed, or sealed with another key or for another person.
    pub(super) fn open_badge(&self, staff: StaffId, sealed: &[u8]) -> Option<Badge> {
        let key = self.derive(b"vestibule/badge-number/v1");
        let number = crypt::open(&key, &staff.get().to_be_bytes(), sealed)?;
        Badge::kept(std::str::from_utf8(&number).ok()?)
    }

    /// A tag that recognizes a repeated PIN. Kept in memory only.
    pub(super) fn repeat_tag(&self, pin: &Pin) -> [u8; 32] {
        mac(&self.0, b"vestibule/repeat/v1", pin.expose())
    }

    /// A tag that recognizes a repeated badge. Kept in memory only.
    pub(super) fn badge_repeat_tag(&self, badge: &Badge) -> [u8; 32] {
        mac(&self.0, b"vestibule/badge-repeat/v1", badge.expose().as_bytes())
    }

    /// MAC over a message.
    pub(super) fn proof(&self, label: &[u8], message: &[u8]) -> [u8; 32] {
        mac(&self.0, label, message)
    }

    /// Derives a key for another purpose.
    pub(super) fn derive(&self, label: &[u8]) -> Key {
        Key::new(mac(&self.0, label, &[]))
    }

    /// A streaming MAC, for messages that are read row by row.
    pub(super) fn streaming_mac(&self, label: &[u8]) -> Hmac<Sha256> {
        streaming_mac(&self.0, label)
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

    /// The cipher of one copy. Its key is derived from the data key, the person's salt and id, and the PIN hash if the role
    /// has one.
    fn cipher(&self, role: Role<'_>, of: Subject<'_>) -> XChaCha20Poly1305 {
        let id = of.staff.get().to_be_bytes();
        let (label, stretched): (&[u8], &[u8]) = match role {
            Role::Pin(stretched) => (b"vestibule/kek/v1", &**stretched),
            Role::DeviceKeyOnly => (b"vestibule/kek-device/v1", &[]),
        };
        let mut key = Key::default();
        // 32 bytes are never too long for HKDF with SHA-256.
        let _ = Hkdf::<Sha256>::new(Some(of.salt), &*self.0).expand_multi_info(&[label, &id, stretched], &mut *key);
        XChaCha20Poly1305::new(&(*key).into())
    }
}

/// Role, version, person and revision, each with a length prefix.
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

/// Random bytes from the operating system.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
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
        let key = DataKey(Zeroizing::new([7; 32]));
        let (stretched, other) = (PinHash::new([1; 32]), PinHash::new([2; 32]));
        let secret = Secret::new("login-secret".to_owned());
        let sealed = key.seal(Role::Pin(&stretched), subject(1, 1), &secret).unwrap();
        let open = |key: &DataKey, role, of| key.open(role, of, &sealed).map(|secret| secret.expose().clone());

        assert_eq!(open(&key, Role::Pin(&stretched), subject(1, 1)).as_deref(), Some("login-secret"));
        assert_eq!(open(&key, Role::Pin(&other), subject(1, 1)), None, "another PIN");
        assert_eq!(open(&key, Role::DeviceKeyOnly, subject(1, 1)), None, "another role");
        assert_eq!(open(&key, Role::Pin(&stretched), subject(2, 1)), None, "another person");
        assert_eq!(open(&key, Role::Pin(&stretched), subject(1, 2)), None, "another revision");
        assert_eq!(
            open(&DataKey(Zeroizing::new([8; 32])), Role::Pin(&stretched), subject(1, 1)),
            None,
            "another kiosk"
        );
    }

    #[test]
    fn every_changed_byte_breaks_the_seal() {
        let key = DataKey(Zeroizing::new([7; 32]));
        let mut sealed = key.seal(Role::DeviceKeyOnly, subject(1, 1), &Secret::new("login-secret".to_owned())).unwrap();
        for at in 0..sealed.bytes.len() {
            sealed.bytes[at] ^= 1;
            assert!(key.open(Role::DeviceKeyOnly, subject(1, 1), &sealed).is_none(), "byte {at}");
            sealed.bytes[at] ^= 1;
        }
        assert!(key.open(Role::DeviceKeyOnly, subject(1, 1), &sealed).is_some());
    }
}
