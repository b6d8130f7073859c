//! What is made with the data key: sealed logins, blind indexes and proofs. How a PIN becomes slow to guess is `pin.rs`; where
//! the key comes from is `key.rs`.

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
    crypt::{self, Key, mac, prover},
    secret::Secret,
    staff::{Badge, Pin, StaffId},
};

/// In every sealed record: what it means may change some day.
const VERSION: u8 = 1;

/// What a PIN becomes after the slow hash. As secret as the PIN.
pub(super) type Stretched = Zeroizing<[u8; 32]>;

/// What everything in the directory is sealed and indexed with. The device key wraps it, so that the device key can change.
pub(super) struct DataKey(Key);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
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

impl DataKey {
    /// A new one.
    pub(super) fn draw() -> Result<Self, Error> {
        Ok(Self(random()?))
    }

    /// One that was wrapped. `None` when it has not 32 bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Key::default();
        key.copy_from_slice(bytes.get(..).filter(|bytes| bytes.len() == 32)?);
        Some(Self(key))
    }

    /// The same key once more, for a row of the keys of before.
    pub(super) fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    /// Gives the key to what wraps it. Search for this name in review.
    pub(super) fn expose(&self) -> &[u8] {
        &*self.0
    }

    /// The blind index of a PIN. Unique in the directory.
    ///
    /// # Source
    ///
    /// `threats-and-faults.md`, "Construction".
    pub(super) fn pin_tag(&self, stretched: &Stretched) -> [u8; 32] {
        mac(&self.0, b"vestibule/pin-index/v1", &**stretched)
    }

    /// Recognises the technician's PIN. No PIN of anybody's is it: the label differs.
    pub(super) fn technician_tag(&self, stretched: &Stretched) -> [u8; 32] {
        mac(&self.0, b"vestibule/technician/v1", &**stretched)
    }

    /// The blind index of a badge number. Without the device key nobody can try out numbers.
    pub(super) fn badge_tag(&self, badge: &Badge) -> [u8; 32] {
        mac(&self.0, b"vestibule/badge-index/v1", badge.expose().as_bytes())
    }

    /// A badge number as the directory keeps it, so that another data key can index it too. Bound to its owner.
    pub(super) fn seal_badge(&self, staff: StaffId, badge: &Badge) -> Result<Vec<u8>, Error> {
        let key = self.derive(b"vestibule/badge-number/v1");
        crypt::seal(&key, &staff.get().to_be_bytes(), badge.expose().as_bytes()).ok_or(Error::Sealing)
    }

    /// The badge number again. `None` when it was changed, or sealed with another key or for another person.
    pub(super) fn open_badge(&self, staff: StaffId, sealed: &[u8]) -> Option<Badge> {
        let key = self.derive(b"vestibule/badge-number/v1");
        let number = crypt::open(&key, &staff.get().to_be_bytes(), sealed)?;
        Badge::kept(std::str::from_utf8(&number).ok()?)
    }

    /// Recognises a PIN within one run of the program. Kept in memory only.
    pub(super) fn repeat_tag(&self, pin: &Pin) -> [u8; 32] {
        mac(&self.0, b"vestibule/repeat/v1", pin.expose())
    }

    /// Recognises a badge within one run of the program. Kept in memory only.
    pub(super) fn badge_repeat_tag(&self, badge: &Badge) -> [u8; 32] {
        mac(&self.0, b"vestibule/badge-repeat/v1", badge.expose().as_bytes())
    }

    /// Proves that a value is ours.
    pub(super) fn proof(&self, label: &[u8], message: &[u8]) -> [u8; 32] {
        mac(&self.0, label, message)
    }

    /// A key for another purpose.
    pub(super) fn derive(&self, label: &[u8]) -> Key {
        Key::new(mac(&self.0, label, &[]))
    }

    /// For a proof over more than fits in memory at once.
    pub(super) fn prover(&self, label: &[u8]) -> Hmac<Sha256> {
        prover(&self.0, label)
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
        let (stretched, other) = (Stretched::new([1; 32]), Stretched::new([2; 32]));
        let secret = Secret::new("login-secret".to_owned());
        let sealed = key.seal(Role::Pin(&stretched), subject(1, 1), &secret).unwrap();
        let open = |key: &DataKey, role, of| key.open(role, of, &sealed).map(|secret| secret.expose().clone());

        assert_eq!(open(&key, Role::Pin(&stretched), subject(1, 1)).as_deref(), Some("login-secret"));
        assert_eq!(open(&key, Role::Pin(&other), subject(1, 1)), None, "another PIN");
        assert_eq!(open(&key, Role::Device, subject(1, 1)), None, "another role");
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
        let mut sealed = key.seal(Role::Device, subject(1, 1), &Secret::new("login-secret".to_owned())).unwrap();
        for at in 0..sealed.bytes.len() {
            sealed.bytes[at] ^= 1;
            assert!(key.open(Role::Device, subject(1, 1), &sealed).is_none(), "byte {at}");
            sealed.bytes[at] ^= 1;
        }
        assert!(key.open(Role::Device, subject(1, 1), &sealed).is_some());
    }
}
