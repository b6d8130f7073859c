//! Errors of the directory, with what to do about them.

use std::{io, path::PathBuf};

use super::Outdated;
use crate::store;

/// Errors of the directory.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder cannot be created, read or written.
    #[error("the data folder `{}` cannot be used", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// The I/O error.
        #[source]
        source: io::Error,
    },
    /// Other accounts can access the data folder.
    #[error(
        "the data folder `{0}` has mode {mode:04o}, but must be 0700: other accounts can look into it. Run `chmod 700 {0}`",
        folder.display()
    )]
    Exposed {
        /// The data folder.
        folder: PathBuf,
        /// Permission bits found.
        mode: u32,
    },
    /// Another account owns the data folder.
    #[error(
        "the data folder `{}` belongs to account {owner}, but this program runs as account {us}: on an installed kiosk, use \
         `vestibule-admin`",
        folder.display()
    )]
    FolderOwner {
        /// The data folder.
        folder: PathBuf,
        /// User id of the owner.
        owner: u32,
        /// User id of this process.
        us: u32,
    },
    /// Another process replaced the keys.
    #[error("another process replaced the keys of the directory `{}`: run the command again", file.display())]
    Stale {
        /// Path of the database.
        file: PathBuf,
    },
    /// The device key is a credential, and there is no next credential to change to.
    #[error(
        "the device key is a systemd credential, and there is no next one, `vestibule.key.next`, to change to: run \
         `vestibule-admin rekey`, which creates it"
    )]
    NoNextCredential,
    /// Rows still use a data key from before a `rekey`.
    #[error(
        "{} people and {} badges still use a data key from before a `rekey`, which a fleet would hand to each of its kiosks: let \
         these people sign in here, or give them a new PIN or badge. Use the technician's PIN once, too. `vestibule doctor` counts what is left",
        .0.pins, .0.badges
    )]
    OlderKeys(Outdated),
    /// The folder holds no directory.
    #[error(
        "there is no directory in `{}`: name the kiosk's data folder with --data, or enroll a person first",
        folder.display()
    )]
    Nothing {
        /// The data folder.
        folder: PathBuf,
    },
    /// Another process has the database open, so old pages cannot be removed from it.
    #[error("another vestibule process uses the directory `{}`: stop it and try again", file.display())]
    Busy {
        /// Path of the database.
        file: PathBuf,
    },
    /// The device key cannot be read or created.
    #[error("the device key `{}` cannot be used", file.display())]
    KeyFile {
        /// Path of the key file or credential.
        file: PathBuf,
        /// The I/O error.
        #[source]
        source: io::Error,
    },
    /// Other accounts can read the key file.
    #[error(
        "the device key `{0}` has mode {mode:04o}, but must be 0600: other accounts can read it. Run `chmod 600 {0}`",
        file.display()
    )]
    KeyExposed {
        /// Path of the key file.
        file: PathBuf,
        /// Permission bits found.
        mode: u32,
    },
    /// Another account owns the key file.
    #[error(
        "the device key `{}` belongs to account {owner}, but this program runs as account {us}: on an installed kiosk, use \
         `vestibule-admin`",
        file.display()
    )]
    KeyOwner {
        /// Path of the key file.
        file: PathBuf,
        /// User id of the owner.
        owner: u32,
        /// User id of this process.
        us: u32,
    },
    /// A directory exists, but no device key was found.
    #[error(
        "there is no device key for the directory `{}`: put back `device.key` beside it, or the credential `vestibule.key`, or restore a backup",
        file.display()
    )]
    KeyMissing {
        /// Path of the database.
        file: PathBuf,
    },
    /// A directory exists, but none of the device keys found belongs to it.
    #[error("the directory `{}` was made with another device key: put that key back, or restore a backup", file.display())]
    KeyOther {
        /// Path of the database.
        file: PathBuf,
    },
    /// Another person has this badge.
    #[error("badge ..{hint} belongs to {owner} already")]
    BadgeTaken {
        /// The last two digits of the badge number.
        hint: String,
        /// E-mail address of the badge's owner.
        owner: String,
    },
    /// This person does not have this badge.
    #[error("{email} has no such badge")]
    NoSuchBadge {
        /// E-mail address.
        email: String,
    },
    /// The PIN could not be shown, so it was not issued.
    #[error("the PIN could not be printed, so it was not issued")]
    NotShown(#[source] io::Error),
    /// A person with this address is already enrolled.
    #[error("{email} is enrolled already")]
    Enrolled {
        /// E-mail address.
        email: String,
    },
    /// All PINs that were drawn are taken.
    #[error("hardly any PIN of {digits} digits is free: raise sign_in.pin_digits")]
    NoPinLeft {
        /// Number of digits of the PINs.
        digits: usize,
    },
    /// Nobody with this address is enrolled.
    #[error("{email} is not enrolled here")]
    NotEnrolled {
        /// E-mail address.
        email: String,
    },
    /// Protected rows were changed from outside, or are damaged.
    #[error("the directory `{}` was changed from outside vestibule or is damaged: restore a backup", file.display())]
    Tampered {
        /// Path of the database.
        file: PathBuf,
    },
    /// The folder already holds a directory, which is not overwritten.
    #[error("there is a directory in `{}` already: restore into an empty folder", folder.display())]
    NotEmpty {
        /// The data folder.
        folder: PathBuf,
    },
    /// The decrypted file is not a backup of a directory.
    #[error("the file is damaged, or is not a backup of a directory")]
    NoBackup,
    /// A file in the data folder cannot be created, or its mode cannot be set.
    #[error("`{}` cannot be written", file.display())]
    File {
        /// Path of the file.
        file: PathBuf,
        /// The I/O error.
        #[source]
        source: io::Error,
    },
    /// A sealed login does not open: it was changed, or moved from another person's row.
    #[error("the sealed login of {email} is damaged: run `vestibule staff renew {email}`")]
    Damaged {
        /// E-mail address.
        email: String,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// SQLite failed.
    #[error("the directory cannot be read or written")]
    Database(#[from] rusqlite::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system returned no random bytes")]
    Randomness,
    /// The slow hash failed: its stored parameters are wrong, or memory is short.
    #[error("a PIN cannot be hashed: the stored parameters are wrong, or memory is short")]
    Hashing,
    /// The fleet's list cannot be read or changed.
    #[error("the fleet's list of people cannot be read or changed")]
    Fleet(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The cipher failed.
    #[error("a login, a badge number or a data key cannot be encrypted")]
    Sealing,
}
