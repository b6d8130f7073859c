//! The device key and backups.

use std::{fs, io::Write, path::Path};

use jiff::Timestamp;
use vestibule::{
    audit::{Action, Record},
    directory::{self, KeyPlace},
    vault, wiring,
};

use super::{Site, credentials, io, report::say};
use crate::Failure;

impl Site {
    /// Replaces the device key.
    pub(crate) fn rekey(&self) -> Result<(), Failure> {
        let directory = self.directory()?;
        let mut log = wiring::log(&directory).map_err(Failure::Audit)?;
        let place = directory.rekey(credentials().as_deref()).map_err(Failure::Directory)?;
        let (about, place) = match place {
            KeyPlace::Credential(_) => ("credential", "the systemd credential".to_owned()),
            KeyPlace::File(file) => ("file", file.display().to_string()),
        };
        let _ = log.append(&Record::new(Timestamp::now(), Action::Rekey, about)).map_err(Failure::Audit)?;
        say(&format!("the device key is now {place}"))
    }

    /// Writes an encrypted backup.
    pub(crate) fn backup(&self, to: &str, out: &Path) -> Result<(), Failure> {
        let mut directory = self.directory()?;
        let mut log = wiring::log(&directory).map_err(Failure::Audit)?;
        // In the backup too: a restored log says where it came from.
        let _ = log.append(&Record::new(Timestamp::now(), Action::Backup, to)).map_err(Failure::Audit)?;
        let backup = directory.backup().map_err(Failure::Directory)?;
        write_new(out, &vault::encrypt(&backup, to).map_err(Failure::Backup)?)?;
        say(&format!("written to {}. Logins that are renewed or removed later do not work from it.", out.display()))
    }

    /// Makes a directory of a backup.
    pub(crate) fn restore(&self, file: &Path, identity: &Path) -> Result<(), Failure> {
        let read = |file: &Path| fs::read(file).map_err(io(format!("`{}` cannot be read", file.display())));
        let identity = zeroize::Zeroizing::new(read(identity)?);
        let identity = std::str::from_utf8(&identity).map_err(|_| Failure::Backup(vault::Error::Identity))?;
        let backup = vault::decrypt(&read(file)?, identity).map_err(Failure::Backup)?;
        let folder = self.folder();
        let directory = directory::restore(&backup, &folder, credentials().as_deref()).map_err(Failure::Directory)?;
        let mut log = wiring::log(&directory).map_err(Failure::Audit)?;
        let _ = log.append(&Record::new(Timestamp::now(), Action::Restore, "")).map_err(Failure::Audit)?;
        let people = directory.list().map_err(Failure::Directory)?.len();
        say(&format!("{people} people are restored into {}. `vestibule doctor` checks their logins.", folder.display()))
    }
}

/// Never over a file that is there, and for nobody else to read.
pub(super) fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    let _ = options.write(true).create_new(true);
    #[cfg(unix)]
    let _ = std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut out| out.write_all(bytes).and_then(|()| out.sync_all()));
    written.map_err(io(format!("`{}` cannot be written", file.display())))
}
