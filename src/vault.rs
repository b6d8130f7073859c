//! Backups, encrypted to a recipient of age. What is in one is `directory/backup.rs`.

use std::io::{Read, Write};

use zeroize::Zeroizing;

/// Why a backup cannot be encrypted or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a recipient.
    #[error("`{0}` is no age recipient: one begins with age1")]
    Recipient(String),
    /// Not an identity.
    #[error("the file holds no age identity: one begins with AGE-SECRET-KEY-1")]
    Identity,
    /// age failed to encrypt.
    #[error("age cannot encrypt it")]
    Encrypt(#[from] age::EncryptError),
    /// age failed to decrypt: another recipient, or a damaged file.
    #[error("age cannot decrypt it: it is for another identity, or damaged")]
    Decrypt(#[from] age::DecryptError),
    /// Memory.
    #[error("it cannot be copied")]
    Copy(#[from] std::io::Error),
}

/// Encrypts to a recipient.
///
/// # Errors
///
/// [`Error::Recipient`]
pub fn encrypt(bytes: &[u8], recipient: &str) -> Result<Vec<u8>, Error> {
    let recipient: age::x25519::Recipient =
        recipient.trim().parse().map_err(|_| Error::Recipient(recipient.to_owned()))?;
    let recipient: &dyn age::Recipient = &recipient;
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient))?;
    let mut encrypted = Vec::with_capacity(bytes.len() + 4096);
    let mut writer = encryptor.wrap_output(&mut encrypted)?;
    writer.write_all(bytes)?;
    let _ = writer.finish()?;
    Ok(encrypted)
}

/// Decrypts with the first identity of a key file.
///
/// # Errors
///
/// [`Error::Identity`], [`Error::Decrypt`]
pub fn decrypt(encrypted: &[u8], key_file: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let line = key_file.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1"));
    let identity: age::x25519::Identity = line.and_then(|line| line.parse().ok()).ok_or(Error::Identity)?;
    let identity: &dyn age::Identity = &identity;
    let mut reader = age::Decryptor::new(encrypted)?.decrypt(std::iter::once(identity))?;
    // Never longer than what it came in: no growth leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(encrypted.len()));
    let _ = reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn only_its_identity_opens_it() {
        let (ours, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let encrypted = encrypt(b"directory", &ours.to_public().to_string()).unwrap();
        let file = |identity: &age::x25519::Identity| format!("# created\n{}\n", identity.to_string().expose_secret());
        assert_eq!(*decrypt(&encrypted, &file(&ours)).unwrap(), b"directory");
        assert!(matches!(decrypt(&encrypted, &file(&other)), Err(Error::Decrypt(_))));
        assert!(matches!(decrypt(&encrypted, "ssh-ed25519 AAAA"), Err(Error::Identity)));
        assert!(matches!(encrypt(b"", "ada@example.com"), Err(Error::Recipient(_))));
        let mut changed = encrypted.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(decrypt(&changed, &file(&ours)).is_err());
    }
}
