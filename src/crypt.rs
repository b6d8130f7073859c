//! Keyed hashes and authenticated encryption for the directory and the audit log, which choose keys and labels.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// 256 random bits.
pub type Key = Zeroizing<[u8; 32]>;

/// The current key, and older keys that may still seal stored data.
#[derive(Clone)]
pub struct KeyRing {
    /// Seals new data.
    pub current: Key,
    /// The newest first.
    pub older: Vec<Key>,
}

impl KeyRing {
    /// The current key, then the older ones.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(..)")
    }
}

impl From<[u8; 32]> for KeyRing {
    fn from(key: [u8; 32]) -> Self {
        Self { current: Key::new(key), older: Vec::new() }
    }
}

/// HMAC-SHA-256 of a message. Every use has its own label.
pub fn mac(key: &Key, label: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = streaming_mac(key, label);
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The same, for a message that is added in parts.
pub fn streaming_mac(key: &Key, label: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a short key with zeros to its block size.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(label);
    mac
}

/// Encrypts with XChaCha20-Poly1305, bound to `purpose`. Returns nonce and ciphertext. `None` when the operating system
/// returns no random bytes.
pub fn seal(key: &Key, purpose: &[u8], clear: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; 24];
    getrandom::fill(&mut nonce).ok()?;
    let payload = Payload { msg: clear, aad: purpose };
    let sealed = XChaCha20Poly1305::new(&(**key).into()).encrypt(&XNonce::from(nonce), payload).ok()?;
    Some([&nonce[..], &sealed].concat())
}

/// Decrypts what [`seal`] returned. `None` when it was changed, or sealed with another key or for another purpose.
pub fn open(key: &Key, purpose: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<24>()?;
    let payload = Payload { msg: sealed, aad: purpose };
    XChaCha20Poly1305::new(&(**key).into()).decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
}
