//! Why the directory cannot do something, and what to do about it.

use std::{io, path::PathBuf};

/// Why the directory cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder cannot be made.
    #[error("the data folder `{}` cannot be used", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can look into the data folder.
    #[error(
        "the data folder `{0}` has mode {mode:04o}, but must be 0700: other accounts can look into it. Run `chmod 700 {0}`",
        folder.display()
    )]
    Exposed {
        /// Which folder.
        folder: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The data folder is another account's.
    #[error(
        "the data folder `{}` belongs to account {owner}, but this program runs as account {us}: for an installed kiosk run \
         vestibule-admin",
        folder.display()
    )]
    FolderOwner {
        /// Which folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// Another process replaced the keys.
    #[error("the keys of the directory `{}` were replaced meanwhile: run the command again", file.display())]
    Stale {
        /// The directory.
        file: PathBuf,
    },
    /// The key is a credential, and there is no other one to go to.
    #[error(
        "the device key is a systemd credential: `vestibule-admin rekey` makes the next one, `vestibule.key.next`; a plain file would be \
         weaker"
    )]
    NoNextCredential,
    /// There is no directory.
    #[error(
        "there is no directory in `{}`: name the kiosk's data folder with --data, or enroll somebody first",
        folder.display()
    )]
    Nothing {
        /// Where.
        folder: PathBuf,
    },
    /// Another process reads the file, so that old pages cannot be taken out of it.
    #[error("another vestibule process uses the directory `{}`: end it and try again", file.display())]
    Busy {
        /// The directory.
        file: PathBuf,
    },
    /// The key cannot be read or made.
    #[error("the device key `{}` cannot be used", file.display())]
    KeyFile {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can read the key.
    #[error("the device key `{}` has mode {mode:04o}, but must be 0600: others could read it", file.display())]
    KeyExposed {
        /// Which file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The key is somebody else's.
    #[error("the device key `{}` belongs to account {owner}, but this program runs as account {us}", file.display())]
    KeyOwner {
        /// Which file.
        file: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// There is a directory, and no key at all.
    #[error(
        "there is no device key for the directory `{}`: put back `device.key` beside it, or the credential `vestibule.key`, or restore a backup",
        file.display()
    )]
    KeyMissing {
        /// The directory.
        file: PathBuf,
    },
    /// There is a directory, but not the key it was made with.
    #[error("the directory `{}` was made with another device key: put that key back, or restore a backup", file.display())]
    KeyOther {
        /// The directory.
        file: PathBuf,
    },
    /// Made by a newer version of this program.
    #[error(
        "the directory has schema version {version}, this program knows up to {known}: install the newer one again"
    )]
    TooNew {
        /// Of the file.
        version: i64,
        /// Of this program.
        known: i64,
    },
    /// Another person has this badge.
    #[error("badge ..{hint} belongs to {owner} already")]
    BadgeTaken {
        /// The end of the number.
        hint: String,
        /// Whose it is.
        owner: String,
    },
    /// This person does not have this badge.
    #[error("{email} has no such badge")]
    NoSuchBadge {
        /// Who.
        email: String,
    },
    /// The PIN could not be shown to anybody, so it was not issued.
    #[error("the PIN could not be printed, so it was not issued")]
    NotShown(#[source] io::Error),
    /// This person is enrolled.
    #[error("{email} is enrolled already")]
    Enrolled {
        /// Who.
        email: String,
    },
    /// So many PINs are taken that none was found.
    #[error("hardly any PIN of {digits} digits is free: raise sign_in.pin_digits")]
    NoPinLeft {
        /// How many digits.
        digits: usize,
    },
    /// The directory knows nobody with this address.
    #[error("{email} is not enrolled here")]
    NotEnrolled {
        /// Who.
        email: String,
    },
    /// Something was changed that only this program may change.
    #[error("the directory `{}` was changed from outside, or is older than the kiosk knows: restore a backup", file.display())]
    Tampered {
        /// The directory.
        file: PathBuf,
    },
    /// A directory would be overwritten.
    #[error("there is a directory in `{}` already: restore into an empty folder", folder.display())]
    NotEmpty {
        /// Where.
        folder: PathBuf,
    },
    /// This is no backup of a directory.
    #[error("the backup is damaged, or is none")]
    NoBackup,
    /// A file of the data folder.
    #[error("`{}` cannot be written", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A sealed login does not open: it was changed, or belongs to somebody else.
    #[error("the sealed login of {email} is damaged: enrol this person again")]
    Damaged {
        /// Whose.
        email: String,
    },
    /// SQLite failed.
    #[error("the directory cannot be read or written")]
    Database(#[from] rusqlite::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system has no random numbers")]
    Randomness,
    /// The slow hash failed: its stored parameters are wrong, or memory is short.
    #[error("a PIN cannot be hashed: the stored parameters are wrong, or memory is short")]
    Hashing,
    /// The cipher failed.
    #[error("a login cannot be sealed")]
    Sealing,
}
