//! Encryption with age: of backups, and of a fleet's data keys to each member. `store/directory/backup.rs` defines what a
//! backup contains.

use std::io::{Read, Write};

use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Why a backup cannot be encrypted or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not an age recipient.
    #[error("--to is not an age recipient: copy all of the `age1...` that `age-keygen -y` prints")]
    Recipient,
    /// A private key was given instead of its public half. The error does not repeat it, because errors end up in logs.
    #[error(
        "--to is a private key (AGE-SECRET-KEY-1...), which decrypts backups: give its recipient, age1..., as \
         `age-keygen -y` prints it. Anybody who saw this command line can decrypt backups made for it: create another key"
    )]
    PrivateKey,
    /// The key file contains no valid age identity.
    #[error("the file contains no valid age identity: its line must start with AGE-SECRET-KEY-1")]
    Identity,
    /// age failed to encrypt.
    #[error("age cannot encrypt the backup")]
    Encrypt(#[from] age::EncryptError),
    /// age failed to decrypt: another recipient, or a damaged file.
    #[error("age cannot decrypt the backup: it was made for another identity, or is damaged")]
    Decrypt(#[from] age::DecryptError),
    /// Encrypting or decrypting the contents failed; when decrypting, they are damaged or cut off.
    #[error("the contents of the backup cannot be encrypted or decrypted: the file may be damaged")]
    Copy(#[from] std::io::Error),
}

/// The public key to encrypt a backup to.
#[derive(Debug)]
pub struct Recipient(age::x25519::Recipient);

impl Recipient {
    /// Parses a recipient (`age1...`).
    ///
    /// # Errors
    ///
    /// [`Error::Recipient`], and [`Error::PrivateKey`] for an identity. Neither repeats the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        // Ignore case and surrounding text: anything that looks like a private key may be one.
        if text.to_ascii_uppercase().contains("AGE-SECRET-KEY") {
            return Err(Error::PrivateKey);
        }
        text.parse().map(Self).map_err(|_| Error::Recipient)
    }

    /// Encrypts to this recipient.
    ///
    /// # Errors
    ///
    /// [`Error::Encrypt`]
    pub fn encrypt(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let recipient: &dyn age::Recipient = &self.0;
        let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient))?;
        let mut encrypted = Vec::with_capacity(bytes.len() + 4096);
        let mut writer = encryptor.wrap_output(&mut encrypted)?;
        writer.write_all(bytes)?;
        let _ = writer.finish()?;
        Ok(encrypted)
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A new identity, as the line of a key file, and its recipient.
pub fn new_identity() -> (Secret<String>, Recipient) {
    let identity = age::x25519::Identity::generate();
    let recipient = Recipient(identity.to_public());
    (Secret::new(identity.to_string().expose_secret().to_owned()), recipient)
}

/// The recipient of the first identity in a key file.
///
/// # Errors
///
/// [`Error::Identity`]
pub fn recipient_of(key_file: &str) -> Result<Recipient, Error> {
    let line =
        key_file.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-1")).ok_or(Error::Identity)?;
    let identity: age::x25519::Identity = line.parse().map_err(|_| Error::Identity)?;
    Ok(Recipient(identity.to_public()))
}

/// Decrypts with whichever identity of a key file fits, as `age` does.
///
/// # Errors
///
/// [`Error::Identity`], [`Error::Decrypt`]
pub fn decrypt(encrypted: &[u8], key_file: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let keys = key_file.lines().map(str::trim).filter(|line| line.starts_with("AGE-SECRET-KEY-1"));
    let identities: Vec<age::x25519::Identity> =
        keys.map(|line| line.parse().map_err(|_| Error::Identity)).collect::<Result<_, _>>()?;
    if identities.is_empty() {
        return Err(Error::Identity);
    }
    let identities = identities.iter().map(|identity| -> &dyn age::Identity { identity });
    let mut reader = age::Decryptor::new(encrypted)?.decrypt(identities)?;
    // The plaintext is never longer than the ciphertext: the buffer does not grow, so no copy is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(encrypted.len()));
    let _ = reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_identity_opens_it() {
        let (ours, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let recipient = Recipient::parse(&format!(" {}\n", ours.to_public())).unwrap();
        let encrypted = recipient.encrypt(b"directory").unwrap();
        let file = |identity: &age::x25519::Identity| format!("# created\n{}\n", identity.to_string().expose_secret());
        assert_eq!(*decrypt(&encrypted, &file(&ours)).unwrap(), b"directory");
        assert!(matches!(decrypt(&encrypted, &file(&other)), Err(Error::Decrypt(_))));
        assert!(matches!(decrypt(&encrypted, "ssh-ed25519 AAAA"), Err(Error::Identity)));
        assert!(matches!(Recipient::parse("ada@example.com"), Err(Error::Recipient)));
        let mut changed = encrypted.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(decrypt(&changed, &file(&ours)).is_err());
    }

    /// E26: a pasted private key is refused in upper or lower case, and no error repeats it.
    #[test]
    fn a_private_key_is_refused_without_repeating_it() {
        let key = age::x25519::Identity::generate().to_string();
        let key = key.expose_secret();
        for pasted in [key.to_owned(), key.to_lowercase(), format!("'{key}'"), format!("# key\n{key}\n")] {
            let error = Recipient::parse(&pasted).unwrap_err();
            assert!(matches!(error, Error::PrivateKey), "{error}");
            assert!(!format!("{error} {error:?}").to_uppercase().contains(&key[20..40]));
        }
    }
}
